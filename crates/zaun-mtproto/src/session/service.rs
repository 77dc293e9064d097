//! Service messages that a session answers by itself (M-252 … M-254, M-274 … M-313).

use bytes::{BufMut, Bytes};
use zaun_tl::{Decode, DecodeError, Reader};
use zaun_wire::{enums, functions, types};

use super::body::constructor;
use super::outbox::Route;
use super::received::Progress;
use super::{ConnId, Event, HttpWait, Kind, Session, Surroundings, object, rpc_result_prefix};
use crate::UnixTime;
use crate::gzip::GzipError;

/// Longest delay that ping_delay_disconnect may ask for, in seconds (M-319).
pub const MAX_DISCONNECT_DELAY_S: u32 = 600;

impl Session {
    /// Handles one service message. One that cannot be parsed is ignored, like any the server has no use for; a
    /// request that cannot be parsed is answered with an error (M-417).
    pub(super) fn service(
        &mut self,
        now: UnixTime,
        conn: ConnId,
        msg_id: i64,
        body: &Bytes,
        around: &Surroundings<'_>,
        events: &mut Vec<Event>,
    ) {
        if self.dispatch(now, conn, msg_id, body, around, events).is_err() {
            self.answer_error(msg_id, conn, 400, "INPUT_FETCH_ERROR");
        }
    }

    fn dispatch(
        &mut self,
        now: UnixTime,
        conn: ConnId,
        msg_id: i64,
        body: &Bytes,
        around: &Surroundings<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), DecodeError> {
        let mut reader = Reader::new(body.clone());
        let r = &mut reader;
        match constructor(body) {
            types::MsgsAck::CONSTRUCTOR_ID => {
                self.outbox.acknowledge(&types::MsgsAck::decode(r)?.msg_ids);
            }
            functions::Ping::CONSTRUCTOR_ID => {
                let ping_id = functions::Ping::decode(r)?.ping_id;
                self.pong(conn, msg_id, ping_id);
            }
            functions::PingDelayDisconnect::CONSTRUCTOR_ID => {
                let ping = functions::PingDelayDisconnect::decode(r)?;
                self.pong(conn, msg_id, ping.ping_id);
                let seconds = u32::try_from(ping.disconnect_delay).unwrap_or(0);
                events.push(Event::DisconnectIn { seconds: seconds.min(MAX_DISCONNECT_DELAY_S) });
            }
            functions::GetFutureSalts::CONSTRUCTOR_ID => {
                let num = functions::GetFutureSalts::decode(r)?.num;
                self.future_salts(now, conn, msg_id, num, around);
            }
            functions::RpcDropAnswer::CONSTRUCTOR_ID => {
                let req_msg_id = functions::RpcDropAnswer::decode(r)?.req_msg_id;
                self.drop_answer(conn, msg_id, req_msg_id, events);
            }
            functions::DestroySession::CONSTRUCTOR_ID => {
                let session_id = functions::DestroySession::decode(r)?.session_id;
                events.push(Event::DestroySession { msg_id, session_id });
            }
            functions::DestroyAuthKey::CONSTRUCTOR_ID => events.push(Event::DestroyAuthKey { msg_id }),
            types::MsgsStateReq::CONSTRUCTOR_ID => {
                self.state_info(conn, msg_id, &types::MsgsStateReq::decode(r)?.msg_ids);
            }
            types::MsgResendReq::CONSTRUCTOR_ID => {
                self.resend(conn, msg_id, &types::MsgResendReq::decode(r)?.msg_ids);
            }
            types::MsgResendAnsReq::CONSTRUCTOR_ID => {
                self.outbox.resend_answers(&types::MsgResendAnsReq::decode(r)?.msg_ids, conn);
            }
            types::HttpWait::CONSTRUCTOR_ID => {
                let wait = types::HttpWait::decode(r)?;
                let time = |ms: i32| UnixTime::from_millis(u64::try_from(ms).unwrap_or(0));
                let (max_delay, wait_after) = (time(wait.max_delay), time(wait.wait_after));
                events.push(Event::HttpWait(HttpWait {
                    max_delay,
                    wait_after,
                    max_wait: time(wait.max_wait),
                }));
            }
            // State reports of the client change nothing here.
            _ => {}
        }
        Ok(())
    }

    fn notice(&mut self, conn: ConnId, value: &impl zaun_tl::Encode) {
        self.enqueue(false, None, Kind::Response, Route::Only(conn), object(value));
    }

    fn pong(&mut self, conn: ConnId, msg_id: i64, ping_id: i64) {
        self.settle(msg_id);
        self.notice(conn, &types::Pong { msg_id, ping_id });
    }

    /// The answer to a service request acknowledges it.
    fn settle(&mut self, msg_id: i64) {
        self.acks.retain(|(id, _)| *id != msg_id);
        self.received.set_acked(msg_id);
    }

