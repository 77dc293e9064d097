//! The older RSA scheme: SHA-1, data and random bytes in one 255-byte number (M-107). Telethon and the Pyrogram
//! family still send it.

use crate::bignum::Number;
use crate::hash::{ct_eq, sha1};
use crate::rsa::{PrivateKey, PublicKey, RsaError};
use rand::CryptoRng;
use zeroize::Zeroizing;

/// How much data fits beside its hash.
pub const MAX_DATA: usize = 255 - 20;

/// Encrypts at most [`MAX_DATA`] bytes.
///
/// # Errors
/// [`RsaError::Input`] when the data is too long.
pub fn encrypt<R: CryptoRng + ?Sized>(key: &PublicKey, data: &[u8], rng: &mut R) -> Result<Number, RsaError> {
    let mut number = Zeroizing::new([0; 256]);
    let (_, rest) = number.split_at_mut(1);
    let (hash, rest) = rest.split_at_mut(20);
    let (body, padding) = rest.split_at_mut_checked(data.len()).ok_or(RsaError::Input)?;
    hash.copy_from_slice(&sha1(&[data]));
    body.copy_from_slice(data);
    rng.fill_bytes(padding);
    key.raw(&number)
}

/// Decrypts to 20 bytes of hash, the data, and random bytes. How long the data is only its parser can tell; that
/// caller then asks [`Payload::verify`].
///
/// # Errors
/// [`RsaError::Input`] when the number is not below the modulus, [`RsaError::Verification`] when the result is longer
/// than 255 bytes.
pub fn decrypt(key: &PrivateKey, encrypted: &Number) -> Result<Payload, RsaError> {
    open(&*key.raw(encrypted)?)
}

/// The part of [`decrypt`] after the RSA operation, for a server that tries several schemes on one result.
///
/// # Errors
/// [`RsaError::Verification`] when the number is longer than 255 bytes.
pub fn open(decrypted: &Number) -> Result<Payload, RsaError> {
    match decrypted.split_first() {
        Some((0, rest)) => {
            rest.try_into().map(|rest| Payload(Zeroizing::new(rest))).map_err(|_| RsaError::Input)
        }
        _ => Err(RsaError::Verification),
    }
}

/// The 255 decrypted bytes, not verified yet.
pub struct Payload(Zeroizing<[u8; 255]>);

impl Payload {
    /// The data and what follows it: 235 bytes to parse.
    #[must_use]
    pub fn unverified(&self) -> &[u8] {
        self.0.split_at(20).1
    }

    /// Whether the first `len` bytes of the data carry the right hash (M-107).
    #[must_use]
    pub fn verify(&self, len: usize) -> bool {
        let (hash, rest) = self.0.split_at(20);
        rest.get(..len).is_some_and(|data| ct_eq(hash, &sha1(&[data])))
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Payload")
    }
}
