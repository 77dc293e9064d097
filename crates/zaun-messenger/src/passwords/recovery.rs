//! What helps who forgot the password: a code to an e-mail address, or a week of waiting (M-494, M-495, G-427).

use zaun_model::{UnixTime, UserId};
use zaun_store::Tx;
use zaun_store::repo::login_attempts as counters;
use zaun_store::repo::passwords::{self, CodeRow, PasswordRow};
use zaun_store::repo::users::{self, UserRow};

use super::{Answer, NewPassword};
use crate::accounts::{self, Origin};
use crate::codes::{guess_wait, random_code, recent, test_code};
use crate::limits::{
    CODE_ATTEMPTS, CODE_DIGITS, EMAIL_BYTES, FREE_GUESSES, PASSWORD_CODE_LIFE_S, PASSWORD_STAGE_S,
    RESET_AGAIN_S, RESET_WAIT_S, TMP_PASSWORD_S,
};
use crate::{Actor, Changes, Error, Messenger, errors};

/// What a code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// An address is its owner's.
    Confirm = 1,
    /// A forgotten password.
    Recover = 2,
}

/// Counts wrong codes of a user.
const WRONG: &str = "wrong recovery code";

/// What account.resetPassword answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// The password is gone.
    Done,
    /// It goes at this moment, if nobody declines.
    Waits(UnixTime),
    /// It was declined lately; not before this moment.
    NotBefore(UnixTime),
}

/// An address as it may be shown to somebody who has to recognise it.
#[must_use]
pub fn pattern(email: &str) -> String {
    let (name, place) = email.split_once('@').unwrap_or((email, ""));
    let mut letters = name.chars();
    let first = letters.next().unwrap_or('*');
    let last = letters.next_back().map(String::from).unwrap_or_default();
    let stars = "*".repeat(name.chars().count().saturating_sub(2).max(1));
    format!("{first}{stars}{last}@{place}")
}

fn checked_email(email: &str) -> Result<String, Error> {
    let email = email.trim();
    let parts = email.split_once('@').filter(|(name, place)| !name.is_empty() && place.contains('.'));
    let plain = email.chars().all(|c| !c.is_control() && !c.is_whitespace());
    if parts.is_some() && plain && email.len() <= EMAIL_BYTES && email.matches('@').count() == 1 {
        Ok(email.to_owned())
    } else {
        Err(Error::bad(errors::EMAIL_INVALID))
    }
}

fn require_row(tx: &Tx<'_>, user: UserId) -> Result<PasswordRow, Error> {
    passwords::find(tx, user)?.ok_or_else(|| Error::bad(errors::PASSWORD_EMPTY))
}

/// Makes a code, or repeats the one that lives.
fn code_for(
    tx: &Tx<'_>,
    user: UserId,
    purpose: Purpose,
    now: UnixTime,
    sandbox: bool,
) -> Result<String, Error> {
    let kind = purpose as i64;
    if let Some(row) = passwords::code(tx, user, kind)?.filter(|row| row.expires_at > now) {
        return Ok(row.code);
    }
    let phone = users::find(tx, user)?.and_then(|user| user.phone).unwrap_or_default();
    let fixed = if sandbox { test_code(&phone) } else { None };
    let code = fixed.unwrap_or_else(|| random_code(&mut rand::rng(), CODE_DIGITS));
    let expires_at = now + PASSWORD_CODE_LIFE_S;
    passwords::put_code(tx, &CodeRow { user_id: user, kind, code: code.clone(), expires_at, wrong: 0 })?;
    Ok(code)
}

/// How the operator of a server that sends no mail hands codes out.
fn print(email: &str, code: &str) {
    tracing::info!(target: "zaun::login_code", email, code, "code for a password's e-mail address");
}

