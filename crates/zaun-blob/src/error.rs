//! What can go wrong with stored bytes, by what has to be done about it.

use std::io;
use std::path::Path;

use crate::BlobHash;

/// A failure to keep or to give back bytes. Only [`BlobError::PartMissing`] is the client's matter; all others are
/// ours: 500 towards a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// The disk (or the quota) is full: nothing of the bytes was kept.
    #[error("the disk that holds {path} is full: free some space; what was stored before is untouched")]
    DiskFull {
        /// The file that was being written.
        path: String,
    },
    /// The data directory cannot be written.
    #[error("{path} cannot be written: check the permissions of the data directory")]
    ReadOnly {
        /// The file or directory.
        path: String,
    },
    /// A part of an upload is not there: the client uploads it again (M-507).
    #[error("part {part} of the upload is missing")]
    PartMissing {
        /// Its number, from 0.
        part: u32,
    },
    /// A blob that was stored is not there any more.
    #[error("the stored file {hash} is gone: restore the data directory's blobs from a backup")]
    Lost {
        /// Its name.
        hash: BlobHash,
    },
    /// Anything else that the operating system said.
    #[error("{path}: {detail}")]
    Io {
        /// The file or directory.
        path: String,
        /// The system's words.
        detail: String,
    },
    /// The program is stopping.
    #[error("the blob store is closed")]
    Closed,
}

impl BlobError {
    pub(crate) fn from_io(error: &io::Error, path: &Path) -> BlobError {
        let path = path.display().to_string();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                BlobError::DiskFull { path }
            }
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                BlobError::ReadOnly { path }
            }
            _ => BlobError::Io { path, detail: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_that_the_operator_can_mend_have_names() {
        let of = |code| BlobError::from_io(&io::Error::from_raw_os_error(code), Path::new("/d/x"));
        assert_eq!(of(28), BlobError::DiskFull { path: "/d/x".into() }, "ENOSPC");
        assert_eq!(of(122), BlobError::DiskFull { path: "/d/x".into() }, "EDQUOT");
        assert_eq!(of(30), BlobError::ReadOnly { path: "/d/x".into() }, "EROFS");
        assert_eq!(of(13), BlobError::ReadOnly { path: "/d/x".into() }, "EACCES");
        assert!(matches!(of(5), BlobError::Io { .. }), "EIO");
    }
}
