//! HTTP: requests, responses and long polling (M-057 … M-067, M-314 … M-319).

use std::time::Duration;

use crate::support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use zaun_probe::{Carrier, Conversation, Dial, Message, RawClient, Received, container, object};
use zaun_transport::Framing;
use zaun_wire::types;

fn dial() -> Dial {
    Dial::new(Framing::Full).carrier(Carrier::http("/api"))
}

async fn talk(fixture: &Fixture) -> Conversation {
    let client = RawClient::dial(fixture.server.address(), &dial()).await.unwrap();
    Conversation::begin_on(client, &fixture.server.public_key()).await.unwrap()
}

/// Sends a raw request and returns the whole response; the request asks to close.
async fn raw(fixture: &Fixture, request: &str) -> String {
    let mut stream = TcpStream::connect(fixture.server.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

fn wait(max_delay: i32, wait_after: i32, max_wait: i32) -> types::HttpWait {
    types::HttpWait { max_delay, wait_after, max_wait }
}

#[tokio::test]
async fn m065_preflight_is_answered_and_other_paths_are_not_mtproto() {
    let fixture = Fixture::start().await;
    let preflight = raw(&fixture, "OPTIONS /apiw1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(preflight.starts_with("HTTP/1.1 204"), "{preflight}");
    let lower = preflight.to_ascii_lowercase();
    assert!(lower.contains("access-control-allow-origin: *"), "{preflight}");
    assert!(lower.contains("access-control-allow-methods: post"), "{preflight}");
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"),
        ("GET /api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"),
        ("GET /apiws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "400"),
        ("POST /api HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nConnection: close\r\n\r\n", "413"),
        ("POST nonsense\r\n\r\n", "400"),
    ] {
        let response = raw(&fixture, request).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "M-067 {request:?}: {response}");
    }
}

#[tokio::test]
async fn m057_transport_errors_are_statuses() {
    let fixture = Fixture::start().await;
    let mut client = RawClient::dial(fixture.server.address(), &dial()).await.unwrap();
    client.send(&[7; 64]).await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Received::Error(-404));
    // A wrong handshake query does not end the connection, and the next one may be right (M-056).
    client.send(&[0; 40]).await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Received::Error(-404));
    client.exchange_key(&fixture.server.public_key()).await.unwrap();
}

/// Asks for messages, and acknowledges what came before, so that nothing is due by itself.
async fn poll(talk: &mut Conversation, wait: types::HttpWait) {
    let acks: Vec<i64> = talk.inbox.drain(..).map(|m| m.msg_id).collect();
    let mut inside = Vec::new();
    for body in [object(&types::MsgsAck { msg_ids: acks }), object(&wait)] {
        let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), false);
        inside.push(Message::new(msg_id, seqno, body));
    }
    talk.send_body(false, &container(&inside)).await.unwrap();
}

#[tokio::test]
async fn m315_max_wait_ends_with_an_empty_container() {
    let fixture = Fixture::start().await;
    let mut talk = talk(&fixture).await;
    increments(&mut talk).await;
    let began = Instant::now();
    poll(&mut talk, wait(0, 0, 300)).await;
    let payload = talk.client.payload().await.unwrap();
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    let opened = talk.session.open(payload).unwrap();
    let message = Message::new(opened.header.msg_id, opened.header.seqno, opened.body);
    assert_eq!(zaun_probe::take_apart(message).unwrap(), []);
}

