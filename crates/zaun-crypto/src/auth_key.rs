//! The authorization key.

use crate::hash::{ct_eq, sha1};
use zeroize::Zeroizing;

/// A 2048-bit key shared by client and server, with its two hashes. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct AuthKey {
    // Boxed so that moving the key leaves no copies of the secret behind on the stack.
    bytes: Box<Zeroizing<[u8; 256]>>,
    id: i64,
    aux_hash: i64,
}

impl AuthKey {
    /// Takes the 256 bytes, big-endian and left-padded with zeros as the key exchange makes them (M-135).
    #[must_use]
    pub fn new(bytes: [u8; 256]) -> Self {
        let bytes = Box::new(Zeroizing::new(bytes));
        let [a, b, c, d, e, f, g, h, .., i, j, k, l, m, n, o, p] = sha1(&[bytes.as_slice()]);
        Self {
            id: i64::from_le_bytes([i, j, k, l, m, n, o, p]),
            aux_hash: i64::from_le_bytes([a, b, c, d, e, f, g, h]),
            bytes,
        }
    }

    /// `auth_key_id`: the last 8 bytes of the key's SHA-1, read little-endian (M-136, M-009).
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// `auth_key_aux_hash`: the first 8 bytes of the key's SHA-1, read little-endian (M-136).
    #[must_use]
    pub fn aux_hash(&self) -> i64 {
        self.aux_hash
    }

    /// The secret itself, for storing it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 256] {
        &self.bytes
    }

    /// `N` bytes from `offset`, which the key derivations take from the first 144.
    #[expect(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        reason = "callers pass constants within 256 bytes"
    )]
    pub(crate) fn part<const N: usize>(&self, offset: usize) -> &[u8; N] {
        self.bytes[offset..].first_chunk().unwrap()
    }
}

impl PartialEq for AuthKey {
    fn eq(&self, other: &Self) -> bool {
        ct_eq(self.bytes.as_slice(), other.bytes.as_slice())
    }
}

impl Eq for AuthKey {}

impl std::fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AuthKey({:016x})", self.id)
    }
}
