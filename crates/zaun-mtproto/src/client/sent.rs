//! What recent packets held, because a refusal names only the packet (M-236).

use std::collections::BTreeMap;

use super::outbox::Service;

/// Packets remembered; more than that many are never under way.
const MAX_PACKETS: usize = 1024;

/// What one packet carried.
#[derive(Debug, Default)]
pub struct Carried {
    /// Queries, by the identifiers they had.
    pub queries: Vec<i64>,
    /// Service messages.
    pub service: Vec<Service>,
    /// Acknowledged messages.
    pub acks: Vec<i64>,
    /// How many messages it was altogether.
    pub messages: usize,
    /// Running number of its last stamp.
    pub number: u64,
}

/// Recent packets by their identifiers.
#[derive(Debug, Default)]
pub struct SentPackets {
    packets: BTreeMap<i64, Carried>,
}

impl SentPackets {
    /// Remembers a packet, and forgets the oldest beyond the limit.
    pub fn note(&mut self, msg_id: i64, carried: Carried) {
        self.packets.insert(msg_id, carried);
        if self.packets.len() > MAX_PACKETS {
            self.packets.pop_first();
        }
    }

    /// Whether a packet is remembered.
    pub fn contains(&self, msg_id: i64) -> bool {
        self.packets.contains_key(&msg_id)
    }

    /// The packet was refused: nothing in it had an effect (M-237).
    pub fn take(&mut self, msg_id: i64) -> Option<Carried> {
        self.packets.remove(&msg_id)
    }

    /// The highest identifier that is not above another one.
    pub fn highest_up_to(&self, limit: i64) -> Option<i64> {
        self.packets.range(..=limit).next_back().map(|(msg_id, _)| *msg_id)
    }

    /// A new session begins.
    pub fn clear(&mut self) {
        self.packets.clear();
    }
}
