//! Topics of forums, comments to posts, threads of answers.

use zaun_schema::api::{enums, functions, types};
use zaun_testkit::ApiClient;

use crate::support::*;

pub(crate) struct Group {
    pub(crate) id: i64,
    pub(crate) channel: enums::InputChannel,
    pub(crate) peer: enums::InputPeer,
}

pub(crate) fn group_of(chats: &[enums::Chat], id: Option<i64>) -> Group {
    let found = chats.iter().find_map(|chat| match chat {
        enums::Chat::Channel(channel) if id.is_none_or(|id| id == channel.id) => Some(channel),
        _ => None,
    });
    let channel = found.expect("a channel");
    let (channel_id, access_hash) = (channel.id, channel.access_hash.unwrap());
    Group {
        id: channel_id,
        channel: types::InputChannel { channel_id, access_hash }.into(),
        peer: types::InputPeerChannel { channel_id, access_hash }.into(),
    }
}

/// Makes a channel, lets others in by name, and returns it as each of them names it, the creator first.
pub(crate) async fn made(
    megagroup: bool,
    name: &str,
    creator: &mut ApiClient,
    others: &mut [&mut ApiClient],
) -> Vec<Group> {
    let create = functions::channels::CreateChannel {
        megagroup,
        broadcast: !megagroup,
        title: "The group".into(),
        about: String::new(),
        ..Default::default()
    };
    let done = packet(creator.call(&create).await.unwrap());
    let group = group_of(&done.chats, None);
    let username =
        functions::channels::UpdateUsername { channel: group.channel.clone(), username: name.into() };
    creator.call(&username).await.unwrap();
    let mut groups = vec![group];
    for other in others {
        let resolve = functions::contacts::ResolveUsername { username: name.into(), ..Default::default() };
        let group = group_of(&other.call(&resolve).await.unwrap().chats, None);
        other.call(&functions::channels::JoinChannel { channel: group.channel.clone() }).await.unwrap();
        groups.push(group);
    }
    groups
}

async fn forum(creator: &mut ApiClient, others: &mut [&mut ApiClient]) -> Vec<Group> {
    let groups = made(true, "the_forum", creator, others).await;
    let on =
        functions::channels::ToggleForum { channel: groups[0].channel.clone(), enabled: true, tabs: false };
    let done = packet(creator.call(&on).await.unwrap());
    let Some(enums::Chat::Channel(channel)) = done.chats.first() else { panic!("{done:?}") };
    assert!(channel.forum);
    groups
}

async fn topic(client: &mut ApiClient, group: &Group, title: &str, random_id: i64) -> Result<i32, String> {
    let create = functions::messages::CreateForumTopic {
        peer: group.peer.clone(),
        title: title.into(),
        random_id,
        ..Default::default()
    };
    let done = packet(client.call(&create).await.map_err(|error| error.to_string())?);
    let id = done.updates.iter().find_map(|update| match update {
        enums::Update::UpdateMessageID(update) if update.random_id == random_id => Some(update.id),
        _ => None,
    });
    Ok(id.expect("G-265: updateMessageID"))
}

fn answer(id: i32, top: Option<i32>) -> Option<enums::InputReplyTo> {
    let reply = types::InputReplyToMessage { reply_to_msg_id: id, top_msg_id: top, ..Default::default() };
    Some(reply.into())
}

async fn say(
    client: &mut ApiClient,
    group: &Group,
    text: &str,
    reply_to: Option<enums::InputReplyTo>,
) -> Result<types::Message, String> {
    let send = functions::messages::SendMessage {
        peer: group.peer.clone(),
        message: text.into(),
        random_id: rand::random(),
        reply_to,
        ..Default::default()
    };
    let sent = packet(client.call(&send).await.map_err(|error| error.to_string())?);
    let message = sent.updates.iter().find_map(|update| match update {
        enums::Update::UpdateNewChannelMessage(update) => Some(update.message.clone()),
        _ => None,
    });
    match message {
        Some(enums::Message::Message(message)) => Ok(*message),
        other => panic!("{other:?}"),
    }
}

