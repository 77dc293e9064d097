//! Supergroups and broadcast channels.

mod create;
mod members;
mod profile;
mod usernames;

pub use create::NewChannel;
pub use members::{MemberFilter, MemberPage};
pub use profile::ChannelProfile;
