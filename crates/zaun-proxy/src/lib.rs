//! An MTProto proxy: named secrets of all three kinds in front, several paths to the data centres behind, and a cover
//! site for whoever has no secret (M-073 … M-084, M-331 … M-353).
//!
//! [`Proxy`] takes [`Settings`] and listeners. A connection is judged by its first bytes: a client of ours is carried
//! over the first path that answers, everybody else is shown the cover site. Settings change while it runs.
//!
//! It deliberately understands nothing of what it carries: no keys of users, no messages. Framings, obfuscation, secrets
//! and fake TLS are those of `zaun-transport`, connections those of `zaun-link`.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let secret = "dd000102030405060708090a0b0c0d0e0f".parse()?;
//! let proxy = zaun_proxy::Proxy::start(zaun_proxy::Settings::new(secret), None)?;
//! proxy.serve(tokio::net::TcpListener::bind("127.0.0.1:1443").await?).await;
//! # Ok(()) }
//! ```

mod announce;
mod counters;
mod cover;
mod imitation;
mod intake;
mod ledger;
pub mod limits;
mod listen;
mod proxy;
mod pump;
mod replay;
mod session;
pub mod upstream;
mod users;

pub use announce::{Ends, HeaderVersion};
pub use counters::Counters;
pub use cover::Cover;
pub use imitation::SiteProfile;
pub use listen::ListenSocket;
pub use proxy::{Proxy, Settings, SettingsError, StartError};
pub use replay::ReplayGuard;
pub use users::{Allowance, Refused, Usage, User, UsersError};
