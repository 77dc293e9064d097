//! Who is in a channel: inviting, joining, leaving, and the list of members.

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, ChannelId, MsgId, Peer, UserId};
use zaun_schema::api::enums::ChannelAdminLogEventAction as Action;
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::channels::{self, ChannelRow, LEFT, MEMBER, MemberRow, REMOVED};
use zaun_store::repo::{contacts, dialogs, users};

use super::create::{check_room, post_service};
use super::log::{kind, record};
use super::participant;
use crate::changes::Seat;
use crate::chats::may_be_added;
use crate::invites::withdraw;
use crate::limits::{INVITED_PER_CALL, MEMBERS_PER_ANSWER};
use crate::messages::content::Body;
use crate::peers::PeerRef;
use crate::rights::Membership;
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, Outcome, bots, errors};

/// Which members are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberFilter {
    /// All, those who joined last first.
    Recent,
    /// Administrators.
    Admins,
    /// Those whose names the text begins.
    Search(String),
    /// The actor's contacts whose names the text begins.
    Contacts(String),
    /// Those who were removed and may not come back (G-086).
    Removed(String),
    /// Those from whom something was taken.
    Restricted(String),
    /// Bots.
    Bots,
}

/// A page of the list of members.
#[derive(Debug, Clone)]
pub struct MemberPage {
    /// The members.
    pub members: Vec<MemberRow>,
    /// Whether they are those of a broadcast channel.
    pub broadcast: bool,
    /// How many fit the filter.
    pub total: i32,
    /// All of them.
    pub scene: Scene,
}

/// Members that a search by name looks through, those who joined last first.
const SEARCHED_MEMBERS: i64 = 1000;

impl Messenger {
    /// Brings users into a channel (G-102). Returns those who could not be brought in.
    pub async fn invite_to_channel(
        &self,
        actor: Actor,
        channel: PeerRef,
        named: Vec<PeerRef>,
    ) -> Result<Outcome<(ChannelId, Vec<UserId>)>, Error> {
        if named.is_empty() {
            return Err(Error::bad(errors::USERS_TOO_FEW));
        }
        if named.len() > INVITED_PER_CALL {
            return Err(Error::bad(errors::USERS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let mut membership = Membership::load(changes.tx, actor.user_id, id)?;
            if membership.channel.broadcast {
                let may = membership.require_admin(AdminRights::INVITE_USERS);
                may.map_err(|_| Error::refused(403, errors::CHAT_ADMIN_REQUIRED))?;
            } else if membership.admin_rights() == AdminRights::NONE {
                membership.require_allowed(BannedRights::INVITE_USERS)?;
            }
            let may_unban = membership.admin_rights().has(AdminRights::BAN_USERS);
            let (mut added, mut missing) = (Vec::new(), Vec::new());
            for user in &named {
                let user = user.user(changes.tx, actor.user_id)?;
                let before = channels::member(changes.tx, id, user)?;
                match before.as_ref().map(|member| member.status) {
                    Some(MEMBER) => continue,
                    Some(REMOVED) if !may_unban => return Err(Error::bad(errors::USER_KICKED)),
                    _ => {}
                }
                if membership.channel.broadcast && bots::is_bot(changes.tx, user)? {
                    return Err(Error::bad(errors::USER_BOT));
                }
                if check_room(changes, user).is_err() || !may_be_added(changes, actor.user_id, user)? {
                    missing.push(user);
                    continue;
                }
                enter(changes, &mut membership.channel, user, Joining::by(actor.user_id))?;
                if let Some(member) = channels::member(changes.tx, id, user)? {
                    let participant = participant(&member, UserId(0), membership.channel.broadcast);
                    let done = types::ChannelAdminLogEventActionParticipantInvite { participant };
                    record(changes, id, actor.user_id, kind::INVITE, done)?;
                }
                added.push(user);
            }
            if !added.is_empty() {
                channels::save(changes.tx, &membership.channel)?;
                announce_joined(changes, actor, &membership.channel, &added)?;
            }
            changes.mentioned.channels.insert(id.0);
            changes.mentioned.users.extend(missing.iter().map(|user| user.0));
            Ok((id, missing))
        };
        self.change(actor, work).await
    }

    /// Joins a public channel (G-105, G-106), or asks to where an administrator decides (G-192).
    pub async fn join_channel(&self, actor: Actor, channel: PeerRef) -> Result<Outcome<ChannelId>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let mut membership = Membership::load(changes.tx, actor.user_id, id)?;
            if membership.is_member() {
                return Err(Error::bad(errors::USER_ALREADY_PARTICIPANT));
            }
            membership.require_visible()?;
            if membership.channel.join_request {
                crate::invites::ask(changes, actor.user_id, Peer::Channel(id), None)?;
                return Ok(None);
            }
            enter(changes, &mut membership.channel, actor.user_id, Joining::by(actor.user_id))?;
            channels::save(changes.tx, &membership.channel)?;
            let done = Action::ChannelAdminLogEventActionParticipantJoin;
            record(changes, id, actor.user_id, kind::JOIN, done)?;
            announce_joined(changes, actor, &membership.channel, &[actor.user_id])?;
            Ok(Some(id))
        };
        let Outcome { value, own, scene } = self.change(actor, work).await?;
        let value = value.ok_or_else(|| Error::bad(errors::INVITE_REQUEST_SENT))?;
        Ok(Outcome { value, own, scene })
    }

