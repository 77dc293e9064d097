//! Appointing administrators (G-109 … G-129), and the tags of members.

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{ChannelId, Peer, UnixTime, UserId};
use zaun_schema::api::types;
use zaun_store::repo::channels::{self, ChannelRow, MEMBER, MemberRow, REMOVED};

use super::log::{kind, record};
use super::members::announce_joined;
use super::settings::tell_changed;
use super::{Joining, enter, participant, seat};
use crate::chats::may_be_added;
use crate::invites::ensure_permanent;
use crate::limits::{ADMINISTRATORS, RANK_LENGTH};
use crate::peers::PeerRef;
use crate::rights::{Membership, wire};
use crate::{Actor, Changes, Error, Messenger, Outcome, bots, errors};

impl Messenger {
    /// Makes a user an administrator with these rights, changes them, or takes them away; a rank that is not given
    /// stays.
    pub async fn edit_channel_admin(
        &self,
        actor: Actor,
        channel: PeerRef,
        user: PeerRef,
        rights: AdminRights,
        rank: Option<String>,
    ) -> Result<Outcome<()>, Error> {
        let rank = rank.map(|rank| checked_rank(&rank)).transpose()?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let mut membership = Membership::load(changes.tx, actor.user_id, id)?;
            membership.require_member()?;
            let user = user.user(changes.tx, actor.user_id)?;
            if user == membership.channel.creator_id {
                return edit_creator(changes, actor, &membership, rights, rank.clone());
            }
            let asked = asked_rights(rights, membership.channel.broadcast)?;
            let before = channels::member(changes.tx, id, user)?;
            require_over(&membership, before.as_ref(), asked)?;
            let row = &mut membership.channel;
            if before.as_ref().is_none_or(|member| member.status != MEMBER) {
                bring_in(changes, actor, row, before.as_ref(), user, asked)?;
            }
            let current = channels::member(changes.tx, id, user)?;
            let current = current.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
            appoint(changes, actor, row, &current, asked, rank.clone())
        };
        self.change(actor, work).await
    }
}

/// Returns the rights that somebody is to have. Those of the other kind of channel are left out: Telethon's
/// `edit_admin(is_admin=True)` names every right there is. Where nothing else was named, they are refused (G-118).
fn asked_rights(rights: AdminRights, broadcast: bool) -> Result<AdminRights, Error> {
    let fitting = wire::fitting(rights, broadcast);
    match (fitting == AdminRights::NONE, rights == AdminRights::NONE) {
        (true, false) => Err(Error::refused(403, errors::RIGHT_FORBIDDEN)),
        (true, true) => Ok(fitting),
        (false, _) => Ok(fitting | AdminRights::OTHER),
    }
}

/// Makes somebody a member who is to be an administrator (G-121).
fn bring_in(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    row: &mut ChannelRow,
    before: Option<&MemberRow>,
    user: UserId,
    asked: AdminRights,
) -> Result<(), Error> {
    if asked == AdminRights::NONE {
        return Err(Error::bad(errors::USER_NOT_PARTICIPANT));
    }
    if before.is_some_and(|member| member.status == REMOVED) {
        return Err(Error::bad(errors::USER_KICKED));
    }
    if !may_be_added(changes, actor.user_id, user)? {
        return Err(Error::refused(403, errors::USER_PRIVACY_RESTRICTED));
    }
    enter(changes, row, user, Joining::by(actor.user_id))?;
    announce_joined(changes, actor, row, &[user])
}

fn anonymous(rights: AdminRights) -> bool {
    rights.has(AdminRights::ANONYMOUS)
}

/// Gives a member rights, or takes them. An administrator is not restricted any more, and a demotion does not restore
/// what was taken before (G-129).
fn appoint(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    row: &mut ChannelRow,
    current: &MemberRow,
    asked: AdminRights,
    rank: Option<String>,
) -> Result<(), Error> {
    let (was, will) = (current.admin != AdminRights::NONE, asked != AdminRights::NONE);
    if !was && !will {
        return Ok(());
    }
    if !was && row.admins >= ADMINISTRATORS {
        return Err(Error::bad(errors::ADMINS_TOO_MUCH));
    }
    let new = MemberRow {
        admin: asked,
        rank: if will { rank.unwrap_or_else(|| current.rank.clone()) } else { String::new() },
        by_id: if will { actor.user_id } else { UserId(0) },
        banned: BannedRights::NONE,
        banned_until: UnixTime(0),
        // G-170
        send_as: if anonymous(asked) == anonymous(current.admin) { current.send_as } else { None },
        ..current.clone()
    };
    row.admins += i32::from(will) - i32::from(was);
    channels::save(changes.tx, row)?;
    if asked.has(AdminRights::INVITE_USERS) {
        ensure_permanent(changes, Peer::Channel(row.id), current.user_id)?;
    }
    put(changes, actor, row.broadcast, current, &new)
}

