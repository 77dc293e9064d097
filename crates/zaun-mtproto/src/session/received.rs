//! The window of received message identifiers: duplicates, order of sequence numbers, states (M-212 … M-228, M-286).

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use super::bad::BadMsg;

/// Identifiers remembered per session (M-212: clients keep about as many themselves).
pub const WINDOW: usize = 1024;

/// Queries remembered beyond the window because they ran when it passed them: as many as a server runs at once.
const MAX_KEPT: usize = 1024;

/// Identifier and seqno of a message that was received.
pub type Neighbour = (i64, i32);

/// What became of a received message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Accepted, and not handled yet.
    New,
    /// Handled at once; nothing will answer it as an rpc_result.
    Done,
    /// A query that is running.
    Running,
    /// A query whose answer was generated.
    Answered,
    /// A query whose answer the client gave up (M-303, M-305).
    Dropped,
    /// A query whose answer had to be given up before the client acknowledged it (M-282).
    Lost,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    seqno: i32,
    progress: Progress,
    acked: bool,
}

/// What is remembered of the messages that a client sent.
#[derive(Debug, Default)]
pub struct Received {
    entries: BTreeMap<i64, Entry>,
    /// Everything up to here was forgotten.
    forgotten: Option<i64>,
    /// Queries that ran for longer than the window remembers: running again is what the window exists to prevent.
    kept: BTreeMap<i64, Entry>,
}

impl Received {
    /// Whether this identifier was received.
    pub fn contains(&self, msg_id: i64) -> bool {
        self.entry(msg_id).is_some()
    }

    fn entry(&self, msg_id: i64) -> Option<&Entry> {
        self.entries.get(&msg_id).or_else(|| self.kept.get(&msg_id))
    }

    fn entry_mut(&mut self, msg_id: i64) -> Option<&mut Entry> {
        self.entries.get_mut(&msg_id).or_else(|| self.kept.get_mut(&msg_id))
    }

    /// Whether the identifier lies in the forgotten range, where a duplicate cannot be told from a new one (M-215).
    pub fn is_forgotten(&self, msg_id: i64) -> bool {
        self.forgotten.is_some_and(|limit| msg_id <= limit) && !self.kept.contains_key(&msg_id)
    }

    /// Codes 32 and 33 for a message that is new (M-227). The remembered ones are in order among themselves, so
    /// its two neighbours tell.
    pub fn check_seqno(&self, msg_id: i64, seqno: i32) -> Result<(), BadMsg> {
        let odd = seqno & 1 == 1;
        let (below, above) = self.neighbours(msg_id);
        if below.is_some_and(|(_, lower)| lower > seqno || (odd && lower == seqno)) {
            return Err(BadMsg::SeqnoTooLow);
        }
        if above.is_some_and(|(_, higher)| higher < seqno || (odd && higher == seqno)) {
            return Err(BadMsg::SeqnoTooHigh);
        }
        Ok(())
    }

    /// The remembered messages next to `msg_id`, below and above, with their seqno.
    pub fn neighbours(&self, msg_id: i64) -> (Option<Neighbour>, Option<Neighbour>) {
        let below = self.entries.range((Unbounded, Excluded(msg_id))).next_back();
        let above = self.entries.range((Excluded(msg_id), Unbounded)).next();
        (below.map(|(id, entry)| (*id, entry.seqno)), above.map(|(id, entry)| (*id, entry.seqno)))
    }

    /// Remembers a message. Call [`Received::trim`] when the whole packet is accepted.
    pub fn insert(&mut self, msg_id: i64, seqno: i32, progress: Progress) {
        self.entries.insert(msg_id, Entry { seqno, progress, acked: false });
    }

    /// Takes back an insertion of a packet that is refused after all (M-237).
    pub fn remove(&mut self, msg_id: i64) {
        self.entries.remove(&msg_id);
    }

    /// Forgets the oldest entries beyond the window.
    pub fn trim(&mut self) {
        while self.entries.len() > WINDOW {
            let Some((oldest, entry)) = self.entries.pop_first() else { break };
            self.forgotten = self.forgotten.max(Some(oldest));
            if entry.progress == Progress::Running {
                self.kept.insert(oldest, entry);
            }
        }
        while self.kept.len() > MAX_KEPT {
            self.kept.pop_first();
        }
    }

    /// How far a message got; `None` if it is not remembered.
    pub fn progress(&self, msg_id: i64) -> Option<Progress> {
        self.entry(msg_id).map(|entry| entry.progress)
    }

