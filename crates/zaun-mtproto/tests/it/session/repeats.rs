//! Messages that come more than once (M-213 … M-218, M-281, M-291).

use super::support::*;
use zaun_mtproto::session::{ACK_DELAY, Event, MAX_CONTAINER, WINDOW};
use zaun_probe::{Message, container, msg_copy, object};
use zaun_wire::types;

#[test]
fn a_repeated_query_is_not_run_again_but_acknowledged() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.wait(ACK_DELAY);
    rig.only(A);
    assert_eq!(rig.deliver(A, &query), [], "M-213");
    rig.wait(ACK_DELAY);
    assert_eq!(rig.only(A).decode::<types::MsgsAck>().unwrap().msg_ids, [query.msg_id], "M-214");
}

#[test]
fn its_stored_answer_is_sent_again_under_the_same_id() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.answer(query.msg_id, A, &[7; 64]);
    let answer = rig.only(A);
    assert_eq!(rig.deliver(A, &query), [], "M-213");
    let again = rig.only(A);
    assert_eq!(again, answer, "M-214, M-279, M-281");
}

#[test]
fn a_repeat_may_come_in_a_container_a_copy_or_zipped() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    for form in [
        container(std::slice::from_ref(&query)),
        msg_copy(&query),
        container(&[query.clone(), query.clone()]),
        container(&[Message::new(query.msg_id, query.seqno, zaun_probe::gzip(&QUERY))]),
    ] {
        let outer = rig.message(false, form);
        assert_eq!(rig.deliver(A, &outer), [], "M-213, M-267, M-268");
    }
}

#[test]
fn a_copy_of_something_new_is_handled() {
    let mut rig = Rig::begun();
    let query = rig.message(true, QUERY);
    let outer = rig.message(false, msg_copy(&query));
    assert_eq!(rig.deliver(A, &outer), [Event::Query { msg_id: query.msg_id, body: QUERY }], "M-268");
}

#[test]
fn a_large_answer_is_announced_and_can_then_be_asked_for() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.answer(query.msg_id, A, &[7; 100_000]);
    let answer = rig.only(A);
    rig.deliver(A, &query);
    let announced = rig.only(A);
    let info: types::MsgDetailedInfo = announced.decode().expect("M-214: msg_detailed_info");
    assert_eq!((info.msg_id, info.answer_msg_id, info.status), (query.msg_id, answer.msg_id, 0), "M-291");
    assert_eq!(usize::try_from(info.bytes).unwrap(), answer.body.len(), "M-291");
    assert!(!announced.content_related(), "M-231");
    rig.send(A, &types::MsgResendReq { msg_ids: vec![info.answer_msg_id] });
    assert_eq!(rig.only(A), answer, "M-293");
}

#[test]
fn an_acknowledged_answer_is_not_sent_for_a_repeat() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.answer(query.msg_id, A, &[7; 64]);
    rig.settle(A);
    rig.deliver(A, &query);
    assert_eq!(rig.said(A), [], "M-277");
}

#[test]
fn a_repeat_while_the_query_runs_brings_one_answer() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.deliver(B, &query);
    rig.answer(query.msg_id, A, &[7; 64]);
    rig.answer(query.msg_id, A, &[8; 64]);
    assert_eq!(result_of(&rig.only(B)).1, [7; 64][..], "M-297");
    assert_eq!(rig.said(A), []);
}

#[test]
fn the_same_query_under_another_id_is_another_query() {
    let mut rig = Rig::begun();
    rig.query(A);
    rig.query(A);
}

#[test]
fn every_query_of_the_largest_container_runs() {
    let mut rig = Rig::begun();
    let queries: Vec<Message> = (0..MAX_CONTAINER).map(|_| rig.message(true, QUERY)).collect();
    let outer = rig.message(false, container(&queries));
    let events = rig.deliver(A, &outer);
    assert_eq!(events.len(), MAX_CONTAINER, "M-260: none is forgotten before it is handled");
    for query in &queries {
        rig.answer(query.msg_id, A, &[0; 4]);
    }
    assert_eq!(rig.said(A).iter().filter(|m| m.rpc_result().is_some()).count(), MAX_CONTAINER, "M-297");
}

#[test]
fn an_old_query_that_comes_late_into_a_full_window_still_runs() {
    let mut rig = Rig::begun();
    rig.query(A);
    let late = rig.message(true, QUERY);
    for _ in 0..WINDOW - 1 {
        rig.query(A);
    }
    let ack = rig.message(false, object(&types::MsgsAck { msg_ids: vec![] }));
    let outer = rig.message(false, container(&[late.clone(), ack]));
    assert_eq!(rig.deliver(A, &outer), [Event::Query { msg_id: late.msg_id, body: QUERY }], "M-210, M-215");
}

#[test]
fn a_query_that_runs_is_not_forgotten_however_many_messages_come_meanwhile() {
    let mut rig = Rig::begun();
    let slow = rig.query(A);
    for _ in 0..zaun_mtproto::session::WINDOW + 10 {
        let other = rig.query(A);
        rig.answer(other.msg_id, A, &[7; 8]);
    }
    rig.said(A);
    assert_eq!(rig.deliver(A, &slow), [], "M-213");
    let outer = rig.message(false, container(std::slice::from_ref(&slow)));
    assert_eq!(rig.deliver(A, &outer), [], "M-213");
    rig.answer(slow.msg_id, A, &[8; 8]);
    let answers = rig.said(A).iter().filter(|m| m.rpc_result().is_some()).count();
    assert_eq!(answers, 1, "M-297");
}
