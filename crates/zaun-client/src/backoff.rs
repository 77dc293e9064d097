//! How long to wait before another connection is tried.

use std::collections::VecDeque;
use std::time::Duration;

use rand::{Rng, RngExt};

/// Delays that grow from one failure to the next.
///
/// ```
/// use std::time::Duration;
/// let mut strategy = zaun_client::ReconnectStrategy { jitter: false, ..Default::default() };
/// let delays: Vec<u64> = (0..4).filter_map(|_| strategy.next_delay()).map(|d| d.as_millis() as u64).collect();
/// assert_eq!(delays, [1000, 1500, 2250, 3375]);
/// strategy.reset();
/// assert_eq!(strategy.next_delay(), Some(Duration::from_secs(1)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReconnectStrategy {
    /// Before the second attempt.
    pub initial_delay: Duration,
    /// No delay is longer, jitter included.
    pub max_delay: Duration,
    /// Each delay is so many times the one before.
    pub multiplier: f64,
    /// A random factor from 0.5 to 1.5, so that many clients do not come back in step.
    pub jitter: bool,
    /// Attempts before it is exhausted; `None` never.
    pub max_attempts: Option<u32>,
    /// Delays given out since the last success.
    pub attempts: u32,
}

impl Default for ReconnectStrategy {
    /// 1 s, half as much again each time, up to 30 s, for ever.
    fn default() -> ReconnectStrategy {
        ReconnectStrategy {
            initial_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(30),
            multiplier: 1.5,
            jitter: true,
            max_attempts: None,
            attempts: 0,
        }
    }
}

impl ReconnectStrategy {
    /// The next delay; `None` when it is exhausted.
    pub fn next_delay(&mut self) -> Option<Duration> {
        if self.is_exhausted() {
            return None;
        }
        let grown = self.initial_delay.as_secs_f64()
            * self.multiplier.max(1.0).powi(self.attempts.min(64).cast_signed());
        self.attempts += 1;
        let factor = if self.jitter { rand::rng().random_range(0.5..1.5) } else { 1.0 };
        Some(Duration::try_from_secs_f64(grown * factor).unwrap_or(self.max_delay).min(self.max_delay))
    }

    /// A connection worked: delays begin anew.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }

    /// Whether no attempt is left.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.max_attempts.is_some_and(|max| self.attempts >= max)
    }
}

/// Limits of connection attempts: at most so many within so long. They hold even if every one of them succeeds at
/// first, as with a proxy that takes connections and closes them at once.
const FLOOD_LIMITS: [(usize, Duration); 4] = [
    (1, Duration::from_millis(100)),
    (4, Duration::from_secs(2)),
    (8, Duration::from_secs(5)),
    (12, Duration::from_secs(30)),
];

/// Remembers attempts to connect and says when the next may begin.
#[derive(Debug, Default)]
pub struct FloodControl {
    attempts: VecDeque<Duration>,
}

impl FloodControl {
    /// Notes an attempt and returns how long it has to wait, by a clock that never steps back.
    pub fn attempt(&mut self, now: Duration) -> Duration {
        let mut at = now;
        for (count, window) in FLOOD_LIMITS {
            if let Some(earlier) = self.attempts.len().checked_sub(count).and_then(|i| self.attempts.get(i)) {
                at = at.max(earlier.saturating_add(window));
            }
        }
        self.attempts.push_back(at);
        let longest = FLOOD_LIMITS.iter().map(|(count, _)| *count).max().unwrap_or(0);
        while self.attempts.len() > longest {
            self.attempts.pop_front();
        }
        at.saturating_sub(now)
    }
}

/// A random number for identifiers.
pub(crate) fn random_id() -> i64 {
    rand::rng().next_u64().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_cap_and_jitter_stays_below_it() {
        let mut strategy = ReconnectStrategy::default();
        for attempt in 0..200 {
            let delay = strategy.next_delay().unwrap();
            let plain = Duration::from_secs_f64(1.5_f64.powi(attempt.min(40)));
            assert!(delay <= Duration::from_secs(30), "{delay:?}");
            assert!(delay >= (plain / 2).min(Duration::from_secs(15)), "{delay:?} of {plain:?}");
        }
    }

    #[test]
    fn a_strategy_with_a_count_is_exhausted() {
        let mut strategy = ReconnectStrategy { max_attempts: Some(2), ..ReconnectStrategy::default() };
        assert!(strategy.next_delay().is_some() && !strategy.is_exhausted());
        assert!(strategy.next_delay().is_some() && strategy.is_exhausted());
        assert_eq!(strategy.next_delay(), None);
        strategy.reset();
        assert!(strategy.next_delay().is_some());
    }

    #[test]
    fn endless_quick_failures_are_slowed_down_and_rare_ones_are_not() {
        let mut control = FloodControl::default();
        let mut now = Duration::ZERO;
        for _ in 0..100 {
            now += control.attempt(now);
        }
        assert!(now >= Duration::from_secs(7 * 30), "12 in half a minute: {now:?}");
        now += Duration::from_secs(60);
        assert_eq!(control.attempt(now), Duration::ZERO);
    }
}
