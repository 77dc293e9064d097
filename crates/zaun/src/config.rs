//! Settings of `zaun serve`: flags first, then the environment, then the file, then defaults.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Deserialize;

use crate::database::Database;
use crate::endpoints::EndpointArgs;

/// Where things are kept unless said otherwise.
const DEFAULT_DATA: &str = "zaun-data";
/// Loopback: nobody else gets in unless asked.
const DEFAULT_LISTEN: &str = "127.0.0.1:4430";
/// Where the inspector's page is unless said otherwise.
const DEFAULT_INSPECT: &str = "127.0.0.1:4431";
/// The DC of clients that do not say which one they mean; libraries begin there.
const DEFAULT_DC: i32 = 2;
/// Required by the answer that names it, and clients only preselect a prefix with it.
const DEFAULT_COUNTRY: &str = "US";

/// Flags of `zaun serve`.
#[derive(Args, Debug, Default)]
pub struct ServeArgs {
    /// A throw-away server for tests: fixed codes for test phones, no limits, nothing kept (unless --data is given)
    #[arg(long, env = "ZAUN_SANDBOX")]
    pub sandbox: bool,

    /// With --sandbox: ask test phones that nobody has seen for a name, as the official server does. Otherwise they
    /// log in at once under a made-up one
    #[arg(long, env = "ZAUN_SIGN_UP")]
    pub sign_up: bool,

    /// With --sandbox: make a bot of this name and announce its token; may be repeated. Any token of the right shape
    /// makes its own bot there, too
    #[arg(long = "bot", value_name = "NAME", requires = "sandbox")]
    pub bots: Vec<String>,

    /// With --sandbox: make the people, bots, conversations, messages and faults of a file, TOML or JSON; docs/SANDBOX.md
    /// has its form. A reset goes back to them
    #[arg(long, value_name = "FILE", requires = "sandbox")]
    pub scenario: Option<PathBuf>,

    /// Address and port to listen on [default: 127.0.0.1:4430; port 0 takes a free one]. Every transport is taken
    /// there: TCP in all framings, WebSocket and HTTP
    #[arg(long, env = "ZAUN_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,

    /// One more listener, or the only ones if --listen is not given: listen=ADDRESS:PORT or unix=PATH, then any of
    /// dc=N, test, media, secret=HEX, tls, trust-proxy=NETWORK, public-address=ADDRESS, key=FILE. With a dc it speaks
    /// for that data centre only
    #[arg(long = "endpoint", value_name = "SETTINGS")]
    pub endpoints: Vec<EndpointArgs>,

    /// Take TLS on --listen too, for browsers: wss:// and https://
    #[arg(long, env = "ZAUN_TLS")]
    pub tls: bool,

    /// Certificate chain in PEM form [default: a self-signed one, made in the data directory]
    #[arg(long, env = "ZAUN_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate, in PEM form
    #[arg(long, env = "ZAUN_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,

    /// Network of balancers whose connections to --listen begin with a PROXY header, for example 10.0.0.0/8; may be
    /// repeated
    #[arg(long = "trust-proxy", value_name = "NETWORK")]
    pub trust_proxy: Vec<String>,

    /// Address that clients are told to connect to [default: the one listened on]
    #[arg(long, env = "ZAUN_PUBLIC_ADDRESS", value_name = "ADDRESS")]
    pub public_address: Option<IpAddr>,

    /// Directory for the database, files and secrets [default: zaun-data]
    #[arg(long, env = "ZAUN_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Keep everything but files in this PostgreSQL database instead of a file: postgres://USER:PASSWORD@HOST/NAME. It
    /// must exist, in UTF-8, and belong to one zaun alone; the connection is not encrypted. Other users of the machine
    /// see the arguments of programs, so a password is better kept in the environment or the settings file
    #[arg(long, env = "ZAUN_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<Database>,

    /// RSA private key in PEM form; created if missing [default: rsa.pem in the data directory]
    #[arg(long, env = "ZAUN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// DC number that clients are told when they do not name one, 1 to 5 [default: 2]
    #[arg(long, env = "ZAUN_DC", value_name = "N", value_parser = clap::value_parser!(i32).range(1..=5))]
    pub dc: Option<i32>,

