//! What a session still has to send, and what it sent but the client has not acknowledged (M-274 … M-282).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;

use super::ConnId;
use crate::UnixTime;
use crate::msg_id::{self, Kind};

/// Messages that one session may hold (queued and unacknowledged together) before the oldest are given up (M-282).
pub const MAX_MESSAGES: usize = 4096;
/// Bytes that one session may hold, as above: some thirty of the largest file parts.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// The longest single message: with acknowledgements, container and envelope around it, it still fits the largest
/// frame that clients take (M-031).
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024 - 128 * 1024;
/// Messages in one container from the server; the protocol's limit is 1024 (M-266).
const MAX_CONTAINER_MESSAGES: usize = 512;
/// A container stops growing here; one larger message travels alone (M-031 limits the frame).
const MAX_CONTAINER_BYTES: usize = 512 * 1024;

/// Where a message may travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Only on this connection; it dies with it (pong, notifications about packets of that connection).
    Only(ConnId),
    /// On this connection while it lives, else on any of the session.
    Prefer(ConnId),
    /// On any connection of the session.
    Any,
}

impl Route {
    /// Whether a message may travel on `conn`; `alive` tells which connections exist.
    fn leads(self, conn: ConnId, alive: impl Fn(ConnId) -> bool) -> bool {
        match self {
            Route::Only(only) => only == conn,
            Route::Prefer(prefer) => prefer == conn || !alive(prefer),
            Route::Any => true,
        }
    }
}

/// What a message is for, as far as giving messages up is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Answers, and what the protocol itself has to say.
    Protocol,
    /// An object that was pushed.
    Push,
    /// Tells the client to fetch what was pushed in another way, so that it needs no pushed object from before.
    Resync,
}

/// Where the one message is that tells the client to resynchronise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Resync {
    #[default]
    None,
    /// It waits to be sent: whatever happens until then it covers.
    Waits,
    /// It was sent under this msg_id and not acknowledged; whether something was lost since.
    Sent { msg_id: i64, lost_since: bool },
}

/// A message waiting to be sent.
#[derive(Debug)]
pub struct Queued {
    /// Whether the client must acknowledge it (M-231).
    pub content_related: bool,
    /// The query it answers, if it is an rpc_result.
    pub answers: Option<i64>,
    /// Decides the low bits of its msg_id (M-206).
    pub kind: Kind,
    /// What it is for.
    pub purpose: Purpose,
    /// See [`Route`].
    pub route: Route,
    /// The serialized object.
    pub body: Bytes,
    /// Identifier and seqno, once it was sent a first time (M-279).
    pub sent_as: Option<(i64, i32)>,
}

#[derive(Debug)]
struct Sent {
    message: Queued,
    via: ConnId,
}

/// One message of a packet.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Identifier.
    pub msg_id: i64,
    /// Sequence number.
    pub seqno: i32,
    /// The serialized object.
    pub body: Bytes,
    /// The query it answers.
    pub answers: Option<i64>,
    /// Whether it was sent before.
    pub again: bool,
}

/// Queue and resend store of one session.
#[derive(Debug, Default)]
pub struct Outbox {
    queue: VecDeque<Queued>,
    unacked: BTreeMap<i64, Sent>,
    bytes: usize,
    ids: msg_id::Generator,
    content_sent: i32,
    lost: bool,
    resync: Resync,
}

impl Outbox {
    /// Adds a message. Beyond the limits the oldest unacknowledged message, then the oldest queued one, is given up;
    /// returns the queries whose answers went that way.
    ///
    /// A pushed object is not even queued while the client is still to be told to resynchronise.
    pub fn push(&mut self, message: Queued) -> Vec<i64> {
        let mut unanswered = Vec::new();
        if message.purpose == Purpose::Push && self.resync == Resync::Waits {
            return unanswered;
        }
        self.bytes += message.body.len();
        self.queue.push_back(message);
        while self.bytes > MAX_BYTES || self.queue.len() + self.unacked.len() > MAX_MESSAGES {
            let Some(oldest) = self.give_up_oldest() else { break };
            self.bytes -= oldest.body.len();
            if oldest.content_related && oldest.answers.is_none() {
                self.note_loss();
            }
            unanswered.extend(oldest.answers);
        }
        unanswered
    }

