//! Contact lists and finding people.

use std::collections::{BTreeMap, BTreeSet};

use zaun_model::{Peer, UserId};
use zaun_schema::api::types;
use zaun_store::Tx;
use zaun_store::repo::contacts::{self, ContactRow};
use zaun_store::repo::dialogs;
use zaun_store::repo::users::{self, UserRow};

use crate::accounts::fold_username;
use crate::codes::normalize_phone;
use crate::limits::{AUDIENCE, CONTACTS, CONTACTS_PER_IMPORT, NAME_LENGTH};
use crate::peers::PeerRef;
use crate::views::Scene;
use crate::{Actor, Changes, Error, Messenger, Outcome, errors, privacy};

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

/// A contact list.
#[derive(Debug, Clone, Default)]
pub struct ContactList {
    /// Who is in it, in order of their ids.
    pub contacts: Vec<UserId>,
    /// The people in it.
    pub scene: Scene,
}

/// Who was found.
#[derive(Debug, Clone, Default)]
pub struct FoundPeers {
    /// Among contacts and chats.
    pub mine: Vec<Peer>,
    /// In general.
    pub others: Vec<Peer>,
    /// All of them.
    pub scene: Scene,
}

/// Who has a phone number and lets the viewer find it by that.
fn found_by_phone(tx: &Tx<'_>, viewer: UserId, phone: &str) -> Result<Option<UserRow>, Error> {
    let Some(user) = users::by_phone(tx, phone)? else { return Ok(None) };
    let admitted = privacy::admits(tx, &user, privacy::bit::ADDED_BY_PHONE, viewer)?;
    Ok(Some(user).filter(|_| admitted))
}

impl Messenger {
    /// Returns the whole list.
    pub async fn contacts(&self, actor: Actor) -> Result<ContactList, Error> {
        self.read(actor.user_id, move |tx| {
            let rows = contacts::all(tx, actor.user_id)?;
            let contacts: Vec<UserId> = rows.iter().map(|row| row.user_id).collect();
            let scene = Scene::of_peers(tx, actor.user_id, contacts.iter().copied().map(Peer::User))?;
            Ok(ContactList { contacts, scene })
        })
        .await
    }

