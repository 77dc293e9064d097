//! Basic groups.

use zaun_messenger::chats::{GroupProfile, participant};
use zaun_messenger::rights::Group;
use zaun_messenger::rights::wire::{admin_rights, banned_rights};
use zaun_messenger::views::{ChatRow, GroupView, REMOVED};
use zaun_model::UnixTime;
use zaun_model::rights::AdminRights;
use zaun_schema::api::{enums, types};

use super::View;

/// Returns a basic group as somebody sees it who is or was in it (G-022): whoever was removed gets a chatForbidden.
pub(super) fn group(view: View<'_>, seen: &GroupView<'_>) -> enums::Chat {
    let (row, member) = (seen.group, seen.member);
    if member.is_some_and(|member| member.status == REMOVED) {
        return types::ChatForbidden { id: row.id.0, title: row.title.clone() }.into();
    }
    let rights = member.map(|member| Group::rights_of(row, member));
    let rights = rights.filter(|rights| *rights != AdminRights::NONE);
    let migrated = row.migrated_to.map(|channel| types::InputChannel {
        channel_id: channel.0,
        access_hash: view.access.channel(view.user_id(), channel),
    });
    types::Chat {
        creator: seen.is_member() && row.creator_id == view.user_id(),
        left: !seen.is_member(),
        deactivated: row.deactivated,
        id: row.id.0,
        title: row.title.clone(),
        photo: photo(view, row),
        participants_count: row.members,
        date: row.created_at.to_tl(),
        version: row.version,
        migrated_to: migrated.map(Into::into),
        admin_rights: rights.map(admin_rights),
        default_banned_rights: Some(banned_rights(row.banned, UnixTime(0))),
        ..types::Chat::default()
    }
    .into()
}

fn photo(view: View<'_>, row: &ChatRow) -> enums::ChatPhoto {
    let Some(photo_id) = row.photo_id else { return enums::ChatPhoto::ChatPhotoEmpty };
    let stripped_thumb = row.photo_thumb.clone().filter(|thumb| !thumb.is_empty()).map(Into::into);
    types::ChatPhoto { has_video: false, photo_id, stripped_thumb, dc_id: view.dc }.into()
}

/// Returns what the page of a basic group shows; only its members see who is in it (G-021, G-022).
pub(crate) fn group_full(view: View<'_>, profile: &GroupProfile) -> types::ChatFull {
    let row = &profile.group.chat;
    let chat_id = row.id.0;
    let participants = if profile.group.is_member() {
        let participants = profile.members.iter().map(|member| participant(row, member)).collect();
        types::ChatParticipants { chat_id, participants, version: row.version }.into()
    } else {
        types::ChatParticipantsForbidden { chat_id, self_participant: None }.into()
    };
    types::ChatFull {
        id: chat_id,
        about: row.about.clone(),
        participants,
        chat_photo: profile.photo.clone().map(|photo| view.completed(enums::Photo::from(photo))),
        notify_settings: profile.notify.clone(),
        pinned_msg_id: profile.pinned,
        has_scheduled: profile.has_scheduled,
        ttl_period: (row.ttl > 0).then_some(row.ttl),
        folder_id: profile.archived.then_some(1),
        available_reactions: profile.reactions.clone(),
        reactions_limit: Some(row.reactions_limit).filter(|limit| *limit > 0),
        exported_invite: profile.invite.clone().map(Into::into),
        requests_pending: profile.pending.as_ref().map(|(count, _)| *count),
        recent_requesters: profile.pending.as_ref().map(|(_, recent)| super::chat::ids(recent)),
        ..types::ChatFull::default()
    }
}
