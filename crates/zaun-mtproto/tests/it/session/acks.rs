//! Acknowledgements, given and taken (M-221, M-274 … M-277).

use super::support::*;
use zaun_mtproto::UnixTime;
use zaun_mtproto::session::{ACK_DELAY, MAX_IDS};
use zaun_probe::{container, object};
use zaun_wire::{functions, types};

fn acknowledged(rig: &mut Rig) -> Vec<i64> {
    rig.said(A).iter().find_map(|m| m.decode::<types::MsgsAck>()).map_or(Vec::new(), |ack| ack.msg_ids)
}

#[test]
fn a_slow_query_is_acknowledged_within_seconds() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    assert_eq!(rig.server.next_deadline(), Some(rig.now + ACK_DELAY), "M-276");
    rig.wait(ACK_DELAY - UnixTime::from_nanos(1));
    assert_eq!(rig.said(A), []);
    rig.wait(UnixTime::from_nanos(1));
    let ack = rig.only(A);
    assert_eq!(ack.decode::<types::MsgsAck>().unwrap().msg_ids, [query.msg_id], "M-275");
    assert!(!ack.content_related(), "M-231, M-274");
    assert_eq!(rig.server.next_deadline(), None);
}

#[test]
fn a_quick_answer_is_the_acknowledgement() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.answer(query.msg_id, A, &[0; 8]);
    assert_eq!(result_of(&rig.only(A)).0, query.msg_id);
    assert_eq!(rig.server.next_deadline(), None, "M-275");
}

#[test]
fn acknowledgements_travel_with_what_is_sent_anyway() {
    let mut rig = Rig::begun();
    let (slow, quick) = (rig.query(A), rig.query(A));
    rig.answer(quick.msg_id, A, &[0; 8]);
    rig.server.push(None, QUERY);
    assert_eq!(acknowledged(&mut rig), [slow.msg_id], "M-275");
}

#[test]
fn only_odd_messages_are_acknowledged() {
    let mut rig = Rig::begun();
    let odd = rig.message(true, object(&types::HttpWait { max_delay: 0, wait_after: 0, max_wait: 0 }));
    let even = rig.message(false, object(&types::HttpWait { max_delay: 0, wait_after: 0, max_wait: 0 }));
    let outer = rig.message(false, container(&[odd.clone(), even]));
    rig.deliver(A, &outer);
    rig.wait(ACK_DELAY);
    assert_eq!(acknowledged(&mut rig), [odd.msg_id], "M-220, M-221, M-262");
}

#[test]
fn more_than_8192_are_split_over_several_lists() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    for _ in 0..MAX_IDS + 5 {
        rig.deliver(A, &query);
    }
    rig.wait(ACK_DELAY);
    let lists: Vec<usize> =
        rig.said(A).iter().map(|m| m.decode::<types::MsgsAck>().unwrap().msg_ids.len()).collect();
    assert!(!lists.is_empty() && lists.iter().all(|len| *len <= MAX_IDS), "M-274: {lists:?}");
    assert_eq!(rig.server.next_deadline(), None);
}

#[test]
fn what_is_acknowledged_is_dropped_and_unknown_ids_are_ignored() {
    let mut rig = Rig::begun();
    rig.server.push(None, QUERY);
    let pushed = rig.only(A);
    assert!(rig.server.held_bytes() > 0);
    rig.send(A, &types::MsgsAck { msg_ids: vec![1, pushed.msg_id, pushed.msg_id, i64::MAX] });
    assert_eq!(rig.server.held_bytes(), 0, "M-277");
    rig.server.detach(A);
    rig.server.attach(B);
    assert_eq!(rig.said(B), [], "M-277");
}

#[test]
fn an_acknowledgement_on_the_next_connection_comes_before_the_resending() {
    let mut rig = Rig::begun();
    rig.server.push(None, QUERY);
    let pushed = rig.only(A);
    rig.server.detach(A);
    rig.send(B, &types::MsgsAck { msg_ids: vec![pushed.msg_id] });
    assert_eq!(rig.said(B), [], "M-277: nothing is sent that the client has");
    assert_eq!(rig.server.held_bytes(), 0);
}

#[test]
fn a_ping_is_acknowledged_by_its_pong() {
    let mut rig = Rig::begun();
    let ping = rig.message(true, object(&functions::Ping { ping_id: 3 }));
    rig.deliver(A, &ping);
    rig.only(A);
    assert_eq!(rig.server.next_deadline(), None);
}
