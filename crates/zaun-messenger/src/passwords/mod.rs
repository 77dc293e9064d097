//! The cloud password: two-step verification (M-476 … M-496).

mod recovery;

use std::collections::BTreeMap;

use parking_lot::Mutex;
use rand::Rng;
use zaun_crypto::dh::{TELEGRAM_GENERATOR, TELEGRAM_PRIME};
use zaun_crypto::srp::{Algorithm, Challenge, SrpError};
use zaun_model::{UnixTime, UserId};
use zaun_store::Tx;
use zaun_store::repo::login_attempts as counters;
use zaun_store::repo::passwords::{self, PasswordRow};
use zaun_store::repo::users::{self, UserRow};

pub use recovery::{Reset, pattern};

use crate::accounts::{self, Origin};
use crate::codes;
use crate::limits::{CHALLENGE_LIFE_S, CHALLENGES, FREE_GUESSES, HINT_LENGTH, PASSWORD_STAGE_S};
use crate::{Actor, Changes, Error, Messenger, errors};

/// Bytes of the server's part of the first salt.
const SALT1_BYTES: usize = 8;
/// Bytes that a client adds to it (M-492).
const CLIENT_SALT_BYTES: usize = 32;
/// Bytes of a verifier.
const VERIFIER_BYTES: usize = 256;
/// Counts wrong passwords of a user.
const WRONG: &str = "wrong password";

/// The half of a check that the server keeps, for one attempt.
struct Waiting {
    user: UserId,
    row: PasswordRow,
    challenge: Challenge,
    at: UnixTime,
}

/// Checks that wait for their answer, by `srp_id`; ids rise, so the first is the oldest.
#[derive(Default)]
pub(crate) struct Challenges(Mutex<BTreeMap<i64, Waiting>>);

impl Challenges {
    fn add(&self, waiting: Waiting) -> i64 {
        let mut all = self.0.lock();
        let id = all.keys().last().map_or_else(|| i64::from(rand::rng().next_u32()) << 16, |last| last + 1);
        if all.len() >= CHALLENGES {
            all.pop_first();
        }
        all.insert(id, waiting);
        id
    }

    /// Forgets all checks.
    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }

    /// Takes a check out; it serves once (M-487).
    fn take(&self, id: i64, user: UserId, now: UnixTime) -> Option<Waiting> {
        let waiting = self.0.lock().remove(&id)?;
        (waiting.user == user && now - waiting.at <= CHALLENGE_LIFE_S).then_some(waiting)
    }
}

/// What a client answers to a check.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Names the check.
    pub srp_id: i64,
    /// `A`.
    pub a: Vec<u8>,
    /// `M1`.
    pub m1: Vec<u8>,
}

/// A password that is set, with a fresh check of it.
#[derive(Debug, Clone)]
pub struct SetPassword {
    /// The first salt.
    pub salt1: Vec<u8>,
    /// The second salt.
    pub salt2: Vec<u8>,
    /// `srp_B`.
    pub b: Vec<u8>,
    /// Names the check.
    pub srp_id: i64,
    /// What the owner noted.
    pub hint: String,
}

/// What account.getPassword tells.
#[derive(Debug, Clone)]
pub struct PasswordState {
    /// The password that is set, if any.
    pub set: Option<SetPassword>,
    /// The server's part of the first salt of a new password.
    pub new_salt1: Vec<u8>,
    /// The second salt of a new password.
    pub new_salt2: Vec<u8>,
    /// Whether a forgotten password can be recovered.
    pub has_recovery: bool,
    /// An address that is still to be confirmed, as it may be shown.
    pub unconfirmed: Option<String>,
    /// When the password goes because its owner forgot it.
    pub reset_at: Option<UnixTime>,
}

/// A new password as its owner's client computed it.
#[derive(Debug, Clone)]
pub struct NewPassword {
    /// The first salt.
    pub salt1: Vec<u8>,
    /// The second salt.
    pub salt2: Vec<u8>,
    /// The verifier.
    pub verifier: Vec<u8>,
    /// What the owner notes to remember it by.
    pub hint: String,
}

