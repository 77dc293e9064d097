//! `channels.*`

mod create;
mod members;
mod messages;
mod profile;

pub(crate) use create::{check_username, create_channel, update_username};
pub(crate) use members::{get_participant, get_participants, invite_to_channel, join_channel, leave_channel};
pub(crate) use messages::{delete_messages, get_messages, read_history};
pub(crate) use profile::{get_channels, get_full_channel};
