//! Parts of files on their way in: which are taken, and what is missing (M-497 … M-511).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use zaun_blob::{LeftOver, Stored, Upload};

use crate::limits::{
    FILE_PART_BYTES, FILE_PARTS, UPLOAD_BYTES_PER_KEY, UPLOAD_DONE_LIFE_S, UPLOAD_LIFE_S, UPLOAD_WAIT_S,
    UPLOADS_PER_KEY,
};
use crate::{Error, errors};

/// One call of upload.saveFilePart or upload.saveBigFilePart, without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The client's number for the file.
    pub file_id: i64,
    /// Number of the part, from 0.
    pub number: i32,
    /// saveBigFilePart only: how many parts there will be, −1 while that is not known (M-505).
    pub total: Option<i32>,
}

/// What is known of one upload.
#[derive(Debug, Default)]
struct Progress {
    sizes: BTreeMap<u32, u32>,
    /// Size of every part but the last.
    full: Option<u32>,
    /// Number of parts, if the client said it.
    total: Option<u32>,
    bytes: u64,
    /// Unix seconds.
    touched: i64,
    /// What became of it, with the number of parts: it may be used again for a while.
    done: Option<(Stored, u32)>,
    /// Held while it is being assembled.
    assembling: Arc<tokio::sync::Mutex<()>>,
}

/// A size that all parts of a file but the last one may have (M-498).
fn is_regular(size: u32) -> bool {
    size >= 1024 && size.is_multiple_of(1024) && (FILE_PART_BYTES as u32).is_multiple_of(size)
}

/// M-499, M-500.
fn check_regular(size: u32) -> Result<(), Error> {
    if is_regular(size) {
        Ok(())
    } else if size < 1024 {
        Err(Error::bad(errors::FILE_PART_TOO_SMALL))
    } else {
        Err(Error::bad(errors::FILE_PART_SIZE_INVALID))
    }
}

/// A part that passed the rules which need no knowledge of the others.
#[derive(Debug, Clone, Copy)]
struct Checked {
    number: u32,
    size: u32,
    /// Number of parts, if now known.
    total: Option<u32>,
    /// Whether another part is known to follow.
    inner: bool,
}

impl Part {
    fn check(self, size: usize) -> Result<Checked, Error> {
        let max = u32::try_from(FILE_PARTS).unwrap_or(u32::MAX);
        let number = u32::try_from(self.number).ok().filter(|n| *n < max);
        let number = number.ok_or_else(|| Error::bad(errors::FILE_PART_INVALID))?;
        let total = match self.total {
            None | Some(-1) => None,
            Some(total) => {
                let total = u32::try_from(total).ok().filter(|t| (1..=max).contains(t));
                Some(total.ok_or_else(|| Error::bad(errors::FILE_PARTS_INVALID))?)
            }
        };
        if total.is_some_and(|total| number >= total) {
            return Err(Error::bad(errors::FILE_PART_INVALID));
        }
        let closing = total.is_some_and(|total| number + 1 == total);
        let size = u32::try_from(size).ok().filter(|s| *s <= FILE_PART_BYTES as u32);
        let size = size.ok_or_else(|| Error::bad(errors::FILE_PART_TOO_BIG))?;
        if size == 0 && !closing {
            return Err(Error::bad(errors::FILE_PART_EMPTY));
        }
        Ok(Checked { number, size, total, inner: self.total.is_some() && !closing })
    }
}

impl Progress {
    /// M-498, M-499: all parts but the last are of one regular size, and the last is not larger. The last one is the
    /// highest seen so far, so the order of arrival does not matter.
    fn check(&self, part: Checked) -> Result<Option<u32>, Error> {
        let known = self.total.or(part.total);
        if part.total.is_some() && known != part.total {
            return Err(Error::bad(errors::FILE_PARTS_INVALID));
        }
        if known.is_some_and(|total| part.number >= total) {
            return Err(Error::bad(errors::FILE_PART_INVALID));
        }
        let mut full = self.full;
        let mut inner = |size: u32| match full {
            Some(full) if full == size => Ok(()),
            Some(_) => Err(Error::bad(errors::FILE_PART_SIZE_CHANGED)),
            None => check_regular(size).map(|()| full = Some(size)),
        };
        let mut last = part.size;
        if part.inner {
            inner(part.size)?;
        }
        if let Some((highest, size)) = self.sizes.last_key_value() {
            if *highest < part.number {
                inner(*size)?;
            } else if *highest > part.number {
                inner(part.size)?;
                last = *size;
            }
        }
        if full.is_some_and(|full| last > full) {
            return Err(Error::bad(errors::FILE_PART_SIZE_CHANGED));
        }
        Ok(full)
    }

