//! One module per aggregate: the statements that the rules of the messenger are made of, and nothing that decides.

pub mod authorizations;
pub mod contacts;
pub mod dialogs;
pub mod keys;
pub mod login_attempts;
pub mod media;
pub mod messages;
pub mod settings;
pub mod updates;
pub mod users;

/// Who or what a conversation is with, as columns hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerKey {
    /// 1 user, 2 basic group, 3 channel.
    pub kind: i64,
    /// Its id within that kind.
    pub id: i64,
}

impl PeerKey {
    /// A private chat.
    pub fn user(id: i64) -> PeerKey {
        PeerKey { kind: 1, id }
    }
}
