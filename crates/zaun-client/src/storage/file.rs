//! A file, replaced as a whole and locked as long as it is used.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::{Saved, Storage, StorageError, layout};

/// A session file. Beside it lies a lock file, which another client finds locked; nobody else can read either.
#[derive(Debug)]
pub struct FileStorage {
    path: PathBuf,
    _lock: File,
}

impl FileStorage {
    /// Opens a session file, or makes one with the first save.
    ///
    /// # Errors
    /// [`StorageError::Locked`] if another client uses it.
    pub fn open(path: impl Into<PathBuf>) -> Result<FileStorage, StorageError> {
        let path = path.into();
        let lock_path = path.with_added_extension("lock");
        let lock = private().truncate(false).open(&lock_path).map_err(|error| io(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(FileStorage { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StorageError::Locked(path.display().to_string())),
            Err(TryLockError::Error(error)) => Err(io(&lock_path, error)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn io(path: &Path, error: std::io::Error) -> StorageError {
    StorageError::Io(path.display().to_string(), error)
}

impl Storage for FileStorage {
    fn load(&self) -> Result<Option<Saved>, StorageError> {
        match fs::read(&self.path) {
            Ok(bytes) => layout::read(&zeroize::Zeroizing::new(bytes)).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io(&self.path, error)),
        }
    }

    fn save(&self, saved: &Saved) -> Result<(), StorageError> {
        let next = self.path.with_added_extension("next");
        let write = || {
            let mut file = private().truncate(true).open(&next)?;
            file.write_all(&layout::write(saved))?;
            file.sync_all()?;
            fs::rename(&next, &self.path)
        };
        write().map_err(|error| io(&self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_kept_private_and_used_once_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("me.session");
        let storage = FileStorage::open(&path).unwrap();
        assert_eq!(storage.load().unwrap(), None);
        let saved = Saved { main_dc: 3, ..Saved::default() };
        storage.save(&saved).unwrap();
        assert!(matches!(FileStorage::open(&path), Err(StorageError::Locked(_))));
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o77,
            0
        );
        drop(storage);
        assert_eq!(FileStorage::open(&path).unwrap().load().unwrap(), Some(saved));
    }
}
