//! As whom a message appears where that is a choice: oneself, the group, or a channel of one's own (G-161 … G-172).

use zaun_model::rights::AdminRights;
use zaun_model::{Peer, UserId};
use zaun_store::Tx;
use zaun_store::repo::channels;

use super::{Membership, Posting, posting};
use crate::limits::SENDERS;
use crate::peers::PeerRef;
use crate::{Error, errors};

/// Returns as whom somebody may write in a supergroup or channel, the usual one first (G-166). Whoever owns a channel that
/// was banned from a group writes there as none of them.
pub fn possible_senders(tx: &Tx<'_>, viewer: UserId, membership: &Membership) -> Result<Vec<Peer>, Error> {
    let group = &membership.channel;
    let here = Peer::Channel(group.id);
    if group.broadcast && !group.profiles {
        return Ok(vec![here]);
    }
    // G-171: an anonymous administrator does not write as itself.
    let mut senders = vec![usual(viewer, membership)];
    if group.broadcast {
        senders.push(here);
    }
    if channels::is_sender_banned(tx, group.id, viewer)? {
        return Ok(senders);
    }
    let mut own: Vec<Peer> =
        channels::owned_public(tx, viewer, SENDERS)?.iter().map(|row| Peer::Channel(row.id)).collect();
    // The channel of a discussion group needs no public name.
    let linked = Membership::load(tx, viewer, group.linked_id).ok().filter(|_| group.linked_id.0 != 0);
    own.extend(linked.filter(Membership::is_creator).map(|linked| Peer::Channel(linked.channel.id)));
    own.retain(|peer| *peer != here);
    own.sort_unstable();
    own.dedup();
    senders.extend(own);
    Ok(senders)
}

/// As whom somebody writes who chose nothing.
fn usual(viewer: UserId, membership: &Membership) -> Peer {
    // G-116
    let anonymous = !membership.channel.broadcast && membership.admin_rights().has(AdminRights::ANONYMOUS);
    if anonymous { Peer::Channel(membership.channel.id) } else { Peer::User(viewer) }
}

/// As whom somebody writes who says nothing of it: what was chosen before, while that is possible (G-169).
pub(super) fn default_sender(tx: &Tx<'_>, viewer: UserId, membership: &Membership) -> Result<Peer, Error> {
    let chosen = membership.member.as_ref().and_then(|member| member.send_as);
    let Some(chosen) = chosen else { return Ok(usual(viewer, membership)) };
    let possible = possible_senders(tx, viewer, membership)?.contains(&chosen);
    Ok(if possible { chosen } else { usual(viewer, membership) })
}

/// Requires that somebody may write as a peer (G-168).
pub(crate) fn require_sender(
    tx: &Tx<'_>,
    viewer: UserId,
    membership: &Membership,
    sender: Peer,
) -> Result<(), Error> {
    match possible_senders(tx, viewer, membership)?.contains(&sender) {
        true => Ok(()),
        false => Err(Error::bad(errors::SEND_AS_PEER_INVALID)),
    }
}

/// Returns the right to post in a conversation as somebody, or as usual; bans and slow modes stay those of the user (G-172).
pub fn speaking_as(
    tx: &Tx<'_>,
    viewer: UserId,
    peer: PeerRef,
    send_as: Option<PeerRef>,
) -> Result<Posting, Error> {
    let mut posting = posting(tx, viewer, peer)?;
    let Some(send_as) = send_as else { return Ok(posting) };
    let invalid = || Error::bad(errors::SEND_AS_PEER_INVALID);
    let sender = send_as.resolve(tx, viewer).map_err(|error| match error {
        Error::Refused { .. } => invalid(),
        other => other,
    })?;
    match posting.reading.peer {
        Peer::Channel(id) => {
            require_sender(tx, viewer, &Membership::load(tx, viewer, id)?, sender)?;
            posting.author = sender;
        }
        // Elsewhere everybody is who they are.
        Peer::User(_) | Peer::Chat(_) if sender != posting.author => return Err(invalid()),
        Peer::User(_) | Peer::Chat(_) => {}
    }
    Ok(posting)
}

/// As whom a member writes, where that is a choice (G-078).
pub(crate) fn chosen_sender(
    tx: &Tx<'_>,
    viewer: UserId,
    membership: &Membership,
) -> Result<Option<Peer>, Error> {
    let speaks_itself = membership.channel.broadcast && !membership.channel.profiles;
    let posts = !membership.channel.broadcast || membership.admin_rights().has(AdminRights::POST_MESSAGES);
    if speaks_itself || !posts || !membership.is_member() {
        return Ok(None);
    }
    let is_choice = possible_senders(tx, viewer, membership)? != [Peer::User(viewer)];
    Ok(if is_choice { Some(default_sender(tx, viewer, membership)?) } else { None })
}
