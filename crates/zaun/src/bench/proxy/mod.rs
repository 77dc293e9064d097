//! `zaun bench proxy`: what `zaun proxy` costs, beside a plain relay of TCP.

mod backs;
mod subject;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use zaun_crypto::ctr::AesCtr256;
use zaun_link::{Dial, Io};
use zaun_transport::relay::Back;
use zaun_transport::{Framing, ProxySecret, Secret, SecretKind};

use super::{BenchArgs, figure, headline};
use backs::{Backs, CHUNK, FRONT_DOMAIN, Mode};
use subject::Subject;
pub use subject::relay;

/// Connections that are opened one after the other, in so many rows at once.
const CONNECTIONS: usize = 4000;
const ROWS: usize = 16;
/// Connections that stay open and idle.
const IDLE: usize = 1000;
/// The same before the first of them is counted: what these cost once is not the others'.
const WARM: usize = 100;
/// Bytes in one direction.
const VOLUME: u64 = 1 << 30;
/// Stretches of which the best is told, so that a busy machine disturbs less.
const STRETCHES: usize = 3;
/// Small packets there and back.
const ECHOES: usize = 20_000;
/// A small packet with its length.
const SMALL: usize = 128;
/// How long a proxy may take until it leads to the data centres of the measurement.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often that is tried.
const RETRY: Duration = Duration::from_secs(1);
/// Starts of which the median is told.
const STARTS: usize = 11;

/// Runs the measurement.
pub async fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("zaun-bench-").tempdir()?;
    let roots = folder.path().join("roots.pem");
    if let (Some(address), Some(secret)) = (args.proxy, args.proxy_secret.clone()) {
        let backs = Arc::new(Backs::start(&roots, Some(args.proxy_upstream)).await?);
        let subject = Subject::foreign(address, args.proxy_process);
        return measure_foreign(&subject, secret, &backs, &roots).await;
    }
    let backs = Arc::new(Backs::start(&roots, None).await?);
    let secret = |kind| ProxySecret { key: Secret([9; 16]), kind };
    let padded = secret(SecretKind::Padded);
    let fake = secret(SecretKind::FakeTls("cover.example".into()));
    let both = [padded.clone(), fake.clone()];

    headline("no proxy");
    let direct = Way { secret: None, address: backs.tcp };
    print_echo(&direct).await?;
    headline("a plain relay of TCP, the floor");
    measure(&Subject::relay(&backs)?, None, &backs).await?;
    for (route, path) in [("direct", "TCP"), ("websocket", "WebSockets inside TLS")] {
        for (kind, secret) in [("dd", &padded), ("ee", &fake)] {
            headline(&format!("zaun proxy, {kind}, over {path}"));
            let subject =
                Subject::proxy(&folder.path().join(format!("{route} {kind}")), &both, &backs, route)?;
            measure(&subject, Some(secret.clone()), &backs).await?;
        }
    }
    headline("zaun proxy, its start");
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(Subject::proxy(&folder.path().join("start"), &both, &backs, "direct")?.start);
    }
    starts.sort_unstable();
    let median = starts.get(STARTS / 2).copied().unwrap_or_default();
    figure("until it listens, median", format!("{:.1}", median.as_secs_f64() * 1e3), "ms");
    Ok(())
}

/// Measures a proxy that somebody else started, as soon as it leads here.
async fn measure_foreign(
    subject: &Subject,
    secret: ProxySecret,
    backs: &Arc<Backs>,
    roots: &Path,
) -> anyhow::Result<()> {
    println!("data centres 1 to 3 over TCP: {:?}", backs.tcp);
    println!(
        "as WebSocket fronts: {:?}, named kwsN.{FRONT_DOMAIN}, vouched for by {}",
        backs.fronts,
        roots.display()
    );
    println!("waiting for the proxy to lead there");
    let way = Way { secret: Some(secret.clone()), address: Mode::ALL.map(|mode| subject.address(mode)) };
    let clock = Instant::now();
    while !tokio::time::timeout(RETRY, way.greet()).await.is_ok_and(|greeted| greeted.is_ok()) {
        anyhow::ensure!(clock.elapsed() < PATIENCE, "the proxy does not lead to these data centres");
        tokio::time::sleep(RETRY).await;
    }
    headline("the proxy that is there");
    measure(subject, Some(secret), backs).await
}

/// How clients get in.
#[derive(Debug, Clone)]
struct Way {
    secret: Option<ProxySecret>,
    address: [SocketAddr; 3],
}

impl Way {
    /// A connection to the data centre of a mode, with what is to be sent first: the header, and encrypted behind it.
    async fn open(&self, mode: Mode) -> anyhow::Result<(Box<dyn Io>, Vec<u8>, AesCtr256)> {
        let [echo, download, upload] = self.address;
        let address = match mode {
            Mode::Echo => echo,
            Mode::Download => download,
            Mode::Upload => upload,
        };
        let framing = Framing::PaddedIntermediate;
        let dial = Dial::new(framing);
        let dial = match &self.secret {
            Some(secret) => dial.secret(secret.clone()),
            None => dial,
        };
        let io = dial.open(address).await?;
        let key = self.secret.as_ref().map(|secret| secret.key);
        let back = Back::own(framing, mode.dc(), key, &mut rand::rng());
        let back = back.ok_or_else(|| anyhow::anyhow!("full framing cannot be obfuscated"))?;
        Ok((io, back.header.to_vec(), back.to_server))
    }

    /// A connection on which one small packet went there and came back.
    async fn greet(&self) -> anyhow::Result<Greeted> {
        let (io, first, cipher) = self.open(Mode::Echo).await?;
        let mut greeted = Greeted { io, cipher };
        greeted.echo(first).await?;
        Ok(greeted)
    }
}

