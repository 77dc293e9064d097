//! How to reach a server.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::{TcpStream, UnixStream};
use zaun_transport::{ClientCodec, Framing, ProxySecret, SecretKind};

use crate::carrier::{self, Io, Proxy, Tls};
use crate::link::{Link, LinkError};

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// TCP.
    Tcp(SocketAddr),
    /// TCP, at the address that a name has now, and a port. A proxy resolves it itself.
    Host(String, u16),
    /// A Unix socket.
    Unix(PathBuf),
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        Address::Tcp(address)
    }
}

/// What carries the frames or payloads.
#[derive(Debug, Clone, Default)]
pub enum Carrier {
    /// The socket itself.
    #[default]
    Stream,
    /// Frames inside TLS.
    Tls(Tls),
    /// A WebSocket (M-068): its path, and TLS around it.
    WebSocket(String, Option<Tls>),
    /// HTTP requests (M-058): their path, and TLS around them.
    Http(String, Option<Tls>),
}

impl Carrier {
    /// A WebSocket without TLS, for example at `/apiws`.
    pub fn web_socket(path: &str) -> Carrier {
        Carrier::WebSocket(path.to_owned(), None)
    }

    /// HTTP without TLS, for example at `/api`.
    pub fn http(path: &str) -> Carrier {
        Carrier::Http(path.to_owned(), None)
    }

    /// The same inside TLS.
    #[must_use]
    pub fn over_tls(self, tls: Tls) -> Carrier {
        match self {
            Carrier::Stream | Carrier::Tls(_) => Carrier::Tls(tls),
            Carrier::WebSocket(path, _) => Carrier::WebSocket(path, Some(tls)),
            Carrier::Http(path, _) => Carrier::Http(path, Some(tls)),
        }
    }
}

/// Everything about a connection but its address.
#[derive(Debug, Clone)]
pub struct Dial {
    framing: Framing,
    obfuscated: Option<i16>,
    secret: Option<ProxySecret>,
    carrier: Carrier,
    proxy: Option<Proxy>,
}

impl Dial {
    /// A plain connection with this framing; over HTTP there is none, and it does not matter (M-059).
    #[must_use]
    pub fn new(framing: Framing) -> Dial {
        Dial { framing, obfuscated: None, secret: None, carrier: Carrier::Stream, proxy: None }
    }

    /// With another framing; full framing ends the obfuscation, as it cannot be obfuscated.
    #[must_use]
    pub fn framing(self, framing: Framing) -> Dial {
        let obfuscated = self.obfuscated.filter(|_| framing != Framing::Full);
        Dial { framing, obfuscated, ..self }
    }

    /// Obfuscated, with this dc field: 10000 is added for test servers, negative means media (M-078).
    #[must_use]
    pub fn obfuscated(self, dc: i16) -> Dial {
        Dial { obfuscated: Some(dc), ..self }
    }

    /// Through an endpoint or proxy with a secret (M-331). It has to be obfuscated; one with a domain puts fake TLS
    /// around the stream.
    #[must_use]
    pub fn secret(self, secret: ProxySecret) -> Dial {
        Dial { secret: Some(secret), ..self }
    }

    /// Over another carrier than the socket itself.
    #[must_use]
    pub fn carrier(self, carrier: Carrier) -> Dial {
        Dial { carrier, ..self }
    }

    /// Through a proxy.
    #[must_use]
    pub fn proxy(self, proxy: Proxy) -> Dial {
        Dial { proxy: Some(proxy), ..self }
    }

    /// What carries it.
    pub fn is_http(&self) -> bool {
        matches!(self.carrier, Carrier::Http(..))
    }

    /// The same connection to another data centre: only the dc field of the header differs.
    pub fn to_dc(&self, dc: i16) -> Dial {
        Dial { obfuscated: self.obfuscated.map(|_| dc), ..self.clone() }
    }

    /// Connects what carries the frames and no more: a stream of bytes, for those who have frames already. Each write to
    /// a WebSocket is one message of it.
    ///
    /// # Errors
    /// [`LinkError`]; [`LinkError::NoStream`] over HTTP.
    pub async fn open(&self, address: impl Into<Address>) -> Result<Box<dyn Io>, LinkError> {
        let address = address.into();
        let socket = socket(&address, self.proxy.as_ref()).await?;
        Ok(match &self.carrier {
            Carrier::Http(..) => return Err(LinkError::NoStream),
            Carrier::Tls(tls) => tls.connect(socket).await?,
            Carrier::WebSocket(path, None) => carrier::web_socket(socket, &host(&address), path).await?,
            Carrier::WebSocket(path, Some(tls)) => {
                carrier::web_socket(tls.connect(socket).await?, &tls.host(), path).await?
            }
            Carrier::Stream => match &self.secret {
                Some(ProxySecret { key, kind: SecretKind::FakeTls(domain) }) => {
                    carrier::fake_tls(socket, *key, domain).await?
                }
                _ => socket,
            },
        })
    }

    /// Connects. Nothing of MTProto is sent before the first payload.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn connect(&self, address: impl Into<Address>) -> Result<Link, LinkError> {
        let address = address.into();
        if let Carrier::Http(path, tls) = &self.carrier {
            return Ok(Link::http(address, self.proxy.clone(), path.clone(), tls.clone()));
        }
        let io = self.open(address).await?;
        Ok(Link::stream(io, self.codec()?))
    }

    fn codec(&self) -> Result<ClientCodec, LinkError> {
        match self.obfuscated {
            None => Ok(ClientCodec::new(self.framing)),
            Some(dc) => {
                let secret = self.secret.as_ref().map(|secret| secret.key);
                Ok(ClientCodec::obfuscated(self.framing, dc, secret, &mut rand::rng())?)
            }
        }
    }
}

/// The address as HTTP names it.
fn host(address: &Address) -> String {
    match address {
        Address::Tcp(address) => address.to_string(),
        Address::Host(name, port) => format!("{name}:{port}"),
        Address::Unix(_) => "localhost".to_owned(),
    }
}

pub(crate) async fn socket(address: &Address, proxy: Option<&Proxy>) -> Result<Box<dyn Io>, LinkError> {
    if let Some(proxy) = proxy {
        return proxy.connect(address).await;
    }
    let prompt = |stream: TcpStream| -> Result<Box<dyn Io>, LinkError> {
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    };
    match address {
        Address::Tcp(address) => prompt(TcpStream::connect(address).await?),
        Address::Host(name, port) => prompt(TcpStream::connect((name.as_str(), *port)).await?),
        Address::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
    }
}
