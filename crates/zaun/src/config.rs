//! Settings of `zaun serve`: flags first, then the environment, then the file, then defaults.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Deserialize;

/// Where things are kept unless said otherwise.
const DEFAULT_DATA: &str = "zaun-data";
/// Loopback: nobody else gets in unless asked.
const DEFAULT_LISTEN: &str = "127.0.0.1:4430";
/// The DC of clients that do not say which one they mean; libraries begin there.
const DEFAULT_DC: i32 = 2;

/// Flags of `zaun serve`.
#[derive(Args, Debug, Default)]
pub struct ServeArgs {
    /// A throw-away server for tests: fixed codes for test phones, no limits, nothing kept (unless --data is given)
    #[arg(long, env = "ZAUN_SANDBOX")]
    pub sandbox: bool,

    /// Address and port to listen on [default: 127.0.0.1:4430; port 0 takes a free one]
    #[arg(long, env = "ZAUN_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,

    /// Address that clients are told to connect to [default: the one listened on]
    #[arg(long, env = "ZAUN_PUBLIC_ADDRESS", value_name = "ADDRESS")]
    pub public_address: Option<IpAddr>,

    /// Directory for the database, files and secrets [default: zaun-data]
    #[arg(long, env = "ZAUN_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// RSA private key in PEM form; created if missing [default: rsa.pem in the data directory]
    #[arg(long, env = "ZAUN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,

    /// DC number that clients are told when they do not name one, 1 to 5 [default: 2]
    #[arg(long, env = "ZAUN_DC", value_name = "N", value_parser = clap::value_parser!(i32).range(1..=5))]
    pub dc: Option<i32>,

    /// Refuse the old RSA scheme that Telethon and the Pyrogram family still use
    #[arg(long, env = "ZAUN_NO_OLD_RSA")]
    pub no_old_rsa: bool,

    /// TOML file with any of these settings
    #[arg(long, env = "ZAUN_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What to log: error, warn, info, debug or trace, or a tracing filter [default: info]
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
    listen: Option<SocketAddr>,
    public_address: Option<IpAddr>,
    data: Option<PathBuf>,
    key: Option<PathBuf>,
    dc: Option<i32>,
    no_old_rsa: bool,
    log: Option<String>,
    log_json: bool,
}

/// Settings with nothing left open.
#[derive(Debug)]
pub struct Config {
    /// Test phones, no limits.
    pub sandbox: bool,
    /// Address listened on.
    pub listen: SocketAddr,
    /// Address told to clients.
    pub public_address: Option<IpAddr>,
    /// Data directory; `None` for a temporary one.
    pub data: Option<PathBuf>,
    /// RSA key, if not in the data directory.
    pub key: Option<PathBuf>,
    /// DC of clients that do not name one.
    pub dc: i32,
    /// Serve the old RSA scheme.
    pub old_rsa: bool,
    /// Log filter.
    pub log: String,
    /// Log as JSON.
    pub log_json: bool,
    /// Announce as JSON.
    pub json: bool,
}

impl Config {
    /// Puts flags, environment, file and defaults together.
    pub fn from_args(args: ServeArgs) -> anyhow::Result<Config> {
        let file = args.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let sandbox = args.sandbox || file.sandbox;
        let data = args.data.or(file.data);
        let dc = args.dc.or(file.dc).unwrap_or(DEFAULT_DC);
        anyhow::ensure!((1..=5).contains(&dc), "dc is {dc}, but Telegram's clients know DCs 1 to 5 only");
        let listen = args.listen.or(file.listen).map_or_else(|| DEFAULT_LISTEN.parse(), Ok)?;
        Ok(Config {
            sandbox,
            listen,
            public_address: args.public_address.or(file.public_address),
            data: if sandbox { data } else { Some(data.unwrap_or_else(|| DEFAULT_DATA.into())) },
            key: args.key.or(file.key),
            dc,
            old_rsa: !(args.no_old_rsa || file.no_old_rsa),
            log: args.log.or(file.log).unwrap_or_else(|| "info".into()),
            log_json: args.log_json || file.log_json,
            json: args.json,
        })
    }
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
        assert_eq!((config.dc, config.listen.port(), config.old_rsa), (5, 1, false));
        assert_eq!(config.data.as_deref(), Some(Path::new(DEFAULT_DATA)));
        std::fs::write(&path, "lisen = 1").unwrap();
        let args = ServeArgs { config: Some(path), ..ServeArgs::default() };
        let error = format!("{:#}", Config::from_args(args).unwrap_err());
        assert!(error.contains("lisen"), "{error}");
    }
}
