//! What a bot says of itself: names and descriptions per language, lists of commands (B-056 … B-066).

use zaun_model::{Peer, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::bots::{self, CommandKey, TextsRow};
use zaun_store::repo::users;

use super::apps;
use crate::limits::{
    AUDIENCE, BOT_ABOUT_LENGTH, BOT_COMMAND_LISTS, BOT_COMMANDS, BOT_DESCRIPTION_LENGTH, BOT_NAME_LENGTH,
    COMMAND_DESCRIPTION_LENGTH, COMMAND_LENGTH,
};
use crate::peers::{PeerRef, peer_to_tl};
use crate::{Actor, Changes, Error, Messenger, errors, stored};

/// For whom a list of commands is (B-057).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandScope {
    /// Whoever has no other list.
    Default,
    /// All private chats.
    Users,
    /// All groups.
    Chats,
    /// Administrators of all groups.
    ChatAdmins,
    /// One conversation.
    Peer(PeerRef),
    /// Administrators of one group.
    PeerAdmins(PeerRef),
    /// A member of one group.
    PeerUser(PeerRef, PeerRef),
}

impl CommandScope {
    fn key(self, tx: &Tx<'_>, bot: UserId, lang: &str) -> Result<CommandKey, Error> {
        let key = |scope, peer: Option<Peer>, user: Option<UserId>| CommandKey {
            scope,
            peer: peer.map_or(0, Peer::marked),
            user_id: user.map_or(0, |user| user.0),
            lang: lang.to_owned(),
        };
        let group = |peer: PeerRef| match peer.resolve(tx, bot)? {
            Peer::User(_) => Err(Error::bad(errors::PEER_ID_INVALID)),
            group => Ok(Some(group)),
        };
        Ok(match self {
            CommandScope::Default => key(0, None, None),
            CommandScope::Users => key(1, None, None),
            CommandScope::Chats => key(2, None, None),
            CommandScope::ChatAdmins => key(3, None, None),
            CommandScope::Peer(peer) => key(4, Some(peer.resolve(tx, bot)?), None),
            CommandScope::PeerAdmins(peer) => key(5, group(peer)?, None),
            CommandScope::PeerUser(peer, user) => key(6, group(peer)?, Some(user.user(tx, bot)?)),
        })
    }
}

/// Texts of a bot in a language; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// Its name.
    pub name: Option<String>,
    /// Its short description.
    pub about: Option<String>,
    /// What stands in an empty chat with it.
    pub description: Option<String>,
}

/// What a client shows of a bot beside the account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BotProfile {
    /// Its short description.
    pub about: String,
    /// What stands in an empty chat with it.
    pub description: String,
    /// The commands that the viewer is offered.
    pub commands: Vec<enums::BotCommand>,
    /// What stands beside the field of the chat.
    pub menu_button: enums::BotMenuButton,
    /// Which rights it asks for in groups and in channels.
    pub rights: (Option<types::ChatAdminRights>, Option<types::ChatAdminRights>),
}

/// B-062.
fn check_lang(lang: &str) -> Result<(), Error> {
    let good = lang.is_empty() || (lang.len() == 2 && lang.bytes().all(|b| b.is_ascii_lowercase()));
    if good { Ok(()) } else { Err(Error::bad(errors::LANG_CODE_INVALID)) }
}

/// B-056.
fn check_commands(commands: &mut [enums::BotCommand]) -> Result<(), Error> {
    if commands.len() > BOT_COMMANDS {
        return Err(Error::bad(errors::BOT_COMMAND_INVALID));
    }
    for command in commands {
        if let Some(bare) = command.command.strip_prefix('/') {
            command.command = bare.to_owned();
        }
        let name = &command.command;
        let shape = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !shape || !(1..=COMMAND_LENGTH).contains(&name.len()) {
            return Err(Error::bad(errors::BOT_COMMAND_INVALID));
        }
        let length = command.description.trim().chars().count();
        if !(1..=COMMAND_DESCRIPTION_LENGTH).contains(&length) {
            return Err(Error::bad(errors::BOT_COMMAND_DESCRIPTION_INVALID));
        }
    }
    Ok(())
}

fn decode_commands(body: Vec<u8>) -> Result<Vec<enums::BotCommand>, Error> {
    let info: enums::BotInfo = stored::decode(body)?;
    Ok(info.commands.unwrap_or_default())
}

/// The commands that a user is offered in the private chat with a bot (B-058).
fn private_commands(
    tx: &Tx<'_>,
    bot: UserId,
    viewer: UserId,
    lang: &str,
) -> Result<Vec<enums::BotCommand>, Error> {
    for (scope, peer) in [(4, viewer.0), (1, 0), (0, 0)] {
        for lang in [lang, ""] {
            let key = CommandKey { scope, peer, user_id: 0, lang: lang.to_owned() };
            if let Some(body) = bots::commands(tx, bot, &key)? {
                return decode_commands(body);
            }
        }
    }
    Ok(Vec::new())
}

