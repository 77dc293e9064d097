//! From a message and an authorization key to AES keys: derivation v2 (SHA-256) and v1 (SHA-1).

pub mod batch;

use crate::auth_key::AuthKey;
use crate::hash::batch::{only_block, sha256_blocks};
use crate::hash::{sha1, sha256};
use crate::ige::{self, LengthError};
#[cfg(target_arch = "x86_64")]
use crate::{shani::ShaNi, stitched};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Who sends the message; the two directions use different parts of the key (M-172).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Client to server, x = 0.
    Client,
    /// Server to client, x = 8.
    Server,
}

impl Side {
    fn x(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Server => 8,
        }
    }
}

/// An AES-256-IGE key and IV, wiped when dropped.
#[derive(Clone)]
pub struct IgeKey {
    /// `aes_key`.
    pub key: [u8; 32],
    /// `aes_iv`.
    pub iv: [u8; 32],
}

impl IgeKey {
    #[inline]
    fn from_v2(mut a: [u8; 32], mut b: [u8; 32]) -> Self {
        let key = join([&a[..8], &b[8..24], &a[24..]]);
        let iv = join([&b[..8], &a[8..24], &b[24..]]);
        (a, b) = ([0; 32], [0; 32]);
        zeroize::optimization_barrier(&a);
        zeroize::optimization_barrier(&b);
        Self { key, iv }
    }

    /// Encrypts `data` in place.
    ///
    /// # Errors
    /// [`LengthError`] when the length is not a multiple of 16.
    pub fn encrypt(&self, data: &mut [u8]) -> Result<(), LengthError> {
        ige::encrypt(data, &self.key, &self.iv)
    }

    /// Decrypts `data` in place.
    ///
    /// # Errors
    /// [`LengthError`] when the length is not a multiple of 16.
    pub fn decrypt(&self, data: &mut [u8]) -> Result<(), LengthError> {
        ige::decrypt(data, &self.key, &self.iv)
    }
}

impl Zeroize for IgeKey {
    // The derived one would write byte by byte, which a batch of small messages feels.
    fn zeroize(&mut self) {
        (self.key, self.iv) = ([0; 32], [0; 32]);
        zeroize::optimization_barrier(self);
    }
}

impl Drop for IgeKey {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for IgeKey {}

impl std::fmt::Debug for IgeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IgeKey")
    }
}

/// The whole hash of a v2 message: `msg_key` is its middle, the quick-ack token its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HashV2([u8; 32]);

impl HashV2 {
    /// `msg_key`: bytes 8..24 (M-172).
    #[must_use]
    pub fn msg_key(&self) -> [u8; 16] {
        let mut out = [0; 16];
        out.copy_from_slice(&self.0[8..24]);
        out
    }

    /// The quick-ack token of a message that a client sent: bytes 0..4 with bit 31 set (M-038).
    #[must_use]
    pub fn quick_ack(&self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d]) | 1 << 31
    }
}

/// Hashes the padded plaintext of a v2 message: SHA-256 of `auth_key[88 + x..120 + x]` and the text (M-172).
#[must_use]
pub fn hash_v2(key: &AuthKey, side: Side, plaintext_with_padding: &[u8]) -> HashV2 {
    HashV2(sha256(&[key.part::<32>(88 + side.x()), plaintext_with_padding]))
}

/// `msg_key` of a v2 message (M-172).
#[must_use]
pub fn msg_key_v2(key: &AuthKey, side: Side, plaintext_with_padding: &[u8]) -> [u8; 16] {
    hash_v2(key, side, plaintext_with_padding).msg_key()
}

/// The key of a v2 message (M-173, M-174).
#[must_use]
pub fn v2(key: &AuthKey, msg_key: &[u8; 16], side: Side) -> IgeKey {
    let [a, b] = sha256_blocks(v2_blocks(key, msg_key, side));
    IgeKey::from_v2(a, b)
}

