//! A connection that lasts: it keeps its session through every broken link, and every call ends in a result or a
//! definite error.

mod builder;
mod driver;
mod error;
mod keys;
mod pushed;
mod talk;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use zaun_crypto::auth_key::AuthKey;
use zaun_mtproto::client::SavedSession;
use zaun_tl::{Encode, Function};

pub use builder::{ConnectionBuilder, Introduce};
pub use error::{Closed, ConnectError, InvokeError};
pub(crate) use keys::wall_clock;
pub use pushed::{MAX_PUSHED, MAX_PUSHED_BYTES, Pushed, PushedQueue};
pub(crate) use pushed::{Pusher, queue};

use zaun_link::Address;

/// Calls that wait for answers at once, unless the builder says otherwise; more wait for their turn.
pub const IN_FLIGHT: usize = 1024;

/// Whether there is a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Packets flow.
    Connected,
    /// The link broke; another one is being made.
    Connecting,
    /// It is closed for good.
    Closed(Closed),
}

/// A session with a server. Clones share it; it ends with [`Connection::disconnect`] or when the last clone is gone.
///
/// Dropping the future of a call gives the call up: the server is told to drop its answer (M-301).
///
/// ```no_run
/// use zaun_client::Connection;
/// use zaun_wire::functions::Ping;
/// # async fn run(key: zaun_crypto::rsa::PublicKey) -> Result<(), Box<dyn std::error::Error>> {
/// let address: std::net::SocketAddr = "127.0.0.1:4430".parse()?;
/// let connection = Connection::builder(address).key(key).connect().await?;
/// let nearest = connection.invoke(&zaun_schema::api::functions::help::GetNearestDc {}).await?;
/// println!("{nearest:?}");
/// connection.disconnect().await;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Connection {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    commands: mpsc::UnboundedSender<Command>,
    turns: Arc<Semaphore>,
    last_call: AtomicU64,
    state: watch::Receiver<State>,
    saved: watch::Receiver<SavedSession>,
    layer: i32,
    timeout: Option<Duration>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Disconnect);
    }
}

/// What a handle wants of the driver.
enum Command {
    Call(Call),
    Cancel(u64),
    Disconnect,
}

/// A call on its way into the session.
struct Call {
    number: u64,
    query: Bytes,
    after: Option<u64>,
    reply: oneshot::Sender<Result<Bytes, InvokeError>>,
    _turn: OwnedSemaphorePermit,
}

/// A call that was sent, and whose answer may be waited for.
#[derive(Debug)]
pub struct Pending {
    number: u64,
    answer: oneshot::Receiver<Result<Bytes, InvokeError>>,
    shared: Arc<Shared>,
    over: bool,
}

impl Connection {
    /// A connection to a server at this address; more can be added.
    pub fn builder(address: impl Into<Address>) -> ConnectionBuilder {
        ConnectionBuilder::new(address.into())
    }

    /// Calls a method and waits for its result.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke<R: Function>(&self, request: &R) -> Result<R::Response, InvokeError> {
        let result = self.invoke_raw(self.encode(request)?).await?;
        Ok(zaun_tl::from_prefix(result)?)
    }

    /// Calls a serialized method and waits for the serialized result.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn invoke_raw(&self, query: Bytes) -> Result<Bytes, InvokeError> {
        self.send(query, None).await?.result().await
    }

    /// Sends a serialized call, in its turn; the answer can be waited for later. With `after`, the server runs it only
    /// when that call has succeeded (M-409).
    ///
    /// # Errors
    /// [`InvokeError::Closed`].
    pub async fn send(&self, query: Bytes, after: Option<&Pending>) -> Result<Pending, InvokeError> {
        let shared = &self.shared;
        let turn = Arc::clone(&shared.turns).acquire_owned().await.map_err(|_| self.closed())?;
        let number = shared.last_call.fetch_add(1, Ordering::Relaxed) + 1;
        let (reply, answer) = oneshot::channel();
        let call = Call { number, query, after: after.map(|call| call.number), reply, _turn: turn };
        shared.commands.send(Command::Call(call)).map_err(|_| self.closed())?;
        Ok(Pending { number, answer, shared: Arc::clone(shared), over: false })
    }

    /// Serializes in the layer of this connection.
    ///
    /// # Errors
    /// [`InvokeError::Encode`].
    pub fn encode(&self, request: &impl Encode) -> Result<Bytes, InvokeError> {
        Ok(zaun_tl::to_bytes(request, self.shared.layer)?.into())
    }

    /// Whether there is a link; it can be watched.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.shared.state.clone()
    }

    /// What [`ConnectionBuilder::saved`] takes next time, instead of a key exchange.
    #[must_use]
    pub fn saved(&self) -> SavedSession {
        self.shared.saved.borrow().clone()
    }

    /// The permanent key.
    #[must_use]
    pub fn auth_key(&self) -> AuthKey {
        self.saved().key
    }

    /// Ends it: calls that wait fail with [`Closed::Disconnected`]. Returns when everything is put away.
    pub async fn disconnect(&self) {
        let _ = self.shared.commands.send(Command::Disconnect);
        self.closed_for_good().await;
    }

    /// Waits until it is closed for good, and says why.
    pub async fn closed_for_good(&self) -> Closed {
        let mut state = self.shared.state.clone();
        loop {
            if let State::Closed(why) = &*state.borrow_and_update() {
                return why.clone();
            }
            if state.changed().await.is_err() {
                return self.shared.reason();
            }
        }
    }

    fn closed(&self) -> InvokeError {
        InvokeError::Closed(self.shared.reason())
    }
}

impl Shared {
    fn reason(&self) -> Closed {
        match &*self.state.borrow() {
            State::Closed(why) => why.clone(),
            _ => Closed::Disconnected,
        }
    }
}

impl Pending {
    /// Waits for the serialized result, at most as long as the builder allowed.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub async fn result(mut self) -> Result<Bytes, InvokeError> {
        let answered = match self.shared.timeout {
            None => (&mut self.answer).await,
            Some(limit) => match tokio::time::timeout(limit, &mut self.answer).await {
                Ok(answered) => answered,
                Err(_) => return Err(InvokeError::Timeout(limit)),
            },
        };
        self.over = true;
        answered.unwrap_or_else(|_| Err(InvokeError::Closed(self.shared.reason())))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.over {
            let _ = self.shared.commands.send(Command::Cancel(self.number));
        }
    }
}
