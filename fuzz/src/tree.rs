//! The inspector's decoder: any bytes become trees whose ranges lie in their buffers, whose secrets are gone, and which
//! can be read again from what is shown.

use bytes::Bytes;
use zaun_console::limits::{MAX_DEPTH, MAX_NODES};
use zaun_console::tree::{Decoded, Message, Node, decode};
use zaun_schema::api::functions as api;
use zaun_tl::Encode;
use zaun_wire::types;

/// Any bytes as a packet's object.
pub fn run(data: &[u8]) {
    let decoded = decode(&Bytes::copy_from_slice(data), &|_| None);
    let mut count = 0;
    for message in &decoded.messages {
        inside(&message.tree, message.tree.at, &decoded, &mut count, 0);
    }
    assert!(count <= 2 * MAX_NODES, "{count} nodes");
    let text = serde_json::to_string(&decoded.messages).expect("it has a form");
    let again: Vec<Message> = serde_json::from_str(&text).expect("it is read again");
    assert_eq!(again, decoded.messages);
}

fn inside(node: &Node, parent: (usize, usize, usize), decoded: &Decoded, count: &mut usize, depth: usize) {
    *count += 1;
    let (buffer, start, end) = node.at;
    assert!(start <= end && end <= decoded.buffers[buffer].length, "{node:?}");
    assert!(depth <= 3 * MAX_DEPTH, "depth");
    if buffer == parent.0 && node.kind != "true" {
        assert!(parent.1 <= start && end <= parent.2, "{node:?} in {parent:?}");
    }
    if node.hidden {
        assert!(node.value.is_none() && node.children.is_empty(), "{node:?}");
        let hex = &decoded.buffers[buffer].hex;
        let hidden = &hex[(start * 2).min(hex.len())..(end * 2).min(hex.len())];
        assert!(hidden.bytes().all(|b| b == b'*'), "{node:?}: {hidden}");
    }
    node.children.iter().for_each(|child| inside(child, node.at, decoded, count, depth + 1));
}

/// A method, an answer, a container of them, gzip, and a secret.
pub fn seeds() -> Vec<Vec<u8>> {
    let bytes = |value: &dyn Encode| zaun_tl::to_bytes(value, zaun_schema::LAYER).expect("it has a form");
    let query = bytes(&api::help::GetConfig {});
    let ack = bytes(&types::MsgsAck { msg_ids: vec![1, 2, 3] });
    let answer =
        [&zaun_mtproto::session::rpc_result_prefix(4)[..], &bytes(&types::Pong { msg_id: 1, ping_id: 2 })];
    let inner = |msg_id, body: &[u8]| zaun_mtproto::container::Inner {
        msg_id,
        seqno: 1,
        body: Bytes::copy_from_slice(body),
    };
    let messages = [inner(4, &query), inner(8, &ack), inner(12, &answer.concat())];
    let container = zaun_mtproto::container::pack(&messages).expect("it is well-formed").to_vec();
    let zipped = zaun_mtproto::gzip::pack(&ack.repeat(40)).expect("it pays").to_vec();
    vec![query, ack, answer.concat(), container, zipped, vec![0x15, 0xc4, 0xb5, 0x1c, 2, 0, 0, 0]]
}
