//! Members of groups and channels: who they are, and what bots that administer them do about it.

use serde_json::{Value, json};
use zaun_messenger::channels::{self, MemberFilter};
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Error, chats};
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{Peer, UnixTime, UserId};

use super::Call;
use crate::error::ApiError;
use crate::to_json::Eyes;
use crate::to_json::members::{RIGHTS, read_permissions};

const TO_RESTRICT: &str = "not enough rights to restrict/unrestrict chat member";
const IN_PRIVATE: &str = "chat member status can't be changed in private chats";
/// Administrators of one answer.
const ADMINISTRATORS: i32 = 200;

impl Call<'_> {
    pub(super) fn user(&self) -> Result<UserId, ApiError> {
        let id = self.params.number("user_id").filter(|id| *id > 0);
        id.map(UserId).ok_or_else(|| ApiError::bad("invalid user_id specified"))
    }

    /// The member of a parameter: what it is, if it is somebody there.
    async fn member(&self, peer: Peer, user: UserId) -> Result<Value, ApiError> {
        let (named, whom) = (PeerRef::Known(peer), PeerRef::Known(Peer::User(user)));
        let signer = &self.messenger().access;
        let bot = self.bot.bot;
        match peer {
            Peer::User(other) => {
                if user != other && user != bot {
                    return Err(ApiError::bad("member not found"));
                }
                let (_, scene) = self.messenger().person(bot, whom).await?;
                let eyes = Eyes { signer, bot, scene: &scene };
                Ok(json!({ "user": eyes.user(user), "status": "member" }))
            }
            Peer::Chat(_) => {
                let profile = self.messenger().chat_profile(self.actor(), named).await?;
                let row = profile.members.iter().find(|member| member.user_id == user);
                let shown = row.map(|row| chats::participant(&profile.group.chat, row));
                let (_, scene) = self.messenger().person(bot, whom).await?;
                Ok(Eyes { signer, bot, scene: &scene }.group_member(user, shown.as_ref()))
            }
            Peer::Channel(_) => match self.messenger().channel_member(self.actor(), named, whom).await {
                Ok(page) => {
                    let shown = page.members.first();
                    let shown = shown.map(|row| channels::participant(row, UserId(0), page.broadcast));
                    let eyes = Eyes { signer, bot, scene: &page.scene };
                    Ok(eyes.channel_member(user, shown.as_ref(), page.broadcast))
                }
                Err(Error::Refused { text, .. }) if text == "USER_NOT_PARTICIPANT" => {
                    let (_, scene) = self.messenger().person(bot, whom).await?;
                    Ok(Eyes { signer, bot, scene: &scene }.channel_member(user, None, false))
                }
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Takes rights from a member, or gives them back.
    async fn restrict(
        &self,
        peer: Peer,
        user: UserId,
        banned: BannedRights,
        until: i64,
    ) -> Result<(), ApiError> {
        let (channel, whom) = (PeerRef::Known(peer), PeerRef::Known(Peer::User(user)));
        let done =
            self.messenger().edit_channel_banned(self.actor(), channel, whom, banned, UnixTime(until)).await;
        done.map(drop).map_err(|error| refused(error, TO_RESTRICT))
    }
}

/// A refusal for want of rights is told by what the rights are for.
pub(super) fn refused(error: Error, rights: &str) -> ApiError {
    match &error {
        Error::Refused { text, .. } if text == "CHAT_ADMIN_REQUIRED" || text == "RIGHT_FORBIDDEN" => {
            ApiError::bad(rights)
        }
        _ => error.into(),
    }
}

/// getChatMember
pub(super) async fn get_chat_member(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    call.member(peer, call.user()?).await
}

/// getChatAdministrators: other bots only if they are asked for.
pub(super) async fn get_chat_administrators(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let (named, signer, bot) = (PeerRef::Known(peer), &call.messenger().access, call.bot.bot);
    let bots = call.params.is_set("return_bots");
    let is_shown = |member: &Value| bots || member["user"]["is_bot"] != true || member["user"]["id"] == bot.0;
    let list: Vec<Value> = match peer {
        Peer::User(_) => return Err(ApiError::bad("there are no administrators in the private chat")),
        Peer::Chat(_) => {
            let profile = call.messenger().chat_profile(call.actor(), named).await?;
            let eyes = Eyes { signer, bot, scene: &profile.scene };
            let chat = &profile.group.chat;
            let admins = profile.members.iter().filter(|row| row.admin || row.user_id == chat.creator_id);
            admins.map(|row| eyes.group_member(row.user_id, Some(&chats::participant(chat, row)))).collect()
        }
        Peer::Channel(_) => {
            let admins = MemberFilter::Admins;
            let page =
                call.messenger().channel_members(call.actor(), named, admins, 0, ADMINISTRATORS).await?;
            let eyes = Eyes { signer, bot, scene: &page.scene };
            let shown = page.members.iter().map(|row| {
                let member = channels::participant(row, UserId(0), page.broadcast);
                eyes.channel_member(row.user_id, Some(&member), page.broadcast)
            });
            shown.collect()
        }
    };
    Ok(list.into_iter().filter(is_shown).collect::<Vec<_>>().into())
}

/// banChatMember
pub(super) async fn ban_chat_member(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let user = call.user()?;
    match peer {
        Peer::User(_) => return Err(ApiError::bad(IN_PRIVATE)),
        Peer::Chat(_) => {
            let (chat, whom) = (PeerRef::Known(peer), PeerRef::Known(Peer::User(user)));
            let revoke = call.params.is_set("revoke_messages");
            let done = call.messenger().delete_chat_user(call.actor(), chat, whom, revoke).await;
            done.map_err(|error| refused(error, TO_RESTRICT))?;
        }
        Peer::Channel(_) => {
            if user == call.bot.bot {
                return Err(ApiError::bad("can't restrict self"));
            }
            let until = call.params.number("until_date").unwrap_or(0);
            call.restrict(peer, user, BannedRights::ALL, until).await?;
        }
    }
    Ok(json!(true))
}

/// Keeps a channel from being written as in a group, or allows it again.
async fn restrict_sender(call: Call<'_>, banned: BannedRights) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    if !matches!(peer, Peer::Channel(_)) {
        return Err(ApiError::bad("method is available for supergroup and channel chats only"));
    }
    let sender = call.params.number("sender_chat_id").and_then(Peer::from_marked);
    let sender = sender.filter(|sender| matches!(sender, Peer::Channel(_)));
    let sender = sender.ok_or_else(|| ApiError::bad("invalid sender_chat_id specified"))?;
    let (channel, whom) = (PeerRef::Known(peer), PeerRef::Known(sender));
    let done = call.messenger().edit_channel_banned(call.actor(), channel, whom, banned, UnixTime(0)).await;
    done.map_err(|error| refused(error, TO_RESTRICT))?;
    Ok(json!(true))
}

/// banChatSenderChat
pub(super) async fn ban_chat_sender_chat(call: Call<'_>) -> Result<Value, ApiError> {
    restrict_sender(call, BannedRights::ALL).await
}

/// unbanChatSenderChat
pub(super) async fn unban_chat_sender_chat(call: Call<'_>) -> Result<Value, ApiError> {
    restrict_sender(call, BannedRights::NONE).await
}

/// unbanChatMember: whoever is there still is sent away, unless only a ban is to end.
pub(super) async fn unban_chat_member(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let user = call.user()?;
    if !matches!(peer, Peer::Channel(_)) {
        return Err(ApiError::bad("method is available for supergroup and channel chats only"));
    }
    if user == call.bot.bot {
        return Err(ApiError::bad("can't unrestrict self"));
    }
    let member = call.member(peer, user).await?;
    let is_banned = member["status"] == "kicked";
    let is_there = matches!(member["status"].as_str(), Some("member" | "administrator"))
        || (member["status"] == "restricted" && member["is_member"] == true);
    if call.params.is_set("only_if_banned") && !is_banned {
        return Ok(json!(true));
    }
    if is_there {
        call.restrict(peer, user, BannedRights::ALL, 0).await?;
    }
    if is_there || is_banned {
        call.restrict(peer, user, BannedRights::NONE, 0).await?;
    }
    Ok(json!(true))
}

/// restrictChatMember
pub(super) async fn restrict_chat_member(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let user = call.user()?;
    if !is_supergroup(&call, peer).await? {
        return Err(ApiError::bad("method is available only for supergroups"));
    }
    if user == call.bot.bot {
        return Err(ApiError::bad("can't restrict self"));
    }
    let banned = permissions_of(&call)?;
    call.restrict(peer, user, banned, call.params.number("until_date").unwrap_or(0)).await?;
    Ok(json!(true))
}

async fn is_supergroup(call: &Call<'_>, peer: Peer) -> Result<bool, ApiError> {
    if !matches!(peer, Peer::Channel(_)) {
        return Ok(false);
    }
    let profile = call.messenger().channel_profile(call.actor(), PeerRef::Known(peer)).await?;
    Ok(!profile.membership.channel.broadcast)
}

/// The parameter with permissions; before they had an object of their own they stood in the call itself.
pub(super) fn permissions_of(call: &Call<'_>) -> Result<BannedRights, ApiError> {
    let given = call.params.json("permissions", "permissions")?;
    let given = given.ok_or_else(|| ApiError::missing("permissions"))?;
    if !given.is_object() {
        return Err(ApiError::bad("object expected as permissions"));
    }
    Ok(read_permissions(&given, call.params.is_set("use_independent_chat_permissions")))
}

/// promoteChatMember: without rights it is a demotion.
pub(super) async fn promote_chat_member(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let user = call.user()?;
    if !matches!(peer, Peer::Channel(_)) {
        return Err(ApiError::bad("method is available for supergroup and channel chats only"));
    }
    if user == call.bot.bot {
        return Err(ApiError::bad("can't promote self"));
    }
    let anonymous = call.params.is_set("is_anonymous");
    let none = if anonymous { AdminRights::ANONYMOUS } else { AdminRights::NONE };
    let set = |name: &str| {
        call.params.is_set(name)
            || (name == "can_manage_video_chats" && call.params.is_set("can_manage_voice_chats"))
    };
    let rights = RIGHTS.iter().filter(|(name, ..)| set(name)).fold(none, |all, (_, right, _)| all | *right);
    let (channel, whom) = (PeerRef::Known(peer), PeerRef::Known(Peer::User(user)));
    let done = call.messenger().edit_channel_admin(call.actor(), channel, whom, rights, None).await;
    done.map_err(|error| match &error {
        Error::Refused { text, .. } if text == "USER_CREATOR" => ApiError::bad("can't demote chat creator"),
        _ => error.into(),
    })?;
    Ok(json!(true))
}

/// setChatAdministratorCustomTitle
pub(super) async fn set_custom_title(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let user = call.user()?;
    if !is_supergroup(&call, peer).await? {
        return Err(ApiError::bad("method is available only for supergroups"));
    }
    let member = call.member(peer, user).await?;
    match member["status"].as_str() {
        Some("creator") => return Err(ApiError::bad("only the owner can edit their custom title")),
        Some("administrator") => {}
        _ => return Err(ApiError::bad("user is not an administrator")),
    }
    if member["can_be_edited"] != true {
        return Err(ApiError::bad("not enough rights to change custom title of the user"));
    }
    let rights = RIGHTS.iter().filter(|(name, ..)| member[name] == true);
    let none = if member["is_anonymous"] == true { AdminRights::ANONYMOUS } else { AdminRights::NONE };
    let rights = rights.fold(none, |all, (_, right, _)| all | *right);
    let title = call.params.get("custom_title").unwrap_or_default().to_owned();
    let (channel, whom) = (PeerRef::Known(peer), PeerRef::Known(Peer::User(user)));
    call.messenger().edit_channel_admin(call.actor(), channel, whom, rights, Some(title)).await?;
    Ok(json!(true))
}

/// setChatMemberTag
pub(super) async fn set_chat_member_tag(call: Call<'_>) -> Result<Value, ApiError> {
    let peer = call.peer("chat_id").await?;
    let whom = PeerRef::Known(Peer::User(call.user()?));
    let tag = call.params.get("tag").unwrap_or_default().to_owned();
    match call.messenger().edit_rank(call.actor(), PeerRef::Known(peer), whom, tag).await {
        Ok(_) => Ok(json!(true)),
        Err(Error::Refused { text, .. }) if text == "CHAT_NOT_MODIFIED" => Ok(json!(true)),
        Err(error) => Err(error.into()),
    }
}
