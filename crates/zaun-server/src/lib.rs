//! The MTProto server library: listeners, key exchange, sessions that outlive their connections, typed handlers.
//!
//! It deliberately knows nothing of Telegram's API. A server with one method of its own schema:
//!
//! ```
//! use zaun_server::{Context, MemoryKeys, Router, RpcError, Server};
//! use zaun_wire::{functions, types};
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
//! | to … | use |
//! |---|---|
//! | answer methods | [`Router::method`], typed; `cargo run -p server-examples --example custom_answer` |
//! | decide who may call what | [`Router::authorize`]; `--example authorize` |
//! | answer what no handler knows | [`Router::unknown`] |
//! | decide everything, down to the bytes | [`Service`] in place of [`Router`] |
//! | look at every query, or spoil some | [`Middleware`], [`Faults`]; `--example faults` |
//! | keep auth keys | [`KeyStore`]; [`MemoryKeys`] forgets them with the process |
//! | listen elsewhere: TLS, secrets, proxies, data centres | [`Listener`] |
//! | see what happens on the wire | [`Handle::watch`], [`inspect`] |
//! | limit what one address or key may do | [`FloodLimits`], [`limits`] |
//! | let temporary keys act for permanent ones | [`Context::bind_temporary_key`] |
//! | serve a schema of your own | `examples/private-schema` in the repository |
//!
//! What a plain MTProto server answers by itself (pings, acknowledgements, states, resending, salts, sessions) needs no
//! handler: `cargo run -p zaun-server --example ping` serves nothing else.

mod accept;
mod binding;
mod compute;
mod connection;
mod endpoint;
mod exchange;
mod explain;
mod faults;
mod flood;
mod http;
pub mod inspect;
mod keys;
pub mod limits;
mod link;
mod mailbox;
mod middleware;
mod patience;
mod router;
mod running;
mod server;
mod service;
mod session;
mod socket;
mod stream;
mod unsealed;
mod web;
mod websocket;

pub use binding::{BindRefusal, BindRequest};
pub use endpoint::{Dc, Listener, Network, NotANetwork};
pub use faults::{Fault, Faults};
pub use flood::{FloodLimits, Rate};
pub use keys::{KeyEntry, KeyFuture, KeyStore, KeyStoreError, MemoryKeys, StoredKey};
pub use middleware::{Middleware, Next};
pub use router::Router;
pub use server::{BuildError, Builder, Handle, Server, WeakHandle};
pub use service::{Answering, Context, Encoded, RpcError, Service};
pub use session::SessionHandle;
pub use socket::Peer;
pub use web::{Web, WebAnswering, WebBody, full, is_local};
