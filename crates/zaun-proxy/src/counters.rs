//! What the proxy counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

/// Counters of a proxy since it began, and how many connections there are now.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections now, of clients and strangers.
    pub connections: AtomicUsize,
    /// Connections that were accepted.
    pub accepted: AtomicU64,
    /// Connections that found no room.
    pub overflow: AtomicU64,
    /// Strangers that were shown the cover site, or silence.
    pub strangers: AtomicU64,
    /// Headers and hellos that were used before.
    pub replays: AtomicU64,
    /// Clients whose data centre does not exist.
    pub unknown_dc: AtomicU64,
    /// Clients for whom no path was open.
    pub no_path: AtomicU64,
    failed_paths: AtomicU64,
    /// Sessions by kind of path.
    routes: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counters {
    pub(crate) fn path_failed(&self) {
        self.failed_paths.fetch_add(1, Ordering::Relaxed);
    }

    /// Paths that failed.
    pub fn failed_paths(&self) -> u64 {
        self.failed_paths.load(Ordering::Relaxed)
    }

    pub(crate) fn path_used(&self, label: &str) {
        let kinds = ["websocket", "tcp", "proxy"];
        let kind = kinds.into_iter().find(|kind| label.starts_with(kind)).unwrap_or("other");
        *self.routes.lock().entry(kind).or_default() += 1;
    }

    /// Sessions by kind of path.
    pub fn routes(&self) -> BTreeMap<&'static str, u64> {
        self.routes.lock().clone()
    }

    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