/// (forum_topic, reply_to_msg_id, reply_to_top_id)
fn header(message: &types::Message) -> Option<(bool, Option<i32>, Option<i32>)> {
    match message.reply_to.as_ref()? {
        enums::MessageReplyHeader::MessageReplyHeader(header) => {
            Some((header.forum_topic, header.reply_to_msg_id, header.reply_to_top_id))
        }
        other => panic!("{other:?}"),
    }
}

async fn topics(client: &mut ApiClient, group: &Group) -> Vec<types::ForumTopic> {
    let get =
        functions::messages::GetForumTopics { peer: group.peer.clone(), limit: 500, ..Default::default() };
    let page = client.call(&get).await.unwrap();
    assert_eq!(usize::try_from(page.count).unwrap(), page.topics.len());
    let topics: Vec<types::ForumTopic> = page
        .topics
        .into_iter()
        .map(|topic| match topic {
            enums::ForumTopic::ForumTopic(topic) => *topic,
            other => panic!("{other:?}"),
        })
        .collect();
    for topic in &topics {
        // G-272
        assert!(page.messages.iter().any(|message| id_of_message(message) == topic.top_message), "{topic:?}");
        assert!(topic.date > 0 && !topic.short, "G-271");
    }
    topics
}

fn id_of_message(message: &enums::Message) -> i32 {
    match message {
        enums::Message::Message(message) => message.id,
        enums::Message::MessageService(message) => message.id,
        enums::Message::MessageEmpty(message) => message.id,
    }
}

async fn replies(client: &mut ApiClient, group: &Group, id: i32) -> (Vec<i32>, i32) {
    let get = functions::messages::GetReplies {
        peer: group.peer.clone(),
        msg_id: id,
        limit: 50,
        ..Default::default()
    };
    match client.call(&get).await.unwrap() {
        enums::messages::Messages::ChannelMessages(page) => {
            (page.messages.iter().map(id_of_message).collect(), page.count)
        }
        other => panic!("{other:?}"),
    }
}

