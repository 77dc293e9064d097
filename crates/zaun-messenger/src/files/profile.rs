//! Profile photos.

use zaun_model::{Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::{media, users};

use super::media::decode_photo;
use super::photos::{Purpose, letters, stripped_of};
use crate::limits::PHOTO_PAGE;
use crate::peers::PeerRef;
use crate::people::audience;
use crate::views::{PersonView, Scene};
use crate::{Actor, Changes, Error, Messenger, accounts, errors, privacy};

/// A page of somebody's photos, newest first.
#[derive(Debug, Clone, Default)]
pub struct PhotoPage {
    /// Canonical photos.
    pub photos: Vec<types::Photo>,
    /// How many there are in all.
    pub total: usize,
    /// The user as the viewer sees it.
    pub scene: Scene,
}

fn load(tx: &Tx<'_>, photo_id: i64) -> Result<Option<types::Photo>, Error> {
    media::find(tx, photo_id)?.map(decode_photo).transpose()
}

impl Messenger {
    /// Makes an uploaded image the actor's profile photo.
    pub async fn upload_profile_photo(
        &self,
        actor: Actor,
        file: &enums::InputFile,
    ) -> Result<types::Photo, Error> {
        let stored = self.uploaded(actor, file).await?;
        let photo = self.make_photo(stored.hash, Purpose::Profile, false).await?;
        self.set_profile_photo(actor, photo.clone()).await?;
        Ok(photo)
    }

    /// Makes a known photo the actor's profile photo; InputPhotoEmpty removes the current one, and the one before it
    /// takes its place. Returns the photo that is current then.
    pub async fn use_profile_photo(
        &self,
        actor: Actor,
        input: &enums::InputPhoto,
    ) -> Result<Option<types::Photo>, Error> {
        if let enums::InputPhoto::InputPhotoEmpty = input {
            let work = move |changes: &mut Changes<'_, '_>| {
                let current = accounts::own(changes.tx, actor)?.photo_id;
                remove(changes, actor.user_id, &current.into_iter().collect::<Vec<_>>()).map(drop)
            };
            self.change(actor, work).await?;
            return self.profile_photo(actor.user_id).await;
        }
        let photo = self.as_profile_photo(actor, input).await?;
        self.set_profile_photo(actor, photo.clone()).await?;
        Ok(Some(photo))
    }

    /// Returns a known photo in the sizes of profile photos.
    async fn as_profile_photo(&self, actor: Actor, input: &enums::InputPhoto) -> Result<types::Photo, Error> {
        let known = self.known_photo(input).await?;
        match letters(&known).as_slice() {
            ["a", ..] => Ok(known),
            // A photo of a message: its sizes are not those of profile photos.
            [.., largest] => {
                let (id, largest) = (known.id, (*largest).to_owned());
                let part = self.read(actor.user_id, move |tx| Ok(media::part(tx, id, &largest)?)).await?;
                let (sha256, _) = part.ok_or_else(|| Error::bad(errors::PHOTO_INVALID))?;
                self.make_photo(zaun_blob::BlobHash(sha256), Purpose::Profile, false).await
            }
            [] => Err(Error::bad(errors::PHOTO_INVALID)),
        }
    }

    /// Makes what a client names the photo of a group or channel; `None` for no photo.
    pub(crate) async fn group_photo(
        &self,
        actor: Actor,
        input: &enums::InputChatPhoto,
    ) -> Result<Option<types::Photo>, Error> {
        match input {
            enums::InputChatPhoto::InputChatPhotoEmpty => Ok(None),
            enums::InputChatPhoto::InputChatUploadedPhoto(uploaded) => {
                let file = uploaded.file.as_ref().ok_or_else(|| Error::bad(errors::PHOTO_INVALID))?;
                let stored = self.uploaded(actor, file).await?;
                self.make_photo(stored.hash, Purpose::Profile, false).await.map(Some)
            }
            enums::InputChatPhoto::InputChatPhoto(known) => match &known.id {
                enums::InputPhoto::InputPhotoEmpty => Ok(None),
                photo => self.as_profile_photo(actor, photo).await.map(Some),
            },
        }
    }

    async fn set_profile_photo(&self, actor: Actor, photo: types::Photo) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let photos = users::photos(changes.tx, actor.user_id)?;
            // Photos of one second keep their order by coming after the newest one.
            let newest = match photos.first() {
                Some(first) => users::photo_added_at(changes.tx, actor.user_id, *first)?,
                None => None,
            };
            let at = changes.now.max(newest.unwrap_or(UnixTime(0)) + 1);
            if users::photo_added_at(changes.tx, actor.user_id, photo.id)?.is_none() {
                media::count_use(changes.tx, photo.id, 1)?;
            }
            users::add_photo(changes.tx, actor.user_id, photo.id, at)?;
            users::set_photo(changes.tx, actor.user_id, Some((photo.id, &stripped_of(&photo))))?;
            announce(changes, actor.user_id)
        };
        self.change(actor, work).await.map(drop)
    }

    /// Deletes photos of the actor; the ids that were there.
    pub async fn delete_profile_photos(
        &self,
        actor: Actor,
        inputs: Vec<enums::InputPhoto>,
    ) -> Result<Vec<i64>, Error> {
        let named = inputs.iter().filter_map(|input| match input {
            enums::InputPhoto::InputPhoto(photo) => Some(photo),
            enums::InputPhoto::InputPhotoEmpty => None,
        });
        let checked = named.filter(|photo| photo.access_hash == self.access.media(photo.id));
        let ids: Vec<i64> = checked.map(|photo| photo.id).collect();
        let work = move |changes: &mut Changes<'_, '_>| remove(changes, actor.user_id, &ids);
        Ok(self.change(actor, work).await?.value)
    }

    /// The current photo of a user.
    pub async fn profile_photo(&self, user_id: UserId) -> Result<Option<types::Photo>, Error> {
        self.read(user_id, move |tx| {
            let user = users::find(tx, user_id)?;
            user.and_then(|user| user.photo_id).map_or(Ok(None), |id| load(tx, id))
        })
        .await
    }

    /// Photos of a user from a place on: after the photo `max_id` if it is not 0, and then `offset` further, which
    /// may be −1 to get that photo itself.
    pub async fn profile_photos(
        &self,
        actor: Actor,
        peer: PeerRef,
        offset: i32,
        max_id: i64,
        limit: i32,
    ) -> Result<PhotoPage, Error> {
        self.read(actor.user_id, move |tx| {
            let user_id = peer.user(tx, actor.user_id)?;
            let ids = users::photos(tx, user_id)?;
            let after = ids.iter().position(|id| *id == max_id).map_or(0, |place| place + 1);
            let offset = isize::try_from(offset).unwrap_or(0);
            let limit = usize::try_from(limit).unwrap_or(0);
            let limit = if limit == 0 { PHOTO_PAGE } else { limit.min(PHOTO_PAGE) };
            let scene = Scene::of_peers(tx, actor.user_id, [Peer::User(user_id)])?;
            let hides = |person: PersonView<'_>| person.hides(privacy::bit::PHOTO);
            let hidden = scene.person(actor.user_id, user_id).is_some_and(hides);
            let ids = if hidden { Vec::new() } else { ids };
            let mut page = PhotoPage { photos: Vec::new(), total: ids.len(), scene };
            for id in ids.iter().skip(after.saturating_add_signed(offset)).take(limit) {
                page.photos.extend(load(tx, *id)?);
            }
            Ok(page)
        })
        .await
    }
}