/// Returns what a client shows of a bot.
pub(crate) fn profile(tx: &Tx<'_>, bot: UserId, viewer: UserId, lang: &str) -> Result<BotProfile, Error> {
    let own = bots::texts(tx, bot, lang)?.unwrap_or_default();
    let common = bots::texts(tx, bot, "")?.unwrap_or_default();
    Ok(BotProfile {
        about: own.about.or(common.about).unwrap_or_default(),
        description: own.description.or(common.description).unwrap_or_default(),
        commands: private_commands(tx, bot, viewer, lang)?,
        menu_button: apps::menu_button(tx, bot, viewer)?,
        rights: (apps::wanted_rights(tx, bot, false)?, apps::wanted_rights(tx, bot, true)?),
    })
}

impl Messenger {
    /// Replaces a list of commands; an empty one forgets it (B-060).
    pub async fn set_bot_commands(
        &self,
        bot: Actor,
        scope: CommandScope,
        lang: String,
        mut commands: Vec<enums::BotCommand>,
    ) -> Result<(), Error> {
        check_lang(&lang)?;
        check_commands(&mut commands)?;
        let work = move |changes: &mut Changes<'_, '_>| {
            let (tx, id) = (changes.tx, bot.user_id);
            let key = scope.key(tx, id, &lang)?;
            let before = bots::commands(tx, id, &key)?;
            if commands.is_empty() {
                bots::put_commands(tx, id, &key, None)?;
            } else {
                if before.is_none() && bots::count_command_lists(tx, id)? >= BOT_COMMAND_LISTS {
                    return Err(Error::bad(errors::LIMIT_INVALID));
                }
                let info = types::BotInfo { commands: Some(commands.clone()), ..types::BotInfo::default() };
                let body = stored::encode(&enums::BotInfo::from(info))?;
                bots::put_commands(tx, id, &key, Some(&body))?;
            }
            bots::bump(tx, id)?;
            announce_commands(changes, id, &key)
        };
        self.change(bot, work).await.map(drop)
    }

    /// Returns exactly one list of commands; an empty one if it is not set (B-061).
    pub async fn bot_commands(
        &self,
        bot: UserId,
        scope: CommandScope,
        lang: String,
    ) -> Result<Vec<enums::BotCommand>, Error> {
        check_lang(&lang)?;
        self.read(bot, move |tx| {
            let key = scope.key(tx, bot, &lang)?;
            bots::commands(tx, bot, &key)?.map_or_else(|| Ok(Vec::new()), decode_commands)
        })
        .await
    }

    /// Changes what a bot says of itself in a language (B-065). Its name without a language is that of the account.
    pub async fn set_bot_texts(&self, bot: Actor, lang: String, texts: Texts) -> Result<(), Error> {
        check_lang(&lang)?;
        let long = |text: &Option<String>, most: usize| {
            text.as_ref().is_some_and(|text| text.chars().count() > most)
        };
        if long(&texts.name, BOT_NAME_LENGTH) {
            return Err(Error::bad(errors::FIRSTNAME_INVALID));
        }
        if long(&texts.about, BOT_ABOUT_LENGTH) || long(&texts.description, BOT_DESCRIPTION_LENGTH) {
            return Err(Error::bad(errors::ABOUT_TOO_LONG));
        }
        let work = move |changes: &mut Changes<'_, '_>| {
            let (tx, id) = (changes.tx, bot.user_id);
            let before = bots::texts(tx, id, &lang)?.unwrap_or_default();
            // An empty text takes the one of this language away.
            let set = |new: &Option<String>, old: Option<String>| match new {
                Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
                None => old,
            };
            let after = TextsRow {
                name: set(&texts.name, before.name),
                about: set(&texts.about, before.about),
                description: set(&texts.description, before.description),
            };
            bots::put_texts(tx, id, &lang, &after)?;
            if let Some(name) = texts.name.as_ref().filter(|name| lang.is_empty() && !name.is_empty()) {
                let user = users::find(tx, id)?.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
                users::set_profile(tx, id, name, &user.last_name, &user.about)?;
                crate::accounts::announce_name(changes, id)?;
            }
            Ok(bots::bump(tx, id)?)
        };
        self.change(bot, work).await.map(drop)
    }

    /// Returns what a bot says of itself in a language, or in general where that is not set (B-065).
    pub async fn bot_texts(&self, bot: UserId, lang: String) -> Result<Texts, Error> {
        check_lang(&lang)?;
        self.read(bot, move |tx| {
            let own = bots::texts(tx, bot, &lang)?.unwrap_or_default();
            let common = bots::texts(tx, bot, "")?.unwrap_or_default();
            let account = users::find(tx, bot)?.map(|user| user.first_name);
            Ok(Texts {
                name: own.name.or(common.name).or(account),
                about: own.about.or(common.about),
                description: own.description.or(common.description),
            })
        })
        .await
    }
}

/// Tells those who have a chat with the bot of their commands (B-064).
fn announce_commands(changes: &mut Changes<'_, '_>, bot: UserId, key: &CommandKey) -> Result<(), Error> {
    let concerned = match key.scope {
        0 | 1 => bots::partners(changes.tx, bot, AUDIENCE)?,
        4 if key.peer > 0 => vec![UserId(key.peer)],
        _ => Vec::new(),
    };
    for user in concerned {
        let commands = private_commands(changes.tx, bot, user, &key.lang)?;
        let peer = peer_to_tl(Peer::User(bot));
        changes.hint_user(user, types::UpdateBotCommands { peer, bot_id: bot.0, commands }.into());
    }
    Ok(())
}
