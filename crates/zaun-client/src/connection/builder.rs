//! Everything that a connection can be told.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};
use zaun_crypto::rsa::PublicKey;
use zaun_mtproto::client::{self as engine, Profile, SavedSession};
use zaun_mtproto::handshake::{ClientConfig, NegotiatedKey, RsaScheme};
use zaun_schema::LAYER;
use zaun_transport::{Framing, ProxySecret};

use super::driver::Driver;
use super::{ConnectError, Connection, IN_FLIGHT, PushedQueue, Shared, State, keys, wall_clock};
use crate::backoff::ReconnectStrategy;
use zaun_link::Link;
use zaun_link::Proxy;
use zaun_link::{Address, Carrier, Dial};

/// Wraps the first queries of a session, as the API wants it: `invokeWithLayer` and `initConnection` (M-401).
pub type Introduce = Arc<dyn Fn(Bytes) -> Bytes + Send + Sync>;

/// Settings of a [`Connection`].
#[derive(Clone)]
pub struct ConnectionBuilder {
    pub(super) addresses: Vec<Address>,
    pub(super) dial: Dial,
    pub(super) exchange: ClientConfig,
    pub(super) saved: Option<SavedSession>,
    pub(super) temporary_keys: Option<Duration>,
    pub(super) profile: Profile,
    pub(super) strategy: ReconnectStrategy,
    pub(super) introduce: Option<Introduce>,
    pub(super) attempt_timeout: Duration,
    layer: i32,
    in_flight: usize,
    timeout: Option<Duration>,
}

impl std::fmt::Debug for ConnectionBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConnectionBuilder")
            .field("addresses", &self.addresses)
            .field("dial", &self.dial)
            .finish()
    }
}

impl ConnectionBuilder {
    pub(super) fn new(address: Address) -> ConnectionBuilder {
        ConnectionBuilder {
            addresses: vec![address],
            dial: Dial::new(Framing::Intermediate).obfuscated(2),
            exchange: ClientConfig::new(Vec::new()),
            saved: None,
            temporary_keys: None,
            profile: Profile::STANDARD,
            strategy: ReconnectStrategy::default(),
            introduce: None,
            attempt_timeout: Duration::from_secs(15),
            layer: LAYER,
            in_flight: IN_FLIGHT,
            timeout: Some(Duration::from_secs(30)),
        }
    }

    /// Another address of the same server, tried in turn.
    #[must_use]
    pub fn address(mut self, address: impl Into<Address>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// An RSA key of the server that is trusted.
    #[must_use]
    pub fn key(self, key: PublicKey) -> Self {
        self.keys(vec![key])
    }

    /// All RSA keys that are trusted, in place of those before.
    #[must_use]
    pub fn keys(mut self, keys: impl Into<Arc<[PublicKey]>>) -> Self {
        self.exchange.keys = keys.into();
        self
    }

    /// The data centre: 10000 is added for test servers, negative means media (M-078, M-113). 2 by default.
    #[must_use]
    pub fn dc(mut self, dc: i16) -> Self {
        self.exchange.dc = Some(dc.into());
        self.dial = self.dial.to_dc(dc);
        self
    }

    /// The older RSA scheme, for servers that know no other (M-107).
    #[must_use]
    pub fn old_rsa(mut self) -> Self {
        self.exchange.scheme = RsaScheme::Old;
        self
    }

    /// The framing, obfuscated unless it is full. Intermediate by default.
    #[must_use]
    pub fn framing(mut self, framing: Framing) -> Self {
        self.dial = self.dial.framing(framing);
        self
    }

    /// Another carrier than TCP: WebSocket, HTTP, TLS.
    #[must_use]
    pub fn carrier(mut self, carrier: Carrier) -> Self {
        self.dial = self.dial.carrier(carrier);
        self
    }

    /// Through a SOCKS5 or HTTP proxy.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.dial = self.dial.proxy(proxy);
        self
    }

    /// Through an MTProxy, or to an endpoint with a secret (M-331).
    #[must_use]
    pub fn secret(mut self, secret: ProxySecret) -> Self {
        self.dial = self.dial.framing(Framing::PaddedIntermediate).secret(secret);
        self
    }

    /// Everything about the way at once, in place of what was said before.
    #[must_use]
    pub fn dial(mut self, dial: Dial) -> Self {
        self.dial = dial;
        self
    }

    /// Goes on with the key of an earlier connection, in a new session; the server is asked to forget the former one.
    #[must_use]
    pub fn saved(mut self, saved: SavedSession) -> Self {
        self.saved = Some(saved);
        self
    }

