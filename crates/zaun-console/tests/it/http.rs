//! Who may look, and what they get.

use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UnixStream};

use crate::support::{Stream, ask, page_of};
use zaun_console::Console;
use zaun_console::event::What;
use zaun_console::limits::MAX_VIEWERS;
use zaun_server::{MemoryKeys, Router};
use zaun_testkit::{Conversation, SpawnedServer, Wire};

async fn server() -> SpawnedServer<Router> {
    SpawnedServer::start(Router::new(), MemoryKeys::default()).await.unwrap()
}

#[tokio::test]
async fn a_request_for_another_host_or_from_another_site_is_refused() {
    let server = server().await;
    let address = page_of(server.handle().clone()).await;
    let status = async |head: String| {
        let stream = TcpStream::connect(address).await.unwrap();
        ask(stream, &format!("{head}\r\nConnection: close\r\n\r\n")).await.0
    };
    let port = address.port();
    assert_eq!(status(format!("GET / HTTP/1.1\r\nHost: localhost:{port}")).await, 200);
    assert_eq!(status(format!("GET /events HTTP/1.1\r\nHost: evil.example:{port}")).await, 403);
    assert_eq!(status(format!("GET / HTTP/1.1\r\nHost: evil.example:{port}")).await, 403);
    assert_eq!(status("GET /events HTTP/1.0\r\nAccept: */*".to_owned()).await, 403, "no host at all");
    let cross = format!("GET /events HTTP/1.1\r\nHost: {address}\r\nSec-Fetch-Site: cross-site");
    assert_eq!(status(cross).await, 403);
    assert_eq!(status(format!("POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0")).await, 405);
    assert_eq!(status(format!("GET /etc HTTP/1.1\r\nHost: {address}")).await, 404);
}

#[tokio::test]
async fn the_page_may_run_its_own_script_only() {
    let server = server().await;
    let address = page_of(server.handle().clone()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET / HTTP/1.0\r\nHost: {address}\r\n\r\n");
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    let head = page.split("\r\n\r\n").next().unwrap().to_lowercase();
    assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
    assert!(!head.contains("unsafe") && !head.contains("access-control-allow"), "{head}");
    assert!(page.contains("<title>Zaun inspector</title>") && page.ends_with("</html>\n"));
}

#[tokio::test]
async fn a_conversation_comes_as_lines_from_opening_to_close() {
    let server = server().await;
    let mut stream = Stream::open(page_of(server.handle().clone()).await).await;
    let talk = Conversation::begin(server.address(), Wire::default(), &server.public_key()).await.unwrap();
    let mut talk = talk;
    talk.send(&zaun_wire::functions::Ping { ping_id: 7 }).await.unwrap();
    let text = stream
        .first(|event| match &event.what {
            What::Received(packet) => packet.messages.first().map(|message| message.text.clone()),
            _ => None,
        })
        .await;
    assert_eq!(text, "ping(ping_id: 7)");
    stream
        .first(|event| match &event.what {
            What::Sent(packet) => packet.messages.iter().any(|m| m.name == "pong").then_some(()),
            _ => None,
        })
        .await;
    drop(talk);
    stream.first(|event| matches!(event.what, What::Closed { .. }).then_some(())).await;
    let kinds: Vec<String> = stream
        .lines
        .iter()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(kinds[..2], ["opened", "transport"]);
    for kind in ["plain_received", "plain_sent", "key_created", "received", "sent", "closed"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} in {kinds:?}");
    }
}

#[tokio::test]
async fn viewers_are_limited_and_make_room_when_they_leave() {
    let server = server().await;
    let address = page_of(server.handle().clone()).await;
    let mut viewers = Vec::new();
    for _ in 0..MAX_VIEWERS {
        viewers.push(Stream::open(address).await);
    }
    let request = format!("GET /events HTTP/1.0\r\nHost: {address}\r\n\r\n");
    let status = async || ask(TcpStream::connect(address).await.unwrap(), &request).await.0;
    assert_eq!(status().await, 503);
    viewers.pop();
    // Nothing tells when the server has noticed; it does without any event to send.
    let again = async {
        while status().await == 503 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), again).await.expect("there is room again");
}

#[tokio::test]
async fn the_control_socket_serves_the_same_stream() {
    let server = server().await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("control.sock");
    let listener = Console::bind_control(&path).await.unwrap();
    let console = Console::new(server.handle().clone());
    tokio::spawn(async move { console.serve_control(listener).await });
    let stream = UnixStream::connect(&path).await.unwrap();
    let (status, mut reader) = ask(stream, "GET /events HTTP/1.0\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(status, 200);
    drop(TcpStream::connect(server.address()).await.unwrap());
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut reader, &mut line).await.unwrap();
    assert!(line.contains("\"kind\":\"opened\""), "{line}");
}
