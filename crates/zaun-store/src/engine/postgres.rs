//! The PostgreSQL engine: threads that each own a connection and take closures from the queues.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use postgres::config::Host;
use postgres::error::SqlState;
use postgres::{Client, Config, NoTls, Statement};

use super::cache::Cache;
use super::queue::{Job, Place, Queue};
use super::{Durability, MAX_CLOSURE, Options};
use crate::tx::{Columns, Session};
use crate::{Dialect, Param, Row, StoreError, Tx, ValueRef, migrate, wire};

/// Connections that write. A commit waits for the server's disk, and the server gathers those that wait at the same
/// time into one flush; more of them would mostly stand in each other's way in the same boxes.
pub(super) const WRITERS: usize = 8;
/// Runs of one closure side by side with others; further ones have the node for themselves, because in a box that
/// everybody writes to the same closure could lose every time.
const RUNS_BESIDE_OTHERS: u32 = 3;
/// Runs of one closure before [`StoreError::Conflict`]. A closure that runs alone conflicts with other nodes only.
const MAX_RUNS: u32 = 32;
/// Names the lock under which closures of all nodes run alone: "zaun" in ASCII, and one more.
const ALONE_LOCK: i64 = 0x7a61_756f;
/// Runs of one closure end when they took this long together, so that its caller is not kept for a minute.
const MAX_RERUNNING: Duration = Duration::from_secs(5);
/// The pause before the second run; it doubles with each further one up to 32 times that.
const FIRST_PAUSE: Duration = Duration::from_micros(500);
/// How long connecting may take before the server counts as gone.
const MAX_CONNECT: Duration = Duration::from_secs(5);
/// Silence after which the operating system asks whether the server is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long a statement waits for a row that another transaction holds, before its closure is run again. A commit
/// ends within milliseconds; two that wait for each other would stand still for the second that the server lets pass
/// before it looks for that.
const MAX_LOCK: Duration = Duration::from_millis(100);
/// How long the server waits inside a transaction for its next statement, before it gives the locks of a node that
/// stopped in the middle back to the others.
const MAX_IDLE: Duration = Duration::from_secs(10);

/// Where the server is, and how to talk to it.
pub(super) struct Server {
    config: Config,
    /// Host and name, without the password.
    pub(super) shown: String,
    settings: String,
    /// Writes hold it together, one that runs alone holds it for itself.
    gate: RwLock<()>,
}

impl Server {
    /// Reads a URL; connects nowhere yet.
    pub(super) fn new(url: &str, options: &Options) -> Result<Server, StoreError> {
        let mut config: Config =
            url.parse().map_err(|e| StoreError::Statement(format!("the database's address: {e}")))?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(MAX_CONNECT);
        }
        config.keepalives_idle(KEEPALIVE);
        if config.get_application_name().is_none() {
            config.application_name("zaun");
        }
        let commit = if options.durability == Durability::Full { "on" } else { "off" };
        let settings = format!(
            "SET synchronous_commit = {commit}; SET statement_timeout = {}; SET lock_timeout = {}; \
             SET idle_in_transaction_session_timeout = {}",
            MAX_CLOSURE.as_millis(),
            MAX_LOCK.as_millis(),
            MAX_IDLE.as_millis(),
        );
        Ok(Server { shown: shown(&config), config, settings, gate: RwLock::new(()) })
    }

    /// Brings the database to this program's schema version.
    pub(super) fn migrate(&self) -> Result<(), StoreError> {
        migrate::postgres(&mut self.connect()?, &self.shown)
    }

    fn connect(&self) -> Result<Client, StoreError> {
        self.config.connect(NoTls).map_err(|e| match self.error(&e) {
            StoreError::Statement(detail) => StoreError::Unreachable { database: self.shown.clone(), detail },
            named => named,
        })
    }

    fn error(&self, error: &postgres::Error) -> StoreError {
        StoreError::from_postgres(error, &self.shown)
    }
}

/// Host and database, without the password.
fn shown(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    let name = config.get_dbname().or(config.get_user()).unwrap_or("?");
    format!("database {name} at {host}")
}

/// Serves a queue of reads until it is closed and empty.
pub(super) fn read_loop(server: &Server, queue: &Queue) {
    let (session, mut place) = (PostgresSession::new(server), Place::new(queue));
    while let Some(mut job) = place.next(true) {
        let outcome = session.read(&mut *job);
        job.finish(outcome);
    }
}

