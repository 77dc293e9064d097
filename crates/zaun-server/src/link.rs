//! Bytes in and out of a connection, whatever carries them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;
use zaun_transport::faketls;

use crate::limits::{LINGER, LINGER_BYTES, READ_CHUNK, WRITE_STALL};
use crate::socket::{Io, Socket};
use crate::websocket::WebSocket;

/// What carries the stream of frames.
pub(crate) enum Link {
    /// The socket itself.
    Bare(Socket),
    /// Records that look like TLS (M-350).
    FakeTls(Box<FakeTls>),
    /// Messages of a WebSocket; the only carrier to whose clients the borders of writes matter.
    WebSocket(Box<WebSocket>),
    /// Anything else, such as TLS.
    Other(Box<dyn Io>),
}

impl Link {
    /// One read into a buffer that belongs to the thread, so that idle connections own none.
    ///
    /// # Errors
    /// Those of the socket; [`io::ErrorKind::UnexpectedEof`] when the peer has closed.
    pub(crate) async fn read(&mut self, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        std::future::poll_fn(|cx| match self {
            Link::Bare(socket) => poll_chunk(socket, cx, &mut take),
            Link::Other(io) => poll_chunk(io, cx, &mut take),
            Link::FakeTls(tls) => tls.poll_content(cx, &mut take),
            Link::WebSocket(socket) => socket.poll_message(cx, &mut take),
        })
        .await
    }

    /// Writes everything, within [`WRITE_STALL`]. `ends` are the ends of the frames in `out`, for carriers that need
    /// to know.
    pub(crate) async fn write(&mut self, out: &mut BytesMut, ends: &mut Vec<usize>) -> io::Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        let written = timeout(WRITE_STALL, async {
            match self {
                Link::Bare(socket) => socket.write_all(out).await,
                Link::Other(io) => {
                    io.write_all(out).await?;
                    io.flush().await
                }
                Link::FakeTls(tls) => {
                    let mut records = BytesMut::with_capacity(out.len() + out.len() / 1024 + 64);
                    faketls::seal(out, &mut records);
                    tls.socket.write_all(&records).await
                }
                Link::WebSocket(socket) => socket.write(out, ends).await,
            }
        })
        .await;
        out.clear();
        ends.clear();
        written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Gives buffers back that an idle connection does not need.
    pub(crate) fn release_idle(&mut self) {
        if let Link::FakeTls(tls) = self {
            tls.records.release_idle();
        }
    }

    /// Whether the carrier has a good-bye of its own (M-071).
    pub(crate) fn says_goodbye(&self) -> bool {
        matches!(self, Link::WebSocket(_))
    }

    /// Lets the last word arrive: closing a socket with unread bytes resets the connection, and what was written is
    /// lost.
    pub(crate) async fn linger(mut self) {
        let drained = async {
            match &mut self {
                Link::Bare(socket) => socket.shutdown().await?,
                Link::Other(io) => io.shutdown().await?,
                Link::FakeTls(tls) => tls.socket.shutdown().await?,
                Link::WebSocket(socket) => socket.close().await?,
            }
            let mut left = LINGER_BYTES;
            while left > 0 {
                self.read(|bytes| left = left.saturating_sub(bytes.len())).await?;
            }
            io::Result::Ok(())
        };
        let _ = timeout(LINGER, drained).await;
    }
}

/// A socket behind a fake-TLS handshake.
pub(crate) struct FakeTls {
    pub(crate) socket: Socket,
    pub(crate) records: faketls::Records,
}

impl FakeTls {
    fn poll_content(&mut self, cx: &mut Context<'_>, take: &mut impl FnMut(&[u8])) -> Poll<io::Result<()>> {
        loop {
            let mut any = false;
            while let Some(content) = self.records.next_content().map_err(io::Error::other)? {
                take(&content);
                any = true;
            }
            if any {
                return Poll::Ready(Ok(()));
            }
            let records = &mut self.records;
            ready!(poll_chunk(&mut self.socket, cx, &mut |bytes| records.feed(bytes)))?;
        }
    }
}

fn poll_chunk(
    io: &mut (impl AsyncRead + Unpin + ?Sized),
    cx: &mut Context<'_>,
    take: &mut impl FnMut(&[u8]),
) -> Poll<io::Result<()>> {
    thread_local! {
        static CHUNK: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; READ_CHUNK]);
    }
    CHUNK.with_borrow_mut(|chunk| {
        let mut buffer = ReadBuf::new(chunk);
        ready!(Pin::new(io).poll_read(cx, &mut buffer))?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        take(buffer.filled());
        Poll::Ready(Ok(()))
    })
}

/// Reads once into a buffer of the caller's own, for the first bytes of a connection.
pub(crate) async fn read_head(
    io: &mut (impl AsyncRead + AsyncWrite + Unpin),
    head: &mut BytesMut,
) -> io::Result<()> {
    std::future::poll_fn(|cx| poll_chunk(io, cx, &mut |bytes| head.extend_from_slice(bytes))).await
}
