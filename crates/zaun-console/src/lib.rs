//! The inspector that people see: what happens on a server's wire, decoded, redacted, and served as a stream of JSON
//! and as a live page.
//!
//! [`tree`] reads any object of any known layer by the text of the schemas, [`redact`] says what is never shown,
//! [`Event`] is the JSON form, and [`Console`] serves it over HTTP to whoever may look: a page on a loopback port, and
//! `zaun inspect` on a Unix socket. It deliberately keeps nothing: what nobody watched is not there afterwards.
//!
//! ```
//! let ping = bytes::Bytes::from_static(&[0xec, 0x77, 0xbe, 0x7a, 7, 0, 0, 0, 0, 0, 0, 0]);
//! let decoded = zaun_console::tree::decode(&ping, &|_| None);
//! assert_eq!(zaun_console::tree::line(&decoded.messages[0].tree), "ping(ping_id: 7)");
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::panic
    )
)]

pub mod dictionary;
pub mod event;
pub mod limits;
pub mod redact;
pub mod tree;

mod http;
mod page;
mod viewer;

pub use event::Event;
pub use http::Console;
pub use viewer::{Account, AccountFuture, Source};
