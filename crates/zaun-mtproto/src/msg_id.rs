//! Message identifiers (M-205 … M-211).

use crate::UnixTime;

/// Client messages may be this much older than now (M-209).
pub const MAX_AGE_S: i64 = 300;
/// … and this much ahead of it (M-209).
pub const MAX_AHEAD_S: i64 = 30;

/// What a server message is, which decides the low two bits of its identifier (M-206).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A response to a client message: ≡ 1 (mod 4).
    Response,
    /// Anything else: ≡ 3 (mod 4).
    Notice,
}

/// The identifier that `now` stands for: unix time × 2³², low two bits clear.
pub fn from_time(now: UnixTime) -> i64 {
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX >> 32);
    // 2³² / 10⁹ ≈ 4.295: nanoseconds scaled to the fraction.
    let fraction = (u64::from(now.subsec_nanos()) << 32) / 1_000_000_000;
    (seconds << 32) | (i64::try_from(fraction).unwrap_or(0) & !3)
}

/// Unix seconds inside an identifier; clients may send any 64 bits.
pub fn seconds(msg_id: i64) -> i64 {
    msg_id >> 32
}

/// The time inside an identifier of the server; before 1970 it is the epoch.
pub fn time(msg_id: i64) -> UnixTime {
    let fraction = u64::try_from(msg_id & 0xffff_ffff).unwrap_or(0);
    let nanos = u32::try_from((fraction * 1_000_000_000) >> 32).unwrap_or(0);
    UnixTime::new(u64::try_from(seconds(msg_id)).unwrap_or(0), nanos)
}

/// Generates rising identifiers of one session, whatever the clock does (M-207).
#[derive(Debug, Default)]
pub struct Generator {
    last: i64,
}

impl Generator {
    /// The next identifier of the given kind.
    pub fn next(&mut self, now: UnixTime, kind: Kind) -> i64 {
        let low = if kind == Kind::Response { 1 } else { 3 };
        let mut id = from_time(now) | low;
        if id <= self.last {
            id = ((self.last >> 2) + 1) << 2 | low;
        }
        self.last = id;
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_ids_rise_strictly_even_when_the_clock_stands_or_steps_back() {
        let mut generator = Generator::default();
        let mut last = 0;
        for step in 0..1000u32 {
            let now = UnixTime::from_secs(1_700_000_000 - u64::from(step / 10));
            let kind = if step % 3 == 0 { Kind::Notice } else { Kind::Response };
            let id = generator.next(now, kind);
            assert!(id > last, "M-207");
            assert_eq!(id & 3, if kind == Kind::Response { 1 } else { 3 }, "M-206");
            last = id;
        }
    }

    #[test]
    fn an_id_is_unix_time_times_two_to_the_32() {
        let id = from_time(UnixTime::new(1_700_000_000, 500_000_000));
        assert_eq!(seconds(id), 1_700_000_000, "M-205");
        assert_eq!(id & 0xffff_ffff, 0x8000_0000, "M-211");
        assert_eq!(time(id), UnixTime::new(1_700_000_000, 500_000_000));
    }
}
