//! The RPC handlers that put the messenger behind the server: decode, authorize, one call, encode.
//!
//! One function per method, in a module per namespace: `messages.sendMessage` is [`messages::send_message`]. The
//! register `methods.toml` lists *all* methods of the schema; dispatch is generated from it. Conversions to wire
//! types live once per type in [`to_tl`].

mod account;
mod auth;
mod contacts;
mod deliver;
mod help;
mod keys;
mod langpack;
mod messages;
mod photos;
mod register;
mod to_tl;
mod updates;
mod upload;
mod users;
mod wrappers;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use zaun_messenger::{Actor, Error, Messenger};
use zaun_server::{Answering, Context, Handle, RpcError, Service, SessionHandle};
use zaun_store::repo::keys::ClientRow;

pub use deliver::{Deliverer, announce_offline};
pub use keys::StoredKeys;
pub use register::{Access, Entry, Flood, REGISTER};

/// How this server presents itself to clients.
#[derive(Debug, Clone)]
pub struct Options {
    /// The DC of clients that do not say which one they mean.
    pub home_dc: i32,
    /// Address that clients are told to connect to.
    pub address: std::net::IpAddr,
    /// Port of that address.
    pub port: u16,
}

/// What the API keeps per auth key.
#[derive(Default)]
pub struct KeyState {
    loaded: OnceCell<()>,
    facts: Mutex<KeyFacts>,
}

#[derive(Default, Clone)]
struct KeyFacts {
    user_id: Option<i64>,
    revoked: bool,
    client: ClientRow,
}

/// What the API keeps per session.
#[derive(Default)]
pub struct SessionState {
    /// Updates go to sessions that called something other than file methods (M-372, M-374).
    wants_updates: AtomicBool,
}

/// The API as a service.
pub struct Api {
    messenger: Arc<Messenger>,
    options: Options,
    sessions: Mutex<HashMap<i64, Vec<Weak<SessionHandle<Api>>>>>,
    server: OnceLock<Handle<Api>>,
}

impl Api {
    /// The API over a messenger; `outlet` is the one that the messenger was opened with.
    pub fn new(messenger: Arc<Messenger>, options: Options) -> Api {
        Api { messenger, options, sessions: Mutex::default(), server: OnceLock::new() }
    }

    /// Tells the API of the server it runs in, so that it can reach keys and sessions.
    pub fn started(&self, server: Handle<Api>) {
        // A second call would name the same server.
        let _ = self.server.set(server);
    }

    /// The sessions of a user that are to get updates.
    pub(crate) fn sessions_of(&self, user_id: i64) -> Vec<Arc<SessionHandle<Api>>> {
        let mut sessions = self.sessions.lock();
        let Some(list) = sessions.get_mut(&user_id) else { return Vec::new() };
        list.retain(|weak| weak.strong_count() > 0);
        let alive = list.iter().filter_map(Weak::upgrade);
        alive.filter(|s| s.key.data.facts.lock().user_id == Some(user_id)).collect()
    }

    fn subscribe(&self, session: &Arc<SessionHandle<Api>>, user_id: i64) {
        if session.data.wants_updates.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut sessions = self.sessions.lock();
        let list = sessions.entry(user_id).or_default();
        list.retain(|weak| weak.strong_count() > 0);
        list.push(Arc::downgrade(session));
    }

    /// Forgets who is logged in on a key, after a logout there or elsewhere.
    pub(crate) fn signed_out(&self, key_id: i64, revoked: bool) {
        let Some(key) = self.server.get().and_then(|server| server.key(key_id)) else { return };
        {
            let mut facts = key.data.facts.lock();
            facts.user_id = None;
            facts.revoked = revoked;
        }
        for session in key.sessions() {
            session.data.wants_updates.store(false, Ordering::Relaxed);
            if revoked {
                // The client asks for the difference, and learns from the answer that it is logged out.
                deliver::push_too_long(&session);
            }
        }
    }

