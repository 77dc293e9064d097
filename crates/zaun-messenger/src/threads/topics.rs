//! Topics of forums (G-260 … G-278).

use std::collections::HashMap;

use rand::seq::IndexedRandom;
use zaun_model::rights::{AdminRights, BannedRights};
use zaun_model::{BoxId, ChannelId, MsgId, Peer, UserId};
use zaun_schema::api::{enums, types};
use zaun_schema::visit::{Mentioned, Mentions};
use zaun_store::Tx;
use zaun_store::repo::dialogs::{self, Spot};
use zaun_store::repo::marks::{MENTION, REACTION};
use zaun_store::repo::messages::{self, Range};
use zaun_store::repo::threads::{self, GENERAL, ThreadRead, TopicRow};
use zaun_store::repo::{boxes, channels, settings};

use super::reading::{ThreadOf, positions, unread};
use crate::changes::{Audience, Place, Thread};
use crate::channels::log::{kind, record};
use crate::limits::{DELETE_BATCH, PINNED_TOPICS, TOPIC_PAGE, TOPIC_TITLE_LENGTH, TOPICS_PER_FORUM};
use crate::messages::content::Body;
use crate::messages::delete::{self, Affected};
use crate::messages::send::{Sent, find_repeated};
use crate::peers::{PeerRef, mention, peer_to_tl};
use crate::rights::{self, Membership, Reading};
use crate::views::{self, Message, Scene};
use crate::{Actor, Changes, Error, Messenger, Outcome, errors, stored};

/// Colours of icons that clients know.
pub const ICON_COLORS: [i32; 6] = [0x6F_B9_F0, 0xFF_D6_7E, 0xCB_86_DB, 0x8E_EE_98, 0xFF_93_B2, 0xFB_6F_5F];

/// What a new topic is to be.
#[derive(Debug, Clone, Default)]
pub struct NewTopic {
    /// Its title.
    pub title: String,
    /// Colour of its icon; one of [`ICON_COLORS`], any of them if there is none.
    pub icon_color: Option<i32>,
    /// Custom emoji that is its icon.
    pub icon_emoji_id: Option<i64>,
    /// Makes a repetition harmless.
    pub random_id: i64,
}

/// What changes of a topic; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TopicEdit {
    /// Its title.
    pub title: Option<String>,
    /// Custom emoji that is its icon; 0 for none.
    pub icon_emoji_id: Option<i64>,
    /// Whether it is closed.
    pub closed: Option<bool>,
    /// Whether it is left out of the list; General only.
    pub hidden: Option<bool>,
}

/// A topic with what its line in the list shows.
#[derive(Debug, Clone)]
pub struct TopicLine {
    /// The topic.
    pub row: TopicRow,
    /// How far the viewer has read it.
    pub read: ThreadRead,
    /// Messages that the viewer has not read.
    pub unread: i32,
    /// Messages that mention the viewer and were not seen.
    pub unread_mentions: i32,
    /// Messages of the viewer with reactions that were not seen.
    pub unread_reactions: i32,
    /// Its notification settings.
    pub notify: types::PeerNotifySettings,
    /// The viewer's draft in it.
    pub draft: Option<types::DraftMessage>,
}

/// A page of topics.
#[derive(Debug, Clone, Default)]
pub struct TopicPage {
    /// The topics, and the ids of those that were asked for and are gone.
    pub topics: Vec<TopicLine>,
    /// Ids that were asked for and are no topics.
    pub deleted: Vec<MsgId>,
    /// How many there are altogether.
    pub count: i32,
    /// Their newest messages.
    pub messages: Vec<Message>,
    /// The pts of the forum.
    pub pts: i32,
    /// Everybody in them.
    pub scene: Scene,
}

/// Where a page of topics begins: after this topic.
#[derive(Debug, Clone, Copy, Default)]
pub struct TopicOffset {
    /// Its newest message; 0 for the first page.
    pub id: i32,
    /// The topic.
    pub topic: i32,
}

/// A forum with what a user is to it.
struct Forum {
    reading: Reading,
    membership: Membership,
    id: ChannelId,
}

