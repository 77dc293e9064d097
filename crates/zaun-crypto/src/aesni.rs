//! AES-256 kernels on AES-NI: key schedule, IGE for one message, CTR eight blocks at a time.
//!
//! A key object exists only where the processor was found to have the instructions, so its methods are safe to call.
#![allow(
    unsafe_code,
    reason = "intrinsics: calls into code compiled for AES-NI, and unaligned loads and stores"
)]

use std::arch::x86_64::{
    __m128i, _mm_aesdec_si128, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128,
    _mm_aesimc_si128, _mm_aeskeygenassist_si128, _mm_loadu_si128, _mm_setzero_si128, _mm_shuffle_epi32,
    _mm_slli_si128, _mm_storeu_si128, _mm_xor_si128,
};
use zeroize::Zeroize;

/// The expanded encryption key; 240 bytes, wiped when dropped.
pub struct EncryptKeys([__m128i; 15]);

/// The expanded key of the equivalent inverse cipher; 240 bytes, wiped when dropped.
pub struct DecryptKeys([__m128i; 15]);

impl EncryptKeys {
    /// Expands the key; `None` without AES-NI.
    pub fn new(key: &[u8; 32]) -> Option<Self> {
        // SAFETY: the feature was just detected.
        is_x86_feature_detected!("aes").then(|| Self(unsafe { expand(key) }))
    }

    /// IGE over whole blocks; the IV's first half is the previous ciphertext.
    pub fn ige(&self, blocks: &mut [[u8; 16]], iv: &[u8; 32]) {
        let (ciphertext, plaintext) = crate::ige::halves(iv);
        // SAFETY: `self` exists, so AES-NI does.
        unsafe { ige::<false>(&self.0, blocks, plaintext, ciphertext) }
    }

    /// Xors the keystream of `counter`, `counter + 1`, … (big-endian blocks) onto whole blocks.
    pub fn ctr(&self, counter: u128, blocks: &mut [[u8; 16]]) {
        // SAFETY: `self` exists, so AES-NI does.
        unsafe { ctr(&self.0, counter, blocks) }
    }
}

impl DecryptKeys {
    /// Expands the key; `None` without AES-NI.
    pub fn new(key: &[u8; 32]) -> Option<Self> {
        // SAFETY: the feature was just detected.
        is_x86_feature_detected!("aes").then(|| Self(unsafe { invert(expand(key)) }))
    }

    /// IGE over whole blocks; the IV's first half is the previous ciphertext.
    pub fn ige(&self, blocks: &mut [[u8; 16]], iv: &[u8; 32]) {
        let (ciphertext, plaintext) = crate::ige::halves(iv);
        // SAFETY: `self` exists, so AES-NI does.
        unsafe { ige::<true>(&self.0, blocks, ciphertext, plaintext) }
    }
}

