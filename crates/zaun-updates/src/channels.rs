//! The boxes of channels, and which of them are being fetched.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::budget::{Budget, REFILL};
use crate::handler::{Entry, Profile};
use crate::line::Line;
use crate::{MAX_CHANNEL_FETCHES, MAX_CHANNELS, MAX_UNREADABLE, Monotonic};

/// Why the difference of a channel cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelFailure {
    /// The account has no access any more, or there is no such channel (M-399): nothing more of it is expected.
    Gone,
    /// The difference came, and cannot be decoded: the server is newer. After [`MAX_UNREADABLE`] of them in a row the
    /// channel is followed from what comes next.
    Unreadable,
    /// Something else; it is asked for again later.
    Other,
}

/// What is done about the difference of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fetch {
    /// Nothing; it is wanted when something is missing for too long.
    Idle,
    /// It waits for its turn.
    Wanted,
    /// It was asked for.
    UnderWay,
    /// It is wanted then, and not before.
    Later(Monotonic),
}

/// A channel.
#[derive(Debug)]
pub struct Channel {
    pub line: Line<Entry>,
    fetch: Fetch,
    /// When something has to be done about it, as it is in [`Channels::deadlines`].
    deadline: Option<Monotonic>,
    fetched_at: Option<Monotonic>,
    failures: u32,
    unreadable: u32,
}

impl Channel {
    fn new(pts: i32) -> Channel {
        let (fetch, deadline, fetched_at) = (Fetch::Idle, None, None);
        Channel { line: Line::new(pts), fetch, deadline, fetched_at, failures: 0, unreadable: 0 }
    }
}

/// All channels that were heard of.
#[derive(Debug, Default)]
pub struct Channels {
    all: BTreeMap<i64, Channel>,
    /// Those that something has to be done about by itself, each once.
    deadlines: BTreeSet<(Monotonic, i64)>,
    /// Those whose difference is wanted, in the order in which that was noticed.
    wanted: VecDeque<i64>,
    under_way: usize,
    /// So long may a missing update be late.
    gap: Monotonic,
    /// For differences that are not the last ones and bring nothing.
    idle_rounds: Budget,
}

impl Channels {
    pub fn new(gap: Monotonic) -> Channels {
        Channels { gap, ..Channels::default() }
    }

    pub fn pts(&self, channel_id: i64) -> Option<i32> {
        self.all.get(&channel_id).map(|channel| channel.line.at())
    }

