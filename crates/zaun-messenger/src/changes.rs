//! The one door for changes: state, pts and event log in one transaction, deliveries after it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use zaun_model::{BoxId, ChannelId, MsgId, Peer, Pts, UnixTime, UserId};
use zaun_schema::api::enums::Update;
use zaun_schema::visit::{Mentioned, Mentions};
use zaun_store::Tx;
use zaun_store::repo::boxes::{self, BoxRow};
use zaun_store::repo::contents::{self, ContentRow};
use zaun_store::repo::dialogs;
use zaun_store::repo::events::{self, EventRow};
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::scheduled;
use zaun_store::repo::threads::{self, GENERAL};

use crate::content_ids::ContentIds;
use crate::messages::content::Body;
use crate::messages::saved;
use crate::stored;
use crate::views::{Message, Scene};
use crate::{Actor, Error};

/// `events.kind` of an edited message.
pub(crate) const EDITED_MESSAGE: i64 = 2;
/// `events.kind` of anything else.
pub(crate) const OTHER: i64 = 3;

/// Something that happened in a box.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message arrived; it counts one, and the pts after it is that of its row.
    Message(Arc<Message>),
    /// A message changed; it counts one.
    Edited {
        /// The message in its newest form.
        message: Arc<Message>,
        /// pts after the change.
        pts: Pts,
    },
    /// Anything else that counts; pts and pts_count are inside the update.
    Logged {
        /// The update.
        update: Update,
        /// pts after it.
        pts: Pts,
        /// How many events it counts for (M-359).
        pts_count: i32,
    },
    /// Something that leaves no trace in the log.
    Transient(Update),
}

impl Event {
    /// The pts of the box after the event; 0 for one that leaves no trace.
    pub(crate) fn pts(&self) -> Pts {
        match self {
            Event::Message(message) => message.row.pts,
            Event::Edited { pts, .. } | Event::Logged { pts, .. } => *pts,
            Event::Transient(_) => Pts(0),
        }
    }

    pub(crate) fn mentions(&self, out: &mut Mentioned) {
        match self {
            Event::Message(message) | Event::Edited { message, .. } => message.mentions(out),
            Event::Logged { update, .. } | Event::Transient(update) => update.mentions(out),
        }
    }
}

/// Who is to hear of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// The sessions of one user.
    User(UserId),
    /// The sessions of everybody who is in a channel.
    Channel(ChannelId),
}

impl From<BoxId> for Audience {
    fn from(box_id: BoxId) -> Audience {
        match box_id {
            BoxId::User(id) => Audience::User(id),
            BoxId::Channel(id) => Audience::Channel(id),
        }
    }
}

/// What a member of a channel gets to see of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// What every ordinary member gets.
    Ordinary,
    /// Objects that show rights or limits of its own.
    Special,
}

/// An event on its way to sessions.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Who is to hear of it.
    pub audience: Audience,
    /// What happened.
    pub event: Event,
    /// Everybody that the event mentions, as each user of the audience sees them.
    pub scene: Arc<Scene>,
    /// (auth key, session) that knows already, because it caused the event.
    pub skip: Option<(i64, i64)>,
}

/// Where deliveries go. They are hints: losing one costs a client a getDifference, nothing more.
pub trait Outlet: Send + Sync + 'static {
    /// Takes one delivery; must not block.
    fn deliver(&self, delivery: Delivery);

    /// Takes the news of what a user is to a channel from now on, before any delivery that follows from it.
    fn membership(&self, user: UserId, channel: ChannelId, seat: Option<Seat>);

    /// Takes the news that a key was logged out, by itself or by another session.
    fn key_ended(&self, key_id: i64, revoked: bool);

    /// Takes the news that a user is online until a moment, or gone.
    fn online(&self, user: UserId, until: Option<UnixTime>);
}

/// Where a message that is posted shows up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// In which box.
    pub(crate) box_id: BoxId,
    /// In which conversation of that box.
    pub(crate) peer: Peer,
    /// The message of that box that it answers.
    pub(crate) reply_to: Option<MsgId>,
    /// Whether it counts as unread there.
    pub(crate) unread: bool,
    /// The thread or topic that it goes to; only a channel's box has such.
    pub(crate) thread: Thread,
}

/// Where in a conversation a message belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Thread {
    /// In none.
    #[default]
    None,
    /// Below the message that began it.
    Below(MsgId),
    /// In a topic of a forum.
    Topic(MsgId),
}

