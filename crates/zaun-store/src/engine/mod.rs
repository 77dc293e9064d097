//! Stores: closures go through queues to the threads of an engine.

mod cache;
mod image;
mod ledger;
mod postgres;
mod queue;
mod sqlite;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;

use crate::{StoreError, Tx, migrate};
use ledger::Ledger;
use queue::{NOBODY, Queue};

pub use image::Image;
pub use ledger::Budget;
pub use queue::MAX_QUEUED_PER_USER;
pub use sqlite::MAX_WAL_BYTES;

/// Closures that one commit may carry. A group ends when the queue is empty or this many ran, so that the first
/// caller of a group never waits for an endless stream behind it.
pub const MAX_GROUP: usize = 512;
/// Write closures that may wait; a further caller waits before it enters the queue.
pub const MAX_QUEUED_WRITES: usize = 16_384;
/// Read closures that may wait, as above.
const MAX_QUEUED_READS: usize = 16_384;
/// How long a closure may run before its statements fail with [`StoreError::TooSlow`]: a thousand times what a screen
/// needs, and little enough that one bad query does not become everybody's outage.
pub const MAX_CLOSURE: Duration = Duration::from_secs(2);

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// `synchronous=FULL`, `synchronous_commit=on`: an acknowledged write survives power loss.
    Full,
    /// `synchronous=OFF`: for the sandbox, whose data is thrown away at the end.
    Ephemeral,
}

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whether an answered write is on the disk.
    pub durability: Durability,
    /// Threads that read, at least 1; with PostgreSQL also the number of connections that read.
    pub readers: usize,
}

impl Default for Options {
    fn default() -> Self {
        let readers = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        Options { durability: Durability::Full, readers }
    }
}

struct Inner {
    writes: Arc<Queue>,
    reads: Arc<Queue>,
    ledger: Arc<Ledger>,
    writers: Mutex<Vec<JoinHandle<()>>>,
    readers: Mutex<Vec<JoinHandle<()>>>,
    /// The database, if it is one of SQLite.
    sqlite: OnceLock<Arc<sqlite::Shared>>,
}

