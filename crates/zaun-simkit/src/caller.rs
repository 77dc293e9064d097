//! The clients of a simulation: an engine, its connections, and what it asks.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use rand::{Rng, RngExt};
use zaun_crypto::auth_key::AuthKey;
use zaun_mtproto::client::{Carrier, Event, QueryId, Session, Start};
use zaun_mtproto::session::ConnId;
use zaun_transport::Incoming;

use super::follower::Follower;
use super::queue::{End, Happening};
use super::{PUSH, QUERY, RESULT, World, number_of};

/// What a client's clock shows at the beginning.
const CLOCK_BEGINS: Duration = Duration::from_secs(3600);

/// One client.
#[derive(Debug)]
pub struct Caller {
    pub engine: Session,
    pub conns: Vec<ConnId>,
    /// What its own clock is ahead of the world's, in nanoseconds. It may fall behind, but never steps back.
    drift_ns: i64,
    clock: Duration,
    wake_at: Option<Duration>,
    asked: u32,
    pub numbers: BTreeMap<QueryId, u64>,
    /// The query asked last, with its number, if another one may follow it.
    last: Option<(QueryId, u64)>,
    session_id: i64,
}

impl Caller {
    /// Whether it has asked everything it is to ask.
    pub fn has_asked(&self, queries: u32) -> bool {
        self.asked >= queries
    }
}

impl World {
    pub(super) fn add_client(&mut self) {
        let mut key = [0; 256];
        self.rng.fill_bytes(&mut key);
        let key = AuthKey::new(key);
        let mut server_time = self.server_time();
        let mut salt = self.node.salts.current(key.id(), server_time);
        if let Some(most_s) = self.plan.faults.wrong_start {
            let wrong = self.rng.random_range(-most_s..=most_s);
            server_time = super::shifted(server_time, wrong);
            salt ^= 1;
        }
        self.node.keys.insert(key.id(), key.clone());
        let session_id = self.rng.next_u64().cast_signed();
        let start = Start { session_id, salt, server_time };
        let clock = CLOCK_BEGINS;
        let client = self.callers.len();
        self.callers.push(Caller {
            engine: Session::new(key, &start, self.plan.profile, clock),
            conns: Vec::new(),
            drift_ns: 0,
            clock,
            wake_at: None,
            asked: 0,
            numbers: BTreeMap::new(),
            last: None,
            session_id,
        });
        self.followers.push(Follower::new(self.now));
        for _ in 0..self.plan.connections {
            self.plan_soon(Duration::from_secs(1), Happening::Connect { client });
        }
        let (pause, pushes) = (self.plan.pause, self.plan.pushes);
        self.plan_soon(pause * 2, Happening::Ask { client });
        let whole = pause * self.plan.queries;
        for _ in 0..pushes {
            self.plan_soon(whole, Happening::Push { client });
        }
    }

    /// The client's own clock.
    fn clock(&mut self, client: usize) -> Duration {
        let caller = &mut self.callers[client];
        let now_ns =
            i64::try_from((self.now + CLOCK_BEGINS).as_nanos()).unwrap_or(i64::MAX / 2) + caller.drift_ns;
        let read = Duration::from_nanos(u64::try_from(now_ns).unwrap_or(0));
        caller.clock = caller.clock.max(read);
        caller.clock
    }

    pub(super) fn client_clock(&mut self, most_s: u64) {
        let client = self.rng.random_range(0..self.callers.len());
        let by_ns = i64::try_from(self.rng.random_range(1..=most_s)).unwrap_or(0) * 1_000_000_000;
        // Backwards: the clock stands still until the world has caught up, and stays behind after that.
        let leaps = self.rng.random_bool(0.5);
        self.callers[client].drift_ns += if leaps { by_ns } else { -by_ns };
        self.client_acts(client);
    }

