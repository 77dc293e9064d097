//! Reactions, mentions and views, with three people.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

fn emoji(emoticon: &str) -> enums::Reaction {
    types::ReactionEmoji { emoticon: emoticon.into() }.into()
}

async fn react(
    client: &mut ApiClient,
    peer: &enums::InputPeer,
    msg_id: i32,
    reaction: &[&str],
) -> Result<types::MessageReactions, String> {
    let send = functions::messages::SendReaction {
        peer: peer.clone(),
        msg_id,
        reaction: Some(reaction.iter().map(|reaction| emoji(reaction)).collect()),
        ..Default::default()
    };
    let done = packet(client.call(&send).await.map_err(|e| e.to_string())?);
    let found = done.updates.iter().find_map(reactions);
    Ok(found.expect("updateMessageReactions"))
}

fn reactions(update: &enums::Update) -> Option<types::MessageReactions> {
    match update {
        enums::Update::UpdateMessageReactions(update) => Some(update.reactions.clone()),
        _ => None,
    }
}

fn counts(reactions: &types::MessageReactions) -> Vec<(enums::Reaction, i32, Option<i32>)> {
    let shown = |result: &types::ReactionCount| (result.reaction.clone(), result.count, result.chosen_order);
    reactions.results.iter().map(shown).collect()
}

async fn say(client: &mut ApiClient, peer: &enums::InputPeer, text: &str, reply: Option<i32>) -> i32 {
    let reply_to =
        reply.map(|id| types::InputReplyToMessage { reply_to_msg_id: id, ..Default::default() }.into());
    let send = functions::messages::SendMessage {
        peer: peer.clone(),
        message: text.into(),
        random_id: rand::random(),
        reply_to,
        ..Default::default()
    };
    let sent = packet(client.call(&send).await.unwrap());
    let id = sent.updates.iter().find_map(|update| match update {
        enums::Update::UpdateMessageID(update) => Some(update.id),
        _ => None,
    });
    id.expect("updateMessageID")
}

async fn newest(client: &mut ApiClient, peer: &enums::InputPeer) -> types::Message {
    let get = functions::messages::GetHistory { peer: peer.clone(), limit: 1, ..Default::default() };
    let messages = match client.call(&get).await.unwrap() {
        enums::messages::Messages::Messages(page) => page.messages,
        enums::messages::Messages::MessagesSlice(page) => page.messages,
        enums::messages::Messages::ChannelMessages(page) => page.messages,
        other => panic!("{other:?}"),
    };
    match messages.into_iter().next() {
        Some(enums::Message::Message(message)) => *message,
        other => panic!("{other:?}"),
    }
}

async fn line(client: &mut ApiClient, peer: &enums::InputPeer) -> types::Dialog {
    let peers = vec![types::InputDialogPeer { peer: peer.clone() }.into()];
    let got = client.call(&functions::messages::GetPeerDialogs { peers }).await.unwrap();
    match got.dialogs.into_iter().next() {
        Some(enums::Dialog::Dialog(line)) => *line,
        other => panic!("{other:?}"),
    }
}

