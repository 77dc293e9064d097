//! `zaun bench`: takes the figures of `docs/BENCHMARKS.md`, against a server of its own or any address.
//!
//! Machines differ, so every figure stands beside a yardstick taken in the same run. A server that the bench started
//! itself is charged by the processor time it used; a foreign one by the clock.

mod account;
mod clients;
mod fanout;
mod files;
mod growth;
mod handshakes;
mod idle;
mod messages;
mod packets;
mod pings;
mod proxy;
mod start;
mod target;

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};

use target::Target;

/// Flags of `zaun bench`.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// Measure the server at this address instead of starting one; needs --key
    #[arg(long, value_name = "ADDRESS:PORT", requires = "key")]
    address: Option<SocketAddr>,

    /// PEM file with the public (or private) RSA key of that server
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Take only these figures
    #[arg(value_enum)]
    figures: Vec<Figure>,

    /// Idle connections to open
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) connections: usize,

    /// Clients to connect
    #[arg(long, value_name = "N", default_value_t = 2000)]
    clients: usize,

    /// Messages in the largest history of `growth`
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    history: i64,

    /// Members of the channel of `fanout` that are online
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    members: usize,

    /// Be the readers of `fanout`, as standard input orders
    #[arg(long, hide = true)]
    readers: bool,

    /// Measure the MTProto proxy at this address in `proxy`, instead of starting one
    #[arg(long, value_name = "ADDRESS:PORT", requires = "proxy_secret")]
    proxy: Option<SocketAddr>,

    /// Its secret
    #[arg(long, value_name = "SECRET", allow_hyphen_values = true)]
    proxy_secret: Option<zaun_transport::ProxySecret>,

    /// Its process, whose processor time and memory are told
    #[arg(long, value_name = "PID")]
    proxy_process: Option<u32>,

    /// First of six ports for the data centres that it has to lead to: 1 to 3 over TCP, 1 to 3 as WebSocket fronts
    #[arg(long, value_name = "PORT", default_value_t = 7001)]
    proxy_upstream: u16,

    /// Be the relay of `proxy`, to these addresses
    #[arg(long, hide = true, value_delimiter = ',')]
    relay_to: Vec<SocketAddr>,

    /// Messages to send
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    messages: usize,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// Seal and open of packets, in this process
    Packets,
    /// From the start of a process to its first connection
    Start,
    /// Key exchanges, beside their arithmetic
    Handshakes,
    /// Encrypted pings
    Pings,
    /// Messages committed and delivered
    Messages,
    /// A message to a user with a thousand sessions, a post to a channel, and bare packets to all of them
    Fanout,
    /// What each call costs over small and large histories, lists and numbers of accounts
    Growth,
    /// File parts up and down over 1, 4 and 16 connections, beside the cipher
    Files,
    /// The client engine: many clients in one process, calls, files
    Clients,
    /// `zaun proxy` in front of data centres that only count bytes, beside a plain relay
    Proxy,
    /// Memory of idle encrypted connections over TCP, WebSocket and HTTP
    Idle,
}

/// Runs the command.
pub fn main(args: &BenchArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if args.readers {
        return runtime.block_on(fanout::read());
    }
    if !args.relay_to.is_empty() {
        return runtime.block_on(proxy::relay(&args.relay_to));
    }
    let all = Figure::value_variants();
    let figures = if args.figures.is_empty() { all } else { args.figures.as_slice() };
    for figure in figures {
        let taken = runtime.block_on(take(args, *figure));
        taken.with_context(|| format!("the figure {figure:?} could not be taken"))?;
    }
    Ok(())
}

async fn take(args: &BenchArgs, figure: Figure) -> anyhow::Result<()> {
    match figure {
        Figure::Packets => packets::run(),
        Figure::Start => start::run().await,
        Figure::Handshakes => handshakes::run(&Target::open(args)?).await,
        Figure::Pings => pings::run(&Target::open(args)?).await,
        Figure::Messages => messages::run(&Target::open(args)?, args.messages).await,
        Figure::Fanout => fanout::run(args).await,
        Figure::Growth => growth::run(args).await,
        Figure::Files => files::run(args).await,
        Figure::Clients => clients::run(args).await,
        Figure::Proxy => proxy::run(args).await,
        Figure::Idle => idle::run(args).await,
    }
}

/// Prints one figure in a column.
fn figure(name: &str, value: impl std::fmt::Display, unit: &str) {
    println!("  {name:<52} {value:>12} {unit}");
}

/// Prints a headline.
fn headline(text: &str) {
    println!("\n{text}");
}
