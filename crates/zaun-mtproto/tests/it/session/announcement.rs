//! new_session_created (M-192 … M-198).

use super::support::*;
use zaun_mtproto::{UnixTime, msg_id};
use zaun_probe::{Message, container, object};
use zaun_wire::{functions, types};

fn announcement(message: &Message) -> types::NewSessionCreated {
    message.decode().expect("new_session_created")
}

#[test]
fn the_first_message_is_told_that_the_session_is_new_before_its_answer() {
    let mut rig = Rig::new();
    let ping = rig.send(A, &functions::Ping { ping_id: 1 });
    let said = rig.said(A);
    let created = announcement(&said[0]);
    assert_eq!(created.first_msg_id, ping, "M-193");
    assert_eq!(created.server_salt, rig.client.salt, "M-195");
    assert!(said[0].content_related(), "M-196");
    assert_eq!(said[0].msg_id & 3, 3, "M-206");
    assert!(said[1].decode::<types::Pong>().is_some(), "M-198");
}

#[test]
fn it_names_the_lowest_id_of_a_container() {
    let mut rig = Rig::new();
    let (first, second) = (rig.message(true, QUERY), rig.message(true, QUERY));
    let outer = rig.message(false, container(&[second, first.clone()]));
    rig.deliver(A, &outer);
    assert_eq!(announcement(&rig.only(A)).first_msg_id, first.msg_id, "M-193");
}

#[test]
fn an_older_message_gets_another_one_and_newer_ones_get_none() {
    let mut rig = Rig::new();
    let (oldest, older) = (rig.message(true, QUERY), rig.message(true, QUERY));
    let ping = rig.send(A, &functions::Ping { ping_id: 1 });
    let first = announcement(&rig.said(A)[0]);
    assert_eq!(first.first_msg_id, ping);
    rig.query(A);
    assert_eq!(rig.said(A), [], "M-197");

    let outer = rig.message(false, container(std::slice::from_ref(&older)));
    rig.deliver(A, &outer);
    let second = announcement(&rig.only(A));
    assert_eq!(second.first_msg_id, older.msg_id, "M-197");
    assert_ne!(second.unique_id, first.unique_id, "M-194");

    rig.deliver(A, &older);
    rig.wait(UnixTime::from_secs(2));
    assert_eq!(rig.said(A).iter().filter(|m| m.decode::<types::NewSessionCreated>().is_some()).count(), 0);
    rig.deliver(A, &oldest);
    assert_eq!(announcement(&rig.only(A)).first_msg_id, oldest.msg_id, "M-197: lower still");
}

#[test]
fn it_is_repeated_until_acknowledged() {
    let mut rig = Rig::new();
    rig.send(A, &functions::Ping { ping_id: 1 });
    let created = rig.said(A).remove(0);
    rig.server.detach(A);
    let ack = rig.message(false, object(&functions::Ping { ping_id: 2 }));
    rig.deliver(B, &ack);
    let said = rig.said(B);
    assert_eq!(said[0], created, "M-196, M-278");
    rig.send(B, &types::MsgsAck { msg_ids: vec![created.msg_id] });
    rig.server.detach(B);
    rig.server.attach(A);
    assert_eq!(rig.said(A), [], "M-277");
}

#[test]
fn a_session_may_begin_with_an_empty_container() {
    let mut rig = Rig::new();
    let outer = rig.message(false, container(&[]));
    assert_eq!(rig.deliver(A, &outer), [], "M-262");
    assert_eq!(announcement(&rig.only(A)).first_msg_id, outer.msg_id, "M-193");
    assert_eq!(msg_id::seconds(outer.msg_id), i64::try_from(START.as_secs()).unwrap());
}
