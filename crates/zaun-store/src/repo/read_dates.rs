//! When users read what.

use zaun_model::{MsgId, UnixTime, UserId};

use super::dialogs::Spot;
use crate::{StoreError, Tx, params};

/// Notes that a user has read a conversation, or a thread of it, up to a message.
pub fn insert(
    tx: &Tx<'_>,
    user: UserId,
    (peer, thread): Spot,
    id: MsgId,
    now: UnixTime,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO read_dates (user_id, peer, thread_id, id, date) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (user_id, peer, thread_id, id) DO NOTHING",
        params![user, peer, thread, id, now],
    )
    .map(drop)
}

/// When users read a message, each named by itself and the message's number in its view; those who did not are left
/// out.
pub fn of_message(
    tx: &Tx<'_>,
    (peer, thread): Spot,
    readers: &[(UserId, MsgId)],
) -> Result<Vec<(UserId, UnixTime)>, StoreError> {
    let pairs: Vec<(i64, i64)> = readers.iter().map(|(user, id)| (user.0, i64::from(id.0))).collect();
    tx.query_pairs(
        "SELECT v.column1, r.date FROM (VALUES $PAIRS) AS v JOIN read_dates r ON r.user_id = v.column1
           AND r.peer = $1 AND r.thread_id = $2
           AND r.id = (SELECT min(n.id) FROM read_dates n WHERE n.user_id = v.column1 AND n.peer = $1
             AND n.thread_id = $2 AND n.id >= v.column2)",
        params![peer, thread],
        &pairs,
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}

/// Forgets what was read before a moment, a batch at a time; says how much.
pub fn sweep(tx: &Tx<'_>, before: UnixTime, limit: i64) -> Result<usize, StoreError> {
    let sql = "DELETE FROM read_dates WHERE (user_id, peer, thread_id, id) IN
               (SELECT user_id, peer, thread_id, id FROM read_dates WHERE date < $1 LIMIT $2)";
    tx.execute(sql, params![before, limit])
}
