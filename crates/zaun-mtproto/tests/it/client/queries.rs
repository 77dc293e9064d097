//! Queries and what becomes of them: losses, states, large answers, chains, cancelling (M-193, M-283 … M-305, M-409).

use std::time::Duration;

use super::support::*;
use bytes::Bytes;
use zaun_mtproto::client::{Carrier, Event, Failure, RpcError};
use zaun_probe::{Message, gzip, object};
use zaun_wire::{functions, types};

fn error(code: i32, message: &str) -> Bytes {
    object(&types::RpcError { error_code: code, error_message: message.to_owned() })
}

#[test]
fn results_come_unpacked_and_errors_as_errors() {
    let mut rig = Rig::begun();
    let (query, sent) = rig.query(A);
    let packed = rig.message(true, rpc_result(sent.msg_id, &gzip(&RESULT)));
    rig.deliver(A, &packed).unwrap();
    assert_eq!(rig.events(), [Event::Answer { query, result: Ok(RESULT) }], "M-269");
    let (query, sent) = rig.query(A);
    let refused = rig.message(true, rpc_result(sent.msg_id, &error(420, "FLOOD_WAIT_3")));
    rig.deliver(A, &refused).unwrap();
    let result = Err(RpcError { code: 420, message: "FLOOD_WAIT_3".to_owned() });
    assert_eq!(rig.events(), [Event::Answer { query, result }], "M-296");
}

#[test]
fn an_answer_that_cannot_be_unpacked_ends_its_query() {
    let mut rig = Rig::begun();
    let (query, sent) = rig.query(A);
    let broken = object(&types::GzipPacked { packed_data: Bytes::from_static(b"no gzip") });
    let message = rig.message(true, rpc_result(sent.msg_id, &broken));
    rig.deliver(A, &message).unwrap();
    assert!(
        matches!(rig.events()[..], [Event::Failed { query: q, why: Failure::Unreadable(_) }] if q == query)
    );
}

#[test]
fn what_the_server_did_not_confirm_survives_the_connection_under_its_identifier() {
    let mut rig = Rig::begun();
    let (confirmed, first) = rig.query(A);
    let (lost, second) = rig.query(A);
    rig.says(A, false, &types::MsgsAck { msg_ids: vec![first.msg_id] });
    rig.client.detach(rig.now, A);
    rig.client.attach(rig.now, A, Carrier::Stream);
    let again = rig.only(A);
    assert_eq!((again.msg_id, again.seqno, again.body), (second.msg_id, second.seqno, QUERY), "M-213");
    rig.is_answered(lost, second.msg_id);
    rig.is_answered(confirmed, first.msg_id);
}

#[test]
fn a_new_session_on_the_server_brings_older_queries_again_once() {
    let mut rig = Rig::begun();
    let (_, older) = rig.query(A);
    let (_, newer) = rig.query(A);
    rig.says(A, false, &types::MsgsAck { msg_ids: vec![older.msg_id, newer.msg_id] });
    let created = types::NewSessionCreated { first_msg_id: newer.msg_id, unique_id: 1, server_salt: SALT };
    rig.says(A, true, &created);
    assert_eq!(rig.events(), [Event::Refetch], "M-199");
    let said = rig.said(A);
    let again: Vec<i64> = said.iter().filter(|m| m.body == QUERY).map(|m| m.msg_id).collect();
    assert_eq!(again, [older.msg_id], "M-193");
    let asked = said.iter().find_map(|m| m.decode::<types::MsgsStateReq>()).unwrap();
    assert_eq!(asked.msg_ids, [newer.msg_id], "its confirmation may be of another life");
    rig.says(A, true, &created);
    assert_eq!(rig.events(), [], "M-194");
    assert!(!rig.said(A).iter().any(|m| m.body == QUERY));
}

#[test]
fn queries_that_wait_too_long_are_asked_for_and_the_answer_is_believed() {
    // State, and whether the query comes again.
    for (state, again) in [(1, true), (2, true), (3, true), (4 + 32, false), (4 + 64, true)] {
        let mut rig = Rig::begun();
        let (query, sent) = rig.query(A);
        rig.wait(Duration::from_secs(10));
        let asked = rig.only(A);
        assert_eq!(asked.decode::<types::MsgsStateReq>().unwrap().msg_ids, [sent.msg_id], "M-283");
        rig.says(A, false, &types::MsgsStateInfo { req_msg_id: asked.msg_id, info: vec![state].into() });
        let said = rig.said(A);
        let repeats: Vec<i64> = said.iter().filter(|m| m.body == QUERY).map(|m| m.msg_id).collect();
        assert_eq!(repeats, if again { vec![sent.msg_id] } else { vec![] }, "M-287, state {state}");
        rig.is_answered(query, sent.msg_id);
    }
}

#[test]
fn a_state_list_of_another_length_says_nothing() {
    let mut rig = Rig::begun();
    rig.query(A);
    rig.wait(Duration::from_secs(10));
    let asked = rig.only(A);
    rig.says(A, false, &types::MsgsStateInfo { req_msg_id: asked.msg_id, info: vec![1, 1].into() });
    assert_eq!(rig.said(A), [], "M-285");
}

