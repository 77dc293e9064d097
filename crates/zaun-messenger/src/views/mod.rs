//! What screens show: loaded by set-based statements in the transaction of their page, and turned into wire types by
//! pure functions of the API.

mod dialogs;
mod messages;
mod scene;

pub(crate) use dialogs::lines;
pub use dialogs::{DialogLine, DialogLines};
pub use messages::{Message, MessagePage};
pub(crate) use messages::{cut_to_budget, messages, one_message};
pub use scene::{ChannelView, GroupView, PersonView, Scene};
/// What an answer shows of a user, a group, a channel and a member, as they are stored.
pub use zaun_store::repo::channels::{ChannelRow, MEMBER, MemberRow, REMOVED};
pub use zaun_store::repo::chats::{ChatMemberRow, ChatRow};
pub use zaun_store::repo::marks::{MENTION, MarkRow};
pub use zaun_store::repo::users::UserRow;