/// G-362 … G-369 in a private chat: each side sees the same in its own numbers, and the author is told.
#[tokio::test]
async fn g362_g369_reactions_in_a_private_chat() {
    let mut world = world("999667").await;
    let bob = world.alice.befriend("9996670002").await.unwrap();
    let alice = world.bob.befriend("9996670001").await.unwrap();
    say(&mut world.alice, &bob, "hello", None).await;
    let seen = newest(&mut world.bob, &alice).await;
    assert!(seen.reactions.is_none());

    let own = react(&mut world.bob, &alice, seen.id, &["👍"]).await.unwrap();
    assert_eq!(counts(&own), [(emoji("👍"), 1, Some(1))]);
    assert!(!own.min && own.can_see_list);
    let theirs = update(&mut world.alice, reactions).await;
    assert_eq!(counts(&theirs), [(emoji("👍"), 1, None)]);
    let recent = theirs.recent_reactions.unwrap();
    assert!(recent.len() == 1 && recent[0].unread && !recent[0].my, "{recent:?}");

    assert_eq!(
        react(&mut world.bob, &alice, seen.id, &["👍"]).await.unwrap_err(),
        "400 MESSAGE_NOT_MODIFIED"
    );
    assert_eq!(react(&mut world.bob, &alice, seen.id, &["🤦"]).await.unwrap_err(), "400 REACTION_INVALID");
    assert_eq!(react(&mut world.bob, &alice, 77_777, &["👍"]).await.unwrap_err(), "400 MESSAGE_ID_INVALID");
    // Only the last of several counts, in place of the one before.
    let own = react(&mut world.bob, &alice, seen.id, &["👍", "❤️"]).await.unwrap();
    assert_eq!(counts(&own), [(emoji("❤"), 1, Some(1))]);

    // The author learns of it when it comes back, and attends to it.
    assert_eq!(line(&mut world.alice, &bob).await.unread_reactions_count, 1);
    let stored = newest(&mut world.alice, &bob).await;
    assert_eq!(counts(&stored.reactions.unwrap()), [(emoji("❤"), 1, None)]);
    let unread =
        functions::messages::GetUnreadReactions { peer: bob.clone(), limit: 10, ..Default::default() };
    let enums::messages::Messages::Messages(page) = world.alice.call(&unread).await.unwrap() else {
        panic!()
    };
    assert_eq!(page.messages.len(), 1);
    let read = functions::messages::ReadReactions { peer: bob.clone(), ..Default::default() };
    world.alice.call(&read).await.unwrap();
    assert_eq!(line(&mut world.alice, &bob).await.unread_reactions_count, 0);
    let stored = newest(&mut world.alice, &bob).await.reactions.unwrap();
    assert!(!stored.recent_reactions.unwrap()[0].unread);

    let list = functions::messages::GetMessageReactionsList {
        peer: bob.clone(),
        id: stored_id(&mut world.alice, &bob).await,
        limit: 10,
        ..Default::default()
    };
    let list = world.alice.call(&list).await.unwrap();
    assert_eq!((list.count, list.reactions.len(), list.users.len(), list.next_offset), (1, 1, 1, None));

    let own = react(&mut world.bob, &alice, seen.id, &[]).await.unwrap();
    assert!(own.results.is_empty());
    assert!(newest(&mut world.alice, &bob).await.reactions.is_none());
}

async fn stored_id(client: &mut ApiClient, peer: &enums::InputPeer) -> i32 {
    newest(client, peer).await.id
}

/// A supergroup or channel of Alice's with the others in it, as each of the three names it.
async fn shared(world: &mut World, prefix: &str, broadcast: bool) -> Vec<enums::InputPeer> {
    let create = functions::channels::CreateChannel {
        megagroup: !broadcast,
        broadcast,
        title: "Square".into(),
        ..Default::default()
    };
    let made = packet(world.alice.call(&create).await.unwrap());
    let Some(enums::Chat::Channel(made)) = made.chats.first() else { panic!("{made:?}") };
    let channel = types::InputChannel { channel_id: made.id, access_hash: made.access_hash.unwrap() };
    let name = format!("square_{prefix}");
    let public =
        functions::channels::UpdateUsername { channel: channel.clone().into(), username: name.clone() };
    world.alice.call(&public).await.unwrap();
    let mut peers =
        vec![types::InputPeerChannel { channel_id: made.id, access_hash: channel.access_hash }.into()];
    for client in [&mut world.bob, &mut world.carol] {
        let resolve = functions::contacts::ResolveUsername { username: name.clone(), ..Default::default() };
        let found = client.call(&resolve).await.unwrap();
        let Some(enums::Chat::Channel(seen)) = found.chats.first() else { panic!("{found:?}") };
        let (channel_id, access_hash) = (seen.id, seen.access_hash.unwrap());
        let channel = types::InputChannel { channel_id, access_hash };
        client.call(&functions::channels::JoinChannel { channel: channel.into() }).await.unwrap();
        peers.push(types::InputPeerChannel { channel_id, access_hash }.into());
    }
    peers
}

