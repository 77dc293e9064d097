//! Containers, in and out (M-258 … M-267).

use super::support::*;
use zaun_mtproto::session::{ACK_DELAY, Event, MAX_CONTAINER};
use zaun_probe::{MSG_CONTAINER, Message, container, object};
use zaun_wire::{functions, types};

#[test]
fn the_messages_of_a_container_are_handled_one_by_one() {
    let mut rig = Rig::begun();
    let queries: Vec<Message> = (0..3).map(|_| rig.message(true, QUERY)).collect();
    let outer = rig.message(false, container(&queries));
    let ids: Vec<i64> = queries.iter().map(|q| q.msg_id).collect();
    let events = rig.deliver(A, &outer);
    let run: Vec<i64> =
        events.iter().map(|e| if let Event::Query { msg_id, .. } = e { *msg_id } else { 0 }).collect();
    assert_eq!(run, ids, "M-258");
}

#[test]
fn more_than_1024_messages_are_a_flood_without_effect() {
    let mut rig = Rig::begun();
    let mut messages: Vec<Message> = (0..=MAX_CONTAINER).map(|_| rig.message(true, QUERY)).collect();
    let outer = rig.message(false, container(&messages));
    assert_eq!(rig.deliver(A, &outer), [Event::Flood], "M-260");
    messages.pop();
    let outer = rig.message(false, container(&messages));
    assert_eq!(rig.deliver(A, &outer).len(), MAX_CONTAINER, "M-260, M-237");
    let claims = [&MSG_CONTAINER.to_le_bytes()[..], &i32::MAX.to_le_bytes()].concat();
    let outer = rig.message(false, claims);
    assert_eq!(rig.deliver(A, &outer), [Event::Flood], "M-011: a claim is not allocated");
}

#[test]
fn inner_messages_may_be_much_older_than_their_container() {
    let mut rig = Rig::begun();
    let old = rig.message(true, QUERY);
    rig.wait(zaun_mtproto::UnixTime::from_secs(1500));
    let outer = rig.message(false, container(std::slice::from_ref(&old)));
    assert!(matches!(rig.deliver(A, &outer)[..], [Event::Query { .. }]), "M-210");
}

#[test]
fn an_empty_container_is_legal_and_not_acknowledged() {
    let mut rig = Rig::begun();
    let outer = rig.message(false, container(&[]));
    assert_eq!(rig.deliver(A, &outer), [], "M-262");
    rig.wait(ACK_DELAY);
    assert_eq!(rig.said(A), [], "M-262");
}

#[test]
fn a_query_may_come_again_with_other_companions() {
    let mut rig = Rig::begun();
    let (first, second) = (rig.message(true, QUERY), rig.message(true, QUERY));
    let outer = rig.message(false, container(std::slice::from_ref(&first)));
    assert_eq!(rig.deliver(A, &outer).len(), 1);
    let outer = rig.message(false, container(&[first, second.clone()]));
    assert_eq!(rig.deliver(A, &outer), [Event::Query { msg_id: second.msg_id, body: QUERY }], "M-267");
}

#[test]
fn several_messages_leave_in_one_container_within_the_limits() {
    let mut rig = Rig::begun();
    for _ in 0..2000 {
        rig.server.push(None, QUERY);
    }
    rig.server.push(None, vec![1; 700_000].into());
    rig.server.push(None, QUERY);
    let packets = rig.packets(A);
    let mut count = 0;
    for packet in packets {
        let messages = zaun_probe::take_apart(Message::new(packet.msg_id, packet.seqno, packet.body.clone()));
        let messages = messages.expect("M-217, M-232, M-259");
        assert!(messages.len() <= 1024, "M-266");
        assert!(packet.body.len() < 4 << 20, "M-031");
        assert_eq!(packet.seqno & 1 == 1, messages.len() == 1, "M-231: a container needs no acknowledgement");
        count += messages.len();
    }
    assert_eq!(count, 2002);
}

#[test]
fn a_client_may_zip_and_pack_at_once() {
    let mut rig = Rig::begun();
    let ping = rig.message(true, zaun_probe::gzip(&object(&functions::Ping { ping_id: 5 })));
    let outer = rig.message(false, container(&[ping]));
    rig.deliver(A, &outer);
    assert!(rig.said(A).iter().any(|m| m.decode::<types::Pong>().is_some()), "M-224, M-269");
}
