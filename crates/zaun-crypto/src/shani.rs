//! SHA-256 on SHA-NI, of several streams at once: the rounds of one stream wait for each other, and a second stream
//! fills the gaps.
#![expect(clippy::needless_range_loop, reason = "a stream is one number into several arrays")]
#![allow(unsafe_code, reason = "intrinsics: calls into code compiled for SHA-NI")]
#![expect(
    clippy::indexing_slicing,
    reason = "streams and rounds are numbers below the constants of this module"
)]

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_set_epi64x, _mm_setzero_si128, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32,
};

use crate::aesni::{load, store};

/// As many streams as one call should have: two keep the unit busy, more do not fit the registers.
pub const STREAMS: usize = 2;

/// Proof that the processor has SHA-NI, and AVX, whose forms of the other instructions save copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShaNi(());

impl ShaNi {
    /// `None` without the instructions.
    pub fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("avx")
            && is_x86_feature_detected!("aes");
        all.then_some(Self(()))
    }

    /// Hashes the next blocks of `N` streams, as many as the shortest run has; returns how many that was.
    pub fn compress<const N: usize>(self, states: &mut [State; N], runs: [&[[u8; 64]]; N]) -> usize {
        // SAFETY: `self` exists, so the processor has the instructions.
        unsafe { compress(states, runs) }
    }
}

/// The working words of a stream, in the order of the instructions: f, e, b, a, h, g, d, c.
#[derive(Debug, Clone, Copy)]
pub struct State([[u8; 16]; 2]);

impl State {
    /// Before the first block (FIPS 180-4, section 5.3.3).
    pub const INITIAL: Self = Self([
        words([0x9b05_688c, 0x510e_527f, 0xbb67_ae85, 0x6a09_e667]),
        words([0x5be0_cd19, 0x1f83_d9ab, 0xa54f_f53a, 0x3c6e_f372]),
    ]);

    /// The digest, if these words follow the last block.
    pub fn digest(self) -> [u8; 32] {
        let [low, high] = &self.0;
        let ([[f, e, b, a], [h, g, d, c]], mut out) = ([four_words(low), four_words(high)], [0; 32]);
        for (to, word) in out.as_chunks_mut().0.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *to = word.to_be_bytes();
        }
        out
    }
}

/// Four words as they lie in a register.
const fn words(words: [u32; 4]) -> [u8; 16] {
    let [a, b, c, d] = words;
    let ([a, b, c, d], mut out) =
        ([a.to_le_bytes(), b.to_le_bytes(), c.to_le_bytes(), d.to_le_bytes()], [0; 16]);
    let mut i = 0;
    while i < 4 {
        (out[i], out[4 + i], out[8 + i], out[12 + i]) = (a[i], b[i], c[i], d[i]);
        i += 1;
    }
    out
}

fn four_words(bytes: &[u8; 16]) -> [u32; 4] {
    let words = bytes.as_chunks().0;
    [0, 1, 2, 3].map(|i| u32::from_le_bytes(words[i]))
}

#[target_feature(enable = "sha,avx,aes")]
fn compress<const N: usize>(states: &mut [State; N], runs: [&[[u8; 64]]; N]) -> usize {
    let steps = runs.iter().map(|run| run.len()).min().unwrap_or(0);
    let mut streams: [Stream; N] = std::array::from_fn(|l| Stream::new(&states[l]));
    for i in 0..steps {
        let before = streams;
        for l in 0..N {
            streams[l].take(&runs[l][i]);
        }
        let [first, rest @ ..] = &ROUND_CONSTANTS.0;
        sixteen_rounds::<N, false>(&mut streams, first);
        for constants in rest {
            sixteen_rounds::<N, true>(&mut streams, constants);
        }
        for l in 0..N {
            streams[l].add(&before[l]);
        }
    }
    for l in 0..N {
        states[l] = streams[l].state();
    }
    steps
}

