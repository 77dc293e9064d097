//! Threads of supergroups: where a message belongs, what a thread holds in sum, and how far it was read.

pub mod comments;
mod reading;
pub mod topics;

pub(crate) use reading::find;
use zaun_model::{BoxId, ChannelId, MsgId, Peer};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::threads::{self, GENERAL, TopicRow};
pub use zaun_store::repo::threads::{GENERAL as GENERAL_TOPIC, TopicRow as Topic};

use crate::changes::Thread;
use crate::limits::RECENT_REPLIERS;
use crate::peers::peer_to_tl;
use crate::rights::Posting;
use crate::{Changes, Error, errors, stored};

/// Where a message goes: its thread, what its header says of that, and what it counts as an answer to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spot {
    pub(crate) thread: Thread,
    pub(crate) header: Option<types::MessageReplyHeader>,
    pub(crate) answers: Option<MsgId>,
}

/// Finds where a message of a supergroup goes. `asked` is the topic or thread that the client named, `answered` the
/// message of this conversation that it answers, `header` what is said of that so far.
pub(crate) fn settle(
    tx: &Tx<'_>,
    posting: &Posting,
    asked: Option<MsgId>,
    answered: Option<&MessageRow>,
    header: Option<types::MessageReplyHeader>,
) -> Result<Spot, Error> {
    let answers = answered.map(|row| row.id);
    let Some(forum) = posting.forum else {
        // G-258: the first message that is answered begins a thread.
        let Some(row) = answered.filter(|_| posting.is_threaded()) else {
            return Ok(Spot { thread: Thread::None, header, answers });
        };
        let root = if row.thread_id.0 > 0 { row.thread_id } else { row.id };
        let top = (root != row.id).then_some(root.0);
        let header = header.map(|header| types::MessageReplyHeader { reply_to_top_id: top, ..header });
        return Ok(Spot { thread: Thread::Below(root), header, answers });
    };
    let id = match answered {
        Some(row) if is_topic(tx, forum.channel, row.id)? => row.id,
        Some(row) if row.thread_id.0 > 0 => row.thread_id,
        Some(_) => GENERAL,
        // G-263: if the answered message is gone, the topic that was named decides.
        None => asked.unwrap_or(GENERAL),
    };
    let topic = threads::topic(tx, forum.channel, id)?;
    let topic = topic.ok_or_else(|| Error::refused(406, errors::TOPIC_DELETED))?;
    // G-268
    if topic.closed && !forum.manages && topic.creator_id != posting.reading.viewer {
        return Err(Error::refused(406, errors::TOPIC_CLOSED));
    }
    let thread = Thread::Topic(id);
    let is_answer = answers.is_some_and(|answered| answered != id);
    let elsewhere = answers.is_none();
    let spot = match (id == GENERAL, is_answer) {
        // G-261: General's messages carry no header for the topic.
        (true, true) => Spot { thread, header, answers },
        (true, false) => Spot { thread, header: header.filter(|_| elsewhere), answers: None },
        (false, true) => {
            let header = types::MessageReplyHeader {
                forum_topic: true,
                reply_to_top_id: Some(id.0),
                ..header.unwrap_or_default()
            };
            Spot { thread, header: Some(header), answers }
        }
        (false, false) => {
            let header = header.filter(|_| elsewhere).unwrap_or_default();
            // G-262: a message with an answer into another conversation names its topic beside it.
            let quotes = header.reply_from.is_some();
            let reply_to_top_id = quotes.then_some(id.0);
            let header = types::MessageReplyHeader { forum_topic: true, reply_to_top_id, ..header };
            Spot { thread, header: Some(header), answers: (!quotes).then_some(id) }
        }
    };
    Ok(spot)
}

fn is_topic(tx: &Tx<'_>, channel: ChannelId, id: MsgId) -> Result<bool, Error> {
    Ok(threads::topic(tx, channel, id)?.is_some())
}

/// The thread of what is said about a message: a pin of it is told in the same topic.
pub(crate) fn beside(tx: &Tx<'_>, row: &MessageRow, forum: bool) -> Result<Thread, Error> {
    let BoxId::Channel(channel) = row.box_id else { return Ok(Thread::None) };
    match (forum, row.thread_id.0 > 0) {
        (true, true) => Ok(Thread::Topic(row.thread_id)),
        (true, false) if is_topic(tx, channel, row.id)? => Ok(Thread::Topic(row.id)),
        (true, false) => Ok(Thread::Topic(GENERAL)),
        (false, true) => Ok(Thread::Below(row.thread_id)),
        (false, false) => Ok(Thread::None),
    }
}

