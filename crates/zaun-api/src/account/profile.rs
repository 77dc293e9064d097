//! Names, user name, presence.

use zaun_messenger::Error;
use zaun_schema::api::{enums, functions};

use crate::{Call, deliver};

/// account.updateProfile
pub(crate) async fn update_profile(
    call: Call,
    r: functions::account::UpdateProfile,
) -> Result<enums::User, Error> {
    call.messenger().update_profile(call.actor(), r.first_name, r.last_name, r.about).await?;
    call.view().one_user(call.user_id).await
}

/// account.checkUsername
pub(crate) async fn check_username(call: Call, r: functions::account::CheckUsername) -> Result<bool, Error> {
    call.messenger().check_username(call.actor(), &r.username).await
}

/// account.updateUsername
pub(crate) async fn update_username(
    call: Call,
    r: functions::account::UpdateUsername,
) -> Result<enums::User, Error> {
    call.messenger().update_username(call.actor(), r.username).await?;
    call.view().one_user(call.user_id).await
}

/// account.updateStatus
pub(crate) async fn update_status(call: Call, r: functions::account::UpdateStatus) -> Result<bool, Error> {
    let messenger = call.messenger();
    if r.offline {
        if messenger.presence.set_offline(call.user_id) {
            deliver::announce_status(messenger, call.user_id, None).await?;
        }
    } else if let Some(until) = messenger.presence.set_online(call.user_id, messenger.now()) {
        messenger.touch(call.key.id()).await?;
        deliver::announce_status(messenger, call.user_id, Some(until)).await?;
    }
    Ok(true)
}
