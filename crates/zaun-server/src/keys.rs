//! Auth keys: where they are kept, and the ones in memory with their sessions.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::Mutex;
use zaun_crypto::auth_key::AuthKey;
use zaun_mtproto::UnixTime;

use crate::flood::Bucket;
use crate::limits::{MAX_TEMPORARY_KEYS, MAX_TEMPORARY_KEYS_PER_KEY};
use crate::server::Handle;
use crate::service::Service;
use crate::session::SessionHandle;

/// A key as the store keeps it.
#[derive(Debug, Clone)]
pub struct StoredKey {
    /// The 256 bytes.
    pub key: AuthKey,
    /// When it was made, unix seconds.
    pub created_at: i64,
    /// The DC for which the client made it (M-113): 10000 is added for test servers, negative means media.
    pub dc: i32,
    /// When it ends, unix seconds; `None` for a permanent key.
    pub expires_at: Option<i64>,
}

/// Storage failed. The connection is closed without a word, because −404 would make the client drop its key (M-054).
#[derive(Debug, Clone, thiserror::Error)]
#[error("key storage: {0}")]
pub struct KeyStoreError(pub String);

/// What a [`KeyStore`] answers with.
pub type KeyFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyStoreError>> + Send + 'a>>;

/// Where auth keys are kept.
pub trait KeyStore: Send + Sync + 'static {
    /// The key with this id.
    fn load(&self, key_id: i64) -> KeyFuture<'_, Option<StoredKey>>;
    /// Keeps a new key, durably before it answers (M-137). `false` if the id is taken (M-138).
    fn insert(&self, key: StoredKey) -> KeyFuture<'_, bool>;
    /// Destroys a key and every authorization on it (M-310); `false` if there was none.
    fn remove(&self, key_id: i64) -> KeyFuture<'_, bool>;
}

/// Keys in memory, gone with the process: for examples and tests.
#[derive(Default)]
pub struct MemoryKeys {
    keys: Mutex<HashMap<i64, StoredKey>>,
}

impl KeyStore for MemoryKeys {
    fn load(&self, key_id: i64) -> KeyFuture<'_, Option<StoredKey>> {
        Box::pin(async move { Ok(self.keys.lock().get(&key_id).cloned()) })
    }

    fn insert(&self, key: StoredKey) -> KeyFuture<'_, bool> {
        Box::pin(async move {
            let mut keys = self.keys.lock();
            let free = !keys.contains_key(&key.key.id());
            if free {
                keys.insert(key.key.id(), key);
            }
            Ok(free)
        })
    }

    fn remove(&self, key_id: i64) -> KeyFuture<'_, bool> {
        Box::pin(async move { Ok(self.keys.lock().remove(&key_id).is_some()) })
    }
}

/// A key in use: the key, its sessions, and what the service keeps of it.
pub struct KeyEntry<S: Service> {
    /// The key.
    pub stored: StoredKey,
    /// What the service keeps per key.
    pub data: S::Key,
    /// The salt that came out of the key exchange, with the end of its life (M-142).
    pub(crate) first_salt: Option<(i64, UnixTime)>,
    pub(crate) sessions: Mutex<HashMap<i64, Arc<SessionHandle<S>>>>,
    packets: Mutex<Bucket>,
    /// The permanent key for which a temporary one acts (M-167).
    permanent: Mutex<Option<Arc<KeyEntry<S>>>>,
    /// The temporary keys that act for this one, the newest last.
    temporary: Mutex<VecDeque<Weak<KeyEntry<S>>>>,
}

impl<S: Service> KeyEntry<S> {
    fn new(stored: StoredKey, first_salt: Option<(i64, UnixTime)>) -> KeyEntry<S> {
        KeyEntry {
            stored,
            data: S::Key::default(),
            first_salt,
            sessions: Mutex::default(),
            packets: Mutex::default(),
            permanent: Mutex::default(),
            temporary: Mutex::default(),
        }
    }

    /// The id of the key.
    pub fn id(&self) -> i64 {
        self.stored.key.id()
    }

    /// Its sessions in memory.
    pub fn sessions(&self) -> Vec<Arc<SessionHandle<S>>> {
        self.sessions.lock().values().cloned().collect()
    }

    /// Whether it was made for a limited time (M-148).
    pub fn is_temporary(&self) -> bool {
        self.stored.expires_at.is_some()
    }

    /// Whether its time is over.
    pub fn has_expired(&self, now: UnixTime) -> bool {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        self.stored.expires_at.is_some_and(|at| at <= now)
    }

    /// The permanent key for which a temporary one was bound to act (M-167).
    pub fn permanent(&self) -> Option<Arc<KeyEntry<S>>> {
        self.permanent.lock().clone()
    }