    /// Leaves a channel (G-148, G-152).
    pub async fn leave_channel(&self, actor: Actor, channel: PeerRef) -> Result<Outcome<ChannelId>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let Membership { mut channel, member, .. } = Membership::load(changes.tx, actor.user_id, id)?;
            let member = member.filter(|member| member.status == MEMBER);
            let member = member.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
            if member.creator {
                return Err(Error::bad(errors::USER_CREATOR));
            }
            let action = types::MessageActionChatDeleteUser { user_id: actor.user_id.0 };
            if !channel.broadcast {
                post_service(changes, actor, id, Body::from(enums::MessageAction::from(action)))?;
            }
            channel.members = (channel.members - 1).max(0);
            channel.admins -= i32::from(member.admin != AdminRights::NONE);
            channels::save(changes.tx, &channel)?;
            let gone =
                MemberRow { status: LEFT, admin: AdminRights::NONE, rank: String::new(), ..member.clone() };
            channels::put_member(changes.tx, &gone)?;
            bots::members::tell_channel(changes, actor.user_id, channel.broadcast, Some(&member), &gone)?;
            let done = Action::ChannelAdminLogEventActionParticipantLeave;
            record(changes, id, actor.user_id, kind::LEAVE, done)?;
            dialogs::delete(changes.tx, actor.user_id, Peer::Channel(id))?;
            changes.membership(actor.user_id, id, None);
            changes.hint_user(actor.user_id, types::UpdateChannel { channel_id: id.0 }.into());
            Ok(id)
        };
        self.change(actor, work).await
    }

    /// Returns a page of the members of a channel (G-084, G-085).
    pub async fn channel_members(
        &self,
        actor: Actor,
        channel: PeerRef,
        filter: MemberFilter,
        offset: i32,
        limit: i32,
    ) -> Result<MemberPage, Error> {
        let limit = i64::from(limit.clamp(0, MEMBERS_PER_ANSWER));
        let offset = i64::from(offset.max(0));
        self.read(actor.user_id, move |tx| {
            let id = channel.channel(tx, actor.user_id)?;
            let membership = Membership::load(tx, actor.user_id, id)?;
            membership.require_visible()?;
            require_list(&membership, &filter)?;
            let (members, total) = match &filter {
                MemberFilter::Recent => {
                    (channels::recent(tx, id, offset, limit)?, membership.channel.members)
                }
                MemberFilter::Admins => (channels::admins(tx, id, offset, limit)?, membership.channel.admins),
                MemberFilter::Search(text) => cut(search(tx, id, text)?, offset, limit),
                MemberFilter::Contacts(text) => {
                    let mut found = search(tx, id, text)?;
                    let known = contacts::all(tx, actor.user_id)?;
                    found.retain(|member| known.iter().any(|known| known.user_id == member.user_id));
                    cut(found, offset, limit)
                }
                MemberFilter::Removed(text) | MemberFilter::Restricted(text) => {
                    let removed = matches!(filter, MemberFilter::Removed(_));
                    if text.trim().is_empty() {
                        let total = channels::count_banned(tx, id, removed, SEARCHED_MEMBERS)?;
                        (channels::banned(tx, id, removed, offset, limit)?, total)
                    } else {
                        let mut found = channels::banned(tx, id, removed, 0, SEARCHED_MEMBERS)?;
                        retain_named(tx, &mut found, text)?;
                        cut(found, offset, limit)
                    }
                }
                MemberFilter::Bots => cut(channels::bots(tx, id, 0, SEARCHED_MEMBERS)?, offset, limit),
            };
            let people = members.iter().flat_map(|m| [m.user_id, m.inviter_id, m.by_id]).map(Peer::User);
            let peers: Vec<Peer> = people.chain([Peer::Channel(id)]).collect();
            let scene = Scene::of_peers(tx, actor.user_id, peers)?;
            let broadcast = membership.channel.broadcast;
            Ok(MemberPage { members, broadcast, total, scene })
        })
        .await
    }

    /// Returns one member of a channel, as a page of one.
    pub async fn channel_member(
        &self,
        actor: Actor,
        channel: PeerRef,
        user: PeerRef,
    ) -> Result<MemberPage, Error> {
        self.read(actor.user_id, move |tx| {
            let id = channel.channel(tx, actor.user_id)?;
            let membership = Membership::load(tx, actor.user_id, id)?;
            membership.require_visible()?;
            let user = user.user(tx, actor.user_id)?;
            if user != actor.user_id {
                require_list(&membership, &MemberFilter::Recent)?;
            }
            let member = channels::member(tx, id, user)?.filter(|member| member.status != LEFT);
            let member = member.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
            let people = [user, member.inviter_id, member.by_id].map(Peer::User);
            let peers = people.into_iter().chain([Peer::Channel(id)]);
            let scene = Scene::of_peers(tx, actor.user_id, peers)?;
            let broadcast = membership.channel.broadcast;
            Ok(MemberPage { members: vec![member], broadcast, total: 1, scene })
        })
        .await
    }
}

