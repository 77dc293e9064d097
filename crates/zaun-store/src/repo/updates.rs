//! Message boxes and their event log.

use crate::{StoreError, Tx, params};

/// An event of a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRow {
    /// The box's pts after the event.
    pub pts: i32,
    /// How many events it counts for.
    pub pts_count: i32,
    /// 1 new message, 2 edited message, 3 anything else.
    pub kind: i64,
    /// The message of kinds 1 and 2.
    pub message_id: Option<i32>,
    /// Canonical TL Update of kind 3.
    pub body: Option<Vec<u8>>,
    /// Unix seconds.
    pub date: i64,
}

/// Creates a user's box. It starts at 1, so that a client applies its very first update (M-358, M-391).
pub fn create_box(tx: &Tx<'_>, owner: i64) -> Result<(), StoreError> {
    tx.execute("INSERT INTO boxes VALUES ($1, 1, 0) ON CONFLICT DO NOTHING", params![owner]).map(drop)
}

/// The pts of a box.
pub fn pts(tx: &Tx<'_>, owner: i64) -> Result<i32, StoreError> {
    tx.scalar("SELECT pts FROM boxes WHERE owner_id = $1", params![owner])
}

/// Raises the pts and returns it (M-358).
pub fn raise_pts(tx: &Tx<'_>, owner: i64, count: i32) -> Result<i32, StoreError> {
    tx.scalar("UPDATE boxes SET pts = pts + $2 WHERE owner_id = $1 RETURNING pts", params![owner, count])
}

/// Takes the next message id and the pts of its arrival in one statement.
pub fn next_message(tx: &Tx<'_>, owner: i64) -> Result<(i32, i32), StoreError> {
    tx.query_one(
        "UPDATE boxes SET pts = pts + 1, last_message_id = last_message_id + 1 WHERE owner_id = $1
         RETURNING last_message_id, pts",
        params![owner],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )?
    .ok_or_else(|| StoreError::Statement(format!("user {owner} has no message box")))
}

/// Writes an event to the log.
pub fn log(tx: &Tx<'_>, owner: i64, u: &UpdateRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO updates VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![owner, u.pts, u.pts_count, u.kind, u.message_id, u.body.as_deref(), u.date],
    )
    .map(drop)
}

/// Events after `pts`, in order.
pub fn since(tx: &Tx<'_>, owner: i64, pts: i32, limit: i64) -> Result<Vec<UpdateRow>, StoreError> {
    tx.query(
        "SELECT pts, pts_count, kind, message_id, body, date FROM updates WHERE owner_id = $1 AND pts > $2
         ORDER BY pts LIMIT $3",
        params![owner, pts, limit],
        |row| {
            Ok(UpdateRow {
                pts: row.column(0)?,
                pts_count: row.column(1)?,
                kind: row.column(2)?,
                message_id: row.column(3)?,
                body: row.column(4)?,
                date: row.column(5)?,
            })
        },
    )
}

/// The pts with which a message arrived; it is sought from the newest event back.
pub fn pts_of_message(tx: &Tx<'_>, owner: i64, message_id: i32) -> Result<Option<i32>, StoreError> {
    tx.query_one(
        "SELECT pts FROM updates WHERE owner_id = $1 AND kind = 1 AND message_id = $2 ORDER BY pts DESC LIMIT 1",
        params![owner, message_id],
        |row| row.column(0),
    )
}
