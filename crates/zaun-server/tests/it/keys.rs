//! Keys: destroyed, temporary, and behind storage that fails (M-054, M-148, M-310 … M-313).

use std::sync::atomic::Ordering;

use crate::log;
use crate::support::*;
use zaun_crypto::rsa::PublicKey;
use zaun_mtproto::handshake::ClientConfig;
use zaun_probe::{Conversation, RawClient, Received, Session, SpawnedServer, Wire, object};
use zaun_server::{BindRefusal, BindRequest, Router, RpcError};
use zaun_wire::{enums, functions, types};

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
            [zaun_probe::object(&Call::<INCREMENT>(1)), zaun_probe::object(&functions::DestroyAuthKey {})]
        {
            let (msg_id, seqno) = talk.session.stamp(zaun_probe::now(), true);
            messages.push(zaun_probe::Message::new(msg_id, seqno, value));
        }
        talk.send_body(false, &zaun_probe::container(&messages)).await.unwrap();
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
    assert!(matches!(failed, zaun_probe::Error::Closed), "M-054, M-137: {failed}");
    log::names(&writing, "M-054");

    answers(&mut talk).await;
    talk.send(&functions::DestroyAuthKey {}).await.unwrap();
    let told: enums::DestroyAuthKeyRes = talk.wait_for(|m| m.decode()).await.unwrap();
    assert_eq!(told, enums::DestroyAuthKeyRes::DestroyAuthKeyFail, "M-310");
    keys.broken.store(false, Ordering::Relaxed);
    answers(&mut talk).await;
}

#[tokio::test]
async fn m091_an_unfinished_key_exchange_does_not_block_what_is_encrypted() {
    let fixture = Fixture::start().await;
    let mut talk = fixture.talk().await;
    let probe = object(&functions::ReqPqMulti { nonce: [7; 16] });
    for _ in 0..2 {
        talk.client.send(&zaun_mtproto::handshake::plain::encode(4, &probe)).await.unwrap();
        let answer = talk.client.payload().await.unwrap();
        assert_eq!(answer[..8], [0; 8], "resPQ comes in clear");
        increments(&mut talk).await;
    }
}

#[tokio::test]
async fn m165_storage_trouble_while_binding_is_no_verdict_about_the_proof() {
    let keys = SharedKeys::default();
    crate::log::keep();
    let router =
        Router::new().method(|context: zaun_server::Context<Router>, Call(id): Call<INCREMENT>| async move {
            let now = i32::try_from(zaun_probe::now().as_secs()).unwrap();
            let request = BindRequest {
                perm_auth_key_id: id,
                nonce: 1,
                expires_at: now + 60,
                encrypted_message: vec![0; 104].into(),
            };
            match context.bind_temporary_key(&request).await {
                Err(BindRefusal::Storage(_)) => Err(RpcError::internal()),
                Err(BindRefusal::Message(_)) => Err(RpcError::bad_request("ENCRYPTED_MESSAGE_INVALID")),
                other => panic!("{other:?}"),
            }
        });
    let server = SpawnedServer::start(router, keys.clone()).await.unwrap();
    let mut raw = RawClient::connect(server.address(), Wire::default()).await.unwrap();
    let trusted = PublicKey::from_pem(&server.public_key().to_pkcs1_pem()).unwrap();
    let config = ClientConfig { expires_in: Some(3600), ..ClientConfig::new(vec![trusted]) };
    let negotiated = raw.exchange_key_with(config).await.unwrap();
    let session = Session::new(negotiated.auth_key, negotiated.first_salt);
    let mut talk = Conversation { client: raw, session, inbox: Default::default() };
    for (broken, code) in [(true, 500), (false, 400)] {
        keys.broken.store(broken, Ordering::Relaxed);
        let query = talk.send(&Call::<INCREMENT>(5)).await.unwrap();
        assert_eq!(error(talk.result_of(query).await.unwrap()).error_code, code, "M-165");
    }
}
