//! Settings of `zaun proxy`: flags first, then the file, then defaults.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use tokio_rustls::rustls::RootCertStore;
use zaun_link::{Address, Proxy as Through};
use zaun_proxy::upstream::{Route, Upstream};
use zaun_proxy::{Allowance, Cover, HeaderVersion, Settings, limits};
use zaun_transport::faketls::Window;
use zaun_transport::{ProxySecret, Secret, SecretKind};

use crate::secrets;

/// Loopback: nobody else gets in unless asked. The port is the one that users of such proxies know.
const DEFAULT_LISTEN: &str = "127.0.0.1:1443";
/// Where the secret of the first start is kept unless said otherwise.
const DEFAULT_DATA: &str = "zaun-proxy";
const MIB: u64 = 1 << 20;

/// Flags of `zaun proxy` and its sub-commands.
#[derive(Args, Debug, Default, Clone)]
pub struct ProxyFlags {
    /// Settings file (TOML); what a flag says wins. It is read again when it changes
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory for the secret that is made at the first start, and for what was used before [default: zaun-proxy]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address and port to listen on, or unix:PATH; may be repeated [default: 127.0.0.1:1443]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Vec<String>,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", conflicts_with = "listen")]
    pub host: Option<IpAddr>,
    /// Port to listen on
    #[arg(long, value_name = "PORT", conflicts_with = "listen")]
    pub port: Option<u16>,
    /// Secret, in hex, base64 or base64url; may be repeated. Other users of the machine see the arguments of programs, so
    /// secrets are better kept in the settings file
    #[arg(long, value_name = "SECRET", allow_hyphen_values = true)]
    pub secret: Vec<String>,
    /// Make the secret of the first start one that looks like TLS to this site
    #[arg(long, value_name = "DOMAIN")]
    pub fake_tls_domain: Option<String>,
    /// Host name or address that links name [default: the one listened on]
    #[arg(long, value_name = "HOST")]
    pub public_host: Option<String>,
    /// What strangers see: HOST:PORT, unix:PATH or "none" [default: the domain of the secret]
    #[arg(long, value_name = "SITE")]
    pub cover: Option<String>,
    /// Tell the cover site in a PROXY header of this version whom a connection is from
    #[arg(long, value_name = "1 or 2", value_parser = clap::value_parser!(u8).range(1..=2))]
    pub cover_proxy_protocol: Option<u8>,
    /// Do not look at the cover site to answer as it does
    #[arg(long)]
    pub no_imitation: bool,
    /// Routes to the data centres in their order: websocket, direct, domain:NAME, worker:HOST, mtproxy:HOST:PORT:SECRET
    #[arg(long = "route", value_name = "ROUTE", allow_hyphen_values = true)]
    pub routes: Vec<String>,
    /// WebSocket address of a data centre, as DC:ADDRESS; may be repeated and replaces the built-in list
    #[arg(long, value_name = "DC:ADDRESS")]
    pub dc_ip: Vec<String>,
    /// Domain whose names kwsN lead to the data centres; may be repeated
    #[arg(long, value_name = "DOMAIN", value_delimiter = ',')]
    pub cfproxy_domain: Vec<String>,
    /// Host of a Worker that opens TCP to the data centres; may be repeated
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub cfproxy_worker_domain: Vec<String>,
    /// Use no domains, whatever the file says
    #[arg(long)]
    pub no_cfproxy: bool,
    /// SOCKS5 or HTTP proxy for everything that goes out: socks5://[NAME:PASSWORD@]HOST:PORT or http://…
    #[arg(long, value_name = "URL")]
    pub through: Option<String>,
    /// Believe any certificate
    #[arg(long)]
    pub unverified: bool,
    /// Open WebSockets without TLS
    #[arg(long)]
    pub no_secure: bool,
    /// Take every client for one of the test data centres
    #[arg(long)]
    pub force_test_dc: bool,
    /// Every connection begins with a PROXY header, version 1 or 2, that names the client
    #[arg(long)]
    pub proxy_protocol: bool,
    /// Idle WebSockets per data centre and kind [default: 4]
    #[arg(long, value_name = "N")]
    pub pool_size: Option<usize>,
    /// Address of the status page and the metrics; loopback only
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub status: Option<SocketAddr>,
    /// Log filter, for example info or zaun_proxy=debug [default: info]
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,
}

