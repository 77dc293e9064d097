//! SHA-256 of several messages at once, each of its own length.
//!
//! Kernels are chosen by feature detection: two streams on SHA-NI, elsewhere the `sha2` crate one by one, which also
//! judges the other in tests.

#[cfg(target_arch = "x86_64")]
use crate::shani::{STREAMS, ShaNi, State};

/// One message of a batch: the concatenation of two parts of any length, and where its digest goes.
#[derive(Debug)]
pub struct Message<'a> {
    /// Its parts.
    pub parts: [&'a [u8]; 2],
    /// Filled in.
    pub digest: &'a mut [u8; 32],
}

/// Hashes all messages. They are taken one by one, when a stream is free.
pub fn sha256<'a>(messages: impl IntoIterator<Item = Message<'a>>) {
    Kernel::best().sha256(messages);
}

/// One of the implementations; it exists only where the processor can run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reference,
    #[cfg(target_arch = "x86_64")]
    ShaNi(ShaNi),
}

impl Kernel {
    /// The fastest one here.
    #[must_use]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(sha_ni) = ShaNi::detect() {
            return Self(Kind::ShaNi(sha_ni));
        }
        Self(Kind::Reference)
    }

    /// All that run here, the reference first: for tests and benchmarks.
    pub fn available() -> impl Iterator<Item = Self> {
        let kernels = std::iter::once(Self(Kind::Reference));
        #[cfg(target_arch = "x86_64")]
        let kernels = kernels.chain(ShaNi::detect().map(|sha_ni| Self(Kind::ShaNi(sha_ni))));
        kernels
    }

    /// What to call it in a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Reference => "sha2 crate",
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi(_) => "2 streams SHA-NI",
        }
    }

    /// As the function [`sha256`], by this kernel.
    pub fn sha256<'a>(self, messages: impl IntoIterator<Item = Message<'a>>) {
        match self.0 {
            Kind::Reference => {
                messages.into_iter().for_each(|message| *message.digest = super::sha256(&message.parts));
            }
            #[cfg(target_arch = "x86_64")]
            Kind::ShaNi(sha_ni) => work_through(sha_ni, messages.into_iter()),
        }
    }
}

/// Digests of messages that fill one padded block each, side by side. The blocks are wiped.
#[inline]
pub(crate) fn sha256_blocks<const N: usize>(mut blocks: [[u8; 64]; N]) -> [[u8; 32]; N] {
    #[cfg(target_arch = "x86_64")]
    if let Some(sha_ni) = ShaNi::detect() {
        let mut states = [State::INITIAL; N];
        sha_ni.compress(&mut states, blocks.each_ref().map(std::slice::from_ref));
        wipe(&mut blocks);
        return states.map(State::digest);
    }
    let digests = blocks.each_ref().map(|block| {
        let mut state = INITIAL_WORDS;
        sha2::block_api::compress256(&mut state, std::slice::from_ref(block));
        let mut digest = [0; 32];
        for (to, word) in digest.as_chunks_mut().0.iter_mut().zip(state) {
            *to = word.to_be_bytes();
        }
        digest
    });
    wipe(&mut blocks);
    digests
}

/// The padded block of a message of two parts, at most 55 bytes together (FIPS 180-4, section 5.1.1).
#[inline]
#[expect(clippy::indexing_slicing, reason = "constants")]
pub(crate) fn only_block<const A: usize, const B: usize>(first: &[u8; A], second: &[u8; B]) -> [u8; 64] {
    const { assert!(A + B <= 55) };
    let mut block = [0; 64];
    block[..A].copy_from_slice(first);
    block[A..A + B].copy_from_slice(second);
    block[A + B] = 0x80;
    block[56..].copy_from_slice(&bits(A + B).to_be_bytes());
    block
}

/// The working words before the first block (FIPS 180-4, section 5.3.3).
const INITIAL_WORDS: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

fn wipe<const N: usize>(blocks: &mut [[u8; 64]; N]) {
    *blocks = [[0; 64]; N];
    zeroize::optimization_barrier(blocks);
}

