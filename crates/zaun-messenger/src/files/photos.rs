//! Media objects made of pictures.

use bytes::Bytes;
use zaun_blob::{BlobHash, Stored};
use zaun_schema::api::{enums, types};
use zaun_store::repo::media::{self, MediaRow};

use super::image::{Picture, Scaled};
use super::{PHOTO, fresh_id};
use crate::limits::IMAGE_BYTES;
use crate::{Error, Messenger, NOBODY, errors, stored};

/// What a photo is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be looked at in a message.
    Message,
    /// To stand for a user.
    Profile,
}

/// Stored bytes that belong to a media object, under a type letter.
pub(crate) type Pieces = Vec<(&'static str, Stored)>;

/// A size as clients know it.
pub(crate) fn size_to_tl(size: &Scaled) -> enums::PhotoSize {
    let whole = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    types::PhotoSize {
        r#type: size.letter.into(),
        w: size.width.cast_signed(),
        h: size.height.cast_signed(),
        size: whole(size.jpeg.len()),
    }
    .into()
}

/// A stripped thumbnail as clients know it.
pub(crate) fn stripped_to_tl(bytes: Vec<u8>) -> enums::PhotoSize {
    types::PhotoStrippedSize { r#type: "i".into(), bytes: bytes.into() }.into()
}

/// The stripped thumbnail of a photo, if it has one.
pub(crate) fn stripped_of(photo: &types::Photo) -> Bytes {
    let found = photo.sizes.iter().find_map(|size| match size {
        enums::PhotoSize::PhotoStrippedSize(size) => Some(size.bytes.clone()),
        _ => None,
    });
    found.unwrap_or_default()
}

/// The letters of a photo's stored sizes, smallest first.
pub(crate) fn letters(photo: &types::Photo) -> Vec<&str> {
    fn letter(size: &enums::PhotoSize) -> Option<&str> {
        match size {
            enums::PhotoSize::PhotoSize(size) => Some(&size.r#type),
            _ => None,
        }
    }
    photo.sizes.iter().filter_map(letter).collect()
}

impl Messenger {
    /// The bytes of an image file, if it is not too large to be decoded.
    pub(crate) async fn image_bytes(&self, hash: BlobHash) -> Result<Bytes, Error> {
        let bytes = self.files.blobs.read_whole(hash, IMAGE_BYTES).await?;
        bytes.ok_or_else(|| Error::bad(errors::IMAGE_PROCESS_FAILED))
    }

    /// Makes a photo of a stored image file, in all sizes.
    pub(crate) async fn make_photo(
        &self,
        image: BlobHash,
        purpose: Purpose,
        has_stickers: bool,
    ) -> Result<types::Photo, Error> {
        let bytes = self.image_bytes(image).await?;
        let work = move || {
            let picture = Picture::decode(&bytes)?;
            let sizes = match purpose {
                Purpose::Message => picture.photo_sizes()?,
                Purpose::Profile => picture.profile_sizes()?,
            };
            Ok::<_, Error>((picture.stripped()?, sizes))
        };
        let (stripped, scaled) = self.files.process(work).await??;
        let mut sizes = vec![stripped_to_tl(stripped)];
        sizes.extend(scaled.iter().map(size_to_tl));
        let now = self.now();
        let date = now.to_tl();
        let photo = types::Photo { has_stickers, id: fresh_id(), date, sizes, ..types::Photo::default() };
        let body = stored::encode(&enums::Photo::from(photo.clone()))?;
        let pieces = self.store_sizes(scaled).await?;
        self.insert_media(MediaRow { id: photo.id, kind: PHOTO, created_at: now, uses: 0, body }, pieces)
            .await?;
        Ok(photo)
    }

    /// Stores the bytes of sizes.
    pub(crate) async fn store_sizes(&self, scaled: Vec<Scaled>) -> Result<Pieces, Error> {
        let mut pieces = Vec::with_capacity(scaled.len());
        for size in scaled {
            pieces.push((size.letter, self.files.blobs.put(size.jpeg.into()).await?));
        }
        Ok(pieces)
    }

    /// Keeps a media object whose bytes are stored.
    pub(crate) async fn insert_media(&self, row: MediaRow, pieces: Pieces) -> Result<(), Error> {
        self.write(NOBODY, move |tx| {
            media::insert(tx, &row)?;
            for (letter, stored) in &pieces {
                let size = i64::try_from(stored.size).unwrap_or(i64::MAX);
                media::put_blob(tx, &stored.hash.0, size, row.created_at)?;
                media::put_part(tx, row.id, letter, &stored.hash.0)?;
            }
            Ok(())
        })
        .await
    }
}
