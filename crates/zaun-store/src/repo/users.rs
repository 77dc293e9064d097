//! Accounts, public names, profile photos.

use zaun_model::{Peer, UnixTime, UserId};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// A user as stored.
    UserRow in "users" {
        /// Its id.
        id: UserId,
        /// Digits only; none for service accounts and deleted ones.
        phone: Option<String>,
        /// First name.
        first_name: String,
        /// Last name, may be empty.
        last_name: String,
        /// User name as its owner spelled it.
        username: Option<String>,
        /// Bio.
        about: String,
        /// Current profile photo.
        photo_id: Option<i64>,
        /// Stripped thumbnail of that photo.
        photo_thumb: Option<Vec<u8>>,
        /// When the user was last seen.
        last_seen: UnixTime,
        /// When the account was made.
        created_at: UnixTime,
        /// Deleted accounts keep their row.
        deleted: bool,
        /// The DC it is at home in; 0 for all of them.
        home_dc: i64,
        /// Rises with what clients keep of a bot; 0 is no bot.
        bot_version: i32,
        /// Bits of [`crate::repo::bots::flag`].
        bot_flags: i64,
        /// What an inline query is asked with; none if the bot takes none.
        bot_placeholder: Option<String>,
        /// Bits of [`crate::repo::privacy::bit`].
        hides: i64,
    }
}

impl UserRow {
    /// Says whether the account is a bot.
    #[must_use]
    pub fn is_bot(&self) -> bool {
        self.bot_version > 0
    }
}

impl UserRow {
    /// First and last name.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

fn select(rest: &str) -> String {
    format!("SELECT {} FROM users WHERE {rest}", UserRow::COLUMNS)
}

/// Creates a user with the next id.
pub fn insert(
    tx: &Tx<'_>,
    phone: &str,
    first_name: &str,
    last_name: &str,
    home_dc: i64,
    now: UnixTime,
) -> Result<UserId, StoreError> {
    tx.scalar(
        "INSERT INTO users (phone, first_name, last_name, home_dc, last_seen, created_at)
         VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
        params![phone, first_name, last_name, home_dc, now],
    )
}

/// Creates a user with a given id if there is none: service accounts, and the floor from which ids are counted.
pub fn insert_with_id(tx: &Tx<'_>, id: UserId, first_name: &str, now: UnixTime) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO users (id, first_name, last_name, created_at) VALUES ($1, $2, '', $3) ON CONFLICT DO NOTHING",
        params![id, first_name, now],
    )?;
    Ok(())
}

/// A user by id.
pub fn find(tx: &Tx<'_>, id: UserId) -> Result<Option<UserRow>, StoreError> {
    tx.query_one(&select("id = $1"), params![id], UserRow::read)
}

/// A user by phone, digits only.
pub fn by_phone(tx: &Tx<'_>, phone: &str) -> Result<Option<UserRow>, StoreError> {
    tx.query_one(&select("phone = $1"), params![phone], UserRow::read)
}

/// Several users, in order of their ids.
pub fn find_many(tx: &Tx<'_>, ids: &[UserId]) -> Result<Vec<UserRow>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    tx.query_in(&select("id IN ($IDS) ORDER BY id"), &[], &ids, UserRow::read)
}

/// Who holds a public name; `folded` is in lower case.
pub fn by_username(tx: &Tx<'_>, folded: &str) -> Result<Option<Peer>, StoreError> {
    tx.query_one("SELECT peer FROM usernames WHERE folded = $1", params![folded], |row| row.column(0))
}

/// Who has a public name that begins with `folded`.
pub fn by_username_prefix(tx: &Tx<'_>, folded: &str, limit: i64) -> Result<Vec<Peer>, StoreError> {
    let end = format!("{folded}\u{10ffff}");
    tx.query(
        "SELECT peer FROM usernames WHERE folded >= $1 AND folded < $2 ORDER BY folded LIMIT $3",
        params![folded, &end, limit],
        |row| row.column(0),
    )
}

