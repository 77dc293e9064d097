//! The loops over all lanes: `narrow` with one lane in a register, `wide` with two.
//!
//! As in the kernel for one message, only the rounds are on the dependency chain of a lane: a state is kept xored with
//! the next input and the first round key, which the key of the last round brings in.

#![expect(clippy::needless_range_loop, reason = "a lane is one number into several arrays")]

use std::arch::asm;
use std::arch::x86_64::{
    __m128i, __m256i, _mm_aesdec_si128, _mm_aesdeclast_si128, _mm_aesenc_si128, _mm_aesenclast_si128,
    _mm_setzero_si128, _mm256_aesdec_epi128, _mm256_aesdeclast_epi128, _mm256_aesenc_epi128,
    _mm256_aesenclast_epi128, _mm256_castsi128_si256, _mm256_castsi256_si128, _mm256_extracti128_si256,
    _mm256_inserti128_si256, _mm256_loadu_si256, _mm256_setzero_si256, _mm256_xor_si256,
};
use std::mem::MaybeUninit;

use super::{Lanes, WIDEST};
use crate::aesni::{load, store, xor};

/// Runs `N` lanes by `steps` blocks.
///
/// # Safety
/// `steps > 0`. The first `N` lanes have their round keys, and each points to at least `steps` blocks that no other lane
/// touches unless it is an equal copy. The processor has AES-NI.
#[target_feature(enable = "aes")]
pub unsafe fn narrow<const DECRYPT: bool, const N: usize>(lanes: &mut Lanes<'_>, steps: usize) {
    let rows = &lanes.keys.0;
    // SAFETY: the first `N` lanes have their keys.
    let key = |round: usize, lane: usize| unsafe { rows[round][lane].assume_init() };
    let at: [*mut [u8; 16]; N] = std::array::from_fn(|lane| lanes.at[lane]);
    let mut state = [_mm_setzero_si128(); N];
    // Inputs of two blocks, by parity of the block, xored with the last round key.
    let mut masked = [state; 2];
    for l in 0..N {
        // SAFETY: every lane has a block.
        let input = load(unsafe { &*at[l] });
        state[l] = xor(xor(input, key(0, l)), lanes.outputs[l]);
        masked[0][l] = xor(input, key(14, l));
        masked[1][l] = xor(lanes.inputs[l], key(14, l));
    }
    for i in 0..steps {
        for round in 1..14 {
            for l in 0..N {
                state[l] = if DECRYPT {
                    _mm_aesdec_si128(state[l], key(round, l))
                } else {
                    _mm_aesenc_si128(state[l], key(round, l))
                };
                keep_abreast(&mut state[l]);
            }
        }
        // After the last block nothing follows; what stands in for it cancels out.
        let next_i = (i + 1).min(steps - 1);
        let masked = &mut masked[(i + 1) % 2];
        for l in 0..N {
            // SAFETY: `next_i < steps`.
            let next = load(unsafe { &*at[l].add(next_i) });
            let whitened = xor(next, key(0, l));
            let final_key = xor(masked[l], whitened);
            masked[l] = xor(next, key(14, l));
            state[l] = if DECRYPT {
                _mm_aesdeclast_si128(state[l], final_key)
            } else {
                _mm_aesenclast_si128(state[l], final_key)
            };
            // SAFETY: `i < steps`.
            store(unsafe { &mut *at[l].add(i) }, xor(state[l], whitened));
        }
    }
    for l in 0..N {
        lanes.inputs[l] = xor(masked[(steps - 1) % 2][l], key(14, l));
        // SAFETY: the last of the blocks, written just now.
        lanes.outputs[l] = load(unsafe { &*at[l].add(steps - 1) });
    }
}

/// Pins the order of the rounds. Left alone, the compiler puts the rounds of a lane behind each other, and the processor
/// waits for each of them: half the speed.
#[target_feature(enable = "aes")]
#[inline]
fn keep_abreast(state: &mut __m128i) {
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {0} */", inout(xmm_reg) * state, options(nomem, nostack, preserves_flags)) }
}

const PAIRS: usize = WIDEST / 2;

