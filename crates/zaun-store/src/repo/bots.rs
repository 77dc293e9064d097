//! Bots: whose they are, their tokens, who lets them write, what they say of themselves.

use zaun_model::{ChannelId, Peer, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

/// Bits of `users.bot_flags`.
pub mod flag {
    /// Cannot be added to groups.
    pub const NO_CHATS: i64 = 1;
    /// Reads every message of its groups.
    pub const CHAT_HISTORY: i64 = 2;
    /// Hears which inline results were chosen.
    pub const INLINE_FEEDBACK: i64 = 4;
}

table! {
    /// A bot as stored.
    BotRow in "bots" {
        /// Its account.
        user_id: UserId,
        /// Whose it is; 0 for nobody's.
        owner_id: UserId,
        /// Keyed hash of the token.
        token_mac: Vec<u8>,
        /// That of the token that was revoked last.
        former_mac: Option<Vec<u8>>,
        /// The token, encrypted.
        sealed: Vec<u8>,
        /// When it was made.
        created_at: UnixTime,
    }
}

/// What a bot says of itself in a language; what is not set is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextsRow {
    /// Its name.
    pub name: Option<String>,
    /// Its short description.
    pub about: Option<String>,
    /// What stands in an empty chat with it.
    pub description: Option<String>,
}

/// Which list of commands is meant (B-057).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandKey {
    /// The scope, as the column has it.
    pub scope: i64,
    /// The chat, marked; 0 for scopes that name none.
    pub peer: i64,
    /// The member; 0 for scopes that name none.
    pub user_id: i64,
    /// The language; empty for all others.
    pub lang: String,
}

/// Writes a new bot.
pub fn insert(tx: &Tx<'_>, row: &BotRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// Creates the account of a bot with the next id.
pub fn insert_user(tx: &Tx<'_>, name: &str, now: UnixTime) -> Result<UserId, StoreError> {
    tx.scalar(
        "INSERT INTO users (first_name, last_name, created_at, bot_version) VALUES ($1, '', $2, 1) RETURNING id",
        params![name, now],
    )
}

/// Makes an account a bot.
pub fn mark(tx: &Tx<'_>, id: UserId) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET bot_version = 1 WHERE id = $1", params![id]).map(drop)
}

/// A bot by id.
pub fn find(tx: &Tx<'_>, id: UserId) -> Result<Option<BotRow>, StoreError> {
    let sql = format!("SELECT {} FROM bots WHERE user_id = $1", BotRow::COLUMNS);
    tx.query_one(&sql, params![id], BotRow::read)
}

/// All bots, or those of one owner, oldest first.
pub fn list(tx: &Tx<'_>, owner: Option<UserId>, limit: i64) -> Result<Vec<BotRow>, StoreError> {
    let columns = BotRow::COLUMNS;
    match owner {
        Some(owner) => {
            let sql = format!("SELECT {columns} FROM bots WHERE owner_id = $1 ORDER BY user_id LIMIT $2");
            tx.query(&sql, params![owner, limit], BotRow::read)
        }
        None => tx.query(
            &format!("SELECT {columns} FROM bots ORDER BY user_id LIMIT $1"),
            params![limit],
            BotRow::read,
        ),
    }
}

/// Gives a bot another token; the hash of the one before is kept, so that its end can be told from a wrong one.
pub fn set_token(tx: &Tx<'_>, id: UserId, mac: &[u8], sealed: &[u8]) -> Result<(), StoreError> {
    let sql = "UPDATE bots SET former_mac = token_mac, token_mac = $2, sealed = $3 WHERE user_id = $1";
    tx.execute(sql, params![id, mac, sealed]).map(drop)
}

/// Removes a bot with everything that is its own; the account stays, marked as deleted.
pub fn delete(tx: &Tx<'_>, id: UserId) -> Result<(), StoreError> {
    for table in ["bot_users", "bot_texts", "bot_commands", "bot_http", "bot_cursors", "bot_updates"] {
        tx.execute(&format!("DELETE FROM {table} WHERE bot_id = $1"), params![id])?;
    }
    tx.execute("DELETE FROM bots WHERE user_id = $1", params![id])?;
    tx.execute("UPDATE users SET deleted = 1 WHERE id = $1", params![id]).map(drop)
}

/// Notes that clients have to fetch anew what they keep of a bot.
pub fn bump(tx: &Tx<'_>, id: UserId) -> Result<(), StoreError> {
    let sql = "UPDATE users SET bot_version = bot_version + 1 WHERE id = $1 AND bot_version > 0";
    tx.execute(sql, params![id]).map(drop)
}

/// Sets the bits of a bot and what its inline queries are asked with.
pub fn set_settings(
    tx: &Tx<'_>,
    id: UserId,
    flags: i64,
    placeholder: Option<&str>,
) -> Result<(), StoreError> {
    let sql = "UPDATE users SET bot_flags = $2, bot_placeholder = $3 WHERE id = $1";
    tx.execute(sql, params![id, flags, placeholder]).map(drop)
}

/// Notes that a user lets a bot write.
pub fn allow(tx: &Tx<'_>, bot: UserId, user: UserId, now: UnixTime) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO bot_users (bot_id, user_id, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        params![bot, user, now],
    )
    .map(drop)
}

