//! Keys, time and the ways to drive an exchange.

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use zaun_crypto::rsa::{PrivateKey, PublicKey};
use zaun_mtproto::handshake::{
    ClientConfig, ClientError, ClientHandshake, ClientStep, NegotiatedKey, NewKey, Refusal, ServerConfig,
    ServerHandshake, Step,
};

pub const NOW: Duration = Duration::from_secs(1_800_000_000);

pub fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// Two keys in PEM; making them takes longer than all the tests.
static KEYS: LazyLock<[String; 2]> = LazyLock::new(|| {
    [1, 2].map(|seed| PrivateKey::generate(&mut rng(seed)).unwrap().to_pkcs8_pem().unwrap().to_string())
});

pub fn private_keys() -> Vec<PrivateKey> {
    KEYS.iter().map(|pem| PrivateKey::from_pem(pem).unwrap()).collect()
}

/// The public half of the second key, so that choosing among several matters.
pub fn public_key() -> PublicKey {
    PublicKey::from_pem(&PrivateKey::from_pem(&KEYS[1]).unwrap().public().to_pkcs1_pem()).unwrap()
}

pub fn server() -> ServerHandshake {
    server_with(|_| {})
}

pub fn server_with(change: impl FnOnce(&mut ServerConfig)) -> ServerHandshake {
    let mut config = ServerConfig::new(private_keys());
    change(&mut config);
    ServerHandshake::new(Arc::new(config))
}

pub fn client_with(change: impl FnOnce(&mut ClientConfig)) -> (ClientHandshake, Bytes) {
    let mut config = ClientConfig::new(vec![public_key()]);
    change(&mut config);
    ClientHandshake::start(Arc::new(config), NOW, &mut rng(3)).unwrap()
}

/// What a server says to a payload once its jobs have run and its key is stored.
#[derive(Debug)]
pub enum Answer {
    Reply(Bytes),
    /// The key it had to store, and dh_gen_ok.
    Created(NewKey, Bytes),
    Refused(Refusal),
    Nothing,
}

impl Answer {
    pub fn reply(self) -> Bytes {
        match self {
            Self::Reply(reply) => reply,
            other => panic!("{other:?}"),
        }
    }

    pub fn refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

pub fn ask(server: &mut ServerHandshake, now: Duration, payload: Bytes) -> Answer {
    let mut rng = rng(now.as_secs());
    let mut step = server.receive(now, payload, &mut rng);
    let mut created = None;
    loop {
        step = match step {
            Step::Compute(job) => server.complete(now, job.run(&mut rng)),
            Step::Created(key) => {
                created = Some(key);
                server.stored(now)
            }
            Step::Reply(reply) => match created {
                Some(key) => return Answer::Created(key, reply),
                None => return Answer::Reply(reply),
            },
            Step::Refuse(refusal) => return Answer::Refused(refusal),
            Step::Nothing => return Answer::Nothing,
        };
    }
}

/// What a client says to a payload once its job has run: the next payload, or the key.
pub fn tell(
    client: &mut ClientHandshake,
    payload: Bytes,
) -> Result<Result<NegotiatedKey, Bytes>, ClientError> {
    // Seeded by the answer's rising identifier, so that a retry draws other numbers.
    let seed = payload.get(8..16).map_or(0, |id| u64::from_le_bytes(id.try_into().unwrap()));
    match client.receive(payload)? {
        ClientStep::Compute(job) => Ok(Err(client.complete(NOW, job.run(&mut rng(seed)))?)),
        ClientStep::Done(key) => Ok(Ok(key)),
    }
}

/// Runs a whole exchange.
pub fn agree(
    server: &mut ServerHandshake,
    client: &mut ClientHandshake,
    first: Bytes,
) -> (NewKey, NegotiatedKey) {
    let mut payload = first;
    let mut created = None;
    loop {
        let answer = match ask(server, NOW, payload) {
            Answer::Reply(reply) => reply,
            Answer::Created(key, reply) => {
                created = Some(key);
                reply
            }
            other => panic!("{other:?}"),
        };
        match tell(client, answer).unwrap() {
            Ok(key) => return (created.unwrap(), key),
            Err(next) => payload = next,
        }
    }
}
