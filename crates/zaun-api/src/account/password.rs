//! The cloud password (M-476 … M-496). A server that sends no mail prints the codes for recovery addresses like login codes.

use rand::Rng;
use zaun_crypto::dh::{TELEGRAM_GENERATOR, TELEGRAM_PRIME};
use zaun_messenger::passwords::{Answer, NewPassword, Reset, SetPassword};
use zaun_messenger::{Error, errors};
use zaun_model::UnixTime;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// Reads the answer to a password check.
pub(crate) fn answer(input: enums::InputCheckPasswordSRP) -> Option<Answer> {
    match input {
        enums::InputCheckPasswordSRP::InputCheckPasswordEmpty => None,
        enums::InputCheckPasswordSRP::InputCheckPasswordSRP(proof) => {
            Some(Answer { srp_id: proof.srp_id, a: proof.a.to_vec(), m1: proof.m1.to_vec() })
        }
    }
}

fn algorithm(salt1: Vec<u8>, salt2: Vec<u8>) -> enums::PasswordKdfAlgo {
    types::PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow {
        salt1: salt1.into(),
        salt2: salt2.into(),
        g: TELEGRAM_GENERATOR.into(),
        p: TELEGRAM_PRIME.to_vec().into(),
    }
    .into()
}

/// account.getPassword
pub(crate) async fn get_password(
    call: Call,
    _: functions::account::GetPassword,
) -> Result<enums::account::Password, Error> {
    let state = call.messenger().password_state(call.actor()).await?;
    let (mut secure_salt, mut secure_random) = ([0; 8], [0; 256]);
    rand::rng().fill_bytes(&mut secure_salt);
    rand::rng().fill_bytes(&mut secure_random);
    let secure = types::SecurePasswordKdfAlgoPBKDF2HMACSHA512iter100000 { salt: secure_salt.to_vec().into() };
    let new = types::account::Password {
        new_algo: algorithm(state.new_salt1, state.new_salt2),
        new_secure_algo: secure.into(),
        secure_random: secure_random.to_vec().into(),
        email_unconfirmed_pattern: state.unconfirmed,
        pending_reset_date: state.reset_at.map(UnixTime::to_tl),
        ..types::account::Password::default()
    };
    let Some(SetPassword { salt1, salt2, b, srp_id, hint }) = state.set else { return Ok(new) };
    Ok(types::account::Password {
        has_password: true,
        has_recovery: state.has_recovery,
        current_algo: Some(algorithm(salt1, salt2)),
        srp_b: Some(b.into()),
        srp_id: Some(srp_id),
        hint: Some(hint).filter(|hint| !hint.is_empty()),
        ..new
    })
}

/// account.getPasswordSettings: nothing lies behind the password but the login.
pub(crate) async fn get_password_settings(
    call: Call,
    r: functions::account::GetPasswordSettings,
) -> Result<enums::account::PasswordSettings, Error> {
    call.messenger().require_password(call.actor(), answer(r.password)).await?;
    Ok(types::account::PasswordSettings::default())
}

/// account.updatePasswordSettings
pub(crate) async fn update_password_settings(
    call: Call,
    r: functions::account::UpdatePasswordSettings,
) -> Result<bool, Error> {
    let email = r.new_settings.email.clone().filter(|email| !email.is_empty());
    let only_email = email.is_some() && r.new_settings.new_algo.is_none();
    if only_email {
        call.messenger().require_password(call.actor(), answer(r.password)).await?;
    } else {
        let new = new_password(r.new_settings)?;
        call.messenger().set_password(call.actor(), answer(r.password), new).await?;
    }
    let waits = match &email {
        Some(email) => call.messenger().set_recovery_email(call.actor(), email).await?,
        None => None,
    };
    match waits {
        // M-494: the password is set; the address waits for its code.
        Some(digits) => Err(Error::refused(400, format!("EMAIL_UNCONFIRMED_{digits}"))),
        None => Ok(true),
    }
}

/// Reads a new password; none takes the old one away.
fn new_password(settings: enums::account::PasswordInputSettings) -> Result<Option<NewPassword>, Error> {
    let types::account::PasswordInputSettings { new_algo, new_password_hash, hint, .. } = settings;
    let verifier = new_password_hash.unwrap_or_default().to_vec();
    use enums::PasswordKdfAlgo as Algorithm;
    match new_algo {
        // Some clients take a password away with the algorithm that a new one would have.
        Some(_) if verifier.is_empty() => Ok(None),
        Some(Algorithm::PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(algorithm)) => {
            let (salt1, salt2) = (algorithm.salt1.to_vec(), algorithm.salt2.to_vec());
            let group =
                algorithm.g == i32::from(TELEGRAM_GENERATOR) && algorithm.p == TELEGRAM_PRIME.as_slice();
            if !group {
                return Err(Error::bad(errors::NEW_SETTINGS_INVALID));
            }
            Ok(Some(NewPassword { salt1, salt2, verifier, hint: hint.unwrap_or_default() }))
        }
        _ => Err(Error::bad(errors::NEW_SETTINGS_INVALID)),
    }
}

/// account.confirmPasswordEmail
pub(crate) async fn confirm_password_email(
    call: Call,
    r: functions::account::ConfirmPasswordEmail,
) -> Result<bool, Error> {
    call.messenger().confirm_recovery_email(call.actor(), r.code).await?;
    Ok(true)
}

/// account.resendPasswordEmail
pub(crate) async fn resend_password_email(
    call: Call,
    _: functions::account::ResendPasswordEmail,
) -> Result<bool, Error> {
    call.messenger().resend_recovery_email(call.actor()).await?;
    Ok(true)
}

/// account.cancelPasswordEmail
pub(crate) async fn cancel_password_email(
    call: Call,
    _: functions::account::CancelPasswordEmail,
) -> Result<bool, Error> {
    call.messenger().cancel_recovery_email(call.actor()).await?;
    Ok(true)
}

/// account.resetPassword
pub(crate) async fn reset_password(
    call: Call,
    _: functions::account::ResetPassword,
) -> Result<enums::account::ResetPasswordResult, Error> {
    Ok(match call.messenger().reset_password(call.actor()).await? {
        Reset::Done => enums::account::ResetPasswordResult::ResetPasswordOk,
        Reset::Waits(until) => {
            types::account::ResetPasswordRequestedWait { until_date: until.to_tl() }.into()
        }
        Reset::NotBefore(at) => types::account::ResetPasswordFailedWait { retry_date: at.to_tl() }.into(),
    })
}

/// account.declinePasswordReset
pub(crate) async fn decline_password_reset(
    call: Call,
    _: functions::account::DeclinePasswordReset,
) -> Result<bool, Error> {
    call.messenger().decline_password_reset(call.actor()).await?;
    Ok(true)
}

/// account.getTmpPassword
pub(crate) async fn get_tmp_password(
    call: Call,
    r: functions::account::GetTmpPassword,
) -> Result<enums::account::TmpPassword, Error> {
    let made = call.messenger().temporary_password(call.actor(), answer(r.password), r.period).await?;
    Ok(types::account::TmpPassword { tmp_password: made.0.into(), valid_until: made.1.to_tl() })
}

/// Reads the password that comes in place of a forgotten one; none for none.
pub(crate) fn recovered(
    settings: Option<enums::account::PasswordInputSettings>,
) -> Result<Option<NewPassword>, Error> {
    settings.map(new_password).transpose().map(Option::flatten)
}
