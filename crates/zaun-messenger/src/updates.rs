//! State and difference of boxes (M-380 … M-392).

use std::collections::HashMap;
use std::sync::Arc;

use zaun_model::{BoxId, MsgId, Peer, Pts, UnixTime, UserId};
use zaun_schema::api::enums::Update;
use zaun_schema::visit::{Mentioned, Mentions};
use zaun_store::Tx;
use zaun_store::repo::boxes::{self, BoxRow};
use zaun_store::repo::events::{self, EventRow};
use zaun_store::repo::messages::{self, MessageRow, Range};

use crate::changes::{Audience, Delivery, EDITED_MESSAGE, Event};
use crate::limits::{ANSWER_BYTES, CHANNEL_DIFFERENCE_EVENTS, CHANNEL_DIFFERENCE_GAP, DIFFERENCE_EVENTS};
use crate::peers::{PeerRef, mention};
use crate::rights::Reading;
use crate::views::{self, DialogLine, DialogLines, Message, Scene};
use crate::{Actor, Error, Messenger, errors, rights, stored};

/// The state of a user's box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Events so far.
    pub pts: Pts,
    /// When it was so.
    pub date: UnixTime,
    /// Unread messages in all private chats and basic groups.
    pub unread_count: i32,
}

/// Events of a box after a pts.
#[derive(Debug, Clone, Default)]
pub struct Events {
    /// Messages that arrived and are still there, in their newest form.
    pub new_messages: Vec<Message>,
    /// Messages that were changed, with the pts of the change.
    pub edited: Vec<(Message, Pts)>,
    /// Everything else, in order, with the pts after it and how many events it counts for.
    pub other: Vec<(Update, Pts, i32)>,
    /// pts after these events.
    pub pts: Pts,
    /// Whether there are more.
    pub more: bool,
    /// Everybody that the events mention.
    pub scene: Scene,
}

/// What happened since a client's pts.
#[derive(Debug, Clone)]
pub enum Difference {
    /// Nothing.
    Empty(State),
    /// Some or all of it.
    Events(Box<Events>, State),
    /// More than the client wants or the log still holds (M-383): it starts afresh from this pts.
    TooLong(State),
}

/// What happened in a channel since a client's pts.
#[derive(Debug, Clone)]
pub enum ChannelDifference {
    /// Nothing.
    Empty(Pts),
    /// Some or all of it.
    Events(Box<Events>),
    /// Too much: the conversation as it is, with its newest messages, newest first.
    TooLong(Box<DialogLine>, Vec<Message>, Box<Scene>),
}

pub(crate) fn state(tx: &Tx<'_>, user: UserId, now: UnixTime) -> Result<State, Error> {
    let counters = boxes::find(tx, BoxId::User(user))?;
    Ok(State { pts: counters.pts, date: now, unread_count: counters.unread })
}

impl Messenger {
    /// Returns the current state.
    pub async fn state(&self, actor: Actor) -> Result<State, Error> {
        let now = self.now();
        self.read(actor.user_id, move |tx| state(tx, actor.user_id, now)).await
    }

    /// Returns what happened after `pts`. `page` limits the events of one answer, `total` the gap as a whole.
    pub async fn difference(
        &self,
        actor: Actor,
        pts: Pts,
        page: Option<i32>,
        total: Option<i32>,
    ) -> Result<Difference, Error> {
        if pts.0 <= 0 {
            return Err(Error::bad(errors::PERSISTENT_TIMESTAMP_EMPTY));
        }
        let now = self.now();
        let page = i64::from(page.unwrap_or(i32::MAX)).clamp(1, DIFFERENCE_EVENTS);
        self.read(actor.user_id, move |tx| {
            let counters = boxes::find(tx, BoxId::User(actor.user_id))?;
            let current = State { pts: counters.pts, date: now, unread_count: counters.unread };
            if pts == current.pts {
                return Ok(Difference::Empty(current));
            }
            // A client that is ahead has seen what an older copy of the data does not hold.
            let too_much = total.is_some_and(|total| current.pts.0 - pts.0 > total);
            if pts > current.pts || pts < counters.floor_pts || too_much {
                return Ok(Difference::TooLong(current));
            }
            let events = collect(tx, actor.user_id, &counters, pts, page)?;
            let state = State { pts: events.pts, ..current };
            Ok(Difference::Events(Box::new(events), state))
        })
        .await
    }

