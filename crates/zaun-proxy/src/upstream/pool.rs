//! Connections that wait, upgraded and without a word of MTProto, for the client that needs one.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::timeout;
use zaun_link::Io;

use super::routes::Path;
use crate::limits::{CONNECT, MAX_POOL, POOL_MEMORY, POOL_TICK};

/// Idle connections by path.
#[derive(Debug)]
pub(crate) struct Pool {
    size: usize,
    age: Duration,
    shelves: Mutex<HashMap<String, Shelf>>,
}

struct Shelf {
    path: Path,
    idle: VecDeque<(Box<dyn Io>, Instant)>,
    used: Instant,
    filling: bool,
    /// No connection is tried before; doubles with each failure.
    rest: Option<(Instant, Duration)>,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shelf({}, {} idle)", self.path.label, self.idle.len())
    }
}

impl Pool {
    pub fn new(size: usize, age: Duration) -> Pool {
        Pool { size: size.min(MAX_POOL), age, shelves: Mutex::default() }
    }

    pub fn len(&self) -> usize {
        self.shelves.lock().values().map(|shelf| shelf.idle.len()).sum()
    }

    /// A connection that waited and still lives; others are opened in its place.
    pub fn take(self: &Arc<Pool>, path: &Path) -> Option<Box<dyn Io>> {
        let found = {
            let mut shelves = self.shelves.lock();
            let shelf = shelves.get_mut(&path.label)?;
            shelf.used = Instant::now();
            loop {
                let Some((mut io, since)) = shelf.idle.pop_front() else { break None };
                if since.elapsed() < self.age && is_quiet(&mut io) {
                    break Some(io);
                }
            }
        };
        self.refill(path);
        found
    }

    /// Opens connections in the background until the shelf is full.
    pub fn refill(self: &Arc<Pool>, path: &Path) {
        {
            let mut shelves = self.shelves.lock();
            let shelf = shelves.entry(path.label.clone()).or_insert_with(|| Shelf {
                path: path.clone(),
                idle: VecDeque::new(),
                used: Instant::now(),
                filling: false,
                rest: None,
            });
            let rests = shelf.rest.is_some_and(|(until, _)| until > Instant::now());
            if shelf.filling || rests || shelf.idle.len() >= self.size {
                return;
            }
            shelf.filling = true;
        }
        let (pool, path) = (Arc::clone(self), path.clone());
        tokio::spawn(async move { while pool.add_one(&path).await {} });
    }

    /// Whether there is room for more.
    async fn add_one(&self, path: &Path) -> bool {
        let opened = timeout(CONNECT, path.dial.open(path.address.clone())).await;
        let mut shelves = self.shelves.lock();
        let Some(shelf) = shelves.get_mut(&path.label) else { return false };
        let more = match opened {
            Ok(Ok(io)) => {
                shelf.rest = None;
                shelf.idle.push_back((io, Instant::now()));
                shelf.idle.len() < self.size
            }
            Ok(Err(_)) | Err(_) => {
                let pause = shelf.rest.map_or(crate::limits::FIRST_COOL, |(_, pause)| {
                    pause.saturating_mul(2).min(crate::limits::LONGEST_COOL)
                });
                shelf.rest = Some((Instant::now() + pause, pause));
                false
            }
        };
        shelf.filling = more;
        more
    }

    /// Looks after the shelves until the pool is dropped.
    pub async fn keep(self: Arc<Pool>) {
        let pool = Arc::downgrade(&self);
        drop(self);
        loop {
            tokio::time::sleep(POOL_TICK).await;
            let Some(pool) = pool.upgrade() else { return };
            for path in pool.sweep() {
                pool.refill(&path);
            }
        }
    }

    /// Drops what is old or dead, forgets shelves that nobody uses, and names those that have room.
    fn sweep(&self) -> Vec<Path> {
        let mut shelves = self.shelves.lock();
        shelves.retain(|_, shelf| shelf.used.elapsed() < POOL_MEMORY || shelf.filling);
        let mut paths = Vec::new();
        for shelf in shelves.values_mut() {
            shelf.idle.retain_mut(|(io, since)| since.elapsed() < self.age && is_quiet(io));
            if shelf.idle.len() < self.size {
                paths.push(shelf.path.clone());
            }
        }
        paths
    }
}

/// Whether nothing came on it: a server that says something before the client has closed or refused it.
fn is_quiet(io: &mut Box<dyn Io>) -> bool {
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    let mut reading = std::pin::pin!(poll_fn(|cx| Pin::new(&mut *io).poll_read(cx, &mut buffer)));
    reading.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
}
