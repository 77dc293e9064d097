//! Every code of bad_msg_notification is answered by correcting and sending again; no query is given up (M-233 … M-249).

use super::support::*;
use zaun_mtproto::client::{Event, Failure, MAX_REFUSALS};
use zaun_wire::types;

/// The query came again, under the identifier that it had, and is answered.
fn same_again(code: i32, ahead_s: i64) {
    let mut rig = Rig::begun();
    let (query, message) = rig.query(A);
    rig.ahead_s = ahead_s;
    let said = rig.refuses(message.msg_id, message.seqno, code);
    let again: Vec<_> = said.iter().filter(|m| m.body == QUERY).collect();
    assert_eq!(again.len(), 1, "{said:?}");
    assert_eq!((again[0].msg_id, again[0].seqno), (message.msg_id, message.seqno), "M-213");
    rig.is_answered(query, message.msg_id);
}

/// The query came again under a new identifier and is answered.
fn new_again(code: i32) {
    let mut rig = Rig::begun();
    let (query, message) = rig.query(A);
    let said = rig.refuses(message.msg_id, message.seqno, code);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].msg_id > message.msg_id && said[0].body == QUERY);
    rig.is_answered(query, said[0].msg_id);
}

#[test]
fn code_16_corrects_the_clock_and_repeats_in_a_new_container() {
    same_again(16, 5000);
    let mut rig = Rig::begun();
    let (_, message) = rig.query(A);
    rig.ahead_s = 5000;
    rig.says(
        A,
        false,
        &types::BadMsgNotification {
            bad_msg_id: message.msg_id,
            bad_msg_seqno: message.seqno,
            error_code: 16,
        },
    );
    assert_eq!(rig.client.server_time(rig.now).as_secs(), rig.server_time().as_secs(), "M-240");
    let packets = rig.packets(A);
    let outer = packets[0].header.msg_id;
    let age = rig.server_time().as_secs().cast_signed() - zaun_mtproto::msg_id::seconds(outer);
    assert!((0..=1).contains(&age), "M-210: the container is new: {age}");
}

#[test]
fn code_17_lowers_the_identifiers_and_keeps_the_session() {
    let mut rig = Rig::begun();
    // Our clock leaps.
    rig.wait(std::time::Duration::from_secs(5000));
    rig.ahead_s = -5000;
    let query = rig.client.submit(QUERY).unwrap();
    let packet = rig.packets(A).remove(0);
    let too_new = rig.client.msg_id(query).unwrap();
    let said = rig.refuses(packet.header.msg_id, packet.header.seqno, 17);
    let again = said.iter().find(|m| m.body == QUERY).unwrap();
    assert!(again.msg_id < too_new, "M-209");
    assert_eq!(zaun_mtproto::msg_id::seconds(again.msg_id), rig.server_time().as_secs().cast_signed());
    assert_eq!(rig.client.session_id(), 5);
    let msg_id = again.msg_id;
    rig.is_answered(query, msg_id);
}

#[test]
fn code_17_for_identifiers_that_the_server_had_taken_begins_a_new_session() {
    let mut rig = Rig::begun();
    let (first, taken) = rig.query(A);
    rig.is_answered(first, taken.msg_id);
    // The server's clock goes back.
    rig.ahead_s = -5000;
    rig.client.submit(QUERY).unwrap();
    let bad_msg_id = rig.packets(A)[0].header.msg_id;
    let msg_id = zaun_mtproto::msg_id::from_time(rig.server_time()) | 1;
    let bad = types::BadMsgNotification { bad_msg_id, bad_msg_seqno: 1, error_code: 17 };
    let notification = zaun_probe::Message::new(msg_id, 0, zaun_probe::object(&bad));
    rig.deliver(A, &notification).unwrap();
    let session_id = rig.client.session_id();
    assert_ne!(session_id, 5);
    let renewed = [Event::Refused { code: 17 }, Event::SessionRenewed { session_id }, Event::Refetch];
    assert_eq!(rig.events(), renewed);
    assert!(rig.said(A).iter().any(|m| m.body == QUERY && m.seqno == 1), "M-219: from the beginning");
}

