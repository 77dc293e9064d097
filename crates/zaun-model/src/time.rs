//! Moments.

use std::ops::{Add, Sub};

/// A moment in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// Returns the moment as the schema has it; what does not fit becomes the last moment that does.
    #[must_use]
    pub fn to_tl(self) -> i32 {
        i32::try_from(self.0).unwrap_or(i32::MAX)
    }

    /// Returns the day since 1970 on which the moment lies.
    #[must_use]
    pub fn day(self) -> i64 {
        self.0.div_euclid(86_400)
    }
}

impl Add<i64> for UnixTime {
    type Output = UnixTime;

    fn add(self, seconds: i64) -> UnixTime {
        UnixTime(self.0.saturating_add(seconds))
    }
}

impl Sub<i64> for UnixTime {
    type Output = UnixTime;

    fn sub(self, seconds: i64) -> UnixTime {
        UnixTime(self.0.saturating_sub(seconds))
    }
}

impl Sub for UnixTime {
    type Output = i64;

    fn sub(self, earlier: UnixTime) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}