/// G-260 … G-272: topics hold their messages apart, and each is read by itself.
#[tokio::test]
async fn g260_g276_a_forum() {
    let mut world = world("999661").await;
    let groups = forum(&mut world.alice, &mut [&mut world.bob]).await;
    let (own, bobs) = (&groups[0], &groups[1]);
    let refused_on =
        functions::channels::ToggleForum { channel: bobs.channel.clone(), enabled: false, tabs: false };
    assert_eq!(refused(&mut world.bob, &refused_on).await, "400 CHAT_ADMIN_REQUIRED", "G-260");

    let news = topic(&mut world.alice, own, "News", 11).await.unwrap();
    assert_eq!(topic(&mut world.alice, own, "News", 11).await.unwrap(), news, "G-265");
    assert_eq!(topic(&mut world.alice, own, " ", 12).await.unwrap_err(), "400 TOPIC_TITLE_EMPTY");
    let chatter = topic(&mut world.bob, bobs, "Chatter", 13).await.unwrap();

    // G-262, G-263
    let plain = say(&mut world.bob, bobs, "plain", answer(news, None)).await.unwrap();
    assert_eq!(header(&plain), Some((true, Some(news), None)));
    let reply = say(&mut world.alice, own, "reply", answer(plain.id, Some(news))).await.unwrap();
    assert_eq!(header(&reply), Some((true, Some(plain.id), Some(news))));
    let gone = say(&mut world.alice, own, "gone", answer(77_777, Some(news))).await.unwrap();
    assert_eq!(header(&gone), Some((true, Some(news), None)));
    // G-261
    let general = say(&mut world.bob, bobs, "general", None).await.unwrap();
    assert_eq!(header(&general), None);
    let missing = say(&mut world.bob, bobs, "nowhere", answer(77_777, Some(66_666))).await.unwrap_err();
    assert_eq!(missing, "406 TOPIC_DELETED");

    let seen = topics(&mut world.alice, own).await;
    let lines: Vec<_> = seen.iter().map(|topic| (topic.id, topic.top_message, topic.unread_count)).collect();
    // That Bob came is General's too.
    assert_eq!(lines, [(1, general.id, 2), (news, gone.id, 1), (chatter, chatter, 1)]);
    assert!(seen[1].my && !seen[2].my);
    assert_eq!(replies(&mut world.alice, own, news).await, (vec![gone.id, reply.id, plain.id, news], 4));

    // G-275: a topic is read by itself, and what waits in all of them is their sum.
    assert_eq!(unread(&mut world.alice, own).await, 4);
    let read =
        functions::messages::ReadDiscussion { peer: own.peer.clone(), msg_id: news, read_max_id: i32::MAX };
    world.alice.call(&read).await.unwrap();
    assert_eq!(unread(&mut world.alice, own).await, 3);
    let outbox = update(&mut world.bob, |update| match update {
        enums::Update::UpdateReadChannelDiscussionOutbox(update) => Some(update.clone()),
        _ => None,
    });
    let outbox = outbox.await;
    assert_eq!((outbox.channel_id, outbox.top_msg_id, outbox.read_max_id), (own.id, news, gone.id));
    assert_eq!(topics(&mut world.alice, own).await[1].unread_count, 0);

    // G-266, G-267, G-268
    let edit = |topic_id: i32| functions::messages::EditForumTopic {
        peer: bobs.peer.clone(),
        topic_id,
        title: Some("Other".into()),
        ..Default::default()
    };
    assert_eq!(refused(&mut world.bob, &edit(news)).await, "403 CHAT_ADMIN_REQUIRED");
    world.bob.call(&edit(chatter)).await.unwrap();
    assert_eq!(refused(&mut world.bob, &edit(chatter)).await, "400 TOPIC_NOT_MODIFIED");
    assert_eq!(refused(&mut world.bob, &edit(9999)).await, "400 TOPIC_ID_INVALID");
    let close = functions::messages::EditForumTopic {
        peer: own.peer.clone(),
        topic_id: news,
        closed: Some(true),
        ..Default::default()
    };
    let both = functions::messages::EditForumTopic { title: Some("x".into()), ..close.clone() };
    assert_eq!(refused(&mut world.alice, &both).await, "400 TOPIC_CLOSE_SEPARATELY");
    let hide = functions::messages::EditForumTopic { closed: None, hidden: Some(true), ..close.clone() };
    assert_eq!(refused(&mut world.alice, &hide).await, "400 NOGENERAL_HIDE_FORBIDDEN");
    world.alice.call(&close).await.unwrap();
    let closed = say(&mut world.bob, bobs, "closed", answer(news, None)).await.unwrap_err();
    assert_eq!(closed, "406 TOPIC_CLOSED");
    say(&mut world.alice, own, "open to her", answer(news, None)).await.unwrap();

    // G-274
    let pin = functions::messages::UpdatePinnedForumTopic {
        peer: own.peer.clone(),
        topic_id: chatter,
        pinned: true,
    };
    world.alice.call(&pin).await.unwrap();
    assert_eq!(refused(&mut world.alice, &pin).await, "400 PINNED_TOPIC_NOT_MODIFIED");
    let first = &topics(&mut world.bob, bobs).await[0];
    assert!(first.id == chatter && first.pinned && first.title == "Other");
    let other = functions::messages::UpdatePinnedForumTopic { peer: bobs.peer.clone(), ..pin };
    assert_eq!(refused(&mut world.bob, &other).await, "403 CHAT_ADMIN_REQUIRED");

    // G-269, G-270
    let delete = functions::messages::DeleteTopicHistory { peer: own.peer.clone(), top_msg_id: news };
    let affected = world.alice.call(&delete).await.unwrap();
    assert!(affected.offset == 0 && affected.pts_count >= 5, "{affected:?}");
    let by_id =
        functions::messages::GetForumTopicsByID { peer: own.peer.clone(), topics: vec![news, chatter] };
    let found = world.alice.call(&by_id).await.unwrap();
    assert!(matches!(&found.topics[..], [
        enums::ForumTopic::ForumTopic(topic),
        enums::ForumTopic::ForumTopicDeleted(gone),
    ] if topic.id == chatter && gone.id == news));
    let general = functions::messages::DeleteTopicHistory { peer: own.peer.clone(), top_msg_id: 1 };
    assert_eq!(refused(&mut world.alice, &general).await, "400 TOPIC_ID_INVALID");
}