    /// Perfect forward secrecy: messages travel under temporary keys of this life, renewed at three quarters of it
    /// (M-148). The usual life is a day.
    #[must_use]
    pub fn temporary_keys(mut self, life: Duration) -> Self {
        self.temporary_keys = Some(life);
        self
    }

    /// No temporary keys, whatever was said before: for servers that cannot bind any.
    #[must_use]
    pub(crate) fn permanent_keys(mut self) -> Self {
        self.temporary_keys = None;
        self
    }

    /// Habits of acknowledging, pinging and asking.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Delays between attempts to connect again.
    #[must_use]
    pub fn reconnect(mut self, strategy: ReconnectStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// What wraps queries until the server has answered one in this session.
    #[must_use]
    pub fn introduce(mut self, introduce: Introduce) -> Self {
        self.introduce = Some(introduce);
        self
    }

    /// The layer in which calls are serialized; the newest by default.
    #[must_use]
    pub fn layer(mut self, layer: i32) -> Self {
        self.layer = layer;
        self
    }

    /// Calls that may wait for answers at once; [`IN_FLIGHT`] by default.
    #[must_use]
    pub fn in_flight(mut self, calls: usize) -> Self {
        self.in_flight = calls;
        self
    }

    /// How long a call waits for its answer: 30 s by default, `None` for ever.
    #[must_use]
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// Connects, exchanges keys if there is none, and begins a session. What the server pushes is dropped.
    ///
    /// # Errors
    /// [`ConnectError`] if no address works; nothing is tried twice.
    pub async fn connect(self) -> Result<Connection, ConnectError> {
        self.connect_with_updates().await.map(|(connection, _)| connection)
    }

    /// The same, with what the server pushes.
    ///
    /// # Errors
    /// As [`ConnectionBuilder::connect`].
    pub async fn connect_with_updates(self) -> Result<(Connection, PushedQueue), ConnectError> {
        let (link, saved) = self.first_link().await?;
        let (commands, receiver) = mpsc::unbounded_channel();
        let (pushed, updates) = super::queue();
        let (state_sender, state) = watch::channel(State::Connecting);
        let (saver, saved) = watch::channel(saved);
        let shared = Shared {
            commands,
            turns: Arc::new(Semaphore::new(self.in_flight)),
            last_call: 0.into(),
            state,
            saved,
            layer: self.layer,
            timeout: self.timeout,
        };
        let driver = Driver::new(self, receiver, pushed, state_sender, saver);
        tokio::spawn(driver.run(link));
        Ok((Connection { shared: Arc::new(shared) }, updates))
    }

    async fn first_link(&self) -> Result<(Link, SavedSession), ConnectError> {
        let mut failure = ConnectError::NoAddress;
        for address in &self.addresses {
            match self.try_link(address).await {
                Ok(made) => return Ok(made),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn try_link(&self, address: &Address) -> Result<(Link, SavedSession), ConnectError> {
        let mut link = self.link(address).await?;
        let saved = match &self.saved {
            Some(saved) => saved.clone(),
            None => agreed(&keys::exchange(&mut link, Arc::new(self.exchange.clone())).await?),
        };
        Ok((link, saved))
    }

    pub(super) async fn link(&self, address: &Address) -> Result<Link, ConnectError> {
        match tokio::time::timeout(self.attempt_timeout, self.dial.connect(address.clone())).await {
            Ok(link) => Ok(link?),
            Err(_) => Err(ConnectError::Timeout(self.attempt_timeout)),
        }
    }

    /// What carries the packets, as the session has to know it.
    pub(super) fn session_carrier(&self) -> engine::Carrier {
        if self.dial.is_http() {
            engine::Carrier::Http(engine::HttpWait::USUAL)
        } else {
            engine::Carrier::Stream
        }
    }

    /// What the exchange of a temporary key asks for.
    pub(super) fn temporary(&self) -> Option<Arc<ClientConfig>> {
        let life = self.temporary_keys?;
        let expires_in = i32::try_from(life.as_secs()).unwrap_or(i32::MAX);
        Some(Arc::new(ClientConfig { expires_in: Some(expires_in), ..self.exchange.clone() }))
    }
}

/// What a key exchange yields, as it is kept: there was no session yet.
fn agreed(key: &NegotiatedKey) -> SavedSession {
    let local_s = i64::try_from(wall_clock().as_secs()).unwrap_or(i64::MAX);
    let offset_s = i64::from(key.server_time).saturating_sub(local_s);
    SavedSession {
        key: key.auth_key.clone(),
        salt: key.first_salt,
        session_id: 0,
        time_offset_s: i32::try_from(offset_s).unwrap_or(0),
    }
}
