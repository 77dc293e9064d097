//! Every limit of the codec, each with its reason.

/// Nesting depth of recursive types at which decoding stops (M-012).
///
/// Real documents (instant-view pages with nested rich text, JSON values) stay below 20; the limit keeps the stack
/// of a decoding task far below a megabyte even in unoptimised builds.
pub const MAX_DEPTH: u32 = 48;

/// Elements for which a vector reserves room before the first one is read (M-011).
///
/// Beyond it a vector grows as elements really arrive, so a forged count costs nothing.
pub const VEC_RESERVE: usize = 16;

/// Shortest `bytes` value that is kept as a slice of the input; shorter ones are copied.
///
/// A slice keeps the whole incoming buffer alive, which is worth it only for file parts and the like.
pub const SLICE_MIN_BYTES: usize = 4096;

/// Longest `string` or `bytes` that the format can express: three length bytes (M-003).
pub const MAX_STRING_BYTES: usize = 0x00ff_ffff;

/// Smallest size on the wire that any vector element is taken to have when a count is checked (M-011).
///
/// Every TL value is a whole number of words (M-001); bare values without fields do not occur in vectors.
pub const MIN_ELEMENT_BYTES: usize = 4;
