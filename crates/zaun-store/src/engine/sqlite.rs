//! The SQLite engine: one writer thread with group commit, several reader threads over the write-ahead log.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, OpenFlags, PrepFlags, Statement};

use super::cache::Cache;
use super::queue::{Job, Place, Queue};
use super::{Durability, MAX_CLOSURE, MAX_GROUP, Options};
use crate::tx::{Columns, Session};
use crate::{Dialect, Param, Row, StoreError, Tx, ValueRef, sql};

/// Size at which the write-ahead log is folded back into the database with the readers held for it. SQLite folds
/// it back by itself at 4 MiB, but starts it anew only when no reader is busy: under load, never.
pub const MAX_WAL_BYTES: u64 = 64 * 1024 * 1024;
/// Page cache per connection, in KiB (negative means KiB to SQLite).
const CACHE_KIB: i64 = -8 * 1024;
/// Steps of SQLite's machine between two looks at the clock: less than a millisecond.
const STEPS_PER_LOOK: i32 = 10_000;
/// How long folding the log back waits for readers of other processes, such as a backup.
const FOLD_WAIT: Duration = Duration::from_millis(200);

/// What the threads of one database share.
pub(super) struct Shared {
    path: PathBuf,
    shown: String,
    /// Readers hold it while they run a closure, the writer while it folds the log back.
    gate: RwLock<()>,
}

impl Shared {
    pub(super) fn new(path: &Path) -> Arc<Shared> {
        let shown = path.display().to_string();
        Arc::new(Shared { path: path.to_owned(), shown, gate: RwLock::new(()) })
    }

    pub(super) fn error(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(error, &self.shown)
    }
}

/// An open connection with the time at which its closure must end.
pub(super) struct Opened {
    pub(super) conn: Connection,
    deadline: Arc<Deadline>,
}

/// Opens a connection; the one that writes creates the file.
pub(super) fn connect(shared: &Shared, options: &Options, read_only: bool) -> Result<Opened, StoreError> {
    let fail = |e: rusqlite::Error| shared.error(&e);
    let mut flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags |= if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let mut conn = Connection::open_with_flags(&shared.path, flags).map_err(fail)?;
    conn.pragma_update(None, "cache_size", CACHE_KIB).map_err(fail)?;
    if !read_only {
        conn.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
        let mode = if options.durability == Durability::Full { "FULL" } else { "OFF" };
        conn.pragma_update(None, "synchronous", mode).map_err(fail)?;
        conn.pragma_update(None, "foreign_keys", true).map_err(fail)?;
    }
    let deadline = Arc::new(Deadline { start: Instant::now(), nanos: AtomicU64::new(u64::MAX) });
    let watched = deadline.clone();
    conn.progress_handler(STEPS_PER_LOOK, Some(move || watched.passed())).map_err(fail)?;
    Ok(Opened { conn, deadline })
}

/// When the running closure must end; the progress handler of the connection looks at it.
struct Deadline {
    start: Instant,
    /// Counted from `start`; the maximum while no closure runs.
    nanos: AtomicU64,
}

impl Deadline {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn set(&self) {
        let limit = u64::try_from(MAX_CLOSURE.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.store(self.now().saturating_add(limit), Ordering::Relaxed);
    }

    fn clear(&self) {
        self.nanos.store(u64::MAX, Ordering::Relaxed);
    }

    fn passed(&self) -> bool {
        self.now() > self.nanos.load(Ordering::Relaxed)
    }
}

type Prepared<'c> = Rc<RefCell<Statement<'c>>>;

/// A connection with its prepared statements, on the thread that owns it.
struct SqliteSession<'c> {
    conn: &'c Connection,
    shared: &'c Shared,
    deadline: &'c Deadline,
    statements: RefCell<Cache<Prepared<'c>>>,
    /// The running closure ran a statement that writes.
    wrote: Cell<bool>,
    /// A statement of the running closure was ended by its time limit.
    too_slow: Cell<bool>,
}

impl<'c> SqliteSession<'c> {
    fn new(opened: &'c Opened, shared: &'c Shared) -> Self {
        SqliteSession {
            conn: &opened.conn,
            shared,
            deadline: &opened.deadline,
            statements: RefCell::new(Cache::new()),
            wrote: Cell::new(false),
            too_slow: Cell::new(false),
        }
    }

    /// Runs a closure under its time limit; `true` if its changes are to be kept.
    fn run(&self, job: &mut dyn Job) -> bool {
        self.wrote.set(false);
        self.too_slow.set(false);
        self.deadline.set();
        let keep = job.run(&Tx::new(self));
        self.deadline.clear();
        keep
    }

    /// Runs one of the engine's own statements.
    fn control(&self, sql: &str) -> Result<(), StoreError> {
        self.with_statement(sql, &[], |statement| statement.raw_execute().map(drop))
    }

