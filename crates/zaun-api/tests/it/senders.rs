//! As whom members write in a group (G-140, G-161 … G-172).

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;
use crate::threads::{Group, made};

/// The channel by which somebody is known, as the input of the methods that take a sender.
fn author(message: &enums::Message) -> Option<i64> {
    let enums::Message::Message(message) = message else { return None };
    match message.from_id {
        Some(enums::Peer::PeerChannel(ref peer)) => Some(peer.channel_id),
        Some(enums::Peer::PeerUser(ref peer)) => Some(peer.user_id),
        _ => None,
    }
}

async fn said(
    client: &mut ApiClient,
    group: &Group,
    text: &str,
    random_id: i64,
    send_as: Option<enums::InputPeer>,
) -> Result<enums::Message, String> {
    let send = functions::messages::SendMessage {
        peer: group.peer.clone(),
        message: text.into(),
        random_id,
        send_as,
        ..Default::default()
    };
    let done = client.call(&send).await.map_err(|error| error.to_string())?;
    let message = packet(done).updates.into_iter().find_map(|update| match update {
        enums::Update::UpdateNewChannelMessage(new) => Some(new.message),
        _ => None,
    });
    Ok(message.expect("a message"))
}

async fn senders(client: &mut ApiClient, group: &Group) -> Vec<i64> {
    let ask = functions::channels::GetSendAs { peer: group.peer.clone(), ..Default::default() };
    let list = client.call(&ask).await.unwrap();
    let named = list.peers.iter().map(|sender| match &sender.peer {
        enums::Peer::PeerUser(peer) => peer.user_id,
        enums::Peer::PeerChannel(peer) => peer.channel_id,
        enums::Peer::PeerChat(peer) => peer.chat_id,
    });
    named.collect()
}

fn whole() -> types::ChatBannedRights {
    types::ChatBannedRights { view_messages: true, ..types::ChatBannedRights::default() }
}

#[tokio::test]
async fn g_164_a_member_writes_as_its_channel_and_others_see_the_channel() {
    let mut world = world("999661").await;
    let own = made(false, "ben_writes", &mut world.bob, &mut []).await.remove(0);
    let groups = made(true, "the_group", &mut world.alice, &mut [&mut world.bob]).await;
    let (alices, bobs) = (&groups[0], &groups[1]);
    let me = id_of(&named(&mut world.alice, "9996610002").await);

    assert_eq!(senders(&mut world.bob, bobs).await, [me, own.id]);
    let message = said(&mut world.bob, bobs, "as myself", 1, None).await.unwrap();
    assert_eq!(author(&message), Some(me));
    let message = said(&mut world.bob, bobs, "as my channel", 2, Some(own.peer.clone())).await.unwrap();
    let enums::Message::Message(shown) = &message else { panic!() };
    assert!(shown.out, "it is the writer's own");
    assert_eq!(author(&message), Some(own.id));
    let heard = update(&mut world.alice, |update| match update {
        enums::Update::UpdateNewChannelMessage(new) => {
            Some(new.message.clone()).filter(|message| author(message) == Some(own.id))
        }
        _ => None,
    });
    let enums::Message::Message(heard) = heard.await else { panic!() };
    assert_eq!((heard.out, heard.message.as_str()), (false, "as my channel"));

    // G-168: as the group, or as a channel of somebody else, nobody writes.
    let other = made(false, "alice_writes", &mut world.alice, &mut [&mut world.bob]).await.remove(1);
    for wrong in [bobs.peer.clone(), other.peer.clone()] {
        let refused = said(&mut world.bob, bobs, "as another", 3, Some(wrong)).await.unwrap_err();
        assert!(refused.contains("SEND_AS_PEER_INVALID"), "{refused}");
    }

    // G-169: what was chosen counts from then on, and the page says so (G-078).
    let choose =
        functions::messages::SaveDefaultSendAs { peer: bobs.peer.clone(), send_as: own.peer.clone() };
    assert!(world.bob.call(&choose).await.unwrap());
    let message = said(&mut world.bob, bobs, "by choice", 4, None).await.unwrap();
    assert_eq!(author(&message), Some(own.id));
    let full = functions::channels::GetFullChannel { channel: bobs.channel.clone() };
    let enums::ChatFull::ChannelFull(full) = world.bob.call(&full).await.unwrap().full_chat else { panic!() };
    assert_eq!(full.default_send_as, Some(types::PeerChannel { channel_id: own.id }.into()));

    // G-140: the group bans the channel; its owner writes as himself again, and as no channel.
    let resolve =
        functions::contacts::ResolveUsername { username: "ben_writes".into(), ..Default::default() };
    let seen = crate::threads::group_of(&world.alice.call(&resolve).await.unwrap().chats, Some(own.id));
    let mut ban = functions::channels::EditBanned {
        channel: alices.channel.clone(),
        participant: seen.peer.clone(),
        banned_rights: whole(),
    };
    world.alice.call(&ban).await.unwrap();
    assert_eq!(senders(&mut world.bob, bobs).await, [me]);
    let refused = said(&mut world.bob, bobs, "again", 5, Some(own.peer.clone())).await.unwrap_err();
    assert!(refused.contains("SEND_AS_PEER_INVALID"), "{refused}");
    let message = said(&mut world.bob, bobs, "as myself again", 6, None).await.unwrap();
    assert_eq!(author(&message), Some(me));
    ban.banned_rights = types::ChatBannedRights::default();
    world.alice.call(&ban).await.unwrap();
    assert_eq!(senders(&mut world.bob, bobs).await, [me, own.id]);
}

