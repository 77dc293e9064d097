//! Each path to the data centre, and each of them failing in turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{HandshakeKind, RootCertStore, ServerConfig};
use zaun_link::{Address, Proxy as Through, Received};
use zaun_proxy::Settings;
use zaun_proxy::upstream::{Route, Upstream};
use zaun_server::Listener;
use zaun_testkit::Sandbox;

const NAME: &str = "kws2.web.example";

/// Our own server with `/apiws` inside TLS, under the name of a WebSocket front.
async fn web_server() -> (Sandbox, SocketAddr, RootCertStore) {
    let mut sandbox = Sandbox::start().await.unwrap();
    let (listener, at) = listener().await;
    let (config, roots) = certificate(NAME);
    sandbox.serve(Listener::from(listener).tls(config));
    (sandbox, at, roots)
}

/// A WebSocket path to a front, and TCP to a server as the last resort.
fn upstream(front: SocketAddr, roots: RootCertStore, tcp: Option<SocketAddr>) -> Upstream {
    let routes = [Some(Route::WebSocket), tcp.map(|_| Route::Direct)];
    Upstream {
        routes: routes.into_iter().flatten().collect(),
        addresses: tcp.map(|address| (2, vec![address])).into_iter().collect(),
        fronts: [(2, front)].into(),
        front_domain: "web.example".into(),
        roots,
        pool_size: 0,
        silence: Duration::from_millis(200),
        ..Upstream::default()
    }
}

fn with(upstream: Upstream) -> Settings {
    Settings { upstream, ..settings(SocketAddr::from(([127, 0, 0, 1], 1))) }
}

/// Whether a client agrees upon a key with the server, through the proxy.
async fn key_is_agreed(at: SocketAddr, sandbox: &Sandbox) -> bool {
    let client = zaun_testkit::RawClient::dial(at, &dial(&every_kind()[1], 2)).await.unwrap();
    zaun_testkit::Conversation::begin_on(client, &sandbox.public_key()).await.is_ok()
}

#[tokio::test]
async fn a_websocket_inside_tls_carries_a_key_exchange_from_the_pool_and_without() {
    let (sandbox, front, roots) = web_server().await;
    for pool_size in [0, 2] {
        let (proxy, at) = start(with(Upstream { pool_size, ..upstream(front, roots.clone(), None) })).await;
        while proxy.pooled() < pool_size {
            tokio::task::yield_now().await;
        }
        for _ in 0..3 {
            assert!(key_is_agreed(at, &sandbox).await, "pool of {pool_size}");
        }
        assert_eq!(proxy.counters().routes(), [("websocket", 3)].into());
    }
}

#[tokio::test]
async fn what_tls_agreed_upon_shortens_the_next_handshake() {
    let (config, roots) = certificate(NAME);
    let (listener, front) = listener().await;
    let acceptor = TlsAcceptor::from(config);
    let kinds = tokio::spawn(async move {
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let (socket, _) = listener.accept().await.unwrap();
            let mut io = acceptor.accept(socket).await.unwrap();
            kinds.push(io.get_ref().1.handshake_kind().unwrap());
            let request = request(&mut io).await.unwrap();
            io.write_all(accepted(&request).unwrap().as_bytes()).await.unwrap();
            io.flush().await.unwrap();
            io.read_exact(&mut [0; 64]).await.unwrap();
            // Four bytes, so that the path has carried something; in front of them is what shortens the next handshake.
            io.write_all(&[0x82, 4, 1, 2, 3, 4]).await.unwrap();
            io.shutdown().await.unwrap();
        }
        kinds
    });
    let (_, at) = start(with(upstream(front, roots, None))).await;
    for _ in 0..2 {
        let mut link = dial(&every_kind()[1], 2).connect(at).await.unwrap();
        link.send(&payload(100), false).await.unwrap();
        // The end of the session.
        while let Ok(Received::Payload(_)) = link.receive().await {}
    }
    assert_eq!(kinds.await.unwrap(), [HandshakeKind::Full, HandshakeKind::Resumed]);
}

#[tokio::test]
async fn a_certificate_of_another_name_or_maker_is_refused_unless_told_otherwise() {
    let (sandbox, front, _) = web_server().await;
    let (_, other) = certificate(NAME);
    let (proxy, at) = start(with(upstream(front, other.clone(), None))).await;
    assert!(!key_is_agreed(at, &sandbox).await);
    assert_eq!(proxy.counters().failed_paths(), 2, "both names");
    let standings = proxy.standings();
    assert!(standings.iter().all(|standing| standing.error.contains("certificate")), "{standings:?}");
    let (_, at) = start(with(Upstream { unverified: true, ..upstream(front, other, None) })).await;
    assert!(key_is_agreed(at, &sandbox).await);
}

/// How a front fails.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Failure {
    Refused,
    Reset,
    Silent,
    Redirect,
    MuteAfterUpgrade,
    ClosedAfterUpgrade,
}