impl Forum {
    fn load(tx: &Tx<'_>, viewer: UserId, peer: PeerRef) -> Result<Forum, Error> {
        let reading = rights::reading(tx, viewer, peer)?;
        let id = reading.peer.channel().ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))?;
        let membership = Membership::load(tx, viewer, id)?;
        if !membership.channel.is_forum() {
            return Err(Error::bad(errors::CHANNEL_FORUM_MISSING));
        }
        Ok(Forum { reading, membership, id })
    }

    fn manages(&self) -> bool {
        self.membership.admin_rights().has(AdminRights::MANAGE_TOPICS)
    }

    fn topic(&self, tx: &Tx<'_>, id: MsgId) -> Result<TopicRow, Error> {
        threads::topic(tx, self.id, id)?.ok_or_else(|| Error::bad(errors::TOPIC_ID_INVALID))
    }

    /// Requires whoever may change a topic: an administrator with the right, or its author (G-267).
    fn require_over(&self, topic: &TopicRow) -> Result<(), Error> {
        self.membership.require_member()?;
        let own = topic.creator_id == self.reading.viewer && topic.id != GENERAL;
        if own || self.manages() { Ok(()) } else { Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED)) }
    }
}

fn checked_title(title: &str) -> Result<String, Error> {
    let title = title.trim();
    if title.is_empty() || title.chars().count() > TOPIC_TITLE_LENGTH {
        return Err(Error::bad(errors::TOPIC_TITLE_EMPTY));
    }
    Ok(title.to_owned())
}

/// Makes a supergroup a forum, or an ordinary group again (G-260).
pub(crate) fn switch(
    changes: &mut Changes<'_, '_>,
    actor: Actor,
    id: ChannelId,
    on: bool,
) -> Result<(), Error> {
    if !on || threads::topic(changes.tx, id, GENERAL)?.is_some() {
        return if on {
            messages::dissolve_threads(changes.tx, BoxId::Channel(id), id).map_err(Into::into)
        } else {
            Ok(())
        };
    }
    messages::dissolve_threads(changes.tx, BoxId::Channel(id), id)?;
    let top_id = changes.counters(BoxId::Channel(id))?.top_id;
    let general = TopicRow {
        channel_id: id,
        id: GENERAL,
        title: GENERAL_TITLE.to_owned(),
        icon_color: ICON_COLORS[0],
        icon_emoji_id: None,
        author: Peer::Channel(id),
        creator_id: actor.user_id,
        created_at: changes.now,
        closed: false,
        hidden: false,
        pinned_order: None,
        top_id: top_id.max(GENERAL),
    };
    threads::insert_topic(changes.tx, &general).map_err(Into::into)
}

/// What the first topic of a forum is called until somebody gives it another title.
const GENERAL_TITLE: &str = "General";

impl Messenger {
    /// Makes a topic; a repeated random_id returns the first result (G-265).
    pub async fn create_topic(
        &self,
        actor: Actor,
        peer: PeerRef,
        new: NewTopic,
    ) -> Result<Outcome<Sent>, Error> {
        let title = checked_title(&new.title)?;
        if new.random_id == 0 {
            return Err(Error::bad(errors::RANDOM_ID_EMPTY));
        }
        let chosen = ICON_COLORS.choose(&mut rand::rng()).copied().unwrap_or(ICON_COLORS[0]);
        let icon_color = new.icon_color.filter(|color| ICON_COLORS.contains(color)).unwrap_or(chosen);
        let work = move |changes: &mut Changes<'_, '_>| {
            let forum = Forum::load(changes.tx, actor.user_id, peer)?;
            let channel = forum.reading.peer;
            if let Some(sent) = find_repeated(changes.tx, actor.user_id, channel, new.random_id, changes.now)?
            {
                sent.message.mentions(&mut changes.mentioned);
                return Ok(sent);
            }
            // G-264
            if !forum.manages() {
                let allowed = forum.membership.require_allowed(BannedRights::MANAGE_TOPICS);
                allowed.map_err(|_| Error::refused(403, errors::CHAT_WRITE_FORBIDDEN))?;
            }
            if threads::count_topics(changes.tx, forum.id)? >= TOPICS_PER_FORUM {
                return Err(Error::bad(errors::TOPICS_TOO_MUCH));
            }
            let action = types::MessageActionTopicCreate {
                title: title.clone(),
                icon_color,
                icon_emoji_id: new.icon_emoji_id.filter(|id| *id != 0),
                ..types::MessageActionTopicCreate::default()
            };
            let body = Body::from(enums::MessageAction::from(action));
            let message = tell(changes, &forum.reading, body, Thread::None)?;
            let row = TopicRow {
                channel_id: forum.id,
                id: message.id(),
                title: title.clone(),
                icon_color,
                icon_emoji_id: new.icon_emoji_id.filter(|id| *id != 0),
                author: message.row.author,
                creator_id: actor.user_id,
                created_at: changes.now,
                closed: false,
                hidden: false,
                pinned_order: None,
                top_id: message.id(),
            };
            threads::insert_topic(changes.tx, &row)?;
            messages::set_thread(changes.tx, &message.row, message.id())?;
            let done = types::ChannelAdminLogEventActionCreateTopic { topic: short(&row) };
            record(changes, forum.id, actor.user_id, kind::FORUMS, done)?;
            let place = (channel, message.id());
            messages::put_random_id(changes.tx, actor.user_id, new.random_id, changes.now, place)?;
            Ok(Sent { random_id: new.random_id, message })
        };
        self.change(actor, work).await
    }

