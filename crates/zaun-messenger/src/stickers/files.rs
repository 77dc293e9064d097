//! From an uploaded file to a sticker, or to the picture of a set.

use std::io::Cursor;

use bytes::Bytes;
use image::{DynamicImage, ImageFormat, ImageReader};
use zaun_blob::{BlobHash, Stored};
use zaun_model::UnixTime;
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::media::{self, MediaRow};

use super::{EMOJI, MASKS, emoji};
use crate::access::Signer;
use crate::files::{DOCUMENT, fresh_id};
use crate::limits::{
    EMOJI_BYTES, EMOJI_PER_STICKER, EMOJI_WEBM_BYTES, IMAGE_MEMORY, SET_MOVING_THUMB_BYTES, SET_THUMB_BYTES,
    STICKER_BYTES, STICKER_KEYWORDS, STICKER_KEYWORDS_LENGTH, STICKER_TGS_BYTES, STICKER_WEBM_BYTES,
};
use crate::{Error, Messenger, NOBODY, errors, stored};

use enums::DocumentAttribute as A;

/// The longer side of a sticker, in pixels.
const STICKER_SIDE: u32 = 512;
/// Both sides of a custom emoji, and of the picture of a set.
const SMALL_SIDE: u32 = 100;

/// What a file is, by what it begins with, whatever its sender calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Png,
    Webp,
    /// Vector animation: a packed one.
    Tgs,
    Webm,
}

impl Format {
    fn of(bytes: &[u8]) -> Option<Format> {
        let webp = bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP");
        let matroska = bytes.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]);
        let webm = matroska && bytes.get(..64).unwrap_or(bytes).windows(4).any(|four| four == b"webm");
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => Some(Format::Png),
            [0x1F, 0x8B, ..] => Some(Format::Tgs),
            _ if webp => Some(Format::Webp),
            _ if webm => Some(Format::Webm),
            _ => None,
        }
    }

    fn mime_type(self) -> &'static str {
        match self {
            // PNG is kept as WebP.
            Format::Png | Format::Webp => "image/webp",
            Format::Tgs => "application/x-tgsticker",
            Format::Webm => "video/webm",
        }
    }

    fn file_name(self) -> &'static str {
        match self {
            Format::Png | Format::Webp => "sticker.webp",
            Format::Tgs => "AnimatedSticker.tgs",
            Format::Webm => "sticker.webm",
        }
    }
}

/// A file that is good for a sticker, not yet in a set.
#[derive(Debug, Clone)]
pub(super) struct Material {
    /// The document that it was uploaded as.
    source: types::Document,
    format: Format,
    size: (i32, i32),
    /// The file as WebP, if it was a PNG.
    converted: Option<Stored>,
}

/// What a set says of a sticker.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Labels {
    /// Emoji, one after the other.
    pub(super) emoji: String,
    /// Words with commas between them.
    pub(super) keywords: String,
    /// Where on a face a mask lies.
    pub(super) mask: Option<types::MaskCoords>,
}

/// Checks the emoji of a sticker.
pub(super) fn checked_emoji(said: &str) -> Result<String, Error> {
    let found = emoji::split(said).filter(|all| (1..=EMOJI_PER_STICKER).contains(&all.len()));
    found.map(|all| all.concat()).ok_or_else(|| Error::bad(errors::STICKER_EMOJI_INVALID))
}

/// Checks the words of a sticker.
pub(super) fn checked_keywords(said: &str) -> Result<String, Error> {
    let words: Vec<&str> = said.split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
    let length: usize = words.iter().map(|word| word.chars().count()).sum();
    if words.len() > STICKER_KEYWORDS || length > STICKER_KEYWORDS_LENGTH {
        return Err(Error::bad(errors::STICKER_KEYWORDS_INVALID));
    }
    Ok(words.join(","))
}

/// Checks where a mask lies: forehead, eyes, mouth or chin, with numbers that are some.
pub(super) fn checked_mask(kind: i64, said: &enums::MaskCoords) -> Result<types::MaskCoords, Error> {
    let numbers = [said.x, said.y, said.zoom].iter().all(|number| number.is_finite());
    if kind == MASKS && (0..=3).contains(&said.n) && numbers {
        Ok(said.clone())
    } else {
        Err(Error::bad(errors::MASK_COORDS_INVALID))
    }
}

/// Checks what a client says of a sticker.
pub(super) fn checked_labels(kind: i64, item: &types::InputStickerSetItem) -> Result<Labels, Error> {
    Ok(Labels {
        emoji: checked_emoji(&item.emoji)?,
        keywords: checked_keywords(item.keywords.as_deref().unwrap_or_default())?,
        mask: item.mask_coords.as_ref().map(|coords| checked_mask(kind, coords)).transpose()?,
    })
}

