//! Threads of supergroups: topics of forums, comments to posts, and how far users have read in both.

use zaun_model::{ChannelId, MsgId, Peer, UnixTime, UserId};

use super::dialogs::Spot;
use super::table;
use crate::{StoreError, Tx, params};

/// The id of the topic that every forum has.
pub const GENERAL: MsgId = MsgId(1);

table! {
    /// A topic of a forum.
    TopicRow in "topics" {
        /// The forum.
        channel_id: ChannelId,
        /// Its id: that of the service message that made it, or [`GENERAL`].
        id: MsgId,
        /// Its title.
        title: String,
        /// Colour of its icon.
        icon_color: i32,
        /// Custom emoji that is its icon instead.
        icon_emoji_id: Option<i64>,
        /// Who made it, as members see it.
        author: Peer,
        /// Who made it.
        creator_id: UserId,
        /// When.
        created_at: UnixTime,
        /// Whether only administrators and its author write in it.
        closed: bool,
        /// Whether it is left out of the list; General only.
        hidden: bool,
        /// Place among the pinned ones, lowest first.
        pinned_order: Option<i64>,
        /// Newest message in it.
        top_id: MsgId,
    }
}

fn select(rest: &str) -> String {
    format!("SELECT {} FROM topics WHERE channel_id = $1 AND {rest}", TopicRow::COLUMNS)
}

/// Adds a topic.
pub fn insert_topic(tx: &Tx<'_>, row: &TopicRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// One topic.
pub fn topic(tx: &Tx<'_>, channel: ChannelId, id: MsgId) -> Result<Option<TopicRow>, StoreError> {
    tx.query_one(&select("id = $2"), params![channel, id], TopicRow::read)
}

/// Topics by id, in no order.
pub fn topics(tx: &Tx<'_>, channel: ChannelId, ids: &[MsgId]) -> Result<Vec<TopicRow>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| i64::from(id.0)).collect();
    tx.query_in(&select("id IN ($IDS)"), params![channel], &ids, TopicRow::read)
}

/// The pinned topics of a forum, in their order.
pub fn pinned_topics(tx: &Tx<'_>, channel: ChannelId, limit: i64) -> Result<Vec<TopicRow>, StoreError> {
    let sql = select("pinned_order IS NOT NULL ORDER BY pinned_order LIMIT $2");
    tx.query(&sql, params![channel, limit], TopicRow::read)
}

/// Topics that are not pinned, after a place in the list: the newest message first, or the newest topic.
pub fn newest_topics(
    tx: &Tx<'_>,
    channel: ChannelId,
    by_creation: bool,
    before: (MsgId, MsgId),
    limit: i64,
) -> Result<Vec<TopicRow>, StoreError> {
    let sql = if by_creation {
        select("pinned_order IS NULL AND id < $2 AND $3 >= 0 ORDER BY id DESC LIMIT $4")
    } else {
        select(
            "pinned_order IS NULL AND (top_id < $3 OR (top_id = $3 AND id < $2))
             ORDER BY top_id DESC, id DESC LIMIT $4",
        )
    };
    tx.query(&sql, params![channel, before.1, before.0, limit], TopicRow::read)
}

/// How many topics a forum has.
pub fn count_topics(tx: &Tx<'_>, channel: ChannelId) -> Result<i32, StoreError> {
    tx.scalar("SELECT count(*) FROM topics WHERE channel_id = $1", params![channel])
}

/// Writes a topic back, whatever of it changed.
pub fn save_topic(tx: &Tx<'_>, row: &TopicRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE topics SET title = $3, icon_color = $4, icon_emoji_id = $5, closed = $6, hidden = $7,
         pinned_order = $8, top_id = $9 WHERE channel_id = $1 AND id = $2",
        params![
            row.channel_id,
            row.id,
            &row.title,
            row.icon_color,
            row.icon_emoji_id,
            row.closed,
            row.hidden,
            row.pinned_order,
            row.top_id
        ],
    )
    .map(drop)
}

/// Notes the newest message of a topic.
pub fn set_top(tx: &Tx<'_>, channel: ChannelId, id: MsgId, top: MsgId) -> Result<(), StoreError> {
    let sql = "UPDATE topics SET top_id = $3 WHERE channel_id = $1 AND id = $2";
    tx.execute(sql, params![channel, id, top]).map(drop)
}

