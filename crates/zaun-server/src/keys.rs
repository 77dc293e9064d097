//! Auth keys: where they are kept, and the ones in memory with their sessions.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;
use zaun_crypto::auth_key::AuthKey;
use zaun_mtproto::UnixTime;

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
}

impl<S: Service> KeyEntry<S> {
    /// The id of the key.
    pub fn id(&self) -> i64 {
        self.stored.key.id()
    }

    /// Its sessions in memory.
    pub fn sessions(&self) -> Vec<Arc<SessionHandle<S>>> {
        self.sessions.lock().values().cloned().collect()
    }

    /// The first salt while it lives.
    pub(crate) fn first_salt(&self, now: UnixTime) -> Option<i64> {
        self.first_salt.filter(|(_, until)| now < *until).map(|(salt, _)| salt)
    }
}

/// The keys in memory.
pub(crate) struct KeyRegistry<S: Service> {
    entries: Mutex<HashMap<i64, Arc<KeyEntry<S>>>>,
}

impl<S: Service> Default for KeyRegistry<S> {
    fn default() -> Self {
        KeyRegistry { entries: Mutex::new(HashMap::new()) }
    }
}

impl<S: Service> KeyRegistry<S> {
    pub(crate) fn cached(&self, key_id: i64) -> Option<Arc<KeyEntry<S>>> {
        self.entries.lock().get(&key_id).cloned()
    }

    /// Adds a key that was loaded or made; if two connections race, the first entry stays.
    pub(crate) fn add(&self, stored: StoredKey, first_salt: Option<(i64, UnixTime)>) -> Arc<KeyEntry<S>> {
        let mut entries = self.entries.lock();
        entries
            .entry(stored.key.id())
            .or_insert_with(|| {
                let (data, sessions) = (S::Key::default(), Mutex::new(HashMap::new()));
                Arc::new(KeyEntry { stored, data, first_salt, sessions })
            })
            .clone()
    }

    pub(crate) fn remove(&self, key_id: i64) -> Option<Arc<KeyEntry<S>>> {
        self.entries.lock().remove(&key_id)
    }

    pub(crate) fn all(&self) -> Vec<Arc<KeyEntry<S>>> {
        self.entries.lock().values().cloned().collect()
    }

    /// Lets go of keys that nobody uses and whose first salt is spent; the store still has them.
    pub(crate) fn sweep(&self, now: UnixTime) {
        self.entries.lock().retain(|_, entry| {
            // One reference is the map's own.
            Arc::strong_count(entry) > 1
                || !entry.sessions.lock().is_empty()
                || entry.first_salt(now).is_some()
        });
    }
}
