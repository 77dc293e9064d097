//! `users.*`

use zaun_messenger::Error;
use zaun_messenger::bots::BotProfile;
use zaun_messenger::privacy::bit;
use zaun_messenger::views::PersonView;
use zaun_model::UserId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl::Lists;

/// users.getUsers: in the order asked for, `userEmpty` for what cannot be seen.
pub(crate) async fn get_users(call: Call, r: functions::users::GetUsers) -> Result<Vec<enums::User>, Error> {
    let named = r.id.iter().map(|input| call.user(input).ok()).collect();
    let (found, scene) = call.messenger().people(call.user_id, named).await?;
    let view = call.view(&scene);
    let user = |(input, id): (&enums::InputUser, Option<_>)| {
        let user = id.and_then(|id| view.one_user(id).ok());
        user.unwrap_or_else(|| types::UserEmpty { id: id_named(input) }.into())
    };
    Ok(r.id.iter().zip(found).map(user).collect())
}

/// users.getRequirementsToContact: whoever can be named can be written to, by everybody.
pub(crate) async fn get_requirements_to_contact(
    call: Call,
    r: functions::users::GetRequirementsToContact,
) -> Result<Vec<enums::RequirementToContact>, Error> {
    let free = |input| call.user(input).map(|_| enums::RequirementToContact::RequirementToContactEmpty);
    r.id.iter().map(free).collect()
}

fn id_named(input: &enums::InputUser) -> i64 {
    match input {
        enums::InputUser::InputUser(user) => user.user_id,
        enums::InputUser::InputUserFromMessage(user) => user.user_id,
        _ => 0,
    }
}

/// What a private chat offers above its messages: adding a stranger as a contact, or blocking it. Reporting does not
/// exist yet.
pub(crate) fn peer_settings(seen: &PersonView<'_>) -> types::PeerSettings {
    let stranger = !seen.is_self && seen.contact.is_none() && seen.user.id != zaun_messenger::SERVICE_USER;
    types::PeerSettings { add_contact: stranger, block_contact: stranger, ..types::PeerSettings::default() }
}

/// What the page of a bot shows beside the account.
fn bot_info(id: UserId, bot: BotProfile) -> enums::BotInfo {
    types::BotInfo {
        user_id: Some(id.0),
        description: Some(bot.description),
        commands: Some(bot.commands),
        menu_button: Some(bot.menu_button),
        ..types::BotInfo::default()
    }
}

/// users.getFullUser
pub(crate) async fn get_full_user(
    call: Call,
    r: functions::users::GetFullUser,
) -> Result<enums::users::UserFull, Error> {
    let profile = call.messenger().profile(call.actor(), call.user(&r.id)?, call.lang()).await?;
    let view = call.view(&profile.scene);
    let id = profile.user.id;
    let settings = profile.scene.person(call.user_id, id).as_ref().map(peer_settings).unwrap_or_default();
    let hides = |key: i64| profile.scene.person(call.user_id, id).is_some_and(|person| person.hides(key));
    let about = profile.bot.as_ref().map_or(&profile.user.about, |bot| &bot.about).clone();
    let about = if hides(bit::ABOUT) { String::new() } else { about };
    let photo = profile.photo.clone().filter(|_| !hides(bit::PHOTO));
    let full_user = types::UserFull {
        id: id.0,
        about: Some(about).filter(|about| !about.is_empty()),
        bot_group_admin_rights: profile.bot.as_ref().and_then(|bot| bot.rights.0.clone()),
        bot_broadcast_admin_rights: profile.bot.as_ref().and_then(|bot| bot.rights.1.clone()),
        bot_info: profile.bot.map(|bot| bot_info(id, bot)),
        settings,
        profile_photo: photo.map(|photo| view.completed(enums::Photo::from(photo))),
        notify_settings: profile.notify,
        can_pin_message: true,
        read_dates_private: hides(bit::STATUS),
        pinned_msg_id: profile.pinned,
        blocked: profile.terms.blocked,
        folder_id: profile.terms.archived.then_some(1),
        has_scheduled: profile.terms.has_scheduled,
        ttl_period: (profile.terms.ttl > 0).then_some(profile.terms.ttl),
        ..types::UserFull::default()
    };
    Ok(call.answer(&profile.scene, |Lists { users, chats }| types::users::UserFull {
        full_user,
        chats,
        users,
    }))
}
