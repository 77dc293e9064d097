//! What bots that administer a group or channel change of it, and photos of people and of the bot itself.

use serde_json::{Value, json};
use zaun_messenger::Error;
use zaun_messenger::peers::PeerRef;
use zaun_model::{Peer, UnixTime};
use zaun_schema::api::{enums, types};

use super::Call;
use super::files::Given;
use super::members::{permissions_of, refused};
use crate::error::ApiError;
use crate::to_json::Eyes;

const IN_PRIVATE: &str = "can't change chat details in private chats";
/// Photos of one answer.
const PHOTOS: i64 = 100;

impl Call<'_> {
    /// The group or channel of a call.
    async fn managed(&self) -> Result<Peer, ApiError> {
        match self.peer("chat_id").await? {
            Peer::User(_) => Err(ApiError::bad(IN_PRIVATE)),
            peer => Ok(peer),
        }
    }
}

/// A change that changed nothing is done.
fn done<T>(outcome: Result<T, Error>, rights: &str) -> Result<Value, ApiError> {
    match outcome {
        Ok(_) => Ok(json!(true)),
        Err(Error::Refused { text, .. }) if text == "CHAT_NOT_MODIFIED" => Ok(json!(true)),
        Err(error) => Err(refused(error, rights)),
    }
}

/// setChatTitle
pub(super) async fn set_chat_title(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.managed().await?;
    let title = call.params.get("title").ok_or_else(|| ApiError::bad("title must be non-empty"))?;
    let (actor, named) = (call.actor(), PeerRef::Known(peer));
    let outcome = match peer {
        Peer::Chat(_) => call.messenger().edit_chat_title(actor, named, title).await,
        _ => call.messenger().edit_channel_title(actor, named, title).await,
    };
    done(outcome, "not enough rights to change chat title")
}

/// setChatDescription
pub(super) async fn set_chat_description(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.managed().await?;
    let about = call.params.get("description").unwrap_or_default().to_owned();
    match call.messenger().edit_about(call.actor(), PeerRef::Known(peer), about).await {
        Err(Error::Refused { text, .. }) if text == "CHAT_ABOUT_NOT_MODIFIED" => {
            Err(ApiError::bad("chat description is not modified"))
        }
        outcome => done(outcome, "not enough rights to set chat description"),
    }
}

/// setChatPermissions
pub(super) async fn set_chat_permissions(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.managed().await?;
    let banned = permissions_of(&call)?;
    let named = PeerRef::Known(peer);
    let outcome = call.messenger().edit_default_rights(call.actor(), named, banned, UnixTime(0)).await;
    done(outcome, "not enough rights to change chat permissions")
}

async fn put_photo(call: Call<'_>, photo: enums::InputChatPhoto) -> Result<Value, ApiError> {
    let peer = call.managed().await?;
    let (actor, named) = (call.actor(), PeerRef::Known(peer));
    let outcome = match peer {
        Peer::Chat(_) => call.messenger().edit_chat_photo(actor, named, &photo).await,
        _ => call.messenger().edit_channel_photo(actor, named, &photo).await,
    };
    done(outcome, "not enough rights to change chat photo")
}

/// setChatPhoto: only a new one.
pub(super) async fn set_chat_photo(call: Call<'_>) -> Result<Value, ApiError> {
    let named = call.params.get("photo");
    if named.is_some_and(|named| !named.starts_with("attach://")) {
        return Err(ApiError::bad("photo must be uploaded as an InputFile"));
    }
    let Given::New(photo) = call.file("photo", named).await? else {
        return Err(ApiError::bad("photo must be uploaded as an InputFile"));
    };
    let file = Some(call.uploaded(&photo).await?);
    put_photo(call, types::InputChatUploadedPhoto { file, ..Default::default() }.into()).await
}

/// deleteChatPhoto
pub(super) async fn delete_chat_photo(call: Call<'_>) -> Result<Value, ApiError> {
    put_photo(call, enums::InputChatPhoto::InputChatPhotoEmpty).await
}

/// getUserProfilePhotos
pub(super) async fn get_user_profile_photos(call: Call<'_>) -> Result<Value, ApiError> {
    let id = call.params.number("user_id").unwrap_or(0);
    let Peer::User(user) = call.peer_named(&id.to_string()).await? else {
        return Err(ApiError::bad("user not found"));
    };
    let number = |name: &str| call.params.number(name);
    let offset = i32::try_from(number("offset").unwrap_or(0).max(0)).unwrap_or(0);
    let limit = number("limit").filter(|limit| (1..=PHOTOS).contains(limit)).unwrap_or(PHOTOS);
    let limit = i32::try_from(limit).unwrap_or(0);
    let named = PeerRef::Known(Peer::User(user));
    let page = call.messenger().profile_photos(call.actor(), named, offset, 0, limit).await?;
    let eyes = Eyes { signer: &call.messenger().access, bot: call.bot.bot, scene: &page.scene };
    let photos: Vec<Value> = page.photos.iter().map(|photo| eyes.photo(photo)).collect();
    Ok(json!({ "total_count": page.total, "photos": photos }))
}

/// setMyProfilePhoto: photos that do not move.
pub(super) async fn set_my_profile_photo(call: Call<'_>) -> Result<Value, ApiError> {
    let given = call.params.json("photo", "photo")?.unwrap_or_default();
    if given["type"].as_str() != Some("static") {
        return Err(ApiError::bad("photos that move do not exist on this server"));
    }
    let Given::New(upload) = call.file("photo", given["photo"].as_str()).await? else {
        return Err(ApiError::bad("a new photo must be uploaded"));
    };
    let file = call.uploaded(&upload).await?;
    call.messenger().upload_profile_photo(call.actor(), &file).await?;
    Ok(json!(true))
}

/// removeMyProfilePhoto
pub(super) async fn remove_my_profile_photo(call: Call<'_>) -> Result<Value, ApiError> {
    call.messenger().use_profile_photo(call.actor(), &enums::InputPhoto::InputPhotoEmpty).await?;
    Ok(json!(true))
}
