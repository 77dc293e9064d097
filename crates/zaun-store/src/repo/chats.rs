//! Basic groups, and who is in them.

use zaun_model::rights::BannedRights;
use zaun_model::{ChannelId, ChatId, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// A basic group.
    ChatRow in "chats" {
        /// Its id.
        id: ChatId,
        /// Its title.
        title: String,
        /// Its description.
        about: String,
        /// Who owns it.
        creator_id: UserId,
        /// When it was made.
        created_at: UnixTime,
        /// Whether nothing can happen in it any more: it was deleted or became a supergroup.
        deactivated: bool,
        /// The supergroup that it became.
        migrated_to: Option<ChannelId>,
        /// What ordinary members may not do.
        banned: BannedRights,
        /// Current photo.
        photo_id: Option<i64>,
        /// Stripped thumbnail of that photo.
        photo_thumb: Option<Vec<u8>>,
        /// Number of members.
        members: i32,
        /// Grows by one with each change of members, roles and default rights (G-017).
        version: i32,
        /// Canonical TL ChatReactions; all where nothing else was said.
        reactions: Option<Vec<u8>>,
        /// Kinds of reactions on one message; 0 for the most there may be.
        reactions_limit: i32,
        /// Seconds after which new messages delete themselves; 0 for never.
        ttl: i32,
    }
}

table! {
    /// What a user is to a basic group.
    ChatMemberRow in "chat_members" {
        /// The group.
        chat_id: ChatId,
        /// The user.
        user_id: UserId,
        /// One of [`MEMBER`], [`LEFT`], [`REMOVED`].
        status: i64,
        /// When the user joined last.
        joined_at: UnixTime,
        /// Who let the user in.
        inviter_id: UserId,
        /// Whether the user is an administrator.
        admin: bool,
        /// The member's tag.
        rank: String,
    }
}

pub use super::channels::{LEFT, MEMBER, REMOVED};

/// Creates a group with the next id; `row.id` is not looked at.
pub fn insert(tx: &Tx<'_>, row: &ChatRow) -> Result<ChatId, StoreError> {
    tx.scalar(
        "INSERT INTO chats (title, about, creator_id, created_at, deactivated, banned, members, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        params![
            &row.title,
            &row.about,
            row.creator_id,
            row.created_at,
            row.deactivated,
            row.banned,
            row.members,
            row.version
        ],
    )
}

/// One group.
pub fn find(tx: &Tx<'_>, id: ChatId) -> Result<Option<ChatRow>, StoreError> {
    let sql = format!("SELECT {} FROM chats WHERE id = $1", ChatRow::COLUMNS);
    tx.query_one(&sql, params![id], ChatRow::read)
}

/// Several groups, in order of their ids.
pub fn find_many(tx: &Tx<'_>, ids: &[ChatId]) -> Result<Vec<ChatRow>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let sql = format!("SELECT {} FROM chats WHERE id IN ($IDS) ORDER BY id", ChatRow::COLUMNS);
    tx.query_in(&sql, &[], &ids, ChatRow::read)
}

/// Writes what changes of a group back.
pub fn save(tx: &Tx<'_>, row: &ChatRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chats SET title = $2, about = $3, creator_id = $4, deactivated = $5, migrated_to = $6, banned = $7,
         photo_id = $8, photo_thumb = $9, members = $10, version = $11, reactions = $12,
         reactions_limit = $13, ttl = $14 WHERE id = $1",
        params![
            row.id,
            &row.title,
            &row.about,
            row.creator_id,
            row.deactivated,
            row.migrated_to,
            row.banned,
            row.photo_id,
            row.photo_thumb.as_deref(),
            row.members,
            row.version,
            row.reactions.as_deref(),
            row.reactions_limit,
            row.ttl
        ],
    )
    .map(drop)
}

/// What one user is to one group.
pub fn member(tx: &Tx<'_>, chat: ChatId, user: UserId) -> Result<Option<ChatMemberRow>, StoreError> {
    let sql =
        format!("SELECT {} FROM chat_members WHERE chat_id = $1 AND user_id = $2", ChatMemberRow::COLUMNS);
    tx.query_one(&sql, params![chat, user], ChatMemberRow::read)
}

/// What users are to groups, named by pairs; pairs that have nothing to do with each other are left out.
pub fn members_of(tx: &Tx<'_>, pairs: &[(ChatId, UserId)]) -> Result<Vec<ChatMemberRow>, StoreError> {
    let pairs: Vec<(i64, i64)> = pairs.iter().map(|(chat, user)| (chat.0, user.0)).collect();
    let columns: Vec<String> = ChatMemberRow::COLUMNS.split(", ").map(|name| format!("c.{name}")).collect();
    let sql = format!(
        "SELECT {} FROM (VALUES $PAIRS) AS v JOIN chat_members c ON c.chat_id = v.column1
         AND c.user_id = v.column2",
        columns.join(", ")
    );
    tx.query_pairs(&sql, &[], &pairs, ChatMemberRow::read)
}

/// The present members of a group, in the order in which they came.
pub fn members(tx: &Tx<'_>, chat: ChatId) -> Result<Vec<ChatMemberRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM chat_members WHERE chat_id = $1 AND status = 1 ORDER BY joined_at, user_id",
        ChatMemberRow::COLUMNS
    );
    tx.query(&sql, params![chat], ChatMemberRow::read)
}

/// The groups that a user owns and is in, up to a limit.
pub fn owned(tx: &Tx<'_>, user: UserId, limit: i64) -> Result<Vec<ChatId>, StoreError> {
    let sql = "SELECT c.id FROM chat_members m JOIN chats c ON c.id = m.chat_id
               WHERE m.user_id = $1 AND m.status = 1 AND c.creator_id = $1 AND c.deactivated = 0 LIMIT $2";
    tx.query(sql, params![user, limit], |row| row.column(0))
}

/// A user leaves every group.
pub fn leave_all(tx: &Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE chats SET members = members - 1, version = version + 1 WHERE id IN
         (SELECT chat_id FROM chat_members WHERE user_id = $1 AND status = 1)",
        params![user],
    )?;
    tx.execute("UPDATE chat_members SET status = 2 WHERE user_id = $1 AND status = 1", params![user])
        .map(drop)
}

/// Keeps what a user is to a group.
pub fn put_member(tx: &Tx<'_>, row: &ChatMemberRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO chat_members (chat_id, user_id, status, joined_at, inviter_id, admin, rank)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (chat_id, user_id) DO UPDATE SET status = $3, joined_at = $4, inviter_id = $5, admin = $6,
         rank = $7",
        params![row.chat_id, row.user_id, row.status, row.joined_at, row.inviter_id, row.admin, &row.rank],
    )
    .map(drop)
}

/// The groups that two users are both in, newest first, below an id (0 for no limit).
pub fn common(
    tx: &Tx<'_>,
    one: UserId,
    other: UserId,
    below: ChatId,
    limit: i64,
) -> Result<Vec<ChatId>, StoreError> {
    let sql = "SELECT a.chat_id FROM chat_members a JOIN chat_members b ON b.chat_id = a.chat_id
               AND b.user_id = $2 AND b.status = 1 JOIN chats c ON c.id = a.chat_id AND c.deactivated = 0
               WHERE a.user_id = $1 AND a.status = 1 AND ($3 = 0 OR a.chat_id < $3)
               ORDER BY a.chat_id DESC LIMIT $4";
    tx.query(sql, params![one, other, below, limit], |row| row.column(0))
}
