//! Messages that are sent later, and messages that delete themselves.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

const DAY: i32 = 86_400;

fn send(peer: &enums::InputPeer, text: &str, date: Option<i32>) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        peer: peer.clone(),
        message: text.into(),
        random_id: rand::random(),
        schedule_date: date,
        ..Default::default()
    }
}

/// The number that a planned message got, and the message.
fn planned(updates: enums::Updates) -> (i32, types::Message) {
    let updates = packet(updates).updates;
    let id = updates.iter().find_map(|update| match update {
        enums::Update::UpdateMessageID(update) => Some(update.id),
        _ => None,
    });
    let message = updates.iter().find_map(|update| match update {
        enums::Update::UpdateNewScheduledMessage(update) => Some(update.message.clone()),
        _ => None,
    });
    let Some(enums::Message::Message(message)) = message else { panic!("G-343: {updates:?}") };
    (id.unwrap(), *message)
}

fn incoming(update: &enums::Update) -> Option<enums::Message> {
    match update {
        enums::Update::UpdateNewMessage(update) => Some(update.message.clone()),
        enums::Update::UpdateNewChannelMessage(update) => Some(update.message.clone()),
        _ => None,
    }
}

fn gone(update: &enums::Update) -> Option<types::UpdateDeleteScheduledMessages> {
    match update {
        enums::Update::UpdateDeleteScheduledMessages(update) => Some((**update).clone()),
        _ => None,
    }
}

async fn waiting(client: &mut ApiClient, peer: &enums::InputPeer) -> Vec<types::Message> {
    let get = functions::messages::GetScheduledHistory { peer: peer.clone(), hash: 0 };
    let enums::messages::Messages::Messages(page) = client.call(&get).await.unwrap() else { panic!() };
    let written = |message| match message {
        enums::Message::Message(message) => *message,
        other => panic!("{other:?}"),
    };
    page.messages.into_iter().map(written).collect()
}

/// G-340 … G-347 in a private chat.
#[tokio::test]
async fn g340_g347_messages_are_sent_later() {
    let mut world = world("999661").await;
    let bob = world.alice.befriend("9996610002").await.unwrap();
    let alice = world.bob.befriend("9996610001").await.unwrap();
    let now = i32::try_from(world._sandbox.clock().now()).unwrap();

    assert_eq!(
        refused(&mut world.alice, &send(&bob, "too far", Some(now + 368 * DAY))).await,
        "400 SCHEDULE_DATE_TOO_LATE",
        "G-341"
    );
    let (first, message) = planned(world.alice.call(&send(&bob, "later", Some(now + 60))).await.unwrap());
    assert_eq!((message.id, message.date, message.message.as_str()), (first, now + 60, "later"));
    assert!(message.out && message.views.is_none() && message.ttl_period.is_none(), "G-345");
    let (second, _) = planned(world.alice.call(&send(&bob, "much later", Some(now + 120))).await.unwrap());
    let (third, _) = planned(world.alice.call(&send(&bob, "never", Some(now + 120))).await.unwrap());
    assert_eq!(
        waiting(&mut world.alice, &bob).await.iter().map(|m| m.id).collect::<Vec<_>>(),
        [third, second, first]
    );
    assert!(waiting(&mut world.bob, &alice).await.is_empty(), "G-340");
    let full = functions::users::GetFullUser { id: named(&mut world.alice, "9996610002").await };
    let full = world.alice.call(&full).await.unwrap();
    assert!(full.full_user.has_scheduled, "G-347");

    // G-346
    let edit = functions::messages::EditMessage {
        peer: bob.clone(),
        id: second,
        message: Some("not so much later".into()),
        schedule_date: Some(now + 90),
        ..Default::default()
    };
    let edited = packet(world.alice.call(&edit).await.unwrap());
    assert!(matches!(&edited.updates[..], [enums::Update::UpdateNewScheduledMessage(update)]
        if matches!(&update.message, enums::Message::Message(message) if message.id == second && message.date == now + 90)));
    let delete = functions::messages::DeleteScheduledMessages { peer: bob.clone(), id: vec![third] };
    let deleted = packet(world.alice.call(&delete).await.unwrap());
    assert!(deleted.updates.iter().filter_map(gone).any(|update| update.messages == [third]));

    // G-344
    world._sandbox.advance(61).await;
    let enums::Message::Message(got) = update(&mut world.bob, incoming).await else { panic!() };
    assert_eq!(got.message, "later");
    let own = update(&mut world.alice, gone).await;
    assert_eq!((own.messages, own.sent_messages.map(|ids| ids.len())), (vec![first], Some(1)));
    let history = functions::messages::GetHistory { peer: bob.clone(), limit: 1, ..Default::default() };
    let enums::messages::Messages::Messages(page) = world.alice.call(&history).await.unwrap() else {
        panic!()
    };
    assert!(matches!(&page.messages[..], [enums::Message::Message(message)] if message.from_scheduled));

    let now_please = functions::messages::SendScheduledMessages { peer: bob.clone(), id: vec![second] };
    world.alice.call(&now_please).await.unwrap();
    let enums::Message::Message(got) = update(&mut world.bob, incoming).await else { panic!() };
    assert_eq!(got.message, "not so much later");
    assert!(waiting(&mut world.alice, &bob).await.is_empty());
    assert_eq!(refused(&mut world.alice, &now_please).await, "400 MESSAGE_ID_INVALID");
    // G-341: what is due within ten seconds is sent at once.
    let now = i32::try_from(world._sandbox.clock().now()).unwrap();
    world.alice.call(&send(&bob, "at once", Some(now + 5))).await.unwrap();
    let enums::Message::Message(got) = update(&mut world.bob, incoming).await else { panic!() };
    assert_eq!(got.message, "at once");
}

