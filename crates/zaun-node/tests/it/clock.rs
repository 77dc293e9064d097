//! Time that tests move.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, Error, Sandbox};

use crate::support::client;

const DAY_S: i64 = 86_400;

fn edit(peer: &enums::InputPeer, id: i32, text: &str) -> functions::messages::EditMessage {
    functions::messages::EditMessage {
        peer: peer.clone(),
        id,
        message: Some(text.into()),
        ..functions::messages::EditMessage::default()
    }
}

fn sent_id(answer: enums::Updates) -> i32 {
    let enums::Updates::Updates(updates) = answer else { panic!("{answer:?}") };
    let ids = updates.updates.iter().find_map(|update| match update {
        enums::Update::UpdateMessageID(sent) => Some(sent.id),
        _ => None,
    });
    ids.unwrap()
}

#[tokio::test]
async fn a_message_cannot_be_edited_after_two_days() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut alice = client(&sandbox, "9996610001").await;
    let _bob = client(&sandbox, "9996610002").await;
    let peer = alice.befriend("9996610002").await.unwrap();
    let request = functions::messages::SendMessage {
        peer: peer.clone(),
        message: "first".into(),
        random_id: 1,
        ..functions::messages::SendMessage::default()
    };
    let id = sent_id(alice.call(&request).await.unwrap());
    alice.call(&edit(&peer, id, "second")).await.unwrap();

    sandbox.advance(2 * DAY_S + 1).await;
    let refused = alice.call(&edit(&peer, id, "third")).await.unwrap_err();
    let Error::Rpc { code, text } = refused else { panic!("{refused:?}") };
    assert_eq!((code, text.as_str()), (400, "MESSAGE_EDIT_TIME_EXPIRED"));
}

#[tokio::test]
async fn who_said_nothing_for_a_minute_is_offline() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut alice = client(&sandbox, "9996610001").await;
    let mut bob = client(&sandbox, "9996610002").await;
    let peer = alice.befriend("9996610002").await.unwrap();
    bob.call(&functions::account::UpdateStatus { offline: false }).await.unwrap();
    let enums::InputPeer::InputPeerUser(user) = peer else { panic!("a user") };
    let id: enums::InputUser =
        types::InputUser { user_id: user.user_id, access_hash: user.access_hash }.into();
    assert!(matches!(status(&mut alice, &id).await, Some(enums::UserStatus::UserStatusOnline(_))));
    sandbox.advance(61).await;
    let now = sandbox.clock().now();
    let Some(enums::UserStatus::UserStatusOffline(offline)) = status(&mut alice, &id).await else {
        panic!("the online time ran out")
    };
    assert!((now - i64::from(offline.was_online)).abs() < 5, "{offline:?}");
}

async fn status(client: &mut ApiClient, id: &enums::InputUser) -> Option<enums::UserStatus> {
    let users = client.call(&functions::users::GetUsers { id: vec![id.clone()] }).await.unwrap();
    match users.into_iter().next() {
        Some(enums::User::User(user)) => user.status,
        other => panic!("{other:?}"),
    }
}
