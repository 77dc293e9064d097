//! `zaun`: a Telegram-compatible server in one binary.

mod bench;
mod bot;
mod client;
mod config;
mod console;
mod data;
mod database;
mod doctor;
mod endpoints;
mod hints;
mod inspect;
mod keys;
mod proxy;
mod secrets;
mod serve;
mod terminal;
mod tls;

use clap::{Parser, Subcommand};

/// A Telegram-compatible server in one binary.
///
/// `zaun serve --sandbox` starts a throw-away server for tests: test phones 99966XYYYY log in with the digit X five
/// times, nothing is kept. `zaun serve` keeps everything in one directory.
#[derive(Parser)]
#[command(name = "zaun", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(config::ServeArgs),
    /// Follow what happens on a running server's wire, message by message, or read a saved capture.
    Inspect(inspect::InspectArgs),
    /// Measure a server: key exchanges, pings, messages, files, memory.
    Bench(bench::BenchArgs),
    /// Try any MTProto server against the rules of the protocol, and say what holds.
    Doctor(doctor::DoctorArgs),
    /// Use a server as a person would: log in, send and read messages, files up and down, follow updates.
    Client(client::ClientArgs),
    /// Carry Telegram applications to the data centres, for oneself or for many: an MTProto proxy.
    Proxy(Box<proxy::ProxyArgs>),
    /// Make, list and delete bots, and print their tokens.
    Bot(bot::BotArgs),
    /// Print the server's public key in every form that client libraries want.
    Keys(keys::KeysArgs),
}

fn main() -> std::process::ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        // The causes in one line; a backtrace would tell an operator nothing.
        Err(error) => {
            eprintln!("zaun: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(args) => serve::main(args),
        Command::Inspect(args) => inspect::main(&args),
        // What others say may be in the errors of these; `inspect` has lists of its own, and does the same inside.
        Command::Bench(args) => bench::main(&args).map_err(terminal::harmless),
        Command::Doctor(args) => doctor::main(&args).map_err(terminal::harmless),
        Command::Client(args) => client::main(args).map_err(terminal::harmless),
        Command::Proxy(args) => proxy::main(*args).map_err(terminal::harmless),
        Command::Bot(args) => bot::main(args),
        Command::Keys(args) => keys::main(&args),
    }
}
