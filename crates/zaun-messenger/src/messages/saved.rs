//! Saved Messages as a list of the conversations that its messages were saved from (G-414 … G-416).

use std::collections::BTreeMap;

use zaun_model::{BoxId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::types;
use zaun_schema::visit::Mentioned;
use zaun_store::Tx;
use zaun_store::repo::messages::{self, MessageRow, Range};
use zaun_store::repo::saved::{self, SavedRow};

use super::content::{Body, Content};
use super::delete::{self, Affected};
use super::history::{self, Window};
use crate::limits::{DELETE_BATCH, IDS_PER_CALL, PAGE, PINNED_SAVED_DIALOGS};
use crate::peers::{mention, peer_from_tl, peer_to_tl};
use crate::rights::Reading;
use crate::views::{self, Message, MessagePage, Scene};
use crate::{Actor, Changes, Error, Messenger, errors};

/// Stands for all authors who do not want to be found by their forwards.
pub const HIDDEN_AUTHOR: UserId = UserId(2_666_000);

/// A part of the list.
#[derive(Debug, Clone)]
pub struct SavedPage {
    /// The conversations, each with its newest message.
    pub lines: Vec<(SavedRow, Message)>,
    /// How many there are altogether.
    pub total: i32,
    /// Everybody that they mention.
    pub scene: Scene,
}

/// What a history is emptied of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Emptied {
    /// Up to this message; 0 for all.
    pub max_id: MsgId,
    /// Not before this date.
    pub min_date: Option<UnixTime>,
    /// Not after this date.
    pub max_date: Option<UnixTime>,
}

/// The conversation that a message belongs to in its author's Saved Messages: where it was saved from, or the author's
/// own if it is a note.
pub(crate) fn origin(content: &Content, owner: UserId) -> Peer {
    let Some(header) = &content.message.fwd_from else { return Peer::User(owner) };
    if header.from_id.is_none() {
        return Peer::User(HIDDEN_AUTHOR);
    }
    let from = header.saved_from_peer.as_ref().or(header.from_id.as_ref());
    from.map_or(Peer::User(owner), peer_from_tl)
}

/// The conversation of Saved Messages that a message of a box belongs to, if it is one of those.
pub(crate) fn place_of(row: &MessageRow, body: &Body) -> Option<Peer> {
    let owner = row.box_id.user().filter(|owner| Peer::User(*owner) == row.peer)?;
    Some(place_in(owner, body))
}

/// The conversation of somebody's Saved Messages that a message in there belongs to.
pub(crate) fn place_in(owner: UserId, body: &Body) -> Peer {
    let named = match body {
        Body::Written(content) => content.message.saved_peer_id.as_ref(),
        Body::Service(service) => service.saved_peer_id.as_ref(),
    };
    named.map_or(Peer::User(owner), peer_from_tl)
}

/// Notes a message that arrived, if it is in Saved Messages.
pub(crate) fn add(tx: &Tx<'_>, message: &Message) -> Result<(), Error> {
    let row = &message.row;
    match (place_of(row, &message.body), row.box_id) {
        (Some(peer), BoxId::User(user)) => Ok(saved::on_message(tx, user, peer, (row.id, row.date))?),
        _ => Ok(()),
    }
}

/// Forgets messages of Saved Messages that are gone, and the conversations that are empty without them.
pub(crate) fn forget(tx: &Tx<'_>, user: UserId, rows: &[&MessageRow]) -> Result<(), Error> {
    let ids: Vec<MsgId> = rows.iter().map(|row| row.id).collect();
    let mut gone: BTreeMap<Peer, i32> = BTreeMap::new();
    for (peer, id) in saved::places(tx, user, &ids)? {
        saved::remove(tx, user, peer, id)?;
        *gone.entry(peer).or_default() += 1;
    }
    let peers: Vec<Peer> = gone.keys().copied().collect();
    for row in saved::find_many(tx, user, &peers)? {
        let range = Range { from: MsgId(1), to: MsgId::MAX, skip: 0, limit: 1 };
        let Some(newest) = saved::newest(tx, user, row.peer, range)?.pop() else {
            saved::delete(tx, &row)?;
            continue;
        };
        let left = row.messages - gone.get(&row.peer).copied().unwrap_or(0);
        let row = SavedRow { top_id: newest.id, top_date: newest.date, messages: left.max(1), ..row };
        saved::save(tx, &row)?;
    }
    Ok(())
}

