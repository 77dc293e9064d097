//! Messages: one row per message and box.

use super::PeerKey;
use crate::{Param, Row, StoreError, Tx, params};

/// A message as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Whose box.
    pub owner_id: i64,
    /// Number in that box.
    pub id: i32,
    /// The conversation.
    pub peer: PeerKey,
    /// Who wrote it.
    pub from_id: i64,
    /// Whether the owner wrote it.
    pub outgoing: bool,
    /// Unix seconds.
    pub date: i64,
    /// Unix seconds of the last edit.
    pub edit_date: Option<i64>,
    /// Pinned in its conversation.
    pub pinned: bool,
    /// What search filters look at; the numbers belong to the messenger.
    pub media_kind: i64,
    /// The same message in the other party's box.
    pub pair_id: Option<i32>,
    /// The text.
    pub text: String,
    /// Canonical TL Message without its text.
    pub body: Vec<u8>,
}

const COLUMNS: &str = "SELECT owner_id, id, peer_kind, peer_id, from_id, outgoing, date, edit_date, pinned,
    media_kind, pair_id, text, body FROM messages";

fn read(row: &Row<'_>) -> Result<MessageRow, StoreError> {
    Ok(MessageRow {
        owner_id: row.column(0)?,
        id: row.column(1)?,
        peer: PeerKey { kind: row.column(2)?, id: row.column(3)? },
        from_id: row.column(4)?,
        outgoing: row.column(5)?,
        date: row.column(6)?,
        edit_date: row.column(7)?,
        pinned: row.column(8)?,
        media_kind: row.column(9)?,
        pair_id: row.column(10)?,
        text: row.column(11)?,
        body: row.column(12)?,
    })
}

/// Adds a message.
pub fn insert(tx: &Tx<'_>, m: &MessageRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO messages VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        params![
            m.owner_id,
            m.id,
            m.peer.kind,
            m.peer.id,
            m.from_id,
            m.outgoing,
            m.date,
            m.edit_date,
            m.pinned,
            m.media_kind,
            m.pair_id,
            &m.text,
            &m.body
        ],
    )
    .map(drop)
}

/// One message of a box.
pub fn find(tx: &Tx<'_>, owner: i64, id: i32) -> Result<Option<MessageRow>, StoreError> {
    tx.query_one(&format!("{COLUMNS} WHERE owner_id = $1 AND id = $2"), params![owner, id], read)
}

/// Replaces text and body after an edit.
pub fn update(tx: &Tx<'_>, m: &MessageRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE messages SET edit_date = $3, media_kind = $4, text = $5, body = $6 WHERE owner_id = $1 AND id = $2",
        params![m.owner_id, m.id, m.edit_date, m.media_kind, &m.text, &m.body],
    )
    .map(drop)
}

/// Removes a message.
pub fn delete(tx: &Tx<'_>, owner: i64, id: i32) -> Result<(), StoreError> {
    tx.execute("DELETE FROM messages WHERE owner_id = $1 AND id = $2", params![owner, id]).map(drop)
}

/// Pins or unpins a message.
pub fn set_pinned(tx: &Tx<'_>, owner: i64, id: i32, pinned: bool) -> Result<(), StoreError> {
    let sql = "UPDATE messages SET pinned = $3 WHERE owner_id = $1 AND id = $2";
    tx.execute(sql, params![owner, id, pinned]).map(drop)
}

/// The pinned messages of a conversation, newest first.
pub fn pinned(tx: &Tx<'_>, owner: i64, peer: PeerKey) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3 AND pinned = 1 ORDER BY id DESC"
    );
    tx.query(&sql, params![owner, peer.kind, peer.id], read)
}

/// Up to `limit` messages with ids in `from..=to`, newest first, after leaving out the newest `skip`.
pub fn newest(
    tx: &Tx<'_>,
    owner: i64,
    peer: PeerKey,
    (from, to): (i32, i32),
    skip: i64,
    limit: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    range(tx, "DESC", params![owner, peer.kind, peer.id, from, to, limit, skip])
}

/// Up to `limit` messages with ids in `from..=to`, oldest first.
pub fn oldest(
    tx: &Tx<'_>,
    owner: i64,
    peer: PeerKey,
    (from, to): (i32, i32),
    limit: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    range(tx, "ASC", params![owner, peer.kind, peer.id, from, to, limit, 0i64])
}

fn range(tx: &Tx<'_>, order: &str, params: &[Param<'_>]) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "{COLUMNS} WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3 AND id >= $4 AND id <= $5
         ORDER BY id {order} LIMIT $6 OFFSET $7"
    );
    tx.query(&sql, params, read)
}

/// How many messages of a conversation have ids in `from..=to`.
pub fn count(tx: &Tx<'_>, owner: i64, peer: PeerKey, (from, to): (i32, i32)) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT count(*) FROM messages WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3 AND id >= $4
         AND id <= $5",
        params![owner, peer.kind, peer.id, from, to],
    )
}

/// How many incoming messages of a conversation have an id above `id`.
pub fn count_unread(tx: &Tx<'_>, owner: i64, peer: PeerKey, id: i32) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT count(*) FROM messages WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3 AND id > $4
         AND outgoing = 0",
        params![owner, peer.kind, peer.id, id],
    )
}

/// The newest message of a conversation dated before `date`, 0 if there is none. Ids rise with dates.
pub fn last_before(tx: &Tx<'_>, owner: i64, peer: PeerKey, date: i64) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT coalesce(max(id), 0) FROM messages WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3
         AND date < $4",
        params![owner, peer.kind, peer.id, date],
    )
}

/// The highest id up to `id` of the wanted direction, with its pair; what a read receipt refers to.
pub fn highest(
    tx: &Tx<'_>,
    owner: i64,
    peer: PeerKey,
    id: i32,
    outgoing: bool,
) -> Result<Option<(i32, Option<i32>)>, StoreError> {
    tx.query_one(
        "SELECT id, pair_id FROM messages WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3 AND id <= $4
         AND outgoing = $5 ORDER BY id DESC LIMIT 1",
        params![owner, peer.kind, peer.id, id, outgoing],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}

/// The message that a random_id already made (M-354 and sendMessage's own rule).
pub fn by_random_id(tx: &Tx<'_>, owner: i64, random_id: i64) -> Result<Option<i32>, StoreError> {
    tx.query_one(
        "SELECT message_id FROM random_ids WHERE owner_id = $1 AND random_id = $2",
        params![owner, random_id],
        |row| row.column(0),
    )
}

/// Notes the message that a random_id made.
pub fn put_random_id(tx: &Tx<'_>, owner: i64, random_id: i64, id: i32) -> Result<(), StoreError> {
    tx.execute("INSERT INTO random_ids VALUES ($1, $2, $3)", params![owner, random_id, id]).map(drop)
}

/// Up to `limit` messages of the whole box with ids below `below`, newest first.
pub fn newest_of_box(tx: &Tx<'_>, owner: i64, below: i32, limit: i64) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!("{COLUMNS} WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    tx.query(&sql, params![owner, below, limit], read)
}
