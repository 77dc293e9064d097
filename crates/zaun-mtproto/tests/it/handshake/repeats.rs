//! Repeats, restarts, order, expiry and limits of the server.

use super::support::{Answer, NOW, agree, ask, client_with, rng, server, tell};
use bytes::Bytes;
use proptest::prelude::*;
use std::time::Duration;
use zaun_mtproto::handshake::{
    MAX_BODY_BYTES, MAX_RUNS_PER_CONNECTION, RUN_LIFETIME_S, Reason, ServerHandshake, Step, plain,
};

fn body(payload: &Bytes) -> Bytes {
    plain::decode(payload.clone()).unwrap().body
}

/// The three queries of a run, sent and answered.
fn whole_run(server: &mut ServerHandshake) -> Vec<(Bytes, Bytes)> {
    let (mut client, mut query) = client_with(|_| {});
    let mut exchanges = Vec::new();
    loop {
        let reply = match ask(server, NOW, query.clone()) {
            Answer::Reply(reply) | Answer::Created(_, reply) => reply,
            other => panic!("{other:?}"),
        };
        exchanges.push((query, reply.clone()));
        match tell(&mut client, reply).unwrap() {
            Ok(_) => return exchanges,
            Err(next) => query = next,
        }
    }
}

#[test]
fn m144_a_repeat_of_the_last_query_gets_the_same_answer() {
    for stop in 0..3 {
        let mut server = server();
        let (mut client, mut query) = client_with(|_| {});
        for round in 0..=stop {
            let reply = match ask(&mut server, NOW, query.clone()) {
                Answer::Reply(reply) | Answer::Created(_, reply) => reply,
                other => panic!("{other:?}"),
            };
            if round == stop {
                let later = NOW + Duration::from_secs(RUN_LIFETIME_S - 1);
                let again = ask(&mut server, later, query.clone()).reply();
                assert_eq!(body(&again), body(&reply), "query {round}");
                let expired = ask(&mut server, NOW + Duration::from_secs(RUN_LIFETIME_S), query.clone());
                match (round, expired) {
                    (0, Answer::Reply(fresh)) => assert_ne!(body(&fresh), body(&reply), "a new run"),
                    (_, Answer::Refused(refusal)) => {
                        assert_eq!((refusal.code, refusal.reason), (-404, Reason::Expired), "M-145");
                    }
                    (_, other) => panic!("{other:?}"),
                }
                break;
            }
            query = tell(&mut client, reply).unwrap().unwrap_err();
        }
    }
}

#[test]
fn m144_a_repeat_while_the_answer_is_computed_waits_for_it() {
    let mut server = server();
    let (mut client, first) = client_with(|_| {});
    let query = tell(&mut client, ask(&mut server, NOW, first).reply()).unwrap().unwrap_err();
    let Step::Compute(job) = server.receive(NOW, query.clone(), &mut rng(1)) else { panic!() };
    assert!(matches!(server.receive(NOW, query.clone(), &mut rng(1)), Step::Nothing));
    assert!(matches!(server.complete(NOW, job.run(&mut rng(1))), Step::Reply(_)));
    assert!(matches!(server.receive(NOW, query, &mut rng(1)), Step::Reply(_)));
}

#[test]
fn m145_an_earlier_query_is_out_of_its_turn() {
    let mut server = server();
    let exchanges = whole_run(&mut server);
    let refusal = ask(&mut server, NOW, exchanges[1].0.clone()).refusal();
    assert_eq!((refusal.code, refusal.reason), (-404, Reason::OutOfTurn("req_DH_params")));
    let refusal = ask(&mut server, NOW, exchanges[2].0.clone()).refusal();
    assert_eq!(refusal.reason, Reason::Poisoned, "M-118");
}