    pub fn known(&self) -> impl Iterator<Item = (i64, i32)> + '_ {
        self.all.iter().map(|(id, channel)| (*id, channel.line.at()))
    }

    /// A channel that was followed before.
    pub fn restore(&mut self, channel_id: i64, pts: i32) {
        if self.all.len() < MAX_CHANNELS {
            self.all.insert(channel_id, Channel::new(pts));
        }
    }

    pub fn offer(
        &mut self,
        now: Monotonic,
        channel_id: i64,
        pts: i32,
        pts_count: i32,
        entry: Entry,
        out: &mut Vec<Entry>,
    ) {
        if self.all.len() >= MAX_CHANNELS && !self.all.contains_key(&channel_id) {
            return out.push(entry);
        }
        // The first that is heard of a channel is where it begins.
        let begin = || Channel::new(pts.saturating_sub(pts_count.max(0)));
        let channel = self.all.entry(channel_id).or_insert_with(begin);
        channel.line.offer(now, pts, pts_count, entry, channel.fetch == Fetch::UnderWay, out);
        self.settle(channel_id);
    }

    /// The channel has moved; without its number that has to be asked.
    pub fn too_long(&mut self, now: Monotonic, channel_id: i64, pts: Option<i32>) {
        // Of a channel that was never heard of the server tells the newest.
        if self.all.len() < MAX_CHANNELS {
            self.all.entry(channel_id).or_insert_with(|| Channel::new(1));
        }
        let Some(channel) = self.all.get(&channel_id) else { return };
        if pts.is_some_and(|pts| pts <= channel.line.at()) {
            return;
        }
        // What was fetched a moment ago is not fetched again at once, however often the server says so.
        match channel.fetched_at.map(|at| at.saturating_add(REFILL)).filter(|at| *at > now) {
            Some(at) if channel.fetch == Fetch::Idle => self.turn(channel_id, Fetch::Later(at)),
            Some(_) => {}
            None => self.want(channel_id),
        }
    }

    fn want(&mut self, channel_id: i64) {
        let fetch = self.all.get(&channel_id).map(|channel| channel.fetch);
        if matches!(fetch, Some(Fetch::Idle | Fetch::Later(_))) {
            self.wanted.push_back(channel_id);
            self.turn(channel_id, Fetch::Wanted);
        }
    }

    fn turn(&mut self, channel_id: i64, fetch: Fetch) {
        if let Some(channel) = self.all.get_mut(&channel_id) {
            channel.fetch = fetch;
        }
        self.settle(channel_id);
    }

    /// Notes when something has to be done about a channel.
    fn settle(&mut self, channel_id: i64) {
        let Some(channel) = self.all.get_mut(&channel_id) else { return };
        let deadline = match channel.fetch {
            Fetch::Idle => channel.line.due(self.gap),
            Fetch::Later(at) => Some(at),
            Fetch::Wanted | Fetch::UnderWay => None,
        };
        if let Some(before) = std::mem::replace(&mut channel.deadline, deadline) {
            self.deadlines.remove(&(before, channel_id));
        }
        self.deadlines.extend(deadline.map(|at| (at, channel_id)));
    }

    /// The next difference that may be asked for: the channel, and from which number.
    pub fn start(&mut self) -> Option<(i64, i32)> {
        while self.under_way < MAX_CHANNEL_FETCHES {
            let channel_id = self.wanted.pop_front()?;
            let Some(channel) = self.all.get(&channel_id) else { continue };
            let pts = channel.line.at();
            self.turn(channel_id, Fetch::UnderWay);
            self.under_way += 1;
            return Some((channel_id, pts));
        }
        None
    }

    /// The answer to a difference brought the channel to this number; with `again` there is more. One that is not the
    /// last and brought nothing is followed by the next within a budget.
    pub fn fetched(&mut self, now: Monotonic, channel_id: i64, pts: i32, more: More, out: &mut Vec<Entry>) {
        let Some(channel) = self.end(channel_id) else { return };
        (channel.failures, channel.unreadable, channel.fetched_at) = (0, 0, Some(now));
        channel.line.reset(now, pts, out);
        match more {
            More::Nothing => self.settle(channel_id),
            More::Content => self.want(channel_id),
            More::Idle => match self.idle_rounds.reserve(now) {
                at if at <= now => self.want(channel_id),
                at => self.turn(channel_id, Fetch::Later(at)),
            },
        }
    }

    /// Returns whether the channel was given up because what it says cannot be read.
    pub fn failed(
        &mut self,
        now: Monotonic,
        channel_id: i64,
        why: ChannelFailure,
        profile: &Profile,
    ) -> bool {
        let Some(channel) = self.end(channel_id) else { return false };
        channel.unreadable = if why == ChannelFailure::Unreadable { channel.unreadable + 1 } else { 0 };
        let unreadable = channel.unreadable >= MAX_UNREADABLE;
        if unreadable || why == ChannelFailure::Gone {
            self.settle(channel_id);
            if let Some(at) = self.all.remove(&channel_id).and_then(|channel| channel.deadline) {
                self.deadlines.remove(&(at, channel_id));
            }
        } else {
            channel.failures += 1;
            let again_at = now.saturating_add(profile.delay(channel.failures));
            self.turn(channel_id, Fetch::Later(again_at));
        }
        unreadable
    }

    /// Nothing is under way any more for a channel; `None` if nothing was.
    fn end(&mut self, channel_id: i64) -> Option<&mut Channel> {
        let channel = self.all.get_mut(&channel_id).filter(|channel| channel.fetch == Fetch::UnderWay)?;
        channel.fetch = Fetch::Idle;
        self.under_way = self.under_way.saturating_sub(1);
        Some(channel)
    }

    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    pub fn on_time(&mut self, now: Monotonic) {
        while let Some((_, channel_id)) = self.deadlines.first().copied().filter(|(at, _)| *at <= now) {
            self.want(channel_id);
        }
    }
}

/// What follows the difference of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// It was the last one, or the next would be the same.
    Nothing,
    /// There is more, and this one had content.
    Content,
    /// There is said to be more, and this one had nothing.
    Idle,
}

impl More {
    pub fn of(again: bool, brought: bool) -> More {
        match (again, brought) {
            (false, _) => More::Nothing,
            (true, true) => More::Content,
            (true, false) => More::Idle,
        }
    }
}
