//! Lists of conversations: pages, pins, marks, drafts.

use std::collections::BTreeMap;

use zaun_model::{BoxId, MsgId, Peer, UnixTime, UserId};
use zaun_schema::api::types::DraftMessage;
use zaun_schema::api::{enums, types};
use zaun_schema::visit::{Mentioned, Mentions};
use zaun_store::Tx;
use zaun_store::repo::boxes::{self, BoxRow};
use zaun_store::repo::dialogs::{self, DialogRow, Spot};

use crate::limits::{
    CHANNELS_PER_USER, DRAFTS_PER_ANSWER, ENTITIES, IDS_PER_CALL, MESSAGE_LENGTH, PAGE, PINNED_DIALOGS,
};
use crate::messages::entities::settle_marked;
use crate::peers::{PeerRef, mention, peer_to_tl};
use crate::rights;
use crate::threads;
use crate::updates::{State, state};
use crate::views::{self, DialogLines, Scene};
use crate::{Actor, Changes, Error, Messenger, errors, stored};

/// A page of the list.
#[derive(Debug, Clone)]
pub struct DialogPage {
    /// The conversations.
    pub page: DialogLines,
    /// How many there are altogether.
    pub total: i32,
}

/// Where a page begins: after this conversation.
#[derive(Debug, Clone, Copy, Default)]
pub struct Offset {
    /// Date of its newest message; 0 for the first page.
    pub date: UnixTime,
    /// Id of its newest message.
    pub id: MsgId,
    /// The conversation.
    pub peer: Option<Peer>,
}

/// All drafts of a user.
#[derive(Debug, Clone, Default)]
pub struct Drafts {
    /// Conversation, topic, and draft.
    pub drafts: Vec<(Spot, DraftMessage)>,
    /// Everybody that the drafts mention.
    pub scene: Scene,
}

impl Messenger {
    /// Returns a page of the list, newest first; pinned ones come first on the first page unless left out.
    pub async fn dialogs(
        &self,
        actor: Actor,
        folder_id: i32,
        offset: Offset,
        exclude_pinned: bool,
        limit: i32,
    ) -> Result<DialogPage, Error> {
        let limit = i64::from(limit).clamp(1, PAGE);
        self.read(actor.user_id, move |tx| {
            let user = actor.user_id;
            let list = List::load(tx, user, folder_id, offset, limit)?;
            let total = list.total;
            let first_page = offset.date.0 == 0 && offset.id.0 == 0;
            let mut rows = if first_page && !exclude_pinned { list.pinned } else { Vec::new() };
            rows.extend(list.others);
            rows.truncate(usize::try_from(limit).unwrap_or(1));
            Ok(DialogPage { page: views::lines(tx, user, rows, &list.boxes)?, total })
        })
        .await
    }

    /// Returns the pinned conversations, in their order.
    pub async fn pinned_dialogs(&self, actor: Actor, folder_id: i32) -> Result<(DialogLines, State), Error> {
        let now = self.now();
        self.read(actor.user_id, move |tx| {
            let rows = dialogs::pinned(tx, actor.user_id, folder_id)?;
            let boxes = channel_boxes(tx, &rows)?;
            let lines = views::lines(tx, actor.user_id, rows, &boxes)?;
            Ok((lines, state(tx, actor.user_id, now)?))
        })
        .await
    }

    /// Returns conversations by name, whether they hold messages or not.
    pub async fn peer_dialogs(
        &self,
        actor: Actor,
        peers: Vec<PeerRef>,
    ) -> Result<(DialogLines, State), Error> {
        if peers.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        let now = self.now();
        self.read(actor.user_id, move |tx| {
            let user = actor.user_id;
            let peers: Result<Vec<Peer>, Error> =
                peers.iter().map(|peer| Ok(rights::reading(tx, user, *peer)?.peer)).collect();
            let peers = peers?;
            let mut found: BTreeMap<Peer, DialogRow> =
                dialogs::find_many(tx, user, &peers)?.into_iter().map(|row| (row.peer, row)).collect();
            let row = |peer: &Peer| found.remove(peer).unwrap_or_else(|| DialogRow::empty(user, *peer));
            let rows: Vec<DialogRow> = peers.iter().map(row).collect();
            let boxes = channel_boxes(tx, &rows)?;
            Ok((views::lines(tx, user, rows, &boxes)?, state(tx, user, now)?))
        })
        .await
    }