/// Changes the names and the bio.
pub fn set_profile(tx: &Tx<'_>, id: UserId, first: &str, last: &str, about: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE users SET first_name = $2, last_name = $3, about = $4 WHERE id = $1",
        params![id, first, last, about],
    )
    .map(drop)
}

/// Gives a peer another public name, or none; the old one becomes free.
pub fn claim_username(tx: &Tx<'_>, peer: Peer, folded: Option<&str>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM usernames WHERE peer = $1", params![peer])?;
    if let Some(folded) = folded {
        tx.execute("INSERT INTO usernames (folded, peer) VALUES ($1, $2)", params![folded, peer])?;
    }
    Ok(())
}

/// Keeps a user's name as its owner spells it.
pub fn set_username(tx: &Tx<'_>, id: UserId, spelled: Option<&str>) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET username = $2 WHERE id = $1", params![id, spelled]).map(drop)
}

/// Makes an account an empty shell.
pub fn close(tx: &Tx<'_>, id: UserId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE users SET deleted = 1, phone = NULL, first_name = '', last_name = '', username = NULL, about = '',
         photo_id = NULL, photo_thumb = NULL WHERE id = $1",
        params![id],
    )
    .map(drop)
}

/// Users after an id who have a setting, and are not gone: id, when they were seen, the setting.
pub fn with_setting(
    tx: &Tx<'_>,
    name: &str,
    after: UserId,
    limit: i64,
) -> Result<Vec<(UserId, UnixTime, Vec<u8>)>, StoreError> {
    tx.query(
        "SELECT u.id, u.last_seen, s.body FROM user_settings s JOIN users u ON u.id = s.owner_id
         WHERE s.name = $1 AND u.id > $2 AND u.deleted = 0 ORDER BY u.id LIMIT $3",
        params![name, after, limit],
        |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)),
    )
}

/// Notes when a user was last seen.
pub fn set_last_seen(tx: &Tx<'_>, id: UserId, at: UnixTime) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET last_seen = $2 WHERE id = $1", params![id, at]).map(drop)
}

/// Makes a photo the current one, with its stripped thumbnail; or none.
pub fn set_photo(tx: &Tx<'_>, id: UserId, photo: Option<(i64, &[u8])>) -> Result<(), StoreError> {
    let (photo_id, thumb) = photo.unzip();
    let sql = "UPDATE users SET photo_id = $2, photo_thumb = $3 WHERE id = $1";
    tx.execute(sql, params![id, photo_id, thumb]).map(drop)
}

/// Adds a photo to a user's gallery, or moves it to the front.
pub fn add_photo(tx: &Tx<'_>, id: UserId, photo_id: i64, now: UnixTime) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO user_photos (user_id, photo_id, added_at) VALUES ($1, $2, $3) ON CONFLICT (user_id, photo_id) DO UPDATE SET added_at = $3",
        params![id, photo_id, now],
    )
    .map(drop)
}

/// When a photo came into a user's gallery; `None` if it is not there.
pub fn photo_added_at(tx: &Tx<'_>, id: UserId, photo_id: i64) -> Result<Option<UnixTime>, StoreError> {
    let sql = "SELECT added_at FROM user_photos WHERE user_id = $1 AND photo_id = $2";
    tx.query_one(sql, params![id, photo_id], |row| row.column(0))
}

/// Takes a photo out of a user's gallery; `false` if it was not there.
pub fn delete_photo(tx: &Tx<'_>, id: UserId, photo_id: i64) -> Result<bool, StoreError> {
    let sql = "DELETE FROM user_photos WHERE user_id = $1 AND photo_id = $2";
    Ok(tx.execute(sql, params![id, photo_id])? == 1)
}

/// The photos of a user, newest first.
pub fn photos(tx: &Tx<'_>, id: UserId) -> Result<Vec<i64>, StoreError> {
    tx.query(
        "SELECT photo_id FROM user_photos WHERE user_id = $1 ORDER BY added_at DESC, photo_id DESC",
        params![id],
        |row| row.column(0),
    )
}
