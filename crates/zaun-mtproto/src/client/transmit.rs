//! What leaves: service messages, queries and acknowledgements, one packet at a time (M-210, M-217, M-232, M-258 …
//! M-262, M-274, M-314).

use bytes::{BufMut, Bytes, BytesMut};
use rand::CryptoRng;
use zaun_crypto::kdf::Side;
use zaun_wire::types;

use super::ids::Stamp;
use super::outbox::Service;
use super::query::Query;
use super::sent::Carried;
use super::{Asked, Carrier, ConnId, Event, Failure, MAX_ASKED, Monotonic, QueryId, Session};
use crate::container::{self, Inner};
use crate::msg_id;
use crate::packet::{self, Header};
use crate::session::object;

/// Messages in one container: with acknowledgements and http_wait it stays below the protocol's 1024 (M-260).
const MAX_MESSAGES: usize = 1000;
/// A container stops growing here; a longer query travels with no other one.
const MAX_CONTAINER_BYTES: usize = 32 * 1024;
/// An identifier older than this is sent inside a container, whose own is new: servers judge the outer one (M-210).
const MAX_BARE_AGE_S: i64 = 150;
/// Stamps since the oldest query that the server has not confirmed; beyond that new queries wait. A server remembers
/// a thousand messages or so (M-212), and could not tell whether it has run an older one (code 20).
const MAX_SPREAD: u64 = 768;
/// Constructor of `invokeAfterMsg`.
const INVOKE_AFTER_MSG: u32 = 0xcb9f_372d;

/// A packet that is ready to be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Salt, session, identifier and sequence number.
    pub header: Header,
    /// Its body.
    pub body: Bytes,
}

/// The messages of a packet, while it is put together.
#[derive(Debug, Default)]
struct Batch {
    messages: Vec<Inner>,
    bytes: usize,
    carried: Carried,
    /// Some message has an identifier that an own packet must not have.
    wrap: bool,
    /// Nothing may be added.
    closed: bool,
}

impl Batch {
    fn add(&mut self, stamp: Stamp, body: Bytes) {
        self.bytes += body.len();
        self.messages.push(Inner { msg_id: stamp.msg_id, seqno: stamp.seqno, body });
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.messages.is_empty()
            || (!self.closed
                && self.messages.len() < MAX_MESSAGES
                && self.bytes.saturating_add(bytes) <= MAX_CONTAINER_BYTES)
    }
}