    /// Changes a topic (G-266).
    pub async fn edit_topic(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        edit: TopicEdit,
    ) -> Result<Outcome<()>, Error> {
        let title = edit.title.as_deref().map(checked_title).transpose()?;
        let edit = TopicEdit { title, ..edit };
        let looks = edit.title.is_some() || edit.icon_emoji_id.is_some();
        if edit.closed.is_some() && (looks || edit.hidden.is_some()) {
            return Err(Error::bad(errors::TOPIC_CLOSE_SEPARATELY));
        }
        if edit.hidden.is_some() && looks {
            return Err(Error::bad(errors::TOPIC_HIDE_SEPARATELY));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let forum = Forum::load(changes.tx, actor.user_id, peer)?;
            let before = forum.topic(changes.tx, id)?;
            forum.require_over(&before)?;
            if id == GENERAL && edit.icon_emoji_id.is_some() {
                return Err(Error::bad(errors::GENERAL_MODIFY_ICON_FORBIDDEN));
            }
            if id != GENERAL && edit.hidden.is_some() {
                return Err(Error::bad(errors::NOGENERAL_HIDE_FORBIDDEN));
            }
            let mut after = before.clone();
            after.title = edit.title.clone().unwrap_or(after.title);
            after.icon_emoji_id = match edit.icon_emoji_id {
                Some(0) => None,
                Some(icon) => Some(icon),
                None => after.icon_emoji_id,
            };
            after.closed = edit.closed.unwrap_or(after.closed);
            after.hidden = edit.hidden.unwrap_or(after.hidden);
            // A hidden General is closed too.
            after.closed |= after.hidden;
            if after == before {
                return Err(Error::bad(errors::TOPIC_NOT_MODIFIED));
            }
            threads::save_topic(changes.tx, &after)?;
            let done = types::ChannelAdminLogEventActionEditTopic {
                prev_topic: short(&before),
                new_topic: short(&after),
            };
            record(changes, forum.id, actor.user_id, kind::FORUMS, done)?;
            let action = types::MessageActionTopicEdit {
                title: edit.title.clone().filter(|title| *title != before.title),
                icon_emoji_id: edit.icon_emoji_id.filter(|_| after.icon_emoji_id != before.icon_emoji_id),
                closed: (after.closed != before.closed).then_some(after.closed),
                hidden: (after.hidden != before.hidden).then_some(after.hidden),
            };
            let body = Body::from(enums::MessageAction::from(action));
            tell(changes, &forum.reading, body, Thread::Topic(id)).map(drop)
        };
        self.change(actor, work).await
    }

