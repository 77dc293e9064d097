//! Messages that are sent later (G-340 … G-347).

use std::collections::BTreeMap;

use zaun_model::{MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_schema::visit::{Mentioned, Mentions};
use zaun_store::Tx;
use zaun_store::repo::channels;
use zaun_store::repo::scheduled::{self, Queue, ScheduledRow};

use super::change::{Edit, apply_edit};
use super::content::{Body, Content};
use super::entities::settle_content;
use super::saved;
use super::send::{self, Draft, ReplyTo, Sent};
use crate::limits::{IDS_PER_CALL, SCHEDULE_AHEAD_S, SCHEDULED_PER_CHAT, SCHEDULED_TOLD, SWEEP_BATCH};
use crate::peers::{PeerRef, peer_from_tl, peer_to_tl};
use crate::rights::{self, Membership, Posting};
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, NOBODY, Outcome, bots, errors, files, stored};

/// The date that stands for "as soon as the other side is online" (G-342).
pub const WHEN_ONLINE: i32 = 0x7FFF_FFFE;
/// What is due within so many seconds is sent at once (G-341).
const AT_ONCE_S: i64 = 10;

/// Messages of a queue, as their author sees them.
#[derive(Debug, Clone, Default)]
pub struct ScheduledPage {
    /// The messages.
    pub messages: Vec<enums::Message>,
    /// Everybody in them.
    pub scene: Scene,
}

/// What became of messages that were to be sent later.
#[derive(Debug, Clone, PartialEq)]
pub enum Scheduled {
    /// They were sent at once.
    Sent(Vec<Sent>),
    /// They wait: each random_id with its number in the queue.
    Waiting(Vec<(i64, MsgId)>),
}

/// Whose queue a conversation has: all who may post in a broadcast channel share one (G-340).
fn queue_of(posting: &Posting) -> Queue {
    let peer = posting.reading.peer;
    let owner = if posting.is_post { peer } else { Peer::User(posting.reading.viewer) };
    (owner, peer)
}

fn content_of(row: &ScheduledRow) -> Result<Content, Error> {
    match stored::decode(row.body.clone())? {
        enums::Message::Message(message) => Ok(Content { text: row.text.clone(), message: *message }),
        _ => Err(Error::bad(errors::MESSAGE_ID_INVALID)),
    }
}

/// Returns a waiting message as its author sees it.
fn shown(row: &ScheduledRow) -> Result<enums::Message, Error> {
    let content = content_of(row)?;
    let author = row.send_as.unwrap_or(Peer::User(row.author_id));
    Ok(types::Message {
        out: true,
        id: row.id.0,
        from_id: row.owner.channel().is_none().then(|| peer_to_tl(author)),
        peer_id: peer_to_tl(row.peer),
        date: row.at.to_tl(),
        message: content.text,
        ..content.message
    }
    .into())
}

/// The header that a waiting message has for what it answers.
fn header_of(reply: &ReplyTo) -> types::MessageReplyHeader {
    let elsewhere = reply.elsewhere.and_then(|peer| match peer {
        PeerRef::Known(peer) => Some(peer_to_tl(peer)),
        _ => None,
    });
    let quote = reply.quote.clone();
    types::MessageReplyHeader {
        reply_to_msg_id: Some(reply.msg_id.0),
        reply_to_top_id: reply.thread.map(|id| id.0),
        reply_to_peer_id: elsewhere,
        quote: quote.is_some(),
        quote_offset: quote.as_ref().and_then(|quote| quote.offset),
        quote_entities: quote.as_ref().and_then(|quote| quote.entities.clone()),
        quote_text: quote.map(|quote| quote.text),
        ..types::MessageReplyHeader::default()
    }
}

