//! A raw MTProto client with control over every byte: for the doctor, for benchmarks, and for tests.
//!
//! It deliberately is no client library: nothing is acknowledged, resent or adopted by itself, so that whoever uses it
//! says what it does. [`RawClient`] is one connection, [`Session`] the client's half of a session without I/O, and
//! [`Conversation`] puts the two together. With the feature `server` there is `SpawnedServer` to talk to.
//!
//! ```no_run
//! use zaun_probe::{Conversation, Wire};
//! use zaun_wire::{functions, types};
//!
//! # async fn run(key: zaun_crypto::rsa::PublicKey) -> Result<(), zaun_probe::Error> {
//! let address = "127.0.0.1:4430".parse().expect("an address");
//! let mut talk = Conversation::begin(address, Wire::default(), &key).await?;
//! let ping = talk.send(&functions::Ping { ping_id: 7 }).await?;
//! let pong: types::Pong = talk.wait_for(|message| message.decode()).await?;
//! assert_eq!((pong.msg_id, pong.ping_id), (ping, 7));
//! # Ok(()) }
//! ```

mod client;
mod conversation;
mod error;
mod message;
mod process;
mod rsa;
#[cfg(feature = "server")]
mod server;
mod session;

pub use client::{RawClient, Wire};
pub use conversation::Conversation;
pub use error::Error;
pub use message::{
    GZIP_PACKED, MSG_CONTAINER, MSG_COPY, Message, RPC_RESULT, check, container, gzip, msg_copy, object,
    take_apart,
};
pub use process::Process;
pub use rsa::{private_key, public_key};
#[cfg(feature = "server")]
pub use server::SpawnedServer;
pub use session::{Session, now};
pub use zaun_link::{Address, Carrier, Dial, Received, Tls};
