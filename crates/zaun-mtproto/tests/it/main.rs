//! The engines of the crate, each role against the other.
mod handshake;
