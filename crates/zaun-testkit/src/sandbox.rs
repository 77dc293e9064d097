//! The whole messenger inside a test's process.

use std::net::SocketAddr;
use std::sync::Arc;

use rand::Rng;
use tempfile::TempDir;
use zaun_api::{Api, Options};
use zaun_blob::Blobs;
use zaun_bus::LocalBus;
use zaun_control::Control;
use zaun_crypto::rsa::PublicKey;
use zaun_messenger::{Clock, Messenger, Settings};
use zaun_node::{Node, Parts};
use zaun_server::{Builder, Handle};
use zaun_store::{Store, StoreError};

use zaun_probe::{Error, SpawnedServer};

/// A server with the whole API on a free port of the loopback interface, as `zaun serve --sandbox` is one: test phones
/// `99966XYYYY` log in with the digit X five times, nothing is limited, nothing is kept. It ends when dropped.
///
/// Its database is SQLite, or a new one of a private PostgreSQL if the environment has `ZAUN_TEST_DATABASE=postgres`.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let sandbox = zaun_testkit::Sandbox::start().await?;
/// println!("clients go to {} and trust {:016x}", sandbox.address(), sandbox.public_key().fingerprint());
/// # Ok::<(), zaun_testkit::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Sandbox {
    server: SpawnedServer<Api>,
    node: Arc<Node>,
    control: Control,
    shared: Shared,
}

/// What several nodes of one server have in common.
#[derive(Clone)]
struct Shared {
    store: Store,
    blobs: Blobs,
    access_secret: [u8; 32],
    salt_secret: [u8; 32],
    clock: Clock,
    bus: LocalBus,
    /// Goes with the last node.
    _data: Arc<TempDir>,
}

impl Shared {
    fn parts(&self, options: Options) -> Parts {
        Parts {
            store: self.store.clone(),
            blobs: self.blobs.clone(),
            access_secret: self.access_secret,
            salt_secret: self.salt_secret,
            settings: Settings { sandbox: true, clock: self.clock.clone(), ..Settings::default() },
            options,
            bus: self.bus.clone(),
        }
    }
}

impl Sandbox {
    /// Starts one.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Sandbox`].
    pub async fn start() -> Result<Sandbox, Error> {
        Sandbox::with(|options| options, |builder| builder).await
    }

    /// Starts one that presents itself in another way, or on other settings of the server.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Sandbox`].
    pub async fn with(
        options: impl FnOnce(Options) -> Options,
        settings: impl FnOnce(Builder<Api>) -> Builder<Api>,
    ) -> Result<Sandbox, Error> {
        let data = tempfile::Builder::new().prefix("zaun-test-").tempdir()?;
        let store = match zaun_pgtest::database_of(data.path()) {
            Some(url) => Store::open_postgres(&url, &store_options()),
            None => Store::open(&data.path().join("zaun.db"), &store_options()),
        };
        Sandbox::over(store, data, options, settings).await
    }

    /// Starts one over an empty PostgreSQL database, which `url` names as `zaun serve --database` does.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Sandbox`].
    pub async fn on_postgres(url: &str) -> Result<Sandbox, Error> {
        let data = tempfile::Builder::new().prefix("zaun-test-").tempdir()?;
        let store = Store::open_postgres(url, &store_options());
        Sandbox::over(store, data, |options| options, |builder| builder).await
    }

    async fn over(
        store: Result<Store, StoreError>,
        data: TempDir,
        options: impl FnOnce(Options) -> Options,
        settings: impl FnOnce(Builder<Api>) -> Builder<Api>,
    ) -> Result<Sandbox, Error> {
        let secret = || {
            let mut secret = [0; 32];
            rand::rng().fill_bytes(&mut secret);
            secret
        };
        let shared = Shared {
            store: store.map_err(|error| Error::Setup(error.to_string()))?,
            blobs: Blobs::open(data.path(), zaun_blob::Durability::Ephemeral)
                .map_err(|error| Error::Setup(error.to_string()))?,
            access_secret: secret(),
            salt_secret: secret(),
            clock: Clock::default(),
            bus: LocalBus::default(),
            _data: Arc::new(data),
        };
        Sandbox::node(shared, options, settings).await
    }

    async fn node(
        shared: Shared,
        options: impl FnOnce(Options) -> Options,
        settings: impl FnOnce(Builder<Api>) -> Builder<Api>,
    ) -> Result<Sandbox, Error> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let options = options(Options::one_listener(2, address.ip(), address.port()));
        let assembled = Node::assemble(shared.parts(options)).await;
        let (node, builder) = assembled.map_err(|error| Error::Setup(error.to_string()))?;
        let node = Arc::new(node);
        let control = Control::new(node.clone());
        control.begin().await;
        let builder = builder.web(Arc::new(control.clone())).middleware(control.clone());
        let server = SpawnedServer::build_on(settings(builder), listener)?;
        Ok(Sandbox { server, node, control, shared })
    }

    /// Starts one more node of the same server, with an address of its own: it shares database, files and clock, and
    /// both tell each other what happens.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Sandbox`].
    pub async fn another_node(&self) -> Result<Sandbox, Error> {
        Sandbox::node(self.shared.clone(), |options| options, |builder| builder).await
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The key that clients trust.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.server.public_key()
    }

    /// The server, seen from inside.
    #[must_use]
    pub fn handle(&self) -> &Handle<Api> {
        self.server.handle()
    }

    /// The messenger behind it.
    #[must_use]
    pub fn messenger(&self) -> &Arc<Messenger> {
        self.node.messenger()
    }

    /// What steers it: people, bots and conversations, made and moved by calls.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The clock of the messenger; that of the protocol stays with the system's time.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Lets so many seconds pass for the messenger, and waits until what fell due meanwhile is done.
    pub async fn advance(&self, seconds: i64) {
        self.shared.clock.advance(seconds);
        self.node.run_due().await;
    }

    /// Serves one more listener.
    pub fn serve(&mut self, listener: impl Into<zaun_server::Listener>) {
        self.server.serve(listener);
    }
}

/// Nothing is kept, and two readers are enough for one test.
fn store_options() -> zaun_store::Options {
    zaun_store::Options { durability: zaun_store::Durability::Ephemeral, readers: 2 }
}
