//! A client and a server session over connections that break at any packet, with repeats: every query is run exactly
//! once and answered, every pushed object arrives once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::support::*;
use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use zaun_mtproto::UnixTime;
use zaun_mtproto::session::{BadMsg, ConnId, Event, Packet};
use zaun_schema::mtproto::types;
use zaun_testkit::{Message, container, gzip, object, take_apart};

const QUERIES: u64 = 120;
const PUSHES: u64 = 60;

/// Both directions of one connection.
struct Connection {
    id: ConnId,
    up: VecDeque<Message>,
    down: VecDeque<Packet>,
}

struct World {
    rig: Rig,
    rng: StdRng,
    connection: Connection,
    /// Connections that are dead, though the server does not know it yet.
    stale: Vec<ConnId>,
    /// What the server runs: msg_id and number of the query, and the connection it came by.
    running: Vec<(i64, u64, ConnId)>,
    executed: BTreeMap<u64, u32>,
    pushed: u64,
    asked: u64,
    unanswered: BTreeMap<i64, Message>,
    answered: BTreeMap<i64, Bytes>,
    numbers: BTreeMap<i64, u64>,
    seen: BTreeSet<i64>,
    received: Vec<u64>,
    to_acknowledge: Vec<i64>,
}

fn body(number: u64) -> Bytes {
    [&0x7171_7171u32.to_le_bytes()[..], &number.to_le_bytes()].concat().into()
}

fn number(body: &[u8]) -> u64 {
    u64::from_le_bytes(body[4..12].try_into().unwrap())
}

impl World {
    fn new(seed: u64) -> World {
        let mut rig = Rig::new();
        rig.server.detach(A);
        World {
            rig,
            rng: StdRng::seed_from_u64(seed),
            connection: Connection { id: ConnId(100), up: VecDeque::new(), down: VecDeque::new() },
            stale: Vec::new(),
            running: Vec::new(),
            executed: BTreeMap::new(),
            pushed: 0,
            asked: 0,
            unanswered: BTreeMap::new(),
            answered: BTreeMap::new(),
            numbers: BTreeMap::new(),
            seen: BTreeSet::new(),
            received: Vec::new(),
            to_acknowledge: Vec::new(),
        }
    }

    fn step(&mut self) {
        match self.rng.random_range(0..100) {
            0..15 => self.ask(),
            15..25 => self.acknowledge(),
            25..50 => self.deliver_up(),
            50..75 => self.deliver_down(),
            75..85 => self.finish_one(),
            85..90 => self.push(),
            90..93 => self.break_connection(),
            93..96 => self.notice_dead_connection(),
            _ => self.rig.wait(UnixTime::from_millis(700)),
        }
    }

    fn ask(&mut self) {
        if self.asked == QUERIES {
            return;
        }
        let plain = body(self.asked);
        let packed = if self.rng.random_bool(0.2) { gzip(&plain) } else { plain };
        let query = self.rig.message(true, packed);
        self.numbers.insert(query.msg_id, self.asked);
        self.asked += 1;
        self.unanswered.insert(query.msg_id, query.clone());
        if self.rng.random_bool(0.3) {
            let outer = self.rig.message(false, container(&[query]));
            self.connection.up.push_back(outer);
        } else {
            self.connection.up.push_back(query);
        }
    }

    fn acknowledge(&mut self) {
        if self.to_acknowledge.is_empty() {
            return;
        }
        let msg_ids = std::mem::take(&mut self.to_acknowledge);
        let ack = self.rig.message(false, object(&types::MsgsAck { msg_ids }));
        self.connection.up.push_back(ack);
    }

    fn deliver_up(&mut self) {
        let Some(message) = self.connection.up.pop_front() else { return };
        for time in 0..if self.rng.random_bool(0.1) { 2 } else { 1 } {
            for event in self.rig.deliver(self.connection.id, &message) {
                match event {
                    Event::Query { msg_id, body } => {
                        *self.executed.entry(number(&body)).or_default() += 1;
                        self.running.push((msg_id, number(&body), self.connection.id));
                    }
                    Event::Refused(BadMsg::ContainerIdSeen) if time == 1 => {}
                    other => panic!("{other:?} for {message:?}"),
                }
            }
        }
    }

