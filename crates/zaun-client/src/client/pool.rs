//! One connection per data centre and purpose, made when it is needed.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use tokio::sync::Mutex;
use zaun_mtproto::client::SavedSession;

use super::{CALL_TIMEOUT, Inner};
use crate::connection::{Closed, Connection, ConnectionBuilder, InvokeError, PushedQueue, State};
use crate::servers::DcAddress;

/// Changes the settings of every connection.
pub type Configure = Arc<dyn Fn(ConnectionBuilder) -> ConnectionBuilder + Send + Sync>;

/// What a connection is for. Files have connections of their own, so that a message never waits behind a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Everything but files; at the account's data centre updates come on it.
    Main,
    /// Uploads, on several connections side by side.
    Upload(u8),
    /// Downloads, the same.
    Download(u8),
    /// Downloads from a content delivery node, the same. It has RSA keys of its own, knows no account and takes hardly
    /// any method (M-523).
    Cdn(u8),
}

impl Purpose {
    fn is_media(self) -> bool {
        matches!(self, Purpose::Upload(_) | Purpose::Download(_))
    }

    pub(super) fn is_cdn(self) -> bool {
        matches!(self, Purpose::Cdn(_))
    }

    /// The one whose key the others of a data centre use.
    fn first(self) -> Purpose {
        if self.is_cdn() { Purpose::Cdn(0) } else { Purpose::Main }
    }
}

type Slot = Arc<Mutex<Option<Connection>>>;

pub struct Pool {
    configure: Configure,
    slots: parking_lot::Mutex<HashMap<(i16, Purpose), Slot>>,
    /// Keys of content delivery nodes. They are not worth keeping: nobody is logged in there.
    cdn: parking_lot::Mutex<HashMap<i16, SavedSession>>,
}

impl Pool {
    pub fn new(configure: Configure) -> Pool {
        Pool { configure, slots: parking_lot::Mutex::default(), cdn: parking_lot::Mutex::default() }
    }

    pub async fn connection(
        &self,
        inner: &Arc<Inner>,
        dc: i16,
        purpose: Purpose,
    ) -> Result<Connection, InvokeError> {
        let slot = self.slots.lock().entry((dc, purpose)).or_default().clone();
        let mut slot = slot.lock().await;
        if let Some(connection) = &*slot {
            match &*connection.state().borrow() {
                State::Closed(Closed::KeyUnknown) if purpose.is_cdn() => {
                    self.cdn.lock().remove(&dc);
                }
                State::Closed(Closed::KeyUnknown) => inner.forget_key(dc)?,
                State::Closed(_) => {}
                State::Connected | State::Connecting => return Ok(connection.clone()),
            }
        }
        // The others use the key that the first connection of this data centre has made.
        if purpose != purpose.first() && self.key(inner, dc, purpose).is_none() {
            Box::pin(self.connection(inner, dc, purpose.first())).await?;
        }
        let connection = self.open(inner, dc, purpose).await?;
        *slot = Some(connection.clone());
        Ok(connection)
    }

    fn key(&self, inner: &Inner, dc: i16, purpose: Purpose) -> Option<SavedSession> {
        if purpose.is_cdn() {
            return self.cdn.lock().get(&dc).cloned();
        }
        inner.saved.lock().keys.get(&dc).cloned()
    }

    fn keep_key(&self, inner: &Inner, dc: i16, purpose: Purpose, key: SavedSession) {
        if purpose.is_cdn() {
            self.cdn.lock().insert(dc, key);
        } else {
            inner.saved.lock().keys.insert(dc, key);
        }
    }

    /// What leads to a data centre, as far as it depends on the purpose.
    fn way(inner: &Inner, dc: i16, purpose: Purpose) -> Result<ConnectionBuilder, InvokeError> {
        let servers = inner.servers.read();
        let (addresses, keys) = if purpose.is_cdn() {
            (servers.of_cdn(dc), inner.cdn_keys.of(dc))
        } else {
            (servers.of(dc, purpose.is_media()), servers.keys.clone())
        };
        let Some(first) = addresses.first() else {
            return Err(InvokeError::Unreachable(format!("no address of data centre {dc} is known")));
        };
        let builder = to(first, &addresses).keys(keys);
        Ok(builder.dc(servers.wire_id(dc, first.media_only)).timeout(Some(CALL_TIMEOUT)))
    }

