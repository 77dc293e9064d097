//! Identifiers and seqnos of the server (M-206, M-207, M-219, M-231, M-232).

use super::support::*;
use zaun_mtproto::UnixTime;
use zaun_probe::Message;
use zaun_wire::{functions, types};

#[test]
fn answers_are_1_and_everything_else_is_3_modulo_4() {
    let mut rig = Rig::new();
    let query = rig.query(A);
    let created = rig.only(A);
    rig.answer(query.msg_id, A, &[0; 4]);
    let answer = rig.only(A);
    rig.server.push(None, QUERY);
    let push = rig.only(A);
    assert_eq!([created.msg_id & 3, answer.msg_id & 3, push.msg_id & 3], [3, 1, 3], "M-206");
}

#[test]
fn ids_rise_across_connections_and_clock_steps() {
    let mut rig = Rig::begun();
    let mut last = 0;
    for step in 0..200u64 {
        rig.server.push(Some(if step % 2 == 0 { A } else { B }), QUERY);
        rig.server.attach(if step % 2 == 0 { A } else { B });
        let packets = rig.packets(if step % 2 == 0 { A } else { B });
        let newest = packets.iter().map(|p| p.msg_id).max().unwrap();
        assert!(packets.iter().all(|p| p.msg_id > last), "M-207");
        last = newest;
        rig.now = START + UnixTime::from_secs(step * 7919 % 60);
    }
}

#[test]
fn seqnos_count_what_needs_an_acknowledgement() {
    let mut rig = Rig::new();
    let mut sent = 0;
    let mut check = |message: &Message, content_related: bool| {
        assert_eq!(message.seqno, 2 * sent + i32::from(content_related), "M-219");
        sent += i32::from(content_related);
    };
    let query = rig.query(A);
    check(&rig.only(A), true);
    rig.send(A, &functions::Ping { ping_id: 1 });
    check(&rig.only(A), false);
    rig.answer(query.msg_id, A, &[0; 4]);
    check(&rig.only(A), true);
    rig.send(A, &functions::GetFutureSalts { num: 1 });
    check(&rig.only(A), false);
    rig.server.push(None, QUERY);
    check(&rig.only(A), true);
    rig.send(A, &types::MsgsStateReq { msg_ids: vec![4] });
    check(&rig.only(A), false);
    let refused = rig.message(false, QUERY);
    rig.deliver(A, &refused);
    check(&rig.only(A), false);
    rig.query(A);
    rig.wait(zaun_mtproto::session::ACK_DELAY);
    check(&rig.only(A), false);
    rig.server.push(None, QUERY);
    check(&rig.only(A), true);
}

#[test]
fn every_kind_has_its_parity() {
    let mut rig = Rig::new();
    rig.send(A, &functions::Ping { ping_id: 1 });
    let query = rig.query(A);
    rig.answer(query.msg_id, A, &[0; 2000]);
    rig.server.push(None, QUERY);
    rig.send(A, &functions::GetFutureSalts { num: 1 });
    rig.send(A, &types::MsgsStateReq { msg_ids: vec![4] });
    rig.deliver(A, &query);
    rig.query(A);
    rig.wait(zaun_mtproto::session::ACK_DELAY);
    let said = rig.said(A);
    for message in &said {
        let content_related = message.rpc_result().is_some()
            || message.decode::<types::NewSessionCreated>().is_some()
            || message.body == QUERY;
        assert_eq!(message.content_related(), content_related, "M-231: {message:?}");
    }
    assert!(said.len() >= 7, "{said:?}");
}
