//! The rules of the messenger: accounts, contacts, dialogs, messages, channels, files.
//!
//! Every change to what users see goes through one door: [`Messenger::change`] runs it in one transaction together
//! with its pts, and what others have to hear of it leaves through the [`Outlet`] after the commit. The database is
//! the truth; the outlet only hints.
//!
//! It deliberately knows no session, no socket and no layer: objects are those of the newest schema. What clients
//! *name* (input peers, filters) is parsed before it comes here.

pub mod access;
pub mod accounts;
pub mod authorizations;
pub mod blocking;
pub mod bots;
mod changes;
pub mod channels;
pub mod chats;
mod clock;
mod closing;
pub mod codes;
pub mod contacts;
mod content_ids;
pub mod dialogs;
mod error;
pub mod errors;
pub mod files;
pub mod folders;
mod held;
pub mod invites;
mod jobs;
pub mod limits;
pub mod login_tokens;
pub mod messages;
pub mod passwords;
pub mod payments;
pub mod peers;
pub mod people;
pub mod presence;
pub mod privacy;
pub mod rights;
pub mod settings;
pub mod stickers;
mod stored;
pub mod threads;
pub mod updates;
pub mod views;

use std::sync::Arc;

pub use changes::{Audience, Changes, Delivery, Event, Outlet, Seat};
pub use clock::Clock;
pub use error::Error;
pub use updates::Missed;
use zaun_blob::Blobs;
use zaun_model::{ChannelId, ChatId, UnixTime, UserId};
use zaun_schema::api::enums::Update;
use zaun_schema::visit::Mentioned;
use zaun_store::repo::contents;
use zaun_store::{Store, Tx};

use crate::content_ids::ContentIds;
use crate::views::Scene;

/// The account that login codes and notices come from.
pub const SERVICE_USER: UserId = UserId(777_000);
/// Ids of ordinary users begin above this.
pub const FIRST_USER: UserId = UserId(1_000_000);

/// The first basic group. Clients keep people, groups and channels by their bare numbers, so these do not overlap.
pub const FIRST_CHAT: ChatId = ChatId(500_000_000);
/// The first channel: with ten digits, because programs write `-100` before them to name it to the Bot API.
pub const FIRST_CHANNEL: ChannelId = ChannelId(1_000_000_000);

/// Nobody in particular: whoever is not logged in, and the server itself.
const NOBODY: UserId = UserId(0);

/// Who acts: a user, on a key, in a session. What the action causes is not sent back to that session (M-363).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The user; id 0 for nobody.
    pub user_id: UserId,
    /// The auth key of the session.
    pub key_id: i64,
    /// The session.
    pub session_id: i64,
}

/// Settings of the messenger.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Test phones with fixed codes, and no limits.
    pub sandbox: bool,
    /// Test phones that nobody has seen log in under a made-up name; otherwise they are asked for one (M-447).
    pub made_up_names: bool,
    /// What time it is.
    pub clock: Clock,
    /// The number of this node among those over the same store, up to 15.
    pub node: u8,
}

/// What a change leaves for the result of its call.
#[derive(Debug, Clone)]
pub struct Outcome<T> {
    /// The answer of the rules.
    pub value: T,
    /// Events that the acting session is not told of otherwise (M-362, M-363).
    pub own: Vec<Event>,
    /// Everybody that the answer and the events mention.
    pub scene: Arc<Scene>,
}

/// The messenger: rules over a store.
pub struct Messenger {
    store: Store,
    files: files::Files,
    outlet: Arc<dyn Outlet>,
    ids: Arc<ContentIds>,
    /// Signs access hashes, file references and the like.
    pub access: access::Signer,
    /// Who is online.
    pub presence: presence::Presence,
    challenges: passwords::Challenges,
    queries: bots::Questions<bots::CallbackAnswer>,
    apps: bots::Apps,
    checkouts: payments::Checkouts,
    inline: bots::InlineQueries,
    settings: Settings,
}

impl Messenger {
    /// Opens the messenger over a store and its files; `secret` is kept for the life of the installation.
    pub async fn open(
        store: Store,
        blobs: Blobs,
        outlet: Arc<dyn Outlet>,
        secret: [u8; 32],
        settings: Settings,
    ) -> Result<Messenger, Error> {
        let access = access::Signer::new(secret);
        let now = UnixTime(settings.clock.now());
        let files = files::Files::open(blobs, now).await?;
        let highest = store.read(contents::highest).await?;
        let messenger = Messenger {
            store,
            files,
            outlet,
            ids: Arc::new(ContentIds::above(highest, settings.node)),
            access,
            presence: presence::Presence::default(),
            challenges: passwords::Challenges::default(),
            queries: bots::Questions::default(),
            apps: bots::Apps::default(),
            checkouts: payments::Checkouts::default(),
            inline: bots::InlineQueries::default(),
            settings,
        };
        messenger
            .store
            .write(move |tx| {
                accounts::create_service_user(tx, now)?;
                bots::father::create(tx, now)
            })
            .await?;
        Ok(messenger)
    }

