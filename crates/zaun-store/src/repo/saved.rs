//! The conversations of Saved Messages, and which messages belong to them.

use zaun_model::{MsgId, Peer, UnixTime, UserId};

use super::messages::{MessageRow, Range};
use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// A conversation that messages were saved from.
    SavedRow in "saved_dialogs" {
        /// Whose Saved Messages these are.
        user_id: UserId,
        /// The conversation.
        peer: Peer,
        /// Its newest message.
        top_id: MsgId,
        /// Date of that message.
        top_date: UnixTime,
        /// How many messages it holds.
        messages: i32,
        /// Place among the pinned ones, lowest first.
        pinned_order: Option<i64>,
    }
}

fn select(rest: &str) -> String {
    format!("SELECT {} FROM saved_dialogs WHERE user_id = $1 AND {rest}", SavedRow::COLUMNS)
}

/// Several conversations, in no order.
pub fn find_many(tx: &Tx<'_>, user: UserId, peers: &[Peer]) -> Result<Vec<SavedRow>, StoreError> {
    let peers: Vec<i64> = peers.iter().map(|peer| peer.marked()).collect();
    tx.query_in(&select("peer IN ($IDS)"), params![user], &peers, SavedRow::read)
}

/// Conversations that are not pinned and whose newest message comes before `id`, newest first.
pub fn page(tx: &Tx<'_>, user: UserId, id: MsgId, limit: i64) -> Result<Vec<SavedRow>, StoreError> {
    let sql = select("pinned_order IS NULL AND top_id < $2 ORDER BY top_id DESC LIMIT $3");
    tx.query(&sql, params![user, id, limit], SavedRow::read)
}

/// The pinned conversations, in their order.
pub fn pinned(tx: &Tx<'_>, user: UserId) -> Result<Vec<SavedRow>, StoreError> {
    let sql = select("pinned_order IS NOT NULL ORDER BY pinned_order");
    tx.query(&sql, params![user], SavedRow::read)
}

/// How many conversations there are.
pub fn count(tx: &Tx<'_>, user: UserId) -> Result<i32, StoreError> {
    tx.scalar("SELECT count(*) FROM saved_dialogs WHERE user_id = $1", params![user])
}

/// Notes a new message of a conversation.
pub fn on_message(
    tx: &Tx<'_>,
    user: UserId,
    peer: Peer,
    (id, date): (MsgId, UnixTime),
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO saved_messages (user_id, peer, id) VALUES ($1, $2, $3)",
        params![user, peer, id],
    )?;
    tx.execute(
        "INSERT INTO saved_dialogs (user_id, peer, top_id, top_date, messages) VALUES ($1, $2, $3, $4, 1)
         ON CONFLICT (user_id, peer) DO UPDATE SET top_id = $3, top_date = $4,
         messages = saved_dialogs.messages + 1",
        params![user, peer, id, date],
    )
    .map(drop)
}

/// Writes a conversation back, whatever of it changed.
pub fn save(tx: &Tx<'_>, row: &SavedRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE saved_dialogs SET top_id = $3, top_date = $4, messages = $5, pinned_order = $6
         WHERE user_id = $1 AND peer = $2",
        params![row.user_id, row.peer, row.top_id, row.top_date, row.messages, row.pinned_order],
    )
    .map(drop)
}

/// Forgets a conversation that holds nothing any more.
pub fn delete(tx: &Tx<'_>, row: &SavedRow) -> Result<(), StoreError> {
    let sql = "DELETE FROM saved_dialogs WHERE user_id = $1 AND peer = $2";
    tx.execute(sql, params![row.user_id, row.peer]).map(drop)
}

/// Forgets to which conversation a message belonged.
pub fn remove(tx: &Tx<'_>, user: UserId, peer: Peer, id: MsgId) -> Result<(), StoreError> {
    let sql = "DELETE FROM saved_messages WHERE user_id = $1 AND peer = $2 AND id = $3";
    tx.execute(sql, params![user, peer, id]).map(drop)
}

/// To which conversations some messages belong.
pub fn places(tx: &Tx<'_>, user: UserId, ids: &[MsgId]) -> Result<Vec<(Peer, MsgId)>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| i64::from(id.0)).collect();
    let sql = "SELECT peer, id FROM saved_messages WHERE user_id = $1 AND id IN ($IDS)";
    tx.query_in(sql, params![user], &ids, |row| Ok((row.column(0)?, row.column(1)?)))
}

/// Messages of a conversation, newest first.
pub fn newest(tx: &Tx<'_>, user: UserId, peer: Peer, range: Range) -> Result<Vec<MessageRow>, StoreError> {
    messages(tx, "DESC", (user, peer), range)
}

/// Messages of a conversation, oldest first.
pub fn oldest(tx: &Tx<'_>, user: UserId, peer: Peer, range: Range) -> Result<Vec<MessageRow>, StoreError> {
    messages(tx, "ASC", (user, peer), range)
}

fn messages(
    tx: &Tx<'_>,
    order: &str,
    (user, peer): (UserId, Peer),
    range: Range,
) -> Result<Vec<MessageRow>, StoreError> {
    let columns: Vec<String> = MessageRow::COLUMNS.split(", ").map(|name| format!("m.{name}")).collect();
    let sql = format!(
        "SELECT {} FROM (SELECT user_id, id FROM saved_messages WHERE user_id = $1 AND peer = $2 AND id >= $3
           AND id <= $4 ORDER BY id {order} LIMIT $5 OFFSET $6) AS s
         JOIN messages m ON m.box_id = s.user_id AND m.peer = s.user_id AND m.id = s.id ORDER BY s.id {order}",
        columns.join(", ")
    );
    tx.query(&sql, params![user, peer, range.from, range.to, range.limit, range.skip], MessageRow::read)
}
