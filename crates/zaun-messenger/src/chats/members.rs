//! Who is in a basic group.

use zaun_model::{ChatId, Peer, UserId};
use zaun_schema::api::types;
use zaun_store::repo::chats::{self, ChatMemberRow, ChatRow, LEFT, MEMBER, REMOVED};
use zaun_store::repo::contents;
use zaun_store::repo::messages::{self, Range};

use super::create::may_be_added;
use super::{announce, present, tell, tell_all};
use crate::invites::{ensure_permanent, withdraw};
use crate::limits::{CHAT_MEMBERS, FORWARDED_TO_NEWCOMER};
use crate::messages::delete;
use crate::peers::PeerRef;
use crate::rights::Group;
use crate::{Actor, Changes, Error, Messenger, Outcome, bots, errors};
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, MsgId};

impl Messenger {
    /// Brings a user into a basic group, with copies of its newest `history` messages (G-010, G-011). Says who could
    /// not be brought in.
    pub async fn add_chat_user(
        &self,
        actor: Actor,
        chat: PeerRef,
        user: PeerRef,
        history: i32,
    ) -> Result<Outcome<Vec<UserId>>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = chat.chat(changes.tx, actor.user_id)?;
            let group = Group::load(changes.tx, actor.user_id, id)?;
            group.require_member()?;
            if group.require_change(BannedRights::INVITE_USERS).is_err() {
                return Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED));
            }
            let user = user.user(changes.tx, actor.user_id)?;
            let before = chats::member(changes.tx, id, user)?;
            match before.as_ref().map(|member| member.status) {
                Some(MEMBER) => return Err(Error::bad(errors::USER_ALREADY_PARTICIPANT)),
                Some(REMOVED) if group.admin_rights() == AdminRights::NONE => {
                    return Err(Error::bad(errors::USER_KICKED));
                }
                _ => {}
            }
            if !may_be_added(changes, actor.user_id, user)? {
                changes.mentioned.users.insert(user.0);
                changes.mentioned.chats.insert(id.0);
                return Ok(vec![user]);
            }
            copy_history(changes, actor.user_id, id, user, history)?;
            add(changes, group.chat, user, actor.user_id)?;
            announce(changes, actor, id, types::MessageActionChatAddUser { users: vec![user.0] })?;
            Ok(Vec::new())
        };
        self.change(actor, work).await
    }

    /// Takes a user out of a basic group, or leaves it (G-012, G-013).
    pub async fn delete_chat_user(
        &self,
        actor: Actor,
        chat: PeerRef,
        user: PeerRef,
        revoke_history: bool,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = chat.chat(changes.tx, actor.user_id)?;
            let user = user.user(changes.tx, actor.user_id)?;
            let group = Group::load(changes.tx, actor.user_id, id)?;
            group.require_member()?;
            let member = chats::member(changes.tx, id, user)?.filter(|member| member.status == MEMBER);
            let member = member.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
            let leaves = user == actor.user_id;
            if !leaves && !may_remove(&group, &member) {
                return Err(Error::bad(errors::CHAT_ADMIN_REQUIRED));
            }
            announce(changes, actor, id, types::MessageActionChatDeleteUser { user_id: user.0 })?;
            if revoke_history && !leaves {
                delete::remove_written(changes, Peer::Chat(id), user)?;
            }
            remove(changes, actor, group.chat, member, if leaves { LEFT } else { REMOVED })
        };
        self.change(actor, work).await
    }

    /// Makes a member an administrator, or an ordinary member again (G-015).
    pub async fn edit_chat_admin(
        &self,
        actor: Actor,
        chat: PeerRef,
        user: PeerRef,
        is_admin: bool,
    ) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = chat.chat(changes.tx, actor.user_id)?;
            let mut group = Group::load(changes.tx, actor.user_id, id)?;
            group.require_creator()?;
            let user = user.user(changes.tx, actor.user_id)?;
            let member = chats::member(changes.tx, id, user)?.filter(|member| member.status == MEMBER);
            let member = member.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))?;
            if user == group.chat.creator_id {
                return Err(Error::bad(errors::USER_CREATOR));
            }
            if member.admin == is_admin {
                return Ok(());
            }
            let new = ChatMemberRow { admin: is_admin, ..member.clone() };
            chats::put_member(changes.tx, &new)?;
            bots::members::tell_chat(changes, actor.user_id, &group.chat, Some(&member), &new)?;
            if is_admin {
                ensure_permanent(changes, Peer::Chat(id), user)?;
            }
            group.chat.version += 1;
            chats::save(changes.tx, &group.chat)?;
            let (chat_id, user_id, version) = (id.0, user.0, group.chat.version);
            let everybody = present(changes.tx, id)?;
            tell(
                changes,
                &everybody,
                types::UpdateChatParticipantAdmin { chat_id, user_id, is_admin, version },
            );
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Says who would own a basic group after its creator left (G-025).
    pub async fn chat_heir(&self, actor: Actor, chat: PeerRef) -> Result<UserId, Error> {
        self.read(actor.user_id, move |tx| {
            let id = chat.chat(tx, actor.user_id)?;
            let group = Group::load(tx, actor.user_id, id)?;
            group.require_creator()?;
            let heir = heir(&chats::members(tx, id)?, actor.user_id);
            heir.ok_or_else(|| Error::bad(errors::USER_NOT_PARTICIPANT))
        })
        .await
    }
}

