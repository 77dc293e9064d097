//! What people left on messages, and what of it waits for somebody's attention.

use zaun_model::{ContentId, MsgId, Peer, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

/// `kind` of a reaction.
pub const REACTION: i64 = 1;
/// `kind` of a vote.
pub const VOTE: i64 = 2;
/// `kind` of a mention.
pub const MENTION: i64 = 3;
/// `kind` of having seen a post.
pub const VIEW: i64 = 4;

table! {
    /// What somebody left on a message.
    MarkRow in "marks" {
        /// The message's content.
        content_id: ContentId,
        /// One of [`REACTION`], [`VOTE`], [`MENTION`], [`VIEW`].
        kind: i64,
        /// Who.
        peer: Peer,
        /// Its place among those of the same kind by the same peer.
        position: i32,
        /// The emoji, or the option.
        value: Vec<u8>,
        /// When.
        date: UnixTime,
        /// Whether it is shown big.
        big: bool,
    }
}

/// Leaves marks; who left the same ones before is not counted again.
pub fn insert(tx: &Tx<'_>, row: &MarkRow) -> Result<bool, StoreError> {
    let sql = "INSERT INTO marks (content_id, kind, peer, position, value, date, big)
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (content_id, kind, peer, position) DO NOTHING";
    let row = params![row.content_id, row.kind, row.peer, row.position, &row.value, row.date, row.big];
    Ok(tx.execute(sql, row)? > 0)
}

/// Takes all marks of a kind that a peer left on a message.
pub fn delete(tx: &Tx<'_>, content: ContentId, kind: i64, peer: Peer) -> Result<(), StoreError> {
    let sql = "DELETE FROM marks WHERE content_id = $1 AND kind = $2 AND peer = $3";
    tx.execute(sql, params![content, kind, peer]).map(drop)
}

/// Takes all marks of a message that goes, and what waited for attention at it.
pub fn delete_all(tx: &Tx<'_>, content: ContentId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM attention WHERE content_id = $1", params![content])?;
    tx.execute("DELETE FROM marks WHERE content_id = $1", params![content]).map(drop)
}

/// The marks of a kind that one peer left on a message, in their order.
pub fn of_peer(tx: &Tx<'_>, content: ContentId, kind: i64, peer: Peer) -> Result<Vec<MarkRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM marks WHERE content_id = $1 AND kind = $2 AND peer = $3 ORDER BY position",
        MarkRow::COLUMNS
    );
    tx.query(&sql, params![content, kind, peer], MarkRow::read)
}

/// The marks that peers left on messages, named by pairs; in no order.
pub fn of_pairs(tx: &Tx<'_>, pairs: &[(ContentId, UserId)]) -> Result<Vec<MarkRow>, StoreError> {
    let pairs: Vec<(i64, i64)> = pairs.iter().map(|(content, user)| (content.0, user.0)).collect();
    let columns: Vec<String> = MarkRow::COLUMNS.split(", ").map(|name| format!("m.{name}")).collect();
    let sql = format!(
        "SELECT {} FROM (VALUES $PAIRS) AS v JOIN marks m ON m.content_id = v.column1 AND m.kind < 4
         AND m.peer = v.column2",
        columns.join(", ")
    );
    tx.query_pairs(&sql, &[], &pairs, MarkRow::read)
}

/// The newest marks of a kind on a message before a place in their list; those of one value, if it is named.
pub fn newest(
    tx: &Tx<'_>,
    (content, kind): (ContentId, i64),
    value: Option<&[u8]>,
    before: (UnixTime, Peer),
    limit: i64,
) -> Result<Vec<MarkRow>, StoreError> {
    let filter = if value.is_some() { "AND value = $5" } else { "AND length($5) = 0" };
    let sql = format!(
        "SELECT {} FROM marks WHERE content_id = $1 AND kind = $2 AND kind < 3
         AND (date < $3 OR (date = $3 AND peer < $4)) {filter} ORDER BY date DESC, peer DESC, position LIMIT $6",
        MarkRow::COLUMNS
    );
    let value = value.unwrap_or_default();
    tx.query(&sql, params![content, kind, before.0, before.1, value, limit], MarkRow::read)
}

