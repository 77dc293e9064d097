//! What the handshake derives from its nonces.

use crate::auth_key::AuthKey;
use crate::hash::sha1;
use crate::kdf::{IgeKey, join, join4};

/// How the server answered `set_client_DH_params`; the number enters `new_nonce_hash` (M-140).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DhAnswer {
    /// `dh_gen_ok`, 1.
    Ok,
    /// `dh_gen_retry`, 2.
    Retry,
    /// `dh_gen_fail`, 3.
    Fail,
}

/// `new_nonce_hash1`, `2` or `3`: the last 16 bytes of SHA-1 of `new_nonce`, the number, `auth_key_aux_hash` (M-140).
#[must_use]
pub fn new_nonce_hash(answer: DhAnswer, new_nonce: &[u8; 32], key: &AuthKey) -> [u8; 16] {
    let number = match answer {
        DhAnswer::Ok => 1,
        DhAnswer::Retry => 2,
        DhAnswer::Fail => 3,
    };
    let hash = sha1(&[new_nonce, &[number], &key.aux_hash().to_le_bytes()]);
    let mut out = [0; 16];
    out.copy_from_slice(&hash[4..]);
    out
}

/// The key of `encrypted_answer` and of the client's `encrypted_data` (M-122, M-130).
#[must_use]
pub fn tmp_aes(new_nonce: &[u8; 32], server_nonce: &[u8; 16]) -> IgeKey {
    let a = sha1(&[new_nonce, server_nonce]);
    let b = sha1(&[server_nonce, new_nonce]);
    let c = sha1(&[new_nonce, new_nonce]);
    IgeKey { key: join([&a, &b[..12], &[]]), iv: join4([&b[12..], &c, &new_nonce[..4], &[]]) }
}

/// The first server salt: the xor of the first 8 bytes of both nonces, read little-endian (M-142).
#[must_use]
pub fn first_salt(new_nonce: &[u8; 32], server_nonce: &[u8; 16]) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *new_nonce;
    let [i, j, k, l, m, n, o, p, ..] = *server_nonce;
    i64::from_le_bytes([a, b, c, d, e, f, g, h]) ^ i64::from_le_bytes([i, j, k, l, m, n, o, p])
}
