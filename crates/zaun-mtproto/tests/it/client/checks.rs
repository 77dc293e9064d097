//! What a client discards: as a whole, for a reason that has a name, and without using anything of it (M-320 … M-324).

use super::support::*;
use bytes::{Bytes, BytesMut};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::Side;
use zaun_mtproto::client::{Event, ReceiveError, WINDOW};
use zaun_mtproto::gzip::GzipError;
use zaun_mtproto::packet::{self, Header, OpenError};
use zaun_probe::{Message, container, gzip, msg_copy, object};
use zaun_wire::types;

/// Delivers a packet that has to be discarded, with an answer inside that must not be used (M-323).
fn discards(rig: &mut Rig, packet: BytesMut) -> ReceiveError {
    let before = format!("{:?}", rig.client);
    let error = rig.client.receive(rig.now, A, packet).unwrap_err();
    assert_eq!(format!("{:?}", rig.client), before, "M-323: {error}");
    let repeat = matches!(error, ReceiveError::Duplicate(_) | ReceiveError::Forgotten(_));
    assert_eq!(error.closes_connection(), !repeat, "M-322: {error}");
    error
}

/// A container of a pushed object and something else.
fn beside(rig: &mut Rig, other: &Message) -> Message {
    let pushed = Message::new(rig.server_id(), 1, RESULT);
    let outer = rig.server_id().max((other.msg_id + 4) | 1);
    wrapped(outer, &[pushed, other.clone()])
}

#[test]
fn a_changed_or_reflected_packet_or_one_of_another_key_is_discarded_and_closes_the_connection() {
    let mut rig = Rig::begun();
    let message = rig.message(true, RESULT);
    let whole = rig.sealed(5, &message);
    for at in 8..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert_eq!(discards(&mut rig, changed), ReceiveError::Open(OpenError::MsgKey), "M-172");
    }
    let header = Header { salt: 0, session_id: 5, msg_id: message.msg_id, seqno: 1 };
    let mut other = BytesMut::new();
    let stranger = AuthKey::new([8; 256]);
    packet::seal(&stranger, Side::Server, &header, &RESULT, &mut rand::rng(), &mut other);
    assert_eq!(discards(&mut rig, other), ReceiveError::Open(OpenError::KeyId), "M-171");
    let mut reflected = BytesMut::new();
    packet::seal(&key(), Side::Client, &header, &RESULT, &mut rand::rng(), &mut reflected);
    assert_eq!(discards(&mut rig, reflected), ReceiveError::Open(OpenError::MsgKey), "M-172: own packets");
    assert!(rig.client.receive(rig.now, A, whole).is_ok());
}

#[test]
fn a_packet_of_another_session_is_discarded_and_closes_the_connection() {
    let mut rig = Rig::begun();
    let message = rig.message(true, RESULT);
    let packet = rig.sealed(6, &message);
    let error = discards(&mut rig, packet);
    assert_eq!(error, ReceiveError::Session(6), "M-321");
    assert!(error.closes_connection(), "M-322");
}

#[test]
fn an_even_msg_id_is_discarded_and_closes_the_connection() {
    let mut rig = Rig::begun();
    for low in [0, 2] {
        let msg_id = (rig.server_id() & !3) + 4 + low;
        let message = Message::new(msg_id, 1, RESULT);
        let packet = rig.sealed(5, &message);
        assert_eq!(discards(&mut rig, packet), ReceiveError::Parity(msg_id), "M-206");
        let outer = beside(&mut rig, &message);
        let packet = rig.sealed(5, &outer);
        assert_eq!(discards(&mut rig, packet), ReceiveError::Parity(msg_id), "M-206");
    }
}

#[test]
fn a_packet_that_comes_twice_is_dropped_and_the_connection_stays() {
    let mut rig = Rig::begun();
    let message = rig.message(true, RESULT);
    rig.deliver(A, &message).unwrap();
    assert_eq!(rig.events(), [Event::Pushed { body: RESULT }]);
    let packet = rig.sealed(5, &message);
    let error = discards(&mut rig, packet);
    assert_eq!(error, ReceiveError::Duplicate(message.msg_id), "M-321");
    assert!(!error.closes_connection());
    let inner = rig.message(true, RESULT);
    let outer = wrapped(rig.server_id(), &[inner]);
    rig.deliver(A, &outer).unwrap();
    let packet = rig.sealed(5, &outer);
    assert_eq!(discards(&mut rig, packet), ReceiveError::Duplicate(outer.msg_id), "M-321");
}

