//! MTProto over a byte stream, both roles: the abridged, intermediate, padded intermediate and full framings, their
//! detection from the first bytes, obfuscation around the first three, secrets and fake TLS ([`faketls`]), quick
//! acknowledgements and transport errors; and both ends of a stream for the proxy between them ([`relay`]).
//!
//! A codec owns no socket. Received bytes go in with `feed` (or are read straight into `receive_buffer`), frames come
//! out of `next_frame`; what is to be sent is appended to a buffer of the caller. Padding and headers are drawn from the
//! generator that the caller passes.
//!
//! It deliberately does not look into payloads, with one exception: padded intermediate cannot be told from its padding
//! without knowing that an encrypted payload is 24 bytes and whole AES blocks (M-026).
//!
//! ```
//! use bytes::BytesMut;
//! use zaun_transport::{ClientCodec, Framing, Limits, ServerCodec};
//!
//! let (mut client, mut server) = (ClientCodec::new(Framing::Intermediate), ServerCodec::new(Limits::default()));
//! let mut wire = BytesMut::new();
//! client.write_frame(&[1; 40], false, &mut rand::rng(), &mut wire)?;
//! server.feed(&wire);
//! let frame = server.next_frame()?.expect("one whole frame");
//! assert_eq!(frame.payload, [1; 40][..]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
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

mod client;
mod error;
pub mod faketls;
mod framing;
mod input;
mod obfuscation;
pub mod proxy_header;
pub mod relay;
mod secret;
mod server;

pub use client::{ClientCodec, Incoming, NotObfuscatable};
pub use error::{ForeignProtocol, PeerFault, TransportError, WriteError};
pub use framing::{Framing, Limits, MAX_INBOUND_BYTES, MAX_OUTBOUND_BYTES};
pub use obfuscation::Secret;
pub use secret::{MAX_DOMAIN_BYTES, ProxySecret, SecretError, SecretKind};
pub use server::{Frame, Info, ServerCodec};
