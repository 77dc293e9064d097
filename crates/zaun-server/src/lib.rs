//! The MTProto server library: listeners, key exchange, sessions that outlive their connections, typed handlers.
//!
//! It deliberately knows nothing of Telegram's API. A server with one method of its own schema:
//!
//! ```
//! use zaun_server::{Context, MemoryKeys, Router, RpcError, Server};
//! use zaun_schema::mtproto::{functions, types};
//!
//! async fn echo(
//!     _: Context<Router>,
//!     ping: functions::Ping,
//! ) -> Result<types::Pong, RpcError> {
//!     Ok(types::Pong { msg_id: 0, ping_id: ping.ping_id })
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let rsa = zaun_crypto::rsa::PrivateKey::generate(&mut rand::rng())?;
//! let server = Server::builder(Router::new().method(echo), MemoryKeys::default()).rsa_key(rsa).build()?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! server.serve(listener).await?;
//! # Ok(()) }
//! ```
//!
//! [`Router`] is the ready-made [`Service`]; implement [`Service`] yourself to decide everything, down to the bytes.
//! [`KeyStore`] says where auth keys live.

mod accept;
mod binding;
mod compute;
mod connection;
mod endpoint;
mod exchange;
mod explain;
mod flood;
mod http;
pub mod inspect;
mod keys;
pub mod limits;
mod link;
mod mailbox;
mod proxy_header;
mod router;
mod running;
mod server;
mod service;
mod session;
mod socket;
mod stream;
mod websocket;

pub use binding::{BindRefusal, BindRequest};
pub use endpoint::{Dc, Listener, Network, NotANetwork};
pub use flood::{FloodLimits, Rate};
pub use keys::{KeyEntry, KeyFuture, KeyStore, KeyStoreError, MemoryKeys, StoredKey};
pub use router::Router;
pub use server::{BuildError, Builder, Handle, Server};
pub use service::{Answering, Context, Encoded, RpcError, Service};
pub use session::SessionHandle;
pub use socket::Peer;