#[tokio::test]
async fn g_171_an_anonymous_administrator_is_the_group() {
    let mut world = world("999662").await;
    let groups = made(true, "quiet_group", &mut world.alice, &mut [&mut world.bob]).await;
    let (alices, bobs) = (&groups[0], &groups[1]);
    let bob = named(&mut world.alice, "9996620002").await;
    let appoint = |anonymous| functions::channels::EditAdmin {
        channel: alices.channel.clone(),
        user_id: bob.clone(),
        admin_rights: types::ChatAdminRights { anonymous, pin_messages: true, ..Default::default() },
        rank: None,
    };
    world.alice.call(&appoint(true)).await.unwrap();
    assert_eq!(senders(&mut world.bob, bobs).await, [bobs.id]);
    let message = said(&mut world.bob, bobs, "we say", 1, None).await.unwrap();
    assert_eq!(author(&message), Some(bobs.id));
    let myself = enums::InputPeer::InputPeerSelf;
    let refused = said(&mut world.bob, bobs, "I say", 2, Some(myself)).await.unwrap_err();
    assert!(refused.contains("SEND_AS_PEER_INVALID"), "{refused}");
    world.alice.call(&appoint(false)).await.unwrap();
    assert_eq!(senders(&mut world.bob, bobs).await, [id_of(&bob)]);
}