/// What a waiting message answers, out of its header.
fn reply_of(header: Option<enums::MessageReplyHeader>) -> Option<ReplyTo> {
    let enums::MessageReplyHeader::MessageReplyHeader(header) = header? else { return None };
    let text = header.quote_text.clone();
    Some(ReplyTo {
        msg_id: MsgId(header.reply_to_msg_id?),
        elsewhere: header.reply_to_peer_id.as_ref().map(|peer| PeerRef::Known(peer_from_tl(peer))),
        quote: text.map(|text| send::Quote {
            text,
            entities: header.quote_entities.clone(),
            offset: header.quote_offset,
        }),
        thread: header.reply_to_top_id.map(MsgId),
    })
}

/// Tells everybody who shares a queue: the author, or the administrators of a broadcast channel.
fn tell(
    changes: &mut Changes<'_, '_>,
    (owner, _): Queue,
    author: UserId,
    update: &enums::Update,
) -> Result<(), Error> {
    let mut told = vec![author];
    if let Peer::Channel(id) = owner {
        let admins = channels::admins(changes.tx, id, 0, SCHEDULED_TOLD)?.into_iter();
        told.extend(admins.map(|row| row.user_id).filter(|user| *user != author));
    }
    told.into_iter().for_each(|user| changes.hint_user(user, update.clone()));
    Ok(())
}

/// Puts messages into the queue of a conversation.
fn put(
    changes: &mut Changes<'_, '_>,
    posting: &Posting,
    drafts: &[Draft],
    at: UnixTime,
) -> Result<Vec<(i64, MsgId)>, Error> {
    let (author_id, queue) = (posting.reading.viewer, queue_of(posting));
    if bots::is_bot(changes.tx, author_id)? {
        return Err(Error::bad(errors::SCHEDULE_BOT_NOT_ALLOWED));
    }
    let mut waiting = scheduled::all(changes.tx, queue, SCHEDULED_PER_CHAT + 1)?;
    let mut out = Vec::new();
    for draft in drafts {
        if draft.random_id == 0 {
            return Err(Error::bad(errors::RANDOM_ID_EMPTY));
        }
        if let Some(row) =
            waiting.iter().find(|row| row.random_id == draft.random_id && row.author_id == author_id)
        {
            out.push((draft.random_id, row.id));
            continue;
        }
        if i64::try_from(waiting.len()).unwrap_or(i64::MAX) >= SCHEDULED_PER_CHAT {
            return Err(Error::bad(errors::SCHEDULE_TOO_MUCH));
        }
        posting.forbidden.check(&draft.content)?;
        let mut content = draft.content.clone();
        content.message.reply_to = draft.reply_to.as_ref().map(|reply| header_of(reply).into());
        content.message.post = posting.is_post;
        if queue.1 == Peer::User(author_id) {
            content.message.saved_peer_id = Some(peer_to_tl(saved::origin(&content, author_id)));
        }
        let body = Body::from(content.clone());
        let row = ScheduledRow {
            owner: queue.0,
            peer: queue.1,
            id: waiting.first().map_or(MsgId(1), |newest| newest.id.next()),
            author_id,
            random_id: draft.random_id,
            at,
            text: content.text,
            body: body.encode()?,
            send_as: draft.send_as.is_some().then_some(posting.author),
        };
        files::count_uses(changes.tx, &body.media_ids(), 1)?;
        scheduled::insert(changes.tx, &row)?;
        let update = types::UpdateNewScheduledMessage { message: shown(&row)? };
        tell(changes, queue, author_id, &update.into())?;
        if draft.clear_draft {
            let topic = draft.reply_to.as_ref().and_then(|reply| reply.thread).unwrap_or(MsgId(0));
            let spot = if posting.forum.is_some() { topic } else { MsgId(0) };
            crate::dialogs::remove_draft(changes, author_id, (queue.1, spot))?;
        }
        out.push((draft.random_id, row.id));
        waiting.insert(0, row);
    }
    Ok(out)
}

/// Takes a message out of its queue.
fn take(changes: &Changes<'_, '_>, row: &ScheduledRow) -> Result<(), Error> {
    let body = Body::from(content_of(row)?);
    files::count_uses(changes.tx, &body.media_ids(), -1)?;
    scheduled::delete(changes.tx, row).map_err(Into::into)
}

