//! The server's codec.

use crate::error::{ForeignProtocol, PeerFault, TransportError, WriteError};
use crate::framing::{Framing, Limits, Reader, SERVER_PADDING_MASK, Writer, word};
use crate::input::Input;
use crate::obfuscation::{self, Streams};
use crate::secret::{ProxySecret, SecretKind};
use bytes::{BufMut, BytesMut};
use rand::CryptoRng;
use std::sync::Arc;
use zaun_crypto::ctr::AesCtr256;

/// The server's end of one connection: finds out how the client frames, and answers in kind (M-013, M-021).
///
/// An idle codec holds no buffer after [`ServerCodec::release_idle`]; with obfuscation its two cipher states remain,
/// about 600 bytes.
#[derive(Debug)]
pub struct ServerCodec {
    limits: Limits,
    /// If there are any, one of them is demanded.
    secrets: Arc<[ProxySecret]>,
    obfuscated_only: bool,
    input: Input,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Fewer bytes have come than the decision needs.
    Detecting,
    Open(Open),
    Failed(TransportError),
}

#[derive(Debug)]
struct Open {
    reader: Reader,
    writer: Writer,
    // Boxed because most of it is two key schedules that a plain connection does not have.
    streams: Option<Box<Streams>>,
}

/// One payload from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The payload, decrypted in place and split off the receive buffer without copying.
    pub payload: BytesMut,
    /// The client asks for a quick acknowledgement of this packet (M-023, M-024).
    pub quick_ack: bool,
}

/// What the first bytes said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// The framing of both directions (M-021).
    pub framing: Framing,
    /// The dc field of the obfuscation header, as it stands there; many clients leave random bytes in it, so it is a
    /// hint only (M-078, M-079). `None` without obfuscation.
    pub obfuscated: Option<i16>,
}

