//! Stored TL objects: written in the newest layer, readable for ever.

use bytes::Bytes;
use zaun_schema::LAYER;
use zaun_store::StoreError;
use zaun_tl::{Decode, Encode};

use crate::Error;

/// Serializes an object for a column.
pub(crate) fn encode(value: &impl Encode) -> Result<Vec<u8>, Error> {
    zaun_tl::to_bytes(value, LAYER).map_err(|e| Error::Store(StoreError::Statement(e.to_string())))
}

/// Reads a stored object of any layer.
pub(crate) fn decode<T: Decode>(bytes: Vec<u8>) -> Result<T, Error> {
    zaun_tl::from_bytes(Bytes::from(bytes))
        .map_err(|e| Error::Store(StoreError::Statement(format!("stored object: {e}"))))
}
