//! Users.

use zaun_messenger::SERVICE_USER;
use zaun_messenger::bots::BOT_FATHER;
use zaun_messenger::bots::flag;
use zaun_messenger::privacy::bit;
use zaun_messenger::views::PersonView;
use zaun_model::{UnixTime, UserId};
use zaun_schema::api::{enums, types};

use super::{View, Viewer};

/// Returns a user as the viewer sees it: own names for contacts, phone for those who may know it. For any member of a
/// channel it is a `min` one (G-403).
pub(super) fn user(view: View<'_>, seen: &PersonView<'_>) -> enums::User {
    let row = seen.user;
    let min = matches!(view.viewer, Viewer::AnyMember { .. });
    let contact = seen.contact;
    let (first, last) = contact.map_or((&row.first_name, &row.last_name), |c| (&c.first_name, &c.last_name));
    let known_phone = contact.map(|c| c.phone.clone()).filter(|phone| !phone.is_empty());
    // The phone is open to contacts, until its owner says otherwise.
    let own_rules = row.hides & bit::PHONE != 0;
    let open = if own_rules { !seen.hides(bit::PHONE) } else { seen.knows_viewer };
    let open_phone = row.phone.clone().filter(|_| seen.is_self || open);
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    types::User {
        min,
        is_self: seen.is_self,
        contact: contact.is_some(),
        mutual_contact: contact.is_some() && seen.knows_viewer,
        deleted: row.deleted,
        verified: [SERVICE_USER, BOT_FATHER].contains(&row.id),
        support: row.id == SERVICE_USER,
        id: row.id.0,
        access_hash: (!min).then(|| view.access.user(view.user_id(), row.id)),
        first_name: text(first),
        last_name: text(last),
        username: row.username.clone(),
        phone: open_phone.or(known_phone),
        photo: photo(view, seen),
        // Nobody is told whether a bot is online.
        status: (!row.is_bot()).then(|| status(view, seen)),
        bot: row.is_bot(),
        bot_info_version: row.is_bot().then_some(row.bot_version),
        bot_chat_history: row.bot_flags & flag::CHAT_HISTORY != 0,
        bot_nochats: row.bot_flags & flag::NO_CHATS != 0,
        bot_can_edit: false,
        bot_inline_placeholder: row.bot_placeholder.clone(),
        ..types::User::default()
    }
    .into()
}

fn photo(view: View<'_>, seen: &PersonView<'_>) -> Option<enums::UserProfilePhoto> {
    let photo_id = seen.user.photo_id.filter(|_| seen.is_self || !seen.hides(bit::PHOTO))?;
    let stripped_thumb = seen.user.photo_thumb.clone().filter(|thumb| !thumb.is_empty()).map(Into::into);
    let photo = types::UserProfilePhoto {
        photo_id,
        stripped_thumb,
        dc_id: view.dc,
        ..types::UserProfilePhoto::default()
    };
    Some(photo.into())
}

/// Returns what the viewer sees of when a user was there (G-423): about when, if either hides it from the other.
pub(crate) fn status(view: View<'_>, seen: &PersonView<'_>) -> enums::UserStatus {
    const DAY_S: i64 = 86_400;
    let hidden = seen.hides(bit::STATUS);
    if seen.is_self || (!hidden && !seen.hides_own_status) {
        return online_status(view, seen.user.id, seen.user.last_seen);
    }
    let by_me = !hidden;
    let online = view.presence.online_until(seen.user.id, view.now).is_some();
    match view.now - seen.user.last_seen {
        age if online || age < 3 * DAY_S => types::UserStatusRecently { by_me }.into(),
        age if age < 7 * DAY_S => types::UserStatusLastWeek { by_me }.into(),
        age if age < 30 * DAY_S => types::UserStatusLastMonth { by_me }.into(),
        _ => enums::UserStatus::UserStatusEmpty,
    }
}

/// Returns the status of a user: online until a time, or gone since one.
fn online_status(view: View<'_>, user: UserId, last_seen: UnixTime) -> enums::UserStatus {
    match view.presence.online_until(user, view.now) {
        Some(until) => types::UserStatusOnline { expires: until.to_tl() }.into(),
        None if last_seen.0 > 0 => types::UserStatusOffline { was_online: last_seen.to_tl() }.into(),
        None => enums::UserStatus::UserStatusEmpty,
    }
}
