//! Pinned messages.

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions};

use crate::Call;
use crate::messages::{affected_history, own_updates};

/// messages.updatePinnedMessage
pub(crate) async fn update_pinned_message(
    call: Call,
    r: functions::messages::UpdatePinnedMessage,
) -> Result<enums::Updates, Error> {
    let peer = call.messenger().input_peer(call.user_id, &r.peer)?;
    let events = call.messenger().pin_message(call.actor(), peer, r.id, !r.unpin, r.pm_oneside).await?;
    own_updates(&call, &events).await
}

/// messages.unpinAllMessages
pub(crate) async fn unpin_all_messages(
    call: Call,
    r: functions::messages::UnpinAllMessages,
) -> Result<enums::messages::AffectedHistory, Error> {
    let peer = call.messenger().input_peer(call.user_id, &r.peer)?;
    call.messenger().unpin_all(call.actor(), peer).await.map(affected_history)
}
