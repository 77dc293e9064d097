//! Why something is refused.

use std::borrow::Cow;

use zaun_blob::BlobError;
use zaun_store::StoreError;

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
    Store(#[from] StoreError),
    /// Stored bytes failed: as above.
    #[error(transparent)]
    Blob(#[from] BlobError),
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
