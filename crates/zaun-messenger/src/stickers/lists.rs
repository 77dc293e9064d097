//! Stickers and animations that a user keeps: favourites, what was used last, saved GIFs.

use std::collections::BTreeMap;

use zaun_model::UserId;
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::media;
use zaun_store::repo::stickers::{self as rows, ListedRow};

use super::{documents, list_hash};
use crate::limits::{EMOJI_FOUND, FAVED_STICKERS, RECENT_STICKERS, SAVED_GIFS};
use crate::{Actor, Changes, Error, Messenger, bots, errors};

use enums::DocumentAttribute as A;

/// A list of documents that a user keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptList {
    /// Favourite stickers.
    Faved,
    /// Stickers that were sent last.
    Recent,
    /// Stickers that were put on pictures last.
    Attached,
    /// Saved animations.
    Gifs,
}

impl KeptList {
    fn number(self) -> i64 {
        match self {
            KeptList::Faved => 0,
            KeptList::Recent => 1,
            KeptList::Attached => 2,
            KeptList::Gifs => 3,
        }
    }

    fn limit(self) -> i64 {
        match self {
            KeptList::Faved => FAVED_STICKERS,
            KeptList::Recent | KeptList::Attached => RECENT_STICKERS,
            KeptList::Gifs => SAVED_GIFS,
        }
    }

    fn changed(self) -> enums::Update {
        match self {
            KeptList::Faved => enums::Update::UpdateFavedStickers,
            KeptList::Recent | KeptList::Attached => enums::Update::UpdateRecentStickers,
            KeptList::Gifs => enums::Update::UpdateSavedGifs,
        }
    }

    /// Checks that a document belongs into the list.
    fn require(self, document: &types::Document) -> Result<(), Error> {
        let has = |test: fn(&A) -> bool| document.attributes.iter().any(test);
        let (fits, error) = match self {
            KeptList::Gifs => (has(|a| matches!(a, A::DocumentAttributeAnimated)), errors::GIF_ID_INVALID),
            _ => (has(|a| matches!(a, A::DocumentAttributeSticker(_))), errors::STICKER_ID_INVALID),
        };
        if fits { Ok(()) } else { Err(Error::bad(error)) }
    }
}

/// A list, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// Its hash.
    pub hash: i64,
    /// What is in it.
    pub documents: Vec<types::Document>,
    /// When each was added.
    pub dates: Vec<i32>,
    /// Which stickers stand for which emoji.
    pub packs: Vec<types::StickerPack>,
}

fn packs(documents: &[types::Document]) -> Vec<types::StickerPack> {
    let mut by_emoji: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for document in documents {
        for attribute in &document.attributes {
            if let A::DocumentAttributeSticker(sticker) = attribute
                && !sticker.alt.is_empty()
            {
                by_emoji.entry(&sticker.alt).or_default().push(document.id);
            }
        }
    }
    let pack =
        |(emoticon, documents): (&str, _)| types::StickerPack { emoticon: emoticon.to_owned(), documents };
    by_emoji.into_iter().map(pack).collect()
}

fn remove(tx: &Tx<'_>, user: UserId, list: KeptList, media_id: i64) -> Result<bool, Error> {
    let there = rows::remove_listed(tx, user, list.number(), media_id)?;
    if there {
        media::count_use(tx, media_id, -1)?;
    }
    Ok(there)
}

/// Puts a document on top of a list; the oldest falls out.
fn add(changes: &Changes<'_, '_>, user: UserId, list: KeptList, media_id: i64) -> Result<(), Error> {
    let tx = changes.tx;
    remove(tx, user, list, media_id)?;
    rows::put_listed(tx, user, list.number(), media_id, changes.now)?;
    media::count_use(tx, media_id, 1)?;
    let all = rows::listed(tx, user, list.number(), list.limit() + 1)?;
    for old in all.iter().skip(usize::try_from(list.limit()).unwrap_or(usize::MAX)) {
        remove(tx, user, list, old.media_id)?;
    }
    Ok(())
}

/// Notes that a user sent something: a sticker is among its recent ones then, an animation among its saved ones.
pub(crate) fn note_sent(
    changes: &mut Changes<'_, '_>,
    user: UserId,
    media: Option<&enums::MessageMedia>,
) -> Result<(), Error> {
    let Some(enums::MessageMedia::MessageMediaDocument(media)) = media else { return Ok(()) };
    let Some(enums::Document::Document(document)) = &media.document else { return Ok(()) };
    let fits = |list: &KeptList| list.require(document).is_ok();
    let Some(list) = [KeptList::Recent, KeptList::Gifs].into_iter().find(fits) else { return Ok(()) };
    if bots::is_bot(changes.tx, user)? {
        return Ok(());
    }
    add(changes, user, list, document.id)?;
    changes.hint_user(user, list.changed());
    Ok(())
}

fn kept(tx: &Tx<'_>, listed: &[ListedRow]) -> Result<Kept, Error> {
    let ids: Vec<i64> = listed.iter().map(|row| row.media_id).collect();
    let mut found = documents(tx, &ids)?;
    let mut out = Kept::default();
    for row in listed {
        if let Some(document) = found.remove(&row.media_id) {
            out.documents.push(document);
            out.dates.push(row.date.to_tl());
        }
    }
    out.hash = list_hash(out.documents.iter().map(|document| document.id));
    out.packs = packs(&out.documents);
    Ok(out)
}

impl Messenger {
    /// Returns a list of the actor's.
    pub async fn kept_documents(&self, actor: Actor, list: KeptList) -> Result<Kept, Error> {
        self.read(actor.user_id, move |tx| {
            kept(tx, &rows::listed(tx, actor.user_id, list.number(), list.limit())?)
        })
        .await
    }

    /// Adds a document to a list of the actor's, or takes it out.
    pub async fn keep_document_in(
        &self,
        actor: Actor,
        list: KeptList,
        input: &enums::InputDocument,
        out: bool,
    ) -> Result<(), Error> {
        let document = self.known_document(input).await?;
        list.require(&document)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            if out {
                remove(changes.tx, actor.user_id, list, document.id)?;
            } else {
                add(changes, actor.user_id, list, document.id)?;
            }
            changes.hint_user(actor.user_id, list.changed());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Empties a list of the actor's.
    pub async fn clear_kept(&self, actor: Actor, list: KeptList) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            for row in rows::listed(changes.tx, actor.user_id, list.number(), list.limit())? {
                remove(changes.tx, actor.user_id, list, row.media_id)?;
            }
            changes.hint_user(actor.user_id, list.changed());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Returns the stickers of installed sets that stand for an emoji.
    pub async fn stickers_of_emoji(&self, actor: Actor, emoji: &str) -> Result<Kept, Error> {
        let Some(emoji) = super::emoji::split(emoji).and_then(|all| all.into_iter().next()) else {
            return Ok(Kept::default());
        };
        self.read(actor.user_id, move |tx| {
            let found = rows::of_emoji(tx, actor.user_id, &emoji, EMOJI_FOUND)?;
            kept(tx, &found)
        })
        .await
    }
}
