//! Deleting.

use std::collections::{BTreeMap, BTreeSet};

use zaun_model::rights::AdminRights;
use zaun_model::{BoxId, ContentId, MsgId, Peer, Pts, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::repo::channels::MemberRow;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::marks;
use zaun_store::repo::messages::{self, MessageRow, Range};
use zaun_store::repo::{self, dialogs, payments, search};

use super::content::Body;
use super::{read, saved};
use crate::changes::{Place, Thread};
use crate::channels;
use crate::limits::{DELETE_BATCH, IDS_PER_CALL};
use crate::peers::PeerRef;
use crate::rights::{self, Membership, Reading};
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

/// pts after a change, how many events it counted for, and how much is left to do (M-362).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Affected {
    /// pts of the box.
    pub pts: Pts,
    /// Events of the box.
    pub pts_count: i32,
    /// More than 0 if the call has to be repeated.
    pub offset: i32,
}

impl Affected {
    /// Nothing happened.
    pub(crate) fn nothing(pts: Pts) -> Affected {
        Affected { pts, pts_count: 0, offset: 0 }
    }
}

impl Messenger {
    /// Deletes messages of the actor's box, and with `revoke` from everybody else's too.
    pub async fn delete_messages(
        &self,
        actor: Actor,
        ids: Vec<MsgId>,
        revoke: bool,
    ) -> Result<Affected, Error> {
        if ids.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::MESSAGE_IDS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let rows = messages::find_in_box(changes.tx, actor.user_id, &distinct(&ids))?;
            if revoke {
                require_over_groups(changes, &rows, actor.user_id)?;
            }
            remove(changes, BoxId::User(actor.user_id), rows, revoke)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Deletes messages of a channel: one's own, or with the right for it anybody's.
    pub async fn delete_channel_messages(
        &self,
        actor: Actor,
        channel: PeerRef,
        ids: Vec<MsgId>,
    ) -> Result<Affected, Error> {
        if ids.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::MESSAGE_IDS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, channel)?;
            if reading.peer.channel().is_none() {
                return Err(Error::bad(errors::CHANNEL_INVALID));
            }
            let rows = messages::find_many(changes.tx, reading.box_id, reading.peer, &distinct(&ids))?;
            if !written_by(changes, &rows, actor.user_id)? {
                let right = AdminRights::DELETE_MESSAGES;
                let allowed = rights::require_over_others(changes.tx, &reading, right, None);
                allowed.map_err(|_| Error::refused(403, errors::MESSAGE_DELETE_FORBIDDEN))?;
                if let Some(id) = reading.peer.channel() {
                    channels::log::deleted(changes, id, actor.user_id, &rows)?;
                }
            }
            remove(changes, reading.box_id, rows, false)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Deletes what somebody wrote in a supergroup, a batch at a time (G-236).
    pub async fn delete_written(
        &self,
        actor: Actor,
        channel: PeerRef,
        writer: PeerRef,
    ) -> Result<Affected, Error> {
        // What was written just now is to be found, too.
        self.index_messages().await?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, channel)?;
            let id = reading.peer.channel().ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))?;
            let membership = Membership::load(changes.tx, actor.user_id, id)?;
            let allowed = membership.require_admin(AdminRights::DELETE_MESSAGES);
            allowed.map_err(|_| Error::refused(403, errors::CHAT_ADMIN_REQUIRED))?;
            if membership.channel.broadcast {
                return Err(Error::bad(errors::CHANNEL_INVALID));
            }
            let writer = writer.resolve(changes.tx, actor.user_id)?.user();
            let writer = writer.ok_or_else(|| Error::bad(errors::PARTICIPANT_ID_INVALID))?;
            let found =
                super::search::written_by(changes.tx, reading.box_id, reading.peer, writer, DELETE_BATCH)?;
            if found.is_empty() {
                return Ok(Affected::nothing(changes.pts(reading.box_id)?));
            }
            let (more, lowest) = (is_full(&found), found.iter().map(|row| row.id.0).min());
            channels::log::deleted(changes, id, actor.user_id, &found)?;
            let affected = remove(changes, reading.box_id, found, false)?;
            Ok(Affected { offset: lowest.filter(|_| more).unwrap_or(0), ..affected })
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Takes the history of a channel up to a message out of the actor's view, or deletes it for everybody (G-235): as long
    /// as it is short, since there is no answer that says what is left.
    pub async fn delete_channel_history(
        &self,
        actor: Actor,
        channel: PeerRef,
        max_id: MsgId,
        for_everyone: bool,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, channel)?;
            let Reading { box_id, peer, .. } = reading;
            let id = peer.channel().ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))?;
            let membership = Membership::load(changes.tx, actor.user_id, id)?;
            membership.require_member()?;
            let newest = changes.counters(box_id)?.last_id;
            let to = if max_id.0 > 0 { max_id.min(newest) } else { newest };
            if for_everyone {
                let allowed = membership.require_admin(AdminRights::DELETE_MESSAGES);
                allowed.map_err(|_| Error::refused(403, errors::CHAT_ADMIN_REQUIRED))?;
                let range = Range { from: MsgId(1), to, skip: 0, limit: DELETE_BATCH };
                let rows = messages::newest(changes.tx, box_id, peer, range)?;
                if is_full(&rows) {
                    return Err(Error::bad(errors::CHANNEL_TOO_BIG));
                }
                channels::log::deleted(changes, id, actor.user_id, &rows)?;
                return remove(changes, box_id, rows, false).map(drop);
            }
            let Some(member) = membership.member.filter(|member| member.cleared_until < to) else {
                return Ok(());
            };
            repo::channels::put_member(changes.tx, &MemberRow { cleared_until: to, ..member })?;
            read::read_channel(changes, &reading, id, to)?;
            let update = types::UpdateChannelAvailableMessages { channel_id: id.0, available_min_id: to.0 };
            changes.hint_user(actor.user_id, update.into());
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Deletes a history, newest first, a batch at a time; without `just_clear` the conversation leaves the list.
    pub async fn delete_history(
        &self,
        actor: Actor,
        peer: PeerRef,
        max_id: MsgId,
        just_clear: bool,
        revoke: bool,
    ) -> Result<Affected, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            let Reading { box_id, peer, .. } = reading;
            if peer.channel().is_some() {
                return Err(Error::bad(errors::PEER_ID_INVALID));
            }
            let to = if max_id.0 > 0 { max_id } else { MsgId::MAX };
            let range = Range { from: MsgId(1), to, skip: 0, limit: DELETE_BATCH + 1 };
            let mut rows = messages::newest(changes.tx, box_id, peer, range)?;
            let more = rows.len() > usize::try_from(DELETE_BATCH).unwrap_or(usize::MAX);
            if more {
                rows.pop();
            }
            if revoke {
                require_over_groups(changes, &rows, actor.user_id)?;
            }
            let lowest = rows.last().map_or(0, |row| row.id.0);
            let affected = remove(changes, box_id, rows, revoke)?;
            if more || max_id.0 > 0 {
                return Ok(Affected { offset: if more { lowest } else { 0 }, ..affected });
            }
            if just_clear {
                return leave_mark(changes, &reading, affected);
            }
            dialogs::delete(changes.tx, actor.user_id, peer)?;
            Ok(affected)
        };
        Ok(self.change(actor, work).await?.value)
    }
}

