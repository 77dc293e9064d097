//! `handshake_*.json`: key exchanges, draw by draw.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;
use serde::{Deserialize, Serialize};
use zaun_crypto::auth_key::AuthKey;
use zaun_crypto::nonces::{DhAnswer, first_salt, new_nonce_hash, tmp_aes};
use zaun_crypto::rsa::{PrivateKey, PublicKey};
use zaun_mtproto::handshake::{
    ClientConfig, ClientHandshake, ClientStep, NegotiatedKey, NewKey, RsaScheme, ServerConfig,
    ServerHandshake, Step, plain,
};
use zaun_wire::{functions, types};

use super::support::{Draw, Hex, Long, NOW, NOW_S, Tape, read, same};

#[derive(Serialize, Deserialize)]
struct Transcript {
    rsa_scheme: String,
    dc: i32,
    expires_in: Option<i32>,
    now: u64,
    server_key: ServerKey,
    messages: Vec<Message>,
    derived: Derived,
}

#[derive(Serialize, Deserialize, Clone)]
struct ServerKey {
    n: Hex,
    e: Hex,
    fingerprint: Long,
    private_pem: String,
}

#[derive(Serialize, Deserialize)]
struct Message {
    from: String,
    name: String,
    draws: Vec<Draw>,
    payload: Hex,
}

/// Of the last attempt, if there were several.
#[derive(Serialize, Deserialize)]
struct Derived {
    pq: Hex,
    p: Hex,
    q: Hex,
    new_nonce: Hex,
    inner_data: Hex,
    tmp_aes_key: Hex,
    tmp_aes_iv: Hex,
    server_dh_inner_data: Hex,
    client_dh_inner_data: Hex,
    auth_key: Hex,
    auth_key_id: Long,
    auth_key_aux_hash: Long,
    new_nonce_hash1: Hex,
    first_salt: Long,
}

struct Case {
    file: &'static str,
    scheme: RsaScheme,
    dc: i32,
    expires_in: Option<i32>,
    /// How often the server finds the key's id taken.
    collisions: usize,
    seed: u64,
}

const CASES: [Case; 5] = [
    case("handshake_permanent.json", RsaScheme::Pad, 2, None, 0, 1),
    case("handshake_permanent_old_rsa.json", RsaScheme::Old, 10_001, None, 0, 2),
    case("handshake_temporary.json", RsaScheme::Pad, -2, Some(86_400), 0, 3),
    case("handshake_temporary_old_rsa.json", RsaScheme::Old, 2, Some(86_400), 0, 4),
    case("handshake_retry.json", RsaScheme::Pad, 2, None, 1, 5),
];

const fn case(
    file: &'static str,
    scheme: RsaScheme,
    dc: i32,
    expires_in: Option<i32>,
    collisions: usize,
    seed: u64,
) -> Case {
    Case { file, scheme, dc, expires_in, collisions, seed }
}

static KEY: LazyLock<String> = LazyLock::new(|| {
    let key = PrivateKey::generate(&mut ChaCha20Rng::seed_from_u64(2048)).unwrap();
    key.to_pkcs8_pem().unwrap().to_string()
});

fn scheme_name(scheme: RsaScheme) -> String {
    if scheme == RsaScheme::Pad { "rsa_pad" } else { "old" }.to_owned()
}

fn server(pem: &str) -> ServerHandshake {
    ServerHandshake::new(Arc::new(ServerConfig::new(vec![PrivateKey::from_pem(pem).unwrap()])))
}

fn client(
    scheme: &str,
    dc: i32,
    expires_in: Option<i32>,
    key: PublicKey,
    tape: &mut Tape,
) -> (ClientHandshake, Bytes) {
    let scheme = if scheme == "rsa_pad" { RsaScheme::Pad } else { RsaScheme::Old };
    let config = ClientConfig { dc: Some(dc), expires_in, scheme, ..ClientConfig::new(vec![key]) };
    ClientHandshake::start(Arc::new(config), NOW, tape).unwrap()
}

/// What the server answers; `collides` if the id of the key is taken.
fn answer(
    server: &mut ServerHandshake,
    payload: Bytes,
    collides: bool,
    tape: &mut Tape,
) -> (Bytes, Option<NewKey>) {
    let mut step = server.receive(NOW, payload, tape);
    let mut created = None;
    loop {
        step = match step {
            Step::Compute(job) => server.complete(NOW, job.run(tape)),
            Step::Created(_) if collides => server.collided(NOW),
            Step::Created(key) => {
                created = Some(key);
                server.stored(NOW)
            }
            Step::Reply(reply) => return (reply, created),
            other => panic!("{other:?}"),
        };
    }
}

