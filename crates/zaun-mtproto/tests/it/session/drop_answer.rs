//! rpc_drop_answer and its three answers (M-301 … M-305).

use super::support::*;
use zaun_mtproto::session::Event;
use zaun_probe::{Message, object};
use zaun_wire::{enums, functions, types};

/// Sends rpc_drop_answer; returns its msg_id, the events and everything said.
fn drop_answer(rig: &mut Rig, query: i64) -> (i64, Vec<Event>, Vec<Message>) {
    let request = rig.message(true, object(&functions::RpcDropAnswer { req_msg_id: query }));
    let events = rig.deliver(A, &request);
    (request.msg_id, events, rig.said(A))
}

fn decoded(message: &Message) -> (i64, enums::RpcDropAnswer) {
    let (query, result) = result_of(message);
    (query, zaun_tl::from_bytes(result).expect("RpcDropAnswer"))
}

#[test]
fn a_query_that_nobody_remembers() {
    let mut rig = Rig::begun();
    let (request, events, said) = drop_answer(&mut rig, 4);
    assert_eq!(decoded(&said[0]), (request, enums::RpcDropAnswer::RpcAnswerUnknown), "M-302");
    assert!(said[0].content_related(), "M-301");
    assert_eq!(events, []);
}

#[test]
fn a_running_query_gets_the_same_object_as_its_result() {
    let mut rig = Rig::begun();
    let query = rig.query(A).msg_id;
    let (request, events, said) = drop_answer(&mut rig, query);
    assert_eq!(events, [Event::Abandoned { msg_id: query }]);
    let mut told: Vec<_> = said.iter().map(decoded).collect();
    told.sort_by_key(|(query, _)| *query);
    let running = enums::RpcDropAnswer::RpcAnswerDroppedRunning;
    assert_eq!(told, [(query, running.clone()), (request, running)], "M-303");
    rig.answer(query, A, &[0; 4]);
    assert_eq!(rig.said(A), [], "M-303: its own answer is discarded");
    let (_, _, said) = drop_answer(&mut rig, query);
    assert_eq!(decoded(&said[0]).1, enums::RpcDropAnswer::RpcAnswerUnknown, "M-302");
}

#[test]
fn a_ready_answer_is_taken_back_and_described() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.answer(query.msg_id, A, &[0; 100]);
    let answer = rig.only(A);
    let (_, _, said) = drop_answer(&mut rig, query.msg_id);
    let expected = types::RpcAnswerDropped {
        msg_id: answer.msg_id,
        seq_no: answer.seqno,
        bytes: i32::try_from(answer.body.len()).unwrap(),
    };
    assert_eq!(decoded(&said[0]).1, expected.into(), "M-304");
    rig.deliver(A, &query);
    assert_eq!(rig.said(A), [], "M-305: not for a repeat");
    rig.server.detach(A);
    rig.server.attach(B);
    let again = rig.said(B);
    assert!(again.iter().all(|m| result_of(m).0 != query.msg_id), "M-305: not on the next connection");
}

#[test]
fn an_answer_that_was_acknowledged_is_unknown() {
    let mut rig = Rig::begun();
    let query = rig.query(A).msg_id;
    rig.answer(query, A, &[0; 100]);
    rig.settle(A);
    let (_, _, said) = drop_answer(&mut rig, query);
    assert_eq!(decoded(&said[0]).1, enums::RpcDropAnswer::RpcAnswerUnknown, "M-302");
}

#[test]
fn a_service_request_has_no_answer_to_drop() {
    let mut rig = Rig::begun();
    let ping = rig.send(A, &functions::Ping { ping_id: 1 });
    rig.said(A);
    let (_, _, said) = drop_answer(&mut rig, ping);
    assert_eq!(decoded(&said[0]).1, enums::RpcDropAnswer::RpcAnswerUnknown);
}
