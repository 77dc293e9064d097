//! The queries that wait for answers: which of them have to be sent, under which identifiers, and what is known of
//! their fate.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use bytes::Bytes;

use super::ids::Stamp;
use super::{ConnId, MAX_HELD_BYTES, MAX_QUERIES, Monotonic, SubmitError};

/// Names a query for as long as it waits, whatever identifiers it is sent under; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueryId(pub(super) u64);

/// Failed queries that are remembered for those that were to follow them (M-410).
const MAX_FAILED: usize = 1024;

/// One query that has no answer yet.
#[derive(Debug)]
pub struct Query {
    /// What is sent: the serialized call, packed if that paid.
    pub body: Bytes,
    /// The query that has to succeed before this one.
    pub after: Option<QueryId>,
    /// The server did not want to wait for that one, so this one is held back until it is answered.
    pub patient: bool,
    /// What it is sent under now; `None` before the first time.
    pub stamp: Option<Stamp>,
    /// Every identifier under which the server may have taken it in this session.
    pub ids: Vec<i64>,
    /// The connection that carried it last.
    pub via: Option<ConnId>,
    /// How many stamps had been made when it was sent last.
    pub sent_at: u64,
    /// The server has it, so it is not sent again unless the server forgot its session.
    pub confirmed: bool,
    /// It travels in a packet of its own, so that a refusal is about it and nothing else.
    pub alone: bool,
    /// It is sent with an even seqno, as the server insisted (code 34).
    pub even: bool,
    /// Packets with it that the server has not refused. At 0 it certainly was never run.
    pub carried: u32,
    /// How often it was refused.
    pub refusals: u32,
    /// The server does not take it under the identifier that it has: it needs another one, unless the server has it.
    pub stale: bool,
    /// How often in a row the server said that it knows nothing of it.
    pub unknown: u32,
    /// When to ask for its state, and how long to wait after that.
    pub check: Option<(Monotonic, Monotonic)>,
}

/// All queries without an answer.
#[derive(Debug, Default)]
pub struct Queries {
    last: u64,
    all: BTreeMap<QueryId, Query>,
    by_msg_id: HashMap<i64, QueryId>,
    /// Those that need an identifier, in the order of their submission.
    fresh: BTreeSet<QueryId>,
    /// Those to be sent again under the identifier that they have, in its order.
    again: BTreeMap<i64, QueryId>,
    /// Running numbers of stamped queries that the server has not confirmed.
    unconfirmed: BTreeSet<u64>,
    checks: BTreeSet<(Monotonic, QueryId)>,
    bytes: usize,
    failed: BTreeSet<QueryId>,
    failed_order: VecDeque<QueryId>,
}

impl Queries {
    /// Takes a new query.
    pub fn add(&mut self, body: Bytes, after: Option<QueryId>) -> Result<QueryId, SubmitError> {
        if self.all.len() >= MAX_QUERIES || self.bytes.saturating_add(body.len()) > MAX_HELD_BYTES {
            return Err(SubmitError::Full);
        }
        self.last += 1;
        self.bytes += body.len();
        let id = QueryId(self.last);
        let query = Query {
            body,
            after,
            patient: false,
            stamp: None,
            ids: Vec::new(),
            via: None,
            sent_at: 0,
            confirmed: false,
            alone: false,
            even: false,
            carried: 0,
            refusals: 0,
            stale: false,
            unknown: 0,
            check: None,
        };
        self.all.insert(id, query);
        self.fresh.insert(id);
        Ok(id)
    }

    /// A query that waits.
    pub fn find(&self, id: QueryId) -> Option<&Query> {
        self.all.get(&id)
    }

    /// The same, to change what is known of it.
    pub fn find_mut(&mut self, id: QueryId) -> Option<&mut Query> {
        self.all.get_mut(&id)
    }

    /// The query that was sent under an identifier.
    pub fn by_msg_id(&self, msg_id: i64) -> Option<QueryId> {
        self.by_msg_id.get(&msg_id).copied()
    }

