//! Client engines and server engines on a virtual network and a virtual clock, with every fault that a network, a
//! clock or a restart can bring, and a checker that knows what must hold nevertheless. Each client follows a log of the
//! server through its update boxes, and has applied all of it at the end.
//!
//! Everything comes from one seed: the same seed and [`Plan`] give the same [`Report`], to the last packet.
//!
//! ```
//! use zaun_simkit::{Faults, Pair, Plan};
//!
//! let plan = Plan { faults: Faults { cut: 0.1, ..Faults::default() }, ..Plan::default() };
//! let report = Pair::run(7, &plan)?;
//! assert!(report.connections > 2 && report.repeated == 0);
//! # Ok::<(), zaun_simkit::Violation>(())
//! ```

mod caller;
mod checker;
mod follower;
mod link;
mod node;
mod plan;
mod queue;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Buf;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use zaun_mtproto::session::ConnId;

pub use plan::{Faults, Plan, Report};

use caller::Caller;
use checker::Checker;
use follower::Follower;
use link::Link;
use node::Node;
use queue::{Happening, Queue};

/// When the virtual world begins, in unix time.
const BEGINNING: Duration = Duration::from_secs(1_800_000_000);
/// The network behaves for so long at the end: long enough for every timer of both engines to run out twice.
const CALM: Duration = Duration::from_secs(900);
/// So much of it belongs to followers of updates, so that those who missed the last ones fetch them.
const FOLLOWING: Duration = Duration::from_secs(700);
/// Happenings after which a simulation is stopped: something sends without end.
const MAX_HAPPENINGS: u64 = 5_000_000;

const QUERY: u32 = 0x7171_7171;
const PUSH: u32 = 0x7272_7272;
const RESULT: u32 = 0x7373_7373;
/// Constructor of `invokeAfterMsg`.
const INVOKE_AFTER_MSG: u32 = 0xcb9f_372d;

/// The rules that a simulation broke.
#[derive(Debug, Clone, thiserror::Error)]
#[error("seed {seed}: {}; {report:?}", broken.join("; "))]
pub struct Violation {
    /// The seed that shows it.
    pub seed: u64,
    /// Each breach.
    pub broken: Vec<String>,
    /// What happened.
    pub report: Box<Report>,
}

/// Runs simulations.
#[derive(Debug)]
pub struct Pair;

impl Pair {
    /// Runs a plan to its end.
    ///
    /// # Errors
    /// Every rule that was broken, with the seed.
    pub fn run(seed: u64, plan: &Plan) -> Result<Report, Violation> {
        let mut world = World::new(seed, plan);
        world.run();
        let ((pushes, arrived), repeated) = (world.checker.pushes_and_arrived(), world.checker.repeated());
        let (asked, cancelled) = world.checker.counts();
        let asked = asked - world.report.differences;
        let report = Report { asked, cancelled, repeated, pushes, arrived, ..world.report };
        let broken = world.checker.verdict();
        if broken.is_empty() { Ok(report) } else { Err(Violation { seed, broken, report: Box::new(report) }) }
    }
}

struct World {
    plan: Plan,
    rng: StdRng,
    now: Duration,
    queue: Queue,
    callers: Vec<Caller>,
    /// The update boxes of each of them.
    followers: Vec<Follower>,
    node: Node,
    links: BTreeMap<ConnId, Link>,
    checker: Checker,
    report: Report,
    last_conn: u64,
    last_number: u64,
    /// The network, the clocks and the server behave.
    calm: bool,
    /// Nobody fetches updates any more.
    followed: bool,
}

impl World {
    fn new(seed: u64, plan: &Plan) -> World {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut secret = [0; 32];
        rng.fill_bytes(&mut secret);
        let mut world = World {
            plan: plan.clone(),
            rng,
            now: Duration::ZERO,
            queue: Queue::default(),
            callers: Vec::new(),
            followers: Vec::new(),
            node: Node::new(secret),
            links: BTreeMap::new(),
            checker: Checker::default(),
            report: Report::default(),
            last_conn: 0,
            last_number: 0,
            calm: false,
            followed: false,
        };
        (0..plan.clients).for_each(|_| world.add_client());
        let faults = plan.faults.clone();
        world.plan_fault(faults.restart_every, Happening::Restart);
        world.plan_fault(faults.forget_every, Happening::Forget);
        world.plan_fault(faults.server_clock.map(|(every, _)| every), Happening::ServerClock);
        world.plan_fault(faults.client_clock.map(|(every, _)| every), Happening::ClientClock);
        world
    }

