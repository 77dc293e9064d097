//! Sets of stickers, masks and custom emoji (A-101 … A-121): who makes and changes them, and who has them installed.
//!
//! A sticker is a document of its own that belongs to one set: a file that is put into a set becomes a new
//! document over the same stored bytes.

pub(crate) mod channel;
mod edit;
mod emoji;
mod files;
mod install;
pub(crate) mod lists;
mod names;

use std::collections::{BTreeMap, HashMap};

use zaun_model::UserId;
use zaun_schema::api::{enums, types};
use zaun_schema::visit::Mentioned;
use zaun_store::Tx;
use zaun_store::repo::media;
use zaun_store::repo::stickers::{self, InstallRow, SetRow, StickerRow};

pub use edit::{NewSet, StickerChange};
pub use install::Installed;
pub use lists::{Kept, KeptList};
pub use zaun_store::repo::stickers::{EMOJI, MASKS, REGULAR};

use crate::access::Signer;
use crate::limits::{EMOJI_DOCUMENTS, SET_PAGE};
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, errors, stored};

/// A set as a client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetRef {
    /// By its number; the access hash was right.
    Id(i64),
    /// By its short name.
    Name(String),
    /// A set that does not exist here, or none.
    Nothing,
}

impl SetRef {
    /// Finds the set.
    pub(crate) fn find(&self, tx: &Tx<'_>) -> Result<Option<SetRow>, Error> {
        Ok(match self {
            SetRef::Id(id) => stickers::find(tx, *id)?,
            SetRef::Name(name) => stickers::by_name(tx, &name.to_ascii_lowercase())?,
            SetRef::Nothing => None,
        })
    }

    /// Finds a set that must be there.
    fn existing(&self, tx: &Tx<'_>) -> Result<SetRow, Error> {
        self.find(tx)?.ok_or_else(|| Error::bad(errors::STICKERSET_INVALID))
    }
}

/// Reads what a client names.
#[must_use]
pub fn set_ref(signer: &Signer, input: &enums::InputStickerSet) -> SetRef {
    match input {
        enums::InputStickerSet::InputStickerSetID(named)
            if named.access_hash == signer.sticker_set(named.id) =>
        {
            SetRef::Id(named.id)
        }
        enums::InputStickerSet::InputStickerSetShortName(named) => SetRef::Name(named.short_name.clone()),
        _ => SetRef::Nothing,
    }
}

/// Returns a set as a document names it.
fn named(signer: &Signer, id: i64) -> enums::InputStickerSet {
    types::InputStickerSetID { id, access_hash: signer.sticker_set(id) }.into()
}

/// Returns a set as a viewer sees it. What depends on the viewer's DC is completed with the answer.
fn set_to_tl(
    signer: &Signer,
    viewer: UserId,
    row: &SetRow,
    install: Option<&InstallRow>,
) -> Result<types::StickerSet, Error> {
    let thumb = row.thumb.clone().map(stored::decode::<enums::PhotoSize>).transpose()?;
    let small = |number: i64| i32::try_from(number).unwrap_or(0);
    Ok(types::StickerSet {
        archived: install.is_some_and(|install| install.archived),
        masks: row.kind == MASKS,
        emojis: row.kind == EMOJI,
        text_color: row.text_color,
        creator: row.owner_id == viewer,
        installed_date: install.map(|install| install.date.to_tl()),
        id: row.id,
        access_hash: signer.sticker_set(row.id),
        title: row.title.clone(),
        short_name: row.short_name.clone(),
        thumb_version: thumb.as_ref().map(|_| small(row.thumb_version)),
        thumb_dc_id: thumb.as_ref().map(|_| 0),
        thumb_document_id: row.thumb_id.filter(|_| thumb.is_none()),
        thumbs: thumb.map(|thumb| vec![thumb]),
        count: small(row.count),
        hash: small(row.hash),
        ..types::StickerSet::default()
    })
}

fn document(body: Vec<u8>) -> Result<Option<types::Document>, Error> {
    Ok(match stored::decode(body)? {
        enums::Document::Document(document) => Some(*document),
        enums::Document::DocumentEmpty(_) => None,
    })
}

