//! Keeps account of every query and every pushed object, and says which rule was broken.
//!
//! What is guaranteed, and checked here:
//! - every query that is not given up is answered exactly once, with its own answer; one that is given up never;
//! - it runs at most once in the life of a session on the server;
//! - it runs a second time only if the session in which it ran before has ended: the server restarted or forgot it,
//!   or the client had to leave it. The protocol gives a client no way to know what became of it there;
//! - it is not sent any more when its answer has been delivered;
//! - a query that is to follow another one begins after that one's work is done;
//! - a pushed object arrives at most once, and if it does not, the client was told to fetch what it missed.

use std::collections::BTreeMap;
use std::time::Duration;

/// One life of a session on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Life(pub u64);

#[derive(Debug, Default)]
struct Account {
    runs: Vec<(Duration, Life)>,
    done_at: Option<Duration>,
    after: Option<u64>,
    answered_at: Option<Duration>,
    cancelled: bool,
}

#[derive(Debug)]
struct Push {
    client: usize,
    at: Duration,
    arrived: bool,
}

/// The accounts.
#[derive(Debug, Default)]
pub struct Checker {
    queries: BTreeMap<u64, Account>,
    pushes: Vec<Push>,
    ended: BTreeMap<Life, Duration>,
    /// The last time that each client was told to fetch updates.
    refetched: BTreeMap<usize, Duration>,
    broken: Vec<String>,
}

impl Checker {
    /// A query is asked.
    pub fn asked(&mut self, number: u64, after: Option<u64>) {
        self.queries.insert(number, Account { after, ..Account::default() });
    }

    /// A query is given up.
    pub fn cancelled(&mut self, number: u64) {
        if let Some(account) = self.queries.get_mut(&number) {
            account.cancelled = true;
        }
    }

    /// A query begins to run, out of a packet that was sent at that time.
    pub fn runs(&mut self, now: Duration, number: u64, life: Life, sent_at: Duration) {
        let after = self.queries.get(&number).and_then(|account| account.after);
        let before_done = after.is_some_and(|after| {
            self.queries.get(&after).is_none_or(|before| before.done_at.is_none_or(|at| at > now))
        });
        let Some(account) = self.queries.get_mut(&number) else {
            return self.broken.push(format!("query {number} was never asked"));
        };
        if before_done {
            self.broken.push(format!("query {number} ran before the one it follows was done (M-409)"));
        }
        if account.answered_at.is_some_and(|at| at < sent_at) {
            self.broken.push(format!("query {number} was sent after its answer had been delivered"));
        }
        for (_, earlier) in &account.runs {
            if *earlier == life {
                self.broken.push(format!("query {number} ran twice in one session (M-213)"));
            } else if self.ended.get(earlier).is_none_or(|end| *end > now) {
                self.broken.push(format!("query {number} ran again though its session lives (M-213)"));
            }
        }
        account.runs.push((now, life));
    }

    /// The work of a query is done.
    pub fn done(&mut self, now: Duration, number: u64) {
        if let Some(account) = self.queries.get_mut(&number) {
            account.done_at.get_or_insert(now);
        }
    }

    /// An answer reaches whoever asked.
    pub fn answered(&mut self, now: Duration, number: u64, answers: Option<u64>) {
        if answers != Some(number) {
            self.broken.push(format!("query {number} got the answer {answers:?} (M-296)"));
        }
        let Some(account) = self.queries.get_mut(&number) else { return };
        if account.cancelled {
            self.broken.push(format!("query {number} was answered though it was given up"));
        }
        if account.answered_at.replace(now).is_some() {
            self.broken.push(format!("query {number} was answered twice (M-297)"));
        }
        if account.runs.is_empty() {
            self.broken.push(format!("query {number} was answered and never ran"));
        }
    }

    /// Something happened that must not.
    pub fn wrong(&mut self, what: String) {
        self.broken.push(what);
    }

    /// The server lost a session, or the client left it.
    pub fn life_ended(&mut self, now: Duration, life: Life) {
        self.ended.entry(life).or_insert(now);
    }

    /// The server pushes an object to a client; returns its number.
    pub fn pushes(&mut self, now: Duration, client: usize) -> u64 {
        self.pushes.push(Push { client, at: now, arrived: false });
        count(self.pushes.len() - 1)
    }

    /// A pushed object arrives.
    pub fn push_arrived(&mut self, client: usize, number: u64) {
        let push = usize::try_from(number).ok().and_then(|at| self.pushes.get_mut(at));
        match push {
            Some(push) if push.client == client && !push.arrived => push.arrived = true,
            _ => {
                self.broken.push(format!("push {number} reached client {client} again, or never was for it"))
            }
        }
    }

    /// A client is told to fetch updates.
    pub fn refetch(&mut self, now: Duration, client: usize) {
        self.refetched.insert(client, now);
    }

    /// How many objects were pushed, and how many of them arrived.
    pub fn pushes_and_arrived(&self) -> (u64, u64) {
        (count(self.pushes.len()), count(self.pushes.iter().filter(|push| push.arrived).count()))
    }

    /// How many queries ran more than once.
    pub fn repeated(&self) -> u64 {
        count(self.queries.values().filter(|account| account.runs.len() > 1).count())
    }

    /// How many queries were asked, and how many of them given up.
    pub fn counts(&self) -> (u64, u64) {
        let cancelled = self.queries.values().filter(|account| account.cancelled).count();
        (count(self.queries.len() - cancelled), count(cancelled))
    }

    /// The verdict at the end of a simulation: every rule that was broken.
    pub fn verdict(mut self) -> Vec<String> {
        for (number, account) in &self.queries {
            if !account.cancelled && account.answered_at.is_none() {
                self.broken
                    .push(format!("query {number} was never answered (M-297); runs {:?}", account.runs));
            }
        }
        for (number, push) in self.pushes.iter().enumerate() {
            let told = self.refetched.get(&push.client).is_some_and(|at| *at >= push.at);
            if !push.arrived && !told {
                self.broken
                    .push(format!("push {number} of client {} was lost in silence (M-278)", push.client));
            }
        }
        self.broken
    }
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
