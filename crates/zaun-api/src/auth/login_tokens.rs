//! Login by QR code (M-462 … M-469).

use zaun_messenger::login_tokens::QrLogin;
use zaun_messenger::{Error, errors};
use zaun_model::UserId;
use zaun_schema::api::{enums, functions, types};

use super::login::{authorized, origin};
use crate::{Call, deliver};

/// Answers how a login stands.
async fn answer(call: &mut Call, login: QrLogin) -> Result<enums::auth::LoginToken, Error> {
    Ok(match login {
        QrLogin::Waiting { token, expires_at } => {
            types::auth::LoginToken { expires: expires_at.to_tl(), token: token.into() }.into()
        }
        QrLogin::Elsewhere { dc, token } => {
            let dc_id = i32::try_from(dc).unwrap_or(0);
            types::auth::LoginTokenMigrateTo { dc_id, token: token.into() }.into()
        }
        QrLogin::PasswordNeeded => return Err(Error::refused(401, errors::SESSION_PASSWORD_NEEDED)),
        QrLogin::Done(user) => {
            let authorization = authorized(call, &user).await?;
            types::auth::LoginTokenSuccess { authorization }.into()
        }
    })
}

/// auth.exportLoginToken
pub(crate) async fn export_login_token(
    mut call: Call,
    r: functions::auth::ExportLoginToken,
) -> Result<enums::auth::LoginToken, Error> {
    if r.api_id <= 0 || r.api_hash.is_empty() {
        return Err(Error::bad("API_ID_INVALID"));
    }
    let except = r.except_ids.into_iter().map(UserId).collect();
    let login = call.messenger().export_login_token(call.actor(), except, origin(&call)).await?;
    answer(&mut call, login).await
}

/// auth.importLoginToken
pub(crate) async fn import_login_token(
    mut call: Call,
    r: functions::auth::ImportLoginToken,
) -> Result<enums::auth::LoginToken, Error> {
    let login = call.messenger().import_login_token(call.actor(), &r.token, origin(&call)).await?;
    answer(&mut call, login).await
}

/// auth.acceptLoginToken
pub(crate) async fn accept_login_token(
    call: Call,
    r: functions::auth::AcceptLoginToken,
) -> Result<enums::Authorization, Error> {
    let accepted = call.messenger().accept_login_token(call.actor(), &r.token).await?;
    deliver::push_login_token(&call.api, accepted.key_id);
    let client = accepted.client.unwrap_or_default();
    let now = call.messenger().now().to_tl();
    Ok(types::Authorization {
        device_model: client.device_model,
        system_version: client.system_version,
        api_id: client.api_id,
        app_version: client.app_version,
        date_created: now,
        date_active: now,
        ..types::Authorization::default()
    })
}