    /// Returns what happened in a channel after `pts`.
    pub async fn channel_difference(
        &self,
        actor: Actor,
        channel: PeerRef,
        pts: Pts,
        limit: i32,
    ) -> Result<ChannelDifference, Error> {
        if pts.0 <= 0 {
            return Err(Error::bad(errors::PERSISTENT_TIMESTAMP_EMPTY));
        }
        let page = i64::from(limit).clamp(1, CHANNEL_DIFFERENCE_EVENTS);
        self.read(actor.user_id, move |tx| {
            let reading = rights::reading(tx, actor.user_id, channel)?;
            if reading.peer.channel().is_none() {
                return Err(Error::bad(errors::CHANNEL_INVALID));
            }
            let counters = boxes::find(tx, reading.box_id)?;
            if pts == counters.pts {
                return Ok(ChannelDifference::Empty(pts));
            }
            let gap = counters.pts.0.saturating_sub(pts.0);
            if pts > counters.pts || pts < counters.floor_pts || gap > CHANNEL_DIFFERENCE_GAP {
                return start_afresh(tx, &reading, counters, page);
            }
            let mut events = collect(tx, actor.user_id, &counters, pts, page)?;
            // G-227: what lies before a newcomer is no news to it.
            events.new_messages.retain(|message| reading.shows(message.id()));
            events.edited.retain(|(message, _)| reading.shows(message.id()));
            Ok(ChannelDifference::Events(Box::new(events)))
        })
        .await
    }
}

/// What the sessions of a node missed of a box.
#[derive(Debug)]
pub enum Missed {
    /// What they have to be told, in order.
    Deliveries {
        /// The deliveries.
        deliveries: Vec<Delivery>,
        /// pts after them.
        pts: Pts,
        /// Whether there are more.
        more: bool,
    },
    /// More than the log still holds; the box's pts.
    TooMuch(Pts),
}

impl Messenger {
    /// Returns what happened in a box after `pts`, as deliveries for its audience: for a node that heard of it from
    /// another one.
    pub async fn missed(&self, box_id: BoxId, pts: Pts) -> Result<Missed, Error> {
        let viewer = match box_id {
            BoxId::User(user) => user,
            BoxId::Channel(_) => UserId(0),
        };
        self.read(viewer, move |tx| {
            let counters = boxes::find(tx, box_id)?;
            if pts < counters.floor_pts {
                return Ok(Missed::TooMuch(counters.pts));
            }
            Ok(deliveries(box_id.into(), collect(tx, viewer, &counters, pts, DIFFERENCE_EVENTS)?))
        })
        .await
    }
}

fn deliveries(audience: Audience, events: Events) -> Missed {
    let (pts, more, scene) = (events.pts, events.more, Arc::new(events.scene));
    let arrived = events.new_messages.into_iter().map(|message| Event::Message(Arc::new(message)));
    let edited = events.edited.into_iter();
    let edited = edited.map(|(message, pts)| Event::Edited { message: Arc::new(message), pts });
    let other =
        events.other.into_iter().map(|(update, pts, pts_count)| Event::Logged { update, pts, pts_count });
    let mut all: Vec<Event> = arrived.chain(edited).chain(other).collect();
    all.sort_by_key(Event::pts);
    let delivery = |event| Delivery { audience, event, scene: scene.clone(), skip: None };
    Missed::Deliveries { deliveries: all.into_iter().map(delivery).collect(), pts, more }
}

fn start_afresh(
    tx: &Tx<'_>,
    reading: &Reading,
    counters: BoxRow,
    page: i64,
) -> Result<ChannelDifference, Error> {
    let Reading { viewer, peer, box_id, hidden_until } = *reading;
    let row = zaun_store::repo::dialogs::find(tx, viewer, peer)?;
    let row = row.unwrap_or_else(|| zaun_store::repo::dialogs::DialogRow::empty(viewer, peer));
    let DialogLines { lines, .. } = views::lines(tx, viewer, vec![row], &[(box_id, counters)].into())?;
    let line = lines.into_iter().next().ok_or_else(|| Error::bad(errors::CHANNEL_INVALID))?;
    let range = Range { from: hidden_until.next(), to: MsgId::MAX, skip: 0, limit: page };
    let (newest, _) = views::cut_to_budget(tx, messages::newest(tx, box_id, peer, range)?)?;
    let mut mentioned = Mentioned::default();
    mention(&mut mentioned, peer);
    newest.iter().for_each(|message| message.mentions(&mut mentioned));
    let scene = Scene::for_viewer(tx, viewer, &mentioned)?;
    Ok(ChannelDifference::TooLong(Box::new(line), newest, Box::new(scene)))
}

/// An event on its way into a difference, with its pts.
enum Step {
    Arrived(MessageRow),
    Logged(EventRow),
}

impl Step {
    fn pts(&self) -> Pts {
        match self {
            Step::Arrived(row) => row.pts,
            Step::Logged(event) => event.pts,
        }
    }
}

