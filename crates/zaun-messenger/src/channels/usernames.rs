//! Public names of channels.

use zaun_model::{MsgId, Peer};
use zaun_schema::api::types;
use zaun_store::repo::{channels, messages, users};

use super::log::{kind, record};
use crate::accounts::fold_username;
use crate::changes::Audience;
use crate::invites::ME_URL_PREFIX;
use crate::peers::PeerRef;
use crate::rights::{self, Membership};
use crate::{Actor, Changes, Error, Messenger, errors, views};

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
            // G-212
            let owner = membership.require_creator();
            owner.map_err(|_| Error::refused(403, errors::CHAT_ADMIN_REQUIRED))?;
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
            let before = std::mem::replace(&mut row.username, wanted);
            // G-217: what is public hides no history.
            row.hidden_history &= row.username.is_none();
            // G-193: what is private has its links for that.
            row.join_request &= row.username.is_some();
            let done = types::ChannelAdminLogEventActionChangeUsername {
                prev_value: before.unwrap_or_default(),
                new_value: row.username.clone().unwrap_or_default(),
            };
            record(changes, id, actor.user_id, kind::INFO, done)?;
            channels::save(changes.tx, &row)?;
            changes.hint(Audience::Channel(id), types::UpdateChannel { channel_id: id.0 }.into());
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Returns the address of a message of a supergroup or channel (G-191): by its public name, or for members only. `single` is
    /// for one message of an album, `thread` for one as part of its thread.
    pub async fn message_link(
        &self,
        actor: Actor,
        channel: PeerRef,
        id: MsgId,
        (single, thread): (bool, bool),
    ) -> Result<String, Error> {
        self.read(actor.user_id, move |tx| {
            let reading = rights::reading(tx, actor.user_id, channel)?;
            let channel = reading.peer.channel().ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))?;
            let row =
                messages::find(tx, reading.box_id, reading.peer, id)?.filter(|row| reading.shows(row.id));
            let row = row.ok_or_else(|| Error::bad(errors::MESSAGE_ID_INVALID))?;
            let username = channels::find(tx, channel)?.and_then(|row| row.username);
            let place = username.unwrap_or_else(|| format!("c/{}", channel.0));
            let message = views::one_message(tx, row.clone())?;
            let in_album = message.body.written().is_ok_and(|content| content.message.grouped_id.is_some());
            let top = Some(row.thread_id).filter(|top| thread && top.0 != 0);
            let options: Vec<String> = top.map(|top| format!("thread={}", top.0)).into_iter().collect();
            let single = (single && in_album).then(|| "single".to_owned());
            let options: Vec<String> = options.into_iter().chain(single).collect();
            let mark = if options.is_empty() { "" } else { "?" };
            Ok(format!("{ME_URL_PREFIX}{place}/{}{mark}{}", id.0, options.join("&")))
        })
        .await
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
