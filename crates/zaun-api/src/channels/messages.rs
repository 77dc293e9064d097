//! Messages of channels.

use zaun_messenger::Error;
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::messages::{affected_messages, found_messages, message_name};
use crate::to_tl::Lists;

/// channels.getMessages
pub(crate) async fn get_messages(
    call: Call,
    r: functions::channels::GetMessages,
) -> Result<enums::messages::Messages, Error> {
    let (channel, names) = (call.channel(&r.channel)?, r.id.iter().map(message_name).collect());
    let found = call.messenger().channel_messages_by_id(call.actor(), channel, names).await?;
    let (messages, Lists { users, chats }) = found_messages(&call, &found);
    let count = i32::try_from(messages.len()).unwrap_or(i32::MAX);
    Ok(types::messages::ChannelMessages {
        pts: found.channel_pts.map_or(0, |pts| pts.0),
        count,
        messages,
        chats,
        users,
        ..types::messages::ChannelMessages::default()
    }
    .into())
}

/// channels.deleteMessages
pub(crate) async fn delete_messages(
    call: Call,
    r: functions::channels::DeleteMessages,
) -> Result<enums::messages::AffectedMessages, Error> {
    let (channel, ids) = (call.channel(&r.channel)?, r.id.into_iter().map(MsgId).collect());
    call.messenger().delete_channel_messages(call.actor(), channel, ids).await.map(affected_messages)
}

/// channels.readHistory
pub(crate) async fn read_history(call: Call, r: functions::channels::ReadHistory) -> Result<bool, Error> {
    call.messenger().read_history(call.actor(), call.channel(&r.channel)?, MsgId(r.max_id)).await?;
    Ok(true)
}

/// channels.readMessageContents (G-314)
pub(crate) async fn read_message_contents(
    call: Call,
    r: functions::channels::ReadMessageContents,
) -> Result<bool, Error> {
    let ids = r.id.into_iter().map(MsgId).collect();
    call.messenger().read_channel_contents(call.actor(), call.channel(&r.channel)?, ids).await?;
    Ok(true)
}
