//! Photos and documents, and the stored bytes behind them.

use crate::{StoreError, Tx, params};

/// A media object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRow {
    /// Id that clients know it by.
    pub id: i64,
    /// 1 photo, 2 document.
    pub kind: i64,
    /// Unix seconds.
    pub created_at: i64,
    /// Canonical TL object without access hash, reference and DC.
    pub body: Vec<u8>,
}

/// Keeps a media object.
pub fn insert(tx: &Tx<'_>, row: &MediaRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO media VALUES ($1, $2, $3, $4)",
        params![row.id, row.kind, row.created_at, &row.body],
    )
    .map(drop)
}

/// A media object by id.
pub fn find(tx: &Tx<'_>, id: i64) -> Result<Option<MediaRow>, StoreError> {
    tx.query_one("SELECT kind, created_at, body FROM media WHERE id = $1", params![id], |row| {
        Ok(MediaRow { id, kind: row.column(0)?, created_at: row.column(1)?, body: row.column(2)? })
    })
}

/// Notes that bytes are stored; nothing happens if they were known.
pub fn put_blob(tx: &Tx<'_>, sha256: &[u8; 32], size: i64) -> Result<(), StoreError> {
    tx.execute("INSERT INTO blobs VALUES ($1, $2) ON CONFLICT DO NOTHING", params![sha256, size]).map(drop)
}

/// Connects a media object (or a thumbnail of it) with stored bytes.
pub fn put_part(tx: &Tx<'_>, media_id: i64, thumb: &str, sha256: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute("INSERT INTO media_blobs VALUES ($1, $2, $3)", params![media_id, thumb, sha256]).map(drop)
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
