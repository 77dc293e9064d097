//! Supergroups and broadcast channels, and who is in them.

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{ChannelId, ChatId, MsgId, Peer, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// A supergroup or broadcast channel.
    ChannelRow in "channels" {
        /// Its id.
        id: ChannelId,
        /// Whether it is a broadcast channel; a supergroup otherwise.
        broadcast: bool,
        /// Its title.
        title: String,
        /// Its description.
        about: String,
        /// Its public name, as spelled; none while it is private.
        username: Option<String>,
        /// Who owns it.
        creator_id: UserId,
        /// When it was made.
        created_at: UnixTime,
        /// Deleted channels keep their row.
        deleted: bool,
        /// What ordinary members may not do.
        banned: BannedRights,
        /// Current photo.
        photo_id: Option<i64>,
        /// Stripped thumbnail of that photo.
        photo_thumb: Option<Vec<u8>>,
        /// Number of members.
        members: i32,
        /// Number of administrators, the creator among them.
        admins: i32,
        /// The basic group that it was.
        migrated_from: Option<ChatId>,
        /// Whether posts name their authors.
        signatures: bool,
        /// Whether posts show the profiles of their authors.
        profiles: bool,
        /// Seconds between two messages of a member; 0 for none.
        slow_mode: i32,
        /// Whether newcomers see only what comes after them.
        hidden_history: bool,
        /// Whether only administrators see who is in it.
        hidden_members: bool,
        /// Whether nothing may be forwarded from it.
        noforwards: bool,
        /// Whether an administrator decides who joins.
        join_request: bool,
        /// Canonical TL ChatReactions; all where nothing else was said.
        reactions: Option<Vec<u8>>,
        /// Kinds of reactions on one message; 0 for the most there may be.
        reactions_limit: i32,
        /// Whether its messages lie in topics: 1 as a list, 2 as tabs.
        forum: i64,
        /// The discussion group of a broadcast channel, or the channel of a discussion group; 0 for none.
        linked_id: ChannelId,
        /// Whether only members may write, where guests could comment.
        join_to_send: bool,
        /// Seconds after which new messages delete themselves; 0 for never.
        ttl: i32,
    }
}

impl ChannelRow {
    /// Says whether its messages lie in topics.
    #[must_use]
    pub fn is_forum(&self) -> bool {
        self.forum > 0
    }
}

table! {
    /// What a user is to a channel.
    MemberRow in "channel_members" {
        /// The channel.
        channel_id: ChannelId,
        /// The user.
        user_id: UserId,
        /// One of [`MEMBER`], [`LEFT`], [`REMOVED`].
        status: i64,
        /// When the user joined last.
        joined_at: UnixTime,
        /// Who let the user in; the user itself if nobody did.
        inviter_id: UserId,
        /// Whether the user owns the channel.
        creator: bool,
        /// What the user may do beyond others.
        admin: AdminRights,
        /// What the user may not do.
        banned: BannedRights,
        /// When that ends; 0 for never.
        banned_until: UnixTime,
        /// Title of an administrator.
        rank: String,
        /// Who made the user an administrator, or restricted it; 0 for nobody.
        by_id: UserId,
        /// Messages up to this one are hidden from the user.
        hidden_until: MsgId,
        /// When the user wrote last, while the group has a slow mode.
        posted_at: UnixTime,
        /// Whether the user sees a forum as one list of messages.
        as_messages: bool,
        /// As whom the user writes unless it says otherwise; none for as itself.
        send_as: Option<Peer>,
        /// Messages up to this one the user took out of its own view.
        cleared_until: MsgId,
    }
}

table! {
    /// A channel as which nobody may write in a group.
    SenderBanRow in "channel_sender_bans" {
        /// The group.
        channel_id: ChannelId,
        /// The channel.
        sender_id: ChannelId,
        /// Who decided that.
        by_id: UserId,
        /// When.
        at: UnixTime,
    }
}

