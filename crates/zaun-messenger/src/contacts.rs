//! Contact lists and finding people.

use std::collections::BTreeSet;

use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::contacts::{self, ContactRow};
use zaun_store::repo::users as accounts;

use crate::accounts::fold_username;
use crate::codes::normalize_phone;
use crate::limits::{CONTACTS_PER_IMPORT, NAME_LENGTH};
use crate::peers::UserRef;
use crate::{Actor, Changes, Error, Messenger};

/// A phone book entry on its way in.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The client's own number for it.
    pub client_id: i64,
    /// Any spelling.
    pub phone: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
}

impl Messenger {
    /// The whole list.
    pub async fn contacts(&self, actor: Actor) -> Result<Vec<ContactRow>, Error> {
        self.read(move |tx| Ok(contacts::all(tx, actor.user_id)?)).await
    }

    /// Imports phone book entries; (client id, user id) for those who have an account.
    pub async fn import_contacts(&self, actor: Actor, entries: Vec<Entry>) -> Result<Vec<(i64, i64)>, Error> {
        if entries.len() > CONTACTS_PER_IMPORT {
            return Err(Error::bad("CONTACTS_TOO_MUCH"));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut imported = Vec::new();
            for entry in &entries {
                // A phone book holds anything; what is no phone number is simply nobody's.
                let Ok(phone) = normalize_phone(&entry.phone) else { continue };
                let Some(user) = accounts::by_phone(changes.tx, &phone)? else { continue };
                imported.push((entry.client_id, user.id));
                if user.id != actor.user_id {
                    let names = (entry.first_name.as_str(), entry.last_name.as_str());
                    put(changes, actor.user_id, user.id, names, &phone)?;
                }
            }
            Ok(imported)
        };
        Ok(self.change(actor, work).await?.0)
    }

    /// Adds or renames one contact.
    pub async fn add_contact(
        &self,
        actor: Actor,
        user: UserRef,
        names: (String, String),
        phone: String,
    ) -> Result<i64, Error> {
        let first = names.0.trim().to_owned();
        if first.is_empty() || first.chars().count() > NAME_LENGTH {
            return Err(Error::bad("CONTACT_NAME_EMPTY"));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = user.resolve(changes.tx, actor.user_id)?;
            if id == actor.user_id {
                return Err(Error::bad("CONTACT_ID_INVALID"));
            }
            let known = contacts::find(changes.tx, actor.user_id, id)?.map(|c| c.phone).unwrap_or_default();
            let given = normalize_phone(&phone).unwrap_or(known);
            put(changes, actor.user_id, id, (&first, names.1.trim()), &given)?;
            Ok(id)
        };
        Ok(self.change(actor, work).await?.0)
    }

    /// Removes contacts; the ids that were in the list.
    pub async fn delete_contacts(&self, actor: Actor, named: Vec<UserRef>) -> Result<Vec<i64>, Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut gone = Vec::new();
            for user in &named {
                let id = user.resolve(changes.tx, actor.user_id)?;
                if contacts::delete(changes.tx, actor.user_id, id)? {
                    announce(changes, actor.user_id, id);
                    gone.push(id);
                }
            }
            Ok(gone)
        };
        Ok(self.change(actor, work).await?.0)
    }

    /// Removes contacts by phone.
    pub async fn delete_contacts_by_phone(&self, actor: Actor, phones: Vec<String>) -> Result<(), Error> {
        let work = move |changes: &mut Changes<'_, '_>| {
            for contact in contacts::all(changes.tx, actor.user_id)? {
                let named = phones.iter().filter_map(|p| normalize_phone(p).ok()).any(|p| p == contact.phone);
                if named && contacts::delete(changes.tx, actor.user_id, contact.user_id)? {
                    announce(changes, actor.user_id, contact.user_id);
                }
            }
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Who has a user name.
    pub async fn resolve_username(&self, username: &str) -> Result<i64, Error> {
        let name = username.trim_start_matches('@');
        let folded = fold_username(name)?;
        self.read(move |tx| {
            accounts::by_username(tx, &folded)?.ok_or_else(|| Error::bad("USERNAME_NOT_OCCUPIED"))
        })
        .await
    }

    /// Who has a phone number.
    pub async fn resolve_phone(&self, phone: &str) -> Result<i64, Error> {
        let phone = normalize_phone(phone).map_err(|_| Error::bad("PHONE_NOT_OCCUPIED"))?;
        self.read(move |tx| {
            let user = accounts::by_phone(tx, &phone)?;
            user.map(|user| user.id).ok_or_else(|| Error::bad("PHONE_NOT_OCCUPIED"))
        })
        .await
    }

    /// Finds people: among contacts and chats by any part of a name, in general by the beginning of a user name.
    pub async fn search_people(
        &self,
        actor: Actor,
        query: &str,
        limit: usize,
    ) -> Result<(Vec<i64>, Vec<i64>), Error> {
        let query = query.trim().trim_start_matches('@').to_lowercase();
        if query.is_empty() {
            return Err(Error::bad("SEARCH_QUERY_EMPTY"));
        }
        self.read(move |tx| {
            let mut mine = Vec::new();
            for id in acquaintances(tx, actor.user_id)? {
                if mine.len() < limit && matches(tx, actor.user_id, id, &query)? {
                    mine.push(id);
                }
            }
            let mut others = Vec::new();
            if query.chars().count() >= 3 {
                others = accounts::by_username_prefix(tx, &query, i64::try_from(limit).unwrap_or(50))?;
                others.retain(|id| !mine.contains(id));
            }
            Ok((mine, others))
        })
        .await
    }

    /// The audience of a user's status: who has it in a list or a chat.
    pub async fn audience(&self, user_id: i64) -> Result<Vec<i64>, Error> {
        self.read(move |tx| crate::accounts::audience(tx, user_id)).await
    }
}

fn put(
    changes: &mut Changes<'_, '_>,
    owner: i64,
    user: i64,
    names: (&str, &str),
    phone: &str,
) -> Result<(), Error> {
    contacts::put(changes.tx, owner, user, names, phone, changes.now)?;
    announce(changes, owner, user);
    Ok(())
}

/// The owner's other devices show the user under another name now.
fn announce(changes: &mut Changes<'_, '_>, owner: i64, user_id: i64) {
    changes.hint(owner, types::UpdateUser { user_id }.into());
}

fn acquaintances(tx: &Tx<'_>, user_id: i64) -> Result<BTreeSet<i64>, Error> {
    let mut ids: BTreeSet<i64> = contacts::all(tx, user_id)?.into_iter().map(|c| c.user_id).collect();
    let dialogs = zaun_store::repo::dialogs::all(tx, user_id)?;
    ids.extend(dialogs.into_iter().filter(|d| d.peer.kind == 1).map(|d| d.peer.id));
    Ok(ids)
}

fn matches(tx: &Tx<'_>, viewer: i64, id: i64, query: &str) -> Result<bool, Error> {
    let Some(user) = accounts::find(tx, id)? else { return Ok(false) };
    let contact = contacts::find(tx, viewer, id)?;
    let (first, last) = match &contact {
        Some(contact) => (&contact.first_name, &contact.last_name),
        None => (&user.first_name, &user.last_name),
    };
    let name = format!("{first} {last}").to_lowercase();
    let username = user.username.unwrap_or_default().to_lowercase();
    let words = name.split_whitespace().any(|word| word.starts_with(query));
    Ok(words || name.starts_with(query) || username.starts_with(query))
}
