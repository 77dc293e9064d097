//! Fake TLS as a stream of bytes (M-341 … M-352).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use zaun_transport::Secret;
use zaun_transport::faketls::{self, ClientHello, Records};

use super::Io;
use crate::link::LinkError;

/// Bytes that one read may bring.
const READ_BYTES: usize = 16 * 1024;

/// Says hello to a server that knows the secret.
pub(crate) async fn connect(
    mut io: Box<dyn Io>,
    secret: Secret,
    domain: &str,
) -> Result<Box<dyn Io>, LinkError> {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut out = BytesMut::new();
    let mut hello = ClientHello::write(secret, domain, now_s, &mut rand::rng(), &mut out);
    io.write_all(&out).await?;
    let mut records = Records::default();
    loop {
        let mut bytes = BytesMut::with_capacity(READ_BYTES);
        if io.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        if let Some(rest) = hello.receive(&bytes)? {
            records.feed(&rest);
            break;
        }
    }
    io.write_all(&ClientHello::FINISH).await?;
    Ok(Box::new(FakeTls { io, records, content: BytesMut::new(), unsent: BytesMut::new() }))
}

struct FakeTls {
    io: Box<dyn Io>,
    records: Records,
    content: BytesMut,
    unsent: BytesMut,
}

impl AsyncRead for FakeTls {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.content.is_empty() {
            if let Some(content) = self.records.next_content().map_err(io::Error::other)? {
                self.content = content;
                break;
            }
            let mut chunk = [0; READ_BYTES];
            let mut raw = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut self.io).poll_read(cx, &mut raw))?;
            if raw.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.records.feed(raw.filled());
        }
        let length = self.content.len().min(buf.remaining());
        buf.put_slice(&self.content[..length]);
        self.content.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl FakeTls {
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            let sent = ready!(Pin::new(&mut self.io).poll_write(cx, &self.unsent))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unsent.advance(sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for FakeTls {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_drain(cx))?;
        faketls::seal(buf, &mut self.unsent);
        // Whatever the socket does not take now is sent before the next bytes, or by the flush.
        match self.poll_drain(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(buf.len())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
