//! The session of a server: everything between a decrypted packet and a query that is to be run (M-188 … M-319).
//!
//! A [`Session`] belongs to (auth_key_id, session_id) and outlives its connections (M-189). [`Session::receive`]
//! takes an opened packet and returns what the shell has to do; [`Session::answer`] and [`Session::push`] take what
//! is to be sent; [`Session::transmit`] hands out packets for one connection.

mod bad;
mod body;
mod outbox;
mod received;
mod service;

use bytes::{BufMut, Bytes, BytesMut};
use zaun_schema::mtproto::types;

pub use bad::BadMsg;
pub use body::{MAX_CONTAINER, MAX_IDS, RPC_RESULT};
pub use outbox::{MAX_BYTES, MAX_MESSAGES};
pub use received::WINDOW;

use crate::msg_id::{self, Kind};
use crate::packet::Header;
use crate::salts::SaltSource;
use crate::UnixTime;
use body::{Class, Message, Unwrap};
use outbox::{Outbox, Outgoing, Queued, Route};
use received::{Progress, Received};

/// A query that takes longer than this is acknowledged before its answer (M-275, M-276).
pub const ACK_DELAY: UnixTime = UnixTime::from_millis(1000);
/// Answers up to this size are sent again for a repeated query; larger ones are announced (M-214, M-291).
const RESEND_WHOLE: usize = 1024;

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

/// Checks that need no session (M-239, first half); they never create one (M-242).
pub fn precheck(
    now: UnixTime,
    auth_key_id: i64,
    header: &Header,
    salts: &SaltSource,
    first_salt: Option<i64>,
) -> Result<(), BadMsg> {
    if header.msg_id & 3 != 0 {
        return Err(BadMsg::MsgIdLowBits);
    }
    let age = i64::try_from(now.as_secs()).unwrap_or(i64::MAX) - msg_id::seconds(header.msg_id);
    if age > msg_id::MAX_AGE_S {
        return Err(BadMsg::MsgIdTooLow);
    }
    if age < -msg_id::MAX_AHEAD_S {
        return Err(BadMsg::MsgIdTooHigh);
    }
    if Some(header.salt) != first_salt && !salts.accepts(auth_key_id, header.salt, now) {
        return Err(BadMsg::Salt);
    }
    Ok(())
}

/// The notification about a refused message, for a session that does not exist (M-233, M-246).
pub fn refusal(bad: BadMsg, header: &Header, current_salt: i64) -> Bytes {
    let (bad_msg_id, bad_msg_seqno, error_code) = (header.msg_id, header.seqno, bad.code());
    if bad == BadMsg::Salt {
        let new_server_salt = current_salt;
        object(&types::BadServerSalt { bad_msg_id, bad_msg_seqno, error_code, new_server_salt })
    } else {
        object(&types::BadMsgNotification { bad_msg_id, bad_msg_seqno, error_code })
    }
}

/// Serializes an object of the MTProto schema, which has no layers and always has a form.
fn object(value: &impl zaun_tl::Encode) -> Bytes {
    zaun_tl::to_bytes(value, 0).map(Bytes::from).unwrap_or_default()
}

/// The first 12 bytes of an rpc_result; the result object follows (M-296).
pub fn rpc_result_prefix(req_msg_id: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    out.put_u32_le(RPC_RESULT);
    out.put_i64_le(req_msg_id);
    out
}

/// A packet that is ready to be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Identifier of the message or container.
    pub msg_id: i64,
    /// Its sequence number.
    pub seqno: i32,
    /// Its body.
    pub body: Bytes,
}

/// The server's half of one session.
#[derive(Debug)]
pub struct Session {
    session_id: i64,
    first_msg_id: i64,
    received: Received,
    outbox: Outbox,
    connections: Vec<ConnId>,
    /// Received messages to acknowledge, with the time by which that has to happen.
    acks: Vec<(i64, UnixTime)>,
}

impl Session {
    /// Creates the session for its first packet. `unique_id` is random; `salt` is the current one (M-192 … M-198).
    pub fn new(header: &Header, body: &Bytes, unique_id: i64, salt: i64) -> Session {
        let mut session = Session {
            session_id: header.session_id,
            first_msg_id: i64::MAX,
            received: Received::default(),
            outbox: Outbox::default(),
            connections: Vec::new(),
            acks: Vec::new(),
        };
        let lowest = lowest_id(header, body);
        session.announce(lowest, unique_id, salt);
        session
    }

    /// The session's identifier.
    pub fn session_id(&self) -> i64 {
        self.session_id
    }

    /// Whether a packet holds a message older than the session's first, which calls for another announcement.
    pub fn precedes(&self, header: &Header, body: &Bytes) -> bool {
        lowest_id(header, body) < self.first_msg_id
    }

