//! Who may do what in a conversation, as values: what reads, posts or changes takes one of them, so whoever was not
//! checked cannot do it.

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, ChannelId, Peer, UserId};
use zaun_store::Tx;
use zaun_store::repo::channels::{self, ChannelRow, MEMBER, MemberRow, REMOVED};
use zaun_store::repo::{bots, users};

use crate::blocking::require_unblocked;
use crate::peers::PeerRef;
use crate::{Error, errors};

/// The right to read a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Who reads.
    pub viewer: UserId,
    /// The conversation.
    pub peer: Peer,
    /// Where its messages are.
    pub box_id: BoxId,
}

/// The right to post in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The right to read it.
    pub reading: Reading,
    /// As whom messages appear: the user, or the broadcast channel itself.
    pub author: Peer,
    /// Whether the message lets the bot that receives it answer (B-047).
    pub starts_bot: bool,
}

/// A channel with what a user is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The channel.
    pub channel: ChannelRow,
    /// The user's own row; none if both have nothing to do with each other.
    pub member: Option<MemberRow>,
}

impl Membership {
    /// Loads a channel that exists, with what the user is to it.
    pub fn load(tx: &Tx<'_>, viewer: UserId, id: ChannelId) -> Result<Membership, Error> {
        let channel = channels::find(tx, id)?.filter(|channel| !channel.deleted);
        let channel = channel.ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))?;
        Ok(Membership { channel, member: channels::member(tx, id, viewer)? })
    }

    /// Says whether the user is in the channel.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.status == MEMBER)
    }

    fn is_removed(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.status == REMOVED)
    }

    /// Returns what the user may do beyond others; the creator may do everything.
    #[must_use]
    pub fn admin_rights(&self) -> AdminRights {
        match self.member.as_ref().filter(|member| member.status == MEMBER) {
            Some(member) if member.creator => AdminRights::ALL.without(AdminRights::ANONYMOUS),
            Some(member) => member.admin,
            None => AdminRights::NONE,
        }
    }

    /// Requires that the user is in the channel.
    pub fn require_member(&self) -> Result<(), Error> {
        if self.is_member() { Ok(()) } else { Err(Error::refused(406, errors::CHANNEL_PRIVATE)) }
    }

    /// Requires that the user may see the channel: it is in it, or the channel is public and did not remove it.
    pub fn require_visible(&self) -> Result<(), Error> {
        let open = self.channel.username.is_some() && !self.is_removed();
        if open || self.is_member() { Ok(()) } else { Err(Error::refused(406, errors::CHANNEL_PRIVATE)) }
    }

    /// Requires an administrator with a right.
    pub fn require_admin(&self, right: AdminRights) -> Result<(), Error> {
        self.require_member()?;
        if self.admin_rights().has(right) { Ok(()) } else { Err(Error::bad(errors::CHAT_ADMIN_REQUIRED)) }
    }

    /// Requires that nothing keeps the user from an action: administrators are never kept from one.
    pub fn require_allowed(&self, action: BannedRights) -> Result<(), Error> {
        self.require_member()?;
        if self.admin_rights() != AdminRights::NONE {
            return Ok(());
        }
        let own = self.member.as_ref().map_or(BannedRights::NONE, |member| member.banned);
        if own.has(action) {
            return Err(Error::bad(errors::USER_BANNED_IN_CHANNEL));
        }
        if self.channel.banned.has(action) {
            return Err(Error::refused(403, errors::CHAT_WRITE_FORBIDDEN));
        }
        Ok(())
    }
}

/// Returns the right to read a conversation.
pub fn reading(tx: &Tx<'_>, viewer: UserId, peer: PeerRef) -> Result<Reading, Error> {
    let peer = peer.resolve(tx, viewer)?;
    if let Peer::Channel(id) = peer {
        Membership::load(tx, viewer, id)?.require_visible()?;
    }
    Ok(Reading { viewer, peer, box_id: BoxId::of(viewer, peer) })
}

/// Returns the right to post in a conversation.
pub fn posting(tx: &Tx<'_>, viewer: UserId, peer: PeerRef) -> Result<Posting, Error> {
    let peer = peer.resolve(tx, viewer)?;
    let mut starts_bot = false;
    let author = match peer {
        Peer::User(id) => {
            let both = users::find_many(tx, &[viewer, id])?;
            let receiver = both.iter().find(|user| user.id == id && !user.deleted);
            let receiver = receiver.ok_or_else(|| Error::bad(errors::INPUT_USER_DEACTIVATED))?;
            let by_bot = both.iter().any(|user| user.id == viewer && user.is_bot());
            starts_bot = receiver.is_bot() && !by_bot;
            if by_bot {
                require_started(tx, viewer, receiver)?;
            } else {
                require_unblocked(tx, viewer, id)?;
            }
            Peer::User(viewer)
        }
        Peer::Chat(_) => return Err(Error::bad(errors::CHAT_ID_INVALID)),
        Peer::Channel(id) => {
            let membership = Membership::load(tx, viewer, id)?;
            if membership.channel.broadcast {
                membership.require_admin(AdminRights::POST_MESSAGES)?;
                peer
            } else {
                membership.require_allowed(BannedRights::SEND_MESSAGES)?;
                Peer::User(viewer)
            }
        }
    };
    Ok(Posting { reading: Reading { viewer, peer, box_id: BoxId::of(viewer, peer) }, author, starts_bot })
}

/// Requires that a bot may write to a user: the user wrote first and did not block it (B-045, B-048, B-050).
fn require_started(tx: &Tx<'_>, bot: UserId, receiver: &users::UserRow) -> Result<(), Error> {
    if receiver.is_bot() {
        return Err(Error::bad(errors::USER_IS_BOT));
    }
    if !bots::is_allowed(tx, bot, receiver.id)? {
        return Err(Error::bad(errors::PEER_ID_INVALID));
    }
    require_unblocked(tx, bot, receiver.id).map_err(|_| Error::bad(errors::USER_IS_BLOCKED))
}

/// Requires that the viewer may change how a message is shown to everybody: pin it, or edit and delete it although
/// somebody else wrote it.
pub fn require_over_others(
    tx: &Tx<'_>,
    reading: &Reading,
    admin: AdminRights,
    member: Option<BannedRights>,
) -> Result<(), Error> {
    let Peer::Channel(id) = reading.peer else { return Ok(()) };
    let membership = Membership::load(tx, reading.viewer, id)?;
    match member {
        Some(action) if !membership.channel.broadcast && membership.admin_rights() == AdminRights::NONE => {
            membership.require_allowed(action).map_err(|_| Error::bad(errors::CHAT_ADMIN_REQUIRED))
        }
        _ => membership.require_admin(admin),
    }
}
