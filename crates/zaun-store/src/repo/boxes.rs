//! Counters of message boxes.

use zaun_model::{BoxId, MsgId, Pts, UnixTime};

use super::table;
use crate::{Dialect, StoreError, Tx, params};

table! {
    /// The counters of a message box.
    BoxRow in "boxes" {
        /// Whose box it is.
        box_id: BoxId,
        /// Number of events so far (M-358).
        pts: Pts,
        /// Id of the newest message that ever was in the box.
        last_id: MsgId,
        /// The log holds events after this pts only.
        floor_pts: Pts,
        /// `last_id` at that pts.
        floor_id: MsgId,
        /// Unread messages in all private chats and basic groups of a user.
        unread: i32,
        /// Newest message of a channel that still exists, 0 if there is none.
        top_id: MsgId,
        /// Date of that message.
        top_date: UnixTime,
        /// Messages of a channel.
        messages: i32,
    }
}

/// Creates a box in which nothing has happened, unless it exists.
pub fn create(tx: &Tx<'_>, box_id: BoxId) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO boxes (box_id, pts, last_id, floor_pts, floor_id, unread, top_id, top_date, messages)
         VALUES ($1, $2, 0, $2, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING",
        params![box_id, Pts::FIRST],
    )
    .map(drop)
}

/// The counters of several boxes; those that do not exist are left out.
pub fn find_many(tx: &Tx<'_>, boxes: &[BoxId]) -> Result<Vec<BoxRow>, StoreError> {
    let ids: Vec<i64> = boxes.iter().map(|id| id.marked()).collect();
    let sql = format!("SELECT {} FROM boxes WHERE box_id IN ($IDS)", BoxRow::COLUMNS);
    tx.query_in(&sql, &[], &ids, BoxRow::read)
}

/// What a statement ends with that takes counters in order to change them. PostgreSQL has several writers: whoever finds
/// that another one was first is run again, and all take several boxes in the same order.
fn lock(tx: &Tx<'_>) -> &'static str {
    match tx.dialect() {
        Dialect::Sqlite => "",
        Dialect::Postgres => " ORDER BY box_id FOR UPDATE",
    }
}

/// The counters of several boxes, for a change of them.
pub fn take_many(tx: &Tx<'_>, boxes: &[BoxId]) -> Result<Vec<BoxRow>, StoreError> {
    let ids: Vec<i64> = boxes.iter().map(|id| id.marked()).collect();
    let sql = format!("SELECT {} FROM boxes WHERE box_id IN ($IDS){}", BoxRow::COLUMNS, lock(tx));
    tx.query_in(&sql, &[], &ids, BoxRow::read)
}

/// The counters of one box.
pub fn find(tx: &Tx<'_>, box_id: BoxId) -> Result<BoxRow, StoreError> {
    let sql = format!("SELECT {} FROM boxes WHERE box_id = $1", BoxRow::COLUMNS);
    let row = tx.query_one(&sql, params![box_id], BoxRow::read)?;
    row.ok_or_else(|| StoreError::Statement(format!("{box_id:?} has no message box")))
}

/// Writes the counters of a box back.
pub fn save(tx: &Tx<'_>, row: &BoxRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE boxes SET pts = $2, last_id = $3, floor_pts = $4, floor_id = $5, unread = $6, top_id = $7,
         top_date = $8, messages = $9 WHERE box_id = $1",
        params![
            row.box_id,
            row.pts,
            row.last_id,
            row.floor_pts,
            row.floor_id,
            row.unread,
            row.top_id,
            row.top_date,
            row.messages
        ],
    )
    .map(drop)
}
