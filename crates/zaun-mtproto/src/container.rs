//! msg_container and msg_copy: putting messages together and taking them apart (M-217, M-258 … M-262, M-268).
//!
//! Both sessions use it. What the identifiers inside have to look like depends on who made them, so that is for the
//! caller to check.

use bytes::{BufMut, Bytes, BytesMut};
use zaun_tl::Reader;

use crate::session::constructor;

/// Constructor of `msg_container`.
pub const MSG_CONTAINER: u32 = 0x73f1_f8dc;
/// Constructor of `msg_copy`.
pub const MSG_COPY: u32 = 0xe060_46b2;
/// Most messages in one container (M-260).
pub const MAX_CONTAINER: usize = 1024;

/// One message inside a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inner {
    /// Identifier; below that of the container (M-217).
    pub msg_id: i64,
    /// Sequence number.
    pub seqno: i32,
    /// The serialized object; a multiple of four bytes.
    pub body: Bytes,
}

/// Why a container is refused. A server answers code 64 and −429 for too many messages; a client discards the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    /// The body begins with another constructor.
    #[error("it is no container")]
    NoContainer,
    /// The count is negative.
    #[error("it holds a negative number of messages (M-258)")]
    NegativeCount,
    /// The count is above [`MAX_CONTAINER`].
    #[error("it holds more than {MAX_CONTAINER} messages (M-260)")]
    TooMany,
    /// It ends inside a message.
    #[error("it is shorter than it says (M-259)")]
    Short,
    /// Bytes follow the last message.
    #[error("it is longer than its messages (M-259)")]
    Long,
    /// The length of a message is negative or not divisible by 4.
    #[error("a length is negative or not divisible by 4 (M-259)")]
    Length,
    /// A message has an identifier that is not below that of the container.
    #[error("a msg_id inside is not below its own (M-217)")]
    Order,
    /// A container inside the container.
    #[error("it holds a container (M-261)")]
    Nested,
    /// A msg_copy that holds more than one message, or another msg_copy.
    #[error("a msg_copy holds one message that is none (M-268)")]
    Copy,
}

/// Serializes a container. Its own identifier has to be made after those inside (M-217, M-232).
///
/// # Errors
/// [`ContainerError::TooMany`], [`ContainerError::Length`], [`ContainerError::Nested`]: what the other side would
/// refuse is not made.
pub fn pack(messages: &[Inner]) -> Result<Bytes, ContainerError> {
    if messages.len() > MAX_CONTAINER {
        return Err(ContainerError::TooMany);
    }
    for Inner { body, .. } in messages {
        if !body.len().is_multiple_of(4) {
            return Err(ContainerError::Length);
        }
        if is_container(body) {
            return Err(ContainerError::Nested);
        }
    }
    Ok(write(messages.iter().map(|message| (message.msg_id, message.seqno, &message.body))))
}

/// Serializes a container of messages that were judged before.
pub(crate) fn write<'a>(messages: impl ExactSizeIterator<Item = (i64, i32, &'a Bytes)> + Clone) -> Bytes {
    let size: usize = messages.clone().map(|(.., body)| 16 + body.len()).sum();
    let mut out = BytesMut::with_capacity(8 + size);
    out.put_u32_le(MSG_CONTAINER);
    out.put_i32_le(i32::try_from(messages.len()).unwrap_or(i32::MAX));
    for (msg_id, seqno, body) in messages {
        out.put_i64_le(msg_id);
        out.put_i32_le(seqno);
        out.put_i32_le(i32::try_from(body.len()).unwrap_or(i32::MAX));
        out.put_slice(body);
    }
    out.freeze()
}

/// The messages of a container whose own identifier is `msg_id`, in order.
///
/// # Errors
/// [`ContainerError`]; a container is good as a whole or not at all (M-265).
pub fn unpack(msg_id: i64, body: &Bytes) -> Result<Vec<Inner>, ContainerError> {
    let short = |_| ContainerError::Short;
    if !is_container(body) {
        return Err(ContainerError::NoContainer);
    }
    let mut reader = Reader::new(body.slice(4..));
    let count =
        usize::try_from(reader.take_i32().map_err(short)?).map_err(|_| ContainerError::NegativeCount)?;
    if count > MAX_CONTAINER {
        return Err(ContainerError::TooMany);
    }
    let messages = (0..count).map(|_| inner(&mut reader, msg_id)).collect::<Result<Vec<_>, _>>()?;
    if reader.remaining() > 0 { Err(ContainerError::Long) } else { Ok(messages) }
}

