//! Identifiers and sequence numbers of the client's messages (M-205, M-211, M-217, M-219).

use crate::{UnixTime, msg_id};

/// What a message is sent under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Identifier, divisible by 4.
    pub msg_id: i64,
    /// Sequence number.
    pub seqno: i32,
    /// Running number of the stamp, over all sessions.
    pub number: u64,
}

/// Makes stamps that rise together, as the server demands (M-227): the generator of identifiers and the counter of
/// content-related messages in one, because a message that gets its identifier later must not have a lower number.
///
/// ```
/// # use zaun_mtproto::{UnixTime, client::Stamper};
/// let (mut stamper, now) = (Stamper::default(), UnixTime::from_secs(1_800_000_000));
/// let (ack, query, next) = (stamper.next(now, false), stamper.next(now, true), stamper.next(now, true));
/// assert_eq!([ack.seqno, query.seqno, next.seqno], [0, 1, 3]); // M-219
/// assert!(ack.msg_id < query.msg_id && query.msg_id < next.msg_id);
/// ```
#[derive(Debug, Default)]
pub struct Stamper {
    last: i64,
    content_sent: i32,
    count: u64,
}

impl Stamper {
    /// The next stamp; `server_time` is what the server's clock says now.
    pub fn next(&mut self, server_time: UnixTime, content_related: bool) -> Stamp {
        self.last = msg_id::from_time(server_time).max(self.last.saturating_add(4));
        let seqno = self.content_sent.wrapping_mul(2) | i32::from(content_related);
        self.content_sent = self.content_sent.wrapping_add(i32::from(content_related));
        self.count += 1;
        Stamp { msg_id: self.last, seqno, number: self.count }
    }

    /// The identifier made last.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// How many stamps were made.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Goes on after a lower identifier: those above were refused as too new and had no effect (M-237).
    pub fn lower(&mut self, last: i64) {
        self.last = self.last.min(last);
    }

    /// Skips sequence numbers: the server knows of more messages than we do (code 32).
    pub fn skip_seqnos(&mut self, count: i32) {
        self.content_sent = self.content_sent.wrapping_add(count);
    }

    /// A new session begins.
    pub fn restart(&mut self) {
        self.last = 0;
        self.content_sent = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_rise_whatever_the_clock_does() {
        let mut stamper = Stamper::default();
        let mut last = Stamp { msg_id: 0, seqno: 0, number: 0 };
        for step in 0..100u64 {
            let stamp = stamper.next(UnixTime::from_secs(1_800_000_000 - step / 3), step % 3 == 0);
            assert!(stamp.msg_id > last.msg_id && stamp.msg_id & 3 == 0, "M-205");
            assert!(stamp.seqno > last.seqno || (stamp.seqno == last.seqno && stamp.seqno & 1 == 0), "M-227");
            assert_eq!(stamp.seqno & 1 == 1, step % 3 == 0, "M-219");
            last = stamp;
        }
    }
}