    /// Pins or unpins a conversation.
    pub async fn pin_dialog(&self, actor: Actor, peer: PeerRef, pinned: bool) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = actor.user_id;
            let peer = rights::reading(changes.tx, user, peer)?.peer;
            dialogs::ensure(changes.tx, user, peer)?;
            let Some(mut row) = dialogs::find(changes.tx, user, peer)? else { return Ok(()) };
            if row.pinned_order.is_some() == pinned {
                return Ok(());
            }
            let others = dialogs::pinned(changes.tx, user, row.folder_id)?;
            if pinned && others.len() >= PINNED_DIALOGS {
                return Err(Error::bad(errors::PINNED_DIALOGS_TOO_MUCH));
            }
            // The newest pin goes to the top, so its place is below the lowest.
            let lowest = others.iter().filter_map(|other| other.pinned_order).min();
            row.pinned_order = pinned.then(|| lowest.map_or(0, |lowest| lowest - 1));
            dialogs::save(changes.tx, &row)?;
            let peer = types::DialogPeer { peer: peer_to_tl(peer) }.into();
            changes.hint_user(user, types::UpdateDialogPinned { pinned, folder_id: None, peer }.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Puts the pinned conversations of a folder in an order; those that are not named follow, or with `force` lose their
    /// pins, while new ones get one.
    pub async fn reorder_pinned_dialogs(
        &self,
        actor: Actor,
        folder_id: i32,
        order: Vec<PeerRef>,
        force: bool,
    ) -> Result<(), Error> {
        if order.len() > PINNED_DIALOGS {
            return Err(Error::bad(errors::PINNED_DIALOGS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = actor.user_id;
            let before = dialogs::pinned(changes.tx, user, folder_id)?;
            let mut wanted: Vec<DialogRow> = Vec::new();
            for peer in &order {
                let peer = rights::reading(changes.tx, user, *peer)?.peer;
                let row = dialogs::find(changes.tx, user, peer)?.filter(|row| row.folder_id == folder_id);
                let row = row.filter(|row| force || row.pinned_order.is_some());
                wanted.extend(row.filter(|row| wanted.iter().all(|other| other.peer != row.peer)));
            }
            let named = wanted.len();
            let mut rest = before.clone();
            rest.retain(|row| wanted.iter().all(|kept| kept.peer != row.peer));
            wanted.extend(rest);
            let is_kept = |place: usize| place < named || !force;
            let kept =
                wanted.iter().enumerate().filter(|(place, _)| is_kept(*place)).map(|(_, row)| row.peer);
            let kept: Vec<Peer> = kept.collect();
            if before.iter().map(|row| row.peer).eq(kept.iter().copied()) {
                return Ok(());
            }
            for (place, row) in wanted.iter().enumerate() {
                let pinned_order = is_kept(place).then(|| i64::try_from(place).unwrap_or(i64::MAX));
                dialogs::save(changes.tx, &DialogRow { pinned_order, ..row.clone() })?;
            }
            let order =
                kept.iter().map(|peer| types::DialogPeer { peer: peer_to_tl(*peer) }.into()).collect();
            let folder_id = Some(folder_id).filter(|id| *id != 0);
            changes.hint_user(user, types::UpdatePinnedDialogs { folder_id, order: Some(order) }.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Marks a conversation as unread, or takes the mark away.
    pub async fn mark_dialog(&self, actor: Actor, peer: PeerRef, unread: bool) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = rights::reading(changes.tx, actor.user_id, peer)?.peer;
            let Some(row) = dialogs::find(changes.tx, actor.user_id, peer)? else { return Ok(()) };
            if row.unread_mark == unread {
                return Ok(());
            }
            dialogs::save(changes.tx, &DialogRow { unread_mark: unread, ..row })?;
            let peer = types::DialogPeer { peer: peer_to_tl(peer) }.into();
            let update = types::UpdateDialogUnreadMark { unread, peer, saved_peer_id: None };
            changes.hint_user(actor.user_id, update.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Keeps a draft in a conversation, or in a topic of it, or removes it.
    pub async fn save_draft(
        &self,
        actor: Actor,
        peer: PeerRef,
        topic: MsgId,
        mut draft: Option<DraftMessage>,
    ) -> Result<(), Error> {
        if let Some(draft) = &mut draft {
            // A draft may end in the blank that comes before its next word, so only its length and entities are
            // settled.
            if draft.message.chars().count() > MESSAGE_LENGTH {
                return Err(Error::bad(errors::MESSAGE_TOO_LONG));
            }
            if draft.entities.as_ref().is_some_and(|entities| entities.len() > ENTITIES) {
                return Err(Error::bad(errors::ENTITIES_TOO_LONG));
            }
            draft.entities = settle_marked(&draft.message, draft.entities.take())?;
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let spot = threads::topics::spot(changes.tx, actor.user_id, peer, topic)?;
            let Some(draft) = draft.clone() else {
                return remove_draft(changes, actor.user_id, spot);
            };
            let draft = DraftMessage { date: changes.now.to_tl(), ..draft };
            dialogs::put_draft(changes.tx, actor.user_id, spot, &stored::encode(&draft)?)?;
            tell_draft(changes, actor.user_id, spot, draft.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Returns all drafts.
    pub async fn drafts(&self, actor: Actor) -> Result<Drafts, Error> {
        self.read(actor.user_id, move |tx| {
            let (mut drafts, mut mentioned) = (Vec::new(), Mentioned::default());
            let mut left = crate::limits::ANSWER_BYTES;
            for (spot, body) in dialogs::drafts(tx, actor.user_id, DRAFTS_PER_ANSWER)? {
                let Some(rest) = left.checked_sub(body.len()) else { break };
                left = rest;
                let draft: DraftMessage = stored::decode(body)?;
                mention(&mut mentioned, spot.0);
                draft.mentions(&mut mentioned);
                drafts.push((spot, draft));
            }
            Ok(Drafts { drafts, scene: Scene::for_viewer(tx, actor.user_id, &mentioned)? })
        })
        .await
    }

    /// Removes all drafts.
    pub async fn clear_drafts(&self, actor: Actor) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            for (spot, _) in dialogs::drafts(changes.tx, actor.user_id, DRAFTS_PER_ANSWER)? {
                remove_draft(changes, actor.user_id, spot)?;
            }
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }
}

/// Removes a draft inside a change, if there is one, and tells the other devices.
pub(crate) fn remove_draft(changes: &mut Changes<'_, '_>, user: UserId, spot: Spot) -> Result<(), Error> {
    if dialogs::delete_draft(changes.tx, user, spot)? {
        let empty = types::DraftMessageEmpty { date: Some(changes.now.to_tl()) };
        tell_draft(changes, user, spot, empty.into());
    }
    Ok(())
}

fn tell_draft(changes: &mut Changes<'_, '_>, user: UserId, (peer, topic): Spot, draft: enums::DraftMessage) {
    let (peer, top_msg_id) = (peer_to_tl(peer), (topic.0 > 0).then_some(topic.0));
    let update = types::UpdateDraftMessage { peer, top_msg_id, saved_peer_id: None, draft };
    changes.hint_user(user, update.into());
}

/// A part of a user's list.
struct List {
    pinned: Vec<DialogRow>,
    /// Not pinned and after the offset, newest first.
    others: Vec<DialogRow>,
    boxes: BTreeMap<BoxId, BoxRow>,
    total: i32,
}

impl List {
    fn load(tx: &Tx<'_>, user: UserId, folder_id: i32, offset: Offset, limit: i64) -> Result<List, Error> {
        let place = match (offset.date.0, offset.id.0) {
            (0, 0) => (UnixTime(i64::MAX), MsgId::MAX),
            _ => (offset.date, offset.id),
        };
        let channels = i64::try_from(CHANNELS_PER_USER).unwrap_or(i64::MAX);
        let (mut pinned, mut others) = (dialogs::pinned(tx, user, folder_id)?, Vec::new());
        let in_channels = dialogs::channels(tx, user, channels)?;
        let boxes = channel_boxes(tx, &in_channels)?;
        pinned.iter_mut().for_each(|row| take_top(row, &boxes));
        let mut total = dialogs::count(tx, user, folder_id)?;
        for mut row in in_channels {
            take_top(&mut row, &boxes);
            if row.folder_id != folder_id || row.top_id.0 == 0 {
                continue;
            }
            total += 1;
            let peer = offset.peer.map_or(i64::MIN, Peer::marked);
            let after = (row.top_date, row.top_id, row.peer.marked()) < (place.0, place.1, peer);
            if row.pinned_order.is_none() && after {
                others.push(row);
            }
        }
        others.extend(dialogs::page(tx, user, folder_id, place, limit)?);
        others.sort_by_key(|row| std::cmp::Reverse((row.top_date, row.top_id, row.peer.marked())));
        Ok(List { pinned, others, boxes, total })
    }
}

/// The newest message of a channel is that of its box.
fn take_top(row: &mut DialogRow, boxes: &BTreeMap<BoxId, BoxRow>) {
    if let Some(counters) = row.peer.channel().and_then(|id| boxes.get(&BoxId::Channel(id))) {
        (row.top_id, row.top_date) = (counters.top_id, counters.top_date);
    }
}

/// The counters of the channels among some conversations.
fn channel_boxes(tx: &Tx<'_>, rows: &[DialogRow]) -> Result<BTreeMap<BoxId, BoxRow>, Error> {
    let ids: Vec<BoxId> = rows.iter().filter_map(|row| row.peer.channel()).map(BoxId::Channel).collect();
    Ok(boxes::find_many(tx, &ids)?.into_iter().map(|row| (row.box_id, row)).collect())
}
