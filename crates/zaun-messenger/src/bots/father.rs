//! BotFather: the account with which people make bots and look after them (B-004, B-010 … B-016, B-101).

use rand::Rng;
use zaun_model::{BoxId, Peer, UnixTime, UserId};
use zaun_schema::api::{enums, types};
use zaun_store::Tx;
use zaun_store::repo::bots::{CommandKey, TextsRow};
use zaun_store::repo::users::UserRow;
use zaun_store::repo::{bots, boxes, users};

use super::{CommandScope, NewBot, Texts};
use crate::messages::content::{Body, Content};
use crate::messages::send::Draft;
use crate::peers::PeerRef;
use crate::views::Message;
use crate::{Actor, Error, Messenger, stored};

/// The account: below ordinary ids, as the account that codes come from.
pub const BOT_FATHER: UserId = UserId(777_001);
/// Its user name, in the form in which it is unique.
const FOLDED: &str = "botfather";
/// Name of the setting of a user that holds what it is in the middle of.
const STEP: &str = "botfather";
/// What takes a text away.
const EMPTY: &str = "/empty";
const DESCRIPTION: &str = "Here people make bots and look after them. Send /newbot to begin.";

/// What can be done with a bot that exists.
struct Task {
    /// How it is asked for, without the slash.
    command: &'static str,
    /// What the list of commands says of it.
    about: &'static str,
    /// What is asked for once the bot is chosen; nothing if there is no more to know.
    question: Option<&'static str>,
}

const TASKS: [Task; 12] = [
    Task { command: "token", about: "show the token of a bot", question: None },
    Task { command: "revoke", about: "give a bot another token; the old one ends at once", question: None },
    Task { command: "setname", about: "change the name of a bot", question: Some("Send the new name.") },
    Task {
        command: "setdescription",
        about: "change what people read before they start a bot",
        question: Some("Send the new description, or /empty for none."),
    },
    Task {
        command: "setabouttext",
        about: "change what a bot's profile says",
        question: Some("Send the new text, or /empty for none."),
    },
    Task {
        command: "setcommands",
        about: "change the list of commands of a bot",
        question: Some("Send the commands, one in a line: \"start - begins anew\". Or /empty for none."),
    },
    Task {
        command: "setinline",
        about: "let a bot answer inline queries",
        question: Some("Send what stands in the empty field of a query, or /empty to end inline queries."),
    },
    Task {
        command: "setinlinefeedback",
        about: "tell a bot which of its inline results were chosen",
        question: Some("Send \"on\" or \"off\"."),
    },
    Task {
        command: "setprivacy",
        about: "decide whether a bot reads all messages of its groups",
        question: Some(
            "Send \"on\" if the bot is to see only what is meant for it, or \"off\" if all messages.",
        ),
    },
    Task {
        command: "setjoingroups",
        about: "decide whether a bot can be added to groups",
        question: Some("Send \"on\" or \"off\"."),
    },
    Task {
        command: "deletebot",
        about: "delete a bot",
        question: Some("The bot is lost for ever. Send \"delete\" if you are sure, or /cancel."),
    },
    Task { command: "mybots", about: "list your bots", question: None },
];

fn task(command: &str) -> Option<&'static Task> {
    TASKS.iter().find(|task| task.command == command)
}

