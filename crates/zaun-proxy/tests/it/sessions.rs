//! What one session may rely on: bursts, half-closed connections, replays, limits, changes while it runs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use zaun_link::{Address, Received};
use zaun_proxy::{Allowance, Proxy};
use zaun_transport::relay::Back;
use zaun_transport::{ClientCodec, Framing, SecretKind};

/// Sessions at once under load, and how many packets each sends.
const BUSY: usize = 200;
const ECHOES: usize = 20;

#[tokio::test]
async fn bursts_of_large_packets_arrive_whole_in_both_directions() {
    let (_proxy, at) = start(settings(echo().await)).await;
    for secret in every_kind() {
        let mut link = dial(&secret, 2).connect(at).await.unwrap();
        let payload = payload(128 * 1024);
        let mut inbox = Vec::new();
        for round in 1..=8 {
            for _ in 0..8 {
                link.enqueue(&payload).await.unwrap();
            }
            while inbox.len() < round * 8 {
                link.exchange(&mut inbox).await.unwrap();
            }
        }
        assert!(inbox.iter().all(|got| *got == Received::Payload(payload[..].into())), "{:?}", secret.kind);
    }
}

#[tokio::test]
async fn a_client_that_has_said_everything_still_gets_the_last_bytes() {
    let (_proxy, at) = start(settings(echo().await)).await;
    let secret = &every_kind()[1];
    let mut codec =
        ClientCodec::obfuscated(Framing::PaddedIntermediate, 2, Some(secret.key), &mut rand::rng()).unwrap();
    let mut wire = bytes::BytesMut::new();
    for _ in 0..16 {
        codec.write_frame(&payload(100_000), false, &mut rand::rng(), &mut wire).unwrap();
    }
    let (mut read, mut write) = TcpStream::connect(at).await.unwrap().into_split();
    let writing = tokio::spawn(async move {
        write.write_all(&wire).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let (mut answer, mut frames) = (Vec::new(), 0);
    read.read_to_end(&mut answer).await.unwrap();
    writing.await.unwrap();
    codec.feed(&answer);
    while codec.next_incoming().unwrap().is_some() {
        frames += 1;
    }
    assert_eq!(frames, 16);
}

#[tokio::test]
async fn m_083_a_header_that_was_used_opens_nothing_even_after_a_restart() {
    let server = echo().await;
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("seen");
    let secret = &every_kind()[1];
    let back = Back::own(Framing::PaddedIntermediate, 2, Some(secret.key), &mut rand::rng()).unwrap();
    for (run, expected_replays) in [0, 1].into_iter().enumerate() {
        let (listener, at) = listener().await;
        let proxy = Proxy::start(settings(server), Some(folder.path().to_owned())).unwrap();
        let serving = proxy.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let mut socket = TcpStream::connect(at).await.unwrap();
        socket.write_all(&back.header).await.unwrap();
        socket.shutdown().await.unwrap();
        // Both ways the connection ends, once the proxy has judged it.
        socket.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(proxy.counters().replays.load(Ordering::Relaxed), expected_replays, "run {run}");
        while std::fs::metadata(&journal).unwrap().len() == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_secret_without_room_looks_like_a_wrong_one() {
    let mut settings = settings(echo().await);
    settings.secrets[1].2 = Allowance { max_connections: Some(1), ..Allowance::default() };
    let (proxy, at) = start(settings).await;
    let secret = &every_kind()[1];
    let mut first = dial(secret, 2).connect(at).await.unwrap();
    assert!(echoes(&mut first, 100).await);
    let mut second = dial(secret, 2).connect(at).await.unwrap();
    second.send(&payload(100), false).await.unwrap();
    while proxy.counters().strangers.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(proxy.users()[1].usage.refused.load(Ordering::Relaxed), 1);
    assert!(echoes(&mut first, 100).await, "the first goes on");
}

#[tokio::test]
async fn traffic_ends_when_it_is_used_up() {
    let mut settings = settings(echo().await);
    settings.secrets[1].2 = Allowance { max_bytes: Some(500_000), ..Allowance::default() };
    let (proxy, at) = start(settings).await;
    let mut link = dial(&every_kind()[1], 2).connect(at).await.unwrap();
    let mut rounds = 0;
    while echoes(&mut link, 50_000).await {
        rounds += 1;
    }
    assert!((1..=5).contains(&rounds), "{rounds} rounds of 100,000 bytes");
    assert!(proxy.users()[1].is_exhausted());
}

#[tokio::test]
async fn traffic_that_was_used_up_stays_so_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(echo().await);
    settings.secrets[1].2 = Allowance { max_bytes: Some(700_000), ..Allowance::default() };
    let mut used = Vec::new();
    for served in [true, true, false] {
        let (listener, at) = listener().await;
        let proxy = Proxy::start(settings.clone(), Some(folder.path().to_owned())).unwrap();
        let serving = proxy.clone();
        tokio::spawn(async move { serving.serve(listener).await });
        let mut link = dial(&every_kind()[1], 2).connect(at).await.unwrap();
        assert_eq!(echoes(&mut link, 150_000).await, served, "after {used:?} bytes");
        drop(link);
        proxy.stop(Duration::from_secs(10)).await;
        used.push(proxy.users()[1].usage.bytes());
    }
    assert!(used[0] >= 300_000 && used[1] >= 600_000 && used[2] >= 700_000, "{used:?}");
}

#[tokio::test]
async fn a_reload_keeps_sessions_and_ends_those_of_secrets_that_are_gone() {
    let server = echo().await;
    let (proxy, at) = start(settings(server)).await;
    let [plain, padded, _] = every_kind();
    let mut kept = dial(&plain, 2).connect(at).await.unwrap();
    let mut gone = dial(&padded, 2).connect(at).await.unwrap();
    assert!(echoes(&mut kept, 100).await && echoes(&mut gone, 100).await);
    let mut changed = settings(server);
    changed.secrets.remove(1);
    changed.secrets.push(("new".into(), secret(9, SecretKind::Padded), Allowance::default()));
    proxy.reload(changed).unwrap();
    assert!(echoes(&mut kept, 100).await);
    assert!(!echoes(&mut gone, 100).await);
    let mut new = dial(&secret(9, SecretKind::Padded), 2).connect(at).await.unwrap();
    assert!(echoes(&mut new, 100).await);
    let usage = &proxy.users()[0].usage;
    assert_eq!(usage.connections.load(Ordering::Relaxed), 1, "what is used is known to the new settings");
    let mut none = settings(server);
    none.secrets.clear();
    assert!(proxy.reload(none).is_err());
    assert!(echoes(&mut kept, 100).await, "settings that cannot be used change nothing");
}

#[tokio::test]
async fn nobody_notices_a_reload_under_load() {
    let server = echo().await;
    let (proxy, at) = start(settings(server)).await;
    let mut busy = JoinSet::new();
    for number in 0..BUSY {
        busy.spawn(async move {
            let mut link = dial(&every_kind()[number % 3], 2).connect(at).await.unwrap();
            for _ in 0..ECHOES {
                assert!(echoes(&mut link, 1000).await, "{number}");
            }
        });
    }
    // Again whenever one has finished, while the others go on.
    while let Some(done) = busy.join_next().await {
        done.unwrap();
        proxy.reload(settings(server)).unwrap();
    }
    let usage = |proxy: &Proxy| {
        proxy.users().iter().map(|user| user.usage.opened.load(Ordering::Relaxed)).sum::<u64>()
    };
    assert_eq!(usage(&proxy), BUSY as u64, "each connected once");
}

#[tokio::test]
async fn a_data_centre_that_is_cut_off_under_load_takes_only_its_own_sessions_along() {
    let (stays, (listener, falls)) = (echo().await, listener().await);
    let (cut, is_cut) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let mut is_cut = is_cut.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = echo_one(socket) => {}
                    _ = is_cut.wait_for(|cut| *cut) => {}
                }
            });
        }
    });
    let mut settings = settings(stays);
    settings.upstream.addresses.insert(4, vec![falls]);
    let (proxy, at) = start(settings).await;
    let (mut busy, all_served) = (JoinSet::new(), Arc::new(Barrier::new(BUSY + 1)));
    for number in 0..BUSY {
        let dc = if number % 5 == 0 { 4 } else { 2 };
        let all_served = Arc::clone(&all_served);
        busy.spawn(async move {
            let mut link = dial(&every_kind()[number % 3], dc).connect(at).await.unwrap();
            assert!(echoes(&mut link, 1000).await, "{number}");
            all_served.wait().await;
            if dc == 4 {
                while echoes(&mut link, 1000).await {}
                return;
            }
            for _ in 0..ECHOES {
                assert!(echoes(&mut link, 1000).await, "{number}");
            }
        });
    }
    all_served.wait().await;
    cut.send_replace(true);
    while let Some(done) = busy.join_next().await {
        done.unwrap();
    }
    assert_eq!(proxy.counters().routes(), [("tcp", BUSY as u64)].into(), "nobody had to connect again");
}

