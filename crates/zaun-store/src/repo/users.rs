//! Accounts, user names, profile photos.

use crate::{Row, StoreError, Tx, params};

/// A user as stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserRow {
    /// Id.
    pub id: i64,
    /// Digits only; none for service accounts and deleted ones.
    pub phone: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name, may be empty.
    pub last_name: String,
    /// User name as its owner spelled it.
    pub username: Option<String>,
    /// Bio.
    pub about: String,
    /// Current profile photo.
    pub photo_id: Option<i64>,
    /// Stripped thumbnail of it.
    pub photo_thumb: Option<Vec<u8>>,
    /// Unix seconds.
    pub last_seen: i64,
    /// Unix seconds.
    pub created_at: i64,
    /// Deleted accounts keep their row.
    pub deleted: bool,
    /// The DC it is at home in; 0 for all of them.
    pub home_dc: i64,
}

const COLUMNS: &str =
    "SELECT id, phone, first_name, last_name, username, about, photo_id, photo_thumb, last_seen,
    created_at, deleted, home_dc FROM users";

fn read(row: &Row<'_>) -> Result<UserRow, StoreError> {
    Ok(UserRow {
        id: row.column(0)?,
        phone: row.column(1)?,
        first_name: row.column(2)?,
        last_name: row.column(3)?,
        username: row.column(4)?,
        about: row.column(5)?,
        photo_id: row.column(6)?,
        photo_thumb: row.column(7)?,
        last_seen: row.column(8)?,
        created_at: row.column(9)?,
        deleted: row.column(10)?,
        home_dc: row.column(11)?,
    })
}

/// Creates a user with the next id.
pub fn insert(
    tx: &Tx<'_>,
    phone: &str,
    first_name: &str,
    last_name: &str,
    home_dc: i64,
    now: i64,
) -> Result<i64, StoreError> {
    tx.scalar(
        "INSERT INTO users (phone, first_name, last_name, home_dc, last_seen, created_at)
         VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
        params![phone, first_name, last_name, home_dc, now],
    )
}

/// Creates a user with a given id if there is none: service accounts, and the floor from which ids are counted.
pub fn insert_with_id(tx: &Tx<'_>, id: i64, first_name: &str, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO users (id, first_name, last_name, created_at) VALUES ($1, $2, '', $3) ON CONFLICT DO NOTHING",
        params![id, first_name, now],
    )?;
    Ok(())
}

/// Removes a user's row altogether.
pub fn remove(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM users WHERE id = $1", params![id]).map(drop)
}

/// A user by id.
pub fn find(tx: &Tx<'_>, id: i64) -> Result<Option<UserRow>, StoreError> {
    tx.query_one(&format!("{COLUMNS} WHERE id = $1"), params![id], read)
}

/// A user by phone, digits only.
pub fn by_phone(tx: &Tx<'_>, phone: &str) -> Result<Option<UserRow>, StoreError> {
    tx.query_one(&format!("{COLUMNS} WHERE phone = $1"), params![phone], read)
}

/// Who holds a user name; `folded` is in lower case.
pub fn by_username(tx: &Tx<'_>, folded: &str) -> Result<Option<i64>, StoreError> {
    tx.query_one("SELECT user_id FROM usernames WHERE folded = $1", params![folded], |row| row.column(0))
}

/// User ids whose user name begins with `folded`.
pub fn by_username_prefix(tx: &Tx<'_>, folded: &str, limit: i64) -> Result<Vec<i64>, StoreError> {
    let end = format!("{folded}\u{10ffff}");
    tx.query(
        "SELECT user_id FROM usernames WHERE folded >= $1 AND folded < $2 ORDER BY folded LIMIT $3",
        params![folded, &end, limit],
        |row| row.column(0),
    )
}

/// Changes the names and the bio.
pub fn set_profile(tx: &Tx<'_>, id: i64, first: &str, last: &str, about: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE users SET first_name = $2, last_name = $3, about = $4 WHERE id = $1",
        params![id, first, last, about],
    )
    .map(drop)
}

/// Gives a user another user name, or none; the old one becomes free.
pub fn set_username(tx: &Tx<'_>, id: i64, username: Option<(&str, &str)>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM usernames WHERE user_id = $1", params![id])?;
    if let Some((_, folded)) = username {
        tx.execute("INSERT INTO usernames VALUES ($1, $2)", params![folded, id])?;
    }
    let spelled = username.map(|(spelled, _)| spelled);
    tx.execute("UPDATE users SET username = $2 WHERE id = $1", params![id, spelled]).map(drop)
}

/// Notes when a user was last seen.
pub fn set_last_seen(tx: &Tx<'_>, id: i64, at: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE users SET last_seen = $2 WHERE id = $1", params![id, at]).map(drop)
}

/// Makes a photo the current one, with its stripped thumbnail; or none.
pub fn set_photo(tx: &Tx<'_>, id: i64, photo: Option<(i64, &[u8])>) -> Result<(), StoreError> {
    let (photo_id, thumb) = photo.unzip();
    let sql = "UPDATE users SET photo_id = $2, photo_thumb = $3 WHERE id = $1";
    tx.execute(sql, params![id, photo_id, thumb]).map(drop)
}

/// Adds a photo to a user's gallery, or moves it to the front.
pub fn add_photo(tx: &Tx<'_>, id: i64, photo_id: i64, now: i64) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO user_photos VALUES ($1, $2, $3) ON CONFLICT (user_id, photo_id) DO UPDATE SET added_at = $3",
        params![id, photo_id, now],
    )
    .map(drop)
}

/// When a photo came into a user's gallery; `None` if it is not there.
pub fn photo_added_at(tx: &Tx<'_>, id: i64, photo_id: i64) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT added_at FROM user_photos WHERE user_id = $1 AND photo_id = $2";
    tx.query_one(sql, params![id, photo_id], |row| row.column(0))
}

/// Takes a photo out of a user's gallery; `false` if it was not there.
pub fn delete_photo(tx: &Tx<'_>, id: i64, photo_id: i64) -> Result<bool, StoreError> {
    let sql = "DELETE FROM user_photos WHERE user_id = $1 AND photo_id = $2";
    Ok(tx.execute(sql, params![id, photo_id])? == 1)
}

/// The photos of a user, newest first.
pub fn photos(tx: &Tx<'_>, id: i64) -> Result<Vec<i64>, StoreError> {
    tx.query(
        "SELECT photo_id FROM user_photos WHERE user_id = $1 ORDER BY added_at DESC, photo_id DESC",
        params![id],
        |row| row.column(0),
    )
}