/// Says whether rows are as many as one call deletes.
fn is_full(rows: &[MessageRow]) -> bool {
    rows.len() >= usize::try_from(DELETE_BATCH).unwrap_or(usize::MAX)
}

/// Keeps an emptied conversation in the list, by the service message that says so; only who emptied it sees that.
fn leave_mark(
    changes: &mut Changes<'_, '_>,
    reading: &Reading,
    affected: Affected,
) -> Result<Affected, Error> {
    let Reading { viewer, peer, box_id, .. } = *reading;
    if affected.pts_count == 0 {
        return Ok(affected);
    }
    let place = Place { box_id, peer, reply_to: None, unread: false, thread: Thread::None };
    let mark = Body::from(enums::MessageAction::MessageActionHistoryClear);
    changes.post(viewer, Peer::User(viewer), &mark, &[place], &[])?;
    Ok(Affected { pts: changes.pts(box_id)?, pts_count: affected.pts_count + 1, offset: 0 })
}

/// Removes what a user wrote in a basic group, for everybody and up to a batch of it (G-013).
pub(crate) fn remove_written(changes: &mut Changes<'_, '_>, peer: Peer, user: UserId) -> Result<(), Error> {
    let box_id = BoxId::User(user);
    let rows = super::search::written_by(changes.tx, box_id, peer, user, DELETE_BATCH)?;
    remove(changes, box_id, rows, true).map(drop)
}