    /// Takes the oldest message away, unacknowledged ones first. What tells the client to resynchronise stays.
    fn give_up_oldest(&mut self) -> Option<Queued> {
        let may_go = |message: &Queued| message.purpose != Purpose::Resync;
        let oldest = self.unacked.iter().find(|(_, sent)| may_go(&sent.message)).map(|(msg_id, _)| *msg_id);
        if let Some(msg_id) = oldest {
            return self.unacked.remove(&msg_id).map(|sent| sent.message);
        }
        let index = self.queue.iter().position(may_go)?;
        self.queue.remove(index)
    }

    /// A pushed message was given up, or could not even be queued.
    pub fn note_loss(&mut self) {
        match &mut self.resync {
            Resync::None => self.lost = true,
            Resync::Waits => {}
            Resync::Sent { lost_since, .. } => *lost_since = true,
        }
    }

    /// Whether a pushed message was given up since the last call: the client has to be told to resynchronise.
    pub fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.lost)
    }

    /// Whether a message that tells the client to resynchronise may be pushed now. At most one is under way: if it was
    /// sent already, the client is told again when it has acknowledged that one. Pushed objects are given up, because
    /// whoever resynchronises needs none of them.
    pub fn begin_resync(&mut self) -> bool {
        self.lost = false;
        if self.resync != Resync::None {
            self.note_loss();
            return false;
        }
        self.discard(|message| message.purpose == Purpose::Push);
        let bytes = &mut self.bytes;
        self.unacked.retain(|_, sent| {
            let keep = sent.message.purpose != Purpose::Push;
            *bytes -= if keep { 0 } else { sent.message.body.len() };
            keep
        });
        self.resync = Resync::Waits;
        true
    }

    /// Bytes held for this session.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The next identifier and seqno for a message outside the queue (containers, acks).
    pub fn stamp(&mut self, now: UnixTime, kind: Kind, content_related: bool) -> (i64, i32) {
        let msg_id = self.ids.next(now, kind);
        let seqno = self.content_sent.wrapping_mul(2) | i32::from(content_related);
        if content_related {
            self.content_sent = self.content_sent.wrapping_add(1);
        }
        (msg_id, seqno)
    }

    /// How many messages may go out on `conn` now.
    pub fn waiting(&self, conn: ConnId, alive: impl Fn(ConnId) -> bool) -> usize {
        self.queue.iter().filter(|message| message.route.leads(conn, &alive)).count()
    }

    /// Takes what may go into one packet on `conn`, in order. `alive` tells which connections still exist.
    pub fn take(&mut self, now: UnixTime, conn: ConnId, alive: impl Fn(ConnId) -> bool) -> Vec<Outgoing> {
        let mut taken: Vec<Outgoing> = Vec::new();
        let (mut bytes, mut index) = (0, 0);
        while let Some(message) = self.queue.get(index) {
            if !message.route.leads(conn, &alive) {
                index += 1;
                continue;
            }
            let full =
                bytes + message.body.len() > MAX_CONTAINER_BYTES || taken.len() >= MAX_CONTAINER_MESSAGES;
            if full && !taken.is_empty() {
                break;
            }
            let Some(message) = self.queue.remove(index) else { break };
            bytes += message.body.len();
            taken.push(self.send(now, conn, message));
        }
        taken
    }

    fn send(&mut self, now: UnixTime, conn: ConnId, mut message: Queued) -> Outgoing {
        let again = message.sent_as.is_some();
        let (msg_id, seqno) =
            message.sent_as.unwrap_or_else(|| self.stamp(now, message.kind, message.content_related));
        message.sent_as = Some((msg_id, seqno));
        if message.purpose == Purpose::Resync && !again {
            self.resync = Resync::Sent { msg_id, lost_since: false };
        }
        let out = Outgoing { msg_id, seqno, body: message.body.clone(), answers: message.answers, again };
        if message.content_related {
            self.unacked.insert(msg_id, Sent { message, via: conn });
        } else {
            self.bytes -= message.body.len();
        }
        out
    }

    /// The client has these messages (M-277), even those that already wait to be sent again. Unknown ones are ignored.
    pub fn acknowledge(&mut self, msg_ids: &[i64]) {
        let mut waiting = BTreeSet::new();
        if let Resync::Sent { msg_id, lost_since } = self.resync
            && msg_ids.contains(&msg_id)
        {
            self.resync = Resync::None;
            self.lost |= lost_since;
        }
        for msg_id in msg_ids {
            match self.unacked.remove(msg_id) {
                Some(sent) => self.bytes -= sent.message.body.len(),
                None => _ = waiting.insert(*msg_id),
            }
        }
        if !waiting.is_empty() {
            self.discard(|message| message.sent_as.is_some_and(|(msg_id, _)| waiting.contains(&msg_id)));
        }
    }

    /// Takes queued messages away.
    fn discard(&mut self, unwanted: impl Fn(&Queued) -> bool) {
        let bytes = &mut self.bytes;
        self.queue.retain(|message| {
            let keep = !unwanted(message);
            *bytes -= if keep { 0 } else { message.body.len() };
            keep
        });
    }

    /// A connection is gone: what was sent on it and not acknowledged is queued again (M-278); what could travel only
    /// there is dropped.
    pub fn requeue(&mut self, conn: ConnId) {
        self.queue_again(|via| via == conn, Route::Any);
        self.discard(|message| message.route == Route::Only(conn));
    }

    /// A connection is new: what was sent on others and not acknowledged goes out on it (M-278), and what waits for
    /// them.
    pub fn repeat_on(&mut self, conn: ConnId) {
        for message in &mut self.queue {
            if matches!(message.route, Route::Prefer(_)) {
                message.route = Route::Prefer(conn);
            }
        }
        self.queue_again(|via| via != conn, Route::Prefer(conn));
    }

    /// Queues unacknowledged messages, before all others and in the old order.
    fn queue_again(&mut self, sent_via: impl Fn(ConnId) -> bool, route: Route) {
        let ids: Vec<i64> = self.unacked.iter().filter(|(_, s)| sent_via(s.via)).map(|(id, _)| *id).collect();
        for msg_id in ids.into_iter().rev() {
            if let Some(sent) = self.unacked.remove(&msg_id) {
                self.queue.push_front(Queued { route, ..sent.message });
            }
        }
    }

    /// Sends messages again, on the connection that asks (M-293). `false`, and nothing, if any of them is not held.
    pub fn resend_all(&mut self, msg_ids: &[i64], conn: ConnId) -> bool {
        let waiting: BTreeSet<i64> = self.queue.iter().filter_map(|m| m.sent_as).map(|(id, _)| id).collect();
        if !msg_ids.iter().all(|id| self.unacked.contains_key(id) || waiting.contains(id)) {
            return false;
        }
        for msg_id in msg_ids {
            self.resend(*msg_id, conn);
        }
        true
    }

    /// Sends one message again unless it waits already.
    pub fn resend(&mut self, msg_id: i64, conn: ConnId) {
        if let Some(sent) = self.unacked.remove(&msg_id) {
            self.queue.push_back(Queued { route: Route::Prefer(conn), ..sent.message });
        }
    }

    /// Sends the answers to these queries again, as far as they are held.
    pub fn resend_answers(&mut self, queries: &[i64], conn: ConnId) {
        let queries: BTreeSet<i64> = queries.iter().copied().collect();
        let asked = |sent: &Sent| sent.message.answers.is_some_and(|query| queries.contains(&query));
        let ids: Vec<i64> = self.unacked.iter().filter(|(_, s)| asked(s)).map(|(id, _)| *id).collect();
        for msg_id in ids {
            self.resend(msg_id, conn);
        }
    }

    /// The held answer to a query: its msg_id, its seqno and its size. Identifier 0 while it still waits.
    pub fn answer_to(&self, query: i64) -> Option<(i64, i32, usize)> {
        let sent = self.unacked.values().map(|s| &s.message).find(|m| m.answers == Some(query));
        let message = sent.or_else(|| self.queue.iter().find(|m| m.answers == Some(query)))?;
        let (msg_id, seqno) = message.sent_as.unwrap_or((0, 0));
        Some((msg_id, seqno, message.body.len()))
    }

    /// Drops the held answer to a query (M-304, M-305).
    pub fn drop_answer(&mut self, query: i64) {
        let bytes = &mut self.bytes;
        self.unacked.retain(|_, sent| {
            let keep = sent.message.answers != Some(query);
            *bytes -= if keep { 0 } else { sent.message.body.len() };
            keep
        });
        self.discard(|message| message.answers == Some(query));
    }
}
