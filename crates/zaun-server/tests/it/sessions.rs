//! Sessions and their connections (M-033 … M-035, M-188 … M-204, M-278, M-307).

use crate::support::*;
use bytes::Bytes;
use zaun_probe::{Conversation, Received, object};
use zaun_wire::{enums, functions, types};

const UPDATE: Bytes = Bytes::from_static(&[0x99, 0, 0x99, 0, 1, 2, 3, 4]);

fn is_update(message: &zaun_probe::Message) -> Option<i64> {
    (message.body == UPDATE).then_some(message.msg_id)
}

/// The server's side of a session.
fn push(fixture: &Fixture, talk: &Conversation) {
    let key = fixture.server.handle().key(talk.session.key.id()).expect("the key is in memory");
    let sessions = key.sessions();
    let session = sessions.iter().find(|session| session.id == talk.session.session_id).expect("a session");
    session.push(UPDATE);
}

/// M-036.
#[tokio::test]
async fn what_was_not_acknowledged_arrives_on_the_next_connection() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let query = talk.send(&Call::<INCREMENT>(1)).await.unwrap();
    let answer = talk.wait_for(|m| m.rpc_result().map(|_| m.clone())).await.unwrap();
    push(&fixture, &talk);
    let update = talk.wait_for(is_update).await.unwrap();

    let mut next = fixture.resume(&talk).await;
    drop(talk);
    answers(&mut next).await;
    let again = next.wait_for(|m| m.rpc_result().filter(|(id, _)| *id == query).map(|_| m.clone())).await;
    assert_eq!(again.unwrap(), answer, "M-189, M-278, M-279");
    assert_eq!(next.wait_for(is_update).await.unwrap(), update, "M-278, M-279");

    let seen = vec![answer.msg_id, update];
    next.send_even(&types::MsgsAck { msg_ids: seen }).await.unwrap();
    answers(&mut next).await;
    let mut last = fixture.resume(&next).await;
    drop(next);
    answers(&mut last).await;
    increments(&mut last).await;
    assert!(last.inbox.iter().all(|m| is_update(m).is_none() && m.msg_id != answer.msg_id), "M-277");
}

#[tokio::test]
async fn updates_without_a_connection_wait_for_the_next() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    answers(&mut talk).await;
    let session = talk.session.clone();
    drop(talk);
    let mut next = Conversation::resume(fixture.server.address(), Default::default(), session).await.unwrap();
    push(&fixture, &next);
    answers(&mut next).await;
    next.wait_for(is_update).await.expect("M-189");
}

#[tokio::test]
async fn the_answer_of_a_slow_query_finds_the_next_connection() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let query = talk.send(&Call::<SLOW>(6)).await.unwrap();
    answers(&mut talk).await;
    let mut next = fixture.resume(&talk).await;
    drop(talk);
    answers(&mut next).await;
    fixture.gate.add_permits(1);
    assert_eq!(number(next.result_of(query).await.unwrap()), 6, "M-189");
}

#[tokio::test]
async fn a_query_that_is_asked_again_elsewhere_is_answered_there() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
    let header = talk.session.header(msg_id, seqno);
    let body = zaun_probe::object(&Call::<SLOW>(6));
    talk.send_as(&header, &body).await.unwrap();
    answers(&mut talk).await;
    // The old connection stays open, as one that died on the way does.
    let mut next = fixture.resume(&talk).await;
    next.send_as(&header, &body).await.unwrap();
    answers(&mut next).await;
    fixture.gate.add_permits(1);
    assert_eq!(number(next.result_of(msg_id).await.unwrap()), 6, "M-281");
}

/// M-033, M-188.
#[tokio::test]
async fn one_session_may_have_several_connections_and_one_connection_several_sessions() {
    let fixture = Fixture::start().await;
    let mut one = fixture.talk().await;
    let mut two = fixture.resume(&one).await;
    increments(&mut one).await;
    two.session.last_msg_id = one.session.last_msg_id;
    two.session.content_sent = one.session.content_sent;
    increments(&mut two).await;
    // Another session on the same connection is answered in its own name (M-034, M-190).
    two.session = zaun_probe::Session::new(two.session.key.clone(), two.session.salt);
    two.inbox.clear();
    increments(&mut two).await;
}

