//! `zaun bot`: bots of a server that is not running.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use zaun_blob::Blobs;
use zaun_messenger::bots::{NewBot, SANDBOX_PLACEHOLDER};
use zaun_messenger::views::UserRow;
use zaun_messenger::{Delivery, Messenger, Outlet, Seat, Settings};
use zaun_model::{ChannelId, UnixTime, UserId};
use zaun_store::Store;

use crate::data::{self, DataDir};
use crate::database::Database;
use crate::secrets;

/// Flags of `zaun bot`.
#[derive(Args, Debug)]
pub struct BotArgs {
    /// Data directory of the server, which must not be running
    #[arg(long, env = "ZAUN_DATA", value_name = "DIR", default_value = "zaun-data", global = true)]
    data: PathBuf,

    /// The PostgreSQL database of the server, if it has one
    #[arg(long, env = "ZAUN_DATABASE", hide_env_values = true, value_name = "URL", global = true)]
    database: Option<Database>,

    #[command(subcommand)]
    command: BotCommand,
}

#[derive(Subcommand, Debug)]
enum BotCommand {
    /// Make a bot and print its token
    Create {
        /// What people see it called
        name: String,
        /// Its public name, which ends in "bot" [default: made of the name]
        #[arg(long)]
        username: Option<String>,
    },
    /// List all bots
    List,
    /// Print the token of a bot
    Token {
        /// Its number or public name
        bot: String,
        /// Make another token; the old one is void
        #[arg(long)]
        revoke: bool,
    },
    /// Let a bot answer inline queries
    Inline {
        /// Its number or public name
        bot: String,
        /// What the field shows before anything is typed
        #[arg(long, value_name = "TEXT", default_value = SANDBOX_PLACEHOLDER)]
        placeholder: String,
        /// Tell it which results were chosen
        #[arg(long)]
        feedback: bool,
        /// End it
        #[arg(long, conflicts_with_all = ["placeholder", "feedback"])]
        off: bool,
    },
    /// Delete a bot
    Delete {
        /// Its number or public name
        bot: String,
    },
}

/// Nobody is connected.
struct Nobody;

impl Outlet for Nobody {
    fn deliver(&self, _: Delivery) {}
    fn membership(&self, _: UserId, _: ChannelId, _: Option<Seat>) {}
    fn key_ended(&self, _: i64, _: bool) {}
    fn online(&self, _: UserId, _: Option<UnixTime>) {}
}

/// Runs the command.
pub fn main(args: BotArgs) -> anyhow::Result<()> {
    data::keep_files_private();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(run(args))
}

async fn run(args: BotArgs) -> anyhow::Result<()> {
    let data = DataDir::open(Some(&args.data))?;
    let master = secrets::Master::load(&data.path)?;
    let options = zaun_store::Options::default();
    let store = match &args.database {
        Some(database) => Store::open_postgres(database.url(), &options)?,
        None => Store::open(&data.path.join("zaun.db"), &options)?,
    };
    let blobs = Blobs::open(&data.path, zaun_blob::Durability::Full)?;
    let settings = Settings::default();
    let messenger =
        Messenger::open(store, blobs, Arc::new(Nobody), master.derive("access"), settings).await?;
    match args.command {
        BotCommand::Create { name, username: Some(username) } => {
            announce(&messenger.create_bot(UserId(0), &name, &username).await?);
        }
        BotCommand::Create { name, username: None } => announce(&messenger.ensure_bot(&name).await?),
        BotCommand::List => {
            for bot in messenger.bots(None).await? {
                println!("{}\t@{}\t{}", bot.id.0, bot.username.as_deref().unwrap_or("-"), bot.first_name);
            }
        }
        BotCommand::Token { bot, revoke } => {
            let id = find(&messenger, &bot).await?.id;
            let shown = match revoke {
                true => messenger.revoke_bot_token(id).await?,
                false => messenger.bot_token(id).await?,
            };
            println!("{}", shown.token.reveal());
        }
        BotCommand::Inline { bot, placeholder, feedback, off } => {
            let id = find(&messenger, &bot).await?.id;
            messenger.set_bot_inline(id, (!off).then_some(placeholder), feedback).await?;
        }
        BotCommand::Delete { bot } => messenger.delete_bot(find(&messenger, &bot).await?.id).await?,
    }
    Ok(())
}

fn announce(bot: &NewBot) {
    let username = bot.user.username.as_deref().unwrap_or_default();
    println!("{} (@{username}) logs in with\n{}", bot.user.first_name, bot.token.reveal());
}

async fn find(messenger: &Messenger, named: &str) -> anyhow::Result<UserRow> {
    let name = named.trim_start_matches('@');
    let fits = |bot: &UserRow| {
        bot.id.0.to_string() == name
            || bot.username.as_deref().is_some_and(|username| username.eq_ignore_ascii_case(name))
    };
    let found = messenger.bots(None).await?.into_iter().find(fits);
    found.with_context(|| format!("there is no bot {named}; `zaun bot list` shows all of them"))
}
