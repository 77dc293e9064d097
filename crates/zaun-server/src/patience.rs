//! How long a connection waits for its client.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{FRAME_BYTES_PER_S, FRAME_TIME, SESSION_IDLE, STRANGER_IDLE};

/// How long so many bytes may be on their way: [`FRAME_TIME`], and longer for those who send much slowly.
pub(crate) fn time_for(bytes: usize) -> Duration {
    FRAME_TIME + Duration::from_secs(bytes as u64 / FRAME_BYTES_PER_S)
}

/// When a connection heard of its client.
pub(crate) struct Patience {
    heard_at: Instant,
    /// Since when a frame is on its way, and how many bytes came since.
    frame: Option<(Instant, usize)>,
}

impl Patience {
    pub(crate) fn new(now: Instant) -> Patience {
        Patience { heard_at: now, frame: None }
    }

    /// Bytes came, so the client is alive; they are the beginning of a frame, or more of one.
    pub(crate) fn heard(&mut self, bytes: usize, now: Instant) {
        self.heard_at = now;
        self.frame.get_or_insert((now, 0)).1 += bytes;
    }

    /// A whole frame came.
    pub(crate) fn whole(&mut self) {
        self.frame = None;
    }

    /// When the connection is given up if nothing more comes, and why.
    pub(crate) fn end(&self, stranger: bool) -> (Instant, &'static str) {
        let silent =
            (self.heard_at + if stranger { STRANGER_IDLE } else { SESSION_IDLE }, "silent for too long");
        match self.frame {
            Some((began, bytes)) => {
                let slow = (began + time_for(bytes), "a packet took too long to arrive");
                if slow.0 < silent.0 { slow } else { silent }
            }
            None => silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_byte_now_and_then_keeps_no_connection() {
        let start = Instant::now();
        let mut patience = Patience::new(start);
        assert_eq!(patience.end(true), (start + STRANGER_IDLE, "silent for too long"));
        for second in 0..60 {
            patience.heard(1, start + SECOND * second);
        }
        assert_eq!(patience.end(false), (start + FRAME_TIME, "a packet took too long to arrive"));
        patience.whole();
        assert_eq!(patience.end(false), (start + SECOND * 59 + SESSION_IDLE, "silent for too long"));
    }

    #[test]
    fn a_slow_line_may_send_a_large_packet() {
        let start = Instant::now();
        let mut patience = Patience::new(start);
        for second in 0..300 {
            patience.heard(2048, start + SECOND * second);
            assert!(patience.end(false).0 > start + SECOND * (second + 1));
        }
        assert_eq!(time_for(0), FRAME_TIME);
    }
}
