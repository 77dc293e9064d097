//! Faults on purpose, so that authors of client libraries can test what theirs does with a server that is late, loses
//! answers, sends them twice, or asks for a pause.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::middleware::{Middleware, Next};
use crate::service::{Answering, Context, Encoded, RpcError, Service};

/// What goes wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes so much later. The query itself runs at once.
    Late(Duration),
    /// The query runs, and its answer is lost.
    Drop,
    /// The answer comes twice, in two messages.
    Duplicate,
    /// `420 FLOOD_WAIT_X`; the query does not run.
    FloodWait(u32),
    /// Any other error; the query does not run.
    Error(RpcError),
}

/// A middleware that spoils chosen queries. Clones share what is planned, so that a test can go on planning while the
/// server runs.
///
/// ```
/// use std::time::Duration;
/// use zaun_server::{Fault, Faults, MemoryKeys, Router, Server};
/// use zaun_tl::Function;
/// use zaun_wire::functions;
///
/// let faults = Faults::new();
/// let rsa = zaun_crypto::rsa::PrivateKey::generate(&mut rand::rng())?;
/// let server = Server::builder(Router::new(), MemoryKeys::default())
///     .rsa_key(rsa)
///     .middleware(faults.clone())
///     .build()?;
/// // The next two calls are refused, the third is answered a second late, all others as usual.
/// let bind = functions::auth::BindTempAuthKey::ID;
/// faults.plan(bind, [Fault::FloodWait(3), Fault::FloodWait(3), Fault::Late(Duration::from_secs(1))]);
/// # drop(server);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Faults {
    planned: Arc<Mutex<HashMap<u32, VecDeque<Fault>>>>,
    always: Arc<Mutex<HashMap<u32, Fault>>>,
}

impl Faults {
    /// Nothing is spoiled yet.
    #[must_use]
    pub fn new() -> Faults {
        Faults::default()
    }

    /// Spoils the next calls of a method, one fault each, in this order.
    pub fn plan(&self, method: u32, faults: impl IntoIterator<Item = Fault>) {
        self.planned.lock().entry(method).or_default().extend(faults);
    }

    /// Spoils every call of a method for which nothing is planned; `None` ends that.
    pub fn always(&self, method: u32, fault: Option<Fault>) {
        let mut always = self.always.lock();
        match fault {
            Some(fault) => _ = always.insert(method, fault),
            None => _ = always.remove(&method),
        }
    }

    /// The fault for a query, which is known by the first id in it that anything is planned for: wrappers such as
    /// invokeWithLayer hold their query as it is, at a multiple of four bytes.
    fn next(&self, body: &[u8]) -> Option<Fault> {
        let mut planned = self.planned.lock();
        let always = self.always.lock();
        if planned.is_empty() && always.is_empty() {
            return None;
        }
        let ids =
            body.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).take(MAX_WRAPPED_WORDS);
        for id in ids {
            if let Some(fault) = planned.get_mut(&id).and_then(VecDeque::pop_front) {
                return Some(fault);
            }
            if let Some(fault) = always.get(&id) {
                return Some(fault.clone());
            }
        }
        None
    }
}

/// How far into a query its method is looked for: initConnection with long texts in front of it has some hundred words.
const MAX_WRAPPED_WORDS: usize = 256;

impl<S: Service> Middleware<S> for Faults {
    fn call(&self, context: Context<S>, body: Bytes, next: Next<S>) -> Answering {
        match self.next(&body) {
            None => next.call(context, body),
            Some(Fault::Late(delay)) => {
                let answer = next.call(context, body);
                Box::pin(async move {
                    let (answer, ()) = tokio::join!(answer, tokio::time::sleep(delay));
                    answer
                })
            }
            Some(Fault::Drop) => copies(next.call(context, body), 0),
            Some(Fault::Duplicate) => copies(next.call(context, body), 2),
            Some(Fault::FloodWait(seconds)) => refused(RpcError::new(420, format!("FLOOD_WAIT_{seconds}"))),
            Some(Fault::Error(error)) => refused(error),
        }
    }
}

fn copies(answer: Answering, copies: u8) -> Answering {
    Box::pin(async move { answer.await.map(|encoded| Encoded { copies, ..encoded }) })
}

fn refused(error: RpcError) -> Answering {
    Box::pin(async move { Err(error) })
}
