//! Decryption and hash of one message in one loop, on AES-NI and SHA-NI: two serial chains that fill each other's gaps.
//! The hash runs one of its blocks behind the decryption.
#![allow(unsafe_code, reason = "calls into code compiled for AES-NI and SHA-NI")]

use std::arch::x86_64::{__m128i, _mm_aesdec_si128, _mm_aesdeclast_si128, _mm_setzero_si128};

use zeroize::Zeroize;

use crate::aesni::{expand, invert, load, store, xor};
use crate::ige::halves;
use crate::kdf::IgeKey;
use crate::shani::{ROUND_CONSTANTS, ShaNi, State, Stream};

/// Decrypts `blocks` and returns the SHA-256 of `prefix` and the plaintext together.
///
/// The prefix is half a block of the hash, as in MTProto (M-172). `None`, and nothing changed, for less than the other
/// half.
pub fn decrypt_and_hash(
    sha_ni: ShaNi,
    blocks: &mut [[u8; 16]],
    key: &IgeKey,
    prefix: &[u8; 32],
) -> Option<[u8; 32]> {
    let mut edges = [[0; 64]; 3];
    // SAFETY: `sha_ni` exists, so the processor has SHA-NI, AVX and AES-NI.
    let digest = unsafe { run(sha_ni, blocks, key, prefix, &mut edges) };
    edges = [[0; 64]; 3];
    zeroize::optimization_barrier(&edges);
    digest
}

/// `edges` becomes the first block of the hash, which does not lie in one piece, and the last two, which are padded. The
/// caller wipes it, for the prefix is a part of the key.
#[target_feature(enable = "sha,avx,aes")]
fn run(
    sha_ni: ShaNi,
    blocks: &mut [[u8; 16]],
    key: &IgeKey,
    prefix: &[u8; 32],
    edges: &mut [[u8; 64]; 3],
) -> Option<[u8; 32]> {
    let bits = u64::try_from(blocks.len()).ok()?.checked_mul(16 * 8)?.checked_add(32 * 8)?;
    let (_, behind) = blocks.split_at_checked(2)?;
    let groups = behind.len() / 4;
    let mut chain = Chain::new(blocks.first()?, key);
    let mut stream = Stream::new(&State::INITIAL);
    chain.decrypt(blocks, 0..2);
    let [first, last @ ..] = edges;
    let (low, high) = first.split_at_mut(32);
    low.copy_from_slice(prefix);
    high.copy_from_slice(blocks.as_flattened().first_chunk::<32>()?);
    for group in 0..groups {
        let (done, ahead) = blocks.split_at_mut_checked(2 + 4 * group)?;
        let ready = if group == 0 { &*first } else { done.as_flattened().last_chunk()? };
        let (four, after) = ahead.split_first_chunk_mut::<4>()?;
        block_of_both(&mut chain, &mut stream, four, after.first(), ready);
    }
    let hashed = 2 + 4 * groups;
    chain.decrypt(blocks, hashed..blocks.len());
    let (done, rest) = blocks.split_at_checked(hashed)?;
    let ready = if groups == 0 { &*first } else { done.as_flattened().last_chunk()? };
    // At most three blocks are left, so the end mark and the length always fit.
    let [whole, padded] = last;
    *whole = *ready;
    let (text, free) = padded.split_at_mut_checked(rest.as_flattened().len())?;
    text.copy_from_slice(rest.as_flattened());
    *free.first_mut()? = 0x80;
    *padded.last_chunk_mut()? = bits.to_be_bytes();
    let mut states = [stream.state()];
    sha_ni.compress(&mut states, [&*last]);
    let [state] = states;
    Some(state.digest())
}

/// Decrypts four blocks and hashes what is ready, a quarter after the other.
#[target_feature(enable = "sha,avx,aes")]
#[inline]
fn block_of_both(
    chain: &mut Chain,
    stream: &mut Stream,
    four: &mut [[u8; 16]; 4],
    after: Option<&[u8; 16]>,
    ready: &[u8; 64],
) {
    let [a, b, c, d] = four;
    let [to_a, to_b, to_c, to_d] = &ROUND_CONSTANTS.0;
    let before = *stream;
    stream.take(ready);
    chain.next(a, load(b));
    stream.sixteen_rounds::<false>(to_a);
    chain.next(b, load(c));
    stream.sixteen_rounds::<true>(to_b);
    chain.next(c, load(d));
    stream.sixteen_rounds::<true>(to_c);
    chain.next(d, after.map_or(_mm_setzero_si128(), |after| load(after)));
    stream.sixteen_rounds::<true>(to_d);
    stream.add(&before);
}

/// The decryption, block by block; its form is that of the kernel for one message.
struct Chain {
    keys: [__m128i; 15],
    /// The next input, xored with the last output and the first round key.
    state: __m128i,
    input: __m128i,
    previous: __m128i,
}

impl Chain {
    #[target_feature(enable = "aes")]
    fn new(first: &[u8; 16], key: &IgeKey) -> Self {
        let (ciphertext, plaintext) = halves(&key.iv);
        let keys = invert(expand(&key.key));
        let [first_key, ..] = keys;
        let input = load(first);
        let state = xor(xor(input, load(plaintext)), first_key);
        Self { keys, state, input, previous: load(ciphertext) }
    }

    #[target_feature(enable = "aes")]
    #[inline]
    fn next(&mut self, block: &mut [u8; 16], following: __m128i) {
        let [first_key, middle @ .., last_key] = &self.keys;
        let whitened = xor(following, *first_key);
        let final_key = xor(xor(self.previous, *last_key), whitened);
        let mut state = self.state;
        for key in middle {
            state = _mm_aesdec_si128(state, *key);
        }
        self.state = _mm_aesdeclast_si128(state, final_key);
        store(block, xor(self.state, whitened));
        self.previous = self.input;
        self.input = following;
    }

    /// Goes on without the hash.
    #[target_feature(enable = "aes")]
    fn decrypt(&mut self, blocks: &mut [[u8; 16]], range: std::ops::Range<usize>) {
        for at in range {
            let following = blocks.get(at + 1).map_or(_mm_setzero_si128(), |next| load(next));
            if let Some(block) = blocks.get_mut(at) {
                self.next(block, following);
            }
        }
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        self.keys.zeroize();
    }
}
