//! auth.bindTempAuthKey as far as it is MTProto: a temporary key begins to act for a permanent one (M-152 … M-170).

use zaun_mtproto::binding::{self, BindingError};
use zaun_wire::types::BindAuthKeyInner;

use crate::keys::{Bound, KeyStoreError};
use crate::service::{Context, Service};

/// How much later than the key's own end a binding may say that it ends, in seconds: some clients add a little (M-160).
const EXPIRES_SLACK_S: i64 = 60;

/// The arguments of the method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindRequest {
    /// The permanent key.
    pub perm_auth_key_id: i64,
    /// Random, the same inside and outside.
    pub nonce: i64,
    /// When the binding ends, unix seconds.
    pub expires_at: i32,
    /// The proof, sealed with the permanent key.
    pub encrypted_message: bytes::Bytes,
}

/// Why a binding is refused; the first four are errors of the method.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BindRefusal {
    /// 400 ENCRYPTED_MESSAGE_INVALID (M-159).
    #[error(transparent)]
    Message(#[from] BindingError),
    /// 400 EXPIRES_AT_INVALID (M-160).
    #[error("expires_at {expires_at} is in the past, or after the end of the temporary key at {end} (M-160)")]
    ExpiresAt {
        /// As asked for.
        expires_at: i64,
        /// When the key ends.
        end: i64,
    },
    /// 400 TEMP_AUTH_KEY_ALREADY_BOUND (M-161).
    #[error("the temporary key acts for another permanent key already (M-161)")]
    AlreadyBound,
    /// 400 TEMP_AUTH_KEY_EMPTY (M-162).
    #[error("the request came on a permanent key (M-162)")]
    NotTemporary,
    /// 500: the client must not draw conclusions about its keys (M-165).
    #[error(transparent)]
    Storage(#[from] KeyStoreError),
}

impl<S: Service> Context<S> {
    /// Lets the key in use act for the permanent key of the request, after every check. Repeating it succeeds (M-163).
    /// A permanent key keeps several temporary ones, against M-164, because clients bind one for each of their parallel
    /// connections; the oldest beyond [`MAX_TEMPORARY_KEYS_PER_KEY`](crate::limits::MAX_TEMPORARY_KEYS_PER_KEY) is
    /// dropped.
    ///
    /// # Errors
    /// [`BindRefusal`].
    pub async fn bind_temporary_key(&self, request: &BindRequest) -> Result<(), BindRefusal> {
        let temporary = &self.session.key;
        let Some(end) = temporary.stored.expires_at else { return Err(BindRefusal::NotTemporary) };
        let now = i64::try_from(self.server.now().as_secs()).unwrap_or(i64::MAX);
        let expires_at = i64::from(request.expires_at);
        if expires_at <= now || expires_at > end + EXPIRES_SLACK_S {
            return Err(BindRefusal::ExpiresAt { expires_at, end });
        }
        let permanent = self.server.load_key(request.perm_auth_key_id).await?;
        // An unknown key looks like a wrong proof: the client drops both and starts over, which is what it has to do.
        let permanent = permanent.filter(|key| !key.is_temporary()).ok_or(BindingError::KeyId)?;
        let expected = BindAuthKeyInner {
            nonce: request.nonce,
            temp_auth_key_id: temporary.id(),
            perm_auth_key_id: request.perm_auth_key_id,
            temp_session_id: self.session.id,
            expires_at: request.expires_at,
        };
        binding::open(&permanent.stored.key, &request.encrypted_message, self.msg_id, &expected)?;
        let replaced = temporary.bind(&permanent).map_err(|Bound| BindRefusal::AlreadyBound)?;
        if let Some(oldest) = replaced {
            self.server.drop_key(oldest.id());
        }
        Ok(())
    }
}
