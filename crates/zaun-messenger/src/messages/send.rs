//! Sending in private chats.

use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::{PeerKey, dialogs, updates, users};

use super::body::Content;
use crate::limits::{CAPTION_LENGTH, ENTITIES, MESSAGE_LENGTH};
use crate::peers::{UserRef, to_peer};
use crate::{Actor, Changes, Error, Event, Messenger};

/// A message on its way in.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Makes a repetition harmless (M-218).
    pub random_id: i64,
    /// Text, entities, media and what else the author decided.
    pub content: Content,
    /// The message answered, in the author's box.
    pub reply_to: Option<types::InputReplyToMessage>,
    /// Whether the draft of the conversation is spent with it.
    pub clear_draft: bool,
}

/// A message that was sent: in the sender's box, with the pts of its arrival there.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// What the client called it.
    pub random_id: i64,
    /// The message.
    pub row: MessageRow,
    /// pts after it.
    pub pts: i32,
}

/// Length as clients count: UTF-16 code units.
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Checks what an author wrote (also for edits).
pub fn check(content: &Content) -> Result<(), Error> {
    let has_media =
        content.message.media.as_ref().is_some_and(|m| !matches!(m, enums::MessageMedia::MessageMediaEmpty));
    let length = length(&content.text);
    if has_media && length > CAPTION_LENGTH {
        return Err(Error::bad("MEDIA_CAPTION_TOO_LONG"));
    }
    if length > MESSAGE_LENGTH {
        return Err(Error::bad("MESSAGE_TOO_LONG"));
    }
    if !has_media && content.text.trim().is_empty() {
        return Err(Error::bad("MESSAGE_EMPTY"));
    }
    if content.message.entities.as_ref().is_some_and(|e| e.len() > ENTITIES) {
        return Err(Error::bad("ENTITIES_TOO_LONG"));
    }
    Ok(())
}

impl Messenger {
    /// Sends messages to one peer, all or none of them; each in its own place in the order given.
    pub async fn send(
        &self,
        actor: Actor,
        peer: UserRef,
        mut drafts: Vec<Draft>,
    ) -> Result<(Vec<Sent>, Vec<Event>), Error> {
        for draft in &mut drafts {
            check(&draft.content)?;
            self.settle_entities(actor.user_id, &mut draft.content)?;
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.chat(changes.tx, actor.user_id)?;
            drafts.iter().map(|draft| one(changes, actor.user_id, peer, draft)).collect()
        };
        self.change(actor, work).await
    }
}

/// Sends one message inside a change.
pub(crate) fn one(
    changes: &mut Changes<'_, '_>,
    sender: i64,
    peer: PeerKey,
    draft: &Draft,
) -> Result<Sent, Error> {
    if draft.random_id == 0 {
        return Err(Error::bad("RANDOM_ID_EMPTY"));
    }
    if let Some(sent) = repeated(changes.tx, sender, peer, draft.random_id)? {
        return Ok(sent);
    }
    if users::find(changes.tx, peer.id)?.is_none_or(|user| user.deleted) {
        return Err(Error::bad("INPUT_USER_DEACTIVATED"));
    }
    let reply = draft.reply_to.as_ref().map(|reply| find_reply(changes, sender, peer, reply)).transpose()?;
    let (row, pts) = deliver(changes, sender, peer, &draft.content, reply.flatten())?;
    messages::put_random_id(changes.tx, sender, draft.random_id, row.id)?;
    let has_draft = || dialogs::find(changes.tx, sender, peer).map(|d| d.is_some_and(|d| d.draft.is_some()));
    if draft.clear_draft && has_draft()? {
        crate::dialogs::set_draft(changes, sender, peer, None)?;
    }
    Ok(Sent { random_id: draft.random_id, row, pts })
}

/// A repetition by random_id: the message that the first one made, and nothing else happens.
pub(crate) fn repeated(
    tx: &Tx<'_>,
    sender: i64,
    peer: PeerKey,
    random_id: i64,
) -> Result<Option<Sent>, Error> {
    let Some(id) = messages::by_random_id(tx, sender, random_id)? else { return Ok(None) };
    let row = messages::find(tx, sender, id)?.filter(|row| row.peer == peer);
    let row = row.ok_or_else(|| Error::bad("RANDOM_ID_DUPLICATE"))?;
    let pts = updates::pts_of_message(tx, sender, id)?.unwrap_or(0);
    Ok(Some(Sent { random_id, row, pts }))
}

