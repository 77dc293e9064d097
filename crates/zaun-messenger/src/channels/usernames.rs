//! Public names of channels.

use zaun_model::Peer;
use zaun_model::rights::AdminRights;
use zaun_schema::api::types;
use zaun_store::repo::{channels, users};

use crate::accounts::fold_username;
use crate::changes::Audience;
use crate::peers::PeerRef;
use crate::rights::Membership;
use crate::{Actor, Changes, Error, Messenger, errors};

impl Messenger {
    /// Gives a channel another public name; an empty one makes it private.
    pub async fn update_channel_username(
        &self,
        actor: Actor,
        channel: PeerRef,
        username: String,
    ) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let membership = Membership::load(changes.tx, actor.user_id, id)?;
            membership.require_admin(AdminRights::CHANGE_INFO)?;
            let mut row = membership.channel;
            let wanted = Some(username.clone()).filter(|name| !name.is_empty());
            if row.username == wanted {
                return Err(Error::bad(errors::USERNAME_NOT_MODIFIED));
            }
            let folded = wanted.as_deref().map(fold_username).transpose()?;
            if let Some(folded) = &folded
                && users::by_username(changes.tx, folded)?.is_some_and(|holder| holder != Peer::Channel(id))
            {
                return Err(Error::bad(errors::USERNAME_OCCUPIED));
            }
            users::claim_username(changes.tx, Peer::Channel(id), folded.as_deref())?;
            row.username = wanted;
            channels::save(changes.tx, &row)?;
            changes.hint(Audience::Channel(id), types::UpdateChannel { channel_id: id.0 }.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Says whether a public name is free for a channel.
    pub async fn check_channel_username(
        &self,
        actor: Actor,
        channel: Option<PeerRef>,
        username: &str,
    ) -> Result<bool, Error> {
        let folded = fold_username(username)?;
        self.read(actor.user_id, move |tx| {
            let own = channel.map(|channel| channel.channel(tx, actor.user_id)).transpose()?;
            let holder = users::by_username(tx, &folded)?;
            Ok(holder.is_none_or(|holder| own.is_some_and(|id| holder == Peer::Channel(id))))
        })
        .await
    }
}
