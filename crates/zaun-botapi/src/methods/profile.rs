//! What a bot says of itself (B-019, B-056 … B-065).

use serde_json::{Value, json};
use zaun_messenger::bots::{CommandScope, Texts, flag};
use zaun_messenger::peers::PeerRef;
use zaun_model::Peer;
use zaun_schema::api::{enums, types};

use super::Call;
use crate::error::ApiError;
use crate::to_json::user;

/// getMe
pub(super) async fn get_me(call: Call<'_>) -> Result<Value, ApiError> {
    let own = PeerRef::Known(Peer::User(call.bot.bot));
    let (id, scene) = call.messenger().person(call.bot.bot, own).await?;
    let person = scene.person(id, id).ok_or_else(|| ApiError::new(401, "Unauthorized"))?;
    let row = person.user;
    let mut me = user(row);
    let flags = [
        ("can_join_groups", row.bot_flags & flag::NO_CHATS == 0),
        ("can_read_all_group_messages", row.bot_flags & flag::CHAT_HISTORY != 0),
        ("supports_inline_queries", row.bot_placeholder.is_some()),
        ("supports_guest_queries", false),
        ("can_connect_to_business", false),
        ("has_main_web_app", false),
        ("has_topics_enabled", false),
        ("allows_users_to_create_topics", false),
        ("can_manage_bots", false),
        ("supports_join_request_queries", false),
    ];
    for (name, on) in flags {
        me[name] = on.into();
    }
    Ok(me)
}

impl Call<'_> {
    fn lang(&self) -> String {
        self.params.get("language_code").unwrap_or_default().to_owned()
    }

    /// The list of commands that is meant (B-057, B-063).
    async fn scope(&self) -> Result<CommandScope, ApiError> {
        let scope = self.params.json("scope", "BotCommandScope")?;
        let Some(scope) = scope else { return Ok(CommandScope::Default) };
        let chat = || async {
            let peer = match &scope["chat_id"] {
                Value::String(name) => self.peer_named(name).await?,
                other => self.peer_named(&other.to_string()).await?,
            };
            Ok::<_, ApiError>(peer)
        };
        let group = || async {
            match chat().await? {
                Peer::User(_) => Err(ApiError::bad("can't use specified scope in private chats")),
                peer => Ok(PeerRef::Known(peer)),
            }
        };
        Ok(match scope["type"].as_str().unwrap_or_default() {
            "" | "default" => CommandScope::Default,
            "all_private_chats" => CommandScope::Users,
            "all_group_chats" => CommandScope::Chats,
            "all_chat_administrators" => CommandScope::ChatAdmins,
            "chat" => CommandScope::Peer(PeerRef::Known(chat().await?)),
            "chat_administrators" => CommandScope::PeerAdmins(group().await?),
            "chat_member" => {
                let group = group().await?;
                let user = match self.peer_named(&scope["user_id"].to_string()).await? {
                    user @ Peer::User(_) => PeerRef::Known(user),
                    _ => return Err(ApiError::bad("invalid user_id specified")),
                };
                CommandScope::PeerUser(group, user)
            }
            _ => return Err(ApiError::bad("can't parse BotCommandScope: Unsupported type specified")),
        })
    }

    async fn put_commands(&self, commands: Vec<enums::BotCommand>) -> Result<Value, ApiError> {
        let scope = self.scope().await?;
        self.messenger().set_bot_commands(self.actor(), scope, self.lang(), commands).await?;
        Ok(json!(true))
    }

    async fn put_texts(&self, texts: Texts) -> Result<Value, ApiError> {
        self.messenger().set_bot_texts(self.actor(), self.lang(), texts).await?;
        Ok(json!(true))
    }

    async fn texts(&self) -> Result<Texts, ApiError> {
        Ok(self.messenger().bot_texts(self.bot.bot, self.lang()).await?)
    }

    /// A text that is set; one that is not given takes away what there was.
    fn new_text(&self, name: &str) -> Option<String> {
        Some(self.params.get(name).unwrap_or_default().to_owned())
    }
}

/// setMyCommands
pub(super) async fn set_my_commands(call: Call<'_>) -> Result<Value, ApiError> {
    let list = call.params.json("commands", "commands")?.unwrap_or_default();
    let Value::Array(list) = list else { return Err(ApiError::bad("expected an Array of BotCommand")) };
    let field = |command: &Value, name: &str| {
        let missing = || ApiError::bad(format!("can't parse BotCommand: Can't find field \"{name}\""));
        command[name].as_str().map(str::to_owned).ok_or_else(missing)
    };
    let mut commands = Vec::new();
    for command in &list {
        commands.push(types::BotCommand {
            ephemeral: false,
            command: field(command, "command")?,
            description: field(command, "description")?,
        });
    }
    call.put_commands(commands).await
}

/// deleteMyCommands
pub(super) async fn delete_my_commands(call: Call<'_>) -> Result<Value, ApiError> {
    call.put_commands(Vec::new()).await
}

/// getMyCommands
pub(super) async fn get_my_commands(call: Call<'_>) -> Result<Value, ApiError> {
    let scope = call.scope().await?;
    let commands = call.messenger().bot_commands(call.bot.bot, scope, call.lang()).await?;
    let written = |command: &enums::BotCommand| json!({ "command": command.command, "description": command.description });
    Ok(commands.iter().map(written).collect::<Vec<_>>().into())
}

/// setMyName
pub(super) async fn set_my_name(call: Call<'_>) -> Result<Value, ApiError> {
    call.put_texts(Texts { name: call.new_text("name"), ..Texts::default() }).await
}

/// getMyName
pub(super) async fn get_my_name(call: Call<'_>) -> Result<Value, ApiError> {
    Ok(json!({ "name": call.texts().await?.name.unwrap_or_default() }))
}

/// setMyDescription
pub(super) async fn set_my_description(call: Call<'_>) -> Result<Value, ApiError> {
    call.put_texts(Texts { description: call.new_text("description"), ..Texts::default() }).await
}

/// getMyDescription
pub(super) async fn get_my_description(call: Call<'_>) -> Result<Value, ApiError> {
    Ok(json!({ "description": call.texts().await?.description.unwrap_or_default() }))
}

/// setMyShortDescription
pub(super) async fn set_my_short_description(call: Call<'_>) -> Result<Value, ApiError> {
    call.put_texts(Texts { about: call.new_text("short_description"), ..Texts::default() }).await
}

/// getMyShortDescription
pub(super) async fn get_my_short_description(call: Call<'_>) -> Result<Value, ApiError> {
    Ok(json!({ "short_description": call.texts().await?.about.unwrap_or_default() }))
}
