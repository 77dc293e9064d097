//! Reading histories.

use std::collections::BTreeSet;

use zaun_messenger::Error;
use zaun_messenger::messages::history::{Named, Page, Window};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::messages::affected_messages;
use crate::to_tl;

/// A page as messages.Messages: whole if it holds everything, else a slice.
pub(crate) async fn page(call: &Call, page: Page) -> Result<enums::messages::Messages, Error> {
    let view = call.view();
    let mut ids = BTreeSet::new();
    let mut messages = Vec::with_capacity(page.messages.len());
    for row in &page.messages {
        let message = to_tl::message(view, row)?;
        to_tl::message_users(&message, &mut ids);
        messages.push(message);
    }
    let users = view.users(ids).await?;
    let (topics, chats) = (Vec::new(), Vec::new());
    let whole = usize::try_from(page.total).is_ok_and(|total| total == messages.len());
    Ok(if whole {
        types::messages::Messages { messages, topics, chats, users }.into()
    } else {
        types::messages::MessagesSlice {
            count: page.total,
            offset_id_offset: Some(page.skipped),
            messages,
            topics,
            chats,
            users,
            ..types::messages::MessagesSlice::default()
        }
        .into()
    })
}

/// messages.getHistory
pub(crate) async fn get_history(
    call: Call,
    r: functions::messages::GetHistory,
) -> Result<enums::messages::Messages, Error> {
    let peer = call.messenger().input_peer(call.user_id, &r.peer)?;
    let window = Window {
        offset_id: r.offset_id,
        offset_date: r.offset_date,
        add_offset: r.add_offset,
        limit: r.limit,
        max_id: r.max_id,
        min_id: r.min_id,
        range: call.range,
    };
    let found = call.messenger().history(call.actor(), peer, window).await?;
    page(&call, found).await
}

/// messages.getMessages: in the order asked for, `messageEmpty` for what is not there.
pub(crate) async fn get_messages(
    call: Call,
    r: functions::messages::GetMessages,
) -> Result<enums::messages::Messages, Error> {
    let named = |input: &enums::InputMessage| match input {
        enums::InputMessage::InputMessageID(m) => Named::Id(m.id),
        enums::InputMessage::InputMessageReplyTo(m) => Named::AnsweredBy(m.id),
        // Without a peer there is no telling which pinned message or button is meant.
        _ => Named::Id(0),
    };
    let rows = call.messenger().messages_by_id(call.actor(), r.id.iter().map(named).collect()).await?;
    let view = call.view();
    let (mut ids, mut messages) = (BTreeSet::new(), Vec::new());
    for (id, row) in rows {
        messages.push(match row {
            Some(row) => to_tl::message(view, &row)?,
            None => types::MessageEmpty { id, peer_id: None }.into(),
        });
    }
    messages.iter().for_each(|message| to_tl::message_users(message, &mut ids));
    let users = view.users(ids).await?;
    Ok(types::messages::Messages { messages, topics: Vec::new(), chats: Vec::new(), users }.into())
}

/// messages.readHistory
pub(crate) async fn read_history(
    call: Call,
    r: functions::messages::ReadHistory,
) -> Result<enums::messages::AffectedMessages, Error> {
    let peer = call.messenger().input_peer(call.user_id, &r.peer)?;
    call.messenger().read_history(call.actor(), peer, r.max_id).await.map(affected_messages)
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
    call.messenger().read_contents(call.actor(), r.id).await.map(affected_messages)
}
