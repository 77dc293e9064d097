//! HTTP as a carrier: a request for each payload, on as many connections as there are requests under way (M-058 … M-064).

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::header::HOST;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

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

/// Statuses of 300 and more stand for transport errors (M-057).
async fn received(response: Response<hyper::body::Incoming>) -> Received {
    let status = response.status().as_u16();
    match response.into_body().collect().await {
        Ok(_) if status >= 300 => Received::Error(-i32::from(status)),
        Ok(body) => Received::Payload(body.to_bytes().into()),
        Err(_) => Received::Closed,
    }
}
