//! The server's clock as the client knows it (M-205, M-240, M-321).

use super::{Monotonic, ReceiveError};
use crate::msg_id::{self, MAX_AGE_S, MAX_AHEAD_S};
use crate::{UnixTime, client};

/// An estimate of the server's clock, carried on by a clock that never steps.
///
/// A server packet that passed all other checks proves that the server's clock has reached its msg_id; the packet
/// that travelled fastest gives the best estimate, so the estimate only rises: what is ahead of it by any time is no
/// attack, as nobody but the server can make it, but our clock that stood still. The estimate falls only when the
/// server says so itself, with code 17.
#[derive(Debug)]
pub struct Clock {
    /// Server time minus monotonic time, in nanoseconds.
    offset_ns: i128,
    /// Whether the server has been heard.
    synced: bool,
    /// The server set the clock back in this session: then its identifiers may be ahead of its clock, because they never
    /// go back (M-207), and tell nothing.
    set_back: bool,
}

impl Clock {
    /// `server_time` is the best guess at `now`: what the key exchange brought, or the wall clock.
    pub fn new(server_time: UnixTime, now: Monotonic) -> Clock {
        Clock { offset_ns: nanos(server_time) - nanos(now), synced: false, set_back: false }
    }

    /// What the server's clock says now, as far as known.
    pub fn server_time(&self, now: Monotonic) -> UnixTime {
        let total = u128::try_from(self.offset_ns + nanos(now)).unwrap_or(0);
        let seconds = u64::try_from(total / 1_000_000_000).unwrap_or(0);
        UnixTime::new(seconds, u32::try_from(total % 1_000_000_000).unwrap_or(0))
    }

    /// Judges the time in the msg_id of an otherwise correct packet and learns from it. Nothing is learnt from one
    /// that is refused (M-323).
    pub fn judge(&mut self, now: Monotonic, msg_id: i64) -> Result<(), ReceiveError> {
        let said = nanos(msg_id::time(msg_id));
        let ahead_ns = said - (self.offset_ns + nanos(now));
        if self.synced && ahead_ns < -nanos(client::seconds(MAX_AGE_S)) {
            return Err(ReceiveError::Behind(whole_seconds(-ahead_ns)));
        }
        let misleading = self.set_back && ahead_ns > nanos(client::seconds(MAX_AHEAD_S));
        if !self.synced || (ahead_ns > 0 && !misleading) {
            self.offset_ns += ahead_ns;
            self.synced = true;
        }
        Ok(())
    }

    /// The server said that our identifiers are too old or too new, in a message with this identifier (M-240).
    pub fn correct(&mut self, now: Monotonic, msg_id: i64) {
        let offset_ns = nanos(msg_id::time(msg_id)) - nanos(now);
        self.set_back = offset_ns < self.offset_ns;
        self.offset_ns = offset_ns;
        self.synced = true;
    }

    /// A new session begins: its identifiers owe nothing to the old ones.
    pub fn forgive(&mut self) {
        self.set_back = false;
    }
}

fn nanos(time: UnixTime) -> i128 {
    i128::try_from(time.as_nanos()).unwrap_or(i128::MAX / 4)
}

fn whole_seconds(ns: i128) -> u64 {
    u64::try_from(ns / 1_000_000_000).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Monotonic = Monotonic::from_secs(50);
    const SERVER: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn id(ahead_s: i64) -> i64 {
        msg_id::from_time(SERVER) + (ahead_s << 32) + 1
    }

    #[test]
    fn the_first_packet_sets_the_clock_and_the_fastest_improves_it() {
        let mut clock = Clock::new(SERVER - UnixTime::from_secs(5000), NOW);
        clock.judge(NOW, id(0)).unwrap();
        assert_eq!(clock.server_time(NOW).as_secs(), SERVER.as_secs());
        clock.judge(NOW, id(2)).unwrap();
        assert_eq!(clock.server_time(NOW).as_secs(), SERVER.as_secs() + 2);
        clock.judge(NOW, id(-100)).unwrap();
        assert_eq!(clock.server_time(NOW).as_secs(), SERVER.as_secs() + 2, "a slow packet proves nothing");
    }

    #[test]
    fn packets_of_a_time_long_past_are_refused_and_teach_nothing() {
        let mut clock = Clock::new(SERVER, NOW);
        clock.judge(NOW, id(0)).unwrap();
        assert_eq!(clock.judge(NOW, id(-302)), Err(ReceiveError::Behind(302)), "M-321");
        assert_eq!(clock.server_time(NOW).as_secs(), SERVER.as_secs(), "M-323");
    }

    #[test]
    fn the_server_may_set_the_clock_back() {
        let mut clock = Clock::new(SERVER + UnixTime::from_secs(3600), NOW);
        clock.correct(NOW, id(0));
        assert_eq!(clock.server_time(NOW).as_secs(), SERVER.as_secs(), "M-240");
        clock.judge(NOW, id(3600)).unwrap();
        assert_eq!(
            clock.server_time(NOW).as_secs(),
            SERVER.as_secs(),
            "identifiers of the time before, M-207"
        );
        clock.judge(NOW, id(3)).unwrap();
        assert_eq!(clock.server_time(NOW).as_secs(), SERVER.as_secs() + 3);
        clock.forgive();
        clock.judge(NOW, id(3600)).unwrap();
        assert_eq!(clock.server_time(NOW).as_secs(), SERVER.as_secs() + 3600, "we stood still");
    }
}