    /// Sets whether the actor sees a forum as one list of messages (G-276).
    pub async fn view_forum_as_messages(
        &self,
        actor: Actor,
        channel: PeerRef,
        enabled: bool,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let forum = Forum::load(changes.tx, actor.user_id, channel)?;
            forum.membership.require_member()?;
            let Some(row) = forum.membership.member.clone().filter(|row| row.as_messages != enabled) else {
                return Ok(());
            };
            channels::put_member(changes.tx, &channels::MemberRow { as_messages: enabled, ..row })?;
            let update = types::UpdateChannelViewForumAsMessages { channel_id: forum.id.0, enabled };
            changes.hint_user(actor.user_id, update.into());
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Pins or unpins a topic (G-274).
    pub async fn pin_topic(
        &self,
        actor: Actor,
        peer: PeerRef,
        id: MsgId,
        pinned: bool,
    ) -> Result<Outcome<()>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let forum = Forum::load(changes.tx, actor.user_id, peer)?;
            require_manager(&forum)?;
            let mut row = forum.topic(changes.tx, id)?;
            if row.pinned_order.is_some() == pinned {
                return Err(Error::bad(errors::PINNED_TOPIC_NOT_MODIFIED));
            }
            let others = threads::pinned_topics(changes.tx, forum.id, PINNED_TOPICS)?;
            if pinned && i64::try_from(others.len()).unwrap_or(PINNED_TOPICS) >= PINNED_TOPICS {
                return Err(Error::bad(errors::PINNED_TOO_MUCH));
            }
            let lowest = others.iter().filter_map(|other| other.pinned_order).min();
            row.pinned_order = pinned.then(|| lowest.map_or(0, |lowest| lowest - 1));
            threads::save_topic(changes.tx, &row)?;
            let peer = peer_to_tl(forum.reading.peer);
            let update = types::UpdatePinnedForumTopic { pinned, peer, topic_id: id.0 };
            changes.hint(Audience::Channel(forum.id), update.into());
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Puts pinned topics into an order; with `force` those that are not named are not pinned any more.
    pub async fn reorder_pinned_topics(
        &self,
        actor: Actor,
        peer: PeerRef,
        order: Vec<MsgId>,
        force: bool,
    ) -> Result<Outcome<()>, Error> {
        if i64::try_from(order.len()).unwrap_or(i64::MAX) > PINNED_TOPICS {
            return Err(Error::bad(errors::PINNED_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let forum = Forum::load(changes.tx, actor.user_id, peer)?;
            require_manager(&forum)?;
            let pinned = threads::pinned_topics(changes.tx, forum.id, PINNED_TOPICS)?;
            let mut wanted = order.clone();
            if !force {
                wanted.extend(pinned.iter().map(|row| row.id).filter(|id| !order.contains(id)));
            }
            for row in pinned.iter().filter(|row| !wanted.contains(&row.id)) {
                threads::save_topic(changes.tx, &TopicRow { pinned_order: None, ..row.clone() })?;
            }
            for (place, id) in (0i64..).zip(&wanted) {
                let row = forum.topic(changes.tx, *id)?;
                threads::save_topic(changes.tx, &TopicRow { pinned_order: Some(place), ..row })?;
            }
            let update = types::UpdatePinnedForumTopics {
                peer: peer_to_tl(forum.reading.peer),
                order: Some(wanted.iter().map(|id| id.0).collect()),
            };
            changes.hint(Audience::Channel(forum.id), update.into());
            Ok(())
        };
        self.change(actor, work).await
    }

    /// Deletes a topic with its messages, a batch at a time: `offset` of the answer says whether there is more
    /// (G-269, G-270).
    pub async fn delete_topic(&self, actor: Actor, peer: PeerRef, id: MsgId) -> Result<Affected, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let forum = Forum::load(changes.tx, actor.user_id, peer)?;
            let topic = forum.topic(changes.tx, id)?;
            if id == GENERAL {
                return Err(Error::bad(errors::TOPIC_ID_INVALID));
            }
            let box_id = forum.reading.box_id;
            let limit = DELETE_BATCH + 1;
            let range = Range { from: MsgId(1), to: MsgId::MAX, skip: 0, limit };
            let mut rows = messages::newest_in_thread(changes.tx, box_id, id, range)?;
            if !forum.membership.admin_rights().has(AdminRights::DELETE_MESSAGES) {
                require_own(&forum, &topic, &rows)?;
            }
            let more = rows.len() > usize::try_from(DELETE_BATCH).unwrap_or(usize::MAX);
            if more {
                rows.pop();
            } else {
                threads::delete_topic(changes.tx, forum.id, id)?;
                let done = types::ChannelAdminLogEventActionDeleteTopic { topic: short(&topic) };
                record(changes, forum.id, actor.user_id, kind::FORUMS, done)?;
            }
            let affected = delete::remove(changes, box_id, rows, false)?;
            Ok(Affected { offset: i32::from(more), ..affected })
        };
        Ok(self.change(actor, work).await?.value)
    }

    /// Returns a page of the topics of a forum: the pinned ones, then the others (G-272).
    pub async fn topics(
        &self,
        actor: Actor,
        peer: PeerRef,
        query: Option<String>,
        offset: TopicOffset,
        limit: i32,
    ) -> Result<TopicPage, Error> {
        // G-273
        let limit = i64::from(limit).clamp(0, TOPIC_PAGE);
        self.read(actor.user_id, move |tx| {
            let forum = Forum::load(tx, actor.user_id, peer)?;
            let first = offset.topic <= 0 && offset.id <= 0;
            let mut rows =
                if first { threads::pinned_topics(tx, forum.id, PINNED_TOPICS)? } else { Vec::new() };
            let place =
                if first { (MsgId::MAX, MsgId::MAX) } else { (MsgId(offset.id), MsgId(offset.topic)) };
            match query.as_deref().map(str::trim).filter(|query| !query.is_empty()) {
                Some(query) => {
                    let all = i64::from(TOPICS_PER_FORUM);
                    rows.extend(threads::newest_topics(tx, forum.id, false, place, all)?);
                    let query = query.to_lowercase();
                    rows.retain(|row| row.title.to_lowercase().contains(&query));
                }
                None => rows.extend(threads::newest_topics(tx, forum.id, false, place, limit)?),
            }
            rows.truncate(usize::try_from(limit).unwrap_or(0));
            let count = threads::count_topics(tx, forum.id)?;
            page(tx, &forum, rows, Vec::new(), count)
        })
        .await
    }

    /// Returns topics by id.
    pub async fn topics_by_id(
        &self,
        actor: Actor,
        peer: PeerRef,
        ids: Vec<MsgId>,
    ) -> Result<TopicPage, Error> {
        if ids.is_empty() {
            return Err(Error::bad(errors::TOPICS_EMPTY));
        }
        if i64::try_from(ids.len()).unwrap_or(i64::MAX) > TOPIC_PAGE {
            return Err(Error::bad(errors::LIMIT_INVALID));
        }
        self.read(actor.user_id, move |tx| {
            let forum = Forum::load(tx, actor.user_id, peer)?;
            let mut rows = threads::topics(tx, forum.id, &ids)?;
            rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
            let gone = ids.iter().copied().filter(|id| rows.iter().all(|row| row.id != *id)).collect();
            let count = i32::try_from(ids.len()).unwrap_or(i32::MAX);
            page(tx, &forum, rows, gone, count)
        })
        .await
    }
}

/// A conversation, or with a topic that exists that topic of it.
pub(crate) fn spot(tx: &Tx<'_>, viewer: UserId, peer: PeerRef, topic: MsgId) -> Result<Spot, Error> {
    if topic.0 <= 0 {
        return Ok((rights::reading(tx, viewer, peer)?.peer, MsgId(0)));
    }
    let reading = rights::reading(tx, viewer, peer)?;
    let Peer::Channel(id) = reading.peer else { return Ok((reading.peer, MsgId(0))) };
    // A thread of an ordinary group has no settings of its own.
    let found = threads::topic(tx, id, topic)?;
    Ok((reading.peer, found.map_or(MsgId(0), |topic| topic.id)))
}

/// Requires an administrator who manages topics.
fn require_manager(forum: &Forum) -> Result<(), Error> {
    forum.membership.require_member()?;
    if forum.manages() { Ok(()) } else { Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED)) }
}

