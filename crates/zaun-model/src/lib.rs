//! The words of the messenger as types: who ([`UserId`], [`ChatId`], [`ChannelId`], [`Peer`]), where ([`BoxId`],
//! [`MsgId`], [`Pts`]), when ([`UnixTime`]) and who may do what ([`rights`]).
//!
//! It deliberately knows neither the wire nor a database. Both hold ids as integers; the one encoding of a peer in an
//! integer is [`Peer::marked`].
//!
//! ```
//! use zaun_model::{BoxId, ChannelId, Peer, UserId};
//! let channel = Peer::Channel(ChannelId(7));
//! assert_eq!(channel.marked(), -1_000_000_000_007);
//! assert_eq!(Peer::from_marked(-1_000_000_000_007), Some(channel));
//! assert_eq!(BoxId::User(UserId(5)).marked(), 5);
//! ```

mod ids;
mod peer;
pub mod rights;
mod time;

pub use ids::{ChannelId, ChatId, ContentId, MsgId, Pts, UserId};
pub use peer::{BoxId, Peer};
pub use time::UnixTime;