async fn unread(client: &mut ApiClient, group: &Group) -> i32 {
    let peers = vec![types::InputDialogPeer { peer: group.peer.clone() }.into()];
    let got = client.call(&functions::messages::GetPeerDialogs { peers }).await.unwrap();
    match got.dialogs.into_iter().next() {
        Some(enums::Dialog::Dialog(line)) => line.unread_count,
        other => panic!("{other:?}"),
    }
}

/// G-275: drafts and notification settings are a topic's own.
#[tokio::test]
async fn g275_drafts_and_settings_of_a_topic() {
    let mut world = world("999662").await;
    let groups = forum(&mut world.alice, &mut []).await;
    let own = &groups[0];
    let id = topic(&mut world.alice, own, "News", 11).await.unwrap();
    let save = functions::messages::SaveDraft {
        peer: own.peer.clone(),
        message: "to be said".into(),
        reply_to: answer(id, Some(id)),
        ..Default::default()
    };
    world.alice.call(&save).await.unwrap();
    let peer = types::InputNotifyForumTopic { peer: own.peer.clone(), top_msg_id: id };
    let settings = types::InputPeerNotifySettings { mute_until: Some(i32::MAX), ..Default::default() };
    let set = functions::account::UpdateNotifySettings { peer: peer.clone().into(), settings };
    world.alice.call(&set).await.unwrap();
    let found = topics(&mut world.alice, own).await;
    let line = found.iter().find(|topic| topic.id == id).unwrap();
    let Some(enums::DraftMessage::DraftMessage(draft)) = &line.draft else { panic!("{line:?}") };
    assert_eq!((draft.message.as_str(), line.notify_settings.mute_until), ("to be said", Some(i32::MAX)));
    let general = found.iter().find(|topic| topic.id == 1).unwrap();
    assert!(general.draft.is_none() && general.notify_settings.mute_until.is_none());
    let drafts = packet(world.alice.call(&functions::messages::GetAllDrafts {}).await.unwrap());
    let top = drafts.updates.iter().map(|update| match update {
        enums::Update::UpdateDraftMessage(update) => update.top_msg_id,
        other => panic!("{other:?}"),
    });
    assert_eq!(top.collect::<Vec<_>>(), [Some(id)]);
    // Saying it spends the draft.
    let send = functions::messages::SendMessage {
        peer: own.peer.clone(),
        message: "said".into(),
        random_id: 5,
        clear_draft: true,
        reply_to: answer(id, Some(id)),
        ..Default::default()
    };
    world.alice.call(&send).await.unwrap();
    let found = topics(&mut world.alice, own).await;
    assert!(found.iter().all(|topic| topic.draft.is_none()));
}