/// Requires that the user may delete messages of basic groups for everybody: its own, or as an administrator any.
fn require_over_groups(changes: &Changes<'_, '_>, rows: &[MessageRow], user: UserId) -> Result<(), Error> {
    let foreign = rows.iter().filter(|row| row.author != Peer::User(user));
    let groups: BTreeSet<_> = foreign.filter_map(|row| row.peer.chat()).collect();
    for id in groups {
        let group = rights::Group::load(changes.tx, user, id)?;
        group.require_admin().map_err(|_| Error::refused(403, errors::MESSAGE_DELETE_FORBIDDEN))?;
    }
    Ok(())
}

fn distinct(ids: &[MsgId]) -> Vec<MsgId> {
    ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Says whether one user wrote all of these messages.
fn written_by(changes: &Changes<'_, '_>, rows: &[MessageRow], user: UserId) -> Result<bool, Error> {
    let ids: Vec<ContentId> = rows.iter().map(|row| row.content_id).collect();
    let contents = contents::find_many(changes.tx, &ids)?;
    Ok(contents.iter().all(|content| content.author == Peer::User(user)))
}

/// Removes rows of one box, and with `revoke` their copies in all others; tells everybody and mends the lists.
pub(crate) fn remove(
    changes: &mut Changes<'_, '_>,
    box_id: BoxId,
    rows: Vec<MessageRow>,
    revoke: bool,
) -> Result<Affected, Error> {
    let ids: Vec<ContentId> = rows.iter().map(|row| row.content_id).collect();
    let contents = contents::find_many(changes.tx, &ids)?;
    let mut by_box: BTreeMap<BoxId, Vec<MessageRow>> = BTreeMap::new();
    if revoke {
        let others = contents.iter().flat_map(ContentRow::copies).filter(|(copy, _)| *copy != box_id);
        for row in messages::find_copies(changes.tx, &others.collect::<Vec<_>>())? {
            by_box.entry(row.box_id).or_default().push(row);
        }
    }
    by_box.entry(box_id).or_default().extend(rows);
    changes.load_boxes(by_box.keys().copied())?;
    release_contents(changes, &contents, by_box.values().flatten())?;
    let mut affected = Affected::nothing(changes.pts(box_id)?);
    for (owner, rows) in by_box {
        let removed = remove_from_box(changes, owner, &rows)?;
        if owner == box_id {
            affected = removed;
        }
    }
    Ok(affected)
}

/// Contents that lose their last row go, with their place in the index and their use of media.
fn release_contents<'r>(
    changes: &Changes<'_, '_>,
    contents: &[ContentRow],
    rows: impl Iterator<Item = &'r MessageRow>,
) -> Result<(), Error> {
    let mut gone: BTreeMap<ContentId, i64> = BTreeMap::new();
    for row in rows {
        *gone.entry(row.content_id).or_default() += 1;
    }
    for content in contents {
        let lost = gone.get(&content.id).copied().unwrap_or(0);
        if lost < content.rows_left {
            contents::release(changes.tx, content.id, lost)?;
            continue;
        }
        crate::files::count_uses(changes.tx, &Body::decode(content)?.media_ids(), -1)?;
        search::remove(changes.tx, content.id)?;
        if content.marked || content.views > 0 {
            marks::delete_all(changes.tx, content.id)?;
        }
        if content.media_kind == super::content::kind::OTHER {
            payments::delete_invoice(changes.tx, content.id)?;
        }
        contents::delete(changes.tx, content.id)?;
    }
    Ok(())
}

/// What is gone from a user's box does not wait there any more; of a content that is gone nothing waits anywhere.
fn forget_waiting(
    changes: &Changes<'_, '_>,
    user: UserId,
    peer: Peer,
    rows: &[&MessageRow],
) -> Result<(), Error> {
    if marks::count_waiting(changes.tx, user, &[peer])?.is_empty() {
        return Ok(());
    }
    for row in rows {
        for kind in [marks::MENTION, marks::REACTION] {
            marks::attend(changes.tx, user, (peer, kind), Some(row.id))?;
        }
    }
    Ok(())
}

