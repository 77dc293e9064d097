//! Messages: one small row per message and box.

use zaun_model::{BoxId, ChannelId, ContentId, MsgId, Peer, Pts, UnixTime, UserId};

use super::table;
use crate::{Param, StoreError, Tx, params};

table! {
    /// A message in a box.
    MessageRow in "messages" {
        /// The box.
        box_id: BoxId,
        /// The conversation, as the owner of the box sees it.
        peer: Peer,
        /// Number of the message in that box.
        id: MsgId,
        /// What it says.
        content_id: ContentId,
        /// Who wrote it.
        author: Peer,
        /// When it was sent.
        date: UnixTime,
        /// pts of its arrival.
        pts: Pts,
        /// The message of this box that it answers.
        reply_to_id: Option<MsgId>,
        /// What search filters look at; the numbers belong to the messenger.
        media_kind: i64,
        /// Whether it is pinned here.
        pinned: bool,
        /// Whether it holds something that was not listened to yet.
        media_unread: bool,
        /// The thread or topic that it belongs to; 0 for none, and for a forum's General.
        thread_id: MsgId,
    }
}

fn select(rest: &str) -> String {
    format!("SELECT {} FROM messages WHERE box_id = $1 AND {rest}", MessageRow::COLUMNS)
}

/// Adds a message.
pub fn insert(tx: &Tx<'_>, row: &MessageRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// One message of a conversation.
pub fn find(tx: &Tx<'_>, box_id: BoxId, peer: Peer, id: MsgId) -> Result<Option<MessageRow>, StoreError> {
    tx.query_one(&select("peer = $2 AND id = $3"), params![box_id, peer, id], MessageRow::read)
}

/// Messages of one conversation by id, in no order.
pub fn find_many(
    tx: &Tx<'_>,
    box_id: BoxId,
    peer: Peer,
    ids: &[MsgId],
) -> Result<Vec<MessageRow>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| i64::from(id.0)).collect();
    tx.query_in(&select("peer = $2 AND id IN ($IDS)"), params![box_id, peer], &ids, MessageRow::read)
}

/// Messages of a user's box by id, whatever their conversation, in no order.
pub fn find_in_box(tx: &Tx<'_>, owner: UserId, ids: &[MsgId]) -> Result<Vec<MessageRow>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| i64::from(id.0)).collect();
    tx.query_in(&select("box_id > 0 AND id IN ($IDS)"), params![owner], &ids, MessageRow::read)
}

/// Messages of several boxes, each named by box and id. Channels' boxes are asked by their one conversation.
pub fn find_copies(tx: &Tx<'_>, copies: &[(BoxId, MsgId)]) -> Result<Vec<MessageRow>, StoreError> {
    let of = |user: bool| {
        let chosen = copies.iter().filter(move |(id, _)| matches!(id, BoxId::User(_)) == user);
        chosen.map(|(id, message)| (id.marked(), i64::from(message.0))).collect::<Vec<_>>()
    };
    let columns: Vec<String> = MessageRow::COLUMNS.split(", ").map(|name| format!("m.{name}")).collect();
    let sql = |condition: &str| {
        format!(
            "SELECT {} FROM (VALUES $PAIRS) AS v JOIN messages m ON m.box_id = v.column1 AND m.id = v.column2 \
             AND {condition}",
            columns.join(", ")
        )
    };
    let mut rows = tx.query_pairs(&sql("m.box_id > 0"), &[], &of(true), MessageRow::read)?;
    rows.extend(tx.query_pairs(&sql("m.peer = v.column1"), &[], &of(false), MessageRow::read)?);
    Ok(rows)
}

/// Removes a message.
pub fn delete(tx: &Tx<'_>, row: &MessageRow) -> Result<(), StoreError> {
    let sql = "DELETE FROM messages WHERE box_id = $1 AND peer = $2 AND id = $3";
    tx.execute(sql, params![row.box_id, row.peer, row.id]).map(drop)
}

