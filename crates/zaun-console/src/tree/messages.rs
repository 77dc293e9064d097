//! A packet's messages: a container is taken apart, everything else is one.

use bytes::Bytes;

use super::decode::{Cursor, Decoder};
use super::{Asked, Buffer, Decoded, Message, Node, innermost, line};

/// `msg_container`.
const MSG_CONTAINER: u32 = 0x73f1_f8dc;
/// msg_id, seqno and length in front of a message in a container.
const MESSAGE_HEADER_BYTES: usize = 16;
/// Messages of a container that are shown; the protocol allows fewer (M-264).
const MAX_MESSAGES: usize = 1024;

/// Decodes a packet's object. `asked` knows the open queries, so that an answer can name its method and a bare vector
/// its type.
#[must_use]
pub fn decode(body: &Bytes, asked: Asked<'_>) -> Decoded {
    let mut decoder = Decoder::new(body.clone(), asked);
    let whole = decoder.whole(0);
    let parts = container(body);
    let messages = match &parts {
        None => vec![message(decoder.root(whole), asked)],
        Some(parts) => parts.iter().map(|part| part.read(&mut decoder, asked)).collect(),
    };
    let buffers: Vec<Buffer> = decoder.sources.into_iter().map(super::Source::into_buffer).collect();
    Decoded { container: parts.is_some(), messages, buffers }
}

fn message(tree: Node, asked: Asked<'_>) -> Message {
    let result = tree.kind == "rpc_result";
    let query = tree.field("req_msg_id").filter(|_| result).and_then(|id| id.value.as_deref()?.parse().ok());
    let answers = query.and_then(asked).map(|(method, _)| method.to_owned());
    Message {
        msg_id: None,
        seqno: None,
        name: innermost(&tree).kind.clone().into_owned(),
        answers,
        text: line(&tree),
        tree,
    }
}

struct Part {
    msg_id: i64,
    seqno: i32,
    body: Cursor,
}

impl Part {
    fn read(&self, decoder: &mut Decoder<'_>, asked: Asked<'_>) -> Message {
        let message = message(decoder.root(self.body), asked);
        Message { msg_id: Some(self.msg_id.to_string()), seqno: Some(self.seqno), ..message }
    }
}

/// The parts of a well-formed container; a broken one is shown as an object, with what is wrong.
fn container(body: &[u8]) -> Option<Vec<Part>> {
    let word = |at: usize| body.get(at..)?.first_chunk().map(|raw| u32::from_le_bytes(*raw));
    if word(0)? != MSG_CONTAINER {
        return None;
    }
    let count = usize::try_from(word(4)?).ok().filter(|count| *count <= MAX_MESSAGES)?;
    let mut parts = Vec::new();
    let mut position = 8_usize;
    for _ in 0..count {
        let msg_id = i64::from_le_bytes(*body.get(position..)?.first_chunk()?);
        let seqno = word(position.checked_add(8)?)?.cast_signed();
        let length = usize::try_from(word(position.checked_add(12)?)?).ok()?;
        let start = position.checked_add(MESSAGE_HEADER_BYTES)?;
        let end = start.checked_add(length).filter(|end| *end <= body.len())?;
        parts.push(Part { msg_id, seqno, body: Cursor { buffer: 0, position: start, end } });
        position = end;
    }
    (position == body.len()).then_some(parts)
}
