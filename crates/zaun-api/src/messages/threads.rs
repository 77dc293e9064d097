//! Topics of forums, comments, and threads of answers.

use zaun_messenger::Error;
use zaun_messenger::Outcome;
use zaun_messenger::messages::history::Window;
use zaun_messenger::peers::peer_to_tl;
use zaun_messenger::threads::topics::{NewTopic, TopicEdit, TopicLine, TopicOffset, TopicPage};
use zaun_model::{MsgId, Peer};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::messages::{affected_history, page};
use crate::to_tl::{self, Lists};

/// messages.getReplies
pub(crate) async fn get_replies(
    call: Call,
    r: functions::messages::GetReplies,
) -> Result<enums::messages::Messages, Error> {
    let window = Window {
        offset_id: r.offset_id,
        offset_date: r.offset_date,
        add_offset: r.add_offset,
        limit: r.limit,
        max_id: r.max_id,
        min_id: r.min_id,
        range: call.range,
        thread: None,
        saved: None,
    };
    let found = call.messenger().replies(call.actor(), call.peer(&r.peer)?, MsgId(r.msg_id), window).await?;
    Ok(page(&call, &found))
}

/// messages.getDiscussionMessage
pub(crate) async fn get_discussion_message(
    call: Call,
    r: functions::messages::GetDiscussionMessage,
) -> Result<enums::messages::DiscussionMessage, Error> {
    let found = call.messenger().thread_beginning(call.actor(), call.peer(&r.peer)?, MsgId(r.msg_id)).await?;
    let view = call.view(&found.scene);
    let read = |id: MsgId| (id.0 > 0).then_some(id.0);
    let Lists { users, chats } = view.lists();
    Ok(types::messages::DiscussionMessage {
        messages: vec![to_tl::message(view, &found.message)],
        max_id: found.max_id.map(|id| id.0),
        read_inbox_max_id: read(found.read.inbox),
        read_outbox_max_id: read(found.read.outbox),
        unread_count: found.unread,
        chats,
        users,
    })
}

/// messages.readDiscussion
pub(crate) async fn read_discussion(
    call: Call,
    r: functions::messages::ReadDiscussion,
) -> Result<bool, Error> {
    let (peer, max_id) = (call.peer(&r.peer)?, MsgId(r.read_max_id));
    call.messenger().read_thread(call.actor(), peer, MsgId(r.msg_id), max_id).await?;
    Ok(true)
}

/// messages.createForumTopic
pub(crate) async fn create_forum_topic(
    call: Call,
    r: functions::messages::CreateForumTopic,
) -> Result<enums::Updates, Error> {
    let new = NewTopic {
        title: r.title,
        icon_color: r.icon_color,
        icon_emoji_id: r.icon_emoji_id,
        random_id: r.random_id,
    };
    let made = call.messenger().create_topic(call.actor(), call.peer(&r.peer)?, new).await?;
    let sent = Outcome { value: vec![made.value], own: made.own, scene: made.scene };
    Ok(to_tl::sent_updates(call.view(&sent.scene), &sent))
}

/// messages.editForumTopic
pub(crate) async fn edit_forum_topic(
    call: Call,
    r: functions::messages::EditForumTopic,
) -> Result<enums::Updates, Error> {
    let edit =
        TopicEdit { title: r.title, icon_emoji_id: r.icon_emoji_id, closed: r.closed, hidden: r.hidden };
    let peer = call.peer(&r.peer)?;
    let done = call.messenger().edit_topic(call.actor(), peer, MsgId(r.topic_id), edit).await?;
    Ok(to_tl::own_updates(call.view(&done.scene), &done.own))
}

/// messages.updatePinnedForumTopic
pub(crate) async fn update_pinned_forum_topic(
    call: Call,
    r: functions::messages::UpdatePinnedForumTopic,
) -> Result<enums::Updates, Error> {
    let peer = call.peer(&r.peer)?;
    let done = call.messenger().pin_topic(call.actor(), peer, MsgId(r.topic_id), r.pinned).await?;
    Ok(to_tl::own_updates(call.view(&done.scene), &done.own))
}

/// messages.reorderPinnedForumTopics
pub(crate) async fn reorder_pinned_forum_topics(
    call: Call,
    r: functions::messages::ReorderPinnedForumTopics,
) -> Result<enums::Updates, Error> {
    let (peer, order) = (call.peer(&r.peer)?, r.order.into_iter().map(MsgId).collect());
    let done = call.messenger().reorder_pinned_topics(call.actor(), peer, order, r.force).await?;
    Ok(to_tl::own_updates(call.view(&done.scene), &done.own))
}

/// messages.deleteTopicHistory
pub(crate) async fn delete_topic_history(
    call: Call,
    r: functions::messages::DeleteTopicHistory,
) -> Result<enums::messages::AffectedHistory, Error> {
    let peer = call.peer(&r.peer)?;
    call.messenger().delete_topic(call.actor(), peer, MsgId(r.top_msg_id)).await.map(affected_history)
}

/// messages.getForumTopics
pub(crate) async fn get_forum_topics(
    call: Call,
    r: functions::messages::GetForumTopics,
) -> Result<enums::messages::ForumTopics, Error> {
    let offset = TopicOffset { id: r.offset_id, topic: r.offset_topic };
    let found = call.messenger().topics(call.actor(), call.peer(&r.peer)?, r.q, offset, r.limit).await?;
    Ok(topics(&call, found))
}

/// messages.getForumTopicsByID
pub(crate) async fn get_forum_topics_by_id(
    call: Call,
    r: functions::messages::GetForumTopicsByID,
) -> Result<enums::messages::ForumTopics, Error> {
    let (peer, ids) = (call.peer(&r.peer)?, r.topics.into_iter().map(MsgId).collect());
    let found = call.messenger().topics_by_id(call.actor(), peer, ids).await?;
    Ok(topics(&call, found))
}

fn topics(call: &Call, found: TopicPage) -> enums::messages::ForumTopics {
    let view = call.view(&found.scene);
    let messages = found.messages.iter().map(|message| to_tl::message(view, message)).collect();
    let Lists { users, chats } = view.lists();
    let mut topics: Vec<enums::ForumTopic> = found.topics.into_iter().map(|line| topic(call, line)).collect();
    topics.extend(found.deleted.iter().map(|id| types::ForumTopicDeleted { id: id.0 }.into()));
    types::messages::ForumTopics {
        order_by_create_date: false,
        count: found.count,
        topics,
        messages,
        chats,
        users,
        pts: found.pts,
    }
}

fn topic(call: &Call, line: TopicLine) -> enums::ForumTopic {
    let row = line.row;
    types::ForumTopic {
        my: row.creator_id == call.user_id,
        closed: row.closed,
        pinned: row.pinned_order.is_some(),
        hidden: row.hidden,
        id: row.id.0,
        date: row.created_at.to_tl(),
        peer: peer_to_tl(Peer::Channel(row.channel_id)),
        title: row.title,
        icon_color: row.icon_color,
        icon_emoji_id: row.icon_emoji_id,
        top_message: row.top_id.0,
        read_inbox_max_id: line.read.inbox.0,
        read_outbox_max_id: line.read.outbox.0,
        unread_count: line.unread,
        unread_mentions_count: line.unread_mentions,
        unread_reactions_count: line.unread_reactions,
        unread_poll_votes_count: 0,
        from_id: peer_to_tl(row.author),
        notify_settings: line.notify,
        draft: line.draft.map(Into::into),
        ..types::ForumTopic::default()
    }
    .into()
}
