//! The RPC handlers that put the messenger behind the server: decode, authorize, one call, encode.
//!
//! One function per method, in a module per namespace: `messages.sendMessage` is [`messages::send_message`]. The
//! register `methods.toml` lists *all* methods of the schema; dispatch is generated from it. Conversions to wire
//! types live once per type in [`to_tl`].

mod account;
mod auth;
mod bots;
mod channels;
mod contacts;
mod deliver;
mod empty;
mod folders;
mod from_tl;
mod help;
mod langpack;
mod messages;
mod payments;
mod photos;
mod register;
mod stickers;
mod stories;
mod subscriptions;
mod to_tl;
mod topology;
mod updates;
mod upload;
mod users;
mod wrappers;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use zaun_messenger::authorizations::ClientRow;
use zaun_messenger::views::{Scene, UserRow};
use zaun_messenger::{Actor, Error, Messenger};
use zaun_model::UserId;
use zaun_server::{Answering, Context, Handle, KeyEntry, RpcError, Service, SessionHandle, WeakHandle};

use subscriptions::Subscriptions;
use to_tl::Viewer;

pub use deliver::Deliverer;
pub use register::{Access, Entry, Flood, REGISTER};
pub use topology::{DcAddress, Options};

/// What the API keeps per auth key.
#[derive(Default)]
pub struct KeyState {
    loaded: OnceCell<()>,
    facts: Mutex<KeyFacts>,
}

impl KeyState {
    /// Who is logged in.
    pub(crate) fn user_id(&self) -> Option<UserId> {
        self.facts.lock().user_id
    }

    /// The layer that the client speaks, if it said so.
    pub(crate) fn layer(&self) -> Option<i32> {
        self.facts.lock().client.layer
    }
}

#[derive(Default, Clone)]
pub(crate) struct KeyFacts {
    user_id: Option<UserId>,
    /// Whether that is a bot.
    bot: bool,
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
    subscriptions: Subscriptions,
    server: OnceLock<WeakHandle<Api>>,
}

impl Api {
    /// The API over a messenger; `outlet` is the one that the messenger was opened with.
    pub fn new(messenger: Arc<Messenger>, options: Options) -> Api {
        Api { messenger, options, subscriptions: Subscriptions::default(), server: OnceLock::new() }
    }

    /// Cuts all connections and forgets every key and session in memory: for whoever put another content under the
    /// messenger.
    pub fn forget_sessions(&self) {
        if let Some(server) = self.server() {
            server.forget_keys();
        }
        self.subscriptions.clear();
    }

    /// Closes every connection that has a session, without a word.
    pub fn cut_connections(&self) {
        if let Some(server) = self.server() {
            server.cut_connections();
        }
    }

    /// The server in front of it, while there is one.
    fn server(&self) -> Option<Handle<Api>> {
        self.server.get().and_then(WeakHandle::upgrade)
    }

    /// Lets a session have updates from now on, and those of the channels that its user is in.
    async fn subscribe(&self, session: &Arc<SessionHandle<Api>>, user: UserId) -> Result<(), Error> {
        if session.data.wants_updates.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        if self.subscriptions.add(user, session) {
            for (channel, seat) in self.messenger.seats_of(user).await? {
                self.subscriptions.take_seat(user, channel, Some(seat));
            }
        }
        Ok(())
    }

    /// Forgets who is logged in on a key, after a logout there or elsewhere.
    pub(crate) fn signed_out(&self, key_id: i64, revoked: bool) {
        let Some(key) = self.server().and_then(|server| server.key(key_id)) else { return };
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
            let known = self.messenger.key_facts(key_id).await?;
            let mut facts = key.data.facts.lock();
            facts.user_id = known.user.as_ref().map(|user| user.id);
            facts.bot = known.user.as_ref().is_some_and(UserRow::is_bot);
            facts.home_dc = known.user.map_or(0, |user| user.home_dc);
            facts.client.layer = known.layer;
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
        let _ = self.server.set(server.downgrade());
    }

    fn connections_changed(&self, session: &SessionHandle<Self>) {
        let user = session.identity().data.user_id();
        if let Some(user) = user.filter(|user| !session.is_connected() && !self.is_connected(*user)) {
            deliver::went_offline(self, user);
        }
    }

    fn session_ended(&self, session: &SessionHandle<Self>) {
        if let Some(user) = session.identity().data.user_id() {
            self.subscriptions.remove(user, session);
        }
    }

    fn updates_lost(&self, session: &SessionHandle<Self>) {
        deliver::push_too_long(session);
    }
}

impl Api {
    fn is_connected(&self, user: UserId) -> bool {
        self.subscriptions.of_user(user).iter().any(|session| session.is_connected())
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
    /// Who is logged in; id 0 for nobody.
    pub(crate) user_id: UserId,
    /// Whether that is a bot.
    pub(crate) bot: bool,
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

    /// The language of the client, two letters; empty if it did not say.
    pub(crate) fn lang(&self) -> String {
        let lang = self.key.data.facts.lock().client.lang_code.to_ascii_lowercase();
        lang.split(['-', '_']).next().filter(|lang| lang.len() == 2).unwrap_or_default().to_owned()
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

    /// The caller's eyes, on a scene.
    pub(crate) fn view<'a>(&'a self, scene: &'a Scene) -> to_tl::View<'a> {
        let messenger = self.messenger();
        to_tl::View {
            access: &messenger.access,
            presence: &messenger.presence,
            now: messenger.now(),
            viewer: Viewer::User(self.user_id),
            dc: self.api.options.files_dc.unwrap_or(self.dc()),
            scene,
        }
    }

    /// Ends a handler: `make` builds the answer with the users and chats that it mentions.
    pub(crate) fn answer<T>(&self, scene: &Scene, make: impl FnOnce(to_tl::Lists) -> T) -> T {
        make(self.view(scene).lists())
    }

    /// Notes a login or logout on this key.
    pub(crate) fn set_user(&self, user: Option<&UserRow>) {
        let mut facts = self.key.data.facts.lock();
        facts.user_id = user.map(|user| user.id);
        facts.bot = user.is_some_and(UserRow::is_bot);
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
