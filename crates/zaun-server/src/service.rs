//! What a server does with queries: the [`Service`] trait, its context and its errors.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use zaun_mtproto::session::{ConnId, rpc_result_prefix};
use zaun_tl::{Encode, Writer};
use zaun_wire::types;

use crate::Handle;
use crate::endpoint::Dc;
use crate::session::SessionHandle;
use crate::socket::Peer;

/// The answer of a handler on its way.
pub type Answering = Pin<Box<dyn Future<Output = Result<Encoded, RpcError>> + Send>>;

/// Runs queries. [`Router`](crate::Router) is one made of typed handlers; implement the trait yourself to decide
/// everything, down to the bytes.
pub trait Service: Send + Sync + Sized + 'static {
    /// What the service keeps per auth key while the key is in memory.
    type Key: Default + Send + Sync;
    /// What the service keeps per session.
    type Session: Default + Send + Sync;

    /// Runs one query. Whatever happens, a query that reached this point is answered exactly once (M-297, M-417).
    fn call(self: &Arc<Self>, context: Context<Self>, body: Bytes) -> Answering;

    /// The server is made and about to serve; a service that pushes keeps the handle.
    fn started(&self, _server: &Handle<Self>) {}

    /// A session is gone: forgotten, destroyed, or its key was.
    fn session_ended(&self, _session: &SessionHandle<Self>) {}

    /// A connection came to a session or left it.
    fn connections_changed(&self, _session: &SessionHandle<Self>) {}

    /// A session lost pushed objects because nobody fetched them in time; tell its client to resynchronise, with
    /// [`SessionHandle::resync`].
    fn updates_lost(&self, _session: &SessionHandle<Self>) {}
}

/// Everything a handler may want to know about the query it runs.
pub struct Context<S: Service> {
    /// The server.
    pub server: Handle<S>,
    /// The session that asks.
    pub session: Arc<SessionHandle<S>>,
    /// Identifier of the query.
    pub msg_id: i64,
    /// The connection it came by.
    pub conn: ConnId,
    /// The other end of that connection.
    pub peer: Peer,
    /// The DC that the listener speaks for, if it speaks for one.
    pub dc: Option<Dc>,
    /// The DC that the client believes it talks to, from its transport header, if it says so (M-078).
    pub dc_hint: Option<i16>,
}

impl<S: Service> Clone for Context<S> {
    fn clone(&self) -> Self {
        Context {
            server: self.server.clone(),
            session: self.session.clone(),
            msg_id: self.msg_id,
            conn: self.conn,
            peer: self.peer,
            dc: self.dc,
            dc_hint: self.dc_hint,
        }
    }
}

impl<S: Service> Context<S> {
    /// Serializes a result in the client's layer; the only way to make an [`Encoded`].
    pub fn encode(&self, value: &(impl Encode + ?Sized), layer: i32) -> Result<Encoded, RpcError> {
        let mut writer = Writer::with_buffer(layer, rpc_result_prefix(self.msg_id));
        value.encode(&mut writer);
        self.finish(writer)
    }

    /// Like [`Context::encode`] for a result written by hand.
    pub fn finish(&self, writer: Writer) -> Result<Encoded, RpcError> {
        writer.into_result().map(|bytes| Encoded { bytes, copies: 1 }).map_err(|error| {
            tracing::warn!(%error, "an answer has no form in the client's layer");
            RpcError::new(400, "LAYER_TOO_OLD")
        })
    }

    /// An empty writer for [`Context::finish`].
    pub fn writer(&self, layer: i32) -> Writer {
        Writer::with_buffer(layer, rpc_result_prefix(self.msg_id))
    }
}

/// A serialized rpc_result.
#[derive(Debug)]
pub struct Encoded {
    pub(crate) bytes: Vec<u8>,
    /// How often it is sent: once, unless faults are injected.
    pub(crate) copies: u8,
}

impl Encoded {
    /// Sends the answer so many times: a fault on purpose unless it is once.
    #[must_use]
    pub fn sent_times(self, copies: u8) -> Encoded {
        Encoded { copies, ..self }
    }

    /// The result object, without the envelope.
    pub fn object(&self) -> &[u8] {
        self.bytes.get(12..).unwrap_or_default()
    }
}

/// An error of a method: an HTTP-like code and a text of `[A-Z_0-9]+` (M-418).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {text}")]
pub struct RpcError {
    /// 303, 400, 401, 403, 404, 406, 420, 500 or −503.
    pub code: i32,
    /// The text that clients compare.
    pub text: String,
}

impl RpcError {
    /// An error with any code and text.
    pub fn new(code: i32, text: impl Into<String>) -> RpcError {
        RpcError { code, text: text.into() }
    }

    /// 400: the query is wrong; repeating it fails again (M-420).
    pub fn bad_request(text: impl Into<String>) -> RpcError {
        RpcError::new(400, text)
    }

    /// 500: our own trouble; clients retry (M-431).
    pub fn internal() -> RpcError {
        RpcError::new(500, "INTERNAL_SERVER_ERROR")
    }

    pub(crate) fn encode(&self, msg_id: i64) -> Vec<u8> {
        let error = types::RpcError { error_code: self.code, error_message: self.text.clone() };
        let mut writer = Writer::with_buffer(0, rpc_result_prefix(msg_id));
        error.encode(&mut writer);
        writer.into_result().unwrap_or_default()
    }
}
