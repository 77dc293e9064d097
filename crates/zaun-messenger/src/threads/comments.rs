//! Discussion groups: every post of a channel is copied into its group, where answers to the copy are its comments
//! (G-245 … G-257).

use zaun_model::rights::AdminRights;
use zaun_model::{BoxId, ChannelId, MsgId, Peer, UserId};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::channels::{self, ChannelRow};
use zaun_store::repo::chats;
use zaun_store::repo::contents;
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::threads::{self, Copied};

use crate::changes::{Place, Thread};
use crate::channels::log::{kind, record};
use crate::limits::CHANNELS_PER_USER;
use crate::messages::content::{Body, Content};
use crate::messages::{delete, pins};
use crate::peers::{PeerRef, peer_to_tl};
use crate::rights::Membership;
use crate::views::{Message, Scene};
use crate::{Actor, Changes, Error, Messenger, Outcome, errors};

/// What a post with comments says of them before anybody wrote one.
pub(crate) fn empty_sum(
    changes: &mut Changes<'_, '_>,
    group: ChannelId,
) -> Result<types::MessageReplies, Error> {
    let replies_pts = changes.pts(BoxId::Channel(group))?.0;
    Ok(types::MessageReplies {
        comments: true,
        channel_id: Some(group.0),
        replies_pts,
        ..types::MessageReplies::default()
    })
}

/// Copies a post into the discussion group of its channel, and pins the copy there without saying so (G-248).
pub(crate) fn copy_post(
    changes: &mut Changes<'_, '_>,
    group: ChannelId,
    post: &Message,
) -> Result<(), Error> {
    let (Peer::Channel(channel), Body::Written(content)) = (post.row.peer, &post.body) else { return Ok(()) };
    let mut copy = copied_content(content, post, channel);
    copy.message.replies = Some(types::MessageReplies {
        replies_pts: changes.pts(BoxId::Channel(group))?.0,
        ..types::MessageReplies::default()
    });
    let place = Place {
        box_id: BoxId::Channel(group),
        peer: Peer::Channel(group),
        reply_to: None,
        unread: false,
        thread: Thread::None,
    };
    let writer = post.writer.user().unwrap_or(UserId(0));
    let posted = changes.post(writer, Peer::Channel(channel), &copy.into(), &[place], &[])?;
    let Some(root) = posted.into_iter().next() else { return Ok(()) };
    threads::insert_copied(changes.tx, Copied { post: (channel, post.id()), root: (group, root.id()) })?;
    pins::set_pinned(changes, vec![root.row.clone()], true, true)
}

/// What a post says, as its copy says it.
fn copied_content(content: &Content, post: &Message, channel: ChannelId) -> Content {
    let origin = content.message.fwd_from.clone().unwrap_or_else(|| types::MessageFwdHeader {
        from_id: Some(peer_to_tl(Peer::Channel(channel))),
        channel_post: Some(post.id().0),
        post_author: content.message.post_author.clone(),
        date: post.row.date.to_tl(),
        ..types::MessageFwdHeader::default()
    });
    let header = types::MessageFwdHeader {
        saved_from_peer: Some(peer_to_tl(Peer::Channel(channel))),
        saved_from_msg_id: Some(post.id().0),
        ..origin
    };
    Content {
        text: content.text.clone(),
        message: types::Message {
            fwd_from: Some(header),
            media: crate::messages::polls::forwarded(content.message.media.clone()),
            entities: content.message.entities.clone(),
            invert_media: content.message.invert_media,
            grouped_id: content.message.grouped_id,
            reply_markup: crate::bots::markup::forwarded(content.message.reply_markup.clone()),
            ..types::Message::default()
        },
    }
}

/// The post that a message of a group is the copy of.
pub(crate) fn post_of(
    tx: &Tx<'_>,
    group: ChannelId,
    root: MsgId,
) -> Result<Option<(ChannelId, MsgId)>, Error> {
    Ok(threads::post_of(tx, group, root)?.map(|copied| copied.post))
}

/// The copy of an edited post says what the post says now (G-249).
pub(crate) fn edit_copy(changes: &mut Changes<'_, '_>, post: &MessageRow) -> Result<(), Error> {
    let Peer::Channel(channel) = post.peer else { return Ok(()) };
    let Some(copied) = threads::copy_of(changes.tx, channel, post.id)? else { return Ok(()) };
    let (group, root) = copied.root;
    let row = messages::find(changes.tx, BoxId::Channel(group), Peer::Channel(group), root)?;
    let Some(row) = row else { return Ok(()) };
    let Some(before) = contents::find_many(changes.tx, &[row.content_id])?.pop() else { return Ok(()) };
    let after = crate::views::one_message(changes.tx, post.clone())?;
    let Body::Written(content) = &after.body else { return Ok(()) };
    changes.edit(&before, &copied_content(content, &after, channel).into())
}

