//! Members of groups and channels, and what they may do (B-235).

use serde_json::{Value, json};
use zaun_messenger::rights::wire::{admin_from_tl, banned_from_tl};
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{ChannelId, ChatId, Peer, UserId};
use zaun_schema::api::{enums, types};

use super::{Eyes, Object};

/// Which permission of the Bot API stands for which rights that a member may lack.
pub const PERMISSIONS: [(&str, BannedRights); 16] = [
    ("can_send_messages", BannedRights::SEND_PLAIN),
    ("can_send_audios", BannedRights::SEND_AUDIOS),
    ("can_send_documents", BannedRights::SEND_DOCS),
    ("can_send_photos", BannedRights::SEND_PHOTOS),
    ("can_send_videos", BannedRights::SEND_VIDEOS),
    ("can_send_video_notes", BannedRights::SEND_ROUNDVIDEOS),
    ("can_send_voice_notes", BannedRights::SEND_VOICES),
    ("can_send_polls", BannedRights::SEND_POLLS),
    ("can_send_other_messages", OTHER_MESSAGES),
    ("can_add_web_page_previews", BannedRights::EMBED_LINKS),
    ("can_react_to_messages", BannedRights::SEND_REACTIONS),
    ("can_edit_tag", BannedRights::EDIT_RANK),
    ("can_change_info", BannedRights::CHANGE_INFO),
    ("can_invite_users", BannedRights::INVITE_USERS),
    ("can_pin_messages", BannedRights::PIN_MESSAGES),
    ("can_manage_topics", BannedRights::MANAGE_TOPICS),
];

/// Stickers, loops, games and what inline bots make.
const OTHER_MESSAGES: BannedRights = BannedRights::from_bits(
    BannedRights::SEND_STICKERS.bits()
        | BannedRights::SEND_GIFS.bits()
        | BannedRights::SEND_GAMES.bits()
        | BannedRights::SEND_INLINE.bits(),
);

/// Which right of the Bot API stands for which right of an administrator; and where it means something.
pub const RIGHTS: [(&str, AdminRights, Place); 17] = [
    ("can_manage_chat", AdminRights::OTHER, Place::Everywhere),
    ("can_delete_messages", AdminRights::DELETE_MESSAGES, Place::Everywhere),
    ("can_manage_video_chats", AdminRights::MANAGE_CALL, Place::Everywhere),
    ("can_restrict_members", AdminRights::BAN_USERS, Place::Everywhere),
    ("can_promote_members", AdminRights::ADD_ADMINS, Place::Everywhere),
    ("can_change_info", AdminRights::CHANGE_INFO, Place::Everywhere),
    ("can_invite_users", AdminRights::INVITE_USERS, Place::Everywhere),
    ("can_post_stories", AdminRights::POST_STORIES, Place::Everywhere),
    ("can_edit_stories", AdminRights::EDIT_STORIES, Place::Everywhere),
    ("can_delete_stories", AdminRights::DELETE_STORIES, Place::Everywhere),
    ("can_send_welcome_messages", AdminRights::MANAGE_WELCOME_MESSAGES, Place::Everywhere),
    ("can_post_messages", AdminRights::POST_MESSAGES, Place::Channels),
    ("can_edit_messages", AdminRights::EDIT_MESSAGES, Place::Channels),
    ("can_manage_direct_messages", AdminRights::MANAGE_DIRECT_MESSAGES, Place::Channels),
    ("can_pin_messages", AdminRights::PIN_MESSAGES, Place::Groups),
    ("can_manage_topics", AdminRights::MANAGE_TOPICS, Place::Groups),
    ("can_manage_tags", AdminRights::MANAGE_RANKS, Place::Groups),
];

/// Where a right means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In every kind of conversation with administrators.
    Everywhere,
    /// In broadcast channels.
    Channels,
    /// In groups and supergroups.
    Groups,
}

/// What an administrator of a basic group may do.
const OF_GROUP: AdminRights = AdminRights::from_bits(
    AdminRights::OTHER.bits()
        | AdminRights::DELETE_MESSAGES.bits()
        | AdminRights::MANAGE_CALL.bits()
        | AdminRights::BAN_USERS.bits()
        | AdminRights::CHANGE_INFO.bits()
        | AdminRights::INVITE_USERS.bits()
        | AdminRights::PIN_MESSAGES.bits(),
);

