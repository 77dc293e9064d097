//! Settings of a client.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use zaun_schema::LAYER;
use zaun_schema::api::functions::{InitConnection, InvokeWithLayer, InvokeWithoutUpdates};
use zaun_tl::{Encode, RawObject};

use super::cdn::CdnKeys;
use super::flood::{FloodMemory, FloodPolicy};
use super::pool::{Configure, Pool, Purpose};
use super::{Client, ClientError, Inner};
use crate::connection::{ConnectionBuilder, Introduce};
use crate::servers::Servers;
use crate::storage::{MemoryStorage, Storage};

/// What an application says of itself (`initConnection`).
#[derive(Debug, Clone)]
pub struct App {
    /// From the operator of the server.
    pub api_id: i32,
    /// The same.
    pub api_hash: String,
    /// The machine.
    pub device_model: String,
    /// Its system.
    pub system_version: String,
    /// The application's version.
    pub app_version: String,
    /// The user's language, two letters.
    pub lang_code: String,
}

impl App {
    /// With the usual words for the rest.
    pub fn new(api_id: i32, api_hash: impl Into<String>) -> App {
        App {
            api_id,
            api_hash: api_hash.into(),
            device_model: "Zaun".into(),
            system_version: std::env::consts::OS.into(),
            app_version: env!("CARGO_PKG_VERSION").into(),
            lang_code: "en".into(),
        }
    }

    /// What a [`Connection`](crate::Connection) of this application introduces itself with.
    #[must_use]
    pub fn introduction(&self) -> Introduce {
        self.introduce(Purpose::Main)
    }

    /// Wraps queries so that the server knows layer and application; without updates for connections that want none.
    pub(super) fn introduce(&self, purpose: Purpose) -> Introduce {
        let app = self.clone();
        Arc::new(move |query| {
            let init = InitConnection {
                api_id: app.api_id,
                device_model: app.device_model.clone(),
                system_version: app.system_version.clone(),
                app_version: app.app_version.clone(),
                system_lang_code: app.lang_code.clone(),
                lang_code: app.lang_code.clone(),
                query: RawObject(query),
                ..InitConnection::default()
            };
            let layered = InvokeWithLayer { layer: LAYER, query: RawObject(serialized(&init)) };
            match purpose {
                // Content delivery nodes know no wrapper but these two (M-523).
                Purpose::Main | Purpose::Cdn(_) => serialized(&layered),
                _ => serialized(&InvokeWithoutUpdates { query: RawObject(serialized(&layered)) }),
            }
        })
    }
}

/// These wrappers have a form in the newest layer.
fn serialized(value: &impl Encode) -> Bytes {
    zaun_tl::to_bytes(value, LAYER).unwrap_or_default().into()
}

/// Settings of a [`Client`].
pub struct ClientBuilder {
    servers: Servers,
    app: App,
    storage: Box<dyn Storage>,
    configure: Configure,
    flood: FloodPolicy,
}

impl std::fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientBuilder").field("servers", &self.servers).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    pub(super) fn new(servers: Servers, app: App) -> ClientBuilder {
        let (storage, flood) = (Box::new(MemoryStorage::default()), FloodPolicy::default());
        ClientBuilder { servers, app, storage, configure: Arc::new(|connection| connection), flood }
    }

    /// Where keys are kept; in memory by default.
    #[must_use]
    pub fn storage(mut self, storage: impl Storage) -> Self {
        self.storage = Box::new(storage);
        self
    }

    /// Settings of every connection: transport, proxy, temporary keys …
    #[must_use]
    pub fn connections(
        mut self,
        configure: impl Fn(ConnectionBuilder) -> ConnectionBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure = Arc::new(configure);
        self
    }

    /// What happens when the server wants a pause.
    #[must_use]
    pub fn flood(mut self, policy: FloodPolicy) -> Self {
        self.flood = policy;
        self
    }

    /// Loads what was kept, connects to the main data centre, and asks for the addresses of the others.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn connect(self) -> Result<Client, ClientError> {
        let mut saved = self.storage.load()?.unwrap_or_default();
        saved.test = self.servers.test;
        let (pushed, receiver) = crate::connection::queue();
        let inner = Inner {
            app: self.app,
            servers: RwLock::new(self.servers),
            storage: self.storage,
            saved: Mutex::new(saved),
            pool: Pool::new(self.configure),
            flood: FloodMemory::new(self.flood),
            cdn_keys: CdnKeys::default(),
            pushed,
            receiver: Mutex::new(Some(receiver)),
            results: OnceLock::new(),
        };
        let client = Client { inner: Arc::new(inner) };
        client.refresh_config().await?;
        Ok(client)
    }
}
