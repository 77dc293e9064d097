//! State and difference of a user's box (M-380 … M-392).

use zaun_schema::api::enums::Update;
use zaun_store::Tx;
use zaun_store::repo::messages::MessageRow;
use zaun_store::repo::{dialogs, messages, updates};

use crate::changes::{EDITED_MESSAGE, NEW_MESSAGE};
use crate::limits::DIFFERENCE_EVENTS;
use crate::messages::body;
use crate::{Actor, Error, Messenger};

/// The state of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Events so far.
    pub pts: i32,
    /// Unix seconds.
    pub date: i64,
    /// Unread messages in all conversations.
    pub unread_count: i32,
}

/// What happened since a client's pts.
#[derive(Debug, Clone)]
pub enum Difference {
    /// Nothing.
    Empty(State),
    /// Some or all of it.
    Events {
        /// Messages that arrived and are still there, in their newest form.
        new_messages: Vec<MessageRow>,
        /// Messages that were changed, with the pts of the change.
        edited: Vec<(MessageRow, i32)>,
        /// Everything else, in order.
        other: Vec<Update>,
        /// The state after these events.
        state: State,
        /// Whether the client has to ask again.
        more: bool,
    },
    /// More than the client wants (M-383): it starts afresh from this pts.
    TooLong(State),
}

fn state(tx: &Tx<'_>, user_id: i64, now: i64) -> Result<State, Error> {
    Ok(State {
        pts: updates::pts(tx, user_id)?,
        date: now,
        unread_count: dialogs::total_unread(tx, user_id)?,
    })
}

impl Messenger {
    /// The current state.
    pub async fn state(&self, actor: Actor) -> Result<State, Error> {
        let now = self.now();
        self.read(move |tx| state(tx, actor.user_id, now)).await
    }

    /// What happened after `pts`. `page` limits the events of one answer, `total` the gap as a whole.
    pub async fn difference(
        &self,
        actor: Actor,
        pts: i32,
        page: Option<i32>,
        total: Option<i32>,
    ) -> Result<Difference, Error> {
        if pts <= 0 {
            return Err(Error::bad("PERSISTENT_TIMESTAMP_EMPTY"));
        }
        let now = self.now();
        let page = i64::from(page.unwrap_or(i32::MAX)).clamp(1, DIFFERENCE_EVENTS);
        self.read(move |tx| {
            let current = state(tx, actor.user_id, now)?;
            if pts > current.pts {
                return Err(Error::bad("PERSISTENT_TIMESTAMP_INVALID"));
            }
            if pts == current.pts {
                return Ok(Difference::Empty(current));
            }
            if total.is_some_and(|total| current.pts - pts > total) {
                return Ok(Difference::TooLong(current));
            }
            collect(tx, actor.user_id, pts, page, current)
        })
        .await
    }
}

fn collect(tx: &Tx<'_>, user_id: i64, pts: i32, page: i64, current: State) -> Result<Difference, Error> {
    let events = updates::since(tx, user_id, pts, page)?;
    let reached = events.last().map_or(current.pts, |event| event.pts);
    let (mut new_messages, mut edited, mut other) = (Vec::new(), Vec::new(), Vec::new());
    for event in events {
        let message = match event.message_id {
            Some(id) => messages::find(tx, user_id, id)?,
            None => None,
        };
        match (event.kind, message, event.body) {
            // M-386: deleted messages are not there, edited ones come in their newest form.
            (NEW_MESSAGE, Some(row), _) => new_messages.push(row),
            (EDITED_MESSAGE, Some(row), _) => edited.push((row, event.pts)),
            (_, _, Some(bytes)) => other.push(body::decode(bytes)?),
            _ => {}
        }
    }
    // M-385: what is new is not edited on top of it.
    edited.retain(|(row, _)| !new_messages.iter().any(|new| new.id == row.id));
    let more = reached < current.pts;
    let state = State { pts: reached, ..current };
    Ok(Difference::Events { new_messages, edited, other, state, more })
}
