//! Pages of threads, and how far they were read.

use std::collections::HashMap;

use zaun_model::{BoxId, MsgId, Peer, UserId};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::dialogs::{self, MAX_COUNTED_UNREAD};
use zaun_store::repo::messages;
use zaun_store::repo::threads::{self, GENERAL, ThreadRead};

use super::comments;
use crate::messages::history::{Window, finish_page, page};
use crate::messages::readers;
use crate::peers::PeerRef;
use crate::rights::{self, Membership, Reading};
use crate::views::{self, Message, MessagePage, Scene};
use crate::{Actor, Changes, Error, Messenger, errors};

/// The beginning of a thread, with how far the viewer has read it.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The first message of the thread.
    pub message: Message,
    /// The newest message of the thread.
    pub max_id: Option<MsgId>,
    /// How far the viewer has read it, and others what the viewer wrote.
    pub read: ThreadRead,
    /// Messages that the viewer has not read.
    pub unread: i32,
    /// Everybody in it.
    pub scene: Scene,
}

/// A thread: the conversation that holds it, and the message that began it, or the id of a topic.
#[derive(Debug, Clone)]
pub(crate) struct ThreadOf {
    pub(crate) reading: Reading,
    pub(crate) root: MsgId,
    pub(crate) is_topic: bool,
}

impl ThreadOf {
    /// What `messages.thread_id` says of its messages.
    pub(crate) fn column(&self) -> MsgId {
        if self.is_topic && self.root == GENERAL { MsgId(0) } else { self.root }
    }
}

/// Finds the thread of a message: comments of a post, answers to a message of a supergroup, a topic of a forum.
pub(crate) fn find(tx: &Tx<'_>, viewer: UserId, peer: PeerRef, id: MsgId) -> Result<ThreadOf, Error> {
    let reading = rights::reading(tx, viewer, peer)?;
    let invalid = || Error::bad(errors::MSG_ID_INVALID);
    let channel = reading.peer.channel().ok_or_else(|| Error::bad(errors::PEER_ID_INVALID))?;
    let membership = Membership::load(tx, viewer, channel)?;
    if membership.channel.is_forum() {
        return match threads::topic(tx, channel, id)? {
            Some(_) => Ok(ThreadOf { reading, root: id, is_topic: true }),
            None => Err(Error::bad(errors::TOPIC_ID_INVALID)),
        };
    }
    let row = messages::find(tx, reading.box_id, reading.peer, id)?.filter(|row| reading.shows(row.id));
    if !membership.channel.broadcast {
        let row = row.ok_or_else(invalid)?;
        let root = if row.thread_id.0 > 0 { row.thread_id } else { row.id };
        return Ok(ThreadOf { reading, root, is_topic: false });
    }
    let copied = threads::copy_of(tx, channel, id)?.ok_or_else(invalid)?;
    let group = PeerRef::Known(Peer::Channel(copied.root.0));
    let reading = rights::reading(tx, viewer, group)?;
    Ok(ThreadOf { reading, root: copied.root.1, is_topic: false })
}

/// How far a user has read a thread; what was read in the conversation as a whole counts too, once it is in the list.
pub(crate) fn position(tx: &Tx<'_>, user: UserId, peer: Peer, thread: MsgId) -> Result<ThreadRead, Error> {
    let found = threads::reads(tx, user, peer, &[thread])?.pop().map(|(_, read)| read).unwrap_or_default();
    let dialog = dialogs::find(tx, user, peer)?;
    let whole = dialog.map_or(ThreadRead::default(), |dialog| ThreadRead {
        inbox: dialog.read_inbox,
        outbox: dialog.read_outbox,
    });
    Ok(ThreadRead { inbox: found.inbox.max(whole.inbox), outbox: found.outbox.max(whole.outbox) })
}

/// How many messages of a thread a user has not read.
pub(crate) fn unread(tx: &Tx<'_>, of: &ThreadOf, read: MsgId) -> Result<i32, Error> {
    let from = read.max(of.reading.hidden_until).next();
    let place = (of.reading.box_id, of.column());
    let limit = MAX_COUNTED_UNREAD;
    Ok(messages::count_in_thread(tx, place, of.reading.viewer, (from, MsgId::MAX), limit)?)
}

impl Messenger {
    /// Returns a page of a thread or topic, without the message that began it.
    pub async fn replies(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        window: Window,
    ) -> Result<MessagePage, Error> {
        self.read(actor.user_id, move |tx| {
            let of = find(tx, actor.user_id, peer, id)?;
            let window = Window { thread: Some(of.column()), ..window.within(&of.reading) };
            let rows = page(tx, &of.reading, window)?;
            let mut found = finish_page(tx, &of.reading, rows, window)?;
            if !of.is_topic
                && let Some(row) = messages::find(tx, of.reading.box_id, of.reading.peer, of.root)?
            {
                let root = views::one_message(tx, row)?;
                found.total = root.replies.map_or(0, |sum| sum.replies);
            }
            Ok(found)
        })
        .await
    }

