//! Encrypted packets of MTProto 2.0 (M-171 … M-181): seal and open, for both sides.

mod batch;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use rand::CryptoRng;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::hash::ct_eq;
use zaun_crypto::kdf::{self, HashV2, Side};

pub use batch::{Incoming, Sealing, open_many, seal_each, seal_many};

/// auth_key_id and msg_key, in clear in front of the ciphertext.
pub const OUTER_HEADER: usize = 24;
/// salt, session_id, msg_id, seqno and length.
pub const INNER_HEADER: usize = 32;
/// Least padding (M-178).
pub const MIN_PADDING: usize = 12;
/// Most padding (M-178).
pub const MAX_PADDING: usize = 1024;
/// Sealed plaintexts are filled up to a multiple of this, so that lengths tell less (M-179).
const BUCKET: usize = 64;

/// Everything of a message but its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Server salt (M-243).
    pub salt: i64,
    /// Session (M-188).
    pub session_id: i64,
    /// Message identifier (M-205).
    pub msg_id: i64,
    /// Sequence number (M-219).
    pub seqno: i32,
}

/// A packet that was opened and passed every check that needs no session.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its header.
    pub header: Header,
    /// Its body: exactly the declared length.
    pub body: Bytes,
    /// What a quick acknowledgement of it would say (M-038).
    pub quick_ack_token: u32,
}

/// Why a packet could not be opened. On the wire all of these look alike (M-176): −404, then close (M-181).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Ciphertext missing, or not a multiple of 16.
    #[error("{0} bytes of ciphertext: not a positive multiple of 16 (M-171)")]
    Size(usize),
    /// The key that was looked up is not the one in the packet.
    #[error("auth_key_id in the packet is not that of the key (M-171)")]
    KeyId,
    /// The plaintext does not belong to the msg_key.
    #[error("msg_key does not match the decrypted plaintext and its padding (M-172)")]
    MsgKey,
    /// The declared length is negative, odd or runs past the plaintext.
    #[error("declared length {0} is negative, not divisible by 4, or past the plaintext (M-177)")]
    Length(i32),
    /// Padding outside 12..=1024.
    #[error("{0} bytes of padding: not within 12..=1024 (M-178)")]
    Padding(usize),
}

/// The auth_key_id of a payload; `None` if there are not even 8 bytes. Zero means a plaintext message (M-085).
pub fn auth_key_id(payload: &[u8]) -> Option<i64> {
    payload.first_chunk().map(|bytes| i64::from_le_bytes(*bytes))
}

/// One message to be sealed.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The key of the connection.
    pub key: &'a AuthKey,
    /// The side that sends.
    pub from: Side,
    /// Everything but its body.
    pub header: Header,
    /// Its body.
    pub body: &'a [u8],
}

impl Outgoing<'_> {
    /// Bytes of the packet that it becomes.
    #[must_use]
    pub fn packet_len(&self) -> usize {
        OUTER_HEADER + (INNER_HEADER + self.body.len() + MIN_PADDING).next_multiple_of(BUCKET)
    }

    fn seal(&self, rng: &mut (impl CryptoRng + ?Sized), out: &mut BytesMut) {
        let packet = appended(out, self.packet_len());
        self.lay_out(packet, rng);
        encrypt(self.key, self.from, packet);
    }

    /// Writes everything that is known before the `msg_key`; `packet` has [`Self::packet_len`] bytes.
    fn lay_out(&self, packet: &mut [u8], rng: &mut (impl CryptoRng + ?Sized)) {
        let mut rest = packet;
        rest.put_i64_le(self.key.id());
        rest.put_bytes(0, 16);
        rest.put_i64_le(self.header.salt);
        rest.put_i64_le(self.header.session_id);
        rest.put_i64_le(self.header.msg_id);
        rest.put_i32_le(self.header.seqno);
        // A body never comes near 2 GiB: frames are limited to 4 MiB (M-031).
        rest.put_i32_le(i32::try_from(self.body.len()).unwrap_or(i32::MAX));
        rest.put_slice(self.body);
        rng.fill_bytes(rest);
    }
}

