//! The client's codec.

use crate::error::{TransportError, WriteError};
use crate::framing::{CLIENT_PADDING_MASK, FLAG, Framing, Limits, MAX_OUTBOUND_BYTES, Reader, Writer, word};
use crate::input::Input;
use crate::obfuscation::{self, Secret, Streams};
use crate::server::encrypt;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use rand::CryptoRng;

/// The client's end of one connection. The tag or header goes out before the first frame by itself.
#[derive(Debug)]
pub struct ClientCodec {
    input: Input,
    reader: Reader,
    writer: Writer,
    streams: Option<Box<Streams>>,
    /// What announces the framing, until it has been written.
    greeting: Bytes,
    failed: Option<TransportError>,
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A payload.
    Frame(BytesMut),
    /// The token of a packet that asked for it (M-038).
    QuickAck(u32),
    /// A transport error, negative (M-048).
    Error(i32),
}

/// Full framing has no tag for the obfuscation header (M-076).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("full framing cannot be obfuscated (M-076)")]
pub struct NotObfuscatable;

impl ClientCodec {
    /// A connection without obfuscation.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self::with(framing, Bytes::from_static(framing.plain_tag()), None)
    }

    /// An obfuscated connection. `dc` goes into the header: 10000 is added for test servers, negative means media
    /// (M-078); `secret` belongs to a proxy or an endpoint (M-080).
    ///
    /// # Errors
    /// [`NotObfuscatable`] for full framing.
    pub fn obfuscated<R: CryptoRng + ?Sized>(
        framing: Framing,
        dc: i16,
        secret: Option<Secret>,
        rng: &mut R,
    ) -> Result<Self, NotObfuscatable> {
        let (header, streams) = obfuscation::initiate(framing, dc, secret, rng).ok_or(NotObfuscatable)?;
        Ok(Self::with(framing, Bytes::copy_from_slice(&header), Some(Box::new(streams))))
    }

    fn with(framing: Framing, greeting: Bytes, streams: Option<Box<Streams>>) -> Self {
        let limits = Limits { max_frame_bytes: MAX_OUTBOUND_BYTES };
        let (reader, writer) = (Reader::new(framing, limits), Writer::new(framing, CLIENT_PADDING_MASK));
        Self { input: Input::default(), reader, writer, streams, greeting, failed: None }
    }

    /// Appends a frame to `out`, before the first one the tag or header.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written then.
    pub fn write_frame<R: CryptoRng + ?Sized>(
        &mut self,
        payload: &[u8],
        quick_ack: bool,
        rng: &mut R,
        out: &mut BytesMut,
    ) -> Result<(), WriteError> {
        let start = out.len();
        out.put_slice(&self.greeting);
        let body = out.len();
        if let Err(error) = self.writer.frame(payload, quick_ack, rng, out) {
            out.truncate(start);
            return Err(error);
        }
        self.greeting.clear();
        encrypt(self.streams.as_deref_mut().map(|streams| &mut streams.send), out, body);
        Ok(())
    }

    /// Appends received bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            self.input.feed(bytes);
        }
    }

    /// The buffer itself with room for at least `room` bytes, to read from a socket without another copy. Bytes that
    /// are put here count as fed. After an error they are ignored.
    pub fn receive_buffer(&mut self, room: usize) -> impl BufMut + '_ {
        self.input.receive_buffer(room)
    }

    /// What came next; `None` until more bytes come.
    ///
    /// # Errors
    /// Once and for all: the server broke the framing, and the connection must be closed.
    pub fn next_incoming(&mut self) -> Result<Option<Incoming>, TransportError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let stream = self.streams.as_deref_mut().map(|streams| &mut streams.receive);
        let reader = &mut self.reader;
        let result = self.input.clear(stream, |bytes| {
            loop {
                if let Some(token) = bare_quick_ack(reader.framing, bytes) {
                    return Ok(Some(Incoming::QuickAck(token)));
                }
                if quick_ack_begins(reader.framing, bytes) {
                    return Ok(None);
                }
                match reader.next(bytes)? {
                    None => return Ok(None),
                    // A payload of 0 says nothing (M-053).
                    Some((payload, _)) => {
                        if let Some(incoming) = classify(payload) {
                            return Ok(Some(incoming));
                        }
                    }
                }
            }
        });
        result.map_err(|fault| {
            self.input.discard();
            *self.failed.insert(TransportError::Peer(fault))
        })
    }

    /// How many bytes wait for the rest of their frame.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.input.len()
    }

    /// Gives the receive buffer back unless a frame has begun.
    pub fn release_idle(&mut self) {
        self.input.release();
    }
}

/// Whether the buffer begins with a quick ack, which is four bytes without a length (M-042).
fn quick_ack_begins(framing: Framing, bytes: &[u8]) -> bool {
    match framing {
        Framing::Abridged => bytes.first().is_some_and(|first| first & 0x80 != 0),
        Framing::Intermediate => word(bytes).is_some_and(|word| word & FLAG != 0),
        Framing::PaddedIntermediate | Framing::Full => false,
    }
}

/// Takes such a quick ack off the buffer.
fn bare_quick_ack(framing: Framing, bytes: &mut BytesMut) -> Option<u32> {
    if !quick_ack_begins(framing, bytes) || bytes.len() < 4 {
        return None;
    }
    Some(if framing == Framing::Abridged { bytes.get_u32() } else { bytes.get_u32_le() })
}

/// Tells short bodies from payloads, as TDLib does: below 16 bytes there is no packet (M-043, M-044, M-048, M-052).
fn classify(payload: BytesMut) -> Option<Incoming> {
    if payload.len() >= 16 {
        return Some(Incoming::Frame(payload));
    }
    match (word(&payload), payload.get(4..).and_then(word)) {
        (Some(0), _) => None,
        (Some(u32::MAX), Some(token)) => Some(Incoming::QuickAck(token)),
        (Some(code), _) => Some(Incoming::Error(code.cast_signed())),
        (None, _) => Some(Incoming::Frame(payload)),
    }
}
