//! WebSocket as a stream of bytes (M-068 … M-072).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use zaun_transport::MAX_OUTBOUND_BYTES;

use super::Io;
use crate::link::LinkError;

/// What is read at once. The library's own 128 KiB would be most of what an idle connection weighs; TLS records are at most
/// 16 KiB.
const READ_BUFFER_BYTES: usize = 16 << 10;

/// The longest message that is taken, however its frames are cut. A message may hold several frames of MTProto (M-070);
/// two of the largest are more than any server has to say at once.
const MAX_MESSAGE_BYTES: usize = 2 * MAX_OUTBOUND_BYTES;
/// Bytes that wait to be sent: more than what the link gives at once. Answers to pings are queued here, too, so that a
/// server that sends pings and reads nothing makes it full.
const MAX_UNSENT_BYTES: usize = MAX_OUTBOUND_BYTES;

/// Upgrades a stream with the sub-protocol `binary`, as clients do; the server has to take it.
pub(crate) async fn connect(io: Box<dyn Io>, host: &str, path: &str) -> Result<Box<dyn Io>, LinkError> {
    let broken = |error: Error| match error {
        Error::Io(error) => LinkError::Io(error),
        Error::Http(response) => LinkError::Carrier(refusal(&response)),
        error => LinkError::Carrier(format!("WebSocket: {error}")),
    };
    let mut request = format!("ws://{host}{path}").into_client_request().map_err(broken)?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("binary"));
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_UNSENT_BYTES)
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let (stream, response) =
        tokio_tungstenite::client_async_with_config(request, io, Some(config)).await.map_err(broken)?;
    let protocol = response.headers().get("Sec-WebSocket-Protocol");
    if protocol.is_none_or(|protocol| protocol != "binary") {
        return Err(LinkError::Carrier("the server did not take the sub-protocol \"binary\" (M-068)".into()));
    }
    Ok(Box::new(WebSocket { stream, rest: Bytes::new() }))
}

/// An answer that is no upgrade, in words.
fn refusal<T>(response: &Response<T>) -> String {
    let status = response.status();
    match response.headers().get("Location").and_then(|to| to.to_str().ok()) {
        Some(to) if status.is_redirection() => {
            format!("the server sends WebSockets elsewhere: {status} to {to:?}")
        }
        _ => format!("the server answered {status} instead of a WebSocket"),
    }
}

struct WebSocket {
    stream: WebSocketStream<Box<dyn Io>>,
    /// What was not read of the last message yet.
    rest: Bytes,
}

fn into_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::UnexpectedEof.into(),
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}

impl AsyncRead for WebSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) => self.rest = bytes,
                Some(Ok(Message::Close(_))) | None => return Poll::Ready(Ok(())),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(into_io(error))),
            }
        }
        let length = self.rest.len().min(buf.remaining());
        buf.put_slice(&self.rest[..length]);
        self.rest.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WebSocket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.stream).poll_ready(cx)).map_err(into_io)?;
        let message = Message::Binary(Bytes::copy_from_slice(buf));
        Pin::new(&mut self.stream).start_send(message).map_err(into_io)?;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx).map_err(into_io)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx).map_err(into_io)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

    use super::*;

    /// What the other end of a pipe holds.
    const PIPE_BYTES: usize = 64 * 1024;
    /// How much more memory the process may have afterwards: the limits, and what an allocator keeps.
    const MAX_GROWN_BYTES: usize = 24 << 20;

    /// A client's WebSocket, and the server's end after the upgrade.
    async fn upgraded() -> (Box<dyn Io>, DuplexStream) {
        let (near, mut far) = tokio::io::duplex(PIPE_BYTES);
        let server = tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(far.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let key = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Protocol: binary\r\nSec-WebSocket-Accept: {}\r\n\r\n",
                derive_accept_key(key.as_bytes())
            );
            far.write_all(answer.as_bytes()).await.unwrap();
            far
        });
        let client = connect(Box::new(near), "localhost", "/apiws").await.unwrap();
        (client, server.await.unwrap())
    }

    /// Memory of this process that is resident.
    fn resident_bytes() -> usize {
        let told = std::fs::read_to_string("/proc/self/statm").unwrap();
        told.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn pings_of_a_server_that_reads_nothing_take_no_memory() {
        const PINGS: usize = 1000;
        let (mut client, mut server) = upgraded().await;
        let pings = [&[0x89, 125][..], &[b'x'; 125]].concat().repeat(PINGS);
        let before = resident_bytes();
        tokio::select! {
            read = client.read_u8() => panic!("nothing comes: {read:?}"),
            () = async {
                // The answers to these are 64 MB.
                for _ in 0..500 {
                    server.write_all(&pings).await.unwrap();
                }
            } => {}
        }
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < MAX_GROWN_BYTES, "{grown} bytes");
    }

    #[tokio::test]
    async fn a_message_beyond_the_limit_is_an_error() {
        for first in [0x82, 0x02] {
            let (mut client, mut server) = upgraded().await;
            let fed = tokio::spawn(async move {
                // One frame without end, or fragments without end.
                let length: u64 = if first == 0x82 { 1 << 40 } else { 1 << 16 };
                let mut opcode = first;
                while server.write_all(&[&[opcode, 127][..], &length.to_be_bytes()].concat()).await.is_ok()
                    && server.write_all(&[0; 1 << 16]).await.is_ok()
                {
                    opcode = 0;
                }
            });
            let error = client.read_u8().await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
            drop(client);
            fed.await.unwrap();
        }
    }
}
