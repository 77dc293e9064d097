//! The RSA keys of content delivery nodes.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use zaun_crypto::rsa::PublicKey;
use zaun_schema::api::functions::help;
use zaun_schema::api::types;

use super::Client;
use crate::connection::InvokeError;

/// Which keys each node proves itself with, as `help.getCdnConfig` says (M-526).
#[derive(Debug, Default)]
pub struct CdnKeys {
    known: Mutex<HashMap<i16, Arc<[PublicKey]>>>,
}

impl CdnKeys {
    /// Those of one node; none if it is not known.
    pub fn of(&self, dc: i16) -> Arc<[PublicKey]> {
        self.known.lock().get(&dc).cloned().unwrap_or_default()
    }

    /// Takes what the server says in place of all that was known. Keys that cannot be read are left out.
    fn learn(&self, config: &types::CdnConfig) {
        let mut known: HashMap<i16, Vec<PublicKey>> = HashMap::new();
        for key in &config.public_keys {
            if let (Ok(dc), Ok(key)) = (i16::try_from(key.dc_id), PublicKey::from_pem(&key.public_key)) {
                known.entry(dc).or_default().push(key);
            }
        }
        *self.known.lock() = known.into_iter().map(|(dc, keys)| (dc, keys.into())).collect();
    }
}

impl Client {
    /// Learns what is needed to connect to a content delivery node, unless it is known.
    ///
    /// # Errors
    /// [`InvokeError`].
    pub(crate) async fn prepare_cdn(&self, dc: i16) -> Result<(), InvokeError> {
        if self.inner.cdn_keys.of(dc).is_empty() {
            self.inner.cdn_keys.learn(&self.invoke(&help::GetCdnConfig {}).await?);
        }
        if self.inner.cdn_keys.of(dc).is_empty() {
            return Err(InvokeError::Unreachable(format!(
                "no key of the content delivery node {dc} is known"
            )));
        }
        let unknown = self.inner.servers.read().of_cdn(dc).is_empty();
        if unknown { self.refresh_config().await } else { Ok(()) }
    }

    /// A node could not be reached: its keys may be others by now.
    pub(crate) fn forget_cdn_keys(&self, dc: i16) {
        self.inner.cdn_keys.known.lock().remove(&dc);
    }
}
