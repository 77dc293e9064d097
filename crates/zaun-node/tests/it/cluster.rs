//! Two nodes over one store: what happens on one is heard on the other.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, Message, Sandbox};

use crate::support::client;

/// The next pushed update that fits.
async fn pushed<T>(client: &mut ApiClient, pick: impl Fn(&enums::Update) -> Option<T>) -> T {
    let from_packet = |m: &Message| match m.decode::<enums::Updates>() {
        Some(enums::Updates::Updates(updates)) => updates.updates.iter().find_map(&pick),
        _ => None,
    };
    client.conversation.wait_for(from_packet).await.unwrap()
}

fn text_of(message: &enums::Message) -> Option<String> {
    match message {
        enums::Message::Message(message) => Some(message.message.clone()),
        _ => None,
    }
}

fn arrived(update: &enums::Update) -> Option<(String, i32)> {
    match update {
        enums::Update::UpdateNewMessage(new) => Some((text_of(&new.message)?, new.pts)),
        enums::Update::UpdateNewChannelMessage(new) => Some((text_of(&new.message)?, new.pts)),
        _ => None,
    }
}

fn text(peer: &enums::InputPeer, text: &str, random_id: i64) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        peer: peer.clone(),
        message: text.into(),
        random_id,
        ..functions::messages::SendMessage::default()
    }
}

#[tokio::test]
async fn messages_reach_the_other_node_once_and_in_order() {
    let here = Sandbox::start().await.unwrap();
    let there = here.another_node().await.unwrap();
    let mut alice = client(&here, "9996610001").await;
    let mut bob = client(&there, "9996610002").await;
    let to_bob = alice.befriend("9996610002").await.unwrap();
    let mut pts = bob.call(&functions::updates::GetState {}).await.unwrap().pts;
    for n in 1..=20 {
        alice.call(&text(&to_bob, &format!("message {n}"), n)).await.unwrap();
    }
    for n in 1..=20 {
        let (text, at) = pushed(&mut bob, arrived).await;
        assert_eq!((text, at), (format!("message {n}"), pts + 1), "in order and without a gap");
        pts = at;
    }
    // What leaves no trace is passed on.
    let typing = functions::messages::SetTyping {
        peer: to_bob,
        top_msg_id: None,
        action: enums::SendMessageAction::SendMessageTypingAction,
    };
    alice.call(&typing).await.unwrap();
    pushed(&mut bob, |update| matches!(update, enums::Update::UpdateUserTyping(_)).then_some(())).await;
}

#[tokio::test]
async fn a_channel_is_heard_by_members_on_both_nodes() {
    let here = Sandbox::start().await.unwrap();
    let there = here.another_node().await.unwrap();
    let mut alice = client(&here, "9996610001").await;
    let mut bob = client(&there, "9996610002").await;
    let create = functions::channels::CreateChannel {
        megagroup: true,
        title: "Everywhere".into(),
        ..functions::channels::CreateChannel::default()
    };
    let enums::Updates::Updates(made) = alice.call(&create).await.unwrap() else { panic!("updates") };
    let [enums::Chat::Channel(group)] = &made.chats[..] else { panic!("{made:?}") };
    let own: enums::InputChannel =
        types::InputChannel { channel_id: group.id, access_hash: group.access_hash.unwrap() }.into();
    let name = functions::channels::UpdateUsername { channel: own, username: "everywhere".into() };
    alice.call(&name).await.unwrap();
    let resolve =
        functions::contacts::ResolveUsername { username: "everywhere".into(), ..Default::default() };
    let found = bob.call(&resolve).await.unwrap();
    let [enums::Chat::Channel(seen)] = &found.chats[..] else { panic!("{found:?}") };
    let access_hash = seen.access_hash.unwrap();
    let channel: enums::InputChannel = types::InputChannel { channel_id: seen.id, access_hash }.into();
    bob.call(&functions::channels::JoinChannel { channel }).await.unwrap();
    let at_alice = types::InputPeerChannel { channel_id: group.id, access_hash: group.access_hash.unwrap() };
    alice.call(&text(&at_alice.into(), "to the other node", 1)).await.unwrap();
    assert_eq!(pushed(&mut bob, arrived).await.0, "to the other node");
    let at_bob = types::InputPeerChannel { channel_id: seen.id, access_hash };
    bob.call(&text(&at_bob.into(), "and back", 1)).await.unwrap();
    // A node that catches up may tell an event twice; clients know it by its pts.
    while pushed(&mut alice, arrived).await.0 != "and back" {}
}

#[tokio::test]
async fn a_session_that_was_ended_on_one_node_is_ended_on_the_other() {
    let here = Sandbox::start().await.unwrap();
    let there = here.another_node().await.unwrap();
    let mut first = client(&here, "9996610001").await;
    let mut second = client(&there, "9996610001").await;
    second.call(&functions::updates::GetState {}).await.unwrap();
    first.call(&functions::auth::ResetAuthorizations {}).await.unwrap();
    // The other node hears of it in its own time; meanwhile its answers are still those of before.
    let refused = loop {
        if let Err(error) = second.call(&functions::updates::GetState {}).await {
            break error;
        }
        tokio::task::yield_now().await;
    };
    assert!(refused.to_string().contains("SESSION_REVOKED"), "{refused}");
}
