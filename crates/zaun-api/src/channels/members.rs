//! Who is in a channel.

use zaun_messenger::Error;
use zaun_messenger::channels::{MemberFilter, participant};
use zaun_model::UserId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::{self, Lists};

/// channels.inviteToChannel (G-004)
pub(crate) async fn invite_to_channel(
    call: Call,
    r: functions::channels::InviteToChannel,
) -> Result<enums::messages::InvitedUsers, Error> {
    let channel = call.channel(&r.channel)?;
    let named: Result<Vec<_>, _> = r.users.iter().map(|user| call.user(user)).collect();
    let invited = call.messenger().invite_to_channel(call.actor(), channel, named?).await?;
    let missing =
        |user: &UserId| types::MissingInvitee { user_id: user.0, ..types::MissingInvitee::default() };
    let updates = to_tl::own_updates(call.view(&invited.scene), &invited.own);
    let missing_invitees = invited.value.1.iter().map(missing).collect();
    Ok(types::messages::InvitedUsers { updates, missing_invitees })
}

/// channels.joinChannel (G-106)
pub(crate) async fn join_channel(
    call: Call,
    r: functions::channels::JoinChannel,
) -> Result<enums::messages::ChatInviteJoinResult, Error> {
    let joined = call.messenger().join_channel(call.actor(), call.channel(&r.channel)?).await?;
    let updates = to_tl::own_updates(call.view(&joined.scene), &joined.own);
    Ok(types::messages::ChatInviteJoinResultOk { updates }.into())
}

/// channels.leaveChannel
pub(crate) async fn leave_channel(
    call: Call,
    r: functions::channels::LeaveChannel,
) -> Result<enums::Updates, Error> {
    let left = call.messenger().leave_channel(call.actor(), call.channel(&r.channel)?).await?;
    Ok(to_tl::own_updates(call.view(&left.scene), &left.own))
}

fn member_filter(input: &enums::ChannelParticipantsFilter) -> MemberFilter {
    use enums::ChannelParticipantsFilter as F;
    match input {
        F::ChannelParticipantsRecent => MemberFilter::Recent,
        F::ChannelParticipantsAdmins => MemberFilter::Admins,
        F::ChannelParticipantsSearch(search) if search.q.trim().is_empty() => MemberFilter::Recent,
        F::ChannelParticipantsSearch(search) => MemberFilter::Search(search.q.clone()),
        F::ChannelParticipantsContacts(search) => MemberFilter::Contacts(search.q.clone()),
        F::ChannelParticipantsKicked(search) => MemberFilter::Removed(search.q.clone()),
        F::ChannelParticipantsBanned(search) => MemberFilter::Restricted(search.q.clone()),
        F::ChannelParticipantsBots => MemberFilter::Bots,
        // G-091
        F::ChannelParticipantsMentions(search) => match search.q.as_deref().map(str::trim) {
            None | Some("") => MemberFilter::Recent,
            Some(text) => MemberFilter::Search(text.to_owned()),
        },
    }
}

/// channels.getParticipants; the hash is ignored, so the list is always sent.
pub(crate) async fn get_participants(
    call: Call,
    r: functions::channels::GetParticipants,
) -> Result<enums::channels::ChannelParticipants, Error> {
    let channel = call.channel(&r.channel)?;
    let filter = member_filter(&r.filter);
    let page = call.messenger().channel_members(call.actor(), channel, filter, r.offset, r.limit).await?;
    let shown = |row| participant(row, call.user_id, page.broadcast);
    let participants = page.members.iter().map(shown).collect();
    let count = page.total;
    Ok(call.answer(&page.scene, |Lists { users, chats }| {
        types::channels::ChannelParticipants { count, participants, chats, users }.into()
    }))
}

/// channels.getParticipant
pub(crate) async fn get_participant(
    call: Call,
    r: functions::channels::GetParticipant,
) -> Result<enums::channels::ChannelParticipant, Error> {
    let (channel, user) = (call.channel(&r.channel)?, call.peer(&r.participant)?);
    let page = call.messenger().channel_member(call.actor(), channel, user).await?;
    let row = page.members.first().ok_or_else(|| Error::bad("USER_NOT_PARTICIPANT"))?;
    let participant = participant(row, call.user_id, page.broadcast);
    Ok(call.answer(&page.scene, |Lists { users, chats }| types::channels::ChannelParticipant {
        participant,
        chats,
        users,
    }))
}
