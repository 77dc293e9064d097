//! The habits of a client: how long it waits before it says or asks something.

use super::Monotonic;

/// Delays and counts that differ between clients without breaking a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// So many messages are acknowledged at once …
    pub ack_count: usize,
    /// … and the first of them never later than this.
    pub ack_delay: Monotonic,
    /// A ping on every connection that often.
    pub ping_every: Monotonic,
    /// The server closes a connection without pings after this, in seconds (M-307).
    pub disconnect_delay_s: i32,
    /// A connection whose pong takes longer is dead, and one that is known to be quick sooner.
    pub pong_within: Monotonic,
    /// A query without an answer for so long is asked for (M-283); after that less and less often.
    pub state_after: Monotonic,
}

impl Profile {
    /// Prompt acknowledgements: 16 at once, or after 5 seconds.
    pub const STANDARD: Profile = Profile {
        ack_count: 16,
        ack_delay: Monotonic::from_secs(5),
        ping_every: Monotonic::from_secs(60),
        disconnect_delay_s: 75,
        pong_within: Monotonic::from_secs(15),
        state_after: Monotonic::from_secs(10),
    };

    /// The habits of the official clients: 100 at once, or after half a minute.
    pub const TDLIB: Profile =
        Profile { ack_count: 100, ack_delay: Monotonic::from_secs(30), ..Profile::STANDARD };
}
