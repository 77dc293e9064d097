//! Who asks to join, and who came by a link.

use zaun_model::rights::AdminRights;
use zaun_model::{Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::invites::{self, InviteRow, InvitedRow};
use zaun_store::repo::{channels, chats, users};

use super::join::{Way, let_in};
use super::{exported, link_of, managed};
use crate::limits::{
    ADMINISTRATORS, CHAT_MEMBERS, PAGE, REQUESTS_COUNTED, REQUESTS_PER_CALL, REQUESTS_PER_CALL_IN_CHAT,
};
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::Group;
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

/// How many of those who ask are named beside their number.
const SHOWN_REQUESTERS: i64 = 3;

/// Whose requests are decided.
#[derive(Debug, Clone)]
pub enum Named {
    /// One user's.
    User(PeerRef),
    /// All, or those by one link.
    All(Option<String>),
}

/// Which of those who came or ask are listed.
#[derive(Debug, Clone, Default)]
pub struct Importers {
    /// Those who ask; those who came otherwise.
    pub requested: bool,
    /// By which link.
    pub link: Option<String>,
    /// What their names begin with.
    pub text: String,
    /// Only those before this date; 0 for all.
    pub before: i32,
    /// Among those of the same second, only those before this user.
    pub before_user: Option<PeerRef>,
    /// How many.
    pub limit: i32,
}

/// Returns how many ask to join, and who did so last (G-195).
fn pending(tx: &Tx<'_>, peer: Peer) -> Result<(i32, Vec<UserId>), Error> {
    let count = invites::count_requests(tx, peer, REQUESTS_COUNTED)?;
    let newest = invites::requests(tx, peer, None, (UnixTime(i64::MAX), UserId(0)), SHOWN_REQUESTERS)?;
    Ok((count, newest.into_iter().map(|row| row.user_id).collect()))
}

/// The same for whoever decides, if anybody asks.
pub(crate) fn pending_for(
    tx: &Tx<'_>,
    rights: AdminRights,
    peer: Peer,
) -> Result<Option<(i32, Vec<UserId>)>, Error> {
    if !rights.has(AdminRights::INVITE_USERS) {
        return Ok(None);
    }
    Ok(Some(pending(tx, peer)?).filter(|(count, _)| *count > 0))
}

/// Tells those who decide how many ask to join, also when nobody does any more (G-195, G-196).
fn tell_pending(changes: &mut Changes<'_, '_>, peer: Peer) -> Result<(), Error> {
    let (requests_pending, recent) = pending(changes.tx, peer)?;
    let recent_requesters = recent.iter().map(|user| user.0).collect();
    let update =
        types::UpdatePendingJoinRequests { peer: peer_to_tl(peer), requests_pending, recent_requesters };
    for admin in deciding(changes.tx, peer, false)? {
        changes.hint_user(admin, update.clone().into());
    }
    Ok(())
}

/// The administrators who decide who joins: bots, or people.
fn deciding(tx: &Tx<'_>, peer: Peer, bots: bool) -> Result<Vec<UserId>, Error> {
    let all: Vec<UserId> = match peer {
        Peer::Chat(id) => {
            let Some(chat) = chats::find(tx, id)? else { return Ok(Vec::new()) };
            let members = chats::members(tx, id)?.into_iter();
            let decide = |member: &chats::ChatMemberRow| {
                Group::rights_of(&chat, member).has(AdminRights::INVITE_USERS)
            };
            members.filter(decide).map(|member| member.user_id).collect()
        }
        Peer::Channel(id) => {
            let admins = channels::admins(tx, id, 0, i64::from(ADMINISTRATORS))?.into_iter();
            let decide = |member: &channels::MemberRow| member.admin.has(AdminRights::INVITE_USERS);
            admins.filter(decide).map(|member| member.user_id).collect()
        }
        Peer::User(_) => Vec::new(),
    };
    let wanted = users::find_many(tx, &all)?.into_iter().filter(|user| user.is_bot() == bots);
    Ok(wanted.map(|user| user.id).collect())
}

/// Notes that a user asks to join; who asked already, by whatever link, keeps its place, and nobody is told again.
pub(crate) fn ask(
    changes: &mut Changes<'_, '_>,
    user_id: UserId,
    peer: Peer,
    invite: Option<&mut InviteRow>,
) -> Result<(), Error> {
    let shown = invite.as_ref().map(|invite| exported(invite));
    let hash = invite.as_ref().map(|invite| invite.hash.clone()).unwrap_or_default();
    let before = invites::invited(changes.tx, peer, user_id)?;
    if before.is_some_and(|row| row.requested) {
        return Ok(());
    }
    if let Some(invite) = invite {
        invite.requested = invite.requested.saturating_add(1);
        invites::save(changes.tx, invite)?;
    }
    let row = InvitedRow { peer, user_id, hash, date: changes.now, requested: true, approved_by: UserId(0) };
    invites::put_invited(changes.tx, &row)?;
    tell_bots(changes, &row, shown)?;
    tell_pending(changes, peer)
}

/// Bots that decide are told of each request (G-195).
fn tell_bots(
    changes: &mut Changes<'_, '_>,
    row: &InvitedRow,
    invite: Option<types::ChatInviteExported>,
) -> Result<(), Error> {
    let public = enums::ExportedChatInvite::ChatInvitePublicJoinRequests;
    let about = users::find(changes.tx, row.user_id)?.map(|user| user.about).unwrap_or_default();
    let update = types::UpdateBotChatInviteRequester {
        peer: peer_to_tl(row.peer),
        date: row.date.to_tl(),
        user_id: row.user_id.0,
        about,
        invite: invite.map_or(public, Into::into),
        ..types::UpdateBotChatInviteRequester::default()
    };
    for admin in deciding(changes.tx, row.peer, true)? {
        changes.hint_user(admin, update.clone().into());
    }
    Ok(())
}

fn count_request(tx: &Tx<'_>, hash: &str, change: i32) -> Result<Option<InviteRow>, Error> {
    let Some(mut invite) = invites::find(tx, hash)? else { return Ok(None) };
    invite.requested = invite.requested.saturating_add(change).max(0);
    invites::save(tx, &invite)?;
    Ok(Some(invite))
}

/// Forgets an open request, and how a user came in before: it came in another way now, or was banned (G-200).
pub(crate) fn withdraw(changes: &mut Changes<'_, '_>, peer: Peer, user: UserId) -> Result<(), Error> {
    let Some(row) = invites::invited(changes.tx, peer, user)? else { return Ok(()) };
    invites::forget(changes.tx, peer, user)?;
    if row.requested {
        count_request(changes.tx, &row.hash, -1)?;
        tell_pending(changes, peer)?;
    }
    Ok(())
}

impl Messenger {
    /// Lets those in who ask to join, or sends them away (G-198). Of very many, the newest; the pending number tells who is left.
    pub async fn decide_requests(
        &self,
        actor: Actor,
        peer: PeerRef,
        named: Named,
        approved: bool,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = managed(changes.tx, actor.user_id, peer)?;
            let rows = match &named {
                Named::User(user) => {
                    let user = user.user(changes.tx, actor.user_id)?;
                    let row = invites::invited(changes.tx, peer, user)?.filter(|row| row.requested);
                    row.into_iter().collect()
                }
                Named::All(link) => {
                    let hash = link.as_deref().map(|link| link_of(changes.tx, peer, link)).transpose()?;
                    let hash = hash.as_ref().map(|row| row.hash.as_str());
                    let from = (UnixTime(i64::MAX), UserId(0));
                    let in_chat = matches!(peer, Peer::Chat(_));
                    let limit = if in_chat { REQUESTS_PER_CALL_IN_CHAT } else { REQUESTS_PER_CALL };
                    invites::requests(changes.tx, peer, hash, from, limit)?
                }
            };
            if rows.is_empty() {
                return Err(Error::bad(errors::HIDE_REQUESTER_MISSING));
            }
            let one = matches!(named, Named::User(_));
            for row in rows {
                let done = decide(changes, actor, &row, approved);
                match done {
                    // Who is in too many channels does not keep the others out.
                    Err(error) if one => return Err(error),
                    _ => {}
                }
            }
            tell_pending(changes, peer)?;
            crate::peers::mention(&mut changes.mentioned, peer);
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Returns who came by links, or asks to, the newest first (G-186, G-197).
    pub async fn importers(
        &self,
        actor: Actor,
        peer: PeerRef,
        wanted: Importers,
    ) -> Result<(i32, Vec<InvitedRow>, Scene), Error> {
        if wanted.link.is_some() && !wanted.text.is_empty() {
            return Err(Error::bad(errors::SEARCH_WITH_LINK_NOT_SUPPORTED));
        }
        let limit = i64::from(wanted.limit).clamp(0, PAGE);
        self.read(actor.user_id, move |tx| {
            let peer = managed(tx, actor.user_id, peer)?;
            let user = wanted.before_user.map(|user| user.user(tx, actor.user_id)).transpose()?;
            let date = Some(wanted.before).filter(|date| *date > 0);
            let before = date.map_or(UnixTime(i64::MAX), |date| UnixTime(i64::from(date)));
            let before = (before, user.unwrap_or(UserId(0)));
            let link = wanted.link.as_deref().map(|link| link_of(tx, peer, link)).transpose()?;
            let hash = link.as_ref().map(|row| row.hash.as_str());
            let (count, mut rows) = match (wanted.requested, &link) {
                (true, None) => {
                    let rows = invites::requests(tx, peer, None, before, limit)?;
                    (invites::count_requests(tx, peer, REQUESTS_COUNTED)?, rows)
                }
                (true, Some(link)) => (link.requested, invites::requests(tx, peer, hash, before, limit)?),
                (false, Some(link)) => (link.used, invites::came_by(tx, &link.hash, before, limit)?),
                (false, None) => (0, Vec::new()),
            };
            let mut count = count;
            if !wanted.text.trim().is_empty() {
                let text = wanted.text.trim().to_lowercase();
                let ids: Vec<UserId> = rows.iter().map(|row| row.user_id).collect();
                let named = users::find_many(tx, &ids)?;
                let fits = |id| {
                    named.iter().any(|user| user.id == id && crate::contacts::is_named(user, None, &text))
                };
                rows.retain(|row| fits(row.user_id));
                count = i32::try_from(rows.len()).unwrap_or(i32::MAX);
            }
            // G-186: never fewer than are listed.
            let count = count.max(i32::try_from(rows.len()).unwrap_or(i32::MAX));
            let people = rows.iter().flat_map(|row| [row.user_id, row.approved_by]);
            let people: Vec<Peer> = people.filter(|user| user.0 > 0).map(Peer::User).collect();
            let scene = Scene::of_peers(tx, actor.user_id, people)?;
            Ok((count, rows, scene))
        })
        .await
    }
}

/// Decides one request.
fn decide(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    row: &InvitedRow,
    approved: bool,
) -> Result<(), Error> {
    if !approved {
        invites::forget(changes.tx, row.peer, row.user_id)?;
        return count_request(changes.tx, &row.hash, -1).map(drop);
    }
    require_room(changes, row)?;
    let mut invite = count_request(changes.tx, &row.hash, -1)?;
    // It is decided here, so that coming in does not tell of it once more.
    invites::forget(changes.tx, row.peer, row.user_id)?;
    let_in(changes, row.user_id, row.peer, invite.as_mut(), Way::Request(actor.user_id))
}

/// Requires that there is room for one more, in the group and among the channels of who asks.
fn require_room(changes: &Changes<'_, '_>, row: &InvitedRow) -> Result<(), Error> {
    if let Peer::Chat(id) = row.peer {
        let is_full = chats::members(changes.tx, id)?.len() >= CHAT_MEMBERS;
        return if is_full { Err(Error::bad(errors::USERS_TOO_MUCH)) } else { Ok(()) };
    }
    let room = crate::channels::check_room(changes, row.user_id);
    room.map_err(|_| Error::refused(403, errors::USER_CHANNELS_TOO_MUCH))
}
