//! What the client received: repeats, acknowledgements to send, and true answers about it (M-221, M-286, M-321, M-324).

use std::collections::{BTreeMap, VecDeque};

use super::{Monotonic, Profile};
use crate::session::MAX_IDS;

/// Identifiers remembered (M-324 wants a thousand): as many messages as our server holds for a session, so that none
/// it sends again looks new.
pub const WINDOW: usize = 4096;

#[derive(Debug, Clone, Copy)]
struct Entry {
    content_related: bool,
    acked: bool,
}

/// The window of received identifiers, and those that wait to be acknowledged.
#[derive(Debug, Default)]
pub struct Received {
    entries: BTreeMap<i64, Entry>,
    /// Everything up to here was forgotten.
    forgotten: Option<i64>,
    /// Never more than [`WINDOW`].
    acks: VecDeque<i64>,
    /// When the first of them came.
    acks_since: Option<Monotonic>,
}

impl Received {
    /// Whether the identifier was received.
    pub fn contains(&self, msg_id: i64) -> bool {
        self.entries.contains_key(&msg_id)
    }

    /// Whether a repeat of this identifier could not be told from a new message.
    pub fn is_forgotten(&self, msg_id: i64) -> bool {
        self.forgotten.is_some_and(|limit| msg_id <= limit)
    }

    /// Remembers a message; `false` if it was remembered already. One that asks for an acknowledgement is
    /// acknowledged in either case: the first acknowledgement may be lost.
    pub fn note(&mut self, msg_id: i64, content_related: bool, now: Monotonic) -> bool {
        if content_related {
            self.acknowledge(msg_id, now);
        }
        let entry = Entry { content_related, acked: false };
        let new = !self.contains(msg_id) && self.entries.insert(msg_id, entry).is_none();
        while self.entries.len() > WINDOW {
            let Some((oldest, _)) = self.entries.pop_first() else { break };
            self.forgotten = self.forgotten.max(Some(oldest));
        }
        new
    }

    /// Queues an acknowledgement. Of more than [`WINDOW`] that wait the oldest is given up, as nothing is remembered of
    /// its message; the server sends that again.
    pub fn acknowledge(&mut self, msg_id: i64, now: Monotonic) {
        self.acks.push_back(msg_id);
        if self.acks.len() > WINDOW {
            self.acks.pop_front();
        }
        self.acks_since.get_or_insert(now);
    }

    /// When the waiting acknowledgements have to leave even if nothing else does.
    pub fn acks_due(&self, profile: &Profile) -> Option<Monotonic> {
        let since = self.acks_since?;
        let full = self.acks.len() >= profile.ack_count;
        Some(if full { since } else { since.saturating_add(profile.ack_delay) })
    }

    /// Takes the acknowledgements of one message.
    pub fn take_acks(&mut self) -> Vec<i64> {
        let taken: Vec<i64> = self.acks.drain(..self.acks.len().min(MAX_IDS)).collect();
        for msg_id in &taken {
            if let Some(entry) = self.entries.get_mut(msg_id) {
                entry.acked = true;
            }
        }
        if self.acks.is_empty() {
            self.acks_since = None;
        }
        taken
    }

    /// The state byte of a server message (M-286, M-288).
    pub fn state(&self, msg_id: i64) -> u8 {
        let Some(entry) = self.entries.get(&msg_id) else {
            let highest = self.entries.last_key_value().map(|(id, _)| *id);
            return match highest {
                _ if msg_id & 1 == 0 || self.is_forgotten(msg_id) => 1,
                Some(highest) if msg_id < highest => 2,
                _ => 3,
            };
        };
        let acked = if entry.acked { 8 } else { 0 };
        let needs_none = if entry.content_related { 0 } else { 16 };
        4 + acked + needs_none + 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_no_news_but_is_acknowledged_again() {
        let mut received = Received::default();
        assert!(received.note(5, true, Monotonic::ZERO));
        assert_eq!(received.take_acks(), [5]);
        assert!(!received.note(5, true, Monotonic::ZERO), "M-321");
        assert_eq!(received.take_acks(), [5]);
        assert_eq!(received.acks_due(&Profile::STANDARD), None);
    }

    #[test]
    fn acknowledgements_leave_when_there_are_many_or_the_first_is_old() {
        let mut received = Received::default();
        received.note(1, true, Monotonic::from_secs(1));
        assert_eq!(received.acks_due(&Profile::STANDARD), Some(Monotonic::from_secs(6)));
        assert_eq!(received.acks_due(&Profile::TDLIB), Some(Monotonic::from_secs(31)));
        (1..16).for_each(|n| _ = received.note(4 * n + 1, true, Monotonic::from_secs(2)));
        assert_eq!(received.acks_due(&Profile::STANDARD), Some(Monotonic::from_secs(1)));
    }

    #[test]
    fn acknowledgements_that_nothing_carries_are_bounded() {
        let mut received = Received::default();
        (0..100_000).for_each(|n| _ = received.note(4 * n + 1, true, Monotonic::ZERO));
        let mut taken = Vec::new();
        while received.acks_due(&Profile::STANDARD).is_some() {
            taken.extend(received.take_acks());
        }
        assert_eq!((taken.len(), taken.last()), (WINDOW, Some(&399_997)));
    }

    #[test]
    fn states_tell_the_truth() {
        let mut received = Received::default();
        received.note(101, true, Monotonic::ZERO);
        received.note(201, false, Monotonic::ZERO);
        assert_eq!([101, 201, 151, 301, 152].map(|id| received.state(id)), [36, 52, 2, 3, 1], "M-286, M-288");
        received.take_acks();
        assert_eq!(received.state(101), 4 + 8 + 32);
        (0..i64::try_from(WINDOW).unwrap())
            .for_each(|n| _ = received.note(4 * n + 1001, true, Monotonic::ZERO));
        assert!(received.is_forgotten(101) && received.state(101) == 1, "M-324");
        assert!(!received.is_forgotten(1001));
    }
}
