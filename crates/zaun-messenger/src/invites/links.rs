//! Making, changing, listing and revoking links.

use zaun_model::{Peer, UnixTime, UserId};
use zaun_schema::api::enums::ChannelAdminLogEventAction as Action;
use zaun_schema::api::types;
use zaun_store::repo::invites::{self, InviteRow};

use super::{ensure_permanent, exported, fresh, hash_of, link_of, managed};
use crate::channels::log::{kind, record};
use crate::limits::{
    ADMINISTRATORS, INVITE_TITLE_LENGTH, INVITE_USAGE_LIMIT, INVITES_COUNTED, INVITES_PER_ADMIN, PAGE,
};
use crate::peers::PeerRef;
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, errors};

/// What a link is to be, or how it is to change; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InviteTerms {
    /// When it ends; 0 for never.
    pub expires_at: Option<i32>,
    /// How many may come by it; 0 for no limit.
    pub usage_limit: Option<i32>,
    /// Whether an administrator decides who comes in.
    pub request_needed: Option<bool>,
    /// What its owner calls it.
    pub title: Option<String>,
}

/// What became of a link that was changed.
#[derive(Debug, Clone)]
pub struct EditedInvite {
    /// The link.
    pub invite: types::ChatInviteExported,
    /// The permanent link in its place, if it was one and was revoked (G-181).
    pub new: Option<types::ChatInviteExported>,
    /// Who owns them.
    pub scene: Scene,
}

/// A page of links.
#[derive(Debug, Clone)]
pub struct ListedInvites {
    /// How many there are.
    pub count: i32,
    /// The links.
    pub invites: Vec<types::ChatInviteExported>,
    /// Who owns them.
    pub scene: Scene,
}

/// Administrators with their links.
#[derive(Debug, Clone)]
pub struct OwnersOfInvites {
    /// Who has how many valid and revoked ones.
    pub owners: Vec<(UserId, i32, i32)>,
    /// They.
    pub scene: Scene,
}

/// Applies terms to a link (G-176, G-177).
fn apply(row: &mut InviteRow, terms: &InviteTerms, now: UnixTime) -> Result<(), Error> {
    if let Some(at) = terms.expires_at {
        let at = UnixTime(i64::from(at));
        if at.0 != 0 && at <= now {
            return Err(Error::bad(errors::EXPIRE_DATE_INVALID));
        }
        row.expires_at = at;
    }
    if let Some(limit) = terms.usage_limit {
        if !(0..=INVITE_USAGE_LIMIT).contains(&limit) {
            return Err(Error::bad(errors::USAGE_LIMIT_INVALID));
        }
        row.usage_limit = limit;
    }
    if let Some(needed) = terms.request_needed {
        row.request_needed = needed;
        if needed && terms.usage_limit.is_none() {
            row.usage_limit = 0;
        }
    }
    if let Some(title) = &terms.title {
        row.title = title.trim().chars().take(INVITE_TITLE_LENGTH).collect();
    }
    if row.request_needed && row.usage_limit > 0 {
        return Err(Error::bad(errors::USAGE_LIMIT_INVALID));
    }
    Ok(())
}

/// Notes what became of a link, where there is a log.
fn note(changes: &Changes<'_, '_>, actor: Actor, peer: Peer, action: impl Into<Action>) -> Result<(), Error> {
    match peer {
        Peer::Channel(id) => record(changes, id, actor.user_id, kind::INVITES, action),
        _ => Ok(()),
    }
}

fn revoke(changes: &Changes<'_, '_>, actor: Actor, row: &mut InviteRow) -> Result<(), Error> {
    row.revoked = true;
    invites::save(changes.tx, row)?;
    invites::trim_revoked(changes.tx, row.peer, row.admin_id, INVITES_PER_ADMIN)?;
    let invite = exported(row).into();
    note(changes, actor, row.peer, types::ChannelAdminLogEventActionExportedInviteRevoke { invite })
}

impl Messenger {
    /// Makes a link. A `permanent` one takes the place of the one that the actor has (G-174).
    pub async fn export_invite(
        &self,
        actor: Actor,
        peer: PeerRef,
        permanent: bool,
        terms: InviteTerms,
    ) -> Result<types::ChatInviteExported, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = managed(changes.tx, actor.user_id, peer)?;
            let mut row = fresh(changes, peer, actor.user_id, permanent);
            if permanent {
                if let Some(mut before) = invites::permanent(changes.tx, peer, actor.user_id)? {
                    revoke(changes, actor, &mut before)?;
                }
            } else {
                apply(&mut row, &terms, changes.now)?;
            }
            let kind = (peer, actor.user_id, false);
            if invites::count(changes.tx, kind, INVITES_PER_ADMIN)?
                >= INVITES_PER_ADMIN.try_into().unwrap_or(i32::MAX)
            {
                return Err(Error::bad(errors::INVITES_TOO_MUCH));
            }
            invites::insert(changes.tx, &row)?;
            Ok(exported(&row))
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Returns one link of a group or channel.
    pub async fn exported_invite(
        &self,
        actor: Actor,
        peer: PeerRef,
        link: String,
    ) -> Result<EditedInvite, Error> {
        self.read(actor.user_id, move |tx| {
            let peer = managed(tx, actor.user_id, peer)?;
            let row = link_of(tx, peer, &link)?;
            let scene = Scene::of_peers(tx, actor.user_id, [Peer::User(row.admin_id)])?;
            Ok(EditedInvite { invite: exported(&row), new: None, scene })
        })
        .await
    }

