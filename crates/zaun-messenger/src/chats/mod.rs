//! Basic groups: up to 200 members, whose messages lie in each member's own box (G-001 … G-038).

mod both;
mod create;
mod members;
mod migrate;
mod profile;

pub(crate) use create::may_be_added;
pub(crate) use members::add;
pub use profile::GroupProfile;
pub(crate) use profile::{count_photo_use, photo_action};
use zaun_model::{ChatId, Peer, UserId};
use zaun_schema::api::types;
use zaun_schema::api::{enums, enums::MessageAction};
use zaun_store::Tx;
use zaun_store::repo::chats::{self, ChatMemberRow, ChatRow};

use crate::messages::content::Body;
use crate::messages::send;
use crate::peers::peer_to_tl;
use crate::{Actor, Changes, Error, errors, rights};

/// Posts a service message in every present member's box; each keeps its own number of it.
pub(crate) fn announce(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    chat: ChatId,
    action: impl Into<MessageAction>,
) -> Result<(), Error> {
    let posting = rights::announcing(changes.tx, actor.user_id, Peer::Chat(chat))?;
    let places = send::places(&posting, |_| None);
    changes.post(actor.user_id, posting.author, &Body::from(action.into()), &places, &[]).map(drop)
}

/// Tells users of something in a group that has its version and no pts (G-018, G-019).
fn tell(changes: &mut Changes<'_, '_>, users: &[UserId], update: impl Into<enums::Update>) {
    let update = update.into();
    users.iter().for_each(|user| changes.hint_user(*user, update.clone()));
}

/// The users who are in a group now.
fn present(tx: &Tx<'_>, chat: ChatId) -> Result<Vec<UserId>, Error> {
    Ok(chats::members(tx, chat)?.into_iter().map(|member| member.user_id).collect())
}

/// Returns a member as clients see it: the creator has no date (G-006).
#[must_use]
pub fn participant(chat: &ChatRow, member: &ChatMemberRow) -> enums::ChatParticipant {
    let user_id = member.user_id.0;
    let rank = Some(member.rank.clone()).filter(|rank| !rank.is_empty());
    if member.user_id == chat.creator_id {
        return types::ChatParticipantCreator { user_id, rank }.into();
    }
    let (inviter_id, date) = (member.inviter_id.0, member.joined_at.to_tl());
    if member.admin {
        types::ChatParticipantAdmin { user_id, inviter_id, date, rank }.into()
    } else {
        types::ChatParticipant { user_id, inviter_id, date, rank }.into()
    }
}

/// Tells users the whole list of members.
fn tell_all(changes: &mut Changes<'_, '_>, chat: &ChatRow, users: &[UserId]) -> Result<(), Error> {
    let members = chats::members(changes.tx, chat.id)?;
    let participants = members.iter().map(|member| participant(chat, member)).collect();
    let list = types::ChatParticipants { chat_id: chat.id.0, participants, version: chat.version };
    tell(changes, users, types::UpdateChatParticipants { participants: list.into() });
    Ok(())
}

/// Checks and trims the title of a group or channel (G-002, G-039).
pub(crate) fn checked_title(title: &str) -> Result<String, Error> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > crate::limits::TITLE_LENGTH {
        return Err(Error::bad(errors::CHAT_TITLE_EMPTY));
    }
    Ok(title.to_owned())
}

/// Checks and trims the description of a group or channel (G-027, G-039).
pub(crate) fn checked_about(about: &str) -> Result<String, Error> {
    let about = about.trim();
    if about.chars().count() > crate::limits::CHANNEL_ABOUT_LENGTH {
        return Err(Error::bad(errors::CHAT_ABOUT_TOO_LONG));
    }
    Ok(about.to_owned())
}

/// Tells everybody in a group that its page changed.
pub(crate) fn tell_changed(changes: &mut Changes<'_, '_>, chat: ChatId) -> Result<(), Error> {
    let users = present(changes.tx, chat)?;
    tell(changes, &users, types::UpdateChat { chat_id: chat.0 });
    Ok(())
}

/// Returns a group as an update's peer.
fn chat_peer(chat: ChatId) -> enums::Peer {
    peer_to_tl(Peer::Chat(chat))
}
