//! Why a server refuses, and what the client is told.

use super::plain::PlainError;
use zaun_crypto::bignum::BignumError;
use zaun_tl::DecodeError;

/// A transport error to send, and the reason for the log: the client learns only the code (M-117).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Refusal {
    /// −404, −429 or −444.
    pub code: i32,
    /// What was wrong.
    pub reason: Reason,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { code: reason.code(), reason }
    }
}

/// What was wrong with a handshake query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The plaintext envelope is malformed.
    #[error(transparent)]
    Plain(#[from] PlainError),
    /// The body is above [`super::MAX_BODY_BYTES`].
    #[error("plaintext body of {0} bytes")]
    TooLong(usize),
    /// The query does not parse.
    #[error("the query does not parse: {0} (M-088)")]
    Malformed(DecodeError),
    /// A function that is not allowed in plaintext.
    #[error("{0} is not allowed in plaintext (M-086, M-088)")]
    NotPlaintext(&'static str),
    /// No run has this nonce and server_nonce.
    #[error("no run with this nonce and server_nonce (M-100, M-101)")]
    UnknownRun,
    /// The run is older than ten minutes.
    #[error("the run has expired (M-145)")]
    Expired,
    /// The query is correct but out of its turn.
    #[error("{0} is not due now (M-100)")]
    OutOfTurn(&'static str),
    /// An earlier query of the run was refused.
    #[error("an earlier query of this run was refused (M-118)")]
    Poisoned,
    /// p and q are not the factors of pq in order.
    #[error("p and q are not the factors of pq in ascending order (M-102)")]
    Factors,
    /// The fingerprint was not offered.
    #[error("key {0:016x} was not offered (M-103)")]
    Fingerprint(i64),
    /// The encrypted data has a wrong length.
    #[error("encrypted_data of {0} bytes (M-104, M-130)")]
    EncryptedLength(usize),
    /// Neither RSA scheme verifies.
    #[error("the RSA payload does not verify in any scheme (M-105, M-107, M-108)")]
    Rsa,
    /// The inner data does not parse.
    #[error("the inner data does not parse: {0} (M-110, M-131)")]
    Inner(DecodeError),
    /// A field of the inner data differs from the run.
    #[error("{0} of the inner data is not that of the run (M-111, M-132)")]
    InnerField(&'static str),
    /// The dc is not this one.
    #[error("dc {0} is not served here (M-114, M-115)")]
    Dc(i32),
    /// The life of a temporary key is not positive.
    #[error("expires_in {0} is not positive (M-116)")]
    ExpiresIn(i32),
    /// The hash of client_DH_inner_data is wrong, or its padding too long.
    #[error("client_DH_inner_data does not match its SHA-1, or has more than 15 bytes of padding (M-131)")]
    ClientHash,
    /// retry_id does not name the failed key.
    #[error("retry_id does not belong to the previous attempt (M-133)")]
    RetryId,
    /// g_b is out of range.
    #[error("g_b is out of range (M-134, M-327)")]
    PublicValue,
    /// Too many runs.
    #[error("too many runs on one connection (M-146)")]
    TooManyRuns,
    /// Not the client's fault: the arithmetic failed for want of memory.
    #[error(transparent)]
    Arithmetic(#[from] BignumError),
}

impl Reason {
    /// What goes out: −444 for a wrong dc (M-051), −429 for too many runs (M-050), −404 for the rest (M-049).
    #[must_use]
    pub fn code(&self) -> i32 {
        match self {
            Self::Dc(_) => -444,
            Self::TooManyRuns => -429,
            _ => -404,
        }
    }
}
