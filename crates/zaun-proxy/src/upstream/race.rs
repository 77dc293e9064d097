//! The race: paths start one after the other, without waiting for each other's end; the first that is open wins.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use zaun_link::Io;

use super::Paths;
use super::routes::{Path, Target};
use crate::limits::CONNECT;

/// An open path.
pub struct Opened {
    /// Which.
    pub path: Path,
    /// The connection.
    pub io: Box<dyn Io>,
    /// How long it took.
    pub took: Duration,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({})", self.path.label)
    }
}

/// A connection and how long it took, or why there is none.
type Attempt = Result<(Box<dyn Io>, Duration), String>;

/// No path could be opened.
#[derive(Debug, thiserror::Error)]
#[error("no path leads to {target}: {}", .reasons.join("; "))]
pub struct Exhausted {
    /// Where to.
    pub target: Target,
    /// Why, for each.
    pub reasons: Vec<String>,
}

impl Paths {
    /// All paths to a target, best first.
    #[must_use]
    pub fn arranged(&self, target: Target) -> Vec<Path> {
        self.memory.arrange(target, self.paths(target))
    }

    /// Opens one of these paths, and takes it and those that failed off the list.
    ///
    /// # Errors
    /// [`Exhausted`].
    pub async fn open(&self, target: Target, paths: &mut Vec<Path>) -> Result<Opened, Exhausted> {
        let mut racing: JoinSet<(Path, Attempt)> = JoinSet::new();
        let mut waiting = std::mem::take(paths);
        waiting.reverse();
        let mut started: Vec<Path> = Vec::new();
        let mut reasons = Vec::new();
        loop {
            if let Some(path) = waiting.pop() {
                started.push(path.clone());
                let pool = Arc::clone(&self.pool);
                racing.spawn(async move {
                    let begun = Instant::now();
                    let result = connect(&pool, &path).await;
                    (path, result.map(|io| (io, begun.elapsed())))
                });
            } else if racing.is_empty() {
                return Err(Exhausted { target, reasons });
            }
            let finished = tokio::select! {
                finished = racing.join_next() => finished,
                () = sleep(self.upstream.stagger), if !waiting.is_empty() => None,
            };
            let Some(Ok((path, result))) = finished else { continue };
            started.retain(|other| other.label != path.label);
            match result {
                Ok((io, took)) => {
                    // Losers are asked again if the winner turns out to be mute.
                    waiting.reverse();
                    *paths = started.into_iter().chain(waiting).collect();
                    return Ok(Opened { path, io, took });
                }
                Err(error) => {
                    tracing::debug!("{target} by {}: {error}", path.label);
                    self.failed(target, &path, &error);
                    reasons.push(format!("{}: {error}", path.label));
                }
            }
        }
    }

    /// A path failed.
    pub(crate) fn failed(&self, target: Target, path: &Path, error: &str) {
        self.memory.failed(target, &path.label, error);
        self.counters.path_failed();
    }
}

async fn connect(pool: &Arc<super::Pool>, path: &Path) -> Result<Box<dyn Io>, String> {
    if path.pooled {
        if let Some(io) = pool.take(path) {
            return Ok(io);
        }
        pool.refill(path);
    }
    match timeout(CONNECT, path.dial.open(path.address.clone())).await {
        Ok(Ok(io)) => Ok(io),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no connection within {} s", CONNECT.as_secs())),
    }
}
