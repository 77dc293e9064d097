//! Blocking: whose private messages a user does not want (G-424, G-425).

use zaun_model::{Peer, UnixTime, UserId};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::blocked;
use zaun_store::repo::users::UserRow;

use crate::limits::{BLOCKED, PAGE};
use crate::peers::{PeerRef, peer_to_tl};
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, bots, errors, privacy};

/// A page of blocked peers, the newest first.
#[derive(Debug, Clone, Default)]
pub struct BlockedPage {
    /// Peers, with the moment when each was blocked.
    pub blocked: Vec<(Peer, UnixTime)>,
    /// How many there are in all.
    pub total: usize,
    /// Everybody in the page.
    pub scene: Scene,
}

impl Messenger {
    /// Blocks a peer, or unblocks it, and tells the user's other sessions if that changed something.
    pub async fn set_blocked(&self, actor: Actor, peer: PeerRef, block: bool) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = peer.resolve(changes.tx, actor.user_id)?;
            set_one(changes, actor.user_id, peer, block)
        };
        self.change(actor, work).await.map(drop)
    }

    /// Replaces the whole list (contacts.setBlocked).
    pub async fn replace_blocked(&self, actor: Actor, peers: Vec<PeerRef>) -> Result<(), Error> {
        if peers.len() > BLOCKED {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let user = actor.user_id;
            let wanted: Result<Vec<Peer>, Error> =
                peers.iter().map(|peer| peer.resolve(changes.tx, user)).collect();
            let wanted = wanted?;
            for (peer, _) in blocked::all(changes.tx, user)? {
                if !wanted.contains(&peer) {
                    set_one(changes, user, peer, false)?;
                }
            }
            wanted.iter().try_for_each(|peer| set_one(changes, user, *peer, true))
        };
        self.change(actor, work).await.map(drop)
    }

    /// Returns a page of the list.
    pub async fn blocked(&self, actor: Actor, offset: i32, limit: i32) -> Result<BlockedPage, Error> {
        let limit = usize::try_from(i64::from(limit).clamp(1, PAGE)).unwrap_or(1);
        let offset = usize::try_from(offset).unwrap_or(0);
        self.read(actor.user_id, move |tx| {
            let all = blocked::all(tx, actor.user_id)?;
            let total = all.len();
            let page: Vec<_> = all.into_iter().skip(offset).take(limit).collect();
            let scene = Scene::of_peers(tx, actor.user_id, page.iter().map(|(peer, _)| *peer))?;
            Ok(BlockedPage { blocked: page, total, scene })
        })
        .await
    }
}

fn set_one(changes: &mut Changes<'_, '_>, user: UserId, peer: Peer, block: bool) -> Result<(), Error> {
    if peer == Peer::User(user) {
        return Err(Error::bad(errors::CONTACT_ID_INVALID));
    }
    let changed = if block {
        if blocked::all(changes.tx, user)?.len() >= BLOCKED {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        blocked::insert(changes.tx, user, peer, changes.now)?
    } else {
        blocked::delete(changes.tx, user, peer)?
    };
    if changed {
        privacy::note_blocks(changes.tx, user, !blocked::all(changes.tx, user)?.is_empty())?;
        let peer_id = peer_to_tl(peer);
        let update = types::UpdatePeerBlocked { blocked: block, blocked_my_stories_from: false, peer_id };
        changes.hint_user(user, update.into());
        bots::members::tell_stopped(changes, user, peer, block)?;
    }
    Ok(())
}

/// Refuses a private message between two users of whom one blocked the other.
pub(crate) fn require_unblocked(tx: &Tx<'_>, from: UserId, to: UserId) -> Result<(), Error> {
    if from == to {
        return Ok(());
    }
    let who = blocked::between(tx, from, to)?;
    if who.contains(&to) {
        return Err(Error::refused(403, errors::USER_IS_BLOCKED));
    }
    if who.contains(&from) { Err(Error::bad(errors::YOU_BLOCKED_USER)) } else { Ok(()) }
}

/// Says whether a user lets another one bring it into groups: it did not block who does, and its rules allow it (G-423).
pub(crate) fn admits(tx: &Tx<'_>, user: &UserRow, inviter: UserId) -> Result<bool, Error> {
    let allowed = privacy::admits(tx, user, privacy::bit::INVITE, inviter)?;
    Ok(allowed && !blocked::is_blocked(tx, user.id, Peer::User(inviter))?)
}
