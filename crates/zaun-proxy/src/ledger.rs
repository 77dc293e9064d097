//! What was used under each secret, kept over restarts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use zaun_crypto::sha256;
use zaun_transport::ProxySecret;

use crate::limits::MAX_LEDGER_LINES;
use crate::users::{Usage, User};

/// A file with a line per secret: half of a digest of the secret, bytes from clients, bytes to clients. The digest tells
/// nothing of the secret, and follows it when it gets another name.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    /// What the file says, of all secrets that ever were.
    lines: Mutex<BTreeMap<String, Bytes>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bytes {
    up: u64,
    down: u64,
}

impl Ledger {
    /// Reads what a former run wrote. A line that makes no sense is passed over.
    pub fn open(path: PathBuf) -> io::Result<Ledger> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let mut lines = BTreeMap::new();
        for (number, line) in text.lines().enumerate().take(MAX_LEDGER_LINES) {
            match parse(line) {
                Some((secret, bytes)) => drop(lines.insert(secret, bytes)),
                None => tracing::warn!("line {} of {} makes no sense", number + 1, path.display()),
            }
        }
        Ok(Ledger { path, lines: Mutex::new(lines) })
    }

    /// What was used under a secret before this run.
    pub fn usage(&self, secret: &ProxySecret) -> Usage {
        let bytes = self.lines.lock().get(&digest(secret)).copied().unwrap_or_default();
        let usage = Usage::default();
        usage.up_bytes.store(bytes.up, Ordering::Relaxed);
        usage.down_bytes.store(bytes.down, Ordering::Relaxed);
        usage
    }

    /// Writes what was used, if that has changed. The file is replaced as a whole, so that a crash leaves the old one or
    /// the new one.
    pub fn write(&self, users: &[Arc<User>]) -> io::Result<()> {
        let mut lines = self.lines.lock();
        let mut changed = false;
        for user in users {
            let up = user.usage.up_bytes.load(Ordering::Relaxed);
            let bytes = Bytes { up, down: user.usage.down_bytes.load(Ordering::Relaxed) };
            let digest = digest(&user.secret);
            let has_room = lines.len() < MAX_LEDGER_LINES || lines.contains_key(&digest);
            if has_room && bytes != Bytes::default() {
                changed |= lines.insert(digest, bytes) != Some(bytes);
            }
        }
        if changed { replace(&self.path, &text(&lines)) } else { Ok(()) }
    }
}

fn digest(secret: &ProxySecret) -> String {
    let digest = sha256(&[b"traffic", &secret.to_bytes()]);
    digest.iter().take(16).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn parse(line: &str) -> Option<(String, Bytes)> {
    let mut words = line.split(' ');
    let (secret, up, down) = (words.next()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let is_digest = secret.len() == 32 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_digest && words.next().is_none()).then(|| (secret.to_owned(), Bytes { up, down }))
}

fn text(lines: &BTreeMap<String, Bytes>) -> String {
    lines.iter().fold(String::new(), |mut text, (secret, bytes)| {
        let _ = writeln!(text, "{secret} {} {}", bytes.up, bytes.down);
        text
    })
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::Allowance;
    use zaun_transport::{Secret, SecretKind};

    fn user(name: &str, key: u8, ledger: &Ledger) -> Arc<User> {
        let secret = ProxySecret { key: Secret([key; 16]), kind: SecretKind::Padded };
        let usage = Arc::new(ledger.usage(&secret));
        Arc::new(User { name: name.into(), secret, allowance: Allowance::default(), usage })
    }

    #[test]
    fn what_was_used_is_known_to_the_next_run_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("traffic");
        let ledger = Ledger::open(path.clone()).unwrap();
        let (ada, bob) = (user("ada", 1, &ledger), user("bob", 2, &ledger));
        ada.usage.up_bytes.store(5, Ordering::Relaxed);
        ada.usage.down_bytes.store(7, Ordering::Relaxed);
        bob.usage.down_bytes.store(9, Ordering::Relaxed);
        ledger.write(&[ada, bob]).unwrap();
        let next = Ledger::open(path.clone()).unwrap();
        let renamed = user("lovelace", 1, &next);
        assert_eq!((renamed.usage.bytes(), user("new", 3, &next).usage.bytes()), (12, 0));
        // Bob's secret is not there this time, and is not forgotten.
        renamed.usage.up_bytes.store(6, Ordering::Relaxed);
        next.write(&[renamed]).unwrap();
        assert_eq!(user("bob", 2, &Ledger::open(path.clone()).unwrap()).usage.bytes(), 9);
        assert!(!fs::read_to_string(path).unwrap().contains(&"01".repeat(4)), "no secret is in it");
    }

    #[test]
    fn lines_that_make_no_sense_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("traffic");
        let good = format!("{} 1 2\n", "ab".repeat(16));
        fs::write(&path, format!("x\n{} 1\n{good}{} 1 -2\n", "cd".repeat(16), "ef".repeat(16))).unwrap();
        let ledger = Ledger::open(path).unwrap();
        assert_eq!(text(&ledger.lines.lock()), good);
    }
}
