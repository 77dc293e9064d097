//! Users as somebody sees them.

use std::collections::BTreeSet;

use zaun_store::Tx;
use zaun_store::repo::contacts::{self, ContactRow};
use zaun_store::repo::users::{self, UserRow};

use crate::{Error, Messenger};

/// A user in the eyes of a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserView {
    /// The account.
    pub user: UserRow,
    /// The viewer's contact entry for it.
    pub contact: Option<ContactRow>,
    /// Whether it is the viewer.
    pub is_self: bool,
    /// Whether it has the viewer as a contact, which opens its phone number.
    pub knows_viewer: bool,
}

/// Loads users for a viewer; unknown ids are left out.
pub fn load(tx: &Tx<'_>, viewer: i64, ids: &BTreeSet<i64>) -> Result<Vec<UserView>, Error> {
    let mut views = Vec::with_capacity(ids.len());
    for id in ids {
        let Some(user) = users::find(tx, *id)? else { continue };
        let is_self = *id == viewer;
        let contact = if is_self { None } else { contacts::find(tx, viewer, *id)? };
        let knows_viewer = match &contact {
            Some(contact) => contact.mutual,
            None => !is_self && contacts::find(tx, *id, viewer)?.is_some(),
        };
        views.push(UserView { user, contact, is_self, knows_viewer });
    }
    Ok(views)
}

impl Messenger {
    /// Users as the viewer sees them; unknown ids are left out.
    pub async fn users(&self, viewer: i64, ids: BTreeSet<i64>) -> Result<Vec<UserView>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |tx| load(tx, viewer, &ids)).await
    }

    /// Notes when a user was last seen.
    pub async fn set_last_seen(&self, user_id: i64, at: i64) -> Result<(), Error> {
        self.store.write(move |tx| Ok(users::set_last_seen(tx, user_id, at)?)).await
    }
}
