//! Sets of stickers, masks and custom emoji, and who installed them.

use zaun_model::{ChannelId, UnixTime, UserId};

use super::{Borrowed, table};
use crate::{StoreError, Tx, params};

/// `kind` of sets of stickers.
pub const REGULAR: i64 = 0;
/// `kind` of sets of masks.
pub const MASKS: i64 = 1;
/// `kind` of sets of custom emoji.
pub const EMOJI: i64 = 2;

table! {
    /// A set.
    SetRow in "sticker_sets" {
        /// Its number.
        id: i64,
        /// Its short name in lower case.
        folded: String,
        /// Its short name.
        short_name: String,
        /// What it is called.
        title: String,
        /// What it holds: stickers, masks or custom emoji.
        kind: i64,
        /// Whether its emoji take the color of the text.
        text_color: bool,
        /// Whose it is.
        owner_id: UserId,
        /// The bot that made it; 0 for none.
        bot_id: UserId,
        /// When it was made.
        created_at: UnixTime,
        /// How many it holds.
        count: i64,
        /// Changes with everything that clients see of it.
        hash: i64,
        /// The media object that stands for it.
        thumb_id: Option<i64>,
        /// How often that changed.
        thumb_version: i64,
        /// Canonical TL PhotoSize of it; none for custom emoji.
        thumb: Option<Vec<u8>>,
    }
}

table! {
    /// What a set holds.
    StickerRow in "stickers" {
        /// The document.
        media_id: i64,
        /// Its set.
        set_id: i64,
        /// Its place there, from 0.
        place: i64,
        /// The emoji that it stands for, one after the other.
        emoji: String,
        /// Words that it is found by, with commas between them.
        keywords: String,
        /// Canonical TL MaskCoords.
        mask: Option<Vec<u8>>,
    }
}

table! {
    /// A set that a user installed.
    InstallRow in "sticker_installs" {
        /// Who did.
        user_id: UserId,
        /// The set.
        set_id: i64,
        /// What the set holds.
        kind: i64,
        /// Where it is shown: the highest first.
        place: i64,
        /// When it was installed.
        date: UnixTime,
        /// Whether it is kept out of sight.
        archived: bool,
    }
}

/// A set by its number.
pub fn find(tx: &Tx<'_>, id: i64) -> Result<Option<SetRow>, StoreError> {
    let sql = format!("SELECT {} FROM sticker_sets WHERE id = $1", SetRow::COLUMNS);
    tx.query_one(&sql, params![id], SetRow::read)
}

/// Several sets, in no order.
pub fn find_many(tx: &Tx<'_>, ids: &[i64]) -> Result<Vec<SetRow>, StoreError> {
    let sql = format!("SELECT {} FROM sticker_sets WHERE id IN ($IDS)", SetRow::COLUMNS);
    tx.query_in(&sql, &[], ids, SetRow::read)
}

/// A set by its short name in lower case.
pub fn by_name(tx: &Tx<'_>, folded: &str) -> Result<Option<SetRow>, StoreError> {
    let sql = format!("SELECT {} FROM sticker_sets WHERE folded = $1", SetRow::COLUMNS);
    tx.query_one(&sql, params![folded], SetRow::read)
}

/// The sets of an owner below a number, newest first.
pub fn owned(tx: &Tx<'_>, owner: UserId, below: i64, limit: i64) -> Result<Vec<SetRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM sticker_sets WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        SetRow::COLUMNS
    );
    tx.query(&sql, params![owner, below, limit], SetRow::read)
}

/// How many sets an owner has.
pub fn count_owned(tx: &Tx<'_>, owner: UserId) -> Result<i64, StoreError> {
    tx.scalar("SELECT count(*) FROM sticker_sets WHERE owner_id = $1", params![owner])
}

/// Keeps a new set.
pub fn insert(tx: &Tx<'_>, row: &SetRow) -> Result<(), StoreError> {
    row.insert(tx)
}

/// Keeps what may change of a set.
pub fn save(tx: &Tx<'_>, row: &SetRow) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE sticker_sets SET title = $2, count = $3, hash = $4, thumb_id = $5, thumb_version = $6, thumb = $7
         WHERE id = $1",
        params![
            row.id,
            &row.title,
            row.count,
            row.hash,
            row.thumb_id,
            row.thumb_version,
            Borrowed::param(&row.thumb)
        ],
    )
    .map(drop)
}

/// Forgets a set, who installed it and where it is shown; what it held is for the caller.
pub fn delete(tx: &Tx<'_>, id: i64) -> Result<(), StoreError> {
    for table in ["stickers", "sticker_installs", "channel_stickers"] {
        tx.execute(&format!("DELETE FROM {table} WHERE set_id = $1"), params![id])?;
    }
    tx.execute("DELETE FROM sticker_sets WHERE id = $1", params![id]).map(drop)
}

/// What a set holds, in order.
pub fn stickers(tx: &Tx<'_>, set: i64) -> Result<Vec<StickerRow>, StoreError> {
    let sql = format!("SELECT {} FROM stickers WHERE set_id = $1 ORDER BY place", StickerRow::COLUMNS);
    tx.query(&sql, params![set], StickerRow::read)
}

/// What several sets show first.
pub fn first_stickers(tx: &Tx<'_>, sets: &[i64]) -> Result<Vec<StickerRow>, StoreError> {
    let sql = format!("SELECT {} FROM stickers WHERE place = 0 AND set_id IN ($IDS)", StickerRow::COLUMNS);
    tx.query_in(&sql, &[], sets, StickerRow::read)
}

