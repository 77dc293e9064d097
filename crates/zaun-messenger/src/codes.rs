//! Login codes: requested, sent, checked (M-438 … M-448).

use std::net::{IpAddr, Ipv6Addr};

use rand::Rng;
use zaun_store::Tx;
use zaun_store::repo::login_attempts::{self as store, AttemptRow, Counter};
use zaun_store::repo::{authorizations, users};

use crate::accounts::Origin;
use crate::limits::{
    CODE_ATTEMPTS, CODE_DIGITS, CODE_LIFE_S, CODE_REQUESTS, CODE_REQUESTS_PER_ADDRESS, CODE_WINDOW_S,
    FREE_GUESSES, FREE_GUESSES_PER_ADDRESS, GUESS_MEMORY_S, GUESS_WAIT_MAX_S, GUESS_WAIT_S,
    STRANGE_CODE_LIFE_S, TEST_CODE_DIGITS,
};
use crate::{Actor, Changes, Error, Messenger, NOBODY, SERVICE_USER, errors, messages};

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
        Err(Error::refused(406, errors::PHONE_NUMBER_INVALID))
    }
}

/// The fixed code of a test phone `99966XYYYY`: the digit X five times (M-453).
pub(crate) fn test_code(phone: &str) -> Option<String> {
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

pub(crate) fn random_code(rng: &mut impl Rng, digits: u32) -> String {
    // The bias of the remainder is below 1 in 10¹³.
    let number = rng.next_u64() % 10_u64.pow(digits);
    format!("{number:0width$}", width = digits as usize)
}

/// The part of an address that one person has: IPv6 is handed out as networks of 64 bits.
fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(ip)) => match ip.to_ipv4_mapped() {
            Some(ip) => ip.to_string(),
            None => format!("{}/64", Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
        },
        _ => ip.to_owned(),
    }
}

impl Messenger {
    /// Sends a code for a phone: to the user's other sessions if there are any, and to the server's log, which is the
    /// phone of an installation without an SMS provider.
    ///
    /// Whoever asks again gets the same code while it lives, and nobody is told again. Those who ask at an address
    /// where the account is logged in have a code and counters apart from all others: a stranger who asks or guesses
    /// stands in nobody's way there.
    pub async fn send_code(&self, actor: Actor, phone: &str, origin: Origin) -> Result<SentCode, Error> {
        let phone = normalize_phone(phone)?;
        let sandbox = self.settings.sandbox;
        let fixed = if sandbox { test_code(&phone) } else { None };
        let digits = if sandbox { TEST_CODE_DIGITS } else { CODE_DIGITS };
        let fresh = fixed.clone().unwrap_or_else(|| random_code(&mut rand::rng(), digits));
        let code_hash = format!("{:016x}", rand::rng().next_u64());
        let wanted = phone.clone();
        let work = move |changes: &mut Changes<'_, '_>| {
            let ask = Ask { phone: &wanted, network: network(&origin.ip), now: changes.now.0 };
            store::forget(changes.tx, changes.now.0, changes.now.0 - GUESS_MEMORY_S)?;
            if !sandbox {
                ask.count(changes.tx)?;
            }
            let user = users::by_phone(changes.tx, ask.phone)?;
            let logins = match &user {
                Some(user) => authorizations::of_user(changes.tx, user.id)?,
                None => Vec::new(),
            };
            let known = logins.iter().any(|login| network(&login.ip) == ask.network);
            let (code, is_new) = ask.code(changes.tx, known, &fresh)?;
            let row = AttemptRow {
                code_hash: code_hash.clone(),
                phone: ask.phone.to_owned(),
                known,
                code: code.clone(),
                wrong: 0,
                verified: false,
                expires_at: ask.now + CODE_LIFE_S,
            };
            store::put_attempt(changes.tx, &row)?;
            let to_app = logins.iter().any(|login| login.key_id != actor.key_id);
            if let Some(user) = user.filter(|_| to_app && (is_new || sandbox)) {
                let text = format!(
                    "Login code: {code}. Do not give this code to anyone, even if they say they run this server."
                );
                messages::send::send_notice(changes, SERVICE_USER, user.id, &text)?;
            }
            Ok((sent(&row, to_app), code, is_new))
        };
        let (sent, code, is_new) = self.change(actor, work).await?.value;
        if fixed.is_none() && is_new {
            // This line is how the operator of a server without SMS hands codes out.
            tracing::info!(target: "zaun::login_code", phone, code, "login code");
        }
        Ok(sent)
    }