/// Pins or unpins a message in its box.
pub fn set_pinned(tx: &Tx<'_>, row: &MessageRow, pinned: bool) -> Result<(), StoreError> {
    let sql = "UPDATE messages SET pinned = $4 WHERE box_id = $1 AND peer = $2 AND id = $3";
    tx.execute(sql, params![row.box_id, row.peer, row.id, pinned]).map(drop)
}

/// Notes the thread or topic that a message belongs to.
pub fn set_thread(tx: &Tx<'_>, row: &MessageRow, thread: MsgId) -> Result<(), StoreError> {
    let sql = "UPDATE messages SET thread_id = $4 WHERE box_id = $1 AND peer = $2 AND id = $3";
    tx.execute(sql, params![row.box_id, row.peer, row.id, thread]).map(drop)
}

/// Notes that what a message holds was listened to.
pub fn set_media_read(tx: &Tx<'_>, row: &MessageRow) -> Result<(), StoreError> {
    let sql = "UPDATE messages SET media_unread = 0 WHERE box_id = $1 AND peer = $2 AND id = $3";
    tx.execute(sql, params![row.box_id, row.peer, row.id]).map(drop)
}

/// Changes the kind of media of a message, after an edit.
pub fn set_media_kind(tx: &Tx<'_>, row: &MessageRow, kind: i64) -> Result<(), StoreError> {
    let sql = "UPDATE messages SET media_kind = $4 WHERE box_id = $1 AND peer = $2 AND id = $3";
    tx.execute(sql, params![row.box_id, row.peer, row.id, kind]).map(drop)
}

/// The pinned messages of a conversation, newest first.
pub fn pinned(tx: &Tx<'_>, box_id: BoxId, peer: Peer, limit: i64) -> Result<Vec<MessageRow>, StoreError> {
    let sql = select("peer = $2 AND pinned > 0 ORDER BY id DESC LIMIT $3");
    tx.query(&sql, params![box_id, peer, limit], MessageRow::read)
}

/// Which messages of a conversation a page takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Lowest id.
    pub from: MsgId,
    /// Highest id.
    pub to: MsgId,
    /// How many are left out first.
    pub skip: i64,
    /// How many are taken.
    pub limit: i64,
}

/// Messages of a conversation, newest first.
pub fn newest(tx: &Tx<'_>, box_id: BoxId, peer: Peer, range: Range) -> Result<Vec<MessageRow>, StoreError> {
    page(tx, "DESC", params![box_id, peer, range.from, range.to, range.limit, range.skip])
}

/// Messages of a conversation, oldest first.
pub fn oldest(tx: &Tx<'_>, box_id: BoxId, peer: Peer, range: Range) -> Result<Vec<MessageRow>, StoreError> {
    page(tx, "ASC", params![box_id, peer, range.from, range.to, range.limit, range.skip])
}

fn page(tx: &Tx<'_>, order: &str, params: &[Param<'_>]) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!("peer = $2 AND id >= $3 AND id <= $4 ORDER BY id {order} LIMIT $5 OFFSET $6");
    tx.query(&select(&sql), params, MessageRow::read)
}

/// Messages of one thread or topic of a channel, newest first.
pub fn newest_in_thread(
    tx: &Tx<'_>,
    box_id: BoxId,
    thread: MsgId,
    range: Range,
) -> Result<Vec<MessageRow>, StoreError> {
    page_of_thread(tx, "DESC", box_id, thread, range)
}

/// Messages of one thread or topic of a channel, oldest first.
pub fn oldest_in_thread(
    tx: &Tx<'_>,
    box_id: BoxId,
    thread: MsgId,
    range: Range,
) -> Result<Vec<MessageRow>, StoreError> {
    page_of_thread(tx, "ASC", box_id, thread, range)
}

