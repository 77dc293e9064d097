//! Which client randoms were seen (M-345).

use std::collections::{HashMap, VecDeque};

/// Randoms that are remembered at once; beyond it the oldest go, and their time goes with them (M-344).
const MAX_RANDOMS: usize = 100_000;

/// Remembers the randoms of accepted hellos for as long as their time would be accepted.
#[derive(Debug, Default)]
pub struct ReplayCache {
    seen: HashMap<[u8; 32], u64>,
    order: VecDeque<[u8; 32]>,
    /// Hellos of this time or before can no longer be told from replays.
    forgotten: u64,
}

impl ReplayCache {
    /// Notes a random with the unix time in its hello; `false` if it was seen, or might have been and was forgotten.
    pub fn insert(&mut self, random: [u8; 32], time: u64) -> bool {
        if self.seen.contains_key(&random) || (self.forgotten > 0 && time <= self.forgotten) {
            return false;
        }
        self.seen.insert(random, time);
        self.order.push_back(random);
        if self.order.len() > MAX_RANDOMS
            && let Some(oldest) = self.order.pop_front()
            && let Some(time) = self.seen.remove(&oldest)
        {
            self.forgotten = self.forgotten.max(time);
        }
        true
    }

    /// Forgets what is too old to be accepted anyway.
    pub fn sweep(&mut self, oldest_accepted: u64) {
        while let Some(random) = self.order.front() {
            match self.seen.get(random) {
                Some(time) if *time >= oldest_accepted => break,
                _ => {}
            }
            if let Some(random) = self.order.pop_front() {
                self.seen.remove(&random);
            }
        }
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m345_a_random_is_taken_once_while_it_is_remembered() {
        let mut cache = ReplayCache::default();
        assert!(cache.insert([1; 32], 100));
        assert!(!cache.insert([1; 32], 100));
        assert!(cache.insert([2; 32], 200));
        cache.sweep(150);
        assert_eq!(cache.len(), 1);
        assert!(!cache.insert([2; 32], 200));
    }

    #[test]
    fn a_full_cache_forgets_with_the_time() {
        let mut cache = ReplayCache::default();
        let random = |n: usize| {
            let mut random = [0; 32];
            random[..8].copy_from_slice(&n.to_le_bytes());
            random
        };
        for n in 0..=MAX_RANDOMS {
            assert!(cache.insert(random(n), 1000 + n as u64));
        }
        assert!(!cache.insert(random(0), 1000), "forgotten, so its time is refused too");
        assert!(cache.insert(random(MAX_RANDOMS + 1), 1_000_000));
    }
}
