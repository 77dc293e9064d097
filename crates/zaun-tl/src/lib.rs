//! The TL language of MTProto: a parser of `.tl` schemas, a generator of Rust types, and the runtime they use.
//!
//! The runtime ([`Reader`], [`Writer`], [`Decode`], [`Encode`]) is pure: bytes in, values out, no panic and no
//! allocation larger than a small multiple of the input. The [`schema`] and [`codegen`] modules are a build-time
//! library; `zaun-schema` is their user. Nothing here knows a particular schema, containers or gzip.
//!
//! ```
//! use zaun_tl::{from_bytes, to_bytes};
//!
//! let bytes = to_bytes(&vec![1_i64, 2], 230)?;
//! assert_eq!(from_bytes::<Vec<i64>>(bytes.into())?, [1, 2]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::panic
    )
)]

pub mod codegen;
pub mod limits;
pub mod schema;

mod error;
mod raw;
mod reader;
mod traits;
mod writer;

pub use error::{DecodeError, EncodeError, TranscodeError};
pub use raw::RawObject;
pub use reader::Reader;
pub use traits::{
    Decode, DecodeAny, Encode, Function, MethodInfo, Object, ResultChange, boxed, describe, encode_bare_vec,
    from_bytes, from_prefix, name_by_id, narrow, to_bytes, transcode,
};
pub use writer::Writer;

/// Constructor id of a boxed `Vector t` (M-006).
pub const VECTOR_ID: u32 = 0x1cb5_c415;
/// Constructor id of `boolTrue`.
pub const BOOL_TRUE_ID: u32 = 0x9972_75b5;
/// Constructor id of `boolFalse`.
pub const BOOL_FALSE_ID: u32 = 0xbc79_9737;
