//! What administrators change of a channel: title, photo, description, default rights, switches, and its end.

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{ChannelId, Peer, UserId};
use zaun_schema::api::enums::ChannelAdminLogEventAction as Action;
use zaun_schema::api::{enums, types};
use zaun_store::repo::channels::{self, ChannelRow};
use zaun_store::repo::{dialogs, media, users};

use super::log::{kind, record};
use super::post_service;
use crate::changes::Audience;
use crate::chats::{checked_about, checked_title, count_photo_use, photo_action};
use crate::files::media::decode_photo;
use crate::files::stripped_of;
use crate::limits::{CHANNELS_PER_USER, DELETABLE_MEMBERS, MEMBERS_TOLD};
use crate::messages::content::Body;
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::{Membership, wire};
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

/// A switch of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toggle {
    /// Whether posts name their authors, and show their profiles.
    Signatures {
        /// Name them.
        names: bool,
        /// Show their profiles.
        profiles: bool,
    },
    /// Seconds between two messages of a member (G-222).
    SlowMode(i32),
    /// Whether newcomers see only what comes after them (G-225).
    HiddenHistory(bool),
    /// Whether only administrators see who is in the group (G-228).
    HiddenMembers(bool),
    /// Whether nothing may be forwarded (G-232).
    NoForwards(bool),
    /// Whether an administrator decides who joins (G-193).
    JoinRequest(bool),
    /// Whether only members write where guests could comment (G-257).
    JoinToSend(bool),
    /// Whether messages lie in topics (G-260).
    Forum {
        /// Whether they do.
        on: bool,
        /// Whether clients show them as tabs.
        tabs: bool,
    },
}

/// What a slow mode may be (G-222).
const SLOW_MODES: [i32; 8] = [0, 5, 10, 30, 60, 300, 900, 3600];

/// Tells the members of a channel that it looks different now (G-059).
pub(crate) fn tell_changed(changes: &mut Changes<'_, '_>, id: ChannelId) {
    changes.hint(Audience::Channel(id), types::UpdateChannel { channel_id: id.0 }.into());
}

/// Loads a channel whose page the actor may change (G-109): as an administrator, or as a member of a supergroup that
/// lets its members.
fn changeable(changes: &Changes<'_, '_>, actor: Actor, channel: PeerRef) -> Result<Membership, Error> {
    let id = channel.channel(changes.tx, actor.user_id)?;
    let membership = Membership::load(changes.tx, actor.user_id, id)?;
    membership.require_member()?;
    let rights = membership.admin_rights();
    let as_member = !membership.channel.broadcast
        && membership.require_allowed(BannedRights::CHANGE_INFO).is_ok()
        && rights == AdminRights::NONE;
    if as_member || rights.has(AdminRights::CHANGE_INFO) {
        Ok(membership)
    } else {
        Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED))
    }
}

