//! Which updates may be applied, which have to wait, and which were missed (<https://core.telegram.org/api/updates>).
//!
//! An account has a common box numbered by `pts`, one by `qts`, packets numbered by `seq`, and a box with a `pts` of its
//! own for every channel (M-354 … M-357). [`UpdateHandler`] puts what comes into order: whatever the network loses,
//! repeats or reorders, each numbered update comes out once and in its place, or a difference is asked for.
//!
//! It has no network and no clock: objects and the time go in, [`Event`]s come out. It deliberately knows no messages:
//! what an update means is its user's business.
//!
//! ```
//! use std::time::Duration;
//! use zaun_schema::api::{enums, types};
//! use zaun_updates::{Event, UpdateHandler, UpdateState};
//!
//! let state = UpdateState { pts: 10, qts: 0, seq: 0, date: 1 };
//! let mut handler = UpdateHandler::new(Some(state), Duration::ZERO);
//! let missed = |pts| -> enums::Updates {
//!     let update = types::UpdateDeleteMessages { messages: vec![pts], pts, pts_count: 1 };
//!     types::UpdateShort { update: update.into(), date: 1 }.into()
//! };
//! handler.updates(Duration::ZERO, missed(12), &|_| true);
//! assert!(handler.next_event().is_none(), "11 may only be late");
//! handler.updates(Duration::ZERO, missed(11), &|_| true);
//! assert!(matches!(handler.next_event(), Some(Event::Update { .. })));
//! assert!(matches!(handler.next_event(), Some(Event::Update { .. })));
//! assert_eq!(handler.state().pts, 12);
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::panic
    )
)]

mod budget;
mod channels;
mod difference;
mod handler;
mod line;
mod place;
mod saved;
mod short;
mod state;

pub use channels::ChannelFailure;
pub use handler::{Event, Peers, Profile, UpdateHandler};
pub use place::{Place, place};
pub use saved::SavedError;
pub use state::{Applied, StateError, UpdateState};

/// Time on a clock that never steps back, counted from any fixed moment.
pub type Monotonic = std::time::Duration;

/// Updates that wait in one box for what is missing before them; beyond that the difference is fetched at once.
pub const MAX_WAITING: usize = 1000;
/// Channels that are followed; of more than that an update is applied, and nothing is remembered.
pub const MAX_CHANNELS: usize = 100_000;
/// So many differences in a row that cannot be decoded; then the account, or the channel, is followed from now on.
pub const MAX_UNREADABLE: u32 = 3;
/// Differences of channels that are fetched at the same time.
pub const MAX_CHANNEL_FETCHES: usize = 8;
