//! The connections of a session: whether they live, and what HTTP needs (M-306 … M-309, M-314 … M-318).

use zaun_wire::types;

use super::outbox::Service;
use super::{ConnId, Event, Monotonic, Profile, ReconnectReason, Session, salts};

/// A destroy_session that was not answered is repeated after this.
const DESTROY_AGAIN: Monotonic = Monotonic::from_secs(60);
/// States asked for in one message: as many as can be in doubt at once.
const MAX_CHECKS: usize = 1024;
/// States are asked for at least so often.
const MAX_CHECK_DELAY: Monotonic = Monotonic::from_secs(120);

/// A connection is dead when a pong takes so many times as long as usual …
const ROUND_TRIPS: u32 = 4;
/// … and at least this: the other end may be busy for a moment.
const MIN_PATIENCE: Monotonic = Monotonic::from_secs(5);

/// What a connection is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Bytes both ways at any time: TCP, WebSocket.
    Stream,
    /// Requests and responses: the server speaks only when asked, so every packet says how long it may wait.
    Http(HttpWait),
}

/// Arguments of http_wait, in milliseconds (M-315).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpWait {
    /// Longest time from the first waiting message to the response.
    pub max_delay_ms: i32,
    /// Quiet time after the newest message.
    pub wait_after_ms: i32,
    /// Longest time with no message at all.
    pub max_wait_ms: i32,
}

impl HttpWait {
    /// What the official clients ask for.
    pub const USUAL: HttpWait = HttpWait { max_delay_ms: 30, wait_after_ms: 10, max_wait_ms: 25_000 };

    pub(super) fn message(self) -> types::HttpWait {
        types::HttpWait {
            max_delay: self.max_delay_ms,
            wait_after: self.wait_after_ms,
            max_wait: self.max_wait_ms,
        }
    }
}

/// One connection.
#[derive(Debug)]
pub struct Link {
    pub conn: ConnId,
    pub carrier: Carrier,
    /// A request is under way that the server may answer late (HTTP).
    pub polling: bool,
    ping_at: Monotonic,
    /// The ping that has no pong, and when it was due.
    ping: Option<(i64, Monotonic)>,
    /// How long answers take here, smoothed; unknown before the first pong.
    round_trip: Option<Monotonic>,
    told_dead: bool,
}

impl Link {
    /// The session begins on this connection: a ping is due at once, so that the server knows where the session is.
    pub fn begin(&mut self, now: Monotonic) {
        self.ping_at = now;
        self.ping = None;
    }

    /// A pong came after so long.
    fn measured(&mut self, round_trip: Monotonic) {
        let smoothed = self.round_trip.map(|known| (known * 7 + round_trip) / 8);
        self.round_trip = Some(smoothed.unwrap_or(round_trip));
    }

    /// How long a pong may take: several times as long as usual, if that is known.
    fn patience(&self, profile: &Profile) -> Monotonic {
        let usual = self.round_trip.map(|usual| usual.saturating_mul(ROUND_TRIPS).max(MIN_PATIENCE));
        usual.unwrap_or(profile.pong_within).min(profile.pong_within)
    }
}

impl Session {
    /// A connection was opened. It carries a ping at once, which tells the server where to send what waits.
    pub fn attach(&mut self, now: Monotonic, conn: ConnId, carrier: Carrier) {
        self.detach(now, conn);
        let (polling, ping, round_trip, told_dead) = (false, None, None, false);
        self.links.push(Link { conn, carrier, polling, ping_at: now, ping, round_trip, told_dead });
    }

    /// A connection is gone. What it carried and the server did not confirm is sent again on the next one.
    pub fn detach(&mut self, now: Monotonic, conn: ConnId) {
        let before = self.links.len();
        self.links.retain(|link| link.conn != conn);
        if self.links.len() == before {
            return;
        }
        self.outbox.detach(conn);
        for id in self.queries.ids() {
            if self.queries.find(id).is_some_and(|query| query.via == Some(conn) && !query.confirmed) {
                self.queries.repeat(id);
            }
        }
        // The answers to what was asked there will not come.
        self.asked.clear();
        self.destroying.values_mut().for_each(|at| *at = now);
    }

