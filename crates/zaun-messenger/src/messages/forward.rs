//! Forwarding.

use std::collections::{BTreeMap, HashMap};

use zaun_model::{ContentId, MsgId, Peer, UserId};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::{contents, messages, users};

use super::content::Content;
use super::polls;
use super::scheduled::Scheduled;
use super::send::{self, Draft, ReplyTo, Sent};
use crate::files::media::album_id;
use crate::limits::IDS_PER_CALL;
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::{self, Posting};
use crate::views::{self, Message};
use crate::{Actor, Changes, Error, Messenger, Outcome, errors, payments, privacy};

/// What to forward and how.
#[derive(Debug, Clone)]
pub struct Forward {
    /// Where the messages are.
    pub from: PeerRef,
    /// Where they go.
    pub to: PeerRef,
    /// Messages with the client's names for their copies.
    pub messages: Vec<(MsgId, i64)>,
    /// As if written by the sender.
    pub drop_author: bool,
    /// Without captions.
    pub drop_captions: bool,
    /// Without a sound.
    pub silent: bool,
    /// May not be forwarded on.
    pub noforwards: bool,
    /// The topic or thread that they go to.
    pub thread: Option<MsgId>,
    /// As whom they are sent, if the sender says so.
    pub send_as: Option<PeerRef>,
}

impl Messenger {
    /// Forwards messages; ids that are gone are left out, as the official server does.
    pub async fn forward_messages(
        &self,
        actor: Actor,
        forward: Forward,
    ) -> Result<Outcome<Vec<Sent>>, Error> {
        check(&forward)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let to = rights::speaking_as(changes.tx, actor.user_id, forward.to, forward.send_as)?;
            let (drafts, counted) = copies(changes.tx, actor.user_id, &forward, &to)?;
            let random_ids: Vec<i64> = drafts.iter().map(|draft| draft.random_id).collect();
            send::observe_slow_mode(changes, &to, &random_ids)?;
            let sent = drafts.iter().map(|draft| send::send_one_message(changes, &to, draft));
            let sent: Vec<Sent> = sent.collect::<Result<_, _>>()?;
            for id in counted {
                contents::count(changes.tx, id, 0, 1)?;
            }
            Ok(sent)
        };
        self.change(actor, work).await
    }

    /// Plans messages to be forwarded at a date; what is due at once is forwarded at once.
    pub async fn schedule_forward(
        &self,
        actor: Actor,
        forward: Forward,
        date: i32,
    ) -> Result<Outcome<Scheduled>, Error> {
        check(&forward)?;
        let planned = forward.clone();
        let drafts = self.read(actor.user_id, move |tx| {
            let to = rights::speaking_as(tx, actor.user_id, planned.to, planned.send_as)?;
            Ok(copies(tx, actor.user_id, &planned, &to)?.0)
        });
        self.schedule(actor, forward.to, drafts.await?, date).await
    }
}

fn check(forward: &Forward) -> Result<(), Error> {
    if forward.messages.is_empty() {
        return Err(Error::bad(errors::MESSAGE_IDS_EMPTY));
    }
    if forward.messages.len() > IDS_PER_CALL {
        return Err(Error::bad(errors::MESSAGE_ID_INVALID));
    }
    Ok(())
}

/// Returns the copies of messages that may be forwarded, and the contents of posts, whose forwards are counted.
fn copies(
    tx: &Tx<'_>,
    user: UserId,
    forward: &Forward,
    to: &Posting,
) -> Result<(Vec<Draft>, Vec<ContentId>), Error> {
    let from = rights::reading(tx, user, forward.from)?;
    let ids: Vec<MsgId> = forward.messages.iter().map(|(id, _)| *id).collect();
    rights::require_forwardable(tx, from.peer)?;
    let mut rows = messages::find_many(tx, from.box_id, from.peer, &ids)?;
    rows.retain(|row| from.shows(row.id));
    let originals: HashMap<MsgId, Message> =
        views::messages(tx, rows)?.into_iter().map(|message| (message.id(), message)).collect();
    if to.slow_mode.is_some() && originals.len() > 1 {
        return Err(Error::bad(errors::SLOWMODE_MULTI_MSGS_DISABLED));
    }
    let (mut drafts, mut counted, mut albums) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (id, random_id) in &forward.messages {
        let Some(original) = originals.get(id) else { continue };
        let mut content = copy(original, forward, to.reading.peer, user)?;
        hide_author(tx, &mut content, original, user)?;
        // The copies are an album of their own: forwarded twice, they must not become one.
        if let Some(album) = &mut content.message.grouped_id {
            *album = *albums.entry(*album).or_insert_with(album_id);
        }
        let reply_to =
            forward.thread.map(|id| ReplyTo { msg_id: id, thread: Some(id), ..ReplyTo::default() });
        let invoice = payments::behind(tx, original.row.content_id)?;
        let random_id = *random_id;
        drafts.push(Draft { invoice, send_as: forward.send_as, ..Draft::of(random_id, content, reply_to) });
        if original.views > 0 {
            counted.push(original.row.content_id);
        }
    }
    if drafts.is_empty() { Err(Error::bad(errors::MESSAGE_ID_INVALID)) } else { Ok((drafts, counted)) }
}