/// G-342: as soon as the other side is online.
#[tokio::test]
async fn g342_when_the_other_side_is_online() {
    let mut world = world("999662").await;
    let bob = world.alice.befriend("9996620002").await.unwrap();
    world.bob.befriend("9996620001").await.unwrap();
    world.bob.call(&functions::account::UpdateStatus { offline: true }).await.unwrap();
    planned(world.alice.call(&send(&bob, "there you are", Some(0x7FFF_FFFE))).await.unwrap());
    world._sandbox.advance(3600).await;
    assert_eq!(waiting(&mut world.alice, &bob).await.len(), 1);
    world.bob.call(&functions::account::UpdateStatus { offline: false }).await.unwrap();
    let enums::Message::Message(got) = update(&mut world.bob, incoming).await else { panic!() };
    assert_eq!(got.message, "there you are");
    let own = send(&enums::InputPeer::InputPeerSelf, "never", Some(0x7FFF_FFFE));
    assert_eq!(refused(&mut world.alice, &own).await, "400 SCHEDULE_DATE_INVALID");
}

/// G-336 … G-339: messages delete themselves, for everybody.
#[tokio::test]
async fn g336_g339_messages_delete_themselves() {
    let mut world = world("999663").await;
    let bob = world.alice.befriend("9996630002").await.unwrap();
    let alice = world.bob.befriend("9996630001").await.unwrap();
    world.alice.call(&send(&bob, "stays", None)).await.unwrap();
    let set = |period| functions::messages::SetHistoryTTL { peer: bob.clone(), period };
    assert_eq!(refused(&mut world.alice, &set(100)).await, "400 TTL_PERIOD_INVALID", "G-336");
    assert_eq!(refused(&mut world.alice, &set(366 * DAY)).await, "400 TTL_PERIOD_INVALID", "G-336");
    world.alice.call(&set(DAY)).await.unwrap();
    assert_eq!(refused(&mut world.alice, &set(DAY)).await, "400 CHAT_NOT_MODIFIED");
    let told = update(&mut world.bob, |update| match update {
        enums::Update::UpdatePeerHistoryTTL(update) => Some(update.ttl_period),
        _ => None,
    });
    assert_eq!(told.await, Some(DAY), "G-337");
    world.bob.call(&send(&alice, "goes", None)).await.unwrap();
    let history = functions::messages::GetHistory { peer: bob.clone(), limit: 10, ..Default::default() };
    let periods = async |client: &mut ApiClient| {
        let enums::messages::Messages::Messages(page) = client.call(&history).await.unwrap() else {
            panic!()
        };
        let written = page.messages.into_iter().filter_map(|message| match message {
            enums::Message::Message(message) => Some((message.message, message.ttl_period)),
            _ => None,
        });
        written.collect::<Vec<_>>()
    };
    assert_eq!(periods(&mut world.alice).await, [("goes".into(), Some(DAY)), ("stays".into(), None)]);
    world._sandbox.advance(i64::from(DAY) - 60).await;
    assert_eq!(periods(&mut world.alice).await.len(), 2);
    world._sandbox.advance(120).await;
    let gone = update(&mut world.alice, |update| match update {
        enums::Update::UpdateDeleteMessages(update) => Some(update.messages.len()),
        _ => None,
    });
    assert_eq!(gone.await, 1, "G-339");
    assert_eq!(periods(&mut world.alice).await, [("stays".into(), None)]);

    // G-337: a default for new conversations.
    let default = functions::messages::SetDefaultHistoryTTL { period: 7 * DAY };
    world.alice.call(&default).await.unwrap();
    let found = world.alice.call(&functions::messages::GetDefaultHistoryTTL {}).await.unwrap();
    assert_eq!(found.period, 7 * DAY);
    let carol = world.alice.befriend("9996630003").await.unwrap();
    world.alice.call(&send(&carol, "hello", None)).await.unwrap();
    let told = update(&mut world.carol, |update| match incoming(update) {
        Some(enums::Message::MessageService(message)) => Some(message.action.clone()),
        _ => None,
    });
    let enums::MessageAction::MessageActionSetMessagesTTL(action) = told.await else { panic!() };
    assert!(action.period == 7 * DAY && action.auto_setting_from.is_some());
}