/// Compares a code; a wrong one is counted, so its transaction has to be kept.
fn check_code(
    tx: &Tx<'_>,
    user: UserId,
    purpose: Purpose,
    code: &str,
    (now, sandbox): (UnixTime, bool),
) -> Result<Result<(), Error>, Error> {
    if code.is_empty() {
        return Err(Error::bad(errors::CODE_EMPTY));
    }
    let who = user.0.to_string();
    let counter = counters::counter(tx, WRONG, &who)?;
    let wait = guess_wait(recent(counter, now.0) - FREE_GUESSES);
    if !sandbox && now.0 < counter.at + wait {
        return Err(Error::flood(counter.at + wait - now.0));
    }
    let row = passwords::code(tx, user, purpose as i64)?;
    let row = row.filter(|row| row.expires_at > now && row.wrong < CODE_ATTEMPTS);
    let mut row = row.ok_or_else(|| Error::bad(errors::PASSWORD_RECOVERY_EXPIRED))?;
    if zaun_crypto::hash::ct_eq(row.code.as_bytes(), code.as_bytes()) {
        return Ok(Ok(()));
    }
    row.wrong += 1;
    passwords::put_code(tx, &row)?;
    let count = recent(counter, now.0) + 1;
    counters::put_counter(tx, WRONG, &who, counters::Counter { count, at: now.0 })?;
    Ok(Err(Error::bad(errors::CODE_INVALID)))
}

impl Messenger {
    /// Notes an address at which a forgotten password is recovered, once a code has proved that it is its owner's. Returns
    /// the length of that code; `None` if the address is confirmed already.
    pub async fn set_recovery_email(&self, actor: Actor, email: &str) -> Result<Option<usize>, Error> {
        let email = checked_email(email)?;
        let (now, sandbox, shown) = (self.now(), self.settings.sandbox, email.clone());
        let code = self
            .write(actor.user_id, move |tx| {
                let row = require_row(tx, actor.user_id)?;
                if row.email == email {
                    return Ok(None);
                }
                passwords::put(tx, &PasswordRow { pending_email: email.clone(), ..row })?;
                passwords::delete_code(tx, actor.user_id, Purpose::Confirm as i64)?;
                code_for(tx, actor.user_id, Purpose::Confirm, now, sandbox).map(Some)
            })
            .await?;
        if let Some(code) = &code {
            print(&shown, code);
        }
        Ok(code.map(|code| code.len()))
    }

    /// Confirms the address by the code that was sent there.
    pub async fn confirm_recovery_email(&self, actor: Actor, code: String) -> Result<(), Error> {
        let at = (self.now(), self.settings.sandbox);
        self.write(actor.user_id, move |tx| {
            let row = require_row(tx, actor.user_id)?;
            if row.pending_email.is_empty() {
                return Err(Error::bad(errors::EMAIL_HASH_EXPIRED));
            }
            let checked = check_code(tx, actor.user_id, Purpose::Confirm, &code, at)?;
            if checked.is_ok() {
                let (email, pending_email) = (row.pending_email.clone(), String::new());
                passwords::put(tx, &PasswordRow { email, pending_email, ..row })?;
                passwords::delete_code(tx, actor.user_id, Purpose::Confirm as i64)?;
            }
            Ok(checked)
        })
        .await?
    }

    /// Sends the code for an address once more.
    pub async fn resend_recovery_email(&self, actor: Actor) -> Result<(), Error> {
        let (now, sandbox) = (self.now(), self.settings.sandbox);
        let (email, code) = self
            .write(actor.user_id, move |tx| {
                let row = require_row(tx, actor.user_id)?;
                if row.pending_email.is_empty() {
                    return Err(Error::bad(errors::EMAIL_HASH_EXPIRED));
                }
                Ok((row.pending_email, code_for(tx, actor.user_id, Purpose::Confirm, now, sandbox)?))
            })
            .await?;
        print(&email, &code);
        Ok(())
    }

    /// Gives up an address that is not confirmed yet.
    pub async fn cancel_recovery_email(&self, actor: Actor) -> Result<(), Error> {
        self.write(actor.user_id, move |tx| {
            let row = require_row(tx, actor.user_id)?;
            if row.pending_email.is_empty() {
                return Err(Error::bad(errors::EMAIL_HASH_EXPIRED));
            }
            passwords::put(tx, &PasswordRow { pending_email: String::new(), ..row })?;
            passwords::delete_code(tx, actor.user_id, Purpose::Confirm as i64).map_err(Into::into)
        })
        .await
    }

    /// Sends a code to the address of whoever forgot the password; returns what may be shown of that address.
    pub async fn request_recovery(&self, actor: Actor) -> Result<String, Error> {
        let (user, row) = self.password_of(actor).await?;
        let row = row.ok_or_else(|| Error::bad(errors::PASSWORD_EMPTY))?;
        if row.email.is_empty() {
            return Err(Error::bad(errors::PASSWORD_RECOVERY_NA));
        }
        let (now, sandbox) = (self.now(), self.settings.sandbox);
        let code = self.write(user, move |tx| code_for(tx, user, Purpose::Recover, now, sandbox)).await?;
        print(&row.email, &code);
        Ok(pattern(&row.email))
    }

