//! Checks of received packets in their one order (M-239): first those that need no session, then those that do.

use bytes::Bytes;
use zaun_wire::types;

use super::bad::BadMsg;
use super::body::{self, Class, Message, Unwrap};
use super::outbox::Route;
use super::received::Progress;
use super::{ConnId, Kind, Session, object};
use crate::packet::Header;
use crate::salts::SaltSource;
use crate::{UnixTime, container, msg_id};

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

impl Session {
    /// Queues the notification about a refused packet, on the connection it came by.
    pub fn refuse(&mut self, conn: ConnId, bad: BadMsg, header: &Header, current_salt: i64) {
        let body = refusal(bad, header, current_salt);
        if matches!(bad, BadMsg::MsgIdTooLow | BadMsg::MsgIdTooHigh) {
            self.tell_time(conn, body);
        } else {
            self.enqueue(false, None, Kind::Response, Route::Only(conn), body);
        }
    }

    /// The second half of the checks of M-239; a packet is accepted or refused as a whole (M-236). Accepted messages
    /// that are new are remembered; a refused packet leaves no trace (M-237).
    pub(super) fn accept(&mut self, header: &Header, body: &Bytes) -> Result<Vec<(Class, Message)>, Unwrap> {
        let msg_id = header.msg_id;
        let is_container = container::is_container(body);
        if self.received.is_forgotten(msg_id) {
            return Err(Unwrap::Bad(BadMsg::MsgIdForgotten));
        }
        if is_container && self.received.contains(msg_id) {
            return Err(Unwrap::Bad(BadMsg::ContainerIdSeen));
        }
        let messages: Vec<(Class, Message)> =
            body::unwrap(msg_id, header.seqno, body)?.into_iter().map(Message::classified).collect();
        if messages.iter().any(|(_, message)| message.lists_too_much()) {
            return Err(Unwrap::TooMany);
        }
        self.check_parity(is_container.then_some(header.seqno), &messages).map_err(Unwrap::Bad)?;
        self.remember(is_container.then_some(header), &messages).map_err(Unwrap::Bad)?;
        Ok(messages)
    }

    /// Codes 20, 34 and 35 for the messages that are new, and 34 for the container around them.
    fn check_parity(&self, container: Option<i32>, messages: &[(Class, Message)]) -> Result<(), BadMsg> {
        let new = || messages.iter().filter(|(_, message)| !self.received.contains(message.msg_id));
        if new().any(|(_, message)| self.received.is_forgotten(message.msg_id)) {
            return Err(BadMsg::MsgIdForgotten);
        }
        if container.is_some_and(|seqno| seqno & 1 == 1) {
            return Err(BadMsg::EvenSeqnoExpected);
        }
        for (class, message) in new() {
            match (class, message.seqno & 1) {
                (Class::NeverAcked, 1) => return Err(BadMsg::EvenSeqnoExpected),
                (Class::Query, 0) => return Err(BadMsg::OddSeqnoExpected),
                _ => {}
            }
        }
        Ok(())
    }

    /// Codes 32 and 33; remembers the new messages and the container around them, or nothing at all.
    fn remember(&mut self, container: Option<&Header>, messages: &[(Class, Message)]) -> Result<(), BadMsg> {
        let mut inserted = Vec::with_capacity(messages.len() + 1);
        let inside = messages.iter().map(|(_, message)| (message.msg_id, message.seqno, Progress::New));
        let around = container.map(|header| (header.msg_id, header.seqno, Progress::Done));
        for (msg_id, seqno, progress) in inside.chain(around) {
            if self.received.contains(msg_id) {
                continue;
            }
            if let Err(bad) = self.received.check_seqno(msg_id, seqno) {
                inserted.into_iter().for_each(|msg_id| self.received.remove(msg_id));
                return Err(bad);
            }
            self.received.insert(msg_id, seqno, progress);
            inserted.push(msg_id);
        }
        Ok(())
    }
}