/// Writes what members may do.
#[must_use]
pub fn permissions(banned: BannedRights) -> Value {
    let mut out = Object::default();
    put_permissions(&mut out, banned);
    out.done()
}

fn put_permissions(out: &mut Object, banned: BannedRights) {
    for (name, rights) in PERMISSIONS {
        out.set(name, banned.without(rights) == banned);
    }
    let media = ["audios", "documents", "photos", "videos", "video_notes", "voice_notes"];
    let all = media.iter().all(|kind| out.0.get(&format!("can_send_{kind}")) == Some(&Value::Bool(true)));
    // The name that was split into those.
    out.set("can_send_media_messages", all);
}

/// Writes somebody as what it is.
fn status(user: Value, status: &str) -> Object {
    let mut out = Object::default();
    out.set("user", user);
    out.set("status", status);
    out
}

impl Eyes<'_> {
    /// Writes a member of a channel or supergroup; `None` is somebody who is not in it.
    #[must_use]
    pub fn channel_member(
        self,
        user: UserId,
        member: Option<&enums::ChannelParticipant>,
        broadcast: bool,
    ) -> Value {
        use enums::ChannelParticipant as P;
        let shown = self.user(user);
        let out = match member {
            Some(P::ChannelParticipantCreator(row)) => {
                let mut out = status(shown, "creator");
                out.some("custom_title", row.rank.clone());
                out.set("is_anonymous", row.admin_rights.anonymous);
                out
            }
            Some(P::ChannelParticipantAdmin(row)) => {
                let own = row.promoted_by == self.bot.0;
                let mut out = administrator(shown, admin_from_tl(&row.admin_rights), broadcast, own);
                out.some("custom_title", row.rank.clone());
                out
            }
            Some(P::ChannelParticipantBanned(row)) => {
                let until = Some(row.banned_rights.until_date).filter(|date| *date != i32::MAX).unwrap_or(0);
                let banned = banned_from_tl(&row.banned_rights);
                let mut out = match banned.has(BannedRights::VIEW_MESSAGES) {
                    true => status(shown, "kicked"),
                    false => {
                        let mut out = status(shown, "restricted");
                        put_permissions(&mut out, banned);
                        out.set("is_member", !row.left);
                        out.some("tag", row.rank.clone());
                        out
                    }
                };
                out.set("until_date", until);
                out
            }
            Some(P::ChannelParticipant(row)) => tagged(shown, row.rank.clone()),
            Some(P::ChannelParticipantSelf(row)) => tagged(shown, row.rank.clone()),
            Some(P::ChannelParticipantLeft(_)) | None => status(shown, "left"),
        };
        out.done()
    }

    /// Writes a member of a basic group.
    #[must_use]
    pub fn group_member(self, user: UserId, member: Option<&enums::ChatParticipant>) -> Value {
        use enums::ChatParticipant as P;
        let shown = self.user(user);
        let out = match member {
            Some(P::ChatParticipantCreator(_)) => {
                let mut out = status(shown, "creator");
                out.set("is_anonymous", false);
                out
            }
            Some(P::ChatParticipantAdmin(_)) => administrator(shown, OF_GROUP, false, false),
            Some(P::ChatParticipant(row)) => tagged(shown, row.rank.clone()),
            None => status(shown, "left"),
        };
        out.done()
    }

    /// Writes what became of a member as an update: its kind and its object (B-234).
    #[must_use]
    pub fn member_update(self, update: &enums::Update) -> Option<(&'static str, Value)> {
        match update {
            enums::Update::UpdateChannelParticipant(update) => {
                let id = ChannelId(update.channel_id);
                let broadcast = self.is_broadcast(id);
                let user = UserId(update.user_id);
                let member = |row: &Option<_>| self.channel_member(user, row.as_ref(), broadcast);
                let (old, new) = (member(&update.prev_participant), member(&update.new_participant));
                Some(self.changed(Peer::Channel(id), (update.actor_id, user, update.date), old, new))
            }
            enums::Update::UpdateChatParticipant(update) => {
                let user = UserId(update.user_id);
                let member = |row: &Option<_>| self.group_member(user, row.as_ref());
                let (old, new) = (member(&update.prev_participant), member(&update.new_participant));
                let chat = Peer::Chat(ChatId(update.chat_id));
                Some(self.changed(chat, (update.actor_id, user, update.date), old, new))
            }
            enums::Update::UpdateBotChatInviteRequester(update) => {
                Some(("chat_join_request", self.join_request(update)))
            }
            enums::Update::UpdateBotStopped(update) => {
                let member = |stopped: bool| {
                    let mut out = status(self.user(self.bot), if stopped { "kicked" } else { "member" });
                    if stopped {
                        out.set("until_date", 0);
                    }
                    out.done()
                };
                let (old, new) = (member(!update.stopped), member(update.stopped));
                let chat = Peer::User(UserId(update.user_id));
                Some(self.changed(chat, (update.user_id, self.bot, update.date), old, new))
            }
            _ => None,
        }
    }

    fn changed(
        self,
        chat: Peer,
        (actor, user, date): (i64, UserId, i32),
        old: Value,
        new: Value,
    ) -> (&'static str, Value) {
        let kind = if user == self.bot { "my_chat_member" } else { "chat_member" };
        let object = json!({
            "chat": self.chat(chat), "from": self.user(UserId(actor)), "date": date,
            "old_chat_member": old, "new_chat_member": new,
        });
        (kind, object)
    }
}

