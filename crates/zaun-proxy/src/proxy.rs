//! The proxy: listeners in, sessions out, and what can be changed while it runs.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use zaun_link::Io;
use zaun_transport::faketls::Window;
use zaun_transport::{ProxySecret, SecretKind};

use crate::announce::{Ends, HeaderVersion};
use crate::counters::Counters;
use crate::cover::Cover;
use crate::imitation::{Imitation, SiteProfile};
use crate::intake;
use crate::ledger::Ledger;
use crate::limits::{ACCEPT_REST, LEDGER_TICK, MAX_CONNECTIONS};
use crate::listen::ListenSocket;
use crate::replay::ReplayGuard;
use crate::session::{self, End};
use crate::upstream::{Memory, Paths, RouteError, Upstream};
use crate::users::{Allowance, Usage, User, Users, UsersError};

/// What a proxy is to be like; all of it can change while it runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Secrets: a name, the secret, and what it allows.
    pub secrets: Vec<(String, ProxySecret, Allowance)>,
    /// What strangers see.
    pub cover: Cover,
    /// How far the clocks of clients may be off.
    pub window: Window,
    /// The way to the data centres.
    pub upstream: Upstream,
    /// Connections at once.
    pub max_connections: usize,
    /// Whether every connection begins with a PROXY header of version 1 or 2, which names the client. Only for listeners
    /// that nobody but a balancer reaches.
    pub proxy_headers: bool,
    /// Whether the cover sites are looked at from time to time, so that the answer to a hello looks like theirs.
    pub imitates: bool,
    /// Whether the cover site is told in a PROXY header whom a connection is from. Only for sites that expect one.
    pub cover_header: Option<HeaderVersion>,
}

