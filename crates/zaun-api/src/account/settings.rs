//! Settings of the account that are one value each, and its end.

use zaun_messenger::peers::peer_to_tl;
use zaun_messenger::{Error, errors};
use zaun_schema::api::{enums, functions, types};

use super::password;
use crate::Call;
use crate::to_tl;

/// account.deleteAccount
pub(crate) async fn delete_account(call: Call, r: functions::account::DeleteAccount) -> Result<bool, Error> {
    let answer = r.password.and_then(password::answer);
    call.messenger().delete_account(call.actor(), answer).await?;
    Ok(true)
}

/// account.getAccountTTL
pub(crate) async fn get_account_ttl(
    call: Call,
    _: functions::account::GetAccountTTL,
) -> Result<enums::AccountDaysTTL, Error> {
    Ok(types::AccountDaysTTL { days: call.messenger().account_ttl(call.actor()).await? })
}

/// account.setAccountTTL
pub(crate) async fn set_account_ttl(call: Call, r: functions::account::SetAccountTTL) -> Result<bool, Error> {
    call.messenger().set_account_ttl(call.actor(), r.ttl.days).await?;
    Ok(true)
}

/// Whether the user does not want to hear that a contact signed up; nobody is told of that here, so it is kept only for
/// the clients to show.
const SILENT_SIGN_UPS: &str = "silent_sign_ups";
/// Whom reactions to the user's messages are told about; clients go by it.
const REACTIONS: &str = "reactions_notify";

/// account.getContactSignUpNotification
pub(crate) async fn get_contact_sign_up_notification(
    call: Call,
    _: functions::account::GetContactSignUpNotification,
) -> Result<bool, Error> {
    let found = call.messenger().setting(call.actor(), SILENT_SIGN_UPS).await?;
    Ok(found.is_some_and(|body| body == [1]))
}

/// account.setContactSignUpNotification
pub(crate) async fn set_contact_sign_up_notification(
    call: Call,
    r: functions::account::SetContactSignUpNotification,
) -> Result<bool, Error> {
    call.messenger().set_setting(call.actor(), SILENT_SIGN_UPS, vec![u8::from(r.silent)]).await?;
    Ok(true)
}

/// account.getReactionsNotifySettings
pub(crate) async fn get_reactions_notify_settings(
    call: Call,
    _: functions::account::GetReactionsNotifySettings,
) -> Result<enums::ReactionsNotifySettings, Error> {
    let from = || Some(enums::ReactionNotificationsFrom::ReactionNotificationsFromAll);
    let all = types::ReactionsNotifySettings {
        messages_notify_from: from(),
        stories_notify_from: from(),
        poll_votes_notify_from: from(),
        sound: enums::NotificationSound::NotificationSoundDefault,
        show_previews: true,
    };
    Ok(call.messenger().object(call.actor(), REACTIONS).await?.unwrap_or(all))
}

/// account.setReactionsNotifySettings
pub(crate) async fn set_reactions_notify_settings(
    call: Call,
    r: functions::account::SetReactionsNotifySettings,
) -> Result<enums::ReactionsNotifySettings, Error> {
    call.messenger().set_object(call.actor(), REACTIONS, r.settings.clone()).await?;
    Ok(r.settings)
}

/// account.getGlobalPrivacySettings
pub(crate) async fn get_global_privacy_settings(
    _: Call,
    _: functions::account::GetGlobalPrivacySettings,
) -> Result<enums::GlobalPrivacySettings, Error> {
    Ok(types::GlobalPrivacySettings::default())
}

/// account.setGlobalPrivacySettings: none of them is enforced yet, so none can be set.
pub(crate) async fn set_global_privacy_settings(
    _: Call,
    r: functions::account::SetGlobalPrivacySettings,
) -> Result<enums::GlobalPrivacySettings, Error> {
    if r.settings == types::GlobalPrivacySettings::default() {
        Ok(r.settings)
    } else {
        Err(Error::bad(errors::AUTOARCHIVE_NOT_AVAILABLE))
    }
}

/// account.getNotifyExceptions
pub(crate) async fn get_notify_exceptions(
    call: Call,
    r: functions::account::GetNotifyExceptions,
) -> Result<enums::Updates, Error> {
    let wanted = r.peer.as_ref().map(|peer| super::notify::scope(&call, peer)).transpose()?;
    let found = call.messenger().notify_exceptions(call.actor(), wanted).await?;
    let list = found.list.into_iter().map(|(peer, topic, notify_settings)| {
        let peer = peer_to_tl(peer);
        let peer: enums::NotifyPeer = match topic.0 {
            0 => types::NotifyPeer { peer }.into(),
            top_msg_id => types::NotifyForumTopic { peer, top_msg_id }.into(),
        };
        types::UpdateNotifySettings { peer, notify_settings }.into()
    });
    Ok(to_tl::updates(call.view(&found.scene), list.collect()))
}