    async fn open(&self, inner: &Arc<Inner>, dc: i16, purpose: Purpose) -> Result<Connection, InvokeError> {
        let builder = Pool::way(inner, dc, purpose)?;
        let known = self.key(inner, dc, purpose);
        let mut builder = (self.configure)(builder.introduce(inner.app.introduce(purpose)));
        if purpose.is_cdn() {
            // Binding a temporary key is not among the methods of a content delivery node.
            builder = builder.permanent_keys();
        }
        if let Some(saved) = &known {
            // Every connection has a session of its own; only the main one may end the former session.
            let session_id = if purpose == Purpose::Main { saved.session_id } else { 0 };
            builder = builder.saved(SavedSession { session_id, ..saved.clone() });
        }
        let (connection, pushed) = builder
            .connect_with_updates()
            .await
            .map_err(|error| InvokeError::Unreachable(format!("data centre {dc}: {error}")))?;
        if known.is_none() {
            self.keep_key(inner, dc, purpose, connection.saved());
        }
        if purpose == Purpose::Main {
            tokio::spawn(pass_on(pushed, Arc::downgrade(inner)));
        }
        Ok(connection)
    }

    /// Ends all connections; what the main ones learnt is kept.
    pub async fn disconnect(&self, inner: &Inner) {
        let slots: Vec<_> = self.slots.lock().drain().collect();
        for ((dc, purpose), slot) in slots {
            let Some(connection) = slot.lock().await.take() else { continue };
            connection.disconnect().await;
            if purpose == Purpose::Main
                && let Some(key) = inner.saved.lock().keys.get_mut(&dc)
            {
                *key = connection.saved();
            }
        }
    }

    /// Ends all connections, and nothing is kept.
    pub async fn clear(&self) {
        self.cdn.lock().clear();
        let slots: Vec<_> = self.slots.lock().drain().collect();
        for (_, slot) in slots {
            if let Some(connection) = slot.lock().await.take() {
                connection.disconnect().await;
            }
        }
    }
}

impl Inner {
    /// A data centre does not know its key any more. That of the account's is not made anew: it was the account, and
    /// whoever uses the client has to hear of it.
    fn forget_key(&self, dc: i16) -> Result<(), InvokeError> {
        let mut saved = self.saved.lock();
        if saved.account.is_some() && saved.main_dc == dc {
            return Err(InvokeError::Closed(Closed::KeyUnknown));
        }
        saved.keys.remove(&dc);
        Ok(())
    }
}

/// A builder for the addresses that share the first one's secret.
fn to(first: &DcAddress, addresses: &[DcAddress]) -> ConnectionBuilder {
    let mut builder = Connection::builder(first.address.clone());
    for other in addresses.iter().skip(1).filter(|other| other.secret == first.secret) {
        builder = builder.address(other.address.clone());
    }
    match &first.secret {
        Some(secret) => builder.secret(secret.clone()),
        None => builder,
    }
}

/// Passes on what the server pushes, if anybody follows it.
async fn pass_on(mut from: PushedQueue, inner: Weak<Inner>) {
    let Some(to) = inner.upgrade().map(|inner| inner.pushed.clone()) else { return };
    while let Some(pushed) = from.recv().await {
        if to.is_closed() {
            return;
        }
        let Some(inner) = inner.upgrade() else { return };
        if inner.is_followed() && !to.try_push(pushed) {
            // Meanwhile the connection drops what is too much for it.
            drop(inner);
            to.missed().await;
        }
    }
    // The connection is closed for good: asking for what comes after leads to another one, or to the reason.
    to.missed().await;
}
