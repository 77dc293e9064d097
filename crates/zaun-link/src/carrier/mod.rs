//! What carries a connection: TLS, WebSocket, fake TLS as streams of bytes, and HTTP, which is none.

mod fake_tls;
mod http;
mod proxy;
mod tls;
mod websocket;

pub(crate) use fake_tls::connect as fake_tls;
pub(crate) use http::Http;
pub use proxy::Proxy;
pub use tls::Tls;
pub(crate) use websocket::connect as web_socket;

use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream of any kind.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}