/// A front that fails so, and counts who came.
async fn failing(failure: Failure, tls: Arc<ServerConfig>) -> (SocketAddr, Arc<AtomicUsize>) {
    let (listener, at) = listener().await;
    let came = Arc::new(AtomicUsize::new(0));
    if failure == Failure::Refused {
        return (at, came);
    }
    let counter = Arc::clone(&came);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            match failure {
                Failure::Silent => held.push(socket),
                Failure::Reset | Failure::Refused => drop(socket),
                _ => drop(tokio::spawn(upgrade(socket, failure, TlsAcceptor::from(tls.clone())))),
            }
        }
    });
    (at, came)
}

async fn upgrade(socket: TcpStream, failure: Failure, acceptor: TlsAcceptor) -> Option<()> {
    let mut io = acceptor.accept(socket).await.ok()?;
    let request = request(&mut io).await?;
    if failure == Failure::Redirect {
        io.write_all(b"HTTP/1.1 302 Found\r\nLocation: https://example.org/\r\nContent-Length: 0\r\n\r\n")
            .await
            .ok()?;
        return io.flush().await.ok();
    }
    io.write_all(accepted(&request)?.as_bytes()).await.ok()?;
    io.flush().await.ok()?;
    if failure == Failure::MuteAfterUpgrade {
        let mut bytes = [0; 1024];
        while io.read(&mut bytes).await.ok()? > 0 {}
    }
    None
}

async fn request(io: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(io.read_u8().await.ok()?);
    }
    String::from_utf8(request).ok()
}

/// The answer that takes an upgrade (RFC 6455, section 4.2.2).
fn accepted(request: &str) -> Option<String> {
    use base64::Engine;
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "))?;
    let digest = zaun_crypto::sha1(&[key.trim().as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"]);
    let accept = base64::prelude::BASE64_STANDARD.encode(digest);
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: binary\r\n\r\n"
    ))
}

#[tokio::test]
async fn a_front_that_fails_in_any_way_costs_the_client_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    for failure in [
        Failure::Refused,
        Failure::Reset,
        Failure::Silent,
        Failure::Redirect,
        Failure::MuteAfterUpgrade,
        Failure::ClosedAfterUpgrade,
    ] {
        let (config, roots) = certificate(NAME);
        let (front, came) = failing(failure, config).await;
        let upstream = upstream(front, roots, Some(sandbox.address()));
        let (proxy, at) = start(with(Upstream { stagger: Duration::from_millis(50), ..upstream })).await;
        assert!(key_is_agreed(at, &sandbox).await, "{failure:?}");
        let standings = proxy.standings();
        let winner = standings.iter().find(|standing| standing.won).unwrap();
        assert_eq!(winner.path, format!("tcp {}", sandbox.address()), "{failure:?}");
        let before = came.load(Ordering::SeqCst);
        assert!(key_is_agreed(at, &sandbox).await);
        assert_eq!(came.load(Ordering::SeqCst), before, "{failure:?}: the winner is remembered");
        let rests = standings.iter().any(|standing| standing.rests.is_some() && !standing.error.is_empty());
        // A silent front lost the race before it failed.
        assert!(rests || failure == Failure::Silent, "{failure:?}: {standings:?}");
    }
}

#[tokio::test]
async fn a_worker_is_told_the_address_and_a_domain_is_asked_by_its_name() {
    let sandbox = Sandbox::start().await.unwrap();
    let server = sandbox.address();
    for (route, host, path) in [
        (Route::Worker("worker.example".into()), "worker.example", "/apiws?dst=127.0.0.1&dc=2"),
        (Route::Domain("base.example".into()), "kws2.base.example", "/apiws"),
    ] {
        let (listener, front) = listener().await;
        let (config, roots) = certificate(host);
        let asked = tokio::spawn(tunnel(listener, TlsAcceptor::from(config)));
        let mut upstream = upstream(front, roots, Some(server));
        (upstream.routes, upstream.https_port) = (vec![route], front.port());
        // It resolves the names.
        upstream.through = Some(socks5_proxy().await);
        let (_, at) = start(with(upstream)).await;
        let mut link = dial(&every_kind()[1], 2).connect(at).await.unwrap();
        link.send(&payload(100), false).await.unwrap();
        let (line, got_host) = asked.await.unwrap();
        assert_eq!((line, got_host), (format!("GET {path} HTTP/1.1"), format!("Host: {host}")));
    }
}

/// Takes one upgrade, and says what was asked for.
async fn tunnel(listener: TcpListener, acceptor: TlsAcceptor) -> (String, String) {
    let (socket, _) = listener.accept().await.unwrap();
    let mut io = acceptor.accept(socket).await.unwrap();
    let request = request(&mut io).await.unwrap();
    let host = request.lines().find(|line| line.starts_with("Host: ")).unwrap();
    (request.lines().next().unwrap().to_owned(), host.to_owned())
}

#[tokio::test]
async fn another_mtproto_proxy_of_every_kind_may_be_in_between() {
    let sandbox = Sandbox::start().await.unwrap();
    let (_far, far) = start(settings(sandbox.address())).await;
    for secret in every_kind() {
        let mut settings = settings(sandbox.address());
        settings.upstream.routes = vec![Route::Relay(far.into(), secret)];
        let (proxy, at) = start(settings).await;
        assert!(key_is_agreed(at, &sandbox).await);
        assert_eq!(proxy.counters().routes(), [("proxy", 1)].into());
    }
}