/// Notes in the header of a copy in Saved Messages where it was saved from, and of a forward of a forward who passed
/// it on and when (G-321).
fn save(header: &mut types::MessageFwdHeader, original: &Message, sender: UserId) {
    let row = &original.row;
    header.saved_from_peer = Some(peer_to_tl(row.peer));
    header.saved_from_msg_id = Some(row.id.0);
    header.saved_out = original.writer == Peer::User(sender) && row.peer != Peer::User(sender);
    let forwarded = original.body.written().is_ok_and(|content| content.message.fwd_from.is_some());
    if forwarded {
        header.saved_from_id = Some(peer_to_tl(row.author));
        header.saved_date = Some(row.date.to_tl());
    }
}

/// A forward of a message by who does not want to be found by it has only the name (G-319).
fn hide_author(
    tx: &Tx<'_>,
    content: &mut Content,
    original: &Message,
    forwarder: UserId,
) -> Result<(), Error> {
    let Some(header) = &mut content.message.fwd_from else { return Ok(()) };
    let Peer::User(author) = original.row.author else { return Ok(()) };
    let is_first = original.body.written()?.message.fwd_from.is_none();
    if !is_first || author == forwarder {
        return Ok(());
    }
    let Some(row) = users::find(tx, author)? else { return Ok(()) };
    if !privacy::admits(tx, &row, privacy::bit::FORWARDS, forwarder)? {
        (header.from_id, header.from_name) = (None, Some(row.full_name()));
    }
    Ok(())
}

/// Returns the copy of a message: its content, and where it came from unless that is to be hidden.
fn copy(original: &Message, forward: &Forward, to: Peer, sender: UserId) -> Result<Content, Error> {
    let content = original.body.written()?.clone();
    if content.message.noforwards {
        return Err(Error::bad(errors::CHAT_FORWARDS_RESTRICTED));
    }
    let row = &original.row;
    // A post is its channel's, also where it shows its author's profile.
    let origin = if content.message.post { row.peer } else { row.author };
    let mut header = content.message.fwd_from.unwrap_or_else(|| types::MessageFwdHeader {
        from_id: Some(peer_to_tl(origin)),
        channel_post: content.message.post.then_some(row.id.0),
        post_author: content.message.post_author.filter(|_| content.message.post),
        date: row.date.to_tl(),
        ..types::MessageFwdHeader::default()
    });
    // Where the sender saved something from is nobody else's business.
    header = types::MessageFwdHeader {
        saved_out: false,
        saved_from_peer: None,
        saved_from_msg_id: None,
        saved_from_id: None,
        saved_from_name: None,
        saved_date: None,
        ..header
    };
    if to == Peer::User(sender) {
        save(&mut header, original, sender);
    }
    let has_media = content.message.media.is_some();
    let drop_text = forward.drop_captions && has_media;
    Ok(Content {
        text: if drop_text { String::new() } else { content.text },
        message: types::Message {
            fwd_from: (!forward.drop_author).then_some(header),
            media: polls::forwarded(content.message.media),
            reply_markup: crate::bots::markup::forwarded(content.message.reply_markup),
            entities: content.message.entities.filter(|_| !drop_text),
            invert_media: content.message.invert_media,
            grouped_id: content.message.grouped_id,
            silent: forward.silent,
            noforwards: forward.noforwards,
            ..types::Message::default()
        },
    })
}