/// M-141: a client may start over at any point.
#[test]
fn m099_m100_a_new_req_pq_replaces_the_run() {
    let mut server = server();
    let (mut client, first) = client_with(|_| {});
    let query = tell(&mut client, ask(&mut server, NOW, first).reply()).unwrap().unwrap_err();
    let Step::Compute(stale) = server.receive(NOW, query.clone(), &mut rng(1)) else { panic!() };

    let (mut other, other_first) = client_with(|config| config.old_req_pq = true);
    let answer = server.receive(NOW, other_first, &mut rng(77));
    let Step::Reply(answer) = answer else { panic!() };
    assert!(
        matches!(server.complete(NOW, stale.run(&mut rng(1))), Step::Nothing),
        "the old outcome is ignored"
    );
    let refusal = ask(&mut server, NOW, query).refusal();
    assert_eq!(refusal.reason, Reason::UnknownRun, "the old run is gone and does not harm the new one");

    let next = tell(&mut other, answer).unwrap().unwrap_err();
    let next = tell(&mut other, ask(&mut server, NOW, next).reply()).unwrap().unwrap_err();
    assert!(matches!(ask(&mut server, NOW, next), Answer::Created(..)));
}

#[test]
fn one_connection_makes_several_keys() {
    let mut server = server();
    let (mut client, first) = client_with(|_| {});
    let (permanent, _) = agree(&mut server, &mut client, first);
    let (mut client, first) =
        client_with(|config| (config.expires_in, config.old_req_pq) = (Some(3600), true));
    let (temporary, _) = agree(&mut server, &mut client, first);
    assert_eq!((permanent.expires_in, temporary.expires_in), (None, Some(3600)));
}

#[test]
fn m146_runs_per_connection_are_limited() {
    let mut server = server();
    for seed in 0..MAX_RUNS_PER_CONNECTION {
        ask(&mut server, NOW, req_pq(seed)).reply();
    }
    let refusal = ask(&mut server, NOW, req_pq(u32::MAX)).refusal();
    assert_eq!((refusal.code, refusal.reason), (-429, Reason::TooManyRuns));
}

fn req_pq(seed: u32) -> Bytes {
    let mut body = [0; 20];
    body[..4].copy_from_slice(&0xbe7e_8ef1_u32.to_le_bytes());
    body[4..8].copy_from_slice(&seed.to_le_bytes());
    plain::encode(4, &body)
}

#[test]
fn m087_acknowledgements_are_ignored() {
    let ack = [0x62d6_b459_u32, 0x1cb5_c415, 0].map(u32::to_le_bytes).concat();
    assert!(matches!(ask(&mut server(), NOW, plain::encode(4, &ack)), Answer::Nothing));
}

#[test]
fn m088_other_functions_are_refused() {
    let ping = [0x7abe_77ec_u32, 1, 2].map(u32::to_le_bytes).concat();
    let refusal = ask(&mut server(), NOW, plain::encode(4, &ping)).refusal();
    assert_eq!((refusal.code, refusal.reason), (-404, Reason::NotPlaintext("ping")));
    let unknown = [0xdead_beef_u32, 1, 2].map(u32::to_le_bytes).concat();
    let refusal = ask(&mut server(), NOW, plain::encode(4, &unknown)).refusal();
    assert!(matches!((refusal.code, &refusal.reason), (-404, Reason::Malformed(_))), "{refusal}");
}

#[test]
fn long_bodies_are_refused() {
    let refusal = ask(&mut server(), NOW, plain::encode(4, &vec![1; MAX_BODY_BYTES + 4])).refusal();
    assert_eq!((refusal.code, refusal.reason), (-404, Reason::TooLong(MAX_BODY_BYTES + 4)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    /// The entry for fuzzing: any bytes at any moment of a run are answered without a panic.
    #[test]
    fn arbitrary_payloads_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), id in 0..4_usize, plain in any::<bool>()) {
        let ids = [0xbe7e_8ef1_u32, 0xd712_e4be, 0xf504_5f1f, 0x62d6_b459];
        let body = [&ids[id].to_le_bytes()[..], &bytes].concat();
        let payload = if plain { plain::encode(4, &body) } else { Bytes::from(bytes) };
        let mut server = server_without_keys();
        ask(&mut server, NOW, req_pq(1));
        ask(&mut server, NOW, payload.clone());
        let (mut client, _) = client_with(|_| {});
        let _ = client.receive(payload);
    }
}

fn server_without_keys() -> ServerHandshake {
    super::support::server_with(|config| config.keys.clear())
}
