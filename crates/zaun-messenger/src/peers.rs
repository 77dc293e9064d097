//! From what clients name to whom they mean: input peers, checked.

use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::{PeerKey, messages, users};

use crate::{Error, Messenger};

impl Messenger {
    /// The user that an InputUser names (access hash checked), before asking whether it exists.
    pub fn input_user(&self, viewer: i64, input: &enums::InputUser) -> Result<UserRef, Error> {
        use enums::InputUser as I;
        match input {
            I::InputUserSelf => Ok(UserRef::Id(viewer)),
            I::InputUser(u) => self.checked(viewer, u.user_id, u.access_hash, "USER_ID_INVALID"),
            I::InputUserFromMessage(u) => Ok(UserRef::Seen { user_id: u.user_id, msg_id: u.msg_id }),
            I::InputUserEmpty => Err(Error::bad("USER_ID_INVALID")),
        }
    }

    /// The conversation that an InputPeer names. Groups and channels do not exist yet.
    pub fn input_peer(&self, viewer: i64, input: &enums::InputPeer) -> Result<UserRef, Error> {
        use enums::InputPeer as I;
        match input {
            I::InputPeerSelf => Ok(UserRef::Id(viewer)),
            I::InputPeerUser(u) => self.checked(viewer, u.user_id, u.access_hash, "PEER_ID_INVALID"),
            I::InputPeerUserFromMessage(u) => Ok(UserRef::Seen { user_id: u.user_id, msg_id: u.msg_id }),
            I::InputPeerChat(_) => Err(Error::bad("CHAT_ID_INVALID")),
            I::InputPeerChannel(_) | I::InputPeerChannelFromMessage(_) => Err(Error::bad("CHANNEL_INVALID")),
            I::InputPeerEmpty => Err(Error::bad("PEER_ID_INVALID")),
        }
    }

    fn checked(&self, viewer: i64, user: i64, hash: i64, error: &'static str) -> Result<UserRef, Error> {
        let good = user == viewer || hash == self.access.user(viewer, user);
        if good { Ok(UserRef::Id(user)) } else { Err(Error::bad(error)) }
    }
}

/// A user that a client named in a valid way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRef {
    /// By id and access hash.
    Id(i64),
    /// By a message in which the client saw it.
    Seen {
        /// The user.
        user_id: i64,
        /// The message, in the viewer's box.
        msg_id: i32,
    },
}

impl UserRef {
    /// The user's id if it exists and the viewer may name it.
    pub fn resolve(self, tx: &Tx<'_>, viewer: i64) -> Result<i64, Error> {
        let id = match self {
            UserRef::Id(id) => id,
            UserRef::Seen { user_id, msg_id } => {
                let seen = messages::find(tx, viewer, msg_id)?;
                let there = seen.is_some_and(|m| m.from_id == user_id || m.peer == PeerKey::user(user_id));
                if there { user_id } else { return Err(Error::bad("PEER_ID_INVALID")) }
            }
        };
        if users::find(tx, id)?.is_some() { Ok(id) } else { Err(Error::bad("PEER_ID_INVALID")) }
    }

    /// The private chat with that user.
    pub fn chat(self, tx: &Tx<'_>, viewer: i64) -> Result<PeerKey, Error> {
        self.resolve(tx, viewer).map(PeerKey::user)
    }
}

/// A conversation as clients see it.
pub fn to_peer(peer: PeerKey) -> enums::Peer {
    match peer.kind {
        2 => types::PeerChat { chat_id: peer.id }.into(),
        3 => types::PeerChannel { channel_id: peer.id }.into(),
        _ => types::PeerUser { user_id: peer.id }.into(),
    }
}
