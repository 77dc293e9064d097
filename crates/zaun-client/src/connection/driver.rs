//! The task behind a connection: makes links, and keeps the calls while there is none.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use zaun_mtproto::client::{Binding, Monotonic, QueryId, SavedSession, Session};
use zaun_mtproto::handshake::{ClientConfig, NegotiatedKey};

use super::builder::ConnectionBuilder;
use super::talk::Calls;
use super::{Closed, Command, ConnectError, Pusher, State, keys, wall_clock};
use crate::backoff::{FloodControl, ReconnectStrategy, random_id};
use zaun_link::Address;
use zaun_link::Link;

/// A temporary key that cannot be bound is replaced so often before the connection is given up (M-159).
const MAX_BINDINGS: u32 = 3;
/// A flood refusal (−429) counts as so many failures at once.
const FLOOD_ATTEMPTS: u32 = 8;

/// How the use of one link ended.
#[derive(Debug)]
pub(super) enum End {
    /// Another link is needed.
    Broken(String),
    /// The same, and not soon.
    Flood,
    /// It is time for another temporary key.
    Rekey,
    /// For good.
    Closed(Closed),
}

/// A temporary key in use.
#[derive(Debug)]
pub(super) struct Temporary {
    /// From then on it is replaced when nothing is under way …
    pub renew_at: Monotonic,
    /// … and then in any case.
    pub ends_at: Monotonic,
    /// The query that binds it, until it is answered.
    pub binding: Option<QueryId>,
}

pub(super) struct Driver {
    pub settings: Arc<ConnectionBuilder>,
    pub commands: mpsc::UnboundedReceiver<Command>,
    pub pushed: Pusher,
    pub state: watch::Sender<State>,
    pub saved: watch::Sender<SavedSession>,
    pub session: Session,
    pub temporary: Option<Temporary>,
    pub failed_bindings: u32,
    pub calls: Calls,
    /// The server has answered a wrapped query of this session.
    pub introduced: bool,
    pub last_conn: u64,
    /// A packet came on this link.
    heard: bool,
    began: Instant,
    strategy: ReconnectStrategy,
    flood: FloodControl,
    next_address: usize,
}

impl Driver {
    pub fn new(
        settings: ConnectionBuilder,
        commands: mpsc::UnboundedReceiver<Command>,
        pushed: Pusher,
        state: watch::Sender<State>,
        saved: watch::Sender<SavedSession>,
    ) -> Driver {
        let former = saved.borrow().clone();
        let profile = settings.profile;
        let mut session = former.restore(profile, Monotonic::ZERO, wall_clock(), &mut rand::rng());
        if former.session_id != 0 {
            session.destroy_session(Monotonic::ZERO, former.session_id);
        }
        Driver {
            session,
            commands,
            pushed,
            state,
            saved,
            temporary: None,
            failed_bindings: 0,
            calls: Calls::default(),
            introduced: false,
            last_conn: 0,
            heard: false,
            began: Instant::now(),
            strategy: settings.strategy,
            flood: FloodControl::default(),
            next_address: 0,
            settings: Arc::new(settings),
        }
    }

    /// The time by which the session goes.
    pub fn now(&self) -> Monotonic {
        self.began.elapsed()
    }

    pub async fn run(mut self, first: Link) {
        let mut link = Some(first);
        let why = loop {
            let ready = match self.make(link.take()).await {
                Ok(ready) => ready,
                Err(Attempt::Closed(why)) => break why,
                Err(Attempt::Failed(error)) => match self.wait(error).await {
                    Ok(()) => continue,
                    Err(why) => break why,
                },
            };
            if let Err(why) = self.take_key(ready.key) {
                break why;
            }
            self.heard = false;
            let end = self.talk(ready.link).await;
            self.state
                .send_if_modified(|state| std::mem::replace(state, State::Connecting) != State::Connecting);
            let failure = match end {
                End::Closed(why) => break why,
                End::Rekey => {
                    self.temporary = None;
                    None
                }
                End::Flood => {
                    self.strategy.attempts = self.strategy.attempts.max(FLOOD_ATTEMPTS);
                    Some(ConnectError::Refused(-429))
                }
                End::Broken(why) => {
                    tracing::debug!(why, "the link is gone; connecting again");
                    // One that never carried anything counts as a failure, so that it is not tried without end.
                    (!self.heard).then_some(ConnectError::Closed)
                }
            };
            if let Some(failure) = failure
                && let Err(why) = self.wait(failure).await
            {
                break why;
            }
        };
        // First the reason, then what waits: whoever finds the call dropped asks for it.
        self.state.send_replace(State::Closed(why));
    }