    /// Changes the terms of a link, or revokes it (G-180, G-181).
    pub async fn edit_invite(
        &self,
        actor: Actor,
        peer: PeerRef,
        link: String,
        revoked: bool,
        terms: InviteTerms,
    ) -> Result<EditedInvite, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = managed(changes.tx, actor.user_id, peer)?;
            let mut row = link_of(changes.tx, peer, &link)?;
            if row.revoked {
                return Err(Error::bad(errors::INVITE_HASH_EXPIRED));
            }
            let mut new = None;
            if revoked {
                revoke(changes, actor, &mut row)?;
                if row.permanent {
                    ensure_permanent(changes, peer, row.admin_id)?;
                    new = invites::permanent(changes.tx, peer, row.admin_id)?;
                }
            } else {
                if row.permanent {
                    return Err(Error::bad(errors::CHAT_INVITE_PERMANENT));
                }
                let prev_invite = exported(&row).into();
                apply(&mut row, &terms, changes.now)?;
                row.changed_at = changes.now;
                invites::save(changes.tx, &row)?;
                let new_invite = exported(&row).into();
                let done = types::ChannelAdminLogEventActionExportedInviteEdit { prev_invite, new_invite };
                note(changes, actor, peer, done)?;
            }
            let scene = Scene::of_peers(changes.tx, actor.user_id, [Peer::User(row.admin_id)])?;
            Ok(EditedInvite { invite: exported(&row), new: new.as_ref().map(exported), scene })
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Deletes a revoked link (G-183).
    pub async fn delete_invite(&self, actor: Actor, peer: PeerRef, link: String) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = managed(changes.tx, actor.user_id, peer)?;
            let row = link_of(changes.tx, peer, &link)?;
            if !row.revoked {
                return Err(Error::bad(errors::INVITE_REVOKED_MISSING));
            }
            invites::delete(changes.tx, &row.hash)?;
            let invite = exported(&row).into();
            note(changes, actor, peer, types::ChannelAdminLogEventActionExportedInviteDelete { invite })
        };
        self.change(actor, work).await.map(drop)
    }

    /// Deletes all revoked links of an administrator (G-183).
    pub async fn delete_revoked_invites(
        &self,
        actor: Actor,
        peer: PeerRef,
        admin: PeerRef,
    ) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = managed(changes.tx, actor.user_id, peer)?;
            let admin = admin.user(changes.tx, actor.user_id);
            let admin = admin.map_err(|_| Error::bad(errors::ADMIN_ID_INVALID))?;
            Ok(invites::delete_revoked(changes.tx, peer, admin)?)
        };
        self.change(actor, work).await.map(drop)
    }

    /// Returns a page of an administrator's links, the newest first (G-185).
    pub async fn exported_invites(
        &self,
        actor: Actor,
        peer: PeerRef,
        (admin, revoked): (PeerRef, bool),
        (date, link): (Option<i32>, Option<String>),
        limit: i32,
    ) -> Result<ListedInvites, Error> {
        let limit = i64::from(limit).clamp(0, PAGE);
        self.read(actor.user_id, move |tx| {
            let peer = managed(tx, actor.user_id, peer)?;
            let admin = admin.user(tx, actor.user_id);
            let admin = admin.map_err(|_| Error::bad(errors::ADMIN_ID_INVALID))?;
            let before =
                date.filter(|date| *date > 0).map_or(UnixTime(i64::MAX), |date| UnixTime(i64::from(date)));
            let hash = link.as_deref().map(hash_of).transpose()?.unwrap_or("");
            let kind = (peer, admin, revoked);
            let rows = invites::of_admin(tx, kind, (before, hash), limit)?;
            Ok(ListedInvites {
                count: invites::count(tx, kind, INVITES_COUNTED)?,
                invites: rows.iter().map(exported).collect(),
                scene: Scene::of_peers(tx, actor.user_id, [Peer::User(admin)])?,
            })
        })
        .await
    }

    /// Returns who has links, and how many (G-184).
    pub async fn owners_of_invites(&self, actor: Actor, peer: PeerRef) -> Result<OwnersOfInvites, Error> {
        self.read(actor.user_id, move |tx| {
            let peer = managed(tx, actor.user_id, peer)?;
            let owners = invites::admins(tx, peer, i64::from(ADMINISTRATORS))?;
            let people = owners.iter().map(|(admin, ..)| Peer::User(*admin));
            let scene = Scene::of_peers(tx, actor.user_id, people.collect::<Vec<_>>())?;
            Ok(OwnersOfInvites { owners, scene })
        })
        .await
    }
}
