//! Who is in a channel: inviting, joining, leaving, and the list of members.

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, ChannelId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::channels::{self, ChannelRow, LEFT, MEMBER, MemberRow, REMOVED};
use zaun_store::repo::{dialogs, users};

use super::create::{check_room, post_service};
use crate::changes::Seat;
use crate::limits::{INVITED_PER_CALL, MEMBERS_PER_ANSWER};
use crate::messages::content::Body;
use crate::peers::PeerRef;
use crate::rights::Membership;
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

/// Which members are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberFilter {
    /// All, those who joined last first.
    Recent,
    /// Administrators.
    Admins,
    /// Those whose names the text begins.
    Search(String),
    /// A kind of which there are none.
    Nobody,
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
                membership.require_admin(AdminRights::INVITE_USERS)?;
            } else if membership.admin_rights() == AdminRights::NONE {
                membership.require_allowed(BannedRights::INVITE_USERS)?;
            }
            let may_unban = membership.admin_rights().has(AdminRights::BAN_USERS);
            let (mut added, mut missing) = (Vec::new(), Vec::new());
            for user in &named {
                let user = user.user(changes.tx, actor.user_id)?;
                if users::find(changes.tx, user)?.is_none_or(|user| user.deleted) {
                    return Err(Error::bad(errors::INPUT_USER_DEACTIVATED));
                }
                let before = channels::member(changes.tx, id, user)?;
                match before.as_ref().map(|member| member.status) {
                    Some(MEMBER) => continue,
                    Some(REMOVED) if !may_unban => return Err(Error::bad(errors::USER_KICKED)),
                    _ => {}
                }
                if check_room(changes, user).is_err() {
                    missing.push(user);
                    continue;
                }
                add(changes, &mut membership.channel, user, actor.user_id)?;
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

    /// Joins a public channel (G-105, G-106).
    pub async fn join_channel(&self, actor: Actor, channel: PeerRef) -> Result<Outcome<ChannelId>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let mut membership = Membership::load(changes.tx, actor.user_id, id)?;
            if membership.is_member() {
                return Err(Error::bad(errors::USER_ALREADY_PARTICIPANT));
            }
            membership.require_visible()?;
            check_room(changes, actor.user_id)?;
            add(changes, &mut membership.channel, actor.user_id, actor.user_id)?;
            channels::save(changes.tx, &membership.channel)?;
            announce_joined(changes, actor, &membership.channel, &[actor.user_id])?;
            Ok(id)
        };
        self.change(actor, work).await
    }

    /// Leaves a channel (G-148, G-152).
    pub async fn leave_channel(&self, actor: Actor, channel: PeerRef) -> Result<Outcome<ChannelId>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let Membership { mut channel, member } = Membership::load(changes.tx, actor.user_id, id)?;
            let member = member.filter(|member| member.status == MEMBER);
            let member = member.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
            if member.creator {
                return Err(Error::bad(errors::USER_CREATOR));
            }
            let action = types::MessageActionChatDeleteUser { user_id: actor.user_id.0 };
            if !channel.broadcast {
                post_service(changes, actor, id, false, Body::from(enums::MessageAction::from(action)))?;
            }
            channel.members = (channel.members - 1).max(0);
            channel.admins -= i32::from(member.admin != AdminRights::NONE);
            channels::save(changes.tx, &channel)?;
            let gone = MemberRow { status: LEFT, admin: AdminRights::NONE, rank: String::new(), ..member };
            channels::put_member(changes.tx, &gone)?;
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
            // In a broadcast channel nobody but its administrators sees who else is there.
            let hidden = membership.channel.broadcast && membership.admin_rights() == AdminRights::NONE;
            if hidden && filter != MemberFilter::Nobody {
                return Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED));
            }
            let (members, total) = match &filter {
                MemberFilter::Recent => {
                    (channels::recent(tx, id, offset, limit)?, membership.channel.members)
                }
                MemberFilter::Admins => (channels::admins(tx, id, offset, limit)?, membership.channel.admins),
                MemberFilter::Search(text) => {
                    let found = search(tx, id, text)?;
                    let total = i32::try_from(found.len()).unwrap_or(i32::MAX);
                    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
                    let take = usize::try_from(limit).unwrap_or(0);
                    (found.into_iter().skip(skip).take(take).collect(), total)
                }
                MemberFilter::Nobody => (Vec::new(), 0),
            };
            let people = members.iter().flat_map(|m| [m.user_id, m.inviter_id]).map(Peer::User);
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
            if membership.channel.broadcast
                && membership.admin_rights() == AdminRights::NONE
                && user != actor.user_id
            {
                return Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED));
            }
            let member = channels::member(tx, id, user)?.filter(|member| member.status != LEFT);
            let member = member.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
            let peers = [Peer::Channel(id), Peer::User(user), Peer::User(member.inviter_id)];
            let scene = Scene::of_peers(tx, actor.user_id, peers)?;
            let broadcast = membership.channel.broadcast;
            Ok(MemberPage { members: vec![member], broadcast, total: 1, scene })
        })
        .await
    }
}

fn search(tx: &Tx<'_>, channel: ChannelId, text: &str) -> Result<Vec<MemberRow>, Error> {
    let text = text.trim().to_lowercase();
    let mut members = channels::recent(tx, channel, 0, SEARCHED_MEMBERS)?;
    let ids: Vec<UserId> = members.iter().map(|member| member.user_id).collect();
    let named = users::find_many(tx, &ids)?;
    let fits = |id: UserId| {
        let user = named.binary_search_by_key(&id, |user| user.id).ok().and_then(|at| named.get(at));
        user.is_some_and(|user| crate::contacts::is_named(user, None, &text))
    };
    members.retain(|member| fits(member.user_id));
    Ok(members)
}

/// Makes a user a member; the caller saves the channel.
fn add(
    changes: &mut Changes<'_, '_>,
    channel: &mut ChannelRow,
    user: UserId,
    inviter: UserId,
) -> Result<(), Error> {
    let row = MemberRow {
        channel_id: channel.id,
        user_id: user,
        status: MEMBER,
        joined_at: changes.now,
        inviter_id: inviter,
        creator: channel.creator_id == user,
        admin: if channel.creator_id == user { AdminRights::ALL } else { AdminRights::NONE },
        banned: BannedRights::NONE,
        banned_until: UnixTime(0),
        rank: String::new(),
    };
    channels::put_member(changes.tx, &row)?;
    channel.members += 1;
    // What was posted before is no news to a newcomer.
    let read_inbox = changes.counters(BoxId::Channel(channel.id))?.top_id;
    let peer = Peer::Channel(channel.id);
    dialogs::ensure(changes.tx, user, peer)?;
    if let Some(row) = dialogs::find(changes.tx, user, peer)? {
        dialogs::save(changes.tx, &dialogs::DialogRow { read_inbox, ..row })?;
    }
    let special = channel.creator_id == user;
    changes.membership(user, channel.id, Some(if special { Seat::Special } else { Seat::Ordinary }));
    Ok(())
}

/// Tells newcomers of their channel, and the members of a supergroup of the newcomers.
fn announce_joined(
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
        post_service(changes, actor, channel.id, false, Body::from(enums::MessageAction::from(action)))?;
    }
    Ok(())
}