    async fn load(self: &Arc<Self>, context: &Context<Api>) -> Result<(), Error> {
        let key = &context.session.key;
        let load = || async {
            let key_id = key.id();
            let found = self.messenger.authorization(key_id).await?;
            let layer = self.messenger.read(move |tx| Ok(zaun_store::repo::keys::find(tx, key_id)?)).await?;
            let mut facts = key.data.facts.lock();
            facts.user_id = found.map(|a| a.user_id);
            facts.client.layer = layer.and_then(|row| row.layer);
            Ok(())
        };
        key.data.loaded.get_or_try_init(load).await.map(drop)
    }
}

impl Service for Api {
    type Key = KeyState;
    type Session = SessionState;

    fn call(self: &Arc<Self>, context: Context<Self>, body: Bytes) -> Answering {
        let api = self.clone();
        Box::pin(async move {
            api.load(&context).await.map_err(|error| fail("loading the authorization", error))?;
            wrappers::call(api, context, body).await
        })
    }

    fn connections_changed(&self, session: &SessionHandle<Self>) {
        let user = session.key.data.facts.lock().user_id;
        if let Some(user) = user.filter(|user| !session.is_connected() && !self.is_connected(*user)) {
            deliver::went_offline(self, user);
        }
    }

    fn updates_lost(&self, session: &SessionHandle<Self>) {
        deliver::push_too_long(session);
    }
}

impl Api {
    fn is_connected(&self, user_id: i64) -> bool {
        self.sessions_of(user_id).iter().any(|session| session.is_connected())
    }
}

/// One call of a method, by whoever makes it.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) api: Arc<Api>,
    pub(crate) context: Context<Api>,
    /// The layer in which the answer is written.
    pub(crate) layer: i32,
    /// The method's id as it came in: an old one may want an old form of the answer.
    pub(crate) method_id: u32,
    /// Who is logged in; 0 for nobody.
    pub(crate) user_id: i64,
    /// The messages that invokeWithMessagesRange lets histories and searches see, both ends included (M-415).
    pub(crate) range: (i32, i32),
}

impl Call {
    pub(crate) fn messenger(&self) -> &Messenger {
        &self.api.messenger
    }

    pub(crate) fn actor(&self) -> Actor {
        let session = &self.context.session;
        Actor { user_id: self.user_id, key_id: session.key.id(), session_id: session.id }
    }

    /// The DC that the client believes it talks to: from its key, from the connection, or the home DC.
    pub(crate) fn dc(&self) -> i32 {
        let said = [self.context.session.key.stored.dc, self.context.dc_hint.map_or(0, i32::from)];
        let known = said.into_iter().map(|dc| dc.unsigned_abs() % 10_000).find(|dc| (1..=5).contains(dc));
        known.and_then(|dc| i32::try_from(dc).ok()).unwrap_or(self.api.options.home_dc)
    }

    /// Whether the client believes it talks to a test DC (M-113).
    pub(crate) fn is_test(&self) -> bool {
        self.context.session.key.stored.dc.unsigned_abs() > 10_000
    }

    pub(crate) fn view(&self) -> to_tl::View<'_> {
        to_tl::View { messenger: self.messenger(), viewer: self.user_id, dc: self.dc() }
    }

    /// Notes a login or logout on this key.
    pub(crate) fn set_user(&self, user_id: Option<i64>) {
        let mut facts = self.context.session.key.data.facts.lock();
        facts.user_id = user_id;
        facts.revoked = false;
    }
}

/// From a refusal of the rules to the error on the wire. Storage trouble is 500 and never 401 (M-422, M-431).
pub(crate) fn fail(what: &str, error: Error) -> RpcError {
    match error {
        Error::Refused { code, text } => RpcError::new(code, text.into_owned()),
        Error::Store(_) | Error::Blob(_) => {
            tracing::error!(%error, "{what} failed");
            RpcError::internal()
        }
    }
}
