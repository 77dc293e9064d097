//! Refusals: every code is answered by correcting and sending again, never by giving the query up (M-233 … M-249).

use std::collections::BTreeSet;

use super::sent::Carried;
use super::{ConnId, Event, Failure, MAX_REFUSALS, Monotonic, QueryId, ReconnectReason, Session, seconds};
use crate::msg_id::{self, MAX_AHEAD_S};

/// How far the sequence numbers jump when the server finds them too low.
const SEQNO_JUMP: i32 = 64;
/// Refusals in a row after which correcting is hopeless: the session is replaced.
const MAX_IN_A_ROW: u32 = 12;
/// Refusals in a row for being too new although the time is right.
const MAX_CONTRADICTIONS: u32 = 2;
/// Refusals in a row after which service messages are no longer repeated: those that matter come again by themselves.
const MAX_SERVICE_REPEATS: u32 = 4;

/// What happens to the queries of a refused packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cure {
    /// They are sent again as they are: the fault was not theirs.
    Repeat,
    /// They get new identifiers, unless the server may have taken them before under the old ones.
    Restamp,
    /// They are sent again, each in a packet of its own.
    Alone,
    /// They are of the other parity than we thought.
    Flip,
}

impl Session {
    /// The server refused the packet with this identifier; nothing in it had an effect (M-236, M-237).
    pub(super) fn refused(&mut self, now: Monotonic, conn: ConnId, bad_msg_id: i64, code: i32) {
        // An old refusal, or one that was dealt with together with others.
        let Some(carried) = self.sent.take(bad_msg_id) else { return };
        self.events.push_back(Event::Refused { code });
        // Packets that were under way together count once: there was no chance to correct them.
        if carried.number > self.corrected_at {
            self.refused_in_a_row += 1;
            self.corrected_at = self.stamper.count();
        }
        if self.refused_in_a_row >= MAX_IN_A_ROW {
            self.events.push_back(Event::Reconnect { conn, why: ReconnectReason::Refused });
            self.undo(carried, code);
            return self.renew(now);
        }
        let single = carried.messages == 1;
        let service_alone = single && !carried.service.is_empty();
        let cure = match code {
            // 16, 17: the clock is corrected already. 48: so is the salt.
            16 | 19 | 48 => Cure::Repeat,
            17 => return self.too_new(now, carried, bad_msg_id),
            32 => {
                self.stamper.skip_seqnos(SEQNO_JUMP);
                Cure::Restamp
            }
            // A newer message has a lower number: the order cannot be mended within the session.
            33 => {
                self.undo(carried, code);
                return self.renew(now);
            }
            34 | 35 if service_alone => {
                self.odd_service = code == 35;
                Cure::Restamp
            }
            34 | 35 if single => Cure::Flip,
            34 | 35 | 64 => Cure::Alone,
            // 18, 20, and codes yet to be invented.
            _ => Cure::Restamp,
        };
        for query in self.undo(carried, code) {
            self.cure(now, query, cure, code == 34);
        }
    }

    /// Takes back what the packet had: its acknowledgements and service messages wait again. Returns its queries that
    /// still have the identifiers they had in it.
    fn undo(&mut self, carried: Carried, code: i32) -> BTreeSet<QueryId> {
        let mut queries = BTreeSet::new();
        for msg_id in carried.acks {
            // Due at once: the server has waited for it long enough.
            self.received.acknowledge(msg_id, Monotonic::ZERO);
        }
        if self.refused_in_a_row <= MAX_SERVICE_REPEATS {
            carried.service.into_iter().for_each(|service| self.outbox.push(service));
        }
        for msg_id in carried.queries {
            let Some(id) = self.queries.by_msg_id(msg_id) else { continue };
            let Some(query) = self.queries.find_mut(id) else { continue };
            query.carried = query.carried.saturating_sub(1);
            query.refusals += 1;
            if query.refusals > MAX_REFUSALS {
                self.fail(id, Failure::Refused(code));
            } else if query.stamp.is_some_and(|stamp| stamp.msg_id == msg_id) {
                queries.insert(id);
            }
        }
        queries
    }

    fn cure(&mut self, now: Monotonic, id: QueryId, cure: Cure, even: bool) {
        let Some(query) = self.queries.find_mut(id) else { return };
        // A query that was confirmed was in the packet only to fetch its answer; its state is asked for instead.
        if query.confirmed {
            return self.queries.check_at(id, now, self.profile.state_after);
        }
        query.alone |= cure == Cure::Alone;
        if cure == Cure::Flip {
            query.even = even;
        }
        let never_taken = query.carried == 0;
        match cure {
            Cure::Restamp | Cure::Flip if never_taken => self.queries.restamp(id),
            // The server may have it from another packet. Asking tells, when that one has had time to arrive.
            Cure::Restamp => {
                query.stale = true;
                let wait = self.profile.state_after;
                self.queries.check_at(id, now.saturating_add(wait), wait);
            }
            _ => self.queries.repeat(id),
        }
    }

    /// Code 17: our clock was ahead. The session goes on below the identifiers that are still to come for the server.
    /// Queries that have such ones get lower ones: at once if every packet with them was refused, else when the server
    /// says that it has not received them. If it did take one, then its own clock went back, and no identifier that it
    /// accepts is above those it has seen: only a new session helps.
    fn too_new(&mut self, now: Monotonic, carried: Carried, bad_msg_id: i64) {
        let latest = self.clock.server_time(now).saturating_add(seconds(MAX_AHEAD_S));
        let limit = msg_id::from_time(latest);
        // The last refusal says in its own msg_id what time it is. If that makes the refused one right, again and again,
        // the server's identifiers are ahead of its clock.
        let contradiction = bad_msg_id <= limit && self.refused_in_a_row > MAX_CONTRADICTIONS;
        if self.confirmed_up_to > limit || contradiction {
            self.undo(carried, 17);
            return self.renew(now);
        }
        let queries = self.undo(carried, 17);
        let sent = self.sent.highest_up_to(limit).unwrap_or(0);
        let mut floor = self.confirmed_up_to.max(sent);
        for id in self.queries.ids() {
            let Some(query) = self.queries.find(id) else { continue };
            let Some(stamp) = query.stamp else { continue };
            if stamp.msg_id <= limit {
                floor = floor.max(stamp.msg_id);
            } else if query.carried == 0 {
                self.queries.restamp(id);
            } else {
                let wait = self.profile.state_after;
                self.queries.check_at(id, now.saturating_add(wait), wait);
            }
        }
        if self.stamper.last() > limit {
            self.stamper.lower(floor);
        }
        for id in queries {
            self.cure(now, id, Cure::Repeat, false);
        }
    }
}
