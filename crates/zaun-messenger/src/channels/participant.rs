//! Members of channels.

use zaun_model::UserId;
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_schema::api::{enums, types};
use zaun_store::repo::channels::{MEMBER, MemberRow, REMOVED};

use crate::rights::wire::{admin_rights, banned_rights, fitting};

/// Returns a member as the viewer sees it; the own membership says who let the viewer in (G-097).
#[must_use]
pub fn participant(row: &MemberRow, viewer: UserId, broadcast: bool) -> enums::ChannelParticipant {
    let rank = Some(row.rank.clone()).filter(|rank| !rank.is_empty());
    let user_id = row.user_id.0;
    let date = row.joined_at.to_tl();
    if row.creator {
        // G-048
        let every = AdminRights::ALL.without(AdminRights::ANONYMOUS);
        let rights = if row.admin.has(AdminRights::ANONYMOUS) { AdminRights::ALL } else { every };
        let rights = fitting(rights, broadcast);
        return types::ChannelParticipantCreator { user_id, admin_rights: admin_rights(rights), rank }.into();
    }
    if row.admin != AdminRights::NONE {
        return types::ChannelParticipantAdmin {
            // G-099
            can_edit: row.by_id == viewer,
            is_self: row.user_id == viewer,
            user_id,
            inviter_id: (row.user_id == viewer).then_some(row.inviter_id.0),
            promoted_by: row.by_id.0,
            date,
            admin_rights: admin_rights(fitting(row.admin, broadcast)),
            rank,
        }
        .into();
    }
    if row.banned != BannedRights::NONE || row.status == REMOVED {
        return types::ChannelParticipantBanned {
            left: row.status != MEMBER,
            peer: types::PeerUser { user_id }.into(),
            rank,
            kicked_by: row.by_id.0,
            date,
            banned_rights: banned_rights(row.banned, row.banned_until),
        }
        .into();
    }
    if row.user_id == viewer {
        let inviter_id = row.inviter_id.0;
        let own = types::ChannelParticipantSelf { user_id, inviter_id, date, rank, ..Default::default() };
        return own.into();
    }
    types::ChannelParticipant { user_id, date, rank, ..types::ChannelParticipant::default() }.into()
}
