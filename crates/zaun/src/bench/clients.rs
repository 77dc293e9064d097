//! The client engine: many clients in one process beside one server.

use std::sync::Arc;

use bytes::Bytes;
use zaun_client::{App, Connection, SavedSession};
use zaun_crypto::rsa::PublicKey;
use zaun_schema::api::functions::help::GetNearestDc;

use super::target::{Target, own_cpu, own_rss_kib};
use super::{BenchArgs, figure, headline};

/// Sessions on one key; below the server's limit per key.
const SESSIONS_PER_KEY: usize = 100;
/// Calls in all, however many clients make them.
const CALLS: usize = 100_000;
/// Calls that a single client has under way.
const WINDOW: usize = 64;

/// Runs the measurement.
pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    headline(&format!("{} clients in this process", args.clients));
    let target = Target::open(args)?;
    let clients = connect(&target, args.clients).await?;
    calls(&target, "through one connection", &clients[..1], WINDOW).await?;
    calls(&target, &format!("through {} connections", clients.len()), &clients, 1).await?;
    Ok(())
}

/// Opens the connections and tells what each costs this process while it is silent.
async fn connect(target: &Target, count: usize) -> anyhow::Result<Vec<Connection>> {
    let mut clients: Vec<Connection> = Vec::with_capacity(count);
    let trusted: Arc<[PublicKey]> = vec![target.public_key()?].into();
    let (mut key, mut before) = (None, own_rss_kib());
    while clients.len() < count {
        if clients.len().is_multiple_of(SESSIONS_PER_KEY) {
            key = None;
        }
        let connection = open(target, trusted.clone(), key.as_ref()).await?;
        connection.invoke(&GetNearestDc {}).await?;
        key.get_or_insert_with(|| SavedSession { session_id: 0, ..connection.saved() });
        clients.push(connection);
        // What the first ones cost once is not theirs.
        if clients.len() == SESSIONS_PER_KEY.min(count / 2) {
            before = own_rss_kib();
        }
    }
    let measured = count - SESSIONS_PER_KEY.min(count / 2);
    if let (Some(before), Some(after)) = (before, own_rss_kib()) {
        let each = after.saturating_sub(before) as f64 / measured as f64;
        figure("memory of a connected client", format!("{each:.2}"), "KiB each");
    }
    Ok(clients)
}

async fn open(
    target: &Target,
    trusted: Arc<[PublicKey]>,
    known: Option<&SavedSession>,
) -> anyhow::Result<Connection> {
    let introduce = App::new(1, "bench").introduction();
    let builder = Connection::builder(target.address).keys(trusted).introduce(introduce);
    let builder = match known {
        Some(saved) => builder.saved(saved.clone()),
        None => builder,
    };
    Ok(builder.connect().await?)
}

async fn calls(target: &Target, name: &str, clients: &[Connection], window: usize) -> anyhow::Result<()> {
    let query: Bytes = zaun_tl::to_bytes(&GetNearestDc {}, zaun_schema::LAYER)?.into();
    let workers = clients.len() * window;
    let share = CALLS / workers;
    let (watch, cpu) = (target.stopwatch(), own_cpu());
    let mut tasks = Vec::with_capacity(workers);
    for worker in 0..workers {
        let (connection, query) = (clients[worker % clients.len()].clone(), query.clone());
        tasks.push(tokio::spawn(async move {
            for _ in 0..share {
                connection.invoke_raw(query.clone()).await?;
            }
            Ok::<_, zaun_client::InvokeError>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let (wall, total) = (watch.wall(), (share * workers) as f64);
    figure(&format!("calls {name}"), format!("{:.0}", total / wall), "per second by the clock");
    if let (Some(before), Some(after)) = (cpu, own_cpu()) {
        let each = (after - before).as_secs_f64() / total * 1e6;
        figure("the same, processor time of the client", format!("{each:.1}"), "µs per call");
    }
    Ok(())
}

impl Target {
    /// The key, once more.
    pub fn public_key(&self) -> anyhow::Result<PublicKey> {
        Ok(PublicKey::from_pem(&self.key.to_pkcs1_pem())?)
    }
}
