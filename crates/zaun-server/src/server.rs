//! The server: what connections share, the accept loop, and the broom that forgets idle sessions.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use rand::Rng;
use zaun_crypto::rsa::PrivateKey;
use zaun_mtproto::UnixTime;
use zaun_mtproto::handshake::ServerConfig;
use zaun_mtproto::packet::Header;
use zaun_mtproto::salts::SaltSource;
use zaun_mtproto::session::{ConnId, Session};
use zaun_transport::faketls::ReplayCache;

use crate::accept;
use crate::compute::Compute;
use crate::endpoint::Listener;
use crate::flood::{Addresses, FloodLimits};
use crate::inspect::{self, Inspector, Watch};
use crate::keys::{KeyEntry, KeyRegistry, KeyStore, KeyStoreError};
use crate::limits::{
    MAX_CONNECTIONS, MAX_EXPLAINED_BYTES, MAX_REFUSALS, MAX_SESSIONS_PER_KEY, REPLAY_LIFE, SESSION_LIFE,
    SWEEP_INTERVAL,
};
use crate::middleware::{Middleware, Next};
use crate::service::Service;
use crate::session::SessionHandle;
use crate::socket::Peer;
use crate::web::Web;

/// The key exchange's settings, which may still be on their way.
pub(crate) type RsaKeys = tokio::sync::watch::Receiver<Option<Arc<ServerConfig>>>;

/// What every connection of a server uses.
pub(crate) struct Shared<S: Service> {
    pub(crate) service: Arc<S>,
    middleware: Arc<[Arc<dyn Middleware<S>>]>,
    pub(crate) store: Arc<dyn KeyStore>,
    pub(crate) rsa: RsaKeys,
    pub(crate) salts: SaltSource,
    pub(crate) keys: KeyRegistry<S>,
    pub(crate) compute: Compute,
    pub(crate) addresses: Addresses,
    pub(crate) replays: Mutex<ReplayCache>,
    inspector: Inspector,
    pub(crate) web: Option<Arc<dyn Web>>,
    explain: bool,
    pub(crate) version1: bool,
    pub(crate) batching: bool,
    next_conn: AtomicU64,
    /// How often all connections were cut.
    pub(crate) cuts: AtomicU64,
    open: AtomicUsize,
    /// Connections that are open only to be told −429.
    refusing: AtomicUsize,
}

/// What is wrong with a server's settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Key exchange needs an RSA key.
    #[error("no RSA key: give at least one with Builder::rsa_key")]
    NoRsaKey,
}

/// Settings of a server; made by [`Server::builder`].
pub struct Builder<S: Service> {
    service: Arc<S>,
    store: Arc<dyn KeyStore>,
    rsa: Vec<PrivateKey>,
    later: Option<RsaKeys>,
    salt_secret: Option<[u8; 32]>,
    legacy_rsa: bool,
    flood: FloodLimits,
    explain: bool,
    version1: bool,
    batching: bool,
    middleware: Vec<Arc<dyn Middleware<S>>>,
    web: Option<Arc<dyn Web>>,
}

impl<S: Service> Builder<S> {
    /// Adds an RSA key for the key exchange; several may be in use at once (M-096).
    pub fn rsa_key(mut self, key: PrivateKey) -> Self {
        self.rsa.push(key);
        self
    }

    /// Settings of the key exchange that are still being made: connections are accepted at once, key exchanges wait
    /// for them. They take the place of [`Builder::rsa_key`] and [`Builder::legacy_rsa`].
    pub fn exchange_later(mut self, config: tokio::sync::watch::Receiver<Option<Arc<ServerConfig>>>) -> Self {
        self.later = Some(config);
        self
    }

    /// The secret from which salts are derived (M-245). Without one a random secret is used, and after a restart
    /// every client has to fetch a new salt.
    pub fn salt_secret(mut self, secret: [u8; 32]) -> Self {
        self.salt_secret = Some(secret);
        self
    }

    /// Whether the old RSA scheme is served (M-107); on by default, because living clients still send it.
    pub fn legacy_rsa(mut self, on: bool) -> Self {
        self.legacy_rsa = on;
        self
    }

    /// Puts something between queries and the service, for example [`Faults`](crate::Faults).
    pub fn middleware(mut self, middleware: impl Middleware<S>) -> Self {
        self.middleware.push(Arc::new(middleware));
        self
    }

