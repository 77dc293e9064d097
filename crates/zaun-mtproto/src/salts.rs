//! Server salts (M-243 … M-257): a keyed function of key and half-hour, so nothing is stored and all nodes agree.

use zaun_crypto::hash;
use zeroize::Zeroizing;

use crate::UnixTime;

/// A new salt begins every half hour (M-244).
pub const SLOT_S: u64 = 1800;
/// Each salt lives for two slots, overlapping its neighbours by half (M-244).
pub const LIFE_S: u64 = 2 * SLOT_S;
/// Most salts that one get_future_salts answers with (M-252).
pub const MAX_FUTURE: usize = 64;

/// A salt and when it is good, in unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt {
    /// First second.
    pub valid_since: u64,
    /// First second after its life.
    pub valid_until: u64,
    /// The salt itself.
    pub salt: i64,
}

/// Derives the salts of every key from one secret.
pub struct SaltSource {
    secret: Zeroizing<[u8; 32]>,
}

impl SaltSource {
    /// `secret` is kept for the life of the installation: with another one every client has to ask again.
    pub fn new(secret: [u8; 32]) -> Self {
        SaltSource { secret: Zeroizing::new(secret) }
    }

    fn in_slot(&self, auth_key_id: i64, slot: u64) -> Salt {
        let mac = hash::hmac_sha256(&*self.secret, &[&auth_key_id.to_le_bytes(), &slot.to_le_bytes()]);
        let salt = mac.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
        Salt { valid_since: slot * SLOT_S, valid_until: slot * SLOT_S + LIFE_S, salt }
    }

    /// The salt that begins last among those valid now: what every server packet carries (M-250).
    pub fn current(&self, auth_key_id: i64, now: UnixTime) -> i64 {
        self.in_slot(auth_key_id, now.as_secs() / SLOT_S).salt
    }

    /// Whether a client may use `salt` now: the current one or the one before (M-244, M-248).
    pub fn accepts(&self, auth_key_id: i64, salt: i64, now: UnixTime) -> bool {
        let slot = now.as_secs() / SLOT_S;
        salt == self.in_slot(auth_key_id, slot).salt
            || salt == self.in_slot(auth_key_id, slot.saturating_sub(1)).salt
    }

    /// `count` salts from the current one on (M-252 … M-255); the count is clamped to 1..=64.
    pub fn future(&self, auth_key_id: i64, now: UnixTime, count: i32) -> Vec<Salt> {
        let count = u64::try_from(count.clamp(1, 64)).unwrap_or(1);
        let slot = now.as_secs() / SLOT_S;
        (slot..slot + count).map(|slot| self.in_slot(auth_key_id, slot)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salts_overlap_by_half_and_future_ones_are_refused() {
        let source = SaltSource::new([7; 32]);
        let now = UnixTime::from_secs(1_700_000_000);
        let salts = source.future(42, now, 500);
        assert_eq!(salts.len(), MAX_FUTURE, "M-252");
        assert_eq!(salts[0].salt, source.current(42, now), "M-255");
        for pair in salts.windows(2) {
            assert_eq!(pair[0].valid_until - pair[1].valid_since, SLOT_S, "M-255");
        }
        assert!(source.accepts(42, salts[0].salt, now));
        assert!(!source.accepts(42, salts[1].salt, now), "M-248");
        assert!(source.accepts(42, salts[0].salt, UnixTime::from_secs(salts[0].valid_until - 1)), "M-244");
        assert!(!source.accepts(42, salts[0].salt, UnixTime::from_secs(salts[0].valid_until)), "M-244");
        assert!(!source.accepts(43, salts[0].salt, now), "M-243, M-168");
        let node = SaltSource::new([7; 32]);
        assert_eq!(node.future(42, now, 64), salts, "M-257: nodes with one secret agree");
        assert_eq!(source.future(42, now, -3).len(), 1, "M-252");
    }
}