/// What the client says next, or the key.
fn next(client: &mut ClientHandshake, payload: Bytes, tape: &mut Tape) -> Result<Bytes, NegotiatedKey> {
    match client.receive(payload).unwrap() {
        ClientStep::Compute(job) => Ok(client.complete(NOW, job.run(tape)).unwrap()),
        ClientStep::Done(key) => Err(key),
    }
}

fn make(case: &Case) -> Transcript {
    let private = PrivateKey::from_pem(&KEY).unwrap();
    let public = private.public();
    let server_key = ServerKey {
        n: Hex::of(public.n()),
        e: Hex(public.e_bytes()),
        fingerprint: Long(public.fingerprint()),
        private_pem: KEY.clone(),
    };
    let (mut ours, mut theirs) = (Tape::record(case.seed), Tape::record(case.seed + 100));
    let key = PublicKey::from_pem(&public.to_pkcs1_pem()).unwrap();
    let scheme = scheme_name(case.scheme);
    let (mut client, mut payload) = client(&scheme, case.dc, case.expires_in, key, &mut ours);
    let mut server = server(&KEY);
    let mut messages = Vec::new();
    let mut says = |from: &str, name: &str, draws, payload: &Bytes| {
        messages.push(Message { from: from.into(), name: name.into(), draws, payload: Hex::of(payload) });
    };
    says("client", "req_pq_multi", ours.named(&["nonce"]), &payload);
    let (response, _) = answer(&mut server, payload, false, &mut theirs);
    says("server", "resPQ", theirs.named(&["server_nonce", "pq_candidate*"]), &response);
    payload = next(&mut client, response, &mut ours).unwrap();
    let draws = match case.scheme {
        RsaScheme::Pad => ours.named(&["new_nonce", "data_padding", "temp_key*"]),
        RsaScheme::Old => ours.named(&["new_nonce", "data_padding"]),
    };
    says("client", "req_DH_params", draws, &payload);
    let (params, _) = answer(&mut server, payload, false, &mut theirs);
    says("server", "server_DH_params_ok", theirs.named(&["a*", "answer_padding"]), &params);
    let mut heard = params;
    for attempt in 0.. {
        payload = next(&mut client, heard, &mut ours).unwrap();
        says("client", "set_client_DH_params", ours.named(&["b*", "padding"]), &payload);
        let collides = attempt < case.collisions;
        let (reply, created) = answer(&mut server, payload, collides, &mut theirs);
        let name = if collides { "dh_gen_retry" } else { "dh_gen_ok" };
        says("server", name, theirs.named(&[]), &reply);
        heard = reply;
        if created.is_some() {
            break;
        }
    }
    let negotiated = next(&mut client, heard, &mut ours).unwrap_err();
    let derived = derive(&messages, &negotiated.auth_key);
    assert_eq!(derived.first_salt.0, negotiated.first_salt);
    let Case { dc, expires_in, .. } = *case;
    Transcript { rsa_scheme: scheme, dc, expires_in, now: NOW_S, server_key, messages, derived }
}

/// Object of a message.
fn object<T: zaun_tl::Decode>(messages: &[Message], name: &str) -> T {
    let message = messages.iter().rev().find(|message| message.name == name).unwrap();
    zaun_tl::from_bytes(plain::decode(message.payload.bytes()).unwrap().body).unwrap()
}

fn drawn(messages: &[Message], name: &str) -> Hex {
    messages.iter().flat_map(|message| &message.draws).find(|draw| draw.name == name).unwrap().hex.clone()
}