impl Thread {
    /// What `messages.thread_id` says of it.
    fn column(self) -> MsgId {
        match self {
            Thread::None | Thread::Topic(GENERAL) => MsgId(0),
            Thread::Below(id) | Thread::Topic(id) => id,
        }
    }
}

/// What a change leaves for those concerned.
pub(crate) struct Left {
    pub(crate) events: Vec<(Audience, Event)>,
    pub(crate) memberships: Vec<(UserId, ChannelId, Option<Seat>)>,
    pub(crate) scene: Arc<Scene>,
}

/// A running change: the transaction, and what others have to hear of it.
pub struct Changes<'t, 'c> {
    /// For everything that needs no pts.
    pub tx: &'t Tx<'c>,
    /// The moment of the change.
    pub now: UnixTime,
    /// Whom the answer of the change mentions, beside those of its events.
    pub mentioned: Mentioned,
    ids: &'t ContentIds,
    boxes: BTreeMap<BoxId, BoxRow>,
    touched: BTreeSet<BoxId>,
    events: Vec<(Audience, Event)>,
    memberships: Vec<(UserId, ChannelId, Option<Seat>)>,
}

impl<'t, 'c> Changes<'t, 'c> {
    pub(crate) fn new(tx: &'t Tx<'c>, ids: &'t ContentIds, now: UnixTime) -> Self {
        Changes {
            tx,
            now,
            mentioned: Mentioned::default(),
            ids,
            boxes: BTreeMap::new(),
            touched: BTreeSet::new(),
            events: Vec::new(),
            memberships: Vec::new(),
        }
    }

    /// Writes the counters back, in ascending order of the boxes so that two changes never wait for each other, and
    /// loads whom the events mention, for everybody concerned.
    pub(crate) fn finish(mut self, actor: Actor) -> Result<Left, Error> {
        for box_id in &self.touched {
            if let Some(row) = self.boxes.get(box_id) {
                boxes::save(self.tx, row)?;
            }
        }
        let mut viewers = BTreeSet::from([actor.user_id]);
        for (audience, event) in &self.events {
            event.mentions(&mut self.mentioned);
            if let Audience::User(user) = audience {
                viewers.insert(*user);
            }
        }
        let scene = Arc::new(Scene::load(self.tx, &viewers, &self.mentioned)?);
        Ok(Left { events: self.events, memberships: self.memberships, scene })
    }

    /// Loads the counters of several boxes in one statement.
    pub(crate) fn load_boxes(&mut self, wanted: impl IntoIterator<Item = BoxId>) -> Result<(), Error> {
        let missing: BTreeSet<BoxId> = wanted.into_iter().filter(|id| !self.boxes.contains_key(id)).collect();
        let missing: Vec<BoxId> = missing.into_iter().collect();
        let rows = boxes::take_many(self.tx, &missing)?;
        self.boxes.extend(rows.into_iter().map(|row| (row.box_id, row)));
        Ok(())
    }

    /// Returns the counters of a box as they will be after the change.
    pub(crate) fn counters(&mut self, box_id: BoxId) -> Result<&BoxRow, Error> {
        if !self.boxes.contains_key(&box_id) {
            self.load_boxes([box_id])?;
        }
        self.boxes.get(&box_id).ok_or_else(|| Error::bad(crate::errors::PEER_ID_INVALID))
    }

    /// Changes the counters of a box.
    pub(crate) fn count(&mut self, box_id: BoxId, change: impl FnOnce(&mut BoxRow)) -> Result<BoxRow, Error> {
        self.counters(box_id)?;
        self.touched.insert(box_id);
        let row = self.boxes.get_mut(&box_id).ok_or_else(|| Error::bad(crate::errors::PEER_ID_INVALID))?;
        change(row);
        Ok(row.clone())
    }

    /// Returns the pts of a box as it will be after the change.
    pub fn pts(&mut self, box_id: BoxId) -> Result<Pts, Error> {
        Ok(self.counters(box_id)?.pts)
    }

