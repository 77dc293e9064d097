//! From the server to here.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use zaun_schema::api::enums;
use zaun_schema::api::functions::upload::GetFile;
use zaun_schema::api::types::upload::FileCdnRedirect;

use super::cdn::Redirect;
use super::{PART_BYTES, Progress, TransferError, lane, window};
use crate::client::{Client, Purpose};
use crate::connection::InvokeError;
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

    /// What belongs to the file of the bytes that come next.
    fn cut<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let left = self.size.map(|size| size.saturating_sub(self.position));
        let left = left.and_then(|left| usize::try_from(left).ok());
        left.and_then(|left| bytes.get(..left)).unwrap_or(bytes)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.position, total: self.size }
    }
}

/// So often a download turns to another place without getting anything in between.
const MAX_TURNS: u32 = 4;

/// Who is asked for parts.
enum Source {
    /// The data centre that has the file.
    Own(i16, enums::InputFileLocation),
    /// A content delivery node.
    Cdn(Redirect),
}

/// Why parts come no more from a [`Source`].
pub(super) enum Stop {
    Error(TransferError),
    /// A content delivery node has the file.
    Redirect(Box<FileCdnRedirect>),
    /// What a content delivery node needs to be told is out of date.
    Stale(InvokeError),
}

impl<E: Into<TransferError>> From<E> for Stop {
    fn from(error: E) -> Stop {
        Stop::Error(error.into())
    }
}

impl Client {
    /// Downloads into `to`, in order, from [`Download::position`] on. Never more than [`Download::size`] is written.
    ///
    /// # Errors
    /// [`TransferError`]; `download` can be gone on with.
    pub async fn download(
        &self,
        download: &mut Download,
        to: &mut (impl AsyncWrite + Unpin + ?Sized),
        mut progress: impl FnMut(Progress),
    ) -> Result<(), TransferError> {
        let (mut redirect, mut turns, mut position): (Option<Box<_>>, _, _) = (None, 0, download.position);
        loop {
            let source = match redirect.take() {
                Some(told) => self.redirected(download, &told).await?,
                None => Source::Own(download.dc, download.location.clone()),
            };
            let Err(stop) = self.fetch(download, &source, to, &mut progress).await else { return Ok(()) };
            if position != download.position {
                (turns, position) = (0, download.position);
            }
            match stop {
                // A node is not trusted to send anywhere.
                Stop::Error(error) if matches!(source, Source::Cdn(_)) => return Err(error),
                Stop::Error(error) => {
                    turns += 1;
                    download.dc = elsewhere(error, download.dc, turns)?;
                }
                Stop::Stale(error) if turns == MAX_TURNS => return Err(error.into()),
                Stop::Stale(_) => turns += 1,
                // Counted when the node is left again: from there only the others lead back here.
                Stop::Redirect(told) => redirect = Some(told),
            }
        }
    }

    async fn redirected(&self, download: &Download, told: &FileCdnRedirect) -> Result<Source, TransferError> {
        let redirect = Redirect::new(download.dc, download.size, told)?;
        self.prepare_cdn(redirect.dc()).await?;
        Ok(Source::Cdn(redirect))
    }

    async fn fetch(
        &self,
        download: &mut Download,
        source: &Source,
        to: &mut (impl AsyncWrite + Unpin + ?Sized),
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), Stop> {
        const PART: u64 = PART_BYTES as u64;
        // Offsets have to be multiples of the part: what is there of a begun one is left out.
        let mut skip = usize::try_from(download.position % PART).unwrap_or(0);
        let mut next = download.position / PART;
        let last = download.size.map(|size| size.div_ceil(PART).max(1));
        let mut running = FuturesOrdered::new();
        loop {
            while running.len() < window(download.connections) && last.is_none_or(|last| next < last) {
                let lane = lane(next, download.connections);
                running.push_back(self.part(source, lane, next * PART));
                next += 1;
            }
            let Some(part) = running.next().await else { break };
            let part = part?;
            let rest = part.get(skip..).unwrap_or_default();
            let kept = download.cut(rest);
            to.write_all(kept).await?;
            download.position += kept.len() as u64;
            skip = 0;
            progress(download.progress());
            if kept.len() < rest.len() {
                to.flush().await?;
                return Err(TransferError::Longer(download.position).into());
            }
            if part.len() < PART_BYTES {
                break;
            }
        }
        to.flush().await?;
        match download.size {
            Some(size) if size != download.position => {
                Err(TransferError::Length(download.position, size).into())
            }
            _ => Ok(()),
        }
    }

    async fn part(&self, source: &Source, lane: u8, offset: u64) -> Result<Bytes, Stop> {
        let (dc, location) = match source {
            Source::Own(dc, location) => (*dc, location.clone()),
            Source::Cdn(redirect) => return self.cdn_part(redirect, lane, offset).await,
        };
        let request = GetFile {
            precise: false,
            cdn_supported: true,
            location,
            offset: i64::try_from(offset).map_err(|_| TransferError::TooLarge(offset))?,
            limit: i32::try_from(PART_BYTES).unwrap_or(i32::MAX),
        };
        match self.invoke_on(dc, Purpose::Download(lane), &request).await? {
            enums::upload::File::File(file) if file.bytes.len() > PART_BYTES => {
                Err(TransferError::Server("a part is longer than asked for").into())
            }
            enums::upload::File::File(file) => Ok(file.bytes),
            enums::upload::File::FileCdnRedirect(redirect) => Err(Stop::Redirect(redirect)),
        }
    }
}

/// Where an error of the file's data centre sends.
fn elsewhere(error: TransferError, dc: i16, turns: u32) -> Result<i16, TransferError> {
    let TransferError::Invoke(invoke) = &error else { return Err(error) };
    match invoke.rpc().and_then(Migration::of) {
        Some(Migration::Query(other)) if other != dc && turns <= MAX_TURNS => Ok(other),
        _ => Err(error),
    }
}
