//! What a client does by itself: acknowledgements, pings, salts, packing, containers, http_wait.

use std::time::Duration;

use super::support::*;
use zaun_mtproto::client::{Carrier, Event, HttpWait, Profile, ReconnectReason};
use zaun_mtproto::gzip;
use zaun_mtproto::salts::Salt;
use zaun_wire::{enums, functions, types};

#[test]
fn acknowledgements_leave_after_five_seconds_or_sixteen_messages_or_with_something_else() {
    let mut rig = Rig::begun();
    let first = rig.says(A, true, &types::Pong { msg_id: 0, ping_id: 0 });
    assert_eq!(rig.said(A), []);
    assert_eq!(rig.client.next_deadline(rig.now), Some(rig.now + Duration::from_secs(5)));
    rig.wait(Duration::from_secs(5));
    let ack = rig.only(A);
    assert_eq!((ack.decode::<types::MsgsAck>().unwrap().msg_ids, ack.seqno & 1), (vec![first], 0), "M-223");
    let many: Vec<i64> = (0..16).map(|_| rig.says(A, true, &types::Pong { msg_id: 0, ping_id: 0 })).collect();
    assert_eq!(rig.only(A).decode::<types::MsgsAck>().unwrap().msg_ids, many);
    let one = rig.says(A, true, &types::Pong { msg_id: 0, ping_id: 0 });
    rig.client.submit(QUERY).unwrap();
    let said = rig.said(A);
    assert_eq!(said[1].decode::<types::MsgsAck>().unwrap().msg_ids, [one]);
}

#[test]
fn containers_and_acknowledgements_are_never_acknowledged() {
    let mut rig = Rig::begun();
    rig.query(A);
    rig.says(A, false, &types::MsgsAck { msg_ids: vec![4] });
    let inner = rig.message(false, zaun_probe::object(&types::Pong { msg_id: 0, ping_id: 0 }));
    let mut outer = wrapped(rig.server_id(), &[inner]);
    // Even one that claims to ask for it.
    outer.seqno |= 1;
    rig.deliver(A, &outer).unwrap();
    rig.wait(Duration::from_secs(9));
    assert_eq!(rig.said(A), [], "M-223, M-262, M-274");
    let inner = rig.message(true, RESULT);
    let outer = wrapped(rig.server_id(), std::slice::from_ref(&inner));
    rig.deliver(A, &outer).unwrap();
    rig.wait(Duration::from_secs(5));
    let acks: Vec<_> = rig.said(A).iter().filter_map(|m| m.decode::<types::MsgsAck>()).collect();
    assert_eq!(acks, [types::MsgsAck { msg_ids: vec![inner.msg_id] }], "M-221: what is inside, alone");
}

#[test]
fn every_connection_pings_at_once_and_every_minute() {
    let mut rig = Rig::new();
    for _ in 0..3 {
        let packets = rig.packets(A);
        let pings: Vec<functions::PingDelayDisconnect> = packets
            .iter()
            .flat_map(|p| {
                let header = p.header;
                let message = zaun_probe::Message::new(header.msg_id, header.seqno, p.body.clone());
                zaun_probe::take_apart(message).unwrap()
            })
            .filter_map(|m| m.decode())
            .collect();
        assert_eq!((pings.len(), pings[0].disconnect_delay), (1, 75), "M-307");
        rig.says(A, false, &types::Pong { msg_id: 0, ping_id: pings[0].ping_id });
        rig.wait(Profile::STANDARD.ping_every);
    }
}

#[test]
fn a_connection_without_a_pong_is_given_up_once() {
    let mut rig = Rig::new();
    rig.packets(A);
    rig.wait(Profile::STANDARD.pong_within);
    assert!(rig.client.next_deadline(rig.now).is_some_and(|at| at <= rig.now));
    rig.client.on_time(rig.now);
    let dead = Event::Reconnect { conn: A, why: ReconnectReason::Silent };
    assert_eq!(rig.events(), [dead], "M-309");
    rig.wait(Duration::from_secs(600));
    rig.client.on_time(rig.now);
    assert_eq!(rig.events(), []);
}

