//! A viewer of the stream, as a test reads it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use zaun_console::event::{Event, Packet, What};
use zaun_console::{Console, Source};

/// Longer than anything here takes.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Serves a console's page on a free port.
pub async fn page_of(source: impl Source) -> SocketAddr {
    let listener = Console::bind_page("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = TcpListener::local_addr(&listener).unwrap();
    tokio::spawn(async move { Console::new(source).serve_page(listener).await });
    address
}

/// A response: its status, and a reader at its body.
pub async fn ask<T: AsyncRead + AsyncWrite + Unpin>(stream: T, request: &str) -> (u16, BufReader<T>) {
    let mut reader = BufReader::new(stream);
    reader.get_mut().write_all(request.as_bytes()).await.unwrap();
    let mut line = String::new();
    reader.read_line(&mut line).await.unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).await.unwrap();
    }
    (status, reader)
}

/// The stream of events, and every line of it.
pub struct Stream {
    reader: BufReader<TcpStream>,
    pub lines: Vec<String>,
}

impl Stream {
    pub async fn open(address: SocketAddr) -> Stream {
        let stream = TcpStream::connect(address).await.unwrap();
        let (status, reader) = ask(stream, &format!("GET /events HTTP/1.0\r\nHost: {address}\r\n\r\n")).await;
        assert_eq!(status, 200);
        Stream { reader, lines: Vec::new() }
    }

    /// The first event of which `pick` makes something.
    pub async fn first<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let wait = async {
            loop {
                let mut line = String::new();
                assert!(self.reader.read_line(&mut line).await.unwrap() > 0, "the stream ended");
                let event: Event = serde_json::from_str(&line).unwrap();
                self.lines.push(line);
                if let Some(found) = pick(&event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(TIMEOUT, wait).await.expect("the event comes")
    }

    /// The first packet that holds an answer to a method.
    pub async fn answer_to(&mut self, method: &str) -> Packet {
        self.first(|event| match &event.what {
            What::Sent(packet) => {
                let answers = packet.messages.iter().any(|m| m.answers.as_deref() == Some(method));
                answers.then(|| packet.clone())
            }
            _ => None,
        })
        .await
    }
}
