//! Where an update belongs.

use zaun_schema::api::enums::{self, Update};

/// The box of an update, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It has no number of its own; that of its packet counts.
    Free,
    /// The account's common box (M-354).
    Common {
        /// Number after the update.
        pts: i32,
        /// How many events it stands for.
        pts_count: i32,
    },
    /// The box of secret chats and bot events (M-356).
    Qts {
        /// Its number.
        qts: i32,
    },
    /// The box of a channel (M-355).
    Channel {
        /// The channel.
        channel_id: i64,
        /// Number after the update.
        pts: i32,
        /// How many events it stands for.
        pts_count: i32,
    },
    /// Nothing but the news that a channel has moved (M-377, M-387).
    ChannelTooLong {
        /// The channel.
        channel_id: i64,
        /// Its number now, if it is told.
        pts: Option<i32>,
    },
}

/// Tells where an update belongs. A test compares this with the schema, so that no numbered update of a new layer is
/// taken for a free one.
#[must_use]
pub fn place(update: &Update) -> Place {
    common(update).or_else(|| channel(update)).or_else(|| qts(update)).unwrap_or(Place::Free)
}

fn common(update: &Update) -> Option<Place> {
    let (pts, pts_count) = match update {
        Update::UpdateNewMessage(u) => (u.pts, u.pts_count),
        Update::UpdateDeleteMessages(u) => (u.pts, u.pts_count),
        Update::UpdateReadHistoryInbox(u) => (u.pts, u.pts_count),
        Update::UpdateReadHistoryOutbox(u) => (u.pts, u.pts_count),
        Update::UpdateWebPage(u) => (u.pts, u.pts_count),
        Update::UpdateReadMessagesContents(u) => (u.pts, u.pts_count),
        Update::UpdateEditMessage(u) => (u.pts, u.pts_count),
        Update::UpdateFolderPeers(u) => (u.pts, u.pts_count),
        Update::UpdatePinnedMessages(u) => (u.pts, u.pts_count),
        _ => return None,
    };
    Some(Place::Common { pts, pts_count })
}

fn channel(update: &Update) -> Option<Place> {
    let (channel_id, pts, pts_count) = match update {
        Update::UpdateNewChannelMessage(u) => (channel_of(&u.message)?, u.pts, u.pts_count),
        Update::UpdateEditChannelMessage(u) => (channel_of(&u.message)?, u.pts, u.pts_count),
        Update::UpdateDeleteChannelMessages(u) => (u.channel_id, u.pts, u.pts_count),
        Update::UpdateChannelWebPage(u) => (u.channel_id, u.pts, u.pts_count),
        Update::UpdatePinnedChannelMessages(u) => (u.channel_id, u.pts, u.pts_count),
        // It counts nothing: it only says which number the channel had.
        Update::UpdateReadChannelInbox(u) => (u.channel_id, u.pts, 0),
        Update::UpdateChannelTooLong(u) => {
            return Some(Place::ChannelTooLong { channel_id: u.channel_id, pts: u.pts });
        }
        _ => return None,
    };
    Some(Place::Channel { channel_id, pts, pts_count })
}

fn qts(update: &Update) -> Option<Place> {
    let qts = match update {
        Update::UpdateNewEncryptedMessage(u) => u.qts,
        Update::UpdateMessagePollVote(u) => u.qts,
        Update::UpdateChatParticipant(u) => u.qts,
        Update::UpdateChannelParticipant(u) => u.qts,
        Update::UpdateBotStopped(u) => u.qts,
        Update::UpdateBotChatInviteRequester(u) => u.qts,
        Update::UpdateBotChatBoost(u) => u.qts,
        Update::UpdateBotMessageReaction(u) => u.qts,
        Update::UpdateBotMessageReactions(u) => u.qts,
        Update::UpdateBotBusinessConnect(u) => u.qts,
        Update::UpdateBotNewBusinessMessage(u) => u.qts,
        Update::UpdateBotEditBusinessMessage(u) => u.qts,
        Update::UpdateBotDeleteBusinessMessage(u) => u.qts,
        Update::UpdateBotPurchasedPaidMedia(u) => u.qts,
        Update::UpdateManagedBot(u) => u.qts,
        Update::UpdateBotGuestChatQuery(u) => u.qts,
        Update::UpdateBotStarsSubscription(u) => u.qts,
        _ => return None,
    };
    // 0 is none: a server that numbers nothing.
    (qts != 0).then_some(Place::Qts { qts })
}

/// The channel that a message is in.
fn channel_of(message: &enums::Message) -> Option<i64> {
    let peer = match message {
        enums::Message::Message(message) => &message.peer_id,
        enums::Message::MessageService(message) => &message.peer_id,
        enums::Message::MessageEmpty(message) => message.peer_id.as_ref()?,
    };
    match peer {
        enums::Peer::PeerChannel(channel) => Some(channel.channel_id),
        _ => None,
    }
}
