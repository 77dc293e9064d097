//! `bad_msg.json`: packets of a client, and the code that a server has to answer.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::Side;
use zaun_mtproto::client::{self, Carrier, Monotonic, Profile, Start};
use zaun_mtproto::container::{self, Inner};
use zaun_mtproto::packet::{self, Header};
use zaun_mtproto::salts::SaltSource;
use zaun_mtproto::session::{BadMsg, ConnId, Event, Session, Surroundings, precheck, refusal};
use zaun_wire::{functions, types};

use super::support::{Hex, Long, NOW, NOW_S, Tape, auth_key, pattern, read, same};

#[derive(Serialize, Deserialize)]
struct BadMsgs {
    auth_key: Hex,
    session_id: Long,
    /// The only salt that is valid.
    salt: Long,
    now: u64,
    cases: Vec<Case>,
}

#[derive(Serialize, Deserialize)]
struct Case {
    why: String,
    /// Packets that the server takes before.
    before: Vec<Packet>,
    packet: Packet,
    /// `None`: it is taken.
    code: Option<i32>,
    /// The notification.
    answer: Option<Hex>,
}

#[derive(Serialize, Deserialize, Clone)]
struct Packet {
    salt: Long,
    msg_id: Long,
    seqno: i32,
    body: Hex,
    packet: Hex,
}

const SESSION: i64 = 5;
const SALT: i64 = 0x0123_4567_89ab_cdef;
const FIRST: i64 = 1_800_000_000 << 32;
const CONN: ConnId = ConnId(1);

fn sealed(offset: i64, seqno: i32, body: Vec<u8>, salt: i64) -> Packet {
    let header = Header { salt, session_id: SESSION, msg_id: FIRST + offset, seqno };
    let (mut tape, mut out) = (Tape::record(offset.unsigned_abs()), BytesMut::new());
    packet::seal(&auth_key(), Side::Client, &header, &body, &mut tape, &mut out);
    Packet { salt: Long(salt), msg_id: Long(header.msg_id), seqno, body: Hex(body), packet: Hex::of(out) }
}

fn query(offset: i64, seqno: i32) -> Packet {
    sealed(offset, seqno, pattern(8), SALT)
}

fn ping() -> Vec<u8> {
    zaun_tl::to_bytes(&functions::Ping { ping_id: 1 }, 0).unwrap()
}

fn ack() -> Vec<u8> {
    zaun_tl::to_bytes(&types::MsgsAck { msg_ids: vec![FIRST + 1] }, 0).unwrap()
}

/// A container at 400 of messages with these offsets and seqnos.
fn wrapped(offset: i64, messages: &[(i64, i32, Vec<u8>)]) -> Packet {
    let inner = |(offset, seqno, body): &(i64, i32, Vec<u8>)| Inner {
        msg_id: FIRST + offset,
        seqno: *seqno,
        body: Bytes::from(body.clone()),
    };
    let body = container::pack(&messages.iter().map(inner).collect::<Vec<_>>()).unwrap();
    sealed(offset, 6, body.to_vec(), SALT)
}

fn cases() -> Vec<(&'static str, Vec<Packet>, Packet, Option<i32>)> {
    let seconds = |seconds: i64| seconds << 32;
    let none = Vec::new;
    vec![
        ("a query", none(), query(400, 1), None),
        ("a query 300 seconds old", none(), query(seconds(-300), 1), None),
        ("a query 301 seconds old", none(), query(seconds(-301), 1), Some(16)),
        ("a query 30 seconds ahead", none(), query(seconds(30), 1), None),
        ("a query 31 seconds ahead", none(), query(seconds(31), 1), Some(17)),
        ("an identifier that is 1 modulo 4", none(), query(401, 1), Some(18)),
        ("an identifier that is 2 modulo 4", none(), query(402, 1), Some(18)),
        ("low bits and time are wrong: the low bits count", none(), query(seconds(-301) + 1, 1), Some(18)),
        ("time and salt are wrong: the time counts", none(), sealed(seconds(31), 1, pattern(8), 1), Some(17)),
        (
            "a container that was received before",
            vec![wrapped(400, &[(4, 1, pattern(8))])],
            wrapped(400, &[(8, 3, pattern(8))]),
            Some(19),
        ),
        ("a newer message with a lower seqno", vec![query(400, 9)], query(404, 3), Some(32)),
        ("an older message with a higher seqno", vec![query(400, 3)], query(396, 9), Some(33)),
        ("a container with an odd seqno", none(), Packet { ..odd_container() }, Some(34)),
        ("a query with an even seqno", none(), query(400, 2), Some(35)),
        ("a query with an even seqno in a container", none(), wrapped(400, &[(4, 0, pattern(8))]), Some(35)),
        ("a ping with an even seqno", none(), sealed(400, 0, ping(), SALT), None),
        ("a ping with an odd seqno", none(), sealed(400, 1, ping(), SALT), None),
        ("an acknowledgement", none(), sealed(400, 0, ack(), SALT), None),
        ("a wrong salt", none(), sealed(400, 1, pattern(8), SALT ^ 1), Some(48)),
        ("a ping with a wrong salt", none(), sealed(400, 0, ping(), 0), Some(48)),
        ("an identifier inside is its container's", none(), wrapped(400, &[(400, 1, pattern(8))]), Some(64)),
        (
            "an identifier inside is above its container's",
            none(),
            wrapped(400, &[(404, 1, pattern(8))]),
            Some(64),
        ),
        (
            "old messages in a new container",
            none(),
            wrapped(400, &[(seconds(-400), 1, pattern(8)), (4, 3, pattern(8))]),
            None,
        ),
    ]
}

