//! What else is served over HTTP on the server's listeners, beside MTProto.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderMap, HeaderValue};
use hyper::{Request, Response};

use crate::socket::Peer;

/// The body of a response.
pub type WebBody = UnsyncBoxBody<Bytes, std::io::Error>;
/// A response that is being made.
pub type WebAnswering = Pin<Box<dyn Future<Output = Response<WebBody>> + Send>>;

/// Answers HTTP requests that are not for MTProto, on the same listeners; see [`Builder::web`](crate::Builder::web).
pub trait Web: Send + Sync + 'static {
    /// Says whether a path is answered here.
    fn takes(&self, path: &str) -> bool;

    /// Answers a request.
    fn answer(&self, request: Request<Incoming>, peer: Peer) -> WebAnswering;
}

/// Makes a body of bytes that are there.
pub fn full(bytes: impl Into<Bytes>) -> WebBody {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Says whether a request names a loopback host, and does not come from a page of another site: otherwise any web page
/// could reach what is for this machine only, by pointing a name of its own at 127.0.0.1.
#[must_use]
pub fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    host.is_some_and(is_loopback_host) && site.is_none_or(|site| matches!(site, b"same-origin" | b"none"))
}

fn is_loopback_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').unwrap_or_default(),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let plain_port = port.strip_prefix(':').unwrap_or(port).chars().all(|c| c.is_ascii_digit());
    let is_loopback = name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    plain_port && (name.eq_ignore_ascii_case("localhost") || is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_local() {
        for host in ["localhost", "localhost:4431", "127.0.0.1:80", "127.1.2.3", "[::1]:4431", "LOCALHOST:1"]
        {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in
            ["", "evil.example", "localhost.evil.example:4431", "10.0.0.1", "127.0.0.1.nip.io", "[::1", "1"]
        {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
