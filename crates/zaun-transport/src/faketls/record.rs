//! Records: the stream inside.

use bytes::{Buf, BufMut, BytesMut};

use super::RECORD_HEADER;

/// The longest record that is taken: RFC 8446 allows 256 bytes of expansion, and iOS has been seen at 16,408.
pub const MAX_RECORD_BYTES: usize = (1 << 14) + 256;
/// The longest record that is written (M-352); smaller ones look more like a browser's server.
const WRITE_BYTES: usize = 8 * 1024;

/// The peer sent what is no record of this stream. Reaction: close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A record of another type than change_cipher_spec and application_data (M-350).
    #[error("record of type {0} inside fake TLS (M-350)")]
    Type(u8),
    /// A record above [`MAX_RECORD_BYTES`].
    #[error("record of {0} bytes, at most {MAX_RECORD_BYTES} are taken (M-352)")]
    Length(usize),
}

/// Takes the stream out of its records.
#[derive(Debug, Default)]
pub struct Records {
    buffer: BytesMut,
}

impl Records {
    /// Appends received bytes, cut anywhere.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The content of the next whole application_data record; change_cipher_spec is passed over.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn next_content(&mut self) -> Result<Option<BytesMut>, RecordError> {
        loop {
            let Some([kind, _, _, high, low]) = self.buffer.first_chunk().copied() else { return Ok(None) };
            let length = usize::from(u16::from_be_bytes([high, low]));
            if !matches!(kind, 0x14 | 0x17) {
                return Err(RecordError::Type(kind));
            }
            if length > MAX_RECORD_BYTES {
                return Err(RecordError::Length(length));
            }
            if self.buffer.len() < RECORD_HEADER + length {
                return Ok(None);
            }
            self.buffer.advance(RECORD_HEADER);
            let content = self.buffer.split_to(length);
            if kind == 0x17 && !content.is_empty() {
                return Ok(Some(content));
            }
        }
    }

    /// All that is left, as records: `content`, which was taken out and is not used yet, in front.
    #[must_use]
    pub fn unread(self, content: &[u8]) -> BytesMut {
        let mut all = BytesMut::new();
        seal(content, &mut all);
        all.unsplit(self.buffer);
        all
    }

    /// Gives the memory back if no record has begun.
    pub fn release_idle(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }
}

/// Appends bytes of the stream as application_data records.
pub fn seal(mut content: &[u8], out: &mut BytesMut) {
    while !content.is_empty() {
        let (now, rest) = content.split_at(content.len().min(WRITE_BYTES));
        out.put_slice(&[0x17, 3, 3]);
        // At most WRITE_BYTES, which fits.
        out.put_u16(u16::try_from(now.len()).unwrap_or(u16::MAX));
        out.put_slice(now);
        content = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_carry_a_stream_whatever_the_cut() {
        let stream: Vec<u8> = (0..40_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut wire = BytesMut::from(&super::super::CHANGE_CIPHER_SPEC[..]);
        seal(&stream, &mut wire);
        for step in [1, 7, 4096, 50_000] {
            let (mut records, mut got) = (Records::default(), Vec::new());
            for piece in wire.chunks(step) {
                records.feed(piece);
                while let Some(content) = records.next_content().unwrap() {
                    assert!(content.len() <= WRITE_BYTES, "M-352");
                    got.extend_from_slice(&content);
                }
            }
            assert_eq!(got, stream, "cut into {step}");
        }
    }

    #[test]
    fn m350_other_records_end_the_stream() {
        let mut records = Records::default();
        records.feed(&[0x15, 3, 3, 0, 2, 1, 0]);
        assert_eq!(records.next_content(), Err(RecordError::Type(0x15)));
        let mut records = Records::default();
        records.feed(&[0x17, 3, 3, 0xff, 0xff]);
        assert_eq!(records.next_content(), Err(RecordError::Length(0xffff)));
    }
}