/// Runs all lanes by `steps` blocks.
///
/// # Safety
/// As for [`narrow`] with all lanes; the processor has VAES and AVX2.
#[target_feature(enable = "aes,avx2,vaes")]
pub unsafe fn wide<const DECRYPT: bool>(lanes: &mut Lanes<'_>, steps: usize) {
    let rows = &lanes.keys.0;
    // SAFETY: all lanes have their keys.
    let key = |round: usize, p: usize| unsafe { pair_of(&rows[round], p) };
    let at = lanes.at;
    let mut state = [_mm256_setzero_si256(); PAIRS];
    let mut masked = [state; 2];
    for p in 0..PAIRS {
        // SAFETY: every lane has a block.
        let input = unsafe { load_two(at[2 * p], at[2 * p + 1]) };
        let output = join(lanes.outputs[2 * p], lanes.outputs[2 * p + 1]);
        let before = join(lanes.inputs[2 * p], lanes.inputs[2 * p + 1]);
        state[p] = xor_two(xor_two(input, key(0, p)), output);
        masked[0][p] = xor_two(input, key(14, p));
        masked[1][p] = xor_two(before, key(14, p));
    }
    for i in 0..steps {
        for round in 1..14 {
            for p in 0..PAIRS {
                state[p] = if DECRYPT {
                    _mm256_aesdec_epi128(state[p], key(round, p))
                } else {
                    _mm256_aesenc_epi128(state[p], key(round, p))
                };
                keep_two_abreast(&mut state[p]);
            }
        }
        let next_i = (i + 1).min(steps - 1);
        let masked = &mut masked[(i + 1) % 2];
        for p in 0..PAIRS {
            // SAFETY: `next_i < steps`.
            let next = unsafe { load_two(at[2 * p].add(next_i), at[2 * p + 1].add(next_i)) };
            let whitened = xor_two(next, key(0, p));
            let final_key = xor_two(masked[p], whitened);
            masked[p] = xor_two(next, key(14, p));
            state[p] = if DECRYPT {
                _mm256_aesdeclast_epi128(state[p], final_key)
            } else {
                _mm256_aesenclast_epi128(state[p], final_key)
            };
            // SAFETY: `i < steps`.
            unsafe { store_two(at[2 * p].add(i), at[2 * p + 1].add(i), xor_two(state[p], whitened)) };
        }
    }
    for p in 0..PAIRS {
        let input = xor_two(masked[(steps - 1) % 2][p], key(14, p));
        lanes.inputs[2 * p] = _mm256_castsi256_si128(input);
        lanes.inputs[2 * p + 1] = _mm256_extracti128_si256::<1>(input);
    }
    for l in 0..WIDEST {
        // SAFETY: the last of the blocks, written just now.
        lanes.outputs[l] = load(unsafe { &*at[l].add(steps - 1) });
    }
}

/// As [`keep_abreast`].
#[target_feature(enable = "avx2")]
#[inline]
fn keep_two_abreast(state: &mut __m256i) {
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {0} */", inout(ymm_reg) * state, options(nomem, nostack, preserves_flags)) }
}

/// The round keys of lanes `2 * p` and `2 * p + 1`.
///
/// # Safety
/// Both are initialised, and `p < PAIRS`.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn pair_of(row: &[MaybeUninit<__m128i>; WIDEST], p: usize) -> __m256i {
    // SAFETY: by the caller's promise these are 32 initialised bytes within the row; no alignment is needed.
    unsafe { _mm256_loadu_si256(row.as_ptr().add(2 * p).cast()) }
}

/// # Safety
/// Both point to a readable block.
#[target_feature(enable = "aes,avx2")]
#[inline]
unsafe fn load_two(low: *const [u8; 16], high: *const [u8; 16]) -> __m256i {
    // SAFETY: by the caller's promise.
    unsafe { join(load(&*low), load(&*high)) }
}

/// Both may be the same block: then both halves are equal, too.
///
/// # Safety
/// Both point to a writable block.
#[target_feature(enable = "aes,avx2")]
#[inline]
unsafe fn store_two(low: *mut [u8; 16], high: *mut [u8; 16], blocks: __m256i) {
    // SAFETY: by the caller's promise; the references live one after the other.
    unsafe {
        store(&mut *low, _mm256_castsi256_si128(blocks));
        store(&mut *high, _mm256_extracti128_si256::<1>(blocks));
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn join(low: __m128i, high: __m128i) -> __m256i {
    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor_two(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}
