//! A ClientHello out of the pieces that it arrives in: tools on the way cut it into several records.

use std::borrow::Cow;

use super::server::MAX_HELLO_BYTES;
use super::{RECORD_HEADER, hello_len};

/// Records that one hello may be cut into: tools that hide the name of a site make two or three, some one per few bytes.
const MAX_RECORDS: usize = 64;
/// Length of the header of a handshake message.
const MESSAGE_HEADER: usize = 4;

/// What the first bytes of a connection hold.
#[derive(Debug, PartialEq, Eq)]
pub enum Gathered<'a> {
    /// The beginning of a hello.
    Incomplete,
    /// Nothing that could become one (M-341).
    Foreign,
    /// A hello.
    Whole {
        /// How many of the bytes it took.
        consumed: usize,
        /// The one record that its sender made.
        record: Cow<'a, [u8]>,
    },
}

/// Looks for a whole ClientHello at the beginning of `bytes`, in one record or in several.
#[must_use]
pub fn gather(bytes: &[u8]) -> Gathered<'_> {
    let mut body = Vec::new();
    let mut at = 0;
    for _ in 0..MAX_RECORDS {
        let rest = bytes.get(at..).unwrap_or_default();
        if !rest.iter().zip([0x16, 3, 1]).all(|(byte, expected)| *byte == expected) {
            return Gathered::Foreign;
        }
        let Some(length) = hello_len(rest) else { return Gathered::Incomplete };
        if length == RECORD_HEADER || body.len() + length > MAX_HELLO_BYTES {
            return Gathered::Foreign;
        }
        // The type of the message is known before the record is whole.
        if at == 0 && rest.get(RECORD_HEADER).is_some_and(|kind| *kind != 1) {
            return Gathered::Foreign;
        }
        let Some(record) = rest.get(..length) else { return Gathered::Incomplete };
        at += length;
        let content = record.get(RECORD_HEADER..).unwrap_or_default();
        if body.is_empty() && message_len(content).is_some_and(|whole| whole <= content.len()) {
            return Gathered::Whole { consumed: at, record: Cow::Borrowed(record) };
        }
        body.extend_from_slice(content);
        match message_len(&body) {
            Some(whole) if whole > MAX_HELLO_BYTES => return Gathered::Foreign,
            Some(whole) if whole <= body.len() => return joined(at, &body),
            _ => {}
        }
    }
    Gathered::Foreign
}

/// The length of the message with its header.
fn message_len(body: &[u8]) -> Option<usize> {
    let [_, a, b, c] = body.first_chunk::<MESSAGE_HEADER>()?;
    Some(MESSAGE_HEADER + usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?)
}

/// The record as it was before it was cut.
fn joined<'a>(consumed: usize, body: &[u8]) -> Gathered<'a> {
    let Ok(length) = u16::try_from(body.len()) else { return Gathered::Foreign };
    let record = [&[0x16, 3, 1], &length.to_be_bytes()[..], body].concat();
    Gathered::Whole { consumed, record: Cow::Owned(record) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;
    use crate::faketls::{ClientHello, Hello};
    use bytes::BytesMut;

    fn hello() -> Vec<u8> {
        let mut out = BytesMut::new();
        ClientHello::write(Secret([3; 16]), "cover.example", 1_800_000_000, &mut rand::rng(), &mut out);
        out.to_vec()
    }

    /// The same message in records of so many bytes.
    fn cut(record: &[u8], size: usize) -> Vec<u8> {
        record[RECORD_HEADER..]
            .chunks(size)
            .flat_map(|piece| {
                let length = u16::try_from(piece.len()).unwrap().to_be_bytes();
                [&[0x16, 3, 1], &length[..], piece].concat()
            })
            .collect()
    }

    #[test]
    fn m341_a_hello_is_put_together_from_several_records() {
        let whole = hello();
        for size in [10, 100, 300, 1000] {
            let pieces = [cut(&whole, size), b"rest".to_vec()].concat();
            let Gathered::Whole { consumed, record } = gather(&pieces) else { panic!("in pieces of {size}") };
            assert_eq!(consumed, pieces.len() - 4);
            assert_eq!(record, &whole[..]);
            assert!(Hello::parse(&record).unwrap().proven_time(&Secret([3; 16])).is_some(), "M-342");
            for end in 0..consumed {
                assert_eq!(gather(&pieces[..end]), Gathered::Incomplete, "{end} bytes in pieces of {size}");
            }
        }
    }

    #[test]
    fn m341_what_cannot_become_a_hello_is_known_at_once() {
        for foreign in [
            &b"GET "[..],
            &[0x16, 3, 3],
            &[0x16, 3, 1, 2, 0, 2],
            &[0x16, 3, 1, 0, 0],
            &[0x16, 3, 1, 0xff, 0xff],
        ] {
            assert_eq!(gather(foreign), Gathered::Foreign, "{foreign:?}");
        }
        assert_eq!(gather(&cut(&hello(), 5)), Gathered::Foreign, "too many records");
        assert_eq!(gather(&[0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]), Gathered::Foreign, "too long");
    }
}