impl MemberRow {
    /// An ordinary member who came by itself, from whom nothing was taken.
    #[must_use]
    pub fn ordinary(channel_id: ChannelId, user_id: UserId, joined_at: UnixTime) -> MemberRow {
        MemberRow {
            channel_id,
            user_id,
            status: MEMBER,
            joined_at,
            inviter_id: user_id,
            creator: false,
            admin: AdminRights::NONE,
            banned: BannedRights::NONE,
            banned_until: UnixTime(0),
            rank: String::new(),
            by_id: UserId(0),
            hidden_until: MsgId(0),
            posted_at: UnixTime(0),
            as_messages: false,
            send_as: None,
            cleared_until: MsgId(0),
        }
    }
}

/// `status` of members.
pub const MEMBER: i64 = 1;
/// `status` of those who left by themselves.
pub const LEFT: i64 = 2;
/// `status` of those who were removed and may not come back.
pub const REMOVED: i64 = 3;

/// Creates a channel with the next id; `row.id` is not looked at.
pub fn insert(tx: &Tx<'_>, row: &ChannelRow) -> Result<ChannelId, StoreError> {
    tx.scalar(
        "INSERT INTO channels (broadcast, title, about, username, creator_id, created_at, deleted, banned, members,
         admins, migrated_from, photo_id, photo_thumb) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         RETURNING id",
        params![
            row.broadcast,
            &row.title,
            &row.about,
            row.username.as_deref(),
            row.creator_id,
            row.created_at,
            row.deleted,
            row.banned,
            row.members,
            row.admins,
            row.migrated_from,
            row.photo_id,
            row.photo_thumb.as_deref()
        ],
    )
}

/// One channel.
pub fn find(tx: &Tx<'_>, id: ChannelId) -> Result<Option<ChannelRow>, StoreError> {
    let sql = format!("SELECT {} FROM channels WHERE id = $1", ChannelRow::COLUMNS);
    tx.query_one(&sql, params![id], ChannelRow::read)
}

/// Several channels, in order of their ids.
pub fn find_many(tx: &Tx<'_>, ids: &[ChannelId]) -> Result<Vec<ChannelRow>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let sql = format!("SELECT {} FROM channels WHERE id IN ($IDS) ORDER BY id", ChannelRow::COLUMNS);
    tx.query_in(&sql, &[], &ids, ChannelRow::read)
}

/// Writes what changes of a channel back.
pub fn save(tx: &Tx<'_>, row: &ChannelRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE channels SET title = $2, about = $3, username = $4, deleted = $5, banned = $6, photo_id = $7,
         photo_thumb = $8, members = $9, admins = $10, creator_id = $11, signatures = $12, profiles = $13,
         slow_mode = $14, hidden_history = $15, hidden_members = $16, noforwards = $17, join_request = $18, reactions = $19,
         reactions_limit = $20, forum = $21, linked_id = $22, join_to_send = $23, ttl = $24
         WHERE id = $1",
        params![
            row.id,
            &row.title,
            &row.about,
            row.username.as_deref(),
            row.deleted,
            row.banned,
            row.photo_id,
            row.photo_thumb.as_deref(),
            row.members,
            row.admins,
            row.creator_id,
            row.signatures,
            row.profiles,
            row.slow_mode,
            row.hidden_history,
            row.hidden_members,
            row.noforwards,
            row.join_request,
            row.reactions.as_deref(),
            row.reactions_limit,
            row.forum,
            row.linked_id,
            row.join_to_send,
            row.ttl
        ],
    )
    .map(drop)
}

/// What one user is to one channel.
pub fn member(tx: &Tx<'_>, channel: ChannelId, user: UserId) -> Result<Option<MemberRow>, StoreError> {
    let sql =
        format!("SELECT {} FROM channel_members WHERE channel_id = $1 AND user_id = $2", MemberRow::COLUMNS);
    tx.query_one(&sql, params![channel, user], MemberRow::read)
}