/// A document's place in a set.
pub fn sticker(tx: &Tx<'_>, media: i64) -> Result<Option<StickerRow>, StoreError> {
    let sql = format!("SELECT {} FROM stickers WHERE media_id = $1", StickerRow::COLUMNS);
    tx.query_one(&sql, params![media], StickerRow::read)
}

/// Puts a document into a set, or changes what the set says of it.
pub fn put_sticker(tx: &Tx<'_>, row: &StickerRow) -> Result<(), StoreError> {
    remove_sticker(tx, row.media_id)?;
    row.insert(tx)
}

/// Takes a document out of its set.
pub fn remove_sticker(tx: &Tx<'_>, media: i64) -> Result<(), StoreError> {
    tx.execute("DELETE FROM stickers WHERE media_id = $1", params![media]).map(drop)
}

/// Whether and how a user installed a set.
pub fn install(tx: &Tx<'_>, user: UserId, set: i64) -> Result<Option<InstallRow>, StoreError> {
    let sql =
        format!("SELECT {} FROM sticker_installs WHERE user_id = $1 AND set_id = $2", InstallRow::COLUMNS);
    tx.query_one(&sql, params![user, set], InstallRow::read)
}

/// What a user installed of a kind, in the order shown.
pub fn installs(
    tx: &Tx<'_>,
    user: UserId,
    kind: i64,
    archived: bool,
    limit: i64,
) -> Result<Vec<InstallRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM sticker_installs WHERE user_id = $1 AND kind = $2 AND archived = $3
         ORDER BY place DESC, set_id DESC LIMIT $4",
        InstallRow::COLUMNS
    );
    tx.query(&sql, params![user, kind, archived, limit], InstallRow::read)
}

/// Keeps that and how a user installed a set.
pub fn put_install(tx: &Tx<'_>, row: &InstallRow) -> Result<(), StoreError> {
    remove_install(tx, row.user_id, row.set_id)?;
    row.insert(tx)
}

/// Forgets that a user installed a set; `false` if it had not.
pub fn remove_install(tx: &Tx<'_>, user: UserId, set: i64) -> Result<bool, StoreError> {
    let sql = "DELETE FROM sticker_installs WHERE user_id = $1 AND set_id = $2";
    Ok(tx.execute(sql, params![user, set])? == 1)
}

/// Some of those who installed a set.
pub fn installers(tx: &Tx<'_>, set: i64, limit: i64) -> Result<Vec<UserId>, StoreError> {
    let sql = "SELECT user_id FROM sticker_installs WHERE set_id = $1 ORDER BY user_id LIMIT $2";
    tx.query(sql, params![set, limit], |row| row.column(0))
}

/// The set of a supergroup.
pub fn of_channel(tx: &Tx<'_>, channel: ChannelId) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT set_id FROM channel_stickers WHERE channel_id = $1";
    tx.query_one(sql, params![channel], |row| row.column(0))
}

/// Gives a supergroup a set, or takes it away.
pub fn set_of_channel(tx: &Tx<'_>, channel: ChannelId, set: Option<i64>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM channel_stickers WHERE channel_id = $1", params![channel])?;
    let Some(set) = set else { return Ok(()) };
    let sql = "INSERT INTO channel_stickers (channel_id, set_id) VALUES ($1, $2)";
    tx.execute(sql, params![channel, set]).map(drop)
}

table! {
    /// A document that a user keeps in a list.
    ListedRow in "sticker_lists" {
        /// Who keeps it.
        user_id: UserId,
        /// In which list.
        list: i64,
        /// The document.
        media_id: i64,
        /// Its place: the highest is the newest.
        number: i64,
        /// When it was added.
        date: UnixTime,
    }
}

/// What a user keeps in a list, the newest first.
pub fn listed(tx: &Tx<'_>, user: UserId, list: i64, limit: i64) -> Result<Vec<ListedRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM sticker_lists WHERE user_id = $1 AND list = $2 ORDER BY number DESC LIMIT $3",
        ListedRow::COLUMNS
    );
    tx.query(&sql, params![user, list, limit], ListedRow::read)
}

/// Adds a document to a list where it is not.
pub fn put_listed(
    tx: &Tx<'_>,
    user_id: UserId,
    list: i64,
    media_id: i64,
    date: UnixTime,
) -> Result<(), StoreError> {
    let number = listed(tx, user_id, list, 1)?.first().map_or(0, |row| row.number) + 1;
    ListedRow { user_id, list, media_id, number, date }.insert(tx)
}

/// Takes a document out of a list; `false` if it was not there.
pub fn remove_listed(tx: &Tx<'_>, user: UserId, list: i64, media: i64) -> Result<bool, StoreError> {
    let sql = "DELETE FROM sticker_lists WHERE user_id = $1 AND list = $2 AND media_id = $3";
    Ok(tx.execute(sql, params![user, list, media])? == 1)
}

/// Stickers of the sets that a user installed, whose emoji hold one; as if they were a list.
pub fn of_emoji(tx: &Tx<'_>, user: UserId, emoji: &str, limit: i64) -> Result<Vec<ListedRow>, StoreError> {
    tx.query(
        "SELECT i.user_id, i.kind, s.media_id, s.place, i.date
         FROM sticker_installs i JOIN stickers s ON s.set_id = i.set_id
         WHERE i.user_id = $1 AND i.kind = 0 AND i.archived = 0 AND s.emoji LIKE $2
         ORDER BY i.place DESC, s.place LIMIT $3",
        params![user, &format!("%{emoji}%"), limit],
        ListedRow::read,
    )
}
