//! How often the way of a small packet allocates, once everything has grown to its size.

use bytes::{Bytes, BytesMut};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::kdf::Side;
use zaun_mtproto::packet::{self, Header, Incoming, Outgoing};

use crate::allocator::allocations_of;
use crate::client::support::{A, RESULT, Rig, rpc_result};

const HEADER: Header = Header { salt: 1, session_id: 2, msg_id: 4, seqno: 1 };
const BODY: [u8; 128] = [7; 128];
/// Packets of a batch.
const BATCH: usize = 32;
/// How often everything is done before it counts.
const WARM_UP: usize = 64;
/// How often it is done while it counts.
const TIMES: usize = 1000;

/// Allocations of `TIMES` runs after the warm-up.
fn steady(mut work: impl FnMut()) -> usize {
    (0..WARM_UP).for_each(|_| work());
    allocations_of(|| (0..TIMES).for_each(|_| work())).1
}

#[test]
fn sealing_into_a_buffer_that_is_used_again_allocates_nothing() {
    let (key, mut rng, mut out) = (AuthKey::new([9; 256]), StdRng::seed_from_u64(1), BytesMut::new());
    let one = steady(|| {
        out.clear();
        packet::seal(&key, Side::Client, &HEADER, &BODY, &mut rng, &mut out);
    });
    let messages = [Outgoing { key: &key, from: Side::Client, header: HEADER, body: &BODY }; BATCH];
    let many = steady(|| {
        out.clear();
        packet::seal_many(&messages, &mut rng, &mut out);
    });
    assert_eq!((one, many), (0, 0));
}

#[test]
fn opening_in_the_buffer_of_the_connection_allocates_nothing() {
    let (key, mut sealed) = (AuthKey::new([9; 256]), BytesMut::new());
    packet::seal(&key, Side::Client, &HEADER, &BODY, &mut StdRng::seed_from_u64(1), &mut sealed);
    let mut received = BytesMut::new();
    // The body is dropped before the next packet, so its room is reclaimed when the buffer needs it.
    let one = steady(|| {
        received.extend_from_slice(&sealed);
        let opened = packet::open(&key, Side::Client, received.split()).unwrap();
        assert_eq!(opened.body, BODY[..]);
    });
    let mut results = Vec::new();
    let many = steady(|| {
        results.clear();
        received.reserve(BATCH * sealed.len());
        (0..BATCH).for_each(|_| received.extend_from_slice(&sealed));
        let packets = (0..BATCH).map(|_| Incoming {
            key: &key,
            from: Side::Client,
            packet: received.split_to(sealed.len()),
        });
        packet::open_many(packets, &mut results);
        assert!(results.iter().all(Result::is_ok));
    });
    assert_eq!((one, many), (0, 0));
}

/// Twelve and a third were measured. By reading: roots of the sets of queries, which are empty in between (all, fresh,
/// unconfirmed, to be checked), the query's identifiers, lists of the packet's messages and queries, the acknowledgement
/// of the answer before (its identifiers, a copy of them for a refusal, its object) with the container around both, and
/// two for the answer. None of them is for the query itself.
const PER_QUERY: usize = 13;

#[test]
fn a_small_query_allocates_seldom_from_its_submission_to_its_answer() {
    let (mut rig, mut rng) = (Rig::begun(), StdRng::seed_from_u64(1));
    let (query, mut out, mut total) = (Bytes::from_static(&BODY), BytesMut::new(), 0);
    for round in 0..WARM_UP + TIMES {
        let (msg_id, asking) = allocations_of(|| {
            let id = rig.client.submit(query.clone()).unwrap();
            out.clear();
            while let Some(packet) = rig.client.transmit(rig.now, A, &mut rng) {
                rig.client.seal(&packet, &mut rng, &mut out);
            }
            rig.client.msg_id(id).unwrap()
        });
        let answer = rig.message(true, rpc_result(msg_id, &RESULT));
        let packet = rig.sealed(rig.client.session_id(), &answer);
        let ((), answering) = allocations_of(|| {
            rig.client.receive(rig.now, A, packet).unwrap();
            while rig.client.next_event().is_some() {}
        });
        if round >= WARM_UP {
            total += asking + answering;
        }
    }
    assert!(total <= PER_QUERY * TIMES, "{total} allocations for {TIMES} queries");
}
