//! What the server says: answers, updates, and the service messages about messages (M-193 … M-199, M-253, M-274 … M-306).

use std::collections::BTreeSet;

use bytes::Bytes;
use zaun_wire::{enums, types};

use super::content::Content;
use super::outbox::Service;
use super::unpack::{self, Message};
use super::{
    Asked, ConnId, Event, Failure, MAX_ANNOUNCEMENTS, MAX_REFUSALS, Monotonic, QueryId, ReceiveError,
    RpcError, Session, UnreadableAnswer,
};
use crate::gzip::{self, GZIP_PACKED};
use crate::packet::Opened;
use crate::salts::Salt;
use crate::session::constructor;

/// What a state byte says about the message (M-286).
const STATE: u8 = 7;
/// It may have been received long ago.
const NOTHING_KNOWN: u8 = 1;
/// The message was received.
const RECEIVED: u8 = 4;
/// Its answer was generated (M-288).
const ANSWERED: u8 = 64;

impl Session {
    /// All checks of a packet (M-321). Nothing changes unless it passes them all (M-323).
    pub(super) fn check(&mut self, now: Monotonic, opened: &Opened) -> Result<Vec<Message>, ReceiveError> {
        let header = &opened.header;
        if header.session_id != self.session_id {
            let former = self.former == Some(header.session_id);
            return Err(if former {
                ReceiveError::FormerSession
            } else {
                ReceiveError::Session(header.session_id)
            });
        }
        if self.received.contains(header.msg_id) {
            return Err(ReceiveError::Duplicate(header.msg_id));
        }
        if self.received.is_forgotten(header.msg_id) {
            return Err(ReceiveError::Forgotten(header.msg_id));
        }
        let messages = unpack::unpack(header.msg_id, header.seqno, &opened.body)?;
        // Such a message is how the server tells the time to a client that has it wrong (M-240).
        if messages.iter().any(|message| self.corrects_clock(message)) {
            self.clock.correct(now, header.msg_id);
        } else {
            self.clock.judge(now, header.msg_id)?;
        }
        Ok(messages)
    }

    /// Whether a message refuses a packet of ours because of its time.
    fn corrects_clock(&self, message: &Message) -> bool {
        let Content::Bad(bad) = &message.content else { return false };
        matches!(bad.error_code, 16 | 17) && self.sent.contains(bad.bad_msg_id)
    }

    /// Handles one message of a packet that passed the checks.
    pub(super) fn handle(&mut self, now: Monotonic, conn: ConnId, message: Message) {
        let Message { msg_id, seqno, content } = message;
        let content_related = seqno & 1 == 1;
        let forgotten = self.received.is_forgotten(msg_id);
        let new = self.received.note(msg_id, content_related, now);
        match content {
            // Even a repeat that looks new does no harm: a query is answered once.
            Content::RpcResult { req_msg_id, result } => self.answer(req_msg_id, result),
            _ if !new => {}
            // Perhaps it was handled long ago, perhaps never.
            Content::Other(_) if forgotten => self.events.push_back(Event::Refetch),
            Content::Other(body) => self.events.push_back(Event::Pushed { body }),
            service => self.service(now, conn, msg_id, service),
        }
    }

    fn service(&mut self, now: Monotonic, conn: ConnId, msg_id: i64, message: Content) {
        match message {
            Content::Ack(msg_ids) => msg_ids.into_iter().for_each(|id| self.confirmed(id)),
            Content::Pong(pong) => {
                self.server_took(pong.msg_id);
                self.pong(now, pong.ping_id);
            }
            Content::Created(created) => self.session_created(now, &created),
            Content::FutureSalts(salts) => self.future_salts(now, salts),
            Content::Bad(bad) => self.refused(now, conn, bad.bad_msg_id, bad.error_code),
            Content::BadSalt(bad) => {
                if self.sent.contains(bad.bad_msg_id) {
                    self.salts.correct(bad.new_server_salt);
                }
                self.refused(now, conn, bad.bad_msg_id, bad.error_code);
            }
            Content::StateInfo(info) => {
                self.server_took(info.req_msg_id);
                if let Some(asked) = self.asked.remove(&info.req_msg_id) {
                    self.states(now, &asked, &info.info);
                }
            }
            // Sent at any time, it knows nothing of what we sent lately.
            Content::AllInfo(all) if self.budgets.told.take(now) => {
                self.states(now, &Asked { msg_ids: all.msg_ids, number: 0 }, &all.info);
            }
            Content::StateReq(msg_ids) => self.tell_states(conn, msg_id, &msg_ids),
            Content::ResendReq(msg_ids) if self.budgets.resent.take(now) => {
                self.resend(conn, msg_id, &msg_ids);
            }
            Content::Detailed(info) => {
                self.confirmed(info.msg_id);
                let wanted = self.queries.by_msg_id(info.msg_id).is_some();
                self.fetch(now, conn, info.answer_msg_id, wanted);
            }
            Content::NewDetailed(info) => self.fetch(now, conn, info.answer_msg_id, true),
            Content::Destroyed(answer) => self.destroyed(&answer),
            // Beyond the budget nothing is done: a query that was lost is asked for in its time.
            Content::AllInfo(_) | Content::ResendReq(_) => {}
            Content::RpcResult { .. } | Content::Other(_) => {}
        }
    }

