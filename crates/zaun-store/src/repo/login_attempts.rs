//! Login codes on their way, and the counters that bound guessing them.

use crate::{StoreError, Tx, params};

/// A login attempt, named by its hash towards the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// Names the attempt towards the client.
    pub code_hash: String,
    /// The phone that logs in, as digits.
    pub phone: String,
    /// Whether it was asked for at an address where the account is logged in.
    pub known: bool,
    /// The digits that are right.
    pub code: String,
    /// Wrong guesses so far.
    pub wrong: i64,
    /// The right code was given, and auth.signUp may follow (M-447).
    pub verified: bool,
    /// Unix seconds.
    pub expires_at: i64,
}

/// A counter and its time: the start of its window or the last event, as the counter's kind has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counter {
    /// How many.
    pub count: i64,
    /// Unix seconds.
    pub at: i64,
}

/// Returns a counter, zero if nothing was counted.
pub fn counter(tx: &Tx<'_>, what: &str, who: &str) -> Result<Counter, StoreError> {
    let found = tx.query_one(
        "SELECT count, at FROM login_counters WHERE what = $1 AND who = $2",
        params![what, who],
        |row| Ok(Counter { count: row.column(0)?, at: row.column(1)? }),
    )?;
    Ok(found.unwrap_or_default())
}

/// Keeps a counter.
pub fn put_counter(tx: &Tx<'_>, what: &str, who: &str, counter: Counter) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO login_counters (what, who, count, at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (what, who) DO UPDATE SET count = $3, at = $4",
        params![what, who, counter.count, counter.at],
    )
    .map(drop)
}

/// Returns the code that is given to those who ask, and when it expires.
pub fn phone_code(tx: &Tx<'_>, phone: &str, known: bool) -> Result<Option<(String, i64)>, StoreError> {
    tx.query_one(
        "SELECT code, expires_at FROM login_phone_codes WHERE phone = $1 AND known = $2",
        params![phone, known],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}

/// Keeps the code that is given to those who ask.
pub fn put_phone_code(
    tx: &Tx<'_>,
    phone: &str,
    known: bool,
    code: &str,
    expires_at: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO login_phone_codes (phone, known, code, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (phone, known) DO UPDATE SET code = $3, expires_at = $4",
        params![phone, known, code, expires_at],
    )
    .map(drop)
}

/// Returns the attempt that a hash names.
pub fn attempt(tx: &Tx<'_>, code_hash: &str) -> Result<Option<AttemptRow>, StoreError> {
    tx.query_one(
        "SELECT code_hash, phone, known, code, wrong, verified, expires_at FROM login_attempts WHERE code_hash = $1",
        params![code_hash],
        |row| {
            Ok(AttemptRow {
                code_hash: row.column(0)?,
                phone: row.column(1)?,
                known: row.column(2)?,
                code: row.column(3)?,
                wrong: row.column(4)?,
                verified: row.column(5)?,
                expires_at: row.column(6)?,
            })
        },
    )
}

/// Keeps an attempt.
pub fn put_attempt(tx: &Tx<'_>, row: &AttemptRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO login_attempts (code_hash, phone, known, code, wrong, verified, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (code_hash) DO UPDATE SET wrong = $5, verified = $6",
        params![&row.code_hash, &row.phone, row.known, &row.code, row.wrong, row.verified, row.expires_at],
    )
    .map(drop)
}

/// Ends one attempt; the code lives on.
pub fn delete_attempt(tx: &Tx<'_>, code_hash: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM login_attempts WHERE code_hash = $1", params![code_hash]).map(drop)
}

/// Ends a code with all attempts that have it, because it was used.
pub fn delete_code(tx: &Tx<'_>, phone: &str, known: bool) -> Result<(), StoreError> {
    tx.execute("DELETE FROM login_phone_codes WHERE phone = $1 AND known = $2", params![phone, known])?;
    tx.execute("DELETE FROM login_attempts WHERE phone = $1 AND known = $2", params![phone, known]).map(drop)
}

/// Forgets attempts that expired before `now`, and counters that nothing was added to since `counted`.
pub fn forget(tx: &Tx<'_>, now: i64, counted: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM login_attempts WHERE expires_at <= $1", params![now])?;
    tx.execute("DELETE FROM login_counters WHERE at <= $1", params![counted]).map(drop)
}
