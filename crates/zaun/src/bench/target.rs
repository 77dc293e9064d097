//! The server that is measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use zaun_crypto::rsa::PublicKey;
use zaun_probe::{Conversation, Dial, Process, Wire};
use zaun_transport::Framing;

use super::BenchArgs;

/// Ticks per second of /proc/PID/stat; fixed by Linux towards programs.
const TICKS: u32 = 100;

/// A server under measurement.
pub struct Target {
    /// Where it is.
    pub address: SocketAddr,
    /// Its key.
    pub key: Arc<PublicKey>,
    own: Option<Process>,
    _data: Option<tempfile::TempDir>,
}

impl Target {
    /// The server named by the flags, or one of our own with a durable database in a temporary directory.
    pub fn open(args: &BenchArgs) -> anyhow::Result<Target> {
        Target::open_with(args, &[])
    }

    /// The same with further flags, as far as it is a server of our own.
    pub fn open_with(args: &BenchArgs, flags: &[&str]) -> anyhow::Result<Target> {
        if let (Some(address), Some(path)) = (args.address, &args.key) {
            let key = crate::keys::load_public(path)?;
            return Ok(Target { address, key: Arc::new(key), own: None, _data: None });
        }
        let data = tempfile::Builder::new().prefix("zaun-bench-").tempdir()?;
        let path = data.path().join("data");
        let path = path.to_str().context("the temporary directory has an odd name")?;
        let flags = [&["--sandbox", "--log", "warn", "--data", path], flags].concat();
        let own = Process::start(&std::env::current_exe()?, &flags)?;
        let key = PublicKey::from_pem(&own.public_key().to_pkcs1_pem())?;
        Ok(Target { address: own.address(), key: Arc::new(key), own: Some(own), _data: Some(data) })
    }

    /// Intermediate framing without obfuscation: the server's work, not the wrapping's.
    pub fn wire() -> Wire {
        Wire { framing: Framing::Intermediate, obfuscated: None, secret: None }
    }

    /// The same for the client engine.
    pub fn dial() -> Dial {
        Dial::new(Framing::Intermediate)
    }

    /// A connection with a new key.
    pub async fn converse(&self) -> anyhow::Result<Conversation> {
        Ok(Conversation::begin(self.address, Target::wire(), &self.key).await?)
    }

    /// Whether it was started here.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Processor time that the server used so far; `None` for a foreign one.
    pub fn cpu(&self) -> Option<Duration> {
        cpu_of(self.own.as_ref()?.id())
    }

    /// Memory of the server in KiB; `None` for a foreign one.
    pub fn rss_kib(&self) -> Option<u64> {
        rss_kib_of(self.own.as_ref()?.id())
    }

    /// Starts a stretch of work.
    pub fn stopwatch(&self) -> Stopwatch<'_> {
        Stopwatch { target: self, cpu: self.cpu(), clock: Instant::now() }
    }
}

/// Processor time of a process.
pub fn cpu_of(process: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field may hold spaces, but ends with the last parenthesis.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u32 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u32>().ok()).sum();
    Some(Duration::from_secs(u64::from(ticks)) / TICKS)
}

/// Memory of a process in KiB.
pub fn rss_kib_of(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Processor time of this process.
pub fn own_cpu() -> Option<Duration> {
    cpu_of(std::process::id())
}

/// Processor time of this process, to the nanosecond.
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0))
}

/// Memory of this process in KiB.
pub fn own_rss_kib() -> Option<u64> {
    rss_kib_of(std::process::id())
}

/// A stretch of work: by the clock, and by the server's processor time.
pub struct Stopwatch<'a> {
    target: &'a Target,
    cpu: Option<Duration>,
    clock: Instant,
}

impl Stopwatch<'_> {
    /// Seconds by the clock.
    pub fn wall(&self) -> f64 {
        self.clock.elapsed().as_secs_f64()
    }

    /// Seconds of the server's processors; by the clock for a foreign server.
    pub fn server(&self) -> f64 {
        match (self.target.cpu(), self.cpu) {
            (Some(now), Some(then)) => (now - then).as_secs_f64(),
            _ => self.wall(),
        }
    }
}

/// How often `work` runs in a second of one processor: best of several stretches, so that a busy machine disturbs less.
pub fn per_second(mut work: impl FnMut()) -> f64 {
    let mut best = 0.0f64;
    for _ in 0..7 {
        let (clock, mut count) = (Instant::now(), 0u32);
        while clock.elapsed() < Duration::from_millis(150) {
            work();
            count += 1;
        }
        best = best.max(f64::from(count) / clock.elapsed().as_secs_f64());
    }
    best
}
