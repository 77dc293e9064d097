//! With whom a conversation is, and in which box its messages are numbered.

use crate::{ChannelId, ChatId, UserId};

/// Marked ids of channels begin below this; ids of basic groups stay above it.
const CHANNEL_MARK: i64 = -1_000_000_000_000;

/// A partner of conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// A private chat.
    User(UserId),
    /// A basic group.
    Chat(ChatId),
    /// A supergroup or a broadcast channel.
    Channel(ChannelId),
}

impl Peer {
    /// Returns the peer as one integer, in the form that the Bot API made common: the id of a user, minus the id of a
    /// basic group, −10¹² minus the id of a channel.
    #[must_use]
    pub const fn marked(self) -> i64 {
        match self {
            Peer::User(UserId(id)) => id,
            Peer::Chat(ChatId(id)) => -id,
            Peer::Channel(ChannelId(id)) => CHANNEL_MARK - id,
        }
    }

    /// Reads what [`Peer::marked`] wrote; 0 names nobody.
    #[must_use]
    pub const fn from_marked(mark: i64) -> Option<Peer> {
        match mark {
            1.. => Some(Peer::User(UserId(mark))),
            0 | CHANNEL_MARK => None,
            _ if mark > CHANNEL_MARK => Some(Peer::Chat(ChatId(-mark))),
            _ => Some(Peer::Channel(ChannelId(CHANNEL_MARK.wrapping_sub(mark)))),
        }
    }

    /// Returns the user of a private chat.
    #[must_use]
    pub fn user(self) -> Option<UserId> {
        if let Peer::User(id) = self { Some(id) } else { None }
    }

    /// Returns the id of the basic group, if it is one.
    #[must_use]
    pub fn chat(self) -> Option<ChatId> {
        if let Peer::Chat(id) = self { Some(id) } else { None }
    }

    /// Returns the channel, if the peer is one.
    #[must_use]
    pub fn channel(self) -> Option<ChannelId> {
        if let Peer::Channel(id) = self { Some(id) } else { None }
    }
}

impl From<UserId> for Peer {
    fn from(id: UserId) -> Peer {
        Peer::User(id)
    }
}

impl From<ChannelId> for Peer {
    fn from(id: ChannelId) -> Peer {
        Peer::Channel(id)
    }
}

/// Where messages get their number and their pts: each user has a box for private chats and basic groups, each
/// supergroup and channel has one of its own. A basic group has none: every member's box gets the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BoxId {
    /// The box of a channel. It sorts as its marked id does: before those of users.
    Channel(ChannelId),
    /// The box of a user.
    User(UserId),
}

impl BoxId {
    /// Returns the user whose box it is, if it is a user's.
    #[must_use]
    pub fn user(self) -> Option<UserId> {
        if let BoxId::User(id) = self { Some(id) } else { None }
    }

    /// Returns the box in which `viewer` finds the messages of a conversation.
    #[must_use]
    pub fn of(viewer: UserId, peer: Peer) -> BoxId {
        match peer {
            Peer::User(_) | Peer::Chat(_) => BoxId::User(viewer),
            Peer::Channel(id) => BoxId::Channel(id),
        }
    }

    /// Returns the box as one integer: that of its peer, so that user boxes are positive.
    #[must_use]
    pub const fn marked(self) -> i64 {
        match self {
            BoxId::User(id) => Peer::User(id).marked(),
            BoxId::Channel(id) => Peer::Channel(id).marked(),
        }
    }

    /// Reads what [`BoxId::marked`] wrote; a basic group has no box.
    #[must_use]
    pub const fn from_marked(mark: i64) -> Option<BoxId> {
        match Peer::from_marked(mark) {
            Some(Peer::User(id)) => Some(BoxId::User(id)),
            Some(Peer::Channel(id)) => Some(BoxId::Channel(id)),
            Some(Peer::Chat(_)) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_ids_come_back() {
        let peers = [
            Peer::User(UserId(1)),
            Peer::User(UserId(i64::MAX)),
            Peer::Chat(ChatId(1)),
            Peer::Chat(ChatId(999_999_999_999)),
            Peer::Channel(ChannelId(1)),
            Peer::Channel(ChannelId(997_852_516_352)),
        ];
        for peer in peers {
            assert_eq!(Peer::from_marked(peer.marked()), Some(peer));
        }
        assert_eq!(Peer::from_marked(0), None);
        assert_eq!(BoxId::from_marked(-5), None, "a basic group has no box");
    }

    #[test]
    fn a_conversation_is_in_the_viewers_box_or_in_the_channels() {
        let viewer = UserId(3);
        assert_eq!(BoxId::of(viewer, Peer::User(UserId(4))), BoxId::User(viewer));
        assert_eq!(BoxId::of(viewer, Peer::Chat(ChatId(4))), BoxId::User(viewer));
        assert_eq!(BoxId::of(viewer, Peer::Channel(ChannelId(4))), BoxId::Channel(ChannelId(4)));
    }
}
