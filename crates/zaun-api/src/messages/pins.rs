//! Pinned messages.

use zaun_messenger::Error;
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions};

use crate::Call;
use crate::from_tl::place_in_list;
use crate::messages::affected_history;
use crate::to_tl;

/// messages.updatePinnedMessage
pub(crate) async fn update_pinned_message(
    call: Call,
    r: functions::messages::UpdatePinnedMessage,
) -> Result<enums::Updates, Error> {
    let (peer, id) = (call.peer(&r.peer)?, MsgId(r.id));
    let pinned = call.messenger().pin_message(call.actor(), peer, id, !r.unpin, r.pm_oneside).await?;
    Ok(to_tl::own_updates(call.view(&pinned.scene), &pinned.own))
}

/// messages.unpinAllMessages
pub(crate) async fn unpin_all_messages(
    call: Call,
    r: functions::messages::UnpinAllMessages,
) -> Result<enums::messages::AffectedHistory, Error> {
    let peer = call.peer(&r.peer)?;
    let saved_from = r.saved_peer_id.and_then(|peer| place_in_list(&peer, call.user_id));
    let part = (r.top_msg_id.map(MsgId), saved_from);
    call.messenger().unpin_all(call.actor(), peer, part).await.map(affected_history)
}
