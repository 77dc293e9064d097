//! Editing and deleting (B-248, B-249).

use serde_json::{Value, json};
use zaun_messenger::messages::change::Edit;
use zaun_messenger::messages::content::Body;
use zaun_messenger::messages::live::Move;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::views::Message;
use zaun_model::{MsgId, Peer};
use zaun_schema::api::{enums, types};

use super::Call;
use crate::error::ApiError;
use crate::limits::{DELETE_TIME_S, MESSAGES_PER_CALL};
use crate::markup;
use crate::to_json::Eyes;

impl Call<'_> {
    pub(super) fn message_id(&self, name: &str) -> Result<MsgId, ApiError> {
        let id = self.params.number(name).and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 0);
        id.map(MsgId).ok_or_else(|| ApiError::bad("message identifier is not specified"))
    }

    pub(super) fn message_ids(&self) -> Result<Vec<MsgId>, ApiError> {
        let list = self.params.json("message_ids", "message identifiers")?.unwrap_or_default();
        let ids: Vec<MsgId> = list
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok()))
            .filter_map(|id| i32::try_from(id).ok().map(MsgId))
            .collect();
        if ids.is_empty() {
            return Err(ApiError::bad("message identifiers are not specified"));
        }
        if ids.len() > MESSAGES_PER_CALL {
            return Err(ApiError::bad("too many message identifiers specified"));
        }
        Ok(ids)
    }

    /// The message that is to be edited.
    pub(super) async fn edited(&self) -> Result<(Peer, Message), ApiError> {
        let peer = self.peer("chat_id").await?;
        let id = self.message_id("message_id")?;
        let (found, _) = self.messenger().shown_message(self.actor(), PeerRef::Known(peer), id).await?;
        let found = found.ok_or_else(|| ApiError::bad("message to edit not found"))?;
        Ok((peer, found.message))
    }

    pub(super) async fn edit(&self, peer: Peer, id: MsgId, edit: Edit) -> Result<Value, ApiError> {
        let edit = Edit { reply_markup: markup::read(self.params)?, ..edit };
        self.messenger().edit_message(self.actor(), PeerRef::Known(peer), id, edit).await?;
        let (shown, scene) = self.messenger().shown_message(self.actor(), PeerRef::Known(peer), id).await?;
        let eyes = Eyes { signer: &self.messenger().access, bot: self.bot.bot, scene: &scene };
        Ok(shown.and_then(|shown| eyes.message(&shown)).unwrap_or_default())
    }
}

/// editMessageText
pub(super) async fn edit_message_text(call: Call<'_>) -> Result<Value, ApiError> {
    if call.params.get("text").is_none() {
        return Err(ApiError::bad("message text is empty"));
    }
    if let Some(name) = call.inline_name()? {
        let text = call.formatted("text", "entities")?;
        let edit = Edit { text: Some((text.text, Some(text.entities))), ..Edit::default() };
        return call.edit_inline(name, edit).await;
    }
    let (peer, message) = call.edited().await?;
    if matches!(&message.body, Body::Written(content) if content.has_media()) {
        return Err(ApiError::bad("there is no text in the message to edit"));
    }
    let text = call.formatted("text", "entities")?;
    let edit = Edit { text: Some((text.text, Some(text.entities))), ..Edit::default() };
    call.edit(peer, message.id(), edit).await
}

/// editMessageCaption
pub(super) async fn edit_message_caption(call: Call<'_>) -> Result<Value, ApiError> {
    if let Some(name) = call.inline_name()? {
        let caption = call.formatted("caption", "caption_entities")?;
        let edit = Edit { text: Some((caption.text, Some(caption.entities))), ..Edit::default() };
        return call.edit_inline(name, edit).await;
    }
    let (peer, message) = call.edited().await?;
    if !matches!(&message.body, Body::Written(content) if content.has_media()) {
        return Err(ApiError::bad("there is no caption in the message to edit"));
    }
    let caption = call.formatted("caption", "caption_entities")?;
    let edit = Edit { text: Some((caption.text, Some(caption.entities))), ..Edit::default() };
    call.edit(peer, message.id(), edit).await
}

/// editMessageReplyMarkup
pub(super) async fn edit_message_reply_markup(call: Call<'_>) -> Result<Value, ApiError> {
    if let Some(name) = call.inline_name()? {
        return call.edit_inline(name, Edit::default()).await;
    }
    let (peer, message) = call.edited().await?;
    call.edit(peer, message.id(), Edit::default()).await
}

/// Moves the place that a message is, or ends it.
async fn move_place(call: Call<'_>, input: types::InputMediaGeoLive) -> Result<Value, ApiError> {
    let edit = Edit { place: Some(Move::from_tl(&input)?), ..Edit::default() };
    if let Some(name) = call.inline_name()? {
        return call.edit_inline(name, edit).await;
    }
    let (peer, message) = call.edited().await?;
    let is_live = message.body.written().is_ok_and(|content| {
        matches!(content.message.media, Some(enums::MessageMedia::MessageMediaGeoLive(_)))
    });
    if !is_live {
        return Err(ApiError::bad("there is no live location in the message to edit"));
    }
    call.edit(peer, message.id(), edit).await
}

/// editMessageLiveLocation
pub(super) async fn edit_message_live_location(call: Call<'_>) -> Result<Value, ApiError> {
    let input = call.live_place()?;
    move_place(call, input).await
}

/// stopMessageLiveLocation
pub(super) async fn stop_message_live_location(call: Call<'_>) -> Result<Value, ApiError> {
    let geo_point = enums::InputGeoPoint::InputGeoPointEmpty;
    move_place(call, types::InputMediaGeoLive { stopped: true, geo_point, ..Default::default() }).await
}

/// deleteMessage
pub(super) async fn delete_message(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let id = call.message_id("message_id")?;
    let (found, _) = call.messenger().shown_message(call.actor(), PeerRef::Known(peer), id).await?;
    let found = found.ok_or_else(|| ApiError::bad("message to delete not found"))?;
    if call.messenger().now() - found.message.row.date > DELETE_TIME_S {
        return Err(ApiError::bad("message can't be deleted for everyone"));
    }
    call.delete(peer, vec![id]).await?;
    Ok(json!(true))
}

/// deleteMessages: those that are not there are left out.
pub(super) async fn delete_messages(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    call.delete(peer, call.message_ids()?).await?;
    Ok(json!(true))
}

impl Call<'_> {
    async fn delete(&self, peer: Peer, ids: Vec<MsgId>) -> Result<(), ApiError> {
        match peer {
            Peer::Channel(_) => {
                self.messenger().delete_channel_messages(self.actor(), PeerRef::Known(peer), ids).await?;
            }
            _ => {
                // Numbers of a private chat are the box's: only those of this chat are meant.
                let mut here = Vec::new();
                for id in ids {
                    let place = PeerRef::Known(peer);
                    let (found, _) = self.messenger().shown_message(self.actor(), place, id).await?;
                    here.extend(found.map(|found| found.message.id()));
                }
                self.messenger().delete_messages(self.actor(), here, true).await?;
            }
        }
        Ok(())
    }
}
