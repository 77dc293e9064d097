//! Supergroups and broadcast channels.

mod admins;
mod bans;
mod create;
pub(crate) mod log;
mod members;
mod participant;
mod profile;
mod senders;
pub(crate) mod settings;
mod usernames;

pub(crate) use admins::{checked_rank, edit_member_rank};
pub use create::NewChannel;
pub(crate) use create::{check_room, new_row, post_service};
pub use log::{LogFilter, LogPage};
pub(crate) use members::{Joining, enter, seat};
pub use members::{MemberFilter, MemberPage};
pub use participant::participant;
pub use profile::ChannelProfile;
pub use settings::Toggle;
pub(crate) use settings::{edit_about, edit_default_rights};
pub use zaun_store::repo::admin_log::LogRow;
