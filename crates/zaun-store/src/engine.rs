//! The SQLite engine: one writer thread with group commit, several reader threads over the write-ahead log.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, oneshot};

use crate::{StoreError, Tx, migrate};

/// Closures that one commit may carry. A group ends when the queue is empty or this many ran, so that the first
/// caller of a group never waits for an endless stream behind it.
pub const MAX_GROUP: usize = 512;
/// Write closures that may wait; a further caller waits before it enters the queue.
pub const MAX_QUEUED_WRITES: usize = 16_384;
/// Read closures that may wait, as above.
const MAX_QUEUED_READS: usize = 16_384;
/// Prepared statements kept per connection: about the number of distinct statements in [`crate::repo`].
const STATEMENT_CACHE: usize = 256;
/// Page cache per connection, in KiB (negative means KiB to SQLite).
const CACHE_KIB: i64 = -8 * 1024;

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// `synchronous=FULL`: an acknowledged write survives power loss.
    Full,
    /// `synchronous=OFF`: for the sandbox, whose data is thrown away at the end.
    Ephemeral,
}

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// See [`Durability`].
    pub durability: Durability,
    /// Reader threads, at least 1.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Self {
        let readers = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        Options { durability: Durability::Full, readers }
    }
}

/// A closure on its way through a thread, with the place where its caller waits.
trait Job: Send {
    /// Runs the closure; `true` if its changes are to be kept.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Answers the caller, after the transaction ended as told.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<F, A, T, E> {
    work: F,
    after: A,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<F, A, T, E> Job for Task<F, A, T, E>
where
    F: Fn(&Tx<'_>) -> Result<T, E> + Send,
    A: FnOnce(&mut T) + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let result = catch_unwind(AssertUnwindSafe(|| (self.work)(tx))).unwrap_or_else(|panic| {
            tracing::error!(panic = panic_text(&*panic), "a storage closure panicked");
            Err(StoreError::Panicked.into())
        });
        self.result.insert(result).is_ok()
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let task = *self;
        let mut result = match (committed, task.result) {
            (Ok(()), Some(result)) | (Err(_), Some(result @ Err(_))) => result,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Closed.into()),
        };
        if let Ok(value) = &mut result {
            // The work is committed whatever happens here, and the thread has others to serve.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (task.after)(value))) {
                tracing::error!(panic = panic_text(&*panic), "what should follow a commit panicked");
            }
        }
        // The caller may have gone away; the work stands all the same.
        let _ = task.answer.send(result);
    }
}

/// Jobs waiting for a thread.
struct Queue {
    state: Mutex<(VecDeque<Box<dyn Job>>, bool)>,
    ready: Condvar,
    permits: Semaphore,
}

impl Queue {
    fn new(limit: usize) -> Arc<Self> {
        Arc::new(Queue {
            state: Mutex::new((VecDeque::new(), false)),
            ready: Condvar::new(),
            permits: Semaphore::new(limit),
        })
    }

    async fn push(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        // The permit is handed back by `pop`, so that the limit counts waiting jobs only.
        self.permits.acquire().await.map_err(|_| StoreError::Closed)?.forget();
        let mut state = self.state.lock();
        if state.1 {
            return Err(StoreError::Closed);
        }
        state.0.push_back(job);
        self.ready.notify_one();
        Ok(())
    }

    /// The next job; waits for one if `block`. `None` when empty (not blocking) or closed and drained.
    fn pop(&self, block: bool) -> Option<Box<dyn Job>> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.0.pop_front() {
                self.permits.add_permits(1);
                return Some(job);
            }
            if state.1 || !block {
                return None;
            }
            self.ready.wait(&mut state);
        }
    }

    fn close(&self) {
        self.state.lock().1 = true;
        self.ready.notify_all();
    }
}

struct Inner {
    writes: Arc<Queue>,
    reads: Arc<Queue>,
    writer: Mutex<Vec<JoinHandle<()>>>,
    readers: Mutex<Vec<JoinHandle<()>>>,
    path: PathBuf,
}