    /// Ends a transaction that is not to be kept. When this fails there is none any more.
    fn roll_back(&self) {
        if self.in_transaction() {
            let _ = self.control("ROLLBACK");
        }
    }

    fn in_transaction(&self) -> bool {
        !self.conn.is_autocommit()
    }

    /// Runs `body` on the prepared statement with its parameters bound.
    fn with_statement<T>(
        &self,
        sql: &str,
        params: &[Param<'_>],
        body: impl FnOnce(&mut Statement<'c>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        if self.deadline.passed() {
            self.too_slow.set(true);
            return Err(StoreError::TooSlow);
        }
        let found = self.statements.borrow_mut().find(sql);
        let prepared = match found.filter(|statement| statement.try_borrow_mut().is_ok()) {
            Some(statement) => statement,
            None => self.prepare(sql)?,
        };
        let mut statement = prepared.borrow_mut();
        let expected = statement.parameter_count();
        if expected != params.len() {
            return Err(StoreError::Statement(format!(
                "{} parameters where {expected} are used in: {sql}",
                params.len()
            )));
        }
        let result = bind(&mut statement, params).and_then(|()| {
            if !statement.readonly() {
                self.wrote.set(true);
            }
            body(&mut statement)
        });
        if !params.is_empty() {
            statement.clear_bindings();
        }
        result.map_err(|error| {
            let error = self.shared.error(&error);
            self.too_slow.set(self.too_slow.get() || matches!(error, StoreError::TooSlow));
            error
        })
    }

    fn prepare(&self, sql: &str) -> Result<Prepared<'c>, StoreError> {
        let statement = self
            .conn
            .prepare_with_flags(&sql::with_numbers(sql), PrepFlags::SQLITE_PREPARE_PERSISTENT)
            .map_err(|e| self.shared.error(&e))?;
        let statement = Rc::new(RefCell::new(statement));
        self.statements.borrow_mut().keep(sql, statement.clone());
        Ok(statement)
    }
}

fn bind(statement: &mut Statement<'_>, params: &[Param<'_>]) -> rusqlite::Result<()> {
    for (number, param) in (1usize..).zip(params) {
        use rusqlite::types::ValueRef;
        statement.raw_bind_parameter(
            number,
            ToSqlOutput::Borrowed(match param {
                Param::Null => ValueRef::Null,
                Param::Int(value) => ValueRef::Integer(*value),
                Param::Text(text) => ValueRef::Text(text.as_bytes()),
                Param::Blob(bytes) => ValueRef::Blob(bytes),
            }),
        )?;
    }
    Ok(())
}

impl Session for SqliteSession<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<usize, StoreError> {
        self.with_statement(sql, params, Statement::raw_execute)
    }

    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> bool,
    ) -> Result<(), StoreError> {
        self.with_statement(sql, params, |statement| {
            // A statement that writes runs to its end, wanted or not.
            let to_the_end = !statement.readonly();
            let mut rows = statement.raw_query();
            let mut wanted = true;
            while let Some(row) = rows.next()? {
                wanted = wanted && each(&Row::new(row));
                if !wanted && !to_the_end {
                    break;
                }
            }
            Ok(())
        })
    }
}

impl Columns for rusqlite::Row<'_> {
    fn value(&self, index: usize) -> Result<ValueRef<'_>, String> {
        use rusqlite::types::ValueRef as Held;
        Ok(match self.get_ref(index).map_err(|e| e.to_string())? {
            Held::Null => ValueRef::Null,
            Held::Integer(number) => ValueRef::Int(number),
            Held::Real(number) => ValueRef::Real(number),
            Held::Text(text) => ValueRef::Text(str::from_utf8(text).map_err(|e| e.to_string())?),
            Held::Blob(bytes) => ValueRef::Blob(bytes),
        })
    }
}

/// Serves a queue of reads until it is closed and empty.
pub(super) fn read_loop(opened: &Opened, queue: &Queue, shared: &Shared) {
    let (session, mut place) = (SqliteSession::new(opened, shared), Place::new(queue));
    while let Some(mut job) = place.next(true) {
        let _held = shared.gate.read();
        let begun = session.control("BEGIN");
        if begun.is_ok() {
            session.run(&mut *job);
        }
        job.finish(begun);
        session.roll_back();
    }
}

/// Serves a queue of writes until it is closed and empty, and folds the log back at the end.
pub(super) fn write_loop(opened: &Opened, queue: &Queue, shared: &Shared) {
    let (session, place) = (SqliteSession::new(opened, shared), Place::new(queue));
    let mut writer = Writer { session, place, fold_at: MAX_WAL_BYTES };
    while let Some(first) = writer.place.next(true) {
        writer.write_group(first);
        writer.fold_large_log();
    }
    writer.fold_log();
}

struct Writer<'c> {
    session: SqliteSession<'c>,
    place: Place<'c>,
    /// Size of the log at which it is to be folded back.
    fold_at: u64,
}

