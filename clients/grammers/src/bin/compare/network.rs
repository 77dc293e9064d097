//! What both need of the server and of this process.

use std::time::Duration;

use grammers_judge::{Error, Server};
use zaun_client::{App, Connection, ConnectionBuilder, Dial};
use zaun_crypto::rsa::{PrivateKey, PublicKey};
use zaun_transport::Framing;

/// Ticks per second of /proc/self/stat; fixed by Linux towards programs.
const TICKS: f64 = 100.0;

/// The server's key, from the file that it was started with.
pub fn key() -> Result<PublicKey, Error> {
    let pem = std::fs::read_to_string(std::env::var("ZAUN_JUDGE_KEY")?)?;
    Ok(PublicKey::from_pem(&PrivateKey::from_pem(&pem)?.public().to_pkcs1_pem())?)
}

/// Full framing without obfuscation: the only one that grammers speaks.
pub fn dial() -> Dial {
    Dial::new(Framing::Full)
}

/// A connection of ours.
pub fn connection(server: &Server) -> Result<ConnectionBuilder, Error> {
    let introduce = App::new(1, "hash").introduction();
    Ok(Connection::builder(server.address()).dial(dial()).key(key()?).introduce(introduce))
}

/// Processor time of this process.
pub fn own_cpu() -> Result<Duration, Error> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The second field may hold spaces, but ends with the last parenthesis.
    let fields: Vec<&str> = stat.rsplit_once(')').ok_or("no stat")?.1.split_whitespace().collect();
    let ticks = |at: usize| -> Result<f64, Error> { Ok(fields.get(at).ok_or("no stat")?.parse()?) };
    Ok(Duration::from_secs_f64((ticks(11)? + ticks(12)?) / TICKS))
}

/// Memory of this process in KiB.
pub fn own_rss_kib() -> Result<f64, Error> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?)
}