impl Settings {
    /// One secret, and defaults for everything else.
    #[must_use]
    pub fn new(secret: ProxySecret) -> Settings {
        Settings {
            secrets: vec![("default".into(), secret, Allowance::default())],
            cover: Cover::default(),
            window: Window::default(),
            upstream: Upstream::default(),
            max_connections: MAX_CONNECTIONS,
            proxy_headers: false,
            imitates: true,
            cover_header: None,
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The secrets.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// The routes.
    #[error(transparent)]
    Routes(#[from] RouteError),
}

/// What sessions share that began under the same settings.
#[derive(Debug)]
pub(crate) struct Live {
    pub settings: Settings,
    pub users: Users,
    pub paths: Paths,
    pub replays: Arc<ReplayGuard>,
    pub counters: Arc<Counters>,
    pub imitation: Arc<Imitation>,
    /// Whose site strangers see who name none.
    pub first_domain: Option<String>,
}

/// A running proxy. Clones are the same proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    live: RwLock<Arc<Live>>,
    kept: Kept,
    ledger: Option<Ledger>,
    /// Wakes who looks at the cover sites.
    learning: Arc<Notify>,
    stopping: watch::Sender<bool>,
    /// How many connections there are, for those who wait for none.
    open: watch::Sender<usize>,
}

/// What outlives a change of the settings.
#[derive(Debug, Clone, Default)]
struct Kept {
    memory: Arc<Memory>,
    replays: Arc<ReplayGuard>,
    counters: Arc<Counters>,
    imitation: Arc<Imitation>,
}

impl Proxy {
    /// Starts one; `data` is the folder where used headers (M-083, M-345) and traffic are remembered over a restart. It
    /// has to be called inside a runtime of tokio.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(settings: Settings, data: Option<PathBuf>) -> Result<Proxy, StartError> {
        let replays = match &data {
            Some(data) => ReplayGuard::open(&data.join("seen"))?,
            None => ReplayGuard::default(),
        };
        let ledger = data.map(|data| Ledger::open(data.join("traffic")));
        let ledger = ledger.transpose().map_err(StartError::Ledger)?;
        let kept = Kept { replays: Arc::new(replays), ..Kept::default() };
        let usages = settings
            .secrets
            .iter()
            .filter_map(|(_, secret, _)| Some((secret.to_bytes(), Arc::new(ledger.as_ref()?.usage(secret)))));
        let live = Live::new(settings.clone(), &usages.collect(), &kept)?;
        let live = Arc::new(live);
        live.begin();
        let shared = Shared {
            live: RwLock::new(live),
            kept,
            ledger,
            learning: Arc::default(),
            stopping: watch::Sender::new(false),
            open: watch::Sender::new(0),
        };
        let shared = Arc::new(shared);
        if shared.ledger.is_some() {
            tokio::spawn(keep_ledger(Arc::downgrade(&shared)));
        }
        tokio::spawn(keep_learning(Arc::downgrade(&shared), Arc::clone(&shared.learning)));
        Ok(Proxy { shared })
    }

    /// Takes other settings. Sessions go on as they began, but for those whose secret is no longer there.
    ///
    /// # Errors
    /// [`SettingsError`]; nothing has changed then.
    pub fn reload(&self, settings: Settings) -> Result<(), SettingsError> {
        let shared = &self.shared;
        // A secret that goes may come back.
        shared.write_ledger();
        let mut current = shared.live.write();
        let mut usages: HashMap<_, _> = current
            .users
            .all()
            .iter()
            .map(|user| (user.secret.to_bytes(), Arc::clone(&user.usage)))
            .collect();
        if let Some(ledger) = &shared.ledger {
            for (_, secret, _) in &settings.secrets {
                usages.entry(secret.to_bytes()).or_insert_with(|| Arc::new(ledger.usage(secret)));
            }
        }
        let live = Live::new(settings, &usages, &shared.kept)?;
        let live = Arc::new(live);
        live.begin();
        for user in current.users.all() {
            if !live.users.all().iter().any(|other| Arc::ptr_eq(&other.usage, &user.usage)) {
                user.usage.withdraw();
            }
        }
        *current = live;
        shared.learning.notify_one();
        Ok(())
    }

    /// Serves a listener until the proxy stops.
    pub async fn serve(&self, listener: impl Into<ListenSocket>) {
        let listener = listener.into();
        let mut stopping = self.shared.stopping.subscribe();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopping.wait_for(|stopping| *stopping) => return,
            };
            match accepted {
                Ok((io, ends)) => self.take(io, ends),
                Err(error) => {
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    /// Serves one connection, in the background.
    pub fn take(&self, io: Box<dyn Io>, ends: Ends) {
        let live = Arc::clone(&self.shared.live.read());
        let counters = &self.shared.kept.counters;
        Counters::add(&counters.accepted);
        if counters.connections.load(Ordering::Relaxed) >= live.settings.max_connections {
            Counters::add(&counters.overflow);
            return;
        }
        let place = Place::take(&self.shared);
        let mut stopping = self.shared.stopping.subscribe();
        tokio::spawn(async move {
            let _place = place;
            // Strangers need not be waited for; sessions have the time that `stop` gives them.
            let client = tokio::select! {
                // Boxed, so that a session does not carry the buffers of strangers along.
                client = Box::pin(intake::admit(&live, io, ends)) => client,
                _ = stopping.wait_for(|stopping| *stopping) => None,
            };
            let Some(client) = client else { return };
            let name = client.seat.user.name.clone();
            match Box::pin(session::run(client, &live.paths)).await {
                Ok(()) => {}
                Err(end) => {
                    match &end {
                        End::UnknownDc => Counters::add(&live.counters.unknown_dc),
                        End::NoPath(_) => Counters::add(&live.counters.no_path),
                        End::Io(_) | End::Withdrawn => {}
                    }
                    tracing::debug!(name, "a session ended: {end}");
                }
            }
        });
    }

    /// Takes no more connections, and waits until the sessions have ended, at most so long. Returns how many were left.
    pub async fn stop(&self, grace: Duration) -> usize {
        self.shared.stopping.send_replace(true);
        let mut open = self.shared.open.subscribe();
        let _ = timeout(grace, open.wait_for(|open| *open == 0)).await;
        for user in self.shared.live.read().users.all() {
            user.usage.withdraw();
        }
        self.shared.write_ledger();
        *open.borrow()
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.shared.kept.counters
    }

    /// The secrets as they are now.
    #[must_use]
    pub fn users(&self) -> Vec<Arc<User>> {
        self.shared.live.read().users.all().to_vec()
    }

    /// What is known of the paths.
    #[must_use]
    pub fn standings(&self) -> Vec<crate::upstream::Standing> {
        self.shared.live.read().paths.standings()
    }

    /// How many connections wait in the pool.
    #[must_use]
    pub fn pooled(&self) -> usize {
        self.shared.live.read().paths.pooled()
    }

    /// The sites that are imitated, by domain, and what is known of them.
    #[must_use]
    pub fn imitated(&self) -> Vec<(String, Arc<SiteProfile>)> {
        self.shared.kept.imitation.profiles()
    }

    /// Whether the cover site of some domain was found to be the proxy itself.
    #[must_use]
    pub fn covers_itself(&self) -> bool {
        self.shared.kept.imitation.has_own()
    }

    /// How many headers and hellos are remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.shared.kept.replays.len()
    }
}

/// Why a proxy cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The journal of the replay guard.
    #[error("the replay journal: {0}")]
    Journal(#[from] std::io::Error),
    /// The file with what was used.
    #[error("the file of traffic: {0}")]
    Ledger(std::io::Error),
}

impl Shared {
    fn write_ledger(&self) {
        let live = Arc::clone(&self.live.read());
        if let Some(Err(error)) = self.ledger.as_ref().map(|ledger| ledger.write(live.users.all())) {
            tracing::warn!("what was used cannot be written down: {error}");
        }
    }
}

/// Writes down what was used, from time to time, until the proxy is gone.
async fn keep_ledger(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(LEDGER_TICK).await;
        let Some(shared) = shared.upgrade() else { return };
        let written = tokio::task::spawn_blocking(move || shared.write_ledger());
        if written.await.is_err() {
            return;
        }
    }
}

/// Looks at the cover sites, at once, from time to time and when the settings change, until the proxy is gone.
async fn keep_learning(shared: Weak<Shared>, learning: Arc<Notify>) {
    loop {
        let Some(live) = shared.upgrade().map(|shared| Arc::clone(&shared.live.read())) else { return };
        let again = live.imitation.learn(&live).await;
        drop(live);
        tokio::select! {
            () = learning.notified() => {}
            () = tokio::time::sleep(again) => {}
        }
    }
}

impl Live {
    fn new(
        settings: Settings,
        usages: &HashMap<Vec<u8>, Arc<Usage>>,
        kept: &Kept,
    ) -> Result<Live, SettingsError> {
        settings.upstream.check()?;
        let user = |(name, secret, allowance): &(String, ProxySecret, Allowance)| {
            let usage = usages.get(&secret.to_bytes()).cloned().unwrap_or_default();
            let (name, secret, allowance) = (name.clone(), secret.clone(), allowance.clone());
            Arc::new(User { name, secret, allowance, usage })
        };
        let users = Users::new(settings.secrets.iter().map(user).collect())?;
        let first_domain = users.all().iter().find_map(|user| match &user.secret.kind {
            SecretKind::FakeTls(domain) => Some(domain.clone()),
            SecretKind::Plain | SecretKind::Padded => None,
        });
        let Kept { memory, replays, counters, imitation } = kept.clone();
        let paths = Paths::new(settings.upstream.clone(), memory, Arc::clone(&counters));
        Ok(Live { settings, users, paths, replays, counters, imitation, first_domain })
    }

    fn begin(&self) {
        if self.settings.upstream.pool_size > 0 {
            self.paths.warm_up();
            tokio::spawn(Arc::clone(&self.paths.pool).keep());
        }
    }
}

/// One connection among all; it is given back when dropped.
struct Place {
    shared: Arc<Shared>,
}

impl Place {
    fn take(shared: &Arc<Shared>) -> Place {
        shared.kept.counters.connections.fetch_add(1, Ordering::Relaxed);
        shared.open.send_modify(|open| *open += 1);
        Place { shared: Arc::clone(shared) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.kept.counters.connections.fetch_sub(1, Ordering::Relaxed);
        self.shared.open.send_modify(|open| *open -= 1);
    }
}