#[test]
fn states_may_come_unasked() {
    let mut rig = Rig::begun();
    let (query, sent) = rig.query(A);
    rig.says(A, false, &types::MsgsAllInfo { msg_ids: vec![sent.msg_id], info: vec![2].into() });
    assert_eq!(rig.only(A).msg_id, sent.msg_id, "M-290");
    rig.is_answered(query, sent.msg_id);
}

#[test]
fn an_announced_answer_is_asked_for_and_one_that_is_here_acknowledged() {
    let mut rig = Rig::begun();
    let (query, sent) = rig.query(A);
    let answer_msg_id = rig.server_id();
    let info = types::MsgDetailedInfo { msg_id: sent.msg_id, answer_msg_id, bytes: 5000, status: 0 };
    rig.says(A, false, &info);
    let wanted: types::MsgResendReq = rig.only(A).decode().unwrap();
    assert_eq!(wanted.msg_ids, [answer_msg_id], "M-291, M-293");
    let answer = Message::new(answer_msg_id, 1, rpc_result(sent.msg_id, &RESULT));
    let outer = wrapped(rig.server_id(), &[answer]);
    rig.deliver(A, &outer).unwrap();
    assert_eq!(rig.events(), [Event::Answer { query, result: Ok(RESULT) }]);
    rig.says(A, false, &info);
    rig.wait(Duration::from_secs(5));
    let acks: types::MsgsAck = rig.only(A).decode().unwrap();
    assert_eq!(acks.msg_ids, [answer_msg_id, answer_msg_id], "M-277");
}

#[test]
fn an_announced_push_is_asked_for() {
    let mut rig = Rig::begun();
    let answer_msg_id = rig.server_id();
    rig.says(A, false, &types::MsgNewDetailedInfo { answer_msg_id, bytes: 5000, status: 0 });
    let wanted: types::MsgResendReq = rig.only(A).decode().unwrap();
    assert_eq!(wanted.msg_ids, [answer_msg_id], "M-292");
}

#[test]
fn the_server_may_ask_for_queries_again_and_is_told_the_truth_about_others() {
    let mut rig = Rig::begun();
    let (_, sent) = rig.query(A);
    rig.says(A, false, &types::MsgResendReq { msg_ids: vec![sent.msg_id] });
    assert_eq!(rig.only(A).msg_id, sent.msg_id, "M-293");
    let pushed = rig.message(true, RESULT);
    rig.deliver(A, &pushed).unwrap();
    let unknown = rig.server_id() + 4000;
    let msg_ids = vec![sent.msg_id, pushed.msg_id, unknown];
    let request = rig.says(A, false, &types::MsgResendReq { msg_ids });
    let said = rig.said(A);
    let info = said.iter().find_map(|m| m.decode::<types::MsgsStateInfo>()).unwrap();
    assert_eq!((info.req_msg_id, &info.info[..]), (request, &[1, 4 + 32, 3][..]), "M-294");
    let request = rig.says(A, false, &types::MsgsStateReq { msg_ids: vec![pushed.msg_id] });
    let info: types::MsgsStateInfo = rig.only(A).decode().unwrap();
    assert_eq!((info.req_msg_id, &info.info[..]), (request, &[4 + 8 + 32][..]), "M-284, M-288");
}

#[test]
fn a_query_that_is_given_up_is_dropped_on_the_server_and_never_answered() {
    let mut rig = Rig::begun();
    let unsent = rig.client.submit(QUERY).unwrap();
    assert!(rig.client.cancel(unsent) && !rig.client.cancel(unsent));
    assert_eq!(rig.said(A), []);
    let (query, sent) = rig.query(A);
    assert!(rig.client.cancel(query));
    let drop: functions::RpcDropAnswer = rig.only(A).decode().unwrap();
    assert_eq!(drop.req_msg_id, sent.msg_id, "M-301");
    rig.answers(A, sent.msg_id);
    assert_eq!(rig.events(), []);
}

#[test]
fn a_query_after_another_is_wrapped_until_that_is_answered() {
    let mut rig = Rig::begun();
    let (first, sent) = rig.query(A);
    let second = rig.client.submit_after(QUERY, first).unwrap();
    let wrapped = rig.only(A);
    let expected = [&0xcb9f_372du32.to_le_bytes()[..], &sent.msg_id.to_le_bytes(), &QUERY].concat();
    assert_eq!(wrapped.body, expected, "M-409");
    // The server has lost sight of the first one: the second comes again when that is answered.
    let message = rig.message(true, rpc_result(wrapped.msg_id, &error(400, "MSG_WAIT_FAILED")));
    rig.deliver(A, &message).unwrap();
    assert_eq!((rig.events(), rig.said(A)), (vec![], vec![]));
    rig.is_answered(first, sent.msg_id);
    let again = rig.said(A).into_iter().find(|m| m.seqno & 1 == 1).unwrap();
    assert_eq!(again.body, QUERY);
    rig.is_answered(second, again.msg_id);
}

#[test]
fn what_follows_a_failed_query_fails_with_it() {
    let mut rig = Rig::begun();
    let (first, sent) = rig.query(A);
    let message = rig.message(true, rpc_result(sent.msg_id, &error(400, "PEER_ID_INVALID")));
    rig.deliver(A, &message).unwrap();
    rig.events();
    let second = rig.client.submit_after(QUERY, first).unwrap();
    assert!(!rig.said(A).iter().any(|m| m.seqno & 1 == 1));
    assert_eq!(rig.events(), [Event::Failed { query: second, why: Failure::Predecessor }], "M-410");
}
