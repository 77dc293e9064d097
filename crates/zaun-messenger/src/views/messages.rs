//! Messages as their boxes show them.

use std::collections::{BTreeMap, BTreeSet};

use zaun_model::{ContentId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_schema::visit::{Mentioned, Mentions as _};
use zaun_store::Tx;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::messages::MessageRow;

use super::Scene;
use crate::Error;
use crate::limits::ANSWER_BYTES;
use crate::messages::content::Body;
use crate::messages::{polls, reactions, saved};
use crate::peers::{mention, peer_to_tl};
use crate::stored;

/// A message as its box shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its row.
    pub row: MessageRow,
    /// Who wrote it, even if it appears as a channel's.
    pub writer: Peer,
    /// When it was edited last.
    pub edit_date: Option<UnixTime>,
    /// What it says.
    pub body: Body,
    /// Whether anybody left a mark on it.
    pub marked: bool,
    /// How many saw it, if it is a post.
    pub views: i32,
    /// How often it was forwarded, if it is a post.
    pub forwards: i32,
    /// Whom it mentions, if it was posted just now; of stored messages the scene knows.
    pub mentioned: Vec<UserId>,
    /// The reactions to it in sum, if there are any.
    pub reactions: Option<types::MessageReactions>,
    /// The answers to it in sum, if it begins a thread or may be commented.
    pub replies: Option<types::MessageReplies>,
    /// Bytes of the stored object.
    pub(crate) stored_bytes: usize,
}

impl Message {
    /// A row with what it shows.
    pub(crate) fn new(
        row: MessageRow,
        content: &ContentRow,
        edit_date: Option<UnixTime>,
        body: Body,
    ) -> Message {
        Message {
            row,
            writer: content.author,
            edit_date,
            body,
            marked: content.marked,
            views: content.views,
            forwards: content.forwards,
            mentioned: Vec::new(),
            reactions: content.reactions.clone().and_then(|bytes| reactions::decode(bytes).ok()),
            replies: content.replies.clone().and_then(|bytes| stored::decode(bytes).ok()),
            stored_bytes: content.body.len(),
        }
    }

    /// Returns its number in its box.
    #[must_use]
    pub fn id(&self) -> MsgId {
        self.row.id
    }

    /// Returns about how many bytes the message costs in an answer.
    pub(crate) fn bytes(&self) -> usize {
        self.body.text().len() + self.stored_bytes + MESSAGE_OVERHEAD_BYTES
    }

    /// Returns the message as nobody in particular sees it: columns win over what the stored object holds.
    #[must_use]
    pub fn to_tl(&self) -> enums::Message {
        let row = &self.row;
        let peer_id = peer_to_tl(row.peer);
        // A post of a broadcast channel is by the channel itself, which the peer says already.
        let from_id = (!self.is_post() || row.author != row.peer).then(|| peer_to_tl(row.author));
        let is_counted = self.views > 0;
        match &self.body {
            Body::Written(content) => types::Message {
                views: is_counted.then_some(self.views),
                forwards: is_counted.then_some(self.forwards),
                media_unread: row.media_unread,
                id: row.id.0,
                from_id,
                peer_id,
                date: row.date.to_tl(),
                edit_date: self.edit_date.map(UnixTime::to_tl),
                pinned: row.pinned,
                message: content.text.clone(),
                media: polls::common_media(content.message.media.clone()),
                reply_to: self.reply_header(content.message.reply_to.clone()),
                replies: self.replies.clone(),
                ..content.message.clone()
            }
            .into(),
            Body::Service(service) => types::MessageService {
                id: row.id.0,
                from_id,
                peer_id,
                date: row.date.to_tl(),
                reply_to: self.reply_header(service.reply_to.clone()),
                saved_peer_id: saved::place_of(row, &self.body).map(peer_to_tl),
                ..(**service).clone()
            }
            .into(),
        }
    }

