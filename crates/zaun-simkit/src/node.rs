//! The server of a simulation: it treats packets and sessions as `zaun-server` does, without sockets and tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use rand::{Rng, RngExt};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::Side;
use zaun_mtproto::msg_id;
use zaun_mtproto::packet::{self, Header, Opened};
use zaun_mtproto::salts::SaltSource;
use zaun_mtproto::session::{
    self, BadMsg, ConnId, Event, Session, Surroundings, precheck, rpc_result_prefix,
};

use super::caller::numbered;
use super::checker::Life;
use super::queue::{End, Happening};
use super::{INVOKE_AFTER_MSG, PUSH, QUERY, RESULT, World, shifted};

/// A session without connections is forgotten after this, as by the real server (M-200).
const SESSION_LIFE: Duration = Duration::from_secs(600);
/// Longest wait of invokeAfterMsg (M-411).
const INVOKE_AFTER_WAIT: Duration = Duration::from_millis(500);

/// A session and its life.
#[derive(Debug)]
struct Kept {
    engine: Session,
    life: Life,
    /// Queries that are done, by identifier, and those that run.
    outcomes: BTreeMap<i64, bool>,
    idle_since: Option<Duration>,
    wake_at: Option<Duration>,
}

/// A query at work.
#[derive(Debug)]
struct Run {
    key_id: i64,
    session_id: i64,
    life: Life,
    msg_id: i64,
    via: ConnId,
    body: Bytes,
    /// When the packet with it was sent.
    sent_at: Duration,
    /// The query that has to be done before.
    waits_for: Option<i64>,
}

/// The server.
pub struct Node {
    pub salts: SaltSource,
    pub keys: BTreeMap<i64, AuthKey>,
    sessions: BTreeMap<(i64, i64), Kept>,
    /// Sessions that their clients have left.
    left: BTreeSet<(i64, i64)>,
    runs: BTreeMap<u64, Run>,
    last_life: u64,
    last_run: u64,
    pub clock_skew_s: i64,
}

impl Node {
    pub fn new(secret: [u8; 32]) -> Node {
        Node {
            salts: SaltSource::new(secret),
            keys: BTreeMap::new(),
            sessions: BTreeMap::new(),
            left: BTreeSet::new(),
            runs: BTreeMap::new(),
            last_life: 0,
            last_run: 0,
            clock_skew_s: 0,
        }
    }

    /// The client has left a session, which may not even have begun here.
    pub fn leave(&mut self, key_id: i64, session_id: i64) -> Option<Life> {
        self.left.insert((key_id, session_id));
        self.sessions.get(&(key_id, session_id)).map(|kept| kept.life)
    }

    /// Bytes that any session in use still holds, which is none when everything was acknowledged.
    pub fn held_bytes(&self) -> usize {
        let connected = |kept: &Kept| !kept.engine.connections().is_empty();
        let in_use = self.sessions.iter().filter(|(at, kept)| connected(kept) && !self.left.contains(at));
        in_use.map(|(_, kept)| kept.engine.held_bytes()).sum()
    }
}

impl World {
    pub(super) fn server_time(&self) -> Duration {
        shifted(super::BEGINNING + self.now, self.node.clock_skew_s)
    }

