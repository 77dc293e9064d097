//! One node of a server: store, files, messenger, API and background duties, put together once.
//!
//! `zaun serve`, the sandbox of tests and the benchmarks all run what [`Node::assemble`] makes, so that none of them
//! lacks a duty that another one has. It deliberately opens no socket and reads no settings: whoever assembles a node
//! brings an open store and decides where the server listens.

mod duties;
mod father;
mod image;
mod keys;
mod neighbours;

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use zaun_api::{Api, Deliverer, Options};
use zaun_blob::Blobs;
use zaun_botapi::BotApi;
use zaun_bus::LocalBus;
use zaun_messenger::{Error, Messenger, Settings};
use zaun_server::{Builder, Server};
use zaun_store::Store;

use duties::Duties;
use father::{MAX_QUEUED, answer_for_ever};
pub use image::Image;
pub use keys::StoredKeys;
use neighbours::NodeOutlet;

/// What a node is made of.
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
    /// Connects the node with others over the same store; a bus of its own for a node that is alone.
    pub bus: LocalBus,
}

/// A running node. Its background duties end when it is dropped.
pub struct Node {
    messenger: Arc<Messenger>,
    duties: Arc<Duties>,
    running: JoinHandle<()>,
    listening: JoinHandle<()>,
    answering: JoinHandle<()>,
    bots: Arc<BotApi>,
    outlet: Arc<NodeOutlet>,
    store: Store,
    api: Arc<Api>,
}

impl Node {
    /// Puts a node together and starts its duties. Returns it with a builder of its server, which still lacks its RSA
    /// key. Call it inside the runtime in which the server is to run.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn assemble(parts: Parts) -> Result<(Node, Builder<Api>), Error> {
        let Parts { store, blobs, access_secret, salt_secret, settings, options, bus } = parts;
        let deliverer = Arc::new(Deliverer::default());
        let member = bus.join();
        let node = u8::try_from(member.number()).unwrap_or(u8::MAX);
        let sandbox = settings.sandbox;
        let settings = Settings { node, ..settings };
        // From before the first change on, so that nothing is missed.
        let listener = member.listen();
        let (father, written) = mpsc::channel(MAX_QUEUED);
        let outlet = Arc::new(NodeOutlet::new(deliverer.clone(), member, father));
        let messenger =
            Messenger::open(store.clone(), blobs, outlet.clone(), access_secret, settings).await?;
        let messenger = Arc::new(messenger);
        let api = Arc::new(Api::new(messenger.clone(), options));
        deliverer.start(&api);
        let duties = Arc::new(Duties::new(messenger.clone()));
        let running = tokio::spawn(duties.clone().run());
        let listening =
            tokio::spawn(neighbours::listen(listener, outlet.clone(), messenger.clone(), api.clone()));
        let answering = tokio::spawn(answer_for_ever(messenger.clone(), written));
        let kept = (store.clone(), api.clone());
        let bots = BotApi::new(messenger.clone(), sandbox);
        bots.resume().await?;
        outlet.add_bots(&bots);
        let builder = Server::builder(api, StoredKeys::new(store)).salt_secret(salt_secret).web(bots.clone());
        let (store, api) = kept;
        Ok((Node { messenger, duties, running, listening, answering, bots, outlet, store, api }, builder))
    }

    /// The rules behind the node's API.
    #[must_use]
    pub fn messenger(&self) -> &Arc<Messenger> {
        &self.messenger
    }

    /// The HTTP side of the node's bots.
    #[must_use]
    pub fn bots(&self) -> &Arc<BotApi> {
        &self.bots
    }

    /// Returns a number that rises with everything that is told to anybody: for whoever waits until something is so.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.outlet.changes()
    }

    /// Closes all MTProto connections without a word; sessions and keys stay.
    pub fn cut_connections(&self) {
        self.api.cut_connections();
    }

    /// Runs the duties that are due by the messenger's clock, and waits for them: for whoever moved that clock.
    pub async fn run_due(&self) {
        self.duties.run_due().await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.running.abort();
        self.listening.abort();
        self.answering.abort();
        self.bots.stop();
    }
}
