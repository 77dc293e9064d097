//! The Telegram API as Rust types, generated from the schemas in `tl/` when the crate is built.
//!
//! Hardly anything here is written by hand: the types decode by constructor id, encode for a client's layer, and say
//! whom they mention ([`visit`]). [`api`] is the newest layer. `types` has a struct per constructor, `enums` the boxed
//! types, `functions` the methods, and `Request` is any of them. A boxed type with one constructor is an alias of that
//! struct; other types are enums, with `From` for each of their constructors. The protocol below the API is in
//! `zaun-wire`.
//!
//! ```
//! use zaun_schema::api::{enums, types};
//!
//! let peer: enums::Peer = types::PeerUser { user_id: 7 }.into();
//! let bytes = zaun_tl::to_bytes(&peer, zaun_schema::LAYER)?;
//! assert_eq!(zaun_tl::from_bytes::<enums::Peer>(bytes.into())?, peer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod visit;

/// The newest layer: the one that the types have.
pub const LAYER: i32 = 232;
/// The oldest layer that values can be encoded for.
pub const MIN_LAYER: i32 = 133;

/// The Telegram API.
#[allow(
    missing_docs,
    unused_variables,
    unused_parens,
    clippy::all,
    reason = "generated; the schema is the documentation"
)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/api.rs"));
}

/// The schemas as text, for tools that read objects without the types.
pub mod text {
    /// The Telegram API in the newest layer.
    pub const API: &str = include_str!("../tl/api.tl");
    /// What older layers say differently; [`zaun_tl::schema::History`] reads it.
    pub const HISTORY: &str = include_str!("../tl/history.tl");
}