    /// Lets somebody else answer HTTP requests that are not for MTProto.
    pub fn web(mut self, web: Arc<dyn Web>) -> Self {
        self.web = Some(web);
        self
    }

    /// How much one address and one key may ask for.
    pub fn flood_limits(mut self, limits: FloodLimits) -> Self {
        self.flood = limits;
        self
    }

    /// Whether the cause of every packet that cannot be decrypted is looked for, not only while somebody watches. It
    /// costs a copy of small packets.
    pub fn explain(mut self, on: bool) -> Self {
        self.explain = on;
        self
    }

    /// Whether packets that are at hand together are encrypted and decrypted together. On by default; the switch is
    /// there to measure what it is worth.
    pub fn batching(mut self, on: bool) -> Self {
        self.batching = on;
        self
    }

    /// Whether old clients are served that speak MTProto 1.0, whose packets are less well protected (M-187). Off by
    /// default.
    pub fn mtproto1(mut self, on: bool) -> Self {
        self.version1 = on;
        self
    }

    /// Makes the server.
    pub fn build(self) -> Result<Server<S>, BuildError> {
        let rsa = match self.later {
            Some(later) => later,
            None if self.rsa.is_empty() => return Err(BuildError::NoRsaKey),
            None => {
                let config = ServerConfig { old_rsa: self.legacy_rsa, ..ServerConfig::new(self.rsa) };
                tokio::sync::watch::channel(Some(Arc::new(config))).1
            }
        };
        let secret = self.salt_secret.unwrap_or_else(|| {
            let mut secret = [0; 32];
            rand::rng().fill_bytes(&mut secret);
            secret
        });
        let handle = Handle {
            shared: Arc::new(Shared {
                service: self.service,
                middleware: self.middleware.into(),
                store: self.store,
                rsa,
                salts: SaltSource::new(secret),
                keys: KeyRegistry::default(),
                compute: Compute::default(),
                addresses: Addresses::new(self.flood),
                replays: Mutex::default(),
                inspector: Inspector::default(),
                web: self.web,
                explain: self.explain,
                version1: self.version1,
                batching: self.batching,
                next_conn: AtomicU64::new(1),
                cuts: AtomicU64::new(0),
                open: AtomicUsize::new(0),
                refusing: AtomicUsize::new(0),
            }),
        };
        handle.service().started(&handle);
        Ok(Server { handle })
    }
}

/// A server that is ready to serve listeners.
pub struct Server<S: Service> {
    handle: Handle<S>,
}

impl<S: Service> Server<S> {
    /// Starts the settings of a server.
    pub fn builder(service: impl Into<Arc<S>>, store: impl KeyStore) -> Builder<S> {
        let (service, store) = (service.into(), Arc::new(store));
        Builder {
            service,
            store,
            rsa: Vec::new(),
            later: None,
            salt_secret: None,
            legacy_rsa: true,
            flood: FloodLimits::default(),
            explain: false,
            version1: false,
            batching: true,
            middleware: Vec::new(),
            web: None,
        }
    }

    /// A handle for looking at keys and sessions from outside.
    pub fn handle(&self) -> Handle<S> {
        self.handle.clone()
    }

    /// Serves a listener until it fails. Call it again, with another listener, for more addresses.
    pub async fn serve(&self, listener: impl Into<Listener>) -> std::io::Result<()> {
        tokio::select! {
            result = self.accept(listener.into()) => result,
            never = sweep(&self.handle) => match never {},
        }
    }

    async fn accept(&self, listener: Listener) -> std::io::Result<()> {
        let endpoint = Arc::new(listener.endpoint);
        loop {
            let (socket, peer) = match listener.socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) if is_passing(&error) => {
                    tracing::warn!(%error, "cannot accept a connection now");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let Some(slot) = self.handle.claim_slot() else {
                tracing::warn!(%peer, "connection dropped: {MAX_CONNECTIONS} are open");
                continue;
            };
            tokio::spawn(accept::run(Arc::new(slot), endpoint.clone(), socket, peer));
        }
    }
}

/// Errors of accept that concern one connection, or pass when others close.
fn is_passing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
        || matches!(error.raw_os_error(), Some(EMFILE | ENFILE))
}

async fn sweep<S: Service>(handle: &Handle<S>) -> Infallible {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        handle.sweep();
    }
}

/// A running server, seen from outside; clones are cheap.
pub struct Handle<S: Service> {
    pub(crate) shared: Arc<Shared<S>>,
}

impl<S: Service> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Handle { shared: self.shared.clone() }
    }
}

