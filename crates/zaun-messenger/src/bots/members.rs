//! What bots hear of who comes, goes, and may do what (B-233, B-234), and of who blocks them (B-052). These updates
//! count in qts, which sessions over MTProto do not have yet: they reach bots that speak HTTP only.

use zaun_model::{Peer, UserId};
use zaun_schema::api::enums::Update;
use zaun_schema::api::types;
use zaun_store::repo::bots;
use zaun_store::repo::channels::{LEFT, MemberRow};
use zaun_store::repo::chats::{ChatMemberRow, ChatRow, MEMBER};

use super::is_bot;
use crate::{Changes, Error, channels, chats};

/// Says whether an update counts in qts.
#[must_use]
pub fn counts_in_qts(update: &Update) -> bool {
    matches!(
        update,
        Update::UpdateChannelParticipant(_)
            | Update::UpdateChatParticipant(_)
            | Update::UpdateBotStopped(_)
            | Update::UpdateBotChatInviteRequester(_)
            | Update::UpdateMessagePollVote(_)
            | Update::UpdateBotMessageReaction(_)
            | Update::UpdateBotMessageReactions(_)
    )
}

/// Tells a bot what became of it, and bots that administer the channel what became of anybody.
pub(crate) fn tell_channel(
    changes: &mut Changes<'_, '_>,
    actor: UserId,
    broadcast: bool,
    before: Option<&MemberRow>,
    after: &MemberRow,
) -> Result<(), Error> {
    let (channel, user) = (after.channel_id, after.user_id);
    let shown = |row: &MemberRow| {
        let is_gone = row.status == LEFT && row.banned == zaun_model::rights::BannedRights::NONE;
        (!is_gone).then(|| channels::participant(row, UserId(0), broadcast))
    };
    let (prev_participant, new_participant) = (before.and_then(shown), shown(after));
    if prev_participant == new_participant {
        return Ok(());
    }
    let mut hearers = bots::administrators(changes.tx, channel)?;
    if !hearers.contains(&user) && is_bot(changes.tx, user)? {
        hearers.push(user);
    }
    let update = types::UpdateChannelParticipant {
        via_chatlist: false,
        channel_id: channel.0,
        date: changes.now.to_tl(),
        actor_id: actor.0,
        user_id: user.0,
        prev_participant,
        new_participant,
        invite: None,
        qts: 0,
    };
    tell(changes, &hearers, update);
    Ok(())
}

/// The same for a basic group.
pub(crate) fn tell_chat(
    changes: &mut Changes<'_, '_>,
    actor: UserId,
    chat: &ChatRow,
    before: Option<&ChatMemberRow>,
    after: &ChatMemberRow,
) -> Result<(), Error> {
    let shown = |row: &ChatMemberRow| (row.status == MEMBER).then(|| chats::participant(chat, row));
    let (prev_participant, new_participant) = (before.and_then(shown), shown(after));
    let mut hearers = Vec::new();
    let administrators = zaun_store::repo::chats::members(changes.tx, chat.id)?;
    for member in administrators.iter().filter(|member| member.admin && member.user_id != after.user_id) {
        if is_bot(changes.tx, member.user_id)? {
            hearers.push(member.user_id);
        }
    }
    if is_bot(changes.tx, after.user_id)? {
        hearers.push(after.user_id);
    }
    let update = types::UpdateChatParticipant {
        chat_id: chat.id.0,
        date: changes.now.to_tl(),
        actor_id: actor.0,
        user_id: after.user_id.0,
        prev_participant,
        new_participant,
        invite: None,
        qts: 0,
    };
    tell(changes, &hearers, update);
    Ok(())
}

/// Tells a bot that somebody blocked it, or does so no longer.
pub(crate) fn tell_stopped(
    changes: &mut Changes<'_, '_>,
    user: UserId,
    peer: Peer,
    stopped: bool,
) -> Result<(), Error> {
    if let Peer::User(bot) = peer
        && is_bot(changes.tx, bot)?
    {
        let date = changes.now.to_tl();
        tell(changes, &[bot], types::UpdateBotStopped { user_id: user.0, date, stopped, qts: 0 });
    }
    Ok(())
}

pub(super) fn tell(changes: &mut Changes<'_, '_>, hearers: &[UserId], update: impl Into<Update>) {
    let update = update.into();
    hearers.iter().for_each(|bot| changes.hint_user(*bot, update.clone()));
}
