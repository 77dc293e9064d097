//! Who is logged in where, login codes, and authorizations on their way to another DC.

use zaun_model::{UnixTime, UserId};

use crate::{Row, StoreError, Tx, params};

/// An authorization with what its client said of itself.
#[derive(Debug, Clone)]
pub struct AuthorizationRow {
    /// The auth key.
    pub key_id: i64,
    /// The user.
    pub user_id: UserId,
    /// What clients see of it; 0 is never used.
    pub hash: i64,
    /// Unix seconds of the login.
    pub created_at: UnixTime,
    /// Unix seconds of the last use, roughly.
    pub active_at: UnixTime,
    /// Address of the last login.
    pub ip: String,
    /// Application.
    pub api_id: i32,
    /// Device.
    pub device_model: String,
    /// Operating system.
    pub system_version: String,
    /// Version of the application.
    pub app_version: String,
}

const COLUMNS: &str = "SELECT a.key_id, a.user_id, a.hash, a.created_at, a.active_at, a.ip,
    coalesce(k.api_id, 0), k.device_model, k.system_version, k.app_version
    FROM authorizations a JOIN auth_keys k ON k.key_id = a.key_id";

fn read(row: &Row<'_>) -> Result<AuthorizationRow, StoreError> {
    Ok(AuthorizationRow {
        key_id: row.column(0)?,
        user_id: row.column(1)?,
        hash: row.column(2)?,
        created_at: row.column(3)?,
        active_at: row.column(4)?,
        ip: row.column(5)?,
        api_id: row.column(6)?,
        device_model: row.column(7)?,
        system_version: row.column(8)?,
        app_version: row.column(9)?,
    })
}

/// The authorization on a key.
pub fn of_key(tx: &Tx<'_>, key_id: i64) -> Result<Option<AuthorizationRow>, StoreError> {
    tx.query_one(&format!("{COLUMNS} WHERE a.key_id = $1"), params![key_id], read)
}

/// All authorizations of a user, newest use first.
pub fn of_user(tx: &Tx<'_>, user_id: UserId) -> Result<Vec<AuthorizationRow>, StoreError> {
    tx.query(&format!("{COLUMNS} WHERE a.user_id = $1 ORDER BY a.active_at DESC"), params![user_id], read)
}

/// Logs a user in on a key, in place of whoever was.
pub fn put(
    tx: &Tx<'_>,
    key_id: i64,
    user_id: UserId,
    hash: i64,
    now: UnixTime,
    ip: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO authorizations (key_id, user_id, hash, created_at, active_at, ip) VALUES ($1, $2, $3, $4, $4, $5)
         ON CONFLICT (key_id) DO UPDATE SET user_id = $2, hash = $3, created_at = $4, active_at = $4, ip = $5",
        params![key_id, user_id, hash, now, ip],
    )?;
    Ok(())
}

/// Notes that an authorization is in use.
pub fn touch(tx: &Tx<'_>, key_id: i64, now: UnixTime) -> Result<(), StoreError> {
    tx.execute("UPDATE authorizations SET active_at = $2 WHERE key_id = $1", params![key_id, now])?;
    Ok(())
}

/// Ends the authorization on a key; `false` if there was none.
pub fn delete(tx: &Tx<'_>, key_id: i64) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM authorizations WHERE key_id = $1", params![key_id])? == 1)
}

/// Keeps one-time bytes for another DC, by their hash.
pub fn export(
    tx: &Tx<'_>,
    token_hash: &[u8],
    user_id: UserId,
    dc_id: i64,
    expires_at: UnixTime,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO exported_authorizations (token_hash, user_id, dc_id, expires_at) VALUES ($1, $2, $3, $4)",
        params![token_hash, user_id, dc_id, expires_at],
    )?;
    Ok(())
}

/// Takes one-time bytes: user, DC and expiry, once.
pub fn take_exported(tx: &Tx<'_>, token_hash: &[u8]) -> Result<Option<(UserId, i64, UnixTime)>, StoreError> {
    tx.query_one(
        "DELETE FROM exported_authorizations WHERE token_hash = $1 RETURNING user_id, dc_id, expires_at",
        params![token_hash],
        |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)),
    )
}

/// Forgets one-time bytes that expired before a moment.
pub fn sweep_exported(tx: &Tx<'_>, now: UnixTime) -> Result<usize, StoreError> {
    tx.execute("DELETE FROM exported_authorizations WHERE expires_at < $1", params![now])
}
