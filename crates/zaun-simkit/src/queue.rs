//! The virtual clock: what is to happen, in order.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use zaun_mtproto::session::ConnId;

/// Which end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The client's.
    Client,
    /// The server's.
    Server,
}

/// Something that is to happen.
#[derive(Debug)]
pub enum Happening {
    /// Bytes reach one end of a connection.
    Arrive { conn: ConnId, at: End, bytes: Bytes, sent_at: Duration },
    /// The path is dead: what is still under way vanishes.
    Break { conn: ConnId },
    /// One end learns that the connection is gone.
    Notice { conn: ConnId, at: End },
    /// A client opens a connection.
    Connect { client: usize },
    /// A client looks at its clock.
    WakeClient { client: usize },
    /// A client has something to say.
    Act { client: usize },
    /// A client looks at what it waits for in its update boxes.
    WakeFollower { client: usize },
    /// The server looks after a session's acknowledgements.
    WakeSession { key_id: i64, session_id: i64 },
    /// ping_delay_disconnect may have run out.
    Disconnect { conn: ConnId },
    /// A client asks its next query.
    Ask { client: usize },
    /// A client gives up a query.
    Cancel { client: usize, number: u64 },
    /// The server pushes an object.
    Push { client: usize },
    /// The work of a query is done.
    Done { run: u64 },
    /// A query has waited long enough for the one before it.
    Impatient { run: u64 },
    /// The server restarts.
    Restart,
    /// The server forgets a session.
    Forget,
    /// The server's clock steps.
    ServerClock,
    /// A client's clock misbehaves.
    ClientClock,
}

/// Happenings in the order of their times; those of one moment in the order in which they were planned.
#[derive(Debug, Default)]
pub struct Queue {
    planned: BTreeMap<(Duration, u64), Happening>,
    count: u64,
}

impl Queue {
    /// Plans something.
    pub fn plan(&mut self, at: Duration, happening: Happening) {
        self.count += 1;
        self.planned.insert((at, self.count), happening);
    }

    /// The next happening up to a time, and its own.
    pub fn next_before(&mut self, end: Duration) -> Option<(Duration, Happening)> {
        let first = self.planned.first_entry().filter(|first| first.key().0 <= end)?;
        let ((at, _), happening) = first.remove_entry();
        Some((at, happening))
    }

    /// How many were planned altogether.
    pub fn count(&self) -> u64 {
        self.count
    }
}
