//! What stands between a query and its service: it may look, wait, answer itself, or spoil.

use std::sync::Arc;

use bytes::Bytes;

use crate::service::{Answering, Context, Service};

/// Stands in front of a service; added with [`Builder::middleware`](crate::Builder::middleware). The one added first is
/// the first to see a query.
pub trait Middleware<S: Service>: Send + Sync + 'static {
    /// Deals with a query: answers it, or lets `next` do so, before, after or around whatever else it does.
    fn call(&self, context: Context<S>, body: Bytes, next: Next<S>) -> Answering;
}

/// The rest of the way to the service.
pub struct Next<S: Service> {
    service: Arc<S>,
    chain: Arc<[Arc<dyn Middleware<S>>]>,
    position: usize,
}

impl<S: Service> Next<S> {
    pub(crate) fn new(service: Arc<S>, chain: Arc<[Arc<dyn Middleware<S>>]>) -> Next<S> {
        Next { service, chain, position: 0 }
    }

    /// Goes on: to the next middleware, or to the service.
    #[must_use]
    pub fn call(self, context: Context<S>, body: Bytes) -> Answering {
        let Next { service, chain, position } = self;
        match chain.get(position).cloned() {
            Some(middleware) => {
                middleware.call(context, body, Next { service, chain, position: position + 1 })
            }
            None => service.call(context, body),
        }
    }
}
