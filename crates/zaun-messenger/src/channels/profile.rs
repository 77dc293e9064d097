//! Channels by name, and what the page of one shows.

use zaun_model::{BoxId, ChannelId, ChatId, MsgId, Peer, UserId};
use zaun_schema::api::enums::ChatReactions;
use zaun_schema::api::types::{self, PeerNotifySettings};
use zaun_store::repo::boxes::BoxRow;
use zaun_store::repo::channels;
use zaun_store::repo::dialogs::{self, DialogRow};
use zaun_store::repo::{boxes, media, messages};

use crate::changes::Seat;
use crate::files::media::decode_photo;
use crate::invites::{pending_for, permanent_of};
use crate::limits::{CHANNELS_PER_USER, COUNTED_BANS, PEERS_PER_CALL};
use crate::messages::{reactions, scheduled};
use crate::peers::PeerRef;
use crate::rights::{self, Membership};
use crate::settings::{Scope, notify};
use crate::views::Scene;
use crate::{Actor, Error, Messenger, errors, stickers};

/// What the page of a channel shows.
#[derive(Debug, Clone)]
pub struct ChannelProfile {
    /// The channel with what the viewer is to it.
    pub membership: Membership,
    /// The counters of its box.
    pub counters: BoxRow,
    /// The viewer's place in it.
    pub dialog: DialogRow,
    /// Unread messages of the viewer.
    pub unread: i32,
    /// The current photo, canonical.
    pub photo: Option<types::Photo>,
    /// The viewer's notification settings.
    pub notify: PeerNotifySettings,
    /// The newest pinned message.
    pub pinned: Option<i32>,
    /// Whether anything waits to be sent there.
    pub has_scheduled: bool,
    /// How many were removed, up to what clients show.
    pub removed: i32,
    /// How many are restricted, as above.
    pub restricted: i32,
    /// The basic group that it was, with the viewer's last message there (G-035).
    pub migrated_from: Option<(ChatId, MsgId)>,
    /// Which reactions it allows.
    pub reactions: Option<ChatReactions>,
    /// The viewer's permanent link, if it may invite (G-074).
    pub invite: Option<types::ChatInviteExported>,
    /// How many ask to join, and who did so last, for who decides.
    pub pending: Option<(i32, Vec<UserId>)>,
    /// The set of stickers of a supergroup.
    pub stickers: Option<types::StickerSet>,
    /// As whom the viewer writes there, where that is a choice (G-078).
    pub send_as: Option<Peer>,
    /// The channel as the viewer sees it.
    pub scene: Scene,
}

impl Messenger {
    /// Returns the channels that were named and that exist.
    pub async fn channels(&self, viewer: UserId, named: Vec<PeerRef>) -> Result<Scene, Error> {
        if named.len() > PEERS_PER_CALL {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        self.read(viewer, move |tx| {
            let found: Result<Vec<Peer>, Error> =
                named.iter().map(|peer| Ok(Peer::Channel(peer.channel(tx, viewer)?))).collect();
            Scene::of_peers(tx, viewer, found?)
        })
        .await
    }

    /// Returns what the page of a channel shows, in one snapshot.
    pub async fn channel_profile(&self, actor: Actor, channel: PeerRef) -> Result<ChannelProfile, Error> {
        let signer = self.access.clone();
        self.read(actor.user_id, move |tx| {
            let viewer = actor.user_id;
            let id = channel.channel(tx, viewer)?;
            let membership = Membership::load(tx, viewer, id)?;
            membership.require_visible()?;
            let (peer, box_id) = (Peer::Channel(id), BoxId::Channel(id));
            let dialog = dialogs::find(tx, viewer, peer)?;
            let unread = dialogs::unread_in_channels(tx, viewer, &[peer])?;
            let photo = match membership.channel.photo_id {
                Some(photo) => media::find(tx, photo)?.map(decode_photo).transpose()?,
                None => None,
            };
            let pinned = messages::pinned(tx, box_id, peer, 1)?;
            let mut peers = vec![peer];
            let linked = membership.channel.linked_id;
            peers.extend((linked.0 != 0).then_some(Peer::Channel(linked)));
            let migrated_from = match membership.channel.migrated_from {
                Some(chat) => {
                    peers.push(Peer::Chat(chat));
                    dialogs::find(tx, viewer, Peer::Chat(chat))?.map(|row| (chat, row.top_id))
                }
                None => None,
            };
            let admin = membership.admin_rights();
            let send_as = rights::chosen_sender(tx, viewer, &membership)?;
            peers.extend(send_as);
            let pending = pending_for(tx, admin, peer)?;
            peers.extend(pending.iter().flat_map(|(_, recent)| recent).map(|user| Peer::User(*user)));
            Ok(ChannelProfile {
                reactions: Some(reactions::available(membership.channel.reactions.as_ref())?),
                invite: permanent_of(tx, viewer, peer, admin)?,
                pending,
                send_as,
                removed: channels::count_banned(tx, id, true, COUNTED_BANS)?,
                restricted: channels::count_banned(tx, id, false, COUNTED_BANS)?,
                migrated_from,
                has_scheduled: scheduled::any(tx, viewer, peer)?,
                counters: boxes::find(tx, box_id)?,
                dialog: dialog.unwrap_or_else(|| DialogRow::empty(viewer, peer)),
                unread: unread.first().map_or(0, |(_, unread)| *unread),
                photo,
                notify: notify(tx, viewer, Scope::Peer(peer))?,
                pinned: pinned.first().map(|row| row.id.0),
                stickers: stickers::channel::of_channel(tx, &signer, viewer, id)?,
                scene: Scene::of_peers(tx, viewer, peers)?,
                membership,
            })
        })
        .await
    }

    /// Returns the channels whose events a user's sessions get, with what the user is to them.
    pub async fn seats_of(&self, user: UserId) -> Result<Vec<(ChannelId, Seat)>, Error> {
        let limit = i64::try_from(CHANNELS_PER_USER).unwrap_or(i64::MAX);
        self.read(user, move |tx| {
            let rows = channels::memberships(tx, user, limit)?;
            Ok(rows.iter().map(|row| (row.channel_id, super::seat(row))).collect())
        })
        .await
    }
}
