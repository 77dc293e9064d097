//! Pings, salts, and requests that the shell has to fulfil (M-201 … M-204, M-252 … M-255, M-306 … M-313).

use super::support::*;
use zaun_mtproto::session::Event;
use zaun_probe::{Message, container, object};
use zaun_wire::{enums, functions, types};

#[test]
fn a_ping_is_answered_bare_on_its_own_connection() {
    let mut rig = Rig::begun();
    rig.server.attach(B);
    let ping = rig.send(A, &functions::Ping { ping_id: i64::MIN });
    rig.server.attach(B);
    assert_eq!(rig.said(B), [], "M-306");
    let pong = rig.only(A);
    assert_eq!(
        pong.decode::<types::Pong>(),
        Some(types::Pong { msg_id: ping, ping_id: i64::MIN }),
        "M-300, M-306"
    );
    assert!(!pong.content_related(), "M-231");
    assert_eq!(pong.msg_id & 3, 1, "M-206");
}

#[test]
fn a_pong_does_not_wait_for_slow_queries() {
    let mut rig = Rig::begun();
    rig.query(A);
    rig.send(A, &functions::Ping { ping_id: 1 });
    assert_eq!(rig.said(A).iter().filter(|m| m.decode::<types::Pong>().is_some()).count(), 1, "M-309");
}

#[test]
fn ping_delay_disconnect_asks_for_a_timer_and_a_ping_does_not() {
    let mut rig = Rig::begun();
    for (delay, seconds) in [(75, 75), (0, 0), (-1, 0), (i32::MAX, 600)] {
        let ping = functions::PingDelayDisconnect { ping_id: 1, disconnect_delay: delay };
        let message = rig.message(false, object(&ping));
        assert_eq!(rig.deliver(A, &message), [Event::DisconnectIn { seconds }], "M-307, M-319");
        assert_eq!(rig.only(A).decode::<types::Pong>().unwrap().msg_id, message.msg_id, "M-307");
    }
    let plain = rig.message(false, object(&functions::Ping { ping_id: 1 }));
    assert_eq!(rig.deliver(A, &plain), [], "M-308");
}

#[test]
fn future_salts_begin_with_the_one_valid_now() {
    let mut rig = Rig::begun();
    for (num, at_most) in [(1, 1), (2, 2), (64, 64), (65, 64), (i32::MAX, 64), (0, 1), (-5, 1)] {
        let request = rig.send(A, &functions::GetFutureSalts { num });
        let answer = rig.only(A);
        assert!(!answer.content_related(), "M-254");
        let salts: types::FutureSalts = answer.decode().expect("future_salts, bare (M-253)");
        assert_eq!(salts.req_msg_id, request, "M-253");
        assert_eq!(u64::try_from(salts.now).unwrap(), rig.now.as_secs(), "M-253");
        assert_eq!(salts.salts.len(), at_most, "M-252");
        let first = &salts.salts[0];
        assert_eq!(first.salt, rig.client.salt, "M-255");
        assert!(first.valid_since <= salts.now && salts.now < first.valid_until, "M-255");
        for pair in salts.salts.windows(2) {
            assert_eq!(pair[0].valid_until - pair[1].valid_since, 1800, "M-255");
        }
    }
}

#[test]
fn destroy_session_is_the_shells_business_and_answered_bare() {
    let mut rig = Rig::begun();
    let request = rig.message(true, object(&functions::DestroySession { session_id: 9 }));
    let msg_id = request.msg_id;
    assert_eq!(rig.deliver(A, &request), [Event::DestroySession { msg_id, session_id: 9 }], "M-201");
    rig.server.session_destroyed(A, msg_id, 9, true);
    let ok = enums::DestroySessionRes::from(types::DestroySessionOk { session_id: 9 });
    assert_eq!(rig.only(A).decode(), Some(ok), "M-201, M-204");
    rig.server.session_destroyed(A, msg_id, 9, false);
    let none = enums::DestroySessionRes::from(types::DestroySessionNone { session_id: 9 });
    assert_eq!(rig.only(A).decode(), Some(none), "M-201");
    assert_eq!(rig.server.next_deadline(), None, "the answer acknowledges");
}

#[test]
fn destroy_auth_key_is_the_shells_business_and_answered_bare() {
    let mut rig = Rig::begun();
    let request = rig.message(true, object(&functions::DestroyAuthKey {}));
    let msg_id = request.msg_id;
    assert_eq!(rig.deliver(A, &request), [Event::DestroyAuthKey { msg_id }], "M-310");
    rig.server.auth_key_destroyed(A, msg_id, true);
    assert_eq!(rig.only(A).decode(), Some(enums::DestroyAuthKeyRes::DestroyAuthKeyOk), "M-310");
    rig.server.auth_key_destroyed(A, msg_id, false);
    assert_eq!(rig.only(A).decode(), Some(enums::DestroyAuthKeyRes::DestroyAuthKeyFail), "M-313");
}

#[test]
fn a_request_that_does_not_parse_is_answered_with_an_error() {
    let mut rig = Rig::begun();
    let cut = object(&functions::Ping { ping_id: 1 }).slice(..8);
    let request = rig.message(true, cut);
    assert_eq!(rig.deliver(A, &request), []);
    let (query, error) = result_of(&rig.only(A));
    assert_eq!(query, request.msg_id, "M-417");
    assert_eq!(zaun_tl::from_bytes::<types::RpcError>(error).unwrap().error_code, 400, "M-417");
}

#[test]
fn service_messages_take_effect_before_the_queries_beside_them() {
    let mut rig = Rig::begun();
    rig.server.push(None, QUERY);
    let pushed = rig.only(A);
    let query = rig.message(true, QUERY);
    let ack = rig.message(false, object(&types::MsgsAck { msg_ids: vec![pushed.msg_id] }));
    let request = rig.message(false, object(&types::MsgsStateReq { msg_ids: vec![query.msg_id] }));
    let destroy = rig.message(false, object(&functions::DestroySession { session_id: 1 }));
    let outer = rig.message(false, container(&[query.clone(), ack, request, destroy]));
    let events = rig.deliver(A, &outer);
    assert!(matches!(events[..], [Event::DestroySession { .. }, Event::Query { .. }]), "M-264: {events:?}");
    let said = rig.said(A);
    let info = said.iter().find_map(|m: &Message| m.decode::<types::MsgsStateInfo>()).unwrap();
    assert_eq!(info.info[..], [4 + 32], "M-264: received, not answered");
    assert_eq!(rig.server.held_bytes(), 0, "M-264: the acknowledgement counted");
}
