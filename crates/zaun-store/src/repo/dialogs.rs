//! Lists of conversations.

use super::PeerKey;
use crate::{Row, StoreError, Tx, params};

/// A conversation in somebody's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogRow {
    /// With whom.
    pub peer: PeerKey,
    /// Newest message, 0 if the history is empty.
    pub top_message: i32,
    /// Its date, or that of the draft.
    pub top_date: i64,
    /// Incoming messages up to here were read.
    pub read_inbox_max: i32,
    /// Outgoing messages up to here were read by the other side.
    pub read_outbox_max: i32,
    /// Incoming messages above `read_inbox_max`.
    pub unread_count: i32,
    /// Marked as unread by hand.
    pub unread_mark: bool,
    /// Place among the pinned ones, lowest first.
    pub pinned_order: Option<i64>,
    /// Canonical TL DraftMessage.
    pub draft: Option<Vec<u8>>,
}

const COLUMNS: &str = "SELECT peer_kind, peer_id, top_message, top_date, read_inbox_max, read_outbox_max,
    unread_count, unread_mark, pinned_order, draft FROM dialogs";

fn read(row: &Row<'_>) -> Result<DialogRow, StoreError> {
    Ok(DialogRow {
        peer: PeerKey { kind: row.column(0)?, id: row.column(1)? },
        top_message: row.column(2)?,
        top_date: row.column(3)?,
        read_inbox_max: row.column(4)?,
        read_outbox_max: row.column(5)?,
        unread_count: row.column(6)?,
        unread_mark: row.column(7)?,
        pinned_order: row.column(8)?,
        draft: row.column(9)?,
    })
}

/// Every conversation of a user, newest first. Sorted here rather than by an index, because an index would cost
/// every message a page and a user has hundreds of conversations, not millions.
pub fn all(tx: &Tx<'_>, owner: i64) -> Result<Vec<DialogRow>, StoreError> {
    let sql = format!("{COLUMNS} WHERE owner_id = $1");
    let mut rows = tx.query(&sql, params![owner], read)?;
    rows.sort_by_key(|d| std::cmp::Reverse((d.top_date, d.top_message, d.peer.id)));
    Ok(rows)
}

/// One conversation.
pub fn find(tx: &Tx<'_>, owner: i64, peer: PeerKey) -> Result<Option<DialogRow>, StoreError> {
    let sql = format!("{COLUMNS} WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3");
    tx.query_one(&sql, params![owner, peer.kind, peer.id], read)
}

/// Notes a new message; an incoming one counts as unread.
pub fn on_message(
    tx: &Tx<'_>,
    owner: i64,
    peer: PeerKey,
    message_id: i32,
    date: i64,
    outgoing: bool,
) -> Result<(), StoreError> {
    let sql = if outgoing {
        "INSERT INTO dialogs (owner_id, peer_kind, peer_id, top_message, top_date, read_inbox_max, read_outbox_max,
         unread_count) VALUES ($1, $2, $3, $4, $5, 0, 0, 0)
         ON CONFLICT (owner_id, peer_kind, peer_id) DO UPDATE SET top_message = $4, top_date = $5"
    } else {
        "INSERT INTO dialogs (owner_id, peer_kind, peer_id, top_message, top_date, read_inbox_max, read_outbox_max,
         unread_count) VALUES ($1, $2, $3, $4, $5, 0, 0, 1)
         ON CONFLICT (owner_id, peer_kind, peer_id) DO UPDATE SET top_message = $4, top_date = $5,
         unread_count = dialogs.unread_count + 1"
    };
    tx.execute(sql, params![owner, peer.kind, peer.id, message_id, date]).map(drop)
}

/// Sets the newest message after a deletion.
pub fn set_top(tx: &Tx<'_>, owner: i64, peer: PeerKey, message_id: i32, date: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dialogs SET top_message = $4, top_date = $5 WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3",
        params![owner, peer.kind, peer.id, message_id, date],
    )
    .map(drop)
}

/// Notes how far incoming messages were read.
pub fn set_read_inbox(
    tx: &Tx<'_>,
    owner: i64,
    peer: PeerKey,
    max_id: i32,
    unread: i32,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dialogs SET read_inbox_max = $4, unread_count = $5, unread_mark = 0
         WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3",
        params![owner, peer.kind, peer.id, max_id, unread],
    )
    .map(drop)
}

/// Notes how many incoming messages are unread.
pub fn set_unread(tx: &Tx<'_>, owner: i64, peer: PeerKey, unread: i32) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dialogs SET unread_count = $4 WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3",
        params![owner, peer.kind, peer.id, unread],
    )
    .map(drop)
}

/// Notes how far outgoing messages were read.
pub fn set_read_outbox(tx: &Tx<'_>, owner: i64, peer: PeerKey, max_id: i32) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dialogs SET read_outbox_max = $4 WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3",
        params![owner, peer.kind, peer.id, max_id],
    )
    .map(drop)
}

/// Makes sure that a conversation is in the list, however empty.
pub fn ensure(tx: &Tx<'_>, owner: i64, peer: PeerKey) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO dialogs (owner_id, peer_kind, peer_id, top_message, top_date, read_inbox_max, read_outbox_max,
         unread_count) VALUES ($1, $2, $3, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING",
        params![owner, peer.kind, peer.id],
    )
    .map(drop)
}

/// Sets or clears the mark of a user's own hand.
pub fn set_mark(tx: &Tx<'_>, owner: i64, peer: PeerKey, unread: bool) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dialogs SET unread_mark = $4 WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3",
        params![owner, peer.kind, peer.id, unread],
    )
    .map(drop)
}

/// Pins a conversation at a place, or unpins it.
pub fn set_pinned(tx: &Tx<'_>, owner: i64, peer: PeerKey, order: Option<i64>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dialogs SET pinned_order = $4 WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3",
        params![owner, peer.kind, peer.id, order],
    )
    .map(drop)
}

/// Keeps or drops a draft.
pub fn set_draft(tx: &Tx<'_>, owner: i64, peer: PeerKey, draft: Option<&[u8]>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dialogs SET draft = $4 WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3",
        params![owner, peer.kind, peer.id, draft],
    )
    .map(drop)
}

/// Takes a conversation out of the list.
pub fn delete(tx: &Tx<'_>, owner: i64, peer: PeerKey) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM dialogs WHERE owner_id = $1 AND peer_kind = $2 AND peer_id = $3",
        params![owner, peer.kind, peer.id],
    )
    .map(drop)
}

/// The sum of unread counts.
pub fn total_unread(tx: &Tx<'_>, owner: i64) -> Result<i32, StoreError> {
    tx.scalar("SELECT coalesce(sum(unread_count), 0) FROM dialogs WHERE owner_id = $1", params![owner])
}