impl Drop for EncryptKeys {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Drop for DecryptKeys {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// `y[i] = F(x[i] ^ y[i-1]) ^ x[i-1]`, for encryption and decryption alike.
///
/// Only the 14 rounds are on the dependency chain: the first round key, the next input and the previous input are all
/// xored into the key of the last round, so that round yields the next state at once. The output itself is one xor
/// away from that state and nobody waits for it.
#[target_feature(enable = "aes")]
fn ige<const DECRYPT: bool>(
    keys: &[__m128i; 15],
    blocks: &mut [[u8; 16]],
    last_input: &[u8; 16],
    last_output: &[u8; 16],
) {
    let [first_key, middle @ .., last_key] = keys;
    let Some(first) = blocks.first() else { return };
    let mut input = load(first);
    let mut previous = load(last_input);
    let mut state = xor(xor(input, load(last_output)), *first_key);
    let joined_key = xor(*first_key, *last_key);

    let mut rest = blocks.iter_mut();
    while let Some(block) = rest.next() {
        let next = rest.as_slice().first().map_or(_mm_setzero_si128(), |next| load(next));
        let next_whitened = xor(next, *first_key);
        let final_key = xor(xor(previous, next), joined_key);
        for key in middle {
            state = if DECRYPT { _mm_aesdec_si128(state, *key) } else { _mm_aesenc_si128(state, *key) };
        }
        state = if DECRYPT {
            _mm_aesdeclast_si128(state, final_key)
        } else {
            _mm_aesenclast_si128(state, final_key)
        };
        store(block, xor(state, next_whitened));
        previous = input;
        input = next;
    }
}

/// How many counter blocks are in flight: enough to hide the latency of a round on every processor with AES-NI.
const CTR_LANES: usize = 8;

#[target_feature(enable = "aes")]
fn ctr(keys: &[__m128i; 15], mut counter: u128, blocks: &mut [[u8; 16]]) {
    let (groups, rest) = blocks.as_chunks_mut::<CTR_LANES>();
    for group in groups {
        ctr_group(keys, counter, group);
        counter = counter.wrapping_add(8);
    }
    for block in rest {
        ctr_group(keys, counter, std::array::from_mut(block));
        counter = counter.wrapping_add(1);
    }
}

#[target_feature(enable = "aes")]
#[inline]
fn ctr_group<const N: usize>(keys: &[__m128i; 15], counter: u128, group: &mut [[u8; 16]; N]) {
    let [first_key, middle @ .., last_key] = keys;
    let mut states = [_mm_setzero_si128(); N];
    let mut next = counter;
    for state in &mut states {
        *state = xor(load(&next.to_be_bytes()), *first_key);
        next = next.wrapping_add(1);
    }
    for key in middle {
        for state in &mut states {
            *state = _mm_aesenc_si128(*state, *key);
        }
    }
    for (state, block) in states.iter().zip(group) {
        store(block, _mm_aesenclast_si128(*state, xor(*last_key, load(block))));
    }
}

/// The AES-256 key schedule (FIPS 197, section 5.2).
#[target_feature(enable = "aes")]
pub fn expand(key: &[u8; 32]) -> [__m128i; 15] {
    let (low, high) = crate::ige::halves(key);
    let mut even = load(low);
    let mut odd = load(high);
    let mut keys = [even, odd, even, even, even, even, even, even, even, even, even, even, even, even, even];
    // The round constant is an immediate of the instruction, so the rounds cannot be a loop.
    macro_rules! pair {
        ($index:literal, $constant:literal) => {
            even = xor(fold(even), _mm_shuffle_epi32::<0xff>(_mm_aeskeygenassist_si128::<$constant>(odd)));
            keys[$index] = even;
            odd = xor(fold(odd), _mm_shuffle_epi32::<0xaa>(_mm_aeskeygenassist_si128::<0>(even)));
            keys[$index + 1] = odd;
        };
    }
    pair!(2, 0x01);
    pair!(4, 0x02);
    pair!(6, 0x04);
    pair!(8, 0x08);
    pair!(10, 0x10);
    pair!(12, 0x20);
    keys[14] = xor(fold(even), _mm_shuffle_epi32::<0xff>(_mm_aeskeygenassist_si128::<0x40>(odd)));
    keys
}

/// Each word becomes the xor of itself and all words below it.
#[target_feature(enable = "aes")]
#[inline]
fn fold(words: __m128i) -> __m128i {
    let words = xor(words, _mm_slli_si128::<4>(words));
    xor(words, _mm_slli_si128::<8>(words))
}

/// The schedule of the equivalent inverse cipher (FIPS 197, section 5.3.5).
#[target_feature(enable = "aes")]
pub fn invert(mut keys: [__m128i; 15]) -> [__m128i; 15] {
    keys.reverse();
    let [_, middle @ .., _] = &mut keys;
    for key in middle {
        *key = _mm_aesimc_si128(*key);
    }
    keys
}

#[target_feature(enable = "aes")]
#[inline]
pub fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: the reference covers 16 readable bytes, and the load needs no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "aes")]
#[inline]
pub fn store(bytes: &mut [u8; 16], value: __m128i) {
    // SAFETY: the reference covers 16 writable bytes, and the store needs no alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), value) }
}

#[target_feature(enable = "aes")]
#[inline]
pub fn xor(a: __m128i, b: __m128i) -> __m128i {
    _mm_xor_si128(a, b)
}