/// The settings file.
#[derive(Deserialize, Debug, Default, Clone, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ProxyFile {
    listen: Vec<String>,
    public_host: Option<String>,
    cover: Option<String>,
    /// The version of the PROXY header that it is sent.
    cover_proxy_protocol: Option<u8>,
    /// Whether nobody looks at it to answer as it does.
    no_imitation: bool,
    status: Option<SocketAddr>,
    log: Option<String>,
    max_connections: Option<usize>,
    proxy_protocol: bool,
    /// How far clocks of clients may be ahead, in seconds.
    clock_ahead_s: Option<u64>,
    /// How far they may be behind.
    clock_behind_s: Option<u64>,
    secret: Vec<SecretEntry>,
    upstream: UpstreamFile,
}

/// A named secret.
#[derive(Deserialize, Clone, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SecretEntry {
    name: String,
    secret: String,
    max_connections: Option<usize>,
    max_addresses: Option<usize>,
    max_traffic_mib: Option<u64>,
    expires_s: Option<u64>,
}

impl std::fmt::Debug for SecretEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretEntry({})", self.name)
    }
}

#[derive(Deserialize, Debug, Default, Clone, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct UpstreamFile {
    routes: Vec<String>,
    /// `DC = "ADDRESS:PORT"` of WebSockets.
    websockets: std::collections::BTreeMap<String, SocketAddr>,
    /// `DC = ["ADDRESS:PORT", …]` for TCP.
    addresses: std::collections::BTreeMap<String, Vec<SocketAddr>>,
    front_domain: Option<String>,
    through: Option<String>,
    certificates: Option<PathBuf>,
    unverified: bool,
    insecure: bool,
    force_test_dc: bool,
    pool_size: Option<usize>,
    pool_age_s: Option<u64>,
    stagger_ms: Option<u64>,
}

/// Everything that `zaun proxy` is told.
#[derive(Debug, Clone)]
pub struct ProxyConfig {
    /// For the library.
    pub settings: Settings,
    /// Where to listen: `ADDRESS:PORT` or `unix:PATH`.
    pub listen: Vec<String>,
    /// What links name.
    pub public_host: Option<String>,
    /// Where the status page is.
    pub status: Option<SocketAddr>,
    /// The log filter.
    pub log: String,
    /// The data directory.
    pub data: PathBuf,
    /// Whether the secret was made just now.
    pub fresh: bool,
}

impl ProxyFlags {
    /// Puts flags, file and defaults together. Makes a secret if there is none.
    pub fn load(&self) -> anyhow::Result<ProxyConfig> {
        let file = match &self.config {
            Some(path) => read(path)?,
            None => ProxyFile::default(),
        };
        let data = self.data.clone().unwrap_or_else(|| DEFAULT_DATA.into());
        let (listed, fresh) = self.secrets(&file, &data)?;
        let listen = self.listen(&file);
        let cover = match self.cover.as_ref().or(file.cover.as_ref()).map(String::as_str) {
            Some("none") => Cover::None,
            Some(site) => {
                let here = listen.iter().any(|place| place == site);
                anyhow::ensure!(!here, "the cover site {site} is where the proxy itself listens");
                Cover::Site(address(site)?)
            }
            None if listed.iter().any(|(_, s, _)| matches!(s.kind, SecretKind::FakeTls(_))) => Cover::Domain,
            None => Cover::None,
        };
        let usual = Window::default();
        let settings = Settings {
            secrets: listed,
            cover,
            window: Window {
                ahead_s: file.clock_ahead_s.unwrap_or(usual.ahead_s),
                age_s: file.clock_behind_s.unwrap_or(usual.age_s),
            },
            upstream: self.upstream(&file.upstream)?,
            max_connections: file.max_connections.unwrap_or(limits::MAX_CONNECTIONS),
            proxy_headers: self.proxy_protocol || file.proxy_protocol,
            imitates: !(self.no_imitation || file.no_imitation),
            cover_header: match self.cover_proxy_protocol.or(file.cover_proxy_protocol) {
                None => None,
                Some(1) => Some(HeaderVersion::V1),
                Some(2) => Some(HeaderVersion::V2),
                Some(other) => {
                    anyhow::bail!("there is no version {other} of the PROXY protocol; there are 1 and 2")
                }
            },
        };
        let status = self.status.or(file.status);
        if let Some(status) = status {
            anyhow::ensure!(
                status.ip().is_loopback(),
                "the status page is for loopback only, not for {status}"
            );
        }
        Ok(ProxyConfig {
            settings,
            listen,
            public_host: self.public_host.clone().or(file.public_host),
            status,
            log: self.log.clone().or(file.log).unwrap_or_else(|| "info".into()),
            data,
            fresh,
        })
    }

