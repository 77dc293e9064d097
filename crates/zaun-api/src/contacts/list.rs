//! The contact list.

use std::collections::BTreeSet;

use zaun_messenger::Error;
use zaun_messenger::contacts::Entry;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// contacts.getContacts; the hash is ignored, so the list is always sent.
pub(crate) async fn get_contacts(
    call: Call,
    _: functions::contacts::GetContacts,
) -> Result<enums::contacts::Contacts, Error> {
    let rows = call.messenger().contacts(call.actor()).await?;
    let users = call.view().users(rows.iter().map(|c| c.user_id).collect()).await?;
    let contacts = rows.iter().map(|c| types::Contact { user_id: c.user_id, mutual: c.mutual }).collect();
    Ok(types::contacts::Contacts { contacts, saved_count: 0, users }.into())
}

/// contacts.getContactIDs: ids above 31 bits have no place in this old method's answer.
pub(crate) async fn get_contact_ids(
    call: Call,
    _: functions::contacts::GetContactIDs,
) -> Result<Vec<i32>, Error> {
    let rows = call.messenger().contacts(call.actor()).await?;
    Ok(rows.iter().filter_map(|c| i32::try_from(c.user_id).ok()).collect())
}

/// contacts.getStatuses
pub(crate) async fn get_statuses(
    call: Call,
    _: functions::contacts::GetStatuses,
) -> Result<Vec<enums::ContactStatus>, Error> {
    let rows = call.messenger().contacts(call.actor()).await?;
    let users = call.messenger().users(call.user_id, rows.iter().map(|c| c.user_id).collect()).await?;
    let view = call.view();
    let status = |seen: &zaun_messenger::users::UserView| types::ContactStatus {
        user_id: seen.user.id,
        status: to_tl::online_status(view, seen.user.id, seen.user.last_seen),
    };
    Ok(users.iter().map(status).collect())
}

/// contacts.importContacts
pub(crate) async fn import_contacts(
    call: Call,
    r: functions::contacts::ImportContacts,
) -> Result<enums::contacts::ImportedContacts, Error> {
    let entries = r.contacts.into_iter().map(|c| Entry {
        client_id: c.client_id,
        phone: c.phone,
        first_name: c.first_name,
        last_name: c.last_name,
    });
    let imported = call.messenger().import_contacts(call.actor(), entries.collect()).await?;
    let users = call.view().users(imported.iter().map(|(_, user)| *user).collect()).await?;
    let imported = imported
        .iter()
        .map(|(client_id, user_id)| types::ImportedContact { user_id: *user_id, client_id: *client_id });
    Ok(types::contacts::ImportedContacts {
        imported: imported.collect(),
        popular_invites: Vec::new(),
        retry_contacts: Vec::new(),
        users,
    })
}

/// contacts.addContact
pub(crate) async fn add_contact(
    call: Call,
    r: functions::contacts::AddContact,
) -> Result<enums::Updates, Error> {
    let user = call.messenger().input_user(call.user_id, &r.id)?;
    let names = (r.first_name, r.last_name);
    let id = call.messenger().add_contact(call.actor(), user, names, r.phone).await?;
    let peer = types::PeerUser { user_id: id }.into();
    let update = types::UpdatePeerSettings { peer, settings: types::PeerSettings::default() };
    to_tl::updates(call.view(), vec![update.into()], BTreeSet::from([id])).await
}

/// contacts.deleteContacts
pub(crate) async fn delete_contacts(
    call: Call,
    r: functions::contacts::DeleteContacts,
) -> Result<enums::Updates, Error> {
    let named: Result<Vec<_>, _> =
        r.id.iter().map(|user| call.messenger().input_user(call.user_id, user)).collect();
    let gone = call.messenger().delete_contacts(call.actor(), named?).await?;
    let update = |id: &i64| {
        let peer = types::PeerUser { user_id: *id }.into();
        types::UpdatePeerSettings { peer, settings: types::PeerSettings::default() }.into()
    };
    to_tl::updates(call.view(), gone.iter().map(update).collect(), gone.into_iter().collect()).await
}

/// contacts.deleteByPhones
pub(crate) async fn delete_by_phones(
    call: Call,
    r: functions::contacts::DeleteByPhones,
) -> Result<bool, Error> {
    call.messenger().delete_contacts_by_phone(call.actor(), r.phones).await?;
    Ok(true)
}
