//! Pages of a history, by all the offset rules.

use std::collections::HashMap;

use zaun_model::{BoxId, MsgId, Peer, Pts, UnixTime, UserId};
use zaun_schema::visit::Mentioned;
use zaun_store::Tx;
use zaun_store::repo::messages::{self, MessageRow, Range};
use zaun_store::repo::{boxes, dialogs, saved};

use crate::limits::{COUNTED_MESSAGES, IDS_PER_CALL, PAGE};
use crate::peers::PeerRef;
use crate::rights::{self, Reading};
use crate::views::{self, Message, MessagePage, Scene};
use crate::{Actor, Error, Messenger, errors};

/// Which page: messages are numbered from the newest; the page begins at the first one older than `offset_id` (or
/// `offset_date`, or at the newest), moved by `add_offset`, where a negative one moves towards newer messages.
/// `max_id` and `min_id` cut off what is not below and above them; 0 means no limit.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// The page begins below this id.
    pub offset_id: i32,
    /// Or before this date, if no id is given.
    pub offset_date: i32,
    /// Moves the page.
    pub add_offset: i32,
    /// Length of the page.
    pub limit: i32,
    /// Only ids below.
    pub max_id: i32,
    /// Only ids above.
    pub min_id: i32,
    /// Only ids in here, both ends included, and only these are counted.
    pub range: (i32, i32),
    /// Only messages of this thread of a channel, 0 for those of none.
    pub thread: Option<MsgId>,
    /// Only messages of this conversation of Saved Messages.
    pub saved: Option<Peer>,
}

impl Default for Window {
    fn default() -> Window {
        Window::NEWEST
    }
}

impl Window {
    /// The newest messages of a whole history.
    pub(crate) const NEWEST: Window = Window {
        offset_id: 0,
        offset_date: 0,
        add_offset: 0,
        limit: 0,
        max_id: 0,
        min_id: 0,
        range: WHOLE_RANGE,
        thread: None,
        saved: None,
    };

    /// Leaves out what is hidden from the viewer.
    pub(crate) fn within(self, reading: &Reading) -> Window {
        Window { min_id: self.min_id.max(reading.hidden_until.0), ..self }
    }
}

/// Every id, for [`Window::range`].
pub const WHOLE_RANGE: (i32, i32) = (0, i32::MAX);

impl Messenger {
    /// Returns a page of a conversation.
    pub async fn history(&self, actor: Actor, peer: PeerRef, window: Window) -> Result<MessagePage, Error> {
        self.read(actor.user_id, move |tx| {
            let reading = rights::reading(tx, actor.user_id, peer)?;
            let window = window.within(&reading);
            let rows = page(tx, &reading, window)?;
            finish_page(tx, &reading, rows, window)
        })
        .await
    }

    /// Returns messages of the actor's box by their names, in the order asked for; `None` for those that are not there.
    pub async fn messages_by_id(
        &self,
        actor: Actor,
        names: Vec<MessageName>,
    ) -> Result<FoundMessages, Error> {
        let viewer = actor.user_id;
        self.found_messages(viewer, names, move |tx, ids| Ok((None, messages::find_in_box(tx, viewer, ids)?)))
            .await
    }

    /// Returns messages of a channel by their names, as [`Messenger::messages_by_id`] does.
    pub async fn channel_messages_by_id(
        &self,
        actor: Actor,
        channel: PeerRef,
        names: Vec<MessageName>,
    ) -> Result<FoundMessages, Error> {
        let viewer = actor.user_id;
        self.found_messages(viewer, names, move |tx, ids| {
            let reading = rights::reading(tx, viewer, channel)?;
            if reading.peer.channel().is_none() {
                return Err(Error::bad(errors::CHANNEL_INVALID));
            }
            let mut rows = messages::find_many(tx, reading.box_id, reading.peer, ids)?;
            rows.retain(|row| reading.shows(row.id));
            Ok((Some(reading.box_id), rows))
        })
        .await
    }

    async fn found_messages(
        &self,
        viewer: UserId,
        names: Vec<MessageName>,
        find: impl Fn(&Tx<'_>, &[MsgId]) -> Result<(Option<BoxId>, Vec<MessageRow>), Error> + Send + 'static,
    ) -> Result<FoundMessages, Error> {
        if names.len() > IDS_PER_CALL * 2 {
            return Err(Error::bad(errors::MESSAGE_IDS_TOO_MUCH));
        }
        self.read(viewer, move |tx| {
            let named: Vec<MsgId> = names.iter().map(|name| name.id()).collect();
            let (channel, answers) = find(tx, &named)?;
            let answers: HashMap<MsgId, MessageRow> = answers.into_iter().map(|row| (row.id, row)).collect();
            let wanted: Vec<MsgId> = names
                .iter()
                .map(|name| match name {
                    MessageName::Id(id) => *id,
                    MessageName::AnsweredBy(id) => {
                        answers.get(id).and_then(|row| row.reply_to_id).unwrap_or(MsgId(0))
                    }
                })
                .collect();
            let (loaded, _) = views::cut_to_budget(tx, find(tx, &wanted)?.1)?;
            let mut mentioned = Mentioned::default();
            loaded.iter().for_each(|message| message.mentions(&mut mentioned));
            let scene = Scene::for_viewer(tx, viewer, &mentioned)?;
            let loaded: HashMap<MsgId, Message> =
                loaded.into_iter().map(|message| (message.id(), message)).collect();
            let messages = wanted.into_iter().map(|id| (id, loaded.get(&id).cloned())).collect();
            let channel_pts = channel.map(|id| Ok::<_, Error>(boxes::find(tx, id)?.pts)).transpose()?;
            Ok(FoundMessages { messages, channel_pts, scene })
        })
        .await
    }
}

/// Messages that were named, in the order asked for.
#[derive(Debug, Clone)]
pub struct FoundMessages {
    /// The id, and the message if it is there.
    pub messages: Vec<(MsgId, Option<Message>)>,
    /// The pts of the box, if it is a channel's.
    pub channel_pts: Option<Pts>,
    /// Everybody that the messages mention.
    pub scene: Scene,
}

/// How a client names a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageName {
    /// By its id.
    Id(MsgId),
    /// As the one that this message answers.
    AnsweredBy(MsgId),
}