fn page_of_thread(
    tx: &Tx<'_>,
    order: &str,
    box_id: BoxId,
    thread: MsgId,
    range: Range,
) -> Result<Vec<MessageRow>, StoreError> {
    let sql = format!(
        "box_id < 0 AND thread_id = $2 AND id >= $3 AND id <= $4 ORDER BY id {order} LIMIT $5 OFFSET $6"
    );
    let params = params![box_id, thread, range.from, range.to, range.limit, range.skip];
    tx.query(&select(&sql), params, MessageRow::read)
}

/// How many messages of a thread or topic have an id in a range, both ends included, and are by others than `reader`,
/// up to `limit`. Each costs a step.
pub fn count_in_thread(
    tx: &Tx<'_>,
    (box_id, thread): (BoxId, MsgId),
    reader: UserId,
    (from, to): (MsgId, MsgId),
    limit: i64,
) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT count(*) FROM (SELECT id FROM messages WHERE box_id = $1 AND box_id < 0 AND thread_id = $2
         AND id >= $3 AND id <= $4 AND author <> $5 LIMIT $6) AS found",
        params![box_id, thread, from, to, reader, limit],
    )
}

/// The newest message of a thread up to `id` by somebody else than `reader`.
pub fn highest_incoming_in_thread(
    tx: &Tx<'_>,
    (box_id, thread): (BoxId, MsgId),
    reader: UserId,
    id: MsgId,
) -> Result<Option<MessageRow>, StoreError> {
    let sql = select("box_id < 0 AND thread_id = $2 AND id <= $3 AND author <> $4 ORDER BY id DESC LIMIT 1");
    tx.query_one(&sql, params![box_id, thread, id, reader], MessageRow::read)
}

/// Takes the messages of a group that becomes a forum out of their threads, topics apart: they are General's.
pub fn dissolve_threads(tx: &Tx<'_>, box_id: BoxId, channel: ChannelId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE messages SET thread_id = 0 WHERE box_id = $1 AND box_id < 0 AND thread_id > 0
         AND thread_id NOT IN (SELECT id FROM topics WHERE channel_id = $2)",
        params![box_id, channel],
    )
    .map(drop)
}

/// Messages of one kind of media in a conversation, newest first.
pub fn newest_of_kind(
    tx: &Tx<'_>,
    box_id: BoxId,
    peer: Peer,
    kind: i64,
    range: Range,
) -> Result<Vec<MessageRow>, StoreError> {
    let sql = select(
        "peer = $2 AND media_kind > 0 AND media_kind = $3 AND id >= $4 AND id <= $5
         ORDER BY id DESC LIMIT $6 OFFSET $7",
    );
    let params = params![box_id, peer, kind, range.from, range.to, range.limit, range.skip];
    tx.query(&sql, params, MessageRow::read)
}

/// How many messages of a conversation have an id above `above` and are by others than `reader`, up to `limit`. Each
/// costs a step, so it is asked for what is unread only.
pub fn count_incoming(
    tx: &Tx<'_>,
    box_id: BoxId,
    peer: Peer,
    reader: UserId,
    above: MsgId,
    limit: i64,
) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT count(*) FROM (SELECT id FROM messages WHERE box_id = $1 AND peer = $2 AND id > $3
         AND author <> $4 LIMIT $5) AS found",
        params![box_id, peer, above, reader, limit],
    )
}

/// How many messages of a conversation have an id in a range, both ends included, up to `limit`. Each costs a step.
pub fn count_in_range(
    tx: &Tx<'_>,
    box_id: BoxId,
    peer: Peer,
    (from, to): (MsgId, MsgId),
    limit: i64,
) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT count(*) FROM (SELECT id FROM messages WHERE box_id = $1 AND peer = $2 AND id >= $3 AND id <= $4
         LIMIT $5) AS found",
        params![box_id, peer, from, to, limit],
    )
}

/// The newest message up to `id` by somebody else than `reader`.
pub fn highest_incoming(
    tx: &Tx<'_>,
    box_id: BoxId,
    peer: Peer,
    reader: UserId,
    id: MsgId,
) -> Result<Option<MessageRow>, StoreError> {
    let sql = select("peer = $2 AND id <= $3 AND author <> $4 ORDER BY id DESC LIMIT 1");
    tx.query_one(&sql, params![box_id, peer, id, reader], MessageRow::read)
}

