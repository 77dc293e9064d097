//! WebSocket as a carrier: a byte stream in binary messages (M-068 … M-072).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use futures_util::{SinkExt, Stream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::socket::Io;

/// A message from a client may hold several packets, but not more than a few frames' worth.
const MAX_MESSAGE_BYTES: usize = 4 << 20;
/// Read buffer of a connection; it is what an idle one keeps.
const READ_BUFFER_BYTES: usize = 2 << 10;
/// A message is cut into frames of this size, so that the write buffer stays small.
const FRAME_BYTES: usize = 64 << 10;

/// A WebSocket after its upgrade.
pub(crate) struct WebSocket {
    stream: WebSocketStream<Box<dyn Io>>,
}

impl WebSocket {
    /// Takes a stream over; `head` was read from it already.
    pub(crate) async fn new(io: Box<dyn Io>, head: Vec<u8>) -> WebSocket {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_MESSAGE_BYTES)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let stream = WebSocketStream::from_partially_read(io, head, Role::Server, Some(config)).await;
        WebSocket { stream }
    }

    /// The next binary message, however its frames were cut; pings are answered on the way (M-072).
    pub(crate) fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
        take: &mut impl FnMut(&[u8]),
    ) -> Poll<io::Result<()>> {
        loop {
            match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                Some(Ok(Message::Binary(bytes))) if bytes.is_empty() => {}
                Some(Ok(Message::Binary(bytes))) => {
                    take(&bytes);
                    return Poll::Ready(Ok(()));
                }
                Some(Ok(Message::Text(_))) => {
                    let refused = "a text frame, where only binary ones are spoken (M-072)";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, refused)));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_))) | None => {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                Some(Err(error)) => return Poll::Ready(Err(into_io(error))),
            }
        }
    }

    /// Writes each frame of MTProto as one message: that is more than M-070 asks, but some clients in browsers expect
    /// it.
    pub(crate) async fn write(&mut self, out: &mut BytesMut, ends: &mut Vec<usize>) -> io::Result<()> {
        let mut start = 0;
        if ends.last() != Some(&out.len()) {
            ends.push(out.len());
        }
        for end in ends.drain(..) {
            let mut message = out.split_to(end - start).freeze();
            start = end;
            let mut code = OpCode::Data(Data::Binary);
            while !message.is_empty() {
                let piece = message.split_to(message.len().min(FRAME_BYTES));
                let frame = Frame::message(piece, code, message.is_empty());
                self.stream.feed(Message::Frame(frame)).await.map_err(into_io)?;
                code = OpCode::Data(Data::Continue);
            }
        }
        self.stream.flush().await.map_err(into_io)
    }

    /// Says good-bye; the code is 1000 whatever the reason (M-071).
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        self.stream.close(Some(frame)).await.map_err(into_io)
    }
}

fn into_io(error: tungstenite::Error) -> io::Error {
    match error {
        tungstenite::Error::Io(error) => error,
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => {
            io::ErrorKind::UnexpectedEof.into()
        }
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}
