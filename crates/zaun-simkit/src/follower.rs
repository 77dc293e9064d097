//! Followers of the server's log: what comes out of a client's update boxes has to be the log, each entry once and in its
//! order, whatever was lost on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use zaun_schema::api::{enums, types};
use zaun_updates::{Event, Profile, UpdateHandler, UpdateState};

use super::queue::Happening;
use super::{QUERY, World};

/// Updates in one difference.
const SLICE: usize = 7;
/// A client that hears nothing fetches the difference after this; within the calm at the end of a simulation.
const IDLE: Duration = Duration::from_secs(600);

/// One account: the server's log of it, and the client's boxes.
#[derive(Debug)]
pub struct Follower {
    boxes: UpdateHandler,
    /// Each entry by the number under which it was pushed, or `None` if nobody was there. Its pts is its place, from 1.
    log: Vec<Option<u64>>,
    applied: Vec<i32>,
    /// Differences that were asked for: from which pts, and what the server said.
    asked: BTreeMap<u64, (i32, Option<enums::updates::Difference>)>,
    wake_at: Option<Duration>,
}

impl Follower {
    pub fn new(now: Duration) -> Follower {
        let state = UpdateState { pts: 0, qts: 0, seq: 0, date: 1 };
        let profile = Profile { idle: IDLE, ..Profile::default() };
        Follower {
            boxes: UpdateHandler::with_profile(Some(state), profile, now),
            log: Vec::new(),
            applied: Vec::new(),
            asked: BTreeMap::new(),
            wake_at: None,
        }
    }

    /// Something happens to the account; `pushed` is the number under which its client is told.
    pub fn happens(&mut self, pushed: Option<u64>) {
        self.log.push(pushed);
    }

    /// What the server knows after `pts`.
    fn difference(&self, pts: i32) -> enums::updates::Difference {
        let after = usize::try_from(pts).unwrap_or(0);
        let end = self.log.len().min(after + SLICE);
        let other_updates = (after..end).map(|place| update(place + 1)).collect();
        let state = types::updates::State { pts: narrow(end), qts: 0, seq: 0, date: 1, unread_count: 0 };
        if end == self.log.len() {
            types::updates::Difference { other_updates, state, ..Default::default() }.into()
        } else {
            let intermediate_state = state;
            types::updates::DifferenceSlice { other_updates, intermediate_state, ..Default::default() }.into()
        }
    }

    /// What is wrong with what was applied.
    fn fault(&self) -> Option<String> {
        let expected: Vec<i32> = (1..=self.log.len()).map(narrow).collect();
        (self.applied != expected).then(|| {
            format!("of a log of {} entries {:?} were applied (M-358)", self.log.len(), self.applied)
        })
    }
}

fn narrow(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn update(pts: usize) -> enums::Update {
    let (messages, pts, pts_count) = (vec![narrow(pts)], narrow(pts), 1);
    types::UpdateDeleteMessages { messages, pts, pts_count }.into()
}

impl World {
    /// A pushed object arrived at its client.
    pub(super) fn follow(&mut self, client: usize, number: u64) {
        let follower = &mut self.followers[client];
        let place = follower.log.iter().position(|pushed| *pushed == Some(number));
        if let Some(place) = place {
            let short = types::UpdateShort { update: update(place + 1), date: 1 };
            follower.boxes.updates(self.now, short.into(), &|_| true);
        }
        self.follower_acts(client);
    }

    pub(super) fn follow_refetch(&mut self, client: usize) {
        self.followers[client].boxes.refetch(self.now);
        self.follower_acts(client);
    }

    pub(super) fn wake_follower(&mut self, client: usize) {
        let follower = &mut self.followers[client];
        if follower.wake_at == Some(self.now) && !self.followed {
            follower.wake_at = None;
            follower.boxes.on_time(self.now);
            self.follower_acts(client);
        }
    }

    /// The server runs a query; if it asks for a difference, this is what it will be told.
    pub(super) fn tell_difference(&mut self, number: u64) {
        for follower in &mut self.followers {
            let Some((pts, _)) = follower.asked.get(&number) else { continue };
            let difference = follower.difference(*pts);
            if let Some((_, told)) = follower.asked.get_mut(&number) {
                *told = Some(difference);
            }
        }
    }

    /// A query was answered.
    pub(super) fn follow_answer(&mut self, client: usize, number: u64) {
        let Some((_, told)) = self.followers[client].asked.remove(&number) else { return };
        match told {
            Some(difference) => self.followers[client].boxes.difference(self.now, difference),
            None => self.checker.wrong(format!("difference {number} was answered and never ran")),
        }
        self.follower_acts(client);
    }

    fn follower_acts(&mut self, client: usize) {
        while let Some(event) = self.followers[client].boxes.next_event() {
            match event {
                Event::Update { update, .. } => {
                    if let enums::Update::UpdateDeleteMessages(update) = *update {
                        self.followers[client].applied.push(update.pts);
                    }
                }
                Event::GetDifference(request) => self.ask_difference(client, request.pts),
                other => self.checker.wrong(format!("client {client} was told {other:?}")),
            }
        }
        let follower = &mut self.followers[client];
        if let Some(deadline) = follower.boxes.next_deadline() {
            let at = deadline.max(self.now + Duration::from_millis(1));
            if follower.wake_at.is_none_or(|planned| planned > at || planned <= self.now) {
                follower.wake_at = Some(at);
                self.queue.plan(at, Happening::WakeFollower { client });
            }
        }
    }

    fn ask_difference(&mut self, client: usize, pts: i32) {
        self.last_number += 1;
        self.report.differences += 1;
        let number = self.last_number;
        let mut body = BytesMut::new();
        body.put_u32_le(QUERY);
        body.put_u64_le(number);
        // No work, a short answer.
        body.put_u32_le(0);
        body.put_u32_le(16);
        let caller = &mut self.callers[client];
        let query = caller.engine.submit(body.freeze()).expect("far below the limits");
        caller.numbers.insert(query, number);
        self.checker.asked(number, None);
        self.followers[client].asked.insert(number, (pts, None));
        self.queue.plan(self.now, Happening::Act { client });
    }

    /// Every client has applied the whole log.
    pub(super) fn judge_followers(&mut self) {
        for client in 0..self.followers.len() {
            if let Some(fault) = self.followers[client].fault() {
                self.checker.wrong(format!("client {client}: {fault}"));
            }
        }
    }
}