#[tokio::test]
async fn a_stop_waits_for_sessions_and_then_ends_them() {
    let (proxy, at) = start(settings(echo().await)).await;
    let mut link = dial(&every_kind()[0], 2).connect(at).await.unwrap();
    assert!(echoes(&mut link, 100).await);
    assert_eq!(proxy.stop(Duration::from_millis(50)).await, 1);
    assert!(!echoes(&mut link, 100).await);
    assert_eq!(proxy.stop(Duration::from_secs(10)).await, 0);
}

#[tokio::test]
async fn a_unix_socket_serves_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.sock");
    let proxy = Proxy::start(settings(echo().await), None).unwrap();
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move { proxy.serve(listener).await });
    let mut link = dial(&every_kind()[2], 2).connect(Address::Unix(path)).await.unwrap();
    assert!(echoes(&mut link, 1000).await);
}

#[tokio::test]
async fn m_337_a_client_that_names_no_data_centre_is_closed() {
    let (proxy, at) = start(settings(echo().await)).await;
    for dc in [0, 77] {
        let mut link = dial(&every_kind()[0], dc).connect(at).await.unwrap();
        assert!(!echoes(&mut link, 100).await, "{dc}");
    }
    let counters = proxy.counters();
    assert_eq!(counters.unknown_dc.load(Ordering::Relaxed) + counters.no_path.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_balancer_names_the_client_in_a_proxy_header() {
    let mut settings = settings(echo().await);
    settings.proxy_headers = true;
    settings.secrets[1].2 = Allowance { max_addresses: Some(1), ..Allowance::default() };
    let (proxy, at) = start(settings).await;
    let secret = &every_kind()[1];
    let v2 =
        [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &[192, 0, 2, 1, 192, 0, 2, 9, 1, 1, 1, 187][..]].concat();
    let mut open = Vec::new();
    // The same client twice, in both versions; then another one, for whom there is no room.
    for (header, served) in [
        (&b"PROXY TCP4 192.0.2.1 192.0.2.9 400 443\r\n"[..], true),
        (&v2, true),
        (b"PROXY TCP4 192.0.2.2 192.0.2.9 400 443\r\n", false),
    ] {
        let mut codec =
            ClientCodec::obfuscated(Framing::PaddedIntermediate, 2, Some(secret.key), &mut rand::rng())
                .unwrap();
        let mut wire = bytes::BytesMut::from(header);
        codec.write_frame(&payload(100), false, &mut rand::rng(), &mut wire).unwrap();
        let mut socket = TcpStream::connect(at).await.unwrap();
        socket.write_all(&wire).await.unwrap();
        if served {
            assert!(socket.read(&mut [0; 10]).await.unwrap() > 0);
        } else {
            socket.shutdown().await.unwrap();
            assert_eq!(socket.read(&mut [0; 10]).await.unwrap(), 0);
        }
        open.push(socket);
    }
    assert_eq!(proxy.users()[1].usage.addresses(), 1);
    let mut without = dial(secret, 2).connect(at).await.unwrap();
    assert!(!echoes(&mut without, 100).await, "a connection without a header is closed");
}