/// Loads documents by their numbers.
fn documents(tx: &Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, types::Document>, Error> {
    let mut out = HashMap::new();
    for row in media::find_many(tx, ids)? {
        if row.kind == crate::files::DOCUMENT
            && let Some(found) = document(row.body)?
        {
            out.insert(row.id, found);
        }
    }
    Ok(out)
}

/// Which documents stand for which emoji (G-430).
fn packs(rows: &[StickerRow]) -> Vec<enums::StickerPack> {
    let mut by_emoji: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in rows {
        for emoji in emoji::split(&row.emoji).unwrap_or_default() {
            let documents = by_emoji.entry(emoji).or_default();
            if !documents.contains(&row.media_id) {
                documents.push(row.media_id);
            }
        }
    }
    by_emoji.into_iter().map(|(emoticon, documents)| types::StickerPack { emoticon, documents }).collect()
}

fn keywords(rows: &[StickerRow]) -> Vec<enums::StickerKeyword> {
    let found = rows.iter().filter(|row| !row.keywords.is_empty());
    found
        .map(|row| types::StickerKeyword {
            document_id: row.media_id,
            keyword: row.keywords.split(',').map(str::to_owned).collect(),
        })
        .collect()
}

/// Returns a whole set as a viewer sees it.
fn whole(
    tx: &Tx<'_>,
    signer: &Signer,
    viewer: UserId,
    row: &SetRow,
) -> Result<types::messages::StickerSet, Error> {
    let install = stickers::install(tx, viewer, row.id)?;
    let rows = stickers::stickers(tx, row.id)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.media_id).collect();
    let mut found = documents(tx, &ids)?;
    let documents = ids.iter().filter_map(|id| found.remove(id)).map(Into::into).collect();
    Ok(types::messages::StickerSet {
        set: set_to_tl(signer, viewer, row, install.as_ref())?,
        packs: packs(&rows),
        keywords: keywords(&rows),
        documents,
    })
}

/// Returns sets with the first sticker of each, in the order given.
fn covered(
    tx: &Tx<'_>,
    signer: &Signer,
    viewer: UserId,
    rows: &[(SetRow, Option<InstallRow>)],
) -> Result<Vec<enums::StickerSetCovered>, Error> {
    let ids: Vec<i64> = rows.iter().map(|(row, _)| row.id).collect();
    let firsts: HashMap<i64, i64> =
        stickers::first_stickers(tx, &ids)?.iter().map(|row| (row.set_id, row.media_id)).collect();
    let mut covers = documents(tx, &firsts.values().copied().collect::<Vec<_>>())?;
    let mut out = Vec::with_capacity(rows.len());
    for (row, install) in rows {
        let set = set_to_tl(signer, viewer, row, install.as_ref())?;
        let cover = firsts.get(&row.id).and_then(|id| covers.remove(id));
        out.push(match cover {
            Some(cover) => types::StickerSetCovered { set, cover: cover.into() }.into(),
            None => types::StickerSetNoCovered { set }.into(),
        });
    }
    Ok(out)
}

/// The 64-bit hash of a list of numbers, as clients compute it; 0 of an empty one.
#[must_use]
pub fn list_hash(numbers: impl IntoIterator<Item = i64>) -> i64 {
    let mix = |hash: u64, number: i64| {
        let hash = hash ^ (hash >> 21);
        let hash = hash ^ (hash << 35);
        (hash ^ (hash >> 4)).wrapping_add(number.cast_unsigned())
    };
    numbers.into_iter().fold(0, mix).cast_signed()
}

/// Tells the owner of a set, and those who installed it, that their lists look different.
fn tell_changed(changes: &mut Changes<'_, '_>, row: &SetRow) -> Result<(), Error> {
    let mut users = stickers::installers(changes.tx, row.id, crate::limits::INSTALLERS_TOLD)?;
    if !users.contains(&row.owner_id) {
        users.push(row.owner_id);
    }
    for user in users {
        changes.hint_user(user, lists_changed(row.kind));
    }
    Ok(())
}

fn lists_changed(kind: i64) -> enums::Update {
    types::UpdateStickerSets { masks: kind == MASKS, emojis: kind == EMOJI }.into()
}