/// The message in a msg_copy whose own identifier is `msg_id`.
///
/// # Errors
/// [`ContainerError`].
pub fn unpack_copy(msg_id: i64, body: &Bytes) -> Result<Inner, ContainerError> {
    if constructor(body) != MSG_COPY {
        return Err(ContainerError::NoContainer);
    }
    let mut reader = Reader::new(body.slice(4..));
    let copied = inner(&mut reader, msg_id)?;
    if constructor(&copied.body) == MSG_COPY || reader.remaining() > 0 {
        return Err(ContainerError::Copy);
    }
    Ok(copied)
}

/// Whether a body begins like a container.
#[must_use]
pub fn is_container(body: &[u8]) -> bool {
    constructor(body) == MSG_CONTAINER
}

fn inner(reader: &mut Reader, outer: i64) -> Result<Inner, ContainerError> {
    let short = |_| ContainerError::Short;
    let msg_id = reader.take_i64().map_err(short)?;
    let seqno = reader.take_i32().map_err(short)?;
    let length = reader.take_i32().map_err(short)?;
    let length =
        usize::try_from(length).ok().filter(|l| l.is_multiple_of(4)).ok_or(ContainerError::Length)?;
    let body = reader.take_raw(length).map_err(short)?;
    if msg_id >= outer {
        return Err(ContainerError::Order);
    }
    if is_container(&body) {
        return Err(ContainerError::Nested);
    }
    Ok(Inner { msg_id, seqno, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(msg_id: i64, body: &[u8]) -> Inner {
        Inner { msg_id, seqno: 1, body: Bytes::copy_from_slice(body) }
    }

    #[test]
    fn what_is_packed_comes_out_again_and_an_empty_container_is_legal() {
        let messages = [inner(4, &[1; 8]), inner(8, &[]), inner(12, &[2; 400])];
        assert_eq!(unpack(16, &pack(&messages).unwrap()).unwrap(), messages, "M-258");
        assert_eq!(unpack(4, &pack(&[]).unwrap()).unwrap(), [], "M-262");
    }

    #[test]
    fn packing_refuses_what_the_other_side_would_refuse() {
        let many = vec![inner(4, &[]); MAX_CONTAINER + 1];
        assert_eq!(pack(&many), Err(ContainerError::TooMany), "M-260");
        assert!(pack(&many[1..]).is_ok(), "M-260");
        assert_eq!(pack(&[inner(4, &[1; 6])]), Err(ContainerError::Length), "M-259");
        let nested = pack(&[inner(4, &[])]).unwrap();
        assert_eq!(pack(&[inner(8, &nested)]), Err(ContainerError::Nested), "M-261");
    }

    #[test]
    fn every_fault_of_a_container_has_its_name() {
        let good = pack(&[inner(4, &[1; 8])]).unwrap();
        let changed = |at: usize, word: i32| {
            let mut body = good.to_vec();
            body[at..at + 4].copy_from_slice(&word.to_le_bytes());
            Bytes::from(body)
        };
        let nested =
            [&good[..8], &4i64.to_le_bytes(), &[0; 4], &(good.len() as i32).to_le_bytes(), &good].concat();
        for (body, outer, error) in [
            (good.clone(), 4, ContainerError::Order),
            (good.slice(..good.len() - 4), 8, ContainerError::Short),
            (good.slice(..4), 8, ContainerError::Short),
            (good.slice(..2), 8, ContainerError::NoContainer),
            (changed(4, 2), 8, ContainerError::Short),
            (changed(4, 0), 8, ContainerError::Long),
            (changed(4, -1), 8, ContainerError::NegativeCount),
            (changed(4, 1025), 8, ContainerError::TooMany),
            (changed(20, -4), 8, ContainerError::Length),
            (changed(20, 6), 8, ContainerError::Length),
            (nested.into(), 8, ContainerError::Nested),
        ] {
            assert_eq!(unpack(outer, &body), Err(error));
        }
    }

    #[test]
    fn a_copy_holds_one_message_that_is_no_copy() {
        let copy = |id: i64, body: &[u8]| {
            let length = i32::try_from(body.len()).unwrap().to_le_bytes();
            Bytes::from([&MSG_COPY.to_le_bytes()[..], &id.to_le_bytes(), &[0; 4], &length, body].concat())
        };
        assert_eq!(unpack_copy(8, &copy(4, &[1; 8])).unwrap().body, [1; 8][..]);
        assert_eq!(unpack_copy(8, &copy(4, &copy(3, &[]))), Err(ContainerError::Copy), "M-268");
        assert_eq!(unpack_copy(4, &copy(4, &[])), Err(ContainerError::Order), "M-217");
        assert_eq!(unpack_copy(8, &pack(&[]).unwrap()), Err(ContainerError::NoContainer));
    }
}
