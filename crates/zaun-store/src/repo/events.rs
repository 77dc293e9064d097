//! The event log behind the differences of users and channels.

use zaun_model::{BoxId, MsgId, Pts, UnixTime};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// Something that happened in a box, beside the arrival of a message.
    EventRow in "events" {
        /// Where it happened.
        box_id: BoxId,
        /// The box's pts after the event.
        pts: Pts,
        /// How many events it counts for (M-359).
        pts_count: i32,
        /// 2 edited message, 3 anything else.
        kind: i64,
        /// The marked peer of an edited message, else 0.
        peer: i64,
        /// The edited message, else 0.
        message_id: MsgId,
        /// Id of the newest message that the box had seen then.
        last_id: MsgId,
        /// When it happened.
        date: UnixTime,
        /// Canonical TL Update of kind 3.
        body: Option<Vec<u8>>,
    }
}

/// Writes an event to the log.
pub fn insert(tx: &Tx<'_>, row: &EventRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// Events after `pts`, oldest first.
pub fn since(tx: &Tx<'_>, box_id: BoxId, pts: Pts, limit: i64) -> Result<Vec<EventRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM events WHERE box_id = $1 AND pts > $2 ORDER BY pts LIMIT $3",
        EventRow::COLUMNS
    );
    tx.query(&sql, params![box_id, pts, limit], EventRow::read)
}

/// The last event up to `pts`: its pts, and the newest message id of the box then.
pub fn last_until(tx: &Tx<'_>, box_id: BoxId, pts: Pts) -> Result<Option<(Pts, MsgId)>, StoreError> {
    tx.query_one(
        "SELECT pts, last_id FROM events WHERE box_id = $1 AND pts <= $2 ORDER BY pts DESC LIMIT 1",
        params![box_id, pts],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}

/// Boxes above `after` whose log holds events older than `date`, with the last such event of each: its pts and the
/// newest message id then. Events of a box are dated in their order.
pub fn outdated(
    tx: &Tx<'_>,
    after: i64,
    date: UnixTime,
    limit: i64,
) -> Result<Vec<(BoxId, Pts, MsgId)>, StoreError> {
    tx.query(
        "SELECT box_id, max(pts), max(last_id) FROM events WHERE box_id > $1 AND date < $2
         GROUP BY box_id ORDER BY box_id LIMIT $3",
        params![after, date, limit],
        |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)),
    )
}

/// Removes the events of a box up to `pts`.
pub fn trim(tx: &Tx<'_>, box_id: BoxId, pts: Pts) -> Result<usize, StoreError> {
    tx.execute("DELETE FROM events WHERE box_id = $1 AND pts <= $2", params![box_id, pts])
}