    /// Gives an answer to whoever waits for it (M-296); nobody does if it comes again or was given up.
    fn answer(&mut self, req_msg_id: i64, mut result: Bytes) {
        self.server_took(req_msg_id);
        let Some(query) = self.queries.by_msg_id(req_msg_id) else { return };
        if constructor(&result) == GZIP_PACKED {
            match gzip::unpack(&result) {
                Ok(unpacked) => result = unpacked,
                Err(_) => return self.fail(query, Failure::Unreadable(UnreadableAnswer::Gzip)),
            }
        }
        if constructor(&result) != types::RpcError::CONSTRUCTOR_ID {
            self.queries.remove(query, true);
            self.succeeded(query);
            self.events.push_back(Event::Answer { query, result: Ok(result) });
            return;
        }
        match zaun_tl::from_bytes::<types::RpcError>(result) {
            Ok(error) if self.has_to_wait(query, &error.error_message) => {}
            Ok(types::RpcError { error_code: code, error_message: message }) => {
                self.queries.remove(query, false);
                self.events.push_back(Event::Answer { query, result: Err(RpcError { code, message }) });
            }
            Err(_) => self.fail(query, Failure::Unreadable(UnreadableAnswer::RpcError)),
        }
    }

    pub(super) fn fail(&mut self, query: QueryId, why: Failure) {
        self.queries.remove(query, false);
        self.events.push_back(Event::Failed { query, why });
    }

    /// Whether the query was not run only because the server lost patience with, or sight of, the one before it: then
    /// it is sent again when that one is answered (M-410 … M-412).
    fn has_to_wait(&mut self, id: QueryId, message: &str) -> bool {
        let Some(query) = self.queries.find_mut(id) else { return false };
        if !matches!(message, "MSG_WAIT_FAILED" | "MSG_WAIT_TIMEOUT") || query.after.is_none() {
            return false;
        }
        query.refusals += 1;
        if query.refusals > MAX_REFUSALS {
            return false;
        }
        query.patient = true;
        // An error is the answer to this identifier: the server has not run the query, and will not.
        query.carried = 0;
        self.queries.restamp(id);
        true
    }

    /// The server has taken a message with this identifier.
    fn server_took(&mut self, msg_id: i64) {
        self.confirmed_up_to = self.confirmed_up_to.max(msg_id);
        self.refused_in_a_row = 0;
    }

    fn confirmed(&mut self, msg_id: i64) {
        self.server_took(msg_id);
        if let Some(id) = self.queries.by_msg_id(msg_id) {
            self.queries.confirm(id);
        }
    }

    /// The server knows nothing of what came before: older queries are sent again (M-193), and about newer ones it is
    /// asked, as a confirmation may be from a life before this one.
    fn session_created(&mut self, now: Monotonic, created: &types::NewSessionCreated) {
        if self.announcements.contains(&created.unique_id) {
            return;
        }
        self.announcements.push_back(created.unique_id);
        if self.announcements.len() > MAX_ANNOUNCEMENTS {
            self.announcements.pop_front();
        }
        self.salts.hint(created.server_salt);
        // A server that announces sessions without end would make every query go with each of them.
        let promptly = self.budgets.announced.take(now);
        if promptly {
            self.refused_in_a_row = 0;
        }
        for id in self.queries.ids() {
            let Some(query) = self.queries.find(id) else { continue };
            let (Some(stamp), confirmed) = (query.stamp, query.confirmed) else { continue };
            if stamp.msg_id < created.first_msg_id {
                self.queries.doubt(id);
                if promptly {
                    self.queries.repeat(id);
                }
            } else if !promptly {
                // Its state is asked for when that is due anyhow.
            } else if confirmed {
                self.queries.doubt(id);
                self.queries.check_at(id, now, self.profile.state_after);
            }
        }
        self.events.push_back(Event::Refetch);
    }

