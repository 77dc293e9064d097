//! RSA_PAD, the scheme of `req_DH_params` in current clients (M-105).

use crate::bignum::Number;
use crate::hash::{ct_eq, sha256};
use crate::ige;
use crate::rsa::{PrivateKey, PublicKey, RsaError};
use rand::CryptoRng;
use zeroize::Zeroizing;

/// How much data fits (M-106).
pub const MAX_DATA: usize = 144;

/// The data and its random padding.
const PADDED: usize = 192;

/// Encrypts at most [`MAX_DATA`] bytes (M-105, the client's side).
///
/// # Errors
/// [`RsaError::Input`] when the data is too long.
pub fn encrypt<R: CryptoRng + ?Sized>(key: &PublicKey, data: &[u8], rng: &mut R) -> Result<Number, RsaError> {
    let mut padded = Zeroizing::new([0; PADDED]);
    let (head, padding) = padded.split_at_mut_checked(data.len()).ok_or(RsaError::Input)?;
    if data.len() > MAX_DATA {
        return Err(RsaError::Input);
    }
    head.copy_from_slice(data);
    rng.fill_bytes(padding);
    loop {
        let mut temp_key = Zeroizing::new([0; 32]);
        rng.fill_bytes(temp_key.as_mut_slice());
        // The masked key can come out above the modulus; the scheme then draws another temp_key.
        match key.raw(&mask(&padded, &temp_key)) {
            Err(RsaError::Input) => {}
            result => return result,
        }
    }
}

/// The 256 bytes before RSA: masked key and encrypted data.
fn mask(padded: &[u8; PADDED], temp_key: &[u8; 32]) -> Number {
    let mut out = [0; 256];
    let (masked_key, body) = out.split_at_mut(32);
    let (reversed, hash) = body.split_at_mut(PADDED);
    reversed.copy_from_slice(padded);
    reversed.reverse();
    hash.copy_from_slice(&sha256(&[temp_key, padded]));
    // 224 bytes are whole blocks.
    let _ = ige::encrypt(body, temp_key, &[0; 32]);
    for ((out, key), hash) in masked_key.iter_mut().zip(temp_key).zip(sha256(&[body])) {
        *out = key ^ hash;
    }
    out
}

/// Decrypts and verifies; the result is the data followed by random padding (M-105, M-106).
///
/// # Errors
/// [`RsaError::Input`] when the number is not below the modulus, [`RsaError::Verification`] when the hash is wrong.
pub fn decrypt(key: &PrivateKey, encrypted: &Number) -> Result<Zeroizing<[u8; PADDED]>, RsaError> {
    open(&*key.raw(encrypted)?)
}

/// The part of [`decrypt`] after the RSA operation, for a server that tries several schemes on one result.
///
/// # Errors
/// [`RsaError::Verification`] when the hash is wrong.
pub fn open(decrypted: &Number) -> Result<Zeroizing<[u8; PADDED]>, RsaError> {
    let mut decrypted = Zeroizing::new(*decrypted);
    let (temp_key, body) = decrypted.split_at_mut(32);
    let mut key = Zeroizing::new([0; 32]);
    for ((out, masked), hash) in key.iter_mut().zip(temp_key).zip(sha256(&[body])) {
        *out = *masked ^ hash;
    }
    // 224 bytes are whole blocks.
    let _ = ige::decrypt(body, &key, &[0; 32]);
    let (data, hash) = body.split_at_mut(PADDED);
    data.reverse();
    let mut out = Zeroizing::new([0; PADDED]);
    out.copy_from_slice(data);
    if ct_eq(hash, &sha256(&[key.as_slice(), data])) { Ok(out) } else { Err(RsaError::Verification) }
}