    /// The temporary keys that are bound to this one and still live.
    pub fn temporary_keys(&self) -> Vec<Arc<KeyEntry<S>>> {
        self.temporary.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// Its own sessions, and those of the temporary keys that act for it.
    pub fn all_sessions(&self) -> Vec<Arc<SessionHandle<S>>> {
        let mut sessions = self.sessions();
        self.temporary_keys().iter().for_each(|key| sessions.extend(key.sessions()));
        sessions
    }

    /// Lets this temporary key act for a permanent one. `false` if it acts for another one already (M-161). The oldest
    /// binding beyond [`MAX_TEMPORARY_KEYS_PER_KEY`] is returned, to be dropped.
    pub(crate) fn bind(
        self: &Arc<Self>,
        permanent: &Arc<KeyEntry<S>>,
    ) -> Result<Option<Arc<KeyEntry<S>>>, Bound> {
        {
            let mut bound = self.permanent.lock();
            match &*bound {
                Some(other) if other.id() == permanent.id() => return Ok(None),
                Some(_) => return Err(Bound),
                None => *bound = Some(permanent.clone()),
            }
        }
        let mut temporary = permanent.temporary.lock();
        temporary.retain(|key| key.strong_count() > 0);
        temporary.push_back(Arc::downgrade(self));
        let full = temporary.len() > MAX_TEMPORARY_KEYS_PER_KEY;
        Ok(if full { temporary.pop_front().and_then(|key| key.upgrade()) } else { None })
    }

    /// Whether one more packet is allowed now (M-050).
    pub(crate) fn allow_packet(&self, handle: &Handle<S>) -> bool {
        self.packets.lock().take(handle.shared.addresses.limits.packets, Instant::now())
    }

    /// The first salt while it lives.
    pub(crate) fn first_salt(&self, now: UnixTime) -> Option<i64> {
        self.first_salt.filter(|(_, until)| now < *until).map(|(salt, _)| salt)
    }
}

/// A temporary key acts for another permanent key already (M-161).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound;

/// The keys in memory.
pub(crate) struct KeyRegistry<S: Service> {
    keys: Mutex<Keys<S>>,
}

struct Keys<S: Service> {
    entries: HashMap<i64, Arc<KeyEntry<S>>>,
    /// The temporary ones, in the order they were made: memory is the only place where they are (M-148).
    temporary: VecDeque<i64>,
}

impl<S: Service> Default for KeyRegistry<S> {
    fn default() -> Self {
        KeyRegistry { keys: Mutex::new(Keys { entries: HashMap::new(), temporary: VecDeque::new() }) }
    }
}

impl<S: Service> KeyRegistry<S> {
    pub(crate) fn cached(&self, key_id: i64) -> Option<Arc<KeyEntry<S>>> {
        self.keys.lock().entries.get(&key_id).cloned()
    }

    /// Adds a key that was loaded or made; if two connections race, the first entry stays.
    pub(crate) fn add(&self, stored: StoredKey, first_salt: Option<(i64, UnixTime)>) -> Arc<KeyEntry<S>> {
        let mut keys = self.keys.lock();
        let (id, temporary) = (stored.key.id(), stored.expires_at.is_some());
        let new = !keys.entries.contains_key(&id);
        let entry =
            keys.entries.entry(id).or_insert_with(|| Arc::new(KeyEntry::new(stored, first_salt))).clone();
        if new && temporary {
            keys.temporary.push_back(id);
            if keys.temporary.len() > MAX_TEMPORARY_KEYS
                && let Some(oldest) = keys.temporary.pop_front()
            {
                // It may vanish earlier than it was promised (M-148).
                keys.entries.remove(&oldest);
            }
        }
        entry
    }

    pub(crate) fn remove(&self, key_id: i64) -> Option<Arc<KeyEntry<S>>> {
        self.keys.lock().entries.remove(&key_id)
    }

    pub(crate) fn all(&self) -> Vec<Arc<KeyEntry<S>>> {
        self.keys.lock().entries.values().cloned().collect()
    }

    /// Lets go of permanent keys that nobody uses and whose first salt is spent, because the store still has them, and
    /// of temporary keys whose time is over; returns the latter.
    pub(crate) fn sweep(&self, now: UnixTime) -> Vec<Arc<KeyEntry<S>>> {
        let mut keys = self.keys.lock();
        let mut expired = Vec::new();
        keys.entries.retain(|_, entry| {
            if entry.is_temporary() {
                let over = entry.has_expired(now);
                if over {
                    expired.push(entry.clone());
                }
                return !over;
            }
            // One reference is the map's own.
            Arc::strong_count(entry) > 1
                || !entry.sessions.lock().is_empty()
                || entry.first_salt(now).is_some()
        });
        let Keys { entries, temporary } = &mut *keys;
        temporary.retain(|id| entries.contains_key(id));
        expired
    }
}
