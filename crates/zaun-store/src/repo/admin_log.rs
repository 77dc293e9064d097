//! What administrators of channels did.

use zaun_model::{ChannelId, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// Something that an administrator did.
    LogRow in "admin_log" {
        /// Where.
        channel_id: ChannelId,
        /// Its number in that channel.
        id: i64,
        /// Who did it.
        user_id: UserId,
        /// When.
        date: UnixTime,
        /// Its kind: a bit of channelAdminLogEventsFilter.
        kind: i64,
        /// Canonical TL ChannelAdminLogEventAction.
        body: Vec<u8>,
    }
}

/// Adds an event.
pub fn insert(tx: &Tx<'_>, row: &LogRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// The highest number in a channel's log, or 0.
pub fn highest(tx: &Tx<'_>, channel: ChannelId) -> Result<i64, StoreError> {
    tx.scalar("SELECT coalesce(max(id), 0) FROM admin_log WHERE channel_id = $1", params![channel])
}

/// Events of some kinds, by some users or anybody, between two numbers (both left out), the newest first.
pub fn page(
    tx: &Tx<'_>,
    channel: ChannelId,
    (above, below): (i64, i64),
    kinds: i64,
    by: Option<&[UserId]>,
    limit: i64,
) -> Result<Vec<LogRow>, StoreError> {
    let select = format!(
        "SELECT {} FROM admin_log WHERE channel_id = $1 AND id > $2 AND id < $3 AND (kind & $4) <> 0",
        LogRow::COLUMNS
    );
    let order = "ORDER BY id DESC LIMIT $5";
    let params = params![channel, above, below, kinds, limit];
    match by {
        None => tx.query(&format!("{select} {order}"), params, LogRow::read),
        Some(users) => {
            let users: Vec<i64> = users.iter().map(|user| user.0).collect();
            tx.query_in(&format!("{select} AND user_id IN ($IDS) {order}"), params, &users, LogRow::read)
        }
    }
}

/// Removes events from before a date, some at a time; returns how many went.
pub fn sweep(tx: &Tx<'_>, before: UnixTime, limit: i64) -> Result<usize, StoreError> {
    tx.execute(
        "DELETE FROM admin_log WHERE (channel_id, id) IN
         (SELECT channel_id, id FROM admin_log WHERE date < $1 LIMIT $2)",
        params![before, limit],
    )
}
