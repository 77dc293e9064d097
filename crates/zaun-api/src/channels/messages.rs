//! Messages of channels.

use zaun_messenger::Error;
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::messages::{affected_history, affected_messages, found_messages, message_name};
use crate::to_tl::{self, Lists};

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

/// channels.deleteHistory (G-235)
pub(crate) async fn delete_history(
    call: Call,
    r: functions::channels::DeleteHistory,
) -> Result<enums::Updates, Error> {
    let (channel, max_id) = (call.channel(&r.channel)?, MsgId(r.max_id));
    let done = call.messenger().delete_channel_history(call.actor(), channel, max_id, r.for_everyone).await?;
    Ok(to_tl::own_updates(call.view(&done.scene), &done.own))
}

/// channels.deleteParticipantHistory (G-236)
pub(crate) async fn delete_participant_history(
    call: Call,
    r: functions::channels::DeleteParticipantHistory,
) -> Result<types::messages::AffectedHistory, Error> {
    let (channel, writer) = (call.channel(&r.channel)?, call.peer(&r.participant)?);
    call.messenger().delete_written(call.actor(), channel, writer).await.map(affected_history)
}

/// channels.exportMessageLink (G-191)
pub(crate) async fn export_message_link(
    call: Call,
    r: functions::channels::ExportMessageLink,
) -> Result<types::ExportedMessageLink, Error> {
    let (channel, id) = (call.channel(&r.channel)?, MsgId(r.id));
    let link = call.messenger().message_link(call.actor(), channel, id, (!r.grouped, r.thread)).await?;
    Ok(types::ExportedMessageLink { html: String::new(), link })
}
