//! From the server to here.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use zaun_schema::api::enums;
use zaun_schema::api::functions::upload::GetFile;

use super::{PART_BYTES, Progress, TransferError, lane, window};
use crate::client::{Client, Purpose};
use crate::servers::Migration;

/// A file on its way from the server. It knows how much was written: after a failure it goes on behind that, and the
/// location can be given anew in the meantime, if its file reference has expired (`FILE_REFERENCE_EXPIRED`).
#[derive(Debug, Clone)]
pub struct Download {
    /// Where the file is.
    pub location: enums::InputFileLocation,
    /// The data centre that has it.
    pub dc: i16,
    /// Bytes that were written.
    pub position: u64,
    /// Its size, if that is known; without it more is asked for than there is.
    pub size: Option<u64>,
    connections: u8,
}

impl Download {
    /// A file from its beginning.
    #[must_use]
    pub fn new(location: enums::InputFileLocation, dc: i16, size: Option<u64>) -> Download {
        Download { location, dc, position: 0, size, connections: 4 }
    }

    /// Over so many connections side by side, at most [`MAX_CONNECTIONS`](super::MAX_CONNECTIONS); 4 at first.
    #[must_use]
    pub fn connections(self, connections: u8) -> Download {
        Download { connections, ..self }
    }

    fn progress(&self) -> Progress {
        Progress { done: self.position, total: self.size }
    }
}

impl Client {
    /// Downloads into `to`, in order, from [`Download::position`] on.
    ///
    /// # Errors
    /// [`TransferError`]; `download` can be gone on with.
    pub async fn download(
        &self,
        download: &mut Download,
        to: &mut (impl AsyncWrite + Unpin + ?Sized),
        mut progress: impl FnMut(Progress),
    ) -> Result<(), TransferError> {
        loop {
            match self.fetch(download, to, &mut progress).await {
                Err(TransferError::Invoke(error)) => match error.rpc().and_then(Migration::of) {
                    Some(Migration::Query(dc)) if dc != download.dc => download.dc = dc,
                    _ => return Err(error.into()),
                },
                done => return done,
            }
        }
    }

    async fn fetch(
        &self,
        download: &mut Download,
        to: &mut (impl AsyncWrite + Unpin + ?Sized),
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), TransferError> {
        const PART: u64 = PART_BYTES as u64;
        // Offsets have to be multiples of the part: what is there of a begun one is left out.
        let mut skip = usize::try_from(download.position % PART).unwrap_or(0);
        let mut next = download.position / PART;
        let last = download.size.map(|size| size.div_ceil(PART).max(1));
        let mut running = FuturesOrdered::new();
        loop {
            while running.len() < window(download.connections) && last.is_none_or(|last| next < last) {
                let lane = lane(next, download.connections);
                running.push_back(self.part(download.dc, lane, download.location.clone(), next * PART));
                next += 1;
            }
            let Some(part) = running.next().await else { break };
            let part = part?;
            let rest = part.get(skip..).unwrap_or_default();
            to.write_all(rest).await?;
            download.position += rest.len() as u64;
            skip = 0;
            progress(download.progress());
            if part.len() < PART_BYTES {
                break;
            }
        }
        to.flush().await?;
        match download.size {
            Some(size) if size != download.position => Err(TransferError::Length(download.position, size)),
            _ => Ok(()),
        }
    }

    async fn part(
        &self,
        dc: i16,
        lane: u8,
        location: enums::InputFileLocation,
        offset: u64,
    ) -> Result<Bytes, TransferError> {
        let request = GetFile {
            precise: false,
            cdn_supported: false,
            location,
            offset: i64::try_from(offset).map_err(|_| TransferError::TooLarge(offset))?,
            limit: i32::try_from(PART_BYTES).unwrap_or(i32::MAX),
        };
        let enums::upload::File::File(file) = self.invoke_on(dc, Purpose::Download(lane), &request).await?
        else {
            return Err(TransferError::Server("it sends to a CDN, and was not asked to"));
        };
        if file.bytes.len() > PART_BYTES {
            return Err(TransferError::Server("a part is longer than asked for"));
        }
        Ok(file.bytes)
    }
}
