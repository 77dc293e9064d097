//! Making sets and changing them.

use zaun_crypto::hash::sha256;
use zaun_model::UserId;
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::stickers::{self, EMOJI, MASKS, REGULAR, SetRow, StickerRow};
use zaun_store::repo::{media, users};

use super::files::{
    Labels, Material, checked_emoji, checked_keywords, checked_labels, checked_mask, keep, label, relabel,
};
use super::names::{self, is_short_name};
use super::{SetRef, named, set_ref, tell_changed, whole};
use crate::access::Signer;
use crate::files::fresh_id;
use crate::limits::{EMOJI_PER_SET, NEW_STICKERS, SETS_PER_OWNER, STICKERS_PER_SET};
use crate::peers::PeerRef;
use crate::{Actor, Changes, Error, Messenger, bots, errors, stored};

/// A set that somebody makes.
#[derive(Debug, Clone)]
pub struct NewSet {
    /// Whose it will be; a bot makes it for a user.
    pub owner: PeerRef,
    /// What it holds: [`REGULAR`], [`MASKS`] or [`EMOJI`].
    pub kind: i64,
    /// Whether its emoji take the color of the text.
    pub text_color: bool,
    /// What it is called.
    pub title: String,
    /// Its short name.
    pub short_name: String,
    /// The picture that stands for it.
    pub thumb: Option<enums::InputDocument>,
    /// What it begins with.
    pub stickers: Vec<types::InputStickerSetItem>,
}

/// What changes of one sticker; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct StickerChange {
    /// Its emoji.
    pub emoji: Option<String>,
    /// Where a mask lies; the inner `None` takes that away.
    pub mask: Option<Option<enums::MaskCoords>>,
    /// Words that it is found by.
    pub keywords: Option<String>,
}

type Full = types::messages::StickerSet;

/// What a new set is made of, its files checked.
struct Made {
    thumb: Option<(enums::PhotoSize, Material)>,
    items: Vec<(Material, Labels)>,
}

/// Says whether an actor may change a set: its owner, and the bot that made it.
fn may_edit(row: &SetRow, actor: Actor) -> bool {
    row.owner_id == actor.user_id || row.bot_id == actor.user_id
}

fn editable(tx: &Tx<'_>, actor: Actor, set: &SetRef) -> Result<SetRow, Error> {
    let row = set.existing(tx)?;
    if may_edit(&row, actor) { Ok(row) } else { Err(Error::bad(errors::STICKERSET_INVALID)) }
}

/// The set of a sticker, which the actor may change, and the sticker's place in it.
fn editable_with(tx: &Tx<'_>, actor: Actor, media_id: i64) -> Result<(SetRow, StickerRow), Error> {
    let sticker = stickers::sticker(tx, media_id)?.ok_or_else(|| Error::bad(errors::STICKER_INVALID))?;
    Ok((editable(tx, actor, &SetRef::Id(sticker.set_id))?, sticker))
}

/// A number that changes with everything that clients see of a set; never 0.
fn hash_of(row: &SetRow, rows: &[StickerRow]) -> i64 {
    let mut bytes = row.title.as_bytes().to_vec();
    bytes.extend_from_slice(&row.thumb_version.to_le_bytes());
    bytes.extend_from_slice(&row.thumb_id.unwrap_or(0).to_le_bytes());
    for sticker in rows {
        bytes.extend_from_slice(&sticker.media_id.to_le_bytes());
        for text in [sticker.emoji.as_bytes(), sticker.keywords.as_bytes()] {
            bytes.extend_from_slice(text);
            bytes.push(0);
        }
        bytes.extend_from_slice(sticker.mask.as_deref().unwrap_or_default());
    }
    let hash = sha256(&[&bytes]).first_chunk().map_or(0, |four| i32::from_le_bytes(*four));
    i64::from(if hash == 0 { 1 } else { hash })
}

/// Keeps a set after a change of it or of what it holds.
fn settle(tx: &Tx<'_>, row: &mut SetRow) -> Result<(), Error> {
    let rows = stickers::stickers(tx, row.id)?;
    row.count = i64::try_from(rows.len()).unwrap_or(0);
    // The picture of a set of emoji is one of them.
    if row.thumb.is_none() && row.thumb_id.is_some_and(|id| !rows.iter().any(|one| one.media_id == id)) {
        row.thumb_id = None;
    }
    row.hash = hash_of(row, &rows);
    stickers::save(tx, row).map_err(Into::into)
}

/// Ends a change: keeps the set, tells who sees it, and returns it as it is now.
fn finish(
    changes: &mut Changes<'_, '_>,
    signer: &Signer,
    actor: Actor,
    mut row: SetRow,
) -> Result<Full, Error> {
    settle(changes.tx, &mut row)?;
    tell_changed(changes, &row)?;
    whole(changes.tx, signer, actor.user_id, &row)
}

