//! Forwarding and copying (B-246, B-247).

use serde_json::{Value, json};
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::forward::Forward;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::views::Message;
use zaun_model::MsgId;
use zaun_schema::api::types;

use super::send::random_id;
use super::{Call, sending};
use crate::error::ApiError;

impl Call<'_> {
    async fn forward(&self, ids: Vec<MsgId>, copy: bool, missing: &str) -> Result<Vec<Message>, ApiError> {
        let to = self.peer("chat_id").await?;
        let from = self.peer("from_chat_id").await?;
        if ids.windows(2).any(|pair| pair.first() >= pair.last()) {
            return Err(ApiError::bad("message identifiers must be in a strictly increasing order"));
        }
        let forward = Forward {
            from: PeerRef::Known(from),
            to: PeerRef::Known(to),
            messages: ids.into_iter().map(|id| (id, random_id())).collect(),
            drop_author: copy,
            drop_captions: self.params.is_set("remove_caption"),
            silent: self.params.is_set("disable_notification"),
            noforwards: self.params.is_set("protect_content"),
            thread: self.thread(to),
            send_as: None,
        };
        let sent = self.messenger().forward_messages(self.actor(), forward).await;
        let sent = sent.map_err(|error| match error.to_string().as_str() {
            "400 MESSAGE_ID_INVALID" => ApiError::bad(missing),
            _ => sending(to, error),
        })?;
        Ok(sent.value.iter().map(|sent| (*sent.message).clone()).collect())
    }
}

fn ids_of(messages: &[Message]) -> Vec<Value> {
    messages.iter().map(|message| json!({ "message_id": message.id().0 })).collect()
}

/// forwardMessage
pub(super) async fn forward_message(call: Call<'_>) -> Result<Value, ApiError> {
    let id = call.message_id("message_id")?;
    let sent = call.forward(vec![id], false, "message to forward not found").await?;
    Ok(call.written(sent).await?.into_iter().next().unwrap_or_default())
}

/// forwardMessages
pub(super) async fn forward_messages(call: Call<'_>) -> Result<Value, ApiError> {
    let sent = call.forward(call.message_ids()?, false, "messages can't be forwarded").await?;
    Ok(ids_of(&sent).into())
}

/// copyMessages
pub(super) async fn copy_messages(call: Call<'_>) -> Result<Value, ApiError> {
    let sent = call.forward(call.message_ids()?, true, "messages can't be forwarded").await?;
    Ok(ids_of(&sent).into())
}

/// copyMessage: with a caption or a keyboard of its own it is a new message.
pub(super) async fn copy_message(call: Call<'_>) -> Result<Value, ApiError> {
    let id = call.message_id("message_id")?;
    let (to, from) = (call.peer("chat_id").await?, call.peer("from_chat_id").await?);
    let (found, _) = call.messenger().shown_message(call.actor(), PeerRef::Known(from), id).await?;
    let found = found.ok_or_else(|| ApiError::bad("message to copy not found"))?;
    let original =
        found.message.body.written().map_err(|_| ApiError::bad("message can't be copied"))?.clone();
    if original.message.noforwards {
        return Err(ApiError::bad("message can't be copied"));
    }
    let (mut text, mut entities) = (original.text, original.message.entities);
    if original.message.media.is_some() && call.params.get("caption").is_some() {
        let caption = call.formatted("caption", "caption_entities")?;
        (text, entities) = (caption.text, Some(caption.entities));
    }
    let message = types::Message {
        media: original.message.media,
        entities,
        invert_media: original.message.invert_media,
        ..call.options()?
    };
    let sent = call.send(to, vec![Content { text, message }]).await?;
    let copy = sent.first().map(|message| message["message_id"].clone()).unwrap_or_default();
    Ok(json!({ "message_id": copy }))
}
