//! What the server does not take, what it says, and what it logs.

use crate::log;
use crate::support::*;
use bytes::Bytes;
use zaun_mtproto::packet::Header;
use zaun_probe::{Message, RawClient, Received, Wire, container, gzip, object};
use zaun_transport::Framing;
use zaun_wire::{functions, types};

async fn raw(fixture: &Fixture, wire: Wire) -> RawClient {
    RawClient::connect(fixture.server.address(), wire).await.unwrap()
}

/// Bytes that are answered by nothing but the end of the connection, and by a line that names the rule.
async fn closes_on(first: &[u8], rule: &str) {
    let fixture = Fixture::start().await;
    let mut client = raw(&fixture, Wire::default()).await;
    client.send_bytes(first).await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Received::Closed, "{rule}");
    log::names(&client, rule);
    answers(&mut fixture.talk().await).await;
}

#[tokio::test]
async fn other_protocols_are_closed() {
    let mut tls = [0x33; 517];
    tls[..6].copy_from_slice(&[0x16, 3, 1, 2, 0, 1]);
    closes_on(&tls, "M-018").await;
}

#[tokio::test]
async fn garbage_is_closed() {
    closes_on(&[0x99; 64], "M-077").await;
    closes_on(&[0x31; 4096], "M-077").await;
}

#[tokio::test]
async fn broken_frames_are_closed() {
    let huge = (2u32 << 20) + 4;
    closes_on(&[&[0xee; 4][..], &huge.to_le_bytes()].concat(), "M-030").await;
    closes_on(&[0xef, 0x7f, 0xff, 0xff, 0xff], "M-030").await;
    closes_on(&[&[0xee; 4][..], &6u32.to_le_bytes(), &[0; 6]].concat(), "M-029").await;
    closes_on(&[&[0xee; 4][..], &0u32.to_le_bytes()].concat(), "M-029").await;
    let full = |sequence: u32| [&24u32.to_le_bytes()[..], &sequence.to_le_bytes(), &[0; 16]].concat();
    closes_on(&full(0), "M-028").await;
}

#[tokio::test]
async fn a_refused_handshake_query_leaves_the_connection_usable() {
    let fixture = Fixture::start().await;
    let mut client = raw(&fixture, Wire::default()).await;
    let plain = |body: &Bytes| {
        zaun_mtproto::handshake::plain::encode(zaun_mtproto::msg_id::from_time(zaun_probe::now()), body)
    };
    client.send(&plain(&object(&functions::Ping { ping_id: 1 }))).await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Received::Error(-404), "M-086, M-088");
    log::names(&client, "M-088");
    let nonsense = functions::ReqDHParams {
        nonce: [1; 16],
        server_nonce: [2; 16],
        p: Bytes::from_static(&[3]),
        q: Bytes::from_static(&[5]),
        public_key_fingerprint: 1,
        encrypted_data: Bytes::from_static(&[0; 256]),
    };
    client.send(&plain(&object(&nonsense))).await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Received::Error(-404), "M-100");
    client.send(&plain(&object(&types::MsgsAck { msg_ids: vec![1] }))).await.unwrap();
    client.exchange_key(&fixture.server.public_key()).await.expect("M-056, M-087");
}

#[tokio::test]
async fn a_key_that_nobody_offered_is_refused() {
    let fixture = Fixture::start().await;
    let mut client = raw(&fixture, Wire::default()).await;
    let nonce = [9; 16];
    let plain = |body: &Bytes| {
        zaun_mtproto::handshake::plain::encode(zaun_mtproto::msg_id::from_time(zaun_probe::now()), body)
    };
    client.send(&plain(&object(&functions::ReqPqMulti { nonce }))).await.unwrap();
    let answer = client.payload().await.unwrap().freeze();
    let offer: types::ResPQ = zaun_tl::from_bytes(answer.slice(20..)).expect("resPQ");
    let pq = offer.pq.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let factors = zaun_crypto::pq::factor(pq).expect("M-094");
    let request = functions::ReqDHParams {
        nonce,
        server_nonce: offer.server_nonce,
        p: Bytes::copy_from_slice(&factors.0.to_be_bytes()),
        q: Bytes::copy_from_slice(&factors.1.to_be_bytes()),
        public_key_fingerprint: offer.server_public_key_fingerprints[0] ^ 1,
        encrypted_data: Bytes::from_static(&[1; 256]),
    };
    client.send(&plain(&object(&request))).await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Received::Error(-404), "M-103");
    log::names(&client, "M-103");
}

