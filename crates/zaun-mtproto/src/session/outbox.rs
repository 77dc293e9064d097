//! What a session still has to send, and what it sent but the client has not acknowledged (M-274 … M-282).

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::ConnId;
use crate::msg_id::{self, Kind};
use crate::UnixTime;

/// Messages that one session may hold (queued and unacknowledged together) before the oldest are given up (M-282).
pub const MAX_MESSAGES: usize = 4096;
/// Bytes that one session may hold, as above: some thirty of the largest file parts.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
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

/// A message waiting to be sent.
#[derive(Debug)]
pub struct Queued {
    /// Whether the client must acknowledge it (M-231).
    pub content_related: bool,
    /// The query it answers, if it is an rpc_result.
    pub answers: Option<i64>,
    /// Decides the low bits of its msg_id (M-206).
    pub kind: Kind,
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
}

impl Outbox {
    /// Adds a message. Beyond the limits the oldest unacknowledged message, then the oldest queued one, is given up.
    pub fn push(&mut self, message: Queued) {
        self.bytes += message.body.len();
        self.queue.push_back(message);
        while self.bytes > MAX_BYTES || self.queue.len() + self.unacked.len() > MAX_MESSAGES {
            let oldest = match self.unacked.pop_first() {
                Some((_, sent)) => Some(sent.message),
                None => self.queue.pop_front(),
            };
            let Some(oldest) = oldest else { break };
            self.bytes -= oldest.body.len();
            self.lost |= oldest.content_related && oldest.answers.is_none();
        }
    }

    /// Whether a pushed message was given up since the last call: the client has to be told to resynchronise.
    pub fn take_lost(&mut self) -> bool {
        std::mem::take(&mut self.lost)
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

    /// Takes what may go into one packet on `conn`, in order. `alive` tells which connections still exist.
    pub fn take(&mut self, now: UnixTime, conn: ConnId, alive: impl Fn(ConnId) -> bool) -> Vec<Outgoing> {
        let mut taken: Vec<Outgoing> = Vec::new();
        let (mut bytes, mut index) = (0, 0);
        while let Some(message) = self.queue.get(index) {
            let eligible = match message.route {
                Route::Only(only) => only == conn,
                Route::Prefer(prefer) => prefer == conn || !alive(prefer),
                Route::Any => true,
            };
            if !eligible {
                index += 1;
                continue;
            }
            let full = bytes + message.body.len() > MAX_CONTAINER_BYTES || taken.len() >= MAX_CONTAINER_MESSAGES;
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
        let (msg_id, seqno) =
            message.sent_as.unwrap_or_else(|| self.stamp(now, message.kind, message.content_related));
        message.sent_as = Some((msg_id, seqno));
        let out = Outgoing { msg_id, seqno, body: message.body.clone(), answers: message.answers };
        if message.content_related {
            self.unacked.insert(msg_id, Sent { message, via: conn });
        } else {
            self.bytes -= message.body.len();
        }
        out
    }

    /// The client has this message (M-277). Returns the query it answered, if any.
    pub fn acknowledge(&mut self, msg_id: i64) -> Option<i64> {
        let sent = self.unacked.remove(&msg_id)?;
        self.bytes -= sent.message.body.len();
        sent.message.answers
    }

    /// A connection is gone: what was sent on it and not acknowledged is queued again, in the old order (M-278);
    /// what could travel only there is dropped.
    pub fn requeue(&mut self, conn: ConnId) {
        let lost: Vec<i64> = self.unacked.iter().filter(|(_, s)| s.via == conn).map(|(id, _)| *id).collect();
        for msg_id in lost.into_iter().rev() {
            if let Some(sent) = self.unacked.remove(&msg_id) {
                self.queue.push_front(Queued { route: Route::Any, ..sent.message });
            }
        }
        self.queue.retain(|message| {
            let keep = message.route != Route::Only(conn);
            if !keep {
                self.bytes -= message.body.len();
            }
            keep
        });
    }

    /// Whether a message of ours is still held, sent or not (M-293).
    pub fn holds(&self, msg_id: i64) -> bool {
        self.unacked.contains_key(&msg_id)
    }

    /// Sends a message again, on the connection that asks (M-293). `false` if it is not held.
    pub fn resend(&mut self, msg_id: i64, conn: ConnId) -> bool {
        let Some(sent) = self.unacked.remove(&msg_id) else { return false };
        self.queue.push_back(Queued { route: Route::Prefer(conn), ..sent.message });
        true
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
        let mut freed = 0;
        self.unacked.retain(|_, sent| {
            let keep = sent.message.answers != Some(query);
            freed += if keep { 0 } else { sent.message.body.len() };
            keep
        });
        self.queue.retain(|message| {
            let keep = message.answers != Some(query);
            freed += if keep { 0 } else { message.body.len() };
            keep
        });
        self.bytes -= freed;
    }
}
