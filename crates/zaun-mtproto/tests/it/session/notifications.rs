//! bad_msg_notification: every code, in the order of M-239, and without effect.

use super::support::*;
use zaun_mtproto::session::{BadMsg, Event, WINDOW};
use zaun_mtproto::{UnixTime, msg_id};
use zaun_probe::{MSG_COPY, Message, container, object};
use zaun_wire::{functions, types};

/// Delivers a message that is wrong in its own identifier, and checks the notification.
fn refuses(rig: &mut Rig, message: &Message, bad: BadMsg, code: i32) {
    let notification = rig.refused(message, bad);
    assert_eq!(notification.error_code, code, "M-238");
    assert_eq!(notification.bad_msg_id, message.msg_id, "M-233, M-236");
    assert_eq!(notification.bad_msg_seqno, message.seqno, "M-233");
}

#[test]
fn the_identifier_of_a_time_notification_is_right_even_after_our_clock_went_back() {
    let mut rig = Rig::begun();
    let query = rig.query(A);
    rig.answer(query.msg_id, A, &[7; 8]);
    rig.said(A);
    rig.now -= UnixTime::from_secs(3600);
    let late = Message::new(query.msg_id + 4, 3, QUERY);
    assert_eq!(rig.deliver(A, &late), [Event::Refused(BadMsg::MsgIdTooHigh)]);
    assert_eq!(rig.deliver(A, &late), [Event::Refused(BadMsg::MsgIdTooHigh)]);
    rig.server.push(None, QUERY);
    let packets = rig.packets(A);
    assert_eq!(packets.len(), 3, "they travel by themselves");
    assert_eq!(msg_id::seconds(packets[0].msg_id), rig.now.as_secs().cast_signed(), "M-240");
    assert_eq!(msg_id::seconds(packets[1].msg_id), rig.now.as_secs().cast_signed(), "M-240");
    assert_ne!(packets[0].msg_id, packets[1].msg_id);
    assert!(msg_id::seconds(packets[2].msg_id) > rig.now.as_secs().cast_signed(), "M-207");
}

/// M-233.
#[test]
fn ids_out_of_the_window_are_16_and_17() {
    let mut rig = Rig::begun();
    for (offset_s, outcome) in [
        (-301, Some((BadMsg::MsgIdTooLow, 16))),
        (-300, None),
        (0, None),
        (30, None),
        (31, Some((BadMsg::MsgIdTooHigh, 17))),
    ] {
        let mut rig_here = Rig::new();
        let id = msg_id::from_time(START) + (i64::from(offset_s) << 32);
        let message = Message::new(id, 1, QUERY);
        match outcome {
            Some((bad, code)) => refuses(&mut rig_here, &message, bad, code),
            None => assert!(matches!(rig_here.deliver(A, &message)[..], [Event::Query { .. }]), "M-209"),
        }
    }
    for id in [i64::MIN, 0, 4, -4] {
        refuses(&mut rig, &Message::new(id, 1, QUERY), BadMsg::MsgIdTooLow, 16);
    }
    refuses(&mut rig, &Message::new(i64::MAX & !3, 1, QUERY), BadMsg::MsgIdTooHigh, 17);
}

#[test]
fn ids_that_are_not_a_clients_are_18_and_that_comes_first() {
    let mut rig = Rig::begun();
    for low in 1..4 {
        let (id, seqno) = rig.stamp(true);
        refuses(&mut rig, &Message::new(id | low, seqno, QUERY), BadMsg::MsgIdLowBits, 18);
    }
    refuses(&mut rig, &Message::new(1, 1, QUERY), BadMsg::MsgIdLowBits, 18);
}

#[test]
fn a_wrong_salt_is_48_and_says_the_right_one() {
    let mut rig = Rig::begun();
    let right = rig.client.salt;
    let future = rig.salts.future(rig.client.key.id(), rig.now, 2)[1].salt;
    for wrong in [0, right ^ 1, future] {
        rig.client.salt = wrong;
        let message = rig.message(false, object(&functions::Ping { ping_id: 1 }));
        assert_eq!(rig.deliver(A, &message), [Event::Refused(BadMsg::Salt)], "M-246, M-248, M-256");
        let answer: types::BadServerSalt = rig.only(A).decode().expect("bad_server_salt");
        assert_eq!((answer.bad_msg_id, answer.bad_msg_seqno), (message.msg_id, message.seqno), "M-247");
        assert_eq!((answer.error_code, answer.new_server_salt), (48, right), "M-246");
    }
}

#[test]
fn a_salt_is_good_for_an_hour() {
    let mut rig = Rig::begun();
    let slots = rig.salts.future(rig.client.key.id(), rig.now, 1);
    rig.now = UnixTime::from_secs(slots[0].valid_until - 1);
    rig.query(A);
    rig.now = UnixTime::from_secs(slots[0].valid_until);
    let late = rig.message(true, QUERY);
    assert_eq!(rig.deliver(A, &late), [Event::Refused(BadMsg::Salt)], "M-244");
}

