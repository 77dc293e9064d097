//! Both roles agree, in every variant that the wire knows.

use super::support::{Answer, NOW, agree, ask, client_with, rng, server, server_with, tell};
use zaun_mtproto::handshake::{
    ClientError, DcPolicy, MAX_EXPIRES_IN_S, MAX_RETRIES, Reason, RsaScheme, Step, plain,
};

/// M-092.
#[test]
fn m105_m107_m110_both_schemes_and_all_four_inner_data_agree() {
    for scheme in [RsaScheme::Pad, RsaScheme::Old] {
        for dc in [None, Some(2), Some(-10002)] {
            for expires_in in [None, Some(86_400)] {
                for old_req_pq in [false, true] {
                    let (mut client, first) = client_with(|config| {
                        (config.scheme, config.dc) = (scheme, dc);
                        (config.expires_in, config.old_req_pq) = (expires_in, old_req_pq);
                    });
                    let (stored, negotiated) = agree(&mut server(), &mut client, first);
                    assert!(stored.auth_key == negotiated.auth_key);
                    assert_eq!(stored.first_salt, negotiated.first_salt, "M-142");
                    assert_eq!((stored.dc, stored.expires_in), (dc, expires_in), "M-113, M-116");
                    assert_eq!(negotiated.server_time, NOW.as_secs() as i32, "M-127");
                    assert_eq!(negotiated.expires_in, expires_in);
                }
            }
        }
    }
}

#[test]
fn m093_m095_every_run_is_fresh() {
    let (mut client, first) = client_with(|_| {});
    let mut server = server();
    let one = server.receive(NOW, first.clone(), &mut rng(6));
    let two = super::support::server().receive(NOW, first.clone(), &mut rng(7));
    let (Step::Reply(one), Step::Reply(two)) = (one, two) else { panic!() };
    assert_eq!(one[24..40], two[24..40], "the nonce is echoed");
    assert_ne!(one[40..56], two[40..56], "server_nonce");
    assert_ne!(one[56..68], two[56..68], "pq");
    assert!(tell(&mut client, one).unwrap().is_err());
}

#[test]
fn m138_a_collision_is_retried_with_another_key() {
    let (mut client, first) = client_with(|_| {});
    let mut server = server();
    let mut query = tell(&mut client, ask(&mut server, NOW, first).reply()).unwrap().unwrap_err();
    query = tell(&mut client, ask(&mut server, NOW, query).reply()).unwrap().unwrap_err();
    let mut ids = Vec::new();
    let mut rng = rng(8);
    for attempt in 0..=MAX_RETRIES {
        let Step::Compute(job) = server.receive(NOW, query.clone(), &mut rng) else { panic!() };
        let Step::Created(key) = server.complete(NOW, job.run(&mut rng)) else { panic!() };
        ids.push(key.auth_key.id());
        if attempt == MAX_RETRIES {
            let Step::Reply(ok) = server.stored(NOW) else { panic!() };
            let negotiated = tell(&mut client, ok).unwrap().unwrap();
            assert!(negotiated.auth_key == key.auth_key);
            break;
        }
        let Step::Reply(retry) = server.collided(NOW) else { panic!() };
        let zaun_mtproto::handshake::ClientStep::Compute(job) = client.receive(retry).unwrap() else {
            panic!()
        };
        query = client.complete(NOW, job.run(&mut rng)).unwrap();
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), MAX_RETRIES as usize + 1, "each attempt has its own key");
}

#[test]
fn m139_too_many_collisions_fail_the_run() {
    let (mut client, first) = client_with(|_| {});
    let mut server = server();
    let mut query = tell(&mut client, ask(&mut server, NOW, first).reply()).unwrap().unwrap_err();
    query = tell(&mut client, ask(&mut server, NOW, query).reply()).unwrap().unwrap_err();
    let mut rng = rng(9);
    for attempt in 0..=MAX_RETRIES {
        let Step::Compute(job) = server.receive(NOW, query.clone(), &mut rng) else { panic!() };
        let Step::Created(_) = server.complete(NOW, job.run(&mut rng)) else { panic!() };
        let Step::Reply(answer) = server.collided(NOW) else { panic!() };
        match tell(&mut client, answer) {
            Ok(next) => query = next.unwrap_err(),
            Err(error) => {
                assert_eq!((error, attempt), (ClientError::GenFail, MAX_RETRIES));
                return;
            }
        }
    }
    panic!("the run never failed");
}

