//! Supergroups and broadcast channels.

use zaun_messenger::channels::ChannelProfile;
use zaun_messenger::rights::wire::{admin_rights, banned_rights, fitting};
use zaun_messenger::views::ChannelView;
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{UnixTime, UserId};
use zaun_schema::api::{enums, types};

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
        // G-201: a ban that ends says when.
        let until = seen.member.map_or(UnixTime(0), |member| member.banned_until);
        return types::ChannelForbidden {
            until_date: (until.0 > 0).then(|| until.to_tl()),
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
    let admin = member.map_or(AdminRights::NONE, |member| member.admin);
    let admin = fitting(admin, row.broadcast);
    let banned = member.filter(|member| member.banned != BannedRights::NONE);
    types::Channel {
        creator,
        left: !any_member && member.is_none(),
        broadcast: row.broadcast,
        megagroup: !row.broadcast,
        // G-054
        signatures: row.broadcast && row.signatures,
        signature_profiles: row.broadcast && row.profiles,
        slowmode_enabled: !row.broadcast && row.slow_mode > 0,
        noforwards: row.noforwards,
        join_request: row.join_request,
        join_to_send: row.join_to_send,
        forum: row.is_forum(),
        forum_tabs: row.forum > 1,
        has_link: row.linked_id.0 != 0,
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
    // G-066
    let is_admin = rights != AdminRights::NONE;
    let sees_members = is_admin || (!row.broadcast && !row.hidden_members && profile.membership.is_member());
    let bans = rights.has(AdminRights::BAN_USERS);
    let count = |count: i32| bans.then_some(count);
    // G-071: who is bound by a slow mode learns when it may write again.
    let bound = profile.membership.member.as_ref().filter(|_| row.slow_mode > 0 && !is_admin);
    let next = bound.map(|member| (member.posted_at + i64::from(row.slow_mode)).to_tl());
    let hidden_until = profile.membership.hidden_until().0;
    let photo = profile.photo.clone().map(|photo| view.completed(enums::Photo::from(photo)));
    types::ChannelFull {
        can_view_participants: sees_members,
        can_set_username: profile.membership.is_creator(),
        can_set_stickers: !row.broadcast && rights.has(AdminRights::CHANGE_INFO),
        can_delete_channel: profile.membership.is_creator(),
        hidden_prehistory: is_admin && row.hidden_history,
        participants_hidden: row.hidden_members,
        view_forum_as_messages: profile.membership.member.as_ref().is_some_and(|member| member.as_messages),
        linked_chat_id: (row.linked_id.0 != 0).then_some(row.linked_id.0),
        kicked_count: count(profile.removed),
        banned_count: count(profile.restricted),
        migrated_from_chat_id: profile.migrated_from.map(|(chat, _)| chat.0),
        migrated_from_max_id: profile.migrated_from.map(|(_, id)| id.0),
        slowmode_seconds: (row.slow_mode > 0).then_some(row.slow_mode),
        slowmode_next_send_date: next.filter(|next| *next > view.now.to_tl()),
        available_min_id: (hidden_until > 0).then_some(hidden_until),
        folder_id: (profile.dialog.folder_id == 1).then_some(1),
        id: row.id.0,
        about: row.about.clone(),
        participants_count: Some(row.members),
        admins_count: is_admin.then_some(row.admins),
        read_inbox_max_id: profile.dialog.read_inbox.0,
        read_outbox_max_id: profile.dialog.read_outbox.0,
        unread_count: profile.unread,
        chat_photo: photo.unwrap_or(types::PhotoEmpty { id: 0 }.into()),
        notify_settings: profile.notify.clone(),
        bot_info: Vec::new(),
        pinned_msg_id: profile.pinned,
        stickerset: profile.stickers.clone().map(|set| view.completed(set)),
        has_scheduled: profile.has_scheduled,
        ttl_period: (row.ttl > 0).then_some(row.ttl),
        pts: profile.counters.pts.0,
        available_reactions: profile.reactions.clone(),
        reactions_limit: Some(row.reactions_limit).filter(|limit| *limit > 0),
        exported_invite: profile.invite.clone().map(Into::into),
        requests_pending: profile.pending.as_ref().map(|(count, _)| *count),
        default_send_as: profile.send_as.map(zaun_messenger::peers::peer_to_tl),
        recent_requesters: profile.pending.as_ref().map(|(_, recent)| ids(recent)),
        ..types::ChannelFull::default()
    }
}

/// Users as numbers.
pub(super) fn ids(users: &[UserId]) -> Vec<i64> {
    users.iter().map(|user| user.0).collect()
}
