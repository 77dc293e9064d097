//! Temporary keys from the client's side (M-152 … M-165).

use super::support::*;
use bytes::Bytes;
use zaun_crypto::auth_key::AuthKey;
use zaun_mtproto::binding;
use zaun_mtproto::client::{Binding, Event, Start};
use zaun_probe::{Message, object};
use zaun_wire::functions::auth::BindTempAuthKey;
use zaun_wire::types::{BindAuthKeyInner, RpcError};

const TRUE: Bytes = Bytes::from_static(&0x9972_75b5_u32.to_le_bytes());

fn permanent() -> AuthKey {
    AuthKey::new([3; 256])
}

fn bindings(said: &[Message]) -> Vec<(i64, BindTempAuthKey)> {
    let read = |message: &Message| Some((message.msg_id, zaun_tl::from_bytes(message.body.clone()).ok()?));
    said.iter().filter_map(read).collect()
}

/// The proof inside is right for the identifier under which it came.
fn holds(msg_id: i64, request: &BindTempAuthKey) -> bool {
    let expected = BindAuthKeyInner {
        nonce: 9,
        temp_auth_key_id: key().id(),
        perm_auth_key_id: permanent().id(),
        temp_session_id: 5,
        expires_at: 1_800_086_400,
    };
    binding::open(&permanent(), &request.encrypted_message, msg_id, &expected).is_ok()
}

fn rig_that_binds() -> (Rig, zaun_mtproto::client::QueryId) {
    let mut rig = Rig::begun();
    let bound = Binding { permanent: permanent(), nonce: 9, expires_at: 1_800_086_400 };
    let query = rig.client.bind(bound).unwrap();
    (rig, query)
}

#[test]
fn m_152_nothing_leaves_before_the_binding_is_accepted() {
    let (mut rig, binds) = rig_that_binds();
    let query = rig.client.submit(QUERY).unwrap();
    let said = rig.said(A);
    let [(msg_id, request)] = &bindings(&said)[..] else { panic!("{said:?}") };
    assert!(holds(*msg_id, request), "M-155: sealed for the message that carries it");
    assert!(said.iter().all(|message| message.body != QUERY), "{said:?}");
    let answer = rig.message(true, rpc_result(*msg_id, &TRUE));
    rig.deliver(A, &answer).unwrap();
    assert!(rig.events().contains(&Event::Answer { query: binds, result: Ok(TRUE) }));
    let said = rig.said(A);
    assert!(said.iter().any(|message| message.body == QUERY), "{said:?}");
    assert!(rig.client.msg_id(query).is_some());
}

#[test]
fn m_155_a_binding_under_a_new_identifier_is_sealed_anew() {
    let (mut rig, _) = rig_that_binds();
    let (first, _) = bindings(&rig.said(A)).remove(0);
    let said = rig.refuses(first, 1, 20);
    let [(again, request)] = &bindings(&said)[..] else { panic!("{said:?}") };
    assert_ne!(first, *again);
    assert!(holds(*again, request));
}

#[test]
fn a_refused_binding_holds_the_queries_until_the_key_is_changed() {
    let (mut rig, binds) = rig_that_binds();
    let query = rig.client.submit(QUERY).unwrap();
    let (msg_id, _) = bindings(&rig.said(A)).remove(0);
    let error = RpcError { error_code: 400, error_message: "ENCRYPTED_MESSAGE_INVALID".into() };
    let answer = rig.message(true, rpc_result(msg_id, &object(&error)));
    rig.deliver(A, &answer).unwrap();
    assert!(matches!(&rig.events()[..], [Event::Answer { query, result: Err(_) }] if *query == binds));
    assert!(rig.said(A).iter().all(|message| message.body != QUERY));
    let start = Start { session_id: 6, salt: 1, server_time: rig.server_time() };
    rig.client.change_key(rig.now, AuthKey::new([4; 256]), &start);
    assert!(matches!(&rig.events()[..], [Event::SessionRenewed { session_id: 6 }, Event::Refetch]));
    let packets = rig.packets(A);
    let held = packets.iter().any(|packet| packet.body.windows(QUERY.len()).any(|part| part == QUERY));
    assert!(held, "the query went along: {packets:?}");
    assert!(rig.client.msg_id(query).is_some());
}