#[test]
fn code_18_gives_a_new_identifier() {
    new_again(18);
}

#[test]
fn code_19_repeats_in_another_container() {
    same_again(19, 0);
}

#[test]
fn code_20_gives_a_new_identifier_to_what_was_never_taken() {
    new_again(20);
}

#[test]
fn code_20_asks_first_if_the_server_may_have_taken_it() {
    let mut rig = Rig::begun();
    let (query, message) = rig.query(A);
    rig.client.detach(rig.now, A);
    rig.client.attach(rig.now, B, zaun_mtproto::client::Carrier::Stream);
    let packet = rig.packets(B).remove(0);
    let bad =
        types::BadMsgNotification { bad_msg_id: packet.header.msg_id, bad_msg_seqno: 2, error_code: 20 };
    rig.says(B, false, &bad);
    assert!(!rig.said(B).iter().any(|m| m.body == QUERY), "M-218");
    rig.wait(std::time::Duration::from_secs(10));
    let said = rig.said(B);
    let asked = said.iter().find(|m| m.decode::<types::MsgsStateReq>().is_some()).unwrap();
    assert_eq!(asked.decode::<types::MsgsStateReq>().unwrap().msg_ids, [message.msg_id], "M-283");
    rig.says(B, false, &types::MsgsStateInfo { req_msg_id: asked.msg_id, info: vec![1].into() });
    let again = rig.only(B);
    assert!(again.body == QUERY && again.msg_id > message.msg_id, "M-287");
    rig.answers(B, message.msg_id);
    let answer = Event::Answer { query, result: Ok(RESULT) };
    assert!(rig.events().contains(&answer), "the answer to the old identifier is good");
}

#[test]
fn code_32_raises_the_sequence_numbers() {
    let mut rig = Rig::begun();
    let (query, message) = rig.query(A);
    let said = rig.refuses(message.msg_id, message.seqno, 32);
    assert!(said[0].seqno >= message.seqno + 128 && said[0].msg_id > message.msg_id, "M-227: {said:?}");
    rig.is_answered(query, said[0].msg_id);
}

#[test]
fn code_33_begins_a_new_session() {
    let mut rig = Rig::begun();
    let (_, message) = rig.query(A);
    let said = rig.refuses(message.msg_id, message.seqno, 33);
    let again: Vec<i32> = said.iter().filter(|m| m.body == QUERY).map(|m| m.seqno).collect();
    assert_eq!(again, [1], "M-219: from the beginning");
    let session_id = rig.client.session_id();
    assert_eq!(rig.events(), [Event::SessionRenewed { session_id }, Event::Refetch]);
    rig.wait(std::time::Duration::from_secs(1));
    let message = zaun_probe::Message::new(rig.server_id(), 1, RESULT);
    let late = rig.sealed(5, &message);
    let former = rig.client.receive(rig.now, A, late);
    assert_eq!(former, Err(zaun_mtproto::client::ReceiveError::FormerSession), "M-190");
}

#[test]
fn codes_34_and_35_change_the_parity_of_the_refused_message_only() {
    for (code, seqno) in [(34, 0), (35, 1)] {
        let mut rig = Rig::begun();
        let (query, message) = rig.query(A);
        let said = rig.refuses(message.msg_id, message.seqno, code);
        assert_eq!((said.len(), said[0].seqno & 1), (1, seqno), "M-222, M-223");
        rig.is_answered(query, said[0].msg_id);
        assert_eq!(rig.query(A).1.seqno & 1, 1, "only the refused one");
    }
}

