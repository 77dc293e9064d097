//! `photos.*`

use std::collections::BTreeSet;

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// A photo of the caller as a result.
async fn result(call: &Call, photo: Option<types::Photo>) -> Result<enums::photos::Photo, Error> {
    let photo = match photo {
        Some(photo) => to_tl::photo(call.view(), photo),
        None => types::PhotoEmpty { id: 0 }.into(),
    };
    let users = call.view().users(BTreeSet::from([call.user_id])).await?;
    Ok(types::photos::Photo { photo, users })
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
    let user = call.messenger().input_user(call.user_id, &r.user_id)?;
    let page = call.messenger().profile_photos(call.actor(), user, r.offset, r.max_id, r.limit).await?;
    let whole = page.photos.len() == page.total;
    let count = i32::try_from(page.total).unwrap_or(i32::MAX);
    let photos = page.photos.into_iter().map(|photo| to_tl::photo(call.view(), photo)).collect();
    let viewer = call.user_id;
    let id = call.messenger().read(move |tx| user.resolve(tx, viewer)).await?;
    let users = call.view().users(BTreeSet::from([id])).await?;
    Ok(if whole {
        types::photos::Photos { photos, users }.into()
    } else {
        types::photos::PhotosSlice { count, photos, users }.into()
    })
}
