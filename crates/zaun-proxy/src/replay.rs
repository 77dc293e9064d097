//! Which headers and hellos were used before (M-083, M-345). What is known survives a restart.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use parking_lot::Mutex;
use zaun_crypto::sha256;

use crate::limits::{JOURNAL_QUEUE, MAX_SEEN};

/// Length of an entry of the journal: half of a digest, and the time.
const ENTRY: usize = 24;

type Digest = [u8; 16];

/// Remembers what was used, in two generations: when the newer one is full, the older one is forgotten.
#[derive(Debug, Default)]
pub struct ReplayGuard {
    state: Mutex<Generations>,
    journal: Option<mpsc::SyncSender<Record>>,
}

#[derive(Debug, Default)]
struct Generations {
    now: HashSet<Digest>,
    before: HashSet<Digest>,
    /// The newest time in each.
    now_newest_s: u64,
    before_newest_s: u64,
    /// Hellos of this time or before may have been forgotten (M-344).
    forgotten_s: u64,
}

enum Record {
    Entry([u8; ENTRY]),
    /// The newer generation begins.
    Turn,
}

impl Generations {
    /// Whether it is new; and whether a generation began with it.
    fn insert(&mut self, digest: Digest, time_s: u64, timed: bool) -> (bool, bool) {
        if self.now.contains(&digest)
            || self.before.contains(&digest)
            || (timed && time_s <= self.forgotten_s)
        {
            return (false, false);
        }
        let turn = self.now.len() >= MAX_SEEN;
        if turn {
            self.forgotten_s = self.forgotten_s.max(self.before_newest_s);
            self.before = std::mem::take(&mut self.now);
            self.before_newest_s = std::mem::take(&mut self.now_newest_s);
        }
        self.now.insert(digest);
        self.now_newest_s = self.now_newest_s.max(time_s);
        (true, turn)
    }
}

impl ReplayGuard {
    /// Reads what a former run knew from two files beside `path`, and goes on writing there.
    ///
    /// # Errors
    /// When a file can be neither read nor made.
    pub fn open(path: &Path) -> io::Result<ReplayGuard> {
        let (current, former) = (path.to_owned(), path.with_extension("old"));
        let mut state = Generations::default();
        for (file, last) in [(&former, false), (&current, true)] {
            for (digest, time_s) in read(file)? {
                state.now.insert(digest);
                state.now_newest_s = state.now_newest_s.max(time_s);
            }
            if !last {
                state.before = std::mem::take(&mut state.now);
                state.before_newest_s = std::mem::take(&mut state.now_newest_s);
            }
        }
        let file = append(&current)?;
        let (journal, entries) = mpsc::sync_channel(JOURNAL_QUEUE);
        std::thread::Builder::new()
            .name("replay journal".into())
            .spawn(move || write(&entries, file, &current, &former))?;
        Ok(ReplayGuard { state: Mutex::new(state), journal: Some(journal) })
    }

    /// Notes the keys of a header; `false` if they were used before (M-083).
    pub fn first_header(&self, header: &[u8; 64], now_s: u64) -> bool {
        // The first eight bytes and the tag enter no key, so a replay may change them.
        self.first(&[b"header", header.get(8..56).unwrap_or_default()], now_s, false)
    }

    /// Notes the random of a hello with the time in it; `false` if it was used before, or may have been (M-345).
    pub fn first_hello(&self, random: &[u8; 32], time_s: u64) -> bool {
        self.first(&[b"hello", random], time_s, true)
    }

    fn first(&self, parts: &[&[u8]], time_s: u64, timed: bool) -> bool {
        let digest = sha256(parts);
        let Some((digest, _)) = digest.split_first_chunk::<16>() else { return false };
        // The queue is filled under the lock, so that the journal has the order of the generations.
        let mut state = self.state.lock();
        let (first, turn) = state.insert(*digest, time_s, timed);
        if first && let Some(journal) = &self.journal {
            if turn {
                let _ = journal.try_send(Record::Turn);
            }
            let mut entry = [0; ENTRY];
            let (to, time) = entry.split_at_mut(digest.len());
            to.copy_from_slice(digest);
            time.copy_from_slice(&time_s.to_le_bytes());
            let _ = journal.try_send(Record::Entry(entry));
        }
        first
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        let state = self.state.lock();
        state.now.len() + state.before.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn append(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let whole = file.metadata()?.len() / 24 * 24;
    file.set_len(whole)?;
    Ok(file)
}

/// The entries of a file. Half an entry at its end is what a crash left.
fn read(path: &Path) -> io::Result<Vec<(Digest, u64)>> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => {
            file.take(u64::try_from(2 * MAX_SEEN * ENTRY).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let entry = |entry: &[u8; ENTRY]| {
        let (digest, time) = entry.split_first_chunk::<16>()?;
        Some((*digest, u64::from_le_bytes(*time.first_chunk()?)))
    };
    Ok(bytes.as_chunks().0.iter().filter_map(entry).collect())
}

/// Writes entries until the guard is gone. A disk that takes nothing costs what is remembered over a restart, not the
/// service.
fn write(entries: &mpsc::Receiver<Record>, mut file: File, current: &PathBuf, former: &PathBuf) {
    for record in entries {
        let written = match record {
            Record::Entry(entry) => file.write_all(&entry),
            Record::Turn => std::fs::rename(current, former).and_then(|()| {
                file = append(current)?;
                Ok(())
            }),
        };
        if let Err(error) = written {
            tracing::warn!("the replay journal cannot be written: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m083_a_header_is_taken_once_whatever_is_around_its_keys() {
        let guard = ReplayGuard::default();
        let mut header = [7; 64];
        assert!(guard.first_header(&header, 1));
        header[0] = 1;
        header[63] = 1;
        assert!(!guard.first_header(&header, 1));
        header[8] = 1;
        assert!(guard.first_header(&header, 1));
    }

    #[test]
    fn m345_what_was_used_is_known_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seen");
        let guard = ReplayGuard::open(&path).unwrap();
        assert!(guard.first_hello(&[1; 32], 100) && guard.first_header(&[2; 64], 100));
        drop(guard);
        // The writer ends after the guard; its last entry is the event to wait for.
        while std::fs::metadata(&path).unwrap().len() < 2 * 24 {
            std::thread::yield_now();
        }
        let again = ReplayGuard::open(&path).unwrap();
        assert_eq!(again.len(), 2);
        assert!(!again.first_hello(&[1; 32], 100) && !again.first_header(&[2; 64], 100));
        assert!(again.first_hello(&[3; 32], 100));
    }

    #[test]
    fn m344_a_full_guard_forgets_with_the_time() {
        let mut state = Generations::default();
        let digest = |n: usize| {
            let mut digest = [0; 16];
            digest[..8].copy_from_slice(&n.to_le_bytes());
            digest
        };
        for n in 0..2 * MAX_SEEN + 1 {
            assert!(state.insert(digest(n), 1000 + n as u64, true).0);
        }
        assert!(!state.insert(digest(0), 1000, true).0, "forgotten, so its time is refused too");
        assert!(!state.insert(digest(MAX_SEEN), 1000 + MAX_SEEN as u64, true).0, "still remembered");
        assert!(state.insert(digest(0), 0, false).0, "headers have no time");
    }
}