/// A handle on the database; clones share it. The last one to go finishes the queued work and closes the files.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl Store {
    /// Makes a store with so many readers. One user's writes never run side by side: they meet in the user's own box,
    /// where they would stand in each other's way, and be committed in another order than they came in.
    fn new(readers: usize) -> Store {
        let ledger = Arc::new(Ledger::default());
        let reading = readers.saturating_sub(1).max(1);
        Store {
            inner: Arc::new(Inner {
                writes: Queue::new(MAX_QUEUED_WRITES, 1, ledger.clone()),
                reads: Queue::new(MAX_QUEUED_READS, reading, ledger.clone()),
                ledger,
                writers: Mutex::default(),
                readers: Mutex::default(),
                sqlite: OnceLock::new(),
            }),
        }
    }

    /// Opens (and creates, and migrates) the SQLite database file at `path`.
    pub fn open(path: &Path, options: &Options) -> Result<Store, StoreError> {
        let shared = sqlite::Shared::new(path);
        let mut writer = sqlite::connect(&shared, options, false)?;
        migrate::sqlite(&mut writer.conn, &path.display().to_string())?;
        let store = Store::new(options.readers.max(1));
        // Nobody else has the store yet.
        let _ = store.inner.sqlite.set(shared.clone());
        for _ in 0..options.readers.max(1) {
            let (opened, shared) = (sqlite::connect(&shared, options, true)?, shared.clone());
            let reads = store.inner.reads.clone();
            let reader = spawn("store-reader", move || sqlite::read_loop(&opened, &reads, &shared))?;
            store.inner.readers.lock().push(reader);
        }
        let writes = store.inner.writes.clone();
        let writer = spawn("store-writer", move || sqlite::write_loop(&writer, &writes, &shared))?;
        store.inner.writers.lock().push(writer);
        Ok(store)
    }

    /// Opens (and migrates) a PostgreSQL database, given as `postgresql://user:password@host/database` or as
    /// `host=… user=… dbname=…`. The database must exist, in UTF-8.
    ///
    /// Transactions are serializable and run side by side: when one stands in the way of another, its closure is
    /// run again, and ends with [`StoreError::Conflict`] when that happens too often.
    pub fn open_postgres(url: &str, options: &Options) -> Result<Store, StoreError> {
        let server = Arc::new(postgres::Server::new(url, options)?);
        let migrated = {
            let server = server.clone();
            // The driver refuses to wait on a thread that runs asynchronous code, as the caller's may.
            spawn("store-migrations", move || server.migrate())?
        };
        migrated.join().unwrap_or(Err(StoreError::Panicked))?;
        tracing::info!("everything but files is kept in the {}", server.shown);
        let store = Store::new(options.readers.max(1));
        for _ in 0..postgres::WRITERS {
            let (server, writes) = (server.clone(), store.inner.writes.clone());
            let writer = spawn("store-writer", move || postgres::write_loop(&server, &writes))?;
            store.inner.writers.lock().push(writer);
        }
        for _ in 0..options.readers.max(1) {
            let (server, reads) = (server.clone(), store.inner.reads.clone());
            let reader = spawn("store-reader", move || postgres::read_loop(&server, &reads))?;
            store.inner.readers.lock().push(reader);
        }
        Ok(store)
    }

    /// Returns how many statements all closures have run so far, so that tests can assert what a screen may cost.
    pub fn statements(&self) -> u64 {
        self.inner.writes.statements() + self.inner.reads.statements()
    }

    /// Bounds how long the closures of each user may run, reading and writing together; nothing bounds it at first.
    /// Whoever spent it all gets [`StoreError::Spent`] until some of it is there again.
    pub fn set_user_budget(&self, budget: Option<Budget>) {
        self.inner.ledger.set(budget);
    }

    /// Runs `work` in a write transaction; its answer arrives after the commit is durable. An `Err` from `work`
    /// rolls its own changes back and nobody else's. `work` may be run again, so it must not have other effects.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writes.submit(NOBODY, work, |_| {}).await
    }

    /// Runs `work` like [`Store::write`]; `after` runs between the commit and the answer, on the thread that
    /// writes: it must be quick and must not block.
    ///
    /// SQLite's one writer runs them in the order of the commits. PostgreSQL commits side by side and tells no
    /// order: two changes of one box may reach their `after` the other way round, so whoever receives them puts
    /// them in order by their pts.
    pub async fn write_then<T, E, F, A>(&self, work: F, after: A) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        A: FnOnce(&mut T) + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writes.submit(NOBODY, work, after).await
    }

    /// Runs `work` like [`Store::write`] on behalf of a user. Users are served in turn, so that one with many
    /// closures waits behind his own; a user with [`MAX_QUEUED_PER_USER`] waiting gets [`StoreError::Busy`].
    pub async fn write_as<T, E, F>(&self, user: i64, work: F) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writes.submit(user, work, |_| {}).await
    }

    /// Runs `work` like [`Store::write_as`] with an `after` as in [`Store::write_then`].
    pub async fn write_then_as<T, E, F, A>(&self, user: i64, work: F, after: A) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        A: FnOnce(&mut T) + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.writes.submit(user, work, after).await
    }

    /// Runs `work` on a snapshot that holds every write answered before.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.reads.submit(NOBODY, work, |_| {}).await
    }

    /// Runs `work` like [`Store::read`] on behalf of a user, in turn as [`Store::write_as`] says. One user's closures
    /// never have all readers, if there are several.
    pub async fn read_as<T, E, F>(&self, user: i64, work: F) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.reads.submit(user, work, |_| {}).await
    }

    /// Finishes the queued work and closes the database, whoever else holds the store; later closures get
    /// [`StoreError::Closed`]. Blocks the thread meanwhile.
    pub fn close(&self) {
        self.inner.close();
    }
}

impl Inner {
    fn close(&self) {
        // Readers go first: the last connection to close folds the log back into the file.
        for (queue, threads) in [(&self.reads, &self.readers), (&self.writes, &self.writers)] {
            queue.close();
            for thread in threads.lock().drain(..) {
                // A closure may hold the last handle; its own thread ends without anybody's wait.
                if thread.thread().id() != std::thread::current().id() {
                    // A thread that panicked has already reported it; there is nothing left to save here.
                    let _ = thread.join();
                }
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(|e| StoreError::Statement(format!("cannot start a storage thread: {e}")))
}
