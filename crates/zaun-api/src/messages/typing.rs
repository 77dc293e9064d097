//! Typing.

use zaun_messenger::Error;
use zaun_schema::api::functions;

use crate::Call;

/// messages.setTyping: told to the other side, kept nowhere.
pub(crate) async fn set_typing(call: Call, r: functions::messages::SetTyping) -> Result<bool, Error> {
    call.messenger().set_typing(call.actor(), call.peer(&r.peer)?, r.action).await?;
    Ok(true)
}