    fn add(&mut self, part: Checked, full: Option<u32>) {
        self.full = full;
        self.total = self.total.or(part.total);
        let before = self.sizes.insert(part.number, part.size).unwrap_or(0);
        self.bytes = self.bytes + u64::from(part.size) - u64::from(before);
    }

    /// M-507, M-510.
    fn check_complete(&self, parts: u32) -> Result<(), Error> {
        let beyond = self.sizes.last_key_value().is_some_and(|(highest, _)| *highest >= parts);
        if beyond || self.total.is_some_and(|total| total != parts) {
            return Err(Error::bad(errors::FILE_PARTS_INVALID));
        }
        match (0..parts).find(|part| !self.sizes.contains_key(part)) {
            Some(part) => Err(missing(part)),
            None => Ok(()),
        }
    }
}

/// M-507.
pub(crate) fn missing(part: u32) -> Error {
    Error::refused(400, format!("FILE_PART_{part}_MISSING"))
}

/// What stands in the way of using an upload.
pub(crate) enum Ready {
    /// It was assembled before.
    Done(Stored),
    /// All parts are there; whoever holds the lock assembles them.
    Assemble(Arc<tokio::sync::Mutex<()>>),
}

/// All uploads that are not forgotten yet. In memory, because losing it only makes clients upload parts again.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    keys: HashMap<i64, KeyUploads>,
}

/// The uploads of one auth key.
#[derive(Debug, Default)]
struct KeyUploads {
    files: HashMap<i64, Progress>,
    /// Bytes in those that are not done.
    bytes: u64,
    /// How many are not done.
    open: usize,
}

impl Uploads {
    /// Takes over what an earlier process left.
    pub(crate) fn adopt(&mut self, left: Vec<LeftOver>, now: i64) {
        for LeftOver { upload, parts } in left {
            let uploads = self.keys.entry(upload.key_id).or_default();
            uploads.open += 1;
            uploads.bytes += parts.iter().map(|(_, size)| u64::from(*size)).sum::<u64>();
            let progress = uploads.files.entry(upload.file_id).or_default();
            progress.touched = now;
            let last = parts.last().map(|(number, _)| *number);
            for (number, size) in parts {
                if Some(number) != last {
                    progress.full = Some(size);
                }
                progress.sizes.insert(number, size);
                progress.bytes += u64::from(size);
            }
        }
    }

    /// Books a part before it is written. `false` if its bytes are not needed any more (M-504).
    pub(crate) fn book(&mut self, key_id: i64, part: Part, size: usize, now: i64) -> Result<bool, Error> {
        let checked = part.check(size)?;
        let uploads = self.keys.entry(key_id).or_default();
        let fresh = !uploads.files.contains_key(&part.file_id);
        let too_much = uploads.bytes + u64::from(checked.size) > UPLOAD_BYTES_PER_KEY;
        if too_much || (fresh && uploads.open >= UPLOADS_PER_KEY) {
            return Err(Error::refused(420, format!("FLOOD_PREMIUM_WAIT_{UPLOAD_WAIT_S}")));
        }
        if let Some(progress) = uploads.files.get(&part.file_id).filter(|p| p.done.is_none()) {
            // A refused part must not make a new upload.
            progress.check(checked)?;
        } else if fresh {
            Progress::default().check(checked)?;
            uploads.open += 1;
        }
        let progress = uploads.files.entry(part.file_id).or_default();
        progress.touched = now;
        if progress.done.is_some() {
            return Ok(false);
        }
        let full = progress.check(checked)?;
        let before = progress.bytes;
        progress.add(checked, full);
        uploads.bytes = uploads.bytes - before + progress.bytes;
        Ok(true)
    }

    /// Takes a part back that could not be written, or turned out to be gone.
    pub(crate) fn unbook(&mut self, upload: Upload, number: u32) {
        let Some(uploads) = self.keys.get_mut(&upload.key_id) else { return };
        let Some(progress) = uploads.files.get_mut(&upload.file_id) else { return };
        if let Some(size) = progress.sizes.remove(&number) {
            progress.bytes -= u64::from(size);
            uploads.bytes -= u64::from(size);
        }
    }