#[test]
fn nothing_inside_a_container_with_a_wrong_salt_runs() {
    let mut rig = Rig::begun();
    let inner = rig.message(true, QUERY);
    let outer = rig.message(false, container(std::slice::from_ref(&inner)));
    rig.client.salt ^= 1;
    assert_eq!(rig.deliver(A, &outer), [Event::Refused(BadMsg::Salt)]);
    assert_eq!(rig.only(A).decode::<types::BadServerSalt>().unwrap().bad_msg_id, outer.msg_id, "M-247");
    rig.client.salt ^= 1;
    let again = rig.message(false, container(&[inner]));
    assert!(
        matches!(rig.deliver(A, &again)[..], [Event::Query { .. }]),
        "M-237: the query was not remembered"
    );
}

/// M-216.
#[test]
fn a_container_that_came_before_is_19() {
    let mut rig = Rig::begun();
    let inner = rig.message(true, QUERY);
    let outer = rig.message(false, container(&[inner]));
    assert_eq!(rig.deliver(A, &outer).len(), 1);
    refuses(&mut rig, &outer, BadMsg::ContainerIdSeen, 19);
    // A plain message may not hide behind the identifier of a container, nor a container behind that of a message.
    let plain = Message::new(outer.msg_id, outer.seqno, object(&functions::Ping { ping_id: 1 }));
    assert_eq!(rig.deliver(A, &plain), [], "M-213");
    let query = rig.query(A);
    let disguised = Message::new(query.msg_id, query.seqno, container(&[]));
    refuses(&mut rig, &disguised, BadMsg::ContainerIdSeen, 19);
}

/// M-228.
#[test]
fn ids_below_everything_remembered_are_20() {
    let mut rig = Rig::begun();
    let old = rig.query(A);
    rig.answer(old.msg_id, A, &[7; 8]);
    for _ in 0..WINDOW {
        rig.query(A);
    }
    rig.said(A);
    refuses(&mut rig, &old, BadMsg::MsgIdForgotten, 20);
    let never_seen = Message::new(old.msg_id - 4, old.seqno, QUERY);
    refuses(&mut rig, &never_seen, BadMsg::MsgIdForgotten, 20);
    let outer = rig.message(false, container(&[old]));
    refuses(&mut rig, &outer, BadMsg::MsgIdForgotten, 20);
}

#[test]
fn nothing_is_too_old_for_a_session_that_forgot_nothing() {
    let mut rig = Rig::begun();
    let old =
        Message::new(msg_id::from_time(START) - (200 << 32), 0, object(&functions::Ping { ping_id: 1 }));
    assert_eq!(rig.deliver(A, &old), [], "M-215");
    assert_eq!(rig.said(A).len(), 2, "pong and another announcement");
}

#[test]
fn seqnos_against_the_order_of_ids_are_32_and_33() {
    let mut rig = Rig::begun();
    let first = rig.query(A);
    rig.stamp(true);
    let middle = rig.stamp(true).0;
    rig.stamp(true);
    let last = rig.query(A);
    for (seqno, bad, code) in [
        (first.seqno, BadMsg::SeqnoTooLow, 32),
        (first.seqno - 2, BadMsg::SeqnoTooLow, 32),
        (last.seqno, BadMsg::SeqnoTooHigh, 33),
        (last.seqno + 2, BadMsg::SeqnoTooHigh, 33),
    ] {
        refuses(&mut rig, &Message::new(middle, seqno, QUERY), bad, code);
    }
    let between = Message::new(middle, first.seqno + 2, QUERY);
    assert_eq!(rig.deliver(A, &between).len(), 1, "M-227, M-237: refusals did not move anything");
}

#[test]
fn equal_even_seqnos_are_in_order() {
    let mut rig = Rig::begun();
    for _ in 0..3 {
        rig.send(A, &types::MsgsAck { msg_ids: vec![] });
    }
    assert_eq!(rig.said(A), [], "M-227");
}

#[test]
fn an_odd_seqno_on_what_is_never_acknowledged_is_34() {
    let mut rig = Rig::begun();
    let copied = rig.message(true, QUERY);
    for body in [container(&[]), zaun_probe::msg_copy(&copied)] {
        let (id, seqno) = rig.client.clone().stamp(rig.now + UnixTime::from_millis(1), true);
        refuses(&mut rig, &Message::new(id, seqno, body), BadMsg::EvenSeqnoExpected, 34);
    }
}