struct Greeted {
    io: Box<dyn Io>,
    cipher: AesCtr256,
}

impl Greeted {
    /// Sends a small packet behind `first`, and waits for as many bytes.
    async fn echo(&mut self, first: Vec<u8>) -> anyhow::Result<()> {
        let mut packet = packet(SMALL);
        self.cipher.apply(&mut packet);
        self.io.write_all(&[first, packet].concat()).await?;
        self.io.flush().await?;
        self.io.read_exact(&mut [0; SMALL]).await?;
        Ok(())
    }
}

/// A packet of so many bytes, its length in front.
fn packet(size: usize) -> Vec<u8> {
    let mut packet = vec![0; size];
    let length = u32::try_from(size - 4).unwrap_or(u32::MAX);
    packet.iter_mut().zip(length.to_le_bytes()).for_each(|(slot, byte)| *slot = byte);
    packet
}

async fn measure(subject: &Subject, secret: Option<ProxySecret>, backs: &Arc<Backs>) -> anyhow::Result<()> {
    let way = Way { secret, address: Mode::ALL.map(|mode| subject.address(mode)) };
    figure("memory at the start", format!("{:.1}", subject.rss_kib() as f64 / 1024.0), "MiB");
    print_idle(subject, &way).await?;
    print_connections(subject, &way).await?;
    print_echo(&way).await?;
    let cpu = || subject.cpu();
    let down = best(cpu, || download(&way)).await?;
    print_volume("down", down);
    let up = best(cpu, || upload(&way, backs)).await?;
    print_volume("up", up);
    Ok(())
}

async fn print_idle(subject: &Subject, way: &Way) -> anyhow::Result<()> {
    let mut open = Vec::with_capacity(WARM + IDLE);
    while open.len() < WARM {
        open.push(way.greet().await?);
    }
    let before = subject.rss_kib();
    while open.len() < WARM + IDLE {
        open.push(way.greet().await?);
    }
    let each = subject.rss_kib().saturating_sub(before) as f64 / IDLE as f64;
    figure(&format!("memory of an idle connection, {IDLE} open"), format!("{each:.1}"), "KiB");
    Ok(())
}

async fn print_connections(subject: &Subject, way: &Way) -> anyhow::Result<()> {
    let (cpu, clock) = (subject.cpu(), Instant::now());
    let mut rows = JoinSet::new();
    for _ in 0..ROWS {
        let way = way.clone();
        rows.spawn(async move {
            for _ in 0..CONNECTIONS / ROWS {
                way.greet().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(row) = rows.join_next().await {
        row??;
    }
    let each = (subject.cpu() - cpu).as_secs_f64() / CONNECTIONS as f64;
    let rate = CONNECTIONS as f64 / clock.elapsed().as_secs_f64();
    figure(&format!("new connections, {ROWS} at once"), format!("{rate:.0}"), "/s by the clock");
    figure("processor time of one", format!("{:.0}", each * 1e6), "µs");
    Ok(())
}

async fn print_echo(way: &Way) -> anyhow::Result<()> {
    let mut link = way.greet().await?;
    let mut taken = Vec::with_capacity(ECHOES);
    for _ in 0..ECHOES {
        let clock = Instant::now();
        link.echo(Vec::new()).await?;
        taken.push(clock.elapsed());
    }
    taken.sort_unstable();
    let at = |part: usize| taken.get(ECHOES * part / 100).map_or(0.0, |t| t.as_secs_f64() * 1e6);
    figure(
        &format!("echo of {SMALL} bytes, median / 99th percentile"),
        format!("{:.1} / {:.1}", at(50), at(99)),
        "µs",
    );
    Ok(())
}

/// Megabytes per second by the clock, and seconds of processor per gigabyte.
type Volume = (f64, f64);

/// The best rate and the least processor time of several stretches.
async fn best<F: Future<Output = anyhow::Result<()>>>(
    cpu: impl Fn() -> Duration,
    mut stretch: impl FnMut() -> F,
) -> anyhow::Result<Volume> {
    let mut best = (0.0f64, f64::INFINITY);
    for _ in 0..STRETCHES {
        let (before, clock) = (cpu(), Instant::now());
        stretch().await?;
        let (taken, used) = (clock.elapsed().as_secs_f64(), (cpu() - before).as_secs_f64());
        let gigabytes = VOLUME as f64 / 1e9;
        best = (best.0.max(gigabytes * 1e3 / taken), best.1.min(used / gigabytes));
    }
    Ok(best)
}

fn print_volume(direction: &str, (rate, cpu): Volume) {
    figure(&format!("{direction}, one connection"), format!("{rate:.0}"), "MB/s by the clock");
    figure(&format!("{direction}, processor time of 1 GB"), format!("{cpu:.2}"), "s");
}

async fn download(way: &Way) -> anyhow::Result<()> {
    let (mut io, first, _) = way.open(Mode::Download).await?;
    io.write_all(&first).await?;
    io.flush().await?;
    let (mut space, mut got) = (vec![0; CHUNK], 0);
    while got < VOLUME {
        let read = io.read(&mut space).await?;
        anyhow::ensure!(read > 0, "the download ended after {got} bytes");
        got += u64::try_from(read)?;
    }
    Ok(())
}

async fn upload(way: &Way, backs: &Backs) -> anyhow::Result<()> {
    let (mut io, first, mut cipher) = way.open(Mode::Upload).await?;
    let before = backs.uploaded();
    let clear = packet(CHUNK);
    io.write_all(&first).await?;
    let mut sent = 0;
    while sent < VOLUME {
        let mut packet = clear.clone();
        cipher.apply(&mut packet);
        io.write_all(&packet).await?;
        sent += u64::try_from(packet.len())?;
    }
    io.flush().await?;
    backs.have_uploaded(before + sent).await
}
