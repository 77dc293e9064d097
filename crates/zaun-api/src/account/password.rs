//! The cloud password (M-476 … M-496). A recovery address is refused, because this server sends no mail.

use rand::Rng;
use zaun_crypto::dh::{TELEGRAM_GENERATOR, TELEGRAM_PRIME};
use zaun_messenger::passwords::{Answer, NewPassword, SetPassword};
use zaun_messenger::{Error, errors};
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
        ..types::account::Password::default()
    };
    let Some(SetPassword { salt1, salt2, b, srp_id, hint }) = state.set else { return Ok(new) };
    Ok(types::account::Password {
        has_password: true,
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
    let types::account::PasswordInputSettings { new_algo, new_password_hash, hint, email, .. } =
        r.new_settings;
    if email.is_some_and(|email| !email.is_empty()) {
        return Err(Error::bad(errors::EMAIL_INVALID));
    }
    let verifier = new_password_hash.unwrap_or_default().to_vec();
    use enums::PasswordKdfAlgo as Algorithm;
    let new = match new_algo {
        // Some clients take a password away with the algorithm that a new one would have.
        Some(_) if verifier.is_empty() => None,
        Some(Algorithm::PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow(algorithm)) => {
            let (salt1, salt2) = (algorithm.salt1.to_vec(), algorithm.salt2.to_vec());
            let group =
                algorithm.g == i32::from(TELEGRAM_GENERATOR) && algorithm.p == TELEGRAM_PRIME.as_slice();
            if !group {
                return Err(Error::bad(errors::NEW_SETTINGS_INVALID));
            }
            Some(NewPassword { salt1, salt2, verifier, hint: hint.unwrap_or_default() })
        }
        _ => return Err(Error::bad(errors::NEW_SETTINGS_INVALID)),
    };
    call.messenger().set_password(call.actor(), answer(r.password), new).await?;
    Ok(true)
}