    /// Whether an upload may be used as a file of so many parts.
    pub(crate) fn ready(&mut self, upload: Upload, parts: u32, now: i64) -> Result<Ready, Error> {
        let uploads = self.keys.get_mut(&upload.key_id);
        let progress = uploads.and_then(|uploads| uploads.files.get_mut(&upload.file_id));
        let Some(progress) = progress else { return Err(missing(0)) };
        progress.touched = now;
        if let Some((stored, count)) = progress.done {
            return if count == parts {
                Ok(Ready::Done(stored))
            } else {
                Err(Error::bad(errors::FILE_PARTS_INVALID))
            };
        }
        progress.check_complete(parts)?;
        Ok(Ready::Assemble(progress.assembling.clone()))
    }

    /// Notes what became of an upload. Its parts are not needed any more.
    pub(crate) fn finish(&mut self, upload: Upload, stored: Stored, parts: u32) {
        let Some(uploads) = self.keys.get_mut(&upload.key_id) else { return };
        let Some(progress) = uploads.files.get_mut(&upload.file_id) else { return };
        if progress.done.is_none() {
            uploads.open -= 1;
            uploads.bytes -= progress.bytes;
        }
        progress.done = Some((stored, parts));
        progress.sizes = BTreeMap::new();
        progress.bytes = 0;
    }

