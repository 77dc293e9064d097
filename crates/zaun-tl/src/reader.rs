//! Reading TL values out of a shared buffer.

use bytes::Bytes;

use crate::limits::{MAX_DEPTH, MIN_ELEMENT_BYTES, SLICE_MIN_BYTES, VEC_RESERVE};
use crate::{BOOL_FALSE_ID, BOOL_TRUE_ID, Decode, DecodeError, VECTOR_ID};

/// A cursor over one serialized object.
///
/// Nothing is believed before it is checked: lengths against what remains (M-005), counts against the smallest
/// element (M-011), nesting against [`MAX_DEPTH`] (M-012). After an error the position is unspecified.
#[derive(Debug, Clone)]
pub struct Reader {
    buffer: Bytes,
    position: usize,
    depth: u32,
}

impl Reader {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: Bytes) -> Self {
        Self { buffer: bytes, position: 0, depth: 0 }
    }

    /// Bytes not read yet.
    pub fn remaining(&self) -> usize {
        self.buffer.len().saturating_sub(self.position)
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Everything that is left, without a copy.
    pub fn take_rest(&mut self) -> Bytes {
        let rest = self.buffer.slice(self.position.min(self.buffer.len())..);
        self.position = self.buffer.len();
        rest
    }

    /// The next word without consuming it.
    pub fn peek_u32(&self) -> Option<u32> {
        self.rest().first_chunk().map(|word| u32::from_le_bytes(*word))
    }

    /// A little-endian unsigned 32-bit word: ids, counts, flags.
    #[inline]
    pub fn take_u32(&mut self) -> Result<u32, DecodeError> {
        self.take_array().map(u32::from_le_bytes)
    }

    /// An `int`.
    #[inline]
    pub fn take_i32(&mut self) -> Result<i32, DecodeError> {
        self.take_array().map(i32::from_le_bytes)
    }

    /// A `long`.
    #[inline]
    pub fn take_i64(&mut self) -> Result<i64, DecodeError> {
        self.take_array().map(i64::from_le_bytes)
    }

    /// A `double`.
    #[inline]
    pub fn take_f64(&mut self) -> Result<f64, DecodeError> {
        self.take_array().map(f64::from_le_bytes)
    }

    /// A boxed `Bool`.
    pub fn take_bool(&mut self) -> Result<bool, DecodeError> {
        match self.take_u32()? {
            BOOL_TRUE_ID => Ok(true),
            BOOL_FALSE_ID => Ok(false),
            id => Err(DecodeError::UnknownConstructor { id, expected: "Bool" }),
        }
    }

    /// `N` raw bytes (`int128`, `int256`).
    #[inline]
    pub fn take_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.rest().first_chunk::<N>() {
            Some(array) => {
                let array = *array;
                self.position = self.position.saturating_add(N);
                Ok(array)
            }
            None => Err(self.truncated(N)),
        }
    }

    /// `length` raw bytes as a slice of the input.
    pub fn take_raw(&mut self, length: usize) -> Result<Bytes, DecodeError> {
        if length > self.remaining() {
            return Err(self.truncated(length));
        }
        let end = self.position.saturating_add(length);
        let slice = self.buffer.slice(self.position..end);
        self.position = end;
        Ok(slice)
    }

    /// A `bytes` value: a slice of the input from [`SLICE_MIN_BYTES`] on, a copy below (M-002, M-003).
    pub fn take_bytes(&mut self) -> Result<Bytes, DecodeError> {
        let (start, length) = self.take_string_bounds()?;
        let end = start.saturating_add(length);
        if length >= SLICE_MIN_BYTES {
            return Ok(self.buffer.slice(start..end));
        }
        Ok(Bytes::copy_from_slice(self.buffer.get(start..end).unwrap_or_default()))
    }

    /// A `string` value, which must be UTF-8 (M-002, M-003).
    pub fn take_string(&mut self) -> Result<String, DecodeError> {
        let (start, length) = self.take_string_bounds()?;
        let data = self.buffer.get(start..start.saturating_add(length)).unwrap_or_default();
        std::str::from_utf8(data).map(str::to_owned).map_err(|_| DecodeError::NotUtf8)
    }

    /// `Some` value if `present`, as flags demand.
    #[inline]
    pub fn take_optional<T: Decode>(&mut self, present: bool) -> Result<Option<T>, DecodeError> {
        if present { T::decode(self).map(Some) } else { Ok(None) }
    }

    /// A boxed `Vector t` (M-006).
    pub fn take_vector<T: Decode>(&mut self) -> Result<Vec<T>, DecodeError> {
        match self.take_u32()? {
            VECTOR_ID => self.take_bare_vector(T::MIN_SIZE, T::decode),
            id => Err(DecodeError::UnknownConstructor { id, expected: "Vector" }),
        }
    }

    /// A bare `vector t`: a count and elements of at least `min_size` bytes each (M-006, M-011).
    pub fn take_bare_vector<T>(
        &mut self,
        min_size: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.take_u32()?;
        let remaining = self.remaining();
        let length = usize::try_from(count).unwrap_or(usize::MAX);
        if length > remaining / min_size.max(MIN_ELEMENT_BYTES) {
            return Err(DecodeError::VectorTooLong { count, remaining });
        }
        let mut vector = Vec::with_capacity(length.min(VEC_RESERVE));
        for index in 0..length {
            if index == vector.capacity() {
                // Doubles like a plain push would, but never beyond the count.
                vector.reserve_exact(index.min(length.saturating_sub(index)));
            }
            vector.push(element(self)?);
        }
        Ok(vector)
    }

    /// Goes one level deeper into a recursive type (M-012); pair with [`Reader::leave`].
    pub fn enter(&mut self) -> Result<(), DecodeError> {
        if self.depth >= MAX_DEPTH {
            return Err(DecodeError::TooDeep { limit: MAX_DEPTH });
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    /// Comes back from [`Reader::enter`].
    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// An error unless everything has been read (M-001).
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            remaining => Err(DecodeError::Trailing { remaining }),
        }
    }

    /// Reads length and padding of a string; gives where its data lies.
    fn take_string_bounds(&mut self) -> Result<(usize, usize), DecodeError> {
        let [first, a, b, c] = self.rest().first_chunk().copied().ok_or_else(|| self.truncated(4))?;
        let (prefix, length) = match first {
            254 => (4, u32::from_le_bytes([a, b, c, 0])),
            255 => return Err(DecodeError::OutOfRange),
            short => (1, u32::from(short)),
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let whole = length.saturating_add(prefix).next_multiple_of(4);
        if whole > self.remaining() {
            return Err(self.truncated(whole));
        }
        let start = self.position.saturating_add(prefix);
        self.position = self.position.saturating_add(whole);
        Ok((start, length))
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.position..).unwrap_or_default()
    }

    #[cold]
    fn truncated(&self, needed: usize) -> DecodeError {
        DecodeError::Truncated { needed, remaining: self.remaining() }
    }
}
