//! What a simulation is asked to do, and what it says of itself afterwards.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use zaun_mtproto::client::Profile;

/// How the world misbehaves. Nothing by default.
#[derive(Debug, Clone, PartialEq)]
pub struct Faults {
    /// How long bytes travel; those of one connection stay in order, those of different ones do not.
    pub latency: Range<Duration>,
    /// Share of packets that vanish, though their connection lives.
    pub loss: f64,
    /// Share of packets that arrive twice.
    pub duplication: f64,
    /// Every byte arrives by itself.
    pub split: bool,
    /// Every connection is cut, in the middle of a packet, after so many of them.
    pub cut_after: Option<u32>,
    /// The first connection is cut before its first byte, the second after one byte, the third after two …, whichever way
    /// the bytes go.
    pub cut_at_every_byte: bool,
    /// Chance of a cut per packet.
    pub cut: f64,
    /// Share of cuts that one side does not notice: the server for up to a minute, the client until it misses a pong.
    pub unnoticed: f64,
    /// The server forgets everything but the keys, about that often.
    pub restart_every: Option<Duration>,
    /// The server forgets one session, about that often.
    pub forget_every: Option<Duration>,
    /// The server's clock steps, about that often, by up to so many seconds to either side.
    pub server_clock: Option<(Duration, i64)>,
    /// A client's clock stands still (a computer sleeps) or leaps forward, about that often, for so many seconds at most.
    pub client_clock: Option<(Duration, u64)>,
    /// Clients begin with a wrong idea of the time, by up to so many seconds, and with a wrong salt.
    pub wrong_start: Option<i64>,
}

impl Default for Faults {
    fn default() -> Self {
        Faults {
            latency: Duration::from_millis(20)..Duration::from_millis(60),
            loss: 0.0,
            duplication: 0.0,
            split: false,
            cut_after: None,
            cut_at_every_byte: false,
            cut: 0.0,
            unnoticed: 0.0,
            restart_every: None,
            forget_every: None,
            server_clock: None,
            client_clock: None,
            wrong_start: None,
        }
    }
}

/// What clients and servers do.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Client sessions, each with a key of its own.
    pub clients: usize,
    /// Connections of each session.
    pub connections: usize,
    /// Queries of each session …
    pub queries: u32,
    /// … with about this pause between them.
    pub pause: Duration,
    /// Objects that the server pushes to each session meanwhile.
    pub pushes: u32,
    /// Longest time that the server works on a query.
    pub work: Duration,
    /// Share of queries that are to run after the one before them.
    pub chained: f64,
    /// Share of queries that are given up soon after they were asked.
    pub cancelled: f64,
    /// Habits of the clients.
    pub profile: Profile,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Plan {
    fn default() -> Self {
        Plan {
            clients: 2,
            connections: 1,
            queries: 60,
            pause: Duration::from_millis(300),
            pushes: 20,
            work: Duration::from_secs(3),
            chained: 0.1,
            cancelled: 0.05,
            profile: Profile::STANDARD,
            faults: Faults::default(),
        }
    }
}

/// What happened, so that a test can tell that the faults it wanted did occur.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Queries that were asked and not given up, differences not counted.
    pub asked: u64,
    /// Differences of updates that were asked for.
    pub differences: u64,
    /// Queries that were given up.
    pub cancelled: u64,
    /// Queries that ran more than once, because the session in which they ran first was lost before the answer came.
    pub repeated: u64,
    /// Packets that were sealed, by either side.
    pub packets: u64,
    /// Packets that vanished by themselves.
    pub lost: u64,
    /// Packets that came twice.
    pub duplicated: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Restarts of the server.
    pub restarts: u64,
    /// Sessions that the server forgot.
    pub forgotten: u64,
    /// Sessions that clients replaced.
    pub renewed: u64,
    /// Refusals that clients heard of, by code.
    pub refused: BTreeMap<i32, u64>,
    /// Packets that clients discarded, by reason.
    pub discarded: BTreeMap<String, u64>,
    /// Objects that were pushed, and those of them that arrived.
    pub pushes: u64,
    /// See [`Report::pushes`].
    pub arrived: u64,
}
