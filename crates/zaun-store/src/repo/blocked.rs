//! Whom users blocked.

use zaun_model::{Peer, UnixTime, UserId};

use crate::{StoreError, Tx, params};

/// Blocks a peer; says whether it was not blocked before.
pub fn insert(tx: &Tx<'_>, owner: UserId, peer: Peer, now: UnixTime) -> Result<bool, StoreError> {
    let sql = "INSERT INTO blocked (owner_id, peer, blocked_at) VALUES ($1, $2, $3)
               ON CONFLICT (owner_id, peer) DO NOTHING";
    Ok(tx.execute(sql, params![owner, peer, now])? > 0)
}

/// Unblocks a peer; says whether it was blocked.
pub fn delete(tx: &Tx<'_>, owner: UserId, peer: Peer) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM blocked WHERE owner_id = $1 AND peer = $2", params![owner, peer])? > 0)
}

/// Says whether an owner blocked a peer.
pub fn is_blocked(tx: &Tx<'_>, owner: UserId, peer: Peer) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM blocked WHERE owner_id = $1 AND peer = $2";
    Ok(tx.query_one(sql, params![owner, peer], |row| row.column::<i64>(0))?.is_some())
}

/// Returns which of two users blocked the other.
pub fn between(tx: &Tx<'_>, one: UserId, other: UserId) -> Result<Vec<UserId>, StoreError> {
    let sql =
        "SELECT owner_id FROM blocked WHERE (owner_id = $1 AND peer = $2) OR (owner_id = $2 AND peer = $1)";
    tx.query(sql, params![one, other], |row| row.column(0))
}

/// Returns all peers that an owner blocked with the moment of it, the newest first.
pub fn all(tx: &Tx<'_>, owner: UserId) -> Result<Vec<(Peer, UnixTime)>, StoreError> {
    let sql = "SELECT peer, blocked_at FROM blocked WHERE owner_id = $1 ORDER BY blocked_at DESC, peer";
    tx.query(sql, params![owner], |row| Ok((row.column(0)?, row.column(1)?)))
}
