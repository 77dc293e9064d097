//! What the nodes of one server tell each other.
//!
//! News are hints. The database is the truth: whoever hears that a box changed reads the box's log, and whoever may
//! have missed news tells its sessions to fetch the difference. So nothing has to arrive exactly once, and an engine
//! may lose news as long as it says so.
//!
//! It deliberately knows neither the database nor the messenger. [`LocalBus`] connects nodes of one process.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use zaun_bus::{Bus, Heard, LocalBus, News};
//! use zaun_model::{BoxId, Pts, UserId};
//!
//! let hub = LocalBus::default();
//! let (here, there) = (hub.join(), hub.join());
//! let mut listener = there.listen();
//! let news = News::Changed { box_id: BoxId::User(UserId(1)), pts: Pts(2), pts_count: 1 };
//! here.publish(news.clone());
//! assert_eq!(listener.next().await, Heard::News(news));
//! # });
//! ```

mod local;

use bytes::Bytes;
use zaun_model::{BoxId, ChannelId, Pts, UnixTime, UserId};

pub use local::{LISTENER_CAPACITY, LocalBus, LocalListener, LocalMember};

/// Something that other nodes may want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// Something happened in a box; its log says what.
    Changed {
        /// The box.
        box_id: BoxId,
        /// Its pts afterwards.
        pts: Pts,
        /// How many events that counted for.
        pts_count: i32,
    },
    /// Something that leaves no trace: typing, status.
    Passing {
        /// Whose sessions are to be told.
        audience: BoxId,
        /// A canonical TL Update.
        update: Bytes,
    },
    /// What a user is to a channel from now on.
    Seat {
        /// The user.
        user: UserId,
        /// The channel.
        channel: ChannelId,
        /// Whether the user is in it.
        member: bool,
        /// Whether the user gets to see rights or limits of its own.
        special: bool,
    },
    /// A key was logged out.
    KeyEnded {
        /// The auth key.
        key_id: i64,
        /// Whether another session ended it.
        revoked: bool,
    },
    /// A user is online until a moment, or gone.
    Online {
        /// The user.
        user: UserId,
        /// The end of its online time; `None` if it is gone.
        until: Option<UnixTime>,
    },
}

/// What a listener heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// News of another node.
    News(News),
    /// Some news were lost: everybody here may have missed something.
    Missed,
    /// There will be no more news.
    Closed,
}

/// A node's place on the bus.
pub trait Bus: Send + Sync + 'static {
    /// Tells the other nodes; must not block. Nobody hears its own news.
    fn publish(&self, news: News);

    /// Says whether there are other nodes. Alone, nothing needs to be made ready for them.
    fn has_others(&self) -> bool;
}
