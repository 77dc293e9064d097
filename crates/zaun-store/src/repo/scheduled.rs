//! Messages that are to be sent later, and messages that delete themselves.

use zaun_model::{ContentId, MsgId, Peer, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// A message that is to be sent later.
    ScheduledRow in "scheduled" {
        /// Whose queue it is in: the author, or a broadcast channel for its posts.
        owner: Peer,
        /// The conversation that it goes to.
        peer: Peer,
        /// Its number in the queue.
        id: MsgId,
        /// Who wrote it.
        author_id: UserId,
        /// What the client called it.
        random_id: i64,
        /// When it is sent.
        at: UnixTime,
        /// Its text.
        text: String,
        /// Canonical TL Message without its text.
        body: Vec<u8>,
        /// As whom it is sent, if its author said so.
        send_as: Option<Peer>,
    }
}

/// The queue of a conversation.
pub type Queue = (Peer, Peer);

fn select(rest: &str) -> String {
    format!("SELECT {} FROM scheduled WHERE {rest}", ScheduledRow::COLUMNS)
}

/// Adds a message.
pub fn insert(tx: &Tx<'_>, row: &ScheduledRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// All messages of a queue, newest first, up to a limit.
pub fn all(tx: &Tx<'_>, (owner, peer): Queue, limit: i64) -> Result<Vec<ScheduledRow>, StoreError> {
    let sql = select("owner = $1 AND peer = $2 ORDER BY id DESC LIMIT $3");
    tx.query(&sql, params![owner, peer, limit], ScheduledRow::read)
}

/// Messages of a queue by id, in no order.
pub fn find_many(tx: &Tx<'_>, (owner, peer): Queue, ids: &[MsgId]) -> Result<Vec<ScheduledRow>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| i64::from(id.0)).collect();
    tx.query_in(
        &select("owner = $1 AND peer = $2 AND id IN ($IDS)"),
        params![owner, peer],
        &ids,
        ScheduledRow::read,
    )
}

/// Writes a message back that was edited.
pub fn save(tx: &Tx<'_>, row: &ScheduledRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE scheduled SET at = $4, text = $5, body = $6 WHERE owner = $1 AND peer = $2 AND id = $3",
        params![row.owner, row.peer, row.id, row.at, &row.text, &row.body],
    )
    .map(drop)
}

/// Removes a message.
pub fn delete(tx: &Tx<'_>, row: &ScheduledRow) -> Result<(), StoreError> {
    let sql = "DELETE FROM scheduled WHERE owner = $1 AND peer = $2 AND id = $3";
    tx.execute(sql, params![row.owner, row.peer, row.id]).map(drop)
}

/// Messages whose time has come, the first to be sent first.
pub fn due(tx: &Tx<'_>, now: UnixTime, limit: i64) -> Result<Vec<ScheduledRow>, StoreError> {
    tx.query(&select("at <= $1 ORDER BY at, id LIMIT $2"), params![now, limit], ScheduledRow::read)
}

/// Messages that wait for a user at a moment of their own.
pub fn waiting_for(
    tx: &Tx<'_>,
    user: UserId,
    at: UnixTime,
    limit: i64,
) -> Result<Vec<ScheduledRow>, StoreError> {
    let sql = select("at = $1 AND peer = $2 ORDER BY id LIMIT $3");
    tx.query(&sql, params![at, user, limit], ScheduledRow::read)
}

/// Notes when a message deletes itself.
pub fn expire(tx: &Tx<'_>, content: ContentId, at: UnixTime) -> Result<(), StoreError> {
    tx.execute("INSERT INTO expiring (content_id, at) VALUES ($1, $2)", params![content, at]).map(drop)
}

/// Contents whose time is over.
pub fn expired(tx: &Tx<'_>, now: UnixTime, limit: i64) -> Result<Vec<ContentId>, StoreError> {
    let sql = "SELECT content_id FROM expiring WHERE at <= $1 ORDER BY at LIMIT $2";
    tx.query(sql, params![now, limit], |row| row.column(0))
}

/// Forgets when a message deletes itself.
pub fn forget_expiry(tx: &Tx<'_>, content: ContentId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM expiring WHERE content_id = $1", params![content]).map(drop)
}

fn ordered(one: UserId, other: UserId) -> (UserId, UserId) {
    (one.min(other), one.max(other))
}

/// Seconds after which new messages of a private chat delete themselves; 0 for never.
pub fn private_ttl(tx: &Tx<'_>, one: UserId, other: UserId) -> Result<i32, StoreError> {
    let (low, high) = ordered(one, other);
    let sql = "SELECT period FROM private_ttl WHERE low = $1 AND high = $2";
    Ok(tx.query_one(sql, params![low, high], |row| row.column(0))?.unwrap_or(0))
}

/// What decides how long a message of a private chat lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeforeSending {
    /// What is set for the chat.
    pub ttl: Option<i32>,
    /// A setting of who writes.
    pub setting: Option<Vec<u8>>,
    /// Whether who writes has the chat in its list already.
    pub known: bool,
}

/// What decides how long a message of a private chat lives; `name` is that of the sender's setting.
pub fn ttl_before_sending(
    tx: &Tx<'_>,
    (sender, other): (UserId, UserId),
    name: &str,
) -> Result<BeforeSending, StoreError> {
    let (low, high) = ordered(sender, other);
    let found = tx.query_one(
        "SELECT (SELECT period FROM private_ttl WHERE low = $1 AND high = $2),
         (SELECT body FROM user_settings WHERE owner_id = $3 AND name = $4),
         (SELECT count(*) FROM dialogs WHERE user_id = $3 AND peer = $5)",
        params![low, high, sender, name, other],
        |row| {
            let known = row.column::<i64>(2)? > 0;
            Ok(BeforeSending { ttl: row.column(0)?, setting: row.column(1)?, known })
        },
    )?;
    Ok(found.unwrap_or(BeforeSending { ttl: None, setting: None, known: true }))
}

/// Sets after how many seconds new messages of a private chat delete themselves; 0 for never.
pub fn set_private_ttl(tx: &Tx<'_>, one: UserId, other: UserId, period: i32) -> Result<(), StoreError> {
    let (low, high) = ordered(one, other);
    if period == 0 {
        let sql = "DELETE FROM private_ttl WHERE low = $1 AND high = $2";
        return tx.execute(sql, params![low, high]).map(drop);
    }
    tx.execute(
        "INSERT INTO private_ttl (low, high, period) VALUES ($1, $2, $3)
         ON CONFLICT (low, high) DO UPDATE SET period = $3",
        params![low, high, period],
    )
    .map(drop)
}
