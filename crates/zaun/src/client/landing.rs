//! Where a download is written: first a part file that belongs to one document, then a name that nothing had before.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rustix::fs::OFlags;

use crate::terminal;

/// Longest name of a file, in bytes, that common file systems take.
const MAX_NAME_BYTES: usize = 255;
/// Longest extension, with its dot, that a name keeps when it is cut or numbered: longer ones are no extensions.
const MAX_EXTENSION_BYTES: usize = 32;
/// So many numbered names are tried for a file whose own name is taken: more of one name are a mistake.
const MAX_NUMBERED: u32 = 999;

/// A download on its way into a file.
#[derive(Debug)]
pub struct Landing {
    folder: PathBuf,
    name: String,
    /// The path that the user chose, which need not be Unicode; `None` if the sender chose the name.
    chosen: Option<PathBuf>,
    force: bool,
    part: PathBuf,
    file: File,
}

impl Landing {
    /// Opens the part file of the document that `tie` names. It lies beside the final name: that is `to`, or, in the
    /// folder `to` or in this one, `name`, which has to be a [`local_name`]. With `force` whatever is called `to` is
    /// replaced; a name that the sender chose is never forced.
    ///
    /// # Errors
    /// The name is taken, or the part file cannot be written, or somebody else writes it.
    pub fn open(to: Option<&Path>, force: bool, name: &str, tie: &str, size: u64) -> anyhow::Result<Landing> {
        let chosen = to.filter(|to| !to.is_dir());
        let (folder, name) = match chosen {
            None => (to.unwrap_or(Path::new("")).to_owned(), name.to_owned()),
            Some(path) => {
                anyhow::ensure!(force || path.symlink_metadata().is_err(), refusal(path));
                let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?;
                (path.parent().unwrap_or(Path::new("")).to_owned(), name.to_string_lossy().into_owned())
            }
        };
        let part = folder.join(fit(&name, &format!(".{tie}.part")));
        let file = open_part(&part).with_context(|| format!("cannot write {}", part.display()))?;
        if file.metadata()?.len() > size {
            // Nothing of ours makes it so long.
            file.set_len(0)?;
        }
        Ok(Landing { folder, name, chosen: chosen.map(Path::to_owned), force, part, file })
    }

    /// What the file is called, if nothing else is called so.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes that are there from an earlier attempt.
    pub fn position(&self) -> anyhow::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// The part file, to be appended to.
    pub fn writer(&self) -> anyhow::Result<tokio::fs::File> {
        Ok(tokio::fs::File::from_std(self.file.try_clone()?))
    }

    /// Gives the complete file its name, and tells which it is.
    ///
    /// # Errors
    /// No name is free, or the folder cannot be written. The part file stays.
    pub fn finish(self) -> anyhow::Result<PathBuf> {
        self.file.sync_all()?;
        if let Some(path) = &self.chosen {
            if self.force {
                fs::rename(&self.part, path).with_context(|| format!("cannot replace {}", path.display()))?;
            } else {
                anyhow::ensure!(self.claim(path)?, refusal(path));
            }
            return Ok(path.clone());
        }
        for number in 0..=MAX_NUMBERED {
            let path = self.folder.join(numbered(&self.name, number));
            if self.claim(&path)? {
                return Ok(path);
            }
        }
        anyhow::bail!("{} and {MAX_NUMBERED} names like it are taken", self.name)
    }

    /// Keeps what there is for another attempt, and tells where it is; `None` if nothing is there.
    pub fn keep(self) -> Option<PathBuf> {
        if self.position().is_ok_and(|position| position == 0) {
            // An empty file that cannot be removed does no harm.
            let _ = fs::remove_file(&self.part);
            return None;
        }
        Some(self.part)
    }

    /// Moves the part file to a path where nothing is, not even a link; `false` if something is there.
    fn claim(&self, path: &Path) -> anyhow::Result<bool> {
        match OpenOptions::new().write(true).create_new(true).open(path) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
        }
        let moved = fs::rename(&self.part, path);
        if moved.is_err() {
            let _ = fs::remove_file(path);
        }
        moved.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(true)
    }
}

fn refusal(path: &Path) -> String {
    format!("{} is there already; --force overwrites it", path.display())
}

/// Opens a part file for one writer; a link or a device in its place is refused.
fn open_part(path: &Path) -> anyhow::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().create(true).append(true).custom_flags(flags).open(path)?;
    let opened = file.metadata()?;
    anyhow::ensure!(opened.is_file() && opened.nlink() <= 1, "it is something else than the part of a file");
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => anyhow::bail!("it is being downloaded already"),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    // Whoever had the lock may have given the file its name.
    let here = path.symlink_metadata().is_ok_and(|at| (at.dev(), at.ino()) == (opened.dev(), opened.ino()));
    anyhow::ensure!(here, "it was downloaded just now");
    Ok(file)
}

/// A name that somebody else has chosen, as a file here: without folders, not hidden, no option of a command, and
/// with nothing in it that steers a terminal. `otherwise` is taken if nothing of it is left.
pub fn local_name(name: &str, otherwise: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !terminal::steers(*c)).collect();
    let clean = clean.trim_start_matches(|c: char| matches!(c, '.' | '-') || c.is_whitespace()).trim_end();
    numbered(if clean.is_empty() { otherwise } else { clean }, 0)
}

/// `NAME (1).EXT` for 1, and so on, cut to what a file system takes; for 0 the name itself.
fn numbered(name: &str, number: u32) -> String {
    let (stem, extension) =
        match name.rfind('.').filter(|at| *at > 0 && name.len() - at <= MAX_EXTENSION_BYTES) {
            Some(at) => name.split_at(at),
            None => (name, ""),
        };
    let number = if number == 0 { String::new() } else { format!(" ({number})") };
    fit(stem, &format!("{number}{extension}"))
}