    /// Returns the moment by the messenger's clock.
    pub fn now(&self) -> UnixTime {
        UnixTime(self.settings.clock.now())
    }

    /// Returns the clock by which the messenger goes.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.settings.clock
    }

    /// Reads a consistent snapshot on behalf of a user: users are served in turn.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        user: UserId,
        work: impl Fn(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.read_as(user.0, work).await
    }

    /// Writes on behalf of a user what no client is told of.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        user: UserId,
        work: impl Fn(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.write_as(user.0, work).await
    }

    /// Changes something, and tells those concerned after the commit.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        actor: Actor,
        work: impl Fn(&mut Changes<'_, '_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<Outcome<T>, Error> {
        let (now, outlet, ids) = (self.now(), self.outlet.clone(), self.ids.clone());
        let work = move |tx: &Tx<'_>| {
            let mut changes = Changes::new(tx, &ids, now);
            let value = work(&mut changes)?;
            let left = changes.finish(actor)?;
            let outcome = Outcome { value, own: Vec::new(), scene: left.scene.clone() };
            Ok::<_, Error>((outcome, Some(left)))
        };
        // In the order of the commits where there is one, so that clients see pts rise without gaps to wait for.
        let after = move |(outcome, left): &mut (Outcome<T>, Option<changes::Left>)| {
            let Some(left) = left.take() else { return };
            for (user, channel, seat) in left.memberships {
                outlet.membership(user, channel, seat);
            }
            for (audience, event) in left.events {
                let own = match audience {
                    Audience::User(user) => user == actor.user_id,
                    // Whoever changes a channel learns of it from the result, even if it is not a member.
                    Audience::Channel(_) => true,
                };
                let skip = own.then_some((actor.key_id, actor.session_id));
                if own {
                    outcome.own.push(event.clone());
                }
                outlet.deliver(Delivery { audience, event, scene: left.scene.clone(), skip });
            }
        };
        Ok(self.store.write_then_as(actor.user_id.0, work, after).await?.0)
    }

    /// Tells audiences of something that leaves no trace: typing, status.
    pub(crate) async fn hint(&self, audiences: Vec<Audience>, update: Update) -> Result<(), Error> {
        for delivery in self.transients(audiences, update).await? {
            self.outlet.deliver(delivery);
        }
        Ok(())
    }

    /// Makes a delivery of something that leaves no trace, and that another node told.
    pub async fn passing(&self, audience: Audience, update: Update) -> Result<Delivery, Error> {
        let made = self.transients(vec![audience], update).await?;
        made.into_iter().next().ok_or_else(|| Error::bad(errors::PEER_ID_INVALID))
    }

    async fn transients(&self, audiences: Vec<Audience>, update: Update) -> Result<Vec<Delivery>, Error> {
        let users = audiences.iter().filter_map(|audience| match audience {
            Audience::User(user) => Some(*user),
            Audience::Channel(_) => None,
        });
        let event = Event::Transient(update);
        let scene = Arc::new(self.scene_for(users.collect(), &event).await?);
        let delivery =
            |audience| Delivery { audience, event: event.clone(), scene: scene.clone(), skip: None };
        Ok(audiences.into_iter().map(delivery).collect())
    }

    /// Loads whom a message mentions, and what a viewer left on it.
    pub async fn scene_of(&self, viewer: UserId, message: &views::Message) -> Result<Scene, Error> {
        let mut mentioned = Mentioned::default();
        message.mentions(&mut mentioned);
        self.read(viewer, move |tx| Scene::for_viewer(tx, viewer, &mentioned)).await
    }

    /// Loads whom an event mentions, as several viewers see them: for those who may not get the common form.
    pub async fn scene_for(&self, viewers: Vec<UserId>, event: &Event) -> Result<Scene, Error> {
        let mut mentioned = Mentioned::default();
        event.mentions(&mut mentioned);
        let viewers = viewers.into_iter().collect();
        self.read(NOBODY, move |tx| Scene::load(tx, &viewers, &mentioned)).await
    }
}
