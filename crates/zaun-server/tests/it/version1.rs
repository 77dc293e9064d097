//! MTProto 1.0, where it is switched on (M-183 … M-187).

use std::sync::Arc;

use crate::support::*;
use bytes::BytesMut;
use zaun_crypto::Side;
use zaun_mtproto::packet_v1;
use zaun_probe::{Conversation, Message, Received, SpawnedServer, Wire, object, take_apart};
use zaun_server::{MemoryKeys, Router, Server};
use zaun_wire::types::Pong;

async fn server(on: bool) -> SpawnedServer<Router> {
    let router = router(Arc::default(), Arc::new(tokio::sync::Semaphore::new(0)));
    SpawnedServer::build(Server::builder(router, MemoryKeys::default()).mtproto1(on)).await.unwrap()
}

async fn client(server: &SpawnedServer<Router>) -> Conversation {
    Conversation::begin(server.address(), Wire::default(), &server.public_key()).await.unwrap()
}

/// Sends a query as an old client does.
async fn ask(talk: &mut Conversation, value: i64) -> i64 {
    let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
    let header = talk.session.header(msg_id, seqno);
    let mut packet = BytesMut::new();
    let body = object(&Call::<INCREMENT>(value));
    packet_v1::seal(&talk.session.key, Side::Client, &header, &body, &mut rand::rng(), &mut packet);
    talk.client.send(&packet).await.unwrap();
    msg_id
}

/// Reads packets of version 1 until one holds the result of a query.
async fn result(talk: &mut Conversation, query: i64) -> i64 {
    loop {
        let payload = talk.client.payload().await.unwrap();
        let opened = packet_v1::open(&talk.session.key, Side::Server, payload).expect("M-186: version 1");
        let packet = Message::new(opened.header.msg_id, opened.header.seqno, opened.body);
        let results = take_apart(packet).unwrap().into_iter().filter_map(|m| m.rpc_result());
        if let Some((_, result)) = results.into_iter().find(|(id, _)| *id == query) {
            return number(result);
        }
    }
}

#[tokio::test]
async fn m186_the_first_packet_decides_and_the_answers_keep_the_version() {
    let server = server(true).await;
    let mut old = client(&server).await;
    for value in 0..3 {
        let query = ask(&mut old, value).await;
        assert_eq!(result(&mut old, query).await, value + 1);
    }
    // What is pushed to several sessions at once goes out in each one's version.
    let mut new = client(&server).await;
    increments(&mut new).await;
    let sessions: Vec<_> = [&old, &new]
        .iter()
        .map(|talk| server.handle().key(talk.session.key.id()).unwrap().sessions().remove(0))
        .collect();
    server.handle().push_all(&sessions, &object(&Pong { msg_id: 0, ping_id: 9 }));
    let pong: Pong = new.wait_for(|m| m.decode()).await.unwrap();
    assert_eq!(pong.ping_id, 9);
    let payload = old.client.payload().await.unwrap();
    packet_v1::open(&old.session.key, Side::Server, payload).expect("M-186");
    // A connection that began with version 2 stays there: a packet of version 1 does not open on it.
    ask(&mut new, 1).await;
    assert_eq!(new.client.receive().await.unwrap(), Received::Error(-404), "M-186");
}

#[tokio::test]
async fn m187_version_1_is_off_unless_it_is_asked_for() {
    let server = server(false).await;
    let mut old = client(&server).await;
    ask(&mut old, 1).await;
    assert_eq!(old.client.receive().await.unwrap(), Received::Error(-404));
}
