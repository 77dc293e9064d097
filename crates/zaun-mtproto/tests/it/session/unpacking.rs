//! gzip_packed from clients (M-269 … M-273).

use super::support::*;
use zaun_mtproto::gzip::MAX_UNPACKED;
use zaun_mtproto::session::Event;
use zaun_probe::{GZIP_PACKED, Message, container, gzip};
use zaun_wire::types;

/// What a zipped query is answered with, before anybody runs it.
fn error_for(body: bytes::Bytes) -> String {
    let mut rig = Rig::begun();
    let message = rig.message(true, body);
    assert_eq!(rig.deliver(A, &message), [], "it is not run");
    let (query, error) = result_of(&rig.only(A));
    assert_eq!(query, message.msg_id, "M-417: it is not left hanging");
    zaun_tl::from_bytes::<types::RpcError>(error).unwrap().error_message
}

#[test]
fn a_zipped_query_is_the_query() {
    let mut rig = Rig::begun();
    let message = rig.message(true, gzip(&QUERY));
    assert_eq!(rig.deliver(A, &message), [Event::Query { msg_id: message.msg_id, body: QUERY }], "M-269");
}

#[test]
fn the_largest_one_is_taken_and_a_bomb_is_not() {
    let mut rig = Rig::begun();
    let message = rig.message(true, gzip(&vec![0x55; MAX_UNPACKED]));
    assert!(
        matches!(&rig.deliver(A, &message)[..], [Event::Query { body, .. }] if body.len() == MAX_UNPACKED)
    );
    assert_eq!(error_for(gzip(&vec![0; MAX_UNPACKED + 1])), "INPUT_REQUEST_TOO_LONG", "M-272");
}

#[test]
fn a_container_of_bombs_is_not_better_than_one() {
    let mut rig = Rig::begun();
    let large = gzip(&vec![0x55; MAX_UNPACKED / 2]);
    let messages: Vec<Message> = (0..100).map(|_| rig.message(true, large.clone())).collect();
    let outer = rig.message(false, container(&messages));
    let events = rig.deliver(A, &outer);
    assert_eq!(events.len(), 2, "M-272: together they may unpack to {MAX_UNPACKED} bytes");
    assert_eq!(rig.said(A).iter().filter(|m| m.rpc_result().is_some()).count(), 98, "M-417");
}

#[test]
fn broken_packing_is_answered_with_an_error() {
    let mut cut = gzip(&[7; 1000]).to_vec();
    cut.truncate(12);
    let not_gzip = [&GZIP_PACKED.to_le_bytes()[..], &[3, b'a', b'b', b'c']].concat();
    let mut damaged = gzip(b"some words and then some more words").to_vec();
    damaged[20] ^= 0xff;
    for body in [cut, not_gzip, damaged, GZIP_PACKED.to_le_bytes().to_vec()] {
        assert_eq!(error_for(body.into()), "INPUT_FETCH_ERROR", "M-417");
    }
}

#[test]
fn gzip_inside_gzip_is_refused() {
    assert_eq!(error_for(gzip(&gzip(&QUERY))), "INPUT_FETCH_ERROR", "M-273");
}
