//! A server inside the test's process.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use zaun_crypto::rsa::PublicKey;
use zaun_server::{Builder, Handle, KeyStore, Listener, Server, Service};

use crate::Error;

/// A server on a free port of the loopback interface; it stops accepting when dropped.
pub struct SpawnedServer<S: Service> {
    server: Arc<Server<S>>,
    handle: Handle<S>,
    address: SocketAddr,
    tasks: Vec<JoinHandle<std::io::Result<()>>>,
}

impl<S: Service> SpawnedServer<S> {
    /// Starts a server with the defaults and the key of [`private_key`](crate::private_key).
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn start(service: S, keys: impl KeyStore) -> Result<SpawnedServer<S>, Error> {
        SpawnedServer::build(Server::builder(service, keys)).await
    }

    /// Starts a server with any settings; the key is added to them.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn build(builder: Builder<S>) -> Result<SpawnedServer<S>, Error> {
        SpawnedServer::build_on(builder, TcpListener::bind("127.0.0.1:0").await?)
    }

    /// The same on a listener that is there already.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn build_on(builder: Builder<S>, listener: TcpListener) -> Result<SpawnedServer<S>, Error> {
        let server = builder.rsa_key(crate::private_key()).build().map_err(std::io::Error::other)?;
        let (handle, address) = (server.handle(), listener.local_addr()?);
        let mut spawned = SpawnedServer { server: Arc::new(server), handle, address, tasks: Vec::new() };
        spawned.serve(listener);
        Ok(spawned)
    }

    /// Serves one more listener.
    pub fn serve(&mut self, listener: impl Into<Listener>) {
        let (server, listener) = (self.server.clone(), listener.into());
        self.tasks.push(tokio::spawn(async move { server.serve(listener).await }));
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The key that clients trust.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        crate::public_key()
    }

    /// The server, seen from inside.
    #[must_use]
    pub fn handle(&self) -> &Handle<S> {
        &self.handle
    }
}

impl<S: Service> Drop for SpawnedServer<S> {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