/// What users are to channels, named by pairs; pairs that have nothing to do with each other are left out.
pub fn members(tx: &Tx<'_>, pairs: &[(ChannelId, UserId)]) -> Result<Vec<MemberRow>, StoreError> {
    let pairs: Vec<(i64, i64)> = pairs.iter().map(|(channel, user)| (channel.0, user.0)).collect();
    let columns: Vec<String> = MemberRow::COLUMNS.split(", ").map(|name| format!("c.{name}")).collect();
    let sql = format!(
        "SELECT {} FROM (VALUES $PAIRS) AS v JOIN channel_members c ON c.channel_id = v.column1
         AND c.user_id = v.column2",
        columns.join(", ")
    );
    tx.query_pairs(&sql, &[], &pairs, MemberRow::read)
}

/// Keeps what a user is to a channel.
pub fn put_member(tx: &Tx<'_>, row: &MemberRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO channel_members (channel_id, user_id, status, joined_at, inviter_id, creator, admin, banned,
         banned_until, rank, by_id, hidden_until, posted_at, as_messages, send_as, cleared_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (channel_id, user_id) DO UPDATE SET status = $3, joined_at = $4, inviter_id = $5, creator = $6,
         admin = $7, banned = $8, banned_until = $9, rank = $10, by_id = $11, hidden_until = $12,
         posted_at = $13, as_messages = $14, send_as = $15, cleared_until = $16",
        params![
            row.channel_id,
            row.user_id,
            row.status,
            row.joined_at,
            row.inviter_id,
            row.creator,
            row.admin,
            row.banned,
            row.banned_until,
            &row.rank,
            row.by_id,
            row.hidden_until,
            row.posted_at,
            row.as_messages,
            row.send_as,
            row.cleared_until
        ],
    )
    .map(drop)
}

/// Members of a channel, newest first.
pub fn recent(tx: &Tx<'_>, channel: ChannelId, skip: i64, limit: i64) -> Result<Vec<MemberRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM channel_members WHERE channel_id = $1 AND status = 1
         ORDER BY joined_at DESC, user_id DESC LIMIT $2 OFFSET $3",
        MemberRow::COLUMNS
    );
    tx.query(&sql, params![channel, limit, skip], MemberRow::read)
}

/// Administrators of a channel.
pub fn admins(tx: &Tx<'_>, channel: ChannelId, skip: i64, limit: i64) -> Result<Vec<MemberRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM channel_members WHERE channel_id = $1 AND admin > 0 ORDER BY user_id LIMIT $2 OFFSET $3",
        MemberRow::COLUMNS
    );
    tx.query(&sql, params![channel, limit, skip], MemberRow::read)
}

/// Channels that a user is a member of, up to a limit.
pub fn of_user(tx: &Tx<'_>, user: UserId, limit: i64) -> Result<Vec<ChannelId>, StoreError> {
    let sql = "SELECT channel_id FROM channel_members WHERE user_id = $1 AND status = 1 LIMIT $2";
    tx.query(sql, params![user, limit], |row| row.column(0))
}

/// What a user is to the channels that it is a member of, up to a limit.
pub fn memberships(tx: &Tx<'_>, user: UserId, limit: i64) -> Result<Vec<MemberRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM channel_members WHERE user_id = $1 AND status = 1 LIMIT $2",
        MemberRow::COLUMNS
    );
    tx.query(&sql, params![user, limit], MemberRow::read)
}

/// Everybody leaves a channel that was deleted.
pub fn remove_all(tx: &Tx<'_>, channel: ChannelId) -> Result<(), StoreError> {
    let sql = "UPDATE channel_members SET status = 2, admin = 0 WHERE channel_id = $1 AND status = 1";
    tx.execute(sql, params![channel]).map(drop)
}

/// Members whose restriction ends by a moment.
pub fn due(tx: &Tx<'_>, now: UnixTime, limit: i64) -> Result<Vec<MemberRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM channel_members WHERE banned_until > 0 AND banned_until <= $1 ORDER BY banned_until LIMIT $2",
        MemberRow::COLUMNS
    );
    tx.query(&sql, params![now, limit], MemberRow::read)
}

