//! Limits of what a session holds for its client (M-031, M-282).

use bytes::Bytes;

use super::support::*;
use zaun_mtproto::session::{MAX_BYTES, MAX_MESSAGE_BYTES, MAX_MESSAGES};
use zaun_probe::Message;
use zaun_wire::types;

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

const UPDATE: Bytes = Bytes::from_static(&[0x99, 0, 0x99, 0]);
const TOO_LONG: Bytes = Bytes::from_static(&[0x88, 0, 0x88, 0]);

fn is(body: &Bytes) -> impl Fn(&&Message) -> bool {
    move |message| message.body == *body
}

/// What a server does around a session: tells the client to resynchronise when something was lost.
fn fetch(rig: &mut Rig) -> Vec<Message> {
    let mut said = Vec::new();
    loop {
        let more = rig.said(A);
        if rig.server.take_lost() {
            rig.server.resync(Some(A), TOO_LONG);
        } else if more.is_empty() {
            return said;
        }
        said.extend(more);
    }
}

#[test]
fn client_that_acknowledges_nothing_is_told_once_to_resynchronise() {
    let mut rig = Rig::begun();
    let mut said = Vec::new();
    for n in 0..5 * MAX_MESSAGES {
        rig.server.push(Some(A), UPDATE);
        if n % 100 == 0 {
            said.extend(fetch(&mut rig));
        }
    }
    said.extend(fetch(&mut rig));
    let told: Vec<i64> = said.iter().filter(is(&TOO_LONG)).map(|message| message.msg_id).collect();
    assert_eq!(told.len(), 1, "M-282");
    assert!(said.len() <= 5 * MAX_MESSAGES + 1);
    rig.send(A, &types::MsgsAck { msg_ids: told });
    let again = fetch(&mut rig);
    assert_eq!(again.iter().filter(is(&TOO_LONG)).count(), 1, "more was lost since");
    assert!(rig.server.held_bytes() <= MAX_MESSAGES * 4);
}

#[test]
fn resynchronising_takes_the_place_of_pushed_objects_and_of_nothing_else() {
    let mut rig = Rig::begun();
    let query = rig.query(A).msg_id;
    rig.server.push(Some(A), UPDATE);
    rig.said(A);
    rig.server.push(Some(A), UPDATE);
    rig.answer(query, A, &[7; 8]);
    for _ in 0..3 {
        rig.server.resync(Some(A), TOO_LONG);
        rig.server.push(Some(A), UPDATE);
    }
    let said = rig.said(A);
    assert_eq!(said.len(), 2, "the answer, and one resynchronisation");
    assert_eq!(result_of(&said[0]).0, query);
    assert_eq!(said[1].body, TOO_LONG);
    // What comes after it was sent is news again.
    rig.server.push(Some(A), UPDATE);
    assert_eq!(rig.only(A).body, UPDATE);
    // Sent once and not acknowledged, it comes again with its msg_id; the client is told anew only after that.
    rig.server.resync(Some(A), TOO_LONG);
    assert_eq!(rig.said(A), []);
    rig.server.attach(B);
    rig.server.detach(A);
    let again = rig.said(B);
    assert_eq!(again.iter().filter(is(&TOO_LONG)).map(|m| m.msg_id).collect::<Vec<_>>(), [said[1].msg_id]);
    rig.send(B, &types::MsgsAck { msg_ids: vec![said[1].msg_id] });
    assert!(rig.server.take_lost(), "there was a reason to tell it since");
    assert!(!rig.server.take_lost());
}
