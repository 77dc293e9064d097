//! Typing.

use zaun_messenger::Error;
use zaun_schema::api::{functions, types};

use crate::Call;

/// messages.setTyping: told to the other side, kept nowhere.
pub(crate) async fn set_typing(call: Call, r: functions::messages::SetTyping) -> Result<bool, Error> {
    let viewer = call.user_id;
    let peer = call.messenger().input_peer(viewer, &r.peer)?;
    let id = call.messenger().read(move |tx| peer.resolve(tx, viewer)).await?;
    if id != viewer {
        let update = types::UpdateUserTyping { user_id: viewer, top_msg_id: None, action: r.action };
        call.messenger().hint(id, update.into(), None);
    }
    Ok(true)
}
