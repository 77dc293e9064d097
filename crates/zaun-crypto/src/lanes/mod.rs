//! IGE over several messages at once, each with its own key and length: lanes that are refilled from a queue.
//!
//! One message is a serial chain and leaves the cipher units of a processor idle most of the time; other messages fill
//! the gaps. All lanes run to the end of the shortest one, which is then given the next message of the queue. When the
//! queue is empty, narrower kernels go on with what is left.
#![allow(
    unsafe_code,
    reason = "lanes are pointers, because messages move between lanes while the kernels write them"
)]
#![expect(clippy::indexing_slicing, reason = "lanes and rows are numbers below the constants of this module")]

mod kernels;

use std::arch::x86_64::{__m128i, _mm_setzero_si128};
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use zeroize::Zeroize;

use crate::aesni::{expand, invert, load};
use crate::ige::batch::Job;
use crate::ige::halves;

/// Lanes of the widest kernel: two in each of eight 256-bit registers, as many as hide the latency of a round.
const WIDEST: usize = 16;
/// Lanes of the widest kernel with 128-bit registers.
const NARROW: usize = 8;

/// How many lanes to use: proof that the processor has the instructions for so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Width(usize);

impl Width {
    /// Eight lanes on AES-NI.
    pub fn narrow() -> Option<Self> {
        is_x86_feature_detected!("aes").then_some(Self(NARROW))
    }

    /// Sixteen lanes on VAES with 256-bit registers.
    pub fn wide() -> Option<Self> {
        (is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("vaes"))
        .then_some(Self(WIDEST))
    }
}

/// Works through the queue.
pub fn run<'a, const DECRYPT: bool>(width: Width, queue: impl Iterator<Item = Job<'a>>) {
    // SAFETY: `width` exists, so the processor has AES-NI, and for more than NARROW lanes VAES and AVX2.
    unsafe { work_through::<DECRYPT>(width.0, queue) }
}

/// # Safety
/// The processor has AES-NI; for a `limit` above [`NARROW`] it has VAES and AVX2 as well.
#[target_feature(enable = "aes")]
unsafe fn work_through<'a, const DECRYPT: bool>(limit: usize, mut queue: impl Iterator<Item = Job<'a>>) {
    let mut lanes = Lanes::new();
    loop {
        while lanes.active < limit
            && let Some(job) = queue.next()
        {
            lanes.push::<DECRYPT>(job);
        }
        if lanes.active == 0 {
            return;
        }
        // SAFETY: there are at most `limit` active lanes, so the caller's promise is enough.
        unsafe { lanes.run_to_the_shortest::<DECRYPT>() };
        lanes.retire();
    }
}

/// Round keys of all lanes, round by round, so that those of neighbours fill one wide register; aligned so that a load
/// of two never crosses a cache line.
#[repr(align(64))]
struct RoundKeys([[MaybeUninit<__m128i>; WIDEST]; 15]);

/// What a kernel works on.
///
/// A lane below `active` has its round keys, and `at` points to its `left > 0` next blocks, which are borrowed for `'a`
/// by this lane alone.
struct Lanes<'a> {
    keys: RoundKeys,
    /// The input block before the next one.
    inputs: [__m128i; WIDEST],
    /// The output block before the next one.
    outputs: [__m128i; WIDEST],
    at: [*mut [u8; 16]; WIDEST],
    left: [usize; WIDEST],
    active: usize,
    /// Lanes below this one have held a key at some time.
    used: usize,
    data: PhantomData<&'a mut [[u8; 16]]>,
}

impl<'a> Lanes<'a> {
    fn new() -> Self {
        // SAFETY: SSE2 is part of x86-64.
        let zero = unsafe { _mm_setzero_si128() };
        Self {
            // Only the columns of lanes in use are ever written or read: a small batch should not pay for all.
            keys: RoundKeys([[MaybeUninit::uninit(); WIDEST]; 15]),
            inputs: [zero; WIDEST],
            outputs: [zero; WIDEST],
            at: [std::ptr::null_mut(); WIDEST],
            left: [0; WIDEST],
            active: 0,
            used: 0,
            data: PhantomData,
        }
    }

    /// Gives a free lane to a message; an empty one needs none.
    #[target_feature(enable = "aes")]
    fn push<const DECRYPT: bool>(&mut self, job: Job<'a>) {
        let (blocks, key) = job.into_parts();
        if blocks.is_empty() {
            return;
        }
        let lane = self.active;
        let (ciphertext, plaintext) = halves(&key.iv);
        let (input, output) = if DECRYPT { (ciphertext, plaintext) } else { (plaintext, ciphertext) };
        self.inputs[lane] = load(input);
        self.outputs[lane] = load(output);
        let mut keys = if DECRYPT { invert(expand(&key.key)) } else { expand(&key.key) };
        for (row, key) in self.keys.0.iter_mut().zip(&keys) {
            row[lane].write(*key);
        }
        keys.zeroize();
        self.at[lane] = blocks.as_mut_ptr();
        self.left[lane] = blocks.len();
        self.active += 1;
        self.used = self.used.max(self.active);
    }

    /// Runs all lanes to the end of the shortest, with the narrowest kernel that holds them.
    ///
    /// # Safety
    /// The processor has AES-NI; for more than [`NARROW`] active lanes it has VAES and AVX2 as well.
    #[target_feature(enable = "aes")]
    unsafe fn run_to_the_shortest<const DECRYPT: bool>(&mut self) {
        let Some(steps) = self.left.iter().take(self.active).copied().min() else { return };
        let width = self.active.next_power_of_two();
        self.fill_up(width);
        // SAFETY: the first `width` lanes are active ones with at least `steps` blocks, or copies of such a lane; the
        // instructions are there by the caller's promise, for a width above NARROW means more active lanes than that.
        unsafe {
            match width {
                1 => kernels::narrow::<DECRYPT, 1>(self, steps),
                2 => kernels::narrow::<DECRYPT, 2>(self, steps),
                4 => kernels::narrow::<DECRYPT, 4>(self, steps),
                NARROW => kernels::narrow::<DECRYPT, NARROW>(self, steps),
                _ => kernels::wide::<DECRYPT>(self, steps),
            }
        }
        for (at, left) in self.at.iter_mut().zip(&mut self.left).take(self.active) {
            // SAFETY: the lane had at least `steps` blocks left.
            *at = unsafe { at.add(steps) };
            *left -= steps;
        }
    }

    /// Makes the lanes from `active` to `width` copies of the first: a copy computes and stores the very same bytes.
    fn fill_up(&mut self, width: usize) {
        self.used = self.used.max(width);
        for lane in self.active..width {
            self.copy(0, lane);
        }
    }

    /// Frees the lanes that are through.
    fn retire(&mut self) {
        for lane in (0..self.active).rev() {
            if self.left[lane] == 0 {
                self.active -= 1;
                if lane != self.active {
                    self.copy(self.active, lane);
                }
            }
        }
    }

    fn copy(&mut self, from: usize, to: usize) {
        for row in &mut self.keys.0 {
            row[to] = row[from];
        }
        self.inputs[to] = self.inputs[from];
        self.outputs[to] = self.outputs[from];
        self.at[to] = self.at[from];
        self.left[to] = self.left[from];
    }
}

impl Drop for Lanes<'_> {
    fn drop(&mut self) {
        for row in &mut self.keys.0 {
            row.iter_mut().take(self.used).for_each(Zeroize::zeroize);
        }
    }
}