    fn listen(&self, file: &ProxyFile) -> Vec<String> {
        if !self.listen.is_empty() {
            return self.listen.clone();
        }
        if self.host.is_none() && self.port.is_none() && !file.listen.is_empty() {
            return file.listen.clone();
        }
        let usual = SocketAddr::from(([127, 0, 0, 1], 1443));
        debug_assert_eq!(usual.to_string(), DEFAULT_LISTEN);
        let (host, port) = (self.host.unwrap_or(usual.ip()), self.port.unwrap_or(usual.port()));
        vec![SocketAddr::new(host, port).to_string()]
    }

    fn secrets(&self, file: &ProxyFile, data: &Path) -> anyhow::Result<(Listed, bool)> {
        let mut listed = Vec::new();
        for (number, text) in self.secret.iter().enumerate() {
            listed.push((format!("secret {}", number + 1), text.parse()?, Allowance::default()));
        }
        for entry in &file.secret {
            let secret = entry.secret.parse().with_context(|| format!("the secret {:?}", entry.name))?;
            let allowance = Allowance {
                max_connections: entry.max_connections,
                max_addresses: entry.max_addresses,
                max_bytes: entry.max_traffic_mib.map(|mib| mib.saturating_mul(MIB)),
                expires_s: entry.expires_s,
            };
            listed.push((entry.name.clone(), secret, allowance));
        }
        if !listed.is_empty() {
            return Ok((listed, false));
        }
        let (key, fresh) = kept_key(data)?;
        let kind = match &self.fake_tls_domain {
            Some(domain) => SecretKind::FakeTls(domain.clone()),
            None => SecretKind::Padded,
        };
        Ok((vec![("default".into(), ProxySecret { key, kind }, Allowance::default())], fresh))
    }

    fn upstream(&self, file: &UpstreamFile) -> anyhow::Result<Upstream> {
        let mut upstream = Upstream { roots: roots(file.certificates.as_deref())?, ..Upstream::default() };
        let named = if self.routes.is_empty() { &file.routes } else { &self.routes };
        if !named.is_empty() {
            upstream.routes = named.iter().map(|text| route(text)).collect::<anyhow::Result<_>>()?;
        }
        // Workers and domains come before TCP, as in the program whose options these are.
        let at =
            upstream.routes.iter().position(|route| *route == Route::Direct).unwrap_or(upstream.routes.len());
        let workers = self.cfproxy_worker_domain.iter().cloned().map(Route::Worker);
        let domains = self.cfproxy_domain.iter().cloned().map(Route::Domain);
        upstream.routes.splice(at..at, workers.chain(domains));
        if self.no_cfproxy {
            upstream.routes.retain(|route| !matches!(route, Route::Domain(_)));
        }
        for (dc, addresses) in &file.addresses {
            upstream.addresses.insert(dc_number(dc)?, addresses.clone());
        }
        if !file.websockets.is_empty() {
            let front = |(dc, at): (&String, &SocketAddr)| Ok((dc_number(dc)?, *at));
            upstream.fronts = file.websockets.iter().map(front).collect::<anyhow::Result<_>>()?;
        }
        if !self.dc_ip.is_empty() {
            upstream.fronts = self.dc_ip.iter().map(|text| front(text)).collect::<anyhow::Result<_>>()?;
        }
        if let Some(domain) = &file.front_domain {
            upstream.front_domain.clone_from(domain);
        }
        let url = self.through.as_ref().or(file.through.as_ref());
        upstream.through = url.map(|url| through(url)).transpose()?;
        upstream.unverified = self.unverified || file.unverified;
        upstream.insecure = self.no_secure || file.insecure;
        upstream.force_test = self.force_test_dc || file.force_test_dc;
        upstream.pool_size = self.pool_size.or(file.pool_size).unwrap_or(upstream.pool_size);
        upstream.pool_age = file.pool_age_s.map_or(upstream.pool_age, Duration::from_secs);
        upstream.stagger = file.stagger_ms.map_or(upstream.stagger, Duration::from_millis);
        Ok(upstream)
    }
}