/// A running server that this does not keep in memory: for a service, which the server itself holds.
pub struct WeakHandle<S: Service> {
    shared: Weak<Shared<S>>,
}

impl<S: Service> WeakHandle<S> {
    /// The server; `None` once it is gone.
    pub fn upgrade(&self) -> Option<Handle<S>> {
        self.shared.upgrade().map(|shared| Handle { shared })
    }
}

impl<S: Service> Handle<S> {
    /// Names the server without keeping it in memory.
    pub fn downgrade(&self) -> WeakHandle<S> {
        WeakHandle { shared: Arc::downgrade(&self.shared) }
    }

    /// The service.
    pub fn service(&self) -> &Arc<S> {
        &self.shared.service
    }

    /// The time that the protocol sees.
    pub fn now(&self) -> UnixTime {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// A key in memory.
    pub fn key(&self, key_id: i64) -> Option<Arc<KeyEntry<S>>> {
        self.shared.keys.cached(key_id)
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// The way of a query to the service.
    pub(crate) fn way(&self) -> Next<S> {
        Next::new(self.shared.service.clone(), self.shared.middleware.clone())
    }

    /// Watches what happens on the wire.
    pub fn watch(&self) -> Watch {
        self.shared.inspector.watch()
    }

    /// Tells whoever watches; `kind` is not even made when nobody does.
    pub(crate) fn note(&self, conn: ConnId, kind: impl FnOnce() -> inspect::Kind) {
        self.shared.inspector.emit(|| inspect::Event { at: self.now(), conn, kind: kind() });
    }

    /// Whether a packet of so many bytes is to be explained if it cannot be decrypted.
    pub(crate) fn explains(&self, bytes: usize) -> bool {
        bytes <= MAX_EXPLAINED_BYTES && (self.shared.explain || self.shared.inspector.is_watched())
    }

    /// A key, from memory or from the store.
    ///
    /// # Errors
    /// The store's.
    pub async fn load_key(&self, key_id: i64) -> Result<Option<Arc<KeyEntry<S>>>, KeyStoreError> {
        if let Some(key) = self.key(key_id) {
            return Ok(Some(key));
        }
        let stored = self.shared.store.load(key_id).await?;
        Ok(stored.map(|stored| self.shared.keys.add(stored, None)))
    }

    /// Destroys a permanent key: in the store, in memory, with its sessions and the temporary keys that are bound to
    /// it. `Ok(false)` if there was none.
    ///
    /// # Errors
    /// The store's.
    pub async fn destroy_key(&self, key_id: i64) -> Result<bool, KeyStoreError> {
        let existed = self.shared.store.remove(key_id).await?;
        if let Some(key) = self.key(key_id) {
            key.temporary_keys().iter().for_each(|temporary| self.drop_key(temporary.id()));
        }
        self.drop_key(key_id);
        Ok(existed)
    }

    /// Closes every connection that has a session, without a word; sessions and keys stay.
    pub fn cut_connections(&self) {
        self.shared.cuts.fetch_add(1, Ordering::Release);
        for key in self.shared.keys.all() {
            key.sessions().iter().for_each(|session| session.wake_all());
        }
    }

    /// Cuts the connections and forgets all keys that are in memory, and their sessions. Keys that the store still has
    /// are loaded again when they are used.
    pub fn forget_keys(&self) {
        self.cut_connections();
        for key in self.shared.keys.all() {
            self.drop_key(key.id());
        }
    }

    /// Forgets a key that is in memory, and its sessions. For a temporary key that is its end (M-148).
    pub fn drop_key(&self, key_id: i64) {
        if let Some(entry) = self.shared.keys.remove(key_id) {
            for session in entry.sessions() {
                self.forget(&session);
            }
        }
    }

    /// The session of a packet, created if need be (M-192).
    pub(crate) fn session(&self, key: &Arc<KeyEntry<S>>, session_id: i64) -> Arc<SessionHandle<S>> {
        let mut sessions = key.sessions.lock();
        if let Some(session) = sessions.get(&session_id) {
            return session.clone();
        }
        let full = sessions.len() >= MAX_SESSIONS_PER_KEY;
        let evicted = if full { evict(&mut sessions) } else { None };
        let session = Arc::new(SessionHandle::new(key.clone(), Session::new(session_id)));
        sessions.insert(session_id, session.clone());
        drop(sessions);
        if let Some(evicted) = evicted {
            self.forget(&evicted);
        }
        session
    }

    /// A session that exists.
    pub(crate) fn known_session(&self, key: &KeyEntry<S>, header: &Header) -> Option<Arc<SessionHandle<S>>> {
        key.sessions.lock().get(&header.session_id).cloned()
    }

    /// The salt that packets for this key carry.
    pub(crate) fn current_salt(&self, key: &KeyEntry<S>) -> i64 {
        self.shared.salts.current(key.id(), self.now())
    }

    /// Ends a session (M-201); `false` if it is not of this key (M-203).
    pub(crate) fn destroy_session(&self, key: &KeyEntry<S>, session_id: i64) -> bool {
        let removed = key.sessions.lock().remove(&session_id);
        if let Some(session) = &removed {
            self.forget(session);
        }
        removed.is_some()
    }

    fn forget(&self, session: &Arc<SessionHandle<S>>) {
        let mut sessions = session.key.sessions.lock();
        // Another one of the same name may have begun since.
        if sessions.get(&session.id).is_some_and(|current| Arc::ptr_eq(current, session)) {
            sessions.remove(&session.id);
        }
        drop(sessions);
        session.wake_all();
        self.shared.service.session_ended(session);
    }

    fn sweep(&self) {
        for key in self.shared.keys.all() {
            for session in key.sessions() {
                if !session.is_connected() && session.last_used.lock().elapsed() > SESSION_LIFE {
                    self.forget(&session);
                }
            }
        }
        for expired in self.shared.keys.sweep(self.now()) {
            expired.sessions().iter().for_each(|session| self.forget(session));
        }
        let oldest = self.now().saturating_sub(REPLAY_LIFE).as_secs();
        self.shared.replays.lock().sweep(oldest);
    }

    fn claim_slot(&self) -> Option<Slot<S>> {
        if self.connections() >= MAX_CONNECTIONS {
            return None;
        }
        self.shared.open.fetch_add(1, Ordering::Relaxed);
        let conn = ConnId(self.shared.next_conn.fetch_add(1, Ordering::Relaxed));
        Some(Slot { handle: self.clone(), conn, peer: OnceLock::new(), flooded: AtomicBool::new(false) })
    }
}

/// Makes room: the session without connections that was unused for longest.
fn evict<S: Service>(sessions: &mut HashMap<i64, Arc<SessionHandle<S>>>) -> Option<Arc<SessionHandle<S>>> {
    let idle = sessions.values().filter(|s| !s.is_connected());
    let oldest = idle.min_by_key(|s| -> Instant { *s.last_used.lock() }).or(sessions.values().next());
    let id = oldest.map(|s| s.id)?;
    sessions.remove(&id)
}

/// A claim on one of the server's connections; dropping it gives it back.
pub(crate) struct Slot<S: Service> {
    pub(crate) handle: Handle<S>,
    pub(crate) conn: ConnId,
    /// Known once a PROXY header was read, if there has to be one.
    peer: OnceLock<Peer>,
    /// The address asks for too much; its connection is told so and closed.
    flooded: AtomicBool,
}

impl<S: Service> Slot<S> {
    /// Says who the client is. Beyond [`MAX_REFUSALS`] a flooding address is not even answered.
    pub(crate) fn identify(&self, peer: Peer) {
        let shared = &self.handle.shared;
        if self.peer.set(peer).is_err() || shared.addresses.open(peer) {
            return;
        }
        shared.refusing.fetch_add(1, Ordering::Relaxed);
        self.flooded.store(true, Ordering::Relaxed);
    }

    /// Who the client is.
    pub(crate) fn peer(&self) -> Peer {
        self.peer.get().copied().unwrap_or(Peer::Local)
    }

    /// Whether its address asks for too much (M-050).
    pub(crate) fn is_flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }

    /// Whether there are too many connections already that wait to be refused.
    pub(crate) fn is_dropped(&self) -> bool {
        self.is_flooded() && self.handle.shared.refusing.load(Ordering::Relaxed) > MAX_REFUSALS
    }

    /// Tells whoever watches.
    pub(crate) fn note(&self, kind: impl FnOnce() -> inspect::Kind) {
        self.handle.note(self.conn, kind);
    }
}

impl<S: Service> Drop for Slot<S> {
    fn drop(&mut self) {
        let shared = &self.handle.shared;
        shared.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(peer) = self.peer.get() {
            shared.addresses.close(*peer);
        }
        if self.is_flooded() {
            shared.refusing.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
