//! The local disk behind an async face.
//!
//! ```text
//! blobs/ab/abcdef…      a blob, by its SHA-256
//! blobs/new/7           a blob that is being written
//! uploads/boot          the boot of the machine that parts belong to
//! uploads/KEY/FILE/3    part 3 of an upload; numbers in hexadecimal except the part's
//! ```

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use md5::Md5;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::files::{At, entries, make_dir, remove_tree, sync_dir, write_new};
use crate::{BlobError, BlobHash, Durability, LeftOver, RangeHash, Stored, Upload};

/// Jobs on the disk at once: enough to keep a fast disk busy, and a stalled one cannot take all blocking threads.
pub const MAX_DISK_JOBS: usize = 32;
/// Bytes that one read returns at most: what one answer of upload.getFile may carry (M-512).
pub const MAX_READ: usize = 1 << 20;
/// Bytes copied at a time while a blob is assembled.
const COPY_CHUNK: usize = 256 * 1024;
/// Time within which bytes that were brought may still get their first reference: a media object is written within
/// seconds of its bytes, uploads that became files may be used for a quarter of an hour.
pub const FRESH: Duration = Duration::from_secs(3600);
/// What changes when the machine starts anew.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

struct Inner {
    blobs: PathBuf,
    uploads: PathBuf,
    durability: Durability,
    /// Names for unfinished files.
    counter: AtomicU64,
    jobs: Arc<Semaphore>,
    /// Held while a file is put into its place or taken out of it.
    placing: Mutex<()>,
}

/// Blobs and uploads under one data directory; clones share it.
#[derive(Clone)]
pub struct Blobs {
    inner: Arc<Inner>,
}

impl Blobs {
    /// Opens (and creates) the directories under `data`, and removes what a crash left half written. Blocks.
    pub fn open(data: &Path, durability: Durability) -> Result<Blobs, BlobError> {
        let (blobs, uploads) = (data.join("blobs"), data.join("uploads"));
        fs::create_dir_all(&blobs).at(&blobs)?;
        let unfinished = blobs.join("new");
        remove_tree(&unfinished)?;
        make_dir(&unfinished)?;
        forget_other_boots(&uploads)?;
        sync_dir(data, durability)?;
        let (counter, jobs) = (AtomicU64::new(0), Arc::new(Semaphore::new(MAX_DISK_JOBS)));
        Ok(Blobs {
            inner: Arc::new(Inner { blobs, uploads, durability, counter, jobs, placing: Mutex::new(()) }),
        })
    }

    /// Runs disk work off the async threads.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let inner = self.inner.clone();
        let permit = inner.jobs.clone().acquire_owned().await.map_err(|_| BlobError::Closed)?;
        let job = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&inner)
        });
        job.await.unwrap_or(Err(BlobError::Closed))
    }

    /// Stores bytes.
    pub async fn put(&self, bytes: Bytes) -> Result<Stored, BlobError> {
        self.run(move |inner| inner.put(|sink| sink.write(&bytes))).await
    }

    /// Removes a blob that nothing refers to any more, unless somebody brought the same bytes within [`FRESH`]: they are
    /// about to be referred to. Returns whether it was removed.
    pub async fn remove(&self, hash: BlobHash) -> Result<bool, BlobError> {
        self.run(move |inner| inner.remove(hash)).await
    }

    /// Removes a blob however fresh it is: for a sandbox that is put back, where nobody can be bringing the same bytes.
    pub async fn discard(&self, hash: BlobHash) -> Result<(), BlobError> {
        self.run(move |inner| inner.discard(hash)).await
    }

    /// Up to `length` bytes (at most [`MAX_READ`]) from `offset`; fewer or none at the end (M-515).
    pub async fn read(&self, hash: BlobHash, offset: u64, length: usize) -> Result<Bytes, BlobError> {
        self.run(move |inner| inner.read(hash, offset, length.min(MAX_READ))).await
    }

    /// A whole blob if it has at most `limit` bytes, else `None`.
    pub async fn read_whole(&self, hash: BlobHash, limit: u64) -> Result<Option<Bytes>, BlobError> {
        self.run(move |inner| inner.read_whole(hash, limit)).await
    }

    /// Hashes of up to `count` consecutive ranges of `length` bytes from `offset`; the last one may be shorter.
    pub async fn range_hashes(
        &self,
        hash: BlobHash,
        offset: u64,
        length: u32,
        count: usize,
    ) -> Result<Vec<RangeHash>, BlobError> {
        self.run(move |inner| inner.range_hashes(hash, offset, length, count)).await
    }

    /// Keeps one part of an upload; a part with the same number is replaced. Parts survive the end of the process,
    /// but not that of the machine: they are not synced, because a client simply uploads a missing part again.
    pub async fn put_part(&self, upload: Upload, part: u32, bytes: Bytes) -> Result<(), BlobError> {
        self.run(move |inner| inner.put_part(upload, part, &bytes)).await
    }

    /// Makes a blob of parts `0..parts`. The parts stay until [`Blobs::remove_upload`].
    pub async fn assemble(&self, upload: Upload, parts: u32) -> Result<Stored, BlobError> {
        self.run(move |inner| inner.assemble(upload, parts)).await
    }

    /// Removes the parts of an upload.
    pub async fn remove_upload(&self, upload: Upload) -> Result<(), BlobError> {
        self.run(move |inner| {
            remove_tree(&inner.upload_dir(upload))?;
            // Fails while the key has other uploads, which is as well.
            let _ = fs::remove_dir(inner.key_dir(upload.key_id));
            Ok(())
        })
        .await
    }

    /// What an earlier process left of unfinished uploads.
    pub async fn left_over(&self) -> Result<Vec<LeftOver>, BlobError> {
        self.run(Inner::left_over).await
    }
}

