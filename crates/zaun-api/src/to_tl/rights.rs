//! Sets of rights. Their bits are the flags of the schema's constructors, so they are written and read as those.

use bytes::Bytes;
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{Peer, UnixTime};
use zaun_schema::api::types;
use zaun_tl::{Decode, Encode};

/// The moment that stands for "for ever" (G-050).
const FOR_EVER: i32 = i32::MAX;

/// Returns the rights of an administrator; those that are not empty always hold `other` (G-051).
pub(super) fn admin_rights(rights: AdminRights) -> types::ChatAdminRights {
    let rights = if rights == AdminRights::NONE { rights } else { rights | AdminRights::OTHER };
    with_flags(&types::ChatAdminRights::default(), rights.bits())
}

/// Returns what somebody may not do, and until when.
pub(super) fn banned_rights(rights: BannedRights, until: UnixTime) -> types::ChatBannedRights {
    let until_date = if until.0 == 0 { FOR_EVER } else { until.to_tl() };
    with_flags(&types::ChatBannedRights { until_date, ..types::ChatBannedRights::default() }, rights.bits())
}

/// Sets the flags of an object, which follow its constructor id.
fn with_flags<T: Encode + Decode + Default>(object: &T, bits: i64) -> T {
    let flags = u32::try_from(bits).unwrap_or(0).to_le_bytes();
    let Ok(mut bytes) = zaun_tl::to_bytes(object, zaun_schema::LAYER) else { return T::default() };
    if let Some(there) = bytes.get_mut(4..8) {
        there.copy_from_slice(&flags);
    }
    zaun_tl::from_bytes(Bytes::from(bytes)).unwrap_or_default()
}

/// The rights that fit a kind of channel (G-053).
pub(super) fn fitting(rights: AdminRights, broadcast: bool) -> AdminRights {
    let other_kind = if broadcast {
        AdminRights::PIN_MESSAGES
            | AdminRights::MANAGE_TOPICS
            | AdminRights::MANAGE_RANKS
            | AdminRights::ANONYMOUS
    } else {
        AdminRights::POST_MESSAGES | AdminRights::EDIT_MESSAGES | AdminRights::MANAGE_DIRECT_MESSAGES
    };
    rights.without(other_kind)
}

/// Says whether a peer is the one who looks.
pub(super) fn is_viewer(peer: Peer, viewer: zaun_model::UserId) -> bool {
    viewer.0 != 0 && peer == Peer::User(viewer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_become_the_flags_of_the_schema() {
        let rights = admin_rights(AdminRights::POST_MESSAGES | AdminRights::INVITE_USERS);
        assert!(rights.post_messages && rights.invite_users && rights.other, "G-051");
        assert!(!rights.ban_users && !rights.change_info);
        assert_eq!(admin_rights(AdminRights::NONE), types::ChatAdminRights::default());
        let banned = banned_rights(BannedRights::SEND_POLLS, UnixTime(0));
        assert!(banned.send_polls && !banned.send_messages);
        assert_eq!(banned.until_date, i32::MAX, "G-050");
        let every = banned_rights(BannedRights::ALL, UnixTime(5));
        assert!(every.view_messages && every.manage_linked_peers && every.send_reactions);
        assert_eq!(every.until_date, 5);
    }
}
