//! Login by phone (M-438 … M-448).

use zaun_messenger::accounts::{Origin, SignIn};
use zaun_messenger::codes::SentCode;
use zaun_messenger::views::UserRow;
use zaun_messenger::{Error, errors};
use zaun_schema::api::{enums, functions, types};

use super::home;
use crate::Call;
use crate::account::{own_user, password};

fn sent(code: &SentCode) -> enums::auth::SentCode {
    let length = code.length;
    let r#type: enums::auth::SentCodeType = if code.to_app {
        types::auth::SentCodeTypeApp { length }.into()
    } else {
        types::auth::SentCodeTypeSms { length }.into()
    };
    let next_type = code.to_app.then_some(enums::auth::CodeType::CodeTypeSms);
    types::auth::SentCode { r#type, phone_code_hash: code.hash.clone(), next_type, timeout: None }.into()
}

/// auth.sendCode
pub(crate) async fn send_code(
    call: Call,
    r: functions::auth::SendCode,
) -> Result<enums::auth::SentCode, Error> {
    if r.api_id <= 0 || r.api_hash.is_empty() {
        return Err(Error::bad("API_ID_INVALID"));
    }
    home::check_phone(&call, &r.phone_number).await?;
    let code = call.messenger().send_code(call.actor(), &r.phone_number, origin(&call)).await?;
    Ok(sent(&code))
}

/// auth.resendCode: the code goes to the phone this time (M-444).
pub(crate) async fn resend_code(
    call: Call,
    r: functions::auth::ResendCode,
) -> Result<enums::auth::SentCode, Error> {
    let code = call.messenger().resend_code(&r.phone_number, r.phone_code_hash, origin(&call)).await?;
    Ok(sent(&code))
}

/// auth.cancelCode
pub(crate) async fn cancel_code(call: Call, r: functions::auth::CancelCode) -> Result<bool, Error> {
    call.messenger().cancel_code(&r.phone_number, r.phone_code_hash).await?;
    Ok(true)
}

pub(super) fn origin(call: &Call) -> Origin {
    let client = call.key.data.facts.lock().client.clone();
    let device = format!("{}, {}", client.device_model, client.system_version);
    let ip = call.context.peer.ip().map(|ip| ip.to_string()).unwrap_or_default();
    Origin { ip, device, home_dc: call.own_dc() }
}

pub(super) async fn authorized(call: &mut Call, user: &UserRow) -> Result<enums::auth::Authorization, Error> {
    call.set_user(Some(user));
    call.user_id = user.id;
    let user = own_user(call).await?;
    let authorization = types::auth::Authorization { user, ..types::auth::Authorization::default() };
    Ok(authorization.into())
}

/// auth.signIn
pub(crate) async fn sign_in(
    mut call: Call,
    r: functions::auth::SignIn,
) -> Result<enums::auth::Authorization, Error> {
    home::check_phone(&call, &r.phone_number).await?;
    let code = r.phone_code.unwrap_or_default();
    let origin = origin(&call);
    let outcome =
        call.messenger().sign_in(call.actor(), &r.phone_number, r.phone_code_hash, code, origin).await?;
    match outcome {
        SignIn::Done(user) => authorized(&mut call, &user).await,
        SignIn::SignUpRequired => {
            Ok(types::auth::AuthorizationSignUpRequired { terms_of_service: None }.into())
        }
        SignIn::PasswordNeeded => Err(Error::refused(401, errors::SESSION_PASSWORD_NEEDED)),
        SignIn::WrongCode => Err(Error::bad("PHONE_CODE_INVALID")),
    }
}

/// auth.checkPassword
pub(crate) async fn check_password(
    mut call: Call,
    r: functions::auth::CheckPassword,
) -> Result<enums::auth::Authorization, Error> {
    let answer = password::answer(r.password).ok_or_else(|| Error::bad(errors::PASSWORD_HASH_INVALID))?;
    let user = call.messenger().log_in_by_password(call.actor(), answer, origin(&call)).await?;
    authorized(&mut call, &user).await
}

/// auth.requestPasswordRecovery
pub(crate) async fn request_password_recovery(
    call: Call,
    _: functions::auth::RequestPasswordRecovery,
) -> Result<enums::auth::PasswordRecovery, Error> {
    let email_pattern = call.messenger().request_recovery(call.actor()).await?;
    Ok(types::auth::PasswordRecovery { email_pattern })
}

/// auth.checkRecoveryPassword
pub(crate) async fn check_recovery_password(
    call: Call,
    r: functions::auth::CheckRecoveryPassword,
) -> Result<bool, Error> {
    call.messenger().check_recovery(call.actor(), r.code).await?;
    Ok(true)
}

/// auth.recoverPassword
pub(crate) async fn recover_password(
    mut call: Call,
    r: functions::auth::RecoverPassword,
) -> Result<enums::auth::Authorization, Error> {
    let new = password::recovered(r.new_settings)?;
    let origin = origin(&call);
    let user = call.messenger().recover_password(call.actor(), r.code, new, origin).await?;
    authorized(&mut call, &user).await
}

/// auth.signUp
pub(crate) async fn sign_up(
    mut call: Call,
    r: functions::auth::SignUp,
) -> Result<enums::auth::Authorization, Error> {
    home::check_phone(&call, &r.phone_number).await?;
    let names = (r.first_name, r.last_name);
    let origin = origin(&call);
    let user =
        call.messenger().sign_up(call.actor(), &r.phone_number, r.phone_code_hash, names, origin).await?;
    authorized(&mut call, &user).await
}
