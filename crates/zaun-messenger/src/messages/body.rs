//! What is inside a message row: a canonical TL object, readable for ever (design, "TL blobs inside relational rows").

use bytes::Bytes;
use zaun_schema::LAYER;
use zaun_schema::api::{enums, types};
use zaun_store::StoreError;
use zaun_store::repo::messages::MessageRow;
use zaun_tl::{Decode, Encode};

use crate::Error;

/// What search filters distinguish, as `messages.media_kind` holds it.
pub mod kind {
    /// Text only.
    pub const TEXT: i64 = 0;
    /// A photo.
    pub const PHOTO: i64 = 1;
    /// A document that is none of the following.
    pub const DOCUMENT: i64 = 2;
    /// A video.
    pub const VIDEO: i64 = 3;
    /// Music.
    pub const MUSIC: i64 = 4;
    /// A voice message.
    pub const VOICE: i64 = 5;
    /// A round video.
    pub const ROUND: i64 = 6;
    /// A silent video loop.
    pub const GIF: i64 = 7;
    /// A sticker.
    pub const STICKER: i64 = 8;
    /// A text with a link in it.
    pub const LINK: i64 = 9;
    /// A contact card.
    pub const CONTACT: i64 = 10;
    /// A place.
    pub const GEO: i64 = 11;
    /// Anything else.
    pub const OTHER: i64 = 12;
}

/// Serializes an object in the newest layer.
pub fn encode(value: &impl Encode) -> Result<Vec<u8>, Error> {
    zaun_tl::to_bytes(value, LAYER).map_err(|e| Error::Store(StoreError::Statement(e.to_string())))
}

/// Reads a stored object of any layer.
pub fn decode<T: Decode>(bytes: Vec<u8>) -> Result<T, Error> {
    zaun_tl::from_bytes(Bytes::from(bytes))
        .map_err(|e| Error::Store(StoreError::Statement(format!("stored object: {e}"))))
}

/// The parts of a message that its author decides and that both boxes share.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// The text; it is a column of its own.
    pub text: String,
    /// Everything else; fields that columns hold are empty here.
    pub message: types::Message,
}

impl Content {
    /// Reads the content of a row. Service messages have none.
    pub fn of(row: &MessageRow) -> Result<Content, Error> {
        match decode(row.body.clone())? {
            enums::Message::Message(message) => Ok(Content { text: row.text.clone(), message: *message }),
            _ => Err(Error::bad("MESSAGE_ID_INVALID")),
        }
    }

    /// The blob for a row.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        encode(&enums::Message::from(self.message.clone()))
    }

    /// What search filters see in it.
    pub fn media_kind(&self) -> i64 {
        use enums::MessageMedia as M;
        match &self.message.media {
            None | Some(M::MessageMediaEmpty) => self.link_or_text(),
            Some(M::MessageMediaPhoto(_)) => kind::PHOTO,
            Some(M::MessageMediaDocument(media)) => {
                media.document.as_ref().map_or(kind::DOCUMENT, document_kind)
            }
            Some(M::MessageMediaContact(_)) => kind::CONTACT,
            Some(M::MessageMediaGeo(_) | M::MessageMediaVenue(_) | M::MessageMediaGeoLive(_)) => kind::GEO,
            Some(M::MessageMediaWebPage(_)) => kind::LINK,
            Some(_) => kind::OTHER,
        }
    }

    fn link_or_text(&self) -> i64 {
        use enums::MessageEntity as E;
        let is_link = |e: &E| {
            matches!(e, E::MessageEntityUrl(_) | E::MessageEntityTextUrl(_) | E::MessageEntityEmail(_))
        };
        let linked = self.message.entities.iter().flatten().any(is_link);
        if linked { kind::LINK } else { kind::TEXT }
    }
}

fn document_kind(document: &enums::Document) -> i64 {
    use enums::DocumentAttribute as A;
    let enums::Document::Document(document) = document else { return kind::DOCUMENT };
    let has = |test: fn(&A) -> bool| document.attributes.iter().any(test);
    if has(|a| matches!(a, A::DocumentAttributeSticker(_))) {
        kind::STICKER
    } else if has(|a| matches!(a, A::DocumentAttributeAnimated)) {
        kind::GIF
    } else if has(|a| matches!(a, A::DocumentAttributeVideo(v) if v.round_message)) {
        kind::ROUND
    } else if has(|a| matches!(a, A::DocumentAttributeVideo(_))) {
        kind::VIDEO
    } else if has(|a| matches!(a, A::DocumentAttributeAudio(v) if v.voice)) {
        kind::VOICE
    } else if has(|a| matches!(a, A::DocumentAttributeAudio(_))) {
        kind::MUSIC
    } else {
        kind::DOCUMENT
    }
}
