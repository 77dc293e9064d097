//! Typed handlers by method id.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use zaun_tl::{Function, Reader};

use crate::service::{Answering, Context, RpcError, Service};

type Erased = Box<dyn Fn(Context<Router>, Bytes) -> Answering + Send + Sync>;
type Guard = Box<dyn Fn(&Context<Router>, u32) -> Result<(), RpcError> + Send + Sync>;

/// A [`Service`] made of typed handlers: `Router::new().method(handler)`, where a handler is an
/// `async fn(Context<Router>, R) -> Result<R::Response, RpcError>` for any TL function `R`.
pub struct Router {
    methods: HashMap<u32, Erased>,
    unknown: Erased,
    authorize: Guard,
    layer: i32,
}

impl Default for Router {
    fn default() -> Self {
        Router::new()
    }
}

impl Router {
    /// A router without methods: every query is answered with `400 INPUT_METHOD_INVALID` (M-416).
    pub fn new() -> Router {
        Router {
            methods: HashMap::new(),
            unknown: Box::new(|_, body| {
                let id = Reader::new(body).peek_u32().unwrap_or(0);
                let error = RpcError::bad_request(format!("INPUT_METHOD_INVALID_{id}"));
                Box::pin(async move { Err(error) })
            }),
            authorize: Box::new(|_, _| Ok(())),
            layer: 0,
        }
    }

    /// The layer in which results are serialized, for schemas that have layers.
    pub fn layer(mut self, layer: i32) -> Router {
        self.layer = layer;
        self
    }

    /// Adds a handler, or replaces the one of the same method.
    pub fn method<R, H, F>(mut self, handler: H) -> Router
    where
        R: Function + Send + 'static,
        H: Fn(Context<Router>, R) -> F + Send + Sync + 'static,
        F: Future<Output = Result<R::Response, RpcError>> + Send + 'static,
        R::Response: Send,
    {
        let layer = self.layer;
        let erased: Erased = Box::new(move |context, body| {
            let mut reader = Reader::new(body);
            // M-416: arguments that cannot be read are the client's fault.
            let Ok(request) = R::decode(&mut reader) else {
                return Box::pin(async { Err(RpcError::bad_request("INPUT_FETCH_ERROR")) });
            };
            let running = handler(context.clone(), request);
            Box::pin(async move { context.encode(&running.await?, layer) })
        });
        self.methods.insert(R::ID, erased);
        self
    }

    /// Replaces what happens to methods that no handler serves; it gets the raw query.
    pub fn unknown(
        mut self,
        handler: impl Fn(Context<Router>, Bytes) -> Answering + Send + Sync + 'static,
    ) -> Router {
        self.unknown = Box::new(handler);
        self
    }

    /// Replaces the check that runs before every handler; it gets the method's id.
    pub fn authorize(
        mut self,
        guard: impl Fn(&Context<Router>, u32) -> Result<(), RpcError> + Send + Sync + 'static,
    ) -> Router {
        self.authorize = Box::new(guard);
        self
    }
}

impl Service for Router {
    type Key = ();
    type Session = ();

    fn call(self: &Arc<Self>, context: Context<Self>, body: Bytes) -> Answering {
        let id = Reader::new(body.clone()).peek_u32().unwrap_or(0);
        if let Err(refused) = (self.authorize)(&context, id) {
            return Box::pin(async move { Err(refused) });
        }
        self.methods.get(&id).unwrap_or(&self.unknown)(context, body)
    }
}
