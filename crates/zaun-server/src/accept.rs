//! From an accepted socket to the carrier that its first bytes ask for (M-013 … M-019).

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Buf, BytesMut};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use zaun_transport::proxy_header::{self, Header};
use zaun_transport::{ProxySecret, SecretKind, faketls};

use crate::endpoint::Endpoint;
use crate::http;
use crate::inspect::{Kind, Reaction, Refusal};
use crate::limits::STRANGER_IDLE;
use crate::link::{FakeTls, Link, read_head};
use crate::server::Slot;
use crate::service::Service;
use crate::socket::{Io, Peer, Prefixed, Socket};
use crate::stream::{self, Opening};

/// Runs an accepted connection to its end.
pub(crate) async fn run<S: Service>(slot: Arc<Slot<S>>, endpoint: Arc<Endpoint>, socket: Socket, peer: Peer) {
    let begun = timeout(STRANGER_IDLE, Box::pin(begin(&slot, &endpoint, socket, peer))).await;
    let refused = match begun {
        Ok(Ok(Begun::Stream(opening))) => return stream::run(slot, endpoint, opening).await,
        Ok(Ok(Begun::Http(io, carrier))) => return Box::pin(http::run(slot, endpoint, io, carrier)).await,
        Ok(Err(refused)) => refused,
        Err(_) => "silent for too long".to_owned(),
    };
    if !refused.is_empty() {
        tracing::info!(peer = %slot.peer(), "refused: {refused}");
        slot.note(|| Kind::Refused(Refusal::plain(&refused, Reaction::Close)));
    }
    slot.note(|| Kind::Closed { reason: refused });
}

/// What a connection turned out to be.
enum Begun {
    Stream(Opening),
    Http(Box<dyn Io>, &'static str),
}

/// Reads the first bytes. An error is why the connection is closed without a word; it is empty if the client left.
async fn begin<S: Service>(
    slot: &Arc<Slot<S>>,
    endpoint: &Endpoint,
    mut socket: Socket,
    peer: Peer,
) -> Result<Begun, String> {
    let mut head = BytesMut::new();
    let client = proxied(endpoint, &mut socket, peer, &mut head).await?;
    slot.identify(client);
    if slot.is_dropped() {
        return Err("too many connections from this address (M-050)".into());
    }
    slot.note(|| Kind::Opened { peer: client });
    let first = loop {
        match first_bytes(&head) {
            Some(first) => break first,
            None => read(&mut socket, &mut head).await?,
        }
    };
    let secrets = &endpoint.secrets;
    match first {
        // Boxed, because a connection's task is as large as the largest of its ways, and most are plain.
        First::Tls if secrets.iter().any(has_domain) => {
            Box::pin(fake_tls(slot, endpoint, socket, head)).await
        }
        First::Tls if endpoint.tls.is_some() && secrets.is_empty() => {
            Box::pin(tls(endpoint, socket, head)).await
        }
        First::Http if secrets.is_empty() => {
            Ok(Begun::Http(Box::new(Prefixed { head, inner: socket }), " over HTTP"))
        }
        // M-084; the codec refuses what is no obfuscated stream.
        _ => Ok(Begun::Stream(Opening {
            link: Link::Bare(socket),
            head,
            secrets: secrets.clone(),
            dc_hint: None,
            carrier: "",
        })),
    }
}

fn has_domain(secret: &ProxySecret) -> bool {
    matches!(secret.kind, SecretKind::FakeTls(_))
}

async fn read(socket: &mut Socket, head: &mut BytesMut) -> Result<(), String> {
    read_head(socket, head).await.map_err(|_| String::new())
}

/// The client's address: what a trusted proxy says of it, or the socket's own.
async fn proxied(
    endpoint: &Endpoint,
    socket: &mut Socket,
    peer: Peer,
    head: &mut BytesMut,
) -> Result<Peer, String> {
    let trusted = |peer: Peer| match peer.ip() {
        Some(ip) => endpoint.proxies.iter().any(|network| network.contains(ip)),
        // Only who may open the socket's file speaks here.
        None => !endpoint.proxies.is_empty(),
    };
    if !trusted(peer) {
        return Ok(peer);
    }
    loop {
        match proxy_header::parse(head) {
            Header::Complete { length, client } => {
                head.advance(length);
                return Ok(client.map_or(peer, Peer::Ip));
            }
            Header::Incomplete => read(socket, head).await?,
            Header::Wrong => return Err("a trusted proxy sent no PROXY header".into()),
        }
    }
}

/// What the first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Http,
    Tls,
    Frames,
}