fn most(kind: i64) -> usize {
    if kind == EMOJI { EMOJI_PER_SET } else { STICKERS_PER_SET }
}

/// Puts a new sticker at a place of a set, where nothing is.
fn put(
    changes: &Changes<'_, '_>,
    signer: &Signer,
    row: &SetRow,
    place: usize,
    (material, labels): &(Material, Labels),
) -> Result<(), Error> {
    let set = named(signer, row.id);
    let document = keep(changes.tx, material, changes.now, |document| {
        label(document, (row.kind, row.text_color), set, labels);
    })?;
    let sticker = StickerRow {
        media_id: document.id,
        set_id: row.id,
        place: i64::try_from(place).unwrap_or(i64::MAX),
        emoji: labels.emoji.clone(),
        keywords: labels.keywords.clone(),
        mask: labels.mask.as_ref().map(stored::encode).transpose()?,
    };
    stickers::put_sticker(changes.tx, &sticker).map_err(Into::into)
}

/// Takes a sticker out of its set; the document lives as long as a message shows it.
fn take(tx: &Tx<'_>, sticker: &StickerRow) -> Result<(), Error> {
    stickers::remove_sticker(tx, sticker.media_id)?;
    media::count_use(tx, sticker.media_id, -1).map_err(Into::into)
}

/// Gives the stickers of a set the places in which they are listed.
fn renumber(tx: &Tx<'_>, rows: Vec<StickerRow>) -> Result<(), Error> {
    for (place, row) in (0..).zip(rows) {
        if row.place != place {
            stickers::put_sticker(tx, &StickerRow { place, ..row })?;
        }
    }
    Ok(())
}

fn drop_thumb(tx: &Tx<'_>, row: &mut SetRow) -> Result<(), Error> {
    // Custom emoji are counted as members of the set.
    if let (Some(id), Some(_)) = (row.thumb_id.take(), row.thumb.take()) {
        media::count_use(tx, id, -1)?;
    }
    row.thumb_version += 1;
    Ok(())
}

fn put_thumb(
    tx: &Tx<'_>,
    row: &mut SetRow,
    now: zaun_model::UnixTime,
    (shown, material): &(enums::PhotoSize, Material),
) -> Result<(), Error> {
    drop_thumb(tx, row)?;
    row.thumb_id = Some(keep(tx, material, now, |_| {})?.id);
    row.thumb = Some(stored::encode(shown)?);
    Ok(())
}

/// Finds for whom a set is made, and checks that its name is one that the maker may give.
fn owner(tx: &Tx<'_>, actor: Actor, new: &NewSet) -> Result<(UserId, UserId), Error> {
    let owner = new.owner.user(tx, actor.user_id)?;
    let maker = users::find(tx, actor.user_id)?.ok_or_else(|| Error::bad(errors::USER_ID_INVALID))?;
    if !maker.is_bot() {
        let own = owner == actor.user_id;
        return if own { Ok((owner, UserId(0))) } else { Err(Error::bad(errors::USER_ID_INVALID)) };
    }
    if bots::is_bot(tx, owner)? {
        return Err(Error::bad(errors::USER_IS_BOT));
    }
    let ending = format!("_by_{}", maker.username.unwrap_or_default().to_ascii_lowercase());
    let folded = new.short_name.to_ascii_lowercase();
    if folded.len() > ending.len() && folded.ends_with(&ending) {
        Ok((owner, actor.user_id))
    } else {
        Err(Error::bad(errors::PACK_SHORT_NAME_INVALID))
    }
}

fn create(
    changes: &mut Changes<'_, '_>,
    signer: &Signer,
    actor: Actor,
    new: &NewSet,
    Made { thumb, items }: &Made,
) -> Result<Full, Error> {
    let tx = changes.tx;
    let (owner_id, bot_id) = owner(tx, actor, new)?;
    let folded = new.short_name.to_ascii_lowercase();
    if stickers::by_name(tx, &folded)?.is_some() {
        return Err(Error::bad(errors::PACK_SHORT_NAME_OCCUPIED));
    }
    if stickers::count_owned(tx, owner_id)? >= SETS_PER_OWNER {
        return Err(Error::bad(errors::STICKERSETS_TOO_MUCH));
    }
    let mut row = SetRow {
        id: fresh_id(),
        folded,
        short_name: new.short_name.clone(),
        title: new.title.clone(),
        kind: new.kind,
        text_color: new.text_color && new.kind == EMOJI,
        owner_id,
        bot_id,
        created_at: changes.now,
        count: 0,
        hash: 0,
        thumb_id: None,
        thumb_version: 0,
        thumb: None,
    };
    if let Some(thumb) = thumb {
        put_thumb(tx, &mut row, changes.now, thumb)?;
    }
    stickers::insert(tx, &row)?;
    for (place, item) in items.iter().enumerate() {
        put(changes, signer, &row, place, item)?;
    }
    settle(tx, &mut row)?;
    whole(tx, signer, actor.user_id, &row)
}

