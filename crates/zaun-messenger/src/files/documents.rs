//! Documents: any file, with what its sender says of it.

use zaun_blob::Stored;
use zaun_schema::api::{enums, types};
use zaun_store::repo::media::MediaRow;

use super::image::{Picture, Scaled};
use super::photos::{size_to_tl, stripped_to_tl};
use super::{DOCUMENT, fresh_id};
use crate::limits::{DOCUMENT_ATTRIBUTES, MIME_TYPE_BYTES};
use crate::{Actor, Error, Messenger, errors, stored as stored_object};

use enums::DocumentAttribute as A;

/// Image files that get a thumbnail and their dimensions from us.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];
/// What a file is if its sender does not say it.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// What a picture tells of a document.
struct Look {
    stripped: Vec<u8>,
    thumb: Scaled,
    dimensions: (u32, u32),
}

fn mime_type(said: &str) -> Result<String, Error> {
    if said.len() > MIME_TYPE_BYTES {
        return Err(Error::bad(errors::MEDIA_INVALID));
    }
    let said = said.trim().to_ascii_lowercase();
    Ok(if said.contains('/') { said } else { UNKNOWN_TYPE.to_owned() })
}

impl Messenger {
    /// Makes a document of an uploaded file.
    pub(crate) async fn make_document(
        &self,
        actor: Actor,
        input: types::InputMediaUploadedDocument,
    ) -> Result<types::Document, Error> {
        if input.attributes.len() > DOCUMENT_ATTRIBUTES {
            return Err(Error::bad(errors::MEDIA_INVALID));
        }
        let mime_type = mime_type(&input.mime_type)?;
        let stored = self.uploaded(actor, &input.file).await?;
        let mut attributes = input.attributes;
        leave_sets(&mut attributes);
        let is_picture = IMAGES.contains(&mime_type.as_str());
        let look = match &input.thumb {
            Some(thumb) => {
                let thumb = self.uploaded(actor, thumb).await?;
                self.look(thumb).await
            }
            None if is_picture => self.look(stored).await,
            None => None,
        };
        if let (Some(look), true, None) = (&look, is_picture, &input.thumb) {
            add_dimensions(&mut attributes, look.dimensions);
        }
        if input.stickers.is_some_and(|stickers| !stickers.is_empty()) {
            attributes.push(A::DocumentAttributeHasStickers);
        }
        self.keep_document(stored, mime_type, attributes, look).await
    }

    /// What a picture shows; `None` if it cannot be processed, because the document is good without it.
    async fn look(&self, image: Stored) -> Option<Look> {
        let bytes = self.image_bytes(image.hash).await.ok()?;
        let work = move || {
            let picture = Picture::decode(&bytes)?;
            let dimensions = picture.dimensions();
            Ok::<_, Error>(Look { stripped: picture.stripped()?, thumb: picture.thumb()?, dimensions })
        };
        self.files.process(work).await.ok()?.ok()
    }

    async fn keep_document(
        &self,
        stored: Stored,
        mime_type: String,
        attributes: Vec<A>,
        look: Option<Look>,
    ) -> Result<types::Document, Error> {
        let mut pieces = vec![("", stored)];
        let mut thumbs = None;
        if let Some(look) = look {
            thumbs = Some(vec![stripped_to_tl(look.stripped), size_to_tl(&look.thumb)]);
            pieces.extend(self.store_sizes(vec![look.thumb]).await?);
        }
        let now = self.now();
        let document = types::Document {
            id: fresh_id(),
            date: now.to_tl(),
            mime_type,
            size: i64::try_from(stored.size).unwrap_or(i64::MAX),
            thumbs,
            attributes,
            ..types::Document::default()
        };
        let body = stored_object::encode(&enums::Document::from(document.clone()))?;
        let row = MediaRow { id: document.id, kind: DOCUMENT, created_at: now, uses: 0, body };
        self.insert_media(row, pieces).await?;
        Ok(document)
    }
}

/// A file that was only just uploaded is in no set, whatever its sender says, and no custom emoji.
fn leave_sets(attributes: &mut Vec<A>) {
    attributes.retain(|attribute| !matches!(attribute, A::DocumentAttributeCustomEmoji(_)));
    for attribute in attributes {
        if let A::DocumentAttributeSticker(sticker) = attribute {
            sticker.stickerset = enums::InputStickerSet::InputStickerSetEmpty;
        }
    }
}

/// Says how large the picture is, unless the sender did.
fn add_dimensions(attributes: &mut Vec<A>, (width, height): (u32, u32)) {
    let said = |a: &A| {
        matches!(
            a,
            A::DocumentAttributeImageSize(_) | A::DocumentAttributeVideo(_) | A::DocumentAttributeSticker(_)
        )
    };
    if !attributes.iter().any(said) {
        let size = types::DocumentAttributeImageSize { w: width.cast_signed(), h: height.cast_signed() };
        attributes.insert(0, size.into());
    }
}
