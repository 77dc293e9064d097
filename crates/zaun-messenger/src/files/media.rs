//! From what a client wants to send to the media of a message.

use rand::RngExt;
use zaun_schema::api::{enums, types};
use zaun_store::repo::media::{self, MediaRow};
use zaun_store::repo::users;

use super::photos::Purpose;
use super::{DOCUMENT, PHOTO};
use crate::codes::normalize_phone;
use crate::limits::{ALBUM, NAME_LENGTH, VCARD_BYTES};
use crate::messages::{content, live, polls};
use crate::{Actor, Error, Messenger, NOBODY, errors, stored};

use enums::{InputMedia as I, MessageMedia as M};

impl Messenger {
    /// The canonical media for a message: uploaded files become media objects, known ones are checked (M-517 …
    /// M-519). Kinds that do not exist here are MEDIA_INVALID.
    pub async fn make_media(&self, actor: Actor, input: I) -> Result<M, Error> {
        match input {
            I::InputMediaEmpty => Err(Error::bad(errors::MEDIA_EMPTY)),
            I::InputMediaUploadedPhoto(input) => self.uploaded_photo(actor, *input).await,
            I::InputMediaPhoto(input) => {
                no_ttl(input.ttl_seconds)?;
                let photo = self.known_photo(&input.id).await?;
                let video = self.optional_document(input.video.as_ref()).await?;
                Ok(photo_media(photo, input.spoiler, video))
            }
            I::InputMediaUploadedDocument(input) => self.uploaded_document(actor, *input).await,
            I::InputMediaDocument(input) => {
                no_ttl(input.ttl_seconds)?;
                let document = self.known_document(&input.id).await?;
                let cover = self.optional_photo(input.video_cover.as_ref()).await?;
                Ok(document_media(document, input.spoiler, cover, input.video_timestamp))
            }
            I::InputMediaContact(input) => self.contact(actor, *input).await,
            I::InputMediaGeoPoint(input) => {
                Ok(types::MessageMediaGeo { geo: geo_point(&input.geo_point)? }.into())
            }
            I::InputMediaGeoLive(input) => live::begin(&input),
            I::InputMediaVenue(input) => venue(*input),
            I::InputMediaDice(input) => dice(input.emoticon),
            I::InputMediaPoll(input) => polls::make(*input, self.now()),
            _ => Err(Error::bad(errors::MEDIA_INVALID)),
        }
    }

    async fn uploaded_photo(&self, actor: Actor, input: types::InputMediaUploadedPhoto) -> Result<M, Error> {
        no_ttl(input.ttl_seconds)?;
        let video = self.optional_document(input.video.as_ref()).await?;
        let stored = self.uploaded(actor, &input.file).await?;
        let has_stickers = input.stickers.is_some_and(|stickers| !stickers.is_empty());
        let photo = self.make_photo(stored.hash, Purpose::Message, has_stickers).await?;
        Ok(photo_media(photo, input.spoiler, video))
    }

    async fn uploaded_document(
        &self,
        actor: Actor,
        input: types::InputMediaUploadedDocument,
    ) -> Result<M, Error> {
        no_ttl(input.ttl_seconds)?;
        let (spoiler, timestamp) = (input.spoiler, input.video_timestamp);
        let cover = self.optional_photo(input.video_cover.as_ref()).await?;
        let document = self.make_document(actor, input).await?;
        Ok(document_media(document, spoiler, cover, timestamp))
    }

    /// A photo that the client names, checked.
    pub(crate) async fn known_photo(&self, input: &enums::InputPhoto) -> Result<types::Photo, Error> {
        let enums::InputPhoto::InputPhoto(input) = input else {
            return Err(Error::bad(errors::PHOTO_INVALID));
        };
        let invalid = || Error::bad(errors::PHOTO_INVALID);
        let row = self.known(input.id, input.access_hash, &input.file_reference, PHOTO).await?;
        decode_photo(row.ok_or_else(invalid)?)
    }

