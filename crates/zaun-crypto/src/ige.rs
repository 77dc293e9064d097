//! AES-256 in Infinite Garble Extension mode, in place: `y[i] = F(x[i] ^ y[i-1]) ^ x[i-1]`.
//!
//! The 32-byte IV is the block before the first one: its first half ciphertext, its second half plaintext, as in every
//! MTProto implementation. The mode is a serial chain, so its speed is the latency of the AES rounds; the kernel for
//! AES-NI is chosen by feature detection, [`mod@reference`] runs everywhere else and judges the kernel in tests.

pub mod batch;

#[cfg(target_arch = "x86_64")]
use crate::aesni;

/// The data is not a whole number of 16-byte blocks; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("AES-IGE needs a multiple of 16 bytes, got {0}")]
pub struct LengthError(pub usize);

/// Encrypts `data` in place.
///
/// # Errors
/// [`LengthError`] when the length is not a multiple of 16.
pub fn encrypt(data: &mut [u8], key: &[u8; 32], iv: &[u8; 32]) -> Result<(), LengthError> {
    let blocks = blocks(data)?;
    #[cfg(target_arch = "x86_64")]
    if let Some(keys) = aesni::EncryptKeys::new(key) {
        keys.ige(blocks, iv);
        return Ok(());
    }
    reference::encrypt_blocks(blocks, key, iv);
    Ok(())
}

/// Decrypts `data` in place.
///
/// # Errors
/// [`LengthError`] when the length is not a multiple of 16.
pub fn decrypt(data: &mut [u8], key: &[u8; 32], iv: &[u8; 32]) -> Result<(), LengthError> {
    let blocks = blocks(data)?;
    #[cfg(target_arch = "x86_64")]
    if let Some(keys) = aesni::DecryptKeys::new(key) {
        keys.ige(blocks, iv);
        return Ok(());
    }
    reference::decrypt_blocks(blocks, key, iv);
    Ok(())
}

pub(crate) fn blocks(data: &mut [u8]) -> Result<&mut [[u8; 16]], LengthError> {
    let len = data.len();
    match data.as_chunks_mut() {
        (blocks, []) => Ok(blocks),
        _ => Err(LengthError(len)),
    }
}

/// The two halves of an IV or a key, without copying them.
#[expect(clippy::unwrap_used, reason = "both chunks are shorter than the array")]
pub(crate) fn halves(bytes: &[u8; 32]) -> (&[u8; 16], &[u8; 16]) {
    (bytes.first_chunk().unwrap(), bytes.last_chunk().unwrap())
}

/// The portable implementation over the `aes` crate: one block at a time, as the definition reads.
pub mod reference {
    use super::{LengthError, halves};
    use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
    use aes::{Aes256Dec, Aes256Enc};

    /// Like [`super::encrypt`].
    ///
    /// # Errors
    /// [`LengthError`] when the length is not a multiple of 16.
    pub fn encrypt(data: &mut [u8], key: &[u8; 32], iv: &[u8; 32]) -> Result<(), LengthError> {
        encrypt_blocks(super::blocks(data)?, key, iv);
        Ok(())
    }

    /// Like [`super::decrypt`].
    ///
    /// # Errors
    /// [`LengthError`] when the length is not a multiple of 16.
    pub fn decrypt(data: &mut [u8], key: &[u8; 32], iv: &[u8; 32]) -> Result<(), LengthError> {
        decrypt_blocks(super::blocks(data)?, key, iv);
        Ok(())
    }

    pub(super) fn encrypt_blocks(blocks: &mut [[u8; 16]], key: &[u8; 32], iv: &[u8; 32]) {
        let cipher = Aes256Enc::new(key.into());
        let (last_output, last_input) = halves(iv);
        chain(blocks, *last_input, *last_output, |block| cipher.encrypt_block(block.into()));
    }

    pub(super) fn decrypt_blocks(blocks: &mut [[u8; 16]], key: &[u8; 32], iv: &[u8; 32]) {
        let cipher = Aes256Dec::new(key.into());
        let (last_input, last_output) = halves(iv);
        chain(blocks, *last_input, *last_output, |block| cipher.decrypt_block(block.into()));
    }

    fn chain(
        blocks: &mut [[u8; 16]],
        mut last_input: [u8; 16],
        mut last_output: [u8; 16],
        transform: impl Fn(&mut [u8; 16]),
    ) {
        for block in blocks {
            let input = *block;
            xor(block, &last_output);
            transform(block);
            xor(block, &last_input);
            last_input = input;
            last_output = *block;
        }
    }

    fn xor(block: &mut [u8; 16], with: &[u8; 16]) {
        *block = (u128::from_ne_bytes(*block) ^ u128::from_ne_bytes(*with)).to_ne_bytes();
    }
}
