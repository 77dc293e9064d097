//! Files: in parts, several at once on connections of their own, with bounded memory, and to be gone on with after a
//! failure (<https://core.telegram.org/api/files>).

mod cdn;
mod download;
mod upload;

pub use download::Download;
pub use upload::Upload;

use crate::connection::InvokeError;

/// Bytes of a part: the most that every server takes (M-501), and a divisor of all limits.
pub const PART_BYTES: usize = 512 * 1024;
/// Files from this size on are uploaded as big ones (M-503).
pub const BIG_FILE_BYTES: u64 = 10 * 1024 * 1024;
/// Parts of one file that every account may upload; a paying one has twice as many.
pub const MAX_PARTS: u64 = 4000;
/// Parts under way on each connection: enough to fill the time of a round trip, and 1.5 MiB of memory.
const PARTS_PER_CONNECTION: usize = 3;
/// Connections for one direction.
pub const MAX_CONNECTIONS: u8 = 16;

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are through.
    pub done: u64,
    /// All of them, if that is known.
    pub total: Option<u64>,
}

/// Why a transfer stopped. It can be gone on with: the [`Upload`] or [`Download`] knows what is through.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The server.
    #[error(transparent)]
    Invoke(#[from] InvokeError),
    /// The other end here: a file, a pipe.
    #[error("reading or writing here: {0}")]
    Io(#[from] std::io::Error),
    /// The source has another length than was said.
    #[error("the source has {0} bytes, not {1}")]
    Length(u64, u64),
    /// The server sent more than the file was said to have. All bytes up to the said size were written, and nothing of
    /// the rest.
    #[error("the server sent more than the {0} bytes that the file was said to have")]
    Longer(u64),
    /// More than a file may have.
    #[error("a file of {0} bytes is too large: at most {max} parts of {PART_BYTES} bytes", max = MAX_PARTS * 2)]
    TooLarge(u64),
    /// The server sent more than was asked for, or took a part without keeping it.
    #[error("the server does not keep to the rules of files: {0}")]
    Server(&'static str),
    /// A content delivery node sent other bytes than the file has, by the hashes of the file's own data centre.
    /// Nothing of them was written.
    #[error("the content delivery node sent something else than the file at byte {0}")]
    WrongHash(u64),
    /// There is no hash by which bytes of a content delivery node could be judged. Nothing of them was written.
    #[error("the server has no hash for what the content delivery node sent at byte {0}")]
    NoHash(u64),
}

/// The connection for a part.
fn lane(part: u64, connections: u8) -> u8 {
    u8::try_from(part % u64::from(connections.clamp(1, MAX_CONNECTIONS))).unwrap_or(0)
}

/// Parts under way at once.
fn window(connections: u8) -> usize {
    usize::from(connections.clamp(1, MAX_CONNECTIONS)) * PARTS_PER_CONNECTION
}
