//! Closures on their way to a thread, and the place where their callers wait.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Semaphore, oneshot};

use super::MAX_GROUP;
use super::ledger::Ledger;
use crate::{StoreError, Tx};

/// Closures of one user that may wait in a queue; a further one is refused with [`StoreError::Busy`]. As many as one
/// commit may carry: a program that sends some hundred messages at once is served, and as users are served in turn,
/// it delays nobody but itself.
pub const MAX_QUEUED_PER_USER: usize = MAX_GROUP;
/// The owner of closures that belong to nobody: they share one place in the turn, and only the queue's own limit
/// holds for them.
pub(super) const NOBODY: i64 = 0;

/// A closure on its way through a thread, with the place where its caller waits.
pub(super) trait Job: Send {
    /// Runs the closure; `true` if its changes are to be kept.
    fn run(&mut self, tx: &Tx<'_>) -> bool;
    /// Forgets the result of a run that was rolled back.
    fn reset(&mut self);
    /// Answers the caller, after the transaction ended as told. The closure's own error goes before that of the
    /// transaction, because it says more.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<F, A, T, E> {
    work: F,
    after: A,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
    owner: i64,
    counted: Arc<AtomicU64>,
    ledger: Arc<Ledger>,
}

impl<F, A, T, E> Job for Task<F, A, T, E>
where
    F: Fn(&Tx<'_>) -> Result<T, E> + Send,
    A: FnOnce(&mut T) + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &Tx<'_>) -> bool {
        let began = Instant::now();
        let mut result = catch_unwind(AssertUnwindSafe(|| (self.work)(tx))).unwrap_or_else(|panic| {
            tracing::error!(panic = panic_text(&*panic), "a storage closure panicked");
            Err(StoreError::Panicked.into())
        });
        let ended = Instant::now();
        self.ledger.charge(self.owner, ended.saturating_duration_since(began), ended);
        self.counted.fetch_add(tx.statements(), Ordering::Relaxed);
        if let (Ok(_), Some(error)) = (&result, tx.failure()) {
            result = Err(error.into());
        }
        self.result.insert(result).is_ok()
    }

    fn reset(&mut self) {
        self.result = None;
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

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

/// Jobs waiting for a thread: a lane for each owner, served in turn, so that nobody waits for more than one job of
/// each other owner. One user never has all threads: others would wait for the longest of his closures.
pub(super) struct Queue {
    state: Mutex<State>,
    ready: Condvar,
    permits: Semaphore,
    /// Threads that may serve one user at the same time.
    per_user: usize,
    /// Statements that closures have run.
    statements: Arc<AtomicU64>,
    ledger: Arc<Ledger>,
}

#[derive(Default)]
struct State {
    /// Owners that wait have a lane; that of [`NOBODY`] is kept when it is empty.
    lanes: HashMap<i64, VecDeque<Box<dyn Job>>>,
    /// Every owner that waits once, next one first.
    turn: VecDeque<i64>,
    /// How many threads serve each user.
    served: HashMap<i64, usize>,
    closed: bool,
}

impl Queue {
    /// Makes a queue for at most `limit` waiting jobs, of which so many threads may serve one user.
    pub(super) fn new(limit: usize, per_user: usize, ledger: Arc<Ledger>) -> Arc<Self> {
        Arc::new(Queue {
            state: Mutex::default(),
            ready: Condvar::new(),
            permits: Semaphore::new(limit),
            per_user,
            statements: Arc::default(),
            ledger,
        })
    }

    /// Returns how many statements closures have run.
    pub(super) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Queues a closure and waits for its answer.
    pub(super) async fn submit<T, E, F, A>(&self, owner: i64, work: F, after: A) -> Result<T, E>
    where
        F: Fn(&Tx<'_>) -> Result<T, E> + Send + 'static,
        A: FnOnce(&mut T) + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.ledger.check(owner, Instant::now())?;
        let (answer, answered) = oneshot::channel();
        let (counted, ledger) = (self.statements.clone(), self.ledger.clone());
        let task = Task { work, after, result: None, answer, owner, counted, ledger };
        self.push(owner, Box::new(task)).await?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    async fn push(&self, owner: i64, job: Box<dyn Job>) -> Result<(), StoreError> {
        if self.state.lock().is_full(owner) {
            return Err(StoreError::Busy);
        }
        // The permit is handed back when the job is taken, so that the limit counts waiting jobs only.
        let permit = self.permits.acquire().await.map_err(|_| StoreError::Closed)?;
        let mut state = self.state.lock();
        if state.closed {
            return Err(StoreError::Closed);
        }
        if state.is_full(owner) {
            return Err(StoreError::Busy);
        }
        state.add(owner, job);
        permit.forget();
        self.ready.notify_one();
        Ok(())
    }

    /// Takes no further jobs; those that wait are still served.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.permits.close();
        self.ready.notify_all();
    }
}

/// A thread's place at a queue.
pub(super) struct Place<'q> {
    queue: &'q Queue,
    /// Whose job the thread took last.
    serves: i64,
}

impl<'q> Place<'q> {
    pub(super) fn new(queue: &'q Queue) -> Place<'q> {
        Place { queue, serves: NOBODY }
    }

    /// Takes the next job, the one before being done; waits for one if `block`. `None` when there is none (not
    /// blocking) or the queue is closed and empty.
    pub(super) fn next(&mut self, block: bool) -> Option<Box<dyn Job>> {
        let queue = self.queue;
        let mut state = queue.state.lock();
        state.done(self.serves);
        self.serves = NOBODY;
        loop {
            if let Some((owner, job)) = state.take(queue.per_user) {
                self.serves = owner;
                queue.permits.add_permits(1);
                if owner != NOBODY && !state.turn.is_empty() {
                    // A job that had to wait for its owner's other ones may be free now.
                    queue.ready.notify_one();
                }
                return Some(job);
            }
            if !block || (state.closed && state.turn.is_empty()) {
                return None;
            }
            queue.ready.wait(&mut state);
        }
    }
}

impl State {
    fn is_full(&self, owner: i64) -> bool {
        owner != NOBODY && self.lanes.get(&owner).is_some_and(|lane| lane.len() >= MAX_QUEUED_PER_USER)
    }

    fn add(&mut self, owner: i64, job: Box<dyn Job>) {
        let lane = self.lanes.entry(owner).or_default();
        if lane.is_empty() {
            self.turn.push_back(owner);
        }
        lane.push_back(job);
    }

    /// Takes the job of the first owner in turn who has not as many threads as a user may have.
    fn take(&mut self, per_user: usize) -> Option<(i64, Box<dyn Job>)> {
        let free = |owner: &i64| self.served.get(owner).is_none_or(|threads| *threads < per_user);
        let place = self.turn.iter().position(free)?;
        let owner = self.turn.remove(place)?;
        let lane = self.lanes.get_mut(&owner)?;
        let job = lane.pop_front()?;
        if !lane.is_empty() {
            self.turn.push_back(owner);
        } else if owner != NOBODY {
            self.lanes.remove(&owner);
        }
        if owner != NOBODY {
            *self.served.entry(owner).or_default() += 1;
        }
        Some((owner, job))
    }

    fn done(&mut self, owner: i64) {
        if let Some(threads) = self.served.get_mut(&owner) {
            *threads -= 1;
            if *threads == 0 {
                self.served.remove(&owner);
            }
        }
    }
}
