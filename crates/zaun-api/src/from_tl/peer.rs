//! Input peers: access hashes are checked here, whether the peer exists is asked later.

use zaun_messenger::messages::send::{Quote, ReplyTo};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Error, errors};
use zaun_model::{ChannelId, ChatId, MsgId, Peer, UserId};
use zaun_schema::api::{enums, types};

use crate::Call;

impl Call {
    /// Reads an InputPeer.
    pub(crate) fn peer(&self, input: &enums::InputPeer) -> Result<PeerRef, Error> {
        use enums::InputPeer as I;
        match input {
            I::InputPeerUserFromMessage(seen) => {
                let whom = Peer::User(UserId(seen.user_id));
                self.seen(whom, &seen.peer, seen.msg_id)
            }
            I::InputPeerChannelFromMessage(seen) => {
                let whom = Peer::Channel(ChannelId(seen.channel_id));
                self.seen(whom, &seen.peer, seen.msg_id)
            }
            direct => self.named_peer(direct).map(|peer| self.by_hash(peer, hash_of(direct))),
        }
    }

    /// Reads an InputPeer that names somebody by id and hash.
    fn named_peer(&self, input: &enums::InputPeer) -> Result<Peer, Error> {
        use enums::InputPeer as I;
        match input {
            I::InputPeerSelf => Ok(Peer::User(self.user_id)),
            I::InputPeerUser(user) => {
                self.named_user(user.user_id, user.access_hash, errors::PEER_ID_INVALID)
            }
            I::InputPeerChat(chat) => Ok(Peer::Chat(ChatId(chat.chat_id))),
            I::InputPeerChannel(channel) => self.named_channel(channel.channel_id, channel.access_hash),
            _ => Err(Error::bad(errors::PEER_ID_INVALID)),
        }
    }

    /// Reads an InputUser.
    pub(crate) fn user(&self, input: &enums::InputUser) -> Result<PeerRef, Error> {
        use enums::InputUser as I;
        match input {
            I::InputUserSelf => Ok(PeerRef::Known(Peer::User(self.user_id))),
            I::InputUser(user) => {
                let peer = self.named_user(user.user_id, user.access_hash, errors::USER_ID_INVALID)?;
                Ok(self.by_hash(peer, user.access_hash))
            }
            I::InputUserFromMessage(seen) => {
                self.seen(Peer::User(UserId(seen.user_id)), &seen.peer, seen.msg_id)
            }
            I::InputUserEmpty => Err(Error::bad(errors::USER_ID_INVALID)),
        }
    }

    /// Reads an InputChannel.
    pub(crate) fn channel(&self, input: &enums::InputChannel) -> Result<PeerRef, Error> {
        use enums::InputChannel as I;
        match input {
            I::InputChannel(channel) => {
                let peer = self.named_channel(channel.channel_id, channel.access_hash)?;
                Ok(self.by_hash(peer, channel.access_hash))
            }
            I::InputChannelFromMessage(seen) => {
                self.seen(Peer::Channel(ChannelId(seen.channel_id)), &seen.peer, seen.msg_id)
            }
            I::InputChannelEmpty => Err(Error::bad(errors::CHANNEL_INVALID)),
        }
    }

    /// A bot may name whom it has met without a hash (B-027).
    fn by_hash(&self, peer: Peer, hash: i64) -> PeerRef {
        let own = peer == Peer::User(self.user_id);
        if self.bot && hash == 0 && !own { PeerRef::Met(peer) } else { PeerRef::Known(peer) }
    }

    fn seen(&self, whom: Peer, place: &enums::InputPeer, msg_id: i32) -> Result<PeerRef, Error> {
        Ok(PeerRef::Seen { whom, place: self.named_peer(place)?, msg_id: MsgId(msg_id) })
    }

    fn named_user(&self, user: i64, hash: i64, error: &'static str) -> Result<Peer, Error> {
        let id = UserId(user);
        let good = id == self.user_id
            || (self.bot && hash == 0)
            || hash == self.messenger().access.user(self.user_id, id);
        if good { Ok(Peer::User(id)) } else { Err(Error::bad(error)) }
    }

