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

use super::Io;
use crate::link::LinkError;

/// What is read at once. The library's own 128 KiB would be most of what an idle connection weighs; TLS records are at most
/// 16 KiB.
const READ_BUFFER_BYTES: usize = 16 << 10;

/// Upgrades a stream with the sub-protocol `binary`, as clients do; the server has to take it.
pub(crate) async fn connect(io: Box<dyn Io>, host: &str, path: &str) -> Result<Box<dyn Io>, LinkError> {
    let broken = |error: Error| match error {
        Error::Io(error) => LinkError::Io(error),
        Error::Http(response) => LinkError::Carrier(refusal(&response)),
        error => LinkError::Carrier(format!("WebSocket: {error}")),
    };
    let mut request = format!("ws://{host}{path}").into_client_request().map_err(broken)?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("binary"));
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
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
