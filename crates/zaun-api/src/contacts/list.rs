//! The contact list.

use zaun_messenger::Error;
use zaun_messenger::contacts::Entry;
use zaun_messenger::peers::peer_to_tl;
use zaun_model::{Peer, UserId};
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// contacts.getContacts; the hash is ignored, so the list is always sent.
pub(crate) async fn get_contacts(
    call: Call,
    _: functions::contacts::GetContacts,
) -> Result<enums::contacts::Contacts, Error> {
    let list = call.messenger().contacts(call.actor()).await?;
    let contact = |id: &UserId| {
        let mutual = list.scene.person(call.user_id, *id).is_some_and(|person| person.knows_viewer);
        types::Contact { user_id: id.0, mutual }
    };
    let contacts = list.contacts.iter().map(contact).collect();
    let users = call.view(&list.scene).lists().users;
    Ok(types::contacts::Contacts { contacts, saved_count: 0, users }.into())
}

/// contacts.getContactIDs: ids above 31 bits have no place in this old method's answer.
pub(crate) async fn get_contact_ids(
    call: Call,
    _: functions::contacts::GetContactIDs,
) -> Result<Vec<i32>, Error> {
    let list = call.messenger().contacts(call.actor()).await?;
    Ok(list.contacts.iter().filter_map(|id| i32::try_from(id.0).ok()).collect())
}

/// contacts.getStatuses
pub(crate) async fn get_statuses(
    call: Call,
    _: functions::contacts::GetStatuses,
) -> Result<Vec<enums::ContactStatus>, Error> {
    let list = call.messenger().contacts(call.actor()).await?;
    let view = call.view(&list.scene);
    let people = list.scene.people(call.user_id);
    let status = |person: zaun_messenger::views::PersonView<'_>| types::ContactStatus {
        user_id: person.user.id.0,
        status: to_tl::status(view, &person),
    };
    Ok(people.map(status).collect())
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
    let users = call.view(&imported.scene).lists().users;
    let imported = imported
        .value
        .iter()
        .map(|(client_id, user)| types::ImportedContact { user_id: user.0, client_id: *client_id });
    Ok(types::contacts::ImportedContacts {
        imported: imported.collect(),
        popular_invites: Vec::new(),
        retry_contacts: Vec::new(),
        users,
    })
}

fn settings_changed(user: UserId) -> enums::Update {
    let peer = peer_to_tl(Peer::User(user));
    types::UpdatePeerSettings { peer, settings: types::PeerSettings::default() }.into()
}

/// contacts.addContact
pub(crate) async fn add_contact(
    call: Call,
    r: functions::contacts::AddContact,
) -> Result<enums::Updates, Error> {
    let (user, names) = (call.user(&r.id)?, (r.first_name, r.last_name));
    let added = call.messenger().add_contact(call.actor(), user, names, r.phone).await?;
    Ok(to_tl::updates(call.view(&added.scene), vec![settings_changed(added.value)]))
}

/// contacts.deleteContacts
pub(crate) async fn delete_contacts(
    call: Call,
    r: functions::contacts::DeleteContacts,
) -> Result<enums::Updates, Error> {
    let named: Result<Vec<_>, _> = r.id.iter().map(|user| call.user(user)).collect();
    let gone = call.messenger().delete_contacts(call.actor(), named?).await?;
    let updates = gone.value.iter().copied().map(settings_changed).collect();
    Ok(to_tl::updates(call.view(&gone.scene), updates))
}

/// contacts.deleteByPhones
pub(crate) async fn delete_by_phones(
    call: Call,
    r: functions::contacts::DeleteByPhones,
) -> Result<bool, Error> {
    call.messenger().delete_contacts_by_phone(call.actor(), r.phones).await?;
    Ok(true)
}