    /// Says whether a code for a forgotten password is right.
    pub async fn check_recovery(&self, actor: Actor, code: String) -> Result<(), Error> {
        let (user, _) = self.password_of(actor).await?;
        let at = (self.now(), self.settings.sandbox);
        self.write(user, move |tx| check_code(tx, user, Purpose::Recover, &code, at)).await?
    }

    /// Puts another password in place of the forgotten one, or none, and completes the login that waits for it.
    pub async fn recover_password(
        &self,
        actor: Actor,
        code: String,
        new: Option<NewPassword>,
        origin: Origin,
    ) -> Result<UserRow, Error> {
        let (user, row) = self.password_of(actor).await?;
        let row = row.ok_or_else(|| Error::bad(errors::PASSWORD_EMPTY))?;
        if let Some(new) = &new {
            self.check_new(user, new)?;
        }
        let at = (self.now(), self.settings.sandbox);
        self.write(user, move |tx| check_code(tx, user, Purpose::Recover, &code, at)).await??;
        let authorization = rand::Rng::next_u64(&mut rand::rng()).cast_signed();
        let after = self.now() - PASSWORD_STAGE_S;
        let work = move |changes: &mut Changes<'_, '_>| {
            passwords::delete_code(changes.tx, user, Purpose::Recover as i64)?;
            match &new {
                None => passwords::delete(changes.tx, user)?,
                Some(new) => passwords::put(changes.tx, &new.row(user, changes.now, Some(&row)))?,
            }
            if actor.user_id != user {
                if passwords::stage(changes.tx, actor.key_id, after)? != Some(user) {
                    return Err(Error::refused(401, errors::AUTH_KEY_UNREGISTERED));
                }
                passwords::delete_stage(changes.tx, actor.key_id)?;
                accounts::log_in(changes, actor, user, authorization, &origin)?;
            }
            users::find(changes.tx, user)?.ok_or_else(|| Error::bad(errors::USER_ID_INVALID))
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Begins the week after which the password goes, or ends it (G-427).
    pub async fn reset_password(&self, actor: Actor) -> Result<Reset, Error> {
        let now = self.now();
        self.write(actor.user_id, move |tx| {
            let row = require_row(tx, actor.user_id)?;
            if row.reset_at.0 > 0 && row.reset_at <= now {
                passwords::delete(tx, actor.user_id)?;
                return Ok(Reset::Done);
            }
            if row.reset_at > now {
                return Ok(Reset::Waits(row.reset_at));
            }
            let again = row.declined_at + RESET_AGAIN_S;
            if row.declined_at.0 > 0 && now < again {
                return Ok(Reset::NotBefore(again));
            }
            let reset_at = now + RESET_WAIT_S;
            passwords::put(tx, &PasswordRow { reset_at, ..row })?;
            Ok(Reset::Waits(reset_at))
        })
        .await
    }

    /// Ends the week of waiting: the password stays.
    pub async fn decline_password_reset(&self, actor: Actor) -> Result<(), Error> {
        let now = self.now();
        self.write(actor.user_id, move |tx| {
            let row = passwords::find(tx, actor.user_id)?.filter(|row| row.reset_at.0 > 0);
            let row = row.ok_or_else(|| Error::bad(errors::RESET_REQUEST_MISSING))?;
            let row = PasswordRow { reset_at: UnixTime(0), declined_at: now, ..row };
            passwords::put(tx, &row).map_err(Into::into)
        })
        .await
    }

    /// Returns bytes that stand for the password for so many seconds (G-428).
    pub async fn temporary_password(
        &self,
        actor: Actor,
        answer: Option<Answer>,
        period: i32,
    ) -> Result<(Vec<u8>, UnixTime), Error> {
        if !TMP_PASSWORD_S.contains(&period) {
            return Err(Error::bad(errors::TMP_PASSWORD_DISABLED));
        }
        if answer.is_none() {
            return Err(Error::bad(errors::PASSWORD_HASH_INVALID));
        }
        self.require_password(actor, answer).await?;
        let until = self.now() + i64::from(period);
        Ok((self.access.temporary_password(actor.user_id, until), until))
    }
}