    fn future_salts(&mut self, now: Monotonic, answer: types::FutureSalts) {
        self.server_took(answer.req_msg_id);
        let unsigned = |seconds: i32| u64::try_from(seconds).unwrap_or(0);
        let salts = answer.salts.into_iter().map(|s| Salt {
            valid_since: unsigned(s.valid_since),
            valid_until: unsigned(s.valid_until),
            salt: s.salt,
        });
        self.salts.learn(salts.collect(), self.clock.server_time(now));
    }

    /// What the server says about messages of ours (M-286, M-287), knowing those up to a running number. A list of
    /// another length says nothing (M-285).
    fn states(&mut self, now: Monotonic, asked: &Asked, info: &[u8]) {
        if asked.msg_ids.len() != info.len() {
            return;
        }
        for (msg_id, state) in asked.msg_ids.iter().zip(info) {
            let Some(id) = self.queries.by_msg_id(*msg_id) else { continue };
            let Some(query) = self.queries.find_mut(id) else { continue };
            if query.stamp.is_none_or(|stamp| stamp.msg_id != *msg_id) {
                continue;
            }
            match state & STATE {
                RECEIVED => {
                    self.confirmed(*msg_id);
                    // The answer was lost on its way: a repeat of the query brings it again (M-214).
                    if state & ANSWERED != 0 {
                        self.queries.repeat(id);
                    }
                }
                state @ (NOTHING_KNOWN | 2 | 3) => {
                    query.unknown = if state == NOTHING_KNOWN { query.unknown + 1 } else { 0 };
                    // Nothing known even after a repeat: the server had it, and has it no more. Above all that is to
                    // come: it was made when our clock was wrong.
                    let unusable = query.stale || query.unknown > 1 || *msg_id > self.stamper.last();
                    // A packet that left after the question may still bring it there.
                    let unusable = unusable && query.sent_at < asked.number;
                    self.queries.doubt(id);
                    if unusable {
                        self.queries.restamp(id);
                    } else {
                        self.queries.repeat(id);
                    }
                    let wait = self.profile.state_after;
                    self.queries.check_at(id, now.saturating_add(wait), wait);
                }
                _ => {}
            }
        }
    }

    /// Tells what became of messages of the server (M-284, M-285), or of all that were asked for (M-294).
    fn tell_states(&mut self, conn: ConnId, req_msg_id: i64, msg_ids: &[i64]) {
        let info: Vec<u8> = msg_ids.iter().map(|id| self.received.state(*id)).collect();
        self.outbox.push(Service::StateInfo { conn, req_msg_id, info: info.into() });
    }

    /// Sends queries again, as the server asks (M-293); if any of them is not held, it is told the states (M-294).
    fn resend(&mut self, conn: ConnId, req_msg_id: i64, msg_ids: &[i64]) {
        let held: BTreeSet<QueryId> = msg_ids.iter().filter_map(|id| self.queries.by_msg_id(*id)).collect();
        let all_held = msg_ids.iter().all(|id| self.queries.by_msg_id(*id).is_some());
        if !all_held {
            return self.tell_states(conn, req_msg_id, msg_ids);
        }
        held.into_iter().for_each(|id| self.queries.repeat(id));
    }

    /// A large message is announced instead of sent (M-291, M-292): it is asked for, or acknowledged if it is here.
    fn fetch(&mut self, now: Monotonic, conn: ConnId, msg_id: i64, wanted: bool) {
        if wanted && !self.received.contains(msg_id) {
            self.outbox.push(Service::ResendReq { conn, msg_ids: vec![msg_id] });
        } else {
            self.received.acknowledge(msg_id, now);
        }
    }

    fn destroyed(&mut self, answer: &enums::DestroySessionRes) {
        let (session_id, existed) = match answer {
            enums::DestroySessionRes::DestroySessionOk(ok) => (ok.session_id, true),
            enums::DestroySessionRes::DestroySessionNone(none) => (none.session_id, false),
        };
        if self.destroying.remove(&session_id).is_some() {
            self.events.push_back(Event::SessionDestroyed { session_id, existed });
        }
    }
}
