//! What messages say: a text, and a canonical TL object for everything else.

use std::cell::RefCell;
use std::collections::BTreeSet;

use zaun_schema::api::{enums, types};
use zaun_schema::visit::{Complete, Completer, Mentioned, Mentions};
use zaun_store::repo::contents::ContentRow;

use crate::{Error, errors, stored};

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
    /// A service message about a photo of the conversation.
    pub const CHAT_PHOTO: i64 = 13;
}

/// What an author wrote.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// The text; it is a column of its own.
    pub text: String,
    /// Everything else; fields that columns hold are empty here.
    pub message: types::Message,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// What an author wrote.
    Written(Box<Content>),
    /// A service message: what happened in the conversation.
    Service(Box<types::MessageService>),
}

impl From<Content> for Body {
    fn from(content: Content) -> Body {
        Body::Written(Box::new(content))
    }
}

impl From<enums::MessageAction> for Body {
    fn from(action: enums::MessageAction) -> Body {
        Body::Service(Box::new(types::MessageService { action, ..types::MessageService::default() }))
    }
}

impl Body {
    /// Reads a stored content.
    pub fn decode(row: &ContentRow) -> Result<Body, Error> {
        match stored::decode(row.body.clone())? {
            enums::Message::Message(message) => {
                Ok(Body::Written(Box::new(Content { text: row.text.clone(), message: *message })))
            }
            enums::Message::MessageService(message) => Ok(Body::Service(message)),
            enums::Message::MessageEmpty(_) => Err(Error::bad(errors::MESSAGE_ID_INVALID)),
        }
    }

    /// Serializes everything but the text.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        match self {
            Body::Written(content) => stored::encode(&enums::Message::from(content.message.clone())),
            Body::Service(service) => stored::encode(&enums::Message::from((**service).clone())),
        }
    }

    /// Returns the text; that of a service message is empty.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Body::Written(content) => &content.text,
            Body::Service(_) => "",
        }
    }

    /// Says whether it is a post of a broadcast channel that an author wrote, which is what has counters.
    #[must_use]
    pub fn is_post(&self) -> bool {
        matches!(self, Body::Written(content) if content.message.post)
    }

    /// Returns after how many seconds it deletes itself.
    #[must_use]
    pub fn ttl_period(&self) -> Option<i32> {
        match self {
            Body::Written(content) => content.message.ttl_period,
            Body::Service(_) => None,
        }
    }

    /// Returns what the message says of answers to it before anybody wrote one, encoded.
    pub(crate) fn first_sum(&self) -> Result<Option<Vec<u8>>, Error> {
        match self {
            Body::Written(content) => content.message.replies.as_ref().map(stored::encode).transpose(),
            Body::Service(_) => Ok(None),
        }
    }

    /// Returns what an author wrote; service messages cannot be edited, forwarded or quoted.
    pub fn written(&self) -> Result<&Content, Error> {
        match self {
            Body::Written(content) => Ok(content),
            Body::Service(_) => Err(Error::bad(errors::MESSAGE_ID_INVALID)),
        }
    }

    pub(crate) fn mentions(&self, out: &mut Mentioned) {
        match self {
            Body::Written(content) => content.message.mentions(out),
            Body::Service(service) => service.mentions(out),
        }
    }

    /// Returns what search filters see in it.
    #[must_use]
    pub fn media_kind(&self) -> i64 {
        match self {
            Body::Written(content) => content.media_kind(),
            Body::Service(service) => match service.action {
                enums::MessageAction::MessageActionChatEditPhoto(_) => kind::CHAT_PHOTO,
                _ => kind::TEXT,
            },
        }
    }

    /// Says whether the receiver is to listen to it: a voice message or a round video.
    #[must_use]
    pub fn is_listened_to(&self) -> bool {
        matches!(self.media_kind(), kind::VOICE | kind::ROUND)
    }

    /// Returns the ids of all photos and documents in it.
    #[must_use]
    pub fn media_ids(&self) -> BTreeSet<i64> {
        let noted = NotedMedia::default();
        match self {
            Body::Written(content) => content.message.media.clone().complete(&noted),
            Body::Service(service) => service.action.clone().complete(&noted),
        }
        noted.0.into_inner()
    }
}

/// Notes what it is asked to complete.
#[derive(Default)]
struct NotedMedia(RefCell<BTreeSet<i64>>);

impl Completer for NotedMedia {
    fn photo(&self, photo: &mut types::Photo) {
        self.0.borrow_mut().insert(photo.id);
    }

    fn document(&self, document: &mut types::Document) {
        self.0.borrow_mut().insert(document.id);
    }
}

impl Content {
    /// Says whether there is media in it.
    #[must_use]
    pub fn has_media(&self) -> bool {
        self.message.media.as_ref().is_some_and(|m| !matches!(m, enums::MessageMedia::MessageMediaEmpty))
    }

    /// Returns what search filters see in it.
    #[must_use]
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
