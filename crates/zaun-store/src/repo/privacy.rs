//! Who may see or do what, and what is asked of it together.

use zaun_model::{Peer, UserId};

use crate::{StoreError, Tx, params};

/// Bits of `users.hides`.
pub mod bit {
    /// When the user was last seen.
    pub const STATUS: i64 = 1;
    /// Who may bring the user into groups.
    pub const INVITE: i64 = 1 << 1;
    /// Whether forwards name the user.
    pub const FORWARDS: i64 = 1 << 2;
    /// The user's photos.
    pub const PHOTO: i64 = 1 << 3;
    /// The user's phone number.
    pub const PHONE: i64 = 1 << 4;
    /// Whether the user is found by its phone number.
    pub const ADDED_BY_PHONE: i64 = 1 << 5;
    /// The user's bio.
    pub const ABOUT: i64 = 1 << 6;
    /// The user blocked somebody.
    pub const BLOCKS: i64 = 1 << 16;
}

/// The rules of a user for one key, encoded; the key is one of [`bit`].
pub fn find(tx: &Tx<'_>, user: UserId, key: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT rules FROM privacy WHERE user_id = $1 AND key = $2";
    tx.query_one(sql, params![user, key], |row| row.column(0))
}

/// The rules of several users: user, key, rules.
pub fn of_users(tx: &Tx<'_>, users: &[UserId]) -> Result<Vec<(UserId, i64, Vec<u8>)>, StoreError> {
    let ids: Vec<i64> = users.iter().map(|id| id.0).collect();
    let sql = "SELECT user_id, key, rules FROM privacy WHERE user_id IN ($IDS)";
    tx.query_in(sql, &[], &ids, |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)))
}

/// Keeps the rules of a user for one key.
pub fn put(tx: &Tx<'_>, user: UserId, key: i64, rules: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO privacy (user_id, key, rules) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, key) DO UPDATE SET rules = $3",
        params![user, key, rules],
    )?;
    mark(tx, user, key, true)
}

/// Sets or clears a bit of `users.hides`.
pub fn mark(tx: &Tx<'_>, user: UserId, bit: i64, on: bool) -> Result<(), StoreError> {
    let sql = match on {
        true => "UPDATE users SET hides = hides | $2 WHERE id = $1 AND hides & $2 = 0",
        false => "UPDATE users SET hides = hides - (hides & $2) WHERE id = $1",
    };
    tx.execute(sql, params![user, bit]).map(drop)
}

/// Which pairs of owner and viewer are such that the owner blocked the viewer.
pub fn blocks(tx: &Tx<'_>, pairs: &[(UserId, UserId)]) -> Result<Vec<(UserId, UserId)>, StoreError> {
    let pairs: Vec<(i64, i64)> = pairs.iter().map(|(owner, viewer)| (owner.0, viewer.0)).collect();
    let sql = "SELECT b.owner_id, b.peer FROM (VALUES $PAIRS) AS v
               JOIN blocked b ON b.owner_id = v.column1 AND b.peer = v.column2";
    tx.query_pairs(sql, &[], &pairs, |row| Ok((row.column(0)?, row.column(1)?)))
}

/// What the page of a user shows of what the viewer set for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Whether the viewer blocked it.
    pub blocked: bool,
    /// Whether the chat is in the archive.
    pub archived: bool,
    /// Whether anything waits to be sent to it.
    pub has_scheduled: bool,
    /// Seconds after which new messages of the chat delete themselves; 0 for never.
    pub ttl: i32,
}

/// What a viewer set for a private chat.
pub fn terms(tx: &Tx<'_>, viewer: UserId, user: UserId) -> Result<Terms, StoreError> {
    let sql = "SELECT (SELECT count(*) FROM blocked WHERE owner_id = $1 AND peer = $2),
         (SELECT count(*) FROM dialogs WHERE user_id = $1 AND peer = $2 AND folder_id = 1),
         (SELECT count(*) FROM (SELECT id FROM scheduled WHERE owner = $1 AND peer = $2 LIMIT 1) AS found),
         (SELECT period FROM private_ttl WHERE low = $3 AND high = $4)";
    let (low, high) = (viewer.min(user), viewer.max(user));
    let found = tx.query_one(sql, params![viewer, Peer::User(user), low, high], |row| {
        Ok(Terms {
            blocked: row.column::<i64>(0)? > 0,
            archived: row.column::<i64>(1)? > 0,
            has_scheduled: row.column::<i64>(2)? > 0,
            ttl: row.column::<Option<i32>>(3)?.unwrap_or(0),
        })
    })?;
    Ok(found.unwrap_or_default())
}