/// Removes parts that were written before the machine last started: they were never synced, so they may be torn.
fn forget_other_boots(uploads: &Path) -> Result<(), BlobError> {
    let note = uploads.join("boot");
    let now = fs::read_to_string(BOOT_ID).ok();
    let then = fs::read_to_string(&note).ok();
    if now.is_none() || now != then {
        remove_tree(uploads)?;
    }
    make_dir(uploads)?;
    if let Some(now) = now {
        fs::write(&note, now).at(&note)?;
    }
    Ok(())
}

/// Hashes what it writes.
struct Sink<'a> {
    file: &'a mut File,
    path: &'a Path,
    sha256: Sha256,
    md5: Md5,
    size: u64,
}

impl Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), BlobError> {
        self.sha256.update(bytes);
        self.md5.update(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(bytes).at(self.path)
    }

    fn finish(self) -> Stored {
        Stored {
            hash: BlobHash(self.sha256.finalize().into()),
            size: self.size,
            md5: self.md5.finalize().into(),
        }
    }
}

impl Inner {
    fn fresh_name(&self) -> String {
        self.counter.fetch_add(1, Ordering::Relaxed).to_string()
    }

    fn blob_path(&self, hash: BlobHash) -> PathBuf {
        let name = hash.to_string();
        let shelf = name.get(..2).unwrap_or_default();
        self.blobs.join(shelf).join(&name)
    }

    fn key_dir(&self, key_id: i64) -> PathBuf {
        self.uploads.join(format!("{:016x}", key_id.cast_unsigned()))
    }

    fn upload_dir(&self, upload: Upload) -> PathBuf {
        self.key_dir(upload.key_id).join(format!("{:016x}", upload.file_id.cast_unsigned()))
    }

    fn put(&self, fill: impl FnOnce(&mut Sink<'_>) -> Result<(), BlobError>) -> Result<Stored, BlobError> {
        let unfinished = self.blobs.join("new").join(self.fresh_name());
        let stored = write_new(&unfinished, self.durability, |file| {
            let mut sink = Sink { file, path: &unfinished, sha256: Sha256::new(), md5: Md5::new(), size: 0 };
            fill(&mut sink)?;
            Ok(sink.finish())
        })?;
        self.place(&unfinished, &stored).inspect_err(|_| {
            // Whatever is in the way of the rename, the unfinished file is of no use.
            let _ = fs::remove_file(&unfinished);
        })?;
        Ok(stored)
    }

    /// Moves a finished file to where its hash belongs.
    fn place(&self, unfinished: &Path, stored: &Stored) -> Result<(), BlobError> {
        let path = self.blob_path(stored.hash);
        let shelf = path.parent().unwrap_or(&self.blobs);
        if make_dir(shelf)? {
            sync_dir(&self.blobs, self.durability)?;
        }
        {
            // In place of equal bytes too, whose date is today's then.
            let _placing = self.placing.lock();
            fs::rename(unfinished, &path).at(&path)?;
        }
        // Also for a known blob: whoever brought it may not have come to its own sync yet.
        sync_dir(shelf, self.durability)
    }

    fn discard(&self, hash: BlobHash) -> Result<(), BlobError> {
        let path = self.blob_path(hash);
        let _placing = self.placing.lock();
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.at(&path),
        }
    }

