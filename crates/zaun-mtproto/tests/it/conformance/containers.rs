//! `containers.json`: containers, copies, acknowledgements and gzip, good ones and ones that are refused.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zaun_mtproto::container::{self, Inner, MSG_COPY};
use zaun_mtproto::gzip;
use zaun_wire::types;

use super::support::{Hex, Long, pattern, read, same};

#[derive(Serialize, Deserialize)]
struct Containers {
    containers: Vec<Container>,
    refused_containers: Vec<Refused>,
    copies: Vec<Container>,
    acks: Vec<Acks>,
    gzip: Vec<Gzip>,
}

#[derive(Serialize, Deserialize)]
struct Container {
    /// The identifier of the container.
    msg_id: Long,
    messages: Vec<Message>,
    body: Hex,
}

#[derive(Serialize, Deserialize)]
struct Message {
    msg_id: Long,
    seqno: i32,
    body: Hex,
}

#[derive(Serialize, Deserialize)]
struct Refused {
    why: String,
    msg_id: Long,
    body: Hex,
}

#[derive(Serialize, Deserialize)]
struct Acks {
    msg_ids: Vec<Long>,
    body: Hex,
}

#[derive(Serialize, Deserialize)]
struct Gzip {
    unpacked: Hex,
    body: Hex,
}

/// The identifiers of a client; those of a server are odd.
const FIRST: i64 = 1_800_000_000 << 32;

fn message(number: i64, seqno: i32, body: Vec<u8>) -> Message {
    Message { msg_id: Long(FIRST + 4 * number), seqno, body: Hex(body) }
}

fn inner(messages: &[Message]) -> Vec<Inner> {
    let inner = |m: &Message| Inner { msg_id: m.msg_id.0, seqno: m.seqno, body: m.body.bytes() };
    messages.iter().map(inner).collect()
}

fn copy(copied: &Message) -> Vec<u8> {
    let length = i32::try_from(copied.body.0.len()).unwrap().to_le_bytes();
    [
        &MSG_COPY.to_le_bytes()[..],
        &copied.msg_id.0.to_le_bytes(),
        &copied.seqno.to_le_bytes(),
        &length,
        &copied.body.0,
    ]
    .concat()
}

fn acks(ids: &[Long]) -> Bytes {
    let ids = types::MsgsAck { msg_ids: ids.iter().map(|id| id.0).collect() };
    zaun_tl::to_bytes(&ids, 0).unwrap().into()
}

fn make() -> Containers {
    let container = |count: i64| {
        let messages: Vec<Message> =
            (0..count).map(|n| message(n, 2 * n as i32 + 1, pattern(8 + 4 * n as usize))).collect();
        let body = Hex::of(container::pack(&inner(&messages)).unwrap());
        Container { msg_id: Long(FIRST + 4 * count), messages, body }
    };
    let copied = message(0, 1, pattern(12));
    let copies =
        vec![Container { msg_id: Long(FIRST + 4), body: Hex(copy(&copied)), messages: vec![copied] }];
    let lists = [vec![], vec![Long(FIRST)], vec![Long(FIRST + 1), Long(FIRST - 7), Long(-1)]];
    let acks = lists.map(|msg_ids| Acks { body: Hex::of(acks(&msg_ids)), msg_ids }).into();
    let repeated = pattern(16).repeat(64);
    let body = Hex::of(gzip::pack(&repeated).unwrap());
    let gzip = vec![Gzip { unpacked: Hex(repeated), body }];
    let containers = [0, 1, 3].map(container).into();
    Containers { containers, refused_containers: refused(), copies, acks, gzip }
}

fn refused() -> Vec<Refused> {
    let messages = [message(0, 1, pattern(8))];
    let good = container::pack(&inner(&messages)).unwrap().to_vec();
    let changed = |at: usize, word: i32| {
        let mut body = good.clone();
        body[at..at + 4].copy_from_slice(&word.to_le_bytes());
        body
    };
    let mut nested = changed(20, i32::try_from(good.len()).unwrap());
    nested.splice(24.., good.clone());
    let cases = [
        ("the id inside is its own", 0, good.clone()),
        ("the id inside is above its own", -1, good.clone()),
        ("it is shorter than its message", 1, good[..good.len() - 4].to_vec()),
        ("it ends before its second message", 1, changed(4, 2)),
        ("it is longer than its messages", 1, changed(4, 0)),
        ("the count is negative", 1, changed(4, -1)),
        ("the count is above 1024", 1, changed(4, 1025)),
        ("a length is negative", 1, changed(20, -8)),
        ("a length is not divisible by 4", 1, changed(20, 6)),
        ("it holds a container", 1, nested),
    ];
    let refused = |(why, number, body): (&str, i64, Vec<u8>)| Refused {
        why: why.to_owned(),
        msg_id: Long(FIRST + 4 * number),
        body: Hex(body),
    };
    cases.map(refused).into()
}

#[test]
fn containers_are_what_the_engines_make() {
    same("containers.json", &make());
}

#[test]
fn containers_acks_and_gzip_are_read_and_made_from_the_file_alone() {
    let file: Containers = read("containers.json");
    for Container { msg_id, messages, body } in &file.containers {
        assert_eq!(container::unpack(msg_id.0, &body.bytes()).unwrap(), inner(messages), "M-258, M-262");
        assert_eq!(container::pack(&inner(messages)).unwrap(), body.0, "M-258");
    }
    for Refused { why, msg_id, body } in &file.refused_containers {
        assert!(container::unpack(msg_id.0, &body.bytes()).is_err(), "M-217, M-259 … M-261: {why}");
    }
    for Container { msg_id, messages, body } in &file.copies {
        let copied = container::unpack_copy(msg_id.0, &body.bytes()).unwrap();
        assert_eq!([copied], inner(messages)[..], "M-268");
    }
    for Acks { msg_ids, body } in &file.acks {
        assert_eq!(acks(msg_ids), body.0, "M-274");
        let read: types::MsgsAck = zaun_tl::from_bytes(body.bytes()).unwrap();
        assert_eq!(read.msg_ids, msg_ids.iter().map(|id| id.0).collect::<Vec<_>>());
    }
    for Gzip { unpacked, body } in &file.gzip {
        assert_eq!(gzip::unpack(&body.bytes()).unwrap(), unpacked.0, "M-269");
    }
}
