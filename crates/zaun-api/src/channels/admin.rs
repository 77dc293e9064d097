//! What administrators do: rights, bans, titles, photos, switches, and the log of it all.

use zaun_messenger::Error;
use zaun_messenger::channels::{LogFilter, LogRow, Toggle};
use zaun_messenger::rights::wire;
use zaun_model::{MsgId, UnixTime};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::{self, Lists};

/// The answer of methods that change a channel.
fn changed(call: &Call, outcome: &zaun_messenger::Outcome<()>) -> enums::Updates {
    to_tl::own_updates(call.view(&outcome.scene), &outcome.own)
}

/// channels.editAdmin
pub(crate) async fn edit_admin(
    call: Call,
    r: functions::channels::EditAdmin,
) -> Result<enums::Updates, Error> {
    let (channel, user) = (call.channel(&r.channel)?, call.user(&r.user_id)?);
    let rights = wire::admin_from_tl(&r.admin_rights);
    let done = call.messenger().edit_channel_admin(call.actor(), channel, user, rights, r.rank).await?;
    Ok(changed(&call, &done))
}

/// channels.editBanned
pub(crate) async fn edit_banned(
    call: Call,
    r: functions::channels::EditBanned,
) -> Result<enums::Updates, Error> {
    let (channel, user) = (call.channel(&r.channel)?, call.peer(&r.participant)?);
    let banned = wire::banned_from_tl(&r.banned_rights);
    let until = UnixTime(i64::from(r.banned_rights.until_date));
    let done = call.messenger().edit_channel_banned(call.actor(), channel, user, banned, until).await?;
    Ok(changed(&call, &done))
}

/// channels.editTitle
pub(crate) async fn edit_title(
    call: Call,
    r: functions::channels::EditTitle,
) -> Result<enums::Updates, Error> {
    let channel = call.channel(&r.channel)?;
    let done = call.messenger().edit_channel_title(call.actor(), channel, &r.title).await?;
    Ok(changed(&call, &done))
}

/// channels.editPhoto
pub(crate) async fn edit_photo(
    call: Call,
    r: functions::channels::EditPhoto,
) -> Result<enums::Updates, Error> {
    let channel = call.channel(&r.channel)?;
    let done = call.messenger().edit_channel_photo(call.actor(), channel, &r.photo).await?;
    Ok(changed(&call, &done))
}

async fn toggle(call: Call, channel: &enums::InputChannel, toggle: Toggle) -> Result<enums::Updates, Error> {
    let channel = call.channel(channel)?;
    let done = call.messenger().toggle_channel(call.actor(), channel, toggle).await?;
    Ok(changed(&call, &done))
}

/// channels.toggleSignatures
pub(crate) async fn toggle_signatures(
    call: Call,
    r: functions::channels::ToggleSignatures,
) -> Result<enums::Updates, Error> {
    let (names, profiles) = (r.signatures_enabled, r.profiles_enabled);
    toggle(call, &r.channel, Toggle::Signatures { names, profiles }).await
}

/// channels.toggleJoinRequest; bots that guard a group do not exist here.
pub(crate) async fn toggle_join_request(
    call: Call,
    r: functions::channels::ToggleJoinRequest,
) -> Result<enums::Updates, Error> {
    toggle(call, &r.channel, Toggle::JoinRequest(r.enabled)).await
}

/// channels.toggleJoinToSend
pub(crate) async fn toggle_join_to_send(
    call: Call,
    r: functions::channels::ToggleJoinToSend,
) -> Result<enums::Updates, Error> {
    toggle(call, &r.channel, Toggle::JoinToSend(r.enabled)).await
}

/// channels.toggleForum
pub(crate) async fn toggle_forum(
    call: Call,
    r: functions::channels::ToggleForum,
) -> Result<enums::Updates, Error> {
    toggle(call, &r.channel, Toggle::Forum { on: r.enabled, tabs: r.tabs }).await
}

/// channels.toggleViewForumAsMessages
pub(crate) async fn toggle_view_forum_as_messages(
    call: Call,
    r: functions::channels::ToggleViewForumAsMessages,
) -> Result<enums::Updates, Error> {
    let channel = call.channel(&r.channel)?;
    let done = call.messenger().view_forum_as_messages(call.actor(), channel, r.enabled).await?;
    Ok(changed(&call, &done))
}

