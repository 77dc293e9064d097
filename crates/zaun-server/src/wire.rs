//! Bytes in and out of a socket.

use std::io;
use std::pin::Pin;
use std::task::Poll;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use zaun_transport::ServerCodec;

use crate::limits::{LINGER, LINGER_BYTES, READ_CHUNK, WRITE_STALL};

/// Frames a payload. The session engine keeps packets far below the frame limit, so a refusal is our own mistake.
pub(crate) fn frame_into(codec: &mut ServerCodec, payload: &[u8], out: &mut BytesMut) {
    if let Err(error) = codec.write_frame(payload, &mut rand::rng(), out) {
        tracing::error!(%error, bytes = payload.len(), "an answer could not be framed");
    }
}

/// Frames a transport error (M-048). Before the framing is known there is no way to say anything.
pub(crate) fn error_into(codec: &mut ServerCodec, code: i32, out: &mut BytesMut) {
    let _ = codec.write_error(code, &mut rand::rng(), out);
}

/// Writes everything, within [`WRITE_STALL`].
pub(crate) async fn write(stream: &TcpStream, out: &mut BytesMut) -> io::Result<()> {
    if out.is_empty() {
        return Ok(());
    }
    let mut half = WriteHalf(stream);
    let written = timeout(WRITE_STALL, half.write_all(out)).await;
    out.clear();
    written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Writing through a shared reference, so that reading and writing need no split.
struct WriteHalf<'a>(&'a TcpStream);

impl tokio::io::AsyncWrite for WriteHalf<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            std::task::ready!(self.0.poll_write_ready(cx))?;
            match self.0.try_write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// One read into a buffer that belongs to the thread, so that idle connections own none. `None` if there is nothing
/// to read now.
pub(crate) fn read<T>(stream: &TcpStream, take: impl FnOnce(&[u8]) -> T) -> io::Result<Option<T>> {
    thread_local! {
        static CHUNK: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; READ_CHUNK]);
    }
    CHUNK.with_borrow_mut(|chunk| match stream.try_read(chunk) {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(n) => Ok(chunk.get(..n).map(take)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    })
}

/// Lets the last word arrive: closing a socket with unread bytes resets the connection, and what was written is lost.
pub(crate) async fn linger(mut stream: TcpStream) {
    let drained = async {
        stream.shutdown().await?;
        let mut left = LINGER_BYTES;
        while left > 0 {
            stream.readable().await?;
            left = left.saturating_sub(read(&stream, <[u8]>::len)?.unwrap_or(0));
        }
        io::Result::Ok(())
    };
    let _ = timeout(LINGER, drained).await;
}
