//! Auth keys and what clients say of themselves on them.

use zaun_model::UnixTime;

use crate::{StoreError, Tx, params};

/// An auth key as stored.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// The 256 bytes.
    pub secret: Vec<u8>,
    /// Unix seconds.
    pub created_at: UnixTime,
    /// The DC for which it was made.
    pub dc: i64,
    /// The layer of the last invokeWithLayer (M-401).
    pub layer: Option<i32>,
}

/// The values of initConnection (M-403).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientRow {
    /// Layer of the invokeWithLayer around it.
    pub layer: Option<i32>,
    /// Application.
    pub api_id: i32,
    /// Device.
    pub device_model: String,
    /// Operating system.
    pub system_version: String,
    /// Version of the application.
    pub app_version: String,
    /// Language of the system.
    pub system_lang_code: String,
    /// Language pack.
    pub lang_pack: String,
    /// Language of the interface.
    pub lang_code: String,
}

/// Returns what the client on a key said of itself, if there is one.
pub fn client(tx: &Tx<'_>, key_id: i64) -> Result<Option<ClientRow>, StoreError> {
    tx.query_one(
        "SELECT layer, coalesce(api_id, 0), device_model, system_version, app_version, system_lang_code, lang_pack,
         lang_code FROM auth_keys WHERE key_id = $1",
        params![key_id],
        |row| {
            Ok(ClientRow {
                layer: row.column(0)?,
                api_id: row.column(1)?,
                device_model: row.column(2)?,
                system_version: row.column(3)?,
                app_version: row.column(4)?,
                system_lang_code: row.column(5)?,
                lang_pack: row.column(6)?,
                lang_code: row.column(7)?,
            })
        },
    )
}

/// Keeps a new key; `false` if the id is taken.
pub fn insert(
    tx: &Tx<'_>,
    key_id: i64,
    secret: &[u8],
    created_at: UnixTime,
    dc: i64,
) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO auth_keys (key_id, secret, created_at, dc) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        params![key_id, secret, created_at, dc],
    )?;
    Ok(added == 1)
}

/// Reads a key.
pub fn find(tx: &Tx<'_>, key_id: i64) -> Result<Option<KeyRow>, StoreError> {
    tx.query_one(
        "SELECT secret, created_at, dc, layer FROM auth_keys WHERE key_id = $1",
        params![key_id],
        |row| {
            Ok(KeyRow {
                secret: row.column(0)?,
                created_at: row.column(1)?,
                dc: row.column(2)?,
                layer: row.column(3)?,
            })
        },
    )
}

/// Removes a key; its authorization goes with it.
pub fn delete(tx: &Tx<'_>, key_id: i64) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM auth_keys WHERE key_id = $1", params![key_id])? == 1)
}

/// Notes what the client on a key says of itself.
pub fn set_client(tx: &Tx<'_>, key_id: i64, client: &ClientRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE auth_keys SET layer = $2, api_id = $3, device_model = $4, system_version = $5, app_version = $6,
         system_lang_code = $7, lang_pack = $8, lang_code = $9 WHERE key_id = $1",
        params![
            key_id,
            client.layer,
            client.api_id,
            &client.device_model,
            &client.system_version,
            &client.app_version,
            &client.system_lang_code,
            &client.lang_pack,
            &client.lang_code
        ],
    )?;
    Ok(())
}

/// Removes keys that were made before a moment and on which nobody is logged in, up to a limit; returns how many.
pub fn sweep_unused(tx: &Tx<'_>, before: UnixTime, limit: i64) -> Result<usize, StoreError> {
    tx.execute(
        "DELETE FROM auth_keys WHERE key_id IN (
           SELECT k.key_id FROM auth_keys k WHERE k.created_at < $1
           AND NOT EXISTS (SELECT 1 FROM authorizations a WHERE a.key_id = k.key_id)
           ORDER BY k.created_at LIMIT $2)",
        params![before, limit],
    )
}
