//! One connection, whatever carries it: payloads out, payloads in.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zaun_transport::{ClientCodec, Incoming, NotObfuscatable, TransportError, WriteError, faketls};

use crate::carrier::{Http, Io, Tls};
use crate::dial::Address;

/// Bytes that one read may bring.
const READ_BYTES: usize = 64 * 1024;

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
    /// There is no stream of bytes in this carrier.
    #[error("HTTP carries payloads, not a stream of bytes (M-059)")]
    NoStream,
}

/// A connection to a server.
pub struct Link {
    kind: Kind,
}

enum Kind {
    Stream { io: Box<dyn Io>, codec: Box<ClientCodec> },
    Http(Box<Http>),
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
        Link { kind: Kind::Stream { io, codec: Box::new(codec) } }
    }

    pub(crate) fn http(address: Address, path: String, tls: Option<Tls>) -> Link {
        Link { kind: Kind::Http(Box::new(Http::new(address, path, tls))) }
    }

    /// Sends a payload; `quick_ack` asks for a token, which HTTP does not have (M-066).
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn send(&mut self, payload: &[u8], quick_ack: bool) -> Result<(), LinkError> {
        match &mut self.kind {
            Kind::Http(http) => http.post(Bytes::copy_from_slice(payload)).await,
            Kind::Stream { .. } => {
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
        let Kind::Stream { codec, .. } = &mut self.kind else { return Err(LinkError::NoStream) };
        let mut out = BytesMut::new();
        codec.write_frame(payload, quick_ack, &mut rand::rng(), &mut out)?;
        Ok(out)
    }

    /// Sends bytes as they are, around the framing.
    ///
    /// # Errors
    /// [`LinkError::Io`], [`LinkError::NoStream`].
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        let Kind::Stream { io, .. } = &mut self.kind else { return Err(LinkError::NoStream) };
        io.write_all(bytes).await?;
        Ok(io.flush().await?)
    }

    /// What comes next; it may be dropped while it waits. Over HTTP it is the response to any of the requests.
    ///
    /// # Errors
    /// [`LinkError::Transport`]; a broken connection counts as [`Received::Closed`].
    pub async fn receive(&mut self) -> Result<Received, LinkError> {
        let (io, codec) = match &mut self.kind {
            Kind::Http(http) => return Ok(http.response().await),
            Kind::Stream { io, codec } => (io, codec),
        };
        loop {
            match codec.next_incoming()? {
                Some(Incoming::Frame(payload)) => return Ok(Received::Payload(payload)),
                Some(Incoming::QuickAck(token)) => return Ok(Received::QuickAck(token)),
                Some(Incoming::Error(code)) => return Ok(Received::Error(code)),
                None => {}
            }
            let mut buffer = codec.receive_buffer(READ_BYTES);
            match io.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return Ok(Received::Closed),
                Ok(_) => {}
            }
        }
    }
}
