//! Notification settings and other settings that are one opaque value each.

use crate::{StoreError, Tx, params};

/// Notification settings: scope 1 user, 2 basic group, 3 channel, 11 all users, 12 all groups, 13 all channels.
pub fn notify(tx: &Tx<'_>, owner: i64, scope: i64, peer_id: i64) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_one(
        "SELECT body FROM notify_settings WHERE owner_id = $1 AND scope = $2 AND peer_id = $3",
        params![owner, scope, peer_id],
        |row| row.column(0),
    )
}

/// Keeps notification settings.
pub fn put_notify(tx: &Tx<'_>, owner: i64, scope: i64, peer_id: i64, body: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO notify_settings VALUES ($1, $2, $3, $4)
         ON CONFLICT (owner_id, scope, peer_id) DO UPDATE SET body = $4",
        params![owner, scope, peer_id, body],
    )
    .map(drop)
}

/// Forgets all notification settings of a user.
pub fn clear_notify(tx: &Tx<'_>, owner: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM notify_settings WHERE owner_id = $1", params![owner]).map(drop)
}

/// A named setting of a user.
pub fn find(tx: &Tx<'_>, owner: i64, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_one(
        "SELECT body FROM user_settings WHERE owner_id = $1 AND name = $2",
        params![owner, name],
        |row| row.column(0),
    )
}

/// Keeps a named setting of a user.
pub fn put(tx: &Tx<'_>, owner: i64, name: &str, body: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO user_settings VALUES ($1, $2, $3) ON CONFLICT (owner_id, name) DO UPDATE SET body = $3",
        params![owner, name, body],
    )
    .map(drop)
}
