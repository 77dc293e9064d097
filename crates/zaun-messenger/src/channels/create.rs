//! Creating a supergroup or a broadcast channel (G-039 … G-044, G-281).

use rand::Rng;
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, ChannelId, MsgId, Peer, UnixTime};
use zaun_schema::api::types;
use zaun_store::repo::channels::{self, ChannelRow, MEMBER, MemberRow};
use zaun_store::repo::{boxes, dialogs};

use crate::changes::{Place, Seat};
use crate::limits::{CHANNEL_ABOUT_LENGTH, CHANNELS_PER_USER, TITLE_LENGTH};
use crate::messages::content::Body;
use crate::messages::send::Sent;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

/// What a new channel is to be.
#[derive(Debug, Clone, Default)]
pub struct NewChannel {
    /// A broadcast channel; a supergroup otherwise.
    pub broadcast: bool,
    /// Its title.
    pub title: String,
    /// Its description.
    pub about: String,
}

impl Messenger {
    /// Creates a channel that the actor owns. Returns it with its first message, to which the server itself gives a
    /// random_id.
    pub async fn create_channel(
        &self,
        actor: Actor,
        new: NewChannel,
    ) -> Result<Outcome<(ChannelId, Sent)>, Error> {
        let title = new.title.trim().to_owned();
        if title.is_empty() || title.chars().count() > TITLE_LENGTH {
            return Err(Error::bad(errors::CHAT_TITLE_EMPTY));
        }
        let about = new.about.trim().to_owned();
        if about.chars().count() > CHANNEL_ABOUT_LENGTH {
            return Err(Error::bad(errors::CHAT_ABOUT_TOO_LONG));
        }
        let random_id = rand::rng().next_u64().cast_signed() | 1;
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = insert(changes, actor, new.broadcast, &title, &about)?;
            let action = types::MessageActionChannelCreate { title: title.clone() };
            let sent = post_service(
                changes,
                actor,
                id,
                new.broadcast,
                Body::from(zaun_schema::api::enums::MessageAction::from(action)),
            )?;
            changes.hint_user(actor.user_id, types::UpdateChannel { channel_id: id.0 }.into());
            Ok((id, Sent { random_id, message: sent }))
        };
        self.change(actor, work).await
    }
}

fn insert(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    broadcast: bool,
    title: &str,
    about: &str,
) -> Result<ChannelId, Error> {
    check_room(changes, actor.user_id)?;
    let row = ChannelRow {
        id: ChannelId(0),
        broadcast,
        title: title.to_owned(),
        about: about.to_owned(),
        username: None,
        creator_id: actor.user_id,
        created_at: changes.now,
        deleted: false,
        banned: BannedRights::NONE,
        photo_id: None,
        photo_thumb: None,
        members: 1,
        admins: 1,
    };
    let id = channels::insert(changes.tx, &row)?;
    boxes::create(changes.tx, BoxId::Channel(id))?;
    let member = MemberRow {
        channel_id: id,
        user_id: actor.user_id,
        status: MEMBER,
        joined_at: changes.now,
        inviter_id: actor.user_id,
        creator: true,
        admin: AdminRights::ALL.without(AdminRights::ANONYMOUS),
        banned: BannedRights::NONE,
        banned_until: UnixTime(0),
        rank: String::new(),
    };
    channels::put_member(changes.tx, &member)?;
    dialogs::ensure(changes.tx, actor.user_id, Peer::Channel(id))?;
    changes.membership(actor.user_id, id, Some(Seat::Special));
    Ok(id)
}

/// Requires that a user may be in one more channel.
pub(super) fn check_room(changes: &Changes<'_, '_>, user: zaun_model::UserId) -> Result<(), Error> {
    let limit = i64::try_from(CHANNELS_PER_USER).unwrap_or(i64::MAX);
    let full = channels::of_user(changes.tx, user, limit)?.len() >= CHANNELS_PER_USER;
    if full { Err(Error::bad(errors::CHANNELS_TOO_MUCH)) } else { Ok(()) }
}

/// Posts a service message in a channel: by the user in a supergroup, by the channel itself in a broadcast channel.
pub(super) fn post_service(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    channel: ChannelId,
    broadcast: bool,
    mut body: Body,
) -> Result<std::sync::Arc<crate::views::Message>, Error> {
    let peer = Peer::Channel(channel);
    if let Body::Service(service) = &mut body {
        service.post = broadcast;
    }
    let author = if broadcast { peer } else { Peer::User(actor.user_id) };
    let place = Place { box_id: BoxId::Channel(channel), peer, reply_to: None::<MsgId>, unread: false };
    let posted = changes.post(actor.user_id, author, &body, &[place])?;
    posted.into_iter().next().ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))
}