    /// Queues new_session_created (M-192, M-197).
    pub fn announce(&mut self, first_msg_id: i64, unique_id: i64, server_salt: i64) {
        self.first_msg_id = first_msg_id;
        let body = object(&types::NewSessionCreated { first_msg_id, unique_id, server_salt });
        self.enqueue(true, None, Kind::Notice, Route::Any, body);
    }

    /// A connection carried a packet of this session.
    pub fn attach(&mut self, conn: ConnId) {
        self.connections.retain(|other| *other != conn);
        self.connections.push(conn);
    }

    /// A connection is gone; what it carried and nobody acknowledged waits for the next one (M-278).
    pub fn detach(&mut self, conn: ConnId) {
        self.connections.retain(|other| *other != conn);
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
        salts: &SalterFor<'_>,
    ) -> Vec<Event> {
        let mut events = Vec::new();
        match self.accept(header, body) {
            Ok(messages) => {
                let (queries, service): (Vec<_>, Vec<_>) =
                    messages.into_iter().partition(|(class, _)| *class == Class::Query);
                // M-264: acknowledgements and state requests take effect before the queries beside them.
                for (_, message) in service.into_iter().chain(queries) {
                    self.handle(now, conn, message, salts, &mut events);
                }
            }
            Err(Unwrap::TooMany) => events.push(Event::Flood),
            Err(Unwrap::Bad(bad)) => {
                self.refuse(conn, bad, header, salts.current);
                events.push(Event::Refused(bad));
            }
        }
        events
    }

    /// Queues the notification about a refused packet, on the connection it came by.
    pub fn refuse(&mut self, conn: ConnId, bad: BadMsg, header: &Header, current_salt: i64) {
        let body = refusal(bad, header, current_salt);
        self.enqueue(false, None, Kind::Response, Route::Only(conn), body);
    }

    /// The second half of the checks of M-239; a packet is accepted or refused as a whole (M-236). Accepted messages
    /// that are new are remembered.
    fn accept(&mut self, header: &Header, body: &Bytes) -> Result<Vec<(Class, Message)>, Unwrap> {
        let (msg_id, seqno) = (header.msg_id, header.seqno);
        let is_container = body::constructor(body) == body::MSG_CONTAINER;
        if self.received.is_forgotten(msg_id) {
            return Err(Unwrap::Bad(BadMsg::MsgIdForgotten));
        }
        if is_container && self.received.contains(msg_id) {
            return Err(Unwrap::Bad(BadMsg::ContainerIdSeen));
        }
        let mut messages = Vec::new();
        let mut inserted = Vec::new();
        let outcome = body::unwrap(msg_id, seqno, body).and_then(|all| {
            for message in all {
                let class = message.body.as_ref().map_or(Class::Query, |body| body::classify(body));
                self.remember(&message, class, &mut inserted).map_err(Unwrap::Bad)?;
                messages.push((class, message));
            }
            if is_container {
                let even = if seqno & 1 == 0 { Ok(()) } else { Err(BadMsg::EvenSeqnoExpected) };
                even.and_then(|()| self.received.check_seqno(msg_id, seqno)).map_err(Unwrap::Bad)?;
                self.received.insert(msg_id, seqno, Progress::Done);
            }
            Ok(())
        });
        match outcome {
            Ok(()) => {
                self.received.trim();
                Ok(messages)
            }
            Err(refused) => {
                for msg_id in inserted {
                    self.received.remove(msg_id);
                }
                Err(refused)
            }
        }
    }

    fn remember(&mut self, message: &Message, class: Class, inserted: &mut Vec<i64>) -> Result<(), BadMsg> {
        if self.received.contains(message.msg_id) {
            return Ok(());
        }
        if self.received.is_forgotten(message.msg_id) {
            return Err(BadMsg::MsgIdForgotten);
        }
        match (class, message.seqno & 1) {
            (Class::NeverAcked, 1) => return Err(BadMsg::EvenSeqnoExpected),
            (Class::Query, 0) => return Err(BadMsg::OddSeqnoExpected),
            _ => {}
        }
        self.received.check_seqno(message.msg_id, message.seqno)?;
        self.received.insert(message.msg_id, message.seqno, Progress::New);
        inserted.push(message.msg_id);
        Ok(())
    }

