//! Proxies that carry a TCP connection: SOCKS5 (RFC 1928, 1929) and HTTP CONNECT (RFC 9110, section 9.3.6).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::Empty;
use hyper::header::{HOST, PROXY_AUTHORIZATION};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_socks::tcp::Socks5Stream;

use super::Io;
use crate::dial::Address;
use crate::link::LinkError;

/// A proxy between the client and the server. MTProxy is none of these: its secret belongs to [`crate::Dial::secret`].
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: Kind,
    /// `host:port` of the proxy.
    at: String,
    login: Option<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Socks5,
    Http,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({:?} at {})", self.kind, self.at)
    }
}

impl Proxy {
    /// A SOCKS5 proxy at `host:port`; it resolves the names of servers.
    pub fn socks5(at: impl Into<String>) -> Proxy {
        Proxy { kind: Kind::Socks5, at: at.into(), login: None }
    }

    /// An HTTP proxy at `host:port` that lets CONNECT through.
    pub fn http(at: impl Into<String>) -> Proxy {
        Proxy { kind: Kind::Http, at: at.into(), login: None }
    }

    /// With a name and a password.
    #[must_use]
    pub fn login(self, name: impl Into<String>, password: impl Into<String>) -> Proxy {
        Proxy { login: Some((name.into(), password.into())), ..self }
    }

    pub(crate) async fn connect(&self, target: &Address) -> Result<Box<dyn Io>, LinkError> {
        let target = match target {
            Address::Tcp(address) => address.to_string(),
            Address::Host(name, port) => format!("{name}:{port}"),
            Address::Unix(_) => return Err(LinkError::Proxy("a proxy cannot reach a Unix socket".into())),
        };
        let stream = TcpStream::connect(&self.at).await?;
        stream.set_nodelay(true)?;
        match self.kind {
            Kind::Socks5 => self.socks(stream, target).await,
            Kind::Http => self.tunnel(stream, &target).await,
        }
    }

    async fn socks(&self, stream: TcpStream, target: String) -> Result<Box<dyn Io>, LinkError> {
        let connected = match &self.login {
            None => Socks5Stream::connect_with_socket(stream, target).await,
            Some((name, password)) => {
                Socks5Stream::connect_with_password_and_socket(stream, target, name, password).await
            }
        };
        Ok(Box::new(connected.map_err(|error| LinkError::Proxy(error.to_string()))?.into_inner()))
    }

    async fn tunnel(&self, stream: TcpStream, target: &str) -> Result<Box<dyn Io>, LinkError> {
        let broken = |error: hyper::Error| LinkError::Proxy(error.to_string());
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(broken)?;
        tokio::spawn(connection.with_upgrades());
        let mut request = Request::builder().method(Method::CONNECT).uri(target).header(HOST, target);
        if let Some((name, password)) = &self.login {
            let credentials = BASE64_STANDARD.encode(format!("{name}:{password}"));
            request = request.header(PROXY_AUTHORIZATION, format!("Basic {credentials}"));
        }
        let request = request.body(Empty::<bytes::Bytes>::new());
        let request = request.map_err(|error| LinkError::Proxy(error.to_string()))?;
        let response = sender.send_request(request).await.map_err(broken)?;
        if response.status() != StatusCode::OK {
            return Err(LinkError::Proxy(format!("the proxy answered {}", response.status())));
        }
        Ok(Box::new(TokioIo::new(hyper::upgrade::on(response).await.map_err(broken)?)))
    }
}