    /// All that wait, in the order of their submission.
    pub fn ids(&self) -> Vec<QueryId> {
        self.all.keys().copied().collect()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// A query is over. `succeeded` decides about those that follow it.
    pub fn remove(&mut self, id: QueryId, succeeded: bool) -> Option<Query> {
        let query = self.all.remove(&id)?;
        self.bytes -= query.body.len();
        self.fresh.remove(&id);
        self.forget_stamp(&query);
        query.ids.iter().for_each(|msg_id| _ = self.by_msg_id.remove(msg_id));
        if let Some((at, _)) = query.check {
            self.checks.remove(&(at, id));
        }
        if !succeeded && self.failed.insert(id) {
            self.failed_order.push_back(id);
            if self.failed_order.len() > MAX_FAILED
                && let Some(oldest) = self.failed_order.pop_front()
            {
                self.failed.remove(&oldest);
            }
        }
        Some(query)
    }

    fn forget_stamp(&mut self, query: &Query) {
        if let Some(stamp) = query.stamp {
            self.again.remove(&stamp.msg_id);
            self.unconfirmed.remove(&stamp.number);
        }
    }

    /// Whether a query ended without success.
    pub fn has_failed(&self, id: QueryId) -> bool {
        self.failed.contains(&id)
    }

    /// The first query after this identifier that has to be sent again, and its own.
    pub fn next_again(&self, passed: i64) -> Option<(i64, QueryId)> {
        self.again.range(passed.saturating_add(1)..).next().map(|(msg_id, id)| (*msg_id, *id))
    }

    /// The first query after `passed` that needs an identifier.
    pub fn next_fresh(&self, passed: Option<QueryId>) -> Option<QueryId> {
        self.fresh.range(QueryId(passed.map_or(0, |id| id.0 + 1))..).next().copied()
    }

    /// The running number of the oldest stamp that the server has not confirmed.
    pub fn oldest_unconfirmed(&self) -> Option<u64> {
        self.unconfirmed.first().copied()
    }

    /// A query leaves under this stamp, on this connection, when so many stamps were made.
    pub fn sent(&mut self, id: QueryId, stamp: Stamp, via: ConnId, number: u64) {
        let Some(query) = self.all.get_mut(&id) else { return };
        if query.stamp.is_none() {
            query.ids.push(stamp.msg_id);
            self.by_msg_id.insert(stamp.msg_id, id);
        }
        query.stamp = Some(stamp);
        query.via = Some(via);
        query.sent_at = number;
        query.carried += 1;
        self.fresh.remove(&id);
        self.again.remove(&stamp.msg_id);
        if !query.confirmed {
            self.unconfirmed.insert(stamp.number);
        }
    }

    /// Sends a query again under the identifier it has. The server knows repeats by it (M-213). One that it does not
    /// take under it has to wait for news.
    pub fn repeat(&mut self, id: QueryId) {
        if let Some(stamp) = self.all.get(&id).filter(|query| !query.stale).and_then(|query| query.stamp) {
            self.again.insert(stamp.msg_id, id);
        }
    }

    /// Sends a query again under a new identifier, because the server cannot take it under the old one. An answer to
    /// the old one is still good.
    pub fn restamp(&mut self, id: QueryId) {
        let Some(query) = self.all.get_mut(&id) else { return };
        let Some(stamp) = query.stamp.take() else { return };
        query.confirmed = false;
        query.stale = false;
        query.unknown = 0;
        if query.carried == 0 {
            query.ids.retain(|msg_id| *msg_id != stamp.msg_id);
            self.by_msg_id.remove(&stamp.msg_id);
        }
        self.again.remove(&stamp.msg_id);
        self.unconfirmed.remove(&stamp.number);
        self.fresh.insert(id);
    }

    /// The session is lost: every query begins anew.
    pub fn restart(&mut self) {
        self.by_msg_id.clear();
        self.again.clear();
        self.unconfirmed.clear();
        for (id, query) in &mut self.all {
            query.stamp = None;
            query.ids.clear();
            query.confirmed = false;
            query.stale = false;
            query.carried = 0;
            query.unknown = 0;
            self.fresh.insert(*id);
        }
    }

    /// The server has a query.
    pub fn confirm(&mut self, id: QueryId) {
        let Some(query) = self.all.get_mut(&id) else { return };
        query.confirmed = true;
        query.stale = false;
        query.unknown = 0;
        if let Some(stamp) = query.stamp {
            self.unconfirmed.remove(&stamp.number);
        }
    }

    /// The server may have forgotten that it had a query.
    pub fn doubt(&mut self, id: QueryId) {
        let Some(query) = self.all.get_mut(&id) else { return };
        query.confirmed = false;
        if let Some(stamp) = query.stamp {
            self.unconfirmed.insert(stamp.number);
        }
    }

    /// Asks for the state of a query at some time, and later and later after that.
    pub fn check_at(&mut self, id: QueryId, at: Monotonic, then_wait: Monotonic) {
        let Some(query) = self.all.get_mut(&id) else { return };
        if let Some((old, _)) = query.check.replace((at, then_wait)) {
            self.checks.remove(&(old, id));
        }
        self.checks.insert((at, id));
    }

    /// When the next state has to be asked for.
    pub fn next_check(&self) -> Option<Monotonic> {
        self.checks.first().map(|(at, _)| *at)
    }

    /// A query whose state is to be asked for now.
    pub fn due_check(&self, now: Monotonic) -> Option<QueryId> {
        self.checks.first().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }
}