/// The newest message of a conversation dated before `date`, 0 if there is none. Ids rise with dates, so it is found by
/// halving the range of ids up to `top`, in one statement.
pub fn last_before(
    tx: &Tx<'_>,
    box_id: BoxId,
    peer: Peer,
    top: MsgId,
    date: UnixTime,
) -> Result<MsgId, StoreError> {
    tx.scalar(
        "WITH RECURSIVE steps (low, high) AS (
           SELECT CAST(0 AS BIGINT), CAST($3 AS BIGINT)
           UNION ALL
           SELECT CASE WHEN (SELECT m.date FROM messages m WHERE m.box_id = $1 AND m.peer = $2
                   AND m.id >= (low + high + 1) / 2 ORDER BY m.id LIMIT 1) < $4
                  THEN (low + high + 1) / 2 ELSE low END,
                  CASE WHEN (SELECT m.date FROM messages m WHERE m.box_id = $1 AND m.peer = $2
                   AND m.id >= (low + high + 1) / 2 ORDER BY m.id LIMIT 1) < $4
                  THEN high ELSE (low + high + 1) / 2 - 1 END
           FROM steps WHERE low < high)
         SELECT max(low) FROM steps",
        params![box_id, peer, top, date],
    )
}

/// Messages of a user's box that arrived after `id`, whatever their conversation, oldest first.
pub fn arrived_in_box(
    tx: &Tx<'_>,
    owner: UserId,
    after: MsgId,
    limit: i64,
) -> Result<Vec<MessageRow>, StoreError> {
    let sql = select("box_id > 0 AND id > $2 ORDER BY id LIMIT $3");
    tx.query(&sql, params![owner, after, limit], MessageRow::read)
}

/// How many messages of a kind of media a conversation holds.
pub fn media_counts(tx: &Tx<'_>, box_id: BoxId, peer: Peer) -> Result<Vec<(i64, i32)>, StoreError> {
    tx.query(
        "SELECT media_kind, messages FROM media_counts WHERE box_id = $1 AND peer = $2",
        params![box_id, peer],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}

/// Changes how many messages of a kind of media a conversation holds.
pub fn count_media(tx: &Tx<'_>, box_id: BoxId, peer: Peer, kind: i64, change: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO media_counts (box_id, peer, media_kind, messages) VALUES ($1, $2, $3, $4)
         ON CONFLICT (box_id, peer, media_kind) DO UPDATE SET messages = media_counts.messages + $4",
        params![box_id, peer, kind, change],
    )
    .map(drop)
}

/// The message that a random_id already made today or yesterday: conversation and id.
pub fn by_random_id(
    tx: &Tx<'_>,
    user: UserId,
    random_id: i64,
    now: UnixTime,
) -> Result<Option<(Peer, MsgId)>, StoreError> {
    let day = now.day();
    tx.query_one(
        "SELECT peer, message_id FROM random_ids WHERE day IN ($1, $2) AND user_id = $3 AND random_id = $4",
        params![day, day - 1, user, random_id],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}

/// Notes the message that a random_id made.
pub fn put_random_id(
    tx: &Tx<'_>,
    user: UserId,
    random_id: i64,
    now: UnixTime,
    (peer, id): (Peer, MsgId),
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO random_ids (day, user_id, random_id, peer, message_id) VALUES ($1, $2, $3, $4, $5)",
        params![now.day(), user, random_id, peer, id],
    )
    .map(drop)
}

/// Forgets random ids from before a day, those of some users at a time; returns how many went.
pub fn sweep_random_ids(tx: &Tx<'_>, day: i64, limit: i64) -> Result<usize, StoreError> {
    tx.execute(
        "DELETE FROM random_ids WHERE day < $1 AND user_id IN (
           SELECT user_id FROM random_ids WHERE day < $1 ORDER BY day, user_id LIMIT $2)",
        params![day, limit],
    )
}