impl NewPassword {
    /// What is kept of it; the address of an earlier one stays.
    fn row(&self, user_id: UserId, changed_at: UnixTime, before: Option<&PasswordRow>) -> PasswordRow {
        let NewPassword { salt1, salt2, verifier, hint } = self.clone();
        PasswordRow {
            user_id,
            salt1,
            salt2,
            verifier,
            hint,
            changed_at,
            email: before.map(|row| row.email.clone()).unwrap_or_default(),
            pending_email: before.map(|row| row.pending_email.clone()).unwrap_or_default(),
            reset_at: UnixTime(0),
            declined_at: UnixTime(0),
        }
    }
}

impl Messenger {
    /// Returns whether the user of a key, or whoever is logging in on it, has a password; with a fresh check (M-482).
    pub async fn password_state(&self, actor: Actor) -> Result<PasswordState, Error> {
        let (user, row) = self.password_of(actor).await?;
        let new_salt1 = self.access.salt(user, 1).to_le_bytes().to_vec();
        let new_salt2 = [self.access.salt(user, 2).to_le_bytes(), self.access.salt(user, 3).to_le_bytes()];
        let pending = row.as_ref().map(|row| row.pending_email.as_str()).filter(|email| !email.is_empty());
        let unconfirmed = pending.map(pattern);
        let has_recovery = row.as_ref().is_some_and(|row| !row.email.is_empty());
        let reset_at = row.as_ref().map(|row| row.reset_at).filter(|at| at.0 > 0);
        let set = match row {
            Some(row) => Some(self.fresh_check(user, row).await?),
            None => None,
        };
        let new_salt2 = new_salt2.concat();
        Ok(PasswordState { set, new_salt1, new_salt2, has_recovery, unconfirmed, reset_at })
    }

    async fn fresh_check(&self, user: UserId, row: PasswordRow) -> Result<SetPassword, Error> {
        let (row, challenge) = off_the_path(move || {
            let challenge = Challenge::new(&algorithm(&row)?, &verifier(&row)?, &mut rand::rng());
            Ok((row, challenge.map_err(|_| Error::refused(500, errors::INTERNAL))?))
        })
        .await?;
        let (b, at) = (challenge.public().to_vec(), self.now());
        let (salt1, salt2, hint) = (row.salt1.clone(), row.salt2.clone(), row.hint.clone());
        let srp_id = self.challenges.add(Waiting { user, row, challenge, at });
        Ok(SetPassword { salt1, salt2, b, srp_id, hint })
    }

    /// Returns whom a key belongs to or is logging in, and what is kept of the password.
    async fn password_of(&self, actor: Actor) -> Result<(UserId, Option<PasswordRow>), Error> {
        let after = self.now() - PASSWORD_STAGE_S;
        self.read(actor.user_id, move |tx| {
            let user = match actor.user_id {
                UserId(0) => passwords::stage(tx, actor.key_id, after)?,
                user => Some(user),
            };
            let user = user.ok_or_else(|| Error::refused(401, errors::AUTH_KEY_UNREGISTERED))?;
            Ok((user, passwords::find(tx, user)?))
        })
        .await
    }

