//! Temporary keys: binding them, dropping them (M-152 … M-169).

use zaun_messenger::Error;
use zaun_schema::api::functions;
use zaun_server::{BindRefusal, BindRequest};

use crate::Call;

/// auth.bindTempAuthKey
pub(crate) async fn bind_temp_auth_key(
    call: Call,
    r: functions::auth::BindTempAuthKey,
) -> Result<bool, Error> {
    let request = BindRequest {
        perm_auth_key_id: r.perm_auth_key_id,
        nonce: r.nonce,
        expires_at: r.expires_at,
        encrypted_message: r.encrypted_message,
    };
    let Err(refusal) = call.context.bind_temporary_key(&request).await else { return Ok(true) };
    tracing::info!(peer = %call.context.peer, "binding refused: {refusal}");
    Err(match refusal {
        BindRefusal::Message(_) => Error::bad("ENCRYPTED_MESSAGE_INVALID"),
        BindRefusal::ExpiresAt { .. } => Error::bad("EXPIRES_AT_INVALID"),
        BindRefusal::AlreadyBound => Error::bad("TEMP_AUTH_KEY_ALREADY_BOUND"),
        BindRefusal::NotTemporary => Error::bad("TEMP_AUTH_KEY_EMPTY"),
        // M-165: never to be taken for a wrong proof.
        BindRefusal::Storage(_) => Error::refused(500, "INTERNAL_SERVER_ERROR"),
    })
}

/// auth.dropTempAuthKeys (M-169)
pub(crate) async fn drop_temp_auth_keys(
    call: Call,
    r: functions::auth::DropTempAuthKeys,
) -> Result<bool, Error> {
    // The one in use goes last, or its answer would have nowhere to go.
    let own = call.context.session.key.id();
    for key in call.key.temporary_keys() {
        if key.id() != own && !r.except_auth_keys.contains(&key.id()) {
            call.context.server.drop_key(key.id());
        }
    }
    Ok(true)
}