/// Decides as soon as it can be decided; `None` for more bytes.
fn first_bytes(head: &[u8]) -> Option<First> {
    const METHODS: [&[u8]; 4] = [b"POST", b"GET ", b"HEAD", b"OPTI"];
    // A handshake record with a ClientHello in it: its length is that of no obfuscation header by chance.
    const TLS: [&[u8]; 1] = [&[0x16, 3, 1]];
    let begins = |with: &[u8]| {
        let length = head.len().min(with.len());
        head[..length] == with[..length]
    };
    if let Some(method) = METHODS.iter().find(|method| begins(method)) {
        return (head.len() >= method.len()).then_some(First::Http);
    }
    if TLS.iter().any(|record| begins(record)) {
        return match head {
            [_, _, _, _, _, kind, ..] => Some(if *kind == 1 { First::Tls } else { First::Frames }),
            _ => None,
        };
    }
    Some(First::Frames)
}

/// TLS for browsers: HTTP is inside, or frames.
async fn tls(endpoint: &Endpoint, socket: Socket, head: BytesMut) -> Result<Begun, String> {
    let Some(acceptor) = &endpoint.tls else { return Err(String::new()) };
    let accepted = acceptor.accept(Prefixed { head, inner: socket }).await;
    let mut io = accepted.map_err(|error| format!("the TLS handshake failed: {error}"))?;
    let mut head = BytesMut::new();
    loop {
        match first_bytes(&head) {
            _ if head.is_empty() => {}
            Some(First::Http) => {
                return Ok(Begun::Http(Box::new(Prefixed { head, inner: io }), " over HTTPS"));
            }
            Some(_) => {
                return Ok(Begun::Stream(Opening {
                    link: Link::Other(Box::new(io)),
                    head,
                    secrets: Arc::default(),
                    dc_hint: None,
                    carrier: " over TLS",
                }));
            }
            None => {}
        }
        read_head(&mut io, &mut head).await.map_err(|_| String::new())?;
    }
}

/// A hello that is ours is answered (M-341 … M-347). A stranger's is not: it gets the server's own TLS if there is one,
/// else silence (M-353 sends it to a cover site, which only a proxy has).
async fn fake_tls<S: Service>(
    slot: &Arc<Slot<S>>,
    endpoint: &Endpoint,
    mut socket: Socket,
    mut head: BytesMut,
) -> Result<Begun, String> {
    let length = loop {
        match faketls::hello_len(&head) {
            Some(length) if length > faketls::MAX_HELLO_BYTES => {
                return Err(format!("a ClientHello of {length} bytes (M-341)"));
            }
            Some(length) if length <= head.len() => break length,
            _ => read(&mut socket, &mut head).await?,
        }
    };
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let judged = {
        let mut replays = slot.handle.shared.replays.lock();
        faketls::accept(&head[..length], &endpoint.secrets, now_s, &mut replays, &mut rand::rng())
    };
    let accepted = match judged {
        Ok(accepted) => accepted,
        Err(_) if endpoint.tls.is_some() => return tls(endpoint, socket, head).await,
        Err(stranger) => return Err(stranger.to_string()),
    };
    socket.write_all(&accepted.flight).await.map_err(|_| String::new())?;
    let mut records = faketls::Records::default();
    records.feed(&head[length..]);
    Ok(Begun::Stream(Opening {
        link: Link::FakeTls(Box::new(FakeTls { socket, records })),
        head: BytesMut::new(),
        secrets: [accepted.secret].into(),
        dc_hint: None,
        carrier: " inside fake TLS",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m016_m018_the_first_bytes_decide_as_soon_as_they_can() {
        let cases: [(&[u8], Option<First>); 9] = [
            (b"", None),
            (b"P", None),
            (b"POST", Some(First::Http)),
            (b"OPTIONS", Some(First::Http)),
            (b"PUT ", Some(First::Frames)),
            (&[0xef], Some(First::Frames)),
            (&[0x16, 3, 1, 2], None),
            (&[0x16, 3, 1, 2, 0, 1], Some(First::Tls)),
            (&[0x16, 3, 1, 2, 0, 7], Some(First::Frames)),
        ];
        for (head, expected) in cases {
            assert_eq!(first_bytes(head), expected, "{head:?}");
        }
    }
}