#[test]
fn m137_the_answer_comes_only_after_storing() {
    let (mut client, first) = client_with(|_| {});
    let mut server = server();
    assert!(matches!(server.stored(NOW), Step::Nothing), "nothing to store yet");
    let query = tell(&mut client, ask(&mut server, NOW, first).reply()).unwrap().unwrap_err();
    let query = tell(&mut client, ask(&mut server, NOW, query).reply()).unwrap().unwrap_err();
    let Step::Compute(job) = server.receive(NOW, query.clone(), &mut rng(1)) else { panic!() };
    let Step::Created(_) = server.complete(NOW, job.run(&mut rng(1))) else { panic!() };
    assert!(matches!(server.receive(NOW, query, &mut rng(1)), Step::Nothing), "a repeat waits as well");
    assert!(matches!(server.stored(NOW), Step::Reply(_)));
    assert!(matches!(server.stored(NOW), Step::Nothing), "once");
    assert!(matches!(server.collided(NOW), Step::Nothing), "too late");
}

#[test]
fn m115_one_dc_accepts_itself_and_its_media_twin() {
    for (dc, accepted) in [(2, true), (-2, true), (1, false), (10_002, false), (0, false), (i32::MIN, false)]
    {
        let (mut client, first) = client_with(|config| config.dc = Some(dc));
        let mut server = server_with(|config| config.dc = DcPolicy::Only(2));
        let query = tell(&mut client, ask(&mut server, NOW, first).reply()).unwrap().unwrap_err();
        match ask(&mut server, NOW, query) {
            Answer::Reply(_) => assert!(accepted, "{dc}"),
            Answer::Refused(refusal) => {
                assert!(!accepted, "{dc}");
                assert_eq!((refusal.code, refusal.reason), (-444, Reason::Dc(dc)));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn m115_inner_data_without_dc_is_accepted_everywhere() {
    let (mut client, first) = client_with(|config| config.dc = None);
    let (stored, _) = agree(&mut server_with(|config| config.dc = DcPolicy::Only(7)), &mut client, first);
    assert_eq!(stored.dc, None);
}

#[test]
fn m116_the_life_of_a_temporary_key_is_capped() {
    let (mut client, first) = client_with(|config| config.expires_in = Some(i32::MAX));
    let (stored, _) = agree(&mut server(), &mut client, first);
    assert_eq!(stored.expires_in, Some(MAX_EXPIRES_IN_S));
}

#[test]
fn m108_m109_the_old_scheme_can_be_switched_off() {
    let (mut client, first) = client_with(|config| config.scheme = RsaScheme::Old);
    let mut server = server_with(|config| config.old_rsa = false);
    let query = tell(&mut client, ask(&mut server, NOW, first).reply()).unwrap().unwrap_err();
    let refusal = ask(&mut server, NOW, query).refusal();
    assert_eq!((refusal.code, refusal.reason), (-404, Reason::Rsa));
}

/// TDLib puts random bytes behind the object, inside the declared length.
#[test]
fn bytes_behind_the_object_are_ignored() {
    let (mut client, mut query) = client_with(|_| {});
    let mut server = server();
    for round in 0..3 {
        let message = plain::decode(query.clone()).unwrap();
        let longer = [&message.body[..], &[0xa5; 252]].concat();
        match ask(&mut server, NOW, plain::encode(message.msg_id, &longer)) {
            Answer::Reply(reply) => query = tell(&mut client, reply).unwrap().unwrap_err(),
            Answer::Created(key, reply) => {
                assert_eq!(round, 2);
                assert!(tell(&mut client, reply).unwrap().unwrap().auth_key == key.auth_key);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn m089_answers_have_rising_identifiers_of_responses() {
    let (mut client, first) = client_with(|_| {});
    let mut server = server();
    let one = ask(&mut server, NOW, first).reply();
    let query = tell(&mut client, one.clone()).unwrap().unwrap_err();
    let two = ask(&mut server, NOW, query).reply();
    let ids = [one, two].map(|payload| plain::decode(payload).unwrap().msg_id);
    assert!(ids[0] < ids[1] && ids.iter().all(|id| id % 4 == 1), "{ids:?}");
}

/// M-112, M-329.
#[test]
fn secrets_do_not_show_in_debug_output() {
    let (mut client, first) = client_with(|_| {});
    let mut server = server();
    let query = tell(&mut client, ask(&mut server, NOW, first).reply()).unwrap().unwrap_err();
    ask(&mut server, NOW, query);
    assert!(format!("{server:?}").contains("Secrets { dc: Some(2), expires_in: None, .. }"));
    assert!(format!("{client:?}").contains("secrets: Secrets"));
}