impl MessageName {
    fn id(self) -> MsgId {
        match self {
            MessageName::Id(id) | MessageName::AnsweredBy(id) => id,
        }
    }
}

/// Loads what the rows of a page say, and what the page says of itself.
pub(crate) fn finish_page(
    tx: &Tx<'_>,
    reading: &Reading,
    rows: Vec<MessageRow>,
    window: Window,
) -> Result<MessagePage, Error> {
    let newest = rows.first().map(|row| row.id);
    let (messages, _) = views::cut_to_budget(tx, rows)?;
    let mut page = MessagePage { messages, ..MessagePage::default() };
    page.total = match reading.peer {
        Peer::Channel(_) => {
            let counters = boxes::find(tx, reading.box_id)?;
            page.channel_pts = Some(counters.pts.0);
            counters.messages
        }
        _ => dialogs::find(tx, reading.viewer, reading.peer)?.map_or(0, |dialog| dialog.messages),
    };
    if window.range != WHOLE_RANGE {
        let (from, to) = (MsgId(window.range.0), MsgId(window.range.1));
        page.total =
            messages::count_in_range(tx, reading.box_id, reading.peer, (from, to), COUNTED_MESSAGES)?;
    }
    let first_page =
        window.offset_id <= 0 && window.offset_date <= 0 && window.add_offset <= 0 && window.max_id <= 0;
    if let Some(thread) = window.thread {
        let place = (reading.box_id, thread);
        let whole = (MsgId(1), MsgId::MAX);
        page.total = messages::count_in_thread(tx, place, UserId(0), whole, COUNTED_MESSAGES)?;
    }
    if let Some(peer) = window.saved {
        let found = saved::find_many(tx, reading.viewer, &[peer])?.pop();
        page.total = found.map_or(0, |row| row.messages);
    }
    page.skipped = match newest {
        _ if window.thread.is_some() || window.saved.is_some() => None,
        _ if first_page && window.range == WHOLE_RANGE => Some(0),
        Some(newest) => {
            let range = (newest.next(), MsgId(window.range.1));
            let newer = messages::count_in_range(tx, reading.box_id, reading.peer, range, COUNTED_MESSAGES)?;
            Some(newer).filter(|newer| i64::from(*newer) < COUNTED_MESSAGES)
        }
        None => None,
    };
    let mut mentioned = Mentioned::default();
    page.messages.iter().for_each(|message| message.mentions(&mut mentioned));
    crate::peers::mention(&mut mentioned, reading.peer);
    page.scene = Scene::for_viewer(tx, reading.viewer, &mentioned)?;
    Ok(page)
}

/// Returns half of the window towards newer messages, then the half towards older ones.
pub(crate) fn page(tx: &Tx<'_>, reading: &Reading, w: Window) -> Result<Vec<MessageRow>, Error> {
    let (box_id, peer) = (reading.box_id, reading.peer);
    let limit = i64::from(w.limit).clamp(0, PAGE);
    let low = MsgId(w.min_id.max(0).saturating_add(1).max(w.range.0));
    let high = MsgId(if w.max_id > 0 { w.max_id - 1 } else { i32::MAX }.min(w.range.1));
    let start = start_of(tx, reading, w)?;
    let (ahead, skip) = (-i64::from(w.add_offset.min(0)), i64::from(w.add_offset.max(0)));
    let mut rows = Vec::new();
    if ahead > 0 {
        let range = Range { from: start.max(low), to: high, skip: 0, limit: ahead.min(10 * PAGE) };
        rows = match (w.thread, w.saved) {
            (_, Some(saved)) => saved::oldest(tx, reading.viewer, saved, range)?,
            (Some(thread), None) => messages::oldest_in_thread(tx, box_id, thread, range)?,
            (None, None) => messages::oldest(tx, box_id, peer, range)?,
        };
        rows.reverse();
        rows.truncate(usize::try_from(limit).unwrap_or(0));
    }
    let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
    if left > 0 {
        let below = if start == MsgId::MAX { high } else { high.min(start.before()) };
        let range = Range { from: low, to: below, skip: skip.min(MAX_SKIPPED), limit: left };
        rows.extend(match (w.thread, w.saved) {
            (_, Some(saved)) => saved::newest(tx, reading.viewer, saved, range)?,
            (Some(thread), None) => messages::newest_in_thread(tx, box_id, thread, range)?,
            (None, None) => messages::newest(tx, box_id, peer, range)?,
        });
    }
    Ok(rows)
}

/// Messages that `add_offset` may skip: each costs a step, and clients skip a page or two.
const MAX_SKIPPED: i64 = 10_000;

/// The id below which the page begins.
fn start_of(tx: &Tx<'_>, reading: &Reading, w: Window) -> Result<MsgId, Error> {
    match (w.offset_id, w.offset_date) {
        (id, _) if id > 0 => Ok(MsgId(id)),
        (_, date) if date > 0 => {
            let top = boxes::find(tx, reading.box_id)?.last_id;
            let date = UnixTime(i64::from(date));
            Ok(messages::last_before(tx, reading.box_id, reading.peer, top, date)?.next())
        }
        _ => Ok(MsgId::MAX),
    }
}
