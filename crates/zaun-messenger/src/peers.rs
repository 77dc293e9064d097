//! From what a client named to whom it means.

use zaun_model::{BoxId, ChannelId, ChatId, MsgId, Peer, UserId};
use zaun_schema::api::{enums, types};
use zaun_schema::visit::Mentioned;
use zaun_store::Tx;
use zaun_store::repo::{channels, chats, messages, users};

use crate::views;
use crate::{Error, errors};

/// A peer that a client named in a valid way: its access hash was right, or it says where it saw the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerRef {
    /// Named by id and access hash; a basic group needs none.
    Known(Peer),
    /// Named by a bot without an access hash, as a bot may name whom it has met (B-027).
    Met(Peer),
    /// Named by a message in which the client saw it.
    Seen {
        /// Who was seen.
        whom: Peer,
        /// The conversation of the message.
        place: Peer,
        /// The message.
        msg_id: MsgId,
    },
}

impl PeerRef {
    /// Returns the peer if it exists and the viewer may name it.
    pub fn resolve(self, tx: &Tx<'_>, viewer: UserId) -> Result<Peer, Error> {
        let peer = match self {
            PeerRef::Known(peer) => peer,
            PeerRef::Met(peer) => {
                let met = match peer {
                    Peer::User(id) => crate::bots::has_met(tx, viewer, id)?,
                    Peer::Channel(id) => channels::member(tx, id, viewer)?.is_some(),
                    Peer::Chat(_) => true,
                };
                if !met {
                    return Err(errors::peer_invalid(peer));
                }
                peer
            }
            PeerRef::Seen { whom, place, msg_id } => {
                let row = messages::find(tx, BoxId::of(viewer, place), place, msg_id)?;
                let seen = views::messages(tx, row.into_iter().collect())?;
                let mut mentioned = Mentioned::default();
                seen.iter().for_each(|message| message.mentions(&mut mentioned));
                if !is_mentioned(&mentioned, whom) {
                    return Err(errors::peer_invalid(whom));
                }
                whom
            }
        };
        let exists = match peer {
            Peer::User(id) => users::find(tx, id)?.is_some(),
            // A basic group has no access hash: only those who are or were in it may name it.
            Peer::Chat(id) => chats::member(tx, id, viewer)?.is_some(),
            Peer::Channel(id) => channels::find(tx, id)?.is_some_and(|channel| !channel.deleted),
        };
        if exists { Ok(peer) } else { Err(errors::peer_invalid(peer)) }
    }

    /// Returns the user, if the peer is one that exists.
    pub fn user(self, tx: &Tx<'_>, viewer: UserId) -> Result<UserId, Error> {
        self.resolve(tx, viewer)?.user().ok_or_else(|| Error::bad(errors::USER_ID_INVALID))
    }

    /// Returns the basic group, if the peer is one that the viewer may name.
    pub fn chat(self, tx: &Tx<'_>, viewer: UserId) -> Result<ChatId, Error> {
        match self.resolve(tx, viewer)? {
            Peer::Chat(id) => Ok(id),
            _ => Err(Error::bad(errors::CHAT_ID_INVALID)),
        }
    }

    /// Returns the channel, if the peer is one that exists.
    pub fn channel(self, tx: &Tx<'_>, viewer: UserId) -> Result<ChannelId, Error> {
        self.resolve(tx, viewer)?.channel().ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))
    }
}

/// Notes that a peer is mentioned.
pub(crate) fn mention(out: &mut Mentioned, peer: Peer) {
    match peer {
        Peer::User(id) => out.users.insert(id.0),
        Peer::Chat(id) => out.chats.insert(id.0),
        Peer::Channel(id) => out.channels.insert(id.0),
    };
}

fn is_mentioned(mentioned: &Mentioned, peer: Peer) -> bool {
    match peer {
        Peer::User(id) => mentioned.users.contains(&id.0),
        Peer::Chat(id) => mentioned.chats.contains(&id.0),
        Peer::Channel(id) => mentioned.channels.contains(&id.0),
    }
}

/// Reads a peer as clients see it.
pub(crate) fn peer_from_tl(peer: &enums::Peer) -> Peer {
    match peer {
        enums::Peer::PeerUser(peer) => Peer::User(UserId(peer.user_id)),
        enums::Peer::PeerChat(peer) => Peer::Chat(ChatId(peer.chat_id)),
        enums::Peer::PeerChannel(peer) => Peer::Channel(ChannelId(peer.channel_id)),
    }
}

/// Returns a peer as clients see it.
#[must_use]
pub fn peer_to_tl(peer: Peer) -> enums::Peer {
    match peer {
        Peer::User(id) => types::PeerUser { user_id: id.0 }.into(),
        Peer::Chat(id) => types::PeerChat { chat_id: id.0 }.into(),
        Peer::Channel(id) => types::PeerChannel { channel_id: id.0 }.into(),
    }
}
