//! What a listener may be told: proxies in front of it, its DC, limits (M-050, M-114, M-146, M-182, M-473).

use crate::support::*;
use tokio::net::TcpListener;
use zaun_mtproto::handshake::ClientConfig;
use zaun_probe::{Conversation, RawClient, Received, Session, SpawnedServer, Wire};
use zaun_server::{Dc, FloodLimits, Listener, MemoryKeys, Rate, Server};

async fn listen(fixture: &mut Fixture, with: impl FnOnce(Listener) -> Listener) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    fixture.server.serve(with(listener.into()));
    address
}

#[tokio::test]
async fn a_trusted_proxy_says_who_the_client_is() {
    let mut fixture = Fixture::start().await;
    let trusted = |network: &str| vec![network.parse().unwrap()];
    let address = listen(&mut fixture, |l| l.trust_proxies(trusted("127.0.0.0/8"))).await;
    let mut watch = fixture.server.handle().watch();
    let mut v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    v2.extend([203, 0, 113, 9, 192, 0, 2, 1, 0, 80, 1, 187]);
    for (header, client) in
        [(&b"PROXY TCP4 203.0.113.7 192.0.2.1 5000 443\r\n"[..], "203.0.113.7:5000"), (&v2, "203.0.113.9:80")]
    {
        let mut client_end = RawClient::connect(address, Wire::default()).await.unwrap();
        client_end.send_bytes(header).await.unwrap();
        let mut talk = Conversation::begin_on(client_end, &fixture.server.public_key()).await.unwrap();
        increments(&mut talk).await;
        let peer = crate::inspector::first(&mut watch, |event| match event.kind {
            zaun_server::inspect::Kind::Opened { peer } => Some(peer.to_string()),
            _ => None,
        });
        assert_eq!(peer.await, client);
    }
    // Without its header a trusted proxy is not believed to be a client.
    let mut client = RawClient::connect(address, Wire::default()).await.unwrap();
    client.send(&[7; 64]).await.unwrap();
    assert_eq!(client.receive().await.unwrap(), Received::Closed);
    // Whom the listener does not trust is a client, header or not.
    let address = listen(&mut fixture, |l| l.trust_proxies(trusted("10.0.0.0/8"))).await;
    let mut talk = Conversation::begin(address, Wire::default(), &fixture.server.public_key()).await.unwrap();
    increments(&mut talk).await;
}

/// M-051.
#[tokio::test]
async fn m114_m115_m473_a_dc_takes_its_own_clients_and_keys() {
    let mut fixture = Fixture::start().await;
    let two = listen(&mut fixture, |l| l.dc(Dc::new(2))).await;
    let media = listen(&mut fixture, |l| l.dc(Dc { media_only: true, ..Dc::new(2) })).await;
    let four = listen(&mut fixture, |l| l.dc(Dc::new(4))).await;
    let test = listen(&mut fixture, |l| l.dc(Dc { test: true, ..Dc::new(2) })).await;
    let exchange = async |address, dc| {
        let mut client = RawClient::connect(address, Wire::default()).await.unwrap();
        let key = zaun_crypto::rsa::PublicKey::from_pem(&zaun_probe::public_key().to_pkcs1_pem()).unwrap();
        client.exchange_key_with(ClientConfig { dc, ..ClientConfig::new(vec![key]) }).await
    };
    for (address, dc) in
        [(two, Some(2)), (two, Some(-2)), (two, None), (media, Some(-2)), (test, Some(10_002))]
    {
        exchange(address, dc).await.unwrap_or_else(|error| panic!("{dc:?}: {error}"));
    }
    for (address, dc) in [(two, 4), (two, 10_002), (test, 2), (four, -2)] {
        let error = exchange(address, Some(dc)).await.unwrap_err();
        assert!(matches!(error, zaun_probe::Error::Refused(-444)), "M-114 {dc}: {error}");
    }
    let negotiated = exchange(two, None).await.unwrap();
    let session = Session::new(negotiated.auth_key, negotiated.first_salt);
    for address in [two, media] {
        let mut talk = Conversation::resume(address, Wire::default(), session.clone()).await.unwrap();
        talk.session.session_id ^= i64::from(address.port());
        increments(&mut talk).await;
    }
    for address in [four, test] {
        let mut talk = Conversation::resume(address, Wire::default(), session.clone()).await.unwrap();
        talk.send(&Call::<INCREMENT>(1)).await.unwrap();
        refused_with(&mut talk, -404).await;
    }
}

async fn limited(limits: FloodLimits) -> SpawnedServer<zaun_server::Router> {
    let limits = FloodLimits { local: true, ..limits };
    let builder = Server::builder(
        router(Default::default(), std::sync::Arc::new(tokio::sync::Semaphore::new(0))),
        MemoryKeys::default(),
    );
    SpawnedServer::build(builder.flood_limits(limits)).await.unwrap()
}

const ONE: Rate = Rate { burst: 1, per_second: 0.001 };

async fn is_refused(client: &mut RawClient, code: i32) {
    assert_eq!(client.receive().await.unwrap(), Received::Error(code));
    assert_eq!(client.receive().await.unwrap(), Received::Closed, "M-056");
}

#[tokio::test]
async fn m050_too_many_connections_of_one_address_are_told_so() {
    let server = limited(FloodLimits { connections: 2, ..FloodLimits::default() }).await;
    let key = server.public_key();
    let mut talks = Vec::new();
    for _ in 0..2 {
        talks.push(Conversation::begin(server.address(), Wire::default(), &key).await.unwrap());
    }
    for wire in Wire::all() {
        let mut third = RawClient::connect(server.address(), wire).await.unwrap();
        third.send(&[0; 40]).await.unwrap();
        is_refused(&mut third, -429).await;
    }
    for talk in &mut talks {
        increments(talk).await;
    }
    drop(talks.pop());
    // The freed place is noticed by the server a moment later.
    let mut waited = 0;
    while Conversation::begin(server.address(), Wire::default(), &key).await.is_err() {
        waited += 1;
        assert!(waited < 1000);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn m146_m182_exchanges_and_unknown_keys_of_one_address_are_limited() {
    let server = limited(FloodLimits { exchanges: ONE, unknown_keys: ONE, ..FloodLimits::default() }).await;
    let key = server.public_key();
    let mut talk = Conversation::begin(server.address(), Wire::default(), &key).await.unwrap();
    let error = Conversation::begin(server.address(), Wire::default(), &key).await.unwrap_err();
    assert!(matches!(error, zaun_probe::Error::Refused(-429)), "M-146: {error}");
    for code in [-404, -429] {
        let mut client = RawClient::connect(server.address(), Wire::default()).await.unwrap();
        client.send(&[7; 64]).await.unwrap();
        is_refused(&mut client, code).await;
    }
    increments(&mut talk).await;
}

#[tokio::test]
async fn m050_packets_of_one_key_are_limited_on_all_its_connections() {
    let packets = Rate { burst: 5, per_second: 0.001 };
    let server = limited(FloodLimits { packets, ..FloodLimits::default() }).await;
    let key = server.public_key();
    let mut other = Conversation::begin(server.address(), Wire::default(), &key).await.unwrap();
    let mut talk = Conversation::begin(server.address(), Wire::default(), &key).await.unwrap();
    for _ in 0..4 {
        increments(&mut talk).await;
    }
    let mut second =
        Conversation::resume(server.address(), Wire::default(), talk.session.clone()).await.unwrap();
    increments(&mut second).await;
    second.send(&Call::<INCREMENT>(1)).await.unwrap();
    refused_with(&mut second, -429).await;
    increments(&mut other).await;
}
