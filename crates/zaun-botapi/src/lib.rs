//! The HTTP Bot API over the messenger: methods, updates by polling and by webhook, files.
//!
//! It calls the rules of the messenger directly; there is no MTProto in between. Which methods exist is in the
//! description of the Bot API (`api/`), from which the table [`METHODS`] is generated; what each of them does is in
//! `methods/`. Rules are numbered B-… in the specification digest.
//!
//! It deliberately opens no socket: requests are handed over by the server (`zaun_server::Web`).

mod client;
mod error;
mod file_ids;
mod instance;
pub mod limits;
mod markup;
mod methods;
mod request;
mod serve;
mod text;
mod to_json;
mod webhook;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use tokio::task::JoinSet;
use zaun_messenger::{Audience, Delivery, Event, Messenger};
use zaun_model::{ChannelId, UserId};

pub use error::ApiError;
pub use methods::DONE;
pub use to_json::Eyes;

use client::Fetcher;
use instance::Instance;

/// One method of the Bot API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// Parameters that have to be there.
    pub required: &'static [&'static str],
    /// Why it does not exist here; none if it does.
    pub absent: Option<&'static str>,
}

include!(concat!(env!("OUT_DIR"), "/methods.rs"));

/// The Bot API of a server.
pub struct BotApi {
    messenger: Arc<Messenger>,
    fetcher: Fetcher,
    instances: Mutex<HashMap<UserId, Arc<Instance>>>,
    /// Which of these bots are in a channel.
    seats: Mutex<HashMap<ChannelId, HashSet<UserId>>>,
    itself: OnceLock<Weak<BotApi>>,
    /// What gathers and delivers updates, for as long as the node runs.
    running: Mutex<JoinSet<()>>,
}

impl BotApi {
    /// The Bot API over a messenger; in a sandbox webhooks and files may be at private addresses.
    #[must_use]
    pub fn new(messenger: Arc<Messenger>, sandbox: bool) -> Arc<BotApi> {
        let api = Arc::new(BotApi {
            messenger,
            fetcher: Fetcher { open: sandbox, ..Fetcher::default() },
            instances: Mutex::new(HashMap::new()),
            seats: Mutex::new(HashMap::new()),
            itself: OnceLock::new(),
            running: Mutex::new(JoinSet::new()),
        });
        // Nobody else has it yet.
        let _ = api.itself.set(Arc::downgrade(&api));
        api
    }

    /// Goes on with the bots that spoke HTTP before (B-230).
    pub async fn resume(&self) -> Result<(), zaun_messenger::Error> {
        for bot in self.messenger.bots_over_http().await? {
            if let Err(error) = self.instance(bot).await {
                tracing::error!(%error, bot = bot.0, "the updates of a bot could not be gone on with");
            }
        }
        Ok(())
    }

    /// Returns what is kept of a bot in memory; its first call starts gathering updates.
    async fn instance(&self, bot: UserId) -> Result<Arc<Instance>, ApiError> {
        if let Some(known) = self.instances.lock().get(&bot) {
            return Ok(known.clone());
        }
        let opened = Arc::new(Instance::open(self.messenger.clone(), bot).await?);
        {
            let mut instances = self.instances.lock();
            if let Some(known) = instances.get(&bot) {
                return Ok(known.clone());
            }
            if instances.len() >= limits::INSTANCES {
                return Err(ApiError::too_many(1));
            }
            instances.insert(bot, opened.clone());
        }
        match self.messenger.seats_of(bot).await {
            Ok(seats) => seats.into_iter().for_each(|(channel, _)| self.take_seat(bot, channel, true)),
            Err(error) => {
                self.instances.lock().remove(&bot);
                return Err(error.into());
            }
        }
        let mut running = self.running.lock();
        running.spawn(opened.clone().gather_for_ever());
        if let Some(api) = self.itself.get().and_then(Weak::upgrade) {
            running.spawn(webhook::deliver_for_ever(api, opened.clone()));
        }
        Ok(opened)
    }

    /// Ends what runs in the background: nothing is gathered or delivered any more. What was gathered stays stored.
    pub fn stop(&self) {
        self.running.lock().abort_all();
    }

    /// Lets go of all bots: polls end without updates, and nothing is gathered or delivered until [`BotApi::resume`]. For
    /// whoever puts another content under the messenger.
    pub fn pause(&self) {
        self.running.lock().abort_all();
        self.seats.lock().clear();
        for instance in std::mem::take(&mut *self.instances.lock()).into_values() {
            instance.let_poller_go();
        }
    }

    fn known(&self, bot: UserId) -> Option<Arc<Instance>> {
        self.instances.lock().get(&bot).cloned()
    }

    /// Takes the news that something was delivered: bots that are concerned look for it. It must not block.
    pub fn hear(&self, delivery: &Delivery) {
        match delivery.audience {
            Audience::User(user) => {
                let Some(bot) = self.known(user) else { return };
                match &delivery.event {
                    Event::Transient(update) => {
                        if methods::queries::is_told(update) {
                            bot.note(update.clone(), delivery.scene.clone());
                        }
                    }
                    _ => bot.ring(),
                }
            }
            Audience::Channel(channel) => self.hear_channel(channel, &delivery.event),
        }
    }

    /// The bots in the channel look what happened there.
    fn hear_channel(&self, channel: ChannelId, event: &Event) {
        if matches!(event, Event::Transient(_)) {
            return;
        }
        let seats = self.seats.lock();
        let inside = seats.get(&channel).into_iter().flatten();
        inside.filter_map(|bot| self.known(*bot)).for_each(|bot| bot.ring());
    }

    /// Takes the news that a user is or is not in a channel from now on. Only of bots that speak HTTP it is kept.
    pub fn take_seat(&self, user: UserId, channel: ChannelId, is_inside: bool) {
        let mut seats = self.seats.lock();
        if !is_inside {
            let inside = seats.get_mut(&channel);
            let is_empty = inside.is_some_and(|inside| inside.remove(&user) && inside.is_empty());
            if is_empty {
                seats.remove(&channel);
            }
        } else if self.known(user).is_some() {
            seats.entry(channel).or_default().insert(user);
        }
    }
}