/// Gives a member of a supergroup a tag (G-159).
pub(crate) fn edit_member_rank(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    id: ChannelId,
    user: UserId,
    rank: &str,
) -> Result<(), Error> {
    let rank = checked_rank(rank)?;
    let membership = Membership::load(changes.tx, actor.user_id, id)?;
    if user == actor.user_id {
        membership.require_allowed(BannedRights::EDIT_RANK)?;
    } else {
        membership.require_admin(AdminRights::MANAGE_RANKS)?;
    }
    let member = channels::member(changes.tx, id, user)?.filter(|member| member.status == MEMBER);
    let member = member.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
    if membership.channel.broadcast {
        return Err(Error::bad(errors::CHANNEL_INVALID));
    }
    let prev_rank = member.rank.clone();
    if prev_rank == rank {
        return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
    }
    channels::put_member(changes.tx, &MemberRow { rank: rank.clone(), ..member })?;
    let done =
        types::ChannelAdminLogEventActionParticipantEditRank { user_id: user.0, prev_rank, new_rank: rank };
    record(changes, id, actor.user_id, kind::EDIT_RANK, done)?;
    tell_changed(changes, id);
    Ok(())
}

/// Checks the title of an administrator or the tag of a member (G-101, G-125).
pub(crate) fn checked_rank(rank: &str) -> Result<String, Error> {
    let rank = rank.trim();
    if rank.chars().count() > RANK_LENGTH {
        return Err(Error::bad(errors::ADMIN_RANK_INVALID));
    }
    // Emoji lie in these planes and blocks.
    let is_emoji = |c: char| matches!(u32::from(c), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0xFE0F | 0x20E3);
    if rank.chars().any(is_emoji) {
        return Err(Error::bad(errors::ADMIN_RANK_EMOJI_NOT_ALLOWED));
    }
    Ok(rank.to_owned())
}

/// The creator changes only whether it is anonymous, and its title (G-119).
fn edit_creator(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    membership: &Membership,
    rights: AdminRights,
    rank: Option<String>,
) -> Result<(), Error> {
    if membership.channel.creator_id != actor.user_id {
        return Err(Error::bad(errors::USER_CREATOR));
    }
    let member = membership.member.clone().ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
    let every = AdminRights::ALL.without(AdminRights::ANONYMOUS);
    let anonymous = !membership.channel.broadcast && rights.has(AdminRights::ANONYMOUS);
    let admin = if anonymous { every | AdminRights::ANONYMOUS } else { every };
    let new = MemberRow { admin, rank: rank.unwrap_or_else(|| member.rank.clone()), ..member.clone() };
    put(changes, actor, membership.channel.broadcast, &member, &new)
}

/// Requires that the actor may give a user these rights, or take them (G-115, G-118, G-120).
fn require_over(
    membership: &Membership,
    before: Option<&MemberRow>,
    asked: AdminRights,
) -> Result<(), Error> {
    let own = membership.admin_rights();
    let is_creator = membership.is_creator();
    let steps_down = asked == AdminRights::NONE
        && before.is_some_and(|member| {
            membership.member.as_ref().is_some_and(|own| own.user_id == member.user_id)
        });
    if steps_down {
        return Ok(());
    }
    if !own.has(AdminRights::ADD_ADMINS) {
        return Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED));
    }
    let promoted_by_others = before.is_some_and(|member| {
        member.admin != AdminRights::NONE
            && membership.member.as_ref().is_none_or(|own| member.by_id != own.user_id)
    });
    if promoted_by_others && !is_creator {
        return Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED));
    }
    if !own.has(asked.without(AdminRights::OTHER)) && !is_creator {
        return Err(Error::refused(403, errors::RIGHT_FORBIDDEN));
    }
    Ok(())
}

/// Keeps what a user is now, notes who did it, and tells those who show it (G-126, G-127).
fn put(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    broadcast: bool,
    before: &MemberRow,
    new: &MemberRow,
) -> Result<(), Error> {
    channels::put_member(changes.tx, new)?;
    bots::members::tell_channel(changes, actor.user_id, broadcast, Some(before), new)?;
    let id = new.channel_id;
    changes.membership(new.user_id, id, Some(seat(new)));
    if before.admin != new.admin || before.rank != new.rank {
        let demoted = new.admin == AdminRights::NONE;
        let done = types::ChannelAdminLogEventActionParticipantToggleAdmin {
            prev_participant: participant(before, UserId(0), broadcast),
            new_participant: participant(new, UserId(0), broadcast),
        };
        let what = if demoted { kind::DEMOTE } else { kind::PROMOTE };
        record(changes, id, actor.user_id, what, done)?;
    }
    for user in [actor.user_id, new.user_id] {
        changes.hint_user(user, types::UpdateChannel { channel_id: id.0 }.into());
    }
    Ok(())
}
