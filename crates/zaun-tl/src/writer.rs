//! Writing TL values for a client's layer.

use crate::limits::MAX_STRING_BYTES;
use crate::{BOOL_FALSE_ID, BOOL_TRUE_ID, Encode, EncodeError, VECTOR_ID};

/// A growing buffer that knows the layer it writes for and the first thing that could not be written.
#[derive(Debug)]
pub struct Writer {
    buffer: Vec<u8>,
    layer: i32,
    error: Option<EncodeError>,
}

impl Writer {
    /// An empty writer for `layer`.
    pub fn new(layer: i32) -> Self {
        Self::with_buffer(layer, Vec::new())
    }

    /// A writer that appends to `buffer`.
    pub fn with_buffer(layer: i32, buffer: Vec<u8>) -> Self {
        Self { buffer, layer, error: None }
    }

    /// The layer that values are written for.
    #[inline]
    pub fn layer(&self) -> i32 {
        self.layer
    }

    /// Bytes written so far, including what the buffer held before.
    pub fn written(&self) -> &[u8] {
        &self.buffer
    }

    /// The finished bytes, or the first error.
    pub fn into_result(self) -> Result<Vec<u8>, EncodeError> {
        match self.error {
            None => Ok(self.buffer),
            Some(error) => Err(error),
        }
    }

    /// An `int`.
    #[inline]
    pub fn put_i32(&mut self, value: i32) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    /// A 32-bit word: ids, counts, flags.
    #[inline]
    pub fn put_u32(&mut self, value: u32) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    /// A `long`.
    #[inline]
    pub fn put_i64(&mut self, value: i64) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    /// A `double`.
    #[inline]
    pub fn put_f64(&mut self, value: f64) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    /// A boxed `Bool`.
    #[inline]
    pub fn put_bool(&mut self, value: bool) {
        self.put_u32(if value { BOOL_TRUE_ID } else { BOOL_FALSE_ID });
    }

    /// A `bytes` value with its length and zero padding (M-002, M-003, M-004).
    pub fn put_bytes(&mut self, value: &[u8]) {
        let prefix = match (u8::try_from(value.len()), u32::try_from(value.len())) {
            (Ok(short), _) if short < 254 => {
                self.buffer.push(short);
                1_usize
            }
            (_, Ok(long)) if value.len() <= MAX_STRING_BYTES => {
                let [a, b, c, _] = long.to_le_bytes();
                self.buffer.extend_from_slice(&[254, a, b, c]);
                4
            }
            _ => return self.record_error(EncodeError::StringTooLong { length: value.len() }),
        };
        self.buffer.extend_from_slice(value);
        let whole = prefix.saturating_add(value.len());
        let padding = whole.next_multiple_of(4).saturating_sub(whole);
        self.buffer.extend_from_slice([0; 3].get(..padding).unwrap_or_default());
    }

    /// A `string` value.
    pub fn put_str(&mut self, value: &str) {
        self.put_bytes(value.as_bytes());
    }

    /// Bytes as they are, without length or padding.
    pub fn put_raw(&mut self, value: &[u8]) {
        self.buffer.extend_from_slice(value);
    }

    /// The id of a boxed vector and its count (M-006).
    pub fn put_vector_header(&mut self, count: usize) {
        self.put_u32(VECTOR_ID);
        self.put_count(count);
    }

    /// The count of a bare vector (M-006).
    pub fn put_count(&mut self, count: usize) {
        match i32::try_from(count) {
            Ok(count) => self.put_i32(count),
            Err(_) => self.record_error(EncodeError::VectorTooLong { length: count }),
        }
    }

    /// A value whose presence bit another field has set: the value, or its default.
    pub fn put_or_default<T: Encode + Default>(&mut self, value: &Option<T>) {
        match value {
            Some(value) => value.encode(self),
            None => T::default().encode(self),
        }
    }

    /// Notes that `type_name` has neither a form nor a substitute in this layer.
    #[cold]
    pub fn no_form(&mut self, type_name: &'static str) {
        self.record_error(EncodeError::NoForm { type_name, layer: self.layer });
    }

    /// Keeps the first error; what is written after it will be thrown away.
    #[cold]
    pub fn record_error(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
    }
}