#[test]
fn a_quick_connection_is_given_up_sooner() {
    for (round_trip, patience) in [(1, 5), (2, 8), (60, 15)] {
        let mut rig = Rig::new();
        rig.packets(A);
        let ping = |rig: &mut Rig, ping_id| {
            rig.says(A, false, &types::Pong { msg_id: 0, ping_id });
        };
        rig.wait(Duration::from_secs(round_trip).min(Profile::STANDARD.pong_within / 2));
        ping(&mut rig, 1);
        assert!(rig.client.round_trip(A).is_some());
        rig.wait(Profile::STANDARD.ping_every);
        rig.packets(A);
        rig.wait(Duration::from_secs(patience) - Duration::from_millis(1));
        rig.client.on_time(rig.now);
        assert_eq!(rig.events(), []);
        rig.wait(Duration::from_millis(1));
        rig.client.on_time(rig.now);
        let dead = Event::Reconnect { conn: A, why: ReconnectReason::Silent };
        assert_eq!(rig.events(), [dead], "a usual round trip of {round_trip} s, M-309");
    }
}

#[test]
fn future_salts_are_asked_for_and_used_in_their_time() {
    let mut rig = Rig::new();
    let packet = rig.packets(A).remove(0);
    let header = packet.header;
    let said =
        zaun_probe::take_apart(zaun_probe::Message::new(header.msg_id, header.seqno, packet.body)).unwrap();
    let asked = said.iter().find(|m| m.decode::<functions::GetFutureSalts>().is_some()).unwrap();
    let begins = rig.server_time().as_secs() + 600;
    let next = Salt { valid_since: begins, valid_until: begins + 400_000, salt: 99 };
    rig.tells_salts(A, asked.msg_id, &[next]);
    for (wait_s, salt) in [(0, SALT), (600, SALT), (59, SALT), (2, 99), (3000, 99)] {
        rig.wait(Duration::from_secs(wait_s));
        rig.client.submit(QUERY).unwrap();
        assert_eq!(rig.packets(A)[0].header.salt, salt, "M-248, after {wait_s} s more");
    }
}

#[test]
fn long_queries_are_packed_if_that_pays() {
    let mut rig = Rig::begun();
    let words = [QUERY.as_ref(), &[7; 4000]].concat();
    rig.client.submit(words.clone().into()).unwrap();
    let packed = rig.only(A);
    assert_eq!(
        packed.constructor(),
        u32::from_le_bytes(QUERY[..4].try_into().unwrap()),
        "unpacked by the test"
    );
    rig.client.submit(words.clone().into()).unwrap();
    let packet = rig.packets(A).remove(0);
    assert_eq!(gzip::unpack(&packet.body).unwrap(), words, "M-269");
    let mut noise = vec![0; 40_000];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut noise);
    rig.client.submit(noise.clone().into()).unwrap();
    assert_eq!(rig.packets(A)[0].body, noise);
}

#[test]
fn other_sessions_are_destroyed_on_request() {
    let mut rig = Rig::begun();
    rig.client.destroy_session(rig.now, 6);
    rig.client.destroy_session(rig.now, 5);
    let request: functions::DestroySession = rig.only(A).decode().unwrap();
    assert_eq!(request.session_id, 6, "M-201, M-202");
    rig.says(A, false, &enums::DestroySessionRes::from(types::DestroySessionOk { session_id: 6 }));
    rig.says(A, false, &enums::DestroySessionRes::from(types::DestroySessionOk { session_id: 6 }));
    assert_eq!(rig.events(), [Event::SessionDestroyed { session_id: 6, existed: true }]);
}

#[test]
fn on_http_every_packet_says_how_long_the_server_may_wait() {
    let mut rig = Rig::with(Carrier::Http(HttpWait::USUAL));
    let waits = |rig: &mut Rig| {
        let said = rig.said(A);
        said.iter().filter(|m| m.decode::<types::HttpWait>().is_some()).count()
    };
    assert_eq!(waits(&mut rig), 1, "M-314");
    assert_eq!(waits(&mut rig), 0, "one request is open");
    rig.client.submit(QUERY).unwrap();
    assert_eq!(waits(&mut rig), 1, "M-317");
    rig.says(A, false, &types::Pong { msg_id: 0, ping_id: 0 });
    assert_eq!(waits(&mut rig), 1, "the request was answered, so the next one is opened");
}
