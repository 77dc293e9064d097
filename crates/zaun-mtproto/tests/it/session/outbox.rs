//! Limits of what a session holds for its client (M-031, M-282).

use super::support::*;
use zaun_mtproto::session::{MAX_BYTES, MAX_MESSAGE_BYTES, MAX_MESSAGES};
use zaun_schema::mtproto::types;

#[test]
fn too_many_pushed_messages_lose_the_oldest_and_say_so() {
    let mut rig = Rig::begun();
    rig.server.detach(A);
    for n in 0..MAX_MESSAGES + 3 {
        assert!(n <= MAX_MESSAGES || rig.server.held_bytes() <= MAX_MESSAGES * 4);
        rig.server.push(None, u32::try_from(n).unwrap().to_le_bytes().to_vec().into());
    }
    assert!(rig.server.take_lost(), "M-282");
    assert!(!rig.server.take_lost(), "it is said once");
    rig.server.attach(B);
    let said = rig.said(B);
    assert_eq!(said.len(), MAX_MESSAGES, "M-282");
    assert_eq!(said[0].body[..], 3u32.to_le_bytes());
}

#[test]
fn too_many_bytes_lose_the_oldest_too() {
    let mut rig = Rig::begun();
    for _ in 0..40 {
        rig.server.push(None, vec![1; 1 << 20].into());
        rig.said(A);
        assert!(rig.server.held_bytes() <= MAX_BYTES, "M-282");
    }
    assert!(rig.server.take_lost());
}

#[test]
fn a_lost_answer_is_no_lost_push_and_its_query_is_unknown_then() {
    let mut rig = Rig::begun();
    let query = rig.query(A).msg_id;
    rig.answer(query, A, &[1; 100]);
    rig.said(A);
    for _ in 0..MAX_MESSAGES {
        let query = rig.message(true, QUERY);
        rig.answer(query.msg_id, A, &[]);
    }
    assert!(!rig.server.take_lost(), "M-282: only pushed messages call for a resynchronisation");
    rig.said(A);
    rig.send(A, &types::MsgsStateReq { msg_ids: vec![query] });
    let info = rig.said(A).iter().find_map(|m| m.decode::<types::MsgsStateInfo>()).unwrap();
    assert_eq!(info.info[..], [1], "M-282, M-287: the client must not wait for it");
}

#[test]
fn an_answer_that_no_frame_can_carry_becomes_an_error() {
    let mut rig = Rig::begun();
    let query = rig.query(A).msg_id;
    rig.answer(query, A, &vec![1; MAX_MESSAGE_BYTES]);
    let (answered, error) = result_of(&rig.only(A));
    assert_eq!(answered, query, "M-297");
    assert_eq!(zaun_tl::from_bytes::<types::RpcError>(error).unwrap().error_code, 500, "M-031");
    rig.server.push(None, vec![1; MAX_MESSAGE_BYTES + 4].into());
    assert_eq!(rig.said(A), []);
    assert!(rig.server.take_lost(), "M-031: an update that cannot be sent is lost");
}

#[test]
fn the_largest_answer_fits_a_frame_with_everything_around_it() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    for _ in 0..zaun_mtproto::session::MAX_IDS {
        rig.deliver(A, &query);
    }
    let slow = rig.query(A);
    let largest = vec![1; MAX_MESSAGE_BYTES - 12];
    rig.answer(slow.msg_id, A, &largest);
    rig.wait(zaun_mtproto::session::ACK_DELAY);
    for packet in rig.packets(A) {
        assert!(packet.body.len() + 24 + 32 + 1024 <= (4 << 20) + 1024, "M-031: {}", packet.body.len());
    }
}
