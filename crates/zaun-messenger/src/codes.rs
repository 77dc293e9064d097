//! Login codes: requested, sent, checked (M-438 … M-448).

use rand::Rng;
use zaun_store::Tx;
use zaun_store::repo::authorizations::{self as store, CodeRow};
use zaun_store::repo::users;

use crate::limits::{CODE_ATTEMPTS, CODE_LIFE_S, CODE_REQUESTS, CODE_WINDOW_S};
use crate::{Actor, Error, Messenger, SERVICE_USER, messages};

/// How a code went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentCode {
    /// Names the attempt.
    pub hash: String,
    /// Digits of the code.
    pub length: i32,
    /// To the user's other sessions rather than to the phone (M-443).
    pub to_app: bool,
}

/// Digits of a phone number; an error for what cannot be one (M-439).
pub fn normalize_phone(phone: &str) -> Result<String, Error> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    let rest_is_layout = phone.chars().all(|c| c.is_ascii_digit() || " +-()".contains(c));
    if rest_is_layout && (5..=15).contains(&digits.len()) {
        Ok(digits)
    } else {
        Err(Error::refused(406, "PHONE_NUMBER_INVALID"))
    }
}

/// The fixed code of a test phone `99966XYYYY`: the digit X five times (M-453).
fn test_code(phone: &str) -> Option<String> {
    test_digit(phone).map(|digit| digit.to_string().repeat(5))
}

/// The DC that a test phone names: its digit X (M-453).
pub(crate) fn test_dc(phone: &str) -> Option<i32> {
    test_digit(phone)?.to_digit(10)?.try_into().ok()
}

fn test_digit(phone: &str) -> Option<char> {
    let rest = phone.strip_prefix("99966")?;
    rest.chars().next().filter(|_| rest.len() == 5)
}

fn random_code(rng: &mut impl Rng) -> String {
    // The bias of the remainder is 1 in 10¹⁴.
    format!("{:05}", rng.next_u64() % 100_000)
}

impl Messenger {
    /// Makes a code for a phone and sends it: to the user's other sessions if there are any, and to the server's
    /// log, which is the phone of an installation without an SMS provider.
    pub async fn send_code(&self, actor: Actor, phone: &str) -> Result<SentCode, Error> {
        let phone = normalize_phone(phone)?;
        let sandbox = self.settings.sandbox;
        let fixed = if sandbox { test_code(&phone) } else { None };
        let code = fixed.clone().unwrap_or_else(|| random_code(&mut rand::rng()));
        let code_hash = format!("{:016x}", rand::rng().next_u64());
        let printed = (phone.clone(), code.clone());
        let (sent, _) = self
            .change(actor, move |changes| {
                let window = request_window(changes.tx, &phone, changes.now, sandbox)?;
                let row = CodeRow {
                    code: code.clone(),
                    code_hash: code_hash.clone(),
                    expires_at: changes.now + CODE_LIFE_S,
                    attempts: 0,
                    requests: window.0,
                    window_start: window.1,
                    verified: false,
                };
                store::put_code(changes.tx, &phone, &row)?;
                let user = users::by_phone(changes.tx, &phone)?;
                let others = match &user {
                    Some(user) => store::of_user(changes.tx, user.id)?,
                    None => Vec::new(),
                };
                let to_app = others.iter().any(|a| a.key_id != actor.key_id);
                if let Some(user) = user.filter(|_| to_app) {
                    let text = format!(
                        "Login code: {code}. Do not give this code to anyone, even if they say they run this server."
                    );
                    messages::send::notice(changes, SERVICE_USER, user.id, &text)?;
                }
                let length = i32::try_from(code.len()).unwrap_or(5);
                Ok(SentCode { hash: code_hash.clone(), length, to_app })
            })
            .await?;
        if fixed.is_none() {
            // This line is how the operator of a server without SMS hands codes out.
            tracing::info!(target: "zaun::login_code", phone = printed.0, code = printed.1, "login code");
        }
        Ok(sent)
    }
}

impl Messenger {
    /// Sends the code of a running attempt to the phone, that is to the server's log, if it went elsewhere before.
    pub async fn resend_code(&self, phone: &str, hash: String) -> Result<SentCode, Error> {
        let phone = normalize_phone(phone)?;
        let (now, wanted) = (self.now(), phone.clone());
        let row = self.read(move |tx| live(tx, &wanted, &hash, now)).await?;
        tracing::info!(target: "zaun::login_code", phone, code = row.code, "login code");
        let length = i32::try_from(row.code.len()).unwrap_or(5);
        Ok(SentCode { hash: row.code_hash, length, to_app: false })
    }

    /// Ends an attempt.
    pub async fn cancel_code(&self, phone: &str, hash: String) -> Result<(), Error> {
        let (phone, now) = (normalize_phone(phone)?, self.now());
        self.store
            .write(move |tx| {
                live(tx, &phone, &hash, now)?;
                Ok(store::delete_code(tx, &phone)?)
            })
            .await
    }
}

/// Counts a request: (requests, start of the window), or FLOOD_WAIT.
fn request_window(tx: &Tx<'_>, phone: &str, now: i64, sandbox: bool) -> Result<(i64, i64), Error> {
    let Some(row) = store::code(tx, phone)?.filter(|row| now < row.window_start + CODE_WINDOW_S) else {
        return Ok((1, now));
    };
    if !sandbox && row.requests >= CODE_REQUESTS {
        return Err(Error::flood(row.window_start + CODE_WINDOW_S - now));
    }
    Ok((row.requests + 1, row.window_start))
}

/// How a given code compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Right.
    Right,
    /// Wrong; the try is counted.
    Wrong,
}

/// Checks a code (M-445, M-446). A wrong one is counted, so its transaction has to be kept.
pub(crate) fn check(tx: &Tx<'_>, phone: &str, hash: &str, code: &str, now: i64) -> Result<Checked, Error> {
    if code.is_empty() {
        return Err(Error::bad("PHONE_CODE_EMPTY"));
    }
    let mut row = live(tx, phone, hash, now)?;
    if zaun_crypto::hash::ct_eq(row.code.as_bytes(), code.as_bytes()) {
        row.verified = true;
        store::put_code(tx, phone, &row)?;
        return Ok(Checked::Right);
    }
    row.attempts += 1;
    store::put_code(tx, phone, &row)?;
    Ok(Checked::Wrong)
}

/// The attempt that a hash names, if it is still alive.
pub(crate) fn live(tx: &Tx<'_>, phone: &str, hash: &str, now: i64) -> Result<CodeRow, Error> {
    let row = store::code(tx, phone)?
        .filter(|row| row.code_hash == hash && now < row.expires_at && row.attempts < CODE_ATTEMPTS);
    row.ok_or_else(|| Error::bad("PHONE_CODE_EXPIRED"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_phones_have_the_digit_five_times() {
        assert_eq!(test_code("9996621234").as_deref(), Some("22222"), "M-453");
        assert_eq!(test_code("999662123"), None);
        assert_eq!(test_code("9996521234"), None);
    }

    #[test]
    fn phones_are_digits_with_layout() {
        assert_eq!(normalize_phone("+99 966 2-1234").unwrap(), "9996621234");
        assert!(normalize_phone("12").is_err(), "M-439");
        assert!(normalize_phone("+49abc12345").is_err(), "M-439");
    }
}