/// Keeps those of some messages of a user's Saved Messages that belong to one conversation.
pub(crate) fn retain(
    tx: &Tx<'_>,
    user: UserId,
    peer: Peer,
    mut rows: Vec<MessageRow>,
) -> Result<Vec<MessageRow>, Error> {
    let ids: Vec<MsgId> = rows.iter().map(|row| row.id).collect();
    let places: BTreeMap<MsgId, Peer> =
        saved::places(tx, user, &ids)?.into_iter().map(|(peer, id)| (id, peer)).collect();
    rows.retain(|row| places.get(&row.id) == Some(&peer));
    Ok(rows)
}

/// Loads what the list shows of some conversations.
fn lines(tx: &Tx<'_>, user: UserId, rows: Vec<SavedRow>, total: i32) -> Result<SavedPage, Error> {
    let own = Peer::User(user);
    let ids: Vec<MsgId> = rows.iter().map(|row| row.top_id).collect();
    let tops = messages::find_many(tx, BoxId::User(user), own, &ids)?;
    let mut tops: BTreeMap<MsgId, Message> =
        views::messages(tx, tops)?.into_iter().map(|message| (message.id(), message)).collect();
    let mut mentioned = Mentioned::default();
    let line = |row: SavedRow| {
        let top = tops.remove(&row.top_id)?;
        mention(&mut mentioned, row.peer);
        top.mentions(&mut mentioned);
        Some((row, top))
    };
    let lines = rows.into_iter().filter_map(line).collect();
    Ok(SavedPage { lines, total, scene: Scene::for_viewer(tx, user, &mentioned)? })
}

/// Gives the pinned conversations their places, in the order given.
fn put_order(tx: &Tx<'_>, rows: Vec<SavedRow>) -> Result<(), Error> {
    for (place, row) in (0..).zip(rows) {
        saved::save(tx, &SavedRow { pinned_order: Some(place), ..row })?;
    }
    Ok(())
}

impl Messenger {
    /// Returns a page of the list, newest first: what comes after a message, with the pinned ones on the first page
    /// unless they are left out.
    pub async fn saved_dialogs(
        &self,
        actor: Actor,
        (offset_date, offset_id): (UnixTime, MsgId),
        exclude_pinned: bool,
        limit: i32,
    ) -> Result<SavedPage, Error> {
        let limit = i64::from(limit).clamp(1, PAGE);
        self.read(actor.user_id, move |tx| {
            let user = actor.user_id;
            let below = match (offset_id.0, offset_date.0) {
                (id, _) if id > 0 => offset_id,
                (_, date) if date > 0 => {
                    let (own, top) = (Peer::User(user), MsgId::MAX);
                    messages::last_before(tx, BoxId::User(user), own, top, offset_date)?.next()
                }
                _ => MsgId::MAX,
            };
            let pinned = saved::pinned(tx, user)?;
            let mut total = saved::count(tx, user)?;
            let mut rows = Vec::new();
            if exclude_pinned {
                total -= i32::try_from(pinned.len()).unwrap_or(0);
            } else if below == MsgId::MAX {
                rows = pinned;
            }
            rows.extend(saved::page(tx, user, below, limit)?);
            rows.truncate(usize::try_from(limit).unwrap_or(1));
            lines(tx, user, rows, total)
        })
        .await
    }

    /// Returns the pinned conversations, in their order.
    pub async fn pinned_saved_dialogs(&self, actor: Actor) -> Result<SavedPage, Error> {
        self.read(actor.user_id, move |tx| {
            let rows = saved::pinned(tx, actor.user_id)?;
            let total = i32::try_from(rows.len()).unwrap_or(i32::MAX);
            lines(tx, actor.user_id, rows, total)
        })
        .await
    }

    /// Returns conversations by name; those that hold nothing are left out.
    pub async fn saved_dialogs_by_id(&self, actor: Actor, peers: Vec<Peer>) -> Result<SavedPage, Error> {
        if peers.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        self.read(actor.user_id, move |tx| {
            let rows = saved::find_many(tx, actor.user_id, &peers)?;
            let total = i32::try_from(rows.len()).unwrap_or(i32::MAX);
            lines(tx, actor.user_id, rows, total)
        })
        .await
    }

