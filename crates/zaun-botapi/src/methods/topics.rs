//! Topics of forums.

use serde_json::{Value, json};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::threads::GENERAL_TOPIC;
use zaun_messenger::threads::topics::{NewTopic, TopicEdit};
use zaun_model::{MsgId, Peer};
use zaun_schema::api::enums::{MessageAction, MessageReplyHeader};

use super::Call;
use super::send::random_id;
use crate::error::ApiError;
use crate::to_json::Object;

impl Call<'_> {
    fn icon(&self) -> Option<i64> {
        let given = self.params.get("icon_custom_emoji_id")?;
        Some(given.parse().unwrap_or(0))
    }

    async fn forum_topic(&self) -> Result<(Peer, MsgId), ApiError> {
        let peer = self.peer("chat_id").await?;
        let id = self.thread(peer).ok_or_else(|| ApiError::bad("message thread not found"))?;
        Ok((peer, id))
    }

    /// Changes a topic; one that is so already is no failure.
    async fn edit_topic(&self, (peer, id): (Peer, MsgId), edit: TopicEdit) -> Result<Value, ApiError> {
        let done = self.messenger().edit_topic(self.actor(), PeerRef::Known(peer), id, edit).await;
        match done {
            Err(error) if error.to_string() == "400 TOPIC_NOT_MODIFIED" => {}
            other => drop(other?),
        }
        Ok(json!(true))
    }

    async fn unpin_topic(&self, peer: Peer, id: MsgId) -> Result<Value, ApiError> {
        let named = PeerRef::Known(peer);
        while self.messenger().unpin_all(self.actor(), named, (Some(id), None)).await?.offset > 0 {}
        Ok(json!(true))
    }

    async fn general(&self) -> Result<(Peer, MsgId), ApiError> {
        Ok((self.peer("chat_id").await?, GENERAL_TOPIC))
    }
}

/// Writes what a service message says of a topic; `false` if it says nothing of one.
pub(crate) fn action(out: &mut Object, action: &MessageAction) -> bool {
    match action {
        MessageAction::MessageActionTopicCreate(made) => {
            let mut topic = Object::default();
            topic.set("name", made.title.clone());
            topic.set("icon_color", made.icon_color);
            topic.some("icon_custom_emoji_id", made.icon_emoji_id.map(|id| id.to_string()));
            out.set("forum_topic_created", topic.done());
        }
        MessageAction::MessageActionTopicEdit(edit) => match (edit.closed, edit.hidden) {
            (_, Some(true)) => out.set("general_forum_topic_hidden", json!({})),
            (_, Some(false)) => out.set("general_forum_topic_unhidden", json!({})),
            (Some(true), _) => out.set("forum_topic_closed", json!({})),
            (Some(false), _) => out.set("forum_topic_reopened", json!({})),
            (None, None) => {
                let mut topic = Object::default();
                topic.some("name", edit.title.clone());
                let icon = edit.icon_emoji_id.map(|id| if id == 0 { String::new() } else { id.to_string() });
                if let Some(icon) = icon {
                    topic.set("icon_custom_emoji_id", icon);
                }
                out.set("forum_topic_edited", topic.done());
            }
        },
        _ => return false,
    }
    true
}

/// Writes in which topic or thread a message is (B-046).
pub(crate) fn place(out: &mut Object, header: Option<&MessageReplyHeader>) {
    let Some(MessageReplyHeader::MessageReplyHeader(header)) = header else { return };
    let top = header.reply_to_top_id.or(header.reply_to_msg_id.filter(|_| header.forum_topic));
    out.some("message_thread_id", top);
    out.some("is_topic_message", Some(header.forum_topic));
}

/// createForumTopic
pub(super) async fn create_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let title = call.params.get("name").unwrap_or_default().to_owned();
    let icon_color = call.params.number("icon_color").and_then(|color| i32::try_from(color).ok());
    let new = NewTopic { title, icon_color, icon_emoji_id: call.icon(), random_id: random_id() };
    let made = call.messenger().create_topic(call.actor(), PeerRef::Known(peer), new).await?;
    let message = &made.value.message;
    let mut out = Object::default();
    out.set("message_thread_id", message.id().0);
    if let zaun_messenger::messages::content::Body::Service(service) = &message.body
        && let MessageAction::MessageActionTopicCreate(topic) = &service.action
    {
        out.set("name", topic.title.clone());
        out.set("icon_color", topic.icon_color);
        out.some("icon_custom_emoji_id", topic.icon_emoji_id.map(|id| id.to_string()));
    }
    Ok(out.done())
}

/// editForumTopic
pub(super) async fn edit_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let topic = call.forum_topic().await?;
    let title = call.params.get("name").filter(|name| !name.is_empty()).map(str::to_owned);
    let icon_emoji_id = call.icon().filter(|_| topic.1 != GENERAL_TOPIC);
    call.edit_topic(topic, TopicEdit { title, icon_emoji_id, ..TopicEdit::default() }).await
}

/// closeForumTopic
pub(super) async fn close_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let topic = call.forum_topic().await?;
    call.edit_topic(topic, TopicEdit { closed: Some(true), ..TopicEdit::default() }).await
}

/// reopenForumTopic
pub(super) async fn reopen_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let topic = call.forum_topic().await?;
    call.edit_topic(topic, TopicEdit { closed: Some(false), ..TopicEdit::default() }).await
}

/// deleteForumTopic
pub(super) async fn delete_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let (peer, id) = call.forum_topic().await?;
    while call.messenger().delete_topic(call.actor(), PeerRef::Known(peer), id).await?.offset > 0 {}
    Ok(json!(true))
}

/// unpinAllForumTopicMessages
pub(super) async fn unpin_all_forum_topic_messages(call: Call<'_>) -> Result<Value, ApiError> {
    let (peer, id) = call.forum_topic().await?;
    call.unpin_topic(peer, id).await
}

/// editGeneralForumTopic
pub(super) async fn edit_general_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let title = Some(call.params.get("name").unwrap_or_default().to_owned());
    let general = call.general().await?;
    call.edit_topic(general, TopicEdit { title, ..TopicEdit::default() }).await
}

/// closeGeneralForumTopic
pub(super) async fn close_general_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let general = call.general().await?;
    call.edit_topic(general, TopicEdit { closed: Some(true), ..TopicEdit::default() }).await
}

/// reopenGeneralForumTopic: a hidden one is shown again.
pub(super) async fn reopen_general_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let general = call.general().await?;
    call.edit_topic(general, TopicEdit { hidden: Some(false), ..TopicEdit::default() }).await?;
    call.edit_topic(general, TopicEdit { closed: Some(false), ..TopicEdit::default() }).await
}

/// hideGeneralForumTopic
pub(super) async fn hide_general_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let general = call.general().await?;
    call.edit_topic(general, TopicEdit { hidden: Some(true), ..TopicEdit::default() }).await
}

/// unhideGeneralForumTopic
pub(super) async fn unhide_general_forum_topic(call: Call<'_>) -> Result<Value, ApiError> {
    let general = call.general().await?;
    call.edit_topic(general, TopicEdit { hidden: Some(false), ..TopicEdit::default() }).await
}

/// unpinAllGeneralForumTopicMessages
pub(super) async fn unpin_all_general_forum_topic_messages(call: Call<'_>) -> Result<Value, ApiError> {
    let (peer, id) = call.general().await?;
    call.unpin_topic(peer, id).await
}

/// getForumTopicIconStickers: there are no custom emoji here, so no icons of that kind either.
pub(super) async fn get_forum_topic_icon_stickers(_: Call<'_>) -> Result<Value, ApiError> {
    Ok(json!([]))
}