/// G-310 … G-313: who is mentioned by name or answered sees it, counts it and reads it; nobody else does.
#[tokio::test]
async fn g310_g313_mentions_wait_for_the_mentioned() {
    let mut world = world("999668").await;
    let name = functions::account::UpdateUsername { username: "bob_of_668".into() };
    world.bob.call(&name).await.unwrap();
    let peers = shared(&mut world, "668", false).await;
    let id = say(&mut world.alice, &peers[0], "come, @bob_of_668!", None).await;
    let pushed = |update: &enums::Update| match update {
        enums::Update::UpdateNewChannelMessage(new) => match &new.message {
            enums::Message::Message(message) if message.id == id => {
                Some((message.mentioned, message.media_unread))
            }
            _ => None,
        },
        _ => None,
    };
    assert_eq!(update(&mut world.bob, pushed).await, (true, true));
    assert_eq!(update(&mut world.carol, pushed).await, (false, false));
    let stored = newest(&mut world.bob, &peers[1]).await;
    assert!(stored.mentioned && stored.media_unread);
    assert!(!newest(&mut world.carol, &peers[2]).await.mentioned);
    assert_eq!(line(&mut world.bob, &peers[1]).await.unread_mentions_count, 1);
    assert_eq!(line(&mut world.carol, &peers[2]).await.unread_mentions_count, 0);

    // An answer is a mention, too; never of oneself.
    let answer = say(&mut world.bob, &peers[1], "I come", None).await;
    say(&mut world.carol, &peers[2], "good", Some(answer)).await;
    say(&mut world.bob, &peers[1], "indeed", Some(answer)).await;
    let unread =
        functions::messages::GetUnreadMentions { peer: peers[1].clone(), limit: 10, ..Default::default() };
    let enums::messages::Messages::ChannelMessages(page) = world.bob.call(&unread).await.unwrap() else {
        panic!()
    };
    assert_eq!((page.count, page.messages.len()), (2, 2));

    let enums::InputPeer::InputPeerChannel(at) = &peers[1] else { panic!() };
    let channel = types::InputChannel { channel_id: at.channel_id, access_hash: at.access_hash };
    let read = functions::channels::ReadMessageContents { channel: channel.into(), id: vec![id] };
    assert!(world.bob.call(&read).await.unwrap());
    assert_eq!(line(&mut world.bob, &peers[1]).await.unread_mentions_count, 1);
    let read = functions::messages::ReadMentions { peer: peers[1].clone(), ..Default::default() };
    let done = world.bob.call(&read).await.unwrap();
    assert_eq!(done.offset, 0);
    assert_eq!(line(&mut world.bob, &peers[1]).await.unread_mentions_count, 0);
}

/// G-365, G-370 in a supergroup: others get the common form, and what the group does not allow is refused.
#[tokio::test]
async fn g365_g370_reactions_in_a_supergroup() {
    let mut world = world("999669").await;
    let peers = shared(&mut world, "669", false).await;
    let id = say(&mut world.alice, &peers[0], "vote!", None).await;
    react(&mut world.bob, &peers[1], id, &["👍"]).await.unwrap();
    let own = react(&mut world.carol, &peers[2], id, &["🔥"]).await.unwrap();
    assert_eq!(counts(&own), [(emoji("👍"), 1, None), (emoji("🔥"), 1, Some(1))]);
    let first = update(&mut world.alice, reactions).await;
    assert!(first.min && first.results.iter().all(|result| result.chosen_order.is_none()));

    let some = |reactions: &[&str]| functions::messages::SetChatAvailableReactions {
        peer: peers[0].clone(),
        available_reactions: types::ChatReactionsSome {
            reactions: reactions.iter().map(|r| emoji(r)).collect(),
        }
        .into(),
        ..Default::default()
    };
    world.alice.call(&some(&["🎉"])).await.unwrap();
    assert_eq!(refused(&mut world.alice, &some(&["🎉"])).await, "400 CHAT_NOT_MODIFIED");
    assert_eq!(react(&mut world.alice, &peers[0], id, &["🤔"]).await.unwrap_err(), "400 REACTION_INVALID");
    // What is there already stays possible.
    let own = react(&mut world.alice, &peers[0], id, &["🔥"]).await.unwrap();
    assert_eq!(counts(&own), [(emoji("🔥"), 2, Some(1)), (emoji("👍"), 1, None)]);
}

/// G-315, G-366: posts have views, once per viewer, and nobody sees who reacted to them.
#[tokio::test]
async fn g315_g366_posts_count_views_and_hide_who_reacted() {
    let mut world = world("999660").await;
    let peers = shared(&mut world, "660", true).await;
    let id = say(&mut world.alice, &peers[0], "news", None).await;
    assert_eq!(newest(&mut world.bob, &peers[1]).await.views, Some(1));
    let look = |peer: &enums::InputPeer, increment| functions::messages::GetMessagesViews {
        peer: peer.clone(),
        id: vec![id, 99],
        increment,
    };
    for _ in 0..2 {
        let seen = world.bob.call(&look(&peers[1], true)).await.unwrap().views;
        assert_eq!((seen.len(), seen[0].views, seen[0].forwards, seen[1].views), (2, Some(2), Some(0), None));
    }
    let forward = functions::messages::ForwardMessages {
        from_peer: peers[2].clone(),
        to_peer: enums::InputPeer::InputPeerSelf,
        id: vec![id],
        random_id: vec![5],
        ..Default::default()
    };
    world.carol.call(&forward).await.unwrap();
    let seen = world.carol.call(&look(&peers[2], false)).await.unwrap().views;
    assert_eq!((seen[0].views, seen[0].forwards), (Some(2), Some(1)));

    let own = react(&mut world.bob, &peers[1], id, &["👏"]).await.unwrap();
    assert!(own.recent_reactions.is_none() && !own.can_see_list, "{own:?}");
    let list = functions::messages::GetMessageReactionsList {
        peer: peers[0].clone(),
        id,
        limit: 10,
        ..Default::default()
    };
    assert_eq!(refused(&mut world.alice, &list).await, "403 BROADCAST_FORBIDDEN");
}

