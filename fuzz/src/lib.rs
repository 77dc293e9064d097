//! Fuzz targets for everything that parses. Each module is one: `run` takes any bytes and panics on a defect,
//! `seeds` makes inputs with the real engines for the committed corpus.
//!
//! `cargo xtask fuzz-smoke` builds the targets with coverage counters and runs each for a fixed number of runs. To go
//! on for longer, run the binary that it names: `target/fuzz/.../debug/session -max_total_time=600 NEW fuzz/corpus/session`.
//! `cargo run --manifest-path fuzz/Cargo.toml --bin corpus` writes the corpus anew.

pub mod batch;
pub mod client;
pub mod faketls;
pub mod framing;
pub mod gzip;
pub mod handshake;
pub mod packet;
pub mod proxy;
pub mod session;
pub mod tl;
pub mod tree;

/// Takes values off the front of the input; zeros when it is used up.
pub(crate) struct Cursor<'a>(pub &'a [u8]);

impl<'a> Cursor<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub fn short(&mut self) -> u16 {
        u16::from(self.byte()) | u16::from(self.byte()) << 8
    }

    /// At most `len` bytes.
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Bytes with a length of two bytes in front.
    pub fn chunk(&mut self) -> &'a [u8] {
        let len = usize::from(self.short());
        self.take(len)
    }
}

/// The other way round, for seeds.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    let len = u16::try_from(bytes.len()).expect("seeds are small");
    [&len.to_le_bytes()[..], bytes].concat()
}