impl ServerCodec {
    /// For an endpoint that takes every framing, plain or obfuscated (M-013).
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with_secrets(limits, Arc::default())
    }

    /// For an endpoint that takes only obfuscated connections with one of these secrets (M-084, M-336). For what comes
    /// out of fake TLS, give it the one secret that its hello was made with.
    #[must_use]
    pub fn with_secrets(limits: Limits, secrets: Arc<[ProxySecret]>) -> Self {
        Self { limits, secrets, obfuscated_only: false, input: Input::default(), state: State::Detecting }
    }

    /// Refuses streams that are not obfuscated, as inside WebSocket (M-069).
    #[must_use]
    pub fn obfuscated_only(self) -> Self {
        Self { obfuscated_only: true, ..self }
    }

    /// Appends received bytes, cut anywhere (M-032).
    pub fn feed(&mut self, bytes: &[u8]) {
        if !matches!(self.state, State::Failed(_)) {
            self.input.feed(bytes);
        }
    }

    /// The buffer itself with room for at least `room` bytes, to read from a socket without another copy. Bytes that
    /// are put here count as fed. After an error they are ignored.
    pub fn receive_buffer(&mut self, room: usize) -> impl BufMut + '_ {
        self.input.receive_buffer(room)
    }

    /// The next whole frame; `None` until more bytes come.
    ///
    /// # Errors
    /// Once and for all; the reaction is documented at each variant.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, TransportError> {
        let result = self.try_next();
        if let Err(error) = result {
            self.state = State::Failed(error);
            self.input.discard();
        }
        result
    }

    fn detect(&self) -> Result<Option<(Open, usize)>, TransportError> {
        let bytes = self.input.raw();
        if self.obfuscated_only && plain(bytes).is_some() {
            return Err(PeerFault::NotObfuscated.into());
        }
        detect(bytes, self.limits, &self.secrets)
    }

    fn try_next(&mut self) -> Result<Option<Frame>, TransportError> {
        if matches!(self.state, State::Detecting) {
            match self.detect()? {
                Some((open, consumed)) => {
                    self.input.skip(consumed);
                    self.state = State::Open(open);
                }
                None => return Ok(None),
            }
        }
        match &mut self.state {
            State::Open(open) => {
                let stream = open.streams.as_deref_mut().map(|streams| &mut streams.receive);
                let frame = self.input.clear(stream, |bytes| open.reader.next(bytes))?;
                Ok(frame.map(|(payload, quick_ack)| Frame { payload, quick_ack }))
            }
            State::Failed(error) => Err(*error),
            State::Detecting => Ok(None),
        }
    }

    /// Appends a frame with `payload` to `out`; `rng` draws the padding of padded intermediate.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written then.
    pub fn write_frame<R: CryptoRng + ?Sized>(
        &mut self,
        payload: &[u8],
        rng: &mut R,
        out: &mut BytesMut,
    ) -> Result<(), WriteError> {
        self.write(out, |writer, out| writer.frame(payload, false, rng, out))
    }

    /// Appends a quick ack with a token of `zaun_crypto::kdf` (M-042, M-043, M-044). Writes nothing in full framing,
    /// which has none (M-047).
    ///
    /// # Errors
    /// [`WriteError::Undecided`].
    pub fn write_quick_ack<R: CryptoRng + ?Sized>(
        &mut self,
        token: u32,
        rng: &mut R,
        out: &mut BytesMut,
    ) -> Result<(), WriteError> {
        self.write(out, |writer, out| {
            writer.quick_ack(token, rng, out);
            Ok(())
        })
    }

    /// Appends a transport error; `code` is negative: −404, −429, −444 (M-048 … M-053).
    ///
    /// # Errors
    /// [`WriteError::Undecided`].
    pub fn write_error<R: CryptoRng + ?Sized>(
        &mut self,
        code: i32,
        rng: &mut R,
        out: &mut BytesMut,
    ) -> Result<(), WriteError> {
        self.write(out, |writer, out| {
            writer.error(code, rng, out);
            Ok(())
        })
    }

    fn write(
        &mut self,
        out: &mut BytesMut,
        append: impl FnOnce(&mut Writer, &mut BytesMut) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let State::Open(open) = &mut self.state else { return Err(WriteError::Undecided) };
        let start = out.len();
        append(&mut open.writer, out)?;
        encrypt(open.streams.as_deref_mut().map(|streams| &mut streams.send), out, start);
        Ok(())
    }

    /// How the client frames, as soon as that is known.
    #[must_use]
    pub fn info(&self) -> Option<Info> {
        match &self.state {
            State::Open(open) => Some(Info {
                framing: open.reader.framing,
                obfuscated: open.streams.as_ref().map(|streams| streams.dc),
            }),
            State::Detecting | State::Failed(_) => None,
        }
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

/// Encrypts what was appended to `out` since it was `start` bytes long.
pub(crate) fn encrypt(stream: Option<&mut AesCtr256>, out: &mut BytesMut, start: usize) {
    if let (Some(stream), Some(new)) = (stream, out.get_mut(start..)) {
        stream.apply(new);
    }
}

/// Decides from the first bytes, in the order of section 2 of the transports page (M-013 … M-019), and tells how many
/// of them belong to the decision.
fn detect(
    bytes: &[u8],
    limits: Limits,
    secrets: &[ProxySecret],
) -> Result<Option<(Open, usize)>, TransportError> {
    if !secrets.is_empty() {
        return detect_secret(bytes, limits, secrets);
    }
    // Foreign protocols are known by fewer bytes than full framing, so asking for them first makes the answer
    // independent of how the bytes are cut.
    if let Some(foreign) = word(bytes).and_then(foreign) {
        return Err(TransportError::Foreign(foreign));
    }
    if let Some((framing, consumed)) = plain(bytes) {
        return Ok(Some((Open::new(framing, limits, None), consumed)));
    }
    let Some(header) = bytes.first_chunk() else { return Ok(None) };
    match obfuscation::accept(header, None) {
        Some((framing, streams)) => {
            Ok(Some((Open::new(framing, limits, Some(Box::new(streams))), obfuscation::HEADER)))
        }
        // Headers may begin like a TLS record (M-081 excludes one word only), so this is asked last.
        None if bytes.starts_with(&[0x16, 3, 1]) => Err(TransportError::Foreign(ForeignProtocol::Tls)),
        None => Err(PeerFault::UnknownTag.into()),
    }
}

/// Where a secret is demanded, each is tried, and the tag after decryption decides (M-084, M-336). Clients inside fake
/// TLS make headers without the usual exclusions (M-082), so a header may begin with anything.
fn detect_secret(
    bytes: &[u8],
    limits: Limits,
    secrets: &[ProxySecret],
) -> Result<Option<(Open, usize)>, TransportError> {
    let inside_tls = secrets.iter().any(|secret| matches!(secret.kind, SecretKind::FakeTls(_)));
    if plain(bytes).is_some() && !inside_tls {
        return Err(PeerFault::NotObfuscated.into());
    }
    let Some(header) = bytes.first_chunk() else { return Ok(None) };
    let mut tagged = secrets.iter().filter_map(|secret| {
        let (framing, streams) = obfuscation::accept(header, Some(secret.key))?;
        // M-334, M-351.
        let allowed = secret.kind == SecretKind::Plain || framing == Framing::PaddedIntermediate;
        allowed.then(|| Open::new(framing, limits, Some(Box::new(streams))))
    });
    match tagged.next() {
        Some(open) => Ok(Some((open, obfuscation::HEADER))),
        None => Err(PeerFault::UnknownTag.into()),
    }
}

/// The framings that announce themselves in clear (M-014, M-015, M-017).
fn plain(bytes: &[u8]) -> Option<(Framing, usize)> {
    match bytes {
        [0xef, ..] => Some((Framing::Abridged, 1)),
        [0xee, 0xee, 0xee, 0xee, ..] => Some((Framing::Intermediate, 4)),
        [0xdd, 0xdd, 0xdd, 0xdd, ..] => Some((Framing::PaddedIntermediate, 4)),
        [_, _, _, _, 0, 0, 0, 0, ..] => Some((Framing::Full, 0)),
        _ => None,
    }
}

/// Protocols that the first word gives away (M-016, M-018).
fn foreign(first_word: u32) -> Option<ForeignProtocol> {
    match &first_word.to_le_bytes() {
        b"POST" | b"GET " | b"HEAD" | b"OPTI" => Some(ForeignProtocol::Http),
        [0x16, 3, 1, 2] => Some(ForeignProtocol::Tls),
        _ => None,
    }
}

impl Open {
    fn new(framing: Framing, limits: Limits, streams: Option<Box<Streams>>) -> Self {
        Self {
            reader: Reader::new(framing, limits),
            writer: Writer::new(framing, SERVER_PADDING_MASK),
            streams,
        }
    }
}