/// An administrator takes away what a member reacted with, and nobody else does.
#[tokio::test]
async fn an_administrator_deletes_a_reaction_of_a_member() {
    let mut world = world("999667").await;
    let users =
        vec![named(&mut world.alice, "9996670002").await, named(&mut world.alice, "9996670003").await];
    let create = functions::messages::CreateChat {
        users: users.clone(),
        title: "Reacting".into(),
        ..Default::default()
    };
    let made = packet(world.alice.call(&create).await.unwrap().updates);
    let Some(enums::Chat::Chat(chat)) = made.chats.first().cloned() else { panic!("{made:?}") };
    let group: enums::InputPeer = types::InputPeerChat { chat_id: chat.id }.into();
    let msg_id = say(&mut world.alice, &group, "what do you think?", None).await;
    let at_bob = newest(&mut world.bob, &group).await.id;
    react(&mut world.bob, &group, at_bob, &["👎"]).await.unwrap();

    let participant = |user: &enums::InputUser| match user {
        enums::InputUser::InputUser(user) => {
            types::InputPeerUser { user_id: user.user_id, access_hash: user.access_hash }.into()
        }
        other => panic!("{other:?}"),
    };
    let bob_at_carol = named(&mut world.carol, "9996670002").await;
    let at_carol = newest(&mut world.carol, &group).await.id;
    let delete = functions::messages::DeleteParticipantReaction {
        peer: group.clone(),
        msg_id: at_carol,
        participant: participant(&bob_at_carol),
    };
    assert_eq!(refused(&mut world.carol, &delete).await, "400 CHAT_ADMIN_REQUIRED");
    let delete = functions::messages::DeleteParticipantReaction {
        peer: group.clone(),
        msg_id,
        participant: participant(&users[0]),
    };
    let done = packet(world.alice.call(&delete).await.unwrap());
    assert_eq!(counts(&done.updates.iter().find_map(reactions).unwrap()), []);
    assert!(newest(&mut world.bob, &group).await.reactions.is_none());
    assert_eq!(refused(&mut world.alice, &delete).await, "400 MESSAGE_NOT_MODIFIED");
}

/// G-371: what somebody chose last is offered first.
#[tokio::test]
async fn g371_recent_reactions_are_kept_and_forgotten() {
    let mut world = world("999667").await;
    let msg_id = say(&mut world.alice, &enums::InputPeer::InputPeerSelf, "a note", None).await;
    for chosen in ["👍", "❤"] {
        let send = functions::messages::SendReaction {
            add_to_recent: true,
            peer: enums::InputPeer::InputPeerSelf,
            msg_id,
            reaction: Some(vec![emoji(chosen)]),
            ..Default::default()
        };
        world.alice.call(&send).await.unwrap();
    }
    let recent = |hash| functions::messages::GetRecentReactions { limit: 10, hash };
    let found = world.alice.call(&recent(0)).await.unwrap();
    let enums::messages::Reactions::Reactions(list) = found else { panic!("{found:?}") };
    assert_eq!(list.reactions, [emoji("❤"), emoji("👍")]);
    let again = world.alice.call(&recent(list.hash)).await.unwrap();
    assert!(matches!(again, enums::messages::Reactions::ReactionsNotModified));
    let top = functions::messages::GetTopReactions { limit: 3, hash: 0 };
    let found = world.alice.call(&top).await.unwrap();
    let enums::messages::Reactions::Reactions(top) = found else { panic!("{found:?}") };
    assert_eq!(top.reactions, [emoji("❤"), emoji("👍"), emoji("👎")]);
    world.alice.call(&functions::messages::ClearRecentReactions {}).await.unwrap();
    let found = world.alice.call(&recent(list.hash)).await.unwrap();
    assert!(matches!(found, enums::messages::Reactions::Reactions(list) if list.reactions.is_empty()));
}