/// Takes photos out of a gallery; if the current one is among them, the newest left is current.
fn remove(changes: &mut Changes<'_, '_>, user_id: UserId, ids: &[i64]) -> Result<Vec<i64>, Error> {
    let mut gone = Vec::new();
    for id in ids {
        if users::delete_photo(changes.tx, user_id, *id)? {
            media::count_use(changes.tx, *id, -1)?;
            gone.push(*id);
        }
    }
    let current = users::find(changes.tx, user_id)?.and_then(|user| user.photo_id);
    if current.is_some_and(|current| gone.contains(&current)) {
        let next = users::photos(changes.tx, user_id)?.first().copied();
        let next = next.map_or(Ok(None), |id| load(changes.tx, id))?;
        let thumb = next.as_ref().map(stripped_of).unwrap_or_default();
        users::set_photo(changes.tx, user_id, next.as_ref().map(|photo| (photo.id, thumb.as_ref())))?;
        announce(changes, user_id)?;
    }
    Ok(gone)
}

/// Tells everybody who shows the user to look again.
fn announce(changes: &mut Changes<'_, '_>, user_id: UserId) -> Result<(), Error> {
    for owner in audience(changes.tx, user_id)? {
        changes.hint_user(owner, types::UpdateUser { user_id: user_id.0 }.into());
    }
    Ok(())
}