fn remove_from_box(
    changes: &mut Changes<'_, '_>,
    box_id: BoxId,
    rows: &[MessageRow],
) -> Result<Affected, Error> {
    if rows.is_empty() {
        return Ok(Affected::nothing(changes.pts(box_id)?));
    }
    let mut by_peer: BTreeMap<Peer, Vec<&MessageRow>> = BTreeMap::new();
    for row in rows {
        messages::delete(changes.tx, row)?;
        if row.media_kind > 0 {
            messages::count_media(changes.tx, box_id, row.peer, row.media_kind, -1)?;
        }
        by_peer.entry(row.peer).or_default().push(row);
    }
    for (peer, rows) in by_peer {
        match box_id {
            BoxId::User(user) => {
                forget_waiting(changes, user, peer, &rows)?;
                if peer == Peer::User(user) {
                    saved::forget(changes.tx, user, &rows)?;
                }
                mend_dialog(changes, user, peer, &rows)?;
            }
            BoxId::Channel(id) => {
                mend_channel(changes, box_id, peer, &rows)?;
                crate::threads::mend(changes, id, &rows)?;
            }
        }
    }
    let ids: Vec<i32> = rows.iter().map(|row| row.id.0).collect();
    let pts_count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
    let pts = changes.log_event(box_id, pts_count, |pts| deleted(box_id, ids, pts, pts_count))?;
    Ok(Affected { pts, pts_count, offset: 0 })
}

fn deleted(box_id: BoxId, messages: Vec<i32>, pts: i32, pts_count: i32) -> enums::Update {
    match box_id {
        BoxId::User(_) => types::UpdateDeleteMessages { messages, pts, pts_count }.into(),
        BoxId::Channel(id) => {
            types::UpdateDeleteChannelMessages { channel_id: id.0, messages, pts, pts_count }.into()
        }
    }
}

/// The newest message that a conversation has left, if the newest one went away.
fn new_top(
    changes: &Changes<'_, '_>,
    box_id: BoxId,
    peer: Peer,
    top: MsgId,
    gone: &[&MessageRow],
) -> Result<Option<Option<MessageRow>>, Error> {
    if !gone.iter().any(|row| row.id == top) {
        return Ok(None);
    }
    let range = Range { from: MsgId(1), to: MsgId::MAX, skip: 0, limit: 1 };
    Ok(Some(messages::newest(changes.tx, box_id, peer, range)?.pop()))
}

fn mend_dialog(
    changes: &mut Changes<'_, '_>,
    user: UserId,
    peer: Peer,
    gone: &[&MessageRow],
) -> Result<(), Error> {
    let Some(mut dialog) = dialogs::find(changes.tx, user, peer)? else { return Ok(()) };
    if let Some(newest) = new_top(changes, BoxId::User(user), peer, dialog.top_id, gone)? {
        dialog.top_id = newest.as_ref().map_or(MsgId(0), |row| row.id);
        dialog.top_date = newest.map_or(dialog.top_date, |row| row.date);
    }
    let incoming = |row: &&&MessageRow| row.author != Peer::User(user) && row.id > dialog.read_inbox;
    let unread = i32::try_from(gone.iter().filter(incoming).count()).unwrap_or(i32::MAX);
    let unread = unread.min(dialog.unread);
    dialog.unread -= unread;
    dialog.messages = (dialog.messages - i32::try_from(gone.len()).unwrap_or(i32::MAX)).max(0);
    dialogs::save(changes.tx, &dialog)?;
    changes.count(BoxId::User(user), |counters| counters.unread = (counters.unread - unread).max(0))?;
    Ok(())
}

fn mend_channel(
    changes: &mut Changes<'_, '_>,
    box_id: BoxId,
    peer: Peer,
    gone: &[&MessageRow],
) -> Result<(), Error> {
    let top = changes.counters(box_id)?.top_id;
    let newest = new_top(changes, box_id, peer, top, gone)?;
    let fewer = i32::try_from(gone.len()).unwrap_or(i32::MAX);
    changes.count(box_id, |counters| {
        counters.messages = (counters.messages - fewer).max(0);
        if let Some(newest) = newest {
            counters.top_id = newest.as_ref().map_or(MsgId(0), |row| row.id);
            counters.top_date = newest.map_or(counters.top_date, |row| row.date);
        }
    })?;
    Ok(())
}
