//! One connection, as raw as wanted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use zaun_crypto::rsa::PublicKey;
use zaun_mtproto::handshake::{ClientConfig, ClientHandshake, ClientStep, NegotiatedKey};
use zaun_transport::{ClientCodec, Framing, Incoming, Secret};

use crate::Error;
use crate::session::now;

/// So long may a server think before a test fails; never a measure of anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a connection wraps its payloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wire {
    /// The framing (M-022 … M-028).
    pub framing: Framing,
    /// Obfuscation: the dc field of its header (M-078), or `None` for a plain connection.
    pub obfuscated: Option<i16>,
    /// The endpoint's secret, for obfuscated connections (M-080).
    pub secret: Option<Secret>,
}

impl Default for Wire {
    /// Intermediate, plain.
    fn default() -> Wire {
        Wire { framing: Framing::Intermediate, obfuscated: None, secret: None }
    }
}

impl Wire {
    /// Every way to connect without a secret; full framing cannot be obfuscated.
    #[must_use]
    pub fn all() -> [Wire; 7] {
        use Framing::{Abridged, Full, Intermediate, PaddedIntermediate};
        let plain = |framing| Wire { framing, obfuscated: None, secret: None };
        let hidden = |framing| Wire { framing, obfuscated: Some(2), secret: None };
        [
            plain(Abridged),
            plain(Intermediate),
            plain(PaddedIntermediate),
            plain(Full),
            hidden(Abridged),
            hidden(Intermediate),
            hidden(PaddedIntermediate),
        ]
    }

    fn codec(self) -> Result<ClientCodec, Error> {
        match self.obfuscated {
            None => Ok(ClientCodec::new(self.framing)),
            Some(dc) => Ok(ClientCodec::obfuscated(self.framing, dc, self.secret, &mut rand::rng())?),
        }
    }
}

/// What came from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A payload.
    Payload(BytesMut),
    /// A quick acknowledgement (M-038).
    QuickAck(u32),
    /// A transport error (M-048).
    Error(i32),
    /// The end of the connection.
    Closed,
}

/// One connection to a server.
#[derive(Debug)]
pub struct RawClient {
    stream: TcpStream,
    codec: ClientCodec,
}

impl RawClient {
    /// Connects; nothing is sent before the first payload.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotObfuscatable`].
    pub async fn connect(address: SocketAddr, wire: Wire) -> Result<RawClient, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(RawClient { stream, codec: wire.codec()? })
    }

    /// Sends bytes as they are, around the framing.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Sends one payload in a frame.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Write`].
    pub async fn send(&mut self, payload: &[u8]) -> Result<(), Error> {
        let framed = self.framed(payload, false)?;
        self.send_bytes(&framed).await
    }

    /// Sends one payload that asks for a quick acknowledgement (M-023, M-024).
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Write`].
    pub async fn send_for_quick_ack(&mut self, payload: &[u8]) -> Result<(), Error> {
        let framed = self.framed(payload, true)?;
        self.send_bytes(&framed).await
    }

    /// The bytes that [`RawClient::send`] would send, for sending them in parts; they count as sent.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn framed(&mut self, payload: &[u8], quick_ack: bool) -> Result<BytesMut, Error> {
        let mut out = BytesMut::new();
        self.codec.write_frame(payload, quick_ack, &mut rand::rng(), &mut out)?;
        Ok(out)
    }

    /// What comes next, within half a minute.
    ///
    /// # Errors
    /// [`Error::Silence`], [`Error::Transport`]; a broken connection counts as [`Received::Closed`].
    pub async fn receive(&mut self) -> Result<Received, Error> {
        loop {
            match self.codec.next_incoming()? {
                Some(Incoming::Frame(payload)) => return Ok(Received::Payload(payload)),
                Some(Incoming::QuickAck(token)) => return Ok(Received::QuickAck(token)),
                Some(Incoming::Error(code)) => return Ok(Received::Error(code)),
                None => {}
            }
            let mut buffer = self.codec.receive_buffer(64 * 1024);
            let read = timeout(PATIENCE, self.stream.read_buf(&mut buffer)).await;
            match read.map_err(|_| Error::Silence)? {
                Ok(0) | Err(_) => return Ok(Received::Closed),
                Ok(_) => {}
            }
        }
    }

    /// The next payload.
    ///
    /// # Errors
    /// As [`RawClient::receive`]; [`Error::Refused`] and [`Error::Closed`] if there is none. Quick acks are skipped.
    pub async fn payload(&mut self) -> Result<BytesMut, Error> {
        loop {
            match self.receive().await? {
                Received::Payload(payload) => return Ok(payload),
                Received::QuickAck(_) => {}
                Received::Error(code) => return Err(Error::Refused(code)),
                Received::Closed => return Err(Error::Closed),
            }
        }
    }

    /// Agrees upon a permanent key.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn exchange_key(&mut self, key: &PublicKey) -> Result<NegotiatedKey, Error> {
        let key = PublicKey::from_pem(&key.to_pkcs1_pem()).map_err(|_| Error::Malformed("RSA key"))?;
        self.exchange_key_with(ClientConfig::new(vec![key])).await
    }

    /// Agrees upon a key of any kind.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub async fn exchange_key_with(&mut self, config: ClientConfig) -> Result<NegotiatedKey, Error> {
        let (mut engine, mut query) = ClientHandshake::start(Arc::new(config), now(), &mut rand::rng())?;
        loop {
            self.send(&query).await?;
            let answer = self.payload().await?;
            match engine.receive(answer.freeze())? {
                ClientStep::Compute(job) => query = engine.complete(now(), job.run(&mut rand::rng()))?,
                ClientStep::Done(key) => return Ok(key),
            }
        }
    }

    /// The address of this end, by which a server names the connection in its log.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn local_address(&self) -> Result<SocketAddr, Error> {
        Ok(self.stream.local_addr()?)
    }
}
