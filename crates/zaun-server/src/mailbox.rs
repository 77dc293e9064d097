//! What waits for a connection from outside its task: a wake-up, and packets that were sealed elsewhere.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Sealed packets that may wait for one connection; while it is full, sessions keep what they have.
const MAX_SEALED: usize = 64;

/// The connection's own mailbox; sessions hold it to reach the connection.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    notify: Notify,
    sealed: Mutex<VecDeque<Bytes>>,
    /// Whether the connection sends when it likes, and not only when it is asked.
    streams: AtomicBool,
}

impl Mailbox {
    /// For a connection that sends when it likes.
    pub(crate) fn streaming() -> Mailbox {
        Mailbox { streams: AtomicBool::new(true), ..Mailbox::default() }
    }

    /// Lets the connection look for something to send.
    pub(crate) fn wake(&self) {
        self.notify.notify_one();
    }

    /// Waits for [`Mailbox::wake`].
    pub(crate) async fn woken(&self) {
        self.notify.notified().await;
    }

    /// Whether [`Mailbox::post`] may be called.
    pub(crate) fn takes_sealed(&self) -> bool {
        self.streams.load(Ordering::Relaxed) && self.sealed.lock().len() < MAX_SEALED
    }

    /// From now on the connection seals everything itself.
    pub(crate) fn refuse_sealed(&self) {
        self.streams.store(false, Ordering::Relaxed);
    }

    /// A packet that was sealed together with those of other connections.
    pub(crate) fn post(&self, sealed: Bytes) {
        self.sealed.lock().push_back(sealed);
        self.wake();
    }

    /// The oldest of them.
    pub(crate) fn take(&self) -> Option<Bytes> {
        self.sealed.lock().pop_front()
    }
}