#[test]
fn a_container_that_is_refused_for_one_of_its_messages_is_sent_as_single_ones() {
    for code in [34, 35, 64] {
        let mut rig = Rig::begun();
        let queries: Vec<_> = (0..3).map(|_| rig.client.submit(QUERY).unwrap()).collect();
        let packet = rig.packets(A).remove(0);
        let bad_msg_id = packet.header.msg_id;
        rig.says(A, false, &types::BadMsgNotification { bad_msg_id, bad_msg_seqno: 6, error_code: code });
        let packets = rig.packets(A);
        assert_eq!(packets.len(), 3, "{packets:?}");
        for packet in &packets {
            assert_eq!(packet.body, QUERY, "not inside a container");
        }
        assert_eq!(rig.client.waiting(), queries.len());
    }
}

#[test]
fn code_48_brings_the_right_salt_and_the_whole_container_again() {
    let mut rig = Rig::begun();
    let queries: Vec<_> = (0..3).map(|_| rig.client.submit(QUERY).unwrap()).collect();
    let packet = rig.packets(A).remove(0);
    assert_eq!(packet.header.salt, SALT);
    let refusal = types::BadServerSalt {
        bad_msg_id: packet.header.msg_id,
        bad_msg_seqno: packet.header.seqno,
        error_code: 48,
        new_server_salt: 99,
    };
    rig.says(A, false, &refusal);
    let packets = rig.packets(A);
    assert_eq!((packets.len(), packets[0].header.salt), (1, 99), "M-246, M-249");
    let ids: Vec<_> = queries.iter().map(|query| rig.client.msg_id(*query).unwrap()).collect();
    for (query, msg_id) in queries.into_iter().zip(ids) {
        rig.answers(A, msg_id);
        assert!(rig.events().contains(&Event::Answer { query, result: Ok(RESULT) }));
    }
}

#[test]
fn a_refusal_of_what_was_never_sent_changes_nothing() {
    let mut rig = Rig::begun();
    rig.says(A, false, &types::BadMsgNotification { bad_msg_id: 4, bad_msg_seqno: 0, error_code: 17 });
    let salt = types::BadServerSalt { bad_msg_id: 4, bad_msg_seqno: 0, error_code: 48, new_server_salt: 99 };
    rig.says(A, false, &salt);
    assert_eq!(rig.events(), []);
    rig.client.submit(QUERY).unwrap();
    assert_eq!(rig.packets(A)[0].header.salt, SALT);
}

#[test]
fn acknowledgements_in_a_refused_packet_are_sent_again() {
    let mut rig = Rig::begun();
    let pushed = rig.message(true, RESULT);
    rig.deliver(A, &pushed).unwrap();
    rig.events();
    rig.client.submit(QUERY).unwrap();
    let packet = rig.packets(A).remove(0);
    let said = rig.refuses(packet.header.msg_id, packet.header.seqno, 48);
    let acks = said.iter().find_map(|m| m.decode::<types::MsgsAck>());
    assert_eq!(acks.unwrap().msg_ids, [pushed.msg_id], "M-237");
}

#[test]
fn a_server_that_refuses_for_ever_is_left_in_the_end() {
    let mut rig = Rig::begun();
    let query = rig.client.submit(QUERY).unwrap();
    let mut rounds = 0;
    let mut reconnects = 0;
    let failed = 'rounds: loop {
        rounds += 1;
        assert!(rounds < 200, "a limit ends it");
        rig.wait(std::time::Duration::from_secs(1));
        for packet in rig.packets(A) {
            let bad_msg_id = packet.header.msg_id;
            rig.says(A, false, &types::BadMsgNotification { bad_msg_id, bad_msg_seqno: 1, error_code: 18 });
        }
        for event in rig.events() {
            match event {
                Event::Failed { query: which, why } => break 'rounds (which, why),
                Event::Reconnect { .. } => reconnects += 1,
                _ => {}
            }
        }
    };
    assert_eq!(failed, (query, Failure::Refused(18)));
    assert!(rounds > MAX_REFUSALS && reconnects > 0);
}
