//! What basic groups and channels have in common, for methods that take either.

use zaun_model::rights::BannedRights;
use zaun_model::{Peer, UnixTime};
use zaun_store::repo::chats::{self, ChatMemberRow, MEMBER};

use super::{members, profile, tell_changed};
use crate::channels::{self, checked_rank};
use crate::peers::PeerRef;
use crate::rights::{Group, wire};
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

impl Messenger {
    /// Gives a group or channel another description.
    pub async fn edit_about(&self, actor: Actor, peer: PeerRef, about: String) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| match peer.resolve(changes.tx, actor.user_id)? {
            Peer::User(_) => Err(Error::bad(errors::PEER_ID_INVALID)),
            Peer::Chat(id) => profile::edit_about(changes, actor, id, &about),
            Peer::Channel(id) => channels::edit_about(changes, actor, id, &about),
        };
        self.change(actor, work).await.map(drop)
    }

    /// Changes what ordinary members of a group may not do; nobody can be kept from seeing it that way (G-145).
    pub async fn edit_default_rights(
        &self,
        actor: Actor,
        peer: PeerRef,
        banned: BannedRights,
        until: UnixTime,
    ) -> Result<Outcome<()>, Error> {
        if banned.has(BannedRights::VIEW_MESSAGES) {
            return Err(Error::bad(errors::BANNED_RIGHTS_INVALID));
        }
        if until.0 != 0 && until.0 != i64::from(i32::MAX) {
            return Err(Error::bad(errors::UNTIL_DATE_INVALID));
        }
        let work = move |changes: &mut Changes<'_, '_>| match peer.resolve(changes.tx, actor.user_id)? {
            Peer::User(_) => Err(Error::bad(errors::PEER_ID_INVALID)),
            Peer::Chat(id) => {
                let shown = wire::banned_rights(banned, UnixTime(0));
                profile::edit_rights(changes, actor, id, banned, shown)
            }
            Peer::Channel(id) => channels::edit_default_rights(changes, actor, id, banned),
        };
        self.change(actor, work).await
    }

    /// Gives a member of a group a tag (G-159, G-160).
    pub async fn edit_rank(
        &self,
        actor: Actor,
        peer: PeerRef,
        user: PeerRef,
        rank: String,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = user.user(changes.tx, actor.user_id)?;
            match peer.resolve(changes.tx, actor.user_id)? {
                Peer::User(_) => Err(Error::bad(errors::PEER_ID_INVALID)),
                Peer::Channel(id) => channels::edit_member_rank(changes, actor, id, user, &rank),
                Peer::Chat(id) => {
                    let rank = checked_rank(&rank)?;
                    let group = Group::load(changes.tx, actor.user_id, id)?;
                    if user == actor.user_id {
                        group.require_change(BannedRights::EDIT_RANK)?;
                    } else {
                        group.require_admin()?;
                    }
                    let member = chats::member(changes.tx, id, user)?.filter(|row| row.status == MEMBER);
                    let member = member.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
                    if member.rank == rank {
                        return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
                    }
                    chats::put_member(changes.tx, &ChatMemberRow { rank: rank.clone(), ..member })?;
                    members::tell_rank(changes, group.chat, user, rank)?;
                    tell_changed(changes, id)
                }
            }
        };
        self.change(actor, work).await
    }
}
