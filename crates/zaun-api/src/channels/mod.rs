//! `channels.*`

mod admin;
mod create;
mod members;
mod messages;
mod profile;
mod senders;

pub(crate) use admin::{
    delete_channel, edit_admin, edit_banned, edit_photo, edit_title, get_admin_log,
    get_admined_public_channels, get_groups_for_discussion, get_message_author, set_discussion_group,
    toggle_forum, toggle_join_request, toggle_join_to_send, toggle_participants_hidden,
    toggle_pre_history_hidden, toggle_signatures, toggle_slow_mode, toggle_view_forum_as_messages,
};
pub(crate) use create::{check_username, create_channel, update_username};
pub(crate) use members::{get_participant, get_participants, invite_to_channel, join_channel, leave_channel};
pub(crate) use messages::{
    delete_history, delete_messages, delete_participant_history, export_message_link, get_messages,
    read_history, read_message_contents,
};
pub(crate) use profile::{get_channels, get_full_channel, set_stickers};
pub(crate) use senders::get_send_as;
