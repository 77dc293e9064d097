//! What time it is, for the rules: the system's time, or one that tests move.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of Unix seconds, shared by its clones. The default is the system's clock.
#[derive(Clone)]
pub struct Clock {
    source: Arc<dyn Fn() -> i64 + Send + Sync>,
    /// Seconds by which the clock was put forward.
    ahead: Arc<AtomicI64>,
}

impl Clock {
    /// Makes a clock of a function that returns Unix seconds.
    pub fn new(now: impl Fn() -> i64 + Send + Sync + 'static) -> Clock {
        Clock { source: Arc::new(now), ahead: Arc::default() }
    }

    /// Returns Unix seconds.
    pub fn now(&self) -> i64 {
        (self.source)().saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// Returns by how many seconds the clock was put forward.
    pub fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    /// Lets the clock and its clones be so many seconds ahead, which may put them back.
    pub fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::Relaxed);
    }

    /// Puts the clock and its clones forward.
    pub fn advance(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
        })
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