/// The two forms of a reply header: for the sender's box and for the other one.
type Reply = (types::MessageReplyHeader, Option<types::MessageReplyHeader>);

fn find_reply(
    changes: &Changes<'_, '_>,
    sender: i64,
    peer: PeerKey,
    reply: &types::InputReplyToMessage,
) -> Result<Option<Reply>, Error> {
    let found = messages::find(changes.tx, sender, reply.reply_to_msg_id)?.filter(|row| row.peer == peer);
    // A reply to a message that is gone is sent as an ordinary message.
    let Some(found) = found else { return Ok(None) };
    let header = |id: i32| types::MessageReplyHeader {
        quote: reply.quote_text.is_some(),
        reply_to_msg_id: Some(id),
        quote_text: reply.quote_text.clone(),
        quote_entities: reply.quote_entities.clone(),
        quote_offset: reply.quote_offset,
        ..types::MessageReplyHeader::default()
    };
    Ok(Some((header(found.id), found.pair_id.map(header))))
}

/// Puts a message into the sender's box and, unless it is a note to oneself, into the other one.
pub(crate) fn deliver(
    changes: &mut Changes<'_, '_>,
    sender: i64,
    peer: PeerKey,
    content: &Content,
    reply: Option<Reply>,
) -> Result<(MessageRow, i32), Error> {
    let to_self = peer == PeerKey::user(sender);
    let (id, pts) = changes.reserve(sender)?;
    let other = if to_self { None } else { Some(changes.reserve(peer.id)?) };
    let (own_reply, other_reply) = reply.map_or((None, None), |(own, other)| (Some(own), other));
    let row = MessageRow {
        owner_id: sender,
        id,
        peer,
        from_id: sender,
        outgoing: !to_self,
        date: changes.now,
        edit_date: None,
        pinned: false,
        media_kind: content.media_kind(),
        pair_id: other.map(|(id, _)| id),
        text: content.text.clone(),
        body: with_reply(content, own_reply)?,
    };
    changes.add_message(row.clone(), pts)?;
    if let Some((other_id, other_pts)) = other {
        let theirs = MessageRow {
            owner_id: peer.id,
            id: other_id,
            peer: PeerKey::user(sender),
            outgoing: false,
            pair_id: Some(id),
            body: with_reply(content, other_reply)?,
            ..row.clone()
        };
        changes.add_message(theirs, other_pts)?;
    }
    Ok((row, pts))
}

fn with_reply(content: &Content, reply: Option<types::MessageReplyHeader>) -> Result<Vec<u8>, Error> {
    let message = types::Message { reply_to: reply.map(Into::into), ..content.message.clone() };
    Content { text: String::new(), message }.encode()
}

/// A text from a service account, in the receiver's box only.
pub(crate) fn notice(changes: &mut Changes<'_, '_>, from: i64, to: i64, text: &str) -> Result<(), Error> {
    let (id, pts) = changes.reserve(to)?;
    let content = Content { text: text.to_owned(), ..Content::default() };
    let row = MessageRow {
        owner_id: to,
        id,
        peer: PeerKey::user(from),
        from_id: from,
        outgoing: false,
        date: changes.now,
        edit_date: None,
        pinned: false,
        media_kind: content.media_kind(),
        pair_id: None,
        text: content.text.clone(),
        body: content.encode()?,
    };
    changes.add_message(row, pts)
}

/// A message in the form that clients get, before the viewer matters: columns win over the blob.
pub fn to_tl(row: &MessageRow) -> Result<enums::Message, Error> {
    let clamp = |seconds: i64| i32::try_from(seconds).unwrap_or(i32::MAX);
    let from_id = Some(types::PeerUser { user_id: row.from_id }.into());
    let peer_id = to_peer(row.peer);
    Ok(match super::body::decode(row.body.clone())? {
        enums::Message::Message(message) => types::Message {
            out: row.outgoing,
            id: row.id,
            from_id,
            peer_id,
            date: clamp(row.date),
            edit_date: row.edit_date.map(clamp),
            pinned: row.pinned,
            message: row.text.clone(),
            ..*message
        }
        .into(),
        enums::Message::MessageService(message) => types::MessageService {
            out: row.outgoing,
            id: row.id,
            from_id,
            peer_id,
            date: clamp(row.date),
            ..*message
        }
        .into(),
        empty => empty,
    })
}
