//! Who may do what in a conversation, as values: what reads, posts or changes takes one of them, so whoever was not
//! checked cannot do it.

mod group;
mod senders;
mod sending;
pub mod wire;

pub use group::Group;
pub(crate) use senders::{chosen_sender, require_sender};
pub use senders::{possible_senders, speaking_as};
pub use sending::Forbidden;
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, ChannelId, MsgId, Peer, UserId};
use zaun_store::Tx;
use zaun_store::repo::channels::{self, ChannelRow, MEMBER, MemberRow, REMOVED};
use zaun_store::repo::{bots, chats, users};

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
    /// Messages up to this one are hidden from the viewer (G-226, G-227).
    pub hidden_until: MsgId,
}

impl Reading {
    /// The right to read a conversation from its beginning.
    pub(crate) fn whole(viewer: UserId, peer: Peer) -> Reading {
        Reading { viewer, peer, box_id: BoxId::of(viewer, peer), hidden_until: MsgId(0) }
    }

    /// Says whether the viewer sees a message of the conversation.
    #[must_use]
    pub fn shows(&self, id: MsgId) -> bool {
        id > self.hidden_until
    }
}

/// The right to post in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The right to read it.
    pub reading: Reading,
    /// As whom messages appear: the user, or the broadcast channel itself.
    pub author: Peer,
    /// In whose boxes they lie beside the reader's.
    pub others: Vec<UserId>,
    /// What may not be said.
    pub forbidden: Forbidden,
    /// The member whom a slow mode binds, and its seconds.
    pub slow_mode: Option<(MemberRow, i32)>,
    /// Whether messages name their author (G-165).
    pub signed: bool,
    /// Whether messages are posts of a broadcast channel, which speaks itself (G-161).
    pub is_post: bool,
    /// Whether the message lets the bot that receives it answer (B-047).
    pub starts_bot: bool,
    /// The forum that the conversation is.
    pub forum: Option<Forum>,
    /// The discussion group into which posts are copied; 0 for none.
    pub linked_id: ChannelId,
    /// Seconds after which messages of a group or channel delete themselves; 0 for never.
    pub ttl: i32,
}

/// A forum in which somebody posts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forum {
    /// The supergroup.
    pub channel: ChannelId,
    /// Whether the author manages its topics.
    pub manages: bool,
}

impl Posting {
    fn plain(reading: Reading, author: Peer, others: Vec<UserId>) -> Posting {
        Posting {
            reading,
            author,
            others,
            forbidden: Forbidden::default(),
            slow_mode: None,
            signed: false,
            is_post: false,
            starts_bot: false,
            forum: None,
            linked_id: ChannelId(0),
            ttl: 0,
        }
    }

    fn in_channel(self, membership: &Membership) -> Posting {
        let channel = &membership.channel;
        let manages = membership.admin_rights().has(AdminRights::MANAGE_TOPICS);
        let forum = channel.is_forum().then_some(Forum { channel: channel.id, manages });
        Posting { forum, linked_id: channel.linked_id, ttl: channel.ttl, ..self }
    }

    /// Says whether answers make threads here: in supergroups.
    #[must_use]
    pub fn is_threaded(&self) -> bool {
        self.reading.peer.channel().is_some() && !self.is_post
    }
}

/// A channel with what a user is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The channel.
    pub channel: ChannelRow,
    /// The user's own row; none if both have nothing to do with each other.
    pub member: Option<MemberRow>,
    /// Whether the user sees the discussion group through its channel, without being in it.
    pub guest: bool,
}