/// G-258, G-259: in an ordinary group the first message that is answered begins a thread.
#[tokio::test]
async fn g258_threads_of_answers() {
    let mut world = world("999663").await;
    let groups = made(true, "the_group", &mut world.alice, &mut [&mut world.bob]).await;
    let (own, bobs) = (&groups[0], &groups[1]);
    let root = say(&mut world.alice, own, "root", None).await.unwrap();
    let first = say(&mut world.bob, bobs, "first", answer(root.id, None)).await.unwrap();
    assert_eq!(header(&first), Some((false, Some(root.id), None)));
    let second = say(&mut world.alice, own, "second", answer(first.id, None)).await.unwrap();
    assert_eq!(header(&second), Some((false, Some(first.id), Some(root.id))));
    assert_eq!(replies(&mut world.bob, bobs, root.id).await, (vec![second.id, first.id], 2));
    let delete = functions::channels::DeleteMessages { channel: own.channel.clone(), id: vec![second.id] };
    world.alice.call(&delete).await.unwrap();
    assert_eq!(replies(&mut world.bob, bobs, root.id).await, (vec![first.id], 1));
    let get = functions::messages::GetReplies { peer: bobs.peer.clone(), msg_id: 9999, ..Default::default() };
    assert_eq!(refused(&mut world.bob, &get).await, "400 MSG_ID_INVALID");

    // G-260, G-273: when the group becomes a forum, all that is General's.
    let on = functions::channels::ToggleForum { channel: own.channel.clone(), enabled: true, tabs: true };
    world.alice.call(&on).await.unwrap();
    let found = topics(&mut world.alice, own).await;
    assert_eq!(found.iter().map(|topic| (topic.id, topic.top_message)).collect::<Vec<_>>(), [(1, first.id)]);
    let (ids, _) = replies(&mut world.alice, own, 1).await;
    assert!(ids.contains(&root.id) && ids.contains(&first.id));
}

/// G-245 … G-257: a post is copied into the discussion group, and answers to the copy are its comments.
#[tokio::test]
async fn g245_g257_comments() {
    let mut world = world("999664").await;
    let channels = made(false, "the_channel", &mut world.alice, &mut [&mut world.bob]).await;
    let group = made(true, "the_talk", &mut world.alice, &mut []).await.remove(0);
    let (own, bobs) = (&channels[0], &channels[1]);
    let link = functions::channels::SetDiscussionGroup {
        broadcast: own.channel.clone(),
        group: group.channel.clone(),
    };
    world.alice.call(&link).await.unwrap();
    assert_eq!(refused(&mut world.alice, &link).await, "400 LINK_NOT_MODIFIED");
    let swapped = functions::channels::SetDiscussionGroup {
        broadcast: group.channel.clone(),
        group: own.channel.clone(),
    };
    assert_eq!(refused(&mut world.alice, &swapped).await, "400 BROADCAST_ID_INVALID");
    let forum =
        functions::channels::ToggleForum { channel: group.channel.clone(), enabled: true, tabs: false };
    assert_eq!(refused(&mut world.alice, &forum).await, "400 CHAT_DISCUSSION_UNALLOWED", "G-246");
    let full = functions::channels::GetFullChannel { channel: own.channel.clone() };
    let enums::ChatFull::ChannelFull(full) = world.alice.call(&full).await.unwrap().full_chat else {
        panic!()
    };
    assert_eq!(full.linked_chat_id, Some(group.id));

    let post = say(&mut world.alice, own, "a post", None).await.unwrap();
    let sum = post.replies.as_ref().unwrap();
    assert!(sum.comments && sum.replies == 0 && sum.channel_id == Some(group.id), "G-250: {sum:?}");

    // G-254: a reader of the channel who is not in the group.
    let get = functions::messages::GetDiscussionMessage { peer: bobs.peer.clone(), msg_id: post.id };
    let found = world.bob.call(&get).await.unwrap();
    let [enums::Message::Message(root)] = &found.messages[..] else { panic!("{found:?}") };
    let talk = group_of(&found.chats, Some(group.id));
    assert!(root.pinned, "G-248");
    let from = root.fwd_from.as_ref().unwrap();
    assert_eq!((from.channel_post, from.saved_from_msg_id), (Some(post.id), Some(post.id)));
    assert!(!root.replies.as_ref().unwrap().comments, "G-251");

    // G-257: a guest comments; the sum is told on the post.
    let comment = say(&mut world.bob, &talk, "a comment", answer(root.id, None)).await.unwrap();
    let views =
        functions::messages::GetMessagesViews { peer: bobs.peer.clone(), id: vec![post.id], increment: true };
    let seen = world.bob.call(&views).await.unwrap();
    let sum = seen.views[0].replies.clone().unwrap();
    let bob = comment.from_id.clone().unwrap();
    assert_eq!((sum.replies, sum.max_id, sum.recent_repliers), (1, Some(comment.id), Some(vec![bob])));
    assert_eq!(seen.views[0].views, Some(2));
    assert_eq!(replies(&mut world.alice, own, post.id).await, (vec![comment.id], 1));

    // G-256
    let read = functions::messages::ReadDiscussion {
        peer: own.peer.clone(),
        msg_id: post.id,
        read_max_id: comment.id,
    };
    world.alice.call(&read).await.unwrap();
    let get = functions::messages::GetDiscussionMessage { peer: own.peer.clone(), msg_id: post.id };
    let found = world.alice.call(&get).await.unwrap();
    assert_eq!((found.read_inbox_max_id, found.unread_count), (Some(comment.id), 0));

    // G-249: an edit shows in the copy; a deleted copy closes the comments.
    let edit = functions::messages::EditMessage {
        peer: own.peer.clone(),
        id: post.id,
        message: Some("a better post".into()),
        ..Default::default()
    };
    world.alice.call(&edit).await.unwrap();
    let found = world.alice.call(&get).await.unwrap();
    let [enums::Message::Message(copy)] = &found.messages[..] else { panic!("{found:?}") };
    assert_eq!((copy.message.as_str(), copy.id), ("a better post", root.id));
    let delete = functions::channels::DeleteMessages { channel: group.channel.clone(), id: vec![root.id] };
    world.alice.call(&delete).await.unwrap();
    assert_eq!(refused(&mut world.alice, &get).await, "400 MSG_ID_INVALID");

    let join_to_send =
        functions::channels::ToggleJoinToSend { channel: group.channel.clone(), enabled: true };
    world.alice.call(&join_to_send).await.unwrap();
    let kept = say(&mut world.bob, &talk, "more", None).await.unwrap_err();
    assert_eq!(kept, "406 CHANNEL_PRIVATE");
}

