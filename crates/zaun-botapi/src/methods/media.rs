//! Sending files (B-191 … B-203, B-268 … B-270).

use serde_json::Value;
use zaun_messenger::files::media::{album_id, check_album};
use zaun_messenger::messages::change::Edit;
use zaun_messenger::messages::content::Content;
use zaun_schema::api::{enums, types};

use super::Call;
use super::files::{Given, known};
use crate::error::ApiError;
use crate::file_ids::FileKind;
use crate::limits::PHOTO_BYTES;
use crate::request::{Params, Upload};
use crate::text::{self, Formatted};

use enums::DocumentAttribute as D;

/// Width and height of a sticker that does not tell them: most have these.
const STICKER_SIDE: i32 = 512;
/// Messages of one album (B-268).
const ALBUM: usize = 10;

/// sendPhoto
pub(super) async fn send_photo(call: Call<'_>) -> Result<Value, ApiError> {
    send(call, FileKind::Photo).await
}

/// sendDocument
pub(super) async fn send_document(call: Call<'_>) -> Result<Value, ApiError> {
    send(call, FileKind::Document).await
}

/// sendVideo
pub(super) async fn send_video(call: Call<'_>) -> Result<Value, ApiError> {
    send(call, FileKind::Video).await
}

/// sendAudio
pub(super) async fn send_audio(call: Call<'_>) -> Result<Value, ApiError> {
    send(call, FileKind::Audio).await
}

/// sendVoice
pub(super) async fn send_voice(call: Call<'_>) -> Result<Value, ApiError> {
    send(call, FileKind::Voice).await
}

/// sendAnimation
pub(super) async fn send_animation(call: Call<'_>) -> Result<Value, ApiError> {
    send(call, FileKind::Animation).await
}

/// sendVideoNote
pub(super) async fn send_video_note(call: Call<'_>) -> Result<Value, ApiError> {
    send(call, FileKind::VideoNote).await
}

/// sendSticker: one of a set, or a file of its own.
pub(super) async fn send_sticker(call: Call<'_>) -> Result<Value, ApiError> {
    send(call, FileKind::Sticker).await
}

/// The name of the parameter that brings a file.
fn parameter(kind: FileKind) -> &'static str {
    match kind {
        FileKind::VideoNote => "video_note",
        FileKind::Voice => "voice",
        other => other.word(),
    }
}

async fn send(call: Call<'_>, kind: FileKind) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let name = parameter(kind);
    let given = call.file(name, call.params.get(name)).await?;
    let input = call.input(kind, given, call.params).await?;
    let caption = call.formatted("caption", "caption_entities")?;
    call.send_media(peer, input, caption).await
}

impl Call<'_> {
    /// What the messenger takes for a file of a kind; `facts` are what the caller says of it.
    pub(super) async fn input(
        &self,
        kind: FileKind,
        given: Given,
        facts: &Params,
    ) -> Result<enums::InputMedia, ApiError> {
        let spoiler = facts.is_set("has_spoiler");
        let upload = match given {
            Given::Known(id) => {
                if id.kind != kind {
                    let (there, wanted) = (capital(id.kind), capital(kind));
                    return Err(ApiError::bad(format!("can't use file of type {there} as {wanted}")));
                }
                let mut input = known(self.api, id);
                match &mut input {
                    enums::InputMedia::InputMediaPhoto(photo) => photo.spoiler = spoiler,
                    enums::InputMedia::InputMediaDocument(document) => document.spoiler = spoiler,
                    _ => {}
                }
                return Ok(input);
            }
            Given::New(upload) => upload,
        };
        if kind == FileKind::Photo {
            if upload.bytes.len() > PHOTO_BYTES {
                return Err(ApiError::bad("file is too big"));
            }
            let file = self.uploaded(&upload).await?;
            return Ok(types::InputMediaUploadedPhoto { spoiler, file, ..Default::default() }.into());
        }
        // B-193: a thumbnail is an upload, or it is ignored.
        let named = facts.get("thumbnail").or(facts.get("thumb")).unwrap_or_default();
        let part = named.strip_prefix("attach://").unwrap_or("thumbnail");
        let thumb = self.params.files.get(part).or_else(|| self.params.files.get("thumb"));
        let thumb = match thumb {
            Some(thumb) => Some(self.uploaded(thumb).await?),
            None => None,
        };
        Ok(types::InputMediaUploadedDocument {
            nosound_video: kind == FileKind::Animation,
            force_file: kind == FileKind::Document,
            spoiler,
            file: self.uploaded(&upload).await?,
            thumb,
            mime_type: mime_of(kind, &upload),
            attributes: attributes(kind, &upload, facts),
            ..Default::default()
        }
        .into())
    }
}

