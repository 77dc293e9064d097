//! Notification settings.

use zaun_model::{MsgId, Peer, UserId};
use zaun_schema::api::types::{InputPeerNotifySettings, PeerNotifySettings};
use zaun_schema::api::{enums, types};
use zaun_store::repo::settings::{self, NotifyKey};

use zaun_schema::visit::Mentioned;
use zaun_tl::{Decode, Encode};

use crate::limits::{NOTIFY_EXCEPTIONS, SETTING_BYTES};
use crate::peers::{PeerRef, mention, peer_to_tl};
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, errors, rights, stored, threads};

/// What notification settings are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One conversation.
    Peer(Peer),
    /// One topic of a forum.
    Topic(Peer, MsgId),
    /// All private chats.
    Users,
    /// All groups.
    Chats,
    /// All channels.
    Broadcasts,
}

impl Scope {
    fn key(self) -> NotifyKey {
        let (scope, peer, thread) = match self {
            Scope::Peer(peer) => (0, peer.marked(), MsgId(0)),
            Scope::Topic(peer, topic) => (0, peer.marked(), topic),
            Scope::Users => (11, 0, MsgId(0)),
            Scope::Chats => (12, 0, MsgId(0)),
            Scope::Broadcasts => (13, 0, MsgId(0)),
        };
        NotifyKey { scope, peer, thread }
    }

    fn to_tl(self) -> enums::NotifyPeer {
        match self {
            Scope::Peer(peer) => types::NotifyPeer { peer: peer_to_tl(peer) }.into(),
            Scope::Topic(peer, topic) => {
                types::NotifyForumTopic { peer: peer_to_tl(peer), top_msg_id: topic.0 }.into()
            }
            Scope::Users => enums::NotifyPeer::NotifyUsers,
            Scope::Chats => enums::NotifyPeer::NotifyChats,
            Scope::Broadcasts => enums::NotifyPeer::NotifyBroadcasts,
        }
    }
}

/// Reads settings inside a transaction; without any the defaults of the schema, which say "as the scope above".
pub fn notify(tx: &zaun_store::Tx<'_>, owner: UserId, scope: Scope) -> Result<PeerNotifySettings, Error> {
    let stored = settings::notify(tx, owner, scope.key())?;
    stored.map(stored::decode).transpose().map(Option::unwrap_or_default)
}

/// What a client names as the scope of notification settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeRef {
    /// One conversation.
    Peer(PeerRef),
    /// One topic of a forum.
    Topic(PeerRef, MsgId),
    /// Everything of a kind.
    All(Scope),
}

impl ScopeRef {
    fn resolve(self, tx: &zaun_store::Tx<'_>, viewer: UserId) -> Result<Scope, Error> {
        match self {
            ScopeRef::Peer(peer) => Ok(Scope::Peer(rights::reading(tx, viewer, peer)?.peer)),
            ScopeRef::Topic(peer, topic) => {
                let (peer, topic) = threads::topics::spot(tx, viewer, peer, topic)?;
                Ok(Scope::Topic(peer, topic))
            }
            ScopeRef::All(scope) => Ok(scope),
        }
    }
}

impl Messenger {
    /// Returns the notification settings of a scope.
    pub async fn notify_settings(&self, actor: Actor, scope: ScopeRef) -> Result<PeerNotifySettings, Error> {
        self.read(actor.user_id, move |tx| {
            let scope = scope.resolve(tx, actor.user_id)?;
            notify(tx, actor.user_id, scope)
        })
        .await
    }