#[tokio::test]
async fn g_235_a_history_is_taken_out_of_one_view_or_out_of_all() {
    let mut world = world("999663").await;
    let groups = made(true, "short_history", &mut world.alice, &mut [&mut world.bob]).await;
    let (alices, bobs) = (&groups[0], &groups[1]);
    let bob = named(&mut world.alice, "9996630002").await;
    for number in 1..=3 {
        said(&mut world.bob, bobs, &format!("bob {number}"), number, None).await.unwrap();
        said(&mut world.alice, alices, &format!("alice {number}"), number, None).await.unwrap();
    }
    async fn texts(client: &mut ApiClient, group: &Group) -> Vec<String> {
        let history =
            functions::messages::GetHistory { peer: group.peer.clone(), limit: 50, ..Default::default() };
        let enums::messages::Messages::ChannelMessages(page) = client.call(&history).await.unwrap() else {
            panic!("a page of a channel")
        };
        let text = |message: &enums::Message| match message {
            enums::Message::Message(message) => Some(message.message.clone()),
            _ => None,
        };
        page.messages.iter().rev().filter_map(text).collect()
    }
    let clear = |group: &Group, for_everyone| functions::channels::DeleteHistory {
        channel: group.channel.clone(),
        max_id: 0,
        for_everyone,
    };
    world.bob.call(&clear(bobs, false)).await.unwrap();
    assert!(texts(&mut world.bob, bobs).await.is_empty());
    assert_eq!(texts(&mut world.alice, alices).await.len(), 6, "only out of bob's view");
    said(&mut world.bob, bobs, "bob 4", 4, None).await.unwrap();
    assert_eq!(texts(&mut world.bob, bobs).await, ["bob 4"]);

    // G-236: all that bob wrote, by who deletes messages.
    let enums::InputUser::InputUser(bob) = &bob else { panic!() };
    let user = types::InputPeerUser { user_id: bob.user_id, access_hash: bob.access_hash };
    let purge = functions::channels::DeleteParticipantHistory {
        channel: bobs.channel.clone(),
        participant: enums::InputPeer::InputPeerSelf,
    };
    assert!(refused(&mut world.bob, &purge).await.contains("CHAT_ADMIN_REQUIRED"));
    let purge = functions::channels::DeleteParticipantHistory {
        channel: alices.channel.clone(),
        participant: user.into(),
    };
    let done = world.alice.call(&purge).await.unwrap();
    assert_eq!((done.offset, texts(&mut world.alice, alices).await.len()), (0, 3));
    let again = world.alice.call(&purge).await.unwrap();
    assert_eq!((again.pts, again.pts_count), (done.pts, 0), "nothing is left to delete");

    assert!(refused(&mut world.bob, &clear(bobs, true)).await.contains("CHAT_ADMIN_REQUIRED"));
    world.alice.call(&clear(alices, true)).await.unwrap();
    assert!(texts(&mut world.alice, alices).await.is_empty());
}

#[tokio::test]
async fn g_191_a_message_has_an_address() {
    let mut world = world("999664").await;
    let group = made(true, "known_group", &mut world.alice, &mut []).await.remove(0);
    let message = said(&mut world.alice, &group, "look", 1, None).await.unwrap();
    let enums::Message::Message(message) = message else { panic!() };
    let link = functions::channels::ExportMessageLink {
        channel: group.channel.clone(),
        id: message.id,
        ..Default::default()
    };
    let named = world.alice.call(&link).await.unwrap().link;
    assert_eq!(named, format!("https://t.me/known_group/{}", message.id));
    let secret =
        functions::channels::UpdateUsername { channel: group.channel.clone(), username: String::new() };
    world.alice.call(&secret).await.unwrap();
    let private = world.alice.call(&link).await.unwrap().link;
    assert_eq!(private, format!("https://t.me/c/{}/{}", group.id, message.id));
    let missing = functions::channels::ExportMessageLink { id: 9999, ..link };
    assert!(refused(&mut world.alice, &missing).await.contains("MESSAGE_ID_INVALID"));
}