impl Messenger {
    /// Gives a channel another title.
    pub async fn edit_channel_title(
        &self,
        actor: Actor,
        channel: PeerRef,
        title: &str,
    ) -> Result<Outcome<()>, Error> {
        let title = checked_title(title)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut row = changeable(changes, actor, channel)?.channel;
            if row.title == title {
                return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
            }
            let prev_value = std::mem::replace(&mut row.title, title.clone());
            channels::save(changes.tx, &row)?;
            let new_value = title.clone();
            let done = types::ChannelAdminLogEventActionChangeTitle { prev_value, new_value };
            record(changes, row.id, actor.user_id, kind::INFO, done)?;
            let action = types::MessageActionChatEditTitle { title: title.clone() };
            let body = Body::from(enums::MessageAction::from(action));
            post_service(changes, actor, row.id, body)?;
            tell_changed(changes, row.id);
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Gives a channel another photo, or none.
    pub async fn edit_channel_photo(
        &self,
        actor: Actor,
        channel: PeerRef,
        photo: &enums::InputChatPhoto,
    ) -> Result<Outcome<()>, Error> {
        let photo = self.group_photo(actor, photo).await?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut row = changeable(changes, actor, channel)?.channel;
            let (old, new) = (row.photo_id, photo.as_ref().map(|photo| photo.id));
            if old == new {
                return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
            }
            let before = match old {
                Some(photo) => media::find(changes.tx, photo)?.map(decode_photo).transpose()?,
                None => None,
            };
            count_photo_use(changes, new, old)?;
            row.photo_id = new;
            row.photo_thumb = photo.as_ref().map(|photo| stripped_of(photo).to_vec());
            channels::save(changes.tx, &row)?;
            let shown = |photo: Option<types::Photo>| {
                photo.map_or(types::PhotoEmpty { id: 0 }.into(), enums::Photo::from)
            };
            let (prev_photo, new_photo) = (shown(before), shown(photo.clone()));
            let done = types::ChannelAdminLogEventActionChangePhoto { prev_photo, new_photo };
            record(changes, row.id, actor.user_id, kind::INFO, done)?;
            let body = Body::from(photo_action(photo.clone()));
            post_service(changes, actor, row.id, body)?;
            tell_changed(changes, row.id);
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Turns a switch of a channel; one that stands there already is refused (G-231).
    pub async fn toggle_channel(
        &self,
        actor: Actor,
        channel: PeerRef,
        toggle: Toggle,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let membership = Membership::load(changes.tx, actor.user_id, id)?;
            require_for(&membership, toggle)?;
            let mut row = membership.channel;
            let was_forum = row.is_forum();
            let done = apply(&mut row, toggle)?;
            channels::save(changes.tx, &row)?;
            if row.is_forum() != was_forum {
                crate::threads::topics::switch(changes, actor, id, row.is_forum())?;
            }
            if let Some(done) = done {
                record(changes, id, actor.user_id, kind::SETTINGS, done)?;
            }
            tell_changed(changes, id);
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Deletes a channel (G-158): nobody is in it any more, and its names are free.
    pub async fn delete_channel(&self, actor: Actor, channel: PeerRef) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let membership = Membership::load(changes.tx, actor.user_id, id)?;
            membership.require_creator()?;
            let mut row = membership.channel;
            if row.members > DELETABLE_MEMBERS {
                return Err(Error::refused(406, errors::CHANNEL_TOO_LARGE));
            }
            users::claim_username(changes.tx, Peer::Channel(id), None)?;
            count_photo_use(changes, None, row.photo_id)?;
            (row.deleted, row.username, row.photo_id, row.photo_thumb) = (true, None, None, None);
            channels::save(changes.tx, &row)?;
            for member in channels::recent(changes.tx, id, 0, MEMBERS_TOLD)? {
                dialogs::delete(changes.tx, member.user_id, Peer::Channel(id))?;
                changes.membership(member.user_id, id, None);
                changes.hint_user(member.user_id, types::UpdateChannel { channel_id: id.0 }.into());
            }
            channels::remove_all(changes.tx, id)?;
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Returns the public channels that the actor owns.
    pub async fn owned_public_channels(&self, actor: Actor) -> Result<Scene, Error> {
        let limit = i64::try_from(CHANNELS_PER_USER).unwrap_or(i64::MAX);
        self.read(actor.user_id, move |tx| {
            let own = channels::memberships(tx, actor.user_id, limit)?;
            let own: Vec<ChannelId> =
                own.iter().filter(|row| row.creator).map(|row| row.channel_id).collect();
            let public = channels::find_many(tx, &own)?.into_iter().filter(|row| row.username.is_some());
            Scene::of_peers(tx, actor.user_id, public.map(|row| Peer::Channel(row.id)))
        })
        .await
    }

    /// Returns who wrote a post of a broadcast channel, to its administrators.
    pub async fn post_author(
        &self,
        actor: Actor,
        channel: PeerRef,
        id: zaun_model::MsgId,
    ) -> Result<(UserId, Scene), Error> {
        self.read(actor.user_id, move |tx| {
            let channel = channel.channel(tx, actor.user_id)?;
            let membership = Membership::load(tx, actor.user_id, channel)?;
            membership.require_member()?;
            if membership.admin_rights() == AdminRights::NONE {
                return Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED));
            }
            let (box_id, peer) = (zaun_model::BoxId::Channel(channel), Peer::Channel(channel));
            let row = zaun_store::repo::messages::find(tx, box_id, peer, id)?;
            let content = row.map(|row| zaun_store::repo::contents::find_many(tx, &[row.content_id]));
            let author = content.transpose()?.and_then(|mut found| found.pop()).map(|content| content.author);
            let author = author.and_then(Peer::user).ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
            Ok((author, Scene::of_peers(tx, actor.user_id, [Peer::User(author)])?))
        })
        .await
    }
}

/// Gives a channel another description.
pub(crate) fn edit_about(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    id: ChannelId,
    about: &str,
) -> Result<(), Error> {
    let about = checked_about(about)?;
    let membership = changeable(changes, actor, PeerRef::Known(Peer::Channel(id)));
    // This method refuses with 400 where its sisters do with 403.
    let membership = membership.map_err(|error| match error {
        Error::Refused { code: 403, .. } => Error::bad(errors::CHAT_ADMIN_REQUIRED),
        other => other,
    });
    let mut row = membership?.channel;
    if row.about == about {
        return Err(Error::bad(errors::CHAT_ABOUT_NOT_MODIFIED));
    }
    let prev_value = std::mem::replace(&mut row.about, about.clone());
    channels::save(changes.tx, &row)?;
    let done = types::ChannelAdminLogEventActionChangeAbout { prev_value, new_value: about };
    record(changes, id, actor.user_id, kind::INFO, done)?;
    tell_changed(changes, id);
    Ok(())
}

/// Changes what ordinary members of a supergroup may not do (G-145, G-146).
pub(crate) fn edit_default_rights(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    id: ChannelId,
    banned: BannedRights,
) -> Result<(), Error> {
    let membership = Membership::load(changes.tx, actor.user_id, id)?;
    membership.require_admin(AdminRights::BAN_USERS)?;
    let mut row = membership.channel;
    if row.broadcast {
        return Err(Error::bad(errors::CHANNEL_INVALID));
    }
    if row.banned == banned {
        return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
    }
    let before = std::mem::replace(&mut row.banned, banned);
    channels::save(changes.tx, &row)?;
    let shown = |rights| wire::banned_rights(rights, zaun_model::UnixTime(0));
    let done = types::ChannelAdminLogEventActionDefaultBannedRights {
        prev_banned_rights: shown(before),
        new_banned_rights: shown(banned),
    };
    record(changes, id, actor.user_id, kind::SETTINGS, done)?;
    let update = types::UpdateChatDefaultBannedRights {
        peer: peer_to_tl(Peer::Channel(id)),
        default_banned_rights: shown(banned),
        version: 0,
    };
    changes.hint(Audience::Channel(id), update.into());
    Ok(())
}

/// Requires whoever may turn a switch.
fn require_for(membership: &Membership, toggle: Toggle) -> Result<(), Error> {
    let right = match toggle {
        Toggle::NoForwards(_) | Toggle::Forum { .. } => return membership.require_creator(),
        Toggle::SlowMode(_) | Toggle::HiddenMembers(_) => AdminRights::BAN_USERS,
        Toggle::JoinRequest(_) => AdminRights::INVITE_USERS,
        Toggle::JoinToSend(_) => AdminRights::BAN_USERS,
        Toggle::Signatures { .. } | Toggle::HiddenHistory(_) => AdminRights::CHANGE_INFO,
    };
    membership.require_admin(right)
}

/// Turns a switch where it has a meaning; what the log says of it, where the schema has words for that.
fn apply(row: &mut ChannelRow, toggle: Toggle) -> Result<Option<Action>, Error> {
    let for_broadcasts = matches!(toggle, Toggle::Signatures { .. });
    let for_both = matches!(toggle, Toggle::NoForwards(_));
    if !for_both && for_broadcasts != row.broadcast {
        return Err(Error::bad(errors::CHANNEL_INVALID));
    }
    let before = row.clone();
    let done = match toggle {
        Toggle::Signatures { names, profiles } => {
            (row.signatures, row.profiles) = (names || profiles, profiles);
            let new_value = row.signatures;
            if before.signatures == row.signatures {
                types::ChannelAdminLogEventActionToggleSignatureProfiles { new_value: profiles }.into()
            } else {
                types::ChannelAdminLogEventActionToggleSignatures { new_value }.into()
            }
        }
        Toggle::SlowMode(seconds) => {
            if !SLOW_MODES.contains(&seconds) {
                return Err(Error::bad(errors::SECONDS_INVALID));
            }
            row.slow_mode = seconds;
            let prev_value = before.slow_mode;
            types::ChannelAdminLogEventActionToggleSlowMode { prev_value, new_value: seconds }.into()
        }
        Toggle::HiddenHistory(new_value) => {
            // G-217, G-225
            if new_value && row.username.is_some() {
                return Err(Error::bad(errors::CHAT_LINK_EXISTS));
            }
            row.hidden_history = new_value;
            types::ChannelAdminLogEventActionTogglePreHistoryHidden { new_value }.into()
        }
        Toggle::HiddenMembers(on) => {
            if on && row.members < crate::limits::HIDDEN_MEMBERS_MIN {
                return Err(Error::bad(errors::PARTICIPANTS_TOO_FEW));
            }
            row.hidden_members = on;
            return changed(row, &before, None);
        }
        Toggle::JoinToSend(on) => {
            row.join_to_send = on;
            return changed(row, &before, None);
        }
        Toggle::Forum { on, tabs } => {
            // G-246
            if on && row.linked_id.0 != 0 {
                return Err(Error::bad(errors::CHAT_DISCUSSION_UNALLOWED));
            }
            row.forum = i64::from(on) + i64::from(on && tabs);
            types::ChannelAdminLogEventActionToggleForum { new_value: on }.into()
        }
        Toggle::JoinRequest(on) => {
            if row.username.is_none() {
                return Err(Error::bad(errors::CHAT_PUBLIC_REQUIRED));
            }
            row.join_request = on;
            return changed(row, &before, None);
        }
        Toggle::NoForwards(new_value) => {
            row.noforwards = new_value;
            types::ChannelAdminLogEventActionToggleNoForwards { new_value }.into()
        }
    };
    changed(row, &before, Some(done))
}

fn changed(row: &ChannelRow, before: &ChannelRow, done: Option<Action>) -> Result<Option<Action>, Error> {
    if row == before { Err(Error::bad(errors::CHAT_NOT_MODIFIED)) } else { Ok(done) }
}