/// A handle on the database; clones share it. The last one to go finishes the queued work and closes the files.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl Store {
    /// Opens (and creates, and migrates) the database file at `path`.
    pub fn open(path: &Path, options: &Options) -> Result<Store, StoreError> {
        let shown: Arc<str> = path.display().to_string().into();
        let mut writer = connect(path, options, false)?;
        migrate::run(&mut writer, &shown)?;
        let (writes, reads) = (Queue::new(MAX_QUEUED_WRITES), Queue::new(MAX_QUEUED_READS));
        let writer = vec![spawn("store-writer", {
            let (queue, shown) = (writes.clone(), shown.clone());
            move || write_loop(&writer, &queue, &shown)
        })?];
        let mut readers = Vec::new();
        for _ in 0..options.readers.max(1) {
            let (conn, queue, shown) = (connect(path, options, true)?, reads.clone(), shown.clone());
            readers.push(spawn("store-reader", move || read_loop(&conn, &queue, &shown))?);
        }
        let (writer, readers) = (Mutex::new(writer), Mutex::new(readers));
        Ok(Store { inner: Arc::new(Inner { writes, reads, writer, readers, path: path.to_owned() }) })
    }

    /// Path of the database file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs `work` in a write transaction; its answer arrives after the commit is durable. An `Err` from `work`
    /// rolls its own changes back and nobody else's. `work` may be run again, so it must not have other effects.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        submit(&self.inner.writes, work, |_| {}).await
    }

    /// Like [`Store::write`]; `after` runs between the commit and the answer, in the order of the commits, on the
    /// thread that writes: it must be quick and must not block.
    pub async fn write_then<T, E, F, A>(&self, work: F, after: A) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        A: FnOnce(&mut T) + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        submit(&self.inner.writes, work, after).await
    }

    /// Runs `work` on a snapshot that holds every write answered before.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        submit(&self.inner.reads, work, |_| {}).await
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Readers go first: only the last connection to close may fold the log back into the file.
        for (queue, threads) in [(&self.reads, &self.readers), (&self.writes, &self.writer)] {
            queue.close();
            for thread in threads.lock().drain(..) {
                // A thread that panicked has already reported it; there is nothing left to save here.
                let _ = thread.join();
            }
        }
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|e| StoreError::Statement(format!("cannot start a storage thread: {e}")))
}

fn connect(path: &Path, options: &Options, read_only: bool) -> Result<Connection, StoreError> {
    let shown = path.display().to_string();
    let fail = |e: rusqlite::Error| StoreError::from_sqlite(&e, &shown);
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let conn = Connection::open_with_flags(path, flags).map_err(fail)?;
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    conn.pragma_update(None, "cache_size", CACHE_KIB).map_err(fail)?;
    if !read_only {
        conn.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
        let mode = if options.durability == Durability::Full { "FULL" } else { "OFF" };
        conn.pragma_update(None, "synchronous", mode).map_err(fail)?;
        conn.pragma_update(None, "foreign_keys", true).map_err(fail)?;
    }
    Ok(conn)
}

async fn submit<T, E, F, A>(queue: &Queue, work: F, after: A) -> Result<T, E>
where
    F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
    A: FnOnce(&mut T) + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    queue.push(Box::new(Task { work, after, result: None, answer })).await?;
    answered.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

fn read_loop(conn: &Connection, queue: &Queue, path: &str) {
    while let Some(mut job) = queue.pop(true) {
        let begun = conn.execute_batch("BEGIN").map_err(|e| StoreError::from_sqlite(&e, path));
        if begun.is_ok() {
            job.run(&Tx::new(conn, path));
        }
        job.finish(begun);
        roll_back(conn);
    }
}

/// Ends a transaction that is not to be kept. When this fails there is none any more.
fn roll_back(conn: &Connection) {
    if !conn.is_autocommit() {
        let _ = conn.execute_batch("ROLLBACK");
    }
}

fn write_loop(conn: &Connection, queue: &Queue, path: &str) {
    while let Some(first) = queue.pop(true) {
        write_group(conn, queue, path, first);
    }
}

/// Runs what is ready now as one transaction, a savepoint per closure, and answers after the commit.
fn write_group(conn: &Connection, queue: &Queue, path: &str, first: Box<dyn Job>) {
    let fail = |e: rusqlite::Error| StoreError::from_sqlite(&e, path);
    let mut outcome = conn.execute_batch("BEGIN IMMEDIATE").map_err(fail);
    let mut group = Vec::new();
    let mut next = Some(first);
    while let Some(mut job) = next {
        if outcome.is_ok() {
            outcome = run_in_savepoint(conn, path, &mut *job);
        }
        group.push(job);
        let more = outcome.is_ok() && group.len() < MAX_GROUP;
        next = if more { queue.pop(false) } else { None };
    }
    outcome = outcome.and_then(|()| conn.execute_batch("COMMIT").map_err(fail));
    if let Err(error) = &outcome {
        tracing::error!(%error, changes = group.len(), "a commit failed; none of its changes were kept");
        roll_back(conn);
    }
    for job in group {
        job.finish(outcome.clone());
    }
}

/// Runs one closure. An error is one that ended the whole transaction: SQLite rolls everything back by itself on a
/// full disk or an I/O error, and then nobody in the group may be told that his change was kept.
fn run_in_savepoint(conn: &Connection, path: &str, job: &mut dyn Job) -> Result<(), StoreError> {
    let tx = Tx::new(conn, path);
    tx.execute("SAVEPOINT one", &[])?;
    let keep = job.run(&tx);
    if conn.is_autocommit() {
        return Err(StoreError::RolledBack { path: path.to_owned() });
    }
    if !keep {
        tx.execute("ROLLBACK TO one", &[])?;
    }
    tx.execute("RELEASE one", &[]).map(drop)
}
