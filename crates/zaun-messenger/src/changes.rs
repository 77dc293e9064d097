//! The one door for changes: state, pts and event log in one transaction, deliveries after it.

use zaun_schema::api::enums::Update;
use zaun_store::Tx;
use zaun_store::repo::messages::{self, MessageRow};
use zaun_store::repo::updates::{self, UpdateRow};
use zaun_store::repo::{PeerKey, dialogs};

use crate::Error;

/// Kinds of rows in the event log.
pub(crate) const NEW_MESSAGE: i64 = 1;
pub(crate) const EDITED_MESSAGE: i64 = 2;
pub(crate) const OTHER: i64 = 3;

/// Something that happened in a user's box.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A message arrived; counts one pts.
    Message {
        /// The message.
        row: MessageRow,
        /// pts after it.
        pts: i32,
    },
    /// A message changed; counts one pts.
    Edited {
        /// The message in its newest form.
        row: MessageRow,
        /// pts after it.
        pts: i32,
    },
    /// Anything else that counts; pts and pts_count are inside the update.
    Logged {
        /// The update.
        update: Update,
        /// pts after it.
        pts: i32,
        /// How many events it counts for (M-359).
        pts_count: i32,
    },
    /// Something that leaves no trace in the log.
    Transient(Update),
}

/// An event on its way to the sessions of a user.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The user.
    pub owner: i64,
    /// What happened.
    pub event: Event,
    /// (auth key, session) that knows already, because it caused it.
    pub skip: Option<(i64, i64)>,
}

/// Where deliveries go. They are hints: losing one costs a client a getDifference, nothing more.
pub trait Outlet: Send + Sync + 'static {
    /// Takes one delivery; must not block.
    fn deliver(&self, delivery: Delivery);
}

/// A running change: the transaction, and what others have to hear of it.
pub struct Changes<'t, 'c> {
    /// For everything that needs no pts.
    pub tx: &'t Tx<'c>,
    /// Unix seconds.
    pub now: i64,
    deliveries: Vec<Delivery>,
}

impl<'t, 'c> Changes<'t, 'c> {
    pub(crate) fn new(tx: &'t Tx<'c>, now: i64) -> Self {
        Changes { tx, now, deliveries: Vec::new() }
    }

    pub(crate) fn into_deliveries(self) -> Vec<Delivery> {
        self.deliveries
    }

    fn deliver(&mut self, owner: i64, event: Event) {
        self.deliveries.push(Delivery { owner, event, skip: None });
    }

    fn log(&self, owner: i64, pts: i32, pts_count: i32, row: UpdateRow) -> Result<(), Error> {
        updates::log(self.tx, owner, &UpdateRow { pts, pts_count, date: self.now, ..row })
            .map_err(Error::from)
    }

    /// Reserves the next message id of a box; the pts belongs to its arrival (M-358).
    pub fn reserve(&self, owner: i64) -> Result<(i32, i32), Error> {
        Ok(updates::next_message(self.tx, owner)?)
    }

    /// Puts a message with a reserved id and pts into its box.
    pub fn add_message(&mut self, row: MessageRow, pts: i32) -> Result<(), Error> {
        messages::insert(self.tx, &row)?;
        // Notes to oneself are never unread.
        let read = row.outgoing || row.peer == PeerKey::user(row.owner_id);
        dialogs::on_message(self.tx, row.owner_id, row.peer, row.id, row.date, read)?;
        self.log(row.owner_id, pts, 1, message_event(NEW_MESSAGE, row.id))?;
        self.deliver(row.owner_id, Event::Message { row, pts });
        Ok(())
    }

    /// Writes a changed message back.
    pub fn edit_message(&mut self, row: MessageRow) -> Result<(), Error> {
        messages::update(self.tx, &row)?;
        let pts = updates::raise_pts(self.tx, row.owner_id, 1)?;
        self.log(row.owner_id, pts, 1, message_event(EDITED_MESSAGE, row.id))?;
        self.deliver(row.owner_id, Event::Edited { row, pts });
        Ok(())
    }

    /// Logs any other event of `pts_count` (M-359); `make` builds the update with its pts.
    pub fn log_event(
        &mut self,
        owner: i64,
        pts_count: i32,
        make: impl FnOnce(i32) -> Update,
    ) -> Result<i32, Error> {
        let pts = updates::raise_pts(self.tx, owner, pts_count)?;
        let update = make(pts);
        let body = crate::messages::body::encode(&update)?;
        let row = UpdateRow { kind: OTHER, body: Some(body), ..message_event(OTHER, 0) };
        self.log(owner, pts, pts_count, UpdateRow { message_id: None, ..row })?;
        self.deliver(owner, Event::Logged { update, pts, pts_count });
        Ok(pts)
    }

    /// Tells a user's sessions of something that needs no pts.
    pub fn hint(&mut self, owner: i64, update: Update) {
        self.deliver(owner, Event::Transient(update));
    }
}

fn message_event(kind: i64, message_id: i32) -> UpdateRow {
    UpdateRow { pts: 0, pts_count: 1, kind, message_id: Some(message_id), body: None, date: 0 }
}