/// Decrypts a v2 message in place and hashes what comes out: [`v2`], [`IgeKey::decrypt`] and [`hash_v2`] in one pass.
///
/// # Errors
/// [`LengthError`] when the length is not a multiple of 16; nothing was changed.
pub fn decrypt_v2(
    key: &AuthKey,
    from: Side,
    msg_key: &[u8; 16],
    text: &mut [u8],
) -> Result<HashV2, LengthError> {
    let derived = v2(key, msg_key, from);
    #[cfg(target_arch = "x86_64")]
    if let Some(sha_ni) = ShaNi::detect()
        && let Some(hash) =
            stitched::decrypt_and_hash(sha_ni, ige::blocks(text)?, &derived, key.part(88 + from.x()))
    {
        return Ok(HashV2(hash));
    }
    derived.decrypt(text)?;
    Ok(hash_v2(key, from, text))
}

/// The keys of two v2 messages, hashed side by side.
#[inline]
fn v2_pair(messages: [(&AuthKey, &[u8; 16], Side); 2]) -> [IgeKey; 2] {
    let [[a, b], [c, d]] = messages.map(|(key, msg_key, side)| v2_blocks(key, msg_key, side));
    let [a, b, c, d] = sha256_blocks([a, b, c, d]);
    [IgeKey::from_v2(a, b), IgeKey::from_v2(c, d)]
}

/// What is hashed for the key of a v2 message.
#[inline]
fn v2_blocks(key: &AuthKey, msg_key: &[u8; 16], side: Side) -> [[u8; 64]; 2] {
    let x = side.x();
    [only_block(msg_key, key.part::<36>(x)), only_block(key.part::<36>(40 + x), msg_key)]
}

/// The whole hash of a v1 message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashV1([u8; 20]);

impl HashV1 {
    /// `msg_key`: bytes 4..20 (M-183).
    #[must_use]
    pub fn msg_key(&self) -> [u8; 16] {
        let mut out = [0; 16];
        out.copy_from_slice(&self.0[4..]);
        out
    }

    /// The quick-ack token: bytes 0..4 with bit 31 set (M-039).
    #[must_use]
    pub fn quick_ack(&self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d]) | 1 << 31
    }
}

/// Hashes the plaintext of a v1 message, without its padding (M-183).
#[must_use]
pub fn hash_v1(plaintext: &[u8]) -> HashV1 {
    HashV1(sha1(&[plaintext]))
}

/// `msg_key` of a v1 message (M-183).
#[must_use]
pub fn msg_key_v1(plaintext: &[u8]) -> [u8; 16] {
    hash_v1(plaintext).msg_key()
}

/// The key of a v1 message (M-184, M-185): bindings of temporary keys, and old clients.
#[must_use]
pub fn v1(key: &AuthKey, msg_key: &[u8; 16], side: Side) -> IgeKey {
    let x = side.x();
    let a = sha1(&[msg_key, key.part::<32>(x)]);
    let b = sha1(&[key.part::<16>(32 + x), msg_key, key.part::<16>(48 + x)]);
    let c = sha1(&[key.part::<32>(64 + x), msg_key]);
    let d = sha1(&[msg_key, key.part::<32>(96 + x)]);
    IgeKey { key: join([&a[..8], &b[8..], &c[4..16]]), iv: join4([&a[8..], &b[..8], &c[16..], &d[..8]]) }
}

/// Concatenates parts that are 32 bytes together.
#[inline]
pub(crate) fn join(parts: [&[u8]; 3]) -> [u8; 32] {
    let [a, b, c] = parts;
    join4([a, b, c, &[]])
}

/// Concatenates parts that are 32 bytes together.
#[inline]
pub(crate) fn join4(parts: [&[u8]; 4]) -> [u8; 32] {
    let mut out = [0; 32];
    let mut rest = &mut out[..];
    for part in parts {
        let Some((to, after)) = rest.split_at_mut_checked(part.len()) else { break };
        to.copy_from_slice(part);
        rest = after;
    }
    out
}