    pub(super) fn server_hears(&mut self, conn: ConnId, bytes: &[u8], sent_at: Duration) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        link.down.feed(bytes);
        while let Some(link) = self.links.get_mut(&conn).filter(|link| link.server_open) {
            match link.down.next_frame() {
                Ok(Some(frame)) => self.frame(conn, frame.payload, sent_at),
                Ok(None) => break,
                Err(error) => {
                    self.checker.wrong(format!("the client broke the framing: {error}"));
                    self.close(conn, End::Server);
                }
            }
        }
    }

    /// One packet, from decryption to the events of its session.
    fn frame(&mut self, conn: ConnId, payload: BytesMut, sent_at: Duration) {
        let Some(key) = packet::auth_key_id(&payload).and_then(|id| self.node.keys.get(&id)).cloned() else {
            return self.checker.wrong("a packet with an unknown key".to_owned());
        };
        let opened = match packet::open(&key, Side::Client, payload) {
            Ok(opened) => opened,
            Err(error) => return self.checker.wrong(format!("the server cannot open a packet: {error}")),
        };
        let at = (key.id(), opened.header.session_id);
        if let Err(bad) = precheck(self.server_time(), key.id(), &opened.header, &self.node.salts, None) {
            self.refuse(conn, &key, &opened.header, bad);
            return self.flush(at);
        }
        self.ensure_session(at);
        self.attach(conn, at);
        self.deliver(conn, at, &opened, sent_at);
        self.flush(at);
    }

    /// A message that is refused before its session matters (M-242).
    fn refuse(&mut self, conn: ConnId, key: &AuthKey, header: &Header, bad: BadMsg) {
        let now = self.server_time();
        let salt = self.node.salts.current(key.id(), now);
        let at = (key.id(), header.session_id);
        if self.node.sessions.contains_key(&at) {
            self.attach(conn, at);
            if let Some(kept) = self.node.sessions.get_mut(&at) {
                kept.engine.refuse(conn, bad, header, salt);
            }
            return;
        }
        let reply =
            Header { salt, session_id: header.session_id, msg_id: msg_id::from_time(now) | 1, seqno: 0 };
        let mut sealed = BytesMut::new();
        let body = session::refusal(bad, header, salt);
        packet::seal(key, Side::Server, &reply, &body, &mut self.rng, &mut sealed);
        self.send(conn, End::Server, &sealed);
    }

    fn ensure_session(&mut self, at: (i64, i64)) {
        if self.node.sessions.contains_key(&at) {
            return;
        }
        self.node.last_life += 1;
        let (engine, life) = (Session::new(at.1), Life(self.node.last_life));
        if self.node.left.contains(&at) {
            self.checker.life_ended(self.now, life);
        }
        let kept = Kept { engine, life, outcomes: BTreeMap::new(), idle_since: None, wake_at: None };
        self.node.sessions.insert(at, kept);
    }

    fn attach(&mut self, conn: ConnId, at: (i64, i64)) {
        if let Some(kept) = self.node.sessions.get_mut(&at) {
            kept.engine.attach(conn);
            kept.idle_since = None;
        }
        if let Some(link) = self.links.get_mut(&conn)
            && !link.sessions.contains(&at)
        {
            link.sessions.push(at);
        }
    }

    fn deliver(&mut self, conn: ConnId, at: (i64, i64), opened: &Opened, sent_at: Duration) {
        let now = self.server_time();
        let unique_id = self.rng.next_u64().cast_signed();
        let current_salt = self.node.salts.current(at.0, now);
        let around = Surroundings { salts: &self.node.salts, auth_key_id: at.0, current_salt, unique_id };
        let Some(kept) = self.node.sessions.get_mut(&at) else { return };
        for event in kept.engine.receive(now, conn, &opened.header, &opened.body, &around) {
            self.server_event(conn, at, event, sent_at);
        }
    }

    fn server_event(&mut self, conn: ConnId, at: (i64, i64), event: Event, sent_at: Duration) {
        match event {
            Event::Query { msg_id, body } => self.begin(conn, at, msg_id, body, sent_at),
            Event::DestroySession { msg_id, session_id } => {
                let existed = session_id != at.1 && self.end_session((at.0, session_id));
                if let Some(kept) = self.node.sessions.get_mut(&at) {
                    kept.engine.session_destroyed(conn, msg_id, session_id, existed);
                }
            }
            Event::DisconnectIn { seconds } => {
                let due = self.now + Duration::from_secs(u64::from(seconds));
                if let Some(link) = self.links.get_mut(&conn) {
                    link.disconnect_at = Some(due);
                    self.queue.plan(due, Happening::Disconnect { conn });
                }
            }
            Event::Abandoned { .. } | Event::Refused(_) | Event::HttpWait(_) => {}
            Event::DestroyAuthKey { .. } | Event::Flood => {
                self.checker.wrong(format!("the client caused {event:?}"));
            }
        }
    }

    /// A query arrives: it runs now, or waits for the one before it, or has waited in vain (M-409 … M-412).
    fn begin(&mut self, via: ConnId, at: (i64, i64), msg_id: i64, body: Bytes, sent_at: Duration) {
        let Some(kept) = self.node.sessions.get_mut(&at) else { return };
        let mut inner = body.clone();
        let mut waits_for = None;
        if inner.get_u32_le() == INVOKE_AFTER_MSG {
            waits_for = Some(inner.get_i64_le());
        } else {
            inner = body;
        }
        let inner = unpacked(inner);
        let known = waits_for.map(|id| kept.outcomes.get(&id).copied());
        kept.outcomes.insert(msg_id, false);
        self.node.last_run += 1;
        let number = self.node.last_run;
        let (key_id, session_id) = at;
        let life = kept.life;
        let run = Run { key_id, session_id, life, msg_id, via, body: inner, sent_at, waits_for };
        match known {
            None | Some(Some(true)) => self.work(number, run),
            Some(Some(false)) => {
                self.node.runs.insert(number, run);
                self.queue.plan(self.now + INVOKE_AFTER_WAIT, Happening::Impatient { run: number });
            }
            Some(None) => self.answer_error(&run, "MSG_WAIT_FAILED"),
        }
    }

    fn work(&mut self, number: u64, run: Run) {
        let mut body = run.body.clone();
        let (constructor, query, work_ms) = (body.get_u32_le(), body.get_u64_le(), body.get_u32_le());
        assert_eq!(constructor, QUERY, "a query came out as another one");
        self.checker.runs(self.now, query, run.life, run.sent_at);
        self.tell_difference(query);
        let run = Run { waits_for: None, ..run };
        self.node.runs.insert(number, run);
        if work_ms == 0 {
            self.done(number);
        } else {
            let at = self.now + Duration::from_millis(u64::from(work_ms));
            self.queue.plan(at, Happening::Done { run: number });
        }
    }

    pub(super) fn done(&mut self, number: u64) {
        let Some(run) = self.node.runs.remove(&number) else { return };
        let mut body = run.body.clone();
        body.advance(4);
        let query = body.get_u64_le();
        body.advance(4);
        let bytes = usize::try_from(body.get_u32_le()).unwrap_or(0);
        self.checker.done(self.now, query);
        self.answer(&run, &numbered(RESULT, query, bytes), true);
        let at = (run.key_id, run.session_id);
        let ready = |other: &&u64| {
            let other = &self.node.runs[*other];
            other.waits_for == Some(run.msg_id) && other.life == run.life
        };
        let ready: Vec<u64> = self.node.runs.keys().filter(ready).copied().collect();
        for number in ready {
            if let Some(next) = self.node.runs.remove(&number) {
                self.work(number, next);
            }
        }
        self.flush(at);
    }

    pub(super) fn impatient(&mut self, number: u64) {
        if self.node.runs.get(&number).is_some_and(|run| run.waits_for.is_some())
            && let Some(run) = self.node.runs.remove(&number)
        {
            self.answer_error(&run, "MSG_WAIT_TIMEOUT");
            self.flush((run.key_id, run.session_id));
        }
    }

    fn answer_error(&mut self, run: &Run, text: &str) {
        let error = zaun_wire::types::RpcError { error_code: 400, error_message: text.to_owned() };
        self.answer(run, &zaun_tl::to_bytes(&error, 0).unwrap_or_default(), false);
    }

    fn answer(&mut self, run: &Run, result: &[u8], succeeded: bool) {
        let Some(kept) = self.node.sessions.get_mut(&(run.key_id, run.session_id)) else { return };
        if kept.life != run.life {
            return;
        }
        kept.outcomes.insert(run.msg_id, succeeded);
        let mut body = rpc_result_prefix(run.msg_id);
        body.extend_from_slice(result);
        kept.engine.answer(run.msg_id, run.via, body.into());
    }

    pub(super) fn push(&mut self, client: usize) {
        let caller = &self.callers[client];
        let at = (caller.engine.key().id(), caller.engine.session_id());
        // It happens to the account, whether anybody can be told or not.
        let Some(kept) = self.node.sessions.get_mut(&at) else { return self.followers[client].happens(None) };
        let number = self.checker.pushes(self.now, client);
        self.followers[client].happens(Some(number));
        let via = kept.engine.connections().last().copied();
        kept.engine.push(via, numbered(PUSH, number, 0));
        self.flush(at);
    }

    /// Sends everything that a session has for its connections, and plans its next look at the clock.
    pub(super) fn flush(&mut self, at: (i64, i64)) {
        let (now, key_id) = (self.server_time(), at.0);
        let Some(key) = self.node.keys.get(&key_id).cloned() else { return };
        let Some(kept) = self.node.sessions.get(&at) else { return };
        for conn in kept.engine.connections().to_vec() {
            loop {
                let Some(kept) = self.node.sessions.get_mut(&at) else { return };
                let Some(packet) = kept.engine.transmit(now, conn) else { break };
                if kept.engine.take_lost() {
                    self.checker.wrong("a session gave up a pushed object".to_owned());
                }
                let salt = self.node.salts.current(key_id, now);
                let (msg_id, seqno) = (packet.msg_id, packet.seqno);
                let header = Header { salt, session_id: at.1, msg_id, seqno };
                let mut sealed = BytesMut::new();
                packet::seal(&key, Side::Server, &header, &packet.body, &mut self.rng, &mut sealed);
                self.send(conn, End::Server, &sealed);
            }
        }
        let Some(kept) = self.node.sessions.get_mut(&at) else { return };
        if let Some(deadline) = kept.engine.next_deadline() {
            let wake = self.now + deadline.saturating_sub(now).max(Duration::from_millis(1));
            if kept.wake_at.is_none_or(|planned| planned > wake || planned <= self.now) {
                kept.wake_at = Some(wake);
                self.queue.plan(wake, Happening::WakeSession { key_id, session_id: at.1 });
            }
        }
    }

    pub(super) fn wake_session(&mut self, at: (i64, i64)) {
        let now = self.now;
        let Some(kept) = self.node.sessions.get_mut(&at) else { return };
        if kept.idle_since.is_some_and(|since| since + SESSION_LIFE <= now) {
            self.report.forgotten += 1;
            self.end_session(at);
        } else {
            if kept.wake_at == Some(now) {
                kept.wake_at = None;
            }
            self.flush(at);
        }
    }

    /// The server's end of a connection is gone.
    pub(super) fn server_lost(&mut self, conn: ConnId) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        for at in std::mem::take(&mut link.sessions) {
            let Some(kept) = self.node.sessions.get_mut(&at) else { continue };
            kept.engine.detach(conn);
            if kept.engine.connections().is_empty() {
                kept.idle_since = Some(self.now);
                let (key_id, session_id) = at;
                self.queue.plan(self.now + SESSION_LIFE, Happening::WakeSession { key_id, session_id });
            }
            self.flush(at);
        }
    }

    pub(super) fn disconnect(&mut self, conn: ConnId) {
        let due = self.links.get(&conn).and_then(|link| link.disconnect_at);
        if due.is_some_and(|due| due <= self.now) {
            self.close(conn, End::Server);
        }
    }

    /// Forgets a session, whatever it was doing.
    fn end_session(&mut self, at: (i64, i64)) -> bool {
        let Some(kept) = self.node.sessions.remove(&at) else { return false };
        self.checker.life_ended(self.now, kept.life);
        self.node.runs.retain(|_, run| run.life != kept.life);
        true
    }

    pub(super) fn forget(&mut self) {
        let sessions: Vec<(i64, i64)> = self.node.sessions.keys().copied().collect();
        if !sessions.is_empty() {
            let at = sessions[self.rng.random_range(0..sessions.len())];
            self.report.forgotten += 1;
            self.end_session(at);
        }
    }

    pub(super) fn restart(&mut self) {
        self.report.restarts += 1;
        let sessions: Vec<(i64, i64)> = self.node.sessions.keys().copied().collect();
        sessions.into_iter().for_each(|at| _ = self.end_session(at));
        let conns: Vec<ConnId> = self.links.keys().copied().collect();
        for conn in conns {
            if let Some(link) = self.links.get_mut(&conn) {
                link.sessions.clear();
            }
            self.close(conn, End::Server);
        }
    }
}

/// A query that came inside invokeAfterMsg may still be packed (M-270).
fn unpacked(body: Bytes) -> Bytes {
    zaun_mtproto::gzip::unpack(&body).unwrap_or(body)
}
