//! AES-256-CTR as one endless keystream, for obfuscation (M-074).

#[cfg(target_arch = "x86_64")]
use crate::aesni;
use aes::Aes256Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use zeroize::Zeroize;

/// One direction of an obfuscated connection: the counter continues from call to call.
///
/// The state is about 300 bytes with AES-NI. The counter is the whole 16-byte IV, big-endian, and wraps.
pub struct AesCtr256 {
    cipher: Cipher,
    counter: u128,
    /// Keystream of the block begun last; its final `unused` bytes have not been consumed.
    block: [u8; 16],
    unused: usize,
}

#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one and must not be a second allocation"
)]
enum Cipher {
    #[cfg(target_arch = "x86_64")]
    AesNi(aesni::EncryptKeys),
    Portable(Box<Aes256Enc>),
}

impl AesCtr256 {
    /// A stream at its beginning.
    #[must_use]
    pub fn new(key: &[u8; 32], iv: &[u8; 16]) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(keys) = aesni::EncryptKeys::new(key) {
            return Self::with(Cipher::AesNi(keys), iv);
        }
        Self::portable(key, iv)
    }

    /// The same stream computed by the `aes` crate only: what [`AesCtr256::new`] is tested against.
    #[must_use]
    pub fn portable(key: &[u8; 32], iv: &[u8; 16]) -> Self {
        Self::with(Cipher::Portable(Box::new(Aes256Enc::new(key.into()))), iv)
    }

    fn with(cipher: Cipher, iv: &[u8; 16]) -> Self {
        Self { cipher, counter: u128::from_be_bytes(*iv), block: [0; 16], unused: 0 }
    }

    /// Encrypts or decrypts the next `data.len()` bytes of the stream in place.
    pub fn apply(&mut self, data: &mut [u8]) {
        let (begun, data) = data.split_at_mut(data.len().min(self.unused));
        self.use_block(begun);
        let (whole, tail) = data.as_chunks_mut();
        self.whole_blocks(whole);
        if !tail.is_empty() {
            self.block = [0; 16];
            let mut block = self.block;
            self.whole_blocks(std::array::from_mut(&mut block));
            self.block = block;
            self.unused = 16;
            self.use_block(tail);
        }
    }

    /// Consumes `data.len() <= self.unused` bytes of the begun block.
    fn use_block(&mut self, data: &mut [u8]) {
        let keystream = self.block.iter().skip(16 - self.unused);
        for (byte, key) in data.iter_mut().zip(keystream) {
            *byte ^= key;
        }
        self.unused -= data.len();
    }

    fn whole_blocks(&mut self, blocks: &mut [[u8; 16]]) {
        let start = self.counter;
        match &self.cipher {
            #[cfg(target_arch = "x86_64")]
            Cipher::AesNi(keys) => keys.ctr(start, blocks),
            Cipher::Portable(cipher) => {
                let mut counter = start;
                for block in &mut *blocks {
                    let mut keystream = counter.to_be_bytes();
                    cipher.encrypt_block((&mut keystream).into());
                    *block = (u128::from_ne_bytes(*block) ^ u128::from_ne_bytes(keystream)).to_ne_bytes();
                    counter = counter.wrapping_add(1);
                }
            }
        }
        self.counter = advance(start, blocks.len());
    }
}

/// `usize` always fits `u128`, but the standard library offers no infallible conversion.
fn advance(counter: u128, blocks: usize) -> u128 {
    counter.wrapping_add(u128::try_from(blocks).unwrap_or(u128::MAX))
}

impl Drop for AesCtr256 {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

impl std::fmt::Debug for AesCtr256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AesCtr256")
    }
}
