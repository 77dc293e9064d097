//! The RPC handlers that put the messenger behind the server: decode, authorize, one call, encode.
//!
//! One function per method, in a module per namespace: `messages.sendMessage` is [`messages::send_message`]. The
//! register `methods.toml` lists *all* methods of the schema; dispatch is generated from it. Conversions to wire
//! types live once per type in [`to_tl`].

mod account;
mod assembly;
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
mod topology;
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
use zaun_server::{Answering, Context, Handle, KeyEntry, RpcError, Service, SessionHandle};
use zaun_store::repo::keys::ClientRow;
use zaun_store::repo::users::UserRow;

pub use assembly::{Parts, assemble};
pub use deliver::{Deliverer, announce_offline};
pub use keys::StoredKeys;
pub use register::{Access, Entry, Flood, REGISTER};
pub use topology::{DcAddress, Options};

/// What the API keeps per auth key.
#[derive(Default)]
pub struct KeyState {
    loaded: OnceCell<()>,
    facts: Mutex<KeyFacts>,
}

#[derive(Default, Clone)]
pub(crate) struct KeyFacts {
    user_id: Option<i64>,
    /// The DC that the user is at home in; 0 for all of them.
    home_dc: i64,
    revoked: bool,
    client: ClientRow,
    /// The running takeout of this authorization.
    takeout: Option<i64>,
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

    /// The sessions of a user that are to get updates.
    pub(crate) fn sessions_of(&self, user_id: i64) -> Vec<Arc<SessionHandle<Api>>> {
        let mut sessions = self.sessions.lock();
        let Some(list) = sessions.get_mut(&user_id) else { return Vec::new() };
        list.retain(|weak| weak.strong_count() > 0);
        let alive = list.iter().filter_map(Weak::upgrade);
        alive.filter(|s| s.identity().data.facts.lock().user_id == Some(user_id)).collect()
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
            facts.takeout = None;
        }
        for session in key.all_sessions() {
            session.data.wants_updates.store(false, Ordering::Relaxed);
            if revoked {
                // The client asks for the difference, and learns from the answer that it is logged out.
                deliver::push_too_long(&session);
            }
        }
    }

    async fn load(self: &Arc<Self>, key: &KeyEntry<Api>) -> Result<(), Error> {
        let load = || async {
            let key_id = key.id();
            let found = self.messenger.authorization(key_id).await?;
            let user_id = found.map(|a| a.user_id);
            let (layer, user) = self
                .messenger
                .read(move |tx| {
                    let user = user_id.map(|id| zaun_store::repo::users::find(tx, id)).transpose()?.flatten();
                    Ok((zaun_store::repo::keys::find(tx, key_id)?, user))
                })
                .await?;
            let mut facts = key.data.facts.lock();
            facts.user_id = user_id;
            facts.home_dc = user.map_or(0, |user| user.home_dc);
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
            let key = context.session.identity();
            api.load(&key).await.map_err(|error| fail("loading the authorization", error))?;
            wrappers::call(api, context, body).await
        })
    }

    fn started(&self, server: &Handle<Self>) {
        // A second call would name the same server.
        let _ = self.server.set(server.clone());
    }

    fn connections_changed(&self, session: &SessionHandle<Self>) {
        let user = session.identity().data.facts.lock().user_id;
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
    /// The key to which the authorization belongs; the session may use a temporary one that acts for it (M-167).
    pub(crate) key: Arc<KeyEntry<Api>>,
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
        Actor { user_id: self.user_id, key_id: self.key.id(), session_id: self.context.session.id }
    }

    /// The DC that the client talks to: the listener's, or the one that it believes in: from its key, from the
    /// connection, or the home DC.
    pub(crate) fn dc(&self) -> i32 {
        if let Some(dc) = self.context.dc {
            return dc.id;
        }
        let said = [self.context.session.key.stored.dc, self.context.dc_hint.map_or(0, i32::from)];
        let known = said.into_iter().map(|dc| dc.unsigned_abs() % 10_000).find(|dc| (1..=5).contains(dc));
        known.and_then(|dc| i32::try_from(dc).ok()).unwrap_or(self.api.options.home_dc)
    }

    /// The DC as far as accounts are at home in one; 0 where one listener plays them all.
    pub(crate) fn own_dc(&self) -> i64 {
        if self.api.options.split { i64::from(self.dc()) } else { 0 }
    }

    /// Whether the client talks to a test DC (M-113).
    pub(crate) fn is_test(&self) -> bool {
        if let Some(dc) = self.context.dc {
            return dc.test;
        }
        self.context.session.key.stored.dc.unsigned_abs() > 10_000
    }

    pub(crate) fn view(&self) -> to_tl::View<'_> {
        to_tl::View {
            messenger: self.messenger(),
            viewer: self.user_id,
            dc: self.api.options.files_dc.unwrap_or(self.dc()),
        }
    }

    /// Notes a login or logout on this key.
    pub(crate) fn set_user(&self, user: Option<&UserRow>) {
        let mut facts = self.key.data.facts.lock();
        facts.user_id = user.map(|user| user.id);
        facts.home_dc = user.map_or(0, |user| user.home_dc);
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