/// What a person is in the middle of. It is kept as a text.
enum Step {
    Name,
    Username(String),
    Bot(&'static Task),
    Value(&'static Task, UserId),
}

impl Step {
    fn parse(text: &str) -> Option<Step> {
        let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
        match kind {
            "name" => Some(Step::Name),
            "username" => Some(Step::Username(rest.to_owned())),
            "bot" => task(rest).map(Step::Bot),
            "value" => {
                let (command, bot) = rest.split_once(' ')?;
                Some(Step::Value(task(command)?, UserId(bot.parse().ok()?)))
            }
            _ => None,
        }
    }

    fn write(&self) -> String {
        match self {
            Step::Name => "name".to_owned(),
            Step::Username(name) => format!("username {name}"),
            Step::Bot(task) => format!("bot {}", task.command),
            Step::Value(task, bot) => format!("value {} {}", task.command, bot.0),
        }
    }
}

/// What is said to a person, and what is expected next.
#[derive(Default)]
struct Reply {
    text: String,
    /// A part of the text that is to be copied.
    code: Option<String>,
    /// What can be pressed instead of being written.
    buttons: Vec<String>,
    next: Option<Step>,
}

impl Reply {
    fn say(text: impl Into<String>) -> Reply {
        Reply { text: text.into(), ..Reply::default() }
    }

    fn then(self, step: Step) -> Reply {
        Reply { next: Some(step), ..self }
    }

    fn with_token(text: &str, bot: &NewBot) -> Reply {
        let token = bot.token.reveal();
        let text = format!("{text}\n\n{token}\n\nWhoever has this token is the bot: keep it to yourself.");
        Reply { text, code: Some(token.to_owned()), ..Reply::default() }
    }

    fn into_content(self) -> Content {
        let entity = self.code.and_then(|code| {
            let before = self.text.split(&code).next()?;
            let units = |text: &str| i32::try_from(text.encode_utf16().count()).ok();
            let code = types::MessageEntityCode { offset: units(before)?, length: units(&code)? };
            Some(vec![code.into()])
        });
        let row = |text: String| {
            let button =
                types::KeyboardButton { style: None, text, r#type: enums::ButtonType::ButtonTypeDefault };
            types::KeyboardButtonRow { buttons: vec![button] }
        };
        let markup: enums::ReplyMarkup = if self.buttons.is_empty() {
            types::ReplyKeyboardHide::default().into()
        } else {
            let rows = self.buttons.into_iter().map(row).collect();
            types::ReplyKeyboardMarkup { resize: true, single_use: true, rows, ..Default::default() }.into()
        };
        let mut content = Content { text: self.text, ..Content::default() };
        content.message.entities = entity;
        content.message.reply_markup = Some(markup);
        content
    }
}

/// Makes sure that the account exists, unless somebody has its name.
pub(crate) fn create(tx: &Tx<'_>, now: UnixTime) -> Result<(), Error> {
    if users::find(tx, BOT_FATHER)?.is_some() || users::by_username(tx, FOLDED)?.is_some() {
        return Ok(());
    }
    users::insert_with_id(tx, BOT_FATHER, "BotFather", now)?;
    bots::mark(tx, BOT_FATHER)?;
    boxes::create(tx, BoxId::User(BOT_FATHER))?;
    users::claim_username(tx, BOT_FATHER.into(), Some(FOLDED))?;
    users::set_username(tx, BOT_FATHER, Some("BotFather"))?;
    bots::set_settings(tx, BOT_FATHER, super::flag::NO_CHATS, None)?;
    let texts = TextsRow { description: Some(DESCRIPTION.to_owned()), ..TextsRow::default() };
    bots::put_texts(tx, BOT_FATHER, "", &texts)?;
    let command = |command: &str, description: &str| types::BotCommand {
        command: command.to_owned(),
        description: description.to_owned(),
        ..Default::default()
    };
    let others = TASKS.iter().map(|task| command(task.command, task.about));
    let commands: Vec<enums::BotCommand> =
        std::iter::once(command("newbot", "make a bot")).chain(others).collect();
    let info = types::BotInfo { commands: Some(commands), ..types::BotInfo::default() };
    let key = CommandKey { scope: 0, peer: 0, user_id: 0, lang: String::new() };
    bots::put_commands(tx, BOT_FATHER, &key, Some(&stored::encode(&enums::BotInfo::from(info))?))?;
    Ok(())
}

fn help() -> String {
    let mut text = "I make bots and look after them.\n\n/newbot - make a bot\n".to_owned();
    for task in &TASKS {
        text.push_str(&format!("/{} - {}\n", task.command, task.about));
    }
    text.push_str("/cancel - forget what we were at");
    text
}

/// What a refusal means to a person.
fn plain(error: Error) -> Result<String, Error> {
    let Error::Refused { code: 400 | 420, text } = &error else { return Err(error) };
    let said = match text.as_ref() {
        "USERNAME_INVALID" => {
            "A user name has 5 to 32 letters, digits or underscores, begins with a letter and ends in \"bot\"."
        }
        "USERNAME_OCCUPIED" => "Somebody has this user name. Try another one.",
        "FIRSTNAME_INVALID" => "A name has 1 to 64 characters. Try another one.",
        "BOT_CREATE_LIMIT_EXCEEDED" => "You have as many bots as one person can have. Delete one first.",
        "ABOUT_TOO_LONG" => "This is too long. Try a shorter text.",
        "BOT_COMMAND_INVALID" => "A command has 1 to 32 small letters, digits or underscores. Try again.",
        "BOT_COMMAND_DESCRIPTION_INVALID" => {
            "Each command needs a description of at most 256 characters. Try again."
        }
        other => return Ok(format!("This was refused: {other}. Try again, or send /cancel.")),
    };
    Ok(said.to_owned())
}

/// Reads commands, one in a line.
fn commands(text: &str) -> Option<Vec<enums::BotCommand>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (command, description) = line.split_once('-')?;
            let command = command.trim().trim_start_matches('/').to_owned();
            Some(types::BotCommand {
                command,
                description: description.trim().to_owned(),
                ..Default::default()
            })
        })
        .collect()
}