/// Requires that the viewer may see a list of members (G-089, G-090): in a broadcast channel and where they are hidden
/// only administrators do, and only those who ban see who was banned.
fn require_list(membership: &Membership, filter: &MemberFilter) -> Result<(), Error> {
    let rights = membership.admin_rights();
    let row = &membership.channel;
    let hidden =
        row.broadcast || (row.hidden_members && !matches!(filter, MemberFilter::Admins | MemberFilter::Bots));
    let banned = matches!(filter, MemberFilter::Removed(_) | MemberFilter::Restricted(_));
    let refused = (hidden && rights == AdminRights::NONE) || (banned && !rights.has(AdminRights::BAN_USERS));
    if refused { Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED)) } else { Ok(()) }
}

/// A page of members, with how many there are.
fn cut(found: Vec<MemberRow>, offset: i64, limit: i64) -> (Vec<MemberRow>, i32) {
    let total = i32::try_from(found.len()).unwrap_or(i32::MAX);
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let take = usize::try_from(limit).unwrap_or(0);
    (found.into_iter().skip(skip).take(take).collect(), total)
}

fn search(tx: &Tx<'_>, channel: ChannelId, text: &str) -> Result<Vec<MemberRow>, Error> {
    let mut members = channels::recent(tx, channel, 0, SEARCHED_MEMBERS)?;
    retain_named(tx, &mut members, text)?;
    Ok(members)
}