/// Serves a queue of writes until it is closed and empty.
pub(super) fn write_loop(server: &Server, queue: &Queue) {
    let (session, mut place) = (PostgresSession::new(server), Place::new(queue));
    while let Some(mut job) = place.next(true) {
        let outcome = session.write(&mut *job);
        job.finish(outcome);
    }
}

/// A deadlock that the server found, and a wait for a lock that it ended.
const STUCK: [SqlState; 2] = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE];
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";

/// Why a run did not stand, beyond what its closure answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    /// Another transaction stood in the way.
    Conflict,
    /// Another transaction held a row for too long, most likely waiting for this one. The next run is alone, because
    /// this costs each of them the whole wait.
    Stuck,
    /// A row with this key is there already. If another transaction inserted it after this one's snapshot, the next
    /// run sees it and decides otherwise; if not, the next run fails in the same way.
    Duplicate,
    /// The connection ended before anything was committed.
    Lost,
}

/// A connection with its prepared statements, on the thread that owns it.
struct PostgresSession<'s> {
    server: &'s Server,
    client: RefCell<Option<Client>>,
    statements: RefCell<Cache<Statement>>,
    trouble: Cell<Trouble>,
    deadline: Cell<Instant>,
    /// Makes the pauses of threads that conflict differ.
    dice: Cell<u32>,
}

impl<'s> PostgresSession<'s> {
    fn new(server: &'s Server) -> Self {
        let session = PostgresSession {
            server,
            client: RefCell::new(None),
            statements: RefCell::new(Cache::new()),
            trouble: Cell::new(Trouble::None),
            deadline: Cell::new(Instant::now()),
            dice: Cell::new(0),
        };
        // Where the session lies on its thread's stack differs from thread to thread.
        session.dice.set(std::ptr::from_ref(&session).addr() as u32 >> 4 | 1);
        session
    }

    /// Runs a closure on a snapshot. Nothing can stand in its way, but the connection may end.
    fn read(&self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.run(job, |number, job| {
            self.pause(number);
            self.run_once(job, BEGIN_READ)
        })
    }

    /// Runs a closure in a transaction, again and again while others stand in its way.
    fn write(&self, job: &mut dyn Job) -> Result<(), StoreError> {
        self.run(job, |number, job| {
            let stuck = number > 0 && self.trouble.get() == Trouble::Stuck;
            if number < RUNS_BESIDE_OTHERS && !stuck {
                self.pause(number);
                let _together = self.server.gate.read();
                self.run_once(job, BEGIN_WRITE)
            } else {
                let _alone = self.server.gate.write();
                self.run_alone(job)
            }
        })
    }

    /// Runs a closure while no other node runs one alone, which those do that conflict with it.
    fn run_alone(&self, job: &mut dyn Job) -> Result<Trouble, StoreError> {
        self.connect()?;
        // The server gives up waiting after `MAX_LOCK`; then the run takes its chance without.
        let locked = self.batch(&format!("SELECT pg_advisory_lock({ALONE_LOCK})")).is_ok();
        let trouble = self.run_once(job, BEGIN_WRITE);
        if locked {
            // When this fails the connection has ended, and the lock with it.
            let _ = self.batch(&format!("SELECT pg_advisory_unlock({ALONE_LOCK})"));
        }
        trouble
    }

    fn run(
        &self,
        job: &mut dyn Job,
        once: impl Fn(u32, &mut dyn Job) -> Result<Trouble, StoreError>,
    ) -> Result<(), StoreError> {
        let begun = Instant::now();
        let mut duplicates = 0;
        for number in (0..MAX_RUNS).take_while(|number| *number == 0 || begun.elapsed() < MAX_RERUNNING) {
            job.reset();
            match once(number, job)? {
                Trouble::None => return Ok(()),
                Trouble::Duplicate if duplicates > 0 => return Ok(()),
                Trouble::Duplicate => duplicates += 1,
                Trouble::Conflict | Trouble::Stuck | Trouble::Lost => {}
            }
        }
        job.reset();
        Err(StoreError::Conflict)
    }

    /// Waits before another run, the longer the more there were.
    fn pause(&self, number: u32) {
        if number > 0 {
            let mut dice = self.dice.get();
            dice ^= dice << 13;
            dice ^= dice >> 17;
            dice ^= dice << 5;
            self.dice.set(dice);
            let longest = FIRST_PAUSE * (1 << (number - 1).min(5));
            std::thread::sleep(longest.mul_f64(f64::from(dice) / f64::from(u32::MAX)));
        }
    }

