//! Users.

use zaun_messenger::users::UserView;
use zaun_schema::api::{enums, types};

use super::{View, date};

/// A user as the viewer sees it: own names for contacts, phone for those who may know it.
pub(crate) fn user(view: View<'_>, seen: &UserView) -> enums::User {
    let row = &seen.user;
    let contact = seen.contact.as_ref();
    let (first, last) = contact.map_or((&row.first_name, &row.last_name), |c| (&c.first_name, &c.last_name));
    let known_phone = contact.map(|c| c.phone.clone()).filter(|phone| !phone.is_empty());
    let open_phone = row.phone.clone().filter(|_| seen.is_self || seen.knows_viewer);
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    types::User {
        is_self: seen.is_self,
        contact: contact.is_some(),
        mutual_contact: contact.is_some_and(|c| c.mutual),
        deleted: row.deleted,
        verified: row.id == zaun_messenger::SERVICE_USER,
        support: row.id == zaun_messenger::SERVICE_USER,
        id: row.id,
        access_hash: Some(view.messenger.access.user(view.viewer, row.id)),
        first_name: text(first),
        last_name: text(last),
        username: row.username.clone(),
        phone: open_phone.or(known_phone),
        photo: photo(view, seen),
        status: Some(status(view, seen)),
        ..types::User::default()
    }
    .into()
}

fn photo(view: View<'_>, seen: &UserView) -> Option<enums::UserProfilePhoto> {
    let photo_id = seen.user.photo_id?;
    let stripped_thumb = seen.user.photo_thumb.clone().filter(|thumb| !thumb.is_empty()).map(Into::into);
    let photo = types::UserProfilePhoto {
        photo_id,
        stripped_thumb,
        dc_id: view.dc,
        ..types::UserProfilePhoto::default()
    };
    Some(photo.into())
}

fn status(view: View<'_>, seen: &UserView) -> enums::UserStatus {
    online_status(view, seen.user.id, seen.user.last_seen)
}

/// Online until a time, or gone since one.
pub(crate) fn online_status(view: View<'_>, user_id: i64, last_seen: i64) -> enums::UserStatus {
    match view.messenger.presence.online_until(user_id, view.messenger.now()) {
        Some(until) => types::UserStatusOnline { expires: date(until) }.into(),
        None if last_seen > 0 => types::UserStatusOffline { was_online: date(last_seen) }.into(),
        None => enums::UserStatus::UserStatusEmpty,
    }
}
