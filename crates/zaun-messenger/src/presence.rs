//! Who is online: in memory, because it is worth nothing after a restart.

use std::collections::HashMap;

use parking_lot::Mutex;

use zaun_model::{Peer, UnixTime, UserId};

use zaun_schema::api::{enums, types};

use crate::changes::Audience;
use crate::limits::ONLINE_S;
use crate::peers::{PeerRef, peer_to_tl};
use crate::{Actor, Error, Messenger, privacy, rights};

/// Users that are online, with the end of their time.
#[derive(Default)]
pub struct Presence {
    until: Mutex<HashMap<UserId, UnixTime>>,
}

impl Presence {
    /// A sign of life. Returns the new end if the user was offline, which others want to know.
    pub fn set_online(&self, user: UserId, now: UnixTime) -> Option<UnixTime> {
        let until = now + ONLINE_S;
        let before = self.until.lock().insert(user, until);
        before.is_none_or(|end| end <= now).then_some(until)
    }

    /// The user left. `true` if somebody may have thought otherwise.
    pub fn set_offline(&self, user: UserId) -> bool {
        self.until.lock().remove(&user).is_some()
    }

    /// Takes over what another node says of a user.
    pub fn put(&self, user: UserId, until: Option<UnixTime>) {
        let mut online = self.until.lock();
        match until {
            Some(until) => online.insert(user, until),
            None => online.remove(&user),
        };
    }

    /// The end of a user's online time, if it lies ahead.
    pub fn online_until(&self, user: UserId, now: UnixTime) -> Option<UnixTime> {
        self.until.lock().get(&user).copied().filter(|until| *until > now)
    }

    /// Forgets everybody.
    pub(crate) fn clear(&self) {
        self.until.lock().clear();
    }

    /// Takes those whose time has run out.
    pub fn expired(&self, now: UnixTime) -> Vec<UserId> {
        let mut until = self.until.lock();
        let gone: Vec<UserId> = until.iter().filter(|(_, end)| **end <= now).map(|(user, _)| *user).collect();
        for user in &gone {
            until.remove(user);
        }
        gone
    }
}

impl Messenger {
    /// Tells the other side of a conversation what the actor is doing; kept nowhere.
    pub async fn set_typing(
        &self,
        actor: Actor,
        peer: PeerRef,
        action: enums::SendMessageAction,
    ) -> Result<(), Error> {
        let user_id = actor.user_id;
        let posting = self.read(actor.user_id, move |tx| rights::posting(tx, user_id, peer)).await?;
        let others = posting.others.into_iter().map(Audience::User).collect();
        match posting.reading.peer {
            Peer::User(_) => {
                let update = types::UpdateUserTyping { user_id: user_id.0, top_msg_id: None, action };
                self.hint(others, update.into()).await
            }
            Peer::Chat(chat) => {
                let from_id = peer_to_tl(Peer::User(user_id));
                let update = types::UpdateChatUserTyping { chat_id: chat.0, from_id, action };
                self.hint(others, update.into()).await
            }
            Peer::Channel(channel) => {
                let update = types::UpdateChannelUserTyping {
                    channel_id: channel.0,
                    top_msg_id: None,
                    from_id: peer_to_tl(Peer::User(user_id)),
                    action,
                };
                self.hint(vec![Audience::Channel(channel)], update.into()).await
            }
        }
    }

    /// Notes a sign of life of the actor, and tells others if they thought it was offline.
    pub async fn set_online(&self, actor: Actor) -> Result<(), Error> {
        if let Some(until) = self.presence.set_online(actor.user_id, self.now()) {
            self.touch(actor.key_id).await?;
            self.announce_status(actor.user_id, Some(until)).await?;
            return self.send_to_arrived(actor.user_id).await;
        }
        self.outlet.online(actor.user_id, self.presence.online_until(actor.user_id, self.now()));
        Ok(())
    }

    /// Notes that a user is gone, and tells others if they thought otherwise.
    pub async fn set_offline(&self, user: UserId) -> Result<(), Error> {
        if self.presence.set_offline(user) { self.announce_status(user, None).await } else { Ok(()) }
    }

    /// Tells others of those whose online time ran out.
    pub async fn expire_presence(&self) -> Result<(), Error> {
        for user in self.presence.expired(self.now()) {
            self.announce_status(user, None).await?;
        }
        Ok(())
    }

    /// Tells everybody who shows this user whether it is online, and keeps when it was seen.
    async fn announce_status(&self, user: UserId, until: Option<UnixTime>) -> Result<(), Error> {
        let now = self.now();
        self.outlet.online(user, until);
        self.set_last_seen(user, now).await?;
        let status: enums::UserStatus = match until {
            Some(until) => types::UserStatusOnline { expires: until.to_tl() }.into(),
            None => types::UserStatusOffline { was_online: now.to_tl() }.into(),
        };
        let told = self.audience(user).await?;
        let told = self.read(user, move |tx| privacy::told_of_status(tx, user, told.clone())).await?;
        let others = told.into_iter().map(Audience::User).collect();
        self.hint(others, types::UpdateUserStatus { user_id: user.0, status }.into()).await
    }
}