    /// Sends the code of a running attempt to the phone, that is to the server's log, if it went elsewhere before.
    pub async fn resend_code(&self, phone: &str, hash: String, origin: Origin) -> Result<SentCode, Error> {
        let phone = normalize_phone(phone)?;
        let (now, wanted, sandbox) = (self.now().0, phone.clone(), self.settings.sandbox);
        let work = move |tx: &Tx<'_>| {
            let row = live(tx, &wanted, &hash, now)?;
            if !sandbox {
                Ask { phone: &wanted, network: network(&origin.ip), now }.count(tx)?;
            }
            Ok::<_, Error>(row)
        };
        let row = self.write(NOBODY, work).await?;
        tracing::info!(target: "zaun::login_code", phone, code = row.code, "login code");
        Ok(sent(&row, false))
    }

    /// Returns the code with which a phone logs in now: the one that lives, or the fixed one of a test phone. There is
    /// none outside of a sandbox.
    pub async fn login_code(&self, phone: &str) -> Result<Option<String>, Error> {
        let (phone, now) = (normalize_phone(phone)?, self.now().0);
        if !self.settings.sandbox {
            return Ok(None);
        }
        let wanted = phone.clone();
        let codes = self.read(NOBODY, move |tx| {
            Ok([store::phone_code(tx, &wanted, false)?, store::phone_code(tx, &wanted, true)?])
        });
        let living = codes.await?.into_iter().flatten().find(|(_, expires_at)| now < *expires_at);
        Ok(living.map(|(code, _)| code).or_else(|| test_code(&phone)))
    }

    /// Ends an attempt. The code stays what it is, and nothing that is counted is forgotten.
    pub async fn cancel_code(&self, phone: &str, hash: String) -> Result<(), Error> {
        let (phone, now) = (normalize_phone(phone)?, self.now().0);
        self.write(NOBODY, move |tx| {
            live(tx, &phone, &hash, now)?;
            Ok(store::delete_attempt(tx, &hash)?)
        })
        .await
    }
}

fn sent(row: &AttemptRow, to_app: bool) -> SentCode {
    let length = i32::try_from(row.code.len()).unwrap_or(i32::MAX);
    SentCode { hash: row.code_hash.clone(), length, to_app }
}

/// Counts requests of an address, for one phone and for all.
const ASKED: &str = "asked";
/// Counts codes that strangers made the server send for a phone.
const SENT_TO_STRANGERS: &str = "sent to strangers";
/// Counts wrong guesses: of a phone's code by strangers, of its code for known addresses, and of an address.
const GUESSED: &str = "guessed";
const GUESSED_AT_HOME: &str = "guessed at home";
const GUESSED_BY: &str = "guessed by";

/// A request for a code.
struct Ask<'a> {
    phone: &'a str,
    network: String,
    now: i64,
}

impl Ask<'_> {
    /// Counts the request, or answers FLOOD_WAIT.
    fn count(&self, tx: &Tx<'_>) -> Result<(), Error> {
        let for_phone = format!("{} {}", self.phone, self.network);
        for (who, most) in [(&for_phone, CODE_REQUESTS), (&self.network, CODE_REQUESTS_PER_ADDRESS)] {
            let mut counter = store::counter(tx, ASKED, who)?;
            if counter.at + CODE_WINDOW_S <= self.now {
                counter = Counter { count: 0, at: self.now };
            }
            if counter.count >= most {
                return Err(Error::flood(counter.at + CODE_WINDOW_S - self.now));
            }
            counter.count += 1;
            store::put_counter(tx, ASKED, who, counter)?;
        }
        Ok(())
    }

    /// The code to give, and whether it is a new one.
    fn code(&self, tx: &Tx<'_>, known: bool, fresh: &str) -> Result<(String, bool), Error> {
        if let Some((code, expires_at)) = store::phone_code(tx, self.phone, known)?
            && self.now < expires_at
        {
            return Ok((code, false));
        }
        let life = if known { CODE_LIFE_S } else { self.strange_life(tx)? };
        store::put_phone_code(tx, self.phone, known, fresh, self.now + life)?;
        Ok((fresh.to_owned(), true))
    }

    /// The life of a new code for strangers: it doubles with each that they made the server send within a day.
    fn strange_life(&self, tx: &Tx<'_>) -> Result<i64, Error> {
        let before = recent(store::counter(tx, SENT_TO_STRANGERS, self.phone)?, self.now);
        let counter = Counter { count: before + 1, at: self.now };
        store::put_counter(tx, SENT_TO_STRANGERS, self.phone, counter)?;
        Ok(doubled(CODE_LIFE_S, before).min(STRANGE_CODE_LIFE_S))
    }
}