impl Messenger {
    /// Returns a whole set; `None` if the client has it as it is.
    pub async fn sticker_set(
        &self,
        actor: Actor,
        set: &enums::InputStickerSet,
        hash: i32,
    ) -> Result<Option<types::messages::StickerSet>, Error> {
        let (set, signer) = (set_ref(&self.access, set), self.access.clone());
        self.read(actor.user_id, move |tx| {
            let row = set.find(tx)?.ok_or_else(|| Error::refused(406, errors::STICKERSET_INVALID))?;
            if hash != 0 && row.hash == i64::from(hash) {
                return Ok(None);
            }
            whole(tx, &signer, actor.user_id, &row).map(Some)
        })
        .await
    }

    /// Returns the sets that a user made, newest first, and how many there are.
    pub async fn own_sticker_sets(
        &self,
        actor: Actor,
        offset_id: i64,
        limit: i32,
    ) -> Result<(i64, Vec<enums::StickerSetCovered>), Error> {
        let signer = self.access.clone();
        let below = if offset_id == 0 { i64::MAX } else { offset_id };
        let limit = i64::from(limit).clamp(0, SET_PAGE);
        self.read(actor.user_id, move |tx| {
            let mut rows = Vec::new();
            for row in stickers::owned(tx, actor.user_id, below, limit)? {
                let install = stickers::install(tx, actor.user_id, row.id)?;
                rows.push((row, install));
            }
            let count = stickers::count_owned(tx, actor.user_id)?;
            Ok((count, covered(tx, &signer, actor.user_id, &rows)?))
        })
        .await
    }

    /// Returns the custom emoji among the documents that were named, in their order.
    pub async fn custom_emoji(&self, actor: Actor, ids: Vec<i64>) -> Result<Vec<types::Document>, Error> {
        if ids.len() > EMOJI_DOCUMENTS {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        self.read(actor.user_id, move |tx| {
            let mut found = documents(tx, &ids)?;
            let is_emoji = |document: &types::Document| {
                let custom = |a: &enums::DocumentAttribute| {
                    matches!(a, enums::DocumentAttribute::DocumentAttributeCustomEmoji(_))
                };
                document.attributes.iter().any(custom)
            };
            Ok(ids.iter().filter_map(|id| found.remove(id)).filter(is_emoji).collect())
        })
        .await
    }

    /// Returns what is to be known of stickers beside themselves: the names of their sets.
    pub async fn scene_of_stickers(
        &self,
        actor: Actor,
        stickers: &[types::Document],
    ) -> Result<Scene, Error> {
        let sticker_sets = stickers.iter().filter_map(set_of).collect();
        let mentioned = Mentioned { sticker_sets, ..Mentioned::default() };
        self.read(actor.user_id, move |tx| Scene::for_viewer(tx, actor.user_id, &mentioned)).await
    }

    /// Returns the media object that stands for a set, if one does.
    pub async fn sticker_set_picture(&self, actor: Actor, set: i64) -> Result<Option<i64>, Error> {
        self.read(actor.user_id, move |tx| Ok(stickers::find(tx, set)?.and_then(|row| row.thumb_id))).await
    }
}

/// The short names of sets, by number.
pub(crate) fn names_of(tx: &Tx<'_>, ids: &[i64]) -> Result<BTreeMap<i64, String>, Error> {
    Ok(stickers::find_many(tx, ids)?.into_iter().map(|row| (row.id, row.short_name)).collect())
}

/// The set that a sticker belongs to, by what the document says.
#[must_use]
pub fn set_of(document: &types::Document) -> Option<i64> {
    use enums::DocumentAttribute as A;
    document.attributes.iter().find_map(|attribute| {
        let set = match attribute {
            A::DocumentAttributeSticker(sticker) => &sticker.stickerset,
            A::DocumentAttributeCustomEmoji(emoji) => &emoji.stickerset,
            _ => return None,
        };
        match set {
            enums::InputStickerSet::InputStickerSetID(set) => Some(set.id),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::list_hash;

    #[test]
    fn a101_an_empty_list_hashes_to_nothing_and_the_order_counts() {
        assert_eq!(list_hash([]), 0);
        assert_eq!(list_hash([7]), 7);
        assert_ne!(list_hash([1, 2]), list_hash([2, 1]));
        assert_eq!(list_hash([-1]), -1);
    }
}
