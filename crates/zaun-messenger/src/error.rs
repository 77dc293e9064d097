//! Why something is refused.

use std::borrow::Cow;

use zaun_blob::BlobError;
use zaun_store::StoreError;

use crate::errors;

/// A refusal by the rules, or storage trouble.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The rules say no; the code and text are those that clients know (M-418).
    #[error("{code} {text}")]
    Refused {
        /// HTTP-like.
        code: i32,
        /// `[A-Z_0-9]+`.
        text: Cow<'static, str>,
    },
    /// Storage failed: 500 towards the client (M-431), with the cause in the log.
    #[error(transparent)]
    Store(StoreError),
    /// Stored bytes failed: as above.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// Seconds after which a client may ask again for what was too much: by then its other calls are answered.
const BUSY_WAIT_S: i64 = 1;
/// The same for a call that took too long and would again: long enough that repeating it costs others nothing.
const SLOW_WAIT_S: i64 = 30;

impl From<StoreError> for Error {
    /// What one user asks too much of becomes a wait for that user (M-428), a text that no client writes a refusal, and
    /// anything else trouble of the server.
    fn from(error: StoreError) -> Error {
        match error {
            StoreError::Busy => Error::flood(BUSY_WAIT_S),
            StoreError::Spent { seconds } => Error::flood(seconds),
            StoreError::TooSlow => {
                tracing::warn!("a call took too long in the store and was ended");
                Error::flood(SLOW_WAIT_S)
            }
            StoreError::NulInText => Error::bad(errors::INPUT_FETCH_ERROR),
            other => Error::Store(other),
        }
    }
}

impl Error {
    /// 400: the query is wrong (M-420).
    pub fn bad(text: &'static str) -> Error {
        Error::Refused { code: 400, text: Cow::Borrowed(text) }
    }

    /// Any other code.
    pub fn refused(code: i32, text: impl Into<Cow<'static, str>>) -> Error {
        Error::Refused { code, text: text.into() }
    }

    /// 420: wait so many seconds, at least one (M-428, M-430).
    pub fn flood(seconds: i64) -> Error {
        Error::refused(420, format!("FLOOD_WAIT_{}", seconds.max(1)))
    }
}