fn tagged(user: Value, tag: Option<String>) -> Object {
    let mut out = status(user, "member");
    out.some("tag", tag);
    out
}

fn administrator(user: Value, rights: AdminRights, broadcast: bool, can_be_edited: bool) -> Object {
    let mut out = status(user, "administrator");
    out.set("can_be_edited", can_be_edited);
    out.set("is_anonymous", rights.has(AdminRights::ANONYMOUS));
    for (name, right, place) in RIGHTS {
        let fits = match place {
            Place::Everywhere => true,
            Place::Channels => broadcast,
            Place::Groups => !broadcast,
        };
        if fits {
            out.set(name, rights.has(right));
        }
    }
    // The name that it had before.
    out.set("can_manage_voice_chats", rights.has(AdminRights::MANAGE_CALL));
    out
}

/// Reads what members may do from an object of permissions. Unless each counts for itself, what a member writes other
/// than texts needs the right to write texts and to send media.
#[must_use]
pub fn read_permissions(given: &Value, independent: bool) -> BannedRights {
    let allowed = |name: &str| match &given[name] {
        Value::Bool(on) => *on,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    };
    let media = allowed("can_send_media_messages");
    let all_media = allowed("can_send_other_messages") || allowed("can_add_web_page_previews") || media;
    let banned = PERMISSIONS.iter().fold(BannedRights::NONE, |banned, (name, rights)| {
        let by_another = match *name {
            "can_send_messages" => !independent && (all_media || allowed("can_send_polls")),
            "can_send_audios"
            | "can_send_documents"
            | "can_send_photos"
            | "can_send_videos"
            | "can_send_video_notes"
            | "can_send_voice_notes" => media || (!independent && all_media),
            _ => false,
        };
        if allowed(name) || by_another { banned } else { banned | *rights }
    });
    // Coarse rights follow from the fine ones.
    let shown = zaun_messenger::rights::wire::banned_rights(banned, zaun_model::UnixTime(0));
    banned_from_tl(&types::ChatBannedRights { view_messages: false, ..shown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_written_as_they_are_read() {
        let nothing = read_permissions(&json!({}), false);
        assert!(
            nothing.has(BannedRights::SEND_MESSAGES | BannedRights::SEND_MEDIA | BannedRights::EMBED_LINKS)
        );
        assert!(!nothing.has(BannedRights::VIEW_MESSAGES));
        let texts = read_permissions(&json!({ "can_send_messages": true }), false);
        assert!(!texts.has(BannedRights::SEND_PLAIN) && texts.has(BannedRights::SEND_PHOTOS));
        assert_eq!(permissions(texts)["can_send_messages"], true);
        assert_eq!(permissions(texts)["can_send_photos"], false);
        let other = json!({ "can_send_other_messages": true });
        assert_eq!(permissions(read_permissions(&other, false))["can_send_messages"], true);
        assert_eq!(permissions(read_permissions(&other, true))["can_send_messages"], false);
    }
}
