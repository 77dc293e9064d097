//! Keys: destroyed, temporary, and behind storage that fails (M-054, M-148, M-310 … M-313).

use std::sync::atomic::Ordering;

use crate::log;
use crate::support::*;
use zaun_mtproto::handshake::ClientConfig;
use zaun_schema::mtproto::{enums, functions, types};
use zaun_testkit::{Conversation, RawClient, Received, Session, Wire};

#[tokio::test]
async fn a_destroyed_key_says_goodbye_and_is_unknown_then() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let mut beside = fixture.resume(&talk).await;
    answers(&mut beside).await;
    talk.session = beside.session.clone();
    talk.send(&functions::DestroyAuthKey {}).await.unwrap();
    let told: enums::DestroyAuthKeyRes = talk.wait_for(|m| m.decode()).await.unwrap();
    assert_eq!(told, enums::DestroyAuthKeyRes::DestroyAuthKeyOk, "M-310, M-312");
    assert_eq!(talk.client.receive().await.unwrap(), Received::Closed, "M-312");
    for mut later in [beside, fixture.resume(&talk).await] {
        later.send(&functions::Ping { ping_id: 1 }).await.unwrap();
        refused_with(&mut later, -404).await;
    }
}

#[tokio::test]
async fn destroy_auth_key_is_answered_beside_other_answers() {
    let fixture = Fixture::start().await;
    for _ in 0..20 {
        let mut talk = fixture.talk().await;
        let mut messages = Vec::new();
        for value in
            [zaun_testkit::object(&Call::<INCREMENT>(1)), zaun_testkit::object(&functions::DestroyAuthKey {})]
        {
            let (msg_id, seqno) = talk.session.stamp(zaun_testkit::now(), true);
            messages.push(zaun_testkit::Message::new(msg_id, seqno, value));
        }
        talk.send_body(false, &zaun_testkit::container(&messages)).await.unwrap();
        let told: enums::DestroyAuthKeyRes = talk.wait_for(|m| m.decode()).await.expect("M-312");
        assert_eq!(told, enums::DestroyAuthKeyRes::DestroyAuthKeyOk);
    }
}

/// A client with a temporary key.
async fn temporary(fixture: &Fixture) -> Conversation {
    let mut client = RawClient::connect(fixture.server.address(), Wire::default()).await.unwrap();
    let config =
        ClientConfig { expires_in: Some(600), ..ClientConfig::new(vec![fixture.server.public_key()]) };
    let key = client.exchange_key_with(config).await.unwrap();
    Conversation { client, session: Session::new(key.auth_key, key.first_salt), inbox: Default::default() }
}

#[tokio::test]
async fn a_temporary_key_does_not_destroy_itself() {
    let fixture = Fixture::start().await;
    let mut talk = temporary(&fixture).await;
    talk.send(&functions::DestroyAuthKey {}).await.unwrap();
    let told: enums::DestroyAuthKeyRes = talk.wait_for(|m| m.decode()).await.unwrap();
    assert_eq!(told, enums::DestroyAuthKeyRes::DestroyAuthKeyFail, "M-313");
    answers(&mut talk).await;
}

#[tokio::test]
async fn permanent_keys_survive_a_restart_and_temporary_ones_do_not() {
    let keys = SharedKeys::default();
    let first = Fixture::with_keys(keys.clone()).await;
    let (mut kept, gone) = (first.talk().await, temporary(&first).await);
    answers(&mut kept).await;
    drop(first);
    let second = Fixture::with_keys(keys).await;
    let mut again = second.resume(&kept).await;
    again.send(&functions::Ping { ping_id: 1 }).await.unwrap();
    // The salt secret of a test server is new, too.
    let salt: types::BadServerSalt = again.wait_for(|m| m.decode()).await.expect("M-246");
    again.session.salt = salt.new_server_salt;
    answers(&mut again).await;
    let mut later = second.resume(&gone).await;
    later.send(&functions::Ping { ping_id: 1 }).await.unwrap();
    refused_with(&mut later, -404).await;
    log::names(&later.client, "M-049");
}

#[tokio::test]
async fn failing_storage_closes_without_a_word() {
    let keys = SharedKeys::default();
    let first = Fixture::with_keys(keys.clone()).await;
    let mut talk = first.talk().await;
    answers(&mut talk).await;
    let second = Fixture::with_keys(keys.clone()).await;
    keys.broken.store(true, Ordering::Relaxed);

    let mut reading = second.resume(&talk).await;
    reading.send(&functions::Ping { ping_id: 1 }).await.unwrap();
    assert_eq!(reading.client.receive().await.unwrap(), Received::Closed, "M-054");
    log::names(&reading.client, "M-054");

    let mut writing = RawClient::connect(second.server.address(), Wire::default()).await.unwrap();
    let failed = writing.exchange_key(&second.server.public_key()).await.unwrap_err();
    assert!(matches!(failed, zaun_testkit::Error::Closed), "M-054, M-137: {failed}");
    log::names(&writing, "M-054");

    answers(&mut talk).await;
    talk.send(&functions::DestroyAuthKey {}).await.unwrap();
    let told: enums::DestroyAuthKeyRes = talk.wait_for(|m| m.decode()).await.unwrap();
    assert_eq!(told, enums::DestroyAuthKeyRes::DestroyAuthKeyFail, "M-310");
    keys.broken.store(false, Ordering::Relaxed);
    answers(&mut talk).await;
}
