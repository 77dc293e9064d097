//! A server, a proxy in front of it, and clients.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use zaun_client::{App, Client, ClientError, Dial, MemoryStorage, Servers, SignedIn};
use zaun_link::{Link, Received};
use zaun_proxy::upstream::{Route, Upstream};
use zaun_proxy::{Cover, Proxy, Settings};
use zaun_testkit::Sandbox;
use zaun_transport::{Framing, ProxySecret, Secret, SecretKind};

pub fn secret(key: u8, kind: SecretKind) -> ProxySecret {
    ProxySecret { key: Secret([key; 16]), kind }
}

pub fn fake_tls(key: u8) -> ProxySecret {
    secret(key, SecretKind::FakeTls("cover.example".into()))
}

/// One secret of each kind.
pub fn every_kind() -> [ProxySecret; 3] {
    [secret(1, SecretKind::Plain), secret(2, SecretKind::Padded), fake_tls(3)]
}

/// Settings with one secret of each kind, and TCP to the server.
pub fn settings(server: SocketAddr) -> Settings {
    let mut settings = Settings::new(every_kind()[0].clone());
    settings.secrets = every_kind()
        .into_iter()
        .enumerate()
        .map(|(n, s)| (format!("user {n}"), s, Default::default()))
        .collect();
    (settings.cover, settings.imitates) = (Cover::None, false);
    settings.upstream = Upstream {
        routes: vec![Route::Direct],
        addresses: [(2, vec![server])].into(),
        fronts: Default::default(),
        pool_size: 0,
        ..Upstream::default()
    };
    settings
}

/// A port that nobody else has, and the proxy that will listen there.
pub async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A proxy with these settings, serving.
pub async fn start(settings: Settings) -> (Proxy, SocketAddr) {
    let (listener, address) = listener().await;
    let proxy = Proxy::start(settings, None).unwrap();
    let serving = proxy.clone();
    tokio::spawn(async move { serving.serve(listener).await });
    (proxy, address)
}

/// A server whose clients are told to go to the proxy.
pub async fn sandbox(proxy: SocketAddr) -> Sandbox {
    let told = Sandbox::with(
        |mut options| {
            for address in &mut options.addresses {
                (address.ip, address.port) = (proxy.ip(), proxy.port());
            }
            options
        },
        |builder| builder,
    );
    told.await.unwrap()
}

/// A client of the proxy, which has agreed upon a key.
pub async fn client(
    proxy: SocketAddr,
    sandbox: &Sandbox,
    secret: &ProxySecret,
) -> Result<Client, ClientError> {
    let servers = Servers::one(proxy, sandbox.public_key());
    let builder = Client::builder(servers, App::new(1, "hash")).storage(MemoryStorage::default());
    let secret = secret.clone();
    builder.connections(move |connection| connection.secret(secret.clone())).connect().await
}

/// Logs in with a test phone.
pub async fn log_in(client: &Client, phone: &str) {
    let login = client.send_code(phone).await.unwrap();
    let code = phone.chars().nth(5).unwrap().to_string().repeat(login.length.unwrap());
    if client.sign_in(&login, &code).await.unwrap() == SignedIn::SignUpRequired {
        client.sign_up(&login, "Ada", "").await.unwrap();
    }
}

/// A server that gives every frame back, for as long as its clients want.
pub async fn echo() -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(echo_one(socket));
        }
    });
    address
}

/// Gives every frame of one connection back, and ends when the client has said everything.
pub async fn echo_one(mut socket: TcpStream) {
    let mut codec = zaun_transport::ServerCodec::new(Default::default());
    let (mut read, mut out) = (bytes::BytesMut::new(), bytes::BytesMut::new());
    while socket.read_buf(&mut read).await.is_ok_and(|count| count > 0) {
        codec.feed(&read.split());
        while let Ok(Some(frame)) = codec.next_frame() {
            codec.write_frame(&frame.payload, &mut rand::rng(), &mut out).unwrap();
        }
        if socket.write_all(&out.split()).await.is_err() {
            return;
        }
    }
    let _ = socket.shutdown().await;
}

/// How a client with a secret connects to a data centre.
pub fn dial(secret: &ProxySecret, dc: i16) -> Dial {
    Dial::new(Framing::PaddedIntermediate).obfuscated(dc).secret(secret.clone())
}

/// A payload that an encrypted message could be.
pub fn payload(size: usize) -> Vec<u8> {
    vec![9; 24 + size / 16 * 16]
}

/// Sends a payload and waits for the same.
pub async fn echoes(link: &mut Link, size: usize) -> bool {
    let payload = payload(size);
    link.send(&payload, false).await.is_ok()
        && matches!(link.receive().await, Ok(Received::Payload(got)) if got == payload[..])
}

/// A TLS server's settings for a name, and a store that trusts exactly its certificate.
pub fn certificate(name: &str) -> (Arc<ServerConfig>, RootCertStore) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    (Arc::new(config), roots)
}
