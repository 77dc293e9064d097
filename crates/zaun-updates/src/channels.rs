//! The boxes of channels, and which of them are being fetched.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::handler::{Entry, Profile};
use crate::line::Line;
use crate::{MAX_CHANNEL_FETCHES, MAX_CHANNELS, Monotonic};

/// Why the difference of a channel cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelFailure {
    /// The account has no access any more, or there is no such channel (M-399): nothing more of it is expected.
    Gone,
    /// Something else; it is asked for again later.
    Other,
}

/// A channel.
#[derive(Debug)]
pub struct Channel {
    pub line: Line<Entry>,
    fetching: bool,
    failures: u32,
}

impl Channel {
    fn new(pts: i32) -> Channel {
        Channel { line: Line::new(pts), fetching: false, failures: 0 }
    }
}

/// All channels that were heard of.
#[derive(Debug, Default)]
pub struct Channels {
    all: BTreeMap<i64, Channel>,
    /// Those with something missing, or with more than may wait.
    incomplete: BTreeSet<i64>,
    /// Those whose difference is wanted, in the order in which that was noticed.
    wanted: VecDeque<i64>,
    /// Those that failed, and when they are tried again.
    later: BTreeSet<(Monotonic, i64)>,
    under_way: usize,
}

impl Channels {
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
        channel.line.offer(now, pts, pts_count, entry, channel.fetching, out);
        if channel.line.due(Monotonic::ZERO).is_some() {
            self.incomplete.insert(channel_id);
        } else {
            self.incomplete.remove(&channel_id);
        }
    }

    /// The channel has moved; without its number that has to be asked.
    pub fn too_long(&mut self, channel_id: i64, pts: Option<i32>) {
        // Of a channel that was never heard of the server tells the newest.
        if self.all.len() < MAX_CHANNELS {
            self.all.entry(channel_id).or_insert_with(|| Channel::new(1));
        }
        let Some(channel) = self.all.get(&channel_id) else { return };
        if pts.is_none_or(|pts| pts > channel.line.at()) {
            self.want(channel_id);
        }
    }

    fn want(&mut self, channel_id: i64) {
        let fetching = self.all.get(&channel_id).is_none_or(|channel| channel.fetching);
        if !fetching && !self.wanted.contains(&channel_id) {
            self.wanted.push_back(channel_id);
        }
    }

    /// The next difference that may be asked for: the channel, and from which number.
    pub fn start(&mut self) -> Option<(i64, i32)> {
        while self.under_way < MAX_CHANNEL_FETCHES {
            let channel_id = self.wanted.pop_front()?;
            let Some(channel) = self.all.get_mut(&channel_id) else { continue };
            channel.fetching = true;
            self.under_way += 1;
            return Some((channel_id, channel.line.at()));
        }
        None
    }

    /// The answer to a difference brought the channel to this number; with `again` there is more.
    pub fn fetched(&mut self, now: Monotonic, channel_id: i64, pts: i32, again: bool, out: &mut Vec<Entry>) {
        let Some(channel) = self.end(channel_id) else { return };
        channel.failures = 0;
        channel.line.reset(now, pts, out);
        if channel.line.due(Monotonic::ZERO).is_none() {
            self.incomplete.remove(&channel_id);
        }
        if again {
            self.want(channel_id);
        }
    }

    pub fn failed(&mut self, now: Monotonic, channel_id: i64, why: ChannelFailure, profile: &Profile) {
        let Some(channel) = self.end(channel_id) else { return };
        if why == ChannelFailure::Gone {
            self.all.remove(&channel_id);
            self.incomplete.remove(&channel_id);
        } else {
            channel.failures += 1;
            let again_at = now.saturating_add(profile.delay(channel.failures));
            self.later.insert((again_at, channel_id));
        }
    }

    /// Nothing is under way any more for a channel; `None` if nothing was.
    fn end(&mut self, channel_id: i64) -> Option<&mut Channel> {
        let channel = self.all.get_mut(&channel_id).filter(|channel| channel.fetching)?;
        channel.fetching = false;
        self.under_way = self.under_way.saturating_sub(1);
        Some(channel)
    }

    pub fn next_deadline(&self, gap: Monotonic) -> Option<Monotonic> {
        let waiting = |id: &i64| self.all.get(id).filter(|channel| !channel.fetching)?.line.due(gap);
        let gaps = self.incomplete.iter().filter(|id| !self.wanted.contains(id) && !self.is_later(**id));
        gaps.filter_map(waiting).chain(self.later.first().map(|(at, _)| *at)).min()
    }

    fn is_later(&self, channel_id: i64) -> bool {
        self.later.iter().any(|(_, id)| *id == channel_id)
    }

    pub fn on_time(&mut self, now: Monotonic, gap: Monotonic) {
        while let Some((at, channel_id)) = self.later.first().copied().filter(|(at, _)| *at <= now) {
            self.later.remove(&(at, channel_id));
            self.want(channel_id);
        }
        let due = |id: &&i64| {
            let channel = self.all.get(id).filter(|channel| !channel.fetching);
            channel.and_then(|channel| channel.line.due(gap)).is_some_and(|at| at <= now)
        };
        let due: Vec<i64> =
            self.incomplete.iter().filter(due).filter(|id| !self.is_later(**id)).copied().collect();
        due.into_iter().for_each(|channel_id| self.want(channel_id));
    }
}
