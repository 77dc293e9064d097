//! Notification settings and other settings that are one opaque value each.

use zaun_model::{Peer, UserId};

use crate::{StoreError, Tx, params};

/// Notification settings: scope 0 one conversation, 11 all private chats, 12 all groups, 13 all channels. `peer` is a
/// marked id for scope 0, else 0.
pub fn notify(tx: &Tx<'_>, owner: UserId, scope: i64, peer: i64) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_one(
        "SELECT body FROM notify_settings WHERE owner_id = $1 AND scope = $2 AND peer = $3",
        params![owner, scope, peer],
        |row| row.column(0),
    )
}

/// Notification settings of several conversations, of those that have any.
pub fn notify_many(tx: &Tx<'_>, owner: UserId, peers: &[Peer]) -> Result<Vec<(Peer, Vec<u8>)>, StoreError> {
    let peers: Vec<i64> = peers.iter().map(|peer| peer.marked()).collect();
    let sql = "SELECT peer, body FROM notify_settings WHERE owner_id = $1 AND scope = 0 AND peer IN ($IDS)";
    tx.query_in(sql, params![owner], &peers, |row| Ok((row.column(0)?, row.column(1)?)))
}

/// Keeps notification settings.
pub fn put_notify(tx: &Tx<'_>, owner: UserId, scope: i64, peer: i64, body: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO notify_settings (owner_id, scope, peer, body) VALUES ($1, $2, $3, $4)
         ON CONFLICT (owner_id, scope, peer) DO UPDATE SET body = $4",
        params![owner, scope, peer, body],
    )
    .map(drop)
}

/// Forgets all notification settings of a user.
pub fn clear_notify(tx: &Tx<'_>, owner: UserId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM notify_settings WHERE owner_id = $1", params![owner]).map(drop)
}

/// A named setting of a user.
pub fn find(tx: &Tx<'_>, owner: UserId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_one(
        "SELECT body FROM user_settings WHERE owner_id = $1 AND name = $2",
        params![owner, name],
        |row| row.column(0),
    )
}

/// Keeps a named setting of a user.
pub fn put(tx: &Tx<'_>, owner: UserId, name: &str, body: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO user_settings (owner_id, name, body) VALUES ($1, $2, $3) ON CONFLICT (owner_id, name) DO UPDATE SET body = $3",
        params![owner, name, body],
    )
    .map(drop)
}
