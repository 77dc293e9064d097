//! Connections through SOCKS5 and HTTP proxies, and to endpoints with the secrets of an MTProxy.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::support::introduce;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use zaun_client::{Address, Carrier, ConnectError, Connection, ConnectionBuilder, LinkError, Proxy};
use zaun_schema::api::functions::help::GetNearestDc;
use zaun_server::Listener;
use zaun_testkit::Sandbox;
use zaun_transport::{ProxySecret, Secret, SecretKind};

const NAME: &str = "ada";
const PASSWORD: &str = "secret word";

/// A proxy that takes whoever knows the name and the password, or everybody.
async fn proxy(kind: Kind, login: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(async move {
                match kind {
                    Kind::Socks5 => socks5(client, login).await,
                    Kind::Http => http(client, login).await,
                }
            });
        }
    });
    at
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Socks5,
    Http,
}

/// RFC 1928, with the login of RFC 1929.
async fn socks5(mut client: TcpStream, login: bool) -> Option<()> {
    let mut head = [0; 2];
    client.read_exact(&mut head).await.ok()?;
    let mut methods = vec![0; head[1].into()];
    client.read_exact(&mut methods).await.ok()?;
    let wanted = if login { 2 } else { 0 };
    if !methods.contains(&wanted) {
        client.write_all(&[5, 0xff]).await.ok()?;
        return None;
    }
    client.write_all(&[5, wanted]).await.ok()?;
    if login {
        let mut told = [Vec::new(), Vec::new()];
        client.read_u8().await.ok()?;
        for word in &mut told {
            word.resize(client.read_u8().await.ok()?.into(), 0);
            client.read_exact(word).await.ok()?;
        }
        let right = told == [NAME.as_bytes(), PASSWORD.as_bytes()];
        client.write_all(&[1, u8::from(!right)]).await.ok()?;
        if !right {
            return None;
        }
    }
    let mut request = [0; 4];
    client.read_exact(&mut request).await.ok()?;
    let host = match request[3] {
        1 => std::net::Ipv4Addr::from(client.read_u32().await.ok()?).to_string(),
        3 => {
            let mut name = vec![0; client.read_u8().await.ok()?.into()];
            client.read_exact(&mut name).await.ok()?;
            String::from_utf8(name).ok()?
        }
        _ => return None,
    };
    let port = client.read_u16().await.ok()?;
    let mut server = TcpStream::connect((host, port)).await.ok()?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok()?;
    None
}

/// CONNECT, RFC 9110, section 9.3.6.
async fn http(client: TcpStream, login: bool) -> Option<()> {
    let mut client = BufReader::new(client);
    let (mut first, mut allowed) = (String::new(), !login);
    client.read_line(&mut first).await.ok()?;
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await.ok()?;
        let credentials = BASE64_STANDARD.encode(format!("{NAME}:{PASSWORD}"));
        let expected = format!("proxy-authorization: basic {}", credentials.to_lowercase());
        allowed |= line.trim().to_lowercase() == expected;
        if line.trim().is_empty() {
            break;
        }
    }
    if !allowed {
        client
            .write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            .await
            .ok()?;
        return None;
    }
    let target = first.strip_prefix("CONNECT ")?.split(' ').next()?;
    let mut server = TcpStream::connect(target).await.ok()?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok()?;
    None
}

fn to(sandbox: &Sandbox, address: impl Into<Address>) -> ConnectionBuilder {
    Connection::builder(address).key(sandbox.public_key()).introduce(Arc::new(introduce))
}

async fn works(builder: ConnectionBuilder) {
    let connection = builder.connect().await.unwrap();
    assert_eq!(connection.invoke(&GetNearestDc {}).await.unwrap().this_dc, 2);
    connection.disconnect().await;
}

fn of(kind: Kind, at: &str) -> Proxy {
    match kind {
        Kind::Socks5 => Proxy::socks5(at),
        Kind::Http => Proxy::http(at),
    }
}

#[tokio::test]
async fn socks5_and_http_proxies_carry_every_carrier() {
    let sandbox = Sandbox::start().await.unwrap();
    for kind in [Kind::Socks5, Kind::Http] {
        let at = proxy(kind, false).await;
        for carrier in [Carrier::Stream, Carrier::web_socket("/apiws"), Carrier::http("/api")] {
            works(to(&sandbox, sandbox.address()).carrier(carrier).proxy(of(kind, &at))).await;
        }
        // The proxy is asked to resolve the name.
        let named = Address::Host("localhost".into(), sandbox.address().port());
        works(to(&sandbox, named).proxy(of(kind, &at))).await;
    }
}

#[tokio::test]
async fn proxies_with_a_login_are_given_it_and_a_wrong_one_is_told() {
    let sandbox = Sandbox::start().await.unwrap();
    for kind in [Kind::Socks5, Kind::Http] {
        let at = proxy(kind, true).await;
        works(to(&sandbox, sandbox.address()).proxy(of(kind, &at).login(NAME, PASSWORD))).await;
        for wrong in [of(kind, &at), of(kind, &at).login(NAME, "guess")] {
            let error = to(&sandbox, sandbox.address()).proxy(wrong).connect().await.unwrap_err();
            assert!(matches!(&error, ConnectError::Link(LinkError::Proxy(_))), "{kind:?}: {error}");
        }
    }
    let nowhere: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let error = to(&sandbox, sandbox.address()).proxy(Proxy::socks5(nowhere.to_string())).connect().await;
    assert!(matches!(error.unwrap_err(), ConnectError::Link(LinkError::Io(_))));
}

#[tokio::test]
async fn m_331_plain_padded_and_fake_tls_secrets() {
    let mut sandbox = Sandbox::start().await.unwrap();
    let kinds = [SecretKind::Plain, SecretKind::Padded, SecretKind::FakeTls("cover.example".into())];
    let secrets: Vec<ProxySecret> =
        (1..).zip(kinds).map(|(key, kind)| ProxySecret { key: Secret([key; 16]), kind }).collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    sandbox.serve(Listener::from(listener).secrets(secrets.clone()));
    let at = proxy(Kind::Socks5, false).await;
    for secret in secrets {
        works(to(&sandbox, address).secret(secret.clone())).await;
        works(to(&sandbox, address).secret(secret).proxy(Proxy::socks5(&at))).await;
    }
}