    /// Data centre that holds all files; elsewhere downloads are answered FILE_MIGRATE_N
    #[arg(long, env = "ZAUN_FILES_DC", value_name = "N")]
    pub files_dc: Option<i32>,

    /// Country that help.getNearestDc names, two letters [default: US]
    #[arg(long, env = "ZAUN_COUNTRY", value_name = "XX")]
    pub country: Option<String>,

    /// Refuse the old RSA scheme that Telethon and the Pyrogram family still use
    #[arg(long, env = "ZAUN_NO_OLD_RSA")]
    pub no_old_rsa: bool,

    /// Serve old clients that speak MTProto 1.0, too
    #[arg(long, env = "ZAUN_MTPROTO1")]
    pub mtproto1: bool,

    /// Encrypt and decrypt packets one by one; `zaun bench` compares
    #[arg(long, hide = true)]
    pub no_batching: bool,

    /// Serve the inspector, a live page of everything on the wire, on this loopback address; port 0 takes a free one
    #[arg(long, env = "ZAUN_INSPECT", value_name = "ADDRESS:PORT", num_args = 0..=1, require_equals = true,
          default_missing_value = DEFAULT_INSPECT)]
    pub inspect: Option<SocketAddr>,

    /// TOML file with any of these settings
    #[arg(long, env = "ZAUN_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What to log: error, warn, info, debug or trace, also per module: warn,zaun_server=debug [default: info]
    #[arg(long, env = "ZAUN_LOG", value_name = "FILTER")]
    pub log: Option<String>,

    /// Log as JSON, one object a line
    #[arg(long, env = "ZAUN_LOG_JSON")]
    pub log_json: bool,

    /// Announce address and key as one JSON line on standard output, for programs that start the server
    #[arg(long)]
    pub json: bool,
}

/// The same settings in a file; names as the flags have them.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    sandbox: bool,
    sign_up: bool,
    listen: Option<SocketAddr>,
    endpoint: Vec<EndpointArgs>,
    tls: bool,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    trust_proxy: Vec<String>,
    files_dc: Option<i32>,
    country: Option<String>,
    public_address: Option<IpAddr>,
    data: Option<PathBuf>,
    database: Option<Database>,
    key: Option<PathBuf>,
    dc: Option<i32>,
    no_old_rsa: bool,
    mtproto1: bool,
    inspect: Option<SocketAddr>,
    log: Option<String>,
    log_json: bool,
}

/// Settings with nothing left open.
#[derive(Debug)]
pub struct Config {
    /// Test phones, no limits.
    pub sandbox: bool,
    /// Ask unseen test phones for a name.
    pub sign_up: bool,
    /// Bots to make and announce.
    pub bots: Vec<String>,
    /// A file with what a sandbox begins with.
    pub scenario: Option<PathBuf>,
    /// What is listened on; the first one is announced.
    pub endpoints: Vec<EndpointArgs>,
    /// Certificate chain, if it is not self-signed.
    pub tls_cert: Option<PathBuf>,
    /// Its key.
    pub tls_key: Option<PathBuf>,
    /// The DC that holds files.
    pub files_dc: Option<i32>,
    /// Where most clients are.
    pub country: String,
    /// Address told to clients.
    pub public_address: Option<IpAddr>,
    /// Data directory; `None` for a temporary one.
    pub data: Option<PathBuf>,
    /// The PostgreSQL database, if it is not a file in the data directory.
    pub database: Option<Database>,
    /// RSA key, if not in the data directory.
    pub key: Option<PathBuf>,
    /// DC of clients that do not name one.
    pub dc: i32,
    /// Serve the old RSA scheme.
    pub old_rsa: bool,
    /// Serve MTProto 1.0 as well.
    pub mtproto1: bool,
    /// Encrypt and decrypt packets together.
    pub batching: bool,
    /// Where the inspector's page is served, if it is.
    pub inspect: Option<SocketAddr>,
    /// Log filter.
    pub log: String,
    /// Log as JSON.
    pub log_json: bool,
    /// Announce as JSON.
    pub json: bool,
}