/// Both in one name, of which the beginning is cut to what a file system takes.
fn fit(stem: &str, ending: &str) -> String {
    let end = stem.floor_char_boundary(MAX_NAME_BYTES.saturating_sub(ending.len()));
    format!("{}{ending}", stem.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;

    const TIE: &str = "0123456789abcdef";

    fn land(to: &Path, force: bool, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        let landing = Landing::open(Some(to), force, name, TIE, bytes.len() as u64)?;
        (&landing.file).write_all(bytes)?;
        landing.finish()
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn names_from_others_stay_in_this_folder() {
        for (name, here) in [
            ("a.txt", "a.txt"),
            ("../../etc/passwd", "passwd"),
            ("C:\\x\\y.exe", "y.exe"),
            (".bashrc", "bashrc"),
            ("..", "file-7"),
            ("a/..", "file-7"),
            ("a/", "file-7"),
            ("", "file-7"),
            ("a\nb\0\u{9b}c", "abc"),
            ("-rf", "rf"),
            (" -.- --help ", "help"),
            ("\u{202e}-x", "x"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("\u{2028}\u{feff}", "file-7"),
        ] {
            assert_eq!(local_name(name, "file-7"), here, "{name:?}");
        }
    }

    #[test]
    fn a_name_is_no_longer_than_a_file_system_takes() {
        for name in ["x".repeat(5000), "ж".repeat(5000), format!(".{}", "y".repeat(300))] {
            let local = local_name(&name, "file-7");
            assert!((MAX_NAME_BYTES - 1..=MAX_NAME_BYTES).contains(&local.len()), "{local}");
            let folder = tempfile::tempdir().unwrap();
            for _ in 0..2 {
                land(folder.path(), false, &local, b"x").unwrap();
            }
            assert_eq!(names(folder.path()).len(), 2);
        }
        let long = local_name(&format!("{}.tar", "ж".repeat(200)), "file-7");
        assert!(long.len() <= MAX_NAME_BYTES && long.ends_with("ж.tar"), "{long}");
    }

    #[test]
    fn a_name_that_is_taken_is_numbered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::write(path.join("Makefile"), "all:").unwrap();
        fs::create_dir(path.join("Makefile (1)")).unwrap();
        symlink(path.join("nowhere"), path.join("Makefile (2)")).unwrap();
        assert_eq!(land(path, false, "Makefile", b"evil").unwrap(), path.join("Makefile (3)"));
        // To force a name that one has not chosen would be a surprise.
        assert_eq!(land(path, true, "Makefile", b"evil").unwrap(), path.join("Makefile (4)"));
        assert_eq!(fs::read(path.join("Makefile")).unwrap(), b"all:");
        assert!(!path.join("nowhere").exists());
        for there in ["report.pdf", "report (1).pdf", "report (2).pdf"] {
            assert_eq!(land(path, false, "report.pdf", b"x").unwrap(), path.join(there));
        }
        assert!(!names(path).iter().any(|name| name.ends_with(".part")));
    }

    #[test]
    fn a_chosen_name_is_only_overwritten_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("kept"), folder.path().join("chosen"));
        fs::write(&target, "kept").unwrap();
        symlink(&target, &link).unwrap();
        for path in [&target, &link] {
            let error = land(path, false, "x", b"new").unwrap_err().to_string();
            assert!(error.ends_with("is there already; --force overwrites it"), "{error}");
        }
        assert_eq!(names(folder.path()), ["chosen", "kept"]);
        // The link is replaced, and not what it leads to.
        assert_eq!(land(&link, true, "x", b"new").unwrap(), link);
        assert_eq!((fs::read(&link).unwrap(), fs::read(&target).unwrap()), (b"new".into(), b"kept".into()));
        land(&target, true, "x", b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }

    #[test]
    fn a_name_that_is_taken_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chosen");
        let landing = Landing::open(Some(&path), false, "x", TIE, 3).unwrap();
        fs::write(&path, "kept").unwrap();
        assert!(landing.finish().is_err());
        assert_eq!(fs::read(&path).unwrap(), b"kept");
    }

    #[test]
    fn only_the_part_of_the_same_document_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let open = |tie: &str, size| Landing::open(Some(folder.path()), false, "a.bin", tie, size);
        let landing = open(TIE, 10).unwrap();
        (&landing.file).write_all(b"12345").unwrap();
        let error = format!("{:#}", open(TIE, 10).unwrap_err());
        assert!(error.contains("is being downloaded already"), "{error}");
        assert!(landing.keep().unwrap().ends_with("a.bin.0123456789abcdef.part"));
        assert_eq!(open("fedcba9876543210", 10).unwrap().position().unwrap(), 0);
        assert_eq!(open(TIE, 10).unwrap().position().unwrap(), 5);
        assert_eq!(open(TIE, 4).unwrap().position().unwrap(), 0, "longer than the file: not a part of it");
    }

    #[test]
    fn an_attempt_without_bytes_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let landing = Landing::open(Some(folder.path()), false, "a", TIE, 10).unwrap();
        assert_eq!(landing.keep(), None);
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn links_in_place_of_the_part_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, part) = (folder.path().join("kept"), folder.path().join(format!("a.{TIE}.part")));
        fs::write(&kept, "kept").unwrap();
        symlink(&kept, &part).unwrap();
        assert!(land(folder.path(), false, "a", b"evil").is_err());
        fs::remove_file(&part).unwrap();
        fs::hard_link(&kept, &part).unwrap();
        assert!(land(folder.path(), false, "a", b"evil").is_err());
        assert_eq!(fs::read(&kept).unwrap(), b"kept");
    }
}