type Group = Vec<Box<dyn Job>>;

impl Writer<'_> {
    /// Runs what is ready now as one transaction and answers after the commit. Closures run side by side without
    /// savepoints, which cost each of them a journal; only when one fails after it wrote, the group is rolled back
    /// and run again with a savepoint each.
    fn write_group(&mut self, first: Box<dyn Job>) {
        let mut group = Vec::new();
        match self.run_together(first, &mut group) {
            Ok(true) => self.answer(group, Ok(())),
            Err(error) => self.answer(group, Err(error)),
            Ok(false) => {
                self.session.roll_back();
                if group.len() == 1 || self.session.too_slow.get() {
                    // Whoever failed alone has his answer, and whoever took too long would take as long again.
                    if let Some(failed) = group.pop() {
                        failed.finish(Err(self.rolled_back()));
                    }
                }
                self.run_one_by_one(group);
            }
        }
    }

    /// Runs closures as they come and commits; `false` if one of them failed after it wrote, or lost the others'
    /// changes: it is the last of the group then.
    fn run_together(&mut self, first: Box<dyn Job>, group: &mut Group) -> Result<bool, StoreError> {
        let mut next = Some(first);
        let begun = self.session.control("BEGIN IMMEDIATE");
        while let Some(mut job) = next {
            let keep = begun.is_ok() && self.session.run(&mut *job);
            group.push(job);
            begun.clone()?;
            if !self.session.in_transaction() || (!keep && self.session.wrote.get()) {
                return Ok(false);
            }
            next = if group.len() < MAX_GROUP { self.place.next(false) } else { None };
        }
        self.commit().map(|()| true)
    }

    /// Runs a group again, a savepoint for each closure. Who takes too long is answered and left out, because
    /// SQLite rolls everything back when it ends a statement that writes.
    fn run_one_by_one(&self, mut group: Group) {
        while !group.is_empty() {
            for job in &mut group {
                job.reset();
            }
            let (failed, outcome) = self.run_in_savepoints(&mut group);
            match failed.filter(|_| self.session.too_slow.get()) {
                Some(slow) => {
                    self.session.roll_back();
                    group.remove(slow).finish(Err(StoreError::TooSlow));
                }
                None => return self.answer(group, outcome),
            }
        }
    }

    /// Runs a group and commits. Returns which closure ended the whole transaction, if one did: SQLite rolls
    /// everything back by itself on a full disk or an I/O error, and then nobody may be told that his change was
    /// kept.
    fn run_in_savepoints(&self, group: &mut Group) -> (Option<usize>, Result<(), StoreError>) {
        if let Err(error) = self.session.control("BEGIN IMMEDIATE") {
            return (None, Err(error));
        }
        for (number, job) in group.iter_mut().enumerate() {
            if let Err(error) = self.run_in_savepoint(&mut **job) {
                return (Some(number), Err(error));
            }
        }
        (None, self.commit())
    }

    fn run_in_savepoint(&self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.session.control("SAVEPOINT one")?;
        let keep = self.session.run(job);
        if !self.session.in_transaction() {
            return Err(self.rolled_back());
        }
        if !keep {
            self.session.control("ROLLBACK TO one")?;
        }
        self.session.control("RELEASE one")
    }

    fn rolled_back(&self) -> StoreError {
        StoreError::RolledBack { path: self.session.shared.shown.clone() }
    }

    fn commit(&self) -> Result<(), StoreError> {
        self.session.control("COMMIT")
    }

    fn answer(&self, group: Group, outcome: Result<(), StoreError>) {
        if let Err(error) = &outcome {
            self.session.roll_back();
            tracing::error!(%error, changes = group.len(), "a transaction failed; none of its changes were kept");
        }
        for job in group {
            job.finish(outcome.clone());
        }
    }

    /// Folds the log back when it has grown too large, with the readers held for the moment that it needs.
    fn fold_large_log(&mut self) {
        let bytes = self.log_bytes();
        if bytes > self.fold_at {
            let held = self.session.shared.gate.write();
            self.fold_log();
            drop(held);
            // A reader of another process may have prevented it: not again with every commit.
            self.fold_at = self.log_bytes() + MAX_WAL_BYTES;
        }
    }

    fn log_bytes(&self) -> u64 {
        let mut path = self.session.shared.path.clone().into_os_string();
        path.push("-wal");
        std::fs::metadata(path).map_or(0, |file| file.len())
    }

    fn fold_log(&self) {
        let conn = self.session.conn;
        let folded = conn
            .busy_timeout(FOLD_WAIT)
            .and_then(|()| conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)));
        match folded {
            Ok(0) => {}
            Ok(_) => tracing::warn!("another process reads the database: its log cannot be folded back now"),
            Err(error) => tracing::warn!(%error, "the database's log cannot be folded back"),
        }
    }
}