/// Sends a message whose time has come; what its author may not say any more is dropped (G-346).
fn dispatch(changes: &mut Changes<'_, '_>, row: &ScheduledRow) -> Result<Option<MsgId>, Error> {
    let mut content = content_of(row)?;
    let reply_to = reply_of(content.message.reply_to.take());
    content.message.from_scheduled = true;
    let draft = Draft::of(row.random_id, content, reply_to);
    // Whatever is refused is dropped: a message that can never be sent must not keep the others waiting.
    let send_as = row.send_as.map(PeerRef::Known);
    let posting = rights::speaking_as(changes.tx, row.author_id, PeerRef::Known(row.peer), send_as);
    let sent = match posting.and_then(|posting| send::send_one_message(changes, &posting, &draft)) {
        Ok(sent) => Some(sent.message.id()),
        Err(Error::Refused { .. }) => None,
        Err(error) => return Err(error),
    };
    take(changes, row)?;
    Ok(sent)
}

/// Sends messages of one queue, and tells those who share it which became which.
fn dispatch_all(changes: &mut Changes<'_, '_>, queue: Queue, rows: &[ScheduledRow]) -> Result<(), Error> {
    let Some(first) = rows.first() else { return Ok(()) };
    let (mut messages, mut sent) = (Vec::new(), Vec::new());
    for row in rows {
        let id = dispatch(changes, row)?;
        messages.push(row.id.0);
        sent.push(id.map_or(0, |id| id.0));
    }
    let update = types::UpdateDeleteScheduledMessages {
        peer: peer_to_tl(queue.1),
        messages,
        sent_messages: sent.iter().any(|id| *id > 0).then_some(sent),
    };
    tell(changes, queue, first.author_id, &update.into())
}

/// The queue that a viewer sees of a conversation.
fn visible(tx: &Tx<'_>, viewer: UserId, peer: PeerRef) -> Result<Queue, Error> {
    let peer = rights::reading(tx, viewer, peer)?.peer;
    if let Peer::Channel(id) = peer {
        let membership = Membership::load(tx, viewer, id)?;
        if membership.channel.broadcast {
            membership.require_admin(zaun_model::rights::AdminRights::POST_MESSAGES)?;
            return Ok((peer, peer));
        }
    }
    Ok((Peer::User(viewer), peer))
}