    /// Posts a message that `writer` wrote and that appears as `author`'s: its content once, a row in every place,
    /// counters, and the news of it; whom it mentions gets to know that. Returns the message as it is in each place, in
    /// their order.
    pub(crate) fn post(
        &mut self,
        writer: UserId,
        author: Peer,
        body: &Body,
        places: &[Place],
        mentioned: &[UserId],
    ) -> Result<Vec<Arc<Message>>, Error> {
        self.load_boxes(places.iter().map(|place| place.box_id))?;
        let home = places.first().map_or(0, |place| place.box_id.marked());
        let content_id = self.ids.next(self.now, home);
        let media_kind = body.media_kind();
        let mut rows = Vec::with_capacity(places.len());
        for place in places {
            let counters = self.count(place.box_id, |row| {
                row.pts = Pts(row.pts.0.saturating_add(1));
                row.last_id = row.last_id.next();
            })?;
            rows.push(MessageRow {
                box_id: place.box_id,
                peer: place.peer,
                id: counters.last_id,
                content_id,
                author,
                date: self.now,
                pts: counters.pts,
                reply_to_id: place.reply_to,
                media_kind,
                pinned: false,
                media_unread: body.is_listened_to() && place.peer != author,
                thread_id: place.thread.column(),
            });
        }
        let copies: Vec<_> = rows.iter().map(|row| (row.box_id, row.id)).collect();
        let content = ContentRow {
            id: content_id,
            author: Peer::User(writer),
            date: self.now,
            edit_date: None,
            media_kind,
            rows_left: i64::try_from(rows.len()).unwrap_or(i64::MAX),
            text: body.text().to_owned(),
            body: body.encode()?,
            copies: contents::encode_copies(&copies),
            marked: !mentioned.is_empty(),
            // G-315
            views: i32::from(body.is_post()),
            forwards: 0,
            reactions: None,
            replies: body.first_sum()?,
        };
        contents::insert(self.tx, &content)?;
        crate::files::count_uses(self.tx, &body.media_ids(), 1)?;
        if let Some(period) = body.ttl_period() {
            scheduled::expire(self.tx, content_id, self.now + i64::from(period))?;
        }
        for user in mentioned {
            crate::messages::mentions::call(self.tx, *user, &content, &rows)?;
        }
        let mut posted = Vec::with_capacity(rows.len());
        for (row, place) in rows.into_iter().zip(places) {
            let mentioned = mentioned.to_vec();
            let message = Message { mentioned, ..Message::new(row, &content, None, body.clone()) };
            posted.push(self.add_row(message, place.unread)?);
            if let (BoxId::Channel(channel), Thread::Topic(topic), Some(last)) =
                (place.box_id, place.thread, posted.last())
            {
                threads::set_top(self.tx, channel, topic, last.id())?;
            }
        }
        Ok(posted)
    }

    fn add_row(&mut self, message: Message, unread: bool) -> Result<Arc<Message>, Error> {
        let row = message.row.clone();
        messages::insert(self.tx, &row)?;
        saved::add(self.tx, &message)?;
        if row.media_kind > 0 {
            messages::count_media(self.tx, row.box_id, row.peer, row.media_kind, 1)?;
        }
        match row.box_id {
            BoxId::User(user) => {
                dialogs::on_message(self.tx, user, row.peer, (row.id, row.date), unread)?;
                if unread {
                    self.count(row.box_id, |counters| counters.unread += 1)?;
                }
            }
            BoxId::Channel(_) => {
                self.count(row.box_id, |counters| {
                    (counters.top_id, counters.top_date) = (row.id, row.date);
                    counters.messages += 1;
                })?;
            }
        }
        let audience = row.box_id.into();
        let message = Arc::new(message);
        self.events.push((audience, Event::Message(message.clone())));
        Ok(message)
    }

    /// Shows a message in one more box, as a newcomer of its conversation gets it: with an id and a pts of that box.
    pub(crate) fn copy_to(
        &mut self,
        box_id: BoxId,
        original: &MessageRow,
        content: &ContentRow,
    ) -> Result<(), Error> {
        let counters = self.count(box_id, |row| {
            row.pts = Pts(row.pts.0.saturating_add(1));
            row.last_id = row.last_id.next();
        })?;
        let answered = match original.reply_to_id {
            Some(id) => self.id_in(box_id, original.box_id, id)?,
            None => None,
        };
        let row = MessageRow {
            box_id,
            id: counters.last_id,
            pts: counters.pts,
            reply_to_id: answered,
            pinned: false,
            media_unread: false,
            thread_id: MsgId(0),
            ..original.clone()
        };
        contents::add_copy(self.tx, content, (box_id, row.id))?;
        let message = Message::new(row, content, content.edit_date, Body::decode(content)?);
        self.add_row(message, false).map(drop)
    }

