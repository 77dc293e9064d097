//! The answer to a hello is the cover site's in every length (M-349).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig};
use zaun_crypto::hmac_sha256;
use zaun_proxy::{Cover, Proxy, Settings};

const NAME: &str = "cover.example";

/// A provider with these groups, and the cipher suites in the order of Telegram's applications: their hashes differ in
/// length.
fn provider(kx_groups: Vec<&'static dyn SupportedKxGroup>) -> Arc<CryptoProvider> {
    use aws_lc_rs::cipher_suite::{TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384};
    let cipher_suites = vec![TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384];
    Arc::new(CryptoProvider { kx_groups, cipher_suites, ..aws_lc_rs::default_provider() })
}

fn both() -> Vec<&'static dyn SupportedKxGroup> {
    vec![aws_lc_rs::kx_group::X25519MLKEM768, aws_lc_rs::kx_group::X25519]
}

/// A site of TLS 1.3 that knows these groups.
async fn site(groups: Vec<&'static dyn SupportedKxGroup>) -> SocketAddr {
    let made = rcgen::generate_simple_self_signed(vec![NAME.to_owned()]).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let config = ServerConfig::builder_with_provider(provider(groups))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let (listener, at) = listener().await;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut io = acceptor.accept(socket).await?;
                io.read_to_end(&mut Vec::new()).await
            });
        }
    });
    at
}

/// The hello of a client that offers both groups.
fn hello() -> Vec<u8> {
    let config = ClientConfig::builder_with_provider(provider(both()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let mut client = ClientConnection::new(Arc::new(config), NAME.try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

/// The same as a client of ours has signed it (M-342).
fn signed(mut hello: Vec<u8>) -> Vec<u8> {
    hello[11..43].fill(0);
    let mut random = hmac_sha256(&fake_tls(3).key.0, &[&hello]);
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as u32;
    random[28..].iter_mut().zip(now_s.to_le_bytes()).for_each(|(byte, time)| *byte ^= time);
    hello[11..43].copy_from_slice(&random);
    hello
}

/// What comes back for a hello before the client's turn, as types and lengths of records.
async fn records(at: SocketAddr, hello: &[u8], count: usize) -> Vec<(u8, usize)> {
    let mut socket = TcpStream::connect(at).await.unwrap();
    socket.write_all(hello).await.unwrap();
    let mut records = Vec::new();
    while records.len() < count {
        let mut header = [0; 5];
        socket.read_exact(&mut header).await.unwrap();
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        socket.read_exact(&mut vec![0; length]).await.unwrap();
        records.push((header[0], length));
    }
    records
}

#[tokio::test]
async fn m_349_the_answer_has_the_key_share_and_the_length_of_the_site() {
    for (groups, hello_bytes) in [(both(), 1210), (vec![aws_lc_rs::kx_group::X25519 as _], 122)] {
        let site = site(groups).await;
        let mut settings = settings(echo().await);
        (settings.cover, settings.imitates) = (Cover::Site(site.into()), true);
        let (proxy, at) = start(settings).await;
        while proxy.imitated().is_empty() {
            tokio::task::yield_now().await;
        }
        let ours = records(at, &signed(hello()), 3).await;
        let theirs = records(site, &hello(), 3).await;
        assert_eq!(ours[..2], theirs[..2]);
        assert_eq!(ours[0], (0x16, hello_bytes));
        // A signature of ECDSA has 70 to 72 bytes, nearly always.
        let difference = theirs[2].1.abs_diff(ours[2].1);
        assert!(ours[2].0 == 0x17 && difference <= 4, "{ours:?} beside {theirs:?}");
    }
}

#[tokio::test]
async fn who_sends_a_hello_of_the_proxys_own_learns_nothing_by_it() {
    let site = site(both()).await;
    let (on_the_way, at) = listener().await;
    let mut settings = settings(echo().await);
    (settings.cover, settings.imitates) = (Cover::Site(at.into()), true);
    let (proxy, door) = start(settings).await;
    // Somebody on the way to the site copies the first hello to the proxy's door, and lets the original through later.
    let (mut original, _) = on_the_way.accept().await.unwrap();
    let mut hello = vec![0; 4096];
    let length = original.read(&mut hello).await.unwrap();
    let mut copy = TcpStream::connect(door).await.unwrap();
    copy.write_all(&hello[..length]).await.unwrap();
    while proxy.counters().accepted.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    let mut behind = TcpStream::connect(site).await.unwrap();
    behind.write_all(&hello[..length]).await.unwrap();
    tokio::spawn(async move { tokio::io::copy_bidirectional(&mut original, &mut behind).await });
    tokio::spawn(async move {
        while let Ok((mut visitor, _)) = on_the_way.accept().await {
            tokio::spawn(async move {
                let mut behind = TcpStream::connect(site).await?;
                tokio::io::copy_bidirectional(&mut visitor, &mut behind).await
            });
        }
    });
    let mut answer = [0; 3];
    copy.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [0x16, 3, 3], "the site answers the copy");
    while proxy.imitated().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(!proxy.covers_itself());
}

#[tokio::test]
async fn a_site_that_leads_back_to_the_proxy_in_a_roundabout_way_is_found_out() {
    let (listener, behind) = listener().await;
    let (front, at) = self::listener().await;
    let mut settings = settings(echo().await);
    (settings.cover, settings.imitates) = (Cover::Site(at.into()), true);
    // Addresses are translated on the way, so that nothing but the hello itself tells.
    tokio::spawn(async move {
        while let Ok((mut visitor, _)) = front.accept().await {
            tokio::spawn(async move {
                let mut proxy = TcpStream::connect(behind).await?;
                tokio::io::copy_bidirectional(&mut visitor, &mut proxy).await
            });
        }
    });
    let proxy = Proxy::start(settings.clone(), None).unwrap();
    let serving = proxy.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    while !proxy.covers_itself() {
        tokio::task::yield_now().await;
    }
    let mut stranger = TcpStream::connect(at).await.unwrap();
    stranger.write_all(&[0x5a; 300]).await.unwrap();
    stranger.shutdown().await.unwrap();
    assert_eq!(stranger.read_to_end(&mut Vec::new()).await.unwrap(), 0);
    assert!(proxy.imitated().is_empty());
    // Another site in its place is shown again.
    let elsewhere = site(both()).await;
    proxy.reload(Settings { cover: Cover::Site(elsewhere.into()), ..settings }).unwrap();
    while proxy.covers_itself() {
        tokio::task::yield_now().await;
    }
    assert_eq!(records(at, &hello(), 1).await[0].0, 0x16);
}