/// G-346: what may not be said any more when its time comes is dropped, and keeps nothing else waiting.
#[tokio::test]
async fn g346_a_closed_topic_keeps_no_other_message_waiting() {
    let mut world = world("999665").await;
    let alice = world.bob.befriend("9996650001").await.unwrap();
    let groups = forum(&mut world.alice, &mut [&mut world.bob]).await;
    let id = topic(&mut world.alice, &groups[0], "News", 7).await.unwrap();
    let now = i32::try_from(world._sandbox.clock().now()).unwrap();
    let reply = types::InputReplyToMessage { reply_to_msg_id: id, ..Default::default() };
    let to_topic = functions::messages::SendMessage {
        peer: groups[1].peer.clone(),
        message: "too late".into(),
        reply_to: Some(reply.into()),
        random_id: 1,
        schedule_date: Some(now + 60),
        ..Default::default()
    };
    let to_alice = functions::messages::SendMessage {
        peer: alice,
        message: "in time".into(),
        reply_to: None,
        random_id: 2,
        schedule_date: Some(now + 61),
        ..to_topic.clone()
    };
    world.bob.call(&to_topic).await.unwrap();
    world.bob.call(&to_alice).await.unwrap();
    let close = functions::messages::EditForumTopic {
        peer: groups[0].peer.clone(),
        topic_id: id,
        closed: Some(true),
        ..Default::default()
    };
    world.alice.call(&close).await.unwrap();
    world._sandbox.advance(62).await;
    let text = update(&mut world.alice, |update| match update {
        enums::Update::UpdateNewMessage(update) => match &update.message {
            enums::Message::Message(message) => Some(message.message.clone()),
            _ => None,
        },
        enums::Update::UpdateNewChannelMessage(update) => match &update.message {
            enums::Message::Message(message) => Some(message.message.clone()),
            _ => None,
        },
        _ => None,
    })
    .await;
    assert_eq!(text, "in time");
    let left = functions::messages::GetScheduledHistory { peer: groups[1].peer.clone(), hash: 0 };
    let enums::messages::Messages::Messages(left) = world.bob.call(&left).await.unwrap() else { panic!() };
    assert!(left.messages.is_empty());
}
