//! Rights as sets of bits. The bits are those of the schema's flags, so that a set is stored and sent as it is.

use std::ops::BitOr;

macro_rules! rights {
    ($(#[$doc:meta])* $name:ident { $($(#[$bit_doc:meta])* $bit:ident = $shift:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
        pub struct $name(u32);

        impl $name {
            $($(#[$bit_doc])* pub const $bit: $name = $name(1 << $shift);)*
            /// Every right that exists.
            pub const ALL: $name = $name(0 $(| 1 << $shift)*);
            /// No right at all.
            pub const NONE: $name = $name(0);

            /// Reads a stored set; bits that mean nothing are dropped.
            #[must_use]
            pub const fn from_bits(bits: i64) -> $name {
                #[allow(clippy::cast_possible_truncation, reason = "bits above 32 mean nothing and are dropped")]
                $name(bits.cast_unsigned() as u32 & $name::ALL.0)
            }

            /// Returns the set for a column.
            #[must_use]
            pub const fn bits(self) -> i64 {
                self.0 as i64
            }

            /// Says whether all of `wanted` are in the set.
            #[must_use]
            pub const fn has(self, wanted: $name) -> bool {
                self.0 & wanted.0 == wanted.0
            }

            /// Returns the set without `taken`.
            #[must_use]
            pub const fn without(self, taken: $name) -> $name {
                $name(self.0 & !taken.0)
            }
        }

        impl BitOr for $name {
            type Output = $name;

            fn bitor(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }
        }
    };
}

rights! {
    /// What an administrator may do (chatAdminRights).
    AdminRights {
        /// Change title, photo, description and the like.
        CHANGE_INFO = 0,
        /// Post in a broadcast channel.
        POST_MESSAGES = 1,
        /// Edit other people's posts in a broadcast channel.
        EDIT_MESSAGES = 2,
        /// Delete other people's messages.
        DELETE_MESSAGES = 3,
        /// Restrict and ban members.
        BAN_USERS = 4,
        /// Invite people.
        INVITE_USERS = 5,
        /// Pin messages.
        PIN_MESSAGES = 7,
        /// Appoint administrators.
        ADD_ADMINS = 9,
        /// Act as the group itself.
        ANONYMOUS = 10,
        /// Manage calls.
        MANAGE_CALL = 11,
        /// Anything else that administrators may do.
        OTHER = 12,
        /// Manage topics.
        MANAGE_TOPICS = 13,
        /// Post stories.
        POST_STORIES = 14,
        /// Edit stories.
        EDIT_STORIES = 15,
        /// Delete stories.
        DELETE_STORIES = 16,
        /// Manage direct messages of a channel.
        MANAGE_DIRECT_MESSAGES = 17,
        /// Change the ranks of members.
        MANAGE_RANKS = 18,
        /// Manage what the group is linked with.
        MANAGE_LINKED_PEERS = 19,
        /// Manage the messages that newcomers are welcomed with.
        MANAGE_WELCOME_MESSAGES = 20,
    }
}

rights! {
    /// What a member may *not* do (chatBannedRights).
    BannedRights {
        /// See anything at all: a member with this bit is banned.
        VIEW_MESSAGES = 0,
        /// Send messages.
        SEND_MESSAGES = 1,
        /// Send media.
        SEND_MEDIA = 2,
        /// Send stickers.
        SEND_STICKERS = 3,
        /// Send GIFs.
        SEND_GIFS = 4,
        /// Send games.
        SEND_GAMES = 5,
        /// Use inline bots.
        SEND_INLINE = 6,
        /// Send messages with link previews.
        EMBED_LINKS = 7,
        /// Send polls.
        SEND_POLLS = 8,
        /// Change title, photo, description and the like.
        CHANGE_INFO = 10,
        /// Invite people.
        INVITE_USERS = 15,
        /// Pin messages.
        PIN_MESSAGES = 17,
        /// Manage topics.
        MANAGE_TOPICS = 18,
        /// Send photos.
        SEND_PHOTOS = 19,
        /// Send videos.
        SEND_VIDEOS = 20,
        /// Send round videos.
        SEND_ROUNDVIDEOS = 21,
        /// Send music.
        SEND_AUDIOS = 22,
        /// Send voice messages.
        SEND_VOICES = 23,
        /// Send files.
        SEND_DOCS = 24,
        /// Send texts.
        SEND_PLAIN = 25,
        /// Change the own rank.
        EDIT_RANK = 26,
        /// React to messages.
        SEND_REACTIONS = 27,
        /// Manage what the group is linked with.
        MANAGE_LINKED_PEERS = 28,
    }
}

#[cfg(test)]
mod tests {
    use super::{AdminRights, BannedRights};

    #[test]
    fn sets_are_stored_as_the_schema_has_them() {
        let rights = AdminRights::POST_MESSAGES | AdminRights::PIN_MESSAGES;
        assert_eq!(rights.bits(), 0b1000_0010);
        assert_eq!(AdminRights::from_bits(rights.bits() | 1 << 40), rights, "unknown bits are dropped");
        assert!(AdminRights::ALL.has(rights) && !rights.has(AdminRights::ALL));
        assert!(!rights.without(AdminRights::POST_MESSAGES).has(AdminRights::POST_MESSAGES));
        assert!(BannedRights::NONE.bits() == 0);
    }
}
