//! Cloud passwords, and logins that have still to give one.

use zaun_model::{UnixTime, UserId};

use crate::{StoreError, Tx, params};

/// What is kept of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRow {
    /// Whose it is.
    pub user_id: UserId,
    /// The first salt: 8 bytes of the server's and 32 of the client's (M-492).
    pub salt1: Vec<u8>,
    /// The second salt.
    pub salt2: Vec<u8>,
    /// The verifier `v`, 256 bytes; secret, because passwords can be tried against it.
    pub verifier: Vec<u8>,
    /// What the owner noted to remember the password by.
    pub hint: String,
    /// When it was set or changed last.
    pub changed_at: UnixTime,
}

/// Returns what is kept of a user's password, if there is one.
pub fn find(tx: &Tx<'_>, user: UserId) -> Result<Option<PasswordRow>, StoreError> {
    let sql = "SELECT user_id, salt1, salt2, verifier, hint, changed_at FROM passwords WHERE user_id = $1";
    tx.query_one(sql, params![user], |row| {
        Ok(PasswordRow {
            user_id: row.column(0)?,
            salt1: row.column(1)?,
            salt2: row.column(2)?,
            verifier: row.column(3)?,
            hint: row.column(4)?,
            changed_at: row.column(5)?,
        })
    })
}

/// Keeps a password in place of an earlier one.
pub fn put(tx: &Tx<'_>, row: &PasswordRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO passwords (user_id, salt1, salt2, verifier, hint, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (user_id) DO UPDATE SET salt1 = $2, salt2 = $3, verifier = $4, hint = $5, changed_at = $6",
        params![row.user_id, &row.salt1, &row.salt2, &row.verifier, &row.hint, row.changed_at],
    )
    .map(drop)
}

/// Removes a password.
pub fn delete(tx: &Tx<'_>, user: UserId) -> Result<(), StoreError> {
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
