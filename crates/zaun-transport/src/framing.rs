//! The four framings: reading a frame off a buffer and appending one to it. Obfuscation happens outside.

use crate::error::{PeerFault, WriteError};
use bytes::{Buf, BufMut, BytesMut};
use rand::CryptoRng;

/// How payloads are cut out of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// One or four bytes of length in words (M-022).
    Abridged,
    /// Four bytes of length (M-024).
    Intermediate,
    /// Four bytes of length, then payload and up to 15 random bytes (M-025).
    PaddedIntermediate,
    /// Length, sequence number, payload, CRC32 (M-027).
    Full,
}

impl Framing {
    /// Its name in words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Abridged => "abridged",
            Self::Intermediate => "intermediate",
            Self::PaddedIntermediate => "padded intermediate",
            Self::Full => "full",
        }
    }

    /// The tag in an obfuscation header; full has none (M-076).
    pub(crate) fn tag(self) -> Option<[u8; 4]> {
        match self {
            Self::Abridged => Some([0xef; 4]),
            Self::Intermediate => Some([0xee; 4]),
            Self::PaddedIntermediate => Some([0xdd; 4]),
            Self::Full => None,
        }
    }

    /// The framing of a tag (M-076).
    pub(crate) fn from_tag(tag: [u8; 4]) -> Option<Self> {
        [Self::Abridged, Self::Intermediate, Self::PaddedIntermediate]
            .into_iter()
            .find(|framing| framing.tag() == Some(tag))
    }

    /// What a client sends first without obfuscation (M-014, M-015, M-017).
    pub(crate) fn plain_tag(self) -> &'static [u8] {
        match self {
            Self::Abridged => &[0xef],
            Self::Intermediate => &[0xee; 4],
            Self::PaddedIntermediate => &[0xdd; 4],
            Self::Full => &[],
        }
    }
}

/// The default for [`Limits::max_frame_bytes`]: a file part of 512 KiB with room for the containers around several.
pub const MAX_INBOUND_BYTES: usize = 2 << 20;

/// The largest body that is ever sent: TDLib closes the connection above it (M-031).
pub const MAX_OUTBOUND_BYTES: usize = (4 << 20) + 1024;

/// What a codec accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest frame body that is taken, without its envelope (M-030).
    pub max_frame_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_frame_bytes: MAX_INBOUND_BYTES }
    }
}

/// The envelope of [`Framing::Full`]: length, sequence number, CRC32.
const FULL_ENVELOPE: usize = 12;

/// The bit of a length that asks for a quick ack (M-024).
pub(crate) const FLAG: u32 = 1 << 31;

/// A client's padding in padded intermediate: 0 to 15 bytes follow a payload (M-025).
pub(crate) const CLIENT_PADDING_MASK: u8 = 15;
/// A server's: Telethon takes length modulo 4 bytes off and no more, and the official proxy adds 0 to 3.
pub(crate) const SERVER_PADDING_MASK: u8 = 3;

/// The receiving half.
#[derive(Debug)]
pub(crate) struct Reader {
    pub framing: Framing,
    max_body: usize,
    /// The number of the next frame in full framing.
    sequence: u32,
}

/// What the first bytes of a frame say.
struct Head {
    /// Length of the head itself.
    len: usize,
    body: usize,
    flagged: bool,
}

impl Reader {
    pub fn new(framing: Framing, limits: Limits) -> Self {
        Self { framing, max_body: limits.max_frame_bytes, sequence: 0 }
    }

    /// Takes one frame off `input` and tells whether it was flagged; `None` while it is incomplete.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<(BytesMut, bool)>, PeerFault> {
        let Some(head) = self.head(input)? else { return Ok(None) };
        if input.len() < head.len + head.body {
            // No room is reserved for what is only announced: a claim costs nothing.
            return Ok(None);
        }
        let mut frame = input.split_to(head.len + head.body);
        if self.framing == Framing::Full {
            self.check(&mut frame)?;
        }
        frame.advance(head.len);
        if self.framing == Framing::PaddedIntermediate {
            strip_padding(&mut frame);
        }
        Ok(Some((frame, head.flagged)))
    }

    fn head(&self, input: &[u8]) -> Result<Option<Head>, PeerFault> {
        let head = match self.framing {
            Framing::Abridged => abridged_head(input),
            Framing::Intermediate | Framing::PaddedIntermediate => {
                word(input).map(|word| Head { len: 4, body: size(word & !FLAG), flagged: word & FLAG != 0 })
            }
            // The flag is ignored here, as M-047 allows: such a frame is taken, its quick ack never comes.
            Framing::Full => {
                word(input).map(|word| Head { len: 8, body: size(word & !FLAG), flagged: false })
            }
        };
        head.map(|head| self.checked(head)).transpose()
    }

    /// Checks the length of the body, and takes the envelope out of it.
    fn checked(&self, mut head: Head) -> Result<Head, PeerFault> {
        let mut payload = head.body;
        if self.framing == Framing::Full {
            let too_short = PeerFault::TooShort { len: head.body };
            payload = head.body.checked_sub(FULL_ENVELOPE).ok_or(too_short)?;
            // The checksum is behind the payload and counts as body until it has been checked.
            head.body = payload + 4;
        }
        if payload > self.max_body {
            return Err(PeerFault::FrameTooLarge { len: payload, max: self.max_body });
        }
        if payload == 0 {
            return Err(PeerFault::EmptyFrame);
        }
        if !payload.is_multiple_of(4) && self.framing != Framing::PaddedIntermediate {
            return Err(PeerFault::Misaligned { len: payload });
        }
        Ok(head)
    }

    /// Full framing: checks checksum and number of a whole frame and cuts the checksum off (M-028).
    fn check(&mut self, frame: &mut BytesMut) -> Result<(), PeerFault> {
        let checksum = frame.split_off(frame.len().saturating_sub(4));
        if word(&checksum) != Some(crc32fast::hash(frame)) {
            return Err(PeerFault::Checksum);
        }
        let got = frame.get(4..).and_then(word).unwrap_or_default();
        if got != self.sequence {
            return Err(PeerFault::Sequence { expected: self.sequence, got });
        }
        self.sequence = self.sequence.wrapping_add(1);
        Ok(())
    }
}

