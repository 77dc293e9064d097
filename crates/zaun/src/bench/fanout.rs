//! One object to a thousand sessions: what it is worth to encrypt their packets together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use zaun_probe::{Conversation, Session, SpawnedServer};
use zaun_server::{MemoryKeys, Router, Server, SessionHandle};
use zaun_wire::{functions, types};

use super::target::Target;
use super::{figure, headline};

/// Sessions that get the object.
const SESSIONS: usize = 1000;
/// Sessions on one key; below the server's limit per key.
const SESSIONS_PER_KEY: usize = 100;
/// Objects that are sent in one stretch.
const ROUNDS: usize = 20;
/// Stretches of either kind, taken in turn.
const STRETCHES: usize = 5;

/// Runs the measurement, with server and clients in this process: clients read frames and decrypt nothing, so what
/// differs between the two ways is the encryption alone.
pub async fn run() -> anyhow::Result<()> {
    headline("one object to 1,000 sessions, server and readers in one process");
    let crowd = Crowd::gather().await?;
    for size in [128, 1024, 4096, 16384] {
        let object = Bytes::from(vec![0x5a; size]);
        let (mut one_by_one, mut together) = (Vec::new(), Vec::new());
        for _ in 0..STRETCHES {
            one_by_one.push(crowd.stretch(&object, false).await);
            together.push(crowd.stretch(&object, true).await);
        }
        let (one_by_one, together) = (median(one_by_one), median(together));
        figure(&format!("{size} B, one by one"), format!("{one_by_one:.2}"), "µs of processor per session");
        figure(&format!("{size} B, together"), format!("{together:.2}"), "µs of processor per session");
        figure(&format!("{size} B, ratio"), format!("{:.2}", one_by_one / together), "×");
    }
    Ok(())
}

struct Crowd {
    server: SpawnedServer<Router>,
    sessions: Vec<Arc<SessionHandle<Router>>>,
    received: Arc<AtomicUsize>,
}

impl Crowd {
    async fn gather() -> anyhow::Result<Crowd> {
        let server = SpawnedServer::build(Server::builder(Router::new(), MemoryKeys::default())).await?;
        let received = Arc::new(AtomicUsize::new(0));
        let mut crowd = Crowd { server, sessions: Vec::new(), received };
        let mut known: Option<Session> = None;
        for n in 0..SESSIONS {
            if n % SESSIONS_PER_KEY == 0 {
                known = None;
            }
            let conversation = crowd.join(known.as_ref()).await?;
            known.get_or_insert_with(|| conversation.session.clone());
            let key = crowd.server.handle().key(conversation.session.key.id());
            let session = key.and_then(|key| {
                key.sessions().into_iter().find(|session| session.id == conversation.session.session_id)
            });
            crowd.sessions.extend(session);
            crowd.read(conversation);
        }
        Ok(crowd)
    }

    async fn join(&self, known: Option<&Session>) -> anyhow::Result<Conversation> {
        let address = self.server.address();
        let mut conversation = match known {
            None => Conversation::begin(address, Target::wire(), &self.server.public_key()).await?,
            Some(other) => {
                let session = Session::new(other.key.clone(), other.salt);
                Conversation::resume(address, Target::wire(), session).await?
            }
        };
        conversation.send_even(&functions::Ping { ping_id: 1 }).await?;
        while conversation.receive().await?.decode::<types::Pong>().is_none() {}
        Ok(conversation)
    }

    /// Counts packets for ever.
    fn read(&self, mut conversation: Conversation) {
        let received = self.received.clone();
        tokio::spawn(async move {
            while conversation.client.payload().await.is_ok() {
                received.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    /// Microseconds of processor time per session and object.
    async fn stretch(&self, object: &Bytes, together: bool) -> f64 {
        let before = processor_time();
        for _ in 0..ROUNDS {
            let target = self.received.load(Ordering::Relaxed) + self.sessions.len();
            if together {
                self.server.handle().push_all(&self.sessions, object);
            } else {
                self.sessions.iter().for_each(|session| session.push(object.clone()));
            }
            while self.received.load(Ordering::Relaxed) < target {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        (processor_time() - before).as_secs_f64() * 1e6 / (ROUNDS * self.sessions.len()) as f64
    }
}

/// Processor time of this process.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