    fn future_salts(
        &mut self,
        now: UnixTime,
        conn: ConnId,
        msg_id: i64,
        num: i32,
        around: &Surroundings<'_>,
    ) {
        let clamp = |seconds: u64| i32::try_from(seconds).unwrap_or(i32::MAX);
        let list = around.salts.future(around.auth_key_id, now, num);
        let salts = list
            .iter()
            .map(|s| types::FutureSalt {
                valid_since: clamp(s.valid_since),
                valid_until: clamp(s.valid_until),
                salt: s.salt,
            })
            .collect();
        self.settle(msg_id);
        self.notice(conn, &types::FutureSalts { req_msg_id: msg_id, now: clamp(now.as_secs()), salts });
    }

    fn state_info(&mut self, conn: ConnId, req_msg_id: i64, ids: &[i64]) {
        let info: Vec<u8> = ids.iter().map(|id| self.received.state(*id)).collect();
        for id in ids {
            // M-289: status 4 acknowledges that message.
            if self.received.contains(*id) {
                self.settle(*id);
            }
        }
        self.settle(req_msg_id);
        self.notice(conn, &types::MsgsStateInfo { req_msg_id, info: info.into() });
    }

    fn resend(&mut self, conn: ConnId, msg_id: i64, ids: &[i64]) {
        if !self.outbox.resend_all(ids, conn) {
            // M-294: unknown, forgotten, or the asker's own.
            self.state_info(conn, msg_id, ids);
        }
    }

    /// rpc_drop_answer with its three answers (M-301 … M-305).
    fn drop_answer(&mut self, conn: ConnId, msg_id: i64, query: i64, events: &mut Vec<Event>) {
        let answer = match self.received.progress(query) {
            Some(Progress::Running) => {
                self.received.set_progress(query, Progress::Dropped);
                events.push(Event::Abandoned { msg_id: query });
                self.rpc_result(conn, query, &enums::RpcDropAnswer::RpcAnswerDroppedRunning);
                enums::RpcDropAnswer::RpcAnswerDroppedRunning
            }
            Some(Progress::Answered) => match self.outbox.answer_to(query) {
                // A msg_id of 0 is one that the answer has not been given yet.
                Some((answer_id, seq_no, bytes)) => {
                    self.outbox.drop_answer(query);
                    self.received.set_progress(query, Progress::Dropped);
                    let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
                    types::RpcAnswerDropped { msg_id: answer_id, seq_no, bytes }.into()
                }
                None => enums::RpcDropAnswer::RpcAnswerUnknown,
            },
            _ => enums::RpcDropAnswer::RpcAnswerUnknown,
        };
        self.rpc_result(conn, msg_id, &answer);
    }

    fn rpc_result(&mut self, conn: ConnId, req_msg_id: i64, result: &impl zaun_tl::Encode) {
        let mut body = rpc_result_prefix(req_msg_id);
        body.put_slice(&object(result));
        self.enqueue(true, Some(req_msg_id), Kind::Response, Route::Prefer(conn), body.into());
    }

    pub(super) fn answer_error(&mut self, msg_id: i64, conn: ConnId, code: i32, text: &str) {
        self.received.set_progress(msg_id, Progress::Answered);
        let error = types::RpcError { error_code: code, error_message: text.to_owned() };
        self.rpc_result(conn, msg_id, &error);
    }

    /// A query whose gzip could not be unpacked is answered, not left hanging (M-272, M-417).
    pub(super) fn unreadable(&mut self, conn: ConnId, msg_id: i64, error: &GzipError) {
        let text = match error {
            GzipError::TooLarge => "INPUT_REQUEST_TOO_LONG",
            GzipError::Malformed | GzipError::Data => "INPUT_FETCH_ERROR",
        };
        self.answer_error(msg_id, conn, 400, text);
    }

    /// Answers destroy_session, bare (M-201 … M-204).
    pub fn session_destroyed(&mut self, conn: ConnId, msg_id: i64, session_id: i64, existed: bool) {
        self.settle(msg_id);
        if existed {
            self.notice(conn, &enums::DestroySessionRes::from(types::DestroySessionOk { session_id }));
        } else {
            self.notice(conn, &enums::DestroySessionRes::from(types::DestroySessionNone { session_id }));
        }
    }

    /// Answers destroy_auth_key, bare (M-310 … M-312).
    pub fn auth_key_destroyed(&mut self, conn: ConnId, msg_id: i64, destroyed: bool) {
        self.settle(msg_id);
        let answer = if destroyed {
            enums::DestroyAuthKeyRes::DestroyAuthKeyOk
        } else {
            enums::DestroyAuthKeyRes::DestroyAuthKeyFail
        };
        self.notice(conn, &answer);
    }
}
