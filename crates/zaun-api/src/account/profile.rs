//! Names, user name, presence.

use zaun_messenger::Error;
use zaun_messenger::peers::PeerRef;
use zaun_model::{Peer, UserId};
use zaun_schema::api::{enums, functions};

use crate::Call;

/// account.updateProfile
pub(crate) async fn update_profile(
    call: Call,
    r: functions::account::UpdateProfile,
) -> Result<enums::User, Error> {
    call.messenger().update_profile(call.actor(), r.first_name, r.last_name, r.about).await?;
    own_user(&call).await
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
    own_user(&call).await
}

/// account.updateStatus
pub(crate) async fn update_status(call: Call, r: functions::account::UpdateStatus) -> Result<bool, Error> {
    if r.offline {
        call.messenger().set_offline(call.user_id).await?;
    } else {
        call.messenger().set_online(call.actor()).await?;
    }
    Ok(true)
}

/// Returns the caller as it sees itself.
pub(crate) async fn own_user(call: &Call) -> Result<enums::User, Error> {
    user_seen_by(call, call.user_id).await
}

/// Returns a user that the server itself names, as the caller sees it.
pub(crate) async fn user_seen_by(call: &Call, id: UserId) -> Result<enums::User, Error> {
    let named = PeerRef::Known(Peer::User(id));
    let (id, scene) = call.messenger().person(call.user_id, named).await?;
    call.view(&scene).one_user(id)
}