/// What a counter of events still says; a day without any makes it forget.
pub(crate) fn recent(counter: Counter, now: i64) -> i64 {
    if now < counter.at + GUESS_MEMORY_S { counter.count } else { 0 }
}

fn doubled(seconds: i64, times: i64) -> i64 {
    // More doublings than these are above every limit.
    seconds << times.clamp(0, 16)
}

/// A guess at the code of an attempt.
pub(crate) struct Guess<'a> {
    /// The phone, as digits.
    pub(crate) phone: &'a str,
    /// Names the attempt.
    pub(crate) hash: &'a str,
    /// Address of the connection.
    pub(crate) ip: &'a str,
    /// Unix seconds.
    pub(crate) now: i64,
    /// Test servers do not wait.
    pub(crate) sandbox: bool,
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
///
/// Wrong guesses are counted over all codes of a phone and over all phones of an address. After a few, each has to
/// wait longer than the one before, and until then even the right code is not looked at.
pub(crate) fn check(tx: &Tx<'_>, guess: &Guess<'_>, code: &str) -> Result<Checked, Error> {
    if code.is_empty() {
        return Err(Error::bad(errors::PHONE_CODE_EMPTY));
    }
    let mut row = live(tx, guess.phone, guess.hash, guess.now)?;
    let network = network(guess.ip);
    let of_phone = if row.known { GUESSED_AT_HOME } else { GUESSED };
    let counters =
        [(of_phone, guess.phone, FREE_GUESSES), (GUESSED_BY, network.as_str(), FREE_GUESSES_PER_ADDRESS)];
    for (what, who, free) in counters.iter().filter(|_| !guess.sandbox) {
        let counter = store::counter(tx, what, who)?;
        let wait = guess_wait(recent(counter, guess.now) - free);
        if guess.now < counter.at + wait {
            return Err(Error::flood(counter.at + wait - guess.now));
        }
    }
    if zaun_crypto::hash::ct_eq(row.code.as_bytes(), code.as_bytes()) {
        row.verified = true;
        store::put_attempt(tx, &row)?;
        return Ok(Checked::Right);
    }
    row.wrong += 1;
    store::put_attempt(tx, &row)?;
    for (what, who, _) in counters {
        let count = recent(store::counter(tx, what, who)?, guess.now) + 1;
        store::put_counter(tx, what, who, Counter { count, at: guess.now })?;
    }
    Ok(Checked::Wrong)
}

/// Seconds to wait after the last wrong guess, by how many there were beyond the free ones.
pub(crate) fn guess_wait(beyond: i64) -> i64 {
    if beyond < 0 { 0 } else { doubled(GUESS_WAIT_S, beyond).min(GUESS_WAIT_MAX_S) }
}

/// The attempt that a hash names, if it is still alive.
pub(crate) fn live(tx: &Tx<'_>, phone: &str, hash: &str, now: i64) -> Result<AttemptRow, Error> {
    let row = store::attempt(tx, hash)?
        .filter(|row| row.phone == phone && now < row.expires_at && row.wrong < CODE_ATTEMPTS);
    row.ok_or_else(|| Error::bad(errors::PHONE_CODE_EXPIRED))
}

/// Ends the code of an attempt, because it has served.
pub(crate) fn use_up(tx: &Tx<'_>, hash: &str) -> Result<(), Error> {
    if let Some(row) = store::attempt(tx, hash)? {
        store::delete_code(tx, &row.phone, row.known)?;
    }
    Ok(())
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
    fn one_person_is_one_network() {
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2::9"));
        assert_ne!(network("2001:db8:1:2::9"), network("2001:db8:1:3::9"));
        assert_eq!(network(""), "", "a Unix socket");
    }

    #[test]
    fn codes_have_as_many_digits_as_they_should() {
        for _ in 0..100 {
            assert_eq!(random_code(&mut rand::rng(), 6).len(), 6);
        }
    }

    #[test]
    fn phones_are_digits_with_layout() {
        assert_eq!(normalize_phone("+99 966 2-1234").unwrap(), "9996621234");
        assert!(normalize_phone("12").is_err(), "M-439");
        assert!(normalize_phone("+49abc12345").is_err(), "M-439");
    }
}
