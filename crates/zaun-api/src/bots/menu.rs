//! What stands beside the field of a chat with a bot, which rights it asks for, and whether it may write.

use zaun_messenger::Error;
use zaun_model::UserId;
use zaun_schema::api::{enums, functions};

use crate::Call;
use crate::to_tl;

/// Whom a menu button is for; nobody in particular is everybody.
async fn whom(call: &Call, input: &enums::InputUser) -> Result<UserId, Error> {
    match input {
        enums::InputUser::InputUserEmpty => Ok(UserId(0)),
        named => Ok(call.messenger().person(call.user_id, call.user(named)?).await?.0),
    }
}

/// bots.setBotMenuButton
pub(crate) async fn set_bot_menu_button(
    call: Call,
    r: functions::bots::SetBotMenuButton,
) -> Result<bool, Error> {
    let user = whom(&call, &r.user_id).await?;
    call.messenger().set_menu_button(call.actor(), user, r.button).await?;
    Ok(true)
}

/// bots.getBotMenuButton
pub(crate) async fn get_bot_menu_button(
    call: Call,
    r: functions::bots::GetBotMenuButton,
) -> Result<enums::BotMenuButton, Error> {
    let user = whom(&call, &r.user_id).await?;
    call.messenger().menu_button(call.user_id, user).await
}

/// bots.setBotBroadcastDefaultAdminRights
pub(crate) async fn set_bot_broadcast_default_admin_rights(
    call: Call,
    r: functions::bots::SetBotBroadcastDefaultAdminRights,
) -> Result<bool, Error> {
    call.messenger().set_wanted_rights(call.actor(), true, r.admin_rights).await?;
    Ok(true)
}

/// bots.setBotGroupDefaultAdminRights
pub(crate) async fn set_bot_group_default_admin_rights(
    call: Call,
    r: functions::bots::SetBotGroupDefaultAdminRights,
) -> Result<bool, Error> {
    call.messenger().set_wanted_rights(call.actor(), false, r.admin_rights).await?;
    Ok(true)
}

/// bots.canSendMessage
pub(crate) async fn can_send_message(call: Call, r: functions::bots::CanSendMessage) -> Result<bool, Error> {
    call.messenger().lets_bot_write(call.actor(), call.user(&r.bot)?).await
}

/// bots.allowSendMessage
pub(crate) async fn allow_send_message(
    call: Call,
    r: functions::bots::AllowSendMessage,
) -> Result<enums::Updates, Error> {
    let done = call.messenger().let_bot_write(call.actor(), call.user(&r.bot)?).await?;
    Ok(to_tl::own_updates(call.view(&done.scene), &done.own))
}
