//! Taking packets of the server apart, strictly (M-217, M-258 … M-261, M-268 … M-272, M-321).

use bytes::Bytes;
use zaun_tl::Reader;

use super::ReceiveError;
use super::content::Content;
use crate::gzip::{self, GZIP_PACKED};
use crate::session::{MAX_CONTAINER, constructor};

/// Constructor of `msg_container`.
pub const MSG_CONTAINER: u32 = 0x73f1_f8dc;
/// Constructor of `msg_copy`.
const MSG_COPY: u32 = 0xe060_46b2;

/// One message of the server, never packed in anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Identifier.
    pub msg_id: i64,
    /// Sequence number.
    pub seqno: i32,
    /// What it says.
    pub content: Content,
}

/// The messages of a packet, in order.
pub fn unpack(msg_id: i64, seqno: i32, body: &Bytes) -> Result<Vec<Message>, ReceiveError> {
    let mut room = gzip::MAX_UNPACKED;
    if msg_id & 1 == 0 {
        return Err(ReceiveError::Parity(msg_id));
    }
    if constructor(body) != MSG_CONTAINER {
        return Ok(vec![open(msg_id, seqno, body.clone(), &mut room)?]);
    }
    let mut reader = Reader::new(body.clone());
    reader.take_u32().map_err(short)?;
    let count = usize::try_from(reader.take_i32().map_err(short)?).unwrap_or(usize::MAX);
    if count > MAX_CONTAINER {
        return Err(ReceiveError::Container("more than 1024 messages (M-260)"));
    }
    let mut messages = Vec::with_capacity(count);
    for _ in 0..count {
        let (inner_id, inner_seqno, inner) = inner(&mut reader, msg_id)?;
        messages.push(open(inner_id, inner_seqno, inner, &mut room)?);
    }
    if reader.remaining() > 0 {
        return Err(ReceiveError::Container("it is longer than its messages (M-259)"));
    }
    Ok(messages)
}

fn short(_: zaun_tl::DecodeError) -> ReceiveError {
    ReceiveError::Container("it is shorter than it says (M-259)")
}

/// One message of a container or copy whose own identifier is `outer`.
fn inner(reader: &mut Reader, outer: i64) -> Result<(i64, i32, Bytes), ReceiveError> {
    let msg_id = reader.take_i64().map_err(short)?;
    let seqno = reader.take_i32().map_err(short)?;
    let length = usize::try_from(reader.take_i32().map_err(short)?).unwrap_or(usize::MAX);
    if !length.is_multiple_of(4) {
        return Err(ReceiveError::Container("a length is not divisible by 4 (M-259)"));
    }
    let body = reader.take_raw(length).map_err(short)?;
    if msg_id & 1 == 0 {
        return Err(ReceiveError::Parity(msg_id));
    }
    if msg_id >= outer {
        return Err(ReceiveError::Container("a msg_id inside is not below its own (M-217)"));
    }
    if constructor(&body) == MSG_CONTAINER {
        return Err(ReceiveError::Container("it holds a container (M-261)"));
    }
    Ok((msg_id, seqno, body))
}

/// Undoes msg_copy and gzip_packed, each once.
fn open(msg_id: i64, seqno: i32, body: Bytes, room: &mut usize) -> Result<Message, ReceiveError> {
    if constructor(&body) != MSG_COPY {
        return unzip(msg_id, seqno, body, room);
    }
    let mut reader = Reader::new(body.slice(4..));
    let (copied_id, copied_seqno, copied) = inner(&mut reader, msg_id)?;
    if constructor(&copied) == MSG_COPY || reader.remaining() > 0 {
        return Err(ReceiveError::Container("a msg_copy holds one message that is none (M-268)"));
    }
    unzip(copied_id, copied_seqno, copied, room)
}

fn unzip(msg_id: i64, seqno: i32, body: Bytes, room: &mut usize) -> Result<Message, ReceiveError> {
    if constructor(&body) != GZIP_PACKED {
        return Ok(Message { msg_id, seqno, content: Content::parse(body)? });
    }
    let body = gzip::unpack_within(&body, *room)?;
    *room -= body.len();
    if matches!(constructor(&body), GZIP_PACKED | MSG_CONTAINER | MSG_COPY) {
        return Err(ReceiveError::Container("gzip_packed holds what must not be packed (M-273)"));
    }
    Ok(Message { msg_id, seqno, content: Content::parse(body)? })
}
