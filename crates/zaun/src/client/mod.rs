//! `zaun client`: a small client for people and scripts, on the client engine.

mod connect;
mod landing;
mod login;
mod messages;
mod peers;
mod transfer;
mod updates;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Flags of `zaun client`.
#[derive(Args, Debug)]
pub struct ClientArgs {
    /// The server
    #[arg(long, env = "ZAUN_SERVER", value_name = "HOST:PORT")]
    server: String,

    /// PEM file with the server's RSA key, as `zaun keys` prints it
    #[arg(long, env = "ZAUN_SERVER_KEY", value_name = "FILE")]
    key: PathBuf,

    /// Where the account's keys are kept. Whoever has this file is the account
    #[arg(long, value_name = "FILE", default_value = "zaun-client.session")]
    session: PathBuf,

    /// What carries the packets
    #[arg(long, value_enum, default_value_t = Transport::Intermediate)]
    transport: Transport,

    /// A proxy in between: socks5://[NAME:PASSWORD@]HOST:PORT or http://…
    #[arg(long, value_name = "URL")]
    proxy: Option<String>,

    /// Secret of an MTProxy or of the endpoint, in hex or base64
    #[arg(long, value_name = "SECRET")]
    secret: Option<String>,

    /// Messages travel under temporary keys (perfect forward secrecy)
    #[arg(long)]
    pfs: bool,

    /// From the operator of the server; our own does not care
    #[arg(long, default_value_t = 1, hide_default_value = true)]
    api_id: i32,

    /// The same
    #[arg(long, default_value = "zaun", hide_default_value = true)]
    api_hash: String,

    #[command(subcommand)]
    command: Command,
}

/// Transports that people choose from.
#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    /// TCP, intermediate framing, obfuscated.
    Intermediate,
    /// TCP, abridged framing, obfuscated.
    Abridged,
    /// TCP, padded intermediate framing, obfuscated.
    Padded,
    /// TCP, full framing.
    Full,
    /// WebSocket.
    Ws,
    /// HTTP with long polling.
    Http,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Log in with a phone number; asks for the code, and for the password of an account that has one. Makes an account if there is none.
    Login {
        /// International, with or without +
        phone: String,
        /// The code, instead of asking: test phones of a sandbox know it beforehand
        #[arg(long)]
        code: Option<String>,
        /// The password, if the account has one, instead of asking
        #[arg(long, env = "ZAUN_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        /// First name of an account that has to be made
        #[arg(long, default_value = "Zaun")]
        name: String,
    },
    /// Log out; the server forgets the key.
    Logout,
    /// Say who is logged in.
    Me,
    /// List the conversations.
    Chats,
    /// Send a text.
    Send {
        /// me, +PHONE, @NAME, or an id from `chats`
        peer: String,
        /// The text
        text: String,
    },
    /// Print the newest messages of a conversation.
    History {
        /// me, +PHONE, @NAME, or an id from `chats`
        peer: String,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: i32,
    },
    /// Send a file.
    Upload {
        /// me, +PHONE, @NAME, or an id from `chats`
        peer: String,
        /// The file
        file: PathBuf,
        /// Connections side by side
        #[arg(long, default_value_t = 4)]
        connections: u8,
    },
    /// Fetch the file of a message. If it stops on the way, the same command goes on with it.
    Download {
        /// me, +PHONE, @NAME, or an id from `chats`
        peer: String,
        /// The message's id, from `history`
        message: i32,
        /// Where to, or into which folder [default: the file's own name, numbered if it is taken]
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
        /// Overwrite the file that --to names
        #[arg(long, requires = "to")]
        force: bool,
        /// Connections side by side
        #[arg(long, default_value_t = 4)]
        connections: u8,
    },
    /// Print updates as they come, until interrupted.
    Updates {
        /// End after so many
        #[arg(long)]
        count: Option<usize>,
    },
}

/// Runs the command.
pub fn main(args: ClientArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run(args));
    // A question that was interrupted still waits for its answer.
    runtime.shutdown_background();
    done
}

async fn run(args: ClientArgs) -> anyhow::Result<()> {
    let client = connect::connect(&args).await?;
    let needs_account = !matches!(args.command, Command::Login { .. });
    anyhow::ensure!(
        !needs_account || client.account().is_some(),
        "nobody is logged in here: `zaun client … login PHONE` first"
    );
    let done = tokio::select! {
        done = perform(&client, args.command) => done,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
    };
    client.disconnect().await?;
    done
}

async fn perform(client: &zaun_client::Client, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Login { phone, code, password, name } => {
            login::log_in(client, &phone, login::Answers { code, password, name }).await
        }
        Command::Logout => Ok(client.log_out().await?),
        Command::Me => login::me(client).await,
        Command::Chats => messages::chats(client).await,
        Command::Send { peer, text } => messages::send(client, &peer, text).await,
        Command::History { peer, limit } => messages::history(client, &peer, limit).await,
        Command::Upload { peer, file, connections } => {
            transfer::upload(client, &peer, &file, connections).await
        }
        Command::Download { peer, message, to, force, connections } => {
            transfer::download(client, &peer, transfer::Wanted { message, to, force, connections }).await
        }
        Command::Updates { count } => updates::follow(client, count).await,
    }
}
