//! Which kinds of messages may not be sent (G-131 … G-135).

use zaun_model::rights::BannedRights;
use zaun_schema::api::enums::MessageMedia;

use crate::messages::content::{Content, kind};
use crate::{Error, errors};

/// What a member may not say: what was taken from it alone, and what was taken from all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forbidden {
    /// Taken from this member.
    pub own: BannedRights,
    /// Taken from everybody.
    pub all: BannedRights,
}

/// The right that a message takes, beside [`BannedRights::SEND_MESSAGES`], whether it is media, and what its refusal
/// says.
fn needed(content: &Content) -> (BannedRights, bool, &'static str) {
    use BannedRights as B;
    match (content.media_kind(), &content.message.media) {
        (kind::PHOTO, _) => (B::SEND_PHOTOS, true, errors::CHAT_SEND_PHOTOS_FORBIDDEN),
        (kind::VIDEO, _) => (B::SEND_VIDEOS, true, errors::CHAT_SEND_VIDEOS_FORBIDDEN),
        (kind::MUSIC, _) => (B::SEND_AUDIOS, true, errors::CHAT_SEND_AUDIOS_FORBIDDEN),
        (kind::VOICE, _) => (B::SEND_VOICES, true, errors::CHAT_SEND_VOICES_FORBIDDEN),
        (kind::ROUND, _) => (B::SEND_ROUNDVIDEOS, true, errors::CHAT_SEND_ROUNDVIDEOS_FORBIDDEN),
        (kind::DOCUMENT, _) => (B::SEND_DOCS, true, errors::CHAT_SEND_DOCS_FORBIDDEN),
        (kind::GIF, _) => (B::SEND_GIFS, true, errors::CHAT_SEND_GIFS_FORBIDDEN),
        (kind::STICKER, _) | (_, Some(MessageMedia::MessageMediaDice(_))) => {
            (B::SEND_STICKERS, true, errors::CHAT_SEND_STICKERS_FORBIDDEN)
        }
        (_, Some(MessageMedia::MessageMediaPoll(_) | MessageMedia::MessageMediaToDo(_))) => {
            (B::SEND_POLLS, true, errors::CHAT_SEND_POLL_FORBIDDEN)
        }
        (_, Some(MessageMedia::MessageMediaGame(_))) => {
            (B::SEND_GAMES, true, errors::CHAT_SEND_GAME_FORBIDDEN)
        }
        // G-133: contacts and places count as text.
        _ => (B::SEND_PLAIN, false, errors::CHAT_SEND_PLAIN_FORBIDDEN),
    }
}

impl Forbidden {
    /// Requires that a content may be said.
    pub(crate) fn check(self, content: &Content) -> Result<(), Error> {
        if content.message.via_bot_id.is_some() && self.takes(BannedRights::SEND_INLINE) {
            return Err(Error::refused(403, errors::CHAT_SEND_INLINE_FORBIDDEN));
        }
        let (right, is_media, text) = needed(content);
        let coarse = is_media && self.takes(BannedRights::SEND_MEDIA);
        if coarse {
            return Err(Error::refused(403, errors::CHAT_SEND_MEDIA_FORBIDDEN));
        }
        if self.takes(right) { Err(Error::refused(403, text)) } else { Ok(()) }
    }

    fn takes(self, right: BannedRights) -> bool {
        self.own.has(right) || self.all.has(right)
    }
}