type Listed = Vec<(String, ProxySecret, Allowance)>;

fn read(path: &Path) -> anyhow::Result<ProxyFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    // The error of the parser quotes the line, in which a secret may be.
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
        let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
        anyhow::anyhow!("{}{line}: {}", path.display(), error.message())
    })
}

/// The key of the first start, and whether that is now.
fn kept_key(data: &Path) -> anyhow::Result<(Secret, bool)> {
    let path = data.join("secret");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            Ok((text.trim().parse::<ProxySecret>().with_context(|| path.display().to_string())?.key, false))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut key = [0; 16];
            rand::Rng::fill_bytes(&mut rand::rng(), &mut key);
            let secret = ProxySecret { key: Secret(key), kind: SecretKind::Plain };
            secrets::create_dir(data)?;
            secrets::write_private(&path, secret.to_hex().as_bytes())?;
            Ok((secret.key, true))
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn roots(file: Option<&Path>) -> anyhow::Result<RootCertStore> {
    use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut roots = RootCertStore::empty();
    match file {
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
        Some(path) => {
            let explain = || format!("cannot read certificates from {}", path.display());
            for certificate in CertificateDer::pem_file_iter(path).with_context(explain)? {
                roots.add(certificate.with_context(explain)?).with_context(explain)?;
            }
        }
    }
    Ok(roots)
}

fn dc_number(text: &str) -> anyhow::Result<i16> {
    text.trim().parse().with_context(|| format!("{text:?} is no data centre"))
}

/// `DC:ADDRESS` or `DC:ADDRESS:PORT`.
fn front(text: &str) -> anyhow::Result<(i16, SocketAddr)> {
    let (dc, at) = text.split_once(':').with_context(|| format!("{text:?} is not DC:ADDRESS"))?;
    let parsed = at.parse().or_else(|_| at.parse().map(|ip: IpAddr| SocketAddr::new(ip, 443)));
    Ok((dc_number(dc)?, parsed.with_context(|| format!("{at:?} is no address"))?))
}

/// `HOST:PORT` or `unix:PATH`.
fn address(text: &str) -> anyhow::Result<Address> {
    if let Some(path) = text.strip_prefix("unix:") {
        return Ok(Address::Unix(path.into()));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address.into());
    }
    let (host, port) = text.rsplit_once(':').with_context(|| format!("{text:?} is not HOST:PORT"))?;
    Ok(Address::Host(host.to_owned(), port.parse().with_context(|| format!("{port:?} is no port"))?))
}

fn route(text: &str) -> anyhow::Result<Route> {
    match text.split_once(':') {
        None if text == "websocket" => Ok(Route::WebSocket),
        None if text == "direct" => Ok(Route::Direct),
        Some(("domain", name)) => Ok(Route::Domain(name.to_owned())),
        Some(("worker", host)) => Ok(Route::Worker(host.to_owned())),
        Some(("mtproxy", rest)) => {
            let (at, secret) = rest.rsplit_once(':').context("mtproxy takes HOST:PORT:SECRET")?;
            Ok(Route::Relay(address(at)?, secret.parse()?))
        }
        // Never the text: a secret may be in it.
        _ => anyhow::bail!(
            "a route is websocket, direct, domain:NAME, worker:HOST or mtproxy:HOST:PORT:SECRET; an ad tag and the \
             middle proxies that it needs are not supported"
        ),
    }
}