/// Says whether anything waits in the queue that a viewer sees.
pub(crate) fn any(tx: &Tx<'_>, viewer: UserId, peer: Peer) -> Result<bool, Error> {
    match visible(tx, viewer, PeerRef::Known(peer)) {
        Ok(queue) => Ok(!scheduled::all(tx, queue, 1)?.is_empty()),
        Err(Error::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn page(tx: &Tx<'_>, viewer: UserId, rows: &[ScheduledRow], peer: Peer) -> Result<ScheduledPage, Error> {
    let messages: Vec<enums::Message> = rows.iter().map(shown).collect::<Result<_, Error>>()?;
    let mut mentioned = Mentioned::default();
    crate::peers::mention(&mut mentioned, peer);
    messages.iter().for_each(|message| message.mentions(&mut mentioned));
    Ok(ScheduledPage { messages, scene: Scene::for_viewer(tx, viewer, &mentioned)? })
}

impl Messenger {
    /// Sends messages at a date, all or none of them (G-341); what is due at once is sent at once.
    pub async fn schedule(
        &self,
        actor: Actor,
        peer: PeerRef,
        mut drafts: Vec<Draft>,
        date: i32,
    ) -> Result<Outcome<Scheduled>, Error> {
        for draft in &mut drafts {
            settle_content(&mut draft.content)?;
            send::check_content(&draft.content)?;
        }
        let at = self.planned(actor, peer, date).await?;
        let Some(at) = at else {
            let sent = self.send(actor, peer, drafts).await?;
            return Ok(Outcome { value: Scheduled::Sent(sent.value), own: sent.own, scene: sent.scene });
        };
        let work = move |changes: &mut Changes<'_, '_>| {
            let send_as = drafts.first().and_then(|draft| draft.send_as);
            let posting = rights::speaking_as(changes.tx, actor.user_id, peer, send_as)?;
            Ok(Scheduled::Waiting(put(changes, &posting, &drafts, at)?))
        };
        self.change(actor, work).await
    }

    /// When a message is to be sent; `None` for at once.
    async fn planned(&self, actor: Actor, peer: PeerRef, date: i32) -> Result<Option<UnixTime>, Error> {
        let now = self.now();
        let at = UnixTime(i64::from(date));
        if date != WHEN_ONLINE {
            if at - now > SCHEDULE_AHEAD_S {
                return Err(Error::bad(errors::SCHEDULE_DATE_TOO_LATE));
            }
            return Ok((at - now > AT_ONCE_S).then_some(at));
        }
        let peer =
            self.read(actor.user_id, move |tx| Ok(rights::reading(tx, actor.user_id, peer)?.peer)).await?;
        match peer {
            Peer::User(user) if user != actor.user_id => {
                let is_online = self.presence.online_until(user, now).is_some();
                Ok((!is_online).then_some(at))
            }
            _ => Err(Error::bad(errors::SCHEDULE_DATE_INVALID)),
        }
    }

    /// Returns what waits in a conversation, the newest first.
    pub async fn scheduled(&self, actor: Actor, peer: PeerRef) -> Result<ScheduledPage, Error> {
        self.read(actor.user_id, move |tx| {
            let queue = visible(tx, actor.user_id, peer)?;
            let rows = scheduled::all(tx, queue, SCHEDULED_PER_CHAT)?;
            page(tx, actor.user_id, &rows, queue.1)
        })
        .await
    }

    /// Returns waiting messages by id.
    pub async fn scheduled_by_id(
        &self,
        actor: Actor,
        peer: PeerRef,
        ids: Vec<MsgId>,
    ) -> Result<ScheduledPage, Error> {
        check_ids(&ids)?;
        self.read(actor.user_id, move |tx| {
            let queue = visible(tx, actor.user_id, peer)?;
            let mut rows = scheduled::find_many(tx, queue, &ids)?;
            rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
            page(tx, actor.user_id, &rows, queue.1)
        })
        .await
    }

    /// Changes a waiting message, or when it is sent.
    pub async fn edit_scheduled(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        (mut edit, date): (Edit, Option<i32>),
    ) -> Result<Outcome<()>, Error> {
        if let Some((text, entities)) = edit.text.take() {
            let mut content =
                Content { text, message: types::Message { entities, ..types::Message::default() } };
            settle_content(&mut content)?;
            edit.text = Some((content.text, content.message.entities));
        }
        let at = match date {
            Some(date) => Some(self.planned(actor, peer, date).await?.unwrap_or_else(|| self.now())),
            None => None,
        };
        let work = move |changes: &mut Changes<'_, '_>| {
            let queue = visible(changes.tx, actor.user_id, peer)?;
            let row = scheduled::find_many(changes.tx, queue, &[id])?.pop();
            let mut row = row.ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
            let before = content_of(&row)?;
            let moved = at.is_some_and(|at| at != row.at);
            row.at = at.unwrap_or(row.at);
            match apply_edit(&before, &edit, 0) {
                Ok(body) => {
                    files::count_uses(changes.tx, &body.media_ids(), 1)?;
                    files::count_uses(changes.tx, &Body::from(before).media_ids(), -1)?;
                    (row.text, row.body) = (body.text().to_owned(), body.encode()?);
                }
                // Only its date changes.
                Err(Error::Refused { text, .. })
                    if moved && (text == errors::MESSAGE_NOT_MODIFIED || is_same(&edit)) => {}
                Err(error) => return Err(error),
            }
            scheduled::save(changes.tx, &row)?;
            let update = types::UpdateNewScheduledMessage { message: shown(&row)? };
            tell(changes, queue, actor.user_id, &update.into())
        };
        self.change(actor, work).await
    }

    /// Sends waiting messages now.
    pub async fn send_scheduled(
        &self,
        actor: Actor,
        peer: PeerRef,
        ids: Vec<MsgId>,
    ) -> Result<Outcome<()>, Error> {
        check_ids(&ids)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let queue = visible(changes.tx, actor.user_id, peer)?;
            let mut rows = scheduled::find_many(changes.tx, queue, &ids)?;
            if rows.is_empty() {
                return Err(Error::bad(errors::MESSAGE_ID_INVALID));
            }
            rows.sort_unstable_by_key(|row| row.id);
            dispatch_all(changes, queue, &rows)
        };
        self.change(actor, work).await
    }

    /// Deletes waiting messages.
    pub async fn delete_scheduled(
        &self,
        actor: Actor,
        peer: PeerRef,
        ids: Vec<MsgId>,
    ) -> Result<Outcome<()>, Error> {
        check_ids(&ids)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let queue = visible(changes.tx, actor.user_id, peer)?;
            let rows = scheduled::find_many(changes.tx, queue, &ids)?;
            rows.iter().try_for_each(|row| take(changes, row))?;
            let messages: Vec<i32> = rows.iter().map(|row| row.id.0).collect();
            let peer = peer_to_tl(queue.1);
            let update = types::UpdateDeleteScheduledMessages { peer, messages, sent_messages: None };
            tell(changes, queue, actor.user_id, &update.into())
        };
        self.change(actor, work).await
    }

    /// Sends what is due (G-344).
    pub async fn send_due(&self) -> Result<(), Error> {
        loop {
            let now = self.now();
            let due = self.read(NOBODY, move |tx| Ok(scheduled::due(tx, now, SWEEP_BATCH)?)).await?;
            if due.is_empty() {
                return Ok(());
            }
            self.dispatch_each(due).await?;
        }
    }

    /// Sends what waited for a user to come online (G-342).
    pub(crate) async fn send_to_arrived(&self, user: UserId) -> Result<(), Error> {
        let at = UnixTime(i64::from(WHEN_ONLINE));
        let due = self.read(NOBODY, move |tx| Ok(scheduled::waiting_for(tx, user, at, SWEEP_BATCH)?)).await?;
        self.dispatch_each(due).await
    }

    /// Sends messages, those of one queue together, so that a queue that fails keeps no other waiting.
    async fn dispatch_each(&self, due: Vec<ScheduledRow>) -> Result<(), Error> {
        let mut failed = None;
        let mut queues: BTreeMap<(UserId, Peer, Peer), Vec<ScheduledRow>> = BTreeMap::new();
        for row in due {
            queues.entry((row.author_id, row.owner, row.peer)).or_default().push(row);
        }
        for ((user_id, owner, peer), rows) in queues {
            let actor = Actor { user_id, key_id: 0, session_id: 0 };
            let work = move |changes: &mut Changes<'_, '_>| {
                let ids: Vec<MsgId> = rows.iter().map(|row| row.id).collect();
                // Somebody may have sent or deleted them meanwhile.
                let mut rows = scheduled::find_many(changes.tx, (owner, peer), &ids)?;
                rows.retain(|row| row.author_id == user_id);
                rows.sort_unstable_by_key(|row| (row.at, row.id));
                dispatch_all(changes, (owner, peer), &rows)
            };
            failed = self.change(actor, work).await.err().or(failed);
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Whether an edit says nothing of what the message says.
fn is_same(edit: &Edit) -> bool {
    edit.text.is_none() && edit.media.is_none()
}

fn check_ids(ids: &[MsgId]) -> Result<(), Error> {
    if ids.len() > IDS_PER_CALL { Err(Error::bad(errors::MESSAGE_IDS_TOO_MUCH)) } else { Ok(()) }
}