fn capital(kind: FileKind) -> String {
    let word = kind.word();
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// What an upload is: what its sender says, else what its name ends in, else what it is sent as.
fn mime_of(kind: FileKind, upload: &Upload) -> String {
    let said = upload.mime.as_deref().filter(|mime| !mime.is_empty() && *mime != "application/octet-stream");
    let ending = upload.name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let by_name = match ending.as_deref() {
        Some("jpg" | "jpeg") => Some("image/jpeg"),
        Some("png") => Some("image/png"),
        Some("gif") => Some("image/gif"),
        Some("webp") => Some("image/webp"),
        Some("tgs") => Some("application/x-tgsticker"),
        Some("webm") => Some("video/webm"),
        Some("mp4") => Some("video/mp4"),
        Some("mp3") => Some("audio/mpeg"),
        Some("ogg" | "oga") => Some("audio/ogg"),
        Some("m4a") => Some("audio/mp4"),
        Some("txt") => Some("text/plain"),
        Some("pdf") => Some("application/pdf"),
        _ => None,
    };
    let by_kind = match kind {
        FileKind::Video | FileKind::VideoNote | FileKind::Animation => "video/mp4",
        FileKind::Audio => "audio/mpeg",
        FileKind::Voice => "audio/ogg",
        FileKind::Sticker => "image/webp",
        _ => "application/octet-stream",
    };
    said.or(by_name).unwrap_or(by_kind).to_owned()
}

/// Width and height of a WebP image, from its header: lossy, lossless, or extended.
fn webp_size(bytes: &[u8]) -> Option<(i32, i32)> {
    let chunk = bytes.strip_prefix(b"RIFF")?.get(4..)?.strip_prefix(b"WEBP")?;
    let (name, body) = (chunk.get(..4)?, chunk.get(8..)?);
    let two = |at: usize| Some(i32::from(u16::from_le_bytes([*body.get(at)?, *body.get(at + 1)?])));
    let three = |at: usize| Some(two(at)? + (i32::from(*body.get(at + 2)?) << 16));
    match name {
        b"VP8 " => Some((two(6)? & 0x3FFF, two(8)? & 0x3FFF)),
        b"VP8L" => {
            let bits = u32::from_le_bytes([*body.get(1)?, *body.get(2)?, *body.get(3)?, *body.get(4)?]);
            let side = |shift: u32| i32::try_from((bits >> shift) & 0x3FFF).unwrap_or(0) + 1;
            Some((side(0), side(14)))
        }
        b"VP8X" => Some((three(4)? + 1, three(7)? + 1)),
        _ => None,
    }
}

fn attributes(kind: FileKind, upload: &Upload, facts: &Params) -> Vec<D> {
    let number = |name: &str| facts.number(name).and_then(|n| i32::try_from(n).ok()).unwrap_or(0).max(0);
    let text = |name: &str| facts.get(name).map(str::to_owned);
    let mut list = Vec::new();
    let video = |round_message| {
        let side = number("length");
        let (w, h) = if round_message { (side, side) } else { (number("width"), number("height")) };
        types::DocumentAttributeVideo {
            round_message,
            supports_streaming: facts.is_set("supports_streaming"),
            duration: f64::from(number("duration")),
            w,
            h,
            ..Default::default()
        }
    };
    match kind {
        FileKind::Video => list.push(video(false).into()),
        FileKind::VideoNote => list.push(video(true).into()),
        FileKind::Animation => {
            list.push(D::DocumentAttributeAnimated);
            list.push(video(false).into());
        }
        FileKind::Audio => list.push(
            types::DocumentAttributeAudio {
                duration: number("duration"),
                title: text("title"),
                performer: text("performer"),
                ..Default::default()
            }
            .into(),
        ),
        FileKind::Voice => list.push(
            types::DocumentAttributeAudio { voice: true, duration: number("duration"), ..Default::default() }
                .into(),
        ),
        FileKind::Sticker => {
            let (w, h) = webp_size(&upload.bytes).unwrap_or((STICKER_SIDE, STICKER_SIDE));
            list.push(types::DocumentAttributeImageSize { w, h }.into());
            let alt = facts.get("emoji").unwrap_or_default().to_owned();
            list.push(types::DocumentAttributeSticker { alt, ..Default::default() }.into());
        }
        _ => {}
    }
    if !upload.name.is_empty() {
        list.push(types::DocumentAttributeFilename { file_name: upload.name.clone() }.into());
    }
    list
}

/// sendMediaGroup: all or none.
pub(super) async fn send_media_group(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let media = call.params.json("media", "media")?.unwrap_or_default();
    let Value::Array(media) = media else { return Err(ApiError::bad("expected an Array of InputMedia")) };
    if media.is_empty() {
        return Err(ApiError::bad("there is no media in the request"));
    }
    if media.len() > ALBUM {
        return Err(ApiError::bad("too many messages to send as an album"));
    }
    let shared = types::Message { reply_markup: None, ..call.options()? };
    let grouped_id = (media.len() > 1).then(album_id);
    let (mut contents, mut made) = (Vec::new(), Vec::new());
    for item in &media {
        if item["type"] == "animation" {
            return Err(ApiError::bad("type \"animation\" can't be used in sendMediaGroup"));
        }
        let Described { media, caption, above } = call.described(item).await?;
        made.push(media.clone());
        let message = types::Message {
            media: Some(media),
            entities: Some(caption.entities).filter(|list| !list.is_empty()),
            invert_media: above,
            grouped_id,
            ..shared.clone()
        };
        contents.push(Content { text: caption.text, message });
    }
    check_album(&made)?;
    Ok(call.send(peer, contents).await?.into())
}

/// One medium as a call describes it (InputMedia).
struct Described {
    media: enums::MessageMedia,
    caption: Formatted,
    above: bool,
}

impl Call<'_> {
    async fn described(&self, item: &Value) -> Result<Described, ApiError> {
        let kind = match item["type"].as_str().unwrap_or_default() {
            "photo" => FileKind::Photo,
            "video" => FileKind::Video,
            "document" => FileKind::Document,
            "audio" => FileKind::Audio,
            "animation" => FileKind::Animation,
            other => return Err(ApiError::bad(format!("type \"{other}\" is unsupported"))),
        };
        let facts = Params::of_json(item);
        let named =
            facts.get("media").ok_or_else(|| ApiError::bad("can't parse InputMedia: media not found"))?;
        let given = self.file("media", Some(named)).await?;
        let input = self.input(kind, given, &facts).await?;
        let media = self.messenger().make_media(self.actor(), input).await?;
        let words = facts.get("caption").unwrap_or_default();
        let caption = text::parse(words, facts.get("parse_mode"), facts.get("caption_entities"))?;
        Ok(Described { media, caption, above: facts.is_set("show_caption_above_media") })
    }
}

