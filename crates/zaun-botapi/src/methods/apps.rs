//! Mini apps, the menu button, and the rights that a bot asks for.

use serde_json::{Value, json};
use zaun_messenger::rights::wire;
use zaun_model::rights::AdminRights;
use zaun_model::{Peer, UserId};
use zaun_schema::api::{enums, types};

use super::{Call, inline};
use crate::error::ApiError;
use crate::to_json::Object;
use crate::to_json::members::{Place, RIGHTS};

impl Call<'_> {
    /// Whose menu button is meant; nobody in particular is everybody.
    async fn menu_of(&self) -> Result<UserId, ApiError> {
        match self.params.get("chat_id").filter(|id| !id.is_empty()) {
            None => Ok(UserId(0)),
            Some(named) => match self.peer_named(named).await? {
                Peer::User(user) => Ok(user),
                _ => Err(ApiError::bad("chat not found")),
            },
        }
    }
}

/// answerWebAppQuery
pub(super) async fn answer_web_app_query(call: Call<'_>) -> Result<Value, ApiError> {
    let query = call.params.required("web_app_query_id")?.to_owned();
    let given = call.params.json("result", "web view query results")?;
    let given = given.ok_or_else(|| ApiError::bad("result isn't specified"))?;
    let result = call.inline_result(&given).await?;
    let name = call.messenger().answer_app(call.actor(), &query, result).await?;
    Ok(match name.and_then(|name| inline::write_name(&name.to_tl())) {
        Some(name) => json!({ "inline_message_id": name }),
        None => json!({}),
    })
}

/// setChatMenuButton
pub(super) async fn set_chat_menu_button(call: Call<'_>) -> Result<Value, ApiError> {
    let user = call.menu_of().await?;
    let given = call.params.json("menu_button", "menu button")?.unwrap_or_default();
    let button: enums::BotMenuButton = match given["type"].as_str() {
        None | Some("default") => enums::BotMenuButton::BotMenuButtonDefault,
        Some("commands") => enums::BotMenuButton::BotMenuButtonCommands,
        Some("web_app") => {
            let text = given["text"].as_str().unwrap_or_default().to_owned();
            let url = given["web_app"]["url"].as_str().unwrap_or_default().to_owned();
            types::BotMenuButton { text, url }.into()
        }
        Some(_) => return Err(ApiError::bad("can't parse menu button: unsupported type")),
    };
    call.messenger().set_menu_button(call.actor(), user, button).await?;
    Ok(json!(true))
}

/// getChatMenuButton
pub(super) async fn get_chat_menu_button(call: Call<'_>) -> Result<Value, ApiError> {
    let user = call.menu_of().await?;
    Ok(match call.messenger().menu_button(call.bot.bot, user).await? {
        enums::BotMenuButton::BotMenuButtonDefault => json!({ "type": "default" }),
        enums::BotMenuButton::BotMenuButtonCommands => json!({ "type": "commands" }),
        enums::BotMenuButton::BotMenuButton(button) => {
            json!({ "type": "web_app", "text": button.text, "web_app": { "url": button.url } })
        }
    })
}

/// setMyDefaultAdministratorRights
pub(super) async fn set_my_default_administrator_rights(call: Call<'_>) -> Result<Value, ApiError> {
    let given = call.params.json("rights", "administrator rights")?.unwrap_or_default();
    let broadcast = call.params.is_set("for_channels");
    let wanted = |(name, _, _): &&(&str, AdminRights, Place)| given[*name].as_bool().unwrap_or(false);
    let wanted = RIGHTS.iter().filter(wanted).fold(AdminRights::NONE, |all, (_, right, _)| all | *right);
    call.messenger().set_wanted_rights(call.actor(), broadcast, wire::admin_rights(wanted)).await?;
    Ok(json!(true))
}

/// getMyDefaultAdministratorRights
pub(super) async fn get_my_default_administrator_rights(call: Call<'_>) -> Result<Value, ApiError> {
    let broadcast = call.params.is_set("for_channels");
    let found = call.messenger().wanted_rights(call.bot.bot, broadcast).await?.unwrap_or_default();
    let found = wire::admin_from_tl(&found);
    let mut out = Object::default();
    out.set("is_anonymous", found.has(AdminRights::ANONYMOUS));
    let elsewhere = if broadcast { Place::Groups } else { Place::Channels };
    for (name, right, _) in RIGHTS.iter().filter(|(.., place)| *place != elsewhere) {
        out.set(name, found.has(*right));
    }
    Ok(out.done())
}
