//! Sets of rights. Their bits are the flags of the schema's constructors, so they are written and read as those.

use bytes::Bytes;
use zaun_model::UnixTime;
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_schema::api::types;
use zaun_tl::{Decode, Encode};

/// The moment that stands for "for ever" (G-050).
const FOR_EVER: i32 = i32::MAX;

/// Returns the rights of an administrator; those that are not empty always hold `other` (G-051).
pub fn admin_rights(rights: AdminRights) -> types::ChatAdminRights {
    let rights = if rights == AdminRights::NONE { rights } else { rights | AdminRights::OTHER };
    with_flags(&types::ChatAdminRights::default(), rights.bits())
}

/// Returns what somebody may not do, and until when.
pub fn banned_rights(rights: BannedRights, until: UnixTime) -> types::ChatBannedRights {
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
pub fn fitting(rights: AdminRights, broadcast: bool) -> AdminRights {
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

/// Reads the rights of an administrator.
#[must_use]
pub fn admin_from_tl(rights: &types::ChatAdminRights) -> AdminRights {
    AdminRights::from_bits(flags_of(rights))
}

/// Reads what somebody may not do; its date is another field. The coarse rights of old clients stand for all the fine
/// ones that they were split into, and are set where all of those are (G-131, G-132).
#[must_use]
pub fn banned_from_tl(rights: &types::ChatBannedRights) -> BannedRights {
    let mut bits = BannedRights::from_bits(flags_of(rights));
    if bits.has(BannedRights::SEND_MESSAGES) {
        bits = bits | BannedRights::SEND_MEDIA | BannedRights::SEND_PLAIN;
    }
    if bits.has(BannedRights::SEND_MEDIA) {
        bits = bits | FINE_MEDIA;
    }
    if bits.has(FINE_MEDIA) {
        bits = bits | BannedRights::SEND_MEDIA;
    }
    if bits.has(FINE_MEDIA | BannedRights::SEND_PLAIN) {
        bits = bits | BannedRights::SEND_MESSAGES;
    }
    bits
}

/// All kinds of media.
const FINE_MEDIA: BannedRights = BannedRights::from_bits(
    BannedRights::SEND_PHOTOS.bits()
        | BannedRights::SEND_VIDEOS.bits()
        | BannedRights::SEND_ROUNDVIDEOS.bits()
        | BannedRights::SEND_AUDIOS.bits()
        | BannedRights::SEND_VOICES.bits()
        | BannedRights::SEND_DOCS.bits()
        | BannedRights::SEND_STICKERS.bits()
        | BannedRights::SEND_GIFS.bits()
        | BannedRights::SEND_GAMES.bits()
        | BannedRights::SEND_INLINE.bits()
        | BannedRights::SEND_POLLS.bits()
        | BannedRights::EMBED_LINKS.bits(),
);

/// Returns the flags of an object, which follow its constructor id.
#[must_use]
pub fn flags_of<T: Encode>(object: &T) -> i64 {
    let bytes = zaun_tl::to_bytes(object, zaun_schema::LAYER).unwrap_or_default();
    let flags = bytes.get(4..8).and_then(|bytes| bytes.first_chunk().copied());
    i64::from(flags.map_or(0, u32::from_le_bytes))
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
        assert_eq!(banned_from_tl(&every), BannedRights::ALL);
        assert_eq!(admin_from_tl(&rights).bits(), rights_bits(&rights));
    }

    fn rights_bits(rights: &types::ChatAdminRights) -> i64 {
        flags_of(rights)
    }

    #[test]
    fn coarse_rights_stand_for_the_fine_ones() {
        let old = types::ChatBannedRights { send_media: true, ..types::ChatBannedRights::default() };
        let read = banned_from_tl(&old);
        assert!(read.has(BannedRights::SEND_VOICES) && read.has(BannedRights::SEND_GIFS), "G-131");
        assert!(!read.has(BannedRights::SEND_PLAIN) && !read.has(BannedRights::SEND_MESSAGES));
        let both = banned_from_tl(&types::ChatBannedRights { send_plain: true, ..old });
        assert!(both.has(BannedRights::SEND_MESSAGES), "G-132");
    }
}
