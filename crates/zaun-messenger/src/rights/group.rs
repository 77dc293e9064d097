//! Basic groups: the creator, administrators with a fixed set of rights, and everybody else (G-014 … G-016).

use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{ChatId, UserId};
use zaun_store::Tx;
use zaun_store::repo::chats::{self, ChatMemberRow, ChatRow, MEMBER};

use super::Forbidden;
use crate::{Error, errors};

/// A basic group with what a user is to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The group.
    pub chat: ChatRow,
    /// The user's own row.
    pub member: ChatMemberRow,
}

/// What every administrator of a basic group may do.
const ADMIN: AdminRights = AdminRights::from_bits(
    AdminRights::CHANGE_INFO.bits()
        | AdminRights::DELETE_MESSAGES.bits()
        | AdminRights::BAN_USERS.bits()
        | AdminRights::INVITE_USERS.bits()
        | AdminRights::PIN_MESSAGES.bits()
        | AdminRights::MANAGE_CALL.bits()
        | AdminRights::OTHER.bits(),
);

impl Group {
    /// Loads a group that the user is or was in.
    pub fn load(tx: &Tx<'_>, viewer: UserId, id: ChatId) -> Result<Group, Error> {
        let (chat, member) = (chats::find(tx, id)?, chats::member(tx, id, viewer)?);
        let both = chat.zip(member).map(|(chat, member)| Group { chat, member });
        both.ok_or_else(|| Error::bad(errors::CHAT_ID_INVALID))
    }

    /// Says whether the user is in the group.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.member.status == MEMBER
    }

    /// Says whether the user owns the group.
    #[must_use]
    pub fn is_creator(&self) -> bool {
        self.is_member() && self.chat.creator_id == self.member.user_id
    }

    /// Returns what the user may do beyond others.
    #[must_use]
    pub fn admin_rights(&self) -> AdminRights {
        Group::rights_of(&self.chat, &self.member)
    }

    /// Returns what a member may do beyond others.
    #[must_use]
    pub fn rights_of(chat: &ChatRow, member: &ChatMemberRow) -> AdminRights {
        if member.status != MEMBER {
            AdminRights::NONE
        } else if chat.creator_id == member.user_id {
            ADMIN | AdminRights::ADD_ADMINS
        } else if member.admin {
            ADMIN
        } else {
            AdminRights::NONE
        }
    }

    /// Returns what the user may not say here; administrators may say everything.
    #[must_use]
    pub fn forbidden(&self) -> Forbidden {
        let all = self.chat.banned;
        if self.admin_rights() == AdminRights::NONE {
            Forbidden { own: BannedRights::NONE, all }
        } else {
            Forbidden::default()
        }
    }

    /// Requires that the user is in the group, and that things still happen in it.
    pub fn require_member(&self) -> Result<(), Error> {
        match (self.chat.deactivated, self.is_member()) {
            (true, _) => Err(Error::bad(errors::CHAT_ID_INVALID)),
            (false, true) => Ok(()),
            (false, false) => Err(Error::refused(403, errors::CHAT_WRITE_FORBIDDEN)),
        }
    }

    /// Requires that nothing keeps the user from saying something.
    pub fn require_allowed(&self, action: BannedRights) -> Result<(), Error> {
        self.require_member()?;
        if self.admin_rights() == AdminRights::NONE && self.chat.banned.has(action) {
            return Err(Error::refused(403, errors::CHAT_WRITE_FORBIDDEN));
        }
        Ok(())
    }

    /// Requires that the user may change something that members may unless it is taken from them.
    pub fn require_change(&self, action: BannedRights) -> Result<(), Error> {
        self.require_member()?;
        if self.admin_rights() == AdminRights::NONE && self.chat.banned.has(action) {
            return Err(Error::bad(errors::CHAT_ADMIN_REQUIRED));
        }
        Ok(())
    }

    /// Requires an administrator.
    pub fn require_admin(&self) -> Result<(), Error> {
        self.require_member()?;
        if self.admin_rights() == AdminRights::NONE {
            return Err(Error::bad(errors::CHAT_ADMIN_REQUIRED));
        }
        Ok(())
    }

    /// Requires the creator.
    pub fn require_creator(&self) -> Result<(), Error> {
        self.require_member()?;
        if self.is_creator() { Ok(()) } else { Err(Error::bad(errors::CHAT_ADMIN_REQUIRED)) }
    }

    /// Requires what changing other people's messages takes: an administrator, or for `member` any member from whom
    /// it was not taken.
    pub(super) fn require_over_others(&self, member: Option<BannedRights>) -> Result<(), Error> {
        match member {
            Some(action) => self.require_change(action),
            None => self.require_admin(),
        }
    }
}