#[test]
fn a_message_that_comes_again_in_another_container_has_no_effect_but_is_acknowledged() {
    let mut rig = Rig::begun();
    let inner = rig.message(true, RESULT);
    for times in [1, 0, 0] {
        let outer = wrapped(rig.server_id(), std::slice::from_ref(&inner));
        rig.deliver(A, &outer).unwrap();
        assert_eq!(rig.events().len(), times, "M-321");
        rig.wait(std::time::Duration::from_secs(5));
        let ack: types::MsgsAck = rig.only(A).decode().unwrap();
        assert_eq!(ack.msg_ids, [inner.msg_id], "M-221");
    }
}

#[test]
fn a_packet_from_before_everything_remembered_is_dropped_and_the_connection_stays() {
    let mut rig = Rig::begun();
    let old = rig.server_id();
    for _ in 0..=WINDOW {
        let message = rig.message(false, RESULT);
        rig.deliver(A, &message).unwrap();
    }
    rig.events();
    let packet = rig.sealed(5, &Message::new(old, 1, RESULT));
    assert_eq!(discards(&mut rig, packet), ReceiveError::Forgotten(old), "M-324");
    // Inside a container a repeat cannot be told from a new message: it is fetched.
    let outer = wrapped(rig.server_id(), &[Message::new(old, 1, RESULT)]);
    rig.deliver(A, &outer).unwrap();
    assert_eq!(rig.events(), [Event::Refetch]);
}

#[test]
fn a_packet_more_than_300_seconds_behind_is_discarded_and_closes_the_connection() {
    let mut rig = Rig::begun();
    rig.ahead_s = -302;
    let msg_id = zaun_mtproto::msg_id::from_time(rig.server_time()) | 1;
    let packet = rig.sealed(5, &Message::new(msg_id, 1, RESULT));
    let error = discards(&mut rig, packet);
    assert!(matches!(error, ReceiveError::Behind(301..=303)), "M-321: {error}");
    assert!(error.closes_connection(), "M-322");
}

/// Only the server can make such an identifier, and our clock may have stood still: it is believed, as in TDLib. What
/// the rule is for, a message that can be replayed later, the window of received identifiers prevents for ever.
#[test]
fn a_packet_more_than_30_seconds_ahead_is_taken_and_sets_the_clock_forward_but_never_twice() {
    let mut rig = Rig::begun();
    rig.ahead_s = 3600;
    let message = rig.message(true, RESULT);
    rig.deliver(A, &message).unwrap();
    assert_eq!(rig.events(), [Event::Pushed { body: RESULT }], "M-321");
    assert_eq!(rig.client.server_time(rig.now).as_secs(), rig.server_time().as_secs());
    let packet = rig.sealed(5, &message);
    assert_eq!(discards(&mut rig, packet), ReceiveError::Duplicate(message.msg_id), "M-321");
    // From now on the time before is long past.
    rig.ahead_s = 0;
    let old = zaun_mtproto::msg_id::from_time(rig.server_time()) + 401;
    let packet = rig.sealed(5, &Message::new(old, 1, RESULT));
    assert!(matches!(discards(&mut rig, packet), ReceiveError::Behind(_)), "M-321");
}