    /// A document that the client names, checked.
    pub(crate) async fn known_document(
        &self,
        input: &enums::InputDocument,
    ) -> Result<types::Document, Error> {
        let invalid = || Error::bad(errors::DOCUMENT_INVALID);
        let enums::InputDocument::InputDocument(input) = input else { return Err(invalid()) };
        let row = self.known(input.id, input.access_hash, &input.file_reference, DOCUMENT).await?;
        match stored::decode(row.ok_or_else(invalid)?.body)? {
            enums::Document::Document(document) => Ok(*document),
            enums::Document::DocumentEmpty(_) => Err(invalid()),
        }
    }

    async fn optional_photo(&self, input: Option<&enums::InputPhoto>) -> Result<Option<types::Photo>, Error> {
        match input {
            Some(input) => self.known_photo(input).await.map(Some),
            None => Ok(None),
        }
    }

    async fn optional_document(
        &self,
        input: Option<&enums::InputDocument>,
    ) -> Result<Option<types::Document>, Error> {
        match input {
            Some(input) => self.known_document(input).await.map(Some),
            None => Ok(None),
        }
    }

    /// The row of a media object, if its hash and reference are good.
    async fn known(
        &self,
        id: i64,
        hash: i64,
        reference: &[u8],
        kind: i64,
    ) -> Result<Option<MediaRow>, Error> {
        if hash != self.access.media(id) {
            return Ok(None);
        }
        self.access.check_file_reference(id, reference, self.now()).map_err(Error::bad)?;
        self.read(NOBODY, move |tx| Ok(media::find(tx, id)?.filter(|row| row.kind == kind))).await
    }

    async fn contact(&self, actor: Actor, input: types::InputMediaContact) -> Result<M, Error> {
        let long = |name: &str| name.chars().count() > NAME_LENGTH;
        if long(&input.first_name) || long(&input.last_name) || input.vcard.len() > VCARD_BYTES {
            return Err(Error::bad(errors::MEDIA_INVALID));
        }
        let phone = normalize_phone(&input.phone_number).ok();
        let user_id = self
            .read(actor.user_id, move |tx| match &phone {
                Some(phone) => Ok(users::by_phone(tx, phone)?.map_or(0, |user| user.id.0)),
                None => Ok(0),
            })
            .await?;
        Ok(types::MessageMediaContact {
            phone_number: input.phone_number,
            first_name: input.first_name,
            last_name: input.last_name,
            vcard: input.vcard,
            user_id,
        }
        .into())
    }
}

pub(crate) fn decode_photo(row: MediaRow) -> Result<types::Photo, Error> {
    match stored::decode(row.body)? {
        enums::Photo::Photo(photo) => Ok(*photo),
        enums::Photo::PhotoEmpty(_) => Err(Error::bad(errors::PHOTO_INVALID)),
    }
}

/// Media that vanish after a time do not exist here, and are not sent as if they did.
fn no_ttl(ttl_seconds: Option<i32>) -> Result<(), Error> {
    if ttl_seconds.is_some() { Err(Error::bad(errors::TTL_MEDIA_INVALID)) } else { Ok(()) }
}

fn photo_media(photo: types::Photo, spoiler: bool, video: Option<types::Document>) -> M {
    let live_photo = video.is_some();
    let (photo, video) = (Some(photo.into()), video.map(Into::into));
    types::MessageMediaPhoto { spoiler, live_photo, photo, video, ttl_seconds: None }.into()
}

fn document_media(
    document: types::Document,
    spoiler: bool,
    cover: Option<types::Photo>,
    video_timestamp: Option<i32>,
) -> M {
    use enums::DocumentAttribute as A;
    let has = |test: fn(&A) -> bool| document.attributes.iter().any(test);
    types::MessageMediaDocument {
        spoiler,
        video: has(|a| matches!(a, A::DocumentAttributeVideo(_))),
        round: has(|a| matches!(a, A::DocumentAttributeVideo(v) if v.round_message)),
        voice: has(|a| matches!(a, A::DocumentAttributeAudio(v) if v.voice)),
        document: Some(document.into()),
        video_cover: cover.map(Into::into),
        video_timestamp,
        ..types::MessageMediaDocument::default()
    }
    .into()
}