/// Members of a channel who are restricted (status 1), or were removed (status 3), by id.
pub fn banned(
    tx: &Tx<'_>,
    channel: ChannelId,
    removed: bool,
    skip: i64,
    limit: i64,
) -> Result<Vec<MemberRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM channel_members WHERE channel_id = $1 AND banned > 0 AND (status = 3) = ($2 = 1)
         ORDER BY user_id LIMIT $3 OFFSET $4",
        MemberRow::COLUMNS
    );
    tx.query(&sql, params![channel, removed, limit, skip], MemberRow::read)
}

/// How many members of a channel are restricted, or were removed, up to a limit.
pub fn count_banned(tx: &Tx<'_>, channel: ChannelId, removed: bool, limit: i64) -> Result<i32, StoreError> {
    tx.scalar(
        "SELECT count(*) FROM (SELECT user_id FROM channel_members WHERE channel_id = $1 AND banned > 0
         AND (status = 3) = ($2 = 1) LIMIT $3) AS found",
        params![channel, removed, limit],
    )
}

/// Bots among the members of a channel, by id.
pub fn bots(tx: &Tx<'_>, channel: ChannelId, skip: i64, limit: i64) -> Result<Vec<MemberRow>, StoreError> {
    let columns: Vec<String> = MemberRow::COLUMNS.split(", ").map(|name| format!("c.{name}")).collect();
    let sql = format!(
        "SELECT {} FROM channel_members c JOIN bots b ON b.user_id = c.user_id WHERE c.channel_id = $1 AND c.status = 1
         ORDER BY c.user_id LIMIT $2 OFFSET $3",
        columns.join(", ")
    );
    tx.query(&sql, params![channel, limit, skip], MemberRow::read)
}

/// Public broadcast channels that a user owns, by id, up to a limit.
pub fn owned_public(tx: &Tx<'_>, user: UserId, limit: i64) -> Result<Vec<ChannelRow>, StoreError> {
    let columns: Vec<String> = ChannelRow::COLUMNS.split(", ").map(|name| format!("c.{name}")).collect();
    let sql = format!(
        "SELECT {} FROM channel_members m JOIN channels c ON c.id = m.channel_id WHERE m.user_id = $1
         AND m.status = 1 AND m.creator = 1 AND c.broadcast = 1 AND c.deleted = 0 AND c.username IS NOT NULL
         ORDER BY c.id LIMIT $2",
        columns.join(", ")
    );
    tx.query(&sql, params![user, limit], ChannelRow::read)
}

/// Says whether a channel may not be written as in a group, or another one of the same owner.
pub fn is_sender_banned(tx: &Tx<'_>, group: ChannelId, owner: UserId) -> Result<bool, StoreError> {
    tx.scalar(
        "SELECT count(*) > 0 FROM channel_sender_bans b JOIN channels c ON c.id = b.sender_id
         WHERE b.channel_id = $1 AND c.creator_id = $2",
        params![group, owner],
    )
}

/// The ban of a channel as a sender in a group.
pub fn sender_ban(
    tx: &Tx<'_>,
    group: ChannelId,
    sender: ChannelId,
) -> Result<Option<SenderBanRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM channel_sender_bans WHERE channel_id = $1 AND sender_id = $2",
        SenderBanRow::COLUMNS
    );
    tx.query_one(&sql, params![group, sender], SenderBanRow::read)
}

/// Keeps a channel from being written as in a group.
pub fn ban_sender(tx: &Tx<'_>, row: &SenderBanRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// Lets a channel be written as again.
pub fn unban_sender(tx: &Tx<'_>, group: ChannelId, sender: ChannelId) -> Result<(), StoreError> {
    let sql = "DELETE FROM channel_sender_bans WHERE channel_id = $1 AND sender_id = $2";
    tx.execute(sql, params![group, sender]).map(drop)
}