impl Messenger {
    async fn sticker_items(
        &self,
        kind: i64,
        items: &[types::InputStickerSetItem],
    ) -> Result<Vec<(Material, Labels)>, Error> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            out.push(self.sticker_item(kind, item).await?);
        }
        Ok(out)
    }

    async fn sticker_item(
        &self,
        kind: i64,
        item: &types::InputStickerSetItem,
    ) -> Result<(Material, Labels), Error> {
        let labels = checked_labels(kind, item)?;
        Ok((self.sticker_material(kind, &item.document).await?, labels))
    }

    /// Makes a set.
    pub async fn create_sticker_set(&self, actor: Actor, new: NewSet) -> Result<Full, Error> {
        let title = names::title(&new.title)?;
        if !is_short_name(&new.short_name) {
            return Err(Error::bad(errors::PACK_SHORT_NAME_INVALID));
        }
        if ![REGULAR, MASKS, EMOJI].contains(&new.kind) {
            return Err(Error::bad(errors::PACK_TYPE_INVALID));
        }
        if new.stickers.is_empty() {
            return Err(Error::bad(errors::STICKERS_EMPTY));
        }
        if new.stickers.len() > NEW_STICKERS {
            return Err(Error::bad(errors::STICKERS_TOO_MUCH));
        }
        let new = NewSet { title, ..new };
        let named = new.clone();
        // Refused before anything is processed.
        self.read(actor.user_id, move |tx| owner(tx, actor, &named)).await?;
        let thumb = match &new.thumb {
            Some(thumb) => Some(self.set_thumb(thumb).await?),
            None => None,
        };
        let made = Made { thumb, items: self.sticker_items(new.kind, &new.stickers).await? };
        let signer = self.access.clone();
        let work = move |changes: &mut Changes<'_, '_>| create(changes, &signer, actor, &new, &made);
        Ok(self.change(actor, work).await?.value)
    }

    /// The kind of a set that the actor may change.
    async fn editable_kind(&self, actor: Actor, set: SetRef) -> Result<i64, Error> {
        self.read(actor.user_id, move |tx| Ok(editable(tx, actor, &set)?.kind)).await
    }

    /// Adds a sticker to a set.
    pub async fn add_sticker(
        &self,
        actor: Actor,
        set: &enums::InputStickerSet,
        item: types::InputStickerSetItem,
    ) -> Result<Full, Error> {
        let (set, signer) = (set_ref(&self.access, set), self.access.clone());
        let kind = self.editable_kind(actor, set.clone()).await?;
        let item = self.sticker_item(kind, &item).await?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let row = editable(changes.tx, actor, &set)?;
            let place = usize::try_from(row.count).unwrap_or(usize::MAX);
            if place >= most(row.kind) {
                return Err(Error::bad(errors::STICKERS_TOO_MUCH));
            }
            put(changes, &signer, &row, place, &item)?;
            finish(changes, &signer, actor, row)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Takes a sticker out of its set, which may be empty then.
    pub async fn remove_sticker(&self, actor: Actor, sticker: &enums::InputDocument) -> Result<Full, Error> {
        let (id, signer) = (self.known_document(sticker).await?.id, self.access.clone());
        let work = move |changes: &mut Changes<'_, '_>| {
            let (row, sticker) = editable_with(changes.tx, actor, id)?;
            take(changes.tx, &sticker)?;
            renumber(changes.tx, stickers::stickers(changes.tx, row.id)?)?;
            finish(changes, &signer, actor, row)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Moves a sticker within its set; a place beyond the end is the last one.
    pub async fn move_sticker(
        &self,
        actor: Actor,
        sticker: &enums::InputDocument,
        position: i32,
    ) -> Result<Full, Error> {
        let (id, signer) = (self.known_document(sticker).await?.id, self.access.clone());
        let work = move |changes: &mut Changes<'_, '_>| {
            let (row, sticker) = editable_with(changes.tx, actor, id)?;
            let mut rows = stickers::stickers(changes.tx, row.id)?;
            rows.retain(|one| one.media_id != sticker.media_id);
            let place = usize::try_from(position).unwrap_or(0).min(rows.len());
            rows.insert(place, sticker);
            renumber(changes.tx, rows)?;
            finish(changes, &signer, actor, row)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Changes what a set says of a sticker.
    pub async fn change_sticker(
        &self,
        actor: Actor,
        sticker: &enums::InputDocument,
        change: StickerChange,
    ) -> Result<Full, Error> {
        let (id, signer) = (self.known_document(sticker).await?.id, self.access.clone());
        let emoji = change.emoji.as_deref().map(checked_emoji).transpose()?;
        let keywords = change.keywords.as_deref().map(checked_keywords).transpose()?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let (row, mut sticker) = editable_with(changes.tx, actor, id)?;
            sticker.emoji = emoji.clone().unwrap_or(sticker.emoji);
            sticker.keywords = keywords.clone().unwrap_or(sticker.keywords);
            let mask = match &change.mask {
                Some(said) => said.as_ref().map(|said| checked_mask(row.kind, said)).transpose()?,
                None => sticker.mask.take().map(stored::decode).transpose()?,
            };
            sticker.mask = mask.as_ref().map(stored::encode).transpose()?;
            stickers::put_sticker(changes.tx, &sticker)?;
            let labels = Labels { emoji: sticker.emoji, keywords: sticker.keywords, mask };
            relabel(changes.tx, &signer, (row.id, row.kind, row.text_color), id, &labels)?;
            finish(changes, &signer, actor, row)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Puts another sticker where one was.
    pub async fn replace_sticker(
        &self,
        actor: Actor,
        sticker: &enums::InputDocument,
        item: types::InputStickerSetItem,
    ) -> Result<Full, Error> {
        let (id, signer) = (self.known_document(sticker).await?.id, self.access.clone());
        let kind = self.read(actor.user_id, move |tx| Ok(editable_with(tx, actor, id)?.0.kind)).await?;
        let item = self.sticker_item(kind, &item).await?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let (row, old) = editable_with(changes.tx, actor, id)?;
            take(changes.tx, &old)?;
            put(changes, &signer, &row, usize::try_from(old.place).unwrap_or(0), &item)?;
            finish(changes, &signer, actor, row)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Calls a set something else.
    pub async fn rename_sticker_set(
        &self,
        actor: Actor,
        set: &enums::InputStickerSet,
        title: &str,
    ) -> Result<Full, Error> {
        let (set, signer) = (set_ref(&self.access, set), self.access.clone());
        let title = names::title(title)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let row = editable(changes.tx, actor, &set)?;
            finish(changes, &signer, actor, SetRow { title: title.clone(), ..row })
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Gives a set a picture of its own, one of its custom emoji, or none.
    pub async fn set_sticker_set_thumb(
        &self,
        actor: Actor,
        set: &enums::InputStickerSet,
        thumb: Option<&enums::InputDocument>,
        member: Option<i64>,
    ) -> Result<Full, Error> {
        let (set, signer) = (set_ref(&self.access, set), self.access.clone());
        let kind = self.editable_kind(actor, set.clone()).await?;
        let thumb = match thumb {
            Some(enums::InputDocument::InputDocumentEmpty) | None => None,
            Some(_) if kind == EMOJI => return Err(Error::bad(errors::STICKERSET_INVALID)),
            Some(thumb) => Some(self.set_thumb(thumb).await?),
        };
        let member = member.filter(|id| *id != 0);
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut row = editable(changes.tx, actor, &set)?;
            match (&thumb, member) {
                (Some(thumb), _) => put_thumb(changes.tx, &mut row, changes.now, thumb)?,
                (None, Some(id)) => {
                    let own = stickers::sticker(changes.tx, id)?.is_some_and(|one| one.set_id == row.id);
                    if !own || row.kind != EMOJI {
                        return Err(Error::bad(errors::STICKER_INVALID));
                    }
                    drop_thumb(changes.tx, &mut row)?;
                    row.thumb_id = Some(id);
                }
                (None, None) => drop_thumb(changes.tx, &mut row)?,
            }
            finish(changes, &signer, actor, row)
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Deletes a set; stickers that were sent stay where they are.
    pub async fn delete_sticker_set(&self, actor: Actor, set: &enums::InputStickerSet) -> Result<(), Error> {
        let set = set_ref(&self.access, set);
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut row = editable(changes.tx, actor, &set)?;
            for sticker in stickers::stickers(changes.tx, row.id)? {
                take(changes.tx, &sticker)?;
            }
            drop_thumb(changes.tx, &mut row)?;
            tell_changed(changes, &row)?;
            stickers::delete(changes.tx, row.id).map_err(Into::into)
        };
        self.change(actor, work).await.map(drop)
    }
}