#[test]
fn an_even_seqno_on_a_query_is_35() {
    let mut rig = Rig::begun();
    for body in [QUERY, zaun_probe::gzip(&QUERY), bytes::Bytes::new()] {
        let message = rig.message(false, body);
        refuses(&mut rig, &message, BadMsg::OddSeqnoExpected, 35);
    }
}

#[test]
fn service_requests_may_have_any_seqno() {
    let mut rig = Rig::begun();
    let bodies = [
        object(&functions::Ping { ping_id: 1 }),
        object(&functions::PingDelayDisconnect { ping_id: 1, disconnect_delay: 60 }),
        object(&functions::GetFutureSalts { num: 1 }),
        object(&types::MsgsStateReq { msg_ids: vec![] }),
        object(&types::MsgResendReq { msg_ids: vec![] }),
        object(&types::MsgResendAnsReq { msg_ids: vec![] }),
        object(&functions::RpcDropAnswer { req_msg_id: 4 }),
        object(&types::HttpWait { max_delay: 0, wait_after: 0, max_wait: 0 }),
        object(&types::MsgsAck { msg_ids: vec![] }),
        object(&functions::DestroyAuthKey {}),
        object(&functions::DestroySession { session_id: 1 }),
    ];
    for body in bodies {
        for content_related in [false, true] {
            let message = rig.message(content_related, body.clone());
            let events = rig.deliver(A, &message);
            assert!(!events.iter().any(|e| matches!(e, Event::Refused(_))), "M-225, M-226: {events:?}");
        }
    }
}

#[test]
fn malformed_containers_are_64() {
    let mut rig = Rig::begun();
    let (inner, later) = (rig.message(true, QUERY), rig.stamp(true));
    let good = container(std::slice::from_ref(&inner));
    let mut trailing = good.to_vec();
    trailing.extend([0; 4]);
    let mut negative = good.to_vec();
    negative[4..8].copy_from_slice(&(-1i32).to_le_bytes());
    let mut unaligned = good.to_vec();
    unaligned[20..24].copy_from_slice(&6i32.to_le_bytes());
    let mut too_long = good.to_vec();
    too_long[20..24].copy_from_slice(&12i32.to_le_bytes());
    let mut negative_size = good.to_vec();
    negative_size[20..24].copy_from_slice(&(-8i32).to_le_bytes());
    let copy = |message: &Message| zaun_probe::msg_copy(message);
    let copy_of_copy =
        copy(&Message::new(inner.msg_id, inner.seqno, copy(&Message::new(inner.msg_id - 4, 1, QUERY))));
    let nested = container(&[Message::new(inner.msg_id, 2, good.clone())]);
    for (what, body) in [
        (
            "inner id above the container's (M-217)",
            container(&[Message::new(later.0 + (1 << 32), later.1, QUERY)]),
        ),
        ("a container inside (M-261)", nested),
        (
            "a zipped container inside (M-261)",
            container(&[Message::new(inner.msg_id, 2, zaun_probe::gzip(&good))]),
        ),
        ("bytes behind the last message (M-259)", trailing.into()),
        ("cut off (M-259)", good.slice(..good.len() - 4)),
        ("a negative count", negative.into()),
        ("a size that is not words (M-259)", unaligned.into()),
        ("a size beyond the container (M-259)", too_long.into()),
        ("a negative size (M-259)", negative_size.into()),
        ("no count", good.slice(..4)),
        ("a copy of a copy (M-268)", copy_of_copy),
        ("a copy of nothing", MSG_COPY.to_le_bytes().to_vec().into()),
        ("a copy of a later message", copy(&Message::new(later.0 + (1 << 32), later.1, QUERY))),
    ] {
        let (id, seqno) = rig.stamp(false);
        let outer = Message::new(id, seqno, body);
        let notification = rig.refused(&outer, BadMsg::Container);
        assert_eq!(notification.error_code, 64, "{what}");
        assert_eq!(notification.bad_msg_id, outer.msg_id, "M-236: {what}");
    }
    assert_eq!(rig.deliver(A, &inner).len(), 1, "M-237: the query inside was never remembered");
}

#[test]
fn copies_within_copies_do_not_eat_the_stack() {
    let mut rig = Rig::begun();
    let depth = 50_000u32;
    let mut body = Vec::new();
    for level in 0..depth {
        body.extend(MSG_COPY.to_le_bytes());
        body.extend((i64::from(depth - level) * 4).to_le_bytes());
        body.extend(1i32.to_le_bytes());
        body.extend(((depth - level - 1) * 20).to_le_bytes());
    }
    let message = rig.message(false, body);
    refuses(&mut rig, &message, BadMsg::Container, 64);
}

