//! Messages as a client sees them: putting containers together and taking them apart. Pure.

use std::io::{Read, Write};

use bytes::{BufMut, Bytes};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use zaun_tl::{Decode, Encode, Reader, Writer};
use zaun_wire::types::RpcError;

use crate::Error;

/// Constructor of `msg_container`.
pub const MSG_CONTAINER: u32 = 0x73f1_f8dc;
/// Constructor of `msg_copy`.
pub const MSG_COPY: u32 = 0xe060_46b2;
/// Constructor of `gzip_packed`.
pub const GZIP_PACKED: u32 = 0x3072_cfa1;
/// Constructor of `rpc_result`.
pub const RPC_RESULT: u32 = 0xf35c_6d01;

/// One message: identifier, sequence number, serialized object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Identifier (M-205).
    pub msg_id: i64,
    /// Sequence number (M-219).
    pub seqno: i32,
    /// The object, constructor included.
    pub body: Bytes,
}

impl Message {
    /// A message with any body.
    pub fn new(msg_id: i64, seqno: i32, body: impl Into<Bytes>) -> Message {
        Message { msg_id, seqno, body: body.into() }
    }

    /// The constructor of its body; 0 if there is none.
    #[must_use]
    pub fn constructor(&self) -> u32 {
        Reader::new(self.body.clone()).peek_u32().unwrap_or(0)
    }

    /// The body as a type of a schema, if it is one and nothing else.
    #[must_use]
    pub fn decode<T: Decode>(&self) -> Option<T> {
        zaun_tl::from_bytes(self.body.clone()).ok()
    }

    /// The query it answers and the result object without gzip, if it is an rpc_result (M-296).
    #[must_use]
    pub fn rpc_result(&self) -> Option<(i64, Bytes)> {
        let mut reader = Reader::new(self.body.clone());
        if reader.take_u32().ok()? != RPC_RESULT {
            return None;
        }
        let req_msg_id = reader.take_i64().ok()?;
        Some((req_msg_id, unzip(reader.take_rest())?))
    }

    /// Whether it must be acknowledged (M-220).
    #[must_use]
    pub fn content_related(&self) -> bool {
        self.seqno & 1 == 1
    }
}

/// Serializes an object that has no layers.
///
/// # Panics
/// If it has no form, which objects without layers always have.
#[must_use]
pub fn object(value: &(impl Encode + ?Sized)) -> Bytes {
    let mut writer = Writer::new(0);
    value.encode(&mut writer);
    writer.into_result().map(Bytes::from).unwrap_or_else(|error| panic!("{error}"))
}

/// A `msg_container` of these messages, whatever they are (M-258).
#[must_use]
pub fn container(messages: &[Message]) -> Bytes {
    let mut out = Vec::new();
    out.put_u32_le(MSG_CONTAINER);
    out.put_u32_le(length(messages.len()));
    messages.iter().for_each(|message| bare(message, &mut out));
    out.into()
}

/// A `msg_copy` of a message (M-268).
#[must_use]
pub fn msg_copy(message: &Message) -> Bytes {
    let mut out = Vec::new();
    out.put_u32_le(MSG_COPY);
    bare(message, &mut out);
    out.into()
}

fn bare(message: &Message, out: &mut Vec<u8>) {
    out.put_i64_le(message.msg_id);
    out.put_i32_le(message.seqno);
    out.put_u32_le(length(message.body.len()));
    out.put_slice(&message.body);
}

fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// The `gzip_packed` form of any bytes, worth it or not.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn gzip(object: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let packed = encoder.write_all(object).and_then(|()| encoder.finish());
    let mut writer = Writer::new(0);
    writer.put_u32(GZIP_PACKED);
    writer.put_bytes(&packed.unwrap_or_else(|error| panic!("{error}")));
    writer.into_result().map(Bytes::from).unwrap_or_else(|error| panic!("{error}"))
}

/// The object inside a `gzip_packed`, or the object itself; `None` if the packing is broken.
fn unzip(object: Bytes) -> Option<Bytes> {
    let mut reader = Reader::new(object.clone());
    if reader.peek_u32() != Some(GZIP_PACKED) {
        return Some(object);
    }
    reader.take_u32().ok()?;
    let packed = reader.take_bytes().ok()?;
    let mut out = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut out).ok()?;
    Some(out.into())
}

/// The single messages of a packet, in order: those of its container, or itself; gzip undone.
///
/// # Errors
/// [`Error::Malformed`] for anything that a strict client would refuse: sizes that do not fill the container
/// (M-259), an inner msg_id or seqno above the container's (M-217, M-232), a container in a container (M-261).
pub fn take_apart(packet: Message) -> Result<Vec<Message>, Error> {
    if packet.constructor() != MSG_CONTAINER {
        let body = unzip(packet.body).ok_or(Error::Malformed("gzip_packed is broken"))?;
        return Ok(vec![Message { body, ..packet }]);
    }
    let short = |_| Error::Malformed("the container is shorter than it says (M-259)");
    let mut reader = Reader::new(packet.body.slice(4..));
    let count = reader.take_i32().map_err(short)?;
    let mut messages = Vec::new();
    for _ in 0..count {
        let (msg_id, seqno) = (reader.take_i64().map_err(short)?, reader.take_i32().map_err(short)?);
        let len = usize::try_from(reader.take_i32().map_err(short)?).unwrap_or(usize::MAX);
        let body = reader.take_raw(len).map_err(short)?;
        if msg_id >= packet.msg_id {
            return Err(Error::Malformed("a container is created last (M-217)"));
        }
        if seqno > packet.seqno {
            return Err(Error::Malformed("a container's seqno is not below those inside (M-232)"));
        }
        let message =
            Message::new(msg_id, seqno, unzip(body).ok_or(Error::Malformed("gzip_packed is broken"))?);
        if message.constructor() == MSG_CONTAINER {
            return Err(Error::Malformed("a container holds no container (M-261)"));
        }
        messages.push(message);
    }
    if reader.remaining() > 0 {
        return Err(Error::Malformed("the container is longer than it says (M-259)"));
    }
    Ok(messages)
}

/// An error if a result is one.
///
/// # Errors
/// [`Error::Rpc`].
pub fn check(result: &Bytes) -> Result<(), Error> {
    if result.first_chunk() != Some(&RpcError::CONSTRUCTOR_ID.to_le_bytes()) {
        return Ok(());
    }
    let error: RpcError =
        zaun_tl::from_bytes(result.clone()).map_err(|_| Error::Malformed("rpc_error is broken"))?;
    Err(Error::Rpc { code: error.error_code, text: error.error_message })
}
