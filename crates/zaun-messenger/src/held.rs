//! What is kept in memory for a user, for a while: a few things each, so that nobody takes the place of others.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use parking_lot::Mutex;
use zaun_model::{UnixTime, UserId};

/// Things that are kept; the oldest of a user makes room for a further one.
pub(crate) struct Held<K, T> {
    state: Mutex<State<K, T>>,
    per_user: usize,
}

struct State<K, T> {
    things: HashMap<K, Thing<T>>,
    /// The keys of each user's, the oldest first; also of some that were taken meanwhile.
    by_user: HashMap<UserId, VecDeque<K>>,
    /// How many things there may be before those whose time is over are looked for.
    sweep_at: usize,
}

struct Thing<T> {
    user: UserId,
    until: UnixTime,
    value: T,
}

/// Things below which nobody looks for those whose time is over.
const SWEEP_AT: usize = 1024;

impl<K: Hash + Eq + Clone, T> Held<K, T> {
    pub(crate) fn new(per_user: usize) -> Held<K, T> {
        let state = State { things: HashMap::new(), by_user: HashMap::new(), sweep_at: SWEEP_AT };
        Held { state: Mutex::new(state), per_user }
    }

    pub(crate) fn clear(&self) {
        let mut state = self.state.lock();
        state.things.clear();
        state.by_user.clear();
    }

    pub(crate) fn add(&self, user: UserId, key: K, value: T, until: UnixTime, now: UnixTime) {
        let mut state = self.state.lock();
        let State { things, by_user, sweep_at } = &mut *state;
        if things.len() >= *sweep_at {
            things.retain(|_, thing| thing.until > now);
            by_user.retain(|_, keys| {
                keys.retain(|key| things.contains_key(key));
                !keys.is_empty()
            });
            *sweep_at = (things.len() * 2).max(SWEEP_AT);
        }
        let keys = by_user.entry(user).or_default();
        keys.retain(|key| things.contains_key(key));
        while keys.len() >= self.per_user
            && let Some(oldest) = keys.pop_front()
        {
            things.remove(&oldest);
        }
        keys.push_back(key.clone());
        things.insert(key, Thing { user, until, value });
    }

    /// Keeps a user's thing for longer; `false` if it is not there.
    pub(crate) fn prolong(&self, user: UserId, key: &K, until: UnixTime, now: UnixTime) -> bool {
        let mut state = self.state.lock();
        let thing = state.things.get_mut(key).filter(|thing| thing.user == user && thing.until > now);
        thing.is_some_and(|thing| {
            thing.until = until;
            true
        })
    }

    /// Takes a thing out, with its user, if it is the one that is meant.
    pub(crate) fn take(
        &self,
        key: &K,
        now: UnixTime,
        is_meant: impl FnOnce(UserId, &T) -> bool,
    ) -> Option<(UserId, T)> {
        let mut state = self.state.lock();
        state.things.get(key).filter(|thing| thing.until > now && is_meant(thing.user, &thing.value))?;
        state.things.remove(key).map(|thing| (thing.user, thing.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1000);
    const LATER: UnixTime = UnixTime(1060);

    #[test]
    fn a_user_has_a_few_and_takes_no_place_of_others() {
        let held = Held::new(2);
        for key in 0..10 {
            held.add(UserId(1), key, (), LATER, NOW);
        }
        held.add(UserId(2), 100, (), LATER, NOW);
        let there = |key| held.take(&key, NOW, |_, ()| true).is_some();
        assert_eq!((0..10).filter(|key| there(*key)).collect::<Vec<_>>(), [8, 9]);
        assert!(there(100) && !there(100), "a thing is taken once");
    }

    #[test]
    fn what_is_over_or_not_meant_is_not_taken() {
        let held = Held::new(2);
        held.add(UserId(1), 1, "one", LATER, NOW);
        assert!(held.take(&1, NOW, |user, _| user == UserId(2)).is_none());
        assert!(held.take(&1, LATER, |_, _| true).is_none());
        assert!(!held.prolong(UserId(2), &1, LATER + 60, NOW));
        assert!(held.prolong(UserId(1), &1, LATER + 60, NOW));
        assert_eq!(held.take(&1, LATER, |_, _| true), Some((UserId(1), "one")));
    }

    #[test]
    fn those_whose_time_is_over_make_room() {
        let held = Held::new(1);
        for user in 0..3 * SWEEP_AT as i64 {
            held.add(UserId(user), user, (), UnixTime(user + 10), UnixTime(user));
        }
        let state = held.state.lock();
        assert!(state.things.len() <= SWEEP_AT && state.by_user.len() <= SWEEP_AT, "{}", state.things.len());
    }
}
