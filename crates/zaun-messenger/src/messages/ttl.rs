//! Messages that delete themselves (G-336 … G-339).

use zaun_model::rights::AdminRights;
use zaun_model::{Peer, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::{channels, chats, scheduled, settings};

use super::content::Body;
use super::{delete, send};
use crate::changes::Audience;
use crate::limits::{SWEEP_BATCH, TTL_MAX_S};
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::{self, Group, Membership};
use crate::{Actor, Changes, Error, Messenger, NOBODY, Outcome, errors};

const DAY_S: i32 = 86_400;
/// Name of the setting that new conversations begin with.
const DEFAULT: &str = "history_ttl";

pub(crate) fn check(period: i32) -> Result<(), Error> {
    let whole_days = period >= 0 && period % DAY_S == 0 && period <= TTL_MAX_S;
    if whole_days { Ok(()) } else { Err(Error::bad(errors::TTL_PERIOD_INVALID)) }
}

/// Seconds after which new messages of a conversation delete themselves; 0 for never.
pub(crate) fn of_private(tx: &Tx<'_>, one: UserId, other: UserId) -> Result<i32, Error> {
    if one == other { Ok(0) } else { Ok(scheduled::private_ttl(tx, one, other)?) }
}

fn set(changes: &Changes<'_, '_>, viewer: UserId, peer: Peer, period: i32) -> Result<i32, Error> {
    match peer {
        Peer::User(other) => {
            let before = of_private(changes.tx, viewer, other)?;
            scheduled::set_private_ttl(changes.tx, viewer, other, period)?;
            Ok(before)
        }
        Peer::Chat(id) => {
            let mut group = Group::load(changes.tx, viewer, id)?;
            group.require_admin()?;
            let before = std::mem::replace(&mut group.chat.ttl, period);
            chats::save(changes.tx, &group.chat)?;
            Ok(before)
        }
        Peer::Channel(id) => {
            let mut membership = Membership::load(changes.tx, viewer, id)?;
            membership.require_admin(AdminRights::DELETE_MESSAGES)?;
            let before = std::mem::replace(&mut membership.channel.ttl, period);
            channels::save(changes.tx, &membership.channel)?;
            Ok(before)
        }
    }
}

/// Says in a conversation, and to everybody's devices, that its messages delete themselves from now on, or do not.
fn announce(
    changes: &mut Changes<'_, '_>,
    viewer: UserId,
    peer: Peer,
    period: i32,
    by_default: bool,
) -> Result<(), Error> {
    let posting = rights::announcing(changes.tx, viewer, peer)?;
    let auto_setting_from = by_default.then_some(viewer.0);
    let action = types::MessageActionSetMessagesTTL { period, auto_setting_from };
    let body = Body::Service(Box::new(types::MessageService {
        action: enums::MessageAction::from(action),
        post: posting.is_post,
        ..types::MessageService::default()
    }));
    let places = send::places(&posting, |_| None);
    changes.post(viewer, posting.author, &body, &places, &[])?;
    let update = |peer: Peer| {
        let (peer, ttl_period) = (peer_to_tl(peer), (period > 0).then_some(period));
        types::UpdatePeerHistoryTTL { peer, ttl_period }.into()
    };
    match peer {
        Peer::Channel(id) => changes.hint(Audience::Channel(id), update(peer)),
        Peer::User(other) => {
            changes.hint_user(viewer, update(peer));
            if other != viewer {
                changes.hint_user(other, update(Peer::User(viewer)));
            }
        }
        Peer::Chat(_) => {
            let members = posting.others.iter().copied().chain([viewer]);
            members.for_each(|user| changes.hint_user(user, update(peer)));
        }
    }
    Ok(())
}

/// How long a message that a user writes in a private chat lives; a chat that begins with it takes over what the user set
/// for new ones (G-337).
pub(crate) fn before_sending(
    changes: &mut Changes<'_, '_>,
    sender: UserId,
    other: UserId,
) -> Result<i32, Error> {
    if sender == other {
        return Ok(0);
    }
    let found = scheduled::ttl_before_sending(changes.tx, (sender, other), DEFAULT)?;
    let default = found.setting.map_or(0, |body| read_default(&body));
    if found.known || found.ttl.is_some() || default == 0 {
        return Ok(found.ttl.unwrap_or(0));
    }
    set(changes, sender, Peer::User(other), default)?;
    announce(changes, sender, Peer::User(other), default, true)?;
    Ok(default)
}

fn read_default(body: &[u8]) -> i32 {
    body.first_chunk().map_or(0, |bytes| i32::from_le_bytes(*bytes))
}

fn default_of(tx: &Tx<'_>, user: UserId) -> Result<i32, Error> {
    Ok(settings::find(tx, user, DEFAULT)?.map_or(0, |body| read_default(&body)))
}

impl Messenger {
    /// Sets after how many seconds new messages of a conversation delete themselves; 0 for never.
    pub async fn set_history_ttl(
        &self,
        actor: Actor,
        peer: PeerRef,
        period: i32,
    ) -> Result<Outcome<()>, Error> {
        check(period)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let peer = rights::reading(changes.tx, actor.user_id, peer)?.peer;
            if let Peer::User(other) = peer {
                // Whoever may not write may not do this either.
                rights::posting(changes.tx, actor.user_id, PeerRef::Known(Peer::User(other)))?;
            }
            if set(changes, actor.user_id, peer, period)? == period {
                return Err(Error::bad(errors::CHAT_NOT_MODIFIED));
            }
            announce(changes, actor.user_id, peer, period, false)
        };
        self.change(actor, work).await
    }

    /// Returns after how many seconds messages of the actor's new conversations delete themselves.
    pub async fn default_history_ttl(&self, actor: Actor) -> Result<i32, Error> {
        self.read(actor.user_id, move |tx| default_of(tx, actor.user_id)).await
    }

    /// Sets after how many seconds messages of the actor's new conversations delete themselves.
    pub async fn set_default_history_ttl(&self, actor: Actor, period: i32) -> Result<(), Error> {
        check(period)?;
        let work = move |tx: &Tx<'_>| {
            settings::put(tx, actor.user_id, DEFAULT, &period.to_le_bytes()).map_err(Into::into)
        };
        self.write(actor.user_id, work).await
    }

    /// Deletes the messages whose time is over (G-339).
    pub async fn delete_expired(&self) -> Result<(), Error> {
        loop {
            let now = self.now();
            if self.read(NOBODY, move |tx| Ok(scheduled::expired(tx, now, 1)?)).await?.is_empty() {
                return Ok(());
            }
            let nobody = Actor { user_id: NOBODY, key_id: 0, session_id: 0 };
            let work = move |changes: &mut Changes<'_, '_>| {
                let due = scheduled::expired(changes.tx, now, SWEEP_BATCH)?;
                due.iter().try_for_each(|id| scheduled::forget_expiry(changes.tx, *id))?;
                let found = contents::find_many(changes.tx, &due)?;
                let copies: Vec<_> = found.iter().flat_map(ContentRow::copies).collect();
                let mut rows = messages::find_copies(changes.tx, &copies)?;
                rows.sort_unstable_by_key(|row| (row.box_id, row.id));
                for side in rows.chunk_by(|one, other| one.box_id == other.box_id).map(<[MessageRow]>::to_vec)
                {
                    if let Some(box_id) = side.first().map(|row| row.box_id) {
                        delete::remove(changes, box_id, side, false)?;
                    }
                }
                Ok(())
            };
            self.change(nobody, work).await?;
        }
    }
}
