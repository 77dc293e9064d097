//! Routes, and the paths that they give for a data centre.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio_rustls::rustls::RootCertStore;
use zaun_link::{Address, Carrier, Dial, LinkError, Proxy, Tls};
use zaun_transport::{Framing, ProxySecret, Secret};

use crate::limits::{MAX_PATHS, MAX_POOL, STAGGER};

/// What separates test data centres in the dc field (M-078).
const TEST_OFFSET: i16 = 10_000;
/// The data centre of media for everybody without Premium; its WebSocket has the names of another.
const CDN_DC: i16 = 203;
/// Whose names those are.
const CDN_NAMES: i16 = 2;

/// Where a client wants to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The data centre, from 1.
    pub dc: i16,
    /// Whether it is a test one.
    pub test: bool,
    /// Whether it is for media.
    pub media: bool,
}

impl Target {
    /// Reads the dc field of a header (M-078, M-337); `None` if it names nothing.
    #[must_use]
    pub fn from_field(field: i16) -> Option<Target> {
        let number = field.checked_abs()?;
        let (test, dc) = if number > TEST_OFFSET { (true, number - TEST_OFFSET) } else { (false, number) };
        (dc > 0).then_some(Target { dc, test, media: field < 0 })
    }

    /// The dc field that says so.
    #[must_use]
    pub fn field(self) -> i16 {
        let number = self.dc + if self.test { TEST_OFFSET } else { 0 };
        if self.media { -number } else { number }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let test = if self.test { " test" } else { "" };
        let media = if self.media { " media" } else { "" };
        write!(f, "DC {}{test}{media}", self.dc)
    }
}

/// A kind of path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// TCP to the address of the data centre.
    Direct,
    /// WebSocket inside TLS, at the addresses of [`Upstream::fronts`] under the names `kwsN.<domain>` and
    /// `kwsN-1.<domain>`.
    WebSocket,
    /// The same names under a domain of one's own, which is resolved; for example behind Cloudflare.
    Domain(String),
    /// A Worker at this host, which opens TCP to the address in its query.
    Worker(String),
    /// Another MTProto proxy.
    Relay(Address, ProxySecret),
}

/// Why routes cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// There is none.
    #[error("there is no route to the data centres")]
    None,
    /// There are too many.
    #[error("the routes give {0} paths, at most {MAX_PATHS} are tried")]
    TooMany(usize),
    /// A name is none.
    #[error(transparent)]
    Name(#[from] LinkError),
}

/// What the settings say of the way to the data centres.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// In the order in which they are tried.
    pub routes: Vec<Route>,
    /// Addresses of data centres, for TCP. Those of test ones have 10000 added.
    pub addresses: BTreeMap<i16, Vec<SocketAddr>>,
    /// Addresses of their WebSockets.
    pub fronts: BTreeMap<i16, SocketAddr>,
    /// Under which domain the WebSockets have their names.
    pub front_domain: String,
    /// The port of domains and Workers.
    pub https_port: u16,
    /// A SOCKS5 or HTTP proxy that everything goes through.
    pub through: Option<Proxy>,
    /// Certificates that are believed.
    pub roots: RootCertStore,
    /// Whether certificates and names are believed unseen: of the WebSockets, of domains, of Workers.
    pub unverified: bool,
    /// Whether WebSockets go without TLS, as inside a tunnel.
    pub insecure: bool,
    /// Idle WebSockets per data centre.
    pub pool_size: usize,
    /// How long one of them is kept.
    pub pool_age: Duration,
    /// Whether every client is taken for one of test data centres.
    pub force_test: bool,
    /// How long a path has before the next begins beside it.
    pub stagger: Duration,
    /// How long a path may stay silent after the client's first packet.
    pub silence: Duration,
    /// Whether servers encrypt with the clients' keys, which saves the proxy half of its work.
    pub share_keys: bool,
}

impl Default for Upstream {
    /// The addresses that Telegram's applications begin with.
    fn default() -> Upstream {
        Upstream {
            routes: vec![Route::WebSocket, Route::Direct],
            addresses: built_in_addresses(),
            fronts: [2, 4]
                .into_iter()
                .map(|dc| (dc, SocketAddr::from(([149, 154, 167, 220], 443))))
                .collect(),
            front_domain: "web.telegram.org".into(),
            https_port: 443,
            through: None,
            roots: RootCertStore::empty(),
            unverified: false,
            insecure: false,
            pool_size: 4,
            pool_age: Duration::from_secs(120),
            force_test: false,
            stagger: STAGGER,
            silence: crate::limits::SILENCE,
            share_keys: true,
        }
    }
}

