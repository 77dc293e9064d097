//! Everything that may carry MTProto, each with a key exchange, queries and a large answer (M-013, M-058 … M-072, M-084).

use crate::support::*;
use crate::tls;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message as WsMessage};
use zaun_probe::{Address, Carrier, Conversation, Dial, RawClient, Received};
use zaun_server::Listener;
use zaun_transport::{Framing, ProxySecret, Secret, SecretKind};

async fn works(fixture: &Fixture, address: impl Into<Address>, dial: &Dial) {
    let client = RawClient::dial(address, dial).await.unwrap();
    let mut talk = Conversation::begin_on(client, &fixture.server.public_key()).await.unwrap();
    increments(&mut talk).await;
    let query = talk.send(&Bytes1(700_000)).await.unwrap();
    let bytes: bytes::Bytes = zaun_tl::from_bytes(talk.result_of(query).await.unwrap()).unwrap();
    assert_eq!(bytes.len(), 700_000, "{dial:?}");
    answers(&mut talk).await;
}

const FRAMINGS: [Framing; 3] = [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate];

/// M-059.
#[tokio::test]
async fn m068_m058_websocket_and_http_share_the_port_of_the_framings() {
    let fixture = Fixture::start().await;
    for framing in FRAMINGS {
        for path in ["/apiws", "/apiws_test", "/apiws_premium"] {
            let dial = Dial::new(framing).obfuscated(2).carrier(Carrier::web_socket(path));
            works(&fixture, fixture.server.address(), &dial).await;
        }
    }
    for path in ["/api", "/apiw1", "/apiw_test"] {
        let dial = Dial::new(Framing::Full).carrier(Carrier::http(path));
        works(&fixture, fixture.server.address(), &dial).await;
    }
}

#[tokio::test]
async fn the_same_inside_tls() {
    let mut fixture = Fixture::start().await;
    let (server, client) = tls::pair();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    fixture.server.serve(Listener::from(listener).tls(server));
    let obfuscated = Dial::new(Framing::Abridged).obfuscated(2);
    for dial in [
        obfuscated.clone(),
        obfuscated.clone().carrier(Carrier::Stream.over_tls(client.clone())),
        obfuscated.carrier(Carrier::web_socket("/apiws").over_tls(client.clone())),
        Dial::new(Framing::Full).carrier(Carrier::http("/apiw1").over_tls(client.clone())),
        Dial::new(Framing::Full).carrier(Carrier::http("/api")),
    ] {
        works(&fixture, address, &dial).await;
    }
}

#[tokio::test]
async fn ipv6_and_unix_sockets_are_listened_on() {
    let mut fixture = Fixture::start().await;
    let dial = Dial::new(Framing::Intermediate);
    let v6 = TcpListener::bind("[::1]:0").await.unwrap();
    let address = v6.local_addr().unwrap();
    fixture.server.serve(v6);
    works(&fixture, address, &dial).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    fixture.server.serve(UnixListener::bind(&path).unwrap());
    works(&fixture, Address::Unix(path), &dial).await;
}

fn secret(key: u8, kind: SecretKind) -> ProxySecret {
    ProxySecret { key: Secret([key; 16]), kind }
}

/// M-335, M-336.
#[tokio::test]
async fn m084_m331_endpoints_with_secrets_take_their_clients_and_nobody_else() {
    let mut fixture = Fixture::start().await;
    let secrets = [
        secret(1, SecretKind::Plain),
        secret(2, SecretKind::Padded),
        secret(3, SecretKind::FakeTls("cover.example".into())),
    ];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    fixture.server.serve(Listener::from(listener).secrets(secrets.clone()));
    let [plain, padded, fake] = secrets;
    for framing in FRAMINGS {
        works(&fixture, address, &Dial::new(framing).obfuscated(2).secret(plain.clone())).await;
    }
    let padded_only = Dial::new(Framing::PaddedIntermediate).obfuscated(2);
    works(&fixture, address, &padded_only.clone().secret(padded.clone())).await;
    works(&fixture, address, &padded_only.clone().secret(fake)).await;

    let refused = [
        Dial::new(Framing::Intermediate),
        Dial::new(Framing::Full),
        Dial::new(Framing::Intermediate).obfuscated(2),
        // M-334: dd means padded.
        Dial::new(Framing::Intermediate).obfuscated(2).secret(padded),
        padded_only.secret(secret(9, SecretKind::Plain)),
    ];
    for dial in refused {
        let mut client = RawClient::dial(address, &dial).await.unwrap();
        client.send(&[7; 64]).await.unwrap();
        assert_eq!(client.receive().await.unwrap(), Received::Closed, "{dial:?}");
    }
}