    /// The number in one box of a message of another box.
    fn id_in(&self, wanted: BoxId, box_id: BoxId, id: MsgId) -> Result<Option<MsgId>, Error> {
        let Some(row) = messages::find_copies(self.tx, &[(box_id, id)])?.pop() else { return Ok(None) };
        let content = contents::find_many(self.tx, &[row.content_id])?.pop();
        let copies = content.iter().flat_map(ContentRow::copies);
        Ok(copies.filter(|(copy, _)| *copy == wanted).map(|(_, id)| id).next())
    }

    /// Writes an edited content back, and logs the edit in every box that still shows it.
    pub(crate) fn edit(&mut self, content: &ContentRow, body: &Body) -> Result<(), Error> {
        let before = Body::decode(content)?;
        let (old_media, new_media) = (before.media_ids(), body.media_ids());
        let kind = body.media_kind();
        let changed = ContentRow {
            edit_date: Some(self.now),
            media_kind: kind,
            text: body.text().to_owned(),
            body: body.encode()?,
            ..content.clone()
        };
        contents::update(self.tx, &changed)?;
        if old_media != new_media {
            crate::files::count_uses(self.tx, &new_media, 1)?;
            crate::files::count_uses(self.tx, &old_media, -1)?;
        }
        let copies: Vec<_> = changed.copies().collect();
        self.load_boxes(copies.iter().map(|(box_id, _)| *box_id))?;
        let rows = messages::find_copies(self.tx, &copies)?;
        let shown = rows.iter().map(|row| (row.box_id, row.peer, row.author));
        crate::messages::search::reindex(self.tx, &changed, shown)?;
        for mut row in rows {
            if row.media_kind != kind {
                self.change_media_kind(&mut row, kind)?;
            }
            let (peer, id) = (row.peer.marked(), row.id);
            let box_id = row.box_id;
            let pts = self.log(box_id, 1, |event| {
                (event.kind, event.peer, event.message_id) = (EDITED_MESSAGE, peer, id);
                Ok(())
            })?;
            let edit_date = Some(self.now);
            let message = Arc::new(Message::new(row, &changed, edit_date, body.clone()));
            self.events.push((box_id.into(), Event::Edited { message, pts }));
        }
        Ok(())
    }

    fn change_media_kind(&mut self, row: &mut MessageRow, kind: i64) -> Result<(), Error> {
        messages::set_media_kind(self.tx, row, kind)?;
        for (kind, change) in [(row.media_kind, -1), (kind, 1)] {
            if kind > 0 {
                messages::count_media(self.tx, row.box_id, row.peer, kind, change)?;
            }
        }
        row.media_kind = kind;
        Ok(())
    }

    fn log(
        &mut self,
        box_id: BoxId,
        pts_count: i32,
        fill: impl FnOnce(&mut EventRow) -> Result<(), Error>,
    ) -> Result<Pts, Error> {
        let counters = self.count(box_id, |row| row.pts = Pts(row.pts.0.saturating_add(pts_count)))?;
        let mut event = EventRow {
            box_id,
            pts: counters.pts,
            pts_count,
            kind: OTHER,
            peer: 0,
            message_id: MsgId(0),
            last_id: counters.last_id,
            date: self.now,
            body: None,
        };
        fill(&mut event)?;
        events::insert(self.tx, &event)?;
        Ok(counters.pts)
    }

    /// Logs any other event of `pts_count` (M-359); `make` builds the update with its pts.
    pub fn log_event(
        &mut self,
        box_id: BoxId,
        pts_count: i32,
        make: impl FnOnce(i32) -> Update,
    ) -> Result<Pts, Error> {
        let mut logged = None;
        let pts = self.log(box_id, pts_count, |event| {
            let update = make(event.pts.0);
            event.body = Some(stored::encode(&update)?);
            logged = Some(update);
            Ok(())
        })?;
        let update = logged.into_iter().map(|update| Event::Logged { update, pts, pts_count });
        self.events.extend(update.map(|event| (box_id.into(), event)));
        Ok(pts)
    }

    /// Tells an audience of something that needs no pts.
    pub fn hint(&mut self, audience: Audience, update: Update) {
        self.events.push((audience, Event::Transient(update)));
    }

    /// Tells a user's sessions of something that needs no pts.
    pub fn hint_user(&mut self, user: UserId, update: Update) {
        self.hint(Audience::User(user), update);
    }

    /// Notes what a user is to a channel from now on; `None` if it is not in it any more.
    pub(crate) fn membership(&mut self, user: UserId, channel: ChannelId, seat: Option<Seat>) {
        self.memberships.push((user, channel, seat));
    }
}
