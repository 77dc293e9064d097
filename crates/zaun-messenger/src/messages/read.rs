//! Read receipts.

use std::collections::{BTreeMap, BTreeSet};

use zaun_model::{BoxId, ChannelId, MsgId, Peer, UserId};
use zaun_schema::api::types;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::dialogs::{self, DialogRow, MAX_COUNTED_UNREAD};
use zaun_store::repo::messages::{self, MessageRow};

use super::delete::Affected;
use super::{mentions, readers};
use crate::limits::IDS_PER_CALL;
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::{self, Reading};
use crate::{Actor, Changes, Error, Messenger, errors};

impl Messenger {
    /// Marks everything up to `max_id` as read (0 means all), and tells the author.
    pub async fn read_history(&self, actor: Actor, peer: PeerRef, max_id: MsgId) -> Result<Affected, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            let max_id = if max_id.0 > 0 { max_id } else { MsgId::MAX };
            match reading.peer {
                Peer::Channel(id) => {
                    read_channel(changes, &reading, id, max_id)?;
                    Ok(Affected::nothing(changes.pts(BoxId::User(actor.user_id))?))
                }
                _ => read_in_own_box(changes, &reading, max_id),
            }
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Marks the contents of messages (voice, round video) as listened to, for everybody who sees them. Only what was
    /// not listened to before changes anything.
    pub async fn read_contents(&self, actor: Actor, ids: Vec<MsgId>) -> Result<Affected, Error> {
        if ids.len() > IDS_PER_CALL {
            return Err(Error::bad(errors::MESSAGE_IDS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let ids: BTreeSet<MsgId> = ids.iter().copied().collect();
            let ids: Vec<MsgId> = ids.into_iter().collect();
            let mut rows = messages::find_in_box(changes.tx, actor.user_id, &ids)?;
            let own = Peer::User(actor.user_id);
            see_by_conversation(changes, actor.user_id, &rows)?;
            rows.retain(|row| row.media_unread && row.author != own);
            let ids: Vec<_> = rows.iter().map(|row| row.content_id).collect();
            let contents = contents::find_many(changes.tx, &ids)?;
            let copies: Vec<_> = contents.iter().flat_map(ContentRow::copies).collect();
            let mut by_box: BTreeMap<BoxId, Vec<MessageRow>> = BTreeMap::new();
            for row in messages::find_copies(changes.tx, &copies)? {
                // In a group, others have still to listen for themselves.
                let concerned = row.box_id == BoxId::User(actor.user_id)
                    || matches!(row.peer, Peer::User(_))
                    || Some(row.author) == row.box_id.user().map(Peer::User);
                if row.media_unread && concerned {
                    by_box.entry(row.box_id).or_default().push(row);
                }
            }
            let own = BoxId::User(actor.user_id);
            let mut affected = Affected::nothing(changes.pts(own)?);
            for (box_id, rows) in by_box {
                let pts_count = contents_read(changes, box_id, &rows)?;
                if box_id == own {
                    affected = Affected { pts: changes.pts(own)?, pts_count, offset: 0 };
                }
            }
            Ok(affected)
        };
        Ok(self.change(actor, work).await?.value)
    }
}

/// What waited for attention at these messages was seen.
fn see_by_conversation(
    changes: &mut Changes<'_, '_>,
    viewer: UserId,
    rows: &[MessageRow],
) -> Result<(), Error> {
    let mut by_peer: BTreeMap<Peer, Vec<MessageRow>> = BTreeMap::new();
    for row in rows {
        by_peer.entry(row.peer).or_default().push(row.clone());
    }
    for (peer, rows) in by_peer {
        mentions::see(changes, &Reading::whole(viewer, peer), &rows)?;
    }
    Ok(())
}

fn contents_read(changes: &mut Changes<'_, '_>, box_id: BoxId, rows: &[MessageRow]) -> Result<i32, Error> {
    for row in rows {
        messages::set_media_read(changes.tx, row)?;
    }
    let ids: Vec<i32> = rows.iter().map(|row| row.id.0).collect();
    let pts_count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
    changes.log_event(box_id, pts_count, |pts| {
        types::UpdateReadMessagesContents { messages: ids, pts, pts_count, date: None }.into()
    })?;
    Ok(pts_count)
}

/// Reads a private chat or a basic group, which count their unread messages in the reader's own box.
fn read_in_own_box(
    changes: &mut Changes<'_, '_>,
    reading: &Reading,
    max_id: MsgId,
) -> Result<Affected, Error> {
    let Reading { viewer, peer, box_id, .. } = *reading;
    let unchanged = Affected::nothing(changes.pts(box_id)?);
    let Some(mut dialog) = dialogs::find(changes.tx, viewer, peer)? else { return Ok(unchanged) };
    let max_id = max_id.min(dialog.top_id);
    if dialog.unread == 0 || max_id <= dialog.read_inbox {
        if dialog.unread_mark {
            dialogs::save(changes.tx, &DialogRow { unread_mark: false, ..dialog })?;
        }
        return Ok(unchanged);
    }
    let Some(newest) = messages::highest_incoming(changes.tx, box_id, peer, viewer, max_id)? else {
        return Ok(unchanged);
    };
    if newest.id <= dialog.read_inbox {
        return Ok(unchanged);
    }
    // What is unread afterwards lies above, or else all of it was read: the smaller part is counted.
    let left = if newest.id >= dialog.top_id {
        0
    } else {
        messages::count_incoming(changes.tx, box_id, peer, viewer, newest.id, i64::from(dialog.unread))?
    };
    let fewer = dialog.unread - left;
    (dialog.read_inbox, dialog.unread, dialog.unread_mark) = (newest.id, left, false);
    dialogs::save(changes.tx, &dialog)?;
    readers::note(changes, viewer, (peer, MsgId(0)), newest.id)?;
    changes.count(box_id, |counters| counters.unread = (counters.unread - fewer).max(0))?;
    let pts = changes.log_event(box_id, 1, |pts| {
        types::UpdateReadHistoryInbox {
            folder_id: None,
            peer: peer_to_tl(peer),
            top_msg_id: None,
            max_id: newest.id.0,
            still_unread_count: left,
            pts,
            pts_count: 1,
        }
        .into()
    })?;
    tell_author(changes, viewer, &newest)?;
    Ok(Affected { pts, pts_count: 1, offset: 0 })
}

/// Tells the author of the last message that was read how far it was.
fn tell_author(changes: &mut Changes<'_, '_>, reader: UserId, read: &MessageRow) -> Result<(), Error> {
    let (author, theirs) = match (read.peer, read.author) {
        (Peer::User(author), _) => (author, Peer::User(reader)),
        (group, Peer::User(author)) => (author, group),
        _ => return Ok(()),
    };
    let conversation = theirs;
    let content = contents::find_many(changes.tx, &[read.content_id])?.pop();
    let box_id = BoxId::User(author);
    let theirs = content.iter().flat_map(ContentRow::copies).find(|(copy, _)| *copy == box_id);
    let (Some((_, max_id)), Some(dialog)) = (theirs, dialogs::find(changes.tx, author, conversation)?) else {
        // The author may have deleted the conversation.
        return Ok(());
    };
    if dialog.read_outbox >= max_id {
        return Ok(());
    }
    dialogs::save(changes.tx, &DialogRow { read_outbox: max_id, ..dialog })?;
    let peer = peer_to_tl(conversation);
    changes.log_event(box_id, 1, |pts| {
        types::UpdateReadHistoryOutbox { peer, max_id: max_id.0, pts, pts_count: 1 }.into()
    })?;
    Ok(())
}

/// Reads a channel: its members keep only how far they have read, and the reader's devices are told.
pub(crate) fn read_channel(
    changes: &mut Changes<'_, '_>,
    reading: &Reading,
    channel: ChannelId,
    max_id: MsgId,
) -> Result<(), Error> {
    let Reading { viewer, peer, box_id, .. } = *reading;
    let Some(mut dialog) = dialogs::find(changes.tx, viewer, peer)? else { return Ok(()) };
    let counters = changes.counters(box_id)?.clone();
    let max_id = max_id.min(counters.top_id);
    if max_id <= dialog.read_inbox {
        if dialog.unread_mark {
            dialogs::save(changes.tx, &DialogRow { unread_mark: false, ..dialog })?;
        }
        return Ok(());
    }
    (dialog.read_inbox, dialog.unread_mark) = (max_id, false);
    dialogs::save(changes.tx, &dialog)?;
    readers::note(changes, viewer, (peer, MsgId(0)), max_id)?;
    let limit = MAX_COUNTED_UNREAD;
    let left = messages::count_incoming(changes.tx, box_id, peer, viewer, max_id, limit)?;
    let update = types::UpdateReadChannelInbox {
        folder_id: None,
        channel_id: channel.0,
        max_id: max_id.0,
        still_unread_count: left,
        pts: counters.pts.0,
    };
    changes.hint_user(viewer, update.into());
    tell_channel_authors(changes, reading, channel, max_id)
}

/// Tells the authors of what was read last in a supergroup that somebody has seen it.
fn tell_channel_authors(
    changes: &mut Changes<'_, '_>,
    reading: &Reading,
    channel: ChannelId,
    max_id: MsgId,
) -> Result<(), Error> {
    let newest =
        messages::highest_incoming(changes.tx, reading.box_id, reading.peer, reading.viewer, max_id)?;
    let Some(Peer::User(author)) = newest.map(|row| row.author) else { return Ok(()) };
    let Some(dialog) = dialogs::find(changes.tx, author, reading.peer)? else { return Ok(()) };
    if dialog.read_outbox >= max_id {
        return Ok(());
    }
    dialogs::save(changes.tx, &DialogRow { read_outbox: max_id, ..dialog })?;
    let update = types::UpdateReadChannelOutbox { channel_id: channel.0, max_id: max_id.0 };
    changes.hint_user(author, update.into());
    Ok(())
}
