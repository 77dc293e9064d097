//! Basic groups by id, what the page of one shows, and what its members change of it.

use zaun_model::rights::BannedRights;
use zaun_model::{BoxId, ChatId, Peer, UserId};
use zaun_schema::api::types::{self, PeerNotifySettings};
use zaun_schema::api::{enums, enums::MessageAction};
use zaun_store::repo::chats::{self, ChatMemberRow};
use zaun_store::repo::{dialogs, media, messages};

use super::{announce, chat_peer, checked_about, checked_title, present, tell, tell_changed};
use crate::files::media::decode_photo;
use crate::files::stripped_of;
use crate::invites::{pending_for, permanent_of};
use crate::limits::{COMMON_CHATS, PEERS_PER_CALL};
use crate::messages::{reactions, scheduled};
use crate::peers::PeerRef;
use crate::rights::Group;
use crate::settings::{Scope, notify};
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

/// What the page of a basic group shows.
#[derive(Debug, Clone)]
pub struct GroupProfile {
    /// The group with what the viewer is to it.
    pub group: Group,
    /// Its present members, in the order in which they came.
    pub members: Vec<ChatMemberRow>,
    /// The current photo, canonical.
    pub photo: Option<types::Photo>,
    /// The viewer's notification settings.
    pub notify: PeerNotifySettings,
    /// The newest pinned message.
    pub pinned: Option<i32>,
    /// Whether the conversation is in the archive.
    pub archived: bool,
    /// Whether anything waits to be sent there.
    pub has_scheduled: bool,
    /// Which reactions it allows.
    pub reactions: Option<enums::ChatReactions>,
    /// The viewer's permanent link, if it may invite (G-074).
    pub invite: Option<types::ChatInviteExported>,
    /// How many ask to join, and who did so last, for who decides.
    pub pending: Option<(i32, Vec<UserId>)>,
    /// Everybody in it.
    pub scene: Scene,
}

impl Messenger {
    /// Returns the basic groups that were named and that the viewer may know of.
    pub async fn chats(&self, viewer: UserId, ids: Vec<ChatId>) -> Result<Scene, Error> {
        if ids.len() > PEERS_PER_CALL {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        self.read(viewer, move |tx| {
            for id in &ids {
                Group::load(tx, viewer, *id)?;
            }
            Scene::of_peers(tx, viewer, ids.iter().copied().map(Peer::Chat))
        })
        .await
    }

    /// Returns what the page of a basic group shows, in one snapshot.
    pub async fn chat_profile(&self, actor: Actor, chat: PeerRef) -> Result<GroupProfile, Error> {
        self.read(actor.user_id, move |tx| {
            let viewer = actor.user_id;
            let id = chat.chat(tx, viewer)?;
            let (group, peer) = (Group::load(tx, viewer, id)?, Peer::Chat(id));
            let members = chats::members(tx, id)?;
            let photo = match group.chat.photo_id {
                Some(photo) => media::find(tx, photo)?.map(decode_photo).transpose()?,
                None => None,
            };
            let pinned = messages::pinned(tx, BoxId::User(viewer), peer, 1)?;
            let people = members.iter().flat_map(|m| [m.user_id, m.inviter_id]).map(Peer::User);
            let rights = group.admin_rights();
            let pending = pending_for(tx, rights, peer)?;
            let asking = pending.iter().flat_map(|(_, recent)| recent).map(|user| Peer::User(*user));
            let people: Vec<Peer> = people.chain(asking).chain([peer]).collect();
            let scene = Scene::of_peers(tx, viewer, people)?;
            Ok(GroupProfile {
                has_scheduled: scheduled::any(tx, viewer, peer)?,
                reactions: Some(reactions::available(group.chat.reactions.as_ref())?),
                invite: permanent_of(tx, viewer, peer, rights)?,
                pending,
                photo,
                notify: notify(tx, viewer, Scope::Peer(peer))?,
                pinned: pinned.first().map(|row| row.id.0),
                archived: dialogs::find(tx, viewer, peer)?.is_some_and(|row| row.folder_id == 1),
                scene,
                members,
                group,
            })
        })
        .await
    }

    /// Returns the basic groups that the actor and a user are both in, the newest first.
    pub async fn common_chats(
        &self,
        actor: Actor,
        user: PeerRef,
        below: ChatId,
        limit: i32,
    ) -> Result<Scene, Error> {
        let limit = i64::from(limit).clamp(1, COMMON_CHATS);
        self.read(actor.user_id, move |tx| {
            let user = user.user(tx, actor.user_id)?;
            if user == actor.user_id {
                return Err(Error::bad(errors::USER_ID_INVALID));
            }
            let common = chats::common(tx, actor.user_id, user, below, limit)?;
            Scene::of_peers(tx, actor.user_id, common.into_iter().map(Peer::Chat))
        })
        .await
    }

    /// Gives a basic group another title (G-027).
    pub async fn edit_chat_title(
        &self,
        actor: Actor,
        chat: PeerRef,
        title: &str,
    ) -> Result<Outcome<()>, Error> {
        let title = checked_title(title)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = chat.chat(changes.tx, actor.user_id)?;
            let mut group = Group::load(changes.tx, actor.user_id, id)?;
            group.require_change(BannedRights::CHANGE_INFO)?;
            if group.chat.title == title {
                return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
            }
            group.chat.title.clone_from(&title);
            chats::save(changes.tx, &group.chat)?;
            announce(changes, actor, id, types::MessageActionChatEditTitle { title: title.clone() })
        };
        self.change(actor, work).await
    }