/// What a document says of itself in a set.
pub(super) fn label(
    document: &mut types::Document,
    (kind, text_color): (i64, bool),
    stickerset: enums::InputStickerSet,
    labels: &Labels,
) {
    let first = emoji::split(&labels.emoji).and_then(|all| all.into_iter().next());
    let alt = first.unwrap_or_default();
    document
        .attributes
        .retain(|a| !matches!(a, A::DocumentAttributeSticker(_) | A::DocumentAttributeCustomEmoji(_)));
    document.attributes.push(if kind == EMOJI {
        types::DocumentAttributeCustomEmoji { free: true, text_color, alt, stickerset }.into()
    } else {
        let mask_coords = labels.mask.clone();
        types::DocumentAttributeSticker { mask: kind == MASKS, alt, stickerset, mask_coords }.into()
    });
}

/// Width and height of a picture, and the picture as WebP if it is none.
fn picture(bytes: &[u8], fits: fn(u32, u32) -> bool, wrong: &'static str) -> Result<Drawn, Error> {
    let unreadable = |_| Error::bad(errors::STICKER_PNG_NOPNG);
    let reader = || {
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(IMAGE_MEMORY);
        reader.limits(limits);
        Ok::<_, std::io::Error>(reader)
    };
    let broken = |_| Error::bad(errors::STICKER_PNG_NOPNG);
    let (width, height) = reader().map_err(broken)?.into_dimensions().map_err(unreadable)?;
    if !fits(width, height) {
        return Err(Error::bad(wrong));
    }
    let decoded = reader().map_err(broken)?.decode().map_err(unreadable)?;
    let webp = match Format::of(bytes) {
        Some(Format::Png) => {
            let mut out = Cursor::new(Vec::new());
            let pixels = DynamicImage::ImageRgba8(decoded.into_rgba8());
            pixels.write_to(&mut out, ImageFormat::WebP).map_err(unreadable)?;
            Some(out.into_inner())
        }
        _ => None,
    };
    Ok(Drawn { size: (width.cast_signed(), height.cast_signed()), webp })
}

struct Drawn {
    size: (i32, i32),
    webp: Option<Vec<u8>>,
}

fn is_sticker_size(width: u32, height: u32) -> bool {
    width.max(height) == STICKER_SIDE
}

fn is_small_size(width: u32, height: u32) -> bool {
    (width, height) == (SMALL_SIDE, SMALL_SIDE)
}

/// Checks that a file is not larger than what it is may be.
fn check_bytes(format: Format, kind: i64, bytes: u64) -> Result<(), Error> {
    let (most, error) = match (format, kind) {
        (Format::Png | Format::Webp, EMOJI) => (EMOJI_BYTES, errors::STICKER_FILE_INVALID),
        (Format::Png | Format::Webp, _) => (STICKER_BYTES, errors::STICKER_FILE_INVALID),
        (Format::Tgs, _) => (STICKER_TGS_BYTES, errors::STICKER_TGS_NOTGS),
        (Format::Webm, EMOJI) => (EMOJI_WEBM_BYTES, errors::STICKER_VIDEO_BIG),
        (Format::Webm, _) => (STICKER_WEBM_BYTES, errors::STICKER_VIDEO_BIG),
    };
    if bytes > most { Err(Error::bad(error)) } else { Ok(()) }
}

/// What the sender of a video says of its size; a square of the usual side otherwise.
fn said_size(document: &types::Document, kind: i64) -> (i32, i32) {
    let said = document.attributes.iter().find_map(|attribute| match attribute {
        A::DocumentAttributeVideo(video) if video.w > 0 && video.h > 0 => Some((video.w, video.h)),
        _ => None,
    });
    let side = if kind == EMOJI { SMALL_SIDE } else { STICKER_SIDE }.cast_signed();
    said.unwrap_or((side, side))
}

impl Messenger {
    async fn document_bytes(&self, document: &types::Document) -> Result<Bytes, Error> {
        let invalid = || Error::bad(errors::STICKER_FILE_INVALID);
        if u64::try_from(document.size).map_or(true, |size| size > STICKER_BYTES) {
            return Err(invalid());
        }
        let id = document.id;
        let part = self.read(NOBODY, move |tx| Ok(media::part(tx, id, "")?)).await?;
        let (sha256, _) = part.ok_or_else(invalid)?;
        let bytes = self.files.blobs.read_whole(BlobHash(sha256), STICKER_BYTES).await?;
        bytes.ok_or_else(invalid)
    }