    /// Notes how far a message got.
    pub fn set_progress(&mut self, msg_id: i64, progress: Progress) {
        if let Some(entry) = self.entry_mut(msg_id) {
            entry.progress = progress;
        }
    }

    /// Notes that an acknowledgement (or the answer) was sent.
    pub fn set_acked(&mut self, msg_id: i64) {
        if let Some(entry) = self.entry_mut(msg_id) {
            entry.acked = true;
        }
    }

    /// The state byte of msgs_state_info (M-286, M-288).
    pub fn state(&self, msg_id: i64) -> u8 {
        // An identifier of our own is of a message that is held no longer, or never was (M-294).
        if msg_id & 3 != 0 {
            return 1;
        }
        let Some(entry) = self.entry(msg_id) else {
            let lowest = self.entries.first_key_value().map(|(id, _)| *id);
            let highest = self.entries.last_key_value().map(|(id, _)| *id);
            return match (lowest, highest) {
                (Some(lowest), _) if msg_id < lowest => 1,
                (_, Some(highest)) if msg_id < highest => 2,
                _ => 3,
            };
        };
        let progress = match entry.progress {
            Progress::Done if entry.seqno & 1 == 0 => 16 + 32,
            Progress::New | Progress::Done | Progress::Running => 32,
            Progress::Answered => 32 + 64,
            Progress::Dropped => 32,
            // M-287: the client must not wait for what will never come.
            Progress::Lost => return 1,
        };
        4 + progress + if entry.acked { 8 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seqno_must_follow_msg_id_order() {
        let mut received = Received::default();
        received.insert(100, 1, Progress::Done);
        received.insert(200, 5, Progress::Done);
        assert_eq!(received.check_seqno(150, 3), Ok(()));
        assert_eq!(received.check_seqno(150, 2), Ok(()));
        assert_eq!(received.check_seqno(150, 1), Err(BadMsg::SeqnoTooLow), "M-227 equal and odd");
        assert_eq!(received.check_seqno(150, 0), Err(BadMsg::SeqnoTooLow), "M-227");
        assert_eq!(received.check_seqno(150, 5), Err(BadMsg::SeqnoTooHigh), "M-227 equal and odd");
        assert_eq!(received.check_seqno(150, 6), Err(BadMsg::SeqnoTooHigh), "M-227");
        assert_eq!(received.check_seqno(250, 6), Ok(()), "an ack after query 5 has seqno 6");
    }

    #[test]
    fn the_window_forgets_the_oldest_and_then_never_judges_it() {
        let mut received = Received::default();
        for n in 0..=i64::try_from(WINDOW).unwrap() {
            received.insert(n * 4, 2 * i32::try_from(n).unwrap() + 1, Progress::Done);
        }
        received.trim();
        assert!(!received.contains(0));
        assert!(received.is_forgotten(0), "M-215");
        assert!(!received.is_forgotten(4));
        assert_eq!(received.check_seqno(-4, 2_000_001), Err(BadMsg::SeqnoTooHigh));
        assert_eq!(received.state(0), 1, "M-286");
    }

    #[test]
    fn a_running_query_is_remembered_beyond_the_window() {
        let mut received = Received::default();
        received.insert(0, 1, Progress::Running);
        for n in 1..=i64::try_from(WINDOW).unwrap() + 5 {
            received.insert(n * 4, 2 * i32::try_from(n).unwrap() + 1, Progress::Done);
            received.trim();
        }
        assert!(received.contains(0) && !received.is_forgotten(0), "M-213");
        assert_eq!(received.state(0), 4 + 32, "M-287: or the client would ask again");
        received.set_progress(0, Progress::Answered);
        assert_eq!((received.progress(0), received.state(0)), (Some(Progress::Answered), 4 + 32 + 64));
        assert!(received.is_forgotten(4));
        assert_eq!(received.state(4), 1);
    }

    #[test]
    fn states_tell_the_truth() {
        let mut received = Received::default();
        received.insert(100, 1, Progress::Running);
        received.insert(200, 2, Progress::Done);
        assert_eq!(received.state(52), 1);
        assert_eq!(received.state(152), 2);
        assert_eq!(received.state(252), 3);
        assert_eq!(received.state(100), 4 + 32);
        assert_eq!(received.state(200), 4 + 16 + 32);
        received.set_progress(100, Progress::Answered);
        received.set_acked(100);
        assert_eq!(received.state(100), 4 + 8 + 32 + 64, "M-288");
    }
}
