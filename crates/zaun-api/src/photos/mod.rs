//! `photos.*`

use zaun_messenger::Error;
use zaun_messenger::peers::PeerRef;
use zaun_model::Peer;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// Returns a photo of the caller as a result.
async fn result(call: &Call, photo: Option<types::Photo>) -> Result<enums::photos::Photo, Error> {
    let own = PeerRef::Known(Peer::User(call.user_id));
    let (_, scene) = call.messenger().person(call.user_id, own).await?;
    let view = call.view(&scene);
    let photo = match photo {
        Some(photo) => view.completed(enums::Photo::from(photo)),
        None => types::PhotoEmpty { id: 0 }.into(),
    };
    Ok(types::photos::Photo { photo, users: view.lists().users })
}

/// What is said of photos that are not the caller's ordinary ones.
fn only_own(fallback: bool, bot: Option<&enums::InputUser>) -> Result<(), Error> {
    if fallback || bot.is_some() { Err(Error::bad("METHOD_NOT_IMPLEMENTED")) } else { Ok(()) }
}

/// photos.uploadProfilePhoto
pub(crate) async fn upload_profile_photo(
    call: Call,
    r: functions::photos::UploadProfilePhoto,
) -> Result<enums::photos::Photo, Error> {
    only_own(r.fallback, r.bot.as_ref())?;
    if r.video.is_some() || r.video_emoji_markup.is_some() {
        return Err(Error::bad("VIDEO_FILE_INVALID"));
    }
    let file = r.file.ok_or_else(|| Error::bad("PHOTO_FILE_MISSING"))?;
    let photo = call.messenger().upload_profile_photo(call.actor(), &file).await?;
    result(&call, Some(photo)).await
}

/// photos.updateProfilePhoto
pub(crate) async fn update_profile_photo(
    call: Call,
    r: functions::photos::UpdateProfilePhoto,
) -> Result<enums::photos::Photo, Error> {
    only_own(r.fallback, r.bot.as_ref())?;
    let photo = call.messenger().use_profile_photo(call.actor(), &r.id).await?;
    result(&call, photo).await
}

/// photos.deletePhotos: the ids that were there.
pub(crate) async fn delete_photos(call: Call, r: functions::photos::DeletePhotos) -> Result<Vec<i64>, Error> {
    call.messenger().delete_profile_photos(call.actor(), r.id).await
}

/// photos.getUserPhotos
pub(crate) async fn get_user_photos(
    call: Call,
    r: functions::photos::GetUserPhotos,
) -> Result<enums::photos::Photos, Error> {
    let user = call.user(&r.user_id)?;
    let page = call.messenger().profile_photos(call.actor(), user, r.offset, r.max_id, r.limit).await?;
    let whole = page.photos.len() == page.total;
    let count = i32::try_from(page.total).unwrap_or(i32::MAX);
    let view = call.view(&page.scene);
    let photos = page.photos.into_iter().map(|photo| view.completed(enums::Photo::from(photo))).collect();
    let users = view.lists().users;
    Ok(if whole {
        types::photos::Photos { photos, users }.into()
    } else {
        types::photos::PhotosSlice { count, photos, users }.into()
    })
}