/// Requires that a topic is the viewer's, short, and holds nothing by others (G-267).
fn require_own(forum: &Forum, topic: &TopicRow, rows: &[messages::MessageRow]) -> Result<(), Error> {
    let viewer = forum.reading.viewer;
    let short = rows.len() <= OWN_TOPIC_MESSAGES;
    let own = topic.creator_id == viewer && rows.iter().all(|row| row.author == Peer::User(viewer));
    if own && short { Ok(()) } else { Err(Error::refused(403, errors::CHAT_ADMIN_REQUIRED)) }
}

/// Messages that a topic may hold for its author to delete it.
const OWN_TOPIC_MESSAGES: usize = 11;

/// Posts a service message about a topic.
fn tell(
    changes: &mut Changes<'_, '_>,
    reading: &Reading,
    mut body: Body,
    thread: Thread,
) -> Result<std::sync::Arc<Message>, Error> {
    let posting = rights::announcing(changes.tx, reading.viewer, reading.peer)?;
    let answers = match thread {
        Thread::Topic(id) if id != GENERAL => Some(id),
        _ => None,
    };
    if let (Body::Service(service), Some(_)) = (&mut body, answers) {
        let header = types::MessageReplyHeader { forum_topic: true, ..types::MessageReplyHeader::default() };
        service.reply_to = Some(header.into());
    }
    let place =
        Place { box_id: reading.box_id, peer: reading.peer, reply_to: answers, unread: false, thread };
    let posted = changes.post(reading.viewer, posting.author, &body, &[place], &[])?;
    posted.into_iter().next().ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))
}