impl Session {
    /// The next packet for a connection, or `None` when there is nothing to say on it now. To be called until then
    /// after everything that happens.
    pub fn transmit(
        &mut self,
        now: Monotonic,
        conn: ConnId,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Option<Packet> {
        self.spare_id = rng.next_u64().cast_signed();
        let carrier = self.links.iter().find(|link| link.conn == conn)?.carrier;
        self.on_time(now);
        let mut batch = Batch::default();
        self.take_service(now, conn, &mut batch);
        self.take_queries(now, conn, &mut batch, rng);
        self.take_acks(now, &mut batch);
        if let Carrier::Http(_) = carrier {
            self.take_http_wait(now, conn, carrier, &mut batch);
        }
        self.finish(now, batch)
    }

    /// Encrypts a packet and appends it to `out`.
    pub fn seal(&self, packet: &Packet, rng: &mut (impl CryptoRng + ?Sized), out: &mut BytesMut) {
        packet::seal(&self.key, Side::Client, &packet.header, &packet.body, rng, out);
    }

    fn stamp(&mut self, now: Monotonic, content_related: bool) -> Stamp {
        self.stamper.next(self.clock.server_time(now), content_related)
    }

    fn take_service(&mut self, now: Monotonic, conn: ConnId, batch: &mut Batch) {
        while batch.has_room(0)
            && let Some(service) = self.outbox.take(conn)
        {
            let stamp = self.stamp(now, self.odd_service);
            if let Service::StateReq { msg_ids } = &service {
                let asked = Asked { msg_ids: msg_ids.clone(), number: stamp.number };
                self.asked.insert(stamp.msg_id, asked);
                if self.asked.len() > MAX_ASKED {
                    self.asked.pop_first();
                }
            }
            batch.add(stamp, service.body());
            batch.carried.service.push(service);
        }
    }

    fn take_queries(
        &mut self,
        now: Monotonic,
        conn: ConnId,
        batch: &mut Batch,
        rng: &mut (impl CryptoRng + ?Sized),
    ) {
        let mut passed = 0;
        while let Some((msg_id, id)) = self.queries.next_again(passed) {
            passed = msg_id;
            if !self.take_query_into(now, conn, id, batch, rng) {
                return;
            }
        }
        let mut passed = None;
        while let Some(id) = self.queries.next_fresh(passed) {
            let oldest = self.queries.oldest_unconfirmed().unwrap_or(u64::MAX);
            if self.stamper.count().saturating_sub(oldest) >= MAX_SPREAD {
                return;
            }
            passed = Some(id);
            if !self.take_query_into(now, conn, id, batch, rng) {
                return;
            }
        }
    }

    /// Adds a query to the packet, or ends it, or passes it over. `false` if the packet is full.
    fn take_query_into(
        &mut self,
        now: Monotonic,
        conn: ConnId,
        id: QueryId,
        batch: &mut Batch,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> bool {
        let binds = match self.first() {
            Some(first) if first != id => return true,
            first => first.is_some(),
        };
        let Some(query) = self.queries.find(id) else { return false };
        let (size, alone, even) = (query.body.len(), query.alone, query.even);
        if !batch.has_room(size) || (alone && !batch.messages.is_empty()) {
            return false;
        }
        let body = match self.body_of(query) {
            Ok(Some(body)) => body,
            Ok(None) => return true,
            Err(why) => {
                self.queries.remove(id, false);
                self.events.push_back(Event::Failed { query: id, why });
                return true;
            }
        };
        let old = query.stamp;
        // Our clock went back since: no packet could be around it, and soon the server says whether it has it.
        if old.is_some_and(|stamp| stamp.msg_id > self.stamper.last()) {
            return true;
        }
        let stamp = old.unwrap_or_else(|| self.stamp(now, !even));
        batch.wrap |= old.is_some() && !self.may_travel_bare(now, stamp.msg_id);
        self.queries.sent(id, stamp, conn, self.stamper.count());
        if self.queries.find(id).is_some_and(|query| query.check.is_none()) {
            let wait = self.profile.state_after;
            self.queries.check_at(id, now.saturating_add(wait), wait.saturating_mul(2));
        }
        let body = if binds { self.binding_body(stamp.msg_id, rng).unwrap_or(body) } else { body };
        batch.add(stamp, body);
        batch.carried.queries.push(stamp.msg_id);
        batch.closed |= alone;
        !batch.closed
    }

    /// What is sent for a query: itself, or inside invokeAfterMsg while the one before it has no answer. `None` while
    /// it has to wait.
    fn body_of(&self, query: &Query) -> Result<Option<Bytes>, Failure> {
        let Some(after) = query.after else { return Ok(Some(query.body.clone())) };
        if self.queries.has_failed(after) {
            return Err(Failure::Predecessor);
        }
        let Some(before) = self.queries.find(after) else { return Ok(Some(query.body.clone())) };
        let Some(stamp) = before.stamp.filter(|_| !query.patient) else { return Ok(None) };
        let mut wrapped = BytesMut::with_capacity(12 + query.body.len());
        wrapped.put_u32_le(INVOKE_AFTER_MSG);
        wrapped.put_i64_le(stamp.msg_id);
        wrapped.put_slice(&query.body);
        Ok(Some(wrapped.freeze()))
    }

    /// Whether a message that was sent before may be a packet by itself once more.
    fn may_travel_bare(&self, now: Monotonic, msg_id: i64) -> bool {
        let server_s = i64::try_from(self.clock.server_time(now).as_secs()).unwrap_or(i64::MAX);
        let age_s = server_s.saturating_sub(msg_id::seconds(msg_id));
        (0..=MAX_BARE_AGE_S).contains(&age_s) && !self.sent.contains(msg_id)
    }

    fn take_acks(&mut self, now: Monotonic, batch: &mut Batch) {
        let due = self.received.acks_due(&self.profile).is_some_and(|at| at <= now);
        if batch.closed || (!due && batch.messages.is_empty()) {
            return;
        }
        let msg_ids = self.received.take_acks();
        if !msg_ids.is_empty() {
            let stamp = self.stamp(now, false);
            batch.carried.acks.clone_from(&msg_ids);
            batch.add(stamp, object(&types::MsgsAck { msg_ids }));
        }
    }

    /// Says how long the server may wait with its response: with every packet, and alone if no request is open.
    fn take_http_wait(&mut self, now: Monotonic, conn: ConnId, carrier: Carrier, batch: &mut Batch) {
        let Carrier::Http(wait) = carrier else { return };
        let Some(link) = self.links.iter_mut().find(|link| link.conn == conn) else { return };
        if batch.messages.is_empty() && link.polling {
            return;
        }
        link.polling = true;
        // A message that has to be alone is a whole request; the server then waits as it does by itself (M-317).
        if !batch.closed {
            let stamp = self.stamp(now, false);
            batch.add(stamp, object(&wait.message()));
        }
    }

    fn finish(&mut self, now: Monotonic, mut batch: Batch) -> Option<Packet> {
        batch.carried.messages = batch.messages.len();
        let (msg_id, seqno, body) = match batch.messages.as_slice() {
            [] => return None,
            [Inner { msg_id, seqno, body }] if !batch.wrap => (*msg_id, *seqno, body.clone()),
            messages => {
                // A container is stamped last, so its msg_id and seqno are not below those inside (M-217, M-232).
                let stamp = self.stamp(now, false);
                let messages = messages.iter().map(|message| (message.msg_id, message.seqno, &message.body));
                (stamp.msg_id, stamp.seqno, container::write(messages))
            }
        };
        batch.carried.number = self.stamper.count();
        self.sent.note(msg_id, batch.carried);
        let salt = self.salts.current(self.clock.server_time(now));
        let header = Header { salt, session_id: self.session_id, msg_id, seqno };
        Some(Packet { header, body })
    }
}
