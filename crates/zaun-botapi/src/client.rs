//! Requests to other servers: webhooks, and files by URL. Private addresses are asked in a sandbox only, so that nobody
//! reaches the operator's own network through a bot (B-195, B-215).

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What came back.
pub struct Fetched {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// Asks other servers.
#[derive(Default)]
pub struct Fetcher {
    /// Whether private addresses may be asked.
    pub open: bool,
    pub(crate) tls: OnceLock<Arc<ClientConfig>>,
}

/// A request to another server.
pub struct Ask<'a> {
    /// GET or POST.
    pub method: Method,
    /// Where to.
    pub url: &'a Uri,
    /// Headers beside the usual ones.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The only certificate that is trusted, in PEM form.
    pub certificate: Option<&'a str>,
    /// The address, if it is not looked up.
    pub address: Option<IpAddr>,
    /// Bytes of the answer that are read.
    pub max_bytes: usize,
}

impl Fetcher {
    /// Finds the address of a host, if it may be asked; the refusal is a text for bots (B-215).
    pub async fn resolve(&self, url: &Uri, fixed: Option<IpAddr>) -> Result<SocketAddr, String> {
        let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("http") { 80 } else { 443 });
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        let found: Vec<SocketAddr> = match fixed {
            Some(ip) => vec![SocketAddr::new(ip, port)],
            None => {
                let looked_up = tokio::net::lookup_host((host, port)).await;
                looked_up.map(Iterator::collect).unwrap_or_default()
            }
        };
        let first = found.first().ok_or("Failed to resolve host: Name or service not known")?;
        if self.open {
            return Ok(*found.iter().find(|address| address.is_ipv4()).unwrap_or(first));
        }
        let v4 = found.iter().find(|address| address.is_ipv4());
        let v4 = v4.ok_or("IPv6-only addresses are not allowed")?;
        if is_reserved(v4.ip()) { Err(format!("IP address {} is reserved", v4.ip())) } else { Ok(*v4) }
    }

    /// Makes a request; the error says why there is no answer (B-229).
    pub async fn ask(&self, ask: Ask<'_>) -> Result<Fetched, String> {
        let address = self.resolve(ask.url, ask.address).await?;
        let socket = TcpStream::connect(address).await.map_err(|error| match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "Connection refused".to_owned(),
            std::io::ErrorKind::TimedOut => "Connection timed out".to_owned(),
            _ => "Can't connect to the webhook".to_owned(),
        })?;
        if ask.url.scheme_str() == Some("http") {
            return exchange(socket, ask).await;
        }
        let config = match ask.certificate {
            Some(pem) => Arc::new(trusting(pem)?),
            None => self.tls.get_or_init(|| Arc::new(system_roots())).clone(),
        };
        let host = ask.url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|_| "SSL error {wrong host name}".to_owned())?;
        let tls = TlsConnector::from(config).connect(name, socket).await;
        exchange(tls.map_err(|error| format!("SSL error {{{error}}}"))?, ask).await
    }
}

fn system_roots() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

/// B-219: only this certificate.
fn trusting(pem: &str) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()).flatten() {
        roots.add(certificate).map_err(|error| format!("SSL error {{{error}}}"))?;
    }
    Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

async fn exchange(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ask: Ask<'_>,
) -> Result<Fetched, String> {
    let lost = |_| "Can't connect to the webhook".to_owned();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(lost)?;
    let driving = tokio::spawn(connection);
    let path = ask.url.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::new(Full::new(ask.body));
    *request.method_mut() = ask.method;
    *request.uri_mut() = path.parse().map_err(|_| "wrong HTTP URL specified".to_owned())?;
    *request.headers_mut() = ask.headers;
    let authority = ask.url.authority().map_or("", |authority| authority.as_str());
    let host = authority.rsplit('@').next().unwrap_or_default();
    if let Ok(host) = HeaderValue::from_str(host) {
        request.headers_mut().insert(HOST, host);
    }
    let response = sender.send_request(request).await.map_err(lost)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, ask.max_bytes).collect().await.map_err(|_| "file is too big".to_owned());
    driving.abort();
    Ok(Fetched { status: head.status, headers: head.headers, body: body?.to_bytes() })
}

/// Says whether an address belongs to no server of the open net.
fn is_reserved(ip: IpAddr) -> bool {
    let IpAddr::V4(v4) = ip else { return true };
    let [a, b, ..] = v4.octets();
    v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (18..20).contains(&b))
        || (a == 192 && b == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn b215_private_addresses_are_refused_outside_of_a_sandbox() {
        let url: Uri = "https://127.0.0.1/x".parse().unwrap();
        let closed = Fetcher::default().resolve(&url, None).await;
        assert_eq!(closed.unwrap_err(), "IP address 127.0.0.1 is reserved");
        let open = Fetcher { open: true, ..Fetcher::default() };
        assert_eq!(open.resolve(&url, None).await.unwrap().port(), 443);
        for ip in ["10.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "0.0.0.0"] {
            assert!(is_reserved(ip.parse().unwrap()), "{ip}");
        }
    }
}
