//! Which salt the client uses, and when it asks for more (M-243 … M-256).

use std::time::Duration;

use super::Monotonic;
use crate::UnixTime;
use crate::salts::{MAX_FUTURE, SLOT_S, Salt};

/// A new salt is used only so long after it begins, lest our idea of the server's clock is a little ahead; the salt
/// before it lives for another half hour.
const SWITCH_DELAY_S: u64 = 60;
/// More salts are asked for when the last known one ends within so many seconds.
const RENEW_BEFORE_S: u64 = SLOT_S;
/// A request for salts that was not answered is made again after this.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// Salts asked for at once: a day and more of them.
pub const ASKED: i32 = 64;

/// The salt in use and those to come, as [`Session`](super::Session) uses them for every packet that it sends.
///
/// ```
/// # use zaun_mtproto::{UnixTime, client::{Monotonic, SaltBook}, salts::Salt};
/// let (mut book, server) = (SaltBook::new(1), UnixTime::from_secs(1_800_000_000));
/// assert_eq!(book.ask_at(server, Monotonic::ZERO), Monotonic::ZERO); // No future salt is known: ask at once.
/// let next = Salt { valid_since: 1_800_001_000, valid_until: 1_800_004_600, salt: 2 };
/// book.learn(vec![next], server);
/// assert_eq!(book.current(server), 1);
/// assert_eq!(book.current(UnixTime::from_secs(1_800_001_060)), 2);
/// ```
#[derive(Debug)]
pub struct SaltBook {
    current: i64,
    /// Ordered by their beginnings; never more than [`MAX_FUTURE`].
    future: Vec<Salt>,
    asked_at: Option<Monotonic>,
}

impl SaltBook {
    /// `first` is the salt of the key exchange, or of an earlier run.
    pub fn new(first: i64) -> SaltBook {
        SaltBook { current: first, future: Vec::new(), asked_at: None }
    }

    /// The salt for a packet that leaves now.
    pub fn current(&mut self, server_time: UnixTime) -> i64 {
        let begun = |salt: &Salt| salt.valid_since.saturating_add(SWITCH_DELAY_S) <= server_time.as_secs();
        let count = self.future.iter().take_while(|salt| begun(salt)).count();
        if let Some(newest) = self.future.drain(..count).next_back() {
            self.current = newest.salt;
        }
        self.current
    }

    /// The salt that the server named when it refused ours. What we knew of the future is in doubt, too.
    /// Several packets under way may be refused for the same reason; that changes nothing twice.
    pub fn correct(&mut self, salt: i64) {
        if salt == self.current {
            return;
        }
        self.current = salt;
        self.future.clear();
    }

    /// The salt named in new_session_created, which may have been under way for long: a known list knows better.
    pub fn hint(&mut self, salt: i64) {
        if self.future.is_empty() {
            self.current = salt;
        }
    }

    /// The answer to get_future_salts.
    pub fn learn(&mut self, mut salts: Vec<Salt>, server_time: UnixTime) {
        salts.retain(|salt| salt.valid_since < salt.valid_until && salt.valid_until > server_time.as_secs());
        salts.sort_unstable_by_key(|salt| salt.valid_since);
        salts.truncate(MAX_FUTURE);
        self.future = salts;
    }

    /// When to ask for more: at once, later, or not while nothing changes. Never twice within a minute, whatever was
    /// answered: a server may have one salt only, which ends soon.
    pub fn ask_at(&self, server_time: UnixTime, now: Monotonic) -> Monotonic {
        let known_until = self.future.last().map_or(0, |salt| salt.valid_until);
        let spare_s = known_until.saturating_sub(RENEW_BEFORE_S).saturating_sub(server_time.as_secs());
        let due = now.saturating_add(Duration::from_secs(spare_s));
        self.asked_at.map_or(due, |asked| due.max(asked.saturating_add(ASK_AGAIN)))
    }

    /// A request for more is on its way.
    pub fn asked(&mut self, now: Monotonic) {
        self.asked_at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Monotonic = Monotonic::from_secs(1);

    fn salts(count: u64) -> Vec<Salt> {
        (0..count)
            .map(|n| Salt {
                valid_since: 1800 * (1000 + n),
                valid_until: 1800 * (1002 + n),
                salt: i64::try_from(n).unwrap(),
            })
            .collect()
    }

    #[test]
    fn a_salt_is_used_from_a_minute_after_it_begins() {
        let mut book = SaltBook::new(-1);
        assert_eq!(book.current(UnixTime::from_secs(1_800_000)), -1);
        book.learn(salts(3), UnixTime::from_secs(1_800_070));
        assert_eq!(book.current(UnixTime::from_secs(1_800_070)), 0, "M-255");
        assert_eq!(book.current(UnixTime::from_secs(1800 * 1001 + 59)), 0);
        assert_eq!(book.current(UnixTime::from_secs(1800 * 1001 + 60)), 1);
        assert_eq!(book.current(UnixTime::from_secs(1800 * 1001 + 1)), 1, "never back");
    }

    #[test]
    fn more_salts_are_asked_for_before_the_last_ends_and_not_twice_a_minute() {
        let mut book = SaltBook::new(0);
        let server = UnixTime::from_secs(1_800_000);
        assert_eq!(book.ask_at(server, NOW), NOW, "at once, as none are known");
        book.asked(NOW);
        assert_eq!(book.ask_at(server, NOW), NOW + ASK_AGAIN);
        book.learn(salts(3), server);
        assert_eq!(book.ask_at(server, NOW), NOW + Duration::from_secs(1800 * 3));
        book.correct(9);
        assert_eq!((book.current(server), book.ask_at(server, NOW)), (9, NOW + ASK_AGAIN));
        book.asked(NOW + ASK_AGAIN);
        book.learn(Vec::new(), server);
        assert_eq!(book.ask_at(server, NOW + ASK_AGAIN), NOW + 2 * ASK_AGAIN, "an answer without salts");
    }
}
