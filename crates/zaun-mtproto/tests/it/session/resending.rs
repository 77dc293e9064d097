//! What one connection did not deliver, the next one does (M-189, M-278, M-279, M-293, M-294).

use super::support::*;
use zaun_mtproto::{UnixTime, msg_id};
use zaun_probe::{MSG_CONTAINER, Message, object};
use zaun_wire::{functions, types};

#[test]
fn unacknowledged_messages_come_again_with_the_same_ids_and_in_order() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.answer(query.msg_id, A, &[1; 64]);
    rig.server.push(None, QUERY);
    let first = rig.said(A);
    rig.server.push(None, QUERY);
    let second = rig.said(A);
    rig.server.detach(A);
    rig.server.attach(B);
    let again: Vec<Message> = rig.said(B);
    assert_eq!(again, [first, second].concat(), "M-278, M-279");
    assert_eq!(rig.said(B), [], "M-280: once");
}

#[test]
fn a_new_connection_gets_them_even_if_the_old_one_seems_alive() {
    let mut rig = Rig::begun();
    rig.server.push(None, QUERY);
    let lost = rig.only(A);
    rig.send(B, &functions::Ping { ping_id: 1 });
    assert_eq!(rig.said(B)[0], lost, "M-278");
    rig.send(B, &functions::Ping { ping_id: 2 });
    assert_eq!(rig.said(B).len(), 1, "M-280: not for every packet");
}

#[test]
fn old_ids_travel_inside_a_fresh_container() {
    let mut rig = Rig::begun();
    rig.server.push(None, QUERY);
    rig.only(A);
    rig.server.detach(A);
    rig.wait(UnixTime::from_secs(400));
    rig.server.attach(B);
    let packets = rig.packets(B);
    assert_eq!(packets.len(), 1);
    assert_eq!(Message::new(0, 0, packets[0].body.clone()).constructor(), MSG_CONTAINER, "M-279");
    let now = i64::try_from(rig.now.as_secs()).unwrap();
    assert_eq!(
        msg_id::seconds(packets[0].msg_id),
        now,
        "M-208: clients refuse packets that are older than 300 s"
    );
}

#[test]
fn answers_of_queries_that_outlive_their_connection_go_to_the_next_one() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.server.detach(A);
    rig.answer(query.msg_id, A, &[1; 64]);
    rig.server.attach(B);
    assert_eq!(result_of(&rig.only(B)).0, query.msg_id, "M-189");
}

#[test]
fn the_answer_of_a_query_that_was_asked_again_elsewhere_goes_there() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    assert_eq!(rig.deliver(B, &query), []);
    rig.answer(query.msg_id, A, &[1; 64]);
    assert_eq!(rig.said(A), [], "the client has left A, though the server does not know it");
    assert_eq!(result_of(&rig.only(B)).0, query.msg_id, "M-035, M-281");
}

#[test]
fn what_waits_for_an_older_connection_goes_out_on_a_new_one() {
    let mut rig = Rig::begun();
    rig.server.push(Some(A), QUERY);
    rig.server.attach(B);
    assert_eq!(rig.only(B).body, QUERY, "M-278");
}

#[test]
fn answers_prefer_the_connection_of_their_query() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.server.attach(B);
    rig.answer(query.msg_id, A, &[1; 64]);
    assert_eq!(rig.said(B), []);
    assert_eq!(rig.said(A).len(), 1);
}

#[test]
fn pongs_and_notifications_die_with_their_connection() {
    let mut rig = Rig::begun();
    rig.send(A, &functions::Ping { ping_id: 1 });
    let bad = rig.message(false, QUERY);
    rig.deliver(A, &bad);
    rig.server.detach(A);
    rig.server.attach(B);
    assert_eq!(rig.said(B), [], "M-306");
    assert_eq!(rig.server.held_bytes(), 0);
}

#[test]
fn asked_for_messages_are_sent_at_once_where_they_are_asked_for() {
    let mut rig = Rig::begun();
    rig.server.push(None, QUERY);
    rig.server.push(None, object(&functions::Ping { ping_id: 9 }));
    let pushed = rig.said(A);
    rig.server.attach(B);
    rig.said(B);
    let ids: Vec<i64> = pushed.iter().map(|m| m.msg_id).collect();
    rig.send(A, &types::MsgResendReq { msg_ids: ids.clone() });
    assert_eq!(rig.said(B), []);
    assert_eq!(rig.said(A), pushed, "M-293, M-279");
    // Those that wait to be sent again are held too.
    rig.server.detach(A);
    rig.server.attach(A);
    rig.send(A, &types::MsgResendReq { msg_ids: ids });
    assert_eq!(rig.said(A), pushed, "M-293");
}

#[test]
fn an_unknown_one_among_them_brings_the_states_of_all() {
    let mut rig = Rig::begun();
    rig.server.push(None, QUERY);
    let pushed = rig.only(A);
    let query = rig.query(A);
    let request =
        rig.send(A, &types::MsgResendReq { msg_ids: vec![pushed.msg_id, pushed.msg_id + 2, query.msg_id] });
    let info: types::MsgsStateInfo = rig.only(A).decode().expect("M-294");
    assert_eq!(info.req_msg_id, request);
    assert_eq!(info.info[..], [1, 1, 4 + 32], "M-294: ours are unknown as the client's, its own has a state");
    assert!(rig.server.held_bytes() > 0, "the message itself is still held");
}

#[test]
fn an_acknowledged_message_cannot_be_asked_for() {
    let mut rig = Rig::begun();
    rig.server.push(None, QUERY);
    let pushed = rig.only(A);
    rig.send(A, &types::MsgsAck { msg_ids: vec![pushed.msg_id] });
    rig.send(A, &types::MsgResendReq { msg_ids: vec![pushed.msg_id] });
    assert_eq!(rig.only(A).decode::<types::MsgsStateInfo>().unwrap().info[..], [1], "M-294");
}

#[test]
fn answers_can_be_asked_for_by_their_queries() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.answer(query.msg_id, A, &[7; 100_000]);
    let answer = rig.only(A);
    rig.send(A, &types::MsgResendAnsReq { msg_ids: vec![4, query.msg_id] });
    assert_eq!(rig.only(A), answer);
}

#[test]
fn a_request_for_nothing_is_only_acknowledged() {
    let mut rig = Rig::begun();
    let request = rig.message(true, object(&types::MsgResendReq { msg_ids: vec![] }));
    rig.deliver(A, &request);
    rig.wait(zaun_mtproto::session::ACK_DELAY);
    assert_eq!(rig.only(A).decode::<types::MsgsAck>().unwrap().msg_ids, [request.msg_id], "M-221");
}
