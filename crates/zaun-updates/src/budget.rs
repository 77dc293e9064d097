//! What is asked only because the server said so, kept from going at the speed of the round trip.

use crate::Monotonic;

/// So many at once: more than an honest server causes in a second.
const BURST: u32 = 20;
/// After that one in so long.
pub const REFILL: Monotonic = Monotonic::from_secs(1);

/// When the next request for one cause may go.
#[derive(Debug, Default)]
pub struct Budget {
    /// When all that was reserved is paid for.
    paid_at: Monotonic,
}

impl Budget {
    /// Reserves a request, and tells from when on it may go: now, unless there were too many.
    pub fn reserve(&mut self, now: Monotonic) -> Monotonic {
        self.paid_at = self.paid_at.max(now).saturating_add(REFILL);
        self.paid_at.saturating_sub(REFILL.saturating_mul(BURST)).max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_one_in_a_second() {
        let mut budget = Budget::default();
        let start = Monotonic::from_secs(100);
        let reserved: Vec<_> = (0..23).map(|_| budget.reserve(start) - start).collect();
        assert!(reserved.iter().take(20).all(Monotonic::is_zero), "{reserved:?}");
        assert_eq!(reserved[20..], [REFILL, 2 * REFILL, 3 * REFILL]);
        let later = Monotonic::from_secs(1000);
        assert_eq!((0..21).filter(|_| budget.reserve(later) == later).count(), 20, "no more is saved up");
    }
}
