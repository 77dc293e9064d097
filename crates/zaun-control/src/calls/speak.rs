//! What a user writes, changes, takes back and reads.

use rand::Rng;
use serde_json::{Value, json};
use zaun_messenger::messages::change::Edit;
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::send::{Draft, ReplyTo};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::views::Message;
use zaun_messenger::{Actor, Error, errors};
use zaun_model::{MsgId, Peer};
use zaun_schema::api::types;

use super::files::File;
use super::see;
use crate::fields::Fields;
use crate::limits::MAX_MESSAGES;
use crate::{Control, Refusal};

/// Sends a text, a photo or a file.
pub(crate) async fn send(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let file = File::read(&mut fields)?;
    let text = match &file {
        Some(_) => fields.maybe_text("text")?.unwrap_or_default(),
        None => fields.text("text")?,
    };
    let reply_to = fields.maybe_number("reply_to", (1, i64::from(i32::MAX)))?;
    let silent = fields.flag("silent", false)?;
    let place = fields.clone();
    fields.end()?;
    let reply_to = reply_to.and_then(|id| i32::try_from(id).ok());
    let reply_to = reply_to.map(|id| ReplyTo { msg_id: MsgId(id), ..ReplyTo::default() });
    let media = match file {
        Some(file) => Some(file.upload(control, actor, &place).await?),
        None => None,
    };
    let content = Content { text, message: types::Message { silent, media, ..types::Message::default() } };
    send_content(control, actor, chat, content, reply_to).await.map_err(|error| blame(&place, error))
}

/// Sends one message and returns it as its author sees it.
pub(super) async fn send_content(
    control: &Control,
    actor: Actor,
    chat: Peer,
    content: Content,
    reply_to: Option<ReplyTo>,
) -> Result<Value, Error> {
    let random_id = (rand::rng().next_u64() >> 1).cast_signed().max(1);
    let draft = Draft { clear_draft: true, ..Draft::of(random_id, content, reply_to) };
    let sent = control.messenger().send(actor, PeerRef::Known(chat), vec![draft]).await?;
    let sent: Vec<Message> = sent.value.iter().map(|sent| (*sent.message).clone()).collect();
    Ok(see::messages_to_json(control, actor.user_id, sent).await?.into_iter().next().unwrap_or_default())
}

/// Says which field the messenger's refusal of a message blames.
fn blame(place: &Fields, error: Error) -> Refusal {
    let refusal = Refusal::from(error);
    let field = match refusal.text.as_str() {
        errors::MESSAGE_EMPTY | errors::MESSAGE_TOO_LONG => "text",
        errors::MESSAGE_ID_INVALID => "message",
        errors::PEER_ID_INVALID | errors::CHANNEL_INVALID | errors::CHAT_ID_INVALID => "chat",
        _ => return refusal,
    };
    let path = place.path(field);
    refusal.of_field(&path)
}

/// Changes the text of a message.
pub(crate) async fn edit(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let id = MsgId(fields.message_id("message")?);
    let text = fields.text("text")?;
    let place = fields.clone();
    fields.end()?;
    let edit = Edit { text: Some((text, None)), ..Edit::default() };
    let edited = control.messenger().edit_message(actor, PeerRef::Known(chat), id, edit).await;
    edited.map_err(|error| blame(&place, error))?;
    see::message(control, actor, chat, id).await
}

/// Deletes messages, for everybody unless it is said otherwise.
pub(crate) async fn delete(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let mut ids = Vec::new();
    for (path, value) in fields.list("messages")? {
        let id = value.as_i64().and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 0);
        ids.push(MsgId(id.ok_or_else(|| Refusal::field(path, "this is to be the number of a message"))?));
    }
    let everywhere = fields.flag("for_all", true)?;
    let place = fields.clone();
    fields.end()?;
    let highest = usize::try_from(MAX_MESSAGES).unwrap_or(usize::MAX);
    if ids.is_empty() || ids.len() > highest {
        return Err(place.wrong("messages", format!("1 to {highest} messages are deleted at once")));
    }
    let messenger = control.messenger();
    let deleted = match chat {
        Peer::Channel(_) => messenger.delete_channel_messages(actor, PeerRef::Known(chat), ids).await?,
        Peer::User(_) | Peer::Chat(_) => messenger.delete_messages(actor, ids, everywhere).await?,
    };
    Ok(json!({ "deleted": deleted.pts_count }))
}

/// Marks a conversation as read, up to a message or to its end.
pub(crate) async fn read(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let up_to = fields.maybe_number("message", (1, i64::from(i32::MAX)))?.unwrap_or(0);
    fields.end()?;
    let up_to = MsgId(i32::try_from(up_to).unwrap_or(i32::MAX));
    control.messenger().read_history(actor, PeerRef::Known(chat), up_to).await?;
    Ok(json!({}))
}
