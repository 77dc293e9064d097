//! Pinned messages.

use zaun_schema::api::types;
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::{PeerKey, updates};

use super::change::{Affected, pair};
use crate::peers::{UserRef, to_peer};
use crate::{Actor, Changes, Error, Event, Messenger};

impl Messenger {
    /// Pins or unpins a message, for both sides unless `one_side`.
    pub async fn pin_message(
        &self,
        actor: Actor,
        peer: UserRef,
        id: i32,
        pinned: bool,
        one_side: bool,
    ) -> Result<Vec<Event>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.chat(changes.tx, actor.user_id)?;
            let row = messages::find(changes.tx, actor.user_id, id)?.filter(|row| row.peer == peer);
            let row = row.ok_or_else(|| Error::bad("MESSAGE_ID_INVALID"))?;
            if row.pinned == pinned {
                return Err(Error::bad("CHAT_NOT_MODIFIED"));
            }
            set(changes, &[row], pinned, one_side)
        };
        Ok(self.change(actor, work).await?.1)
    }

    /// The newest pinned message of a conversation.
    pub async fn newest_pinned(&self, actor: Actor, peer: PeerKey) -> Result<Option<i32>, Error> {
        self.read(move |tx| Ok(messages::pinned(tx, actor.user_id, peer)?.first().map(|row| row.id))).await
    }

    /// Unpins everything in a conversation, for both sides.
    pub async fn unpin_all(&self, actor: Actor, peer: UserRef) -> Result<Affected, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.chat(changes.tx, actor.user_id)?;
            let rows = messages::pinned(changes.tx, actor.user_id, peer)?;
            let pts_count = i32::try_from(rows.len()).unwrap_or(i32::MAX);
            if pts_count > 0 {
                set(changes, &rows, false, false)?;
            }
            Ok(Affected { pts: updates::pts(changes.tx, actor.user_id)?, pts_count, offset: 0 })
        };
        Ok(self.change(actor, work).await?.0)
    }
}

/// Changes rows of one conversation and, unless `one_side`, their pairs.
fn set(
    changes: &mut Changes<'_, '_>,
    rows: &[MessageRow],
    pinned: bool,
    one_side: bool,
) -> Result<(), Error> {
    let mut pairs = Vec::new();
    for row in rows {
        if !one_side {
            pairs.extend(pair(changes, row)?.filter(|pair| pair.pinned != pinned));
        }
    }
    for side in [rows, &pairs] {
        let Some(first) = side.first() else { continue };
        for row in side {
            messages::set_pinned(changes.tx, row.owner_id, row.id, pinned)?;
        }
        let ids: Vec<i32> = side.iter().map(|row| row.id).collect();
        let pts_count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
        let peer = to_peer(first.peer);
        changes.log_event(first.owner_id, pts_count, |pts| {
            types::UpdatePinnedMessages { pinned, peer, messages: ids, pts, pts_count }.into()
        })?;
    }
    Ok(())
}
