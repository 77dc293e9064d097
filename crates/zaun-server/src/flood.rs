//! How much one address and one key may ask for; more is −429 (M-050, M-146, M-182).

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use parking_lot::Mutex;

use crate::socket::Peer;

/// Addresses that are remembered at once; beyond it the ones without open connections are forgotten.
const MAX_ADDRESSES: usize = 100_000;

/// So many at once, then so many a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How many are free after a pause.
    pub burst: u32,
    /// How fast they come back.
    pub per_second: f64,
}

/// What one address, and one key, may ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FloodLimits {
    /// Connections at once from one address.
    pub connections: usize,
    /// New connections from one address.
    pub connects: Rate,
    /// Key exchanges from one address (M-146).
    pub exchanges: Rate,
    /// Packets for keys that do not exist, from one address (M-182).
    pub unknown_keys: Rate,
    /// Packets of one key, on all its connections.
    pub packets: Rate,
    /// Whether clients on this machine are limited too. Off, because tests and proxies live there.
    pub local: bool,
}

impl Default for FloodLimits {
    /// An office behind one address is let through, a loop that reconnects without pause is not.
    fn default() -> FloodLimits {
        FloodLimits {
            connections: 2_000,
            connects: Rate { burst: 400, per_second: 40.0 },
            exchanges: Rate { burst: 200, per_second: 10.0 },
            unknown_keys: Rate { burst: 100, per_second: 2.0 },
            packets: Rate { burst: 10_000, per_second: 1_000.0 },
            local: false,
        }
    }
}

/// What is left of a [`Rate`].
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// How many were taken and have not come back yet.
    taken: f64,
    at: Option<Instant>,
}

impl Bucket {
    /// Takes one; `false` if there is none.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let elapsed = self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        self.at = Some(now);
        self.taken = (self.taken - elapsed * rate.per_second).max(0.0);
        let allowed = self.taken + 1.0 <= f64::from(rate.burst);
        if allowed {
            self.taken += 1.0;
        }
        allowed
    }
}

/// What one address did lately.
#[derive(Debug, Default)]
struct Address {
    open: usize,
    connects: Bucket,
    exchanges: Bucket,
    unknown_keys: Bucket,
}

/// Something that an address may do only so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Exchange,
    UnknownKey,
}

/// What addresses did lately.
#[derive(Debug)]
pub(crate) struct Addresses {
    pub(crate) limits: FloodLimits,
    known: Mutex<HashMap<IpAddr, Address>>,
}

impl Addresses {
    pub(crate) fn new(limits: FloodLimits) -> Addresses {
        Addresses { limits, known: Mutex::default() }
    }

    /// The address that is limited; `None` for those that are not.
    fn limited(&self, peer: Peer) -> Option<IpAddr> {
        peer.ip().filter(|_| self.limits.local || !peer.is_local())
    }

    /// Counts a new connection; `false` if the address has too many or makes them too fast. Whatever the answer,
    /// [`Addresses::close`] ends it.
    pub(crate) fn open(&self, peer: Peer) -> bool {
        let Some(ip) = self.limited(peer) else { return true };
        let mut known = self.known.lock();
        if known.len() >= MAX_ADDRESSES && !known.contains_key(&ip) {
            known.retain(|_, address| address.open > 0);
        }
        let address = known.entry(ip).or_default();
        address.open += 1;
        address.open <= self.limits.connections && address.connects.take(self.limits.connects, Instant::now())
    }

    /// A connection of the address ended.
    pub(crate) fn close(&self, peer: Peer) {
        let Some(ip) = self.limited(peer) else { return };
        if let Some(address) = self.known.lock().get_mut(&ip) {
            address.open = address.open.saturating_sub(1);
        }
    }

    /// Whether the address may do this once more.
    pub(crate) fn allow(&self, peer: Peer, deed: Deed) -> bool {
        let Some(ip) = self.limited(peer) else { return true };
        let mut known = self.known.lock();
        let address = known.entry(ip).or_default();
        match deed {
            Deed::Exchange => address.exchanges.take(self.limits.exchanges, Instant::now()),
            Deed::UnknownKey => address.unknown_keys.take(self.limits.unknown_keys, Instant::now()),
        }
    }

    /// Whether packets of keys are counted for this client.
    pub(crate) fn counts_packets(&self, peer: Peer) -> bool {
        self.limits.local || !peer.is_local()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let rate = Rate { burst: 3, per_second: 2.0 };
        let (mut bucket, start) = (Bucket::default(), Instant::now());
        assert_eq!((0..5).filter(|_| bucket.take(rate, start)).count(), 3);
        assert!(!bucket.take(rate, start + Duration::from_millis(400)));
        assert!(bucket.take(rate, start + Duration::from_millis(500)));
        assert_eq!((0..5).filter(|_| bucket.take(rate, start + Duration::from_secs(60))).count(), 3);
    }

    #[test]
    fn only_open_connections_count_against_an_address() {
        let addresses = Addresses::new(FloodLimits { connections: 2, ..FloodLimits::default() });
        let peer = Peer::Ip("203.0.113.7:1".parse().unwrap());
        assert!(addresses.open(peer) && addresses.open(peer));
        assert!(!addresses.open(peer), "M-050");
        addresses.close(peer);
        addresses.close(peer);
        assert!(addresses.open(peer));
        let local = Peer::Ip("127.0.0.1:1".parse().unwrap());
        assert!((0..10).all(|_| addresses.open(local)), "loopback is exempt");
    }
}
