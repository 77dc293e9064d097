//! The way to the data centres: routes of the settings, the paths they give, the race between those, and what was learned.

mod memory;
mod pool;
mod probe;
mod race;
mod routes;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

pub use memory::{Memory, Standing};
pub(crate) use pool::Pool;
pub use probe::probe;
pub use race::{Exhausted, Opened};
pub use routes::{Path, Route, RouteError, Target, Upstream};

use crate::counters::Counters;
use crate::limits::MAX_TARGETS;

/// Everything that opens connections to data centres.
#[derive(Debug)]
pub struct Paths {
    /// Where they lead.
    pub upstream: Upstream,
    pub(crate) memory: Arc<Memory>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) counters: Arc<Counters>,
    /// Paths that were made before: what TLS has agreed upon on one of them shortens the next handshake on it.
    made: Mutex<HashMap<Target, Vec<Path>>>,
}

impl Paths {
    /// New paths that know nothing yet.
    #[must_use]
    pub fn new(upstream: Upstream, memory: Arc<Memory>, counters: Arc<Counters>) -> Paths {
        let pool = Arc::new(Pool::new(upstream.pool_size, upstream.pool_age));
        Paths { upstream, memory, pool, counters, made: Mutex::default() }
    }

    /// The paths to a target, in the order of the settings.
    fn paths(&self, target: Target) -> Vec<Path> {
        let mut made = self.made.lock();
        if let Some(paths) = made.get(&target) {
            return paths.clone();
        }
        let paths = self.upstream.paths(target);
        if made.len() < MAX_TARGETS && !paths.is_empty() {
            made.insert(target, paths.clone());
        }
        paths
    }

    /// What is known of every path that was tried.
    #[must_use]
    pub fn standings(&self) -> Vec<Standing> {
        self.memory.standings()
    }

    /// How many connections wait in the pool.
    #[must_use]
    pub fn pooled(&self) -> usize {
        self.pool.len()
    }

    /// Opens the pooled connections of every data centre that has its own address, before anybody asks.
    pub fn warm_up(&self) {
        for target in self.upstream.usual_targets() {
            for path in self.paths(target) {
                if path.pooled {
                    self.pool.refill(&path);
                    // The second name is for when the first fails.
                    break;
                }
            }
        }
    }
}
