//! `zaun serve`: puts store, messenger, API and server together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::{Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};
use zaun_api::Api;
use zaun_blob::Blobs;
use zaun_bus::LocalBus;
use zaun_control::Control;
use zaun_crypto::rsa::PrivateKey;
use zaun_messenger::bots::SANDBOX_PLACEHOLDER;
use zaun_messenger::{Messenger, Settings};
use zaun_mtproto::handshake::ServerConfig;
use zaun_node::{Node, Parts};
use zaun_server::{Builder, FloodLimits, Rate, Server};
use zaun_store::{Budget, Durability, Store};

use crate::config::{Config, ServeArgs};
use crate::console::Doors;
use crate::data::{self, DataDir};
use crate::endpoints::{self, Bound};
use crate::keys::Forms;
use crate::{hints, secrets, tls};

/// Runs the command.
pub fn main(args: ServeArgs) -> anyhow::Result<()> {
    let config = Config::from_args(args)?;
    init_log(&config)?;
    data::keep_files_private();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(run(config))
}

/// How long one user's queries may keep the database busy: a fifth of a thread for ever, and twenty seconds at once, which
/// is a thousand screens. Beyond it a query is answered with FLOOD_WAIT.
const USER_BUDGET: Budget = Budget { per_second: Duration::from_millis(200), saved: Duration::from_secs(20) };

fn init_log(config: &Config) -> anyhow::Result<()> {
    let filter: Targets = config.log.parse().with_context(|| {
        format!("\"{}\" is not a log filter; try info, debug, or warn,zaun_server=debug", config.log)
    })?;
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let lines = if config.log_json { lines.json().boxed() } else { lines.boxed() };
    tracing_subscriber::registry().with(lines).with(filter).init();
    Ok(())
}

async fn run(config: Config) -> anyhow::Result<()> {
    let data = DataDir::open(config.data.as_deref())?;
    // Bound first: whoever starts the server may connect at once, and waits in the backlog.
    let mut bound = Vec::new();
    for args in config.endpoints.clone() {
        let mut tls = None;
        let mut made = || match &tls {
            Some(tls) => Ok(Arc::clone(tls)),
            None => tls::config(&config, &data.path).inspect(|made| tls = Some(made.clone())),
        };
        bound.push(endpoints::bind(args, &mut made).await?);
    }
    let master = secrets::Master::load(&data.path)?;
    let store = open_store(&config, &data.path)?;
    store.set_user_budget((!config.sandbox).then_some(USER_BUDGET));
    let blobs = open_blobs(&config, &data.path)?;

    let parts = Parts {
        store,
        blobs,
        access_secret: master.derive("access"),
        salt_secret: master.derive("salts"),
        settings: Settings {
            sandbox: config.sandbox,
            made_up_names: config.sandbox && !config.sign_up,
            ..Settings::default()
        },
        options: endpoints::options(&config, &bound),
        bus: LocalBus::default(),
    };
    let (node, builder) = Node::assemble(parts).await?;
    let node = Arc::new(node);
    let control = config.sandbox.then(|| Control::new(node.clone()));
    let (rsa, exchange) = watch::channel(None);
    let server = steered(builder, control.as_ref())
        .exchange_later(exchange)
        .flood_limits(flood_limits(&config))
        .explain(config.sandbox)
        .mtproto1(config.mtproto1)
        .batching(config.batching)
        .build()?;
    let doors = Doors::open(&data.path, config.inspect).await?;

    let key_path = config.key.clone().unwrap_or_else(|| secrets::rsa_path(&data.path));
    let bots = make_bots(&config, node.messenger()).await?;
    let made = begin(control.as_ref(), &config).await?;
    let places = hints::Places::of(&config, &data.path, &bound).with_inspector(doors.url()).with_bots(bots);
    let places = places.with_control(control.as_ref().map(Control::token)).with_scenario(made);
    let inspector = doors.serve(server.handle(), node.messenger().clone());
    let announce = announce(&config, places, key_path, rsa);
    let result = tokio::select! {
        served = serve_all(&server, bound, config.old_rsa) => served,
        failed = announce => failed,
        never = inspector => match never {},
        () = stop_signal() => Ok(()),
    };
    tell_missing(control.as_ref());
    tracing::info!("stopped");
    result
}

/// Lets a sandbox be steered.
fn steered(builder: Builder<Api>, control: Option<&Control>) -> Builder<Api> {
    match control {
        Some(control) => builder.web(Arc::new(control.clone())).middleware(control.clone()),
        None => builder,
    }
}

/// Makes the scenario, and remembers the sandbox as it is then. Returns what was made.
async fn begin(control: Option<&Control>, config: &Config) -> anyhow::Result<Option<serde_json::Value>> {
    let Some(control) = control else { return Ok(None) };
    let made = match &config.scenario {
        Some(path) => Some(play(control, path).await?),
        None => None,
    };
    control.begin().await;
    Ok(made)
}

