//! The data directory: made for its owner only, locked while a server uses it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::Context;
use rustix::fs::Mode;

use crate::secrets;

/// How the temporary directory of a sandbox begins, by which `zaun inspect` finds it.
pub const SANDBOX_PREFIX: &str = "zaun-sandbox-";
/// The file whose lock says that a server uses the directory. It holds the server's process id.
const LOCK: &str = "lock";

/// The umask before [`keep_files_private`].
static FORMER_UMASK: OnceLock<Mode> = OnceLock::new();

/// Lets only the owner read what this process makes from now on: database, log and blobs hold keys and messages.
pub fn keep_files_private() {
    let former = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let _ = FORMER_UMASK.set(former);
}

/// Opens a file again to those to whom the umask of whoever started the program opens it: a socket for clients.
pub fn open_to_others(path: &Path) -> anyhow::Result<()> {
    let Some(former) = FORMER_UMASK.get() else { return Ok(()) };
    let mode = 0o777 & !former.as_raw_mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("cannot set the permissions of {}", path.display()))
}

/// A data directory that this process alone uses. A temporary one is removed at the end.
#[derive(Debug)]
pub struct DataDir {
    /// Where it is.
    pub path: PathBuf,
    _lock: File,
    _temporary: Option<tempfile::TempDir>,
}

impl DataDir {
    /// Opens a directory, which is made if it is missing; without a path a temporary one.
    ///
    /// An error names the process that uses the directory already.
    pub fn open(path: Option<&Path>) -> anyhow::Result<DataDir> {
        let Some(path) = path else {
            let dir = tempfile::Builder::new().prefix(SANDBOX_PREFIX).tempdir();
            let dir = dir.context("cannot create a temporary directory for the sandbox")?;
            let lock = lock(dir.path())?;
            return Ok(DataDir { path: dir.path().to_owned(), _lock: lock, _temporary: Some(dir) });
        };
        secrets::create_dir(path)?;
        let lock = lock(path)?;
        warn_of_others(path);
        Ok(DataDir { path: path.to_owned(), _lock: lock, _temporary: None })
    }
}

/// Takes the lock of a directory. The system takes it back when the process ends, however it ends.
fn lock(data: &Path) -> anyhow::Result<File> {
    let path = data.join(LOCK);
    let explain = || format!("cannot write {}: is the directory writable?", path.display());
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).with_context(explain)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(in_use(data, &mut file)),
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    file.set_len(0).with_context(explain)?;
    writeln!(file, "{}", std::process::id()).with_context(explain)?;
    Ok(file)
}

fn in_use(data: &Path, lock: &mut File) -> anyhow::Error {
    let mut owner = String::new();
    // Without the number the message is still true.
    let _ = lock.read_to_string(&mut owner);
    let owner = match owner.trim().parse::<u32>() {
        Ok(pid) => format!("another zaun, process {pid}, uses it; stop that one (kill {pid})"),
        Err(_) => "another zaun uses it; stop that one".to_owned(),
    };
    let data = data.display();
    anyhow::anyhow!(
        "the data directory {data} is taken: {owner}, or give this server a directory of its own with --data"
    )
}

fn warn_of_others(path: &Path) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o011 != 0 {
        tracing::warn!(
            "other users of this machine may enter the data directory {path}, which holds keys, messages and login \
             codes (its mode is {mode:o}); keep them out with: chmod 700 {path}",
            path = path.display()
        );
    }
}
