//! Conversations: what they are, what is pinned, leaving.

use serde_json::{Value, json};
use zaun_messenger::peers::PeerRef;
use zaun_model::rights::AdminRights;
use zaun_model::{MsgId, Peer};

use super::Call;
use crate::error::ApiError;
use crate::to_json::{Eyes, members};

/// getChat
pub(super) async fn get_chat(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let named = PeerRef::Known(peer);
    let (mut permissions, mut photo, mut link, mut set) = (None, None, None, None);
    let (scene, about, pinned) = match peer {
        Peer::Chat(_) => {
            let profile = call.messenger().chat_profile(call.actor(), named).await?;
            permissions = Some(profile.group.chat.banned);
            photo.clone_from(&profile.photo);
            link = profile.invite.map(|invite| invite.link);
            (profile.scene, ("description", profile.group.chat.about), profile.pinned)
        }
        Peer::Channel(_) => {
            let profile = call.messenger().channel_profile(call.actor(), named).await?;
            let row = &profile.membership.channel;
            let changes = profile.membership.admin_rights().has(AdminRights::CHANGE_INFO);
            set = (!row.broadcast).then_some((profile.stickers.map(|set| set.short_name), changes));
            permissions = (!row.broadcast).then_some(row.banned);
            photo.clone_from(&profile.photo);
            link = profile.invite.map(|invite| invite.link);
            (profile.scene, ("description", profile.membership.channel.about), profile.pinned)
        }
        _ => {
            let profile = call.messenger().profile(call.actor(), named, String::new()).await?;
            photo.clone_from(&profile.photo);
            (profile.scene, ("bio", profile.user.about), profile.pinned)
        }
    };
    let eyes = Eyes { signer: &call.messenger().access, bot: call.bot.bot, scene: &scene };
    let mut chat = eyes.chat(peer);
    if !about.1.is_empty() {
        chat[about.0] = about.1.into();
    }
    if let Some(photo) = photo.and_then(|photo| eyes.chat_photo(&photo)) {
        chat["photo"] = photo;
    }
    if let Some(link) = link {
        chat["invite_link"] = link.into();
    }
    if let Some(banned) = permissions {
        chat["permissions"] = members::permissions(banned);
    }
    if let Some((name, changes)) = set {
        if let Some(name) = name {
            chat["sticker_set_name"] = name.into();
        }
        if changes {
            chat["can_set_sticker_set"] = true.into();
        }
    }
    // Always there; nobody can give anything yet.
    chat["accent_color_id"] = (peer.marked().unsigned_abs() % 7).into();
    chat["max_reaction_count"] = zaun_messenger::limits::KINDS_OF_REACTIONS.into();
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false,
        "gifts_from_channels": false,
    });
    if let Some(id) = pinned {
        let (shown, scene) = call.messenger().shown_message(call.actor(), named, MsgId(id)).await?;
        let eyes = Eyes { scene: &scene, ..eyes };
        if let Some(message) = shown.and_then(|shown| eyes.message(&shown)) {
            chat["pinned_message"] = message;
        }
    }
    Ok(chat)
}

/// getChatMemberCount
pub(super) async fn get_chat_member_count(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let (actor, named) = (call.actor(), PeerRef::Known(peer));
    Ok(match peer {
        Peer::User(_) => json!(2),
        Peer::Chat(_) => json!(call.messenger().chat_profile(actor, named).await?.members.len()),
        Peer::Channel(_) => {
            json!(call.messenger().channel_profile(actor, named).await?.membership.channel.members)
        }
    })
}

/// leaveChat
pub(super) async fn leave_chat(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let (actor, named) = (call.actor(), PeerRef::Known(peer));
    match peer {
        Peer::User(_) => {
            return Err(ApiError::bad("chat member status can't be changed in private chats"));
        }
        Peer::Chat(_) => {
            let own = PeerRef::Known(Peer::User(actor.user_id));
            call.messenger().delete_chat_user(actor, named, own, false).await?;
        }
        Peer::Channel(_) => {
            call.messenger().leave_channel(actor, named).await?;
        }
    }
    Ok(json!(true))
}

/// pinChatMessage
pub(super) async fn pin_chat_message(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let id = call.message_id("message_id")?;
    call.messenger().pin_message(call.actor(), PeerRef::Known(peer), id, true, false).await?;
    Ok(json!(true))
}

/// unpinChatMessage: without a number the newest one.
pub(super) async fn unpin_chat_message(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let named = PeerRef::Known(peer);
    let id = match call.params.get("message_id") {
        Some(_) => call.message_id("message_id")?,
        None => {
            let pinned = match peer {
                Peer::Channel(_) => call.messenger().channel_profile(call.actor(), named).await?.pinned,
                Peer::Chat(_) => call.messenger().chat_profile(call.actor(), named).await?.pinned,
                Peer::User(_) => call.messenger().profile(call.actor(), named, String::new()).await?.pinned,
            };
            MsgId(pinned.ok_or_else(|| ApiError::bad("message to unpin not found"))?)
        }
    };
    call.messenger().pin_message(call.actor(), named, id, false, false).await?;
    Ok(json!(true))
}

/// unpinAllChatMessages
pub(super) async fn unpin_all_chat_messages(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    while call.messenger().unpin_all(call.actor(), PeerRef::Known(peer), (None, None)).await?.offset > 0 {}
    Ok(json!(true))
}
