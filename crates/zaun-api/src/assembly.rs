//! Putting store, messenger and API together.

use std::sync::Arc;

use zaun_blob::Blobs;
use zaun_messenger::{Error, Messenger, Settings};
use zaun_server::{Builder, Server};
use zaun_store::Store;

use crate::{Api, Deliverer, Options, StoredKeys};

/// What a server of the API is made of.
pub struct Parts {
    /// Its database.
    pub store: Store,
    /// Its files.
    pub blobs: Blobs,
    /// Signs access hashes and file references; another one makes all of them void.
    pub access_secret: [u8; 32],
    /// Derives salts (M-245).
    pub salt_secret: [u8; 32],
    /// How the messenger behaves.
    pub settings: Settings,
    /// How the server presents itself.
    pub options: Options,
}

/// The messenger, and a builder of a server for it that still lacks its RSA key. Call it inside the runtime in which
/// the server is to run.
///
/// # Errors
/// Those of the store.
pub async fn assemble(parts: Parts) -> Result<(Arc<Messenger>, Builder<Api>), Error> {
    let Parts { store, blobs, access_secret, salt_secret, settings, options } = parts;
    let deliverer = Arc::new(Deliverer::default());
    let messenger = Messenger::open(store.clone(), blobs, deliverer.clone(), access_secret, settings).await?;
    let messenger = Arc::new(messenger);
    let api = Arc::new(Api::new(messenger.clone(), options));
    deliverer.start(&api);
    Ok((messenger, Server::builder(api, StoredKeys::new(store)).salt_secret(salt_secret)))
}
