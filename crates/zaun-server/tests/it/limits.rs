//! Limits that end a connection with −429 (M-034, M-050, M-260, M-274).

use crate::log;
use crate::support::*;
use zaun_probe::{Conversation, Message, container, object};
use zaun_server::limits::MAX_SESSIONS_PER_CONNECTION;
use zaun_wire::types;

#[tokio::test]
async fn too_many_messages_or_ids_are_a_flood() {
    let fixture = Fixture::start().await;
    let many: Vec<Message> =
        (0..1025).map(|n| Message::new(n * 4, 0, object(&types::MsgsAck { msg_ids: vec![] }))).collect();
    for body in [
        container(&many),
        object(&types::MsgsAck { msg_ids: vec![1; 8193] }),
        object(&types::MsgsStateReq { msg_ids: vec![1; 8193] }),
        object(&types::MsgResendReq { msg_ids: vec![1; 8193] }),
    ] {
        let mut talk = fixture.talk().await;
        talk.send_body(false, &body).await.unwrap();
        refused_with(&mut talk, -429).await;
        log::names(&talk.client, "M-050");
    }
}

#[tokio::test]
async fn one_connection_carries_a_few_sessions_and_the_refused_one_is_not_kept_waiting() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let own = talk.session.session_id;
    for n in 0..i64::try_from(MAX_SESSIONS_PER_CONNECTION).unwrap() {
        talk.session.session_id = own.wrapping_add(n);
        answers(&mut talk).await;
    }
    talk.session.session_id = own.wrapping_sub(1);
    talk.send(&types::MsgsAck { msg_ids: vec![] }).await.unwrap();
    refused_with(&mut talk, -429).await;
    log::names(&talk.client, "M-034");
    let key = fixture.server.handle().key(talk.session.key.id()).unwrap();
    let mut next: Conversation = fixture.resume(&talk).await;
    increments(&mut next).await;
    drop((talk, next));
    // The end of a connection reaches its sessions before the slot is given back.
    while fixture.server.handle().connections() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(
        key.sessions().iter().all(|session| !session.is_connected()),
        "M-200: no session waits for a dead one"
    );
}
