//! The way to the data centres: routes of the settings, the paths they give, the race between those, and what was learned.

mod memory;
mod pool;
mod probe;
mod race;
mod routes;

use std::sync::Arc;

pub use memory::{Memory, Standing};
pub(crate) use pool::Pool;
pub use probe::probe;
pub use race::{Exhausted, Opened};
pub use routes::{Path, Route, RouteError, Target, Upstream};

use crate::counters::Counters;

/// Everything that opens connections to data centres.
#[derive(Debug)]
pub struct Paths {
    /// Where they lead.
    pub upstream: Upstream,
    pub(crate) memory: Arc<Memory>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) counters: Arc<Counters>,
}

impl Paths {
    /// New paths that know nothing yet.
    #[must_use]
    pub fn new(upstream: Upstream, memory: Arc<Memory>, counters: Arc<Counters>) -> Paths {
        let pool = Arc::new(Pool::new(upstream.pool_size, upstream.pool_age));
        Paths { upstream, memory, pool, counters }
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
            for path in self.upstream.paths(target) {
                if path.pooled {
                    self.pool.refill(&path);
                    // The second name is for when the first fails.
                    break;
                }
            }
        }
    }
}
