//! Ids of contents: given out by the program, rising, with the shard of the author's box.

use std::sync::atomic::{AtomicI64, Ordering};

use zaun_model::{ContentId, UnixTime};

/// Bits of a content id that name the shard of its author's box.
const SHARD_BITS: u32 = 10;
/// Bits above them that name the node which gave the id out, so that two nodes never give out the same.
const NODE_BITS: u32 = 4;
/// Steps of the clock in a second: microseconds, in steps of as many as there are nodes.
const STEPS_PER_SECOND: i64 = 1_000_000 >> NODE_BITS;

/// Gives out ids of contents: a rising clock above the node above the shard; never the same step of the clock twice.
pub(crate) struct ContentIds {
    last_step: AtomicI64,
    node: i64,
}

impl ContentIds {
    /// Continues above the highest id in use.
    pub(crate) fn above(highest: ContentId, node: u8) -> ContentIds {
        let node = i64::from(node) & ((1 << NODE_BITS) - 1);
        ContentIds { last_step: AtomicI64::new(highest.0 >> (SHARD_BITS + NODE_BITS)), node }
    }

    /// Returns the next id for an author at home in the box with this marked id.
    pub(crate) fn next(&self, now: UnixTime, home: i64) -> ContentId {
        let present = now.0.saturating_mul(STEPS_PER_SECOND);
        let next = |last: i64| last.saturating_add(1).max(present);
        let before =
            self.last_step.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        let step = next(before.unwrap_or_else(|last| last));
        let shard = home & ((1 << SHARD_BITS) - 1);
        ContentId(((step << NODE_BITS | self.node) << SHARD_BITS) | shard)
    }

    /// Returns the lowest id that a content of this moment can have.
    pub(crate) fn lowest_at(moment: UnixTime) -> ContentId {
        ContentId(moment.0.saturating_mul(STEPS_PER_SECOND) << (NODE_BITS + SHARD_BITS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_even_when_the_clock_does_not() {
        let ids = ContentIds::above(ContentId(0), 3);
        let first = ids.next(UnixTime(1_000_000), 5);
        let second = ids.next(UnixTime(1_000_000), 5);
        let third = ids.next(UnixTime(999_000), 5);
        assert!(first < second && second < third);
        assert_eq!(first.0 & 1023, 5);
        assert!(ContentIds::lowest_at(UnixTime(1_000_000)) <= first);
        let continued = ContentIds::above(third, 3).next(UnixTime(0), 5);
        assert!(continued > third, "a restart continues above what is there");
    }

    #[test]
    fn two_nodes_never_give_out_the_same() {
        let (here, there) = (ContentIds::above(ContentId(0), 0), ContentIds::above(ContentId(0), 1));
        assert_ne!(here.next(UnixTime(7), 5), there.next(UnixTime(7), 5));
    }
}
