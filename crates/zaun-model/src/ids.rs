//! Numbers that must not be taken for one another.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// The id of a user or bot.
    UserId(i64)
);
id!(
    /// The id of a basic group.
    ChatId(i64)
);
id!(
    /// The id of a supergroup or a broadcast channel, without any prefix.
    ChannelId(i64)
);
id!(
    /// The number of a message in its box, from 1.
    MsgId(i32)
);
id!(
    /// The number of events that a box has seen (M-358).
    Pts(i32)
);
id!(
    /// The id of what a message says, which every box that shows the message refers to. The ten lowest bits are those
    /// of its author's box, so that a distributed database can keep both together.
    ContentId(i64)
);

impl MsgId {
    /// Above every message.
    pub const MAX: MsgId = MsgId(i32::MAX);

    /// Returns the id that comes next.
    #[must_use]
    pub fn next(self) -> MsgId {
        MsgId(self.0.saturating_add(1))
    }

    /// Returns the id that came before.
    #[must_use]
    pub fn before(self) -> MsgId {
        MsgId(self.0.saturating_sub(1))
    }
}

impl Pts {
    /// The pts of a box in which nothing has happened yet. It is 1, so that a client applies the very first update
    /// (M-358, M-391).
    pub const FIRST: Pts = Pts(1);
}
