//! Fake TLS: an obfuscated stream inside what looks like TLS 1.3 (M-341 … M-353), both roles.
//!
//! [`accept`] judges a client's first record and makes the server's flight; [`ClientHello`] is its mirror. After them
//! both sides speak through [`Records`]. What happens to a stranger, who is no client of ours, is the caller's choice.

mod client;
mod gather;
mod record;
mod replay;
mod server;

pub use client::{ClientHello, ServerRefused};
pub use gather::{Gathered, gather};
pub use record::{MAX_RECORD_BYTES, RecordError, Records, seal};
pub use replay::ReplayCache;
pub use server::{Accepted, Hello, MAX_HELLO_BYTES, Stranger, Window, accept, certificate_len, hello_len};

/// Where the random of a hello is, behind record header, message header and version.
const RANDOM_AT: usize = 11;
/// Length of a record header.
const RECORD_HEADER: usize = 5;
/// The record that ends the handshake in middlebox compatibility mode (RFC 8446, appendix D.4).
const CHANGE_CIPHER_SPEC: [u8; 6] = [0x14, 3, 3, 0, 1, 1];

/// The record with zeros in place of its random.
fn without_random(record: &[u8]) -> Vec<u8> {
    let mut copy = record.to_vec();
    if let Some(random) = copy.get_mut(RANDOM_AT..RANDOM_AT + 32) {
        random.fill(0);
    }
    copy
}
