//! Logins by QR code.

use zaun_model::{UnixTime, UserId};

use crate::{Row, StoreError, Tx, params};

/// The token that a key shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// The auth key that waits for a login.
    pub key_id: i64,
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// When it is good for nothing any more.
    pub expires_at: UnixTime,
    /// Who accepted it.
    pub user_id: Option<UserId>,
}

impl TokenRow {
    fn read(row: &Row<'_>) -> Result<TokenRow, StoreError> {
        Ok(TokenRow {
            key_id: row.column(0)?,
            token_hash: row.column(1)?,
            expires_at: row.column(2)?,
            user_id: row.column(3)?,
        })
    }
}

/// Keeps the token of a key in place of an earlier one.
pub fn put(tx: &Tx<'_>, row: &TokenRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO login_tokens (key_id, token_hash, expires_at, user_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key_id) DO UPDATE SET token_hash = $2, expires_at = $3, user_id = $4",
        params![row.key_id, &row.token_hash, row.expires_at, row.user_id],
    )
    .map(drop)
}

/// Returns the token of a key.
pub fn of_key(tx: &Tx<'_>, key_id: i64) -> Result<Option<TokenRow>, StoreError> {
    let sql = "SELECT key_id, token_hash, expires_at, user_id FROM login_tokens WHERE key_id = $1";
    tx.query_one(sql, params![key_id], TokenRow::read)
}

/// Returns the token of a hash.
pub fn find(tx: &Tx<'_>, token_hash: &[u8]) -> Result<Option<TokenRow>, StoreError> {
    let sql = "SELECT key_id, token_hash, expires_at, user_id FROM login_tokens WHERE token_hash = $1";
    tx.query_one(sql, params![token_hash], TokenRow::read)
}

/// Removes the token of a key.
pub fn delete(tx: &Tx<'_>, key_id: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM login_tokens WHERE key_id = $1", params![key_id]).map(drop)
}

/// Removes tokens that expired before a moment.
pub fn sweep(tx: &Tx<'_>, now: UnixTime) -> Result<(), StoreError> {
    tx.execute("DELETE FROM login_tokens WHERE expires_at < $1", params![now]).map(drop)
}