impl Membership {
    /// Loads a channel that exists, with what the user is to it.
    pub fn load(tx: &Tx<'_>, viewer: UserId, id: ChannelId) -> Result<Membership, Error> {
        let channel = channels::find(tx, id)?.filter(|channel| !channel.deleted);
        let channel = channel.ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))?;
        let mut found = Membership { channel, member: channels::member(tx, id, viewer)?, guest: false };
        let linked = found.channel.linked_id;
        if !found.is_member() && !found.is_removed() && !found.channel.broadcast && linked.0 != 0 {
            let (row, member) = (channels::find(tx, linked)?, channels::member(tx, linked, viewer)?);
            let through =
                row.filter(|row| !row.deleted).map(|channel| Membership { channel, member, guest: false });
            found.guest = through.is_some_and(|through| through.require_visible().is_ok());
        }
        Ok(found)
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
            Some(member) => member.admin,
            None => AdminRights::NONE,
        }
    }

    /// Says whether the user owns the channel and is in it.
    #[must_use]
    pub fn is_creator(&self) -> bool {
        self.is_member() && self.member.as_ref().is_some_and(|member| member.creator)
    }

    /// Requires the creator.
    pub fn require_creator(&self) -> Result<(), Error> {
        self.require_member()?;
        if self.is_creator() { Ok(()) } else { Err(Error::bad(errors::CHAT_ADMIN_REQUIRED)) }
    }

    /// Requires that the user is in the channel.
    pub fn require_member(&self) -> Result<(), Error> {
        if self.is_member() { Ok(()) } else { Err(Error::refused(406, errors::CHANNEL_PRIVATE)) }
    }

    /// Requires that the user may see the channel: it is in it, or the channel is public and did not remove it.
    pub fn require_visible(&self) -> Result<(), Error> {
        let open = self.guest || (self.channel.username.is_some() && !self.is_removed());
        if open || self.is_member() { Ok(()) } else { Err(Error::refused(406, errors::CHANNEL_PRIVATE)) }
    }

    /// Requires an administrator with a right.
    pub fn require_admin(&self, right: AdminRights) -> Result<(), Error> {
        self.require_member()?;
        if self.admin_rights().has(right) { Ok(()) } else { Err(Error::bad(errors::CHAT_ADMIN_REQUIRED)) }
    }

    /// Messages up to this one are hidden from the user.
    #[must_use]
    pub fn hidden_until(&self) -> MsgId {
        hidden_until(&self.channel, self.member.as_ref())
    }

    /// The member and the seconds of a slow mode that binds the user; administrators are free of it (G-224).
    fn slow_mode(&self) -> Option<(MemberRow, i32)> {
        let bound = self.channel.slow_mode > 0 && self.admin_rights() == AdminRights::NONE;
        self.member.clone().filter(|_| bound).map(|member| (member, self.channel.slow_mode))
    }

    /// Returns what the user may not say here; administrators may say everything.
    #[must_use]
    pub fn forbidden(&self) -> Forbidden {
        if self.admin_rights() != AdminRights::NONE {
            return Forbidden::default();
        }
        let own = self.member.as_ref().map_or(BannedRights::NONE, |member| member.banned);
        Forbidden { own, all: self.channel.banned }
    }

    /// Requires that nothing keeps the user from an action: administrators are never kept from one.
    pub fn require_allowed(&self, action: BannedRights) -> Result<(), Error> {
        // G-257: guests of a discussion group may write.
        let comments = action == BannedRights::SEND_MESSAGES && self.guest && !self.channel.join_to_send;
        if !comments {
            self.require_member()?;
        }
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

/// Messages of a channel up to this one are hidden from a member who came after them, while the channel hides its
/// history (G-226), administrators excepted; and what a member took out of its own view stays out of it (G-235).
pub(crate) fn hidden_until(channel: &ChannelRow, member: Option<&MemberRow>) -> MsgId {
    let bound = channel.hidden_history && member.is_some_and(|member| member.admin == AdminRights::NONE);
    member.map_or(MsgId(0), |member| {
        member.cleared_until.max(if bound { member.hidden_until } else { MsgId(0) })
    })
}

/// Returns the right to read a conversation.
pub fn reading(tx: &Tx<'_>, viewer: UserId, peer: PeerRef) -> Result<Reading, Error> {
    let peer = peer.resolve(tx, viewer)?;
    let mut reading = Reading::whole(viewer, peer);
    if let Peer::Channel(id) = peer {
        let membership = Membership::load(tx, viewer, id)?;
        membership.require_visible()?;
        reading.hidden_until = membership.hidden_until();
    }
    Ok(reading)
}

/// Returns the right to post in a conversation.
pub fn posting(tx: &Tx<'_>, viewer: UserId, peer: PeerRef) -> Result<Posting, Error> {
    let peer = peer.resolve(tx, viewer)?;
    let mut reading = Reading::whole(viewer, peer);
    let own = Peer::User(viewer);
    match peer {
        Peer::User(id) => {
            let both = users::find_many(tx, &[viewer, id])?;
            let receiver = both.iter().find(|user| user.id == id && !user.deleted);
            let receiver = receiver.ok_or_else(|| Error::bad(errors::INPUT_USER_DEACTIVATED))?;
            let by_bot = both.iter().any(|user| user.id == viewer && user.is_bot());
            let starts_bot = receiver.is_bot() && !by_bot;
            if by_bot {
                require_started(tx, viewer, receiver)?;
            } else {
                require_unblocked(tx, viewer, id)?;
            }
            // Notes to oneself are in one place only.
            let others = Some(id).filter(|id| *id != viewer).into_iter().collect();
            Ok(Posting { starts_bot, ..Posting::plain(reading, own, others) })
        }
        Peer::Chat(id) => {
            let group = Group::load(tx, viewer, id)?;
            group.require_allowed(BannedRights::SEND_MESSAGES)?;
            let others = chats::members(tx, id)?.into_iter().map(|member| member.user_id);
            let others = others.filter(|user| *user != viewer).collect();
            let (forbidden, ttl) = (group.forbidden(), group.chat.ttl);
            Ok(Posting { forbidden, ttl, ..Posting::plain(reading, own, others) })
        }
        Peer::Channel(id) => {
            let membership = Membership::load(tx, viewer, id)?;
            reading.hidden_until = membership.hidden_until();
            if membership.channel.broadcast {
                membership.require_admin(AdminRights::POST_MESSAGES).map_err(|error| match error {
                    Error::Refused { code: 400, .. } => Error::refused(403, errors::CHAT_WRITE_FORBIDDEN),
                    other => other,
                })?;
                let signed = membership.channel.signatures;
                // G-165: with profiles, posts are their author's, or whose it chose.
                let author = match membership.channel.profiles {
                    true => senders::default_sender(tx, viewer, &membership)?,
                    false => peer,
                };
                let posting = Posting::plain(reading, author, Vec::new()).in_channel(&membership);
                return Ok(Posting { signed, is_post: true, ..posting });
            }
            membership.require_allowed(BannedRights::SEND_MESSAGES)?;
            let author = senders::default_sender(tx, viewer, &membership)?;
            Ok(Posting {
                forbidden: membership.forbidden(),
                slow_mode: membership.slow_mode(),
                ..Posting::plain(reading, author, Vec::new()).in_channel(&membership)
            })
        }
    }
}

/// Requires that messages may be carried out of a conversation (G-232 … G-234).
pub(crate) fn require_forwardable(tx: &Tx<'_>, peer: Peer) -> Result<(), Error> {
    let Peer::Channel(id) = peer else { return Ok(()) };
    match channels::find(tx, id)?.is_some_and(|channel| channel.noforwards) {
        true => Err(Error::bad(errors::CHAT_FORWARDS_RESTRICTED)),
        false => Ok(()),
    }
}

/// Returns where and as whom the server posts what a user did in a conversation; whether the user may do it was asked
/// before.
pub(crate) fn announcing(tx: &Tx<'_>, viewer: UserId, peer: Peer) -> Result<Posting, Error> {
    let reading = Reading::whole(viewer, peer);
    let (mut author, mut others, mut is_post) = (Peer::User(viewer), Vec::new(), false);
    let mut forum = None;
    match peer {
        Peer::User(id) => others.extend(Some(id).filter(|id| *id != viewer)),
        Peer::Chat(id) => {
            let members = chats::members(tx, id)?.into_iter().map(|member| member.user_id);
            others.extend(members.filter(|user| *user != viewer));
        }
        Peer::Channel(id) => {
            let membership = Membership::load(tx, viewer, id)?;
            is_post = membership.channel.broadcast;
            if is_post || membership.admin_rights().has(AdminRights::ANONYMOUS) {
                author = peer;
            }
            forum = membership.channel.is_forum().then_some(Forum { channel: id, manages: true });
        }
    }
    Ok(Posting { is_post, forum, ..Posting::plain(reading, author, others) })
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
    let id = match reading.peer {
        Peer::User(_) => return Ok(()),
        Peer::Chat(id) => return Group::load(tx, reading.viewer, id)?.require_over_others(member),
        Peer::Channel(id) => id,
    };
    let membership = Membership::load(tx, reading.viewer, id)?;
    match member {
        Some(action) if !membership.channel.broadcast && membership.admin_rights() == AdminRights::NONE => {
            membership.require_allowed(action).map_err(|_| Error::bad(errors::CHAT_ADMIN_REQUIRED))
        }
        _ => membership.require_admin(admin),
    }
}
