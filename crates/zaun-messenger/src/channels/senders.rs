//! As whom members write, and which channels nobody may write as (G-140, G-166 … G-170).

use zaun_model::rights::BannedRights;
use zaun_model::{ChannelId, Peer, UnixTime};
use zaun_schema::api::types;
use zaun_store::repo::channels::{self, SenderBanRow};

use super::log::{kind, record};
use super::settings::tell_changed;
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::{self, Membership, wire};
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, errors};

impl Messenger {
    /// Returns as whom the actor may write in a supergroup or channel, with all of them as the actor sees them.
    pub async fn senders(&self, actor: Actor, channel: PeerRef) -> Result<(Vec<Peer>, Scene), Error> {
        self.read(actor.user_id, move |tx| {
            let id = channel.channel(tx, actor.user_id)?;
            let membership = Membership::load(tx, actor.user_id, id)?;
            membership.require_visible()?;
            let senders = rights::possible_senders(tx, actor.user_id, &membership)?;
            let scene = Scene::of_peers(tx, actor.user_id, senders.iter().copied())?;
            Ok((senders, scene))
        })
        .await
    }

    /// Chooses as whom the actor writes in a supergroup, or a channel with profiles, from now on.
    pub async fn set_default_sender(
        &self,
        actor: Actor,
        channel: PeerRef,
        sender: PeerRef,
    ) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = channel.channel(changes.tx, actor.user_id)?;
            let membership = Membership::load(changes.tx, actor.user_id, id)?;
            membership.require_member()?;
            let invalid = |_| Error::bad(errors::SEND_AS_PEER_INVALID);
            let sender = sender.resolve(changes.tx, actor.user_id).map_err(invalid)?;
            rights::require_sender(changes.tx, actor.user_id, &membership, sender)?;
            let Some(mut member) = membership.member else { return Ok(()) };
            let chosen = Some(sender).filter(|sender| *sender != Peer::User(actor.user_id));
            if member.send_as != chosen {
                member.send_as = chosen;
                channels::put_member(changes.tx, &member)?;
                changes.hint_user(actor.user_id, types::UpdateChannel { channel_id: id.0 }.into());
            }
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }
}

/// Keeps a channel from being written as in a group, or allows it again; the actor was checked.
pub(super) fn ban_sender(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    group: ChannelId,
    sender: ChannelId,
    banned: bool,
) -> Result<(), Error> {
    let before = channels::sender_ban(changes.tx, group, sender)?;
    if before.is_some() == banned {
        return Ok(());
    }
    let row = SenderBanRow { channel_id: group, sender_id: sender, by_id: actor.user_id, at: changes.now };
    match banned {
        true => channels::ban_sender(changes.tx, &row)?,
        false => channels::unban_sender(changes.tx, group, sender)?,
    }
    let peer = peer_to_tl(Peer::Channel(sender));
    let gone = types::ChannelParticipantLeft { peer: peer.clone() }.into();
    let kept = types::ChannelParticipantBanned {
        left: true,
        peer,
        rank: None,
        kicked_by: before.as_ref().map_or(actor.user_id, |row| row.by_id).0,
        date: before.as_ref().map_or(changes.now, |row| row.at).to_tl(),
        banned_rights: wire::banned_rights(BannedRights::ALL, UnixTime(0)),
    }
    .into();
    let (prev_participant, new_participant) = if banned { (gone, kept) } else { (kept, gone) };
    let what = if banned { kind::KICK } else { kind::UNKICK };
    let done = types::ChannelAdminLogEventActionParticipantToggleBan { prev_participant, new_participant };
    record(changes, group, actor.user_id, what, done)?;
    tell_changed(changes, group);
    Ok(())
}
