//! The client engine: everything between an application and MTProto servers.
//!
//! From below: [`Dial`] makes a [`Link`] over any transport and proxy; a [`Connection`] keeps a session alive on links
//! that come and go, so that every call ends in its result or in a definite error; a [`Client`] is an account with all
//! data centres, logins, [files](Upload) and [updates](Updates), kept in a [`Storage`].
//!
//! Servers are settings: [`Servers`] holds addresses and RSA keys. It deliberately has no types of its own for messages or
//! users: requests and results are those of `zaun_schema`, in the newest layer.
//!
//! ```no_run
//! use zaun_client::{App, Client, Servers};
//! use zaun_schema::api::functions::help::GetNearestDc;
//!
//! # async fn run(key: zaun_crypto::rsa::PublicKey) -> Result<(), Box<dyn std::error::Error>> {
//! let address: std::net::SocketAddr = "127.0.0.1:4430".parse()?;
//! let client = Client::builder(Servers::one(address, key), App::new(1, "hash")).connect().await?;
//! println!("{}", client.invoke(&GetNearestDc {}).await?.country);
//! # Ok(()) }
//! ```

mod backoff;
mod client;
mod connection;
mod files;
mod servers;
mod storage;

pub use backoff::{FloodControl, ReconnectStrategy};
pub use client::{
    App, Client, ClientBuilder, ClientError, FloodPolicy, LoginCode, LoginError, Purpose, QrLogin, SignedIn,
    Updates,
};
pub use connection::{
    Closed, ConnectError, Connection, ConnectionBuilder, IN_FLIGHT, Introduce, InvokeError, MAX_PUSHED,
    MAX_PUSHED_BYTES, Pending, Pushed, PushedQueue, State,
};
pub use files::{
    BIG_FILE_BYTES, Download, MAX_CONNECTIONS, MAX_PARTS, PART_BYTES, Progress, TransferError, Upload,
};
pub use servers::{DcAddress, Migration, Servers};
pub use storage::{Account, FileStorage, Foreign, MemoryStorage, Saved, Storage, StorageError};
pub use zaun_link::{Address, Carrier, Dial, Link, LinkError, Proxy, Received, Tls};
pub use zaun_mtproto::client::{RpcError, SavedSession};
pub use zaun_updates::Event as UpdateEvent;