/// Where the data centres have been for years; the IPv6 address follows the IPv4 one.
fn built_in_addresses() -> BTreeMap<i16, Vec<SocketAddr>> {
    let list: [(i16, &[&str]); 9] = [
        (1, &["149.154.175.50:443", "[2001:b28:f23d:f001::a]:443"]),
        (2, &["149.154.167.51:443", "[2001:67c:4e8:f002::a]:443"]),
        (3, &["149.154.175.100:443", "[2001:b28:f23d:f003::a]:443"]),
        (4, &["149.154.167.91:443", "[2001:67c:4e8:f004::a]:443"]),
        (5, &["149.154.171.5:443", "[2001:b28:f23f:f005::a]:443"]),
        (CDN_DC, &["91.105.192.100:443"]),
        (TEST_OFFSET + 1, &["149.154.175.10:443"]),
        (TEST_OFFSET + 2, &["149.154.167.40:443"]),
        (TEST_OFFSET + 3, &["149.154.175.117:443"]),
    ];
    let parse = |texts: &[&str]| texts.iter().filter_map(|text| text.parse().ok()).collect();
    list.into_iter().map(|(dc, texts)| (dc, parse(texts))).collect()
}

/// One way to one data centre.
#[derive(Debug, Clone)]
pub struct Path {
    /// What people call it, unique among all paths.
    pub label: String,
    pub(crate) address: Address,
    pub(crate) dial: Dial,
    /// The secret of the obfuscation towards it.
    pub(crate) secret: Option<Secret>,
    /// Whether it carries messages that should be whole packets.
    pub(crate) messages: bool,
    /// Whether idle connections are kept for it.
    pub(crate) pooled: bool,
}

impl Upstream {
    /// Checks that every route can be used.
    ///
    /// # Errors
    /// [`RouteError`].
    pub fn check(&self) -> Result<(), RouteError> {
        if self.routes.is_empty() {
            return Err(RouteError::None);
        }
        self.tls(&self.front_name(2, "kws"))?;
        for route in &self.routes {
            match route {
                Route::Domain(host) | Route::Worker(host) => drop(self.tls(host)?),
                Route::Direct | Route::WebSocket | Route::Relay(..) => {}
            }
        }
        let most = self.usual_targets().into_iter().map(|target| self.paths(target).len()).max().unwrap_or(0);
        if most > MAX_PATHS { Err(RouteError::TooMany(most)) } else { Ok(()) }
    }

    /// The data centres that every client uses.
    #[must_use]
    pub fn usual_targets(&self) -> Vec<Target> {
        let target = |dc: &i16, media| Target::from_field(*dc).map(|target| Target { media, ..target });
        self.fronts.keys().flat_map(|dc| [target(dc, false), target(dc, true)]).flatten().collect()
    }

    /// The target of a client, with what the settings say of it.
    #[must_use]
    pub fn target(&self, field: i16) -> Option<Target> {
        let target = Target::from_field(field)?;
        Some(Target { test: target.test || self.force_test, ..target })
    }

    fn front_name(&self, dc: i16, prefix: &str) -> String {
        format!("{prefix}{dc}.{}", self.front_domain)
    }

    fn tls(&self, name: &str) -> Result<Tls, LinkError> {
        if self.unverified { Tls::unverified(name) } else { Tls::trusting(name, self.roots.clone()) }
    }

    /// A path's dial without its carrier.
    fn dial(&self) -> Dial {
        let dial = Dial::new(Framing::Intermediate);
        match &self.through {
            Some(proxy) => dial.proxy(proxy.clone()),
            None => dial,
        }
    }

    /// All paths to a data centre, in the order of the settings.
    #[must_use]
    pub fn paths(&self, target: Target) -> Vec<Path> {
        self.routes.iter().flat_map(|route| self.paths_of(route, target)).collect()
    }

    fn paths_of(&self, route: &Route, target: Target) -> Vec<Path> {
        let key = Target { media: false, ..target }.field();
        let addresses = self.addresses.get(&key).map(Vec::as_slice).unwrap_or_default();
        match route {
            Route::Direct => addresses.iter().map(|address| self.direct(*address)).collect(),
            Route::WebSocket => {
                let Some(front) = self.fronts.get(&key) else { return Vec::new() };
                let at = Address::Tcp(*front);
                let names = names(target).map(|name| format!("{name}.{}", self.front_domain));
                let paths = names.map(|name| self.web_socket(&name, at.clone(), web_path(target), true));
                paths.into_iter().flatten().collect()
            }
            // Nobody has test data centres behind a domain.
            Route::Domain(_) if target.test => Vec::new(),
            Route::Domain(base) => {
                let [first, _] = names(target);
                let name = format!("{first}.{base}");
                let at = Address::Host(name.clone(), self.https_port);
                self.web_socket(&name, at, web_path(target), true).into_iter().collect()
            }
            Route::Worker(host) => {
                let Some(address) = addresses.first() else { return Vec::new() };
                let path = format!("/apiws?dst={}&dc={}", address.ip(), target.dc);
                let at = Address::Host(host.clone(), self.https_port);
                self.web_socket(host, at, &path, false).into_iter().collect()
            }
            Route::Relay(address, secret) => vec![Path {
                label: format!("proxy {}", in_words(address)),
                address: address.clone(),
                dial: self.dial().secret(secret.clone()),
                secret: Some(secret.key),
                messages: false,
                pooled: false,
            }],
        }
    }