    /// Forgets what was not touched for [`UPLOAD_LIFE_S`] (or [`UPLOAD_DONE_LIFE_S`] after it became a file); the
    /// caller removes the parts (M-506).
    pub(crate) fn expire(&mut self, now: i64) -> Vec<Upload> {
        let mut gone = Vec::new();
        for (key_id, uploads) in &mut self.keys {
            let KeyUploads { files, bytes, open } = uploads;
            files.retain(|file_id, progress| {
                let life = if progress.done.is_some() { UPLOAD_DONE_LIFE_S } else { UPLOAD_LIFE_S };
                let alive = now - progress.touched <= life;
                if !alive {
                    gone.push(Upload { key_id: *key_id, file_id: *file_id });
                    *bytes -= progress.bytes;
                    *open -= usize::from(progress.done.is_none());
                }
                alive
            });
        }
        self.keys.retain(|_, uploads| !uploads.files.is_empty());
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    /// Books `(number, size)` parts of one file; the text of the first refusal.
    fn book(total: Option<i32>, parts: &[(i32, usize)]) -> Result<Uploads, String> {
        let mut uploads = Uploads::default();
        for (number, size) in parts {
            let part = Part { file_id: 1, number: *number, total };
            uploads.book(7, part, *size, 0).map_err(|e| e.to_string())?;
        }
        Ok(uploads)
    }

    fn refusal(total: Option<i32>, parts: &[(i32, usize)]) -> String {
        book(total, parts).err().unwrap_or_else(|| "taken".into())
    }

    fn ready(uploads: &mut Uploads, parts: u32) -> String {
        match uploads.ready(Upload { key_id: 7, file_id: 1 }, parts, 0) {
            Ok(Ready::Done(_)) => "done".into(),
            Ok(Ready::Assemble(_)) => "complete".into(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_last_part_may_have_any_size_and_arrive_first() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            let sizes = [64 * KIB, 64 * KIB, 17];
            let parts = order.map(|n: usize| (i32::try_from(n).unwrap(), sizes[n]));
            let mut uploads = book(None, &parts).unwrap();
            assert_eq!(ready(&mut uploads, 3), "complete", "M-498, M-504 {order:?}");
        }
    }

    #[test]
    fn sizes_are_regular_and_equal() {
        assert_eq!(refusal(None, &[(0, 3 * KIB), (1, 10)]), "400 FILE_PART_SIZE_INVALID", "M-499");
        assert_eq!(refusal(None, &[(0, 1000), (1, 10)]), "400 FILE_PART_TOO_SMALL", "M-500");
        let changed = "400 FILE_PART_SIZE_CHANGED";
        assert_eq!(refusal(None, &[(0, 4 * KIB), (1, 8 * KIB)]), changed, "M-499");
        assert_eq!(refusal(None, &[(0, 4 * KIB), (1, 2 * KIB), (2, 1)]), changed, "M-499");
        assert_eq!(refusal(None, &[(2, 8 * KIB), (0, 4 * KIB)]), changed, "M-499");
        assert_eq!(refusal(None, &[(0, 512 * KIB + 1)]), "400 FILE_PART_TOO_BIG", "M-500");
        assert_eq!(refusal(None, &[(0, 0)]), "400 FILE_PART_EMPTY", "M-500");
        assert_eq!(refusal(Some(3), &[(1, 1000)]), "400 FILE_PART_TOO_SMALL", "M-500");
        assert_eq!(refusal(Some(-1), &[(0, 3 * KIB)]), "400 FILE_PART_SIZE_INVALID", "M-499");
    }

    #[test]
    fn numbers_have_bounds() {
        assert_eq!(refusal(None, &[(-1, 1)]), "400 FILE_PART_INVALID", "M-501");
        assert_eq!(refusal(None, &[(4000, 1)]), "400 FILE_PART_INVALID", "M-501");
        assert_eq!(refusal(Some(4001), &[(0, KIB)]), "400 FILE_PARTS_INVALID", "M-502");
        assert_eq!(refusal(Some(0), &[(0, KIB)]), "400 FILE_PARTS_INVALID", "M-502");
        assert_eq!(refusal(Some(2), &[(2, KIB)]), "400 FILE_PART_INVALID", "M-501");
    }

    #[test]
    fn a_streamed_upload_may_end_with_an_empty_part() {
        let mut uploads = book(Some(-1), &[(0, KIB), (1, KIB)]).unwrap();
        let part = Part { file_id: 1, number: 2, total: Some(3) };
        uploads.book(7, part, 0, 0).unwrap();
        assert_eq!(ready(&mut uploads, 3), "complete", "M-505");
        assert_eq!(ready(&mut uploads, 2), "400 FILE_PARTS_INVALID", "M-510");
        let other = Part { file_id: 1, number: 0, total: Some(4) };
        assert_eq!(uploads.book(7, other, KIB, 0).unwrap_err().to_string(), "400 FILE_PARTS_INVALID");
    }

    #[test]
    fn missing_parts_are_named() {
        let mut uploads = book(None, &[(0, KIB), (2, KIB)]).unwrap();
        assert_eq!(ready(&mut uploads, 3), "400 FILE_PART_1_MISSING", "M-507");
        assert_eq!(ready(&mut uploads, 2), "400 FILE_PARTS_INVALID", "M-510");
        let other = uploads.ready(Upload { key_id: 8, file_id: 1 }, 3, 0);
        assert_eq!(other.err().unwrap().to_string(), "400 FILE_PART_0_MISSING", "M-497: another key");
    }

    #[test]
    fn uploads_are_forgotten_and_limited() {
        let mut uploads = Uploads::default();
        let limit = i64::try_from(UPLOADS_PER_KEY).unwrap();
        let part = |file_id| Part { file_id, number: 0, total: None };
        for file_id in 0..limit {
            uploads.book(7, part(file_id), 1, file_id).unwrap();
        }
        let refused = uploads.book(7, part(-1), 1, 0).unwrap_err().to_string();
        assert_eq!(refused, "420 FLOOD_PREMIUM_WAIT_60", "M-511");
        uploads.book(8, part(-1), 1, 0).unwrap();
        let gone = uploads.expire(UPLOAD_LIFE_S + 1);
        assert_eq!(gone.len(), 2, "M-506: {gone:?}");
        uploads.book(7, part(-1), 1, UPLOAD_LIFE_S).unwrap();
    }

    #[test]
    fn finished_uploads_cost_nothing_and_stay_usable_for_a_while() {
        let mut uploads = book(None, &[(0, 10)]).unwrap();
        let upload = Upload { key_id: 7, file_id: 1 };
        let stored = Stored { hash: zaun_blob::BlobHash([0; 32]), size: 10, md5: [0; 16] };
        uploads.finish(upload, stored, 1);
        assert_eq!(uploads.keys[&7].bytes, 0);
        assert_eq!(ready(&mut uploads, 1), "done");
        let late = Part { file_id: 1, number: 0, total: None };
        assert!(!uploads.book(7, late, 10, 5).unwrap(), "M-504: a late repeat is ignored");
        assert_eq!(uploads.expire(6 + UPLOAD_DONE_LIFE_S), [upload]);
    }
}
