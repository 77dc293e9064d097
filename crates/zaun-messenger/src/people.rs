//! People as somebody sees them.

use zaun_model::{BoxId, Peer, UnixTime, UserId};
use zaun_schema::api::types::{self, PeerNotifySettings};
use zaun_store::Tx;
use zaun_store::repo::privacy::Terms;
use zaun_store::repo::users::{self, UserRow};
use zaun_store::repo::{contacts, dialogs, media, messages, privacy};

use crate::bots::BotProfile;
use crate::files::media::decode_photo;
use crate::limits::{AUDIENCE, PEERS_PER_CALL};
use crate::peers::PeerRef;
use crate::settings::{Scope, notify};
use crate::views::Scene;
use crate::{Actor, Error, Messenger, errors};

/// What the page of a user shows.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The user.
    pub user: UserRow,
    /// The current photo, canonical.
    pub photo: Option<types::Photo>,
    /// The viewer's notification settings for the chat with it.
    pub notify: PeerNotifySettings,
    /// The newest pinned message of that chat.
    pub pinned: Option<i32>,
    /// What the viewer set for the chat with it.
    pub terms: Terms,
    /// What a bot says of itself.
    pub bot: Option<BotProfile>,
    /// The user as the viewer sees it.
    pub scene: Scene,
}

impl Messenger {
    /// Returns who was named, in the order asked for and `None` for those who do not exist, with what the viewer knows
    /// of them.
    pub async fn people(
        &self,
        viewer: UserId,
        named: Vec<Option<PeerRef>>,
    ) -> Result<(Vec<Option<UserId>>, Scene), Error> {
        if named.len() > PEERS_PER_CALL {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        self.read(viewer, move |tx| {
            let mut ids = Vec::with_capacity(named.len());
            for peer in &named {
                ids.push(match peer {
                    // Whoever does not exist is not in the scene.
                    Some(PeerRef::Known(Peer::User(id))) => Some(*id),
                    Some(peer) => peer.user(tx, viewer).ok(),
                    None => None,
                });
            }
            let scene = Scene::of_peers(tx, viewer, ids.iter().flatten().copied().map(Peer::User))?;
            let known = |id: Option<UserId>| id.filter(|id| scene.person(viewer, *id).is_some());
            Ok((ids.into_iter().map(known).collect(), scene))
        })
        .await
    }

    /// Returns one user that exists, with what the viewer knows of it.
    pub async fn person(&self, viewer: UserId, peer: PeerRef) -> Result<(UserId, Scene), Error> {
        let (ids, scene) = self.people(viewer, vec![Some(peer)]).await?;
        let id = ids.into_iter().next().flatten().ok_or_else(|| Error::bad(errors::USER_ID_INVALID))?;
        Ok((id, scene))
    }

    /// Returns a peer that the viewer may read, with what the viewer knows of it.
    pub async fn peer(&self, viewer: UserId, peer: PeerRef) -> Result<(Peer, Scene), Error> {
        self.read(viewer, move |tx| {
            let peer = crate::rights::reading(tx, viewer, peer)?.peer;
            Ok((peer, Scene::of_peers(tx, viewer, [peer])?))
        })
        .await
    }

    /// Returns what the page of a user shows, in one snapshot.
    pub async fn profile(&self, actor: Actor, peer: PeerRef, lang: String) -> Result<Profile, Error> {
        self.read(actor.user_id, move |tx| {
            let viewer = actor.user_id;
            let id = peer.user(tx, viewer)?;
            let scene = Scene::of_peers(tx, viewer, [Peer::User(id)])?;
            let user = scene.person(viewer, id).map(|person| person.user.clone());
            let user = user.ok_or_else(|| Error::bad(errors::USER_ID_INVALID))?;
            let photo = match user.photo_id {
                Some(photo) => media::find(tx, photo)?.map(decode_photo).transpose()?,
                None => None,
            };
            let pinned = messages::pinned(tx, BoxId::User(viewer), Peer::User(id), 1)?;
            let bot = match user.is_bot() {
                true => Some(crate::bots::profile_of(tx, id, viewer, &lang)?),
                false => None,
            };
            Ok(Profile {
                terms: privacy::terms(tx, viewer, id)?,
                bot,
                photo,
                notify: notify(tx, viewer, Scope::Peer(Peer::User(id)))?,
                pinned: pinned.first().map(|row| row.id.0),
                scene,
                user,
            })
        })
        .await
    }

    /// Notes when a user was last seen.
    pub async fn set_last_seen(&self, user: UserId, at: UnixTime) -> Result<(), Error> {
        self.write(user, move |tx| Ok(users::set_last_seen(tx, user, at)?)).await
    }

    /// Returns whose clients show this user beside its own: at most [`AUDIENCE`] of each kind.
    pub async fn audience(&self, user: UserId) -> Result<Vec<UserId>, Error> {
        self.read(user, move |tx| {
            let mut ids = audience(tx, user)?;
            ids.retain(|id| *id != user);
            Ok(ids)
        })
        .await
    }
}

/// Users whose clients show this user: itself, those who have it as a contact, and those who have a chat with it.
pub(crate) fn audience(tx: &Tx<'_>, user: UserId) -> Result<Vec<UserId>, Error> {
    let mut ids = contacts::owners(tx, user, AUDIENCE)?;
    ids.extend(dialogs::partners(tx, user, AUDIENCE)?);
    ids.push(user);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}