fn odd_container() -> Packet {
    let whole = wrapped(400, &[(4, 1, pattern(8))]);
    sealed(400, 3, whole.body.0, SALT)
}

/// The server's judgement: `None` if the packet is taken.
fn judge(key: &AuthKey, session: &mut Session, packet: &Packet, salt: i64, now: u64) -> Option<BadMsg> {
    let now = zaun_mtproto::UnixTime::from_secs(now);
    let opened = packet::open(key, Side::Client, BytesMut::from(&packet.packet.0[..])).unwrap();
    assert_eq!((opened.header.msg_id, &opened.body[..]), (packet.msg_id.0, &packet.body.0[..]));
    // Salts of the engine are derived; the one of the file is taken beside them, as that of a key exchange is.
    let salts = SaltSource::new([1; 32]);
    if let Err(bad) = precheck(now, key.id(), &opened.header, &salts, Some(salt)) {
        return Some(bad);
    }
    let around = Surroundings { salts: &salts, auth_key_id: key.id(), current_salt: salt, unique_id: 1 };
    let events = session.receive(now, CONN, &opened.header, &opened.body, &around);
    events.into_iter().find_map(|event| match event {
        Event::Refused(bad) => Some(bad),
        _ => None,
    })
}

fn answer(packet: &Packet, bad: BadMsg, salt: i64, session_id: i64) -> Hex {
    let header = Header { salt: packet.salt.0, session_id, msg_id: packet.msg_id.0, seqno: packet.seqno };
    Hex::of(refusal(bad, &header, salt))
}

fn make() -> BadMsgs {
    let key = auth_key();
    let cases = cases().into_iter().map(|(why, before, packet, code)| {
        let mut session = Session::new(SESSION);
        session.attach(CONN);
        for packet in &before {
            assert_eq!(judge(&key, &mut session, packet, SALT, NOW_S), None, "{why}");
        }
        let bad = judge(&key, &mut session, &packet, SALT, NOW_S);
        assert_eq!(bad.map(BadMsg::code), code, "{why}");
        let answer = bad.map(|bad| answer(&packet, bad, SALT, SESSION));
        Case { why: why.to_owned(), before, packet, code, answer }
    });
    let cases = cases.collect();
    BadMsgs {
        auth_key: Hex::of(key.as_bytes()),
        session_id: Long(SESSION),
        salt: Long(SALT),
        now: NOW_S,
        cases,
    }
}

#[test]
fn bad_msg_is_what_the_engine_makes() {
    same("bad_msg.json", &make());
}

#[test]
fn bad_msg_replays_through_the_server() {
    let file: BadMsgs = read("bad_msg.json");
    let key = AuthKey::new(file.auth_key.array());
    for case in &file.cases {
        let mut session = Session::new(file.session_id.0);
        session.attach(CONN);
        for packet in &case.before {
            assert_eq!(judge(&key, &mut session, packet, file.salt.0, file.now), None, "{}", case.why);
        }
        let bad = judge(&key, &mut session, &case.packet, file.salt.0, file.now);
        assert_eq!(bad.map(BadMsg::code), case.code, "M-238: {}", case.why);
        let said = bad.map(|bad| answer(&case.packet, bad, file.salt.0, file.session_id.0));
        assert_eq!(said, case.answer, "M-233, M-246");
    }
}

/// A client reads every notification; as it did not send these packets, it changes nothing.
#[test]
fn bad_msg_is_read_by_the_client() {
    let file: BadMsgs = read("bad_msg.json");
    let key = AuthKey::new(file.auth_key.array());
    let start = Start { session_id: file.session_id.0, salt: file.salt.0, server_time: NOW };
    let mut session = client::Session::new(key.clone(), &start, Profile::STANDARD, Monotonic::ZERO);
    session.attach(Monotonic::ZERO, CONN, Carrier::Stream);
    for (number, answer) in file.cases.iter().filter_map(|case| case.answer.as_ref()).enumerate() {
        let msg_id = FIRST + 4 * i64::try_from(number).unwrap() + 1;
        let header = Header { salt: file.salt.0, session_id: file.session_id.0, msg_id, seqno: 0 };
        let mut out = BytesMut::new();
        packet::seal(&key, Side::Server, &header, &answer.0, &mut Tape::record(1), &mut out);
        assert_eq!(session.receive(Monotonic::ZERO, CONN, out), Ok(()), "M-233");
        assert_eq!(session.next_event(), None);
    }
}