    fn deliver_down(&mut self) {
        while let Some(packet) = self.rig.server.transmit(self.rig.now, self.connection.id) {
            self.connection.down.push_back(packet);
        }
        for stale in &self.stale {
            while self.rig.server.transmit(self.rig.now, *stale).is_some() {}
        }
        let Some(packet) = self.connection.down.pop_front() else { return };
        for _ in 0..if self.rng.random_bool(0.1) { 2 } else { 1 } {
            let outer = Message::new(packet.msg_id, packet.seqno, packet.body.clone());
            for message in take_apart(outer).expect("M-217, M-232, M-259") {
                self.hear(message);
            }
        }
    }

    fn hear(&mut self, message: Message) {
        assert_eq!(message.msg_id & 1, 1, "M-206");
        if message.content_related() {
            self.to_acknowledge.push(message.msg_id);
            if !self.seen.insert(message.msg_id) {
                return;
            }
        }
        if let Some((query, result)) = message.rpc_result() {
            assert_eq!(number(&result), self.numbers[&query], "M-296: the answer of another query");
            assert!(self.answered.insert(query, result).is_none(), "M-297: answered twice");
            self.unanswered.remove(&query);
        } else if message.constructor() == 0x7272_7272 {
            self.received.push(number(&message.body));
        }
    }

    fn finish_one(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let at = self.rng.random_range(0..self.running.len());
        let (query, number, via) = self.running.swap_remove(at);
        let mut result = body(number).to_vec();
        result.resize(if self.rng.random_bool(0.2) { 5000 } else { 12 }, 0);
        self.rig.answer(query, via, &result);
    }

    fn push(&mut self) {
        if self.pushed < PUSHES {
            let object = [&0x7272_7272u32.to_le_bytes()[..], &self.pushed.to_le_bytes()].concat();
            self.pushed += 1;
            self.rig.server.push(None, object.into());
        }
    }

    /// Everything under way is lost; the client comes back at once and asks again for what is unanswered.
    fn break_connection(&mut self) {
        self.stale.push(self.connection.id);
        let id = ConnId(self.connection.id.0 + 1);
        self.connection = Connection { id, up: VecDeque::new(), down: VecDeque::new() };
        let again: Vec<Message> = self.unanswered.values().cloned().collect();
        let outer = self.rig.message(false, container(&again));
        self.connection.up.push_back(outer);
    }

    fn notice_dead_connection(&mut self) {
        if let Some(dead) = self.stale.pop() {
            self.rig.server.detach(dead);
        }
    }

    /// The network behaves until nothing is left to say.
    fn calm_down(&mut self) {
        self.break_connection();
        for _ in 0..50 {
            while !self.connection.up.is_empty() {
                self.deliver_up();
            }
            while !self.running.is_empty() {
                self.finish_one();
            }
            self.rig.wait(UnixTime::from_secs(1));
            for _ in 0..20 {
                self.deliver_down();
            }
            self.acknowledge();
        }
        self.stale.drain(..).for_each(|dead| self.rig.server.detach(dead));
    }
}

#[test]
fn every_query_is_run_once_and_answered_whatever_the_network_does() {
    for seed in 0..60 {
        println!("seed {seed}");
        let mut world = World::new(seed);
        while world.asked < QUERIES || world.pushed < PUSHES {
            world.step();
        }
        world.calm_down();
        assert_eq!(world.executed.len() as u64, QUERIES, "seed {seed}: some queries were never run");
        assert!(world.executed.values().all(|times| *times == 1), "M-213, seed {seed}: {:?}", world.executed);
        assert!(world.unanswered.is_empty(), "M-297, seed {seed}: {:?}", world.unanswered.keys());
        world.received.sort_unstable();
        assert_eq!(world.received, (0..PUSHES).collect::<Vec<_>>(), "M-278, seed {seed}: pushed objects");
        assert_eq!(world.rig.server.held_bytes(), 0, "M-277, seed {seed}: everything was acknowledged");
    }
}