/// A message is gone: of a post, its copy goes too; of a copy, the post is closed for comments (G-249).
pub(super) fn part(
    changes: &mut Changes<'_, '_>,
    channel: ChannelId,
    gone: &MessageRow,
) -> Result<(), Error> {
    let is_post = gone.author == Peer::Channel(channel);
    let is_copy = gone.author.channel().is_some_and(|author| author != channel);
    if is_post && let Some(copied) = threads::copy_of(changes.tx, channel, gone.id)? {
        threads::delete_copied(changes.tx, copied)?;
        let (group, root) = copied.root;
        let row = messages::find(changes.tx, BoxId::Channel(group), Peer::Channel(group), root)?;
        return match row {
            Some(row) => delete::remove(changes, BoxId::Channel(group), vec![row], false).map(drop),
            None => Ok(()),
        };
    }
    if is_copy && let Some(copied) = threads::post_of(changes.tx, channel, gone.id)? {
        threads::delete_copied(changes.tx, copied)?;
        let (broadcast, post) = copied.post;
        let row = messages::find(changes.tx, BoxId::Channel(broadcast), Peer::Channel(broadcast), post)?;
        if let Some(row) = row {
            contents::set_replies(changes.tx, row.content_id, None)?;
        }
    }
    Ok(())
}

impl Messenger {
    /// Gives a channel a discussion group, or takes it away (G-245, G-246).
    pub async fn set_discussion_group(
        &self,
        actor: Actor,
        broadcast: Option<PeerRef>,
        group: Option<PeerRef>,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let broadcast = broadcast.map(|peer| owned(changes, actor, peer, true)).transpose()?;
            let group = group.map(|peer| owned(changes, actor, peer, false)).transpose()?;
            let (mut broadcast, mut group) = match (broadcast, group) {
                (None, None) => return Err(Error::bad(errors::LINK_NOT_MODIFIED)),
                (broadcast, group) => (broadcast, group),
            };
            let linked = broadcast.as_ref().map(|row| row.linked_id);
            let wanted = group.as_ref().map_or(ChannelId(0), |row| row.id);
            if linked == Some(wanted) {
                return Err(Error::bad(errors::LINK_NOT_MODIFIED));
            }
            if let Some(row) = &group {
                if row.is_forum() {
                    return Err(Error::bad(errors::CHAT_DISCUSSION_UNALLOWED));
                }
                if row.hidden_history && broadcast.is_some() {
                    return Err(Error::bad(errors::MEGAGROUP_PREHISTORY_HIDDEN));
                }
            }
            for row in [&broadcast, &group].into_iter().flatten() {
                unlink_other(changes, row.linked_id)?;
            }
            let ids = (broadcast.as_ref().map(|row| row.id), group.as_ref().map(|row| row.id));
            if let Some(row) = &mut broadcast {
                link(changes, actor, row, ids.1.unwrap_or_default())?;
            }
            if let Some(row) = &mut group {
                link(changes, actor, row, ids.0.unwrap_or_default())?;
            }
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Returns the groups that the actor may make the discussion group of a channel (G-247).
    pub async fn groups_for_discussion(&self, actor: Actor) -> Result<(Vec<Peer>, Scene), Error> {
        let limit = i64::try_from(CHANNELS_PER_USER).unwrap_or(i64::MAX);
        self.read(actor.user_id, move |tx| {
            let rights = AdminRights::PIN_MESSAGES;
            let own = channels::memberships(tx, actor.user_id, limit)?;
            let ids: Vec<ChannelId> =
                own.iter().filter(|row| row.admin.has(rights)).map(|row| row.channel_id).collect();
            let fits = |row: &ChannelRow| !row.broadcast && !row.is_forum() && !row.deleted;
            let found = channels::find_many(tx, &ids)?.into_iter().filter(fits);
            let mut peers: Vec<Peer> = found.map(|row| Peer::Channel(row.id)).collect();
            peers.extend(chats::owned(tx, actor.user_id, limit)?.into_iter().map(Peer::Chat));
            Ok((peers.clone(), Scene::of_peers(tx, actor.user_id, peers)?))
        })
        .await
    }
}

/// Loads a channel or a group with the right to link it.
fn owned(
    changes: &Changes<'_, '_>,
    actor: Actor,
    peer: PeerRef,
    broadcast: bool,
) -> Result<ChannelRow, Error> {
    let invalid = if broadcast { errors::BROADCAST_ID_INVALID } else { errors::MEGAGROUP_ID_INVALID };
    let id = peer.channel(changes.tx, actor.user_id).map_err(|_| Error::bad(invalid))?;
    let membership = Membership::load(changes.tx, actor.user_id, id)?;
    let right = if broadcast { AdminRights::CHANGE_INFO } else { AdminRights::PIN_MESSAGES };
    membership.require_admin(right)?;
    if membership.channel.broadcast == broadcast { Ok(membership.channel) } else { Err(Error::bad(invalid)) }
}

/// Whatever a channel was linked with before is linked with nothing.
fn unlink_other(changes: &mut Changes<'_, '_>, id: ChannelId) -> Result<(), Error> {
    let Some(mut row) = channels::find(changes.tx, id)? else { return Ok(()) };
    row.linked_id = ChannelId(0);
    channels::save(changes.tx, &row)?;
    crate::channels::settings::tell_changed(changes, id);
    Ok(())
}

fn link(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    row: &mut ChannelRow,
    to: ChannelId,
) -> Result<(), Error> {
    let before = std::mem::replace(&mut row.linked_id, to);
    channels::save(changes.tx, row)?;
    let done = types::ChannelAdminLogEventActionChangeLinkedChat { prev_value: before.0, new_value: to.0 };
    record(changes, row.id, actor.user_id, kind::INFO, done)?;
    crate::channels::settings::tell_changed(changes, row.id);
    Ok(())
}
