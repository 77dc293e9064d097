//! The set of a supergroup.

use zaun_model::rights::AdminRights;
use zaun_model::{ChannelId, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::stickers;

use super::{set_ref, set_to_tl};
use crate::access::Signer;
use crate::peers::PeerRef;
use crate::rights::Membership;
use crate::{Actor, Changes, Error, Messenger, channels, errors};

/// The set of a supergroup as a viewer sees it.
pub(crate) fn of_channel(
    tx: &Tx<'_>,
    signer: &Signer,
    viewer: UserId,
    channel: ChannelId,
) -> Result<Option<types::StickerSet>, Error> {
    let Some(id) = stickers::of_channel(tx, channel)? else { return Ok(None) };
    let Some(row) = stickers::find(tx, id)? else { return Ok(None) };
    let install = stickers::install(tx, viewer, id)?;
    set_to_tl(signer, viewer, &row, install.as_ref()).map(Some)
}

impl Messenger {
    /// Gives a supergroup a set of stickers, or takes it away.
    pub async fn set_channel_stickers(
        &self,
        actor: Actor,
        channel: PeerRef,
        set: &enums::InputStickerSet,
    ) -> Result<(), Error> {
        let none = matches!(set, enums::InputStickerSet::InputStickerSetEmpty);
        let (set, signer) = (set_ref(&self.access, set), self.access.clone());
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let membership = Membership::load(changes.tx, actor.user_id, id)?;
            membership.require_member()?;
            if !membership.admin_rights().has(AdminRights::CHANGE_INFO) {
                return Err(Error::bad(errors::CHAT_ADMIN_REQUIRED));
            }
            if membership.channel.broadcast {
                return Err(Error::bad(errors::CHANNEL_INVALID));
            }
            let row = if none { None } else { Some(set.existing(changes.tx)?) };
            if row.as_ref().is_some_and(|row| row.kind != stickers::REGULAR) {
                return Err(Error::bad(errors::STICKERSET_INVALID));
            }
            let before = stickers::of_channel(changes.tx, id)?;
            let after = row.map(|row| row.id);
            if before == after {
                return Ok(());
            }
            stickers::set_of_channel(changes.tx, id, after)?;
            let named = |set: Option<i64>| match set {
                Some(id) => super::named(&signer, id),
                None => enums::InputStickerSet::InputStickerSetEmpty,
            };
            let (prev_stickerset, new_stickerset) = (named(before), named(after));
            let done = types::ChannelAdminLogEventActionChangeStickerSet { prev_stickerset, new_stickerset };
            channels::log::record(changes, id, actor.user_id, channels::log::kind::INFO, done)?;
            channels::settings::tell_changed(changes, id);
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }
}
