//! Cloud passwords, and logins that have still to give one.

use zaun_model::{UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// What is kept of a password.
    PasswordRow in "passwords" {
        /// Whose it is.
        user_id: UserId,
        /// The first salt: 8 bytes of the server's and 32 of the client's (M-492).
        salt1: Vec<u8>,
        /// The second salt.
        salt2: Vec<u8>,
        /// The verifier `v`, 256 bytes; secret, because passwords can be tried against it.
        verifier: Vec<u8>,
        /// What the owner noted to remember the password by.
        hint: String,
        /// When it was set or changed last.
        changed_at: UnixTime,
        /// The address at which it is recovered; empty for none.
        email: String,
        /// An address that is still to be confirmed; empty for none.
        pending_email: String,
        /// When it goes because its owner forgot it; 0 for never.
        reset_at: UnixTime,
        /// When its owner declined that last; 0 for never.
        declined_at: UnixTime,
    }
}

table! {
    /// A code that was sent to an address.
    CodeRow in "password_codes" {
        /// Whose it is.
        user_id: UserId,
        /// What it is for; the numbers belong to the messenger.
        kind: i64,
        /// Its digits.
        code: String,
        /// When it ends.
        expires_at: UnixTime,
        /// Wrong guesses at it.
        wrong: i64,
    }
}

/// Returns what is kept of a user's password, if there is one.
pub fn find(tx: &Tx<'_>, user: UserId) -> Result<Option<PasswordRow>, StoreError> {
    let sql = format!("SELECT {} FROM passwords WHERE user_id = $1", PasswordRow::COLUMNS);
    tx.query_one(&sql, params![user], PasswordRow::read)
}

/// Keeps a password in place of an earlier one.
pub fn put(tx: &Tx<'_>, row: &PasswordRow) -> Result<(), StoreError> {
    tx.execute("DELETE FROM passwords WHERE user_id = $1", params![row.user_id])?;
    row.insert(tx)
}

/// The code of a user for a purpose.
pub fn code(tx: &Tx<'_>, user: UserId, kind: i64) -> Result<Option<CodeRow>, StoreError> {
    let sql = format!("SELECT {} FROM password_codes WHERE user_id = $1 AND kind = $2", CodeRow::COLUMNS);
    tx.query_one(&sql, params![user, kind], CodeRow::read)
}

/// Keeps a code in place of an earlier one.
pub fn put_code(tx: &Tx<'_>, row: &CodeRow) -> Result<(), StoreError> {
    delete_code(tx, row.user_id, row.kind)?;
    row.insert(tx)
}

/// Forgets a code.
pub fn delete_code(tx: &Tx<'_>, user: UserId, kind: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM password_codes WHERE user_id = $1 AND kind = $2", params![user, kind]).map(drop)
}

/// Removes a password, with its codes.
pub fn delete(tx: &Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM password_codes WHERE user_id = $1", params![user])?;
    tx.execute("DELETE FROM passwords WHERE user_id = $1", params![user]).map(drop)
}

/// Notes that a login on a key has to give the password of a user.
pub fn put_stage(tx: &Tx<'_>, key_id: i64, user: UserId, at: UnixTime) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO password_stages (key_id, user_id, at) VALUES ($1, $2, $3)
         ON CONFLICT (key_id) DO UPDATE SET user_id = $2, at = $3",
        params![key_id, user, at],
    )
    .map(drop)
}

/// Returns whose password a login on a key has to give, if it began after a moment.
pub fn stage(tx: &Tx<'_>, key_id: i64, after: UnixTime) -> Result<Option<UserId>, StoreError> {
    let sql = "SELECT user_id FROM password_stages WHERE key_id = $1 AND at > $2";
    tx.query_one(sql, params![key_id, after], |row| row.column(0))
}

/// Ends the stage of a key.
pub fn delete_stage(tx: &Tx<'_>, key_id: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM password_stages WHERE key_id = $1", params![key_id]).map(drop)
}

/// Removes stages that began before a moment.
pub fn sweep_stages(tx: &Tx<'_>, before: UnixTime) -> Result<(), StoreError> {
    tx.execute("DELETE FROM password_stages WHERE at < $1", params![before]).map(drop)
}
