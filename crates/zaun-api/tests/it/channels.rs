//! Channels over a real socket: the slice that proves the ground.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::{ApiClient, Message};

use crate::support::*;

fn channel_in(chats: &[enums::Chat]) -> types::Channel {
    match chats {
        [enums::Chat::Channel(channel)] => (**channel).clone(),
        other => panic!("one channel: {other:?}"),
    }
}

fn named(channel: &types::Channel) -> enums::InputChannel {
    let access_hash = channel.access_hash.expect("G-044: a hash");
    types::InputChannel { channel_id: channel.id, access_hash }.into()
}

fn peer(channel: &types::Channel) -> enums::InputPeer {
    let access_hash = channel.access_hash.expect("G-044: a hash");
    types::InputPeerChannel { channel_id: channel.id, access_hash }.into()
}

async fn create(client: &mut ApiClient, megagroup: bool, title: &str) -> types::Channel {
    let create = functions::channels::CreateChannel {
        megagroup,
        broadcast: !megagroup,
        title: title.into(),
        about: "about".into(),
        ..Default::default()
    };
    let updates = packet(client.call(&create).await.unwrap());
    let kinds = |test: fn(&enums::Update) -> bool| updates.updates.iter().filter(|u| test(u)).count();
    assert_eq!(kinds(|u| matches!(u, enums::Update::UpdateMessageID(_))), 1, "G-281");
    assert_eq!(kinds(|u| matches!(u, enums::Update::UpdateNewChannelMessage(_))), 1, "G-281");
    channel_in(&updates.chats)
}

async fn make_public(client: &mut ApiClient, channel: &types::Channel, username: &str) {
    let name = functions::channels::UpdateUsername { channel: named(channel), username: username.into() };
    assert!(client.call(&name).await.unwrap());
}

async fn resolve(client: &mut ApiClient, username: &str) -> types::Channel {
    let resolve = functions::contacts::ResolveUsername { username: username.into(), ..Default::default() };
    channel_in(&client.call(&resolve).await.unwrap().chats)
}

async fn join(client: &mut ApiClient, channel: &types::Channel) -> types::Updates {
    let join = functions::channels::JoinChannel { channel: named(channel) };
    match client.call(&join).await.unwrap() {
        enums::messages::ChatInviteJoinResult::ChatInviteJoinResultOk(ok) => packet(ok.updates),
        other => panic!("{other:?}"),
    }
}

/// Posts a text; the (id, pts) of the new message.
async fn post(client: &mut ApiClient, channel: &types::Channel, text: &str, random_id: i64) -> (i32, i32) {
    let send = functions::messages::SendMessage {
        peer: peer(channel),
        message: text.into(),
        random_id,
        ..Default::default()
    };
    let updates = packet(client.call(&send).await.unwrap());
    new_message(&updates).expect("G-279: one new message in the answer")
}

fn new_message(updates: &types::Updates) -> Option<(i32, i32)> {
    updates.updates.iter().find_map(|update| match update {
        enums::Update::UpdateNewChannelMessage(new) => {
            assert_eq!(new.pts_count, 1, "G-387");
            let enums::Message::Message(message) = &new.message else { return None };
            Some((message.id, new.pts))
        }
        _ => None,
    })
}

/// The next pushed packet with a new text in a channel.
async fn pushed_text(client: &mut ApiClient) -> (types::Message, types::Updates) {
    let pick = |m: &Message| match m.decode::<enums::Updates>() {
        Some(enums::Updates::Updates(updates)) => {
            let text = updates.updates.iter().find_map(|update| match update {
                enums::Update::UpdateNewChannelMessage(new) => match &new.message {
                    enums::Message::Message(message) => Some((**message).clone()),
                    _ => None,
                },
                _ => None,
            })?;
            Some((text, *updates))
        }
        _ => None,
    };
    client.conversation.wait_for(pick).await.unwrap()
}

async fn history(client: &mut ApiClient, channel: &types::Channel) -> types::messages::ChannelMessages {
    let get = functions::messages::GetHistory { peer: peer(channel), limit: 100, ..Default::default() };
    match client.call(&get).await.unwrap() {
        enums::messages::Messages::ChannelMessages(page) => *page,
        other => panic!("G-289: {other:?}"),
    }
}

fn texts(messages: &[enums::Message]) -> Vec<&str> {
    messages
        .iter()
        .filter_map(|message| match message {
            enums::Message::Message(message) => Some(message.message.as_str()),
            _ => None,
        })
        .collect()
}

async fn difference(
    client: &mut ApiClient,
    channel: &types::Channel,
    pts: i32,
) -> enums::updates::ChannelDifference {
    let get = functions::updates::GetChannelDifference {
        channel: named(channel),
        filter: enums::ChannelMessagesFilter::ChannelMessagesFilterEmpty,
        pts,
        limit: 100,
        ..Default::default()
    };
    client.call(&get).await.unwrap()
}

