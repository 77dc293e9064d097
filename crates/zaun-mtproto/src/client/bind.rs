//! Change of the key, and binding a temporary one (M-152 … M-165).

use bytes::Bytes;
use rand::CryptoRng;
use zaun_crypto::auth_key::AuthKey;
use zaun_wire::functions::auth::BindTempAuthKey;
use zaun_wire::types::BindAuthKeyInner;

use super::{Event, Monotonic, QueryId, Session, Start, SubmitError};
use crate::binding;
use crate::session::object;

/// What a temporary key is bound with.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The permanent key that it will act for.
    pub permanent: AuthKey,
    /// Random (M-152).
    pub nonce: i64,
    /// When the temporary key ends, unix seconds by the server's clock (M-158).
    pub expires_at: i32,
}

/// A binding that the server has not accepted.
#[derive(Debug)]
pub struct Pending {
    binding: Binding,
    query: QueryId,
}

impl Session {
    /// Goes on with another key in a new session; all queries that wait are taken along.
    pub fn change_key(&mut self, now: Monotonic, key: AuthKey, start: &Start) {
        self.queries.restart();
        let mut next = Session::new(key, start, self.profile, now);
        next.queries = std::mem::take(&mut self.queries);
        next.links = std::mem::take(&mut self.links);
        next.links.iter_mut().for_each(|link| link.begin(now));
        next.events = std::mem::take(&mut self.events);
        next.last_ping_id = self.last_ping_id;
        if let Some(pending) = self.pending.take() {
            next.queries.remove(pending.query, false);
        }
        *self = next;
        self.events.push_back(Event::SessionRenewed { session_id: self.session_id });
        self.events.push_back(Event::Refetch);
    }

    /// Binds the session's key, which is temporary, to a permanent one. No other query leaves before the server has
    /// accepted it. The end is an [`Event`] of the query that is returned; if it is an error, the queries wait until
    /// the key is changed.
    ///
    /// # Errors
    /// [`SubmitError::Full`].
    pub fn bind(&mut self, binding: Binding) -> Result<QueryId, SubmitError> {
        // The real body can be made only when the identifier is known; this one counts its bytes.
        let query = self.queries.add(vec![0; 136].into(), None)?;
        self.pending = Some(Pending { binding, query });
        Ok(query)
    }

    /// The query that has to leave before all others.
    pub(super) fn first(&self) -> Option<QueryId> {
        self.pending.as_ref().map(|pending| pending.query)
    }

    /// An answer came: a binding that was accepted holds nothing back any more.
    pub(super) fn succeeded(&mut self, query: QueryId) {
        if self.first() == Some(query) {
            self.pending = None;
        }
    }

    /// The body of the binding query under an identifier.
    pub(super) fn binding_body(&self, msg_id: i64, rng: &mut (impl CryptoRng + ?Sized)) -> Option<Bytes> {
        let Pending { binding, .. } = self.pending.as_ref()?;
        let Binding { permanent, nonce, expires_at } = binding;
        let inner = BindAuthKeyInner {
            nonce: *nonce,
            temp_auth_key_id: self.key.id(),
            perm_auth_key_id: permanent.id(),
            temp_session_id: self.session_id,
            expires_at: *expires_at,
        };
        Some(object(&BindTempAuthKey {
            perm_auth_key_id: permanent.id(),
            nonce: *nonce,
            expires_at: *expires_at,
            encrypted_message: binding::seal(permanent, msg_id, &inner, rng),
        }))
    }
}
