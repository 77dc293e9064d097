//! A basic group becomes a supergroup (G-030 … G-038).

use zaun_model::rights::AdminRights;
use zaun_model::{BoxId, ChannelId, Peer, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::repo::boxes;
use zaun_store::repo::channels::{self, ChannelRow};
use zaun_store::repo::chats::{self, ChatMemberRow, ChatRow};
use zaun_store::repo::invites;

use super::{announce, count_photo_use};
use crate::channels::{Joining, enter, new_row, post_service};
use crate::messages::content::Body;
use crate::peers::PeerRef;
use crate::rights::Group;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

impl Messenger {
    /// Turns a basic group into a supergroup, with the same people; a second time it names the same one.
    pub async fn migrate_chat(&self, actor: Actor, chat: PeerRef) -> Result<Outcome<ChannelId>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = chat.chat(changes.tx, actor.user_id)?;
            let group = Group::load(changes.tx, actor.user_id, id)?;
            changes.mentioned.chats.insert(id.0);
            if let Some(channel) = group.chat.migrated_to {
                changes.mentioned.channels.insert(channel.0);
                return Ok(channel);
            }
            let creator = group.require_creator();
            creator.map_err(|_| Error::refused(403, errors::CHAT_ADMIN_REQUIRED))?;
            let members = chats::members(changes.tx, id)?;
            let channel = found(changes, actor, &group.chat, &members)?;
            announce(changes, actor, id, types::MessageActionChatMigrateTo { channel_id: channel.0 })?;
            let row = ChatRow {
                deactivated: true,
                migrated_to: Some(channel),
                version: group.chat.version + 1,
                ..group.chat
            };
            chats::save(changes.tx, &row)?;
            let action = types::MessageActionChannelMigrateFrom { title: row.title, chat_id: id.0 };
            let body = Body::from(enums::MessageAction::from(action));
            post_service(changes, actor, channel, body)?;
            for member in &members {
                changes.hint_user(member.user_id, types::UpdateChannel { channel_id: channel.0 }.into());
            }
            Ok(channel)
        };
        self.change(actor, work).await
    }
}

/// Makes the supergroup: title, description, photo, default rights and members move along (G-037).
fn found(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    chat: &ChatRow,
    members: &[ChatMemberRow],
) -> Result<ChannelId, Error> {
    let mut row = ChannelRow {
        about: chat.about.clone(),
        banned: chat.banned,
        photo_id: chat.photo_id,
        photo_thumb: chat.photo_thumb.clone(),
        reactions: chat.reactions.clone(),
        reactions_limit: chat.reactions_limit,
        migrated_from: Some(chat.id),
        ..new_row(actor.user_id, changes.now, false, &chat.title)
    };
    count_photo_use(changes, chat.photo_id, None)?;
    row.id = channels::insert(changes.tx, &row)?;
    boxes::create(changes.tx, BoxId::Channel(row.id))?;
    for member in members {
        let admin = if member.admin { moved_rights() } else { AdminRights::NONE };
        let joining = Joining { inviter: member.inviter_id, admin, by: by(chat, member) };
        enter(changes, &mut row, member.user_id, joining)?;
    }
    channels::save(changes.tx, &row)?;
    invites::move_to(changes.tx, Peer::Chat(chat.id), Peer::Channel(row.id))?;
    zaun_store::repo::dialogs::ensure(changes.tx, actor.user_id, Peer::Channel(row.id))?;
    Ok(row.id)
}

/// What an administrator of a basic group may do in the supergroup that it became.
fn moved_rights() -> AdminRights {
    AdminRights::CHANGE_INFO
        | AdminRights::DELETE_MESSAGES
        | AdminRights::BAN_USERS
        | AdminRights::INVITE_USERS
        | AdminRights::PIN_MESSAGES
        | AdminRights::MANAGE_CALL
        | AdminRights::OTHER
}

/// Who made a member an administrator: only the creator could.
fn by(chat: &ChatRow, member: &ChatMemberRow) -> UserId {
    if member.admin { chat.creator_id } else { UserId(0) }
}