    /// The connections of the session, in the order in which they were attached.
    pub fn connections(&self) -> impl Iterator<Item = ConnId> + '_ {
        self.links.iter().map(|link| link.conn)
    }

    /// Something authentic came on a connection.
    pub(super) fn heard(&mut self, conn: ConnId) {
        if let Some(link) = self.links.iter_mut().find(|link| link.conn == conn) {
            link.polling = false;
        }
    }

    /// A pong came (M-306).
    pub(super) fn pong(&mut self, now: Monotonic, ping_id: i64) {
        let answered = |link: &&mut Link| link.ping.is_some_and(|(waiting, _)| waiting == ping_id);
        if let Some(link) = self.links.iter_mut().find(answered)
            && let Some((_, sent_at)) = link.ping.take()
        {
            link.measured(now.saturating_sub(sent_at));
        }
    }

    /// How long answers take on a connection, smoothed; `None` before its first pong.
    pub fn round_trip(&self, conn: ConnId) -> Option<Monotonic> {
        self.links.iter().find(|link| link.conn == conn)?.round_trip
    }

    /// When [`Session::transmit`] and [`Session::on_time`] have to be called even if nothing happens.
    pub fn next_deadline(&self, now: Monotonic) -> Option<Monotonic> {
        if self.links.is_empty() {
            return None;
        }
        let overdue = |link: &Link| Some(link.ping?.1.saturating_add(link.patience(&self.profile)));
        let pongs = self.links.iter().filter(|link| !link.told_dead).filter_map(overdue);
        let streams = self.links.iter().filter(|link| link.carrier == Carrier::Stream && link.ping.is_none());
        let salts = self.salts.ask_at(self.clock.server_time(now), now);
        pongs
            .chain(streams.map(|link| link.ping_at))
            .chain(self.queries.next_check())
            .chain(self.received.acks_due(&self.profile))
            .chain(self.destroying.values().copied())
            .chain([salts])
            .min()
    }

    /// Notices what is overdue and queues what is due; [`Session::transmit`] does so, too.
    pub fn on_time(&mut self, now: Monotonic) {
        if self.links.is_empty() {
            return;
        }
        self.ping_links(now);
        self.ask_states(now);
        if self.salts.ask_at(self.clock.server_time(now), now) <= now {
            self.salts.asked(now);
            self.outbox.push(Service::FutureSalts { num: salts::ASKED });
        }
        for (session_id, at) in &mut self.destroying {
            if *at <= now {
                *at = now.saturating_add(DESTROY_AGAIN);
                self.outbox.push(Service::DestroySession { session_id: *session_id });
            }
        }
    }

    fn ping_links(&mut self, now: Monotonic) {
        let Profile { ping_every, disconnect_delay_s, .. } = self.profile;
        for link in &mut self.links {
            if let Some((_, at)) = link.ping {
                if at.saturating_add(link.patience(&self.profile)) <= now && !link.told_dead {
                    link.told_dead = true;
                    let (conn, why) = (link.conn, ReconnectReason::Silent);
                    self.events.push_back(Event::Reconnect { conn, why });
                }
            } else if link.carrier == Carrier::Stream && link.ping_at <= now {
                self.last_ping_id += 1;
                link.ping = Some((self.last_ping_id, now));
                link.ping_at = now.saturating_add(ping_every);
                let (conn, ping_id) = (link.conn, self.last_ping_id);
                self.outbox.push(Service::Ping { conn, ping_id, disconnect_delay_s });
            }
        }
    }

    /// Asks for the states of queries that wait for too long (M-283).
    fn ask_states(&mut self, now: Monotonic) {
        let mut msg_ids = Vec::new();
        while msg_ids.len() < MAX_CHECKS
            && let Some(id) = self.queries.due_check(now)
        {
            let Some(query) = self.queries.find(id) else { break };
            let (stamp, (_, wait)) = (query.stamp, query.check.unwrap_or((now, MAX_CHECK_DELAY)));
            let later = wait.saturating_mul(2).min(MAX_CHECK_DELAY);
            self.queries.check_at(id, now.saturating_add(wait), later);
            msg_ids.extend(stamp.map(|stamp| stamp.msg_id));
        }
        if !msg_ids.is_empty() {
            self.outbox.push(Service::StateReq { msg_ids });
        }
    }
}