    fn direct(&self, address: SocketAddr) -> Path {
        Path {
            label: format!("tcp {address}"),
            address: Address::Tcp(address),
            dial: self.dial(),
            secret: None,
            messages: false,
            pooled: false,
        }
    }

    /// `None` for a name that is none, which the check of the settings has refused.
    fn web_socket(&self, name: &str, address: Address, path: &str, messages: bool) -> Option<Path> {
        let tls = if self.insecure { None } else { Some(self.tls(name).ok()?) };
        let at = in_words(&address);
        let label = if at.starts_with(name) {
            format!("websocket {at}")
        } else {
            format!("websocket {name} at {at}")
        };
        Some(Path {
            label: if messages {
                label
            } else {
                format!("{label} to{}", path.split_once("dst").map_or("", |p| p.1))
            },
            address,
            dial: self.dial().carrier(Carrier::WebSocket(path.to_owned(), tls)),
            secret: None,
            messages,
            pooled: self.pool_size.min(MAX_POOL) > 0,
        })
    }
}

/// The names of a data centre's WebSocket: the one for its kind of traffic first.
fn names(target: Target) -> [String; 2] {
    let dc = if target.dc == CDN_DC { CDN_NAMES } else { target.dc };
    let both = [format!("kws{dc}"), format!("kws{dc}-1")];
    if target.media {
        let [usual, media] = both;
        [media, usual]
    } else {
        both
    }
}

fn web_path(target: Target) -> &'static str {
    if target.test { "/apiws_test" } else { "/apiws" }
}

fn in_words(address: &Address) -> String {
    match address {
        Address::Tcp(address) => address.to_string(),
        Address::Host(name, port) => format!("{name}:{port}"),
        Address::Unix(path) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m078_the_dc_field_says_test_and_media_by_number_and_sign() {
        for (field, dc, test, media) in
            [(2, 2, false, false), (-203, 203, false, true), (-10_003, 3, true, true)]
        {
            let target = Target::from_field(field).unwrap();
            assert_eq!(target, Target { dc, test, media });
            assert_eq!(target.field(), field);
        }
        assert_eq!((Target::from_field(0), Target::from_field(i16::MIN)), (None, None), "M-337");
    }

    fn labels(upstream: &Upstream, field: i16) -> Vec<String> {
        let paths = upstream.paths(Target::from_field(field).unwrap());
        paths.into_iter().map(|path| path.label).collect()
    }

    #[test]
    fn media_asks_for_its_own_name_first_and_dc_203_for_those_of_dc_2() {
        let mut upstream = Upstream { routes: vec![Route::WebSocket], ..Upstream::default() };
        let at = "149.154.167.220:443";
        let of = |name: &str| format!("websocket {name}.web.telegram.org at {at}");
        assert_eq!(labels(&upstream, 4), [of("kws4"), of("kws4-1")]);
        assert_eq!(labels(&upstream, -4), [of("kws4-1"), of("kws4")]);
        assert!(labels(&upstream, 1).is_empty(), "without a front there is no such path");
        upstream.fronts.insert(203, at.parse().unwrap());
        assert_eq!(labels(&upstream, -203), [of("kws2-1"), of("kws2")]);
    }

    #[test]
    fn every_route_gives_its_paths_in_the_order_of_the_settings() {
        let routes =
            vec![Route::Worker("w.example".into()), Route::Domain("d.example".into()), Route::Direct];
        let upstream = Upstream { routes, ..Upstream::default() };
        upstream.check().unwrap();
        let expected = [
            "websocket w.example:443 to=149.154.175.50&dc=1",
            "websocket kws1.d.example:443",
            "tcp 149.154.175.50:443",
            "tcp [2001:b28:f23d:f001::a]:443",
        ];
        assert_eq!(labels(&upstream, 1), expected);
        assert_eq!(labels(&upstream, 10_001).len(), 2, "a domain has no test data centres");
        let bad = Upstream { routes: vec![Route::Domain("no name".into())], ..Upstream::default() };
        assert!(matches!(bad.check(), Err(RouteError::Name(_))));
    }
}
