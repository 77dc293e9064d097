//! One connection, as raw as wanted.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::net::TcpStream;
use tokio::time::timeout;
use zaun_crypto::rsa::PublicKey;
use zaun_link::{Address, Dial, Link, Received};
use zaun_mtproto::handshake::{ClientConfig, ClientHandshake, ClientStep, NegotiatedKey};
use zaun_transport::{ClientCodec, Framing, Secret};

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

/// One connection to a server.
#[derive(Debug)]
pub struct RawClient {
    link: Link,
    local: Option<SocketAddr>,
}

impl RawClient {
    /// Connects over TCP; nothing is sent before the first payload.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::NotObfuscatable`].
    pub async fn connect(address: SocketAddr, wire: Wire) -> Result<RawClient, Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let local = Some(stream.local_addr()?);
        Ok(RawClient { link: Link::stream(Box::new(stream), wire.codec()?), local })
    }

    /// Connects over any carrier.
    ///
    /// # Errors
    /// [`Error::Link`].
    pub async fn dial(address: impl Into<Address>, dial: &Dial) -> Result<RawClient, Error> {
        Ok(RawClient { link: dial.connect(address).await?, local: None })
    }

    /// Sends bytes as they are, around the framing.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.link.send_bytes(bytes).await?)
    }

    /// Sends one payload in a frame.
    ///
    /// # Errors
    /// [`Error::Link`].
    pub async fn send(&mut self, payload: &[u8]) -> Result<(), Error> {
        Ok(self.link.send(payload, false).await?)
    }

    /// Sends one payload that asks for a quick acknowledgement (M-023, M-024).
    ///
    /// # Errors
    /// [`Error::Link`].
    pub async fn send_for_quick_ack(&mut self, payload: &[u8]) -> Result<(), Error> {
        Ok(self.link.send(payload, true).await?)
    }

    /// The bytes that [`RawClient::send`] would send, for sending them in parts; they count as sent.
    ///
    /// # Errors
    /// [`Error::Link`].
    pub fn framed(&mut self, payload: &[u8], quick_ack: bool) -> Result<BytesMut, Error> {
        Ok(self.link.framed(payload, quick_ack)?)
    }

    /// What comes next, within half a minute.
    ///
    /// # Errors
    /// [`Error::Silence`], [`Error::Link`]; a broken connection counts as [`Received::Closed`].
    pub async fn receive(&mut self) -> Result<Received, Error> {
        let received = timeout(PATIENCE, self.link.receive()).await;
        Ok(received.map_err(|_| Error::Silence)??)
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

    /// The address of this end, by which a server names the connection in its log; only after
    /// [`RawClient::connect`].
    ///
    /// # Errors
    /// [`Error::Malformed`] for other carriers.
    pub fn local_address(&self) -> Result<SocketAddr, Error> {
        self.local.ok_or(Error::Malformed("this carrier does not tell its address"))
    }
}
