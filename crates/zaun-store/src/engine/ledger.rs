//! What users spent: a budget of time for each, which refills.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::queue::NOBODY;
use crate::StoreError;

/// Users whose spending is remembered; beyond it those are forgotten whose budget is full again.
const MAX_REMEMBERED: usize = 100_000;

/// How long one user's closures may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// What is added in each second.
    pub per_second: Duration,
    /// What can be saved up, and what a user begins with.
    pub saved: Duration,
}

/// What a user has: at `at`, and growing since.
struct Account {
    left_ns: i128,
    at: Instant,
}

/// The accounts of all users. Closures of nobody in particular cost nobody anything.
#[derive(Default)]
pub(super) struct Ledger {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    budget: Option<Budget>,
    accounts: HashMap<i64, Account>,
}

fn ns(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

impl Account {
    fn at(&self, budget: Budget, now: Instant) -> i128 {
        let grown = ns(now.saturating_duration_since(self.at)) * ns(budget.per_second) / 1_000_000_000;
        (self.left_ns + grown).min(ns(budget.saved))
    }
}

impl Ledger {
    pub(super) fn set(&self, budget: Option<Budget>) {
        let mut state = self.state.lock();
        state.budget = budget;
        state.accounts.clear();
    }

    /// Takes what a closure took from its owner.
    pub(super) fn charge(&self, owner: i64, spent: Duration, now: Instant) {
        let mut state = self.state.lock();
        let Some(budget) = state.budget.filter(|_| owner != NOBODY) else { return };
        if state.accounts.len() >= MAX_REMEMBERED {
            state.accounts.retain(|_, account| account.at(budget, now) < ns(budget.saved));
        }
        let fresh = Account { left_ns: ns(budget.saved), at: now };
        let account = state.accounts.entry(owner).or_insert(fresh);
        *account = Account { left_ns: account.at(budget, now) - ns(spent), at: now };
    }

    /// Refuses an owner who spent all it had, with the seconds until there is something again.
    pub(super) fn check(&self, owner: i64, now: Instant) -> Result<(), StoreError> {
        let state = self.state.lock();
        let Some(budget) = state.budget.filter(|_| owner != NOBODY) else { return Ok(()) };
        let left = state.accounts.get(&owner).map_or(0, |account| account.at(budget, now));
        if left >= 0 {
            return Ok(());
        }
        let seconds = (-left).div_euclid(ns(budget.per_second).max(1)) + 1;
        Err(StoreError::Spent { seconds: i64::try_from(seconds).unwrap_or(i64::MAX) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget =
        Budget { per_second: Duration::from_millis(100), saved: Duration::from_millis(500) };

    fn wait(ledger: &Ledger, owner: i64, now: Instant) -> i64 {
        match ledger.check(owner, now) {
            Ok(()) => 0,
            Err(StoreError::Spent { seconds }) => seconds,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_budget_is_spent_and_grows_again() {
        let (ledger, start) = (Ledger::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        ledger.charge(1, Duration::from_secs(60), at(0));
        assert_eq!(wait(&ledger, 1, at(0)), 0, "nothing is counted without a budget");
        ledger.set(Some(BUDGET));
        ledger.charge(1, Duration::from_millis(500), at(0));
        assert_eq!(wait(&ledger, 1, at(0)), 0, "what was saved may be spent");
        ledger.charge(1, Duration::from_millis(250), at(0));
        assert_eq!(
            (wait(&ledger, 1, at(0)), wait(&ledger, 2, at(0)), wait(&ledger, NOBODY, at(0))),
            (3, 0, 0)
        );
        assert_eq!((wait(&ledger, 1, at(2_400)), wait(&ledger, 1, at(2_500))), (1, 0));
        // An hour saves no more than what can be saved.
        ledger.charge(1, Duration::from_millis(501), at(3_600_000));
        assert_eq!(wait(&ledger, 1, at(3_600_000)), 1);
        ledger.charge(NOBODY, Duration::from_secs(60), at(0));
        assert_eq!(wait(&ledger, NOBODY, at(0)), 0);
    }
}
