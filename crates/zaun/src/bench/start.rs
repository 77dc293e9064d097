//! From the start of a process to its first connection.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{figure, headline};

/// Starts of which the median is told.
const RUNS: usize = 11;

/// Runs the measurement.
pub async fn run() -> anyhow::Result<()> {
    headline("start of `zaun serve --sandbox`");
    let mut accepted = Vec::new();
    for _ in 0..RUNS {
        accepted.push(tokio::task::spawn_blocking(one).await??);
    }
    accepted.sort_unstable();
    let median = accepted[RUNS / 2];
    figure(
        "until the first connection is accepted, median",
        format!("{:.1}", median.as_secs_f64() * 1e3),
        "ms",
    );
    Ok(())
}

fn one() -> anyhow::Result<Duration> {
    let free: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let clock = Instant::now();
    let mut server = Command::new(std::env::current_exe()?)
        .args(["serve", "--sandbox", "--log", "error", "--json", "--listen", &free.to_string()])
        .stdout(Stdio::null())
        .spawn()?;
    let patience = Duration::from_secs(10);
    while TcpStream::connect(free).is_err() && clock.elapsed() < patience {
        std::thread::sleep(Duration::from_micros(200));
    }
    let taken = clock.elapsed();
    server.kill()?;
    server.wait()?;
    anyhow::ensure!(taken < patience, "the server did not come up");
    Ok(taken)
}
