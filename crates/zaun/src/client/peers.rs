//! What people call a conversation, and what the API calls it.

use anyhow::Context;
use zaun_client::Client;
use zaun_schema::api::functions::{contacts, messages};
use zaun_schema::api::{enums, types};

/// Conversations that are looked through for an id.
const DIALOGS: i32 = 100;

/// The peer that a word means.
pub async fn find(client: &Client, word: &str) -> anyhow::Result<enums::InputPeer> {
    if word == "me" {
        return Ok(enums::InputPeer::InputPeerSelf);
    }
    if let Some(phone) = word.strip_prefix('+') {
        return by_phone(client, phone).await;
    }
    if let Some(username) = word.strip_prefix('@') {
        let request = contacts::ResolveUsername { username: username.to_owned(), ..Default::default() };
        let found = client.invoke(&request).await?;
        return pick(&found.users, &found.chats, |_| true)
            .with_context(|| format!("nobody is called {word}"));
    }
    let id: i64 = word.parse().with_context(|| format!("{word:?} is neither me, +PHONE, @NAME nor an id"))?;
    let (users, chats) = match dialogs(client).await? {
        enums::messages::Dialogs::Dialogs(all) => (all.users, all.chats),
        enums::messages::Dialogs::DialogsSlice(some) => (some.users, some.chats),
        enums::messages::Dialogs::DialogsNotModified(_) => Default::default(),
    };
    pick(&users, &chats, |found| found == id)
        .with_context(|| format!("{id} is not among the newest {DIALOGS} chats"))
}

/// The newest conversations.
pub async fn dialogs(client: &Client) -> anyhow::Result<enums::messages::Dialogs> {
    let offset_peer = enums::InputPeer::InputPeerEmpty;
    let request = messages::GetDialogs { offset_peer, limit: DIALOGS, ..messages::GetDialogs::default() };
    Ok(client.invoke(&request).await?)
}

/// A phone becomes a contact, because only those can be looked up by it.
async fn by_phone(client: &Client, phone: &str) -> anyhow::Result<enums::InputPeer> {
    let contact = types::InputPhoneContact {
        phone: phone.to_owned(),
        first_name: format!("+{phone}"),
        ..types::InputPhoneContact::default()
    };
    let found = client.invoke(&contacts::ImportContacts { contacts: vec![contact] }).await?;
    pick(&found.users, &[], |_| true).with_context(|| format!("+{phone} has no account here"))
}

fn pick(
    users: &[enums::User],
    chats: &[enums::Chat],
    mut wanted: impl FnMut(i64) -> bool,
) -> Option<enums::InputPeer> {
    for user in users {
        if let enums::User::User(user) = user
            && wanted(user.id)
        {
            let access_hash = user.access_hash.unwrap_or(0);
            return Some(types::InputPeerUser { user_id: user.id, access_hash }.into());
        }
    }
    chats.iter().find_map(|chat| match chat {
        enums::Chat::Chat(chat) if wanted(chat.id) => Some(types::InputPeerChat { chat_id: chat.id }.into()),
        enums::Chat::Channel(channel) if wanted(channel.id) => {
            let access_hash = channel.access_hash.unwrap_or(0);
            Some(types::InputPeerChannel { channel_id: channel.id, access_hash }.into())
        }
        _ => None,
    })
}

/// What a user is called.
pub fn name(user: &types::User) -> String {
    let words = [user.first_name.as_deref(), user.last_name.as_deref()];
    let name = words.into_iter().flatten().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if name.is_empty() { format!("user {}", user.id) } else { name }
}

/// What the user or chat with an id is called.
pub fn name_of(id: i64, users: &[enums::User], chats: &[enums::Chat]) -> String {
    let user = users.iter().find_map(|user| match user {
        enums::User::User(user) if user.id == id => Some(name(user)),
        _ => None,
    });
    let chat = || {
        chats.iter().find_map(|chat| match chat {
            enums::Chat::Chat(chat) if chat.id == id => Some(chat.title.clone()),
            enums::Chat::Channel(channel) if channel.id == id => Some(channel.title.clone()),
            _ => None,
        })
    };
    user.or_else(chat).unwrap_or_else(|| id.to_string())
}

/// The id in a peer.
pub fn id(peer: &enums::Peer) -> i64 {
    match peer {
        enums::Peer::PeerUser(user) => user.user_id,
        enums::Peer::PeerChat(chat) => chat.chat_id,
        enums::Peer::PeerChannel(channel) => channel.channel_id,
    }
}