fn derive(messages: &[Message], key: &AuthKey) -> Derived {
    let response: types::ResPQ = object(messages, "resPQ");
    let body = |name: &str| {
        let message = messages.iter().rev().find(|message| message.name == name).unwrap();
        // Constructors of functions are not those of types: skip the id.
        plain::decode(message.payload.bytes()).unwrap().body
    };
    let asked: functions::ReqDHParams = parse(body("req_DH_params"));
    let offered: types::ServerDHParamsOk = object(messages, "server_DH_params_ok");
    let shared: functions::SetClientDHParams = parse(body("set_client_DH_params"));
    let new_nonce: [u8; 32] = drawn(messages, "new_nonce").array();
    let tmp = tmp_aes(&new_nonce, &response.server_nonce);
    let opened = |encrypted: &[u8]| {
        let mut data = encrypted.to_vec();
        tmp.decrypt(&mut data).unwrap();
        Hex(data.split_off(20))
    };
    let private = PrivateKey::from_pem(&KEY).unwrap();
    let encrypted: [u8; 256] = asked.encrypted_data[..].try_into().unwrap();
    let padded = match zaun_crypto::rsa_pad::decrypt(&private, &encrypted) {
        Ok(data) => data.to_vec(),
        Err(_) => zaun_crypto::rsa_old::decrypt(&private, &encrypted).unwrap().unverified().to_vec(),
    };
    let object_of = |mut hex: Hex, padding: &str| {
        let last = messages.iter().flat_map(|m| &m.draws).rfind(|draw| draw.name == padding);
        hex.0.truncate(hex.0.len() - last.unwrap().hex.0.len());
        hex
    };
    Derived {
        pq: Hex::of(&response.pq),
        p: Hex::of(&asked.p),
        q: Hex::of(&asked.q),
        new_nonce: Hex::of(new_nonce),
        inner_data: object_of(Hex(padded), "data_padding"),
        tmp_aes_key: Hex::of(tmp.key),
        tmp_aes_iv: Hex::of(tmp.iv),
        server_dh_inner_data: object_of(opened(&offered.encrypted_answer), "answer_padding"),
        client_dh_inner_data: object_of(opened(&shared.encrypted_data), "padding"),
        auth_key: Hex::of(key.as_bytes()),
        auth_key_id: Long(key.id()),
        auth_key_aux_hash: Long(key.aux_hash()),
        new_nonce_hash1: Hex::of(new_nonce_hash(DhAnswer::Ok, &new_nonce, key)),
        first_salt: Long(first_salt(&new_nonce, &response.server_nonce)),
    }
}

fn parse<T: zaun_tl::Decode>(body: Bytes) -> T {
    zaun_tl::from_prefix(body).unwrap()
}

#[test]
fn handshakes_are_what_the_engines_make() {
    for case in &CASES {
        same(case.file, &make(case));
    }
}

/// M-092 … M-142.
#[test]
fn handshakes_replay_through_the_client() {
    for case in &CASES {
        let file: Transcript = read(case.file);
        let key = PublicKey::new(&file.server_key.n.0, &file.server_key.e.0).unwrap();
        assert_eq!(key.fingerprint(), file.server_key.fingerprint.0, "M-097");
        let [first, rest @ ..] = &file.messages[..] else { panic!("no messages") };
        let mut tape = Tape::play(&first.draws);
        let (mut client, payload) = client(&file.rsa_scheme, file.dc, file.expires_in, key, &mut tape);
        assert_eq!(payload, first.payload.0, "{}", first.name);
        tape.ends();
        let mut agreed = None;
        for pair in rest.chunks(2) {
            let mut tape = Tape::play(pair.get(1).map_or(&[], |ours| &ours.draws));
            match next(&mut client, pair[0].payload.bytes(), &mut tape) {
                Ok(payload) => assert_eq!(payload, pair[1].payload.0, "{}", pair[1].name),
                Err(key) => agreed = Some(key),
            }
            tape.ends();
        }
        let agreed = agreed.expect("the last message brings the key");
        assert_eq!(agreed.auth_key.as_bytes()[..], file.derived.auth_key.0, "M-135");
        assert_eq!(agreed.auth_key.id(), file.derived.auth_key_id.0, "M-136");
        assert_eq!(agreed.first_salt, file.derived.first_salt.0, "M-142");
        assert_eq!(u64::try_from(agreed.server_time), Ok(file.now), "M-127");
    }
}

/// M-092 … M-142.
#[test]
fn handshakes_replay_through_the_server() {
    for case in &CASES {
        let file: Transcript = read(case.file);
        let mut server = server(&file.server_key.private_pem);
        let mut agreed = None;
        for pair in file.messages.chunks(2) {
            let mut tape = Tape::play(&pair[1].draws);
            let collides = pair[1].name == "dh_gen_retry";
            let (reply, created) = answer(&mut server, pair[0].payload.bytes(), collides, &mut tape);
            assert_eq!(reply, pair[1].payload.0, "{}", pair[1].name);
            agreed = created.or(agreed);
            tape.ends();
        }
        let agreed = agreed.expect("the last message makes the key");
        assert_eq!(agreed.auth_key.as_bytes()[..], file.derived.auth_key.0, "M-135");
        assert_eq!((agreed.dc, agreed.expires_in), (Some(file.dc), file.expires_in), "M-113, M-116");
        assert_eq!(agreed.first_salt, file.derived.first_salt.0, "M-142");
    }
}