/// channels.setDiscussionGroup
pub(crate) async fn set_discussion_group(
    call: Call,
    r: functions::channels::SetDiscussionGroup,
) -> Result<bool, Error> {
    let named = |channel: &enums::InputChannel| match channel {
        enums::InputChannel::InputChannelEmpty => Ok(None),
        other => call.channel(other).map(Some),
    };
    let (broadcast, group) = (named(&r.broadcast)?, named(&r.group)?);
    call.messenger().set_discussion_group(call.actor(), broadcast, group).await?;
    Ok(true)
}

/// channels.getGroupsForDiscussion
pub(crate) async fn get_groups_for_discussion(
    call: Call,
    _: functions::channels::GetGroupsForDiscussion,
) -> Result<enums::messages::Chats, Error> {
    let (_, scene) = call.messenger().groups_for_discussion(call.actor()).await?;
    Ok(call.answer(&scene, |Lists { chats, .. }| types::messages::Chats { chats }.into()))
}

/// channels.toggleSlowMode
pub(crate) async fn toggle_slow_mode(
    call: Call,
    r: functions::channels::ToggleSlowMode,
) -> Result<enums::Updates, Error> {
    toggle(call, &r.channel, Toggle::SlowMode(r.seconds)).await
}

/// channels.togglePreHistoryHidden
pub(crate) async fn toggle_pre_history_hidden(
    call: Call,
    r: functions::channels::TogglePreHistoryHidden,
) -> Result<enums::Updates, Error> {
    toggle(call, &r.channel, Toggle::HiddenHistory(r.enabled)).await
}

/// channels.toggleParticipantsHidden
pub(crate) async fn toggle_participants_hidden(
    call: Call,
    r: functions::channels::ToggleParticipantsHidden,
) -> Result<enums::Updates, Error> {
    toggle(call, &r.channel, Toggle::HiddenMembers(r.enabled)).await
}

/// channels.deleteChannel
pub(crate) async fn delete_channel(
    call: Call,
    r: functions::channels::DeleteChannel,
) -> Result<enums::Updates, Error> {
    let done = call.messenger().delete_channel(call.actor(), call.channel(&r.channel)?).await?;
    Ok(changed(&call, &done))
}

/// channels.getAdminedPublicChannels; the limit is asked for by the error alone (G-219).
pub(crate) async fn get_admined_public_channels(
    call: Call,
    _: functions::channels::GetAdminedPublicChannels,
) -> Result<enums::messages::Chats, Error> {
    let scene = call.messenger().owned_public_channels(call.actor()).await?;
    Ok(call.answer(&scene, |Lists { chats, .. }| types::messages::Chats { chats }.into()))
}

/// channels.getMessageAuthor
pub(crate) async fn get_message_author(
    call: Call,
    r: functions::channels::GetMessageAuthor,
) -> Result<enums::User, Error> {
    let channel = call.channel(&r.channel)?;
    let (user, scene) = call.messenger().post_author(call.actor(), channel, MsgId(r.id)).await?;
    call.view(&scene).one_user(user)
}

/// channels.getAdminLog
pub(crate) async fn get_admin_log(
    call: Call,
    r: functions::channels::GetAdminLog,
) -> Result<enums::channels::AdminLogResults, Error> {
    let channel = call.channel(&r.channel)?;
    let admins = r.admins.map(|list| list.iter().map(|user| call.user(user)).collect()).transpose()?;
    let filter = LogFilter {
        kinds: r.events_filter.as_ref().map(wire::flags_of),
        admins,
        text: r.q,
        max_id: r.max_id,
        min_id: r.min_id,
        limit: r.limit,
    };
    let page = call.messenger().admin_log(call.actor(), channel, filter).await?;
    let view = call.view(&page.scene);
    let event = |(action, row): &(enums::ChannelAdminLogEventAction, LogRow)| types::ChannelAdminLogEvent {
        id: row.id,
        date: row.date.to_tl(),
        user_id: row.user_id.0,
        action: view.completed(action.clone()),
    };
    let events = page.events.iter().map(event).collect();
    Ok(call.answer(&page.scene, |Lists { users, chats }| types::channels::AdminLogResults {
        events,
        chats,
        users,
    }))
}
