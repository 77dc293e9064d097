//! Lists of conversations, and the drafts in them.

use zaun_model::{MsgId, Peer, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// A conversation in somebody's list.
    DialogRow in "dialogs" {
        /// Whose list it is.
        user_id: UserId,
        /// With whom.
        peer: Peer,
        /// Newest message, 0 if the history is empty or in a box of its own.
        top_id: MsgId,
        /// Date of that message.
        top_date: UnixTime,
        /// Incoming messages up to here were read.
        read_inbox: MsgId,
        /// Outgoing messages up to here were read by the other side.
        read_outbox: MsgId,
        /// Incoming messages above `read_inbox`.
        unread: i32,
        /// Messages of the history.
        messages: i32,
        /// Marked as unread by hand.
        unread_mark: bool,
        /// Place among the pinned ones, lowest first.
        pinned_order: Option<i64>,
        /// 0 the main list, 1 the archive.
        folder_id: i32,
    }
}

impl DialogRow {
    /// A conversation in which nothing has happened.
    #[must_use]
    pub fn empty(user_id: UserId, peer: Peer) -> DialogRow {
        DialogRow {
            user_id,
            peer,
            top_id: MsgId(0),
            top_date: UnixTime(0),
            read_inbox: MsgId(0),
            read_outbox: MsgId(0),
            unread: 0,
            messages: 0,
            unread_mark: false,
            pinned_order: None,
            folder_id: 0,
        }
    }
}

fn select(rest: &str) -> String {
    format!("SELECT {} FROM dialogs WHERE user_id = $1 AND {rest}", DialogRow::COLUMNS)
}

/// One conversation.
pub fn find(tx: &Tx<'_>, user: UserId, peer: Peer) -> Result<Option<DialogRow>, StoreError> {
    tx.query_one(&select("peer = $2"), params![user, peer], DialogRow::read)
}

/// Several conversations of a user, in no order.
pub fn find_many(tx: &Tx<'_>, user: UserId, peers: &[Peer]) -> Result<Vec<DialogRow>, StoreError> {
    let peers: Vec<i64> = peers.iter().map(|peer| peer.marked()).collect();
    tx.query_in(&select("peer IN ($IDS)"), params![user], &peers, DialogRow::read)
}

/// Private chats and basic groups of a folder with messages that come after a place in the list, newest first.
pub fn page(
    tx: &Tx<'_>,
    user: UserId,
    folder_id: i32,
    (date, id): (UnixTime, MsgId),
    limit: i64,
) -> Result<Vec<DialogRow>, StoreError> {
    let sql = select(
        "top_id > 0 AND folder_id = $2 AND pinned_order IS NULL
         AND (top_date < $3 OR (top_date = $3 AND top_id < $4))
         ORDER BY top_date DESC, top_id DESC LIMIT $5",
    );
    tx.query(&sql, params![user, folder_id, date, id, limit], DialogRow::read)
}

/// The channels among the conversations of a user, up to a limit.
pub fn channels(tx: &Tx<'_>, user: UserId, limit: i64) -> Result<Vec<DialogRow>, StoreError> {
    tx.query(&select("peer < $2 LIMIT $3"), params![user, CHANNELS_BELOW, limit], DialogRow::read)
}

/// Marked ids of channels are below this.
const CHANNELS_BELOW: i64 = -1_000_000_000_000;

/// The pinned conversations of a folder, in their order.
pub fn pinned(tx: &Tx<'_>, user: UserId, folder_id: i32) -> Result<Vec<DialogRow>, StoreError> {
    let sql = select("pinned_order IS NOT NULL AND folder_id = $2 ORDER BY pinned_order");
    tx.query(&sql, params![user, folder_id], DialogRow::read)
}

/// Peers of all private chats of a user, up to a limit, newest first.
pub fn partners(tx: &Tx<'_>, user: UserId, limit: i64) -> Result<Vec<UserId>, StoreError> {
    tx.query(
        "SELECT peer FROM dialogs WHERE user_id = $1 AND top_id > 0 AND peer > 0
         ORDER BY top_date DESC, top_id DESC LIMIT $2",
        params![user, limit],
        |row| row.column(0),
    )
}

/// How many conversations with messages a folder of the list has, channels apart.
pub fn count(tx: &Tx<'_>, user: UserId, folder_id: i32) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT count(*) FROM dialogs WHERE user_id = $1 AND top_id > 0 AND folder_id = $2",
        params![user, folder_id],
    )
}

/// Notes a new message; an incoming one counts as unread.
pub fn on_message(
    tx: &Tx<'_>,
    user: UserId,
    peer: Peer,
    (id, date): (MsgId, UnixTime),
    unread: bool,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO dialogs (user_id, peer, top_id, top_date, read_inbox, read_outbox, unread, messages)
         VALUES ($1, $2, $3, $4, 0, 0, $5, 1)
         ON CONFLICT (user_id, peer) DO UPDATE SET top_id = $3, top_date = $4, unread = dialogs.unread + $5,
         messages = dialogs.messages + 1",
        params![user, peer, id, date, unread],
    )
    .map(drop)
}

/// Makes sure that a conversation is in the list, however empty.
pub fn ensure(tx: &Tx<'_>, user: UserId, peer: Peer) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO dialogs (user_id, peer, top_id, top_date, read_inbox, read_outbox, unread, messages)
         VALUES ($1, $2, 0, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING",
        params![user, peer],
    )
    .map(drop)
}

