//! Files that appear whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use crate::{BlobError, Durability};

/// Attaches a path to an error of the system.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T, BlobError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T, BlobError> {
        self.map_err(|error| BlobError::from_io(&error, path))
    }
}

/// Makes a directory; its parents exist. `true` if it is new.
pub(crate) fn make_dir(path: &Path) -> Result<bool, BlobError> {
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(BlobError::from_io(&error, path)),
    }
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(path: &Path, durability: Durability) -> Result<(), BlobError> {
    match durability {
        Durability::Full => File::open(path).and_then(|dir| dir.sync_all()).at(path),
        Durability::Ephemeral => Ok(()),
    }
}

/// Creates the file `path` and lets `fill` write it; whatever fails, nothing is left of it.
pub(crate) fn write_new<T>(
    path: &Path,
    durability: Durability,
    fill: impl FnOnce(&mut File) -> Result<T, BlobError>,
) -> Result<T, BlobError> {
    let written = OpenOptions::new().write(true).create_new(true).open(path).at(path).and_then(|mut file| {
        let value = fill(&mut file)?;
        if durability == Durability::Full {
            file.sync_all().at(path)?;
        }
        Ok(value)
    });
    written.inspect_err(|_| {
        // A torn file must not stay; if even that fails, its name says that it is unfinished.
        let _ = fs::remove_file(path);
    })
}

/// Removes a directory with everything in it; fine if there is none.
pub(crate) fn remove_tree(path: &Path) -> Result<(), BlobError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BlobError::from_io(&error, path)),
        _ => Ok(()),
    }
}

/// The entries of a directory, by name; empty if there is none.
pub(crate) fn entries(path: &Path) -> Result<Vec<(String, fs::DirEntry)>, BlobError> {
    let list = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.at(path)?,
    };
    let mut out = Vec::new();
    for entry in list {
        let entry = entry.at(path)?;
        out.push((entry.file_name().to_string_lossy().into_owned(), entry));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_full_disk_leaves_nothing_torn() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let full = write_new(&path, Durability::Full, |file| {
            file.write_all(b"half").at(&path)?;
            Err::<(), _>(io::Error::from_raw_os_error(28)).at(&path)
        });
        assert!(matches!(full, Err(BlobError::DiskFull { .. })), "{full:?}");
        assert!(!path.exists());
    }
}
