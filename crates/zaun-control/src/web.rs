//! The calls over HTTP: who may make them, and how an answer looks.

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::Value;
use zaun_crypto::hash::ct_eq;
use zaun_server::{Peer, Web, WebAnswering, WebBody, full, is_local};

use crate::limits::MAX_BODY_BYTES;
use crate::{Control, Refusal};

/// What the path of every call begins with.
const PREFIX: &str = "/control/";

impl Web for Control {
    fn takes(&self, path: &str) -> bool {
        path.starts_with(PREFIX) || self.node().bots().takes(path)
    }

    fn answer(&self, request: Request<Incoming>, peer: Peer) -> WebAnswering {
        if !request.uri().path().starts_with(PREFIX) {
            return self.answer_bot(request, peer);
        }
        let control = self.clone();
        Box::pin(async move {
            match control.answer_call(request, peer).await {
                Ok(result) => response(StatusCode::OK, &result),
                Err(refusal) => {
                    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
                    let mut response = response(status, &refusal.to_json());
                    if status == StatusCode::METHOD_NOT_ALLOWED {
                        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
                    }
                    response
                }
            }
        })
    }
}

impl Control {
    async fn answer_call(&self, request: Request<Incoming>, peer: Peer) -> Result<Value, Refusal> {
        self.admit(&request, peer)?;
        if request.method() != Method::POST {
            return Err(Refusal::new(405, "calls are POSTed"));
        }
        let name = request.uri().path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
        let body = match Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(Refusal::new(413, format!("a call has at most {MAX_BODY_BYTES} bytes")));
            }
            Err(_) => return Err(Refusal::new(400, "the call did not arrive")),
        };
        let fields = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body)
                .map_err(|error| Refusal::new(400, format!("the call is no JSON: {error}")))?,
        };
        self.call(&name, fields).await
    }

    /// Keeps strangers out: other machines, pages of other sites, and whoever does not know the token.
    fn admit(&self, request: &Request<Incoming>, peer: Peer) -> Result<(), Refusal> {
        if !peer.is_local() || !is_local(request.headers()) {
            return Err(Refusal::new(403, "the control answers only to this machine, as localhost"));
        }
        let given = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let given = given.and_then(|given| given.strip_prefix(b"Bearer ")).unwrap_or_default();
        if ct_eq(given, self.token().as_bytes()) {
            Ok(())
        } else {
            Err(Refusal::new(
                401,
                "the header \"Authorization: Bearer TOKEN\" has to hold the announced token",
            ))
        }
    }
}

fn response(status: StatusCode, body: &Value) -> Response<WebBody> {
    let mut response = Response::new(full(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
