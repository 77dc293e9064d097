//! Files: uploads, photos, documents, and reading them back.
//!
//! Image work runs on blocking threads, a few at a time, and never inside a transaction; a media object is written to
//! the database when its bytes are stored already.

mod documents;
pub mod download;
pub mod image;
pub mod media;
mod photos;
pub mod profile;
pub mod uploads;

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use parking_lot::Mutex;
use rand::Rng;
use tokio::sync::Semaphore;
use zaun_blob::{BlobError, Blobs, Stored, Upload};
use zaun_model::UnixTime;
use zaun_schema::api::enums;
use zaun_store::Tx;
use zaun_store::repo::media as stored_media;

use crate::limits::{FILE_PARTS, IMAGE_JOBS};
use crate::{Actor, Error, Messenger, errors};
pub(crate) use photos::stripped_of;
use uploads::{Part, Ready, Uploads, missing};

/// `media.kind` of photos.
pub const PHOTO: i64 = 1;
/// `media.kind` of documents.
pub const DOCUMENT: i64 = 2;

/// The bytes behind the messenger.
pub(crate) struct Files {
    pub(crate) blobs: Blobs,
    uploads: Mutex<Uploads>,
    images: Semaphore,
}

impl Files {
    /// Over a blob store, with the unfinished uploads found there.
    pub(crate) async fn open(blobs: Blobs, now: UnixTime) -> Result<Files, Error> {
        let mut uploads = Uploads::default();
        uploads.adopt(blobs.left_over().await?, now.0);
        Ok(Files { blobs, uploads: Mutex::new(uploads), images: Semaphore::new(IMAGE_JOBS) })
    }

    /// Runs image work off the async threads.
    pub(crate) async fn process<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _permit = self.images.acquire().await.map_err(|_| BlobError::Closed)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "an image job panicked");
            Error::bad(errors::IMAGE_PROCESS_FAILED)
        })
    }
}

/// Notes that one more place, or one less, shows these media objects.
pub(crate) fn count_uses(tx: &Tx<'_>, ids: &BTreeSet<i64>, change: i64) -> Result<(), Error> {
    for id in ids {
        stored_media::count_use(tx, *id, change)?;
    }
    Ok(())
}

/// The id of a new media object: milliseconds since 2020 and 22 random bits, so that ids rise and nobody needs to be
/// asked for one.
pub(crate) fn fresh_id() -> i64 {
    const EPOCH_MS: u64 = 1_577_836_800_000;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let now = u64::try_from(now).unwrap_or(u64::MAX).saturating_sub(EPOCH_MS);
    let id = now << 22 | rand::rng().next_u64() >> 42;
    (id & (u64::MAX >> 1)).cast_signed()
}

/// What a client says of a file that it uploaded.
struct Named<'a> {
    id: i64,
    parts: i32,
    md5: &'a str,
    big: bool,
}

fn named(file: &enums::InputFile) -> Result<Named<'_>, Error> {
    match file {
        enums::InputFile::InputFile(f) => {
            Ok(Named { id: f.id, parts: f.parts, md5: &f.md5_checksum, big: false })
        }
        enums::InputFile::InputFileBig(f) => Ok(Named { id: f.id, parts: f.parts, md5: "", big: true }),
        enums::InputFile::InputFileStoryDocument(_) => Err(Error::bad(errors::INPUT_FILE_INVALID)),
    }
}

fn check_md5(said: &str, found: &[u8; 16]) -> Result<(), Error> {
    let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
    let same = said.is_empty() || said.eq_ignore_ascii_case(&found);
    if same { Ok(()) } else { Err(Error::bad(errors::MD5_CHECKSUM_INVALID)) }
}

impl Messenger {
    /// Takes one part of a file (M-497 … M-506, M-511).
    pub async fn save_file_part(&self, actor: Actor, part: Part, bytes: Bytes) -> Result<(), Error> {
        let upload = Upload { key_id: actor.key_id, file_id: part.file_id };
        let now = self.now().0;
        let needed = self.files.uploads.lock().book(actor.key_id, part, bytes.len(), now)?;
        let number = u32::try_from(part.number).unwrap_or(0);
        if needed && let Err(error) = self.files.blobs.put_part(upload, number, bytes).await {
            self.files.uploads.lock().unbook(upload, number);
            return Err(error.into());
        }
        Ok(())
    }

    /// The bytes of an uploaded file, put together (M-507, M-508, M-510). It may be used several times.
    pub(crate) async fn uploaded(&self, actor: Actor, file: &enums::InputFile) -> Result<Stored, Error> {
        let named = named(file)?;
        let parts =
            u32::try_from(named.parts).ok().filter(|p| usize::try_from(*p).is_ok_and(|p| p <= FILE_PARTS));
        let parts = parts.ok_or_else(|| Error::bad(errors::FILE_PARTS_INVALID))?;
        let upload = Upload { key_id: actor.key_id, file_id: named.id };
        let stored = if parts == 0 && !named.big {
            // An empty file has no parts to upload: Telethon says so in exactly this way.
            self.files.blobs.put(Bytes::new()).await?
        } else {
            self.assemble(upload, parts).await?
        };
        check_md5(named.md5, &stored.md5)?;
        Ok(stored)
    }

    async fn assemble(&self, upload: Upload, parts: u32) -> Result<Stored, Error> {
        let ready = |now| self.files.uploads.lock().ready(upload, parts, now);
        let lock = match ready(self.now().0)? {
            Ready::Done(stored) => return Ok(stored),
            Ready::Assemble(lock) => lock,
        };
        let _guard = lock.lock().await;
        // Somebody else may have done it meanwhile.
        if let Ready::Done(stored) = ready(self.now().0)? {
            return Ok(stored);
        }
        match self.files.blobs.assemble(upload, parts).await {
            Ok(stored) => {
                self.files.uploads.lock().finish(upload, stored, parts);
                self.files.blobs.remove_upload(upload).await?;
                Ok(stored)
            }
            Err(BlobError::PartMissing { part }) => {
                self.files.uploads.lock().unbook(upload, part);
                Err(missing(part))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets uploads that nobody finished (M-506).
    pub async fn sweep_uploads(&self) -> Result<(), Error> {
        self.remove_uploads_before(self.now().0).await
    }

    /// Removes all uploads and their parts.
    pub(crate) async fn forget_uploads(&self) -> Result<(), Error> {
        self.remove_uploads_before(i64::MAX).await
    }

    async fn remove_uploads_before(&self, now: i64) -> Result<(), Error> {
        let gone = self.files.uploads.lock().expire(now);
        for upload in gone {
            self.files.blobs.remove_upload(upload).await?;
        }
        Ok(())
    }
}
