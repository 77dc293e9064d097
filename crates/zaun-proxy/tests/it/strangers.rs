//! What a stranger sees: the cover site, and nothing else (M-353).

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::*;
use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zaun_proxy::{Cover, Ends, HeaderVersion, Proxy, Settings};
use zaun_transport::faketls::ClientHello;
use zaun_transport::{ProxySecret, Secret};

/// A site that answers whatever it is told with a mark and the same, and ends when its visitor does.
async fn cover() -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                while let Ok(count @ 1..) = socket.read(&mut bytes).await {
                    let answer = [b"site:", &bytes[..count]].concat();
                    if socket.write_all(&answer).await.is_err() {
                        return;
                    }
                }
                let _ = socket.write_all(b"bye").await;
            });
        }
    });
    address
}

/// Only fake TLS, behind a cover site.
fn covered(server: SocketAddr, cover: SocketAddr) -> Settings {
    let mut settings = settings(server);
    settings.secrets.retain(|(_, secret, _)| *secret == fake_tls(3));
    settings.cover = Cover::Site(cover.into());
    settings
}

/// All that comes back for these pieces, each sent when something came for the one before, and then the end.
async fn answer(at: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(at).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    answer
}

fn hello(secret: &ProxySecret, domain: &str, age_s: u64) -> BytesMut {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut out = BytesMut::new();
    ClientHello::write(secret.key, domain, now_s - age_s, &mut rand::rng(), &mut out);
    out
}

/// Whether the answer begins like a proxy's: a ServerHello.
fn is_ours(answer: &[u8]) -> bool {
    answer.starts_with(&[0x16, 3, 3])
}

#[tokio::test]
async fn m_353_a_stranger_sees_the_cover_site_byte_for_byte() {
    let (server, site) = (echo().await, cover().await);
    let (_proxy, at) = start(covered(server, site)).await;
    let (right, wrong) = (fake_tls(3), ProxySecret { key: Secret([4; 16]), ..fake_tls(3) });
    let mut long = hello(&right, "cover.example", 0).to_vec();
    long[3..5].copy_from_slice(&[0x40, 0]);
    let cases: [(&str, Vec<u8>); 9] = [
        ("a plain request", b"GET / HTTP/1.1\r\nHost: cover.example\r\n\r\n".to_vec()),
        ("random bytes", vec![0x5a; 300]),
        ("a wrong secret", hello(&wrong, "cover.example", 0).to_vec()),
        ("another site (M-353)", hello(&right, "other.example", 0).to_vec()),
        ("an old time (M-344)", hello(&right, "cover.example", 700).to_vec()),
        ("half a hello", hello(&right, "cover.example", 0)[..200].to_vec()),
        ("one byte", vec![0x16]),
        ("a hello that is too long", long),
        ("a header without fake TLS", vec![7; 64]),
    ];
    for (name, bytes) in cases {
        assert_eq!(answer(at, &bytes).await, answer(site, &bytes).await, "{name}");
    }
    let good = hello(&right, "cover.example", 0);
    assert!(is_ours(&answer(at, &good).await));
    assert_eq!(answer(at, &good).await, answer(site, &good).await, "M-345: a replay");
}

#[tokio::test]
async fn m_353_a_slow_hello_is_heard_by_the_site_and_may_still_be_ours() {
    let (server, (silent, site)) = (echo().await, listener().await);
    let (_proxy, at) = start(covered(server, site)).await;
    let hello = hello(&fake_tls(3), "cover.example", 0);
    let mut socket = TcpStream::connect(at).await.unwrap();
    socket.set_nodelay(true).unwrap();
    socket.write_all(&hello[..100]).await.unwrap();
    // The site hears the first bytes as soon as the proxy has lost its patience.
    let (mut heard, _) = silent.accept().await.unwrap();
    let mut bytes = [0; 100];
    heard.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, hello[..100]);
    socket.write_all(&hello[100..300]).await.unwrap();
    let mut bytes = [0; 200];
    heard.read_exact(&mut bytes).await.unwrap();
    assert_eq!(bytes, hello[100..300]);
    socket.write_all(&hello[300..]).await.unwrap();
    let mut first = [0; 3];
    socket.read_exact(&mut first).await.unwrap();
    assert!(is_ours(&first));
    assert_eq!(heard.read(&mut [0]).await.unwrap(), 0, "the site hears no more of it");
}

#[tokio::test]
async fn m_353_a_silent_stranger_stays_as_long_as_the_site_lets_it() {
    let (server, (silent, site)) = (echo().await, listener().await);
    let (_proxy, at) = start(covered(server, site)).await;
    let mut socket = TcpStream::connect(at).await.unwrap();
    let (mut heard, _) = silent.accept().await.unwrap();
    heard.write_all(b"too slow").await.unwrap();
    drop(heard);
    let mut seen = Vec::new();
    socket.read_to_end(&mut seen).await.unwrap();
    assert_eq!(seen, b"too slow");
}

#[tokio::test]
async fn m_341_a_hello_in_several_records_is_a_clients() {
    let (server, site) = (echo().await, cover().await);
    let (_proxy, at) = start(covered(server, site)).await;
    let whole = hello(&fake_tls(3), "cover.example", 0);
    let pieces: Vec<u8> = whole[5..]
        .chunks(120)
        .flat_map(|piece| [&[0x16, 3, 1, 0, piece.len() as u8], piece].concat())
        .collect();
    assert!(is_ours(&answer(at, &pieces).await));
}

#[tokio::test]
async fn the_cover_site_is_told_whom_a_connection_is_from() {
    for version in [HeaderVersion::V1, HeaderVersion::V2] {
        let (server, (listener, site)) = (echo().await, listener().await);
        let (_proxy, at) = start(Settings { cover_header: Some(version), ..covered(server, site) }).await;
        let mut socket = TcpStream::connect(at).await.unwrap();
        socket.write_all(b"GET /").await.unwrap();
        socket.shutdown().await.unwrap();
        let mut heard = Vec::new();
        listener.accept().await.unwrap().0.read_to_end(&mut heard).await.unwrap();
        let ends = Ends { client: socket.local_addr().ok(), here: Some(at) };
        assert_eq!(heard, [&version.header(ends)[..], b"GET /"].concat());
    }
}

#[tokio::test]
async fn a_cover_site_that_is_the_proxy_itself_is_not_shown() {
    let server = echo().await;
    let (listener, at) = listener().await;
    let proxy = Proxy::start(covered(server, at), None).unwrap();
    let serving = proxy.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    assert_eq!(answer(at, b"GET / HTTP/1.1\r\n\r\n").await, b"", "as without a cover site");
    assert_eq!(
        proxy.counters().accepted.load(Ordering::Relaxed),
        2,
        "it was accepted once more, and no further"
    );
}

#[tokio::test]
async fn m_340_without_a_cover_site_a_stranger_hears_nothing() {
    let (_proxy, at) = start(settings(echo().await)).await;
    assert_eq!(answer(at, &[7; 200]).await, b"");
    assert_eq!(answer(at, b"GET / HTTP/1.1\r\n\r\n").await, b"");
}
