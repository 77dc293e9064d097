//! Who read a message, and when.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

const WEEK: i64 = 7 * 86_400;

async fn say(client: &mut ApiClient, peer: &enums::InputPeer) -> i32 {
    let send = functions::messages::SendMessage {
        peer: peer.clone(),
        message: "read me".into(),
        random_id: rand::random(),
        ..Default::default()
    };
    let sent = packet(client.call(&send).await.unwrap()).updates;
    let id = sent.iter().find_map(|update| match update {
        enums::Update::UpdateMessageID(update) => Some(update.id),
        _ => None,
    });
    id.unwrap()
}

async fn read(client: &mut ApiClient, peer: &enums::InputPeer) {
    let read = functions::messages::ReadHistory { peer: peer.clone(), max_id: 0 };
    client.call(&read).await.unwrap();
}

#[tokio::test]
async fn g377_the_date_of_reading_is_told_in_private_chats() {
    let mut world = world("999665").await;
    let bob = world.alice.befriend("9996650002").await.unwrap();
    let alice = world.bob.befriend("9996650001").await.unwrap();
    let first = say(&mut world.alice, &bob).await;
    let date = |id| functions::messages::GetOutboxReadDate { peer: bob.clone(), msg_id: id };
    assert_eq!(refused(&mut world.alice, &date(first)).await, "400 MESSAGE_NOT_READ_YET");
    assert_eq!(refused(&mut world.alice, &date(first + 9)).await, "400 MESSAGE_ID_INVALID");

    read(&mut world.bob, &alice).await;
    let then = world.alice.call(&date(first)).await.unwrap().date;
    world._sandbox.advance(100).await;
    let second = say(&mut world.alice, &bob).await;
    assert_eq!(refused(&mut world.alice, &date(second)).await, "400 MESSAGE_NOT_READ_YET");
    read(&mut world.bob, &alice).await;
    assert_eq!(world.alice.call(&date(first)).await.unwrap().date, then);
    assert!(world.alice.call(&date(second)).await.unwrap().date >= then + 100);

    let hide = |rule| functions::account::SetPrivacy {
        key: enums::InputPrivacyKey::InputPrivacyKeyStatusTimestamp,
        rules: vec![rule],
    };
    let (all, nobody) = (
        enums::InputPrivacyRule::InputPrivacyValueAllowAll,
        enums::InputPrivacyRule::InputPrivacyValueDisallowAll,
    );
    world.alice.call(&hide(nobody.clone())).await.unwrap();
    assert_eq!(refused(&mut world.alice, &date(first)).await, "403 YOUR_PRIVACY_RESTRICTED");
    world.alice.call(&hide(all)).await.unwrap();
    world.bob.call(&hide(nobody)).await.unwrap();
    assert_eq!(refused(&mut world.alice, &date(first)).await, "403 USER_PRIVACY_RESTRICTED");
    world._sandbox.advance(WEEK).await;
    assert_eq!(refused(&mut world.alice, &date(first)).await, "400 MESSAGE_TOO_OLD");
}

#[tokio::test]
async fn g376_readers_are_told_in_small_groups() {
    let mut world = world("999665").await;
    let users =
        vec![named(&mut world.alice, "9996650002").await, named(&mut world.alice, "9996650003").await];
    let (bob, carol) = (id_of(&users[0]), id_of(&users[1]));
    let create = functions::messages::CreateChat { users, title: "Readers".into(), ..Default::default() };
    let made = world.alice.call(&create).await.unwrap();
    let made = packet(made.updates);
    let Some(enums::Chat::Chat(chat)) = made.chats.first().cloned() else { panic!("{made:?}") };
    let chat_id = chat.id;
    let group: enums::InputPeer = types::InputPeerChat { chat_id }.into();
    let id = say(&mut world.alice, &group).await;
    let ask = functions::messages::GetMessageReadParticipants { peer: group.clone(), msg_id: id };
    assert_eq!(world.alice.call(&ask).await.unwrap(), []);
    read(&mut world.carol, &group).await;
    world._sandbox.advance(10).await;
    read(&mut world.bob, &group).await;
    let readers = world.alice.call(&ask).await.unwrap();
    assert_eq!(readers.iter().map(|reader| reader.user_id).collect::<Vec<_>>(), [carol, bob]);
    assert!(readers[1].date >= readers[0].date + 10);

    // A supergroup has one number for all.
    let grown = world.alice.call(&functions::messages::MigrateChat { chat_id }).await.unwrap();
    let input = |updates: &types::Updates| {
        let channel = updates.chats.iter().find_map(|chat| match chat {
            enums::Chat::Channel(channel) => Some((channel.id, channel.access_hash.unwrap())),
            _ => None,
        });
        let (channel_id, access_hash) = channel.unwrap();
        enums::InputPeer::from(types::InputPeerChannel { channel_id, access_hash })
    };
    let group = input(&packet(grown));
    let id = say(&mut world.alice, &group).await;
    let dialogs = functions::messages::GetDialogs {
        offset_peer: enums::InputPeer::InputPeerEmpty,
        limit: 10,
        ..Default::default()
    };
    let enums::messages::Dialogs::Dialogs(list) = world.bob.call(&dialogs).await.unwrap() else { panic!() };
    let at_bob = input(&types::Updates { chats: list.chats.clone(), ..Default::default() });
    let enums::InputPeer::InputPeerChannel(named_by_bob) = at_bob.clone() else { panic!() };
    let channel =
        types::InputChannel { channel_id: named_by_bob.channel_id, access_hash: named_by_bob.access_hash };
    let read = functions::channels::ReadHistory { channel: channel.into(), max_id: id };
    world.bob.call(&read).await.unwrap();
    let ask = functions::messages::GetMessageReadParticipants { peer: group, msg_id: id };
    let readers = world.alice.call(&ask).await.unwrap();
    assert_eq!(readers.iter().map(|reader| reader.user_id).collect::<Vec<_>>(), [bob]);
    let theirs = functions::messages::GetMessageReadParticipants { peer: at_bob, msg_id: id };
    assert_eq!(refused(&mut world.bob, &theirs).await, "400 MSG_ID_INVALID");
    world._sandbox.advance(WEEK + 1).await;
    assert_eq!(refused(&mut world.alice, &ask).await, "400 MSG_TOO_OLD");
}
