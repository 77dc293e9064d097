//! A session in the server: the engine, its connections, and the queries that run.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use zaun_mtproto::session::{ConnId, Session};

use crate::keys::KeyEntry;
use crate::limits::{INVOKE_AFTER_WAIT, MAX_OUTCOMES, MAX_RUNNING_QUERIES};
use crate::mailbox::Mailbox;
use crate::service::{RpcError, Service};

/// How a finished query went, for those that wait for it (M-409).
#[derive(Default)]
struct Outcomes {
    running: HashSet<i64>,
    finished: HashMap<i64, bool>,
    order: VecDeque<i64>,
}

/// One session of one key; lives as long as the server remembers it (M-189, M-200).
pub struct SessionHandle<S: Service> {
    /// The key it belongs to.
    pub key: Arc<KeyEntry<S>>,
    /// Its identifier.
    pub id: i64,
    /// What the service keeps per session.
    pub data: S::Session,
    pub(crate) engine: Mutex<Session>,
    mailboxes: Mutex<Vec<(ConnId, Arc<Mailbox>)>>,
    outcomes: Mutex<Outcomes>,
    finished: Notify,
    pub(crate) last_used: Mutex<Instant>,
}

impl<S: Service> SessionHandle<S> {
    pub(crate) fn new(key: Arc<KeyEntry<S>>, engine: Session) -> Self {
        SessionHandle {
            key,
            id: engine.session_id(),
            data: S::Session::default(),
            engine: Mutex::new(engine),
            mailboxes: Mutex::new(Vec::new()),
            outcomes: Mutex::default(),
            finished: Notify::new(),
            last_used: Mutex::new(Instant::now()),
        }
    }

    /// The key to which authorizations belong: the permanent one for which a bound temporary key acts, or the key
    /// itself (M-167).
    pub fn identity(&self) -> Arc<KeyEntry<S>> {
        self.key.permanent().unwrap_or_else(|| self.key.clone())
    }

    /// Whether a client is connected.
    pub fn is_connected(&self) -> bool {
        !self.mailboxes.lock().is_empty()
    }

    /// Sends a serialized object, such as updates, on the connection used last; without one it waits for the next.
    pub fn push(&self, object: Bytes) {
        if let Some((_, mailbox)) = self.enqueue(object) {
            mailbox.wake();
        }
    }

    /// Tells the client to fetch what was pushed in another way; the object says so. It takes the place of all pushed
    /// objects that the client does not have, and one is under way at a time however often this is called.
    pub fn resync(&self, object: Bytes) {
        if let Some((_, mailbox)) = self.enqueue_by(|engine, via| engine.resync(via, object)) {
            mailbox.wake();
        }
    }

    /// Queues an object; the connection that is to carry it, if there is one.
    pub(crate) fn enqueue(&self, object: Bytes) -> Option<(ConnId, Arc<Mailbox>)> {
        self.enqueue_by(|engine, via| engine.push(via, object))
    }

    fn enqueue_by(&self, queue: impl FnOnce(&mut Session, Option<ConnId>)) -> Option<(ConnId, Arc<Mailbox>)> {
        let via = {
            let mut engine = self.engine.lock();
            let via = engine.connections().last().copied();
            queue(&mut engine, via);
            via?
        };
        let mailboxes = self.mailboxes.lock();
        mailboxes.iter().find(|(conn, _)| *conn == via).map(|(_, mailbox)| (via, mailbox.clone()))
    }

    /// Lets every connection of the session look for something to send.
    pub fn wake_all(&self) {
        for (_, mailbox) in self.mailboxes.lock().iter() {
            mailbox.wake();
        }
    }

    /// A connection carried a packet of this session.
    pub(crate) fn attach(&self, conn: ConnId, mailbox: &Arc<Mailbox>) {
        let mut mailboxes = self.mailboxes.lock();
        *self.last_used.lock() = Instant::now();
        if !mailboxes.iter().any(|(other, _)| *other == conn) {
            mailboxes.push((conn, mailbox.clone()));
        }
        self.engine.lock().attach(conn);
    }

    /// Between two requests an HTTP connection takes nothing (M-061), but has lost nothing either.
    pub(crate) fn rest(&self, conn: ConnId) {
        self.engine.lock().rest(conn);
        // What came too late for it may leave by another connection.
        self.wake_all();
    }

    pub(crate) fn detach(&self, conn: ConnId) {
        self.mailboxes.lock().retain(|(other, _)| *other != conn);
        *self.last_used.lock() = Instant::now();
        self.engine.lock().detach(conn);
        // What could not be sent there may leave by another connection of the session (M-035).
        self.wake_all();
    }

    /// Wakes the connection, or all of them if it is gone.
    pub(crate) fn wake(&self, conn: ConnId) {
        let mailboxes = self.mailboxes.lock();
        match mailboxes.iter().find(|(other, _)| *other == conn) {
            Some((_, mailbox)) => mailbox.wake(),
            None => mailboxes.iter().for_each(|(_, mailbox)| mailbox.wake()),
        }
    }

    /// Notes that a query runs; `false` if too many do.
    pub(crate) fn begin(&self, msg_id: i64) -> bool {
        let mut outcomes = self.outcomes.lock();
        let room = outcomes.running.len() < MAX_RUNNING_QUERIES;
        if room {
            outcomes.running.insert(msg_id);
        }
        room
    }

    /// Answers a query, unless its answer is to be lost, and tells those that wait for it.
    pub(crate) fn finish(&self, msg_id: i64, conn: ConnId, ok: bool, rpc_result: Option<Bytes>) {
        let conn = rpc_result.map_or(conn, |result| self.engine.lock().answer(msg_id, conn, result));
        {
            let mut outcomes = self.outcomes.lock();
            outcomes.running.remove(&msg_id);
            if outcomes.finished.insert(msg_id, ok).is_none() {
                outcomes.order.push_back(msg_id);
            }
            if outcomes.order.len() > MAX_OUTCOMES
                && let Some(oldest) = outcomes.order.pop_front()
            {
                outcomes.finished.remove(&oldest);
            }
        }
        self.finished.notify_waiters();
        self.wake(conn);
    }

    /// Waits until another query of this session succeeded: invokeAfterMsg (M-409 … M-412).
    pub async fn after(&self, msg_id: i64) -> Result<(), RpcError> {
        let failed = || RpcError::bad_request("MSG_WAIT_FAILED");
        let wait = async {
            loop {
                let notified = self.finished.notified();
                tokio::pin!(notified);
                notified.as_mut().enable();
                {
                    let outcomes = self.outcomes.lock();
                    match outcomes.finished.get(&msg_id) {
                        Some(true) => return Ok(()),
                        Some(false) => return Err(failed()),
                        None if !outcomes.running.contains(&msg_id) => return Err(failed()),
                        None => {}
                    }
                }
                notified.await;
            }
        };
        match tokio::time::timeout(INVOKE_AFTER_WAIT, wait).await {
            Ok(result) => result,
            Err(_) => Err(RpcError::bad_request("MSG_WAIT_TIMEOUT")),
        }
    }
}
