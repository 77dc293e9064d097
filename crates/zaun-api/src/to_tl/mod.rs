//! From what the messenger knows to what clients see, once per type.

mod media;
mod message;
mod user;

use std::collections::BTreeSet;

use zaun_messenger::updates::State;
use zaun_messenger::{Error, Messenger};
use zaun_schema::api::{enums, types};

pub(crate) use media::{media, photo};
pub(crate) use message::{event_update, message, message_users, sent_updates};
pub(crate) use user::{online_status, user};

/// Whose eyes an object is for.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) messenger: &'a Messenger,
    /// The user who looks; 0 for nobody.
    pub(crate) viewer: i64,
    /// The DC that the client believes it talks to: its files are there.
    pub(crate) dc: i32,
}

impl View<'_> {
    /// The users with these ids, as the viewer sees them.
    pub(crate) async fn users(self, ids: BTreeSet<i64>) -> Result<Vec<enums::User>, Error> {
        let views = self.messenger.users(self.viewer, ids).await?;
        Ok(views.iter().map(|view| user(self, view)).collect())
    }

    /// One user that exists.
    pub(crate) async fn one_user(self, id: i64) -> Result<enums::User, Error> {
        let found = self.users(BTreeSet::from([id])).await?;
        found.into_iter().next().ok_or_else(|| Error::bad("USER_ID_INVALID"))
    }
}

/// Unix seconds as the schema has them.
pub(crate) fn date(seconds: i64) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

/// The common box's state. seq stands still: every packet of ours may be applied at once (M-357).
pub(crate) fn state(state: State) -> types::updates::State {
    types::updates::State {
        pts: state.pts,
        qts: 0,
        date: date(state.date),
        seq: 1,
        unread_count: state.unread_count,
    }
}

/// A packet of updates for one receiver.
pub(crate) async fn updates(
    view: View<'_>,
    updates: Vec<enums::Update>,
    users: BTreeSet<i64>,
) -> Result<enums::Updates, Error> {
    let users = view.users(users).await?;
    let date = date(view.messenger.now());
    Ok(types::Updates { updates, users, chats: Vec::new(), date, seq: 0 }.into())
}