fn through(url: &str) -> anyhow::Result<Through> {
    let (kind, rest) =
        url.split_once("://").context("--through takes socks5://HOST:PORT or http://HOST:PORT")?;
    let (login, at) = rest.rsplit_once('@').map_or((None, rest), |(login, at)| (Some(login), at));
    let proxy = match kind {
        "socks5" => Through::socks5(at),
        "http" => Through::http(at),
        _ => anyhow::bail!("{kind} is no kind of proxy; there are socks5 and http"),
    };
    Ok(match login {
        Some(login) => {
            let (name, password) = login.split_once(':').unwrap_or((login, ""));
            proxy.login(name, password)
        }
        None => proxy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: ProxyFlags,
    }

    fn flags(args: &[&str]) -> ProxyFlags {
        Line::parse_from([&["zaun"], args].concat()).flags
    }

    #[test]
    fn m332_secrets_of_every_spelling_are_taken_even_those_that_begin_with_a_dash() {
        let hex = "fb".repeat(16);
        for text in [&hex, "-_v7-_v7-_v7-_v7-_v7-w", "-_v7-_v7-_v7-_v7-_v7-w==", "+/v7+/v7+/v7+/v7+/v7+w=="] {
            let config = flags(&["--secret", text]).load().unwrap();
            let [(_, secret, _)] = &config.settings.secrets[..] else { panic!() };
            assert_eq!(secret.kind, SecretKind::Plain, "{text}");
        }
    }

    #[test]
    fn the_first_start_makes_a_private_secret_and_the_second_finds_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("proxy");
        let first = flags(&["--data", data.to_str().unwrap()]).load().unwrap();
        let second =
            flags(&["--data", data.to_str().unwrap(), "--fake-tls-domain", "a.example"]).load().unwrap();
        assert!(first.fresh && !second.fresh);
        assert_eq!(first.listen, [DEFAULT_LISTEN]);
        assert_eq!(first.settings.secrets[0].1.key, second.settings.secrets[0].1.key);
        assert_eq!(second.settings.secrets[0].1.kind, SecretKind::FakeTls("a.example".into()));
        let mode = std::fs::metadata(data.join("secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_names_secrets_and_what_they_allow_and_its_errors_show_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proxy.toml");
        let secret = "dd000102030405060708090a0b0c0d0e0f";
        let text = format!(
            "listen = ['[::1]:9']\n[[secret]]\nname = 'ada'\nsecret = '{secret}'\nmax-traffic-mib = 3\n\
             [upstream]\nroutes = ['worker:w.example', 'direct']\naddresses = {{ 2 = ['127.0.0.1:1'] }}\n"
        );
        std::fs::write(&path, &text).unwrap();
        let config = flags(&["--config", path.to_str().unwrap()]).load().unwrap();
        assert_eq!(config.listen, ["[::1]:9"]);
        assert_eq!(config.settings.secrets[0].2.max_bytes, Some(3 * MIB));
        assert_eq!(config.settings.upstream.routes[0], Route::Worker("w.example".into()));
        std::fs::write(&path, text.replace("max-traffic-mib = 3", "max = 3")).unwrap();
        let error = format!("{:#}", flags(&["--config", path.to_str().unwrap()]).load().unwrap_err());
        assert!(error.contains("unknown field") && !error.contains(secret), "{error}");
        assert!(!format!("{config:?}").contains(secret));
    }

    #[test]
    fn a_cover_site_is_not_the_proxy_itself() {
        let secret = "00".repeat(16);
        for place in ["127.0.0.1:4443", "unix:/run/proxy.sock"] {
            let args = ["--secret", &secret, "--listen", place, "--cover", place];
            assert!(flags(&args).load().unwrap_err().to_string().contains("where the proxy itself listens"));
        }
        let args = ["--secret", &secret, "--cover", "127.0.0.1:1", "--cover-proxy-protocol", "2"];
        assert_eq!(flags(&args).load().unwrap().settings.cover_header, Some(HeaderVersion::V2));
    }

    #[test]
    fn options_of_the_local_proxy_mean_what_they_did() {
        let secret = "00".repeat(16);
        let args = ["--secret", &secret, "--dc-ip", "2:192.0.2.1", "--cfproxy-worker-domain", "w.example"];
        let upstream = flags(&args).load().unwrap().settings.upstream;
        assert_eq!(upstream.fronts, [(2, "192.0.2.1:443".parse().unwrap())].into());
        assert_eq!(upstream.routes, [Route::WebSocket, Route::Worker("w.example".into()), Route::Direct]);
        let public = flags(&["--secret", &secret, "--status", "0.0.0.0:9"]).load();
        assert!(public.unwrap_err().to_string().contains("loopback"));
    }
}
