//! What else is served over HTTP on the server's listeners, beside MTProto.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
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
