//! A query on its way: its handler, which may panic, and its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use zaun_mtproto::session::ConnId;

use crate::middleware::Next;
use crate::service::{Answering, Context, Encoded, RpcError, Service};
use crate::session::SessionHandle;

/// Runs a query; a panic anywhere in its handler costs this query only.
pub(crate) struct Running {
    inner: Answering,
}

impl Running {
    /// Nothing happens before the first poll.
    pub(crate) fn new<S: Service>(next: Next<S>, context: Context<S>, body: Bytes) -> Running {
        Running { inner: Box::pin(async move { next.call(context, body).await }) }
    }
}

impl Future for Running {
    type Output = Result<Encoded, RpcError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let inner = &mut self.inner;
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| inner.as_mut().poll(cx)));
        polled.unwrap_or_else(|_| {
            tracing::error!("a handler panicked; its query is answered with an error");
            Poll::Ready(Err(RpcError::internal()))
        })
    }
}

/// Gives the answer to the session.
pub(crate) fn answer<S: Service>(
    session: &Arc<SessionHandle<S>>,
    msg_id: i64,
    conn: ConnId,
    result: Result<Encoded, RpcError>,
) {
    let (ok, copies) = (result.is_ok(), result.as_ref().map_or(1, |encoded| encoded.copies));
    let body: Bytes = match result {
        Ok(encoded) => compress(encoded),
        Err(error) => error.encode(msg_id).into(),
    };
    for _ in 1..copies {
        session.push(body.clone());
    }
    session.finish(msg_id, conn, ok, (copies > 0).then_some(body));
}

/// gzip for results that gain from it (M-273); files come compressed already.
fn compress(encoded: Encoded) -> Bytes {
    const UPLOAD_FILE: u32 = 0x096a_18d5;
    let object = encoded.object();
    let is_file = object.first_chunk() == Some(&UPLOAD_FILE.to_le_bytes());
    if !is_file && let Some(packed) = zaun_mtproto::gzip::pack(object) {
        let mut body = encoded.bytes;
        body.truncate(12);
        body.extend_from_slice(&packed);
        return body.into();
    }
    encoded.bytes.into()
}
