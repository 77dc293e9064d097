//! Editing and deleting.

use std::collections::BTreeSet;

use zaun_messenger::messages::change::{Affected, Edit};
use zaun_messenger::{Error, Event};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// Events of the caller's own box as the result of a call.
pub(crate) async fn own_updates(call: &Call, events: &[Event]) -> Result<enums::Updates, Error> {
    let mut users = BTreeSet::new();
    let updates: Result<Vec<_>, Error> =
        events.iter().map(|event| to_tl::event_update(call.view(), event, &mut users)).collect();
    to_tl::updates(call.view(), updates?, users).await
}

/// messages.editMessage
pub(crate) async fn edit_message(
    call: Call,
    r: functions::messages::EditMessage,
) -> Result<enums::Updates, Error> {
    let peer = call.messenger().input_peer(call.user_id, &r.peer)?;
    let media = match r.media {
        Some(media) => Some(call.messenger().make_media(call.actor(), media).await?),
        None => None,
    };
    let text = r.message.map(|text| (text, super::entities(r.entities)));
    let edit = Edit { text, media, reply_markup: r.reply_markup };
    let events = call.messenger().edit(call.actor(), peer, r.id, edit).await?;
    own_updates(&call, &events).await
}

pub(crate) fn affected_messages(affected: Affected) -> types::messages::AffectedMessages {
    types::messages::AffectedMessages { pts: affected.pts, pts_count: affected.pts_count }
}

pub(crate) fn affected_history(affected: Affected) -> types::messages::AffectedHistory {
    types::messages::AffectedHistory {
        pts: affected.pts,
        pts_count: affected.pts_count,
        offset: affected.offset,
    }
}

/// messages.deleteMessages
pub(crate) async fn delete_messages(
    call: Call,
    r: functions::messages::DeleteMessages,
) -> Result<enums::messages::AffectedMessages, Error> {
    call.messenger().delete_messages(call.actor(), r.id, r.revoke).await.map(affected_messages)
}

/// messages.deleteHistory
pub(crate) async fn delete_history(
    call: Call,
    r: functions::messages::DeleteHistory,
) -> Result<enums::messages::AffectedHistory, Error> {
    let peer = call.messenger().input_peer(call.user_id, &r.peer)?;
    let affected =
        call.messenger().delete_history(call.actor(), peer, r.max_id, r.just_clear, r.revoke).await?;
    Ok(affected_history(affected))
}
