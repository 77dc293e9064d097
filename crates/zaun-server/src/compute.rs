//! A bounded place for RSA and DH arithmetic, off the I/O threads (M-147).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::limits::MAX_QUEUED_COMPUTATIONS;

/// Runs computations on blocking threads, at most one per processor at a time.
pub(crate) struct Compute {
    running: Arc<Semaphore>,
    queued: Arc<AtomicUsize>,
}

impl Default for Compute {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Compute { running: Arc::new(Semaphore::new(processors)), queued: Arc::default() }
    }
}

impl Compute {
    /// Queues `work`; `None` if too much waits already (M-146).
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<JoinHandle<Option<T>>> {
        if self.queued.fetch_add(1, Ordering::Relaxed) >= MAX_QUEUED_COMPUTATIONS {
            self.queued.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let (running, queued) = (self.running.clone(), self.queued.clone());
        Some(tokio::spawn(async move {
            let permit = running.acquire_owned().await;
            queued.fetch_sub(1, Ordering::Relaxed);
            let _permit = permit.ok()?;
            tokio::task::spawn_blocking(work).await.ok()
        }))
    }
}