/// Lets something wait for a user's attention.
pub fn call_attention(
    tx: &Tx<'_>,
    user: UserId,
    (peer, kind, id): (Peer, i64, MsgId),
    content: ContentId,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO attention (user_id, peer, kind, msg_id, content_id) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (user_id, peer, kind, msg_id) DO NOTHING";
    tx.execute(sql, params![user, peer, kind, id, content]).map(drop)
}

/// What of a kind waits for a user in a conversation, or in one thread of it, below an id, the newest first.
pub fn waiting(
    tx: &Tx<'_>,
    user: UserId,
    (peer, kind): (Peer, i64),
    thread: Option<MsgId>,
    below: MsgId,
    limit: i64,
) -> Result<Vec<(MsgId, ContentId)>, StoreError> {
    let sql = "SELECT msg_id, content_id FROM attention a WHERE user_id = $1 AND peer = $2 AND kind = $3
               AND msg_id < $4 AND ($6 < 0 OR EXISTS (SELECT 1 FROM messages m WHERE m.box_id = a.peer
                 AND m.peer = a.peer AND m.id = a.msg_id AND m.thread_id = $6))
               ORDER BY msg_id DESC LIMIT $5";
    let params = params![user, peer, kind, below, limit, thread.unwrap_or(MsgId(-1))];
    tx.query(sql, params, |row| Ok((row.column(0)?, row.column(1)?)))
}

/// How much of each kind waits for a user in conversations.
pub fn count_waiting(tx: &Tx<'_>, user: UserId, peers: &[Peer]) -> Result<Vec<(Peer, i64, i32)>, StoreError> {
    let peers: Vec<i64> = peers.iter().map(|peer| peer.marked()).collect();
    let sql = "SELECT peer, kind, count(*) FROM attention WHERE user_id = $1 AND peer IN ($IDS)
               GROUP BY peer, kind";
    tx.query_in(sql, params![user], &peers, |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)))
}

/// What waited was seen: that of one message, or all of a kind in a conversation. Says how much it was.
pub fn attend(
    tx: &Tx<'_>,
    user: UserId,
    (peer, kind): (Peer, i64),
    id: Option<MsgId>,
) -> Result<usize, StoreError> {
    let sql =
        "DELETE FROM attention WHERE user_id = $1 AND peer = $2 AND kind = $3 AND ($4 = 0 OR msg_id = $4)";
    tx.execute(sql, params![user, peer, kind, id.unwrap_or(MsgId(0))])
}

/// A mention was seen.
pub fn see_mention(tx: &Tx<'_>, content: ContentId, peer: Peer) -> Result<(), StoreError> {
    let sql = "UPDATE marks SET value = $3 WHERE content_id = $1 AND kind = 3 AND peer = $2";
    tx.execute(sql, params![content, peer, &[0u8; 0]]).map(drop)
}

/// Nothing of a conversation waits any more.
pub fn forget(tx: &Tx<'_>, user: UserId, peer: Peer) -> Result<(), StoreError> {
    tx.execute("DELETE FROM attention WHERE user_id = $1 AND peer = $2", params![user, peer]).map(drop)
}

/// Forgets who saw posts before a moment, a batch at a time; says how many.
pub fn sweep_views(tx: &Tx<'_>, before: UnixTime, limit: i64) -> Result<usize, StoreError> {
    let sql = "DELETE FROM marks WHERE (content_id, kind, peer, position) IN
               (SELECT content_id, kind, peer, position FROM marks WHERE kind = 4 AND date < $1 LIMIT $2)";
    tx.execute(sql, params![before, limit])
}
