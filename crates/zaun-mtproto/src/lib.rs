//! MTProto 2.0 as engines without I/O: the key exchange ([`handshake`]), packets ([`packet`]) and sessions, the
//! server's half ([`session`]) and the client's ([`client`]). Bytes and the time go in, bytes and events come out;
//! randomness is handed in by the caller.
//!
//! It deliberately knows no socket, no clock, no storage and nothing of Telegram's API: a query is opaque bytes.
//! Numbers such as `M-172` refer to the protocol ledger in `docs/PROTOCOL.md`.
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

pub mod binding;
pub mod client;
pub mod container;
pub mod diagnose;
pub mod gzip;
pub mod handshake;
pub mod msg_id;
pub mod packet;
pub mod packet_v1;
pub mod salts;
pub mod session;

/// Time since the Unix epoch, as every engine here takes it.
pub type UnixTime = std::time::Duration;
