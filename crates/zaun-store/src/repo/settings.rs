//! Notification settings and other settings that are one opaque value each.

use zaun_model::{MsgId, Peer, UserId};

use crate::{StoreError, Tx, params};

/// What notification settings are about. Scope: 0 one conversation or topic, 11 all private chats, 12 all groups, 13 all
/// channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotifyKey {
    /// Which of these.
    pub scope: i64,
    /// Marked id of the conversation for scope 0, else 0.
    pub peer: i64,
    /// The topic, 0 for all of it.
    pub thread: MsgId,
}

/// Notification settings.
pub fn notify(tx: &Tx<'_>, owner: UserId, key: NotifyKey) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_one(
        "SELECT body FROM notify_settings WHERE owner_id = $1 AND scope = $2 AND peer = $3 AND thread_id = $4",
        params![owner, key.scope, key.peer, key.thread],
        |row| row.column(0),
    )
}

/// Notification settings of the topics of a forum, of those that have any.
pub fn notify_topics(tx: &Tx<'_>, owner: UserId, peer: Peer) -> Result<Vec<(MsgId, Vec<u8>)>, StoreError> {
    let sql = "SELECT thread_id, body FROM notify_settings WHERE owner_id = $1 AND scope = 0 AND peer = $2
               AND thread_id > 0";
    tx.query(sql, params![owner, peer], |row| Ok((row.column(0)?, row.column(1)?)))
}

/// Notification settings of all conversations and topics that have any: marked peer, topic, settings.
pub fn notify_exceptions(
    tx: &Tx<'_>,
    owner: UserId,
    limit: i64,
) -> Result<Vec<(Peer, MsgId, Vec<u8>)>, StoreError> {
    let sql = "SELECT peer, thread_id, body FROM notify_settings WHERE owner_id = $1 AND scope = 0 LIMIT $2";
    tx.query(sql, params![owner, limit], |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)))
}

/// Notification settings of several conversations, of those that have any.
pub fn notify_many(tx: &Tx<'_>, owner: UserId, peers: &[Peer]) -> Result<Vec<(Peer, Vec<u8>)>, StoreError> {
    let peers: Vec<i64> = peers.iter().map(|peer| peer.marked()).collect();
    let sql = "SELECT peer, body FROM notify_settings WHERE owner_id = $1 AND scope = 0 AND thread_id = 0
               AND peer IN ($IDS)";
    tx.query_in(sql, params![owner], &peers, |row| Ok((row.column(0)?, row.column(1)?)))
}

/// Keeps notification settings.
pub fn put_notify(tx: &Tx<'_>, owner: UserId, key: NotifyKey, body: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO notify_settings (owner_id, scope, peer, thread_id, body) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (owner_id, scope, peer, thread_id) DO UPDATE SET body = $5",
        params![owner, key.scope, key.peer, key.thread, body],
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
