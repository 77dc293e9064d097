//! What was learned of paths: who won last on this network, and who rests after a failure.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::routes::{Path, Target};
use crate::limits::{FIRST_COOL, LONGEST_COOL, MAX_NETWORKS, NETWORK_LIFE};

/// An address of Telegram's network: the way to it tells which network this machine is in. Nothing is sent there.
const FAR_AWAY: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::new(149, 154, 167, 220)), 443);

/// The address this machine has on its way out; `None` without a network.
type Network = Option<IpAddr>;

/// Remembers winners and failures. Everything is forgotten with the process, and failures much earlier.
#[derive(Debug, Default)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    network: Option<(Network, Instant)>,
    known: HashMap<Network, HashMap<(String, Target), Record>>,
}

#[derive(Debug, Default, Clone)]
struct Record {
    /// When it carried data last; the newest is the winner.
    won: Option<Instant>,
    failures: u32,
    cool_until: Option<Instant>,
    last_error: String,
    connect: Duration,
}

/// What is known of a path, for people.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The path.
    pub path: String,
    /// Where it leads.
    pub target: Target,
    /// Whether it carried data last of all paths to there.
    pub won: bool,
    /// How long it rests, if it does.
    pub rests: Option<Duration>,
    /// Why.
    pub error: String,
    /// How long it took to connect.
    pub connect: Duration,
}

impl State {
    fn here(&mut self) -> &mut HashMap<(String, Target), Record> {
        let network = match self.network {
            Some((network, asked)) if asked.elapsed() < NETWORK_LIFE => network,
            _ => {
                let network = network_now();
                self.network = Some((network, Instant::now()));
                network
            }
        };
        if self.known.len() >= MAX_NETWORKS && !self.known.contains_key(&network) {
            self.known.clear();
        }
        self.known.entry(network).or_default()
    }
}

/// Asks the routing table; no packet leaves.
fn network_now() -> Network {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect(FAR_AWAY).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

impl Memory {
    /// Puts the last winner first, and those that rest last.
    pub(crate) fn arrange(&self, target: Target, mut paths: Vec<Path>) -> Vec<Path> {
        let mut state = self.state.lock();
        let here = state.here();
        let now = Instant::now();
        let record = |path: &Path| here.get(&(path.label.clone(), target)).cloned().unwrap_or_default();
        let winner = paths.iter().filter_map(|path| record(path).won).max();
        paths.sort_by_cached_key(|path| {
            let record = record(path);
            let rests = record.cool_until.is_some_and(|until| until > now);
            (rests, record.won.is_none() || record.won != winner)
        });
        paths
    }

    /// A path carried data.
    pub(crate) fn won(&self, target: Target, path: &str, connect: Duration) {
        let mut state = self.state.lock();
        let record = state.here().entry((path.to_owned(), target)).or_default();
        *record = Record { won: Some(Instant::now()), connect, ..Record::default() };
    }

    /// A path failed, and rests for a while.
    pub(crate) fn failed(&self, target: Target, path: &str, error: &str) {
        let mut state = self.state.lock();
        let record = state.here().entry((path.to_owned(), target)).or_default();
        let cool = FIRST_COOL.saturating_mul(1 << record.failures.min(8)).min(LONGEST_COOL);
        record.failures = record.failures.saturating_add(1);
        record.cool_until = Some(Instant::now() + cool);
        record.won = None;
        error.clone_into(&mut record.last_error);
    }

    pub(crate) fn standings(&self) -> Vec<Standing> {
        let mut state = self.state.lock();
        let here = state.here();
        let now = Instant::now();
        let mut winners: HashMap<Target, Instant> = HashMap::new();
        for ((_, target), record) in here.iter() {
            if let Some(won) = record.won {
                let newest = winners.entry(*target).or_insert(won);
                *newest = won.max(*newest);
            }
        }
        let standing = |((path, target), record): (&(String, Target), &Record)| Standing {
            path: path.clone(),
            target: *target,
            won: record.won.is_some() && record.won == winners.get(target).copied(),
            rests: record.cool_until.and_then(|until| until.checked_duration_since(now)),
            error: record.last_error.clone(),
            connect: record.connect,
        };
        let mut all: Vec<_> = here.iter().map(standing).collect();
        all.sort_by(|a, b| (a.target, &a.path).cmp(&(b.target, &b.path)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::{Route, Upstream};

    const TARGET: Target = Target { dc: 2, test: false, media: false };

    fn order(memory: &Memory) -> Vec<String> {
        let upstream = Upstream { routes: vec![Route::WebSocket, Route::Direct], ..Upstream::default() };
        let paths = memory.arrange(TARGET, upstream.paths(TARGET));
        paths.into_iter().map(|path| path.label).collect()
    }

    #[test]
    fn the_last_winner_goes_first_and_who_failed_goes_last_until_it_has_rested() {
        let memory = Memory::default();
        let usual = order(&memory);
        memory.won(TARGET, &usual[2], Duration::ZERO);
        assert_eq!(order(&memory)[0], usual[2]);
        memory.failed(TARGET, &usual[2], "reset");
        memory.failed(TARGET, &usual[0], "refused");
        assert_eq!(order(&memory)[..2], [usual[1].clone(), usual[3].clone()]);
        let rests = |memory: &Memory| memory.standings().iter().filter_map(|s| s.rests).max().unwrap();
        assert!(rests(&memory) <= FIRST_COOL);
        for _ in 0..100 {
            memory.failed(TARGET, &usual[0], "refused");
        }
        assert!(rests(&memory) <= LONGEST_COOL, "no path is given up");
        memory.won(TARGET, &usual[0], Duration::ZERO);
        assert_eq!(order(&memory)[0], usual[0], "success ends the rest");
        let other = Target { media: true, ..TARGET };
        assert!(memory.standings().iter().all(|standing| standing.target != other));
    }
}
