//! HTTP as a carrier: a request for each payload, on as many connections as there are requests under way (M-058 … M-064).

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::SendRequest;
use hyper::header::HOST;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;
use zaun_transport::MAX_OUTBOUND_BYTES;

use super::{Proxy, Tls};
use crate::dial::{Address, socket};
use crate::link::{LinkError, Received};

/// Connections that are kept for the next request.
const MAX_IDLE: usize = 4;

type Sender = SendRequest<Full<Bytes>>;

/// A server that is reached by requests.
pub(crate) struct Http {
    address: Address,
    proxy: Option<Proxy>,
    path: String,
    tls: Option<Tls>,
    idle: Vec<Sender>,
    under_way: FuturesUnordered<JoinHandle<(Received, Sender)>>,
}

impl Http {
    pub(crate) fn new(address: Address, proxy: Option<Proxy>, path: String, tls: Option<Tls>) -> Http {
        Http { address, proxy, path, tls, idle: Vec::new(), under_way: FuturesUnordered::new() }
    }

    /// Begins a request.
    pub(crate) async fn post(&mut self, payload: Bytes) -> Result<(), LinkError> {
        let kept = loop {
            match self.idle.pop() {
                Some(sender) if sender.is_closed() => {}
                other => break other,
            }
        };
        let mut sender = match kept {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let host = self.tls.as_ref().map_or_else(|| "localhost".to_owned(), Tls::host);
        let request = Request::post(&self.path).header(HOST, host).body(Full::new(payload));
        let request = request.map_err(|error| LinkError::Carrier(error.to_string()))?;
        // Spawned, so that it leaves now and not when somebody waits for its response.
        self.under_way.push(tokio::spawn(async move {
            let response = match sender.send_request(request).await {
                Ok(response) => received(response).await,
                Err(_) => Received::Closed,
            };
            (response, sender)
        }));
        Ok(())
    }

    async fn connect(&self) -> Result<Sender, LinkError> {
        let mut io = socket(&self.address, self.proxy.as_ref()).await?;
        if let Some(tls) = &self.tls {
            io = tls.connect(io).await?;
        }
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(io)).await;
        let (sender, connection) = handshake.map_err(|error| LinkError::Carrier(error.to_string()))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// The response to any request that is under way; the end if there is none.
    pub(crate) async fn response(&mut self) -> Received {
        match self.under_way.next().await {
            Some(Ok((received, sender))) => {
                if self.idle.len() < MAX_IDLE {
                    self.idle.push(sender);
                }
                received
            }
            _ => Received::Closed,
        }
    }
}

/// Statuses of 300 and more stand for transport errors (M-057). A body that is longer than any payload is the end of the
/// connection: whoever sits on the path may send one without end.
async fn received(response: Response<hyper::body::Incoming>) -> Received {
    let status = response.status().as_u16();
    match Limited::new(response.into_body(), MAX_OUTBOUND_BYTES).collect().await {
        Ok(_) if status >= 300 => Received::Error(-i32::from(status)),
        Ok(body) => Received::Payload(body.to_bytes().into()),
        Err(_) => Received::Closed,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// What sockets may hold besides the body that the client has taken.
    const SOCKET_BYTES: usize = 16 << 20;

    #[tokio::test]
    async fn a_body_without_end_ends_the_connection() {
        for head in ["Transfer-Encoding: chunked", "Content-Length: 99999999999999"] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let sent = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&sent);
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes()).await;
                let chunk = [&b"10000\r\n"[..], &[b'x'; 65536], b"\r\n"].concat();
                while stream.write_all(&chunk).await.is_ok() {
                    counted.fetch_add(chunk.len(), Ordering::Relaxed);
                }
            });
            let mut http = Http::new(address.into(), None, "/api".into(), None);
            http.post(Bytes::from_static(&[0; 40])).await.unwrap();
            assert_eq!(http.response().await, Received::Closed, "{head}");
            drop(http);
            server.await.unwrap();
            let sent = sent.load(Ordering::Relaxed);
            assert!(sent < MAX_OUTBOUND_BYTES + SOCKET_BYTES, "{head}: {sent} bytes were taken");
        }
    }
}
