//! Logging out, ending other sessions, carrying a login to another DC.

use zaun_messenger::Error;
use zaun_model::UserId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::account::own_user;

/// auth.logOut
pub(crate) async fn log_out(call: Call, _: functions::auth::LogOut) -> Result<enums::auth::LoggedOut, Error> {
    call.messenger().log_out(call.actor()).await?;
    Ok(types::auth::LoggedOut { future_auth_token: None })
}

/// auth.resetAuthorizations: ends all other sessions (M-457).
pub(crate) async fn reset_authorizations(
    call: Call,
    _: functions::auth::ResetAuthorizations,
) -> Result<bool, Error> {
    call.messenger().reset_authorizations(call.actor(), None).await?;
    Ok(true)
}

/// auth.exportAuthorization (M-470)
pub(crate) async fn export_authorization(
    call: Call,
    r: functions::auth::ExportAuthorization,
) -> Result<enums::auth::ExportedAuthorization, Error> {
    if !call.api.options.serves(r.dc_id) {
        return Err(Error::bad("DC_ID_INVALID"));
    }
    let bytes = call.messenger().export_authorization(call.actor(), i64::from(r.dc_id)).await?;
    Ok(types::auth::ExportedAuthorization { id: call.user_id.0, bytes: bytes.into() })
}

/// auth.importAuthorization (M-471)
pub(crate) async fn import_authorization(
    mut call: Call,
    r: functions::auth::ImportAuthorization,
) -> Result<enums::auth::Authorization, Error> {
    let ip = call.context.peer.ip().map(|ip| ip.to_string()).unwrap_or_default();
    let user = call
        .messenger()
        .import_authorization(call.actor(), UserId(r.id), &r.bytes, call.own_dc(), ip)
        .await?;
    call.set_user(Some(&user));
    call.user_id = user.id;
    let user = own_user(&call).await?;
    Ok(types::auth::Authorization { user, ..types::auth::Authorization::default() }.into())
}
