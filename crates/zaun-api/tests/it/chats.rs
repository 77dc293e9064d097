//! Basic groups over a real socket, with three people.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

fn group_in(chats: &[enums::Chat]) -> types::Chat {
    let found = chats.iter().find_map(|chat| match chat {
        enums::Chat::Chat(chat) => Some((**chat).clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("a group: {chats:?}"))
}

async fn create(client: &mut ApiClient, users: Vec<enums::InputUser>, title: &str) -> types::Chat {
    let create = functions::messages::CreateChat { users, title: title.into(), ttl_period: None };
    let invited = client.call(&create).await.unwrap();
    assert!(invited.missing_invitees.is_empty());
    group_in(&packet(invited.updates).chats)
}

fn peer(chat: i64) -> enums::InputPeer {
    types::InputPeerChat { chat_id: chat }.into()
}

async fn say(client: &mut ApiClient, chat: i64, text: &str, random_id: i64) -> Result<i32, String> {
    let send = functions::messages::SendMessage {
        peer: peer(chat),
        message: text.into(),
        random_id,
        ..Default::default()
    };
    let sent = client.call(&send).await.map_err(|e| e.to_string())?;
    let id = packet(sent).updates.iter().find_map(|update| match update {
        enums::Update::UpdateNewMessage(new) => Some(id_of_message(&new.message)),
        _ => None,
    });
    Ok(id.expect("G-279"))
}

fn id_of_message(message: &enums::Message) -> i32 {
    match message {
        enums::Message::Message(message) => message.id,
        enums::Message::MessageService(message) => message.id,
        other => panic!("{other:?}"),
    }
}

async fn history(client: &mut ApiClient, chat: i64) -> Vec<enums::Message> {
    let get = functions::messages::GetHistory { peer: peer(chat), limit: 100, ..Default::default() };
    match client.call(&get).await.unwrap() {
        enums::messages::Messages::Messages(page) => page.messages,
        enums::messages::Messages::MessagesSlice(page) => page.messages,
        other => panic!("{other:?}"),
    }
}

fn texts(messages: &[enums::Message]) -> Vec<String> {
    let text = |message: &enums::Message| match message {
        enums::Message::Message(message) => message.message.clone(),
        enums::Message::MessageService(service) => match &service.action {
            enums::MessageAction::MessageActionChatCreate(_) => "(created)".into(),
            enums::MessageAction::MessageActionChatAddUser(_) => "(added)".into(),
            enums::MessageAction::MessageActionChatDeleteUser(_) => "(gone)".into(),
            enums::MessageAction::MessageActionChatEditTitle(_) => "(title)".into(),
            enums::MessageAction::MessageActionChatMigrateTo(_) => "(migrated)".into(),
            enums::MessageAction::MessageActionPinMessage => "(pinned)".into(),
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    };
    messages.iter().map(text).collect()
}

async fn full(client: &mut ApiClient, chat: i64) -> types::ChatFull {
    let get = functions::messages::GetFullChat { chat_id: chat };
    match client.call(&get).await.unwrap().full_chat {
        enums::ChatFull::ChatFull(full) => *full,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn g001_g024_a_group_lives_in_every_members_box() {
    let World { mut alice, mut bob, mut carol, _sandbox } = world("999662").await;
    let (to_bob, to_carol) = (named(&mut alice, "9996620002").await, named(&mut alice, "9996620003").await);
    let group = create(&mut alice, vec![to_bob.clone()], " Trio ").await;
    assert!(group.creator && !group.left && !group.deactivated);
    assert_eq!((group.title.as_str(), group.participants_count, group.version), ("Trio", 2, 1));
    let id = group.id;

    let hello = say(&mut alice, id, "hello", 1).await.unwrap();
    assert_eq!(say(&mut alice, id, "hello", 1).await.unwrap(), hello, "a random_id makes one message");
    let seen = update(&mut bob, |update| match update {
        enums::Update::UpdateNewMessage(new) => match &new.message {
            enums::Message::Message(message) if message.message == "hello" => Some((**message).clone()),
            _ => None,
        },
        _ => None,
    })
    .await;
    assert_eq!(seen.peer_id, types::PeerChat { chat_id: id }.into());
    assert!(!seen.out);
    assert_eq!(texts(&history(&mut bob, id).await), ["hello", "(created)"]);
    assert!(say(&mut carol, id, "may I?", 2).await.unwrap_err().contains("CHAT_ID_INVALID"), "G-022");

    // A newcomer gets copies of what the inviter shows, and everybody the change with the next version.
    let add = functions::messages::AddChatUser { chat_id: id, user_id: to_carol.clone(), fwd_limit: 1 };
    alice.call(&add).await.unwrap();
    let version = update(&mut bob, |update| match update {
        enums::Update::UpdateChatParticipantAdd(added) => Some(added.version),
        _ => None,
    })
    .await;
    assert_eq!(version, 2, "G-018");
    assert_eq!(texts(&history(&mut carol, id).await), ["(added)", "hello"], "G-010");
    let told = full(&mut carol, id).await;
    let enums::ChatParticipants::ChatParticipants(list) = told.participants else { panic!("G-021") };
    assert_eq!((list.version, list.participants.len()), (2, 3));
    assert!(matches!(list.participants.first(), Some(enums::ChatParticipant::ChatParticipantCreator(_))));

    // Everybody hears everybody, answers are found in each box, and edits reach all of them.
    let answer = say(&mut carol, id, "hi all", 3).await.unwrap();
    let edit = functions::messages::EditMessage {
        peer: peer(id),
        id: answer,
        message: Some("hi both".into()),
        ..Default::default()
    };
    carol.call(&edit).await.unwrap();
    assert_eq!(texts(&history(&mut alice, id).await)[0], "hi both");
    assert_eq!(texts(&history(&mut bob, id).await)[0], "hi both");

    // Reading tells the author, in his numbers.
    let read = functions::messages::ReadHistory { peer: peer(id), max_id: 0 };
    bob.call(&read).await.unwrap();
    let max_id = update(&mut carol, |update| match update {
        enums::Update::UpdateReadHistoryOutbox(read) => Some(read.max_id),
        _ => None,
    })
    .await;
    assert_eq!(max_id, answer);
}

#[tokio::test]
async fn g012_g022_g024_who_is_removed_sees_nothing_of_what_follows() {
    let World { mut alice, mut bob, mut carol, _sandbox } = world("999663").await;
    let (to_bob, to_carol) = (named(&mut alice, "9996630002").await, named(&mut alice, "9996630003").await);
    let id = create(&mut alice, vec![to_bob, to_carol.clone()], "Trio").await.id;
    say(&mut bob, id, "hi both", 1).await.unwrap();
    let kick = |user: &enums::InputUser| functions::messages::DeleteChatUser {
        chat_id: id,
        user_id: user.clone(),
        revoke_history: false,
    };
    let carols_bob = named(&mut carol, "9996630002").await;
    assert!(refused(&mut carol, &kick(&carols_bob)).await.contains("CHAT_ADMIN_REQUIRED"), "G-012");
    alice.call(&kick(&to_carol)).await.unwrap();
    assert!(say(&mut carol, id, "still here?", 4).await.unwrap_err().contains("CHAT_WRITE_FORBIDDEN"));
    say(&mut alice, id, "without carol", 5).await.unwrap();
    assert_eq!(texts(&history(&mut carol, id).await)[..2], ["(gone)", "hi both"], "G-024");
    let get = functions::messages::GetChats { id: vec![id] };
    let enums::messages::Chats::Chats(seen) = carol.call(&get).await.unwrap() else { panic!() };
    assert!(matches!(seen.chats.as_slice(), [enums::Chat::ChatForbidden(_)]), "G-022");
}

#[tokio::test]
async fn g014_g027_rights_titles_and_leaving() {
    let World { mut alice, mut bob, mut carol, _sandbox } = world("999662").await;
    let (to_bob, to_carol) = (named(&mut alice, "9996620002").await, named(&mut alice, "9996620003").await);
    let id = create(&mut alice, vec![to_bob.clone(), to_carol.clone()], "Rights").await.id;
    let empty = functions::messages::CreateChat { users: Vec::new(), title: "x".into(), ttl_period: None };
    assert!(refused(&mut alice, &empty).await.contains("USERS_TOO_FEW"), "G-003");
    let untitled =
        functions::messages::CreateChat { users: vec![to_bob.clone()], title: " ".into(), ttl_period: None };
    assert!(refused(&mut alice, &untitled).await.contains("CHAT_TITLE_EMPTY"), "G-002");

    let title = |title: &str| functions::messages::EditChatTitle { chat_id: id, title: title.into() };
    bob.call(&title("Bob's")).await.unwrap();
    assert!(refused(&mut bob, &title("Bob's")).await.contains("CHAT_NOT_MODIFIED"), "G-027");
    let banned = types::ChatBannedRights {
        change_info: true,
        send_photos: true,
        send_plain: true,
        ..Default::default()
    };
    let forbid =
        functions::messages::EditChatDefaultBannedRights { peer: peer(id), banned_rights: banned.clone() };
    assert!(refused(&mut bob, &forbid).await.contains("CHAT_ADMIN_REQUIRED"));
    alice.call(&forbid).await.unwrap();
    assert!(refused(&mut alice, &forbid).await.contains("CHAT_NOT_MODIFIED"), "G-145");
    assert!(refused(&mut bob, &title("Mine")).await.contains("CHAT_ADMIN_REQUIRED"));
    assert!(say(&mut bob, id, "text", 1).await.unwrap_err().contains("CHAT_SEND_PLAIN_FORBIDDEN"), "G-134");
    say(&mut alice, id, "the creator may", 2).await.unwrap();

    // An administrator may again.
    let promote = functions::messages::EditChatAdmin { chat_id: id, user_id: to_bob.clone(), is_admin: true };
    assert!(
        refused(
            &mut carol,
            &functions::messages::EditChatAdmin {
                chat_id: id,
                user_id: enums::InputUser::InputUserSelf,
                is_admin: true,
            }
        )
        .await
        .contains("CHAT_ADMIN_REQUIRED")
    );
    assert!(alice.call(&promote).await.unwrap(), "G-015");
    say(&mut bob, id, "an administrator may", 3).await.unwrap();
    let seen = bob.call(&functions::messages::GetChats { id: vec![id] }).await.unwrap();
    let enums::messages::Chats::Chats(seen) = seen else { panic!() };
    let seen = group_in(&seen.chats);
    assert!(seen.admin_rights.is_some_and(|rights| rights.ban_users && rights.other), "G-016");
    assert!(!seen.creator);
}

#[tokio::test]
async fn g025_g026_deleting_for_all_handing_over_and_the_end() {
    let World { mut alice, mut bob, mut carol, _sandbox } = world("999664").await;
    let (to_bob, to_carol) = (named(&mut alice, "9996640002").await, named(&mut alice, "9996640003").await);
    let id = create(&mut alice, vec![to_bob.clone(), to_carol], "Left").await.id;
    let promote = functions::messages::EditChatAdmin { chat_id: id, user_id: to_bob.clone(), is_admin: true };
    alice.call(&promote).await.unwrap();

    // Deleting for everybody takes one's own message or an administrator.
    let post = say(&mut alice, id, "for all", 4).await.unwrap();
    let theirs = history(&mut carol, id).await;
    let there = theirs.first().map(id_of_message).unwrap();
    let delete = functions::messages::DeleteMessages { revoke: true, id: vec![there] };
    assert!(refused(&mut carol, &delete).await.contains("MESSAGE_DELETE_FORBIDDEN"));
    alice.call(&functions::messages::DeleteMessages { revoke: true, id: vec![post] }).await.unwrap();
    assert_ne!(texts(&history(&mut carol, id).await)[0], "for all");

    // The creator hands the group over to the administrator when he goes.
    let heir = functions::messages::GetFutureChatCreatorAfterLeave { peer: peer(id) };
    let enums::User::User(heir) = alice.call(&heir).await.unwrap() else { panic!() };
    assert_eq!(heir.id, id_of(&to_bob), "G-025");
    let leave = functions::messages::DeleteChatUser {
        chat_id: id,
        user_id: enums::InputUser::InputUserSelf,
        revoke_history: false,
    };
    alice.call(&leave).await.unwrap();
    let seen = bob.call(&functions::messages::GetChats { id: vec![id] }).await.unwrap();
    let enums::messages::Chats::Chats(seen) = seen else { panic!() };
    assert!(group_in(&seen.chats).creator, "G-025");
    let seen = alice.call(&functions::messages::GetChats { id: vec![id] }).await.unwrap();
    let enums::messages::Chats::Chats(seen) = seen else { panic!() };
    assert!(group_in(&seen.chats).left, "G-022");

    assert!(
        refused(&mut carol, &functions::messages::DeleteChat { chat_id: id })
            .await
            .contains("CHAT_ADMIN_REQUIRED")
    );
    assert!(bob.call(&functions::messages::DeleteChat { chat_id: id }).await.unwrap(), "G-026");
    assert!(say(&mut carol, id, "anybody?", 5).await.is_err());
}

#[tokio::test]
async fn g030_g038_a_group_becomes_a_supergroup() {
    let World { mut alice, mut bob, mut carol, _sandbox } = world("999662").await;
    let (to_bob, to_carol) = (named(&mut alice, "9996620002").await, named(&mut alice, "9996620003").await);
    let id = create(&mut alice, vec![to_bob.clone(), to_carol], "Grown").await.id;
    alice
        .call(&functions::messages::EditChatAdmin { chat_id: id, user_id: to_bob, is_admin: true })
        .await
        .unwrap();
    say(&mut carol, id, "before", 1).await.unwrap();
    let migrate = functions::messages::MigrateChat { chat_id: id };
    assert!(refused(&mut carol, &migrate).await.contains("CHAT_ADMIN_REQUIRED"), "G-030");
    let answer = packet(alice.call(&migrate).await.unwrap());
    let old = group_in(&answer.chats);
    let new = answer.chats.iter().find_map(|chat| match chat {
        enums::Chat::Channel(channel) => Some((**channel).clone()),
        _ => None,
    });
    let new = new.expect("G-031: both objects");
    assert!(old.deactivated, "G-033");
    let Some(enums::InputChannel::InputChannel(there)) = old.migrated_to else { panic!("G-031") };
    assert_eq!((there.channel_id, Some(there.access_hash)), (new.id, new.access_hash), "G-031");
    assert!(new.creator && new.megagroup);
    assert_eq!((new.title.as_str(), new.participants_count), ("Grown", Some(3)));
    let again = packet(alice.call(&migrate).await.unwrap());
    assert_eq!(again.chats.len(), 2, "G-038");

    // The old history stays readable, and the new group knows where it came from.
    assert_eq!(texts(&history(&mut carol, id).await), ["(migrated)", "before", "(created)"], "G-036");
    assert!(say(&mut carol, id, "late", 2).await.is_err());
    let enums::messages::Chats::Chats(seen) =
        bob.call(&functions::messages::GetChats { id: vec![id] }).await.unwrap()
    else {
        panic!()
    };
    let Some(channel) = group_in(&seen.chats).migrated_to else { panic!("G-031") };
    let full = bob.call(&functions::channels::GetFullChannel { channel: channel.clone() }).await.unwrap();
    let enums::ChatFull::ChannelFull(full) = full.full_chat else { panic!() };
    let last = history(&mut bob, id).await.first().map(id_of_message);
    assert_eq!((full.migrated_from_chat_id, full.migrated_from_max_id), (Some(id), last), "G-035");
    let enums::InputChannel::InputChannel(named) = channel else { panic!() };
    let send = functions::messages::SendMessage {
        peer: types::InputPeerChannel { channel_id: named.channel_id, access_hash: named.access_hash }.into(),
        message: "after".into(),
        random_id: 3,
        ..Default::default()
    };
    bob.call(&send).await.unwrap();
}