    /// Packets flow: later failures begin with short delays again.
    pub fn works(&mut self) {
        self.heard = true;
        self.strategy.reset();
    }

    /// Waits before the next attempt.
    async fn wait(&mut self, error: ConnectError) -> Result<(), Closed> {
        tracing::debug!(%error, "cannot connect");
        if matches!(error, ConnectError::Refused(-444)) {
            return Err(Closed::WrongDc);
        }
        let Some(delay) = self.strategy.next_delay() else {
            return Err(Closed::Exhausted(error.to_string()));
        };
        self.next_address += 1;
        self.meanwhile(tokio::time::sleep(delay)).await
    }

    /// A link, and a temporary key if one is needed.
    async fn make(&mut self, link: Option<Link>) -> Result<Ready, Attempt> {
        let settings = Arc::clone(&self.settings);
        let temporary = if self.temporary.is_none() { settings.temporary() } else { None };
        let now = self.now();
        let pause = if link.is_some() { Duration::ZERO } else { self.flood.attempt(now) };
        let addresses = &settings.addresses;
        let Some(address) = addresses.get(self.next_address % addresses.len().max(1)).cloned() else {
            return Err(Attempt::Closed(Closed::Exhausted(ConnectError::NoAddress.to_string())));
        };
        // Boxed: it is large, and a connection that is made does not need the room.
        let making = Box::pin(async move {
            tokio::time::sleep(pause).await;
            prepare(&settings, link, &address, temporary).await
        });
        match self.meanwhile(making).await {
            Ok(Ok(ready)) => Ok(ready),
            Ok(Err(error)) => Err(Attempt::Failed(error)),
            Err(why) => Err(Attempt::Closed(why)),
        }
    }

    /// Lets a future run and takes commands beside it.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Closed> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                command = self.commands.recv() => match command {
                    Some(command) => if self.command(command) { return Err(Closed::Disconnected) },
                    None => return Err(Closed::Disconnected),
                },
            }
        }
    }

    /// Goes on under a new temporary key, which has to be bound before anything else.
    fn take_key(&mut self, key: Option<NegotiatedKey>) -> Result<(), Closed> {
        let Some(key) = key else { return Ok(()) };
        if self.failed_bindings >= MAX_BINDINGS {
            return Err(Closed::KeyUnknown);
        }
        let now = self.now();
        let life_s = key.expires_in.unwrap_or(0);
        let life = Duration::from_secs(u64::try_from(life_s).unwrap_or(0));
        let permanent = self.saved.borrow().clone();
        let server_time = Duration::from_secs(u64::try_from(key.server_time).unwrap_or(0));
        let start =
            zaun_mtproto::client::Start { session_id: random_id(), salt: key.first_salt, server_time };
        let expires_at = key.server_time.saturating_add(life_s);
        self.session.change_key(now, key.auth_key, &start);
        let binding = Binding { permanent: permanent.key, nonce: random_id(), expires_at };
        let query = self.session.bind(binding).map_err(|full| Closed::Exhausted(full.to_string()))?;
        self.temporary = Some(Temporary {
            renew_at: now.saturating_add(life.mul_f64(0.75)),
            ends_at: now.saturating_add(life.mul_f64(0.95)),
            binding: Some(query),
        });
        Ok(())
    }

    /// Keeps session, salt and clock for the next time, unless they are those of a temporary key.
    pub fn save(&mut self) {
        if self.session.key() != &self.saved.borrow().key {
            return;
        }
        let now = self.now();
        let session = SavedSession::of(&mut self.session, now, wall_clock());
        self.saved.send_if_modified(|saved| {
            let drifted = saved.time_offset_s.abs_diff(session.time_offset_s) > 1;
            let changed = drifted || (saved.salt, saved.session_id) != (session.salt, session.session_id);
            if changed {
                *saved = session;
            }
            changed
        });
    }
}

struct Ready {
    link: Link,
    key: Option<NegotiatedKey>,
}

enum Attempt {
    Failed(ConnectError),
    Closed(Closed),
}

async fn prepare(
    settings: &ConnectionBuilder,
    link: Option<Link>,
    address: &Address,
    temporary: Option<Arc<ClientConfig>>,
) -> Result<Ready, ConnectError> {
    let mut link = match link {
        Some(link) => link,
        None => settings.link(address).await?,
    };
    let key = match temporary {
        None => None,
        Some(config) => Some(keys::exchange(&mut link, config).await?),
    };
    Ok(Ready { link, key })
}
