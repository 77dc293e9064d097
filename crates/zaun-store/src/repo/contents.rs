//! What messages say, once for all boxes that show them.

use zaun_model::{BoxId, ContentId, MsgId, Peer, UnixTime};

use super::table;
use crate::{StoreError, Tx, params};

table! {
    /// What a message says.
    ContentRow in "contents" {
        /// Its id.
        id: ContentId,
        /// Who wrote it.
        author: Peer,
        /// When.
        date: UnixTime,
        /// When it was edited last.
        edit_date: Option<UnixTime>,
        /// What search filters look at; the numbers belong to the messenger.
        media_kind: i64,
        /// Rows that still show it.
        rows_left: i64,
        /// Its text.
        text: String,
        /// Canonical TL Message without its text.
        body: Vec<u8>,
        /// The rows that were made of it, as [`encode_copies`] writes them.
        copies: Vec<u8>,
        /// Whether anybody left a mark on it.
        marked: bool,
        /// How many saw it, if it is a post.
        views: i32,
        /// How often it was forwarded, if it is a post.
        forwards: i32,
        /// Canonical TL MessageReactions, if there are any.
        reactions: Option<Vec<u8>>,
        /// Canonical TL MessageReplies, if it begins a thread or may be commented.
        replies: Option<Vec<u8>>,
    }
}

/// Bytes of one entry of `copies`: the marked id of the box, then the id of the message, little-endian.
const COPY_BYTES: usize = 12;

/// Writes down which rows were made of a content.
#[must_use]
pub fn encode_copies(copies: &[(BoxId, MsgId)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(copies.len() * COPY_BYTES);
    for (box_id, id) in copies {
        out.extend_from_slice(&box_id.marked().to_le_bytes());
        out.extend_from_slice(&id.0.to_le_bytes());
    }
    out
}

impl ContentRow {
    /// The rows that were made of the content; some may be gone.
    pub fn copies(&self) -> impl Iterator<Item = (BoxId, MsgId)> {
        self.copies.chunks_exact(COPY_BYTES).filter_map(|entry| {
            let (mark, id) = entry.split_at_checked(8)?;
            let box_id = BoxId::from_marked(i64::from_le_bytes(*mark.first_chunk()?))?;
            Some((box_id, MsgId(i32::from_le_bytes(*id.first_chunk()?))))
        })
    }
}

/// Adds a content.
pub fn insert(tx: &Tx<'_>, row: &ContentRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// The highest id in use, or 0; ids are given out by the program and rise.
pub fn highest(tx: &Tx<'_>) -> Result<ContentId, StoreError> {
    tx.scalar("SELECT coalesce(max(id), 0) FROM contents", &[])
}

/// Several contents, in no order.
pub fn find_many(tx: &Tx<'_>, ids: &[ContentId]) -> Result<Vec<ContentRow>, StoreError> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let sql = format!("SELECT {} FROM contents WHERE id IN ($IDS)", ContentRow::COLUMNS);
    tx.query_in(&sql, &[], &ids, ContentRow::read)
}

/// Writes an edited content back.
pub fn update(tx: &Tx<'_>, row: &ContentRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE contents SET edit_date = $2, media_kind = $3, text = $4, body = $5 WHERE id = $1",
        params![row.id, row.edit_date, row.media_kind, &row.text, &row.body],
    )
    .map(drop)
}

/// Writes the sum of the reactions to a content.
pub fn set_reactions(tx: &Tx<'_>, id: ContentId, reactions: Option<&[u8]>) -> Result<(), StoreError> {
    tx.execute("UPDATE contents SET reactions = $2, marked = 1 WHERE id = $1", params![id, reactions])
        .map(drop)
}

/// Writes the sum of the answers to a content, or that there are none.
pub fn set_replies(tx: &Tx<'_>, id: ContentId, replies: Option<&[u8]>) -> Result<(), StoreError> {
    tx.execute("UPDATE contents SET replies = $2 WHERE id = $1", params![id, replies]).map(drop)
}

/// Writes a content's object back without its being an edit: the votes of a poll were counted.
pub fn set_body(tx: &Tx<'_>, id: ContentId, body: &[u8]) -> Result<(), StoreError> {
    tx.execute("UPDATE contents SET body = $2, marked = 1 WHERE id = $1", params![id, body]).map(drop)
}

/// Notes when a poll ends by itself.
pub fn note_poll_end(tx: &Tx<'_>, id: ContentId, at: UnixTime) -> Result<(), StoreError> {
    tx.execute("INSERT INTO poll_ends (content_id, at) VALUES ($1, $2)", params![id, at]).map(drop)
}

/// Polls whose end has come, the first to end first.
pub fn due_polls(tx: &Tx<'_>, now: UnixTime, limit: i64) -> Result<Vec<ContentId>, StoreError> {
    let sql = "SELECT content_id FROM poll_ends WHERE at <= $1 ORDER BY at LIMIT $2";
    tx.query(sql, params![now, limit], |row| row.column(0))
}

/// Forgets the end of a poll.
pub fn forget_poll_end(tx: &Tx<'_>, id: ContentId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM poll_ends WHERE content_id = $1", params![id]).map(drop)
}

/// Notes that people left marks on a content.
pub fn set_marked(tx: &Tx<'_>, id: ContentId) -> Result<(), StoreError> {
    tx.execute("UPDATE contents SET marked = 1 WHERE id = $1", params![id]).map(drop)
}

/// Counts views and forwards of a post.
pub fn count(tx: &Tx<'_>, id: ContentId, views: i32, forwards: i32) -> Result<(), StoreError> {
    let sql = "UPDATE contents SET views = views + $2, forwards = forwards + $3 WHERE id = $1";
    tx.execute(sql, params![id, views, forwards]).map(drop)
}

/// Notes one more row that was made of a content.
pub fn add_copy(tx: &Tx<'_>, row: &ContentRow, copy: (BoxId, MsgId)) -> Result<(), StoreError> {
    let mut copies = row.copies.clone();
    copies.extend(encode_copies(&[copy]));
    let sql = "UPDATE contents SET rows_left = rows_left + 1, copies = $2 WHERE id = $1";
    tx.execute(sql, params![row.id, &copies]).map(drop)
}

/// Notes that `gone` rows of a content were deleted.
pub fn release(tx: &Tx<'_>, id: ContentId, gone: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE contents SET rows_left = rows_left - $2 WHERE id = $1", params![id, gone]).map(drop)
}

/// Removes a content.
pub fn delete(tx: &Tx<'_>, id: ContentId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM contents WHERE id = $1", params![id]).map(drop)
}