/// Says whether a user lets a bot write.
pub fn is_allowed(tx: &Tx<'_>, bot: UserId, user: UserId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM bot_users WHERE bot_id = $1 AND user_id = $2";
    let found: Option<i64> = tx.query_one(sql, params![bot, user], |row| row.column(0))?;
    Ok(found.is_some())
}

/// Says whether two accounts are in a channel together.
pub fn share_channel(tx: &Tx<'_>, one: UserId, other: UserId) -> Result<bool, StoreError> {
    let found: Option<i64> = tx.query_one(
        "SELECT 1 FROM channel_members a JOIN channel_members b ON b.channel_id = a.channel_id
         WHERE a.user_id = $1 AND a.status = 1 AND b.user_id = $2 AND b.status = 1 LIMIT 1",
        params![one, other],
        |row| row.column(0),
    )?;
    Ok(found.is_some())
}

/// The bots that administer a channel.
pub fn administrators(tx: &Tx<'_>, channel: ChannelId) -> Result<Vec<UserId>, StoreError> {
    tx.query(
        "SELECT m.user_id FROM channel_members m JOIN users u ON u.id = m.user_id
         WHERE m.channel_id = $1 AND m.status = 1 AND m.admin > 0 AND u.bot_version > 0",
        params![channel],
        |row| row.column(0),
    )
}

/// What a bot says of itself in exactly one language.
pub fn texts(tx: &Tx<'_>, bot: UserId, lang: &str) -> Result<Option<TextsRow>, StoreError> {
    tx.query_one(
        "SELECT name, about, description FROM bot_texts WHERE bot_id = $1 AND lang = $2",
        params![bot, lang],
        |row| Ok(TextsRow { name: row.column(0)?, about: row.column(1)?, description: row.column(2)? }),
    )
}

/// Keeps what a bot says of itself in a language.
pub fn put_texts(tx: &Tx<'_>, bot: UserId, lang: &str, texts: &TextsRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO bot_texts (bot_id, lang, name, about, description) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (bot_id, lang) DO UPDATE SET name = $3, about = $4, description = $5",
        params![bot, lang, texts.name.as_deref(), texts.about.as_deref(), texts.description.as_deref()],
    )
    .map(drop)
}

/// A list of commands; `None` if that one was not set.
pub fn commands(tx: &Tx<'_>, bot: UserId, key: &CommandKey) -> Result<Option<Vec<u8>>, StoreError> {
    tx.query_one(
        "SELECT body FROM bot_commands
         WHERE bot_id = $1 AND scope = $2 AND peer = $3 AND user_id = $4 AND lang = $5",
        params![bot, key.scope, key.peer, key.user_id, &key.lang],
        |row| row.column(0),
    )
}

/// How many lists of commands a bot has.
pub fn count_command_lists(tx: &Tx<'_>, bot: UserId) -> Result<i64, StoreError> {
    tx.scalar("SELECT count(*) FROM bot_commands WHERE bot_id = $1", params![bot])
}

/// Keeps a list of commands, or forgets it.
pub fn put_commands(
    tx: &Tx<'_>,
    bot: UserId,
    key: &CommandKey,
    body: Option<&[u8]>,
) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM bot_commands WHERE bot_id = $1 AND scope = $2 AND peer = $3 AND user_id = $4 AND lang = $5",
        params![bot, key.scope, key.peer, key.user_id, &key.lang],
    )?;
    let Some(body) = body else { return Ok(()) };
    tx.execute(
        "INSERT INTO bot_commands (bot_id, scope, peer, user_id, lang, body) VALUES ($1, $2, $3, $4, $5, $6)",
        params![bot, key.scope, key.peer, key.user_id, &key.lang, body],
    )
    .map(drop)
}

/// Users who let a bot write to them, a part of them at a time.
pub fn partners(tx: &Tx<'_>, bot: UserId, limit: i64) -> Result<Vec<UserId>, StoreError> {
    let sql = "SELECT user_id FROM bot_users WHERE bot_id = $1 ORDER BY since DESC LIMIT $2";
    tx.query(sql, params![bot, limit], |row| row.column(0))
}

/// The channels that a bot is a member of, with its own row's moment of joining.
pub fn channels(tx: &Tx<'_>, bot: UserId) -> Result<Vec<(Peer, UnixTime)>, StoreError> {
    tx.query(
        "SELECT channel_id, joined_at FROM channel_members WHERE user_id = $1 AND status = 1",
        params![bot],
        |row| Ok((Peer::Channel(row.column(0)?), row.column(1)?)),
    )
}
