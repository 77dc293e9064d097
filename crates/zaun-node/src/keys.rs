//! Auth keys in the store.

use zaun_crypto::auth_key::AuthKey;
use zaun_model::UnixTime;
use zaun_server::{KeyFuture, KeyStore, KeyStoreError, StoredKey};
use zaun_store::repo::keys;
use zaun_store::{Store, StoreError};

/// Keeps auth keys in the messenger's store, durably (M-137).
pub struct StoredKeys {
    store: Store,
}

impl StoredKeys {
    /// Keys in this store.
    pub fn new(store: Store) -> StoredKeys {
        StoredKeys { store }
    }
}

fn trouble(error: StoreError) -> KeyStoreError {
    KeyStoreError(error.to_string())
}

impl KeyStore for StoredKeys {
    fn load(&self, key_id: i64) -> KeyFuture<'_, Option<StoredKey>> {
        Box::pin(async move {
            let row = self.store.read(move |tx| keys::find(tx, key_id)).await.map_err(trouble)?;
            let Some(row) = row else { return Ok(None) };
            let secret: &[u8; 256] = row
                .secret
                .as_slice()
                .try_into()
                .map_err(|_| KeyStoreError("a stored key is damaged".into()))?;
            Ok(Some(StoredKey {
                key: AuthKey::new(*secret),
                created_at: row.created_at.0,
                dc: i32::try_from(row.dc).unwrap_or(0),
                expires_at: None,
            }))
        })
    }

    fn insert(&self, key: StoredKey) -> KeyFuture<'_, bool> {
        Box::pin(async move {
            let work = move |tx: &zaun_store::Tx<'_>| {
                keys::insert(
                    tx,
                    key.key.id(),
                    key.key.as_bytes(),
                    UnixTime(key.created_at),
                    i64::from(key.dc),
                )
            };
            self.store.write(work).await.map_err(trouble)
        })
    }

    fn remove(&self, key_id: i64) -> KeyFuture<'_, bool> {
        Box::pin(async move { self.store.write(move |tx| keys::delete(tx, key_id)).await.map_err(trouble) })
    }
}