/// Keeps those whose names a text begins.
fn retain_named(tx: &Tx<'_>, members: &mut Vec<MemberRow>, text: &str) -> Result<(), Error> {
    let text = text.trim().to_lowercase();
    let ids: Vec<UserId> = members.iter().map(|member| member.user_id).collect();
    let named = users::find_many(tx, &ids)?;
    let fits = |id: UserId| {
        let user = named.binary_search_by_key(&id, |user| user.id).ok().and_then(|at| named.get(at));
        user.is_some_and(|user| text.is_empty() || crate::contacts::is_named(user, None, &text))
    };
    members.retain(|member| fits(member.user_id));
    Ok(())
}

/// How somebody becomes a member.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joining {
    /// Who lets the user in; the user itself if nobody does.
    pub(crate) inviter: UserId,
    /// What the user may do beyond others from the start.
    pub(crate) admin: AdminRights,
    /// Who gave these rights.
    pub(crate) by: UserId,
}

impl Joining {
    /// As an ordinary member, let in by somebody.
    pub(crate) fn by(inviter: UserId) -> Joining {
        Joining { inviter, admin: AdminRights::NONE, by: UserId(0) }
    }
}

/// Makes a user a member; the caller saves the channel. What was taken from the user before stays taken (G-129).
pub(crate) fn enter(
    changes: &mut Changes<'_, '_>,
    channel: &mut ChannelRow,
    user: UserId,
    joining: Joining,
) -> Result<(), Error> {
    check_room(changes, user)?;
    withdraw(changes, Peer::Channel(channel.id), user)?;
    let creator = channel.creator_id == user;
    let before = channels::member(changes.tx, channel.id, user)?;
    let restricted = before.clone().filter(|member| member.status == LEFT && !creator);
    let admin = if creator { AdminRights::ALL.without(AdminRights::ANONYMOUS) } else { joining.admin };
    let top_id = changes.counters(BoxId::Channel(channel.id))?.top_id;
    let mut row = MemberRow {
        inviter_id: joining.inviter,
        creator,
        admin,
        by_id: joining.by,
        // G-226: a newcomer sees what comes after it.
        hidden_until: if channel.hidden_history { top_id } else { MsgId(0) },
        ..MemberRow::ordinary(channel.id, user, changes.now)
    };
    if let Some(before) = restricted.filter(|member| member.banned != BannedRights::NONE) {
        (row.banned, row.banned_until, row.by_id) = (before.banned, before.banned_until, before.by_id);
    }
    channels::put_member(changes.tx, &row)?;
    if !creator {
        bots::members::tell_channel(changes, joining.inviter, channel.broadcast, before.as_ref(), &row)?;
    }
    channel.members += 1;
    channel.admins += i32::from(admin != AdminRights::NONE);
    // What was posted before is no news to a newcomer.
    let peer = Peer::Channel(channel.id);
    dialogs::ensure(changes.tx, user, peer)?;
    if let Some(row) = dialogs::find(changes.tx, user, peer)? {
        dialogs::save(changes.tx, &dialogs::DialogRow { read_inbox: top_id, ..row })?;
    }
    changes.membership(user, channel.id, Some(seat(&row)));
    Ok(())
}

/// Returns what a member gets to see of a channel's events.
pub(crate) fn seat(row: &MemberRow) -> Seat {
    let special = row.creator || row.admin != AdminRights::NONE || row.banned != BannedRights::NONE;
    if special { Seat::Special } else { Seat::Ordinary }
}

/// Tells newcomers of their channel, and the members of a supergroup of the newcomers.
pub(super) fn announce_joined(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    channel: &ChannelRow,
    added: &[UserId],
) -> Result<(), Error> {
    for user in added {
        changes.hint_user(*user, types::UpdateChannel { channel_id: channel.id.0 }.into());
    }
    if !channel.broadcast {
        let action = types::MessageActionChatAddUser { users: added.iter().map(|user| user.0).collect() };
        post_service(changes, actor, channel.id, Body::from(enums::MessageAction::from(action)))?;
    }
    Ok(())
}