#[tokio::test]
async fn m315_a_push_ends_the_wait_and_further_ones_join_it() {
    let fixture = Fixture::start().await;
    let mut talk = talk(&fixture).await;
    increments(&mut talk).await;
    let key = fixture.server.handle().key(talk.session.key.id()).unwrap();
    let session = key.sessions().remove(0);
    let ping = |ping_id| object(&types::Pong { msg_id: 0, ping_id });
    poll(&mut talk, wait(10_000, 200, 20_000)).await;
    for n in 0..3 {
        session.push(ping(n));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let pongs = async {
        let payload = talk.client.payload().await.unwrap();
        let opened = talk.session.open(payload).unwrap();
        let message = Message::new(opened.header.msg_id, opened.header.seqno, opened.body);
        let messages = zaun_probe::take_apart(message).unwrap();
        messages.iter().filter_map(|m| m.decode::<types::Pong>()).map(|pong| pong.ping_id).collect::<Vec<_>>()
    };
    assert_eq!(pongs.await, [0, 1, 2], "M-060: one payload holds what came within wait_after");
}

/// M-064.
#[tokio::test]
async fn m061_an_answer_waits_for_the_next_request_of_its_session() {
    let fixture = Fixture::start().await;
    let mut talk = talk(&fixture).await;
    let query = talk.send(&Call::<SLOW>(5)).await.unwrap();
    // The wait of the first request is over before the answer is ready: it says only that the query arrived.
    let first = talk.receive().await.unwrap();
    assert!(first.rpc_result().is_none());
    fixture.gate.add_permits(1);
    let mut passed = 0;
    let answer = loop {
        talk.send_even(&wait(0, 0, 10_000)).await.unwrap();
        let message = talk.receive().await.unwrap();
        if let Some((id, result)) = message.rpc_result() {
            break (id, number(result));
        }
        passed += 1;
        assert!(passed < 10, "the answer does not come");
    };
    assert_eq!(answer, (query, 5));
}

#[tokio::test]
async fn m063_what_was_sent_and_not_acknowledged_comes_again_on_another_connection() {
    let fixture = Fixture::start().await;
    let mut first = talk(&fixture).await;
    let query = first.send(&Call::<INCREMENT>(41)).await.unwrap();
    assert_eq!(number(first.result_of(query).await.unwrap()), 42);
    // Nothing is repeated on the connection that carried it …
    first.send_even(&wait(0, 0, 50)).await.unwrap();
    let payload = first.client.payload().await.unwrap();
    let opened = first.session.open(payload).unwrap();
    assert!(opened.body.len() < 64, "{} bytes", opened.body.len());
    // … but on a new one it is, until the client has acknowledged it.
    let client = RawClient::dial(fixture.server.address(), &dial()).await.unwrap();
    let mut second =
        Conversation { client, session: first.session.clone(), inbox: std::collections::VecDeque::new() };
    second.send_even(&wait(0, 0, 5_000)).await.unwrap();
    assert_eq!(number(second.result_of(query).await.unwrap()), 42);
    assert_eq!(fixture.runs(), 1);
}

#[tokio::test]
async fn m062_a_response_speaks_for_the_session_of_its_request_only() {
    let fixture = Fixture::start().await;
    let mut talk = talk(&fixture).await;
    increments(&mut talk).await;
    poll(&mut talk, wait(0, 0, 50)).await;
    talk.client.payload().await.unwrap();
    let key = fixture.server.handle().key(talk.session.key.id()).unwrap();
    let first = key.sessions().remove(0);
    let own = talk.session.session_id;
    // Another session takes the connection over; what waits for the first one stays where it is.
    talk.session.session_id ^= 1;
    talk.session.content_sent = 0;
    first.push(object(&types::Pong { msg_id: 0, ping_id: 3 }));
    increments(&mut talk).await;
    assert!(talk.inbox.iter().all(|m| m.decode::<types::Pong>().is_none()), "M-062");
    talk.session.session_id = own;
    talk.send_even(&wait(0, 0, 5_000)).await.unwrap();
    let pong: types::Pong = talk.wait_for(|m| m.decode()).await.unwrap();
    assert_eq!(pong.ping_id, 3);
}

#[tokio::test]
async fn m316_m318_the_last_http_wait_counts_and_max_wait_is_above_the_others() {
    let fixture = Fixture::start().await;
    let mut talk = talk(&fixture).await;
    increments(&mut talk).await;
    let acks: Vec<i64> = talk.inbox.drain(..).map(|m| m.msg_id).collect();
    let key = fixture.server.handle().key(talk.session.key.id()).unwrap();
    let session = key.sessions().remove(0);
    let mut inside = Vec::new();
    let last = wait(20_000, 20_000, 300);
    for body in [object(&types::MsgsAck { msg_ids: acks }), object(&wait(0, 0, 20_000)), object(&last)] {
        let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), false);
        inside.push(Message::new(msg_id, seqno, body));
    }
    let began = Instant::now();
    talk.send_body(false, &container(&inside)).await.unwrap();
    session.push(object(&types::Pong { msg_id: 0, ping_id: 1 }));
    let pong: types::Pong = talk.wait_for(|m| m.decode()).await.unwrap();
    assert_eq!(pong.ping_id, 1);
    // The first http_wait would have let it go at once, the delays of the last one after 20 s.
    let passed = began.elapsed();
    assert!((Duration::from_millis(300)..Duration::from_secs(10)).contains(&passed), "{passed:?}");
}