    /// Changes the given fields and tells the user's other sessions.
    pub async fn set_notify_settings(
        &self,
        actor: Actor,
        scope: ScopeRef,
        input: InputPeerNotifySettings,
    ) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let scope = scope.resolve(changes.tx, actor.user_id)?;
            let old = notify(changes.tx, actor.user_id, scope)?;
            let sound = |old: &Option<enums::NotificationSound>| input.sound.clone().or(old.clone());
            let new = PeerNotifySettings {
                show_previews: input.show_previews.or(old.show_previews),
                silent: input.silent.or(old.silent),
                mute_until: input.mute_until.or(old.mute_until),
                ios_sound: sound(&old.ios_sound),
                android_sound: sound(&old.android_sound),
                other_sound: sound(&old.other_sound),
                ..PeerNotifySettings::default()
            };
            if new == old {
                return Ok(());
            }
            settings::put_notify(changes.tx, actor.user_id, scope.key(), &stored::encode(&new)?)?;
            let update = types::UpdateNotifySettings { peer: scope.to_tl(), notify_settings: new };
            changes.hint_user(actor.user_id, update.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Back to the defaults everywhere.
    pub async fn reset_notify_settings(&self, actor: Actor) -> Result<(), Error> {
        self.write(actor.user_id, move |tx| Ok(settings::clear_notify(tx, actor.user_id)?)).await
    }

    /// Returns a named setting of the actor.
    pub async fn setting(&self, actor: Actor, name: &'static str) -> Result<Option<Vec<u8>>, Error> {
        self.read(actor.user_id, move |tx| Ok(settings::find(tx, actor.user_id, name)?)).await
    }

    /// Keeps a named setting of the actor.
    pub async fn set_setting(&self, actor: Actor, name: &'static str, body: Vec<u8>) -> Result<(), Error> {
        if body.len() > SETTING_BYTES {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        self.write(actor.user_id, move |tx| Ok(settings::put(tx, actor.user_id, name, &body)?)).await
    }

    /// Returns a named object of the actor.
    pub async fn object<T: Decode>(&self, actor: Actor, name: &'static str) -> Result<Option<T>, Error> {
        self.setting(actor, name).await?.map(stored::decode).transpose()
    }

    /// Keeps a named object of the actor.
    pub async fn set_object(
        &self,
        actor: Actor,
        name: &'static str,
        object: impl Encode,
    ) -> Result<(), Error> {
        let body = stored::encode(&object)?;
        self.set_setting(actor, name, body).await
    }

    /// Returns the conversations and topics with notification settings of their own: of one scope, or all of them.
    pub async fn notify_exceptions(
        &self,
        actor: Actor,
        wanted: Option<ScopeRef>,
    ) -> Result<Exceptions, Error> {
        self.read(actor.user_id, move |tx| {
            let wanted = wanted.map(|scope| scope.resolve(tx, actor.user_id)).transpose()?;
            let mut mentioned = Mentioned::default();
            let mut list = Vec::new();
            for (peer, topic, body) in settings::notify_exceptions(tx, actor.user_id, NOTIFY_EXCEPTIONS)? {
                mention(&mut mentioned, peer);
                list.push((peer, topic, stored::decode(body)?));
            }
            let scene = Scene::for_viewer(tx, actor.user_id, &mentioned)?;
            let is_broadcast = |peer: Peer| {
                let seen = peer.channel().and_then(|id| scene.channel(actor.user_id, id));
                seen.is_some_and(|seen| seen.channel.broadcast)
            };
            list.retain(|(peer, topic, _)| match wanted {
                None => true,
                Some(Scope::Peer(one)) => one == *peer,
                Some(Scope::Topic(one, id)) => (one, id) == (*peer, *topic),
                Some(Scope::Users) => peer.user().is_some(),
                Some(Scope::Chats) => peer.user().is_none() && !is_broadcast(*peer),
                Some(Scope::Broadcasts) => is_broadcast(*peer),
            });
            Ok(Exceptions { list, scene })
        })
        .await
    }
}

/// Notification settings of conversations and topics that have any.
#[derive(Debug, Clone, Default)]
pub struct Exceptions {
    /// The conversation, the topic (0 for all of it), and the settings.
    pub list: Vec<(Peer, MsgId, PeerNotifySettings)>,
    /// Everybody in the list.
    pub scene: Scene,
}
