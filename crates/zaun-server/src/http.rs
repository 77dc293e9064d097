//! HTTP as a carrier: one payload a request, one a response (M-058 … M-068, M-314 … M-319).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming as RequestBody};
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};
use zaun_transport::MAX_INBOUND_BYTES;

use crate::connection::{Close, Connection, Incoming, Outlet};
use crate::endpoint::Endpoint;
use crate::inspect::Kind;
use crate::limits::HTTP_IDLE;
use crate::link::Link;
use crate::patience::time_for;
use crate::server::Slot;
use crate::service::Service;
use crate::socket::Io;
use crate::stream::{self, Opening};
use crate::web::{WebBody, full};
use crate::websocket::WebSocket;

/// Longest wait that a client may ask for with http_wait (M-319).
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Serves HTTP on a stream until either side closes it.
pub(crate) async fn run<S: Service>(
    slot: Arc<Slot<S>>,
    endpoint: Arc<Endpoint>,
    io: Box<dyn Io>,
    carrier: &'static str,
) {
    let site = Arc::new(Site {
        connection: Mutex::new(Connection::new(slot.clone(), endpoint.clone()).newest_session_only()),
        slot,
        endpoint,
        carrier,
    });
    let service = hyper::service::service_fn(|request| {
        let site = site.clone();
        async move { Ok::<_, Infallible>(site.answer(request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HTTP_IDLE)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades()
        .await;
    let mut connection = site.connection.lock().await;
    connection.leave();
    let reason = served.err().map_or_else(|| "closed by the peer".to_owned(), |error| error.to_string());
    connection.note(|| Kind::Closed { reason });
}

type Answer = Response<WebBody>;

struct Site<S: Service> {
    connection: Mutex<Connection<S>>,
    slot: Arc<Slot<S>>,
    endpoint: Arc<Endpoint>,
    carrier: &'static str,
}

/// The paths that clients use: `/api`, `/apiw`, `/apiw1` and `/apiws`, `/apiws1`, each also with `_test` or `_premium`
/// behind it (M-058, M-065, M-068).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Post,
    WebSocket,
}

fn path_of(path: &str) -> Option<Path> {
    let bare = path.strip_suffix("_test").or_else(|| path.strip_suffix("_premium")).unwrap_or(path);
    match bare {
        "/api" | "/apiw" | "/apiw1" => Some(Path::Post),
        "/apiws" | "/apiws1" => Some(Path::WebSocket),
        _ => None,
    }
}

impl<S: Service> Site<S> {
    async fn answer(&self, request: Request<RequestBody>) -> Answer {
        let web = self.slot.handle.shared.web.as_ref();
        if let Some(web) = web.filter(|web| web.takes(request.uri().path())) {
            return web.answer(request, self.slot.peer()).await;
        }
        let Some(path) = path_of(request.uri().path()) else {
            return plain(StatusCode::NOT_FOUND, "No MTProto here: it is at /api, /apiw1 and /apiws.\n");
        };
        match (request.method(), path) {
            (&Method::OPTIONS, _) => preflight(),
            (&Method::POST, Path::Post) => self.post(request).await,
            (&Method::GET, Path::WebSocket) => self.upgrade(request).await,
            (_, Path::Post) => {
                plain(StatusCode::METHOD_NOT_ALLOWED, "MTProto over HTTP is POSTed (M-058).\n")
            }
            _ => plain(StatusCode::METHOD_NOT_ALLOWED, "A WebSocket begins with GET (M-068).\n"),
        }
    }

    async fn post(&self, request: Request<RequestBody>) -> Answer {
        let too_large = || plain(StatusCode::PAYLOAD_TOO_LARGE, "The payload is above the limit (M-030).\n");
        // An announced length is judged before its bytes are waited for.
        if request.body().size_hint().lower() > MAX_INBOUND_BYTES as u64 {
            return too_large();
        }
        let announced = request.body().size_hint().upper().and_then(|bytes| usize::try_from(bytes).ok());
        let time = time_for(announced.unwrap_or(MAX_INBOUND_BYTES));
        let body = Limited::new(request.into_body(), MAX_INBOUND_BYTES).collect();
        let body = match timeout(time, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => return too_large(),
            Ok(Err(_)) | Err(_) => return plain(StatusCode::BAD_REQUEST, "The body did not arrive.\n"),
        };
        // One request at a time is under way on a connection, so this does not wait.
        let mut connection = self.connection.lock().await;
        connection.patience.heard(body.len(), Instant::now());
        connection.patience.whole();
        if connection.is_new() {
            let name =
                format!("HTTP requests{}", if self.carrier == " over HTTPS" { " over TLS" } else { "" });
            connection.note(|| Kind::Transport { name, dc: None });
        }
        let mut out = OnePayload::default();
        let outcome = converse(&mut connection, body, &mut out).await;
        connection.rest();
        let ended = outcome.and_then(|()| connection.check_ending());
        if let Err(close) = &ended
            && let Some(code) = connection.closing(close)
        {
            out.error(code);
        }
        let mut response = out.into_response();
        if ended.is_err() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Turns the connection into a WebSocket (RFC 6455, section 4.2).
    async fn upgrade(&self, mut request: Request<RequestBody>) -> Answer {
        let headers = request.headers();
        let Some(accept) = websocket_accept(headers) else {
            return plain(
                StatusCode::BAD_REQUEST,
                "This path takes WebSocket upgrades, version 13 (M-068).\n",
            );
        };
        let protocols = headers.get(SEC_WEBSOCKET_PROTOCOL).map(|value| value.to_str().unwrap_or_default());
        let binary = protocols.is_some_and(|list| list.split(',').any(|name| name.trim() == "binary"));
        if protocols.is_some() && !binary {
            return plain(StatusCode::BAD_REQUEST, "The sub-protocol here is \"binary\" (M-068).\n");
        }
        let (slot, endpoint) = (self.slot.clone(), self.endpoint.clone());
        let carrier =
            if self.carrier == " over HTTPS" { " over WebSocket over TLS" } else { " over WebSocket" };
        let upgraded = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let Ok(upgraded) = upgraded.await else { return };
            let Ok(parts) = upgraded.downcast::<TokioIo<Box<dyn Io>>>() else { return };
            let socket = WebSocket::new(parts.io.into_inner(), parts.read_buf.to_vec()).await;
            let opening = Opening {
                link: Link::WebSocket(Box::new(socket)),
                head: BytesMut::new(),
                secrets: Arc::default(),
                dc_hint: None,
                carrier,
            };
            stream::run(slot, endpoint, opening).await;
        });
        let mut response = Response::new(full(Bytes::new()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        if binary {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("binary"));
        }
        response
    }
}

/// Gives the payload to the connection and gathers its one answer.
async fn converse<S: Service>(
    connection: &mut Connection<S>,
    payload: Bytes,
    out: &mut OnePayload,
) -> Result<(), Close> {
    connection.http_wait = None;
    let plaintext = payload.starts_with(&[0; 8]);
    connection.receive(Incoming { payload: payload.into(), quick_ack: false }, out).await?;
    while out.is_empty() && connection.is_computing() {
        let outcome = connection.computed().await;
        connection.complete(outcome, out).await?;
    }
    if !out.is_empty() || plaintext {
        return Ok(());
    }
    wait_for_messages(connection).await;
    if !connection.one_packet(out) {
        connection.empty_packet(out);
    }
    Ok(())
}

/// Long polling by http_wait (M-315 … M-317): waits until there is something to say and it may be said, or until the
/// client wants an answer whatever there is.
async fn wait_for_messages<S: Service>(connection: &mut Connection<S>) {
    let wait = connection.http_wait.unwrap_or_default();
    let start = Instant::now();
    let end = start + wait.max_wait.min(MAX_WAIT);
    let mailbox = connection.mailbox.clone();
    let (mut first, mut newest, mut seen) = (None, start, 0);
    loop {
        let (now, waiting) = (Instant::now(), connection.waiting());
        if waiting > seen {
            newest = now;
            first.get_or_insert(now);
        }
        seen = waiting;
        let first: Option<Instant> = first;
        let due = first.map_or(end, |first| (first + wait.max_delay).min(newest + wait.wait_after).min(end));
        // ping_delay_disconnect ends no request: its timer is for connections that are kept open.
        let due = connection.acks_due_at().map_or(due, |acks| acks.min(due));
        if due <= now || connection.check_ending().is_err() {
            return;
        }
        tokio::select! {
            () = mailbox.woken() => {}
            () = sleep_until(due) => {}
        }
    }
}

/// The one payload of a response (M-060), or the transport error in its place (M-057).
#[derive(Default)]
struct OnePayload {
    payload: Option<Bytes>,
    error: Option<i32>,
}

impl Outlet for OnePayload {
    fn payload(&mut self, payload: &[u8]) {
        self.payload = Some(Bytes::copy_from_slice(payload));
    }

    /// There is none on HTTP (M-066).
    fn quick_ack(&mut self, _: u32) {}

    fn error(&mut self, code: i32) {
        self.error = Some(code);
    }
}

impl OnePayload {
    fn is_empty(&self) -> bool {
        self.payload.is_none() && self.error.is_none()
    }

    fn into_response(self) -> Answer {
        if let Some(code) = self.error {
            let status =
                u16::try_from(code.unsigned_abs()).ok().and_then(|code| StatusCode::from_u16(code).ok());
            return plain(status.unwrap_or(StatusCode::BAD_REQUEST), "");
        }
        let mut response = Response::new(full(self.payload.unwrap_or_default()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }
}

/// What a browser asks before it posts to another site (M-065).
fn preflight() -> Answer {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("origin, content-type"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut response = Response::new(full(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// The proof that the upgrade was understood; `None` if it is none.
fn websocket_accept(headers: &HeaderMap) -> Option<HeaderValue> {
    let has = |name, token: &str| {
        let value = headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token))
    };
    if !has(UPGRADE, "websocket") || !has(CONNECTION, "upgrade") || !has(SEC_WEBSOCKET_VERSION, "13") {
        return None;
    }
    let key = headers.get(SEC_WEBSOCKET_KEY)?;
    let proof = zaun_crypto::sha1(&[key.as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"]);
    HeaderValue::from_str(&STANDARD.encode(proof)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m058_m065_m068_the_paths_that_clients_use() {
        for path in ["/api", "/apiw", "/apiw1", "/api_test", "/apiw_test", "/apiw1_premium"] {
            assert_eq!(path_of(path), Some(Path::Post), "{path}");
        }
        for path in ["/apiws", "/apiws_test", "/apiws_premium", "/apiws1"] {
            assert_eq!(path_of(path), Some(Path::WebSocket), "{path}");
        }
        for path in ["/", "/apix", "/apiws/", "/api_test_test", "/API"] {
            assert_eq!(path_of(path), None, "{path}");
        }
    }

    /// RFC 6455, section 1.3.
    #[test]
    fn m068_the_accept_header_is_that_of_the_rfc() {
        let headers = [
            (UPGRADE, "WebSocket"),
            (CONNECTION, "keep-alive, Upgrade"),
            (SEC_WEBSOCKET_VERSION, "13"),
            (SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let mut headers: HeaderMap =
            headers.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
        assert_eq!(websocket_accept(&headers).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("8"));
        assert!(websocket_accept(&headers).is_none());
    }
}
