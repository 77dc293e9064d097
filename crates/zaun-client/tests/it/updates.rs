//! Updates of an account: through cuts, across runs, and with its own calls counted.

use std::time::Duration;

use crate::accounts::{client, log_in, servers};
use crate::support::*;
use zaun_client::{App, Client, InvokeError, MemoryStorage, Servers, UpdateEvent, Updates};
use zaun_schema::api::functions::{contacts, messages};
use zaun_schema::api::{enums, types};
use zaun_testkit::Sandbox;

async fn befriend(client: &Client, phone: &str) -> enums::InputPeer {
    let contact = types::InputPhoneContact {
        phone: phone.into(),
        first_name: "Friend".into(),
        ..types::InputPhoneContact::default()
    };
    let found = client.invoke(&contacts::ImportContacts { contacts: vec![contact] }).await.unwrap();
    let enums::User::User(user) = &found.users[0] else { panic!() };
    types::InputPeerUser { user_id: user.id, access_hash: user.access_hash.unwrap() }.into()
}

async fn send(client: &Client, peer: &enums::InputPeer, number: i64) {
    let message = messages::SendMessage {
        peer: peer.clone(),
        message: format!("number {number}"),
        random_id: number + 1,
        ..messages::SendMessage::default()
    };
    client.invoke(&message).await.unwrap();
}

/// Texts of the next new messages.
async fn texts(updates: &mut Updates, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        let event = tokio::time::timeout(Duration::from_secs(30), updates.next()).await.expect("it comes");
        if let UpdateEvent::Update { update, .. } = event.unwrap()
            && let enums::Update::UpdateNewMessage(new) = *update
            && let enums::Message::Message(message) = new.message
            && message.message.starts_with("number")
        {
            texts.push(message.message);
        }
    }
    texts
}

fn numbers(range: std::ops::Range<i64>) -> Vec<String> {
    range.map(|number| format!("number {number}")).collect()
}

#[tokio::test]
async fn messages_come_once_and_in_order_through_cuts() {
    let sandbox = Sandbox::start().await.unwrap();
    let gate = Gate::before(sandbox.address()).await;
    let alice = client(servers(&sandbox), MemoryStorage::default()).await;
    log_in(&alice, "9996620001").await;
    let builder = Client::builder(Servers::one(gate.address, sandbox.public_key()), App::new(1, "hash"));
    let bob = builder.connections(|connection| connection.reconnect(eager())).connect().await.unwrap();
    log_in(&bob, "9996620002").await;
    let mut updates = bob.updates().await.unwrap();
    assert_eq!(bob.updates().await.unwrap_err(), InvokeError::Taken);
    let peer = befriend(&alice, "9996620002").await;
    send(&alice, &peer, 0).await;
    assert_eq!(texts(&mut updates, 1).await, numbers(0..1));
    let sending = async {
        for number in 1..120 {
            send(&alice, &peer, number).await;
            if number % 25 == 0 {
                gate.cut();
            }
        }
    };
    let ((), got) = tokio::join!(sending, texts(&mut updates, 119));
    assert_eq!(got, numbers(1..120));
}

#[tokio::test]
async fn what_came_while_nobody_ran_is_fetched() {
    let sandbox = Sandbox::start().await.unwrap();
    let alice = client(servers(&sandbox), MemoryStorage::default()).await;
    log_in(&alice, "9996620001").await;
    let storage = MemoryStorage::default();
    let bob = client(servers(&sandbox), storage.clone()).await;
    log_in(&bob, "9996620002").await;
    let mut updates = bob.updates().await.unwrap();
    let peer = befriend(&alice, "9996620002").await;
    send(&alice, &peer, 0).await;
    assert_eq!(texts(&mut updates, 1).await, numbers(0..1));
    // Whoever applies an update asks for the next one; only then it counts as applied.
    let _ = tokio::time::timeout(Duration::from_millis(50), updates.next()).await;
    bob.disconnect().await.unwrap();
    drop((bob, updates));
    for number in 1..40 {
        send(&alice, &peer, number).await;
    }
    let bob = client(servers(&sandbox), storage).await;
    let mut updates = bob.updates().await.unwrap();
    assert_eq!(texts(&mut updates, 39).await, numbers(1..40));
}

#[tokio::test]
async fn m_363_own_calls_are_counted_without_a_difference() {
    let sandbox = Sandbox::start().await.unwrap();
    let alice = client(servers(&sandbox), MemoryStorage::default()).await;
    log_in(&alice, "9996620001").await;
    let bob = client(servers(&sandbox), MemoryStorage::default()).await;
    log_in(&bob, "9996620002").await;
    let mut updates = alice.updates().await.unwrap();
    let peer = befriend(&alice, "9996620002").await;
    let me = befriend(&bob, "9996620001").await;
    send(&bob, &me, 0).await;
    assert_eq!(texts(&mut updates, 1).await, numbers(0..1));
    let mut watch = sandbox.handle().watch();
    for number in 1..20 {
        send(&alice, &peer, number).await;
    }
    send(&bob, &me, 20).await;
    let got = texts(&mut updates, 1).await;
    assert!(got == numbers(20..21) || got == numbers(1..2), "{got:?}");
    let mut differences = 0;
    while let Ok(Some(zaun_server::inspect::Watched::Event(event))) =
        tokio::time::timeout(Duration::from_millis(700), watch.next()).await
    {
        if let zaun_server::inspect::Kind::Received { body, .. } = event.kind {
            let get = zaun_schema::api::functions::updates::GetDifference::CONSTRUCTOR_ID.to_le_bytes();
            differences += usize::from(body.windows(4).any(|word| word == get));
        }
    }
    assert_eq!(differences, 0);
}
