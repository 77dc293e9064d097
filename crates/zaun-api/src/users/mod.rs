//! `users.*`

use std::collections::BTreeSet;

use zaun_messenger::Error;
use zaun_messenger::PeerKey;
use zaun_messenger::settings::Scope;
use zaun_schema::api::{enums, functions, types};

use crate::Call;

/// users.getUsers: in the order asked for, `userEmpty` for what cannot be seen.
pub(crate) async fn get_users(call: Call, r: functions::users::GetUsers) -> Result<Vec<enums::User>, Error> {
    let mut out = Vec::with_capacity(r.id.len());
    for input in &r.id {
        let viewer = call.user_id;
        let found = match call.messenger().input_user(viewer, input) {
            Ok(user) => call.messenger().read(move |tx| user.resolve(tx, viewer)).await.ok(),
            Err(_) => None,
        };
        out.push(match found {
            Some(id) => call.view().one_user(id).await?,
            None => types::UserEmpty { id: named(input) }.into(),
        });
    }
    Ok(out)
}

fn named(input: &enums::InputUser) -> i64 {
    match input {
        enums::InputUser::InputUser(user) => user.user_id,
        enums::InputUser::InputUserFromMessage(user) => user.user_id,
        _ => 0,
    }
}

/// users.getFullUser
pub(crate) async fn get_full_user(
    call: Call,
    r: functions::users::GetFullUser,
) -> Result<enums::users::UserFull, Error> {
    let user = call.messenger().input_user(call.user_id, &r.id)?;
    let viewer = call.user_id;
    let id = call.messenger().read(move |tx| user.resolve(tx, viewer)).await?;
    let seen = call.messenger().users(viewer, BTreeSet::from([id])).await?;
    let seen = seen.into_iter().next().ok_or_else(|| Error::bad("USER_ID_INVALID"))?;
    let notify_settings =
        call.messenger().notify_settings(call.actor(), Scope::Peer(PeerKey::user(id))).await?;
    let pinned_msg_id = call.messenger().newest_pinned(call.actor(), PeerKey::user(id)).await?;
    let photo = call.messenger().profile_photo(id).await?;
    let full_user = types::UserFull {
        id,
        about: Some(seen.user.about.clone()).filter(|about| !about.is_empty()),
        settings: crate::messages::peer_settings(&seen),
        profile_photo: photo.map(|photo| crate::to_tl::photo(call.view(), photo)),
        notify_settings,
        can_pin_message: true,
        pinned_msg_id,
        ..types::UserFull::default()
    };
    let users = vec![crate::to_tl::user(call.view(), &seen)];
    Ok(types::users::UserFull { full_user, chats: Vec::new(), users })
}