    /// Gives the password in a login that waits for it, and completes the login (M-496).
    pub async fn log_in_by_password(
        &self,
        actor: Actor,
        answer: Answer,
        origin: Origin,
    ) -> Result<UserRow, Error> {
        let (user, row) = self.password_of(actor).await?;
        self.check_answer(user, row, Some(answer)).await?;
        let authorization = rand::rng().next_u64().cast_signed();
        let after = self.now() - PASSWORD_STAGE_S;
        let work = move |changes: &mut Changes<'_, '_>| {
            let stage = passwords::stage(changes.tx, actor.key_id, after)?;
            if stage != Some(user) {
                return Err(Error::refused(401, errors::AUTH_KEY_UNREGISTERED));
            }
            passwords::delete_stage(changes.tx, actor.key_id)?;
            accounts::log_in(changes, actor, user, authorization, &origin)?;
            users::find(changes.tx, user)?.ok_or_else(|| Error::bad(errors::USER_ID_INVALID))
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Requires the password of a user who is logged in; nothing if none is set and none is given (M-493).
    pub async fn require_password(&self, actor: Actor, answer: Option<Answer>) -> Result<(), Error> {
        let (user, row) = self.password_of(actor).await?;
        self.check_answer(user, row, answer).await
    }

    /// Sets, changes or (`None`) removes the password, after a check of the old one (M-492, M-493).
    pub async fn set_password(
        &self,
        actor: Actor,
        old: Option<Answer>,
        new: Option<NewPassword>,
    ) -> Result<(), Error> {
        let user = actor.user_id;
        if let Some(new) = &new {
            self.check_new(user, new)?;
        }
        self.require_password(actor, old).await?;
        let now = self.now();
        self.write(user, move |tx| match &new {
            None => Ok(passwords::delete(tx, user)?),
            Some(new) => {
                let before = passwords::find(tx, user)?;
                Ok(passwords::put(tx, &new.row(user, now, before.as_ref()))?)
            }
        })
        .await
    }

    fn check_new(&self, user: UserId, new: &NewPassword) -> Result<(), Error> {
        let prefix = self.access.salt(user, 1).to_le_bytes();
        let second = [self.access.salt(user, 2).to_le_bytes(), self.access.salt(user, 3).to_le_bytes()];
        let extended = new.salt1.starts_with(&prefix) && new.salt1.len() == SALT1_BYTES + CLIENT_SALT_BYTES;
        if !extended || new.salt2 != second.concat() {
            return Err(Error::bad(errors::NEW_SALT_INVALID));
        }
        let number: Option<&[u8; VERIFIER_BYTES]> = new.verifier.as_slice().try_into().ok();
        let in_range = number.is_some_and(|v| v < &TELEGRAM_PRIME && v.iter().any(|byte| *byte != 0));
        if !in_range || new.hint.chars().count() > HINT_LENGTH {
            return Err(Error::bad(errors::NEW_SETTINGS_INVALID));
        }
        Ok(())
    }

    /// Compares an answer in constant time; wrong ones are counted, and after a few each has to wait (M-489).
    async fn check_answer(
        &self,
        user: UserId,
        row: Option<PasswordRow>,
        answer: Option<Answer>,
    ) -> Result<(), Error> {
        let (row, answer) = match (row, answer) {
            (None, None) => return Ok(()),
            (Some(row), Some(answer)) => (row, answer),
            _ => return Err(Error::bad(errors::PASSWORD_HASH_INVALID)),
        };
        let now = self.now();
        let waiting = self.challenges.take(answer.srp_id, user, now);
        let waiting = waiting.ok_or_else(|| Error::bad(errors::SRP_ID_INVALID))?;
        if waiting.row != row {
            return Err(Error::bad(errors::SRP_PASSWORD_CHANGED));
        }
        if !self.settings.sandbox {
            self.read(user, move |tx| require_no_wait(tx, user, now)).await?;
        }
        let checked = off_the_path(move || {
            let (algorithm, verifier) = (algorithm(&row)?, verifier(&row)?);
            Ok(waiting.challenge.check(&algorithm, &verifier, &answer.a, &answer.m1))
        });
        match checked.await? {
            Ok(()) => Ok(()),
            Err(SrpError::PublicValue) => Err(Error::bad(errors::SRP_A_INVALID)),
            Err(_) => {
                self.write(user, move |tx| count_wrong(tx, user, now)).await?;
                Err(Error::bad(errors::PASSWORD_HASH_INVALID))
            }
        }
    }
}

fn require_no_wait(tx: &Tx<'_>, user: UserId, now: UnixTime) -> Result<(), Error> {
    let counter = counters::counter(tx, WRONG, &user.0.to_string())?;
    let wait = codes::guess_wait(codes::recent(counter, now.0) - FREE_GUESSES);
    if now.0 < counter.at + wait { Err(Error::flood(counter.at + wait - now.0)) } else { Ok(()) }
}

fn count_wrong(tx: &Tx<'_>, user: UserId, now: UnixTime) -> Result<(), Error> {
    let who = user.0.to_string();
    let count = codes::recent(counters::counter(tx, WRONG, &who)?, now.0) + 1;
    Ok(counters::put_counter(tx, WRONG, &who, counters::Counter { count, at: now.0 })?)
}

/// Runs arithmetic that takes milliseconds where it holds nobody up.
async fn off_the_path<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(Error::refused(500, errors::INTERNAL)))
}

fn algorithm(row: &PasswordRow) -> Result<Algorithm, Error> {
    let made = Algorithm::new(&row.salt1, &row.salt2, TELEGRAM_GENERATOR.into(), &TELEGRAM_PRIME);
    made.map_err(|_| Error::refused(500, errors::INTERNAL))
}

fn verifier(row: &PasswordRow) -> Result<[u8; VERIFIER_BYTES], Error> {
    row.verifier.as_slice().try_into().map_err(|_| Error::refused(500, errors::INTERNAL))
}
