//! Connections to MTProto servers, whatever carries them: payloads in, payloads out.
//!
//! [`Dial`] says how a server is reached (framing, obfuscation, secrets, TLS, WebSocket, HTTP, proxies) and makes a
//! [`Link`]. It deliberately knows nothing of what the payloads are: no keys, no sessions, no reconnecting.
//!
//! ```no_run
//! # async fn run() -> Result<(), zaun_link::LinkError> {
//! let address: std::net::SocketAddr = "127.0.0.1:4430".parse().expect("an address");
//! let mut link = zaun_link::Dial::new(zaun_transport::Framing::Intermediate).connect(address).await?;
//! link.send(&[0; 40], false).await?;
//! println!("{:?}", link.receive().await?);
//! # Ok(()) }
//! ```

mod carrier;
mod dial;
mod link;

pub use carrier::{Io, Proxy, Tls};
pub use dial::{Address, Carrier, Dial};
pub use link::{Link, LinkError, Received};
