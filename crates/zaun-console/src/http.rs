//! The page and the stream of events over HTTP, for this machine only.
//!
//! `GET /` is the page, `GET /events` an endless stream of events, one JSON object a line. A TCP listener must be on a
//! loopback address, and its requests must name a loopback host: otherwise any web page could reach it by pointing a
//! name of its own at 127.0.0.1.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::limits::{MAX_CONNECTIONS, MAX_VIEWERS, MAX_WAITING_LINES};
use crate::page;
use crate::viewer::{Source, Viewer};

/// How long a request's head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long accepting rests after it failed for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the inspector; clones serve the same one.
#[derive(Clone)]
pub struct Console {
    source: Arc<dyn Source>,
    viewers: Arc<Semaphore>,
}

impl Console {
    /// An inspector of this server. It costs nothing until somebody looks.
    #[must_use]
    pub fn new(source: impl Source) -> Console {
        Console { source: Arc::new(source), viewers: Arc::new(Semaphore::new(MAX_VIEWERS)) }
    }

    /// Binds the page's port.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] unless the address is a loopback one; those of binding.
    pub async fn bind_page(address: SocketAddr) -> io::Result<TcpListener> {
        check_loopback(address)?;
        TcpListener::bind(address).await
    }

    /// Binds a control socket that only its owner may open. One that a dead server left behind is replaced.
    ///
    /// # Errors
    /// [`io::ErrorKind::AddrInUse`] if something else lies there or a server answers there; those of binding.
    pub async fn bind_control(path: &Path) -> io::Result<UnixListener> {
        if let Ok(there) = std::fs::symlink_metadata(path) {
            let answers = tokio::net::UnixStream::connect(path).await.is_ok();
            if answers || !there.file_type().is_socket() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// Serves the page and the stream until the listener fails.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] unless it is bound to a loopback address; those of accepting.
    pub async fn serve_page(&self, listener: TcpListener) -> io::Result<()> {
        check_loopback(listener.local_addr()?)?;
        let open = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let permit = open.clone().acquire_owned().await.map_err(io::Error::other)?;
            match listener.accept().await {
                Ok((stream, _)) => self.spawn(stream, permit, Guard::Host),
                Err(error) => pause(error).await?,
            }
        }
    }

    /// Serves the same on a Unix socket, whose permissions say who may look.
    ///
    /// # Errors
    /// Those of accepting.
    pub async fn serve_control(&self, listener: UnixListener) -> io::Result<()> {
        let open = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let permit = open.clone().acquire_owned().await.map_err(io::Error::other)?;
            match listener.accept().await {
                Ok((stream, _)) => self.spawn(stream, permit, Guard::Permissions),
                Err(error) => pause(error).await?,
            }
        }
    }

    fn spawn<T>(&self, stream: T, permit: OwnedSemaphorePermit, guard: Guard)
    where
        T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let console = self.clone();
        tokio::spawn(async move {
            let _permit = permit;
            let service = hyper::service::service_fn(|request| {
                let answer = console.answer(&request, guard);
                async move { Ok::<_, Infallible>(answer) }
            });
            // What goes wrong on one viewer's connection concerns only that viewer, who sees it.
            let _ = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }

    fn answer(&self, request: &Request<Incoming>, guard: Guard) -> Answer {
        if guard == Guard::Host && !zaun_server::is_local(request.headers()) {
            return plain(
                StatusCode::FORBIDDEN,
                "The inspector answers only to localhost, for pages of its own.\n",
            );
        }
        match (request.method(), request.uri().path()) {
            (&Method::GET, "/") => page(),
            (&Method::GET, "/events") => self.events(),
            (_, "/" | "/events") => plain(StatusCode::METHOD_NOT_ALLOWED, "There is only GET here.\n"),
            _ => plain(StatusCode::NOT_FOUND, "The page is at /, the stream of events at /events.\n"),
        }
    }

    fn events(&self) -> Answer {
        let Ok(permit) = self.viewers.clone().try_acquire_owned() else {
            let text = format!("{MAX_VIEWERS} viewers are looking already.\n");
            return plain(StatusCode::SERVICE_UNAVAILABLE, text);
        };
        let (lines, receiver) = mpsc::channel(MAX_WAITING_LINES);
        // From here on nothing is missed: the answer's head tells the viewer so.
        let viewer = Viewer::new(&*self.source);
        tokio::spawn(feed(self.source.clone(), viewer, lines, permit));
        let mut response = Response::new(Either::Right(Lines(receiver)));
        set(response.headers_mut(), "application/x-ndjson");
        response
    }
}

/// What keeps strangers out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// The request has to name a loopback host.
    Host,
    /// The socket's file.
    Permissions,
}

type Answer = Response<Either<Full<Bytes>, Lines>>;

/// Sends a viewer its events until it leaves.
async fn feed(
    source: Arc<dyn Source>,
    mut viewer: Viewer,
    lines: mpsc::Sender<Bytes>,
    _permit: OwnedSemaphorePermit,
) {
    loop {
        let event = tokio::select! {
            event = viewer.next(&*source) => event,
            () = lines.closed() => return,
        };
        let Some(Ok(mut line)) = event.map(|event| serde_json::to_vec(&event)) else { return };
        line.push(b'\n');
        if lines.send(line.into()).await.is_err() {
            return;
        }
    }
}

/// A body of lines that come as they happen.
struct Lines(mpsc::Receiver<Bytes>);

impl Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|line| line.map(|line| Ok(Frame::data(line))))
    }
}

fn page() -> Answer {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from_static(page::html().as_bytes()))));
    set(response.headers_mut(), "text/html; charset=utf-8");
    if let Ok(policy) = HeaderValue::from_str(page::policy()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Either::Left(Full::new(text.into())));
    *response.status_mut() = status;
    set(response.headers_mut(), "text/plain; charset=utf-8");
    response
}

fn set(headers: &mut HeaderMap, content_type: &'static str) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
}

fn check_loopback(address: SocketAddr) -> io::Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    let text =
        format!("the inspector shows everything to whoever reaches it: {address} is no loopback address");
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// Waits a little if accepting failed for a reason that passes.
async fn pause(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected => Err(error),
        _ => {
            tracing::warn!(%error, "the inspector cannot accept a connection now");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            Ok(())
        }
    }
}

/// Microseconds since 1970.
pub(crate) fn now_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_public_address_is_refused() {
        let error = Console::bind_page("0.0.0.0:0".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }

    #[tokio::test]
    async fn a_stale_control_socket_is_replaced_and_a_living_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        drop(Console::bind_control(&path).await.unwrap());
        let living = Console::bind_control(&path).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Console::bind_control(&path).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(living);
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "a file").unwrap();
        assert_eq!(Console::bind_control(&path).await.unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
