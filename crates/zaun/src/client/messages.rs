//! Texts and lists.

use zaun_client::Client;
use zaun_schema::api::functions::messages::{GetHistory, SendMessage};
use zaun_schema::api::{enums, types};

use super::peers;
use crate::terminal;

pub async fn chats(client: &Client) -> anyhow::Result<()> {
    let (dialogs, messages, chats, users) = match peers::dialogs(client).await? {
        enums::messages::Dialogs::Dialogs(all) => (all.dialogs, all.messages, all.chats, all.users),
        enums::messages::Dialogs::DialogsSlice(some) => (some.dialogs, some.messages, some.chats, some.users),
        enums::messages::Dialogs::DialogsNotModified(_) => Default::default(),
    };
    for dialog in dialogs {
        let enums::Dialog::Dialog(dialog) = dialog else { continue };
        let id = peers::id(&dialog.peer);
        let top = messages.iter().find_map(|message| match message {
            enums::Message::Message(message) if message.id == dialog.top_message => Some(text(message)),
            _ => None,
        });
        let unread = if dialog.unread_count > 0 {
            format!(" ({} unread)", dialog.unread_count)
        } else {
            String::new()
        };
        let name = peers::name_of(id, &users, &chats);
        terminal::say(format_args!("{id:>12}  {name}{unread}  {}", top.unwrap_or_default()))?;
    }
    Ok(())
}

pub async fn send(client: &Client, peer: &str, message: String) -> anyhow::Result<()> {
    let peer = peers::find(client, peer).await?;
    let random_id = random_id();
    let sent = client.invoke(&SendMessage { peer, message, random_id, ..SendMessage::default() }).await?;
    match sent_id(&sent) {
        Some(id) => terminal::say(format_args!("sent as message {id}"))?,
        None => terminal::say("sent")?,
    }
    Ok(())
}

pub async fn history(client: &Client, peer: &str, limit: i32) -> anyhow::Result<()> {
    let peer = peers::find(client, peer).await?;
    let (mut messages, chats, users) =
        split(client.invoke(&GetHistory { peer, limit, ..GetHistory::default() }).await?);
    messages.reverse();
    for message in &messages {
        let enums::Message::Message(message) = message else { continue };
        let from = match (&message.from_id, message.out) {
            (_, true) => "me".to_owned(),
            (Some(from), _) => peers::name_of(peers::id(from), &users, &chats),
            (None, _) => peers::name_of(peers::id(&message.peer_id), &users, &chats),
        };
        terminal::say(format_args!("{:>8}  {from}: {}", message.id, text(message)))?;
    }
    Ok(())
}

/// Messages, chats and users of any form of a list.
pub fn split(list: enums::messages::Messages) -> (Vec<enums::Message>, Vec<enums::Chat>, Vec<enums::User>) {
    match list {
        enums::messages::Messages::Messages(all) => (all.messages, all.chats, all.users),
        enums::messages::Messages::MessagesSlice(some) => (some.messages, some.chats, some.users),
        enums::messages::Messages::ChannelMessages(of) => (of.messages, of.chats, of.users),
        enums::messages::Messages::MessagesNotModified(_) => Default::default(),
    }
}

/// A message in a line.
fn text(message: &types::Message) -> String {
    let media = match &message.media {
        Some(enums::MessageMedia::MessageMediaPhoto(_)) => "[photo] ",
        Some(enums::MessageMedia::MessageMediaDocument(_)) => "[file] ",
        Some(_) => "[…] ",
        None => "",
    };
    format!("{media}{}", message.message)
}

/// The id that a sent message got.
pub fn sent_id(sent: &enums::Updates) -> Option<i32> {
    match sent {
        enums::Updates::UpdateShortSentMessage(sent) => Some(sent.id),
        enums::Updates::Updates(sent) => sent.updates.iter().find_map(|update| match update {
            enums::Update::UpdateMessageID(named) => Some(named.id),
            _ => None,
        }),
        _ => None,
    }
}

pub fn random_id() -> i64 {
    rand::random()
}
