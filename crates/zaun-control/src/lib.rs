//! The control of a sandbox: a test makes people, bots and conversations, acts and looks as any of them, waits until
//! something is so, and moves the clock.
//!
//! Calls are JSON over HTTP on the server's own port (`POST /control/NAME`), for this machine only and with the token
//! that the server announces; [`Control::call`] is the same for tests in Rust. Everything goes through the methods of
//! the messenger as the user who acts, so that what a client would be refused is refused here as well. The calls are
//! described in `docs/SANDBOX.md`.
//!
//! It deliberately is no part of a server in the real world: `zaun serve` makes one only with `--sandbox`.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::as_conversions, clippy::panic))]

mod calls;
mod error;
mod faults;
mod fields;
mod keyboard;
pub mod limits;
mod missing;
mod web;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use rand::RngExt;
use serde_json::Value;
use zaun_messenger::{Actor, Messenger, SERVICE_USER};
use zaun_model::{Peer, UserId};
use zaun_node::Node;

pub use calls::CALLS;
use calls::press::Presses;
use calls::snapshots::Snapshots;
pub use error::Refusal;
use faults::Faults;
use fields::Fields;
use limits::{MAX_KEY_CHARS, MAX_KEYS};
pub use missing::Missing;

/// The control of one sandbox; clones steer the same one.
#[derive(Clone)]
pub struct Control {
    inner: Arc<Inner>,
}

struct Inner {
    node: Arc<Node>,
    token: String,
    /// What the test calls people and conversations.
    keys: Mutex<HashMap<String, Peer>>,
    presses: Presses,
    snapshots: Snapshots,
    faults: Faults,
    missing: missing::Noted,
    /// The last test phone that was given out by itself.
    last_phone: AtomicU32,
    calls: tokio::sync::Semaphore,
}

impl Control {
    /// Makes the control of a node, with a token of its own.
    #[must_use]
    pub fn new(node: Arc<Node>) -> Control {
        let secret: [u8; 16] = rand::rng().random();
        let token = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        Control {
            inner: Arc::new(Inner {
                node,
                token,
                keys: Mutex::default(),
                presses: Presses::default(),
                snapshots: Snapshots::default(),
                faults: Faults::default(),
                missing: missing::Noted::default(),
                last_phone: AtomicU32::new(0),
                calls: tokio::sync::Semaphore::new(limits::MAX_CALLS),
            }),
        }
    }