#[test]
fn one_bad_message_refuses_its_whole_container() {
    let mut rig = Rig::begun();
    let good = rig.message(true, QUERY);
    let (ack_id, seqno) = rig.stamp(false);
    for (bad_inner, bad) in [
        (Message::new(ack_id, seqno, QUERY), BadMsg::OddSeqnoExpected),
        (
            Message::new(ack_id, seqno + 1, zaun_probe::msg_copy(&Message::new(good.msg_id + 4, 1, QUERY))),
            BadMsg::EvenSeqnoExpected,
        ),
        (Message::new(ack_id, good.seqno, QUERY), BadMsg::SeqnoTooLow),
        (Message::new(ack_id | 1, seqno + 1, QUERY), BadMsg::MsgIdLowBits),
    ] {
        let (id, outer_seqno) = rig.stamp(false);
        let outer = Message::new(id, outer_seqno, container(&[good.clone(), bad_inner]));
        let notification = rig.refused(&outer, bad);
        assert_eq!(notification.bad_msg_id, outer.msg_id, "M-236, M-265");
        assert_eq!(notification.error_code, bad.code());
    }
    assert_eq!(rig.deliver(A, &good).len(), 1, "M-237");
}

/// M-238.
#[test]
fn the_order_of_checks_is_fixed() {
    let mut rig = Rig::begun();
    let seen = rig.message(false, container(&[]));
    rig.deliver(A, &seen);
    let query = rig.query(A);
    // Each message has this fault and all later ones of M-239.
    let (stale, salt) = (msg_id::from_time(START - UnixTime::from_secs(400)), rig.client.salt);
    let malformed = container(&[Message::new(i64::MAX & !3, 1, QUERY)]);
    let header = |msg_id, seqno, salt| zaun_mtproto::packet::Header { salt, session_id: 5, msg_id, seqno };
    let fresh = rig.stamp(false).0;
    let parity = container(&[Message::new(fresh - 4, query.seqno - 1, QUERY)]);
    let order = container(&[Message::new(fresh - 4, query.seqno, QUERY)]);
    for (header, body, code) in [
        (header(stale | 1, 1, 0), &malformed, 18),
        (header(stale, 1, 0), &malformed, 16),
        (header(seen.msg_id, 1, 0), &malformed, 48),
        (header(seen.msg_id, 1, salt), &malformed, 19),
        (header(fresh, 1, salt), &malformed, 64),
        (header(fresh, 1, salt), &parity, 34),
        (header(fresh, 0, salt), &parity, 35),
        (header(fresh, 1, salt), &order, 34),
        (header(fresh, 0, salt), &order, 32),
    ] {
        let events = rig.packet(A, &header, body);
        let [Event::Refused(bad)] = events[..] else { panic!("{events:?}") };
        assert_eq!(bad.code(), code, "M-239");
        rig.said(A);
    }
}

#[test]
fn notifications_are_neither_acknowledged_nor_repeated() {
    let mut rig = Rig::begun();
    let message = rig.message(false, QUERY);
    rig.deliver(A, &message);
    let notification = rig.only(A);
    assert!(!notification.content_related(), "M-235");
    assert_eq!(notification.msg_id & 3, 1, "M-206");
    assert_eq!(rig.server.held_bytes(), 0, "M-235: it is not kept");
    assert_eq!(msg_id::seconds(notification.msg_id), i64::try_from(rig.now.as_secs()).unwrap(), "M-240");
    rig.wait(UnixTime::from_secs(10));
    assert_eq!(rig.said(A), [], "M-237: nothing is acknowledged");
}

#[test]
fn a_refused_first_packet_announces_nothing() {
    for body in [QUERY, container(&[Message::new(i64::MAX & !3, 1, QUERY)])] {
        let mut rig = Rig::new();
        let message = rig.message(false, body);
        rig.deliver(A, &message);
        assert!(rig.only(A).decode::<types::BadMsgNotification>().is_some(), "M-237: no new_session_created");
    }
}

#[test]
fn a_list_above_the_limit_has_no_effect_at_all() {
    let over = vec![4; zaun_mtproto::session::MAX_IDS + 1];
    for list in [
        object(&types::MsgsAck { msg_ids: over.clone() }),
        object(&types::MsgsStateReq { msg_ids: over.clone() }),
        object(&types::MsgResendReq { msg_ids: over.clone() }),
        object(&types::MsgResendAnsReq { msg_ids: over }),
    ] {
        let mut rig = Rig::begun();
        let query = rig.message(true, QUERY);
        let list = rig.message(false, list);
        let outer = rig.message(false, container(&[query.clone(), list]));
        assert_eq!(rig.deliver(A, &outer), [Event::Flood], "M-050, M-274, M-283, M-293");
        assert_eq!(rig.said(A), []);
        assert_eq!(rig.deliver(B, &query).len(), 1, "M-237: the query beside it can still be sent");
    }
    let mut rig = Rig::begun();
    rig.send(A, &types::MsgsAck { msg_ids: vec![4; zaun_mtproto::session::MAX_IDS] });
}