    /// Clocks that stand still go on, from where they are.
    pub(super) fn wake_clocks(&mut self) {
        for client in 0..self.callers.len() {
            let clock = self.clock(client);
            let leapt = clock.saturating_sub(self.now + CLOCK_BEGINS);
            let stood = (self.now + CLOCK_BEGINS).saturating_sub(clock);
            let ns = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX / 2);
            self.callers[client].drift_ns = ns(leapt) - ns(stood);
        }
    }

    pub(super) fn connect(&mut self, client: usize) {
        if self.callers[client].conns.len() >= self.plan.connections {
            return;
        }
        let conn = self.open_link(client);
        let clock = self.clock(client);
        self.callers[client].conns.push(conn);
        self.callers[client].engine.attach(clock, conn, Carrier::Stream);
        self.client_acts(client);
    }

    pub(super) fn client_lost(&mut self, client: usize, conn: ConnId) {
        let clock = self.clock(client);
        let caller = &mut self.callers[client];
        caller.conns.retain(|other| *other != conn);
        caller.engine.detach(clock, conn);
        self.plan_soon(Duration::from_secs(2), Happening::Connect { client });
        self.client_acts(client);
    }

    pub(super) fn client_hears(&mut self, conn: ConnId, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        let client = link.client;
        link.up.feed(bytes);
        while let Some(link) = self.links.get_mut(&conn).filter(|link| link.client_open) {
            match link.up.next_incoming() {
                Ok(Some(Incoming::Frame(packet))) => {
                    let clock = self.clock(client);
                    if let Err(error) = self.callers[client].engine.receive(clock, conn, packet) {
                        *self.report.discarded.entry(reason(&error)).or_default() += 1;
                        if error.closes_connection() {
                            self.close(conn, End::Client);
                        }
                    }
                    self.client_acts(client);
                }
                Ok(Some(other)) => self.checker.wrong(format!("the server sent {other:?}")),
                Ok(None) => break,
                Err(error) => {
                    self.checker.wrong(format!("the server broke the framing: {error}"));
                    self.close(conn, End::Client);
                }
            }
        }
    }

    /// Lets the engine speak, listens to what it has to tell, and plans when to look again.
    pub(super) fn client_acts(&mut self, client: usize) {
        let clock = self.clock(client);
        self.callers[client].engine.on_time(clock);
        for conn in self.callers[client].conns.clone() {
            while let Some(packet) = self.callers[client].engine.transmit(clock, conn, &mut self.rng) {
                let mut sealed = BytesMut::new();
                self.callers[client].engine.seal(&packet, &mut self.rng, &mut sealed);
                self.send(conn, End::Client, &sealed);
            }
        }
        while let Some(event) = self.callers[client].engine.next_event() {
            self.client_event(client, event);
        }
        let caller = &mut self.callers[client];
        if let Some(deadline) = caller.engine.next_deadline(clock) {
            // A clock that stands still is looked at now and then.
            let wait = deadline.saturating_sub(clock).max(Duration::from_millis(1));
            let at = self.now + wait;
            if caller.wake_at.is_none_or(|planned| planned > at || planned <= self.now) {
                caller.wake_at = Some(at);
                self.queue.plan(at, Happening::WakeClient { client });
            }
        }
    }

    pub(super) fn wake_client(&mut self, client: usize) {
        if self.callers[client].wake_at == Some(self.now) {
            self.callers[client].wake_at = None;
            self.client_acts(client);
        }
    }

    fn client_event(&mut self, client: usize, event: Event) {
        match event {
            Event::Answer { query, result } => {
                let Some(number) = self.callers[client].numbers.remove(&query) else {
                    return self.checker.wrong(format!("an answer to {query:?}, which is over"));
                };
                let answers = result.ok().and_then(|body| number_of(RESULT, &body));
                self.checker.answered(self.now, number, answers);
                self.follow_answer(client, number);
            }
            Event::Failed { query, why } => self.checker.wrong(format!("{query:?} failed: {why}")),
            Event::Pushed { body } => match number_of(PUSH, &body) {
                Some(number) => {
                    self.checker.push_arrived(client, number);
                    self.follow(client, number);
                }
                None => self.checker.wrong(format!("client {client} was sent {body:?}")),
            },
            Event::Refetch => {
                self.checker.refetch(self.now, client);
                self.follow_refetch(client);
            }
            Event::Reconnect { conn, .. } => self.close(conn, End::Client),
            Event::SessionRenewed { session_id } => {
                self.report.renewed += 1;
                let caller = &mut self.callers[client];
                let old = std::mem::replace(&mut caller.session_id, session_id);
                let key_id = caller.engine.key().id();
                if let Some(life) = self.node.leave(key_id, old) {
                    self.checker.life_ended(self.now, life);
                }
            }
            Event::SessionDestroyed { .. } => {}
            Event::Refused { code } => *self.report.refused.entry(code).or_default() += 1,
        }
    }

    /// Asks the next query: its number, how long to work on it, how long an answer is wanted.
    pub(super) fn ask(&mut self, client: usize) {
        self.last_number += 1;
        let number = self.last_number;
        let work_ms = u32::try_from(self.plan.work.as_millis()).unwrap_or(u32::MAX);
        let work_ms = if self.rng.random_bool(0.5) { 0 } else { self.rng.random_range(0..=work_ms) };
        let answer_bytes: u32 = if self.rng.random_bool(0.1) { 5000 } else { 16 };
        let own_bytes: usize = if self.rng.random_bool(0.05) { 40_000 } else { 600 };
        let mut body = BytesMut::new();
        body.put_u32_le(QUERY);
        body.put_u64_le(number);
        body.put_u32_le(work_ms);
        body.put_u32_le(answer_bytes);
        body.put_bytes(
            if self.rng.random_bool(0.5) { 0 } else { 7 },
            self.rng.random_range(0..own_bytes) / 4 * 4,
        );
        let chained = self.rng.random_bool(self.plan.chained);
        let cancelled = self.rng.random_bool(self.plan.cancelled);
        let caller = &mut self.callers[client];
        let after = caller.last.filter(|_| chained);
        let submitted = match after {
            Some((before, _)) => caller.engine.submit_after(body.freeze(), before),
            None => caller.engine.submit(body.freeze()),
        };
        let query = submitted.expect("far below the limits");
        caller.numbers.insert(query, number);
        // One that is given up takes those that follow it along, which is not what is judged here.
        caller.last = Some((query, number)).filter(|_| !cancelled);
        caller.asked += 1;
        let more = caller.asked < self.plan.queries;
        self.checker.asked(number, after.map(|(_, number)| number));
        if cancelled {
            self.plan_soon(self.plan.work, Happening::Cancel { client, number });
        }
        if more {
            self.plan_soon(self.plan.pause * 2, Happening::Ask { client });
        }
        self.client_acts(client);
    }

    pub(super) fn cancel(&mut self, client: usize, number: u64) {
        let caller = &mut self.callers[client];
        let query = caller.numbers.iter().find(|(_, n)| **n == number).map(|(query, _)| *query);
        if let Some(query) = query
            && caller.engine.cancel(query)
        {
            caller.numbers.remove(&query);
            self.checker.cancelled(number);
            self.client_acts(client);
        }
    }
}

/// The name of the variant: what a report counts.
fn reason(error: &zaun_mtproto::client::ReceiveError) -> String {
    let text = format!("{error:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

/// A body that holds a number.
pub(super) fn numbered(constructor: u32, number: u64, bytes: usize) -> Bytes {
    let mut body = BytesMut::new();
    body.put_u32_le(constructor);
    body.put_u64_le(number);
    body.put_bytes(0, bytes);
    body.freeze()
}
