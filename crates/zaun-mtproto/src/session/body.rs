//! Taking message bodies apart: containers, copies, gzip, and what kind of message it is (M-222 … M-226, M-258 … M-272).

use bytes::Bytes;
use zaun_wire::{functions, types};

use super::bad::BadMsg;
use crate::container::{self, ContainerError, Inner, MSG_CONTAINER, MSG_COPY};
use crate::gzip::{self, GZIP_PACKED, GzipError};

/// Constructor of `rpc_result`.
pub const RPC_RESULT: u32 = 0xf35c_6d01;
/// Most identifiers in one service message (M-274, M-283, M-293).
pub const MAX_IDS: usize = 8192;

/// One message, outer or inside a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identifier.
    pub msg_id: i64,
    /// Sequence number.
    pub seqno: i32,
    /// The object, never gzipped and never a container once [`unwrap`] returned it.
    pub body: Result<Bytes, GzipError>,
}

impl Message {
    /// The message with what it is; one that could not be unpacked was a query.
    pub fn classified(self) -> (Class, Message) {
        (self.body.as_ref().map_or(Class::Query, |body| classify(body)), self)
    }

    /// Whether it is a service message with more than [`MAX_IDS`] identifiers (M-050).
    pub fn lists_too_much(&self) -> bool {
        let Ok(body) = &self.body else { return false };
        let lists = matches!(
            constructor(body),
            types::MsgsAck::CONSTRUCTOR_ID
                | types::MsgsStateReq::CONSTRUCTOR_ID
                | types::MsgResendReq::CONSTRUCTOR_ID
                | types::MsgResendAnsReq::CONSTRUCTOR_ID
        );
        // Constructor, vector, count.
        let count = body.get(8..).and_then(<[u8]>::first_chunk).map_or(0, |count| i32::from_le_bytes(*count));
        lists && usize::try_from(count).is_ok_and(|count| count > MAX_IDS)
    }
}

/// What a message is, as far as sequence numbers are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Must not ask for an acknowledgement (M-223).
    NeverAcked,
    /// A service message that may (M-225, M-226).
    Service,
    /// Anything else is a query and must (M-222).
    Query,
}

/// The constructor a body begins with; 0 for one shorter than a word.
pub fn constructor(body: &[u8]) -> u32 {
    body.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Sorts a message by its constructor.
pub fn classify(body: &[u8]) -> Class {
    match constructor(body) {
        MSG_CONTAINER | MSG_COPY => Class::NeverAcked,
        // Against M-223: mtcute sends its acknowledgements with an odd seqno, and the official server takes them.
        types::MsgsAck::CONSTRUCTOR_ID
        | functions::Ping::CONSTRUCTOR_ID
        | functions::PingDelayDisconnect::CONSTRUCTOR_ID
        | functions::GetFutureSalts::CONSTRUCTOR_ID
        | functions::RpcDropAnswer::CONSTRUCTOR_ID
        | functions::DestroySession::CONSTRUCTOR_ID
        | functions::DestroyAuthKey::CONSTRUCTOR_ID
        | types::HttpWait::CONSTRUCTOR_ID
        | types::MsgsStateReq::CONSTRUCTOR_ID
        | types::MsgResendReq::CONSTRUCTOR_ID
        | types::MsgResendAnsReq::CONSTRUCTOR_ID
        | types::MsgsStateInfo::CONSTRUCTOR_ID
        | types::MsgsAllInfo::CONSTRUCTOR_ID
        | types::MsgDetailedInfo::CONSTRUCTOR_ID
        | types::MsgNewDetailedInfo::CONSTRUCTOR_ID => Class::Service,
        _ => Class::Query,
    }
}

/// Why a packet is refused as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwrap {
    /// A bad_msg_notification about the outer message.
    Bad(BadMsg),
    /// More than 1024 messages in one container: transport error −429 (M-050, M-260).
    TooMany,
}

/// The messages of a packet: those of its container, or itself alone. gzip and msg_copy are undone.
pub fn unwrap(msg_id: i64, seqno: i32, body: &Bytes) -> Result<Vec<Message>, Unwrap> {
    let mut room = gzip::MAX_UNPACKED;
    if constructor(body) != MSG_CONTAINER {
        let message = open_copy(msg_id, seqno, body, &mut room).map_err(Unwrap::Bad)?;
        return Ok(vec![message]);
    }
    let inner = container::unpack(msg_id, body).map_err(|error| match error {
        ContainerError::TooMany => Unwrap::TooMany,
        _ => Unwrap::Bad(BadMsg::Container),
    })?;
    let mut messages = Vec::with_capacity(inner.len());
    for Inner { msg_id, seqno, body } in inner {
        divisible(msg_id).map_err(Unwrap::Bad)?;
        messages.push(open_copy(msg_id, seqno, &body, &mut room).map_err(Unwrap::Bad)?);
    }
    Ok(messages)
}

/// Identifiers of clients are divisible by 4 (M-205).
fn divisible(msg_id: i64) -> Result<(), BadMsg> {
    if msg_id & 3 == 0 { Ok(()) } else { Err(BadMsg::MsgIdLowBits) }
}

/// Undoes msg_copy (M-268), once: a copy of a copy has no meaning, and its depth no limit.
fn open_copy(msg_id: i64, seqno: i32, body: &Bytes, room: &mut usize) -> Result<Message, BadMsg> {
    if constructor(body) != MSG_COPY {
        return open_gzip(msg_id, seqno, body, room);
    }
    let copied = container::unpack_copy(msg_id, body).map_err(|_| BadMsg::Container)?;
    divisible(copied.msg_id)?;
    // The wrapper itself needs no acknowledgement (M-223).
    if seqno & 1 == 1 {
        return Err(BadMsg::EvenSeqnoExpected);
    }
    open_gzip(copied.msg_id, copied.seqno, &copied.body, room)
}

/// Undoes gzip_packed (M-269), once. All of a packet share `room`: a thousand bombs are not better than one (M-272).
fn open_gzip(msg_id: i64, seqno: i32, body: &Bytes, room: &mut usize) -> Result<Message, BadMsg> {
    if constructor(body) != GZIP_PACKED {
        return Ok(Message { msg_id, seqno, body: Ok(body.clone()) });
    }
    let mut unpacked = gzip::unpack_within(body, *room);
    match &unpacked {
        Ok(object) => *room -= object.len(),
        Err(GzipError::TooLarge) => *room = 0,
        Err(_) => {}
    }
    match unpacked.as_ref().map(|object| constructor(object)) {
        Ok(MSG_CONTAINER | MSG_COPY) => return Err(BadMsg::Container),
        // M-273: gzip inside gzip is refused, as unreadable.
        Ok(GZIP_PACKED) => unpacked = Err(GzipError::Malformed),
        _ => {}
    }
    Ok(Message { msg_id, seqno, body: unpacked })
}