    fn remove(&self, hash: BlobHash) -> Result<bool, BlobError> {
        let path = self.blob_path(hash);
        let _placing = self.placing.lock();
        let modified = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other.and_then(|there| there.modified()).at(&path)?,
        };
        // A date in the future is fresh.
        if modified.elapsed().is_ok_and(|age| age >= FRESH) {
            fs::remove_file(&path).at(&path)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn open_blob(&self, hash: BlobHash) -> Result<(File, PathBuf), BlobError> {
        let path = self.blob_path(hash);
        match File::open(&path) {
            Ok(file) => Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(BlobError::Lost { hash }),
            Err(error) => Err(BlobError::from_io(&error, &path)),
        }
    }

    fn read(&self, hash: BlobHash, offset: u64, length: usize) -> Result<Bytes, BlobError> {
        let (file, path) = self.open_blob(hash)?;
        let left = file.metadata().at(&path)?.len().saturating_sub(offset);
        let length = usize::try_from(left).map_or(length, |left| left.min(length));
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, offset).at(&path)?;
        Ok(bytes.into())
    }

    fn read_whole(&self, hash: BlobHash, limit: u64) -> Result<Option<Bytes>, BlobError> {
        let (mut file, path) = self.open_blob(hash)?;
        let size = file.metadata().at(&path)?.len();
        let Ok(capacity) = usize::try_from(size.min(limit)) else { return Ok(None) };
        if size > limit {
            return Ok(None);
        }
        let mut bytes = Vec::with_capacity(capacity);
        file.read_to_end(&mut bytes).at(&path)?;
        Ok(Some(bytes.into()))
    }

    fn range_hashes(
        &self,
        hash: BlobHash,
        mut offset: u64,
        length: u32,
        count: usize,
    ) -> Result<Vec<RangeHash>, BlobError> {
        let mut out = Vec::new();
        while out.len() < count {
            let bytes = self.read(hash, offset, usize::try_from(length).unwrap_or(MAX_READ).min(MAX_READ))?;
            let Ok(length) = u32::try_from(bytes.len()) else { break };
            if length == 0 {
                break;
            }
            out.push(RangeHash { offset, length, sha256: Sha256::digest(&bytes).into() });
            offset += u64::from(length);
        }
        Ok(out)
    }

    fn put_part(&self, upload: Upload, part: u32, bytes: &[u8]) -> Result<(), BlobError> {
        let dir = self.upload_dir(upload);
        fs::create_dir_all(&dir).at(&dir)?;
        let unfinished = dir.join(format!("new-{}", self.fresh_name()));
        write_new(&unfinished, Durability::Ephemeral, |file| file.write_all(bytes).at(&unfinished))?;
        let path = dir.join(part.to_string());
        fs::rename(&unfinished, &path).at(&path).inspect_err(|_| {
            let _ = fs::remove_file(&unfinished);
        })
    }

    fn assemble(&self, upload: Upload, parts: u32) -> Result<Stored, BlobError> {
        let dir = self.upload_dir(upload);
        let mut buffer = vec![0; COPY_CHUNK];
        self.put(|sink| {
            for part in 0..parts {
                let path = dir.join(part.to_string());
                let mut file = match File::open(&path) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        return Err(BlobError::PartMissing { part });
                    }
                    other => other.at(&path)?,
                };
                loop {
                    let read = file.read(&mut buffer).at(&path)?;
                    match buffer.get(..read) {
                        Some(bytes) if read > 0 => sink.write(bytes)?,
                        _ => break,
                    }
                }
            }
            Ok(())
        })
    }

    fn left_over(&self) -> Result<Vec<LeftOver>, BlobError> {
        let number = |name: &str| u64::from_str_radix(name, 16).map(u64::cast_signed).ok();
        let mut out = Vec::new();
        for (key, key_dir) in entries(&self.uploads)? {
            let Some(key_id) = number(&key) else { continue };
            for (file, file_dir) in entries(&key_dir.path())? {
                let Some(file_id) = number(&file) else { continue };
                let mut parts = Vec::new();
                for (part, entry) in entries(&file_dir.path())? {
                    let size = entry.metadata().at(&entry.path())?.len();
                    match (part.parse(), u32::try_from(size)) {
                        (Ok(part), Ok(size)) => parts.push((part, size)),
                        // Half written when the process ended.
                        _ => fs::remove_file(entry.path()).at(&entry.path())?,
                    }
                }
                parts.sort_unstable();
                out.push(LeftOver { upload: Upload { key_id, file_id }, parts });
            }
        }
        Ok(out)
    }
}