#[tokio::test]
async fn a_new_session_is_announced_once() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let first = talk.send(&functions::Ping { ping_id: 1 }).await.unwrap();
    let created: types::NewSessionCreated = talk.receive().await.unwrap().decode().expect("M-192, M-198");
    assert_eq!(created.first_msg_id, first, "M-193");
    talk.session.salt = created.server_salt;
    answers(&mut talk).await;
    increments(&mut talk).await;
    assert!(talk.inbox.iter().all(|m| m.decode::<types::NewSessionCreated>().is_none()), "M-197");
}

async fn destroy(talk: &mut Conversation, session_id: i64) -> enums::DestroySessionRes {
    talk.send(&functions::DestroySession { session_id }).await.unwrap();
    talk.wait_for(|m| m.decode()).await.unwrap()
}

#[tokio::test]
async fn sessions_of_the_same_key_can_be_destroyed() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let mut other = fixture.resume(&talk).await;
    other.session.session_id ^= 1;
    answers(&mut other).await;
    let (own, other_id) = (talk.session.session_id, other.session.session_id);
    let ok = enums::DestroySessionRes::from(types::DestroySessionOk { session_id: other_id });
    let none = |session_id| enums::DestroySessionRes::from(types::DestroySessionNone { session_id });
    assert_eq!(destroy(&mut talk, other_id).await, ok, "M-201");
    assert_eq!(destroy(&mut talk, other_id).await, none(other_id), "M-201");
    assert_eq!(destroy(&mut talk, own).await, none(own), "M-202");
    increments(&mut talk).await;
    // Its connection begins another one of that name.
    other.inbox.clear();
    other.send(&functions::Ping { ping_id: 5 }).await.unwrap();
    other.wait_for(|m| m.decode::<types::NewSessionCreated>()).await.expect("M-192");

    let mut stranger = fixture.talk().await;
    assert_eq!(destroy(&mut stranger, own).await, none(own), "M-203");
    answers(&mut talk).await;
}

#[tokio::test]
async fn ping_delay_disconnect_ends_the_connection_and_not_the_session() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    answers(&mut talk).await;
    talk.send(&functions::PingDelayDisconnect { ping_id: 1, disconnect_delay: 600 }).await.unwrap();
    let last = talk.send(&functions::PingDelayDisconnect { ping_id: 2, disconnect_delay: 1 }).await.unwrap();
    talk.wait_for(|m| m.decode::<types::Pong>().filter(|pong| pong.msg_id == last)).await.expect("M-307");
    answers(&mut talk).await;
    let end = loop {
        match talk.client.receive().await.unwrap() {
            Received::Payload(_) => {}
            other => break other,
        }
    };
    assert_eq!(end, Received::Closed, "M-307, M-308");
    let mut next = fixture.resume(&talk).await;
    increments(&mut next).await;
    let fresh = |m: &zaun_probe::Message| m.decode::<types::NewSessionCreated>().is_some();
    let announced = next.inbox.iter().filter(|m| fresh(m)).count();
    assert!(announced <= 1, "M-308: at most the unacknowledged announcement of before");
}

#[tokio::test]
async fn m242_a_message_outside_the_window_creates_no_session() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let now = zaun_probe::now();
    for (shift, code) in [(-400_i64, 16), (400, 17)] {
        let msg_id = (zaun_mtproto::msg_id::from_time(now) + (shift << 32)) & !3;
        let ping = object(&functions::Ping { ping_id: 1 });
        talk.send_as(&talk.session.header(msg_id, 1), &ping).await.unwrap();
        let told: types::BadMsgNotification = talk.wait_for(|m| m.decode()).await.unwrap();
        assert_eq!((told.error_code, told.bad_msg_id), (code, msg_id), "M-233");
        let key = fixture.server.handle().key(talk.session.key.id()).unwrap();
        assert!(key.sessions().is_empty(), "M-242");
    }
}
