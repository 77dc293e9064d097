//! What a client keeps between two runs: keys, the account, and how far the updates were followed.

mod file;
mod layout;
mod strings;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use zaun_mtproto::client::SavedSession;

pub use file::FileStorage;
pub use strings::Foreign;

/// What is kept. It holds keys in clear: whoever has it is the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saved {
    /// The account's data centre; 0 before it is known.
    pub main_dc: i16,
    /// Whether the keys are of test servers.
    pub test: bool,
    /// The account.
    pub account: Option<Account>,
    /// A key for each data centre.
    pub keys: BTreeMap<i16, SavedSession>,
    /// How far the updates were followed, as their keeper serializes it.
    pub updates: Vec<u8>,
}

/// Who is logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The user's id.
    pub id: i64,
    /// Whether it is a bot.
    pub bot: bool,
}

/// Why something cannot be loaded or kept.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The disk.
    #[error("session file {0}: {1}")]
    Io(String, std::io::Error),
    /// Another process has it: two clients with one session confuse each other and the server.
    #[error("session file {0} is in use by another client")]
    Locked(String),
    /// It is not what a client kept, or it was damaged.
    #[error("not a saved session: {0}")]
    Malformed(&'static str),
}

/// A place to keep it. Both calls are short; they may block for as long as a disk takes.
pub trait Storage: Send + Sync + 'static {
    /// What was kept last; `None` at the first time.
    ///
    /// # Errors
    /// [`StorageError`].
    fn load(&self) -> Result<Option<Saved>, StorageError>;

    /// Keeps it, as a whole or not at all.
    ///
    /// # Errors
    /// [`StorageError`].
    fn save(&self, saved: &Saved) -> Result<(), StorageError>;
}

/// Keeps everything in memory, for as long as a clone of it lives.
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage {
    saved: Arc<Mutex<Option<Saved>>>,
}

impl MemoryStorage {
    /// Begins with what is there already: from a string of an earlier run, or of another library.
    #[must_use]
    pub fn with(saved: Saved) -> MemoryStorage {
        MemoryStorage { saved: Arc::new(Mutex::new(Some(saved))) }
    }
}

impl Storage for MemoryStorage {
    fn load(&self) -> Result<Option<Saved>, StorageError> {
        Ok(self.saved.lock().clone())
    }

    fn save(&self, saved: &Saved) -> Result<(), StorageError> {
        *self.saved.lock() = Some(saved.clone());
        Ok(())
    }
}

impl Saved {
    /// One line of text that [`Saved::from_string`] reads. A secret: it is the account.
    #[must_use]
    pub fn to_string_session(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(layout::write(self))
    }

    /// Reads what [`Saved::to_string_session`] made.
    ///
    /// # Errors
    /// [`StorageError::Malformed`].
    pub fn from_string(text: &str) -> Result<Saved, StorageError> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim());
        layout::read(&bytes.map_err(|_| StorageError::Malformed("not base64url"))?)
    }
}
