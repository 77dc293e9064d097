//! Pinned messages.

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, MsgId, Peer};
use zaun_schema::api::{enums, types};
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::messages::{self, MessageRow};

use super::content::Body;
use super::delete::Affected;
use super::saved;
use super::send;
use crate::channels;
use crate::limits::PINNED_MESSAGES;
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::{self, Reading};
use crate::threads;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

impl Messenger {
    /// Pins or unpins a message, for everybody unless `one_side`.
    pub async fn pin_message(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        pinned: bool,
        one_side: bool,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            let member = Some(BannedRights::PIN_MESSAGES);
            rights::require_over_others(changes.tx, &reading, AdminRights::PIN_MESSAGES, member)?;
            let row = messages::find(changes.tx, reading.box_id, reading.peer, id)?;
            let row = row.ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
            if row.pinned == pinned {
                return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
            }
            if let Some(id) = reading.peer.channel() {
                channels::log::pinned(changes, id, actor.user_id, &row, pinned)?;
            }
            set_pinned(changes, vec![row.clone()], pinned, one_side)?;
            let to_self = reading.peer == Peer::User(actor.user_id);
            if pinned && !one_side && !to_self { tell_pin(changes, &reading, &row) } else { Ok(()) }
        };
        self.change(actor, work).await
    }

    /// Unpins everything in a conversation, or in a topic or a conversation of Saved Messages, for everybody; a batch at a time.
    pub async fn unpin_all(
        &self,
        actor: Actor,
        peer: PeerRef,
        (thread, saved_from): (Option<MsgId>, Option<Peer>),
    ) -> Result<Affected, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let reading = rights::reading(changes.tx, actor.user_id, peer)?;
            let member = Some(BannedRights::PIN_MESSAGES);
            rights::require_over_others(changes.tx, &reading, AdminRights::PIN_MESSAGES, member)?;
            let thread = thread.map(|id| threads::find(changes.tx, actor.user_id, peer, id)).transpose()?;
            let limit = PINNED_MESSAGES + 1;
            let mut rows = messages::pinned(changes.tx, reading.box_id, reading.peer, limit)?;
            if let Some(of) = thread {
                rows = messages::pinned(changes.tx, reading.box_id, reading.peer, PINNED_IN_CHAT)?;
                rows.retain(|row| row.thread_id == of.column());
                rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            }
            if let Some(peer) = saved_from.filter(|_| reading.peer == Peer::User(actor.user_id)) {
                rows = messages::pinned(changes.tx, reading.box_id, reading.peer, PINNED_IN_CHAT)?;
                rows = saved::retain(changes.tx, actor.user_id, peer, rows)?;
                rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            }
            let more = rows.len() > usize::try_from(PINNED_MESSAGES).unwrap_or(usize::MAX);
            if more {
                rows.pop();
            }
            let pts_count = i32::try_from(rows.len()).unwrap_or(i32::MAX);
            set_pinned(changes, rows, false, false)?;
            Ok(Affected { pts: changes.pts(reading.box_id)?, pts_count, offset: i32::from(more) })
        };
        Ok(self.change(actor, work).await?.value)
    }
}

/// Pinned messages of a whole forum among which those of one topic are sought.
const PINNED_IN_CHAT: i64 = 10_000;

/// Posts the service message about a pin, for everybody in the conversation; it answers what was pinned.
fn tell_pin(changes: &mut Changes<'_, '_>, reading: &Reading, row: &MessageRow) -> Result<(), Error> {
    let content = contents::find_many(changes.tx, &[row.content_id])?.pop();
    let copies: Vec<_> = content.iter().flat_map(ContentRow::copies).collect();
    let posting = rights::announcing(changes.tx, reading.viewer, reading.peer)?;
    let answered = |box_id| copies.iter().find(|(copy, _)| *copy == box_id).map(|(_, id)| *id);
    let thread = threads::beside(changes.tx, row, posting.forum.is_some())?;
    let mut places = send::places(&posting, answered);
    places.iter_mut().for_each(|place| place.thread = thread);
    let body = Body::Service(Box::new(types::MessageService {
        action: enums::MessageAction::MessageActionPinMessage,
        post: posting.is_post,
        reply_to: Some(types::MessageReplyHeader::default().into()),
        ..types::MessageService::default()
    }));
    changes.post(reading.viewer, posting.author, &body, &places, &[]).map(drop)
}

/// Changes rows of one conversation and, unless `one_side`, their copies in other boxes.
pub(crate) fn set_pinned(
    changes: &mut Changes<'_, '_>,
    rows: Vec<MessageRow>,
    pinned: bool,
    one_side: bool,
) -> Result<(), Error> {
    let Some(first) = rows.first() else { return Ok(()) };
    let own = first.box_id;
    let mut sides = vec![rows];
    if !one_side && matches!(own, BoxId::User(_)) {
        let ids: Vec<_> = sides.iter().flatten().map(|row| row.content_id).collect();
        let contents = contents::find_many(changes.tx, &ids)?;
        let others = contents.iter().flat_map(ContentRow::copies).filter(|(copy, _)| *copy != own);
        let mut others = messages::find_copies(changes.tx, &others.collect::<Vec<_>>())?;
        others.retain(|row| row.pinned != pinned);
        others.sort_by_key(|row| (row.box_id, row.id));
        sides.extend(others.chunk_by(|a, b| a.box_id == b.box_id).map(<[MessageRow]>::to_vec));
    }
    for side in sides {
        let Some(first) = side.first() else { continue };
        for row in &side {
            messages::set_pinned(changes.tx, row, pinned)?;
        }
        let ids: Vec<i32> = side.iter().map(|row| row.id.0).collect();
        let pts_count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
        changes.log_event(first.box_id, pts_count, |pts| update(first, pinned, ids, pts, pts_count))?;
    }
    Ok(())
}

fn update(row: &MessageRow, pinned: bool, messages: Vec<i32>, pts: i32, pts_count: i32) -> enums::Update {
    match row.box_id {
        BoxId::User(_) => {
            let peer = peer_to_tl(row.peer);
            types::UpdatePinnedMessages { pinned, peer, messages, pts, pts_count }.into()
        }
        BoxId::Channel(id) => {
            types::UpdatePinnedChannelMessages { pinned, channel_id: id.0, messages, pts, pts_count }.into()
        }
    }
}
