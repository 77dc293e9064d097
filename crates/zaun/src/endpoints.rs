//! Listeners of `zaun serve`: from settings to sockets.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context;
use serde::Deserialize;
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::rustls::ServerConfig as TlsConfig;
use zaun_api::{DcAddress, Options};
use zaun_server::{Dc, Listener, Network};
use zaun_transport::ProxySecret;

use crate::config::Config;
use crate::data;

/// One listener as settings describe it: `[[endpoint]]` in the file, `--endpoint key=value,…` on the command line.
#[derive(Deserialize, Debug, Clone, Default, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct EndpointArgs {
    /// Address and port; port 0 takes a free one.
    pub listen: Option<SocketAddr>,
    /// A Unix socket instead.
    pub unix: Option<PathBuf>,
    /// Address that clients are told, if it is another.
    pub public_address: Option<IpAddr>,
    /// The data centre it speaks for; without one, for all of them.
    pub dc: Option<i32>,
    /// Whether that is a test DC.
    pub test: bool,
    /// Whether clients are to use it for files only.
    pub media: bool,
    /// Secrets, of which every client must have one.
    pub secret: Vec<ProxySecretText>,
    /// Networks whose connections begin with a PROXY header.
    pub trust_proxy: Vec<String>,
    /// Whether TLS is taken as well.
    pub tls: bool,
    /// RSA key of its own, in PEM form.
    pub key: Option<PathBuf>,
}

/// A secret in settings; its text is never shown.
#[derive(Deserialize, Clone, PartialEq)]
#[serde(transparent)]
pub struct ProxySecretText(String);

impl std::fmt::Debug for ProxySecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl FromStr for EndpointArgs {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<EndpointArgs> {
        let mut args = EndpointArgs::default();
        for part in text.split(',') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            match name.trim() {
                "listen" => args.listen = Some(value.parse().context("listen takes ADDRESS:PORT")?),
                "unix" => args.unix = Some(value.into()),
                "public-address" => args.public_address = Some(value.parse().context("public-address")?),
                "dc" => args.dc = Some(value.parse().context("dc takes a number")?),
                "test" => args.test = true,
                "media" => args.media = true,
                "secret" => args.secret.push(ProxySecretText(value.to_owned())),
                "trust-proxy" => args.trust_proxy.push(value.to_owned()),
                "tls" => args.tls = true,
                "key" => args.key = Some(value.into()),
                other => anyhow::bail!(
                    "\"{other}\" is no setting of an endpoint; there are listen, unix, public-address, dc, test, \
                     media, secret, trust-proxy, tls and key"
                ),
            }
        }
        Ok(args)
    }
}

impl EndpointArgs {
    fn dc(&self) -> anyhow::Result<Option<Dc>> {
        let Some(id) = self.dc else {
            anyhow::ensure!(!self.test && !self.media, "an endpoint for test or media needs a dc");
            return Ok(None);
        };
        anyhow::ensure!((1..=99).contains(&id), "dc is {id}, but DCs are numbered from 1");
        Ok(Some(Dc { id, test: self.test, media_only: self.media }))
    }

    fn secrets(&self) -> anyhow::Result<Vec<ProxySecret>> {
        self.secret.iter().map(|text| Ok(text.0.parse::<ProxySecret>()?)).collect()
    }
}

/// A listener that is bound, and what to say of it.
pub struct Bound {
    /// For the server.
    pub listener: Listener,
    /// Where it listens; `None` for a Unix socket.
    pub address: Option<SocketAddr>,
    /// The settings it came from.
    pub args: EndpointArgs,
    secrets: Vec<ProxySecret>,
    dc: Option<Dc>,
}

/// Binds one listener. `tls` is made only if an endpoint wants it.
pub async fn bind(
    args: EndpointArgs,
    tls: &mut dyn FnMut() -> anyhow::Result<Arc<TlsConfig>>,
) -> anyhow::Result<Bound> {
    let (listener, address): (Listener, _) = match (&args.listen, &args.unix) {
        (Some(listen), None) => {
            let bound = TcpListener::bind(listen).await;
            let bound =
                bound.with_context(|| format!("cannot listen on {listen} (--listen chooses another)"))?;
            let address = bound.local_addr()?;
            (bound.into(), Some(address))
        }
        (None, Some(path)) => (bind_unix(path)?.into(), None),
        _ => anyhow::bail!("an endpoint needs either listen or unix"),
    };
    let (secrets, dc) = (args.secrets()?, args.dc()?);
    let networks = args.trust_proxy.iter().map(|text| text.parse::<Network>());
    let mut listener = listener.secrets(secrets.clone()).trust_proxies(networks.collect::<Result<_, _>>()?);
    if args.tls {
        listener = listener.tls(tls()?);
    }
    if let Some(dc) = dc {
        listener = listener.dc(dc);
    }
    Ok(Bound { listener, address, args, secrets, dc })
}

/// A socket that was left behind by a server that is gone is taken over.
fn bind_unix(path: &Path) -> anyhow::Result<UnixListener> {
    if std::os::unix::net::UnixStream::connect(path)
        .is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused)
    {
        let _ = std::fs::remove_file(path);
    }
    let listener =
        UnixListener::bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
    data::open_to_others(path)?;
    Ok(listener)
}

/// What clients are told of all the listeners.
pub fn options(config: &Config, bound: &[Bound]) -> Options {
    let split = bound.iter().any(|b| b.dc.is_some());
    let mut options = Options {
        home_dc: config.dc,
        addresses: Vec::new(),
        split,
        files_dc: config.files_dc,
        country: config.country.clone(),
    };
    for listener in bound {
        let Some(address) = listener.address else { continue };
        let ip = listener.args.public_address.or(config.public_address).unwrap_or(address.ip());
        let told = |dc| DcAddress {
            dc,
            ip,
            port: address.port(),
            secret: listener.secrets.first().map(ProxySecret::to_bytes),
        };
        match listener.dc {
            Some(dc) => options.addresses.push(told(dc)),
            // One listener plays all of them, so that clients may begin with any.
            None => options.addresses.extend((1..=5).map(|id| told(Dc::new(id)))),
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_written_in_one_argument() {
        let args: EndpointArgs =
            "listen=127.0.0.1:0,dc=4,test,secret=dd000102030405060708090a0b0c0d0e0f,tls".parse().unwrap();
        assert_eq!(args.dc().unwrap(), Some(Dc { id: 4, test: true, media_only: false }));
        assert!(args.tls && args.secrets().unwrap().len() == 1);
        assert!(!format!("{args:?}").contains("0001"), "secrets are not shown");
        for wrong in ["listen=nowhere", "port=1", "dc=x"] {
            assert!(wrong.parse::<EndpointArgs>().is_err(), "{wrong}");
        }
        let test = EndpointArgs { test: true, ..EndpointArgs::default() };
        assert!(test.dc().unwrap_err().to_string().contains("needs a dc"));
    }
}