#[cfg(target_arch = "x86_64")]
fn work_through<'a>(sha_ni: ShaNi, mut queue: impl Iterator<Item = Message<'a>>) {
    let mut streams: [Option<Stream<'a>>; STREAMS] = [const { None }; STREAMS];
    let mut states = [State::INITIAL; STREAMS];
    let mut active = 0;
    loop {
        while let Some(free) = streams.get_mut(active)
            && let Some(message) = queue.next()
        {
            *free = Some(Stream::new(message));
            active += 1;
        }
        let runs = streams.each_ref().map(|stream| stream.as_ref().map_or(&[][..], Stream::run));
        let steps = match (&mut states, runs) {
            ([state, _], [run, _]) if active == 1 => sha_ni.compress(std::array::from_mut(state), [run]),
            _ if active == 0 => return,
            (states, runs) => sha_ni.compress(states, runs),
        };
        for lane in (0..active).rev() {
            let (Some(stream), Some(state)) = (streams.get_mut(lane), states.get_mut(lane)) else { return };
            if stream.as_mut().is_some_and(|stream| !stream.advance(steps)) {
                if let Some(mut finished) = stream.take() {
                    *finished.digest = state.digest();
                    wipe(&mut finished.own);
                }
                *state = State::INITIAL;
                active -= 1;
                streams.swap(lane, active);
                states.swap(lane, active);
            }
        }
    }
}

/// A message on its way through a kernel, as runs of blocks: whole ones where they lie, and copies of those that are
/// put together from two parts or padded.
#[cfg(target_arch = "x86_64")]
struct Stream<'a> {
    digest: &'a mut [u8; 32],
    /// What is in no run yet.
    parts: [&'a [u8]; 2],
    /// The length of the message.
    bits: u64,
    own: [[u8; 64]; 2],
    /// Bytes in the first block of `own`, which is not full yet.
    filled: usize,
    padded: bool,
    /// Blocks of `own` that are the current run; if there are none, it is `direct`.
    own_run: std::ops::Range<usize>,
    direct: &'a [[u8; 64]],
}

#[cfg(target_arch = "x86_64")]
impl<'a> Stream<'a> {
    fn new(message: Message<'a>) -> Self {
        let [first, second] = message.parts;
        let mut stream = Self {
            digest: message.digest,
            parts: message.parts,
            bits: bits(first.len() + second.len()),
            own: [[0; 64]; 2],
            filled: 0,
            padded: false,
            own_run: 0..0,
            direct: &[],
        };
        stream.next_run();
        stream
    }

    /// The blocks that come next: at least one, until [`Self::advance`] says otherwise.
    fn run(&self) -> &[[u8; 64]] {
        match self.own.get(self.own_run.clone()) {
            Some(run) if !run.is_empty() => run,
            _ => self.direct,
        }
    }

    /// Leaves `steps` blocks of the run behind; `false` when the message is through.
    fn advance(&mut self, steps: usize) -> bool {
        if self.own_run.is_empty() {
            self.direct = self.direct.get(steps..).unwrap_or_default();
        } else {
            self.own_run.start += steps;
        }
        !self.run().is_empty() || self.next_run()
    }

    fn next_run(&mut self) -> bool {
        while let [part, after] = self.parts
            && !(part.is_empty() && after.is_empty())
        {
            if part.is_empty() {
                self.parts = [after, &[]];
            } else if let ([_, ..], rest) = part.as_chunks::<64>()
                && self.filled == 0
            {
                self.direct = part.as_chunks().0;
                self.parts = [rest, after];
                return true;
            } else if self.fill_from(part, after) {
                return true;
            }
        }
        !std::mem::replace(&mut self.padded, true) && self.pad()
    }

    /// Copies bytes of the first part; `true` when a block is full.
    fn fill_from(&mut self, part: &'a [u8], after: &'a [u8]) -> bool {
        let [block, _] = &mut self.own;
        let free = block.get_mut(self.filled..).unwrap_or_default();
        let (taken, rest) = part.split_at(part.len().min(free.len()));
        if let Some(free) = free.get_mut(..taken.len()) {
            free.copy_from_slice(taken);
        }
        self.parts = [rest, after];
        self.filled += taken.len();
        if self.filled < 64 {
            return false;
        }
        (self.filled, self.own_run) = (0, 0..1);
        true
    }

    /// The last one or two blocks (FIPS 180-4, section 5.1.1).
    #[expect(clippy::indexing_slicing, reason = "fewer than 64 bytes are filled, and there is room for 128")]
    fn pad(&mut self) -> bool {
        let blocks = (self.filled + 1 + 8).div_ceil(64);
        let padded = &mut self.own.as_flattened_mut()[..blocks * 64];
        padded[self.filled..].fill(0);
        padded[self.filled] = 0x80;
        padded[blocks * 64 - 8..].copy_from_slice(&self.bits.to_be_bytes());
        self.own_run = 0..blocks;
        true
    }
}

/// `usize` always fits `u64` here, but the standard library offers no infallible conversion.
fn bits(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).wrapping_mul(8)
}