    /// Says whether the message is a post of a broadcast channel.
    #[must_use]
    pub fn is_post(&self) -> bool {
        match &self.body {
            Body::Written(content) => content.message.post,
            Body::Service(service) => service.post,
        }
    }

    /// Returns the header of a reply, which names the answered message as this box numbers it; without one there is nothing
    /// to show.
    #[must_use]
    pub fn reply_header(
        &self,
        header: Option<enums::MessageReplyHeader>,
    ) -> Option<enums::MessageReplyHeader> {
        let enums::MessageReplyHeader::MessageReplyHeader(mut header) = header? else { return None };
        header.reply_to_msg_id = self.row.reply_to_id.map(|id| id.0).or(header.reply_to_msg_id);
        let shown = header.reply_to_msg_id.is_some() || header.reply_from.is_some();
        shown.then_some(enums::MessageReplyHeader::MessageReplyHeader(header))
    }

    /// Notes everyone that the message mentions.
    pub(crate) fn mentions(&self, out: &mut Mentioned) {
        mention(out, self.row.peer);
        mention(out, self.row.author);
        self.body.mentions(out);
        out.sticker_sets.extend(self.sticker_set());
        if self.marked {
            out.contents.insert(self.row.content_id.0);
        }
        let recent = self.reactions.iter().flat_map(|reactions| reactions.recent_reactions.iter().flatten());
        recent.for_each(|reaction| reaction.mentions(out));
        self.replies.iter().for_each(|replies| replies.mentions(out));
    }

    /// The set of the sticker that the message is.
    fn sticker_set(&self) -> Option<i64> {
        let Body::Written(content) = &self.body else { return None };
        let Some(enums::MessageMedia::MessageMediaDocument(media)) = &content.message.media else {
            return None;
        };
        let Some(enums::Document::Document(document)) = &media.document else { return None };
        crate::stickers::set_of(document)
    }
}

/// A page of messages, newest first.
#[derive(Debug, Clone, Default)]
pub struct MessagePage {
    /// The messages.
    pub messages: Vec<Message>,
    /// How many the whole list holds.
    pub total: i32,
    /// How many are newer than the first of the page, if that is known.
    pub skipped: Option<i32>,
    /// The pts of the box, if it is a channel's.
    pub channel_pts: Option<i32>,
    /// Everybody that the messages mention.
    pub scene: Scene,
}

/// Bytes that a message costs in an answer beside its text and its object: ids, flags, and a share of its users.
const MESSAGE_OVERHEAD_BYTES: usize = 512;

/// Loads what rows say, in their order. A row without a content is left out; there are none.
pub(crate) fn messages(tx: &Tx<'_>, rows: Vec<MessageRow>) -> Result<Vec<Message>, Error> {
    let wanted: BTreeSet<ContentId> = rows.iter().map(|row| row.content_id).collect();
    let wanted: Vec<ContentId> = wanted.into_iter().collect();
    let found = contents::find_many(tx, &wanted)?;
    let found: BTreeMap<ContentId, _> = found.into_iter().map(|content| (content.id, content)).collect();
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(content) = found.get(&row.content_id) else { continue };
        out.push(Message::new(row, content, content.edit_date, Body::decode(content)?));
    }
    Ok(out)
}

/// Loads one message.
pub(crate) fn one_message(tx: &Tx<'_>, row: MessageRow) -> Result<Message, Error> {
    let found = messages(tx, vec![row])?.pop();
    found.ok_or_else(|| Error::bad(crate::errors::MESSAGE_ID_INVALID))
}

/// Loads what rows say until the answer is full (at least one); says whether rows were left out.
pub(crate) fn cut_to_budget(tx: &Tx<'_>, rows: Vec<MessageRow>) -> Result<(Vec<Message>, bool), Error> {
    let mut left = ANSWER_BYTES;
    let mut out = Vec::new();
    for message in messages(tx, rows)? {
        let bytes = message.bytes();
        if bytes > left && !out.is_empty() {
            return Ok((out, true));
        }
        left = left.saturating_sub(bytes);
        out.push(message);
    }
    Ok((out, false))
}