    /// Imports phone book entries; (client id, user) for those who have an account.
    pub async fn import_contacts(
        &self,
        actor: Actor,
        entries: Vec<Entry>,
    ) -> Result<Outcome<Vec<(i64, UserId)>>, Error> {
        if entries.len() > CONTACTS_PER_IMPORT {
            return Err(Error::bad(errors::CONTACTS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut imported = Vec::new();
            for entry in &entries {
                // A phone book holds anything; what is no phone number is simply nobody's.
                let Ok(phone) = normalize_phone(&entry.phone) else { continue };
                let Some(user) = found_by_phone(changes.tx, actor.user_id, &phone)? else { continue };
                imported.push((entry.client_id, user.id));
                changes.mentioned.users.insert(user.id.0);
                if user.id != actor.user_id {
                    let name = |name: &str| -> String { name.chars().take(NAME_LENGTH).collect() };
                    let names = (name(&entry.first_name), name(&entry.last_name));
                    put_contact(changes, actor.user_id, user.id, names, phone)?;
                }
            }
            Ok(imported)
        };
        self.change(actor, work).await
    }

    /// Adds or renames one contact.
    pub async fn add_contact(
        &self,
        actor: Actor,
        user: PeerRef,
        names: (String, String),
        phone: String,
    ) -> Result<Outcome<UserId>, Error> {
        let (first, last) = (names.0.trim().to_owned(), names.1.trim().to_owned());
        let too_long = |name: &str| name.chars().count() > NAME_LENGTH;
        if first.is_empty() || too_long(&first) || too_long(&last) {
            return Err(Error::bad(errors::CONTACT_NAME_EMPTY));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let id = user.user(changes.tx, actor.user_id)?;
            if id == actor.user_id {
                return Err(Error::bad(errors::CONTACT_ID_INVALID));
            }
            let known = contacts::find(changes.tx, actor.user_id, id)?.map(|c| c.phone).unwrap_or_default();
            let given = normalize_phone(&phone).unwrap_or(known);
            put_contact(changes, actor.user_id, id, (first.clone(), last.clone()), given)?;
            changes.mentioned.users.insert(id.0);
            Ok(id)
        };
        self.change(actor, work).await
    }

    /// Removes contacts; the ids that were in the list.
    pub async fn delete_contacts(
        &self,
        actor: Actor,
        named: Vec<PeerRef>,
    ) -> Result<Outcome<Vec<UserId>>, Error> {
        if named.len() > CONTACTS_PER_IMPORT {
            return Err(Error::bad(errors::CONTACTS_TOO_MUCH));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let mut gone = Vec::new();
            for user in &named {
                let id = user.user(changes.tx, actor.user_id)?;
                if contacts::delete(changes.tx, actor.user_id, id)? {
                    announce(changes, actor.user_id, id);
                    gone.push(id);
                }
            }
            Ok(gone)
        };
        self.change(actor, work).await
    }

    /// Removes contacts by phone.
    pub async fn delete_contacts_by_phone(&self, actor: Actor, phones: Vec<String>) -> Result<(), Error> {
        if phones.len() > CONTACTS_PER_IMPORT {
            return Err(Error::bad(errors::CONTACTS_TOO_MUCH));
        }
        let phones: BTreeSet<String> = phones.iter().filter_map(|p| normalize_phone(p).ok()).collect();
        let work = move |changes: &mut Changes<'_, '_>| {
            for phone in &phones {
                for contact in contacts::by_phone(changes.tx, actor.user_id, phone)? {
                    contacts::delete(changes.tx, actor.user_id, contact.user_id)?;
                    announce(changes, actor.user_id, contact.user_id);
                }
            }
            Ok(())
        };
        self.change(actor, work).await.map(drop)
    }

    /// Returns who has a public name.
    pub async fn resolve_username(&self, viewer: UserId, username: &str) -> Result<(Peer, Scene), Error> {
        let name = username.trim_start_matches('@');
        let folded = fold_username(name)?;
        self.read(viewer, move |tx| {
            let peer = users::by_username(tx, &folded)?;
            let peer = peer.ok_or_else(|| Error::bad(errors::USERNAME_NOT_OCCUPIED))?;
            Ok((peer, Scene::of_peers(tx, viewer, [peer])?))
        })
        .await
    }

    /// Returns who has a phone number.
    pub async fn resolve_phone(&self, viewer: UserId, phone: &str) -> Result<(Peer, Scene), Error> {
        let phone = normalize_phone(phone).map_err(|_| Error::bad(errors::PHONE_NOT_OCCUPIED))?;
        self.read(viewer, move |tx| {
            let user = found_by_phone(tx, viewer, &phone)?;
            let user = user.ok_or_else(|| Error::bad(errors::PHONE_NOT_OCCUPIED))?;
            let peer = Peer::User(user.id);
            Ok((peer, Scene::of_peers(tx, viewer, [peer])?))
        })
        .await
    }

    /// Finds people and channels: among contacts and chats by any part of a name, in general by the beginning of a
    /// public name.
    pub async fn search_people(&self, actor: Actor, query: &str, limit: usize) -> Result<FoundPeers, Error> {
        let query = query.trim().trim_start_matches('@').to_lowercase();
        if query.is_empty() {
            return Err(Error::bad(errors::SEARCH_QUERY_EMPTY));
        }
        self.read(actor.user_id, move |tx| {
            let mut mine: Vec<Peer> =
                acquaintances(tx, actor.user_id, &query)?.into_iter().map(Peer::User).collect();
            mine.truncate(limit);
            let mut others = Vec::new();
            if query.chars().count() >= 3 {
                others = users::by_username_prefix(tx, &query, i64::try_from(limit).unwrap_or(50))?;
                others.retain(|peer| !mine.contains(peer));
            }
            let scene = Scene::of_peers(tx, actor.user_id, mine.iter().chain(&others).copied())?;
            Ok(FoundPeers { mine, others, scene })
        })
        .await
    }
}

fn put_contact(
    changes: &mut Changes<'_, '_>,
    owner_id: UserId,
    user_id: UserId,
    (first_name, last_name): (String, String),
    phone: String,
) -> Result<(), Error> {
    let row = ContactRow { owner_id, user_id, first_name, last_name, phone, added_at: changes.now };
    let before = contacts::find(changes.tx, owner_id, user_id)?;
    if before.as_ref().is_some_and(|b| ContactRow { added_at: b.added_at, ..row.clone() } == *b) {
        return Ok(());
    }
    if before.is_none() && contacts::count(changes.tx, owner_id)? >= CONTACTS {
        return Err(Error::bad(errors::CONTACTS_TOO_MUCH));
    }
    contacts::put(changes.tx, &row)?;
    announce(changes, owner_id, user_id);
    Ok(())
}

/// The owner's other devices show the user under another name now.
fn announce(changes: &mut Changes<'_, '_>, owner: UserId, user: UserId) {
    changes.hint_user(owner, types::UpdateUser { user_id: user.0 }.into());
}

/// Contacts and partners of chats whose names the query begins, in order of their ids.
fn acquaintances(tx: &Tx<'_>, viewer: UserId, query: &str) -> Result<Vec<UserId>, Error> {
    let named: BTreeMap<UserId, ContactRow> =
        contacts::all(tx, viewer)?.into_iter().map(|row| (row.user_id, row)).collect();
    let mut ids: BTreeSet<UserId> = named.keys().copied().collect();
    ids.extend(dialogs::partners(tx, viewer, AUDIENCE)?);
    let ids: Vec<UserId> = ids.into_iter().collect();
    let found = users::find_many(tx, &ids)?;
    let fits = |user: &&UserRow| is_named(user, named.get(&user.id), query);
    Ok(found.iter().filter(fits).map(|user| user.id).collect())
}

/// Says whether the query begins a name of a user, as the viewer knows it.
pub(crate) fn is_named(user: &UserRow, contact: Option<&ContactRow>, query: &str) -> bool {
    let (first, last) = match contact {
        Some(contact) => (&contact.first_name, &contact.last_name),
        None => (&user.first_name, &user.last_name),
    };
    let name = format!("{first} {last}").to_lowercase();
    let username = user.username.as_deref().unwrap_or_default().to_lowercase();
    let words = name.split_whitespace().any(|word| word.starts_with(query));
    words || name.starts_with(query) || username.starts_with(query)
}