    /// Returns the message that begins the thread of a message, without joining the group (G-254).
    pub async fn thread_beginning(&self, actor: Actor, peer: PeerRef, id: MsgId) -> Result<Beginning, Error> {
        self.read(actor.user_id, move |tx| {
            let of = find(tx, actor.user_id, peer, id)?;
            let row = messages::find(tx, of.reading.box_id, of.reading.peer, of.root)?;
            let row = row.ok_or_else(|| Error::bad(errors::MSG_ID_INVALID))?;
            let message = views::one_message(tx, row)?;
            let read = position(tx, actor.user_id, of.reading.peer, of.root)?;
            let unread = unread(tx, &of, read.inbox)?;
            let max_id = message.replies.as_ref().and_then(|sum| sum.max_id).map(MsgId);
            let mut mentioned = zaun_schema::visit::Mentioned::default();
            message.mentions(&mut mentioned);
            let scene = Scene::for_viewer(tx, actor.user_id, &mentioned)?;
            Ok(Beginning { message, max_id, read, unread, scene })
        })
        .await
    }

    /// Marks a thread or topic as read up to a message, and tells the authors (G-256).
    pub async fn read_thread(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        max_id: MsgId,
    ) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let of = find(changes.tx, actor.user_id, peer, id)?;
            read(changes, &of, max_id)
        };
        self.change(actor, work).await.map(drop)
    }
}

fn read(changes: &mut Changes<'_, '_>, of: &ThreadOf, max_id: MsgId) -> Result<(), Error> {
    let (user, peer) = (of.reading.viewer, of.reading.peer);
    let before = position(changes.tx, user, peer, of.root)?;
    let range = messages::Range { from: MsgId(1), to: max_id, skip: 0, limit: 1 };
    let newest = messages::newest_in_thread(changes.tx, of.reading.box_id, of.column(), range)?.pop();
    let max_id = newest.as_ref().map_or(of.root, |row| row.id);
    if max_id <= before.inbox {
        return Ok(());
    }
    threads::put_read(changes.tx, user, (peer, of.root), ThreadRead { inbox: max_id, ..before })?;
    readers::note(changes, user, (peer, of.root), max_id)?;
    let Peer::Channel(channel) = peer else { return Ok(()) };
    let post = comments::post_of(changes.tx, channel, of.root)?;
    let update = types::UpdateReadChannelDiscussionInbox {
        channel_id: channel.0,
        top_msg_id: of.root.0,
        read_max_id: max_id.0,
        broadcast_id: post.map(|(id, _)| id.0),
        broadcast_post: post.map(|(_, id)| id.0),
    };
    changes.hint_user(user, update.into());
    tell_author(changes, of, max_id)
}

/// Tells the author of what was read last in a thread how far others have read it.
fn tell_author(changes: &mut Changes<'_, '_>, of: &ThreadOf, max_id: MsgId) -> Result<(), Error> {
    let place = (of.reading.box_id, of.column());
    let newest = messages::highest_incoming_in_thread(changes.tx, place, of.reading.viewer, max_id)?;
    let author = newest.map(|row| row.author);
    let (Some(Peer::User(author)), Peer::Channel(channel)) = (author, of.reading.peer) else { return Ok(()) };
    let before = position(changes.tx, author, of.reading.peer, of.root)?;
    if before.outbox >= max_id {
        return Ok(());
    }
    let after = ThreadRead { outbox: max_id, ..before };
    threads::put_read(changes.tx, author, (of.reading.peer, of.root), after)?;
    let update = types::UpdateReadChannelDiscussionOutbox {
        channel_id: channel.0,
        top_msg_id: of.root.0,
        read_max_id: max_id.0,
    };
    changes.hint_user(author, update.into());
    Ok(())
}

/// How far a user has read several topics of a forum.
pub(super) fn positions(
    tx: &Tx<'_>,
    user: UserId,
    box_id: BoxId,
    topics: &[MsgId],
) -> Result<HashMap<MsgId, ThreadRead>, Error> {
    let BoxId::Channel(channel) = box_id else { return Ok(HashMap::new()) };
    let peer = Peer::Channel(channel);
    let dialog = dialogs::find(tx, user, peer)?;
    let whole = dialog.map_or((MsgId(0), MsgId(0)), |dialog| (dialog.read_inbox, dialog.read_outbox));
    let found: HashMap<_, _> = threads::reads(tx, user, peer, topics)?.into_iter().collect();
    let read = |id: &MsgId| {
        let own = found.get(id).copied().unwrap_or_default();
        (*id, ThreadRead { inbox: own.inbox.max(whole.0), outbox: own.outbox.max(whole.1) })
    };
    Ok(topics.iter().map(read).collect())
}