pub(crate) fn geo_point(input: &enums::InputGeoPoint) -> Result<enums::GeoPoint, Error> {
    let enums::InputGeoPoint::InputGeoPoint(point) = input else {
        return Err(Error::bad(errors::MEDIA_EMPTY));
    };
    // Not a number is within no range.
    if !((-90.0..=90.0).contains(&point.lat) && (-180.0..=180.0).contains(&point.long)) {
        return Err(Error::bad(errors::MEDIA_INVALID));
    }
    let (lat, long, accuracy_radius) = (point.lat, point.long, point.accuracy_radius);
    Ok(types::GeoPoint { long, lat, access_hash: 0, accuracy_radius }.into())
}

/// Throws a dice: each emoji has as many sides as clients can show.
fn dice(emoticon: String) -> Result<M, Error> {
    let sides = match emoticon.as_str() {
        "🎲" | "🎯" | "🎳" => 6,
        "🏀" | "⚽" | "⚽️" => 5,
        "🎰" => 64,
        _ => return Err(Error::bad(errors::EMOTICON_INVALID)),
    };
    let value = rand::rng().random_range(1..=sides);
    Ok(types::MessageMediaDice { value, emoticon, game_outcome: None }.into())
}

fn venue(input: types::InputMediaVenue) -> Result<M, Error> {
    Ok(types::MessageMediaVenue {
        geo: geo_point(&input.geo_point)?,
        title: input.title,
        address: input.address,
        provider: input.provider,
        venue_id: input.venue_id,
        venue_type: input.venue_type,
    }
    .into())
}

/// What may stand together in an album.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Together {
    /// Photos and videos.
    Visual,
    /// Music.
    Music,
    /// Other files.
    Files,
}

fn together(media: &M) -> Option<Together> {
    use content::kind;
    let content = content::Content {
        message: types::Message { media: Some(media.clone()), ..types::Message::default() },
        ..content::Content::default()
    };
    match content.media_kind() {
        kind::PHOTO | kind::VIDEO => Some(Together::Visual),
        kind::MUSIC => Some(Together::Music),
        kind::DOCUMENT => Some(Together::Files),
        _ => None,
    }
}

/// The number that the messages of a new album share.
pub fn album_id() -> i64 {
    super::fresh_id()
}

/// Checks that media may form one album.
pub fn check_album(media: &[M]) -> Result<(), Error> {
    if media.len() > ALBUM {
        return Err(Error::bad(errors::MULTI_MEDIA_TOO_LONG));
    }
    let mut kinds = media.iter().map(together);
    let first = kinds.next().flatten().ok_or_else(|| Error::bad(errors::MEDIA_INVALID))?;
    if kinds.all(|kind| kind == Some(first)) {
        Ok(())
    } else {
        Err(Error::bad(errors::MEDIA_GROUPED_INVALID))
    }
}

/// Names the place of a media object in an album in an error about its reference, as clients expect (M-519).
pub fn at_place(error: Error, place: usize) -> Error {
    match error {
        Error::Refused { code, text } => match text.strip_prefix("FILE_REFERENCE_") {
            Some(rest) => Error::refused(code, format!("FILE_REFERENCE_{place}_{rest}")),
            None => Error::Refused { code, text },
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn albums_hold_what_belongs_together() {
        let photo = || photo_media(types::Photo::default(), false, None);
        let file = || document_media(types::Document::default(), false, None, None);
        assert!(check_album(&[photo(), photo()]).is_ok());
        let text = |media: &[M]| check_album(media).unwrap_err().to_string();
        assert_eq!(text(&[photo(), file()]), "400 MEDIA_GROUPED_INVALID");
        assert_eq!(text(&vec![photo(); ALBUM + 1]), "400 MULTI_MEDIA_TOO_LONG");
        assert_eq!(text(&[]), "400 MEDIA_INVALID");
    }

    #[test]
    fn reference_errors_name_their_place_in_an_album() {
        let error = at_place(Error::bad(errors::FILE_REFERENCE_EXPIRED), 2);
        assert_eq!(error.to_string(), "400 FILE_REFERENCE_2_EXPIRED", "M-519");
        assert_eq!(at_place(Error::bad(errors::PHOTO_INVALID), 2).to_string(), "400 PHOTO_INVALID");
    }
}
