//! The queues of bots that speak HTTP: cursors into the logs of boxes, updates that wait, where they are posted to.

use zaun_model::{BoxId, Pts, UnixTime, UserId};

use crate::{StoreError, Tx, params};

/// What is kept of a bot that speaks HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpRow {
    /// Number of the newest update.
    pub update_id: i64,
    /// Kinds that are wanted, as a JSON array; none for the usual ones.
    pub allowed: Option<String>,
    /// Settings of the webhook, as JSON; none without one.
    pub webhook: Option<String>,
}

/// An update that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRow {
    /// Its number.
    pub update_id: i64,
    /// Until when it waits.
    pub expires_at: UnixTime,
    /// The JSON object without its number.
    pub body: String,
}

/// What is kept of a bot that speaks HTTP.
pub fn find(tx: &Tx<'_>, bot: UserId) -> Result<Option<HttpRow>, StoreError> {
    tx.query_one("SELECT update_id, allowed, webhook FROM bot_http WHERE bot_id = $1", params![bot], |row| {
        Ok(HttpRow { update_id: row.column(0)?, allowed: row.column(1)?, webhook: row.column(2)? })
    })
}

/// Keeps it.
pub fn put(tx: &Tx<'_>, bot: UserId, row: &HttpRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO bot_http (bot_id, update_id, allowed, webhook) VALUES ($1, $2, $3, $4)
         ON CONFLICT (bot_id) DO UPDATE SET update_id = $2, allowed = $3, webhook = $4",
        params![bot, row.update_id, row.allowed.as_deref(), row.webhook.as_deref()],
    )
    .map(drop)
}

/// The bots whose updates are posted somewhere.
pub fn with_webhooks(tx: &Tx<'_>) -> Result<Vec<UserId>, StoreError> {
    tx.query("SELECT bot_id FROM bot_http WHERE webhook IS NOT NULL", params![], |row| row.column(0))
}

/// The bots that ever spoke HTTP.
pub fn all(tx: &Tx<'_>) -> Result<Vec<UserId>, StoreError> {
    tx.query("SELECT bot_id FROM bot_http ORDER BY bot_id", params![], |row| row.column(0))
}

/// How far the log of a box was read for a bot.
pub fn cursor(tx: &Tx<'_>, bot: UserId, box_id: BoxId) -> Result<Option<Pts>, StoreError> {
    let sql = "SELECT pts FROM bot_cursors WHERE bot_id = $1 AND box_id = $2";
    tx.query_one(sql, params![bot, box_id], |row| row.column(0))
}

/// Notes how far the log of a box was read for a bot.
pub fn set_cursor(tx: &Tx<'_>, bot: UserId, box_id: BoxId, pts: Pts) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO bot_cursors (bot_id, box_id, pts) VALUES ($1, $2, $3)
         ON CONFLICT (bot_id, box_id) DO UPDATE SET pts = $3",
        params![bot, box_id, pts],
    )
    .map(drop)
}

/// Adds an update to the queue of a bot.
pub fn insert(tx: &Tx<'_>, bot: UserId, row: &WaitingRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO bot_updates (bot_id, update_id, expires_at, body) VALUES ($1, $2, $3, $4)",
        params![bot, row.update_id, row.expires_at, &row.body],
    )
    .map(drop)
}

/// The oldest updates of a bot from a number on that have not expired.
pub fn from(
    tx: &Tx<'_>,
    bot: UserId,
    update_id: i64,
    now: UnixTime,
    limit: i64,
) -> Result<Vec<WaitingRow>, StoreError> {
    tx.query(
        "SELECT update_id, expires_at, body FROM bot_updates
         WHERE bot_id = $1 AND update_id >= $2 AND expires_at > $3 ORDER BY update_id LIMIT $4",
        params![bot, update_id, now, limit],
        |row| Ok(WaitingRow { update_id: row.column(0)?, expires_at: row.column(1)?, body: row.column(2)? }),
    )
}

/// The number of the n-th newest update of a bot; `None` if there are not so many.
pub fn newest(tx: &Tx<'_>, bot: UserId, n: i64) -> Result<Option<i64>, StoreError> {
    tx.query_one(
        "SELECT update_id FROM bot_updates WHERE bot_id = $1 ORDER BY update_id DESC LIMIT 1 OFFSET $2",
        params![bot, n - 1],
        |row| row.column(0),
    )
}

/// Forgets the updates of a bot below a number.
pub fn confirm(tx: &Tx<'_>, bot: UserId, below: i64) -> Result<usize, StoreError> {
    tx.execute("DELETE FROM bot_updates WHERE bot_id = $1 AND update_id < $2", params![bot, below])
}

/// Forgets one update.
pub fn delete(tx: &Tx<'_>, bot: UserId, update_id: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM bot_updates WHERE bot_id = $1 AND update_id = $2", params![bot, update_id])
        .map(drop)
}

/// How many updates of a bot wait.
pub fn count(tx: &Tx<'_>, bot: UserId, now: UnixTime) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM bot_updates WHERE bot_id = $1 AND expires_at > $2";
    tx.scalar(sql, params![bot, now])
}

/// Forgets updates that expired, at most so many.
pub fn sweep(tx: &Tx<'_>, now: UnixTime, limit: i64) -> Result<usize, StoreError> {
    tx.execute(
        "DELETE FROM bot_updates WHERE (bot_id, update_id) IN
         (SELECT bot_id, update_id FROM bot_updates WHERE expires_at <= $1 LIMIT $2)",
        params![now, limit],
    )
}
