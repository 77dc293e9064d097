//! Service messages that wait to leave. None of them is repeated by itself: what is still wanted is asked for again.

use std::collections::VecDeque;

use bytes::Bytes;
use zaun_wire::{functions, types};

use super::ConnId;
use crate::session::object;

/// Service messages that may wait; beyond that the oldest is given up.
const MAX_WAITING: usize = 256;

/// A service message of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// ping_delay_disconnect of a connection (M-307).
    Ping { conn: ConnId, ping_id: i64, disconnect_delay_s: i32 },
    /// get_future_salts (M-252).
    FutureSalts { num: i32 },
    /// msgs_state_req for these messages of ours (M-283).
    StateReq { msg_ids: Vec<i64> },
    /// msgs_state_info, an answer that goes where the question came from (M-284).
    StateInfo { conn: ConnId, req_msg_id: i64, info: Bytes },
    /// msg_resend_req for messages of the server (M-293).
    ResendReq { conn: ConnId, msg_ids: Vec<i64> },
    /// rpc_drop_answer (M-301).
    DropAnswer { req_msg_id: i64 },
    /// destroy_session (M-201).
    DestroySession { session_id: i64 },
}

impl Service {
    /// The connection on which alone it makes sense.
    fn only(&self) -> Option<ConnId> {
        match self {
            Service::Ping { conn, .. }
            | Service::StateInfo { conn, .. }
            | Service::ResendReq { conn, .. } => Some(*conn),
            _ => None,
        }
    }

    /// Its serialized form.
    pub fn body(&self) -> Bytes {
        match self {
            Service::Ping { ping_id, disconnect_delay_s, .. } => object(&functions::PingDelayDisconnect {
                ping_id: *ping_id,
                disconnect_delay: *disconnect_delay_s,
            }),
            Service::FutureSalts { num } => object(&functions::GetFutureSalts { num: *num }),
            Service::StateReq { msg_ids } => object(&types::MsgsStateReq { msg_ids: msg_ids.clone() }),
            Service::StateInfo { req_msg_id, info, .. } => {
                object(&types::MsgsStateInfo { req_msg_id: *req_msg_id, info: info.clone() })
            }
            Service::ResendReq { msg_ids, .. } => object(&types::MsgResendReq { msg_ids: msg_ids.clone() }),
            Service::DropAnswer { req_msg_id } => {
                object(&functions::RpcDropAnswer { req_msg_id: *req_msg_id })
            }
            Service::DestroySession { session_id } => {
                object(&functions::DestroySession { session_id: *session_id })
            }
        }
    }
}

/// The queue.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: VecDeque<Service>,
}

impl Outbox {
    /// Queues a message.
    pub fn push(&mut self, service: Service) {
        self.waiting.push_back(service);
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
        }
    }

    /// Takes the next message that may leave on a connection.
    pub fn take(&mut self, conn: ConnId) -> Option<Service> {
        let at = self.waiting.iter().position(|service| service.only().is_none_or(|only| only == conn))?;
        self.waiting.remove(at)
    }

    /// A connection is gone, and with it what could travel only there.
    pub fn detach(&mut self, conn: ConnId) {
        self.waiting.retain(|service| service.only() != Some(conn));
    }

    /// A new session begins.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}
