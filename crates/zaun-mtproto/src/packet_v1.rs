//! Packets of MTProto 1.0 (M-183 … M-187): seal and open for both sides. Today they are needed inside
//! `auth.bindTempAuthKey` (see [`crate::binding`]); whole clients that speak 1.0 are old.
//!
//! The msg_key covers the text but not its padding, so a changed padding goes unnoticed: that is why there is 2.0.

use bytes::{BufMut, BytesMut};
use rand::CryptoRng;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::hash::ct_eq;
use zaun_crypto::kdf::{self, Side};

use crate::packet::{Header, INNER_HEADER, OUTER_HEADER, Opened, auth_key_id};

/// Most padding: what fills up the last block (M-183).
pub const MAX_PADDING: usize = 15;

/// Why a packet could not be opened. On the wire all of these look alike (M-176).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenV1Error {
    /// The key that was looked up is not the one in the packet.
    #[error("auth_key_id in the packet is not that of the key (M-171)")]
    KeyId,
    /// Ciphertext missing, or not a multiple of 16.
    #[error("{0} bytes of ciphertext: not a positive multiple of 16 (M-171)")]
    Size(usize),
    /// Wrong length, wrong padding or wrong msg_key: which of them may not be told apart, because the length decides
    /// what the msg_key covers.
    #[error("msg_key does not match the decrypted text (M-183)")]
    MsgKey,
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
    let mut text = BytesMut::with_capacity(INNER_HEADER + body.len() + MAX_PADDING);
    text.put_i64_le(header.salt);
    text.put_i64_le(header.session_id);
    text.put_i64_le(header.msg_id);
    text.put_i32_le(header.seqno);
    // A body never comes near 2 GiB: frames are limited to 4 MiB (M-031).
    text.put_i32_le(i32::try_from(body.len()).unwrap_or(i32::MAX));
    text.put_slice(body);
    let msg_key = kdf::msg_key_v1(&text);
    let whole = text.len();
    text.resize(whole.next_multiple_of(16), 0);
    if let Some(padding) = text.get_mut(whole..) {
        rng.fill_bytes(padding);
    }
    // The length is a multiple of 16 by construction, so the cipher cannot refuse it.
    let _ = kdf::v1(key, &msg_key, from).encrypt(&mut text);
    out.put_i64_le(key.id());
    out.put_slice(&msg_key);
    out.put_slice(&text);
}

/// Decrypts and checks one packet, in place. `from` is the side that sent it.
///
/// The length has to be believed before the msg_key can be checked, but nothing else depends on it; a wrong one gives
/// the same error as a wrong msg_key. The text is hashed in either case, so that the time does not tell them apart.
pub fn open(key: &AuthKey, from: Side, mut packet: BytesMut) -> Result<Opened, OpenV1Error> {
    if auth_key_id(&packet) != Some(key.id()) {
        return Err(OpenV1Error::KeyId);
    }
    let cipher_len = packet.len().saturating_sub(OUTER_HEADER);
    let msg_key = packet.get(8..24).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let (Some(msg_key), true) = (msg_key, cipher_len >= INNER_HEADER) else {
        return Err(OpenV1Error::Size(cipher_len));
    };
    let mut plain = packet.split_off(OUTER_HEADER);
    kdf::v1(key, &msg_key, from).decrypt(&mut plain).map_err(|_| OpenV1Error::Size(cipher_len))?;
    let (header, length) = parse_header(&plain).ok_or(OpenV1Error::Size(cipher_len))?;
    let declared = usize::try_from(length).ok().and_then(|length| length.checked_add(INNER_HEADER));
    let text = declared.filter(|end| end.is_multiple_of(4)).and_then(|end| plain.get(..end));
    let padding = text.map_or(usize::MAX, |text| plain.len() - text.len());
    let hash = kdf::hash_v1(text.unwrap_or(&plain));
    if !ct_eq(&hash.msg_key(), &msg_key) || padding > MAX_PADDING {
        return Err(OpenV1Error::MsgKey);
    }
    let end = plain.len() - padding;
    let body = plain.split_to(end).split_off(INNER_HEADER).freeze();
    Ok(Opened { header, body, quick_ack_token: hash.quick_ack() })
}

fn parse_header(plain: &[u8]) -> Option<(Header, i32)> {
    let long = |at: usize| Some(i64::from_le_bytes(*plain.get(at..)?.first_chunk()?));
    let int = |at: usize| Some(i32::from_le_bytes(*plain.get(at..)?.first_chunk()?));
    let header = Header { salt: long(0)?, session_id: long(8)?, msg_id: long(16)?, seqno: int(24)? };
    Some((header, int(28)?))
}
