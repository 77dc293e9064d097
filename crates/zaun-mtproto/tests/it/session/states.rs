//! msgs_state_req and its bytes (M-283 … M-290).

use super::support::*;
use zaun_mtproto::session::{ACK_DELAY, WINDOW};
use zaun_probe::object;
use zaun_wire::types;

fn states(rig: &mut Rig, msg_ids: Vec<i64>) -> Vec<u8> {
    let asked = msg_ids.len();
    let request = rig.send(A, &types::MsgsStateReq { msg_ids });
    let said = rig.said(A);
    let info =
        said.iter().find_map(|m| m.decode::<types::MsgsStateInfo>()).expect("msgs_state_info, bare (M-284)");
    assert_eq!(info.req_msg_id, request, "M-284");
    assert_eq!(info.info.len(), asked, "M-285");
    info.info.to_vec()
}

#[test]
fn every_id_has_its_byte_in_order() {
    let mut rig = Rig::begun();
    let missing = rig.stamp(true).0;
    let running = rig.query(A).msg_id;
    let ack = rig.send(A, &types::MsgsAck { msg_ids: vec![] });
    let answered = rig.query(A).msg_id;
    rig.answer(answered, A, &[0; 4]);
    let ahead = rig.client.last_msg_id + (1 << 40);
    let ids = vec![4, missing, ahead, running, ack, answered];
    assert_eq!(states(&mut rig, ids.clone()), [1, 2, 3, 4 + 32, 4 + 16 + 32, 4 + 32 + 64], "M-286, M-288");
    assert_eq!(states(&mut rig, ids)[3..], [4 + 8 + 32, 4 + 8 + 16 + 32, 4 + 8 + 32 + 64], "M-288, M-289");
}

#[test]
fn an_empty_question_has_an_empty_answer() {
    let mut rig = Rig::begun();
    assert!(states(&mut rig, vec![]).is_empty(), "M-285");
}

#[test]
fn forgotten_ids_are_unknown() {
    let mut rig = Rig::begun();
    let old = rig.query(A).msg_id;
    rig.answer(old, A, &[7; 8]);
    for _ in 0..WINDOW {
        rig.query(A);
    }
    assert_eq!(states(&mut rig, vec![old]), [1], "M-286, M-287");
}

#[test]
fn only_what_is_reported_received_is_acknowledged_by_the_report() {
    let mut rig = Rig::begun();
    let (reported, other) = (rig.query(A).msg_id, rig.query(A).msg_id);
    let request = rig.message(true, object(&types::MsgsStateReq { msg_ids: vec![reported] }));
    rig.deliver(A, &request);
    assert_eq!(rig.said(A).len(), 1);
    rig.wait(ACK_DELAY);
    assert_eq!(rig.only(A).decode::<types::MsgsAck>().unwrap().msg_ids, [other], "M-289");
}

#[test]
fn a_session_sees_no_other_session() {
    let mut one = Rig::begun();
    let query = one.query(A).msg_id;
    let mut other = Rig::begun();
    other.wait(zaun_mtproto::UnixTime::from_secs(1));
    assert_eq!(states(&mut other, vec![query])[0] & 4, 0, "M-295");
}

#[test]
fn reports_of_the_client_are_accepted_at_any_time() {
    let mut rig = Rig::begun();
    rig.send(A, &types::MsgsAllInfo { msg_ids: vec![1], info: vec![4].into() });
    rig.send(A, &types::MsgsStateInfo { req_msg_id: 1, info: vec![4].into() });
    rig.send(A, &types::MsgDetailedInfo { msg_id: 4, answer_msg_id: 5, bytes: 1, status: 0 });
    rig.send(A, &types::MsgNewDetailedInfo { answer_msg_id: 5, bytes: 1, status: 0 });
    assert_eq!(rig.said(A), [], "M-290");
}