    /// Gives a basic group another photo, or none.
    pub async fn edit_chat_photo(
        &self,
        actor: Actor,
        chat: PeerRef,
        photo: &enums::InputChatPhoto,
    ) -> Result<Outcome<()>, Error> {
        let photo = self.group_photo(actor, photo).await?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = chat.chat(changes.tx, actor.user_id)?;
            let mut group = Group::load(changes.tx, actor.user_id, id)?;
            group.require_change(BannedRights::CHANGE_INFO)?;
            let new = photo.as_ref().map(|photo| photo.id);
            if group.chat.photo_id == new {
                return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
            }
            count_photo_use(changes, new, group.chat.photo_id)?;
            group.chat.photo_id = new;
            group.chat.photo_thumb = photo.as_ref().map(|photo| stripped_of(photo).to_vec());
            chats::save(changes.tx, &group.chat)?;
            announce(changes, actor, id, photo_action(photo.clone()))
        };
        self.change(actor, work).await
    }
}

/// Gives a basic group another description.
pub(super) fn edit_about(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    id: ChatId,
    about: &str,
) -> Result<(), Error> {
    let about = checked_about(about)?;
    let mut group = Group::load(changes.tx, actor.user_id, id)?;
    group.require_change(BannedRights::CHANGE_INFO)?;
    if group.chat.about == about {
        return Err(Error::bad(errors::CHAT_ABOUT_NOT_MODIFIED));
    }
    group.chat.about = about;
    chats::save(changes.tx, &group.chat)?;
    tell_changed(changes, id)
}

/// Changes what ordinary members of a basic group may not do (G-145, G-146).
pub(super) fn edit_rights(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    id: ChatId,
    banned: BannedRights,
    shown: types::ChatBannedRights,
) -> Result<(), Error> {
    let mut group = Group::load(changes.tx, actor.user_id, id)?;
    group.require_admin()?;
    if group.chat.banned == banned {
        return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
    }
    (group.chat.banned, group.chat.version) = (banned, group.chat.version + 1);
    chats::save(changes.tx, &group.chat)?;
    let users = present(changes.tx, id)?;
    let (peer, version) = (chat_peer(id), group.chat.version);
    let update = types::UpdateChatDefaultBannedRights { peer, default_banned_rights: shown, version };
    tell(changes, &users, update);
    Ok(())
}

/// Counts a photo as shown by one more, and another one as shown by one less.
pub(crate) fn count_photo_use(
    changes: &Changes<'_, '_>,
    new: Option<i64>,
    old: Option<i64>,
) -> Result<(), Error> {
    for (photo, change) in [(new, 1), (old, -1)] {
        if let Some(photo) = photo {
            media::count_use(changes.tx, photo, change)?;
        }
    }
    Ok(())
}

/// The service message about a new photo, or about none.
pub(crate) fn photo_action(photo: Option<types::Photo>) -> MessageAction {
    match photo {
        Some(photo) => types::MessageActionChatEditPhoto { photo: photo.into() }.into(),
        None => MessageAction::MessageActionChatDeletePhoto,
    }
}
