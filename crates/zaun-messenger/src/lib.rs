//! The rules of the messenger: accounts, contacts, dialogs, messages, files.
//!
//! Every change to what users see goes through one door: [`Messenger::change`] runs it in one transaction together
//! with its pts, and what others have to hear of it leaves through the [`Outlet`] after the commit. The database is
//! the truth; the outlet only hints.
//!
//! It deliberately knows no session, no socket and no layer: objects are those of the newest schema.

pub mod access;
pub mod accounts;
pub mod authorizations;
mod changes;
mod clock;
pub mod codes;
pub mod contacts;
pub mod dialogs;
mod error;
pub mod files;
pub mod limits;
pub mod messages;
pub mod peers;
pub mod presence;
pub mod settings;
pub mod updates;
pub mod users;

use std::sync::Arc;

pub use changes::{Changes, Delivery, Event, Outlet};
pub use clock::Clock;
pub use error::Error;
use zaun_blob::Blobs;
pub use zaun_store::repo::PeerKey;
use zaun_store::{Store, Tx};

/// The account that login codes and notices come from.
pub const SERVICE_USER: i64 = 777_000;
/// Ids of ordinary users begin above this.
pub const FIRST_USER: i64 = 1_000_000;

/// Who acts: a user, on a key, in a session. What the action causes is not sent back to that session (M-363).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user_id: i64,
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
    /// What time it is.
    pub clock: Clock,
}

/// The messenger: rules over a store.
pub struct Messenger {
    store: Store,
    files: files::Files,
    outlet: Arc<dyn Outlet>,
    /// Signs access hashes, file references and the like.
    pub access: access::Signer,
    /// Who is online.
    pub presence: presence::Presence,
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
        let now = settings.clock.now();
        let files = files::Files::open(blobs, now).await?;
        let messenger =
            Messenger { store, files, outlet, access, presence: presence::Presence::default(), settings };
        messenger.store.write(move |tx| accounts::create_service_user(tx, now)).await?;
        Ok(messenger)
    }

    /// Unix seconds.
    pub fn now(&self) -> i64 {
        self.settings.clock.now()
    }

    /// Reads a consistent snapshot.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.read(work).await
    }

    /// Changes something, and tells those concerned after the commit. Returns the answer of `work` and the events of
    /// the actor's own box, which belong into the result of the call (M-362, M-363).
    pub async fn change<T: Send + 'static>(
        &self,
        actor: Actor,
        work: impl Fn(&mut Changes<'_, '_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<(T, Vec<Event>), Error> {
        let (now, outlet) = (self.now(), self.outlet.clone());
        let work = move |tx: &Tx<'_>| {
            let mut changes = Changes::new(tx, now);
            let answer = work(&mut changes)?;
            Ok::<_, Error>((answer, changes.into_deliveries(), Vec::new()))
        };
        // In the order of the commits, so that clients see pts rise without gaps to wait for.
        let after = move |(_, deliveries, own): &mut (T, Vec<Delivery>, Vec<Event>)| {
            for mut delivery in deliveries.drain(..) {
                if delivery.owner == actor.user_id {
                    own.push(delivery.event.clone());
                    delivery.skip = Some((actor.key_id, actor.session_id));
                }
                outlet.deliver(delivery);
            }
        };
        let (answer, _, own) = self.store.write_then(work, after).await?;
        Ok((answer, own))
    }

    /// Tells a user's sessions of something that leaves no trace: typing, status.
    pub fn hint(&self, owner: i64, update: zaun_schema::api::enums::Update, skip: Option<(i64, i64)>) {
        self.outlet.deliver(Delivery { owner, event: Event::Transient(update), skip });
    }
}