#[tokio::test]
async fn pinned_conversations_are_put_in_order() {
    let mut world = world("999665").await;
    let groups = [
        made(true, "first_group", &mut world.alice, &mut []).await.remove(0),
        made(true, "second_group", &mut world.alice, &mut []).await.remove(0),
        made(true, "third_group", &mut world.alice, &mut []).await.remove(0),
    ];
    let order = |places: &[usize], force| functions::messages::ReorderPinnedDialogs {
        force,
        folder_id: 0,
        order: places
            .iter()
            .map(|place| types::InputDialogPeer { peer: groups[*place].peer.clone() }.into())
            .collect(),
    };
    async fn pinned(client: &mut ApiClient) -> Vec<i64> {
        let list = client.call(&functions::messages::GetPinnedDialogs { folder_id: 0 }).await.unwrap();
        let id = |dialog: &enums::Dialog| match dialog {
            enums::Dialog::Dialog(dialog) => match &dialog.peer {
                enums::Peer::PeerChannel(peer) => peer.channel_id,
                _ => 0,
            },
            _ => 0,
        };
        list.dialogs.iter().map(id).collect()
    }
    // With force, what is named is pinned, and nothing else.
    world.alice.call(&order(&[2, 0], true)).await.unwrap();
    assert_eq!(pinned(&mut world.alice).await, [groups[2].id, groups[0].id]);
    // Without it, what was not pinned stays so, and what is not named follows.
    world.alice.call(&order(&[0, 1], false)).await.unwrap();
    assert_eq!(pinned(&mut world.alice).await, [groups[0].id, groups[2].id]);
    world.alice.call(&order(&[], true)).await.unwrap();
    assert!(pinned(&mut world.alice).await.is_empty());
}

#[tokio::test]
async fn g_085_bots_are_a_list_of_their_own() {
    let mut world = world("999666").await;
    let group = made(true, "bots_group", &mut world.alice, &mut [&mut world.bob]).await.remove(0);
    let ask = |filter: enums::ChannelParticipantsFilter| functions::channels::GetParticipants {
        channel: group.channel.clone(),
        filter,
        offset: 0,
        limit: 100,
        hash: 0,
    };
    let count = |list| match list {
        enums::channels::ChannelParticipants::ChannelParticipants(list) => list.participants.len(),
        other => panic!("{other:?}"),
    };
    let bots = enums::ChannelParticipantsFilter::ChannelParticipantsBots;
    assert_eq!(count(world.alice.call(&ask(bots.clone())).await.unwrap()), 0);
    let make = serde_json::json!({ "first_name": "Guard", "username": "the_guard_bot" });
    world._sandbox.control().call("create_bot", make).await.unwrap();
    let resolve =
        functions::contacts::ResolveUsername { username: "the_guard_bot".into(), ..Default::default() };
    let found = world.alice.call(&resolve).await.unwrap();
    let Some(enums::User::User(bot)) = found.users.first() else { panic!() };
    let user = types::InputUser { user_id: bot.id, access_hash: bot.access_hash.unwrap() };
    let invite =
        functions::channels::InviteToChannel { channel: group.channel.clone(), users: vec![user.into()] };
    world.alice.call(&invite).await.unwrap();
    assert_eq!(count(world.alice.call(&ask(bots)).await.unwrap()), 1);
    let all = types::ChannelParticipantsMentions { q: None, top_msg_id: None };
    assert_eq!(count(world.alice.call(&ask(all.into())).await.unwrap()), 3);
}

#[tokio::test]
async fn g_169_a_choice_holds_for_posts_with_profiles_too() {
    let mut world = world("999668").await;
    let channel = made(false, "profiled", &mut world.alice, &mut []).await.remove(0);
    let me = id_of(&named(&mut world.bob, "9996680001").await);
    let profiles = functions::channels::ToggleSignatures {
        signatures_enabled: true,
        profiles_enabled: true,
        channel: channel.channel.clone(),
    };
    world.alice.call(&profiles).await.unwrap();
    assert_eq!(senders(&mut world.alice, &channel).await, [me, channel.id]);
    assert_eq!(author(&said(&mut world.alice, &channel, "mine", 1, None).await.unwrap()), Some(me));
    let choose =
        functions::messages::SaveDefaultSendAs { peer: channel.peer.clone(), send_as: channel.peer.clone() };
    assert!(world.alice.call(&choose).await.unwrap());
    let post = said(&mut world.alice, &channel, "the channel's", 2, None).await.unwrap();
    assert_eq!(author(&post), None, "a post by the channel itself has no from_id (G-161)");
}
