//! What generated and primitive types have in common.

use bytes::Bytes;

use crate::limits::MIN_ELEMENT_BYTES;
use crate::{DecodeError, EncodeError, Reader, TranscodeError, Writer};

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

    /// Writes the answer to a call that came with `id`: old ids may promise another type than the newest.
    fn encode_response(response: &Self::Response, id: u32, w: &mut Writer) {
        let _ = id;
        response.encode(w);
    }
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

/// A method id whose answer has another type than the method's newest id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultChange {
    /// The older id.
    pub id: u32,
    /// TL name of the method in the newest layer.
    pub method: &'static str,
    /// TL type that this id promises.
    pub then: &'static str,
    /// TL type that the newest id promises.
    pub now: &'static str,
    /// Whether [`Function::encode_response`] knows how to write it; if not, it reports `NoForm`.
    pub converted: bool,
}

/// Any value of a schema, for tools.
pub trait Object: Encode + std::fmt::Debug {}

impl<T: Encode + std::fmt::Debug> Object for T {}

/// Reads a `T` as any object.
pub fn boxed<T: Decode + Object + 'static>(r: &mut Reader) -> Result<Box<dyn Object>, DecodeError> {
    Ok(Box::new(T::decode(r)?))
}

/// A reader of any object of a schema.
pub type DecodeAny = fn(&mut Reader) -> Result<Box<dyn Object>, DecodeError>;

/// Reads one object with `decode` and writes it for `layer`.
pub fn transcode(bytes: Bytes, layer: i32, decode: DecodeAny) -> Result<Vec<u8>, TranscodeError> {
    let mut r = Reader::new(bytes);
    let object = decode(&mut r)?;
    r.finish()?;
    Ok(to_bytes(&*object, layer)?)
}

/// The debug text of the one object that `bytes` consist of.
pub fn describe(bytes: Bytes, decode: DecodeAny) -> Result<String, DecodeError> {
    let mut r = Reader::new(bytes);
    let object = decode(&mut r)?;
    r.finish()?;
    Ok(format!("{object:?}"))
}

/// An `int` out of a `long`: the nearest one.
pub fn narrow(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
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
