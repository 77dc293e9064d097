//! The receive buffer: ciphertext is appended behind plaintext and decrypted in place.

use bytes::{BufMut, BytesMut};
use zaun_crypto::ctr::AesCtr256;

#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: BytesMut,
    /// How many bytes from the front have been decrypted.
    clear: usize,
}

impl Input {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The buffer to read into, with room for at least `room` bytes; only appending is possible.
    pub fn receive_buffer(&mut self, room: usize) -> impl BufMut + '_ {
        self.bytes.reserve(room);
        &mut self.bytes
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// All bytes as they arrived.
    pub fn raw(&self) -> &[u8] {
        &self.bytes
    }

    /// Drops a consumed head; everything behind it is still as it arrived.
    pub fn skip(&mut self, len: usize) {
        drop(self.bytes.split_to(len.min(self.bytes.len())));
        self.clear = 0;
    }

    /// Decrypts what has arrived since the last call, lets `take` consume from the front, and returns its answer.
    pub fn clear<T>(&mut self, stream: Option<&mut AesCtr256>, take: impl FnOnce(&mut BytesMut) -> T) -> T {
        if let (Some(stream), Some(new)) = (stream, self.bytes.get_mut(self.clear..)) {
            stream.apply(new);
        }
        let result = take(&mut self.bytes);
        self.clear = self.bytes.len();
        result
    }

    /// Gives the memory back if nothing is buffered.
    pub fn release(&mut self) {
        if self.bytes.is_empty() {
            self.bytes = BytesMut::new();
        }
    }

    /// Forgets everything.
    pub fn discard(&mut self) {
        *self = Self::default();
    }
}