    fn handle(
        &mut self,
        now: UnixTime,
        conn: ConnId,
        message: Message,
        salts: &SalterFor<'_>,
        events: &mut Vec<Event>,
    ) {
        let msg_id = message.msg_id;
        if message.seqno & 1 == 1 {
            self.acks.push((msg_id, now + ACK_DELAY));
        }
        if self.received.progress(msg_id) != Some(Progress::New) {
            self.repeat(conn, msg_id);
            return;
        }
        match message.body {
            Ok(body) if body::classify(&body) == Class::Query => {
                self.received.set_progress(msg_id, Progress::Running);
                events.push(Event::Query { msg_id, body });
            }
            Ok(body) => {
                self.received.set_progress(msg_id, Progress::Done);
                self.service(now, conn, msg_id, &body, salts, events);
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
    /// that of a dropped query is discarded (M-303).
    pub fn answer(&mut self, query: i64, via: ConnId, rpc_result: Bytes) {
        match self.received.progress(query) {
            Some(Progress::Dropped | Progress::Answered) => return,
            Some(_) => self.received.set_progress(query, Progress::Answered),
            None => {}
        }
        self.enqueue(true, Some(query), Kind::Response, Route::Prefer(via), rpc_result);
    }

    /// Sends an object that answers nothing, such as updates, on `via` if it is still there.
    pub fn push(&mut self, via: Option<ConnId>, body: Bytes) {
        self.enqueue(true, None, Kind::Notice, via.map_or(Route::Any, Route::Prefer), body);
    }

    /// Whether pushed objects were given up because nobody fetched them: the client must be told to resynchronise.
    pub fn take_lost(&mut self) -> bool {
        self.outbox.take_lost()
    }

    /// Bytes that wait to be sent or acknowledged.
    pub fn held_bytes(&self) -> usize {
        self.outbox.bytes()
    }

    fn enqueue(&mut self, content_related: bool, answers: Option<i64>, kind: Kind, route: Route, body: Bytes) {
        self.outbox.push(Queued { content_related, answers, kind, route, body, sent_as: None });
    }

    /// When [`Session::transmit`] has to be called even if nothing happens: for acknowledgements.
    pub fn next_deadline(&self) -> Option<UnixTime> {
        self.acks.first().map(|(_, deadline)| *deadline)
    }

    /// The next packet for a connection, or `None` when there is nothing to say on it now.
    pub fn transmit(&mut self, now: UnixTime, conn: ConnId) -> Option<Packet> {
        let connections = &self.connections;
        let mut messages = self.outbox.take(now, conn, |other| connections.contains(&other));
        for message in &messages {
            if let Some(query) = message.answers {
                // M-275: the answer is the acknowledgement.
                self.acks.retain(|(msg_id, _)| *msg_id != query);
                self.received.set_acked(query);
            }
        }
        let due = self.acks.first().is_some_and(|(_, deadline)| *deadline <= now);
        if due || messages.len() > 1 {
            messages.extend(self.take_acks(now));
        }
        match messages.len() {
            0 => None,
            1 => messages.pop().map(|m| Packet { msg_id: m.msg_id, seqno: m.seqno, body: m.body }),
            _ => Some(self.container(now, &messages)),
        }
    }

    fn take_acks(&mut self, now: UnixTime) -> Option<Outgoing> {
        let count = self.acks.len().min(MAX_IDS);
        if count == 0 {
            return None;
        }
        let msg_ids: Vec<i64> = self.acks.drain(..count).map(|(msg_id, _)| msg_id).collect();
        for msg_id in &msg_ids {
            self.received.set_acked(*msg_id);
        }
        let body = object(&types::MsgsAck { msg_ids });
        let (msg_id, seqno) = self.outbox.stamp(now, Kind::Response, false);
        Some(Outgoing { msg_id, seqno, body, answers: None })
    }

    /// A container is stamped last, so its msg_id and seqno are not below those inside (M-217, M-232).
    fn container(&mut self, now: UnixTime, messages: &[Outgoing]) -> Packet {
        let size: usize = messages.iter().map(|m| 16 + m.body.len()).sum();
        let mut out = BytesMut::with_capacity(8 + size);
        out.put_u32_le(body::MSG_CONTAINER);
        out.put_i32_le(i32::try_from(messages.len()).unwrap_or(i32::MAX));
        for message in messages {
            out.put_i64_le(message.msg_id);
            out.put_i32_le(message.seqno);
            out.put_i32_le(i32::try_from(message.body.len()).unwrap_or(i32::MAX));
            out.put_slice(&message.body);
        }
        let (msg_id, seqno) = self.outbox.stamp(now, Kind::Response, false);
        Packet { msg_id, seqno, body: out.freeze() }
    }
}

/// The salts of the key that a session belongs to.
pub struct SalterFor<'a> {
    /// Where salts come from.
    pub source: &'a SaltSource,
    /// The key.
    pub auth_key_id: i64,
    /// The current salt.
    pub current: i64,
}

/// The lowest identifier in a packet, so that clients resend what is older and nothing else (M-193).
fn lowest_id(header: &Header, body: &Bytes) -> i64 {
    let messages = body::unwrap(header.msg_id, header.seqno, body).unwrap_or_default();
    messages.iter().map(|m| m.msg_id).min().unwrap_or(header.msg_id).min(header.msg_id)
}