    /// Returns what callers over HTTP have to know.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.inner.token
    }

    /// Remembers the sandbox as it is now: for the call `reset`. Over PostgreSQL there is none.
    pub async fn begin(&self) {
        if let Err(error) = calls::snapshots::begin(self).await {
            tracing::debug!(%error, "the sandbox cannot be reset");
        }
    }

    /// Makes a call: its name, and its fields as a JSON object.
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let sandbox = zaun_testkit::Sandbox::start().await?;
    /// let anna = sandbox.control().call("create_user", serde_json::json!({ "first_name": "Anna" })).await?;
    /// assert_eq!(anna["first_name"], "Anna");
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A refusal, after which the sandbox is as it was before.
    pub async fn call(&self, name: &str, fields: Value) -> Result<Value, Refusal> {
        let permit = self.inner.calls.try_acquire();
        let _permit = permit.map_err(|_| Refusal::new(503, "too many calls are waiting"))?;
        calls::run(self, name, Fields::of(fields)?).await
    }

    pub(crate) fn node(&self) -> &Node {
        &self.inner.node
    }

    pub(crate) fn messenger(&self) -> &Arc<Messenger> {
        self.inner.node.messenger()
    }

    pub(crate) fn presses(&self) -> &Presses {
        &self.inner.presses
    }

    pub(crate) fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    pub(crate) fn noted(&self) -> &missing::Noted {
        &self.inner.missing
    }

    /// Returns the methods that clients asked for and that do not exist, with how often they did.
    #[must_use]
    pub fn missing(&self) -> Missing {
        self.inner.missing.list()
    }

    pub(crate) fn snapshots(&self) -> &Snapshots {
        &self.inner.snapshots
    }

    /// What the test calls people and conversations, and the last phone that was given out.
    pub(crate) fn names(&self) -> Names {
        let last_phone = self.inner.last_phone.load(Ordering::Relaxed);
        Names { keys: self.inner.keys.lock().clone(), last_phone }
    }

    /// Goes back to what things were called before.
    pub(crate) fn set_names(&self, names: &Names) {
        self.inner.keys.lock().clone_from(&names.keys);
        self.inner.last_phone.store(names.last_phone, Ordering::Relaxed);
        self.presses().clear();
    }

    /// Returns the number of the next test phone to give out.
    pub(crate) fn next_phone(&self) -> u32 {
        self.inner.last_phone.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Takes the key that a call gives to what it makes. It must be free.
    pub(crate) fn new_key(&self, fields: &mut Fields) -> Result<Option<String>, Refusal> {
        let Some(key) = fields.maybe_text("key")? else { return Ok(None) };
        if key.is_empty() || key.starts_with(['@', '+']) || key.chars().count() > MAX_KEY_CHARS {
            let text = format!("a key has up to {MAX_KEY_CHARS} characters and does not begin with @ or +");
            return Err(fields.wrong("key", text));
        }
        let keys = self.inner.keys.lock();
        if keys.contains_key(&key) {
            return Err(fields.wrong("key", "something has this key already"));
        }
        if keys.len() >= MAX_KEYS {
            return Err(fields.wrong("key", format!("there are {MAX_KEYS} keys already")));
        }
        Ok(Some(key))
    }

    /// Remembers what a key stands for.
    pub(crate) fn keep_key(&self, key: Option<String>, peer: Peer) {
        if let Some(key) = key {
            self.inner.keys.lock().insert(key, peer);
        }
    }

    /// Finds whom a value names: an id, a key, `@` and a public name, or `+` and a phone number.
    pub(crate) async fn named(&self, value: &Value) -> Result<Peer, Refusal> {
        let nobody = || Refusal::new(400, format!("nobody here is {value}"));
        match value {
            Value::Number(id) => id.as_i64().and_then(Peer::from_marked).ok_or_else(nobody),
            Value::String(name) => {
                if let Some(username) = name.strip_prefix('@') {
                    return self.messenger().peer_by_name(username).await?.ok_or_else(nobody);
                }
                if name.starts_with('+') {
                    let found = self.messenger().resolve_phone(SERVICE_USER, name).await;
                    return found.map(|(peer, _)| peer).map_err(|_| nobody());
                }
                self.inner.keys.lock().get(name).copied().ok_or_else(nobody)
            }
            _ => Err(Refusal::new(400, "this is to be an id, a key, @name or +phone")),
        }
    }

    /// Takes a field that names a person or a conversation.
    pub(crate) async fn peer(&self, fields: &mut Fields, name: &str) -> Result<Peer, Refusal> {
        let value = fields.value(name)?;
        self.named(&value).await.map_err(|refusal| refusal.of_field(&fields.path(name)))
    }

    /// Finds the user whom a value names.
    pub(crate) async fn named_user(&self, value: &Value) -> Result<UserId, Refusal> {
        let Peer::User(id) = self.named(value).await? else {
            return Err(Refusal::new(400, format!("{value} is no user")));
        };
        let known = zaun_messenger::peers::PeerRef::Known(Peer::User(id));
        let found = self.messenger().person(SERVICE_USER, known).await;
        found.map(|(id, _)| id).map_err(|_| Refusal::new(400, format!("nobody here is {value}")))
    }

    /// Takes a field that names a user.
    pub(crate) async fn user(&self, fields: &mut Fields, name: &str) -> Result<UserId, Refusal> {
        let value = fields.value(name)?;
        self.named_user(&value).await.map_err(|refusal| refusal.of_field(&fields.path(name)))
    }

    /// Takes a list of users.
    pub(crate) async fn users(&self, fields: &mut Fields, name: &str) -> Result<Vec<UserId>, Refusal> {
        let mut users = Vec::new();
        for (path, value) in fields.list(name)? {
            users.push(self.named_user(&value).await.map_err(|refusal| refusal.of_field(&path))?);
        }
        Ok(users)
    }

    /// Takes the field that says who acts or looks.
    pub(crate) async fn actor(&self, fields: &mut Fields) -> Result<Actor, Refusal> {
        self.user(fields, "as").await.map(acting)
    }
}

/// What a snapshot keeps of the control itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    keys: HashMap<String, Peer>,
    last_phone: u32,
}

/// A user as somebody who acts. No session has this key.
pub(crate) fn acting(user_id: UserId) -> Actor {
    Actor { user_id, key_id: -user_id.0, session_id: 0 }
}