    /// Checks that a document can be a sticker of a kind of set.
    pub(super) async fn sticker_material(
        &self,
        kind: i64,
        input: &enums::InputDocument,
    ) -> Result<Material, Error> {
        let source = self.known_document(input).await?;
        let bytes = self.document_bytes(&source).await?;
        let format = Format::of(&bytes).ok_or_else(|| Error::bad(errors::STICKER_PNG_NOPNG))?;
        check_bytes(format, kind, u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        let (size, converted) = match format {
            Format::Tgs => ((STICKER_SIDE.cast_signed(), STICKER_SIDE.cast_signed()), None),
            Format::Webm => (said_size(&source, kind), None),
            Format::Png | Format::Webp => {
                let fits = if kind == EMOJI { is_small_size } else { is_sticker_size };
                let work = move || picture(&bytes, fits, errors::STICKER_PNG_DIMENSIONS);
                let Drawn { size, webp } = self.files.process(work).await??;
                let converted = match webp {
                    Some(webp) => Some(self.files.blobs.put(webp.into()).await?),
                    None => None,
                };
                (size, converted)
            }
        };
        Ok(Material { source, format, size, converted })
    }

    /// Checks that a document can be the picture of a set; returns it as clients see it, and its bytes.
    pub(super) async fn set_thumb(
        &self,
        input: &enums::InputDocument,
    ) -> Result<(enums::PhotoSize, Material), Error> {
        let source = self.known_document(input).await?;
        let bytes = self.document_bytes(&source).await?;
        let format = Format::of(&bytes).ok_or_else(|| Error::bad(errors::STICKER_THUMB_PNG_NOPNG))?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let small = SMALL_SIDE.cast_signed();
        let (letter, most, error) = match format {
            Format::Png | Format::Webp => ("s", SET_THUMB_BYTES, errors::STICKER_THUMB_PNG_NOPNG),
            Format::Tgs => ("a", SET_MOVING_THUMB_BYTES, errors::STICKER_THUMB_TGS_NOTGS),
            Format::Webm => ("v", SET_MOVING_THUMB_BYTES, errors::STICKER_THUMB_VIDEO_BIG),
        };
        if length > most {
            return Err(Error::bad(error));
        }
        let (mut size, mut converted) = (bytes.len(), None);
        if matches!(format, Format::Png | Format::Webp) {
            let work = move || picture(&bytes, is_small_size, errors::STICKER_THUMB_PNG_DIMENSIONS);
            if let Some(webp) = self.files.process(work).await??.webp {
                size = webp.len();
                converted = Some(self.files.blobs.put(webp.into()).await?);
            }
        }
        let size = i32::try_from(size).unwrap_or(i32::MAX);
        let shown = types::PhotoSize { r#type: letter.into(), w: small, h: small, size };
        Ok((shown.into(), Material { source, format, size: (small, small), converted }))
    }
}

/// Keeps a new document made of a material: as a sticker of a set, or as the picture of one.
pub(super) fn keep(
    tx: &Tx<'_>,
    material: &Material,
    now: UnixTime,
    finish: impl FnOnce(&mut types::Document),
) -> Result<types::Document, Error> {
    let Material { source, format, size: (w, h), converted } = material;
    let mut parts = media::parts(tx, source.id)?;
    for part in parts.iter_mut().filter(|(letter, ..)| letter.is_empty()) {
        if let Some(converted) = converted {
            (part.1, part.2) = (converted.hash.0, i64::try_from(converted.size).unwrap_or(i64::MAX));
        }
    }
    let main = parts.iter().find(|(letter, ..)| letter.is_empty());
    let size = main.map(|(.., size)| *size).ok_or_else(|| Error::bad(errors::STICKER_FILE_INVALID))?;
    let duration = source.attributes.iter().find_map(|attribute| match attribute {
        A::DocumentAttributeVideo(video) => Some(video.duration),
        _ => None,
    });
    let shape = match format {
        Format::Webm => types::DocumentAttributeVideo {
            duration: duration.unwrap_or_default(),
            w: *w,
            h: *h,
            ..types::DocumentAttributeVideo::default()
        }
        .into(),
        _ => types::DocumentAttributeImageSize { w: *w, h: *h }.into(),
    };
    let mut document = types::Document {
        id: fresh_id(),
        date: now.to_tl(),
        mime_type: format.mime_type().to_owned(),
        size,
        thumbs: source.thumbs.clone(),
        attributes: vec![
            shape,
            types::DocumentAttributeFilename { file_name: format.file_name().to_owned() }.into(),
        ],
        ..types::Document::default()
    };
    finish(&mut document);
    let body = stored::encode(&enums::Document::from(document.clone()))?;
    media::insert(tx, &MediaRow { id: document.id, kind: DOCUMENT, created_at: now, uses: 1, body })?;
    for (letter, sha256, size) in &parts {
        media::put_blob(tx, sha256, *size, now)?;
        media::put_part(tx, document.id, letter, sha256)?;
    }
    Ok(document)
}

/// Changes what a sticker says of itself.
pub(super) fn relabel(
    tx: &Tx<'_>,
    signer: &Signer,
    (set_id, kind, text_color): (i64, i64, bool),
    media_id: i64,
    labels: &Labels,
) -> Result<(), Error> {
    let Some(row) = media::find(tx, media_id)? else { return Ok(()) };
    let Some(mut document) = super::document(row.body)? else { return Ok(()) };
    label(&mut document, (kind, text_color), super::named(signer, set_id), labels);
    let body = stored::encode(&enums::Document::from(document))?;
    media::set_body(tx, media_id, &body).map_err(Into::into)
}
