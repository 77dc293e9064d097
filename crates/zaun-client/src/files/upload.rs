//! From here to the server.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use md5::{Digest, Md5};
use tokio::io::{AsyncRead, AsyncReadExt};
use zaun_schema::api::functions::upload::{SaveBigFilePart, SaveFilePart};
use zaun_schema::api::{enums, types};

use super::{BIG_FILE_BYTES, MAX_PARTS, PART_BYTES, Progress, TransferError, lane, window};
use crate::backoff::random_id;
use crate::client::{Client, Purpose};

/// A file on its way to the server. It knows which parts are there: after a failure it goes on with the rest.
#[derive(Debug, Clone)]
pub struct Upload {
    id: i64,
    name: String,
    size: u64,
    /// Which parts the server has.
    there: Vec<bool>,
    connections: u8,
}

impl Upload {
    /// A file of this name and size. An empty file has no parts: no server takes an empty part (M-500).
    ///
    /// # Errors
    /// [`TransferError::TooLarge`].
    pub fn new(name: impl Into<String>, size: u64) -> Result<Upload, TransferError> {
        let parts = size.div_ceil(PART_BYTES as u64);
        let count = usize::try_from(parts).ok().filter(|_| parts <= MAX_PARTS * 2);
        let there = vec![false; count.ok_or(TransferError::TooLarge(size))?];
        Ok(Upload { id: random_id(), name: name.into(), size, there, connections: 4 })
    }

    /// Over so many connections side by side, at most [`MAX_CONNECTIONS`](super::MAX_CONNECTIONS); 4 at first.
    #[must_use]
    pub fn connections(self, connections: u8) -> Upload {
        Upload { connections, ..self }
    }

    /// Whether it is uploaded as a big file (M-503).
    #[must_use]
    pub fn is_big(&self) -> bool {
        self.size > BIG_FILE_BYTES
    }

    /// How many parts it has.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.there.len()
    }

    /// How many of them the server has.
    #[must_use]
    pub fn parts_there(&self) -> usize {
        self.there.iter().filter(|there| **there).count()
    }

    fn length(&self, part: usize) -> usize {
        let begin = part as u64 * PART_BYTES as u64;
        usize::try_from(self.size.saturating_sub(begin)).unwrap_or(usize::MAX).min(PART_BYTES)
    }

    fn progress(&self) -> Progress {
        let there = |(part, there): (usize, &bool)| if *there { self.length(part) as u64 } else { 0 };
        Progress { done: self.there.iter().enumerate().map(there).sum(), total: Some(self.size) }
    }

    fn number(value: usize) -> i32 {
        i32::try_from(value).unwrap_or(i32::MAX)
    }
}

impl Client {
    /// Uploads what `source` yields, from its beginning; parts that the server has are only read. The result names the
    /// file for the method that is to use it.
    ///
    /// # Errors
    /// [`TransferError`]; `upload` can be gone on with.
    pub async fn upload(
        &self,
        upload: &mut Upload,
        source: &mut (impl AsyncRead + Unpin + ?Sized),
        mut progress: impl FnMut(Progress),
    ) -> Result<enums::InputFile, TransferError> {
        let (mut running, mut hash) = (FuturesUnordered::new(), Md5::new());
        let big = upload.is_big();
        for part in 0..upload.parts() {
            let bytes = read_part(source, upload.length(part), upload.size, part).await?;
            if !big {
                hash.update(&bytes);
            }
            if upload.there.get(part).copied().unwrap_or(true) {
                continue;
            }
            if running.len() >= window(upload.connections)
                && let Some(saved) = running.next().await
            {
                note(upload, saved?, &mut progress);
            }
            running.push(self.save_part(
                upload.id,
                part,
                upload.parts(),
                big,
                lane(part as u64, upload.connections),
                bytes,
            ));
        }
        if source.read(&mut [0]).await? != 0 {
            return Err(TransferError::Length(upload.size + 1, upload.size));
        }
        while let Some(saved) = running.next().await {
            note(upload, saved?, &mut progress);
        }
        let (id, parts, name) = (upload.id, Upload::number(upload.parts()), upload.name.clone());
        Ok(if big {
            types::InputFileBig { id, parts, name }.into()
        } else {
            let digest: Vec<String> = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            types::InputFile { id, parts, name, md5_checksum: digest.concat() }.into()
        })
    }

    async fn save_part(
        &self,
        file_id: i64,
        part: usize,
        parts: usize,
        big: bool,
        lane: u8,
        bytes: Bytes,
    ) -> Result<usize, TransferError> {
        let (dc, purpose) = (self.main_dc(), Purpose::Upload(lane));
        let (file_part, file_total_parts) = (Upload::number(part), Upload::number(parts));
        let kept = if big {
            self.invoke_on(dc, purpose, &SaveBigFilePart { file_id, file_part, file_total_parts, bytes })
                .await?
        } else {
            self.invoke_on(dc, purpose, &SaveFilePart { file_id, file_part, bytes }).await?
        };
        if kept { Ok(part) } else { Err(TransferError::Server("a part was not kept")) }
    }
}

fn note(upload: &mut Upload, part: usize, progress: &mut impl FnMut(Progress)) {
    if let Some(there) = upload.there.get_mut(part) {
        *there = true;
    }
    progress(upload.progress());
}

async fn read_part(
    source: &mut (impl AsyncRead + Unpin + ?Sized),
    length: usize,
    size: u64,
    part: usize,
) -> Result<Bytes, TransferError> {
    let mut bytes = BytesMut::with_capacity(length);
    while bytes.len() < length {
        let missing = length - bytes.len();
        if (&mut *source).take(missing as u64).read_buf(&mut bytes).await? == 0 {
            let read = part as u64 * PART_BYTES as u64 + bytes.len() as u64;
            return Err(TransferError::Length(read, size));
        }
    }
    Ok(bytes.freeze())
}