fn switch(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "on" | "enable" => Some(true),
        "off" | "disable" => Some(false),
        _ => None,
    }
}

impl Messenger {
    /// Answers what somebody wrote to BotFather.
    pub async fn father_hears(&self, message: &Message) -> Result<(), Error> {
        let Peer::User(user) = message.row.author else { return Ok(()) };
        if user == BOT_FATHER || message.row.peer != Peer::User(user) {
            return Ok(());
        }
        let text = match &message.body {
            Body::Written(content) => content.text.trim().to_owned(),
            Body::Service(_) => return Ok(()),
        };
        let person = Actor { user_id: user, key_id: 0, session_id: 0 };
        let kept = self.setting(person, STEP).await?.unwrap_or_default();
        let step = Step::parse(&String::from_utf8_lossy(&kept));
        let reply = self.father_answers(user, step, &text).await?;
        let next = reply.next.as_ref().map(Step::write).unwrap_or_default();
        self.set_setting(person, STEP, next.into_bytes()).await?;
        let random_id = (rand::rng().next_u64() >> 1).cast_signed().max(1);
        let draft = Draft { random_id, content: reply.into_content(), ..Draft::default() };
        let father = Actor { user_id: BOT_FATHER, key_id: 0, session_id: 0 };
        self.send(father, PeerRef::Known(Peer::User(user)), vec![draft]).await.map(drop)
    }