    fn run(&mut self) {
        // All queries are asked in about this time, by chance up to twice.
        let active = self.plan.pause * self.plan.queries;
        self.run_until(active);
        while self.callers.iter().any(|caller| !caller.has_asked(self.plan.queries)) {
            self.run_until(self.now + self.plan.pause * 8);
        }
        self.calm = true;
        self.plan.faults.cut_after = None;
        self.plan.faults.cut_at_every_byte = false;
        self.wake_clocks();
        let conns: Vec<ConnId> = self.links.keys().copied().collect();
        conns.into_iter().for_each(|conn| self.break_link(conn));
        self.run_until(self.now + FOLLOWING);
        self.followed = true;
        self.run_until(self.now + CALM - FOLLOWING);
        self.judge_followers();
        if self.node.held_bytes() > 0 {
            let held = self.node.held_bytes();
            self.checker.wrong(format!("{held} bytes were never acknowledged (M-277)"));
        }
    }

    fn run_until(&mut self, end: Duration) {
        while let Some((at, happening)) = self.queue.next_before(end) {
            self.now = at;
            self.happen(happening);
            if self.queue.count() > MAX_HAPPENINGS {
                self.checker.wrong("the engines talk without end".to_owned());
                return;
            }
        }
        self.now = end;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive { conn, at, bytes, sent_at } => self.arrive(conn, at, &bytes, sent_at),
            Happening::Break { conn } => self.break_link(conn),
            Happening::Notice { conn, at } => self.notice(conn, at),
            Happening::Connect { client } => self.connect(client),
            Happening::WakeClient { client } => self.wake_client(client),
            Happening::Act { client } => self.client_acts(client),
            Happening::WakeFollower { client } => self.wake_follower(client),
            Happening::WakeSession { key_id, session_id } => self.wake_session((key_id, session_id)),
            Happening::Disconnect { conn } => self.disconnect(conn),
            Happening::Ask { client } => self.ask(client),
            Happening::Cancel { client, number } => self.cancel(client, number),
            Happening::Push { client } => self.push(client),
            Happening::Done { run } => self.done(run),
            Happening::Impatient { run } => self.impatient(run),
            _ if self.calm => {}
            Happening::Restart => {
                self.restart();
                self.plan_fault(self.plan.faults.restart_every, Happening::Restart);
            }
            Happening::Forget => {
                self.forget();
                self.plan_fault(self.plan.faults.forget_every, Happening::Forget);
            }
            Happening::ServerClock => {
                let Some((every, most_s)) = self.plan.faults.server_clock else { return };
                self.node.clock_skew_s = self.rng.random_range(-most_s..=most_s);
                self.plan_fault(Some(every), Happening::ServerClock);
            }
            Happening::ClientClock => {
                let Some((every, most_s)) = self.plan.faults.client_clock else { return };
                self.client_clock(most_s);
                self.plan_fault(Some(every), Happening::ClientClock);
            }
        }
    }

    /// Plans something within a time.
    fn plan_soon(&mut self, within: Duration, happening: Happening) {
        let within_us = u64::try_from(within.as_micros()).unwrap_or(u64::MAX).max(1);
        let at = self.now + Duration::from_micros(self.rng.random_range(0..within_us));
        self.queue.plan(at, happening);
    }

    fn plan_fault(&mut self, every: Option<Duration>, happening: Happening) {
        if let Some(every) = every {
            self.plan_soon(every * 2, happening);
        }
    }
}

/// The number in a body, if it begins with that constructor.
fn number_of(constructor: u32, mut body: &[u8]) -> Option<u64> {
    (body.len() >= 12 && body.get_u32_le() == constructor).then(|| body.get_u64_le())
}

/// A time moved by whole seconds.
fn shifted(time: Duration, seconds: i64) -> Duration {
    let by = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 { time.saturating_sub(by) } else { time + by }
}
