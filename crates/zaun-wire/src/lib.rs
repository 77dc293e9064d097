//! MTProto as Rust types, generated from its schema when the crate is built: handshake and service messages.
//!
//! Nothing here is written by hand and nothing here has behaviour. [`types`] has a struct per constructor, [`enums`]
//! the boxed types, [`functions`] the methods, and [`Request`] is any of them. A boxed type with one constructor is an
//! alias of that struct. Containers and results hold objects of any type and have no struct; only their ids are in
//! [`ids`].
//!
//! The API that is spoken on top of the protocol is not here but in `zaun-schema`, with one exception:
//! `auth.bindTempAuthKey` belongs to the protocol.
//!
//! ```
//! use zaun_wire::types::Pong;
//!
//! let pong = Pong { msg_id: 4, ping_id: 7 };
//! let bytes = zaun_tl::to_bytes(&pong, 0)?;
//! assert_eq!(zaun_tl::from_bytes::<Pong>(bytes.into())?, pong);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[allow(missing_docs, unused_variables, clippy::all, reason = "generated; the schema is the documentation")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/mtproto.rs"));
}

pub use generated::*;

/// The schema as text, for tools that read objects without the types.
pub const TEXT: &str = include_str!("../tl/mtproto.tl");