/// M-340.
#[tokio::test]
async fn m353_strangers_to_fake_tls_are_not_answered() {
    let mut fixture = Fixture::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let cover = |domain: &str| SecretKind::FakeTls(domain.into());
    fixture.server.serve(Listener::from(listener).secrets([secret(3, cover("cover.example"))]));
    let dial = |secret| Dial::new(Framing::PaddedIntermediate).obfuscated(2).secret(secret);
    for stranger in [secret(4, cover("cover.example")), secret(3, cover("other.example"))] {
        RawClient::dial(address, &dial(stranger)).await.unwrap_err();
    }
    works(&fixture, address, &dial(secret(3, cover("cover.example")))).await;
}

type Socket = tokio_tungstenite::WebSocketStream<TcpStream>;

async fn web_socket(fixture: &Fixture, protocol: Option<&str>) -> Result<Socket, WsError> {
    let mut request = "ws://localhost/apiws".into_client_request().unwrap();
    if let Some(protocol) = protocol {
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
    }
    let stream = TcpStream::connect(fixture.server.address()).await.unwrap();
    let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
    let echoed = response.headers().get("Sec-WebSocket-Protocol").map(|value| value.to_str().unwrap());
    assert_eq!(echoed, protocol.and(Some("binary")), "M-068");
    Ok(socket)
}

async fn closes_normally(socket: &mut Socket, why: &str) {
    match socket.next().await {
        Some(Ok(WsMessage::Close(Some(frame)))) => assert_eq!(frame.code, CloseCode::Normal, "{why}"),
        other => panic!("{why}: {other:?}"),
    }
}

#[tokio::test]
async fn m068_the_sub_protocol_is_binary() {
    let fixture = Fixture::start().await;
    web_socket(&fixture, Some("binary")).await.unwrap();
    web_socket(&fixture, Some("chat, binary")).await.unwrap();
    web_socket(&fixture, Some("chat")).await.unwrap_err();
}

#[tokio::test]
async fn m069_m071_m072_what_is_no_obfuscated_stream_ends_with_code_1000() {
    let fixture = Fixture::start().await;
    let mut socket = web_socket(&fixture, Some("binary")).await.unwrap();
    socket.send(WsMessage::Ping("are you there".into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), WsMessage::Pong("are you there".into()), "M-072");
    socket.send(WsMessage::Text("hello".into())).await.unwrap();
    closes_normally(&mut socket, "M-072").await;

    let mut socket = web_socket(&fixture, Some("binary")).await.unwrap();
    socket.send(WsMessage::Binary(vec![0xee; 64].into())).await.unwrap();
    closes_normally(&mut socket, "M-069").await;

    // An unknown key is a transport error inside the stream, and then the same close (M-071).
    let mut codec =
        zaun_transport::ClientCodec::obfuscated(Framing::Intermediate, 2, None, &mut rand::rng()).unwrap();
    let mut out = bytes::BytesMut::new();
    codec.write_frame(&[7; 64], false, &mut rand::rng(), &mut out).unwrap();
    let mut socket = web_socket(&fixture, Some("binary")).await.unwrap();
    // M-070: one message may hold a part of a packet.
    for byte in out.chunks(9) {
        socket.send(WsMessage::Binary(byte.to_vec().into())).await.unwrap();
    }
    let WsMessage::Binary(answer) = socket.next().await.unwrap().unwrap() else { panic!("M-071") };
    codec.feed(&answer);
    assert_eq!(codec.next_incoming().unwrap(), Some(zaun_transport::Incoming::Error(-404)));
    closes_normally(&mut socket, "M-071").await;
}