/// One more answer in a thread.
pub(crate) fn grow(
    changes: &mut Changes<'_, '_>,
    channel: ChannelId,
    root: MsgId,
    (author, id): (Peer, MsgId),
) -> Result<(), Error> {
    let pts = changes.pts(BoxId::Channel(channel))?.0;
    for_sums(changes, channel, root, |sum| {
        (sum.replies, sum.replies_pts) = (sum.replies.saturating_add(1), pts);
        sum.max_id = Some(id.0);
        // G-251
        if sum.comments {
            let author = peer_to_tl(author);
            let recent = sum.recent_repliers.get_or_insert_default();
            recent.retain(|other| *other != author);
            recent.insert(0, author);
            recent.truncate(RECENT_REPLIERS);
        }
    })
}

/// Fewer answers in a thread; `newest` is what is left of them.
pub(crate) fn shrink(
    changes: &mut Changes<'_, '_>,
    channel: ChannelId,
    root: MsgId,
    fewer: i32,
) -> Result<(), Error> {
    let box_id = BoxId::Channel(channel);
    let pts = changes.pts(box_id)?.0;
    let range = messages::Range { from: MsgId(1), to: MsgId::MAX, skip: 0, limit: 1 };
    let newest = messages::newest_in_thread(changes.tx, box_id, root, range)?.pop().map(|row| row.id.0);
    for_sums(changes, channel, root, |sum| {
        (sum.replies, sum.replies_pts) = ((sum.replies - fewer).max(0), pts);
        sum.max_id = newest;
        if newest.is_none() {
            sum.recent_repliers = None;
        }
    })
}

/// Changes the sum of a thread, where its first message shows it, and where the post does that this is the copy of.
fn for_sums(
    changes: &mut Changes<'_, '_>,
    channel: ChannelId,
    root: MsgId,
    mut change: impl FnMut(&mut types::MessageReplies),
) -> Result<(), Error> {
    let peer = Peer::Channel(channel);
    let Some(row) = messages::find(changes.tx, BoxId::Channel(channel), peer, root)? else { return Ok(()) };
    rewrite(changes.tx, &row, &mut change)?;
    let is_copy = row.author.channel().is_some_and(|author| author != channel);
    let copied = if is_copy { threads::post_of(changes.tx, channel, root)? } else { None };
    if let Some(copied) = copied {
        let (broadcast, post) = (copied.post.0, copied.post.1);
        let found = messages::find(changes.tx, BoxId::Channel(broadcast), Peer::Channel(broadcast), post)?;
        if let Some(post) = found {
            rewrite(changes.tx, &post, &mut change)?;
        }
    }
    Ok(())
}

fn rewrite(
    tx: &Tx<'_>,
    row: &MessageRow,
    change: &mut impl FnMut(&mut types::MessageReplies),
) -> Result<(), Error> {
    let Some(content) = contents::find_many(tx, &[row.content_id])?.pop() else { return Ok(()) };
    let mut sum = sum_of(&content)?.unwrap_or_default();
    change(&mut sum);
    contents::set_replies(tx, content.id, Some(&stored::encode(&sum)?)).map_err(Into::into)
}

/// The sum of the answers to a content.
fn sum_of(content: &ContentRow) -> Result<Option<types::MessageReplies>, Error> {
    content.replies.clone().map(stored::decode).transpose()
}

/// Messages of a channel are gone: threads shrink, topics get another newest message, comments are closed.
pub(crate) fn mend(
    changes: &mut Changes<'_, '_>,
    channel: ChannelId,
    gone: &[&MessageRow],
) -> Result<(), Error> {
    let mut by_thread: std::collections::BTreeMap<MsgId, Vec<MsgId>> = std::collections::BTreeMap::new();
    for row in gone {
        by_thread.entry(row.thread_id).or_default().push(row.id);
    }
    let mut ids: Vec<MsgId> = by_thread.keys().copied().filter(|id| id.0 > 0).collect();
    ids.push(GENERAL);
    let topics = threads::topics(changes.tx, channel, &ids)?;
    for (thread, lost) in by_thread {
        let id = if thread.0 > 0 { thread } else { GENERAL };
        match topics.iter().find(|topic| topic.id == id) {
            Some(topic) => mend_topic(changes, topic, thread, &lost)?,
            None if thread.0 > 0 => {
                shrink(changes, channel, thread, i32::try_from(lost.len()).unwrap_or(i32::MAX))?;
            }
            None => {}
        }
    }
    for row in gone {
        comments::part(changes, channel, row)?;
    }
    Ok(())
}

fn mend_topic(
    changes: &mut Changes<'_, '_>,
    topic: &TopicRow,
    thread: MsgId,
    lost: &[MsgId],
) -> Result<(), Error> {
    if !lost.contains(&topic.top_id) {
        return Ok(());
    }
    let box_id = BoxId::Channel(topic.channel_id);
    let range = messages::Range { from: MsgId(1), to: MsgId::MAX, skip: 0, limit: 1 };
    let newest = messages::newest_in_thread(changes.tx, box_id, thread, range)?.pop();
    let top = newest.map_or(topic.id, |row| row.id);
    threads::set_top(changes.tx, topic.channel_id, topic.id, top).map_err(Into::into)
}
