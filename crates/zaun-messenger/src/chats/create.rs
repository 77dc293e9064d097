//! Creating a basic group, and ending one.

use zaun_model::rights::BannedRights;
use zaun_model::{ChatId, Peer, UserId};
use zaun_schema::api::types;
use zaun_store::repo::chats::{self, ChatMemberRow, ChatRow, MEMBER, REMOVED};
use zaun_store::repo::{dialogs, users};

use super::{announce, checked_title, present, tell, tell_all};
use crate::blocking;
use crate::invites::ensure_permanent;
use crate::limits::CHAT_MEMBERS;
use crate::messages::ttl;
use crate::peers::PeerRef;
use crate::rights::Group;
use crate::{Actor, Changes, Error, Messenger, Outcome, bots, errors};

impl Messenger {
    /// Creates a basic group of the actor and those invited. Returns it with those who could not be brought in.
    pub async fn create_chat(
        &self,
        actor: Actor,
        title: &str,
        named: Vec<PeerRef>,
        ttl: i32,
    ) -> Result<Outcome<(ChatId, Vec<UserId>)>, Error> {
        let title = checked_title(title)?;
        ttl::check(ttl)?;
        if named.len() >= CHAT_MEMBERS {
            return Err(Error::bad(errors::USERS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut invited = Vec::new();
            for user in &named {
                let user = user.user(changes.tx, actor.user_id)?;
                if user != actor.user_id && !invited.contains(&user) {
                    invited.push(user);
                }
            }
            let mut missing = Vec::new();
            for user in std::mem::take(&mut invited) {
                if may_be_added(changes, actor.user_id, user)? {
                    invited.push(user)
                } else {
                    missing.push(user)
                }
            }
            if invited.is_empty() {
                return Err(Error::bad(errors::USERS_TOO_FEW));
            }
            let id = insert(changes, actor, (&title, ttl), &invited)?;
            let users = invited.iter().map(|user| user.0).collect();
            announce(changes, actor, id, types::MessageActionChatCreate { title: title.clone(), users })?;
            changes.mentioned.users.extend(missing.iter().map(|user| user.0));
            Ok((id, missing))
        };
        self.change(actor, work).await
    }

    /// Deletes a basic group for everybody (G-026): nothing happens in it any more, and nobody is in it.
    pub async fn delete_chat(&self, actor: Actor, chat: PeerRef) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = chat.chat(changes.tx, actor.user_id)?;
            let group = Group::load(changes.tx, actor.user_id, id)?;
            group.require_creator()?;
            let everybody = present(changes.tx, id)?;
            let row =
                ChatRow { deactivated: true, members: 0, version: group.chat.version + 1, ..group.chat };
            chats::save(changes.tx, &row)?;
            for member in chats::members(changes.tx, id)? {
                chats::put_member(changes.tx, &ChatMemberRow { status: REMOVED, ..member })?;
            }
            dialogs::delete(changes.tx, actor.user_id, Peer::Chat(id))?;
            let gone = types::ChatParticipantsForbidden { chat_id: id.0, self_participant: None };
            tell(changes, &everybody, types::UpdateChatParticipants { participants: gone.into() });
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }
}

/// Says whether a user may be brought into a group: it exists, and did not block who invites it (G-005).
pub(crate) fn may_be_added(changes: &Changes<'_, '_>, inviter: UserId, user: UserId) -> Result<bool, Error> {
    let row = users::find(changes.tx, user)?.filter(|user| !user.deleted);
    let row = row.ok_or_else(|| Error::bad(errors::INPUT_USER_DEACTIVATED))?;
    if row.is_bot() && row.bot_flags & bots::flag::NO_CHATS != 0 {
        return Err(Error::bad(errors::BOT_GROUPS_BLOCKED));
    }
    blocking::admits(changes.tx, &row, inviter)
}

fn insert(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    (title, ttl): (&str, i32),
    invited: &[UserId],
) -> Result<ChatId, Error> {
    let members = i32::try_from(invited.len() + 1).unwrap_or(i32::MAX);
    let mut row = ChatRow {
        id: ChatId(0),
        title: title.to_owned(),
        about: String::new(),
        creator_id: actor.user_id,
        created_at: changes.now,
        deactivated: false,
        migrated_to: None,
        banned: BannedRights::NONE,
        photo_id: None,
        photo_thumb: None,
        members,
        version: 1,
        reactions: None,
        reactions_limit: 0,
        ttl,
    };
    row.id = chats::insert(changes.tx, &row)?;
    if ttl > 0 {
        chats::save(changes.tx, &row)?;
    }
    let everybody: Vec<UserId> = std::iter::once(actor.user_id).chain(invited.iter().copied()).collect();
    for user in &everybody {
        let member = ChatMemberRow {
            chat_id: row.id,
            user_id: *user,
            status: MEMBER,
            joined_at: changes.now,
            inviter_id: actor.user_id,
            admin: false,
            rank: String::new(),
        };
        chats::put_member(changes.tx, &member)?;
        if bots::is_bot(changes.tx, *user)? {
            bots::members::tell_chat(changes, actor.user_id, &row, None, &member)?;
        }
    }
    ensure_permanent(changes, Peer::Chat(row.id), actor.user_id)?;
    tell_all(changes, &row, &everybody)?;
    Ok(row.id)
}
