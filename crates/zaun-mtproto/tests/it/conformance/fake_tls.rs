//! `fake_tls.json`: a ClientHello with all its randomness, and the server's flight.

use bytes::BytesMut;
use serde::{Deserialize, Serialize};
use zaun_transport::faketls::{ClientHello, ReplayCache, accept};
use zaun_transport::{ProxySecret, Secret, SecretKind};

use super::support::{Draw, Hex, NOW_S, Tape, read, same};

#[derive(Serialize, Deserialize)]
struct Case {
    secret: Hex,
    domain: String,
    now: u64,
    client_draws: Vec<Draw>,
    client_hello: Hex,
    server_draws: Vec<Draw>,
    server_flight: Hex,
}

fn hello(case: &Case, tape: &mut Tape) -> (ClientHello, BytesMut) {
    let mut out = BytesMut::new();
    let hello = ClientHello::write(Secret(case.secret.array()), &case.domain, case.now, tape, &mut out);
    (hello, out)
}

fn flight(case: &Case, tape: &mut Tape) -> BytesMut {
    let kind = SecretKind::FakeTls(case.domain.clone());
    let secret = ProxySecret { key: Secret(case.secret.array()), kind };
    accept(&case.client_hello.0, &[secret], case.now, &mut ReplayCache::default(), tape).unwrap().flight
}

fn make() -> Vec<Case> {
    let cases = [("example.com", 70), ("a.rather.long.name.of.a.site.example.org", 71)];
    let made = cases.map(|(domain, seed)| {
        let mut tape = Tape::record(seed);
        let secret = Hex::of(std::array::from_fn::<u8, 16, _>(|at| at as u8 * 3 + 1));
        let mut case = Case {
            secret,
            domain: domain.to_owned(),
            now: NOW_S,
            client_draws: Vec::new(),
            client_hello: Hex::default(),
            server_draws: Vec::new(),
            server_flight: Hex::default(),
        };
        case.client_hello = Hex::of(hello(&case, &mut tape).1);
        case.client_draws = tape.named(&["session_id", "x25519_private"]);
        case.server_flight = Hex::of(flight(&case, &mut tape));
        case.server_draws = tape.named(&["jitter", "x25519_private", "certificate"]);
        case
    });
    made.into()
}

#[test]
fn fake_tls_is_what_the_engines_make() {
    same("fake_tls.json", &make());
}

#[test]
fn fake_tls_replays_through_both_roles() {
    for case in read::<Vec<Case>>("fake_tls.json") {
        let mut tape = Tape::play(&case.client_draws);
        let (mut client, record) = hello(&case, &mut tape);
        assert_eq!(record, case.client_hello.0, "M-341, M-342");
        tape.ends();
        let mut tape = Tape::play(&case.server_draws);
        assert_eq!(flight(&case, &mut tape), case.server_flight.0, "M-346, M-347");
        tape.ends();
        assert!(client.receive(&case.server_flight.0).unwrap().is_some(), "M-347, M-348");
    }
}
