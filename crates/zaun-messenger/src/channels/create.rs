//! Creating a supergroup or a broadcast channel (G-039 … G-044, G-281).

use rand::Rng;
use zaun_model::rights::BannedRights;
use zaun_model::{BoxId, ChannelId, Peer, UnixTime, UserId};
use zaun_schema::api::types;
use zaun_store::repo::boxes;
use zaun_store::repo::channels::{self, ChannelRow};

use super::members::{Joining, enter};
use crate::chats::{checked_about, checked_title};
use crate::invites::ensure_permanent;
use crate::limits::CHANNELS_PER_USER;
use crate::messages::content::Body;
use crate::messages::send::{Sent, places};
use crate::messages::ttl;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors, rights};

/// What a new channel is to be.
#[derive(Debug, Clone, Default)]
pub struct NewChannel {
    /// A broadcast channel; a supergroup otherwise.
    pub broadcast: bool,
    /// Its title.
    pub title: String,
    /// Its description.
    pub about: String,
    /// Whether its messages lie in topics; supergroups only.
    pub forum: bool,
    /// Seconds after which its messages delete themselves; 0 for never.
    pub ttl: i32,
}

impl Messenger {
    /// Creates a channel that the actor owns. Returns it with its first message, to which the server itself gives a
    /// random_id.
    pub async fn create_channel(
        &self,
        actor: Actor,
        new: NewChannel,
    ) -> Result<Outcome<(ChannelId, Sent)>, Error> {
        let title = checked_title(&new.title)?;
        let about = checked_about(&new.about)?;
        ttl::check(new.ttl)?;
        let random_id = rand::rng().next_u64().cast_signed() | 1;
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = insert(
                changes,
                actor,
                &NewChannel { title: title.clone(), about: about.clone(), ..new.clone() },
            )?;
            let action = types::MessageActionChannelCreate { title: title.clone() };
            let sent = post_service(
                changes,
                actor,
                id,
                Body::from(zaun_schema::api::enums::MessageAction::from(action)),
            )?;
            changes.hint_user(actor.user_id, types::UpdateChannel { channel_id: id.0 }.into());
            Ok((id, Sent { random_id, message: sent }))
        };
        self.change(actor, work).await
    }
}

fn insert(changes: &mut Changes<'_, '_>, actor: Actor, new: &NewChannel) -> Result<ChannelId, Error> {
    let forum = i64::from(new.forum && !new.broadcast);
    let mut row = ChannelRow {
        about: new.about.clone(),
        forum,
        ttl: new.ttl,
        ..new_row(actor.user_id, changes.now, new.broadcast, &new.title)
    };
    row.id = channels::insert(changes.tx, &row)?;
    boxes::create(changes.tx, BoxId::Channel(row.id))?;
    enter(changes, &mut row, actor.user_id, Joining::by(actor.user_id))?;
    channels::save(changes.tx, &row)?;
    ensure_permanent(changes, Peer::Channel(row.id), actor.user_id)?;
    if row.is_forum() {
        crate::threads::topics::switch(changes, actor, row.id, true)?;
    }
    Ok(row.id)
}

/// A channel as it is when it was just made: private, without a photo, and with nothing forbidden (G-147).
pub(crate) fn new_row(creator_id: UserId, now: UnixTime, broadcast: bool, title: &str) -> ChannelRow {
    ChannelRow {
        id: ChannelId(0),
        broadcast,
        title: title.to_owned(),
        about: String::new(),
        username: None,
        creator_id,
        created_at: now,
        deleted: false,
        banned: BannedRights::NONE,
        photo_id: None,
        photo_thumb: None,
        members: 0,
        admins: 0,
        migrated_from: None,
        signatures: false,
        profiles: false,
        slow_mode: 0,
        hidden_history: false,
        hidden_members: false,
        noforwards: false,
        join_request: false,
        reactions: None,
        reactions_limit: 0,
        forum: 0,
        linked_id: ChannelId(0),
        join_to_send: false,
        ttl: 0,
    }
}

/// Requires that a user may be in one more channel.
pub(crate) fn check_room(changes: &Changes<'_, '_>, user: zaun_model::UserId) -> Result<(), Error> {
    let limit = i64::try_from(CHANNELS_PER_USER).unwrap_or(i64::MAX);
    let full = channels::of_user(changes.tx, user, limit)?.len() >= CHANNELS_PER_USER;
    if full { Err(Error::bad(errors::CHANNELS_TOO_MUCH)) } else { Ok(()) }
}

/// Posts a service message in a channel: by who did something in a supergroup, by the channel itself in a broadcast
/// channel and where an administrator is anonymous.
pub(crate) fn post_service(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    channel: ChannelId,
    mut body: Body,
) -> Result<std::sync::Arc<crate::views::Message>, Error> {
    let posting = rights::announcing(changes.tx, actor.user_id, Peer::Channel(channel))?;
    if let Body::Service(service) = &mut body {
        service.post = posting.is_post;
    }
    let posted = changes.post(actor.user_id, posting.author, &body, &places(&posting, |_| None), &[])?;
    posted.into_iter().next().ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))
}
