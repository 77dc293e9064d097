//! The client engine. So far it is its lowest part: one connection to an MTProto server, over every transport there is.
//!
//! It deliberately knows no keys and no sessions yet: payloads go in and come out.
//!
//! ```no_run
//! use zaun_client::{Carrier, Dial, Received};
//! use zaun_transport::Framing;
//!
//! # async fn run() -> Result<(), zaun_client::LinkError> {
//! let dial = Dial::new(Framing::Intermediate).obfuscated(2).carrier(Carrier::web_socket("/apiws"));
//! let address: std::net::SocketAddr = "127.0.0.1:4430".parse().unwrap();
//! let mut link = dial.connect(address).await?;
//! link.send(&[0; 40], false).await?;
//! assert!(matches!(link.receive().await?, Received::Payload(_)));
//! # Ok(()) }
//! ```

mod backoff;
mod carrier;
mod client;
mod connection;
mod dial;
mod files;
mod link;
mod servers;
mod storage;

pub use backoff::{FloodControl, ReconnectStrategy};
pub use carrier::{Proxy, Tls};
pub use client::{
    App, Client, ClientBuilder, ClientError, FloodPolicy, LoginCode, LoginError, Purpose, QrLogin, SignedIn,
    Updates,
};
pub use connection::{
    Closed, ConnectError, Connection, ConnectionBuilder, IN_FLIGHT, Introduce, InvokeError, MAX_PUSHED,
    Pending, Pushed, State,
};
pub use dial::{Address, Carrier, Dial};
pub use files::{
    BIG_FILE_BYTES, Download, MAX_CONNECTIONS, MAX_PARTS, PART_BYTES, Progress, TransferError, Upload,
};
pub use link::{Link, LinkError, Received};
pub use servers::{DcAddress, Migration, Servers};
pub use storage::{Account, FileStorage, Foreign, MemoryStorage, Saved, Storage, StorageError};
pub use zaun_mtproto::client::{RpcError, SavedSession};
pub use zaun_updates::Event as UpdateEvent;