#[target_feature(enable = "sha,avx,aes")]
#[inline]
fn sixteen_rounds<const N: usize, const SCHEDULE: bool>(
    streams: &mut [Stream; N],
    constants: &[[u8; 16]; 4],
) {
    let [a, b, c, d] = constants;
    for stream in &mut *streams {
        stream.four_rounds::<SCHEDULE, 0>(a);
    }
    for stream in &mut *streams {
        stream.four_rounds::<SCHEDULE, 1>(b);
    }
    for stream in &mut *streams {
        stream.four_rounds::<SCHEDULE, 2>(c);
    }
    for stream in streams {
        stream.four_rounds::<SCHEDULE, 3>(d);
    }
}

/// One stream in registers.
#[derive(Clone, Copy)]
pub struct Stream {
    abef: __m128i,
    cdgh: __m128i,
    /// The last sixteen words of the message schedule, four by four.
    schedule: [__m128i; 4],
}

impl Stream {
    /// Takes up the stream where it was left.
    #[target_feature(enable = "sha,avx,aes")]
    #[inline]
    pub fn new(state: &State) -> Self {
        let [abef, cdgh] = &state.0;
        Self { abef: load(abef), cdgh: load(cdgh), schedule: [_mm_setzero_si128(); 4] }
    }

    /// Leaves the stream.
    #[target_feature(enable = "sha,avx,aes")]
    #[inline]
    pub fn state(&self) -> State {
        let mut state = State([[0; 16]; 2]);
        let [abef, cdgh] = &mut state.0;
        store(abef, self.abef);
        store(cdgh, self.cdgh);
        state
    }

    /// Loads a block; sixteen times [`Self::four_rounds`] and [`Self::add`] have to follow.
    #[target_feature(enable = "sha,avx,aes")]
    #[inline]
    pub fn take(&mut self, block: &[u8; 64]) {
        let big_endian = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        for (words, bytes) in self.schedule.iter_mut().zip(block.as_chunks().0) {
            *words = _mm_shuffle_epi8(load(bytes), big_endian);
        }
    }

    /// Four rounds (FIPS 180-4, section 6.2.2), the `AT`-th four of a sixteen. The first sixteen of a block take its
    /// words as they are, the others go on with the message schedule.
    #[target_feature(enable = "sha,avx,aes")]
    #[inline]
    pub fn four_rounds<const SCHEDULE: bool, const AT: usize>(&mut self, constants: &[u8; 16]) {
        if SCHEDULE {
            let [w0, w1, w2, w3] = [0, 1, 2, 3].map(|k| self.schedule[(AT + k) % 4]);
            let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8::<4>(w3, w2));
            self.schedule[AT] = _mm_sha256msg2_epu32(sum, w3);
        }
        let keyed = _mm_add_epi32(self.schedule[AT], load(constants));
        self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, keyed);
        self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, _mm_shuffle_epi32::<0x0e>(keyed));
    }

    /// Sixteen rounds, for a stream on its own.
    #[target_feature(enable = "sha,avx,aes")]
    #[inline]
    pub fn sixteen_rounds<const SCHEDULE: bool>(&mut self, constants: &[[u8; 16]; 4]) {
        sixteen_rounds::<1, SCHEDULE>(std::array::from_mut(self), constants);
    }

    /// Ends a block: adds the words from before it.
    #[target_feature(enable = "sha,avx,aes")]
    #[inline]
    pub fn add(&mut self, before: &Self) {
        self.abef = _mm_add_epi32(self.abef, before.abef);
        self.cdgh = _mm_add_epi32(self.cdgh, before.cdgh);
    }
}

/// Aligned, so that they are operands of instructions.
#[repr(align(64))]
pub struct RoundConstants(pub [[[u8; 16]; 4]; 4]);

/// FIPS 180-4, section 4.2.2.
pub static ROUND_CONSTANTS: RoundConstants = {
    let mut rows = [[[0; 16]; 4]; 4];
    let mut i = 0;
    while i < 16 {
        rows[i / 4][i % 4] = words([K[4 * i], K[4 * i + 1], K[4 * i + 2], K[4 * i + 3]]);
        i += 1;
    }
    RoundConstants(rows)
};

const K: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];
