//! Tools of tests and benchmarks: a raw MTProto client with control over every byte, and servers on free ports.
//!
//! It deliberately is no client library: nothing is acknowledged, resent or adopted by itself, so that a test says
//! what it does. [`RawClient`] is one connection, [`Session`] the client's half of a session without I/O, and
//! [`Conversation`] puts the two together. [`Pair`] is something else: both real engines against each other on a virtual
//! network and clock.
//!
//! ```
//! use zaun_wire::{functions, types};
//! use zaun_server::{MemoryKeys, Router};
//! use zaun_testkit::{Conversation, SpawnedServer, Wire};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let server = SpawnedServer::start(Router::new(), MemoryKeys::default()).await?;
//! let mut talk = Conversation::begin(server.address(), Wire::default(), &server.public_key()).await?;
//! let ping = talk.send(&functions::Ping { ping_id: 7 }).await?;
//! let pong: types::Pong = talk.wait_for(|message| message.decode()).await?;
//! assert_eq!((pong.msg_id, pong.ping_id), (ping, 7));
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api_client;
mod client;
mod conversation;
mod error;
mod message;
mod pair;
mod process;
mod rsa;
mod sandbox;
mod server;
mod session;

pub use api_client::{ApiClient, check};
pub use client::{RawClient, Wire};
pub use conversation::Conversation;
pub use error::Error;
pub use message::{
    GZIP_PACKED, MSG_CONTAINER, MSG_COPY, Message, RPC_RESULT, container, gzip, msg_copy, object, take_apart,
};
pub use pair::{Faults, Pair, Plan, Report, Violation};
pub use process::Process;
pub use rsa::{private_key, public_key};
pub use sandbox::Sandbox;
pub use server::SpawnedServer;
pub use session::{Session, now};
pub use zaun_client::{Address, Carrier, Dial, Received, Tls};
