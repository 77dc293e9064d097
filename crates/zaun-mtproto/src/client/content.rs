//! What a message of the server says, parsed before anything of its packet is used (M-323).

use bytes::Bytes;
use zaun_tl::{Decode, DecodeError, Reader};
use zaun_wire::{enums, types};

use super::ReceiveError;
use crate::session::{MAX_IDS, RPC_RESULT, constructor};

/// A message of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// rpc_result: the query it answers, and the object, perhaps packed (M-296).
    RpcResult { req_msg_id: i64, result: Bytes },
    /// msgs_ack (M-274).
    Ack(Vec<i64>),
    /// pong (M-306).
    Pong(types::Pong),
    /// new_session_created (M-192).
    Created(types::NewSessionCreated),
    /// future_salts (M-253).
    FutureSalts(types::FutureSalts),
    /// bad_msg_notification (M-233).
    Bad(types::BadMsgNotification),
    /// bad_server_salt (M-246).
    BadSalt(types::BadServerSalt),
    /// msgs_state_info (M-284).
    StateInfo(types::MsgsStateInfo),
    /// msgs_all_info (M-290).
    AllInfo(types::MsgsAllInfo),
    /// msgs_state_req (M-283).
    StateReq(Vec<i64>),
    /// msg_resend_req (M-293).
    ResendReq(Vec<i64>),
    /// msg_detailed_info (M-291).
    Detailed(types::MsgDetailedInfo),
    /// msg_new_detailed_info (M-292).
    NewDetailed(types::MsgNewDetailedInfo),
    /// The answer to destroy_session (M-201).
    Destroyed(enums::DestroySessionRes),
    /// Anything else is for the user.
    Other(Bytes),
}

impl Content {
    /// Parses a message that is neither a container nor packed.
    pub fn parse(body: Bytes) -> Result<Content, ReceiveError> {
        let kind = constructor(&body);
        let content = Self::decode(kind, body).map_err(|_| ReceiveError::Service(kind))?;
        let ids = match &content {
            Content::Ack(ids) | Content::StateReq(ids) | Content::ResendReq(ids) => ids.len(),
            Content::AllInfo(all) => all.msg_ids.len(),
            _ => 0,
        };
        if ids > MAX_IDS { Err(ReceiveError::Service(kind)) } else { Ok(content) }
    }

    fn decode(kind: u32, body: Bytes) -> Result<Content, DecodeError> {
        let r = &mut Reader::new(body.clone());
        Ok(match kind {
            RPC_RESULT => {
                r.take_u32()?;
                Content::RpcResult { req_msg_id: r.take_i64()?, result: r.take_rest() }
            }
            types::MsgsAck::CONSTRUCTOR_ID => Content::Ack(types::MsgsAck::decode(r)?.msg_ids),
            types::Pong::CONSTRUCTOR_ID => Content::Pong(types::Pong::decode(r)?),
            types::NewSessionCreated::CONSTRUCTOR_ID => {
                Content::Created(types::NewSessionCreated::decode(r)?)
            }
            types::FutureSalts::CONSTRUCTOR_ID => Content::FutureSalts(types::FutureSalts::decode(r)?),
            types::BadMsgNotification::CONSTRUCTOR_ID => Content::Bad(types::BadMsgNotification::decode(r)?),
            types::BadServerSalt::CONSTRUCTOR_ID => Content::BadSalt(types::BadServerSalt::decode(r)?),
            types::MsgsStateInfo::CONSTRUCTOR_ID => Content::StateInfo(types::MsgsStateInfo::decode(r)?),
            types::MsgsAllInfo::CONSTRUCTOR_ID => Content::AllInfo(types::MsgsAllInfo::decode(r)?),
            types::MsgsStateReq::CONSTRUCTOR_ID => Content::StateReq(types::MsgsStateReq::decode(r)?.msg_ids),
            types::MsgResendReq::CONSTRUCTOR_ID => {
                Content::ResendReq(types::MsgResendReq::decode(r)?.msg_ids)
            }
            types::MsgDetailedInfo::CONSTRUCTOR_ID => Content::Detailed(types::MsgDetailedInfo::decode(r)?),
            types::MsgNewDetailedInfo::CONSTRUCTOR_ID => {
                Content::NewDetailed(types::MsgNewDetailedInfo::decode(r)?)
            }
            types::DestroySessionOk::CONSTRUCTOR_ID | types::DestroySessionNone::CONSTRUCTOR_ID => {
                Content::Destroyed(enums::DestroySessionRes::decode(r)?)
            }
            _ => Content::Other(body),
        })
    }
}
