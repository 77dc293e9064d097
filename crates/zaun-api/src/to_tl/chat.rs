//! Supergroups and broadcast channels.

use zaun_messenger::channels::ChannelProfile;
use zaun_messenger::views::ChannelView;
use zaun_model::UnixTime;
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_schema::api::{enums, types};

use super::rights::{admin_rights, banned_rights, fitting};
use super::{View, Viewer};

/// Returns a channel as the viewer sees it (G-043 … G-057). Whoever may not see it gets a channelForbidden (G-201).
pub(super) fn channel(view: View<'_>, seen: &ChannelView<'_>) -> enums::Chat {
    let row = seen.channel;
    let (any_member, access_hash) = match view.viewer {
        Viewer::AnyMember { access_hash } => (true, access_hash),
        Viewer::User(id) => (false, view.access.channel(id, row.id)),
    };
    let removed = seen.member.is_some_and(|member| member.status == zaun_messenger::views::REMOVED);
    if row.deleted || (!any_member && (removed || !seen.is_visible())) {
        let (broadcast, megagroup) = (row.broadcast, !row.broadcast);
        return types::ChannelForbidden {
            broadcast,
            megagroup,
            id: row.id.0,
            access_hash,
            title: row.title.clone(),
            ..types::ChannelForbidden::default()
        }
        .into();
    }
    let member = seen.member.filter(|_| seen.is_member());
    let creator = member.is_some_and(|member| member.creator);
    let admin = match member {
        Some(member) if member.creator => AdminRights::ALL.without(AdminRights::ANONYMOUS),
        Some(member) => member.admin,
        None => AdminRights::NONE,
    };
    let admin = fitting(admin, row.broadcast);
    let banned = member.filter(|member| member.banned != BannedRights::NONE);
    types::Channel {
        creator,
        left: !any_member && member.is_none(),
        broadcast: row.broadcast,
        megagroup: !row.broadcast,
        id: row.id.0,
        access_hash: Some(access_hash),
        title: row.title.clone(),
        username: row.username.clone(),
        photo: photo(view, seen),
        date: member.map_or(row.created_at, |member| member.joined_at).to_tl(),
        admin_rights: (admin != AdminRights::NONE).then(|| admin_rights(admin)),
        banned_rights: banned.map(|member| banned_rights(member.banned, member.banned_until)),
        default_banned_rights: (!row.broadcast).then(|| banned_rights(row.banned, UnixTime(0))),
        participants_count: Some(row.members),
        ..types::Channel::default()
    }
    .into()
}

fn photo(view: View<'_>, seen: &ChannelView<'_>) -> enums::ChatPhoto {
    let Some(photo_id) = seen.channel.photo_id else { return enums::ChatPhoto::ChatPhotoEmpty };
    let stripped_thumb = seen.channel.photo_thumb.clone().filter(|thumb| !thumb.is_empty()).map(Into::into);
    types::ChatPhoto { has_video: false, photo_id, stripped_thumb, dc_id: view.dc }.into()
}

/// Returns what the page of a channel shows.
pub(crate) fn channel_full(view: View<'_>, profile: &ChannelProfile) -> types::ChannelFull {
    let row = &profile.membership.channel;
    let rights = profile.membership.admin_rights();
    let sees_members = !row.broadcast || rights != AdminRights::NONE;
    let photo = profile.photo.clone().map(|photo| view.completed(enums::Photo::from(photo)));
    types::ChannelFull {
        can_view_participants: sees_members,
        can_set_username: rights.has(AdminRights::CHANGE_INFO),
        id: row.id.0,
        about: row.about.clone(),
        participants_count: Some(row.members),
        admins_count: (rights != AdminRights::NONE).then_some(row.admins),
        read_inbox_max_id: profile.dialog.read_inbox.0,
        read_outbox_max_id: profile.dialog.read_outbox.0,
        unread_count: profile.unread,
        chat_photo: photo.unwrap_or(types::PhotoEmpty { id: 0 }.into()),
        notify_settings: profile.notify.clone(),
        bot_info: Vec::new(),
        pinned_msg_id: profile.pinned,
        pts: profile.counters.pts.0,
        ..types::ChannelFull::default()
    }
}
