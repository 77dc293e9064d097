//! Read receipts.

use std::collections::BTreeMap;

use zaun_schema::api::types;
use zaun_store::repo::{PeerKey, dialogs, messages, updates};

use super::change::Affected;
use crate::limits::IDS_PER_CALL;
use crate::peers::{UserRef, to_peer};
use crate::{Actor, Changes, Error, Messenger};

impl Messenger {
    /// Marks everything up to `max_id` as read (0 means all), and tells the author.
    pub async fn read_history(&self, actor: Actor, peer: UserRef, max_id: i32) -> Result<Affected, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.chat(changes.tx, actor.user_id)?;
            read(changes, actor.user_id, peer, if max_id > 0 { max_id } else { i32::MAX })
        };
        Ok(self.change(actor, work).await?.0)
    }

    /// Marks the contents of messages (voice, round video) as seen, for both sides.
    pub async fn read_contents(&self, actor: Actor, ids: Vec<i32>) -> Result<Affected, Error> {
        if ids.len() > IDS_PER_CALL {
            return Err(Error::bad("MESSAGE_IDS_TOO_MUCH"));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let (mut own, mut theirs) = (Vec::new(), BTreeMap::<i64, Vec<i32>>::new());
            for id in &ids {
                let Some(row) = messages::find(changes.tx, actor.user_id, *id)? else { continue };
                let seen_by_other = row.pair_id.filter(|_| !row.outgoing);
                if let Some(pair) = seen_by_other {
                    theirs.entry(row.peer.id).or_default().push(pair);
                }
                own.push(*id);
            }
            for (owner, ids) in theirs {
                contents_read(changes, owner, ids)?;
            }
            contents_read(changes, actor.user_id, own)
        };
        Ok(self.change(actor, work).await?.0)
    }
}

fn contents_read(changes: &mut Changes<'_, '_>, owner: i64, ids: Vec<i32>) -> Result<Affected, Error> {
    let pts_count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
    if ids.is_empty() {
        return Ok(Affected { pts: updates::pts(changes.tx, owner)?, pts_count, offset: 0 });
    }
    let pts = changes.log_event(owner, pts_count, |pts| {
        let update = types::UpdateReadMessagesContents { messages: ids, pts, pts_count, date: None };
        update.into()
    })?;
    Ok(Affected { pts, pts_count, offset: 0 })
}

fn read(changes: &mut Changes<'_, '_>, reader: i64, peer: PeerKey, max_id: i32) -> Result<Affected, Error> {
    let unchanged = |pts: i32| Affected { pts, pts_count: 0, offset: 0 };
    let dialog = dialogs::find(changes.tx, reader, peer)?;
    let newest = messages::highest(changes.tx, reader, peer, max_id, false)?;
    let (Some(dialog), Some((newest, pair))) = (dialog, newest) else {
        return Ok(unchanged(updates::pts(changes.tx, reader)?));
    };
    if newest <= dialog.read_inbox_max {
        if dialog.unread_mark {
            dialogs::set_mark(changes.tx, reader, peer, false)?;
        }
        return Ok(unchanged(updates::pts(changes.tx, reader)?));
    }
    let unread = messages::count_unread(changes.tx, reader, peer, newest)?;
    dialogs::set_read_inbox(changes.tx, reader, peer, newest, unread)?;
    let pts = changes.log_event(reader, 1, |pts| {
        types::UpdateReadHistoryInbox {
            folder_id: None,
            peer: to_peer(peer),
            top_msg_id: None,
            max_id: newest,
            still_unread_count: unread,
            pts,
            pts_count: 1,
        }
        .into()
    })?;
    if let Some(pair) = pair.filter(|_| peer != PeerKey::user(reader)) {
        tell_author(changes, reader, peer.id, pair)?;
    }
    Ok(Affected { pts, pts_count: 1, offset: 0 })
}

fn tell_author(changes: &mut Changes<'_, '_>, reader: i64, author: i64, max_id: i32) -> Result<(), Error> {
    let peer = PeerKey::user(reader);
    let dialog = dialogs::find(changes.tx, author, peer)?;
    // The author may have deleted the conversation, or somebody read further before.
    if dialog.is_none_or(|dialog| dialog.read_outbox_max >= max_id) {
        return Ok(());
    }
    dialogs::set_read_outbox(changes.tx, author, peer, max_id)?;
    changes.log_event(author, 1, |pts| {
        types::UpdateReadHistoryOutbox { peer: to_peer(peer), max_id, pts, pts_count: 1 }.into()
    })?;
    Ok(())
}