/// The sending half.
#[derive(Debug)]
pub(crate) struct Writer {
    pub framing: Framing,
    padding_mask: u8,
    sequence: u32,
}

impl Writer {
    /// `padding_mask` selects how many random bytes follow payloads in padded intermediate.
    pub fn new(framing: Framing, padding_mask: u8) -> Self {
        Self { framing, padding_mask, sequence: 0 }
    }

    /// Appends one frame; `flagged` asks for a quick ack.
    pub fn frame<R: CryptoRng + ?Sized>(
        &mut self,
        payload: &[u8],
        flagged: bool,
        rng: &mut R,
        out: &mut BytesMut,
    ) -> Result<(), WriteError> {
        let padded = if self.framing == Framing::PaddedIntermediate { self.padding_mask } else { 0 };
        if payload.len() + usize::from(padded) > MAX_OUTBOUND_BYTES {
            return Err(WriteError::TooLarge(payload.len()));
        }
        if payload.is_empty() || !payload.len().is_multiple_of(4) {
            return Err(WriteError::Misaligned(payload.len()));
        }
        self.body(payload, flagged, padded, rng, out);
        Ok(())
    }

    /// Appends a short body with a transport error: less than 16 bytes even with its padding (M-052).
    pub fn error<R: CryptoRng + ?Sized>(&mut self, code: i32, rng: &mut R, out: &mut BytesMut) {
        self.body(&code.to_le_bytes(), false, self.padding_mask & 7, rng, out);
    }

    /// Appends a quick ack (M-042, M-043, M-044); full framing has none (M-047).
    pub fn quick_ack<R: CryptoRng + ?Sized>(&mut self, token: u32, rng: &mut R, out: &mut BytesMut) {
        match self.framing {
            Framing::Abridged => out.put_u32(token),
            Framing::Intermediate => out.put_u32_le(token),
            Framing::PaddedIntermediate => {
                let [a, b, c, d] = token.to_le_bytes();
                self.body(&[0xff, 0xff, 0xff, 0xff, a, b, c, d], false, self.padding_mask & 7, rng, out);
            }
            Framing::Full => {}
        }
    }

    /// `padding_mask` selects how many random bytes follow in padded intermediate.
    fn body<R: CryptoRng + ?Sized>(
        &mut self,
        body: &[u8],
        flagged: bool,
        padding_mask: u8,
        rng: &mut R,
        out: &mut BytesMut,
    ) {
        let flag = if flagged { FLAG } else { 0 };
        out.reserve(body.len() + FULL_ENVELOPE + usize::from(CLIENT_PADDING_MASK));
        match self.framing {
            Framing::Abridged => {
                let [a, b, c, _] = (length(body) / 4).to_le_bytes();
                let bit = if flagged { 0x80 } else { 0 };
                match body.len() / 4 {
                    0..0x7f => out.put_u8(a | bit),
                    _ => out.put_slice(&[0x7f | bit, a, b, c]),
                }
                out.put_slice(body);
            }
            Framing::Intermediate => {
                out.put_u32_le(length(body) | flag);
                out.put_slice(body);
            }
            Framing::PaddedIntermediate => {
                let mut random = [0; 16];
                rng.fill_bytes(&mut random);
                let [count, random @ ..] = random;
                let padding = random.split_at(usize::from(count & padding_mask)).0;
                out.put_u32_le((length(body) + length(padding)) | flag);
                out.put_slice(body);
                out.put_slice(padding);
            }
            Framing::Full => {
                let start = out.len();
                out.put_u32_le(length(body) + 12);
                out.put_u32_le(self.sequence);
                out.put_slice(body);
                out.put_u32_le(crc32fast::hash(out.get(start..).unwrap_or_default()));
                self.sequence = self.sequence.wrapping_add(1);
            }
        }
    }
}

fn abridged_head(input: &[u8]) -> Option<Head> {
    let first = *input.first()?;
    let flagged = first & 0x80 != 0;
    match first & 0x7f {
        0x7f => word(input).map(|word| Head { len: 4, body: size(word >> 8) * 4, flagged }),
        words => Some(Head { len: 1, body: usize::from(words) * 4, flagged }),
    }
}

/// Cuts the random bytes off an encrypted payload, which is 24 bytes and whole blocks; a plaintext one ends where its
/// own length says (M-026).
fn strip_padding(payload: &mut BytesMut) {
    let encrypted = payload.first_chunk::<8>().is_some_and(|auth_key_id| *auth_key_id != [0; 8]);
    if encrypted && let Some(rest) = payload.len().checked_sub(24) {
        payload.truncate(payload.len() - rest % 16);
    }
}

pub(crate) fn word(input: &[u8]) -> Option<u32> {
    input.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// A length from the wire. Where `usize` is narrower, what does not fit is above every limit anyway.
fn size(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX / 8)
}

/// A length for the wire; bodies are far below 4 GiB.
fn length(body: &[u8]) -> u32 {
    u32::try_from(body.len()).unwrap_or(u32::MAX / 2)
}
