//! Conversations: what they are, what is pinned, leaving.

use serde_json::{Value, json};
use zaun_messenger::peers::PeerRef;
use zaun_model::{MsgId, Peer};

use super::Call;
use crate::error::ApiError;
use crate::to_json::Eyes;

/// getChat
pub(super) async fn get_chat(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let named = PeerRef::Known(peer);
    let (scene, about, pinned) = match peer {
        Peer::Channel(_) => {
            let profile = call.messenger().channel_profile(call.actor(), named).await?;
            (profile.scene, ("description", profile.membership.channel.about), profile.pinned)
        }
        _ => {
            let profile = call.messenger().profile(call.actor(), named, String::new()).await?;
            (profile.scene, ("bio", profile.user.about), profile.pinned)
        }
    };
    let eyes = Eyes { signer: &call.messenger().access, bot: call.bot.bot, scene: &scene };
    let mut chat = eyes.chat(peer);
    if !about.1.is_empty() {
        chat[about.0] = about.1.into();
    }
    // Always there; nobody can react or give anything yet.
    chat["accent_color_id"] = (peer.marked().unsigned_abs() % 7).into();
    chat["max_reaction_count"] = 0.into();
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
    if !matches!(peer, Peer::Channel(_)) {
        return Ok(json!(2));
    }
    let profile = call.messenger().channel_profile(call.actor(), PeerRef::Known(peer)).await?;
    Ok(json!(profile.membership.channel.members))
}

/// leaveChat
pub(super) async fn leave_chat(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    if !matches!(peer, Peer::Channel(_)) {
        return Err(ApiError::bad("chat member status can't be changed in private chats"));
    }
    call.messenger().leave_channel(call.actor(), PeerRef::Known(peer)).await?;
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
                _ => call.messenger().profile(call.actor(), named, String::new()).await?.pinned,
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
    while call.messenger().unpin_all(call.actor(), PeerRef::Known(peer)).await?.offset > 0 {}
    Ok(json!(true))
}
