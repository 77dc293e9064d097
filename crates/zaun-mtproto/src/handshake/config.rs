//! What both roles are told by their owner.

use std::sync::Arc;

use super::MAX_EXPIRES_IN_S;
use zaun_crypto::rsa::{PrivateKey, PublicKey};

/// What a server offers and accepts.
#[derive(Debug)]
pub struct ServerConfig {
    /// The keys, all of them offered in every resPQ (M-096).
    pub keys: Vec<PrivateKey>,
    /// Whether the older RSA scheme is tried when RSA_PAD does not verify (M-108). On by default, against M-109:
    /// Telethon and the Pyrogram family still send it.
    pub old_rsa: bool,
    /// Which dc a client may believe to talk to.
    pub dc: DcPolicy,
    /// A temporary key gets at most this life, in seconds (M-116).
    pub max_expires_in_s: i32,
}

impl ServerConfig {
    /// The defaults: both RSA schemes, any dc, temporary keys for up to two days.
    #[must_use]
    pub fn new(keys: Vec<PrivateKey>) -> Self {
        Self { keys, old_rsa: true, dc: DcPolicy::Any, max_expires_in_s: MAX_EXPIRES_IN_S }
    }
}

/// Which dc ids the inner data may name; inner data without one is always accepted (M-113 … M-115).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DcPolicy {
    /// Any: one server plays all data centres.
    Any,
    /// This id or its negative, which means media; a test server's id includes the 10000. Others get −444.
    Only(i32),
}

impl DcPolicy {
    /// Whether a client may name `dc`.
    #[must_use]
    pub fn accepts(self, dc: i32) -> bool {
        match self {
            Self::Any => true,
            Self::Only(own) => dc.checked_abs() == Some(own),
        }
    }
}

/// How a client encrypts its inner data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaScheme {
    /// RSA_PAD (M-105).
    Pad,
    /// SHA-1, data, random bytes (M-107).
    Old,
}

/// What a client asks for.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The server keys it trusts.
    pub keys: Arc<[PublicKey]>,
    /// The dc it believes to talk to, with 10000 for a test server and negative for media (M-113); `None` sends inner
    /// data without it, as older clients do.
    pub dc: Option<i32>,
    /// Asks for a temporary key of this life in seconds (M-116).
    pub expires_in: Option<i32>,
    /// How the inner data is encrypted.
    pub scheme: RsaScheme,
    /// Begins with req_pq, not req_pq_multi (M-092).
    pub old_req_pq: bool,
}

impl ClientConfig {
    /// A permanent key by RSA_PAD, dc 2.
    #[must_use]
    pub fn new(keys: impl Into<Arc<[PublicKey]>>) -> Self {
        Self { keys: keys.into(), dc: Some(2), expires_in: None, scheme: RsaScheme::Pad, old_req_pq: false }
    }
}
