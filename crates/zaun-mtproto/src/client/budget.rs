//! What the client sends only because the server said so, kept from going at the speed of the round trip.

use super::Monotonic;

/// So many at once: more than an honest server causes in a second.
const BURST: u32 = 20;
/// After that one in so long.
const REFILL: Monotonic = Monotonic::from_secs(1);

/// A bucket of tokens for one cause.
#[derive(Debug)]
pub struct Budget {
    left: u32,
    refilled_at: Monotonic,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { left: BURST, refilled_at: Monotonic::ZERO }
    }
}

impl Budget {
    /// Takes a token; `false` if none is left.
    pub fn take(&mut self, now: Monotonic) -> bool {
        let gained = now.saturating_sub(self.refilled_at).as_nanos() / REFILL.as_nanos();
        let gained = u32::try_from(gained).unwrap_or(u32::MAX);
        if gained > 0 {
            self.left = self.left.saturating_add(gained).min(BURST);
            self.refilled_at = self.refilled_at.saturating_add(REFILL.saturating_mul(gained));
        }
        let taken = self.left > 0;
        self.left = self.left.saturating_sub(1);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_one_in_a_second() {
        let mut budget = Budget::default();
        let mut taken = |from_ms: u64, to_ms: u64| {
            let times = (from_ms..to_ms).map(Monotonic::from_millis);
            times.filter(|now| budget.take(*now)).count()
        };
        assert_eq!(taken(0, 1000), 20);
        assert_eq!(taken(1000, 16_000), 15);
        assert_eq!(taken(1_000_000, 1_000_500), 20, "no more than a burst is saved up");
    }
}
