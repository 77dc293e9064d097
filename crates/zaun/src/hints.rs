//! What a server says of itself when it is up: address, key, and two lines for each client library.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::endpoints::Bound;
use crate::keys::Forms;

/// Where the server is.
pub struct Places {
    /// The first listener: what clients are pointed at.
    address: SocketAddr,
    /// All of them, as JSON and in words.
    endpoints: Vec<(serde_json::Value, String)>,
    /// The certificate for TLS that clients may be told to trust.
    certificate: Option<PathBuf>,
    /// The inspector's page.
    inspector: Option<String>,
    /// Bots that were asked for: name, public name, token.
    bots: Vec<(String, String, String)>,
    /// Where a sandbox is steered, and the token for it.
    control: Option<(String, String)>,
    /// What the scenario made.
    scenario: Option<serde_json::Value>,
}

impl Places {
    /// From the listeners that are bound.
    pub fn of(config: &Config, data: &Path, bound: &[Bound]) -> Places {
        let address = bound.iter().find_map(|b| b.address).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        let tls = bound.iter().any(|b| b.args.tls);
        let certificate = config.tls_cert.clone().unwrap_or_else(|| data.join("tls-cert.pem"));
        Places {
            address,
            endpoints: bound.iter().map(describe).collect(),
            certificate: tls.then_some(certificate),
            inspector: None,
            bots: Vec::new(),
            control: None,
            scenario: None,
        }
    }

    /// Says where the inspector's page is.
    pub fn with_inspector(self, inspector: Option<String>) -> Places {
        Places { inspector, ..self }
    }

    /// Says which bots there are: name, public name, token.
    pub fn with_bots(self, bots: Vec<(String, String, String)>) -> Places {
        Places { bots, ..self }
    }

    /// Says what the scenario made.
    pub fn with_scenario(self, scenario: Option<serde_json::Value>) -> Places {
        Places { scenario, ..self }
    }

    /// Says that the server is steered by calls with this token.
    pub fn with_control(self, token: Option<&str>) -> Places {
        let host = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let url = format!("http://{}/control/", SocketAddr::new(host, self.address.port()));
        Places { control: token.map(|token| (url, token.to_owned())), ..self }
    }

    /// The announcement as one JSON object, for programs.
    pub fn json(&self, dc: i32, key: &Forms) -> serde_json::Value {
        let address = self.address;
        let endpoints: Vec<_> = self.endpoints.iter().map(|(json, _)| json).collect();
        serde_json::json!({
            "address": address.ip().to_string(), "port": address.port(), "dc": dc, "key": key,
            "endpoints": endpoints, "tls_certificate": self.certificate,
            "inspect": self.inspector,
            "control": self.control.as_ref().map(|(url, token)| {
                serde_json::json!({ "url": url, "token": token })
            }),
            "scenario": self.scenario,
            "bots": self.bots.iter().map(|(name, username, token)| {
                serde_json::json!({ "name": name, "username": username, "token": token })
            }).collect::<Vec<_>>(),
        })
    }
}

fn describe(bound: &Bound) -> (serde_json::Value, String) {
    let args = &bound.args;
    let json = serde_json::json!({
        "address": bound.address.map(|a| a.ip().to_string()), "port": bound.address.map(|a| a.port()),
        "unix": args.unix, "dc": args.dc, "test": args.test, "media": args.media,
        "tls": args.tls, "secret": !args.secret.is_empty(),
    });
    let place = match (&bound.address, &args.unix) {
        (Some(address), _) => address.to_string(),
        (None, path) => path.clone().unwrap_or_default().display().to_string(),
    };
    let dc = args.dc.map(|dc| format!(" dc {dc}")).unwrap_or_default();
    let marks = [
        (args.test, " test"),
        (args.media, " media"),
        (args.tls, " TLS"),
        (!args.secret.is_empty(), " secret"),
    ];
    let marks: String = marks.into_iter().filter(|(on, _)| *on).map(|(_, mark)| mark).collect();
    (json, format!("{place}{dc}{marks}"))
}

impl Places {
    /// The announcement for people. `key_file` is where the key stays; without one it is gone with the sandbox.
    pub fn text(&self, dc: i32, sandbox: bool, key: &Forms, key_file: Option<&Path>) -> String {
        let (address, host, port) = (self.address, self.address.ip(), self.address.port());
        let more: String =
            self.endpoints.iter().skip(1).map(|(_, text)| format!("  also         {text}\n")).collect();
        let certificate = self.certificate.as_ref();
        let certificate =
            certificate.map(|path| format!("  certificate  {}\n", path.display())).unwrap_or_default();
        let inspector = self.inspector.as_ref();
        let inspector = inspector.map(|url| format!("  inspector    {url}\n")).unwrap_or_default();
        let control = self.control.as_ref();
        let control =
            control.map(|(url, token)| format!("  control      {url} {token}\n")).unwrap_or_default();
        let bots: String = self
            .bots
            .iter()
            .map(|(name, username, token)| format!("  bot          {name} @{username} {token}\n"))
            .collect();
        let phones = if sandbox {
            "  sandbox      phone 99966XYYYY logs in with the digit X five times, as 99966 2 1234 with 22222\n"
        } else {
            "  login codes  are printed here, and sent to the user's other sessions\n"
        };
        let forms = match key_file {
        Some(path) => format!("`zaun keys --key {}` prints this key as numbers and in other forms.", path.display()),
        None => "This key is for this run only. With --key FILE it stays, and `zaun keys --key FILE` prints it as\n  \
                 numbers and in other forms."
            .to_owned(),
    };
        let pem = key.pkcs1_pem.trim_end().replace('\n', "\n  ");
        format!(
            "\n  Zaun listens on {address}\n\n  \
         dc           {dc}\n  \
         fingerprint  {fingerprint} (signed {signed})\n{more}{certificate}{inspector}{control}{phones}{bots}\n  \
         {pem}\n  {forms}\n\n\
         Point a client here:\n\n  \
         Telethon   telethon.crypto.rsa._server_keys.clear(); telethon.crypto.rsa.add_key(PEM, old=False)\n             \
         session = MemorySession(); session.set_dc({dc}, \"{host}\", {port})\n  \
         kurigram   pyrogram.crypto.rsa.server_public_keys[{signed}] = PublicKey(MODULUS, 65537)\n             \
         give the storage server_address() \"{host}\" and port() {port}\n  \
         mtcute     new TelegramClient({{ defaultDcs: {{ main: {{ id: {dc}, ipAddress: '{host}', port: {port} }}, … }} }})\n             \
         await client.prepare(); addPublicKey(client._client.crypto, PEM)\n  \
         TDLib      replace the PEM texts inside a copy of the library, length for length (docs/CLIENTS.md)\n             \
         reach {host}:{port} through a SOCKS5 proxy that redirects\n",
            fingerprint = key.fingerprint_hex,
            signed = key.fingerprint,
        )
    }
}