    /// Returns a page of the messages that were saved from one conversation.
    pub async fn saved_history(
        &self,
        actor: Actor,
        peer: Peer,
        window: Window,
    ) -> Result<MessagePage, Error> {
        self.read(actor.user_id, move |tx| {
            let reading = Reading::whole(actor.user_id, Peer::User(actor.user_id));
            let window = Window { saved: Some(peer), ..window };
            let rows = history::page(tx, &reading, window)?;
            history::finish_page(tx, &reading, rows, window)
        })
        .await
    }

    /// Pins or unpins a conversation.
    pub async fn pin_saved_dialog(&self, actor: Actor, peer: Peer, pinned: bool) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = actor.user_id;
            let row = saved::find_many(changes.tx, user, &[peer])?.pop();
            let row = row.ok_or_else(|| Error::bad(errors::PEER_ID_INVALID))?;
            if row.pinned_order.is_some() == pinned {
                return Ok(());
            }
            let others = saved::pinned(changes.tx, user)?;
            if pinned && others.len() >= PINNED_SAVED_DIALOGS {
                return Err(Error::bad(errors::PINNED_TOO_MUCH));
            }
            // The newest pin goes to the top, so its place is below the lowest.
            let lowest = others.iter().filter_map(|other| other.pinned_order).min();
            let pinned_order = pinned.then(|| lowest.map_or(0, |lowest| lowest - 1));
            saved::save(changes.tx, &SavedRow { pinned_order, ..row })?;
            let peer = types::DialogPeer { peer: peer_to_tl(peer) }.into();
            changes.hint_user(user, types::UpdateSavedDialogPinned { pinned, peer }.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Puts the pinned conversations in an order; with `force` no others stay pinned.
    pub async fn reorder_saved_dialogs(
        &self,
        actor: Actor,
        order: Vec<Peer>,
        force: bool,
    ) -> Result<(), Error> {
        if order.len() > PINNED_SAVED_DIALOGS {
            return Err(Error::bad(errors::PINNED_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = actor.user_id;
            let mut named = saved::find_many(changes.tx, user, &order)?;
            named.sort_by_key(|row| order.iter().position(|peer| *peer == row.peer));
            let (mut rest, _): (Vec<_>, Vec<_>) =
                saved::pinned(changes.tx, user)?.into_iter().partition(|row| !order.contains(&row.peer));
            if force {
                for row in rest.drain(..) {
                    saved::save(changes.tx, &SavedRow { pinned_order: None, ..row })?;
                }
            } else {
                named.retain(|row| row.pinned_order.is_some());
            }
            named.extend(rest);
            put_order(changes.tx, named)?;
            let order = saved::pinned(changes.tx, user)?.into_iter();
            let order = order.map(|row| types::DialogPeer { peer: peer_to_tl(row.peer) }.into()).collect();
            changes.hint_user(user, types::UpdatePinnedSavedDialogs { order: Some(order) }.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Deletes what was saved from one conversation, newest first, a batch at a time.
    pub async fn delete_saved_history(
        &self,
        actor: Actor,
        peer: Peer,
        what: Emptied,
    ) -> Result<Affected, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let (user, box_id) = (actor.user_id, BoxId::User(actor.user_id));
            let before = |date: UnixTime| {
                messages::last_before(changes.tx, box_id, Peer::User(user), MsgId::MAX, date)
            };
            let from = what.min_date.map(before).transpose()?.map_or(MsgId(1), MsgId::next);
            let last = what.max_date.map(|date| before(date + 1)).transpose()?.unwrap_or(MsgId::MAX);
            let to = if what.max_id.0 > 0 { last.min(what.max_id) } else { last };
            let range = Range { from, to, skip: 0, limit: DELETE_BATCH + 1 };
            let mut rows = saved::newest(changes.tx, user, peer, range)?;
            let more = rows.len() > usize::try_from(DELETE_BATCH).unwrap_or(usize::MAX);
            if more {
                rows.pop();
            }
            let lowest = rows.last().map_or(0, |row| row.id.0);
            let affected = delete::remove(changes, box_id, rows, false)?;
            Ok(Affected { offset: if more { lowest } else { 0 }, ..affected })
        };
        Ok(self.change(actor, work).await?.value)
    }
}