async fn play(control: &Control, path: &Path) -> anyhow::Result<serde_json::Value> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let scenario: serde_json::Value = match is_json {
        true => serde_json::from_str(&text).with_context(|| format!("{shown} is no JSON"))?,
        false => toml::from_str(&text).with_context(|| format!("{shown} is no TOML"))?,
    };
    control.call("seed", scenario).await.with_context(|| format!("{shown} cannot be played"))
}

/// Says at the end what a test run could not have tested.
fn tell_missing(control: Option<&Control>) {
    let missing = control.map(Control::missing).unwrap_or_default();
    for (place, names) in [("MTProto", &missing.mtproto), ("the Bot API", &missing.bot_api)] {
        for (method, times) in names {
            tracing::warn!("{method} does not exist here, and was asked for {times} times over {place}");
        }
    }
}

/// Makes the bots that were asked for: name, public name, token.
async fn make_bots(config: &Config, messenger: &Messenger) -> anyhow::Result<Vec<(String, String, String)>> {
    let mut made = Vec::new();
    for name in &config.bots {
        let bot = messenger.ensure_bot(name).await;
        let bot = bot.with_context(|| format!("cannot make the bot \"{name}\""))?;
        // In a sandbox nobody has to ask for inline mode first.
        messenger.set_bot_inline(bot.user.id, Some(SANDBOX_PLACEHOLDER.to_owned()), true).await?;
        made.push((name.clone(), bot.user.username.unwrap_or_default(), bot.token.reveal().to_owned()));
    }
    Ok(made)
}

/// A sandbox is there to be driven as fast as tests can.
fn flood_limits(config: &Config) -> FloodLimits {
    let all = Rate { burst: u32::MAX, per_second: f64::INFINITY };
    if config.sandbox {
        FloodLimits {
            connections: usize::MAX,
            connects: all,
            exchanges: all,
            unknown_keys: all,
            packets: all,
            local: false,
        }
    } else {
        FloodLimits::default()
    }
}

/// Serves every listener until one of them fails.
async fn serve_all(server: &Server<Api>, bound: Vec<Bound>, old_rsa: bool) -> anyhow::Result<()> {
    let mut serving = Vec::new();
    for endpoint in bound {
        let mut listener = endpoint.listener;
        if let Some(path) = endpoint.args.key {
            let key = tokio::task::spawn_blocking(move || secrets::load_rsa(&path)).await??;
            let config = ServerConfig { old_rsa, ..ServerConfig::new(vec![key]) };
            listener = listener.exchange(watch::channel(Some(Arc::new(config))).1);
        }
        serving.push(Box::pin(server.serve(listener)));
    }
    let first = futures_util::future::select_all(serving).await.0;
    first.context("a listener failed")
}

/// Whether the data is thrown away at the end.
fn is_ephemeral(config: &Config) -> bool {
    config.sandbox && config.data.is_none()
}

fn open_blobs(config: &Config, data: &Path) -> anyhow::Result<Blobs> {
    use zaun_blob::Durability;
    let durability = if is_ephemeral(config) { Durability::Ephemeral } else { Durability::Full };
    Ok(Blobs::open(data, durability)?)
}

fn open_store(config: &Config, data: &Path) -> anyhow::Result<Store> {
    let durability = if is_ephemeral(config) { Durability::Ephemeral } else { Durability::Full };
    let options = zaun_store::Options { durability, ..zaun_store::Options::default() };
    match &config.database {
        Some(database) => Ok(Store::open_postgres(database.url(), &options)?),
        None => Ok(Store::open(&data.join("zaun.db"), &options)?),
    }
}

/// Loads or makes the RSA key, says where the server is, and then waits for ever.
async fn announce(
    config: &Config,
    places: hints::Places,
    key_path: PathBuf,
    rsa: watch::Sender<Option<Arc<ServerConfig>>>,
) -> anyhow::Result<()> {
    let stays = config.key.is_some() || config.data.is_some();
    let key_file = stays.then(|| key_path.clone());
    let key: PrivateKey = tokio::task::spawn_blocking(move || secrets::load_rsa(&key_path)).await??;
    let forms = Forms::of(key.public())?;
    let exchange = ServerConfig { old_rsa: config.old_rsa, ..ServerConfig::new(vec![key]) };
    rsa.send_replace(Some(Arc::new(exchange)));
    if config.json {
        println!("{}", places.json(config.dc, &forms));
    } else {
        println!("{}", places.text(config.dc, config.sandbox, &forms, key_file.as_deref()));
    }
    std::future::pending().await
}

async fn stop_signal() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