/// Removes a topic.
pub fn delete_topic(tx: &Tx<'_>, channel: ChannelId, id: MsgId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM topics WHERE channel_id = $1 AND id = $2", params![channel, id]).map(drop)
}

/// How far a user has read a thread, and others have read what it wrote there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThreadRead {
    /// Messages up to here were read.
    pub inbox: MsgId,
    /// The user's own messages up to here were read by others.
    pub outbox: MsgId,
}

/// How far a user has read threads of a conversation, of those where it has read anything.
pub fn reads(
    tx: &Tx<'_>,
    user: UserId,
    peer: Peer,
    threads: &[MsgId],
) -> Result<Vec<(MsgId, ThreadRead)>, StoreError> {
    let ids: Vec<i64> = threads.iter().map(|id| i64::from(id.0)).collect();
    let sql = "SELECT thread_id, read_inbox, read_outbox FROM thread_reads WHERE user_id = $1 AND peer = $2
               AND thread_id IN ($IDS)";
    tx.query_in(sql, params![user, peer], &ids, |row| {
        Ok((row.column(0)?, ThreadRead { inbox: row.column(1)?, outbox: row.column(2)? }))
    })
}

/// Notes how far a user has read a thread.
pub fn put_read(tx: &Tx<'_>, user: UserId, (peer, thread): Spot, read: ThreadRead) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO thread_reads (user_id, peer, thread_id, read_inbox, read_outbox) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (user_id, peer, thread_id) DO UPDATE SET read_inbox = $4, read_outbox = $5",
        params![user, peer, thread, read.inbox, read.outbox],
    )
    .map(drop)
}

/// What waits for a user in the threads of a conversation: thread, kind, how much. Messages outside threads are of
/// thread 0.
pub fn waiting(tx: &Tx<'_>, user: UserId, peer: Peer) -> Result<Vec<(MsgId, i64, i32)>, StoreError> {
    tx.query(
        "SELECT m.thread_id, a.kind, count(*) FROM attention a
         JOIN messages m ON m.box_id = a.peer AND m.peer = a.peer AND m.id = a.msg_id
         WHERE a.user_id = $1 AND a.peer = $2 GROUP BY m.thread_id, a.kind",
        params![user, peer],
        |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)),
    )
}

/// A post and the message of a discussion group that is its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The broadcast channel and the post.
    pub post: (ChannelId, MsgId),
    /// The group and the copy.
    pub root: (ChannelId, MsgId),
}

fn read_copied(row: &crate::Row<'_>) -> Result<Copied, StoreError> {
    Ok(Copied { post: (row.column(0)?, row.column(1)?), root: (row.column(2)?, row.column(3)?) })
}

/// Notes that a message is the copy of a post.
pub fn insert_copied(tx: &Tx<'_>, copied: Copied) -> Result<(), StoreError> {
    let Copied { post, root } = copied;
    let sql = "INSERT INTO comments (channel_id, post_id, group_id, root_id) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, params![post.0, post.1, root.0, root.1]).map(drop)
}

/// The copy of a post.
pub fn copy_of(tx: &Tx<'_>, channel: ChannelId, post: MsgId) -> Result<Option<Copied>, StoreError> {
    let sql =
        "SELECT channel_id, post_id, group_id, root_id FROM comments WHERE channel_id = $1 AND post_id = $2";
    tx.query_one(sql, params![channel, post], read_copied)
}

/// The post that a message is the copy of.
pub fn post_of(tx: &Tx<'_>, group: ChannelId, root: MsgId) -> Result<Option<Copied>, StoreError> {
    let sql =
        "SELECT channel_id, post_id, group_id, root_id FROM comments WHERE group_id = $1 AND root_id = $2";
    tx.query_one(sql, params![group, root], read_copied)
}

/// A post and its copy have nothing to do with each other any more.
pub fn delete_copied(tx: &Tx<'_>, copied: Copied) -> Result<(), StoreError> {
    let sql = "DELETE FROM comments WHERE channel_id = $1 AND post_id = $2";
    tx.execute(sql, params![copied.post.0, copied.post.1]).map(drop)
}
