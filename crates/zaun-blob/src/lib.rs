//! Stored bytes on local disk, found by content; parts of files that are still being uploaded.
//!
//! A blob is immutable and named by its SHA-256, so that equal bytes are kept once. It appears whole or not at all:
//! it is written beside its place, synced, and renamed. Parts of uploads are kept apart until [`Blobs::assemble`]
//! makes a blob of them.
//!
//! It deliberately knows no rule about parts (sizes, numbers, who may upload how much), no media types, and who refers
//! to a blob: the messenger does.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! use zaun_blob::{Blobs, Durability, Upload};
//!
//! let blobs = Blobs::open(dir.path(), Durability::Full)?;
//! let upload = Upload { key_id: 7, file_id: 1 };
//! blobs.put_part(upload, 1, "world".into()).await?;
//! blobs.put_part(upload, 0, "hello ".into()).await?;
//! let stored = blobs.assemble(upload, 2).await?;
//! assert_eq!(blobs.read(stored.hash, 6, 100).await?, "world");
//! # Ok(())
//! # }
//! ```

mod disk;
mod error;
mod files;

pub use disk::{Blobs, MAX_DISK_JOBS, MAX_READ};
pub use error::BlobError;

/// When stored bytes count as kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// File and directory are synced: an acknowledged blob survives power loss.
    Full,
    /// Nothing is synced: for the sandbox, whose data is thrown away at the end.
    Ephemeral,
}

/// The SHA-256 of stored bytes, which is their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobHash(pub [u8; 32]);

impl std::fmt::Display for BlobHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A file on its way in: the client's number for it, scoped to the auth key (M-497).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Upload {
    /// The auth key that uploads.
    pub key_id: i64,
    /// The client's number.
    pub file_id: i64,
}

/// What is known of bytes that were just stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Their name.
    pub hash: BlobHash,
    /// Length in bytes.
    pub size: u64,
    /// Their MD5, which clients send along (M-508).
    pub md5: [u8; 16],
}

/// The hash of one range of a blob (M-521).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeHash {
    /// Where the range begins.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u32,
    /// SHA-256 of it.
    pub sha256: [u8; 32],
}

/// An upload that an earlier process left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOver {
    /// Which one.
    pub upload: Upload,
    /// Number and size in bytes of each part.
    pub parts: Vec<(u32, u32)>,
}