/// Fills the lines of topics.
fn page(
    tx: &Tx<'_>,
    forum: &Forum,
    rows: Vec<TopicRow>,
    deleted: Vec<MsgId>,
    count: i32,
) -> Result<TopicPage, Error> {
    let Reading { viewer, peer, box_id, .. } = forum.reading;
    let ids: Vec<MsgId> = rows.iter().map(|row| row.id).collect();
    let reads = positions(tx, viewer, box_id, &ids)?;
    let waiting = threads::waiting(tx, viewer, peer)?;
    let notify: HashMap<_, _> = settings::notify_topics(tx, viewer, peer)?.into_iter().collect();
    let drafts: HashMap<_, _> = dialogs::topic_drafts(tx, viewer, peer)?.into_iter().collect();
    let (mut topics, mut mentioned) = (Vec::new(), Mentioned::default());
    mention(&mut mentioned, peer);
    for row in rows {
        let of = ThreadOf { reading: forum.reading.clone(), root: row.id, is_topic: true };
        let read = reads.get(&row.id).copied().unwrap_or_default();
        let waits = |kind: i64| {
            let here = waiting.iter().filter(|(id, found, _)| *id == of.column() && *found == kind);
            here.map(|(.., count)| count).sum()
        };
        let draft = drafts.get(&row.id).cloned().map(stored::decode::<types::DraftMessage>).transpose()?;
        draft.iter().for_each(|draft| draft.mentions(&mut mentioned));
        mention(&mut mentioned, row.author);
        topics.push(TopicLine {
            unread: if row.top_id > read.inbox { unread(tx, &of, read.inbox)? } else { 0 },
            read,
            unread_mentions: waits(MENTION),
            unread_reactions: waits(REACTION),
            notify: notify.get(&row.id).cloned().map(stored::decode).transpose()?.unwrap_or_default(),
            draft,
            row,
        });
    }
    let tops: Vec<MsgId> = topics.iter().map(|line| line.row.top_id).collect();
    let mut found = messages::find_many(tx, box_id, peer, &tops)?;
    found.retain(|row| forum.reading.shows(row.id));
    found.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    let messages = views::messages(tx, found)?;
    messages.iter().for_each(|message| message.mentions(&mut mentioned));
    let pts = boxes::find(tx, box_id)?.pts.0;
    let scene = Scene::for_viewer(tx, viewer, &mentioned)?;
    Ok(TopicPage { topics, deleted, count, messages, pts, scene })
}

/// A topic as the log of administrators shows it.
fn short(row: &TopicRow) -> enums::ForumTopic {
    types::ForumTopic {
        short: true,
        closed: row.closed,
        hidden: row.hidden,
        pinned: row.pinned_order.is_some(),
        id: row.id.0,
        date: row.created_at.to_tl(),
        peer: peer_to_tl(Peer::Channel(row.channel_id)),
        title: row.title.clone(),
        icon_color: row.icon_color,
        icon_emoji_id: row.icon_emoji_id,
        top_message: row.top_id.0,
        from_id: peer_to_tl(row.author),
        ..types::ForumTopic::default()
    }
    .into()
}