    async fn father_answers(&self, user: UserId, step: Option<Step>, text: &str) -> Result<Reply, Error> {
        let command = text.strip_prefix('/').map(|rest| rest.split([' ', '@']).next().unwrap_or_default());
        match command.filter(|_| text != EMPTY) {
            Some("newbot") => {
                return Ok(
                    Reply::say("A new bot. What is it called? People will read this name.").then(Step::Name)
                );
            }
            Some("cancel") => return Ok(Reply::say("Forgotten.")),
            Some(command) => {
                return match task(command) {
                    Some(task) => self.father_offers(user, task).await,
                    None => Ok(Reply::say(help())),
                };
            }
            None => {}
        }
        match step {
            None => Ok(Reply::say(help())),
            Some(Step::Name) => match super::bot_name(text) {
                Ok(name) => {
                    let question = "Good. Now a user name, which ends in \"bot\": TetrisBot or tetris_bot.";
                    Ok(Reply::say(question).then(Step::Username(name)))
                }
                Err(error) => Ok(Reply::say(plain(error)?).then(Step::Name)),
            },
            Some(Step::Username(name)) => {
                let username = text.trim_start_matches('@');
                match self.create_bot(user, &name, username).await {
                    Ok(bot) => {
                        Ok(Reply::with_token(&format!("Done: @{username} is there. Its token is"), &bot))
                    }
                    Err(error) => Ok(Reply::say(plain(error)?).then(Step::Username(name))),
                }
            }
            Some(Step::Bot(task)) => {
                let wanted = text.trim_start_matches('@');
                let all = self.bots(Some(user)).await?;
                let is_it =
                    |bot: &&UserRow| bot.username.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(wanted));
                match all.iter().find(is_it) {
                    Some(bot) => self.father_begins(task, bot.id).await,
                    None => Ok(Reply::say("You have no such bot. Choose one of yours, or send /cancel.")
                        .then(Step::Bot(task))),
                }
            }
            Some(Step::Value(task, bot)) => {
                let own = self.bots(Some(user)).await?.iter().any(|row| row.id == bot);
                if !own {
                    return Ok(Reply::say("This bot is not yours any more."));
                }
                match self.father_does(task, bot, text).await {
                    Ok(Some(done)) => Ok(Reply::say(done)),
                    Ok(None) => {
                        let question = task.question.unwrap_or_default();
                        Ok(Reply::say(format!("I did not understand this. {question}"))
                            .then(Step::Value(task, bot)))
                    }
                    Err(error) => Ok(Reply::say(plain(error)?).then(Step::Value(task, bot))),
                }
            }
        }
    }

    /// Lets a person choose one of its bots.
    async fn father_offers(&self, user: UserId, task: &'static Task) -> Result<Reply, Error> {
        let all = self.bots(Some(user)).await?;
        let names = all.iter().filter_map(|bot| bot.username.as_ref().map(|name| format!("@{name}")));
        let names: Vec<String> = names.collect();
        if names.is_empty() {
            return Ok(Reply::say("You have no bots. Send /newbot to make one."));
        }
        if task.command == "mybots" {
            return Ok(Reply::say(format!("Your bots:\n{}", names.join("\n"))));
        }
        let reply = Reply { buttons: names, ..Reply::say("Which bot?") };
        Ok(reply.then(Step::Bot(task)))
    }

    /// Begins with a bot that was chosen: asks what is still to be known, or does it.
    async fn father_begins(&self, task: &'static Task, bot: UserId) -> Result<Reply, Error> {
        match task.question {
            Some(question) => Ok(Reply::say(question).then(Step::Value(task, bot))),
            None if task.command == "revoke" => {
                let bot = self.revoke_bot_token(bot).await?;
                Ok(Reply::with_token("The old token has ended. The new one is", &bot))
            }
            None => Ok(Reply::with_token("The token is", &self.bot_token(bot).await?)),
        }
    }

    /// Changes a bot; `None` if the text does not say how.
    async fn father_does(&self, task: &Task, bot: UserId, text: &str) -> Result<Option<String>, Error> {
        let actor = Actor { user_id: bot, key_id: 0, session_id: 0 };
        let value = if text == EMPTY { "" } else { text };
        let texts = |texts: Texts| self.set_bot_texts(actor, String::new(), texts);
        match task.command {
            "setname" => {
                super::bot_name(value)?;
                texts(Texts { name: Some(value.to_owned()), ..Texts::default() }).await?;
            }
            "setdescription" => {
                texts(Texts { description: Some(value.to_owned()), ..Texts::default() }).await?;
            }
            "setabouttext" => texts(Texts { about: Some(value.to_owned()), ..Texts::default() }).await?,
            "setcommands" => {
                let Some(commands) = commands(value) else { return Ok(None) };
                self.set_bot_commands(actor, CommandScope::Default, String::new(), commands).await?;
            }
            "setinline" => {
                let placeholder = (!value.is_empty()).then(|| value.to_owned());
                self.change_bot(bot, move |row| row.bot_placeholder = placeholder.clone()).await?;
            }
            "deletebot" => {
                if !text.eq_ignore_ascii_case("delete") {
                    return Ok(None);
                }
                self.delete_bot(bot).await?;
                return Ok(Some("The bot is gone.".to_owned()));
            }
            command => {
                let (flag, set_by) = match command {
                    "setinlinefeedback" => (super::flag::INLINE_FEEDBACK, true),
                    "setprivacy" => (super::flag::CHAT_HISTORY, false),
                    _ => (super::flag::NO_CHATS, false),
                };
                let Some(on) = switch(text) else { return Ok(None) };
                let set = on == set_by;
                let change = move |row: &mut UserRow| {
                    row.bot_flags = if set { row.bot_flags | flag } else { row.bot_flags & !flag };
                };
                self.change_bot(bot, change).await?;
            }
        }
        Ok(Some("Done.".to_owned()))
    }

    /// Changes what a bot may do.
    async fn change_bot(
        &self,
        bot: UserId,
        change: impl Fn(&mut UserRow) + Send + 'static,
    ) -> Result<(), Error> {
        self.write(bot, move |tx| {
            let mut row = users::find(tx, bot)?.ok_or_else(|| Error::bad(crate::errors::BOT_INVALID))?;
            change(&mut row);
            bots::set_settings(tx, bot, row.bot_flags, row.bot_placeholder.as_deref())?;
            Ok(bots::bump(tx, bot)?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_survives_being_kept() {
        for text in ["name", "username Tetris of mine", "bot setname", "value setname 12"] {
            assert_eq!(Step::parse(text).expect("a step").write(), text);
        }
        for text in ["", "bot walk", "value setname x", "other"] {
            assert!(Step::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn commands_are_read_line_by_line() {
        let read = commands("start - begins anew\n\n/help-says what is what").expect("commands");
        let texts: Vec<String> =
            read.iter().map(|command| format!("{}|{}", command.command, command.description)).collect();
        assert_eq!(texts, ["start|begins anew", "help|says what is what"]);
        assert!(commands("start").is_none());
        assert_eq!(commands("").map(|all| all.len()), Some(0));
    }
}
