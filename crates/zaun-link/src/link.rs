//! One connection, whatever carries it: payloads out, payloads in.

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use zaun_transport::{ClientCodec, Incoming, NotObfuscatable, TransportError, WriteError, faketls};

use crate::carrier::{Http, Io, Proxy, Tls};
use crate::dial::Address;

/// Bytes that one read may bring.
const READ_BYTES: usize = 64 * 1024;
/// The same in an exchange, where they are on the stack, so that a quiet connection holds no buffer.
const STACK_BYTES: usize = 16 * 1024;
/// Reads of an exchange before what they brought is looked at.
const MAX_READS: usize = 16;
/// A send buffer of at most this size is kept by a quiet connection.
const KEPT_BYTES: usize = 2 * 1024;
/// Framed bytes that wait for the network; beyond that an exchange ends only when some of them have left.
pub(crate) const MAX_QUEUED_BYTES: usize = 256 * 1024;

/// What comes from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A payload.
    Payload(BytesMut),
    /// The token of a packet that asked for it (M-038).
    QuickAck(u32),
    /// A transport error, negative; over HTTP the status in its place (M-048, M-057).
    Error(i32),
    /// The end of the connection.
    Closed,
}

/// Why a connection cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The network.
    #[error("network: {0}")]
    Io(#[from] std::io::Error),
    /// The server broke the framing.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The payload cannot be framed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Full framing was to be obfuscated.
    #[error(transparent)]
    NotObfuscatable(#[from] NotObfuscatable),
    /// The other end does not know the secret (M-347).
    #[error(transparent)]
    FakeTls(#[from] faketls::ServerRefused),
    /// The server does not speak WebSocket or HTTP as it should.
    #[error("{0}")]
    Carrier(String),
    /// The proxy in between.
    #[error("proxy: {0}")]
    Proxy(String),
    /// There is no stream of bytes in this carrier.
    #[error("HTTP carries payloads, not a stream of bytes (M-059)")]
    NoStream,
}

/// A connection to a server.
pub struct Link {
    kind: Kind,
}

enum Kind {
    Stream(Stream),
    Http(Box<Http>),
}

struct Stream {
    io: Box<dyn Io>,
    codec: Box<ClientCodec>,
    /// Framed, and not sent yet.
    queue: BytesMut,
    /// What was sent may still lie in a buffer of the carrier.
    unflushed: bool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link")
    }
}

impl Link {
    /// Frames over a stream that is there already.
    #[must_use]
    pub fn stream(io: Box<dyn Io>, codec: ClientCodec) -> Link {
        let (codec, queue) = (Box::new(codec), BytesMut::new());
        Link { kind: Kind::Stream(Stream { io, codec, queue, unflushed: false }) }
    }

    pub(crate) fn http(address: Address, proxy: Option<Proxy>, path: String, tls: Option<Tls>) -> Link {
        Link { kind: Kind::Http(Box::new(Http::new(address, proxy, path, tls))) }
    }

    /// Sends a payload; `quick_ack` asks for a token, which HTTP does not have (M-066).
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn send(&mut self, payload: &[u8], quick_ack: bool) -> Result<(), LinkError> {
        match &mut self.kind {
            Kind::Http(http) => http.post(Bytes::copy_from_slice(payload)).await,
            Kind::Stream(_) => {
                let framed = self.framed(payload, quick_ack)?;
                self.send_bytes(&framed).await
            }
        }
    }

    /// The bytes that [`Link::send`] would send; they count as sent.
    ///
    /// # Errors
    /// [`LinkError::Write`], [`LinkError::NoStream`].
    pub fn framed(&mut self, payload: &[u8], quick_ack: bool) -> Result<BytesMut, LinkError> {
        let Kind::Stream(stream) = &mut self.kind else { return Err(LinkError::NoStream) };
        let mut out = BytesMut::new();
        stream.codec.write_frame(payload, quick_ack, &mut rand::rng(), &mut out)?;
        Ok(out)
    }

    /// Sends bytes as they are, around the framing.
    ///
    /// # Errors
    /// [`LinkError::Io`], [`LinkError::NoStream`].
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let Kind::Stream(stream) = &mut self.kind else { return Err(LinkError::NoStream) };
        stream.io.write_all(bytes).await?;
        Ok(stream.io.flush().await?)
    }

    /// What comes next; it may be dropped while it waits. Over HTTP it is the response to any of the requests.
    ///
    /// # Errors
    /// [`LinkError::Transport`]; a broken connection counts as [`Received::Closed`].
    pub async fn receive(&mut self) -> Result<Received, LinkError> {
        let stream = match &mut self.kind {
            Kind::Http(http) => return Ok(http.response().await),
            Kind::Stream(stream) => stream,
        };
        loop {
            if let Some(received) = stream.next()? {
                return Ok(received);
            }
            let mut buffer = stream.codec.receive_buffer(READ_BYTES);
            match stream.io.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return Ok(Received::Closed),
                Ok(_) => {}
            }
        }
    }

    /// Takes a payload that leaves during the next [`Link::exchange`]; an HTTP request begins at once.
    pub async fn enqueue(&mut self, payload: &[u8]) -> Result<(), LinkError> {
        match &mut self.kind {
            Kind::Http(http) => http.post(Bytes::copy_from_slice(payload)).await,
            Kind::Stream(stream) => {
                Ok(stream.codec.write_frame(payload, false, &mut rand::rng(), &mut stream.queue)?)
            }
        }
    }

    /// Whether so much waits to leave that nothing should be added.
    pub fn is_full(&self) -> bool {
        matches!(&self.kind, Kind::Stream(stream) if stream.queue.len() >= MAX_QUEUED_BYTES)
    }

    /// Sends what waits and appends what comes to `inbox`, both at once; ends when something came, or when there is
    /// room for more to send and was none before. It may be dropped while it waits.
    pub async fn exchange(&mut self, inbox: &mut Vec<Received>) -> Result<(), LinkError> {
        let was_full = self.is_full();
        match &mut self.kind {
            Kind::Http(http) => inbox.push(http.response().await),
            Kind::Stream(stream) => {
                let open = std::future::poll_fn(|cx| stream.poll_exchange(cx, was_full)).await;
                while let Some(received) = stream.next()? {
                    inbox.push(received);
                }
                if !open {
                    inbox.push(Received::Closed);
                }
            }
        }
        Ok(())
    }
}

