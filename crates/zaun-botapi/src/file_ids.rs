//! Names of files: bound to their bot, always the same for a file, and of no use to anybody else (B-196 … B-199).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zaun_messenger::access::Signer;
use zaun_model::UserId;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A size of a photo.
    Photo,
    /// A document that is nothing of the following.
    Document,
    /// A video.
    Video,
    /// Music.
    Audio,
    /// A voice message.
    Voice,
    /// A round video.
    VideoNote,
    /// A silent loop.
    Animation,
    /// A sticker.
    Sticker,
    /// A thumbnail of a document.
    Thumbnail,
}

const KINDS: [(FileKind, &str, &str); 9] = [
    (FileKind::Photo, "photo", "photos"),
    (FileKind::Document, "document", "documents"),
    (FileKind::Video, "video", "videos"),
    (FileKind::Audio, "audio", "music"),
    (FileKind::Voice, "voice message", "voice"),
    (FileKind::VideoNote, "video note", "video_notes"),
    (FileKind::Animation, "animation", "animations"),
    (FileKind::Sticker, "sticker", "stickers"),
    (FileKind::Thumbnail, "thumbnail", "thumbnails"),
];

impl FileKind {
    fn row(self) -> (u8, &'static str, &'static str) {
        let number = KINDS.iter().position(|(kind, ..)| *kind == self).unwrap_or(0);
        let row = KINDS.get(number).map_or(("", ""), |(_, word, folder)| (*word, *folder));
        (u8::try_from(number).unwrap_or(0), row.0, row.1)
    }

    /// As refusals call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// The first part of its path.
    #[must_use]
    pub fn folder(self) -> &'static str {
        self.row().2
    }
}

/// A file that a bot names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    /// What it is.
    pub kind: FileKind,
    /// The media object.
    pub media_id: i64,
    /// Letter of a size; 0 for a document itself.
    pub letter: u8,
}

const VERSION: u8 = 1;
const BODY_BYTES: usize = 11;
const MAC_BYTES: usize = 12;

impl FileId {
    fn body(self) -> Vec<u8> {
        let mut body = vec![VERSION, self.kind.row().0];
        body.extend_from_slice(&self.media_id.to_le_bytes());
        body.push(self.letter);
        body
    }

    /// Writes the name for a bot.
    #[must_use]
    pub fn write(self, signer: &Signer, bot: UserId) -> String {
        let mut bytes = self.body();
        let mac = mac(signer, bot, &bytes);
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The name that is the same for all bots, and that nothing can be done with (B-197).
    #[must_use]
    pub fn unique(self, signer: &Signer) -> String {
        let mut key = self.media_id.to_le_bytes().to_vec();
        key.push(self.letter);
        let mac = signer.seal_of(b"unique file", &key);
        URL_SAFE_NO_PAD.encode(mac.get(..MAC_BYTES).unwrap_or_default())
    }

    /// Reads a name that was written for the bot.
    #[must_use]
    pub fn read(signer: &Signer, bot: UserId, text: &str) -> Option<FileId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, there) = bytes.split_at_checked(BODY_BYTES)?;
        // The hash is no secret that guesses would be compared with one by one: whoever asks has the bot's token.
        if there != mac(signer, bot, body) || body.first() != Some(&VERSION) {
            return None;
        }
        let (kind, ..) = KINDS.get(usize::from(*body.get(1)?))?;
        let media_id = i64::from_le_bytes(body.get(2..10)?.try_into().ok()?);
        Some(FileId { kind: *kind, media_id, letter: *body.get(10)? })
    }

    /// The letter as the messenger takes it.
    #[must_use]
    pub fn thumb(self) -> String {
        if self.letter == 0 { String::new() } else { char::from(self.letter).to_string() }
    }
}

fn mac(signer: &Signer, bot: UserId, body: &[u8]) -> Vec<u8> {
    let mut message = bot.0.to_le_bytes().to_vec();
    message.extend_from_slice(body);
    signer.seal_of(b"file of a bot", &message).get(..MAC_BYTES).unwrap_or_default().to_vec()
}
