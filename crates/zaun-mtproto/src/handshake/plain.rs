//! The envelope of plaintext messages (M-085).

use crate::{UnixTime, msg_id};
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// auth_key_id, msg_id, length.
pub const HEADER: usize = 20;

/// Random bytes that padded framing may leave behind the message (M-025, M-026).
const MAX_FRAMING_PADDING: usize = 15;

/// A plaintext message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// Message identifier; nothing depends on it before a session exists.
    pub msg_id: i64,
    /// The body: exactly the declared length.
    pub body: Bytes,
}

/// Why a payload is no plaintext message. Reaction: −404 (M-088).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlainError {
    /// Shorter than the header.
    #[error("{0} bytes are shorter than a plaintext header (M-085)")]
    Truncated(usize),
    /// auth_key_id is not zero.
    #[error("auth_key_id of a plaintext message is not zero (M-085)")]
    Encrypted,
    /// The length is not positive, not divisible by four or does not match the payload.
    #[error("length {0} of a plaintext message is not positive, aligned and that of the payload (M-090)")]
    Length(i32),
}

/// Takes a payload apart.
///
/// # Errors
/// [`PlainError`].
pub fn decode(mut payload: Bytes) -> Result<Plain, PlainError> {
    if payload.len() < HEADER {
        return Err(PlainError::Truncated(payload.len()));
    }
    if payload.get_i64_le() != 0 {
        return Err(PlainError::Encrypted);
    }
    let msg_id = payload.get_i64_le();
    let length = payload.get_i32_le();
    let error = PlainError::Length(length);
    let body_len = usize::try_from(length).map_err(|_| error)?;
    let padding = payload.len().checked_sub(body_len).ok_or(error)?;
    if body_len == 0 || !body_len.is_multiple_of(4) || padding > MAX_FRAMING_PADDING {
        return Err(error);
    }
    Ok(Plain { msg_id, body: payload.split_to(body_len) })
}

/// Puts a payload together.
#[must_use]
pub fn encode(msg_id: i64, body: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(HEADER + body.len());
    out.put_i64_le(0);
    out.put_i64_le(msg_id);
    // Handshake bodies are a few hundred bytes.
    out.put_i32_le(i32::try_from(body.len()).unwrap_or(i32::MAX));
    out.put_slice(body);
    out.freeze()
}

/// Rising identifiers of a client's plaintext messages: ≡ 0 (mod 4) (M-206).
#[derive(Debug, Default)]
pub(super) struct ClientIds {
    last: i64,
}

impl ClientIds {
    pub fn next(&mut self, now: UnixTime) -> i64 {
        self.last = (msg_id::from_time(now) & !3).max(self.last.saturating_add(4));
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first query of core.telegram.org/mtproto/samples-auth_key, header by header.
    #[test]
    fn decodes_the_published_sample() {
        let mut payload = vec![0; 8];
        payload.extend([0xE0, 0xD1, 0x0C, 0x00, 0x21, 0xA9, 0x72, 0x68, 0x14, 0, 0, 0]);
        payload.extend([0xF1, 0x8E, 0x7E, 0xBE]);
        payload.extend([0x75; 16]);
        let plain = decode(payload.clone().into()).unwrap();
        assert_eq!(plain.msg_id, 0x6872_A921_000C_D1E0);
        assert_eq!(plain.body.len(), 20);
        assert_eq!(encode(plain.msg_id, &plain.body), payload);
    }

    #[test]
    fn m090_the_length_must_match_up_to_framing_padding() {
        let payload = |length: i32, rest: usize| {
            let mut bytes = vec![0; 16];
            bytes.extend(length.to_le_bytes());
            bytes.resize(HEADER + rest, 7);
            decode(bytes.into())
        };
        for (length, rest) in [(20, 20), (20, 35), (4, 4)] {
            assert_eq!(payload(length, rest).unwrap().body, vec![7; length as usize]);
        }
        for (length, rest) in [(0, 0), (-4, 8), (20, 36), (20, 19), (6, 6), (i32::MIN, 0), (i32::MAX, 8)] {
            assert_eq!(payload(length, rest), Err(PlainError::Length(length)));
        }
    }

    #[test]
    fn m085_the_header_must_be_whole_and_plain() {
        assert_eq!(decode(Bytes::from_static(&[0; 19])), Err(PlainError::Truncated(19)));
        assert_eq!(decode(Bytes::from_static(&[1; 24])), Err(PlainError::Encrypted));
    }

    #[test]
    fn client_ids_rise_and_are_divisible_by_four() {
        let mut ids = ClientIds::default();
        let now = UnixTime::from_nanos(1_700_000_000_123_456_789);
        let (first, second) = (ids.next(now), ids.next(now));
        assert!(first < second && first % 4 == 0 && second % 4 == 0);
    }
}
