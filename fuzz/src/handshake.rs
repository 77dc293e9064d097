//! The server's half of the key exchange, with a generator that always starts alike, so that a recorded client is
//! answered as it was.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zaun_crypto::rsa::{PrivateKey, PublicKey};
use zaun_mtproto::handshake::{
    ClientConfig, ClientHandshake, ClientStep, RsaScheme, ServerConfig, ServerHandshake, Step, plain,
};

use crate::{Cursor, chunk};

const NOW: Duration = Duration::from_secs(1_800_000_000);

static CONFIG: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
    let key = PrivateKey::generate(&mut StdRng::seed_from_u64(1)).expect("a key");
    Arc::new(ServerConfig::new(vec![key]))
});

/// A server that answers at once: jobs are run where they come up, keys are stored at once.
struct Server {
    engine: ServerHandshake,
    rng: StdRng,
}

impl Server {
    fn new() -> Server {
        Server { engine: ServerHandshake::new(CONFIG.clone()), rng: StdRng::seed_from_u64(2) }
    }

    /// The answer, and whether a key was made.
    fn ask(&mut self, payload: Bytes, collide: bool) -> (Option<Bytes>, bool) {
        let mut step = self.engine.receive(NOW, payload, &mut self.rng);
        let mut created = false;
        loop {
            step = match step {
                Step::Compute(job) => self.engine.complete(NOW, job.run(&mut self.rng)),
                Step::Created(key) => {
                    assert_ne!(key.auth_key.id(), 0, "M-138");
                    created = !collide;
                    if collide { self.engine.collided(NOW) } else { self.engine.stored(NOW) }
                }
                Step::Reply(reply) => return (Some(reply), created),
                Step::Refuse(refusal) => {
                    assert!([-404, -429, -444].contains(&refusal.code), "M-048");
                    return (None, created);
                }
                Step::Nothing => return (None, created),
            };
        }
    }
}

/// The first byte says whether bodies get a right envelope, and whether keys collide; chunks follow.
pub fn run(data: &[u8]) {
    let mut input = Cursor(data);
    let choice = input.byte();
    let mut server = Server::new();
    for _ in 0..8 {
        if input.is_empty() {
            break;
        }
        let chunk = Bytes::copy_from_slice(input.chunk());
        let payload = if choice & 1 == 0 { plain::encode(4, &chunk) } else { chunk };
        let _ = server.ask(payload, choice & 2 != 0);
    }
}

/// Whole exchanges of each kind of client.
pub fn seeds() -> Vec<Vec<u8>> {
    let pem = CONFIG.keys[0].public().to_pkcs1_pem();
    let config = |change: fn(&mut ClientConfig)| {
        let mut config = ClientConfig::new(vec![PublicKey::from_pem(&pem).expect("own PEM")]);
        change(&mut config);
        config
    };
    let kinds = [
        config(|_| {}),
        config(|config| config.scheme = RsaScheme::Old),
        config(|config| config.expires_in = Some(3600)),
        config(|config| (config.dc, config.old_req_pq) = (None, true)),
    ];
    kinds.into_iter().map(record).collect()
}

fn record(config: ClientConfig) -> Vec<u8> {
    let (mut server, mut rng) = (Server::new(), StdRng::seed_from_u64(3));
    let (mut client, mut payload) =
        ClientHandshake::start(Arc::new(config), NOW, &mut rng).expect("there is a key");
    let mut seed = vec![0];
    loop {
        // Without the envelope, which the target makes itself.
        seed.extend(chunk(&payload[plain::HEADER..]));
        let (answer, _) = server.ask(payload, false);
        match client.receive(answer.expect("an answer")).expect("a right answer") {
            ClientStep::Compute(job) => {
                payload = client.complete(NOW, job.run(&mut rng)).expect("a right computation");
            }
            ClientStep::Done(_) => return seed,
        }
    }
}