/// Encrypts one message and appends the packet to `out`. `from` is the side that sends.
pub fn seal(
    key: &AuthKey,
    from: Side,
    header: &Header,
    body: &[u8],
    rng: &mut (impl CryptoRng + ?Sized),
    out: &mut BytesMut,
) {
    Outgoing { key, from, header: *header, body }.seal(rng, out);
}

/// Room for a packet at the end of `out`.
fn appended(out: &mut BytesMut, len: usize) -> &mut [u8] {
    let start = out.len();
    out.resize(start + len, 0);
    out.get_mut(start..).unwrap_or_default()
}

/// Gives a packet that is laid out its `msg_key`, and encrypts it.
fn encrypt(key: &AuthKey, from: Side, packet: &mut [u8]) {
    let Some((outer, plain)) = packet.split_at_mut_checked(OUTER_HEADER) else { return };
    let msg_key = kdf::msg_key_v2(key, from, plain);
    if let Some(slot) = outer.last_chunk_mut() {
        *slot = msg_key;
    }
    // The length is a multiple of 64 by construction, so the cipher cannot refuse it.
    let _ = kdf::v2(key, &msg_key, from).encrypt(plain);
}

/// Decrypts and checks one packet, in place. `from` is the side that sent it.
pub fn open(key: &AuthKey, from: Side, mut packet: BytesMut) -> Result<Opened, OpenError> {
    let (msg_key, text) = sealed_parts(key, &mut packet)?;
    let len = text.len();
    let hash = kdf::decrypt_v2(key, from, &msg_key, text).map_err(|_| OpenError::Size(len))?;
    checked(packet, &msg_key, &hash)
}

/// The `msg_key` and the ciphertext of a packet that could be one of this key.
fn sealed_parts<'a>(key: &AuthKey, packet: &'a mut [u8]) -> Result<([u8; 16], &'a mut [u8]), OpenError> {
    if auth_key_id(packet) != Some(key.id()) {
        return Err(OpenError::KeyId);
    }
    let Some((outer, text)) = packet.split_first_chunk_mut::<OUTER_HEADER>() else {
        return Err(OpenError::Size(0));
    };
    if text.len() < INNER_HEADER + MIN_PADDING || !text.len().is_multiple_of(16) {
        return Err(OpenError::Size(text.len()));
    }
    let [.., a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *outer;
    Ok(([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p], text))
}

/// Judges a packet whose text has been decrypted in place.
fn checked(mut packet: BytesMut, msg_key: &[u8; 16], hash: &HashV2) -> Result<Opened, OpenError> {
    if !ct_eq(&hash.msg_key(), msg_key) {
        return Err(OpenError::MsgKey);
    }
    let plain = packet.get(OUTER_HEADER..).unwrap_or_default();
    let (header, length) = parse_header(plain).ok_or(OpenError::Size(plain.len()))?;
    let body_len = usize::try_from(length).map_err(|_| OpenError::Length(length))?;
    let Some(padding) = (plain.len() - INNER_HEADER).checked_sub(body_len) else {
        return Err(OpenError::Length(length));
    };
    if length % 4 != 0 {
        return Err(OpenError::Length(length));
    }
    if !(MIN_PADDING..=MAX_PADDING).contains(&padding) {
        return Err(OpenError::Padding(padding));
    }
    packet.advance(OUTER_HEADER + INNER_HEADER);
    packet.truncate(body_len);
    Ok(Opened { header, body: packet.freeze(), quick_ack_token: hash.quick_ack() })
}

fn parse_header(plain: &[u8]) -> Option<(Header, i32)> {
    let long = |at: usize| Some(i64::from_le_bytes(*plain.get(at..)?.first_chunk()?));
    let int = |at: usize| Some(i32::from_le_bytes(*plain.get(at..)?.first_chunk()?));
    let header = Header { salt: long(0)?, session_id: long(8)?, msg_id: long(16)?, seqno: int(24)? };
    Some((header, int(28)?))
}
