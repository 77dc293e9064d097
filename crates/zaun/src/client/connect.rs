//! From flags to a client.

use std::time::Duration;

use anyhow::Context;
use zaun_client::{Address, App, Carrier, Client, FileStorage, Proxy, Servers};
use zaun_transport::{Framing, ProxySecret};

use super::{ClientArgs, Transport};

/// Life of a temporary key.
const TEMPORARY: Duration = Duration::from_secs(24 * 60 * 60);

pub async fn connect(args: &ClientArgs) -> anyhow::Result<Client> {
    let key = crate::keys::load_public(&args.key)?;
    let (host, port) = args.server.rsplit_once(':').context("the server is HOST:PORT")?;
    let port = port.parse().context("the server is HOST:PORT")?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let servers = Servers::one(Address::Host(host, port), key);
    let storage = FileStorage::open(&args.session)?;
    let proxy = args.proxy.as_deref().map(proxy).transpose()?;
    let secret: Option<ProxySecret> = args.secret.as_deref().map(str::parse).transpose()?;
    let (transport, pfs) = (args.transport, args.pfs);
    let builder = Client::builder(servers, App::new(args.api_id, args.api_hash.clone())).storage(storage);
    let builder = builder.connections(move |connection| {
        let connection = match transport {
            Transport::Intermediate => connection.framing(Framing::Intermediate),
            Transport::Abridged => connection.framing(Framing::Abridged),
            Transport::Padded => connection.framing(Framing::PaddedIntermediate),
            Transport::Full => connection.framing(Framing::Full),
            Transport::Ws => connection.carrier(Carrier::web_socket("/apiws")),
            Transport::Http => connection.carrier(Carrier::http("/api")),
        };
        let connection = if pfs { connection.temporary_keys(TEMPORARY) } else { connection };
        let connection = match &proxy {
            Some(proxy) => connection.proxy(proxy.clone()),
            None => connection,
        };
        match &secret {
            Some(secret) => connection.secret(secret.clone()),
            None => connection,
        }
    });
    builder.connect().await.with_context(|| format!("cannot use the server at {}", args.server))
}

fn proxy(url: &str) -> anyhow::Result<Proxy> {
    let form = "a proxy is socks5://[NAME:PASSWORD@]HOST:PORT or http://[NAME:PASSWORD@]HOST:PORT";
    let (scheme, rest) = url.split_once("://").context(form)?;
    let (login, at) = match rest.rsplit_once('@') {
        Some((login, at)) => (Some(login.split_once(':').context(form)?), at),
        None => (None, rest),
    };
    let at = at.trim_end_matches('/');
    let proxy = match scheme {
        "socks5" => Proxy::socks5(at),
        "http" => Proxy::http(at),
        _ => anyhow::bail!(form),
    };
    Ok(match login {
        Some((name, password)) => proxy.login(name, password),
        None => proxy,
    })
}
