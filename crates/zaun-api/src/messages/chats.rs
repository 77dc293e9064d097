//! Basic groups, and what they have in common with channels.

use zaun_messenger::channels::Toggle;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::rights::wire;
use zaun_messenger::views::Scene;
use zaun_messenger::{Error, Outcome};
use zaun_model::{ChatId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::{self, Lists};

/// A basic group has no access hash.
fn chat(id: i64) -> PeerRef {
    PeerRef::Known(Peer::Chat(ChatId(id)))
}

/// The answer of methods that change a group.
fn changed<T>(call: &Call, outcome: &Outcome<T>) -> enums::Updates {
    to_tl::own_updates(call.view(&outcome.scene), &outcome.own)
}

/// What changed, and who could not be brought in (G-004).
fn invited<T>(call: &Call, outcome: &Outcome<T>, missing: &[UserId]) -> enums::messages::InvitedUsers {
    let missing = missing.iter();
    let missing = missing.map(|user| types::MissingInvitee { user_id: user.0, ..Default::default() });
    types::messages::InvitedUsers { updates: changed(call, outcome), missing_invitees: missing.collect() }
}

/// messages.createChat
pub(crate) async fn create_chat(
    call: Call,
    r: functions::messages::CreateChat,
) -> Result<enums::messages::InvitedUsers, Error> {
    if r.ttl_period.is_some_and(|seconds| seconds != 0) {
        // Messages that vanish do not exist yet.
        return Err(Error::bad("TTL_PERIOD_INVALID"));
    }
    let named: Result<Vec<_>, _> = r.users.iter().map(|user| call.user(user)).collect();
    let made =
        call.messenger().create_chat(call.actor(), &r.title, named?, r.ttl_period.unwrap_or(0)).await?;
    Ok(invited(&call, &made, &made.value.1))
}

/// messages.getChats
pub(crate) async fn get_chats(
    call: Call,
    r: functions::messages::GetChats,
) -> Result<enums::messages::Chats, Error> {
    let ids = r.id.into_iter().map(ChatId).collect();
    let scene = call.messenger().chats(call.user_id, ids).await?;
    Ok(listed(&call, &scene))
}

fn listed(call: &Call, scene: &Scene) -> enums::messages::Chats {
    call.answer(scene, |Lists { chats, .. }| types::messages::Chats { chats }.into())
}

/// messages.getCommonChats
pub(crate) async fn get_common_chats(
    call: Call,
    r: functions::messages::GetCommonChats,
) -> Result<enums::messages::Chats, Error> {
    let user = call.user(&r.user_id)?;
    let scene = call.messenger().common_chats(call.actor(), user, ChatId(r.max_id), r.limit).await?;
    Ok(listed(&call, &scene))
}

/// messages.getFullChat
pub(crate) async fn get_full_chat(
    call: Call,
    r: functions::messages::GetFullChat,
) -> Result<enums::messages::ChatFull, Error> {
    let profile = call.messenger().chat_profile(call.actor(), chat(r.chat_id)).await?;
    let full_chat = to_tl::group_full(call.view(&profile.scene), &profile).into();
    Ok(call.answer(&profile.scene, |Lists { users, chats }| types::messages::ChatFull {
        full_chat,
        chats,
        users,
    }))
}

/// messages.addChatUser
pub(crate) async fn add_chat_user(
    call: Call,
    r: functions::messages::AddChatUser,
) -> Result<enums::messages::InvitedUsers, Error> {
    let user = call.user(&r.user_id)?;
    let added = call.messenger().add_chat_user(call.actor(), chat(r.chat_id), user, r.fwd_limit).await?;
    Ok(invited(&call, &added, &added.value))
}

/// messages.deleteChatUser
pub(crate) async fn delete_chat_user(
    call: Call,
    r: functions::messages::DeleteChatUser,
) -> Result<enums::Updates, Error> {
    let user = call.user(&r.user_id)?;
    let (actor, revoke) = (call.actor(), r.revoke_history);
    let gone = call.messenger().delete_chat_user(actor, chat(r.chat_id), user, revoke).await?;
    Ok(changed(&call, &gone))
}

/// messages.editChatTitle
pub(crate) async fn edit_chat_title(
    call: Call,
    r: functions::messages::EditChatTitle,
) -> Result<enums::Updates, Error> {
    let done = call.messenger().edit_chat_title(call.actor(), chat(r.chat_id), &r.title).await?;
    Ok(changed(&call, &done))
}

/// messages.editChatPhoto
pub(crate) async fn edit_chat_photo(
    call: Call,
    r: functions::messages::EditChatPhoto,
) -> Result<enums::Updates, Error> {
    let done = call.messenger().edit_chat_photo(call.actor(), chat(r.chat_id), &r.photo).await?;
    Ok(changed(&call, &done))
}

/// messages.editChatAdmin
pub(crate) async fn edit_chat_admin(
    call: Call,
    r: functions::messages::EditChatAdmin,
) -> Result<bool, Error> {
    let user = call.user(&r.user_id)?;
    call.messenger().edit_chat_admin(call.actor(), chat(r.chat_id), user, r.is_admin).await?;
    Ok(true)
}

/// messages.editChatAbout
pub(crate) async fn edit_chat_about(
    call: Call,
    r: functions::messages::EditChatAbout,
) -> Result<bool, Error> {
    call.messenger().edit_about(call.actor(), call.peer(&r.peer)?, r.about).await?;
    Ok(true)
}

/// messages.editChatDefaultBannedRights
pub(crate) async fn edit_chat_default_banned_rights(
    call: Call,
    r: functions::messages::EditChatDefaultBannedRights,
) -> Result<enums::Updates, Error> {
    let peer = call.peer(&r.peer)?;
    let banned = wire::banned_from_tl(&r.banned_rights);
    let until = UnixTime(i64::from(r.banned_rights.until_date));
    let done = call.messenger().edit_default_rights(call.actor(), peer, banned, until).await?;
    Ok(changed(&call, &done))
}

/// messages.editChatParticipantRank
pub(crate) async fn edit_chat_participant_rank(
    call: Call,
    r: functions::messages::EditChatParticipantRank,
) -> Result<enums::Updates, Error> {
    let (peer, user) = (call.peer(&r.peer)?, call.peer(&r.participant)?);
    let done = call.messenger().edit_rank(call.actor(), peer, user, r.rank).await?;
    Ok(changed(&call, &done))
}

/// messages.toggleNoForwards, for channels; in other conversations it does not exist yet.
pub(crate) async fn toggle_no_forwards(
    call: Call,
    r: functions::messages::ToggleNoForwards,
) -> Result<enums::Updates, Error> {
    let peer = call.peer(&r.peer)?;
    let done = call.messenger().toggle_channel(call.actor(), peer, Toggle::NoForwards(r.enabled)).await?;
    Ok(changed(&call, &done))
}

/// messages.deleteChat
pub(crate) async fn delete_chat(call: Call, r: functions::messages::DeleteChat) -> Result<bool, Error> {
    call.messenger().delete_chat(call.actor(), chat(r.chat_id)).await?;
    Ok(true)
}

/// messages.migrateChat
pub(crate) async fn migrate_chat(
    call: Call,
    r: functions::messages::MigrateChat,
) -> Result<enums::Updates, Error> {
    let done = call.messenger().migrate_chat(call.actor(), chat(r.chat_id)).await?;
    Ok(changed(&call, &done))
}

/// messages.getFutureChatCreatorAfterLeave, for basic groups: only they are handed over at once (G-025).
pub(crate) async fn get_future_chat_creator_after_leave(
    call: Call,
    r: functions::messages::GetFutureChatCreatorAfterLeave,
) -> Result<enums::User, Error> {
    let peer = call.peer(&r.peer)?;
    let heir = call.messenger().chat_heir(call.actor(), peer).await?;
    let (_, scene) = call.messenger().person(call.user_id, PeerRef::Known(Peer::User(heir))).await?;
    call.view(&scene).one_user(heir)
}