#[tokio::test]
async fn a_supergroup_lives() {
    let World { mut alice, mut bob, mut carol, _sandbox } = world("999661").await;
    let group = create(&mut alice, true, "The group").await;
    assert!(group.creator && group.megagroup && !group.broadcast && !group.left, "G-043, G-048");
    assert!(
        group.admin_rights.as_ref().is_some_and(|rights| rights.other && rights.ban_users),
        "G-048, G-051"
    );
    assert_eq!(group.default_banned_rights.as_ref().map(|rights| rights.until_date), Some(i32::MAX), "G-050");
    make_public(&mut alice, &group, "the_group").await;

    let seen = resolve(&mut bob, "the_group").await;
    assert!(seen.left && !seen.creator && seen.admin_rights.is_none(), "G-046");
    assert_ne!(seen.access_hash, group.access_hash, "G-062");
    let joined = join(&mut bob, &seen).await;
    assert!(!channel_in(&joined.chats).left, "G-106");
    let again = functions::channels::JoinChannel { channel: named(&seen) };
    assert_eq!(text(bob.call(&again).await), "400 USER_ALREADY_PARTICIPANT", "G-105");

    // Live: each member gets its own access hash in the common form.
    let (id, pts) = post(&mut alice, &group, "hello all", 1).await;
    let (message, updates) = pushed_text(&mut bob).await;
    assert_eq!((message.id, message.message.as_str(), message.out), (id, "hello all", false));
    let channel = channel_in(&updates.chats);
    assert_eq!(channel.access_hash, seen.access_hash, "G-407: never min, with the viewer's own hash");
    assert!(!channel.min && !channel.left && !channel.creator);
    assert!(matches!(&updates.users[..], [enums::User::User(user)] if user.min), "G-403");
    let (answer, _) = post(&mut bob, &seen, "hello back", 1).await;
    let (message, updates) = pushed_text(&mut alice).await;
    assert_eq!(message.id, answer);
    assert!(channel_in(&updates.chats).creator, "the creator keeps its rights");

    // Editing and deleting.
    let edit = functions::messages::EditMessage {
        peer: peer(&seen),
        id,
        message: Some("mine now".into()),
        ..Default::default()
    };
    assert_eq!(text(bob.call(&edit).await), "403 MESSAGE_AUTHOR_REQUIRED");
    let own = functions::messages::EditMessage { id: answer, ..edit };
    bob.call(&own).await.unwrap();
    let delete = |id| functions::channels::DeleteMessages { channel: named(&seen), id: vec![id] };
    assert_eq!(text(bob.call(&delete(id)).await), "403 MESSAGE_DELETE_FORBIDDEN");
    let remove = functions::channels::DeleteMessages { channel: named(&group), id: vec![answer] };
    assert_eq!(alice.call(&remove).await.unwrap().pts_count, 1);

    // Carol was away: the difference tells what she missed.
    let stranger = resolve(&mut carol, "the_group").await;
    let enums::updates::ChannelDifference::ChannelDifference(missed) =
        difference(&mut carol, &stranger, pts - 1).await
    else {
        panic!("a difference")
    };
    assert_eq!(texts(&missed.new_messages), ["hello all"], "G-395: deleted ones are left out");
    assert!(missed.r#final && missed.timeout.is_some_and(|timeout| timeout > 0), "G-397");
    let caught_up = difference(&mut carol, &stranger, missed.pts).await;
    assert!(matches!(caught_up, enums::updates::ChannelDifference::ChannelDifferenceEmpty(_)), "G-397");
}

#[tokio::test]
async fn a_broadcast_channel_is_written_by_its_administrators() {
    let World { mut alice, mut bob, _sandbox, .. } = world("999661").await;
    let channel = create(&mut alice, false, "News").await;
    assert!(channel.broadcast && !channel.megagroup && channel.default_banned_rights.is_none(), "G-043");
    let to_bob = alice.befriend("9996610002").await.unwrap();
    let enums::InputPeer::InputPeerUser(user) = &to_bob else { panic!("a user") };
    let bob_id = user.user_id;
    let invite = functions::channels::InviteToChannel {
        channel: named(&channel),
        users: vec![types::InputUser { user_id: bob_id, access_hash: user.access_hash }.into()],
    };
    let invited = alice.call(&invite).await.unwrap();
    assert!(invited.missing_invitees.is_empty(), "G-004");
    post(&mut alice, &channel, "first news", 1).await;
    let (message, updates) = pushed_text(&mut bob).await;
    assert!(message.post && message.from_id.is_none() && !message.out);
    let seen = channel_in(&updates.chats);
    let write = functions::messages::SendMessage {
        peer: peer(&seen),
        message: "me too".into(),
        random_id: 1,
        ..Default::default()
    };
    assert_eq!(text(bob.call(&write).await), "403 CHAT_WRITE_FORBIDDEN");
    let members = functions::channels::GetParticipants {
        channel: named(&seen),
        filter: enums::ChannelParticipantsFilter::ChannelParticipantsRecent,
        limit: 200,
        ..Default::default()
    };
    assert_eq!(text(bob.call(&members).await), "403 CHAT_ADMIN_REQUIRED");
    let all = functions::channels::GetParticipants { channel: named(&channel), ..members };
    let enums::channels::ChannelParticipants::ChannelParticipants(list) = alice.call(&all).await.unwrap()
    else {
        panic!("a list")
    };
    assert_eq!((list.count, list.participants.len(), list.users.len()), (2, 2, 2), "G-085");
    let leave = functions::channels::LeaveChannel { channel: named(&seen) };
    let left = packet(bob.call(&leave).await.unwrap());
    assert!(channel_in(&left.chats).left, "G-046");
    assert_eq!(text(bob.call(&leave).await), "400 USER_NOT_PARTICIPANT", "G-148");
    let get = functions::messages::GetHistory { peer: peer(&seen), limit: 1, ..Default::default() };
    assert_eq!(text(bob.call(&get).await), "406 CHANNEL_PRIVATE", "G-203");
}

#[tokio::test]
async fn lists_show_channels_among_private_chats() {
    let World { mut alice, mut bob, _sandbox, .. } = world("999661").await;
    let group = create(&mut alice, true, "The group").await;
    make_public(&mut alice, &group, "the_group").await;
    let seen = resolve(&mut bob, "the_group").await;
    join(&mut bob, &seen).await;
    let (first, _) = post(&mut alice, &group, "one", 1).await;
    let (second, pts) = post(&mut alice, &group, "two", 2).await;
    let to_bob = alice.befriend("9996610002").await.unwrap();
    let private = functions::messages::SendMessage {
        peer: to_bob,
        message: "private".into(),
        random_id: 3,
        ..Default::default()
    };
    alice.call(&private).await.unwrap();
    let list = functions::messages::GetDialogs {
        offset_peer: enums::InputPeer::InputPeerEmpty,
        limit: 100,
        ..Default::default()
    };
    let enums::messages::Dialogs::Dialogs(dialogs) = bob.call(&list).await.unwrap() else {
        panic!("the whole list")
    };
    assert_eq!((dialogs.dialogs.len(), dialogs.messages.len(), dialogs.chats.len()), (2, 2, 1));
    let line = dialogs.dialogs.iter().find_map(|dialog| match dialog {
        enums::Dialog::Dialog(dialog) if matches!(dialog.peer, enums::Peer::PeerChannel(_)) => Some(dialog),
        _ => None,
    });
    let line = line.expect("the group");
    assert_eq!((line.top_message, line.pts), (second, Some(pts)), "G-378");
    assert_eq!(line.unread_count, 2, "what was there before joining is no news");

    let read = functions::channels::ReadHistory { channel: named(&seen), max_id: first };
    assert!(bob.call(&read).await.unwrap());
    let full = functions::channels::GetFullChannel { channel: named(&seen) };
    let answer = bob.call(&full).await.unwrap();
    let enums::ChatFull::ChannelFull(full) = answer.full_chat else { panic!("a channel") };
    assert_eq!((full.read_inbox_max_id, full.unread_count, full.pts), (first, 1, pts), "G-388");
    assert_eq!((full.participants_count, full.about.as_str()), (Some(2), "about"));
    let page = history(&mut bob, &seen).await;
    assert_eq!(texts(&page.messages), ["two", "one"]);
    assert_eq!((page.pts, page.count), (pts, 4), "G-289: with the two service messages");
}

#[tokio::test]
async fn wrong_names_and_hashes_tell_nothing() {
    let World { mut alice, mut bob, _sandbox, .. } = world("999661").await;
    let group = create(&mut alice, true, "Private").await;
    // The hash is the owner's, not the stranger's.
    let get = functions::channels::GetFullChannel { channel: named(&group) };
    assert_eq!(text(bob.call(&get).await), "400 CHANNEL_INVALID", "G-063");
    let join = functions::channels::JoinChannel { channel: named(&group) };
    assert_eq!(text(bob.call(&join).await), "400 CHANNEL_INVALID", "G-063");
    let long = functions::channels::CreateChannel { title: "x".repeat(129), ..Default::default() };
    assert_eq!(text(bob.call(&long).await), "400 CHAT_TITLE_EMPTY", "G-039");
    let about = functions::channels::CreateChannel {
        title: "x".into(),
        about: "x".repeat(256),
        ..Default::default()
    };
    assert_eq!(text(bob.call(&about).await), "400 CHAT_ABOUT_TOO_LONG", "G-039");
}