/// Writes a conversation back, whatever of it changed.
pub fn save(tx: &Tx<'_>, row: &DialogRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE dialogs SET top_id = $3, top_date = $4, read_inbox = $5, read_outbox = $6, unread = $7,
         messages = $8, unread_mark = $9, pinned_order = $10, folder_id = $11
         WHERE user_id = $1 AND peer = $2",
        params![
            row.user_id,
            row.peer,
            row.top_id,
            row.top_date,
            row.read_inbox,
            row.read_outbox,
            row.unread,
            row.messages,
            row.unread_mark,
            row.pinned_order,
            row.folder_id
        ],
    )
    .map(drop)
}

/// Takes a conversation out of the list, and what waited for attention in it.
pub fn delete(tx: &Tx<'_>, user: UserId, peer: Peer) -> Result<(), StoreError> {
    super::marks::forget(tx, user, peer)?;
    tx.execute("DELETE FROM dialogs WHERE user_id = $1 AND peer = $2", params![user, peer]).map(drop)
}

/// The drafts in several conversations, those in topics apart: peer and canonical TL DraftMessage.
pub fn drafts_in(tx: &Tx<'_>, user: UserId, peers: &[Peer]) -> Result<Vec<(Peer, Vec<u8>)>, StoreError> {
    let peers: Vec<i64> = peers.iter().map(|peer| peer.marked()).collect();
    let sql = "SELECT peer, body FROM drafts WHERE user_id = $1 AND thread_id = 0 AND peer IN ($IDS)";
    tx.query_in(sql, params![user], &peers, |row| Ok((row.column(0)?, row.column(1)?)))
}

/// A conversation, or a topic of one: 0 for the conversation as a whole, 1 for a forum's General.
pub type Spot = (Peer, MsgId);

/// All drafts of a user, up to a limit.
pub fn drafts(tx: &Tx<'_>, user: UserId, limit: i64) -> Result<Vec<(Spot, Vec<u8>)>, StoreError> {
    let sql = "SELECT peer, thread_id, body FROM drafts WHERE user_id = $1 ORDER BY peer, thread_id LIMIT $2";
    tx.query(sql, params![user, limit], |row| Ok(((row.column(0)?, row.column(1)?), row.column(2)?)))
}

/// Keeps a draft.
pub fn put_draft(tx: &Tx<'_>, user: UserId, (peer, thread): Spot, body: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO drafts (user_id, peer, thread_id, body) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, peer, thread_id) DO UPDATE SET body = $4",
        params![user, peer, thread, body],
    )
    .map(drop)
}

/// Removes a draft; `false` if there was none.
pub fn delete_draft(tx: &Tx<'_>, user: UserId, (peer, thread): Spot) -> Result<bool, StoreError> {
    let sql = "DELETE FROM drafts WHERE user_id = $1 AND peer = $2 AND thread_id = $3";
    Ok(tx.execute(sql, params![user, peer, thread])? == 1)
}

/// How many messages of channels are by others and above what the user has read, up to [`MAX_COUNTED_UNREAD`] each.
pub fn unread_in_channels(
    tx: &Tx<'_>,
    user: UserId,
    channels: &[Peer],
) -> Result<Vec<(Peer, i32)>, StoreError> {
    let channels: Vec<i64> = channels.iter().map(|peer| peer.marked()).collect();
    // G-275: what was read in a topic only is not unread in the whole.
    tx.query_in(
        "SELECT d.peer, CASE WHEN EXISTS (SELECT 1 FROM thread_reads r
             WHERE r.user_id = d.user_id AND r.peer = d.peer)
           THEN (SELECT count(*) FROM (SELECT m.id FROM messages m WHERE m.box_id = d.peer
             AND m.peer = d.peer AND m.id > d.read_inbox AND m.author <> d.user_id
             AND NOT EXISTS (SELECT 1 FROM thread_reads r WHERE r.user_id = d.user_id AND r.peer = d.peer
               AND r.thread_id = CASE WHEN m.thread_id > 0 THEN m.thread_id ELSE 1 END
               AND r.read_inbox >= m.id) LIMIT $2) AS found)
           ELSE (SELECT count(*) FROM (SELECT m.id FROM messages m WHERE m.box_id = d.peer
             AND m.peer = d.peer AND m.id > d.read_inbox AND m.author <> d.user_id LIMIT $2) AS found) END
         FROM dialogs d WHERE d.user_id = $1 AND d.peer IN ($IDS)",
        params![user, MAX_COUNTED_UNREAD],
        &channels,
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}

/// Unread messages of a channel are counted up to here: clients show "9999+" at most, and counting costs a step each.
pub const MAX_COUNTED_UNREAD: i64 = 10_000;

/// The drafts in the topics of a forum: topic and canonical TL DraftMessage.
pub fn topic_drafts(tx: &Tx<'_>, user: UserId, peer: Peer) -> Result<Vec<(MsgId, Vec<u8>)>, StoreError> {
    let sql = "SELECT thread_id, body FROM drafts WHERE user_id = $1 AND peer = $2 AND thread_id > 0";
    tx.query(sql, params![user, peer], |row| Ok((row.column(0)?, row.column(1)?)))
}

/// The drafts and the notification settings of several conversations: peer, whether it is a draft, canonical object.
pub fn drafts_and_settings(
    tx: &Tx<'_>,
    user: UserId,
    peers: &[Peer],
) -> Result<Vec<(Peer, bool, Vec<u8>)>, StoreError> {
    let peers: Vec<i64> = peers.iter().map(|peer| peer.marked()).collect();
    tx.query_in(
        "SELECT peer, 1, body FROM drafts WHERE user_id = $1 AND thread_id = 0 AND peer IN ($IDS)
         UNION ALL SELECT peer, 0, body FROM notify_settings WHERE owner_id = $1 AND scope = 0
           AND thread_id = 0 AND peer IN ($IDS)",
        params![user],
        &peers,
        |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)),
    )
}