    /// Runs a closure once. An error is one after which nobody can tell what the closure would have done.
    fn run_once(&self, job: &mut dyn Job, begin: &str) -> Result<Trouble, StoreError> {
        self.connect()?;
        self.trouble.set(Trouble::None);
        self.deadline.set(Instant::now() + MAX_CLOSURE);
        if let Err(error) = self.batch(begin) {
            return if self.trouble.get() == Trouble::Lost { Ok(Trouble::Lost) } else { Err(error) };
        }
        let keep = job.run(&Tx::new(self));
        if !keep {
            // A connection that cannot even roll back is of no further use.
            let rolled_back = self.trouble.get() != Trouble::Lost && self.batch("ROLLBACK").is_ok();
            if !rolled_back {
                self.disconnect();
            }
            return Ok(self.trouble.get());
        }
        match self.batch("COMMIT") {
            Ok(()) => Ok(Trouble::None),
            // The answer to a commit was lost: it may have been kept, so it must not be run again.
            Err(error) if matches!(self.trouble.get(), Trouble::None | Trouble::Lost) => {
                self.disconnect();
                Err(error)
            }
            Err(_) => Ok(self.trouble.get()),
        }
    }

    fn connect(&self) -> Result<(), StoreError> {
        if self.client.borrow().as_ref().is_some_and(|client| !client.is_closed()) {
            return Ok(());
        }
        self.disconnect();
        let mut client = self.server.connect()?;
        client.batch_execute(&self.server.settings).map_err(|e| self.server.error(&e))?;
        *self.client.borrow_mut() = Some(client);
        Ok(())
    }

    fn disconnect(&self) {
        *self.statements.borrow_mut() = Cache::new();
        *self.client.borrow_mut() = None;
    }

    /// Runs statements of the engine's own.
    fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.with_client(|client| client.batch_execute(sql))
    }

    fn with_client<T>(
        &self,
        body: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, StoreError> {
        let mut client = self.client.borrow_mut();
        let Some(client) = client.as_mut() else {
            return Err(StoreError::Statement("a statement outside of a transaction".to_owned()));
        };
        body(client).map_err(|error| {
            let named = self.server.error(&error);
            let trouble = match (&named, error.code()) {
                (_, Some(code)) if STUCK.contains(code) => Trouble::Stuck,
                (StoreError::Conflict, _) => Trouble::Conflict,
                (_, Some(code)) if *code == SqlState::UNIQUE_VIOLATION => Trouble::Duplicate,
                (StoreError::Unreachable { .. }, _) => Trouble::Lost,
                _ => return named,
            };
            self.trouble.set(trouble);
            named
        })
    }

    /// Finds or prepares the statement for parameters of these types.
    fn prepare(&self, sql: &str, params: &[Param<'_>]) -> Result<Statement, StoreError> {
        if Instant::now() > self.deadline.get() {
            return Err(StoreError::TooSlow);
        }
        let found = self.statements.borrow_mut().find(sql);
        if let Some(statement) = found.filter(|statement| wire::fits(statement.params(), params)) {
            return Ok(statement);
        }
        let types = wire::types(params);
        let statement = self.with_client(|client| client.prepare_typed(sql, &types))?;
        if !wire::fits(statement.params(), params) {
            // The values stay out of it: they may be anybody's secrets.
            let (given, expected) = (wire::types(params), statement.params());
            return Err(StoreError::Statement(format!(
                "{given:?} where {expected:?} are expected in: {sql}"
            )));
        }
        self.statements.borrow_mut().keep(sql, statement.clone());
        Ok(statement)
    }
}

impl Session for PostgresSession<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<usize, StoreError> {
        let statement = self.prepare(sql, params)?;
        let changed = self.with_client(|client| client.execute(&statement, &wire::references(params)))?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn query(
        &self,
        sql: &str,
        params: &[Param<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> bool,
    ) -> Result<(), StoreError> {
        let statement = self.prepare(sql, params)?;
        let rows = self.with_client(|client| client.query(&statement, &wire::references(params)))?;
        for row in &rows {
            if !each(&Row::new(row)) {
                break;
            }
        }
        Ok(())
    }
}

impl Columns for postgres::Row {
    fn value(&self, index: usize) -> Result<ValueRef<'_>, String> {
        self.try_get(index).map_err(|error| {
            // The reason stands in the source alone.
            std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
        })
    }
}
