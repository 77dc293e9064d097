//! Errors of decoding (the peer's fault) and of encoding (ours, or an answer the client's layer cannot hold).

/// Why bytes are not the value they should be. Always the sender's fault; nothing of the input was believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends inside a value (M-005).
    #[error("input ends inside a value: {needed} bytes wanted, {remaining} left (M-005)")]
    Truncated {
        /// Bytes that the value needs from here on.
        needed: usize,
        /// Bytes that are left.
        remaining: usize,
    },
    /// The input goes on after the value (M-001).
    #[error("{remaining} bytes follow the object (M-001)")]
    Trailing {
        /// Bytes that are left.
        remaining: usize,
    },
    /// No method of any served layer has this id (M-010).
    #[error("unknown method id {id:#010x} (M-010)")]
    UnknownMethod {
        /// The id that was read.
        id: u32,
    },
    /// The id belongs to no constructor of the expected type in any served layer (M-010).
    #[error("unknown constructor id {id:#010x} where {expected} is expected (M-010)")]
    UnknownConstructor {
        /// The id that was read.
        id: u32,
        /// TL name of the type or constructor that the schema demands here.
        expected: &'static str,
    },
    /// The id is known from an old layer, but nothing in the newest one can hold its meaning.
    #[error("constructor {name}#{id:08x} has no successor in the newest layer")]
    NoSuccessor {
        /// The id that was read.
        id: u32,
        /// TL name of the old constructor or method.
        name: &'static str,
    },
    /// A vector's count cannot be true for so few bytes (M-011).
    #[error("vector of {count} elements in {remaining} bytes (M-011)")]
    VectorTooLong {
        /// The count that was read.
        count: u32,
        /// Bytes that are left.
        remaining: usize,
    },
    /// Objects are nested deeper than [`crate::limits::MAX_DEPTH`] (M-012).
    #[error("objects nested deeper than {limit} (M-012)")]
    TooDeep {
        /// The limit.
        limit: u32,
    },
    /// A `string` is not UTF-8.
    #[error("string is not UTF-8")]
    NotUtf8,
    /// A number is outside what the newest layer's field can hold.
    #[error("number out of range")]
    OutOfRange,
}

/// Why a value cannot be written for a layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A required value has neither a form nor a declared substitute in the client's layer.
    #[error("{type_name} has no form in layer {layer}")]
    NoForm {
        /// TL name of the type or constructor.
        type_name: &'static str,
        /// The client's layer.
        layer: i32,
    },
    /// A `string` or `bytes` is longer than three length bytes can say (M-003).
    #[error("{length} bytes do not fit a TL string (M-003)")]
    StringTooLong {
        /// The length in bytes.
        length: usize,
    },
    /// A vector holds more elements than its count can say.
    #[error("{length} elements do not fit a TL vector (M-006)")]
    VectorTooLong {
        /// The number of elements.
        length: usize,
    },
}

/// Why bytes cannot be carried over to a layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TranscodeError {
    /// The bytes are not an object of the schema.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The object has no form in the layer.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
