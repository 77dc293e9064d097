//! The whole messenger inside a test's process.

use std::net::SocketAddr;
use std::sync::Arc;

use rand::Rng;
use tempfile::TempDir;
use zaun_api::{Api, Options, Parts};
use zaun_blob::Blobs;
use zaun_crypto::rsa::PublicKey;
use zaun_messenger::{Messenger, Settings};
use zaun_server::{Builder, Handle};
use zaun_store::Store;

use zaun_probe::{Error, SpawnedServer};

/// A server with the whole API on a free port of the loopback interface, as `zaun serve --sandbox` is one: test phones
/// `99966XYYYY` log in with the digit X five times, nothing is limited, nothing is kept. It ends when dropped.
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
    messenger: Arc<Messenger>,
    _data: TempDir,
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
        let durability = zaun_store::Durability::Ephemeral;
        let store = Store::open(
            &data.path().join("zaun.db"),
            &zaun_store::Options { durability, ..zaun_store::Options::default() },
        );
        let secret = || {
            let mut secret = [0; 32];
            rand::rng().fill_bytes(&mut secret);
            secret
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let parts = Parts {
            store: store.map_err(|error| Error::Setup(error.to_string()))?,
            blobs: Blobs::open(data.path(), zaun_blob::Durability::Ephemeral)
                .map_err(|error| Error::Setup(error.to_string()))?,
            access_secret: secret(),
            salt_secret: secret(),
            settings: Settings { sandbox: true, ..Settings::default() },
            options: options(Options::one_listener(2, address.ip(), address.port())),
        };
        let assembled = zaun_api::assemble(parts).await;
        let (messenger, builder) = assembled.map_err(|error| Error::Setup(error.to_string()))?;
        let server = SpawnedServer::build_on(settings(builder), listener)?;
        Ok(Sandbox { server, messenger, _data: data })
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
        &self.messenger
    }

    /// Serves one more listener.
    pub fn serve(&mut self, listener: impl Into<zaun_server::Listener>) {
        self.server.serve(listener);
    }
}
