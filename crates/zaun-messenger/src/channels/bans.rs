//! Restricting and removing members (G-130 … G-144).

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::repo::channels::{self, ChannelRow, LEFT, MEMBER, MemberRow, REMOVED};
use zaun_store::repo::dialogs;

use super::log::{kind, record};
use super::{participant, post_service, seat};
use crate::limits::SWEEP_BATCH;
use crate::messages::content::Body;
use crate::peers::PeerRef;
use crate::rights::Membership;
use crate::{Actor, Changes, Error, Messenger, NOBODY, Outcome, bots, errors};

/// A restriction shorter or longer than this is for ever (G-137).
const SHORTEST_S: i64 = 30;
const LONGEST_S: i64 = 366 * 86_400;

impl Messenger {
    /// Takes rights from somebody until a moment, removes them, or gives everything back.
    pub async fn edit_channel_banned(
        &self,
        actor: Actor,
        channel: PeerRef,
        user: PeerRef,
        banned: BannedRights,
        until: UnixTime,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let membership = Membership::load(changes.tx, actor.user_id, id)?;
            let allowed = membership.require_admin(AdminRights::BAN_USERS);
            allowed.map_err(|error| match error {
                Error::Refused { code: 400, .. } => Error::refused(403, errors::CHAT_ADMIN_REQUIRED),
                other => other,
            })?;
            let user = match user.resolve(changes.tx, actor.user_id)? {
                Peer::User(user) => user,
                // G-140: a channel that members write as; in a broadcast channel nobody does.
                Peer::Channel(sender) if sender != id && !membership.channel.broadcast => {
                    let banned = banned.has(BannedRights::VIEW_MESSAGES);
                    return super::senders::ban_sender(changes, actor, id, sender, banned);
                }
                Peer::Channel(_) | Peer::Chat(_) => return Err(Error::bad(errors::PARTICIPANT_ID_INVALID)),
            };
            if user == actor.user_id {
                return Err(Error::bad(errors::USER_ID_INVALID));
            }
            let before = channels::member(changes.tx, id, user)?;
            // G-140: one may ban who never was here.
            let stranger = || MemberRow { status: LEFT, ..MemberRow::ordinary(id, user, changes.now) };
            let before = before.unwrap_or_else(stranger);
            let own = membership.is_creator() || before.by_id == actor.user_id;
            if before.creator || (before.admin != AdminRights::NONE && !own) {
                return Err(Error::bad(errors::USER_ADMIN_INVALID));
            }
            let lasts = until.0 - changes.now.0;
            let until = if (SHORTEST_S..=LONGEST_S).contains(&lasts) { until } else { UnixTime(0) };
            // G-142: in a broadcast channel nothing but removing has an effect.
            let banned = match banned.has(BannedRights::VIEW_MESSAGES) {
                true => BannedRights::ALL,
                false if membership.channel.broadcast => BannedRights::NONE,
                false => banned,
            };
            restrict(changes, actor, membership.channel, before, banned, until)
        };
        self.change(actor, work).await
    }

    /// Gives back what was taken from members until now (G-138).
    pub async fn end_restrictions(&self) -> Result<(), Error> {
        loop {
            let now = self.now();
            // Looked for by a reader first, so that the writer is not asked every few seconds.
            if self.read(NOBODY, move |tx| Ok(channels::due(tx, now, 1)?)).await?.is_empty() {
                return Ok(());
            }
            let nobody = Actor { user_id: NOBODY, key_id: 0, session_id: 0 };
            let work = move |changes: &mut Changes<'_, '_>| {
                for row in channels::due(changes.tx, now, SWEEP_BATCH)? {
                    let status = if row.status == REMOVED { LEFT } else { row.status };
                    let free = MemberRow {
                        status,
                        banned: BannedRights::NONE,
                        banned_until: UnixTime(0),
                        by_id: UserId(0),
                        ..row.clone()
                    };
                    channels::put_member(changes.tx, &free)?;
                    if status == MEMBER {
                        changes.membership(row.user_id, row.channel_id, Some(seat(&free)));
                    }
                    let channel_id = row.channel_id.0;
                    changes.hint_user(row.user_id, types::UpdateChannel { channel_id }.into());
                }
                Ok(())
            };
            self.change(nobody, work).await?;
        }
    }
}

/// What a member is after something was taken from it, or given back.
fn restricted(before: &MemberRow, by: UserId, banned: BannedRights, until: UnixTime) -> MemberRow {
    let (removed, is_free) = (banned.has(BannedRights::VIEW_MESSAGES), banned == BannedRights::NONE);
    let status = match (removed, before.status) {
        (true, _) => REMOVED,
        // G-141: whoever was removed is free to return.
        (false, REMOVED) => LEFT,
        (false, status) => status,
    };
    let keeps_rank = before.admin == AdminRights::NONE && !removed;
    MemberRow {
        status,
        // G-129: an administrator is one no longer.
        admin: AdminRights::NONE,
        rank: if keeps_rank { before.rank.clone() } else { String::new() },
        banned,
        banned_until: if is_free { UnixTime(0) } else { until },
        by_id: if is_free { UserId(0) } else { by },
        // G-144
        send_as: before.send_as.filter(|_| !removed),
        ..before.clone()
    }
}

/// Keeps what was taken, ends a membership where it was everything, and tells those concerned.
fn restrict(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    mut channel: ChannelRow,
    before: MemberRow,
    banned: BannedRights,
    until: UnixTime,
) -> Result<(), Error> {
    let (id, user) = (channel.id, before.user_id);
    let removed = banned.has(BannedRights::VIEW_MESSAGES);
    if removed {
        crate::invites::withdraw(changes, Peer::Channel(id), user)?;
    }
    let new = restricted(&before, actor.user_id, banned, until);
    if new == before {
        return Ok(());
    }
    let was_present = before.status == MEMBER;
    if removed && was_present {
        if !channel.broadcast {
            let action = types::MessageActionChatDeleteUser { user_id: user.0 };
            post_service(changes, actor, id, Body::from(enums::MessageAction::from(action)))?;
        }
        channel.members = (channel.members - 1).max(0);
        dialogs::delete(changes.tx, user, Peer::Channel(id))?;
    }
    channel.admins -= i32::from(before.admin != AdminRights::NONE);
    channels::save(changes.tx, &channel)?;
    channels::put_member(changes.tx, &new)?;
    bots::members::tell_channel(changes, actor.user_id, channel.broadcast, Some(&before), &new)?;
    if was_present {
        changes.membership(user, id, (!removed).then(|| seat(&new)));
    }
    let what = match (removed, before.status, banned == BannedRights::NONE) {
        (true, ..) => kind::KICK,
        (false, REMOVED, _) => kind::UNKICK,
        (false, _, false) => kind::BAN,
        (false, _, true) => kind::UNBAN,
    };
    let done = types::ChannelAdminLogEventActionParticipantToggleBan {
        prev_participant: participant(&before, UserId(0), channel.broadcast),
        new_participant: participant(&new, UserId(0), channel.broadcast),
    };
    record(changes, id, actor.user_id, what, done)?;
    for user in [actor.user_id, user] {
        changes.hint_user(user, types::UpdateChannel { channel_id: id.0 }.into());
    }
    Ok(())
}