/// Messages that arrived tell it by their rows, everything else is in the log: both are merged by pts, and cut where
/// the page or the answer is full.
pub(crate) fn collect(
    tx: &Tx<'_>,
    viewer: UserId,
    counters: &BoxRow,
    pts: Pts,
    page: i64,
) -> Result<Events, Error> {
    let logged = events::since(tx, counters.box_id, pts, page)?;
    let seen = last_id_at(tx, counters, pts, logged.first())?;
    let arrived = match counters.box_id {
        BoxId::User(user) => messages::arrived_in_box(tx, user, seen, page)?,
        BoxId::Channel(id) => {
            let range = Range { from: seen.next(), to: MsgId::MAX, skip: 0, limit: page };
            messages::oldest(tx, counters.box_id, Peer::Channel(id), range)?
        }
    };
    // What a full list does not show may lie between the events of the other one.
    let full = |length: usize| i64::try_from(length).is_ok_and(|length| length >= page);
    let mut reach = counters.pts;
    if full(logged.len()) {
        reach = reach.min(logged.last().map_or(reach, |event| event.pts));
    }
    if full(arrived.len()) {
        reach = reach.min(arrived.last().map_or(reach, |row| row.pts));
    }
    let mut steps: Vec<Step> = arrived.into_iter().map(Step::Arrived).collect();
    steps.extend(logged.into_iter().map(Step::Logged));
    steps.retain(|step| step.pts() <= reach);
    steps.sort_by_key(Step::pts);
    let page = usize::try_from(page).unwrap_or(usize::MAX);
    if steps.len() > page {
        steps.truncate(page);
        reach = steps.last().map_or(reach, Step::pts);
    }
    fill(tx, viewer, counters, steps, reach)
}

/// The newest message id that the box had at a pts: between two logged events, ids and pts rise together.
fn last_id_at(tx: &Tx<'_>, counters: &BoxRow, pts: Pts, next: Option<&EventRow>) -> Result<MsgId, Error> {
    let floor = (counters.floor_pts, counters.floor_id);
    let (at, id) = events::last_until(tx, counters.box_id, pts)?.unwrap_or(floor);
    let risen = MsgId(id.0.saturating_add(pts.0.saturating_sub(at.0)));
    // A pts inside an event that counts for several is no point at which messages arrived.
    let highest = next.map_or(counters.last_id, |event| event.last_id);
    Ok(risen.min(highest))
}

fn fill(
    tx: &Tx<'_>,
    viewer: UserId,
    counters: &BoxRow,
    steps: Vec<Step>,
    reach: Pts,
) -> Result<Events, Error> {
    let mut rows: Vec<MessageRow> = Vec::new();
    let mut edited: HashMap<MsgId, Pts> = HashMap::new();
    for step in &steps {
        match step {
            Step::Arrived(row) => rows.push(row.clone()),
            Step::Logged(event) if event.kind == EDITED_MESSAGE => {
                edited.insert(event.message_id, event.pts);
            }
            Step::Logged(_) => {}
        }
    }
    let new: Vec<MsgId> = rows.iter().map(|row| row.id).collect();
    // M-385: what is new is not edited on top of it.
    edited.retain(|id, _| !new.contains(id));
    let copies: Vec<_> = edited.keys().map(|id| (counters.box_id, *id)).collect();
    rows.extend(messages::find_copies(tx, &copies)?);
    let messages = views::messages(tx, rows)?;
    let mut messages: HashMap<MsgId, Message> = messages.into_iter().map(|m| (m.id(), m)).collect();
    let (mut events, mut left) = (Events { pts: reach, ..Events::default() }, ANSWER_BYTES);
    let mut reached = None;
    for step in steps {
        let bytes = match &step {
            Step::Arrived(row) => messages.get(&row.id).map_or(0, Message::bytes),
            Step::Logged(event) => match &event.body {
                Some(body) => body.len(),
                None => messages.get(&event.message_id).map_or(0, Message::bytes),
            },
        };
        if bytes > left && reached.is_some() {
            events.pts = reached.unwrap_or(reach);
            break;
        }
        left = left.saturating_sub(bytes);
        reached = Some(step.pts());
        take_step(&mut events, step, &mut messages, &edited)?;
    }
    events.more = events.pts < counters.pts;
    let mut mentioned = Mentioned::default();
    events.new_messages.iter().for_each(|message| message.mentions(&mut mentioned));
    events.edited.iter().for_each(|(message, _)| message.mentions(&mut mentioned));
    events.other.iter().for_each(|(update, ..)| update.mentions(&mut mentioned));
    if let BoxId::Channel(id) = counters.box_id {
        mention(&mut mentioned, Peer::Channel(id));
    }
    events.scene = Scene::for_viewer(tx, viewer, &mentioned)?;
    Ok(events)
}

fn take_step(
    events: &mut Events,
    step: Step,
    messages: &mut HashMap<MsgId, Message>,
    edited: &HashMap<MsgId, Pts>,
) -> Result<(), Error> {
    match step {
        // M-386: deleted messages are not there, edited ones come in their newest form.
        Step::Arrived(row) => events.new_messages.extend(messages.remove(&row.id)),
        Step::Logged(EventRow { body: Some(body), pts, pts_count, .. }) => {
            events.other.push((stored::decode(body)?, pts, pts_count));
        }
        Step::Logged(event) => {
            // Only the last edit of several counts.
            if edited.get(&event.message_id) == Some(&event.pts) {
                let message = messages.remove(&event.message_id);
                events.edited.extend(message.map(|message| (message, event.pts)));
            }
        }
    }
    Ok(())
}