    fn named_channel(&self, channel: i64, hash: i64) -> Result<Peer, Error> {
        let id = ChannelId(channel);
        let good = (self.bot && hash == 0) || hash == self.messenger().access.channel(self.user_id, id);
        if good { Ok(Peer::Channel(id)) } else { Err(Error::bad(errors::CHANNEL_INVALID)) }
    }

    /// Reads an InputReplyTo; stories cannot be replied to yet.
    pub(crate) fn reply_to(&self, input: Option<enums::InputReplyTo>) -> Result<Option<ReplyTo>, Error> {
        let reply = match input {
            None => return Ok(None),
            Some(enums::InputReplyTo::InputReplyToMessage(reply)) => *reply,
            Some(_) => return Err(Error::bad(errors::REPLY_TO_INVALID)),
        };
        let elsewhere = reply.reply_to_peer_id.as_ref().map(|peer| self.peer(peer)).transpose()?;
        let entities = self.entities(reply.quote_entities)?;
        let quote = reply.quote_text.map(|text| Quote { text, entities, offset: reply.quote_offset });
        let thread = reply.top_msg_id.map(MsgId);
        Ok(Some(ReplyTo { msg_id: MsgId(reply.reply_to_msg_id), elsewhere, quote, thread }))
    }

    /// Reads as whom something is sent.
    pub(crate) fn send_as(&self, input: Option<enums::InputPeer>) -> Result<Option<PeerRef>, Error> {
        input.as_ref().map(|peer| self.peer(peer)).transpose()
    }

    /// Reads entities: a mention by input user becomes one by id, an empty list none.
    pub(crate) fn entities(
        &self,
        given: Option<Vec<enums::MessageEntity>>,
    ) -> Result<Option<Vec<enums::MessageEntity>>, Error> {
        use enums::MessageEntity as E;
        let Some(given) = given.filter(|list| !list.is_empty()) else { return Ok(None) };
        let read = |entity| match entity {
            E::InputMessageEntityMentionName(mention) => match self.user(&mention.user_id)? {
                PeerRef::Known(Peer::User(UserId(user_id))) => {
                    let (offset, length) = (mention.offset, mention.length);
                    Ok(types::MessageEntityMentionName { offset, length, user_id }.into())
                }
                _ => Err(Error::bad(errors::ENTITY_MENTION_USER_INVALID)),
            },
            other => Ok(other),
        };
        given.into_iter().map(read).collect::<Result<Vec<_>, _>>().map(Some)
    }
}

/// The access hash with which a peer is named; a basic group has none, and needs none.
fn hash_of(input: &enums::InputPeer) -> i64 {
    match input {
        enums::InputPeer::InputPeerUser(user) => user.access_hash,
        enums::InputPeer::InputPeerChannel(channel) => channel.access_hash,
        _ => -1,
    }
}

/// Reads the peer after which a page of the list begins. It only names a place in the actor's own list, and TDLib sends
/// it without an access hash, so none is asked for.
pub(crate) fn place_in_list(peer: &enums::InputPeer, viewer: UserId) -> Option<Peer> {
    match peer {
        enums::InputPeer::InputPeerSelf => Some(Peer::User(viewer)),
        enums::InputPeer::InputPeerUser(user) => Some(Peer::User(UserId(user.user_id))),
        enums::InputPeer::InputPeerUserFromMessage(user) => Some(Peer::User(UserId(user.user_id))),
        enums::InputPeer::InputPeerChat(chat) => Some(Peer::Chat(ChatId(chat.chat_id))),
        enums::InputPeer::InputPeerChannel(channel) => Some(Peer::Channel(ChannelId(channel.channel_id))),
        enums::InputPeer::InputPeerChannelFromMessage(channel) => {
            Some(Peer::Channel(ChannelId(channel.channel_id)))
        }
        enums::InputPeer::InputPeerEmpty => None,
    }
}
