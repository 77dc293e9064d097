//! The session of a server: everything between a decrypted packet and a query that is to be run (M-188 … M-319).
//!
//! A [`Session`] belongs to (auth_key_id, session_id) and outlives its connections (M-189). [`Session::receive`]
//! takes an opened packet and returns what the shell has to do; [`Session::answer`] and [`Session::push`] take what
//! is to be sent; [`Session::transmit`] hands out packets for one connection.

mod bad;
mod body;
mod check;
mod outbox;
mod received;
mod service;
mod transmit;

use std::collections::{BTreeMap, VecDeque};

use bytes::{BufMut, Bytes};
use zaun_wire::types;

pub use bad::BadMsg;
pub(crate) use body::constructor;
pub use body::{MAX_IDS, RPC_RESULT};
pub use check::{precheck, refusal};
pub use outbox::{MAX_BYTES, MAX_MESSAGE_BYTES, MAX_MESSAGES};
pub use received::{Neighbour, WINDOW};
pub use transmit::Packet;

use crate::UnixTime;
pub use crate::container::MAX_CONTAINER;
use crate::msg_id::Kind;
use crate::packet::Header;
use crate::salts::SaltSource;
use body::{Class, Message, Unwrap};
use outbox::{Outbox, Purpose, Queued, Route};
use received::{Progress, Received};

/// A query that takes longer than this is acknowledged before its answer (M-275, M-276).
pub const ACK_DELAY: UnixTime = UnixTime::from_millis(1000);
/// Answers up to this size are sent again for a repeated query; larger ones are announced (M-214, M-291).
const RESEND_WHOLE: usize = 1024;

/// Notifications about wrong clocks that may wait; a client needs one of them.
const MAX_TIME_NOTICES: usize = 16;

/// Names one connection of the server; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnId(pub u64);

/// What the shell has to do after a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Run this query, once, and give its result to [`Session::answer`].
    Query {
        /// Identifier of the query.
        msg_id: i64,
        /// The serialized method call.
        body: Bytes,
    },
    /// Destroy another session of the same key, then call [`Session::session_destroyed`] (M-201).
    DestroySession {
        /// Identifier of the request.
        msg_id: i64,
        /// The session to destroy.
        session_id: i64,
    },
    /// Destroy the auth key, then call [`Session::auth_key_destroyed`] and close after the flush (M-310).
    DestroyAuthKey {
        /// Identifier of the request.
        msg_id: i64,
    },
    /// Close this connection after so many seconds unless another such event comes (M-307, M-308).
    DisconnectIn {
        /// Seconds, capped by [`MAX_DISCONNECT_DELAY_S`](service::MAX_DISCONNECT_DELAY_S).
        seconds: u32,
    },
    /// How long the answer to this HTTP request may wait; elsewhere it means nothing (M-314 … M-319).
    HttpWait(HttpWait),
    /// The client gave up this running query (M-303); its handler may stop.
    Abandoned {
        /// Identifier of the query.
        msg_id: i64,
    },
    /// The packet was refused with a bad_msg_notification or bad_server_salt that is queued already.
    Refused(BadMsg),
    /// A limit was exceeded: transport error −429, then close (M-050).
    Flood,
}

/// What http_wait asks for (M-315).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpWait {
    /// Longest time from the first waiting message to the response.
    pub max_delay: UnixTime,
    /// Quiet time after the newest one.
    pub wait_after: UnixTime,
    /// Longest time with none.
    pub max_wait: UnixTime,
}

impl Default for HttpWait {
    /// Without http_wait (M-317).
    fn default() -> HttpWait {
        HttpWait { max_delay: UnixTime::ZERO, wait_after: UnixTime::ZERO, max_wait: UnixTime::from_secs(25) }
    }
}

/// Serializes an object of the MTProto schema, which has no layers and always has a form.
pub(crate) fn object(value: &impl zaun_tl::Encode) -> Bytes {
    zaun_tl::to_bytes(value, 0).map(Bytes::from).unwrap_or_default()
}

/// The first 12 bytes of an rpc_result; the result object follows (M-296).
pub fn rpc_result_prefix(req_msg_id: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.put_u32_le(RPC_RESULT);
    out.put_i64_le(req_msg_id);
    out
}

/// The server's half of one session.
#[derive(Debug)]
pub struct Session {
    session_id: i64,
    first_msg_id: i64,
    received: Received,
    outbox: Outbox,
    connections: Vec<ConnId>,
    /// Connections that carry nothing until their next request (M-061).
    resting: Vec<ConnId>,
    /// Received messages to acknowledge, with the time by which that has to happen.
    acks: Vec<(i64, UnixTime)>,
    /// Notifications whose own identifier has to tell the time, and where they belong.
    time_notices: VecDeque<(ConnId, Bytes)>,
    /// The identifier of the last of them.
    last_time_notice: i64,
    /// Running queries that came again by another connection, where their answers are wanted now.
    asked_again: BTreeMap<i64, ConnId>,
}

