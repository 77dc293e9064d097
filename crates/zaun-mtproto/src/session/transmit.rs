//! What leaves: packets for one connection, acknowledgements, containers (M-206, M-231, M-232, M-266, M-274 … M-276).

use bytes::Bytes;
use zaun_wire::types;

use super::outbox::Outgoing;
use super::{ConnId, Kind, MAX_IDS, MAX_TIME_NOTICES, Session, object};
use crate::{UnixTime, container, msg_id};

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

impl Session {
    /// When [`Session::transmit`] has to be called even if nothing happens: for acknowledgements.
    pub fn next_deadline(&self) -> Option<UnixTime> {
        self.acks.first().map(|(_, deadline)| *deadline)
    }

    /// The next packet for a connection, or `None` when there is nothing to say on it now.
    pub fn transmit(&mut self, now: UnixTime, conn: ConnId) -> Option<Packet> {
        if let Some(notice) = self.time_notice(now, conn) {
            return Some(notice);
        }
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
        // Clients judge the age of the outer identifier, so what was sent before needs a fresh one around it (M-279).
        if messages.len() > 1 || messages.first().is_some_and(|message| message.again) {
            return Some(self.container(now, &messages));
        }
        messages.pop().map(|m| Packet { msg_id: m.msg_id, seqno: m.seqno, body: m.body })
    }

    /// A packet that says nothing: an empty container, for HTTP clients that have waited long enough (M-262, M-315).
    pub fn empty_packet(&mut self, now: UnixTime) -> Packet {
        self.container(now, &[])
    }

    /// Queues a notification from which the client learns the time (M-240).
    pub(super) fn tell_time(&mut self, conn: ConnId, body: Bytes) {
        self.time_notices.push_back((conn, body));
        if self.time_notices.len() > MAX_TIME_NOTICES {
            self.time_notices.pop_front();
        }
    }

    /// Such a notification travels by itself, as the client looks at the outer identifier, and with the right time even
    /// if our clock went back: then against M-207, because from a rising identifier no client could ever learn it.
    fn time_notice(&mut self, now: UnixTime, conn: ConnId) -> Option<Packet> {
        let at = self.time_notices.iter().position(|(other, _)| *other == conn)?;
        let (_, body) = self.time_notices.remove(at)?;
        let right = msg_id::from_time(now) | 1;
        let is_close = |id: i64| msg_id::seconds(id) - msg_id::seconds(right) <= 1;
        let (rising, seqno) = self.outbox.stamp(now, Kind::Response, false);
        let msg_id = match self.last_time_notice {
            _ if is_close(rising) => rising,
            // Two of one moment must not look like one that came twice.
            last if last >= right && is_close(last) => last + 4,
            _ => right,
        };
        self.last_time_notice = msg_id;
        Some(Packet { msg_id, seqno, body })
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
        Some(Outgoing { msg_id, seqno, body, answers: None, again: false })
    }

    /// A container is stamped last, so its msg_id and seqno are not below those inside (M-217, M-232).
    fn container(&mut self, now: UnixTime, messages: &[Outgoing]) -> Packet {
        let body = container::write(messages.iter().map(|m| (m.msg_id, m.seqno, &m.body)));
        let (msg_id, seqno) = self.outbox.stamp(now, Kind::Response, false);
        Packet { msg_id, seqno, body }
    }
}
