//! The conformance kit, `conformance/`: transcripts with all their randomness. Each file is made here from fixed seeds, and
//! is replayed through the engine of each role from the file alone.

mod bad_msg;
mod binding;
mod containers;
mod fake_tls;
mod framings;
mod handshake;
mod keys;
mod packets;
mod support;