impl Session {
    /// A session that has received nothing yet; its first accepted packet announces it.
    pub fn new(session_id: i64) -> Session {
        Session {
            session_id,
            first_msg_id: i64::MAX,
            received: Received::default(),
            outbox: Outbox::default(),
            connections: Vec::new(),
            resting: Vec::new(),
            acks: Vec::new(),
            time_notices: VecDeque::new(),
            last_time_notice: 0,
            asked_again: BTreeMap::new(),
        }
    }

    /// The session's identifier.
    pub fn session_id(&self) -> i64 {
        self.session_id
    }

    /// A connection carried a packet of this session. What older ones carried and nobody acknowledged is sent again
    /// on a new one (M-278): a client that comes back has often lost the old one before the server knows.
    pub fn attach(&mut self, conn: ConnId) {
        let new = !self.connections.contains(&conn) && !self.resting.contains(&conn);
        self.resting.retain(|other| *other != conn);
        self.connections.retain(|other| *other != conn);
        self.connections.push(conn);
        if new {
            self.outbox.repeat_on(conn);
        }
    }

    /// A connection has answered its HTTP request and carries nothing until the next one (M-061); what it carried is
    /// not lost, so nothing is repeated for that.
    pub fn rest(&mut self, conn: ConnId) {
        if self.connections.contains(&conn) {
            self.connections.retain(|other| *other != conn);
            self.resting.push(conn);
        }
    }

    /// A connection is gone; what it carried and nobody acknowledged waits for the next one (M-278).
    pub fn detach(&mut self, conn: ConnId) {
        self.resting.retain(|other| *other != conn);
        self.connections.retain(|other| *other != conn);
        self.time_notices.retain(|(other, _)| *other != conn);
        self.outbox.requeue(conn);
    }

    /// The connections that carry this session; the one used last comes last.
    pub fn connections(&self) -> &[ConnId] {
        &self.connections
    }

