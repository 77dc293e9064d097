//! What a user sees: conversations and messages.

use serde_json::{Value, json};
use zaun_botapi::Eyes;
use zaun_messenger::bots::queue::Shown;
use zaun_messenger::dialogs::Offset;
use zaun_messenger::messages::content::Body;
use zaun_messenger::messages::history::{WHOLE_RANGE, Window};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::views::{Message, Scene};
use zaun_messenger::{Actor, Error};
use zaun_model::{MsgId, Peer, UserId};

use crate::fields::Fields;
use crate::limits::{MAX_CHATS, MAX_MESSAGES, MESSAGES};
use crate::{Control, Refusal, keyboard};

/// Writes a conversation as a viewer sees it, in the names of the Bot API.
fn chat_to_json(viewer: UserId, peer: Peer, scene: &Scene) -> Value {
    let mut out = json!({ "id": peer.marked() });
    match peer {
        Peer::User(id) => {
            out["type"] = "private".into();
            if let Some(person) = scene.person(viewer, id) {
                out["title"] = format!("{} {}", person.user.first_name, person.user.last_name).trim().into();
                out["is_bot"] = person.user.is_bot().into();
                if let Some(username) = &person.user.username {
                    out["username"] = username.clone().into();
                }
            }
        }
        Peer::Chat(id) => {
            out["type"] = "group".into();
            if let Some(view) = scene.groups(viewer).find(|view| view.group.id == id) {
                out["title"] = view.group.title.clone().into();
                out["members"] = view.group.members.into();
            }
        }
        Peer::Channel(id) => {
            let row = scene.channel(viewer, id).map(|view| view.channel);
            let broadcast = row.is_some_and(|row| row.broadcast);
            out["type"] = if broadcast { "channel" } else { "supergroup" }.into();
            if let Some(row) = row {
                out["title"] = row.title.clone().into();
                out["members"] = row.members.into();
                if let Some(username) = &row.username {
                    out["username"] = username.clone().into();
                }
            }
        }
    }
    out
}

/// Returns one conversation as somebody sees it.
pub(super) async fn chat_of(control: &Control, actor: Actor, peer: Peer) -> Result<Value, Refusal> {
    let (peer, scene) = control.messenger().peer(actor.user_id, PeerRef::Known(peer)).await?;
    Ok(chat_to_json(actor.user_id, peer, &scene))
}

/// Writes messages as a viewer sees them, in their order: as the Bot API does, with every keyboard beside.
pub(super) async fn messages_to_json(
    control: &Control,
    viewer: UserId,
    messages: Vec<Message>,
) -> Result<Vec<Value>, Error> {
    let (shown, scene) = control.messenger().show_sent(viewer, messages).await?;
    let eyes = Eyes { signer: &control.messenger().access, bot: viewer, scene: &scene };
    Ok(shown.iter().map(|shown| message_to_json(eyes, shown)).collect())
}

fn message_to_json(eyes: Eyes<'_>, shown: &Shown) -> Value {
    let message = &shown.message;
    let mut out = eyes.message(shown).unwrap_or_else(|| {
        // What bots are not shown happened all the same.
        json!({
            "message_id": message.row.id.0,
            "date": message.row.date.to_tl(),
            "chat": eyes.chat(message.row.peer),
            "service": true,
        })
    });
    out["out"] = (message.writer == Peer::User(eyes.bot)).into();
    if let Body::Written(content) = &message.body {
        let buttons = keyboard::to_json(content.message.reply_markup.as_ref());
        if buttons.as_array().is_some_and(|rows| !rows.is_empty()) {
            out["buttons"] = buttons;
        }
    }
    if message.row.pinned {
        out["pinned"] = true.into();
    }
    out
}

/// Returns the newest messages of a conversation above a number, newest first.
pub(super) async fn newest(
    control: &Control,
    actor: Actor,
    chat: Peer,
    above: i32,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let window = Window {
        thread: None,
        saved: None,
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: i32::try_from(limit).unwrap_or(i32::MAX),
        max_id: 0,
        min_id: above,
        range: WHOLE_RANGE,
    };
    Ok(control.messenger().history(actor, PeerRef::Known(chat), window).await?.messages)
}

/// Returns a message of which one knows that it is there.
pub(super) async fn message(
    control: &Control,
    actor: Actor,
    chat: Peer,
    id: MsgId,
) -> Result<Value, Refusal> {
    let (shown, scene) = control.messenger().shown_message(actor, PeerRef::Known(chat), id).await?;
    let eyes = Eyes { signer: &control.messenger().access, bot: actor.user_id, scene: &scene };
    let shown = shown.ok_or_else(|| Refusal::new(400, zaun_messenger::errors::MESSAGE_ID_INVALID))?;
    Ok(message_to_json(eyes, &shown))
}

/// Returns the messages of a conversation, oldest first.
pub(crate) async fn messages(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    let chat = control.peer(&mut fields, "chat").await?;
    let above = fields.maybe_number("after", (0, i64::from(i32::MAX)))?.unwrap_or(0);
    let limit = fields.maybe_number("limit", (1, MAX_MESSAGES))?.unwrap_or(MESSAGES);
    fields.end()?;
    let above = i32::try_from(above).unwrap_or(i32::MAX);
    let mut messages = newest(control, actor, chat, above, limit).await?;
    messages.reverse();
    Ok(messages_to_json(control, actor.user_id, messages).await?.into())
}

/// Returns the conversations of a user, newest first.
pub(crate) async fn chats(control: &Control, mut fields: Fields) -> Result<Value, Refusal> {
    let actor = control.actor(&mut fields).await?;
    fields.end()?;
    let found = control.messenger().dialogs(actor, 0, Offset::default(), false, MAX_CHATS).await?;
    let mut out = Vec::new();
    for line in found.page.lines {
        let mut chat = chat_to_json(actor.user_id, line.row.peer, &found.page.scene);
        chat["unread"] = line.row.unread.into();
        if let Some(top) = line.top {
            let last = messages_to_json(control, actor.user_id, vec![top]).await?;
            chat["last_message"] = last.into_iter().next().unwrap_or_default();
        }
        out.push(chat);
    }
    Ok(out.into())
}