/// The administrator, or else the member, who is in a group for the longest time.
fn heir(members: &[ChatMemberRow], leaving: UserId) -> Option<UserId> {
    let others = || members.iter().filter(|member| member.user_id != leaving);
    others().find(|member| member.admin).or_else(|| others().next()).map(|member| member.user_id)
}

/// The creator removes anybody, an administrator ordinary members, everybody those whom he invited (G-012).
fn may_remove(group: &Group, member: &ChatMemberRow) -> bool {
    let is_ordinary = !member.admin && member.user_id != group.chat.creator_id;
    let is_admin = group.admin_rights() != AdminRights::NONE;
    group.is_creator() || (is_ordinary && (is_admin || member.inviter_id == group.member.user_id))
}

/// Makes a user a member, and tells everybody who is one.
pub(crate) fn add(
    changes: &mut Changes<'_, '_>,
    mut chat: ChatRow,
    user: UserId,
    inviter: UserId,
) -> Result<(), Error> {
    let before = present(changes.tx, chat.id)?;
    if before.len() >= CHAT_MEMBERS {
        return Err(Error::bad(errors::USERS_TOO_MUCH));
    }
    withdraw(changes, Peer::Chat(chat.id), user)?;
    let member = ChatMemberRow {
        chat_id: chat.id,
        user_id: user,
        status: MEMBER,
        joined_at: changes.now,
        inviter_id: inviter,
        admin: false,
        rank: String::new(),
    };
    chats::put_member(changes.tx, &member)?;
    bots::members::tell_chat(changes, inviter, &chat, None, &member)?;
    (chat.members, chat.version) = (chat.members + 1, chat.version + 1);
    chats::save(changes.tx, &chat)?;
    let update = types::UpdateChatParticipantAdd {
        chat_id: chat.id.0,
        user_id: user.0,
        inviter_id: inviter.0,
        date: changes.now.to_tl(),
        version: chat.version,
    };
    tell(changes, &before, update);
    tell_all(changes, &chat, &[user])
}

/// Ends a membership; a creator who goes hands the group over (G-025).
fn remove(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    mut chat: ChatRow,
    member: ChatMemberRow,
    status: i64,
) -> Result<(), Error> {
    let user = member.user_id;
    let everybody = chats::members(changes.tx, chat.id)?;
    let gone = ChatMemberRow { status, admin: false, rank: String::new(), ..member.clone() };
    chats::put_member(changes.tx, &gone)?;
    bots::members::tell_chat(changes, actor.user_id, &chat, Some(&member), &gone)?;
    (chat.members, chat.version) = ((chat.members - 1).max(0), chat.version + 1);
    let heir = heir(&everybody, user).filter(|_| chat.creator_id == user);
    if let Some(heir) = heir {
        chat.creator_id = heir;
    }
    chats::save(changes.tx, &chat)?;
    let users: Vec<UserId> = everybody.iter().map(|member| member.user_id).collect();
    let (chat_id, version) = (chat.id.0, chat.version);
    tell(changes, &users, types::UpdateChatParticipantDelete { chat_id, user_id: user.0, version });
    if heir.is_some() {
        chat.version += 1;
        chats::save(changes.tx, &chat)?;
        let left = present(changes.tx, chat.id)?;
        tell_all(changes, &chat, &left)?;
    }
    Ok(())
}

/// Tells everybody in a group of a member's new tag (G-160).
pub(super) fn tell_rank(
    changes: &mut Changes<'_, '_>,
    mut chat: ChatRow,
    user: UserId,
    rank: String,
) -> Result<(), Error> {
    chat.version += 1;
    chats::save(changes.tx, &chat)?;
    let everybody = present(changes.tx, chat.id)?;
    let (chat_id, user_id, version) = (chat.id.0, user.0, chat.version);
    tell(changes, &everybody, types::UpdateChatParticipantRank { chat_id, user_id, rank, version });
    Ok(())
}

/// Gives a newcomer copies of the newest messages that who invites it sees (G-010).
fn copy_history(
    changes: &mut Changes<'_, '_>,
    inviter: UserId,
    chat: ChatId,
    newcomer: UserId,
    count: i32,
) -> Result<(), Error> {
    let limit = i64::from(count).clamp(0, FORWARDED_TO_NEWCOMER);
    let range = Range { from: MsgId(1), to: MsgId::MAX, skip: 0, limit };
    let mut rows = messages::newest(changes.tx, BoxId::User(inviter), Peer::Chat(chat), range)?;
    rows.reverse();
    let ids: Vec<_> = rows.iter().map(|row| row.content_id).collect();
    let contents = contents::find_many(changes.tx, &ids)?;
    for row in rows {
        let Some(content) = contents.iter().find(|content| content.id == row.content_id) else { continue };
        // Whoever was here before may still have it.
        if content.copies().all(|(copy, _)| copy != BoxId::User(newcomer)) {
            changes.copy_to(BoxId::User(newcomer), &row, content)?;
        }
    }
    Ok(())
}
