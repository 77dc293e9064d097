//! Photos and documents, and the stored bytes behind them.

use zaun_model::UnixTime;

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// A media object.
    MediaRow in "media" {
        /// Id that clients know it by.
        id: i64,
        /// 1 photo, 2 document.
        kind: i64,
        /// When it was made.
        created_at: UnixTime,
        /// Contents, profile photos and the like that show it.
        uses: i64,
        /// Canonical TL object without access hash, reference and DC.
        body: Vec<u8>,
    }
}

/// Keeps a media object.
pub fn insert(tx: &Tx<'_>, row: &MediaRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// A media object by id.
pub fn find(tx: &Tx<'_>, id: i64) -> Result<Option<MediaRow>, StoreError> {
    tx.query_one(
        &format!("SELECT {} FROM media WHERE id = $1", MediaRow::COLUMNS),
        params![id],
        MediaRow::read,
    )
}

/// Several media objects, in no order.
pub fn find_many(tx: &Tx<'_>, ids: &[i64]) -> Result<Vec<MediaRow>, StoreError> {
    let sql = format!("SELECT {} FROM media WHERE id IN ($IDS)", MediaRow::COLUMNS);
    tx.query_in(&sql, &[], ids, MediaRow::read)
}

/// Notes that one more place, or one less, shows a media object.
pub fn count_use(tx: &Tx<'_>, id: i64, change: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE media SET uses = uses + $2 WHERE id = $1", params![id, change]).map(drop)
}

/// Media objects that nothing shows and that are older than `date`.
pub fn unused(tx: &Tx<'_>, date: UnixTime, limit: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT id FROM media WHERE uses = 0 AND created_at < $1 ORDER BY created_at LIMIT $2";
    tx.query(sql, params![date, limit], |row| row.column(0))
}

/// The hashes of all blobs.
pub fn all_blobs(tx: &Tx<'_>) -> Result<Vec<[u8; 32]>, StoreError> {
    tx.query("SELECT sha256 FROM blobs", params![], |row| row.column(0))
}

/// Removes a media object; the blobs behind it are used once less.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE blobs SET uses = uses - 1 WHERE sha256 IN (SELECT sha256 FROM media_blobs WHERE media_id = $1)",
        params![id],
    )?;
    tx.execute("DELETE FROM media_blobs WHERE media_id = $1", params![id])?;
    tx.execute("DELETE FROM media WHERE id = $1", params![id]).map(drop)
}

/// Notes that bytes are stored; nothing happens if they were known.
pub fn put_blob(tx: &Tx<'_>, sha256: &[u8; 32], size: i64, now: UnixTime) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO blobs (sha256, size, uses, created_at) VALUES ($1, $2, 0, $3)
         ON CONFLICT (sha256) DO UPDATE SET created_at = $3",
        params![sha256, size, now],
    )
    .map(drop)
}

/// Blobs that no media object shows and that were stored before `date`.
pub fn unused_blobs(tx: &Tx<'_>, date: UnixTime, limit: i64) -> Result<Vec<[u8; 32]>, StoreError> {
    let sql = "SELECT sha256 FROM blobs WHERE uses = 0 AND created_at < $1 ORDER BY created_at LIMIT $2";
    tx.query(sql, params![date, limit], |row| row.column(0))
}

/// Forgets a blob that nothing shows; `false` if something does by now.
pub fn delete_blob(tx: &Tx<'_>, sha256: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM blobs WHERE sha256 = $1 AND uses = 0", params![sha256])? == 1)
}

/// Connects a media object (or a thumbnail of it) with stored bytes.
pub fn put_part(tx: &Tx<'_>, media_id: i64, thumb: &str, sha256: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO media_blobs (media_id, thumb, sha256) VALUES ($1, $2, $3)",
        params![media_id, thumb, sha256],
    )?;
    tx.execute("UPDATE blobs SET uses = uses + 1 WHERE sha256 = $1", params![sha256]).map(drop)
}

/// All bytes of a media object: letter, hash and size.
pub fn parts(tx: &Tx<'_>, media_id: i64) -> Result<Vec<(String, [u8; 32], i64)>, StoreError> {
    tx.query(
        "SELECT m.thumb, b.sha256, b.size FROM media_blobs m JOIN blobs b ON b.sha256 = m.sha256
         WHERE m.media_id = $1 ORDER BY m.thumb",
        params![media_id],
        |row| Ok((row.column(0)?, row.column(1)?, row.column(2)?)),
    )
}

/// Keeps what clients see of a media object anew.
pub fn set_body(tx: &Tx<'_>, id: i64, body: &[u8]) -> Result<(), StoreError> {
    tx.execute("UPDATE media SET body = $2 WHERE id = $1", params![id, body]).map(drop)
}

/// Where the bytes of a media object (or a thumbnail of it) are: hash and size.
pub fn part(tx: &Tx<'_>, media_id: i64, thumb: &str) -> Result<Option<([u8; 32], i64)>, StoreError> {
    tx.query_one(
        "SELECT b.sha256, b.size FROM media_blobs m JOIN blobs b ON b.sha256 = m.sha256
         WHERE m.media_id = $1 AND m.thumb = $2",
        params![media_id, thumb],
        |row| Ok((row.column(0)?, row.column(1)?)),
    )
}
