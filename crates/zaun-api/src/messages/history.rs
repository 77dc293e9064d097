//! Reading histories.

use zaun_messenger::Error;
use zaun_messenger::messages::history::{FoundMessages, MessageName, Window};
use zaun_messenger::views::MessagePage;
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::messages::affected_messages;
use crate::to_tl::{self, Lists};

/// Returns a page as messages.Messages: that of a channel with its pts, else whole if it holds everything, or a slice.
pub(crate) fn page(call: &Call, page: &MessagePage) -> enums::messages::Messages {
    let view = call.view(&page.scene);
    let messages: Vec<_> = page.messages.iter().map(|message| to_tl::message(view, message)).collect();
    let (count, topics) = (page.total, Vec::new());
    let Lists { users, chats } = view.lists();
    let whole = usize::try_from(count).is_ok_and(|count| count == messages.len());
    match page.channel_pts {
        Some(pts) => types::messages::ChannelMessages {
            pts,
            count,
            offset_id_offset: page.skipped,
            messages,
            topics,
            chats,
            users,
            ..types::messages::ChannelMessages::default()
        }
        .into(),
        None if whole => types::messages::Messages { messages, topics, chats, users }.into(),
        None => types::messages::MessagesSlice {
            count,
            offset_id_offset: page.skipped,
            messages,
            topics,
            chats,
            users,
            ..types::messages::MessagesSlice::default()
        }
        .into(),
    }
}

/// messages.getHistory
pub(crate) async fn get_history(
    call: Call,
    r: functions::messages::GetHistory,
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
    let found = call.messenger().history(call.actor(), call.peer(&r.peer)?, window).await?;
    Ok(page(&call, &found))
}

/// Reads how a client names a message.
pub(crate) fn message_name(input: &enums::InputMessage) -> MessageName {
    match input {
        enums::InputMessage::InputMessageID(m) => MessageName::Id(MsgId(m.id)),
        enums::InputMessage::InputMessageReplyTo(m) => MessageName::AnsweredBy(MsgId(m.id)),
        // Without a peer there is no telling which pinned message or button is meant.
        _ => MessageName::Id(MsgId(0)),
    }
}

/// Returns named messages in the order asked for, `messageEmpty` for what is not there, with everybody in them.
pub(crate) fn found_messages(call: &Call, found: &FoundMessages) -> (Vec<enums::Message>, Lists) {
    let view = call.view(&found.scene);
    let message = |(id, shown): &(MsgId, Option<_>)| match shown {
        Some(shown) => to_tl::message(view, shown),
        None => types::MessageEmpty { id: id.0, peer_id: None }.into(),
    };
    (found.messages.iter().map(message).collect(), view.lists())
}

/// messages.getMessages
pub(crate) async fn get_messages(
    call: Call,
    r: functions::messages::GetMessages,
) -> Result<enums::messages::Messages, Error> {
    let names = r.id.iter().map(message_name).collect();
    let found = call.messenger().messages_by_id(call.actor(), names).await?;
    let (messages, Lists { users, chats }) = found_messages(&call, &found);
    Ok(types::messages::Messages { messages, topics: Vec::new(), chats, users }.into())
}

/// messages.readHistory
pub(crate) async fn read_history(
    call: Call,
    r: functions::messages::ReadHistory,
) -> Result<enums::messages::AffectedMessages, Error> {
    let peer = call.peer(&r.peer)?;
    call.messenger().read_history(call.actor(), peer, MsgId(r.max_id)).await.map(affected_messages)
}

/// messages.getSplitRanges: a box is one piece.
pub(crate) async fn get_split_ranges(
    _: Call,
    _: functions::messages::GetSplitRanges,
) -> Result<Vec<enums::MessageRange>, Error> {
    Ok(vec![types::MessageRange { min_id: 1, max_id: i32::MAX }])
}

/// messages.receivedMessages: delivery receipts, which this server has no use for.
pub(crate) async fn received_messages(
    _: Call,
    _: functions::messages::ReceivedMessages,
) -> Result<Vec<enums::ReceivedNotifyMessage>, Error> {
    Ok(Vec::new())
}

/// messages.readMessageContents: marks voice messages and the like as listened to.
pub(crate) async fn read_message_contents(
    call: Call,
    r: functions::messages::ReadMessageContents,
) -> Result<enums::messages::AffectedMessages, Error> {
    call.messenger()
        .read_contents(call.actor(), r.id.into_iter().map(MsgId).collect())
        .await
        .map(affected_messages)
}