impl Config {
    /// Puts flags, environment, file and defaults together.
    pub fn from_args(mut args: ServeArgs) -> anyhow::Result<Config> {
        let mut file = args.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let sandbox = args.sandbox || file.sandbox;
        let dc = args.dc.or(file.dc).unwrap_or(DEFAULT_DC);
        anyhow::ensure!((1..=5).contains(&dc), "dc is {dc}, but Telegram's clients know DCs 1 to 5 only");
        let endpoints = endpoints(&mut args, &mut file)?;
        let country = args.country.or(file.country).unwrap_or_else(|| DEFAULT_COUNTRY.into());
        let data = args.data.or(file.data);
        let database = args.database.or(file.database);
        if let Some(database) = &database {
            database.check()?;
        }
        Ok(Config {
            sandbox,
            sign_up: args.sign_up || file.sign_up,
            bots: std::mem::take(&mut args.bots),
            scenario: args.scenario.take(),
            endpoints,
            tls_cert: args.tls_cert.or(file.tls_cert),
            tls_key: args.tls_key.or(file.tls_key),
            files_dc: args.files_dc.or(file.files_dc),
            country,
            public_address: args.public_address.or(file.public_address),
            data: if sandbox { data } else { Some(data.unwrap_or_else(|| DEFAULT_DATA.into())) },
            database,
            key: args.key.or(file.key),
            dc,
            old_rsa: !(args.no_old_rsa || file.no_old_rsa),
            mtproto1: args.mtproto1 || file.mtproto1,
            batching: !args.no_batching,
            inspect: args.inspect.or(file.inspect),
            log: args.log.or(file.log).unwrap_or_else(|| "info".into()),
            log_json: args.log_json || file.log_json,
            json: args.json,
        })
    }
}

/// The listeners: that of --listen with its flags, then those of --endpoint and the file.
fn endpoints(args: &mut ServeArgs, file: &mut File) -> anyhow::Result<Vec<EndpointArgs>> {
    let mut more = std::mem::take(&mut args.endpoints);
    more.append(&mut file.endpoint);
    let mut listen = args.listen.or(file.listen);
    if more.is_empty() && listen.is_none() {
        listen = Some(DEFAULT_LISTEN.parse()?);
    }
    let mut trust_proxy = std::mem::take(&mut args.trust_proxy);
    trust_proxy.append(&mut file.trust_proxy);
    let tls = args.tls || file.tls;
    let first = listen.map(|listen| EndpointArgs {
        listen: Some(listen),
        tls,
        trust_proxy,
        ..EndpointArgs::default()
    });
    Ok(first.into_iter().chain(more).collect())
}

fn read(path: &Path) -> anyhow::Result<File> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not a valid settings file", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("zaun.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:1\"\ndc = 4\nno-old-rsa = true\n").unwrap();
        let args = ServeArgs { dc: Some(5), config: Some(path.clone()), ..ServeArgs::default() };
        let config = Config::from_args(args).unwrap();
        let port = config.endpoints[0].listen.map(|address| address.port());
        assert_eq!((config.dc, port, config.old_rsa), (5, Some(1), false));
        assert_eq!(config.data.as_deref(), Some(Path::new(DEFAULT_DATA)));
        std::fs::write(&path, "lisen = 1").unwrap();
        let args = ServeArgs { config: Some(path), ..ServeArgs::default() };
        let error = format!("{:#}", Config::from_args(args).unwrap_err());
        assert!(error.contains("lisen"), "{error}");
    }

    #[test]
    fn the_address_of_a_database_is_never_shown_with_its_password() {
        let database: Database = "postgres://zaun:hush-hush@db.example/zaun".parse().unwrap();
        let args = ServeArgs { database: Some(database), ..ServeArgs::default() };
        assert!(!format!("{args:?}").contains("hush-hush"));
        let config = Config::from_args(args).unwrap();
        assert!(!format!("{config:?}").contains("hush-hush"));
        let wrong: Database = "mysql://zaun:hush-hush@db.example/zaun".parse().unwrap();
        let args = ServeArgs { database: Some(wrong), ..ServeArgs::default() };
        let error = format!("{:#}", Config::from_args(args).unwrap_err());
        assert!(error.contains("postgres://") && !error.contains("hush-hush"), "{error}");
    }
}