#[tokio::test]
async fn a_socks5_proxy_carries_every_path() {
    let (sandbox, front, roots) = web_server().await;
    let through = socks5_proxy().await;
    for route in [Route::WebSocket, Route::Direct] {
        let mut upstream = upstream(front, roots.clone(), Some(sandbox.address()));
        (upstream.routes, upstream.through) = (vec![route], Some(through.clone()));
        let (_, proxy) = start(with(upstream)).await;
        assert!(key_is_agreed(proxy, &sandbox).await);
    }
}

async fn socks5_proxy() -> Through {
    let (listener, at) = listener().await;
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(socks5(client));
        }
    });
    Through::socks5(at.to_string())
}

/// RFC 1928, names and IPv4, no login.
async fn socks5(mut client: TcpStream) -> Option<()> {
    let mut head = [0; 3];
    client.read_exact(&mut head).await.ok()?;
    client.write_all(&[5, 0]).await.ok()?;
    let mut request = [0; 4];
    client.read_exact(&mut request).await.ok()?;
    let ip = match request[3] {
        1 => std::net::Ipv4Addr::from(client.read_u32().await.ok()?),
        // Every name is one of this machine.
        _ => {
            let mut name = vec![0; client.read_u8().await.ok()?.into()];
            client.read_exact(&mut name).await.ok()?;
            std::net::Ipv4Addr::LOCALHOST
        }
    };
    let mut server = TcpStream::connect((ip, client.read_u16().await.ok()?)).await.ok()?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok()?;
    None
}

#[tokio::test]
async fn m_070_each_packet_is_one_message_of_the_websocket() {
    let (listener, front) = listener().await;
    let (config, roots) = certificate(NAME);
    let counted = tokio::spawn(count_messages(listener, TlsAcceptor::from(config), 4));
    let (_, at) = start(with(upstream(front, roots, None))).await;
    let mut link = dial(&every_kind()[1], 2).connect(at).await.unwrap();
    for size in [100, 70_000, 300_000] {
        link.send(&payload(size), false).await.unwrap();
    }
    let lengths = counted.await.unwrap();
    assert_eq!(lengths[0], 64, "the header");
    for (length, size) in lengths[1..].iter().zip([100, 70_000, 300_000]) {
        let packet = 4 + payload(size).len();
        assert!((packet..packet + 16).contains(length), "{lengths:?}");
    }
}

/// The lengths of the first messages of a WebSocket.
async fn count_messages(listener: TcpListener, acceptor: TlsAcceptor, count: usize) -> Vec<usize> {
    let (socket, _) = listener.accept().await.unwrap();
    let mut io = acceptor.accept(socket).await.unwrap();
    let request = request(&mut io).await.unwrap();
    io.write_all(accepted(&request).unwrap().as_bytes()).await.unwrap();
    io.flush().await.unwrap();
    let mut lengths = Vec::new();
    while lengths.len() < count {
        let [first, second] = io.read_u16().await.unwrap().to_be_bytes();
        assert_eq!(first, 0x82, "one whole binary message");
        let length = match second & 0x7f {
            126 => io.read_u16().await.unwrap().into(),
            127 => io.read_u64().await.unwrap(),
            short => short.into(),
        };
        let mut rest = vec![0; 4 + length as usize];
        io.read_exact(&mut rest).await.unwrap();
        lengths.push(length as usize);
    }
    lengths
}

#[tokio::test]
async fn a_data_centre_that_hangs_up_politely_is_replaced_as_well() {
    let sandbox = Sandbox::start().await.unwrap();
    let (listener, polite) = listener().await;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            // All is read, so that nothing but the end of the stream is said.
            socket.read_exact(&mut [0; 64]).await.unwrap();
            socket.shutdown().await.unwrap();
            tokio::spawn(async move { socket.read_to_end(&mut Vec::new()).await });
        }
    });
    for others in [1, 2] {
        let mut settings = settings(sandbox.address());
        let addresses = vec![polite; others].into_iter().chain([sandbox.address()]).collect();
        settings.upstream.addresses = [(2, addresses)].into();
        let (proxy, at) = start(settings).await;
        assert!(key_is_agreed(at, &sandbox).await, "after {others}");
        let winner = proxy.standings().into_iter().find(|standing| standing.won).unwrap();
        assert_eq!(winner.path, format!("tcp {}", sandbox.address()));
    }
}

#[tokio::test]
async fn nothing_is_left_to_try_when_every_path_has_failed() {
    let nowhere: Address = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 1)));
    let mut settings = settings(SocketAddr::from(([127, 0, 0, 1], 1)));
    settings.upstream.routes.push(Route::Relay(nowhere, every_kind()[1].clone()));
    let (proxy, at) = start(settings).await;
    let mut link = dial(&every_kind()[0], 2).connect(at).await.unwrap();
    assert!(!echoes(&mut link, 100).await);
    let counters = proxy.counters();
    assert_eq!((counters.no_path.load(Ordering::Relaxed), counters.failed_paths()), (1, 2));
}
