//! Values of a type that only the context knows.

use bytes::Bytes;

use crate::{Decode, DecodeError, Encode, Reader, Writer};

/// An object of any type (`!X`), kept as its bytes: all the rest of the input, written verbatim.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct RawObject(pub Bytes);

impl RawObject {
    /// The constructor id the object starts with, if it has one.
    pub fn id(&self) -> Option<u32> {
        self.0.first_chunk().map(|word| u32::from_le_bytes(*word))
    }
}

impl std::fmt::Debug for RawObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.id() {
            Some(id) => write!(f, "RawObject({id:#010x}, {} bytes)", self.0.len()),
            None => write!(f, "RawObject({} bytes)", self.0.len()),
        }
    }
}

impl Decode for RawObject {
    fn decode(r: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self(r.take_rest()))
    }
}

impl Encode for RawObject {
    fn encode(&self, w: &mut Writer) {
        w.put_raw(&self.0);
    }
}