/// editMessageMedia
pub(super) async fn edit_message_media(call: Call<'_>) -> Result<Value, ApiError> {
    let item = call.params.json("media", "media")?.unwrap_or_default();
    if !item.is_object() {
        return Err(ApiError::bad("can't parse InputMedia: expected an Object"));
    }
    if let Some(name) = call.inline_name()? {
        let Described { media, caption, .. } = call.described(&item).await?;
        let text = Some((caption.text, Some(caption.entities)));
        return call.edit_inline(name, Edit { media: Some(media), text, ..Edit::default() }).await;
    }
    let (peer, message) = call.edited().await?;
    let Described { media, caption, .. } = call.described(&item).await?;
    let edit =
        Edit { media: Some(media), text: Some((caption.text, Some(caption.entities))), ..Edit::default() };
    call.edit(peer, message.id(), edit).await
}

#[cfg(test)]
mod tests {
    use super::webp_size;

    #[test]
    fn sizes_of_webp_images_are_read_from_their_headers() {
        let image =
            |name: &[u8; 4], body: &[u8]| [b"RIFF\0\0\0\0WEBP".as_slice(), name, &[0; 4], body].concat();
        let lossy = image(b"VP8 ", &[0, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xF0, 0x00]);
        assert_eq!(webp_size(&lossy), Some((320, 240)));
        let bits: u32 = 511 | (99 << 14);
        let lossless = image(b"VP8L", &[[0x2F].as_slice(), &bits.to_le_bytes()].concat());
        assert_eq!(webp_size(&lossless), Some((512, 100)));
        let extended = image(b"VP8X", &[0, 0, 0, 0, 0xFF, 1, 0, 0x63, 0, 0]);
        assert_eq!(webp_size(&extended), Some((512, 100)));
        assert_eq!(webp_size(b"e2e"), None);
    }
}
