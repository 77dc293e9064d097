//! Taking packets of the server apart, strictly (M-217, M-258 … M-261, M-268 … M-272, M-321).

use bytes::Bytes;

use super::ReceiveError;
use super::content::Content;
use crate::container::{self, Inner, MSG_CONTAINER, MSG_COPY};
use crate::gzip::{self, GZIP_PACKED};
use crate::session::constructor;

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
    odd(msg_id)?;
    if !container::is_container(body) {
        return Ok(vec![open(msg_id, seqno, body.clone(), &mut room)?]);
    }
    let inner = container::unpack(msg_id, body)?;
    inner.into_iter().map(|Inner { msg_id, seqno, body }| open(msg_id, seqno, body, &mut room)).collect()
}

/// Identifiers of servers are odd (M-206).
fn odd(msg_id: i64) -> Result<(), ReceiveError> {
    if msg_id & 1 == 1 { Ok(()) } else { Err(ReceiveError::Parity(msg_id)) }
}

/// Undoes msg_copy and gzip_packed, each once.
fn open(msg_id: i64, seqno: i32, body: Bytes, room: &mut usize) -> Result<Message, ReceiveError> {
    odd(msg_id)?;
    if constructor(&body) != MSG_COPY {
        return unzip(msg_id, seqno, body, room);
    }
    let copied = container::unpack_copy(msg_id, &body)?;
    odd(copied.msg_id)?;
    unzip(copied.msg_id, copied.seqno, copied.body, room)
}

fn unzip(msg_id: i64, seqno: i32, body: Bytes, room: &mut usize) -> Result<Message, ReceiveError> {
    if constructor(&body) != GZIP_PACKED {
        return Ok(Message { msg_id, seqno, content: Content::parse(body)? });
    }
    let body = gzip::unpack_within(&body, *room)?;
    *room -= body.len();
    if matches!(constructor(&body), GZIP_PACKED | MSG_CONTAINER | MSG_COPY) {
        return Err(ReceiveError::Packed);
    }
    Ok(Message { msg_id, seqno, content: Content::parse(body)? })
}
