//! `zaun proxy`: the MTProto proxy as a command.

mod check;
mod config;
mod link;
mod status;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use clap::{Args, Subcommand};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};
use zaun_proxy::{ListenSocket, Proxy};

use config::{ProxyConfig, ProxyFlags};

/// How long sessions may go on after a stop: below the time after which service managers kill.
const GRACE: Duration = Duration::from_secs(10);
/// How often the settings file is looked at.
const WATCH: Duration = Duration::from_secs(2);

/// Flags and sub-commands of `zaun proxy`.
#[derive(Args, Debug)]
pub struct ProxyArgs {
    #[command(subcommand)]
    command: Option<ProxyCommand>,
    #[command(flatten)]
    flags: ProxyFlags,
}

#[derive(Subcommand, Debug)]
enum ProxyCommand {
    /// Print links and a QR code for every secret; they are the secrets themselves.
    Link(ProxyFlags),
    /// Try every path to the data centres, and say which works and why the others do not.
    Check(ProxyFlags),
}

/// Runs the command.
pub fn main(args: ProxyArgs) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    match args.command {
        Some(ProxyCommand::Link(flags)) => link::print(&flags.load()?, true),
        Some(ProxyCommand::Check(flags)) => runtime.block_on(check::run(&flags.load()?.settings.upstream)),
        None => {
            let config = args.flags.load()?;
            init_log(&config.log)?;
            runtime.block_on(run(args.flags, config))
        }
    }
}

fn init_log(filter: &str) -> anyhow::Result<()> {
    let filter: Targets = filter
        .parse()
        .with_context(|| format!("\"{filter}\" is not a log filter; try info or zaun_proxy=debug"))?;
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours).boxed();
    tracing_subscriber::registry().with(lines).with(filter).init();
    Ok(())
}

async fn run(flags: ProxyFlags, mut config: ProxyConfig) -> anyhow::Result<()> {
    crate::secrets::create_dir(&config.data)?;
    // Before anything is announced: whoever reads it may stop the proxy at once.
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let proxy = Proxy::start(config.settings.clone(), Some(config.data.clone()))?;
    let mut bound = Vec::new();
    for place in &mut config.listen {
        let listener = bind(place).await?;
        if let ListenSocket::Tcp(listener) = &listener {
            // Port 0 has become a real one.
            *place = listener.local_addr()?.to_string();
        }
        bound.push(listener);
    }
    for listener in bound {
        let serving = proxy.clone();
        tokio::spawn(async move { serving.serve(listener).await });
    }
    if let Some(at) = config.status {
        let listener = TcpListener::bind(at).await.with_context(|| format!("cannot listen on {at}"))?;
        tracing::info!("status page and metrics at http://{}/", listener.local_addr()?);
        tokio::spawn(status::serve(listener, proxy.clone()));
    }
    // A service's log is no place for secrets: they are shown to people only, and `zaun proxy link` shows them again.
    let shown = config.fresh || std::io::IsTerminal::is_terminal(&std::io::stdout());
    if let Err(error) = link::print(&config, shown) {
        tracing::warn!("the links could not be printed: {error}");
    }
    let mut seen = changed_at(flags.config.as_ref());
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = tokio::signal::ctrl_c() => break,
            _ = hangup.recv() => reload(&flags, &proxy),
            () = tokio::time::sleep(WATCH) => {
                let now = changed_at(flags.config.as_ref());
                if now != seen {
                    seen = now;
                    reload(&flags, &proxy);
                }
            }
        }
    }
    let left = proxy.stop(GRACE).await;
    tracing::info!("stopped; {left} connections were ended");
    Ok(())
}

fn changed_at(file: Option<&PathBuf>) -> Option<SystemTime> {
    std::fs::metadata(file?).and_then(|data| data.modified()).ok()
}

fn reload(flags: &ProxyFlags, proxy: &Proxy) {
    let reloaded = flags.load().and_then(|config| Ok(proxy.reload(config.settings)?));
    match reloaded {
        Ok(()) => tracing::info!("the settings were read again"),
        Err(error) => tracing::error!("the settings stay as they were: {error:#}"),
    }
}

async fn bind(place: &str) -> anyhow::Result<ListenSocket> {
    let explain = || format!("cannot listen on {place} (--listen chooses another)");
    if let Some(path) = place.strip_prefix("unix:") {
        if std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
        {
            // Left behind by a proxy that is gone.
            let _ = std::fs::remove_file(path);
        }
        return Ok(UnixListener::bind(path).with_context(explain)?.into());
    }
    Ok(TcpListener::bind(place).await.with_context(explain)?.into())
}