    /// Takes one packet that passed [`precheck`].
    pub fn receive(
        &mut self,
        now: UnixTime,
        conn: ConnId,
        header: &Header,
        body: &Bytes,
        around: &Surroundings<'_>,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        match self.accept(header, body) {
            Ok(messages) => {
                self.announce_if_older(header, &messages, around);
                let (queries, service): (Vec<_>, Vec<_>) =
                    messages.into_iter().partition(|(class, _)| *class == Class::Query);
                // M-264: acknowledgements and state requests take effect before the queries beside them.
                for (_, message) in service.into_iter().chain(queries) {
                    self.handle(now, conn, message, around, &mut events);
                }
                // Only now, or a full window would forget what it is about to handle.
                self.received.trim();
            }
            Err(Unwrap::TooMany) => events.push(Event::Flood),
            Err(Unwrap::Bad(bad)) => {
                self.refuse(conn, bad, header, around.current_salt);
                events.push(Event::Refused(bad));
            }
        }
        events
    }

    /// Queues new_session_created for the first packet, and for a later one with an older message (M-192 … M-198).
    /// It names the lowest identifier of the packet, so that clients resend what is older and nothing else (M-193).
    fn announce_if_older(
        &mut self,
        header: &Header,
        messages: &[(Class, Message)],
        around: &Surroundings<'_>,
    ) {
        let lowest = messages.iter().map(|(_, message)| message.msg_id).min();
        let first_msg_id = lowest.map_or(header.msg_id, |lowest| lowest.min(header.msg_id));
        if first_msg_id >= self.first_msg_id {
            return;
        }
        self.first_msg_id = first_msg_id;
        let (unique_id, server_salt) = (around.unique_id, around.current_salt);
        let body = object(&types::NewSessionCreated { first_msg_id, unique_id, server_salt });
        self.enqueue(true, None, Kind::Notice, Route::Any, body);
    }

    fn handle(
        &mut self,
        now: UnixTime,
        conn: ConnId,
        message: Message,
        around: &Surroundings<'_>,
        events: &mut Vec<Event>,
    ) {
        let msg_id = message.msg_id;
        if message.seqno & 1 == 1 {
            self.acks.push((msg_id, now + ACK_DELAY));
        }
        match self.received.progress(msg_id) {
            Some(Progress::New) => {}
            Some(Progress::Running) => {
                self.asked_again.insert(msg_id, conn);
                return;
            }
            _ => return self.repeat(conn, msg_id),
        }
        match message.body {
            Ok(body) if body::classify(&body) == Class::Query => {
                self.received.set_progress(msg_id, Progress::Running);
                events.push(Event::Query { msg_id, body });
            }
            Ok(body) => {
                self.received.set_progress(msg_id, Progress::Done);
                self.service(now, conn, msg_id, &body, around, events);
            }
            Err(error) => {
                self.received.set_progress(msg_id, Progress::Running);
                self.unreadable(conn, msg_id, &error);
            }
        }
    }

    /// A message that was received before: never run again (M-213), but acknowledged, and its answer sent or
    /// announced once more (M-214).
    fn repeat(&mut self, conn: ConnId, msg_id: i64) {
        let Some((answer_msg_id, _, bytes)) = self.outbox.answer_to(msg_id) else { return };
        if answer_msg_id == 0 {
            return;
        }
        if bytes <= RESEND_WHOLE {
            self.outbox.resend(answer_msg_id, conn);
            return;
        }
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
        let info = types::MsgDetailedInfo { msg_id, answer_msg_id, bytes, status: 0 };
        self.enqueue(false, None, Kind::Response, Route::Only(conn), object(&info));
    }

    /// Gives the answer to a query: a whole rpc_result, see [`rpc_result_prefix`]. One answer per query (M-297);
    /// that of a dropped query is discarded (M-303). One that no frame can carry (M-031) becomes an error.
    ///
    /// Returns the connection that should carry it: `via`, unless the query came again by another one.
    pub fn answer(&mut self, query: i64, via: ConnId, rpc_result: Bytes) -> ConnId {
        let via = self.asked_again.remove(&query).unwrap_or(via);
        match self.received.progress(query) {
            Some(Progress::Dropped | Progress::Answered | Progress::Lost) => return via,
            Some(_) => self.received.set_progress(query, Progress::Answered),
            None => {}
        }
        if rpc_result.len() > MAX_MESSAGE_BYTES {
            self.answer_error(query, via, 500, "RESPONSE_TOO_LARGE");
        } else {
            self.enqueue(true, Some(query), Kind::Response, Route::Prefer(via), rpc_result);
        }
        via
    }

    /// Sends an object that answers nothing, such as updates, on `via` if it is still there. One that no frame can
    /// carry (M-031) counts as lost.
    pub fn push(&mut self, via: Option<ConnId>, body: Bytes) {
        if body.len() > MAX_MESSAGE_BYTES {
            self.outbox.note_loss();
        } else {
            let route = via.map_or(Route::Any, Route::Prefer);
            let message = Queued { purpose: Purpose::Push, ..queued(true, Kind::Notice, route, body) };
            self.queue(message);
        }
    }

    /// Sends an object that tells the client to fetch what was pushed in another way, such as updatesTooLong. It takes
    /// the place of all pushed objects that the client does not have; one of its kind is under way at a time, so this
    /// may be called as often as there is a reason (M-282).
    pub fn resync(&mut self, via: Option<ConnId>, body: Bytes) {
        if self.outbox.begin_resync() {
            let route = via.map_or(Route::Any, Route::Prefer);
            let message = Queued { purpose: Purpose::Resync, ..queued(true, Kind::Notice, route, body) };
            self.queue(message);
        }
    }

    /// Whether pushed objects were given up because nobody fetched them: the client must be told to resynchronise, see
    /// [`Session::resync`].
    pub fn take_lost(&mut self) -> bool {
        self.outbox.take_lost()
    }

    /// How many messages [`Session::transmit`] has for this connection, acknowledgements aside.
    pub fn waiting(&self, conn: ConnId) -> usize {
        let notices = self.time_notices.iter().filter(|(other, _)| *other == conn).count();
        notices + self.outbox.waiting(conn, |other| self.connections.contains(&other))
    }

    /// The remembered messages next to `msg_id`, below and above, with their seqno: what codes 32 and 33 are judged by
    /// (M-227).
    pub fn seqno_bounds(&self, msg_id: i64) -> (Option<Neighbour>, Option<Neighbour>) {
        self.received.neighbours(msg_id)
    }

    /// Bytes that wait to be sent or acknowledged.
    pub fn held_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    fn enqueue(
        &mut self,
        content_related: bool,
        answers: Option<i64>,
        kind: Kind,
        route: Route,
        body: Bytes,
    ) {
        self.queue(Queued { answers, ..queued(content_related, kind, route, body) });
    }

    fn queue(&mut self, message: Queued) {
        for query in self.outbox.push(message) {
            self.received.set_progress(query, Progress::Lost);
        }
    }
}

/// A message of the protocol's own that answers nothing.
fn queued(content_related: bool, kind: Kind, route: Route, body: Bytes) -> Queued {
    let purpose = Purpose::Protocol;
    Queued { content_related, answers: None, kind, purpose, route, body, sent_as: None }
}

/// What a session has to know of its key, and of chance, when a packet comes.
pub struct Surroundings<'a> {
    /// Where salts come from.
    pub salts: &'a SaltSource,
    /// The key.
    pub auth_key_id: i64,
    /// The salt that packets carry now.
    pub current_salt: i64,
    /// Random; names the session if this packet begins it (M-194).
    pub unique_id: i64,
}