#[test]
fn a_malformed_container_or_an_id_not_below_its_own_discards_the_whole_packet() {
    let mut rig = Rig::begun();
    let early = rig.server_id();
    let inner = rig.message(true, RESULT);
    let good = container(std::slice::from_ref(&inner));
    let changed = |at: usize, word: i32| {
        let mut body = good.to_vec();
        body[at..at + 4].copy_from_slice(&word.to_le_bytes());
        Bytes::from(body)
    };
    let longer = [&good[..], &[0; 4]].concat();
    let nested = container(&[Message::new(inner.msg_id, 0, good.clone())]);
    let bodies = [
        ("M-259", good.slice(..good.len() - 4)),
        ("M-259", longer.into()),
        ("M-259", changed(4, 2)),
        ("M-260", changed(4, 1025)),
        ("M-260", changed(4, -1)),
        ("M-259", changed(20, 6)),
        ("M-259", changed(20, -4)),
        ("M-259", changed(20, 12)),
        ("M-261", nested),
        ("M-268", msg_copy(&Message::new(inner.msg_id, 0, msg_copy(&inner)))),
    ];
    for (rule, body) in bodies {
        let message = Message::new(rig.server_id(), 2, body);
        let packet = rig.sealed(5, &message);
        let error = discards(&mut rig, packet);
        assert!(matches!(error, ReceiveError::Container(_)), "{rule}: {error}");
    }
    let late = Message::new(early, 2, good);
    let packet = rig.sealed(5, &late);
    assert!(matches!(discards(&mut rig, packet), ReceiveError::Container(_)), "M-217");
}

#[test]
fn damaged_nested_or_endless_gzip_discards_the_whole_packet() {
    let mut rig = Rig::begun();
    let damaged = object(&types::GzipPacked { packed_data: Bytes::from_static(b"\x1f\x8bno gzip at all") });
    let bomb = gzip(&vec![0; zaun_mtproto::gzip::MAX_UNPACKED + 4]);
    for (body, error) in [(damaged, GzipError::Data), (bomb, GzipError::TooLarge)] {
        let message = Message::new(rig.server_id(), 1, body);
        let outer = beside(&mut rig, &message);
        let packet = rig.sealed(5, &outer);
        assert_eq!(discards(&mut rig, packet), ReceiveError::Gzip(error), "M-272");
    }
    let twice = Message::new(rig.server_id(), 1, gzip(&gzip(&RESULT)));
    let packet = rig.sealed(5, &twice);
    assert_eq!(discards(&mut rig, packet), ReceiveError::Packed, "M-273");
}

#[test]
fn a_service_message_that_does_not_parse_discards_the_whole_packet() {
    let mut rig = Rig::begun();
    let kinds = [
        types::MsgsAck::CONSTRUCTOR_ID,
        types::Pong::CONSTRUCTOR_ID,
        types::NewSessionCreated::CONSTRUCTOR_ID,
        types::FutureSalts::CONSTRUCTOR_ID,
        types::BadMsgNotification::CONSTRUCTOR_ID,
        types::BadServerSalt::CONSTRUCTOR_ID,
        types::MsgsStateInfo::CONSTRUCTOR_ID,
        types::MsgsAllInfo::CONSTRUCTOR_ID,
        types::MsgsStateReq::CONSTRUCTOR_ID,
        types::MsgResendReq::CONSTRUCTOR_ID,
        types::MsgDetailedInfo::CONSTRUCTOR_ID,
        types::MsgNewDetailedInfo::CONSTRUCTOR_ID,
        types::DestroySessionOk::CONSTRUCTOR_ID,
        zaun_probe::RPC_RESULT,
    ];
    for kind in kinds {
        let message = Message::new(rig.server_id(), 0, Bytes::copy_from_slice(&kind.to_le_bytes()));
        let outer = beside(&mut rig, &message);
        let packet = rig.sealed(5, &outer);
        assert_eq!(discards(&mut rig, packet), ReceiveError::Service(kind), "M-323");
    }
    let ids = types::MsgsAck { msg_ids: vec![0; 8193] };
    let message = rig.message(false, object(&ids));
    let packet = rig.sealed(5, &message);
    let kind = types::MsgsAck::CONSTRUCTOR_ID;
    assert_eq!(discards(&mut rig, packet), ReceiveError::Service(kind), "M-274");
}

#[test]
fn a_packet_on_a_connection_that_is_gone_is_not_taken() {
    let mut rig = Rig::begun();
    let message = rig.message(true, RESULT);
    let packet = rig.sealed(5, &message);
    assert_eq!(rig.client.receive(rig.now, B, packet.clone()), Err(ReceiveError::Connection));
    rig.client.detach(rig.now, A);
    assert_eq!(rig.client.receive(rig.now, A, packet), Err(ReceiveError::Connection));
}
