//! What bots say of themselves: commands, names, descriptions (B-056 … B-065).

use zaun_messenger::bots::{CommandScope, Texts};
use zaun_messenger::{Error, errors};
use zaun_schema::api::{enums, functions, types};

use crate::Call;

fn scope(call: &Call, input: &enums::BotCommandScope) -> Result<CommandScope, Error> {
    use enums::BotCommandScope as S;
    Ok(match input {
        S::BotCommandScopeDefault => CommandScope::Default,
        S::BotCommandScopeUsers => CommandScope::Users,
        S::BotCommandScopeChats => CommandScope::Chats,
        S::BotCommandScopeChatAdmins => CommandScope::ChatAdmins,
        S::BotCommandScopePeer(scope) => CommandScope::Peer(call.peer(&scope.peer)?),
        S::BotCommandScopePeerAdmins(scope) => CommandScope::PeerAdmins(call.peer(&scope.peer)?),
        S::BotCommandScopePeerUser(scope) => {
            CommandScope::PeerUser(call.peer(&scope.peer)?, call.user(&scope.user_id)?)
        }
    })
}

/// bots.setBotCommands
pub(crate) async fn set_bot_commands(call: Call, r: functions::bots::SetBotCommands) -> Result<bool, Error> {
    let scope = scope(&call, &r.scope)?;
    call.messenger().set_bot_commands(call.actor(), scope, r.lang_code, r.commands).await?;
    Ok(true)
}

/// bots.resetBotCommands
pub(crate) async fn reset_bot_commands(
    call: Call,
    r: functions::bots::ResetBotCommands,
) -> Result<bool, Error> {
    let scope = scope(&call, &r.scope)?;
    call.messenger().set_bot_commands(call.actor(), scope, r.lang_code, Vec::new()).await?;
    Ok(true)
}

/// bots.getBotCommands
pub(crate) async fn get_bot_commands(
    call: Call,
    r: functions::bots::GetBotCommands,
) -> Result<Vec<enums::BotCommand>, Error> {
    let scope = scope(&call, &r.scope)?;
    call.messenger().bot_commands(call.user_id, scope, r.lang_code).await
}

/// bots.setBotInfo: bots for themselves only; owners have no way to it yet.
pub(crate) async fn set_bot_info(call: Call, r: functions::bots::SetBotInfo) -> Result<bool, Error> {
    if !call.bot || r.bot.is_some() {
        return Err(Error::bad(errors::BOT_INVALID));
    }
    let texts = Texts { name: r.name, about: r.about, description: r.description };
    call.messenger().set_bot_texts(call.actor(), r.lang_code, texts).await?;
    Ok(true)
}

/// bots.getBotInfo: bots of themselves only.
pub(crate) async fn get_bot_info(
    call: Call,
    r: functions::bots::GetBotInfo,
) -> Result<enums::bots::BotInfo, Error> {
    if !call.bot || r.bot.is_some() {
        return Err(Error::bad(errors::BOT_INVALID));
    }
    let texts = call.messenger().bot_texts(call.user_id, r.lang_code).await?;
    Ok(types::bots::BotInfo {
        name: texts.name.unwrap_or_default(),
        about: texts.about.unwrap_or_default(),
        description: texts.description.unwrap_or_default(),
    })
}