/// M-117, M-234.
#[tokio::test]
async fn packets_that_do_not_open_are_all_answered_alike_and_leave_no_trace() {
    let fixture = Fixture::start().await;
    for (at, rule) in [(12, "M-172"), (30, "M-172"), (70, "M-172")] {
        let mut talk = fixture.talk().await;
        let key_id = talk.session.key.id();
        let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
        let mut packet =
            talk.session.seal(&talk.session.header(msg_id, seqno), &object(&Call::<INCREMENT>(1)));
        packet[at] ^= 1;
        talk.client.send(&packet).await.unwrap();
        refused_with(&mut talk, -404).await;
        log::names(&talk.client, rule);
        let key = fixture.server.handle().key(key_id).expect("the key is still there");
        assert!(key.sessions().is_empty(), "M-180: no session was created");
    }
    assert_eq!(fixture.runs(), 0);
}

#[tokio::test]
async fn the_last_word_arrives_even_if_the_client_goes_on_sending() {
    let fixture = Fixture::start().await;
    let mut client = raw(&fixture, Wire::default()).await;
    for _ in 0..20 {
        // Behind the first of them the server does not read on by itself.
        if client.send(&[7; 100_008]).await.is_err() {
            break;
        }
    }
    assert_eq!(client.receive().await.unwrap(), Received::Error(-404), "M-056");
}

#[tokio::test]
async fn a_packet_without_room_for_a_key_id_is_refused() {
    let fixture = Fixture::start().await;
    for framing in [Framing::Abridged, Framing::Intermediate] {
        let mut client = raw(&fixture, Wire { framing, ..Wire::default() }).await;
        client.send(&[1, 2, 3, 4]).await.unwrap();
        assert_eq!(client.receive().await.unwrap(), Received::Error(-404), "M-171");
        log::names(&client, "M-171");
    }
}

/// M-326.
#[tokio::test]
async fn a_replayed_packet_runs_once() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
    let packet = talk.session.seal(&talk.session.header(msg_id, seqno), &object(&Call::<INCREMENT>(1)));
    for _ in 0..3 {
        talk.client.send(&packet).await.unwrap();
    }
    assert_eq!(number(talk.result_of(msg_id).await.unwrap()), 2);
    answers(&mut talk).await;
    let mut elsewhere = fixture.resume(&talk).await;
    elsewhere.client.send(&packet).await.unwrap();
    answers(&mut elsewhere).await;
    assert_eq!(fixture.runs(), 1, "M-213");
}

/// Sends a packet that is refused with a notification, which the log explains.
async fn notified(header: impl Fn(Header) -> Header, body: Bytes, code: i32, rule: &str) {
    let fixture = Fixture::start().await;
    for known in [false, true] {
        let mut talk = fixture.talk().await;
        if known {
            answers(&mut talk).await;
        }
        let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), false);
        let header = header(talk.session.header(msg_id, seqno));
        talk.send_as(&header, &body).await.unwrap();
        let told = talk
            .wait_for(|m| {
                let plain =
                    m.decode::<types::BadMsgNotification>().map(|bad| (bad.bad_msg_id, bad.error_code));
                let salt = m.decode::<types::BadServerSalt>().map(|bad| (bad.bad_msg_id, bad.error_code));
                plain.or(salt)
            })
            .await;
        assert_eq!(told.unwrap(), (header.msg_id, code), "{rule}");
        log::names(&talk.client, rule);
        answers(&mut talk).await;
    }
    assert_eq!(fixture.runs(), 0, "M-237");
}

#[tokio::test]
async fn notifications_reach_the_client_and_the_log() {
    let query = object(&Call::<INCREMENT>(1));
    let late = |header: Header| Header { msg_id: header.msg_id - (400 << 32), ..header };
    let early = |header: Header| Header { msg_id: header.msg_id + (60 << 32), ..header };
    notified(late, query.clone(), 16, "M-209").await;
    notified(early, query.clone(), 17, "M-209").await;
    notified(|header| Header { msg_id: header.msg_id | 1, ..header }, query.clone(), 18, "M-205").await;
    notified(|header| header, query.clone(), 35, "M-222").await;
    notified(|header| Header { salt: 0, ..header }, query.clone(), 48, "M-246").await;
    let nested = container(&[Message::new(4, 0, container(&[Message::new(0, 1, query)]))]);
    notified(|header| header, nested, 64, "M-261").await;
}

#[tokio::test]
async fn bombs_are_answered_with_an_error() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let bomb = gzip(&vec![0; zaun_mtproto::gzip::MAX_UNPACKED + 1]);
    let query = talk.send_body(true, &bomb).await.unwrap();
    let told = error(talk.result_of(query).await.unwrap());
    assert_eq!((told.error_code, &*told.error_message), (400, "INPUT_REQUEST_TOO_LONG"), "M-272");
    let query = talk.send_body(true, &gzip(&gzip(&object(&Call::<INCREMENT>(1))))).await.unwrap();
    assert_eq!(error(talk.result_of(query).await.unwrap()).error_code, 400, "M-273");
    increments(&mut talk).await;
}