impl Stream {
    fn next(&mut self) -> Result<Option<Received>, LinkError> {
        Ok(self.codec.next_incoming()?.map(|incoming| match incoming {
            Incoming::Frame(payload) => Received::Payload(payload),
            Incoming::QuickAck(token) => Received::QuickAck(token),
            Incoming::Error(code) => Received::Error(code),
        }))
    }

    /// Whether the connection is still open, when there is something to look at.
    fn poll_exchange(&mut self, cx: &mut Context<'_>, was_full: bool) -> Poll<bool> {
        if !self.write(cx) {
            return Poll::Ready(false);
        }
        let (open, came) = self.read(cx);
        let has_room = was_full && self.queue.len() < MAX_QUEUED_BYTES / 2;
        if came || has_room || !open { Poll::Ready(open) } else { Poll::Pending }
    }

    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        while !self.queue.is_empty() {
            match Pin::new(&mut self.io).poll_write(cx, &self.queue) {
                Poll::Ready(Ok(0) | Err(_)) => return false,
                Poll::Ready(Ok(sent)) => {
                    self.queue.advance(sent);
                    self.unflushed = true;
                }
                Poll::Pending => return true,
            }
        }
        if self.queue.capacity() > KEPT_BYTES {
            self.queue = BytesMut::new();
        }
        if self.unflushed {
            match Pin::new(&mut self.io).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(_)) => return false,
                Poll::Pending => {}
            }
        }
        true
    }

    /// Whether the connection is open, and whether something came.
    fn read(&mut self, cx: &mut Context<'_>) -> (bool, bool) {
        let mut came = false;
        for _ in 0..MAX_READS {
            let mut space = [MaybeUninit::uninit(); STACK_BYTES];
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.io).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.codec.feed(buffer.filled()),
                Poll::Ready(_) => return (false, came),
                Poll::Pending => return (true, came),
            }
            came = true;
        }
        (true, came)
    }
}
