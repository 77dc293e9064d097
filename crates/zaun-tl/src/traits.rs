//! What generated and primitive types have in common.

use bytes::Bytes;

use crate::limits::MIN_ELEMENT_BYTES;
use crate::{DecodeError, EncodeError, Reader, Writer};

/// A value that can be read in its boxed form: with the constructor id where its type has one.
pub trait Decode: Sized {
    /// Fewest bytes that a value can take; lets a vector's count be checked up front (M-011).
    const MIN_SIZE: usize = MIN_ELEMENT_BYTES;

    /// Reads one value.
    fn decode(r: &mut Reader) -> Result<Self, DecodeError>;
}

/// A value that can be written in its boxed form for the writer's layer.
pub trait Encode {
    /// Writes the value; trouble is kept in the writer.
    fn encode(&self, w: &mut Writer);

    /// Whether the value itself (not a substitute) can be said in `layer`. Vectors leave out elements that cannot.
    #[inline]
    fn has_form(&self, layer: i32) -> bool {
        let _ = layer;
        true
    }
}

/// A method: a value that can be called.
pub trait Function: Encode + Decode {
    /// TL name: `messages.getDialogs`.
    const NAME: &'static str;
    /// Id in the newest layer.
    const ID: u32;
    /// What a successful call answers with.
    type Response: Encode + Decode;
}

/// What is known of a method without calling it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodInfo {
    /// TL name: `messages.getDialogs`.
    pub name: &'static str,
    /// Ids in all served layers, the newest first.
    pub ids: &'static [u32],
    /// TL type of the answer in the newest layer.
    pub result: &'static str,
}

/// Looks a name up in a table sorted by id.
pub fn name_by_id(table: &'static [(u32, &'static str)], id: u32) -> Option<&'static str> {
    let index = table.binary_search_by_key(&id, |(id, _)| *id).ok()?;
    table.get(index).map(|(_, name)| *name)
}

/// The bytes of `value` in `layer`.
pub fn to_bytes<T: Encode + ?Sized>(value: &T, layer: i32) -> Result<Vec<u8>, EncodeError> {
    let mut w = Writer::new(layer);
    value.encode(&mut w);
    w.into_result()
}

/// The one value that `bytes` consists of; bytes after it are an error.
pub fn from_bytes<T: Decode>(bytes: Bytes) -> Result<T, DecodeError> {
    let mut r = Reader::new(bytes);
    let value = T::decode(&mut r)?;
    r.finish()?;
    Ok(value)
}

/// The value that `bytes` start with; bytes after it are ignored.
pub fn from_prefix<T: Decode>(bytes: Bytes) -> Result<T, DecodeError> {
    T::decode(&mut Reader::new(bytes))
}

/// Writes a bare `vector t` whose elements `element` writes (M-006).
pub fn encode_bare_vec<T>(w: &mut Writer, values: &[T], mut element: impl FnMut(&T, &mut Writer)) {
    w.put_count(values.len());
    for value in values {
        element(value, w);
    }
}

macro_rules! primitive {
    ($type:ty, $size:expr, $take:ident, |$value:ident, $w:ident| $put:expr) => {
        impl Decode for $type {
            const MIN_SIZE: usize = $size;
            #[inline]
            fn decode(r: &mut Reader) -> Result<Self, DecodeError> {
                r.$take()
            }
        }
        impl Encode for $type {
            #[inline]
            fn encode(&self, $w: &mut Writer) {
                let $value = self;
                $put
            }
        }
    };
}

primitive!(i32, 4, take_i32, |value, w| w.put_i32(*value));
primitive!(i64, 8, take_i64, |value, w| w.put_i64(*value));
primitive!(f64, 8, take_f64, |value, w| w.put_f64(*value));
primitive!(bool, 4, take_bool, |value, w| w.put_bool(*value));
primitive!(String, 4, take_string, |value, w| w.put_str(value));
primitive!(Bytes, 4, take_bytes, |value, w| w.put_bytes(value));
primitive!([u8; 16], 16, take_array, |value, w| w.put_raw(value));
primitive!([u8; 32], 32, take_array, |value, w| w.put_raw(value));

impl Encode for str {
    fn encode(&self, w: &mut Writer) {
        w.put_str(self);
    }
}

impl<T: Decode> Decode for Vec<T> {
    const MIN_SIZE: usize = 8;
    fn decode(r: &mut Reader) -> Result<Self, DecodeError> {
        r.take_vector()
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, w: &mut Writer) {
        self.as_slice().encode(w);
    }
}

/// Elements without a form in the writer's layer are left out, and not counted.
impl<T: Encode> Encode for [T] {
    fn encode(&self, w: &mut Writer) {
        let layer = w.layer();
        w.put_vector_header(self.iter().filter(|element| element.has_form(layer)).count());
        for element in self.iter().filter(|element| element.has_form(layer)) {
            element.encode(w);
        }
    }
}

impl<T: Decode> Decode for Box<T> {
    const MIN_SIZE: usize = T::MIN_SIZE;
    fn decode(r: &mut Reader) -> Result<Self, DecodeError> {
        T::decode(r).map(Self::new)
    }
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    fn encode(&self, w: &mut Writer) {
        (**self).encode(w);
    }
    fn has_form(&self, layer: i32) -> bool {
        (**self).has_form(layer)
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, w: &mut Writer) {
        (**self).encode(w);
    }
    fn has_form(&self, layer: i32) -> bool {
        (**self).has_form(layer)
    }
}
