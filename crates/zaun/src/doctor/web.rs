//! What is special about WebSocket and HTTP (M-057 … M-069, M-315).

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zaun_probe::{Carrier, Dial, Message, RawClient, Received, container, object, take_apart};
use zaun_transport::Framing;
use zaun_wire::{functions, types};

use super::check::{Check, Finding, Trouble, expect};
use super::patient::{Patient, plaintext, refused};

/// A raw answer is read up to here: its head is all that is looked at.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// The checks of this topic.
pub fn checks() -> Vec<Check> {
    vec![
        Check::open(
            "M-068",
            "WebSocket: the sub-protocol \"binary\" is agreed to",
            "status 101 with Sec-WebSocket-Protocol: binary",
            sub_protocol,
        ),
        Check::open(
            "M-069",
            "WebSocket: a stream that is not obfuscated",
            "the end of the connection",
            without_obfuscation,
        ),
        Check::open("M-057", "HTTP: a packet of an unknown key", "status 404", unknown_key),
        Check::open(
            "M-065",
            "HTTP: the preflight of a browser to /apiw1",
            "status 200 or 204 with Access-Control-Allow-Origin",
            preflight,
        ),
        Check::open("M-067", "HTTP: a request that does not parse", "status 400", unparsable),
        Check::keyed("M-315", "HTTP: http_wait without news ends", "an empty container", http_wait),
    ]
}

/// The head of the answer to a raw request, in small letters.
async fn head(patient: &Patient, request: &str) -> Result<String, Trouble> {
    let mut stream = TcpStream::connect(patient.address).await.map_err(zaun_probe::Error::from)?;
    stream.write_all(request.as_bytes()).await.map_err(zaun_probe::Error::from)?;
    let mut answer = Vec::new();
    while answer.len() < MAX_HEAD_BYTES && !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_buf(&mut answer).await {
            // A reset is an end too.
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    Ok(String::from_utf8_lossy(&answer).to_ascii_lowercase())
}

fn status(head: &str) -> String {
    match head.lines().next() {
        Some(line) => format!("\"{line}\""),
        None => "the end of the connection without an answer".into(),
    }
}

/// The value of a header.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let named = |line: &'a str| line.split_once(':').filter(|(key, _)| *key == name);
    head.lines().find_map(named).map(|(_, value)| value.trim())
}

async fn sub_protocol(patient: Patient) -> Finding {
    let request = "GET /apiws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Protocol: binary\r\n\r\n";
    let head = head(&patient, request).await?;
    expect(head.starts_with("http/1.1 101"), status(&head))?;
    let echoed = header(&head, "sec-websocket-protocol");
    expect(echoed == Some("binary"), format!("the sub-protocol {echoed:?}"))
}

async fn without_obfuscation(patient: Patient) -> Finding {
    let dial = Dial::new(Framing::Intermediate).carrier(Carrier::web_socket("/apiws"));
    let mut client = RawClient::dial(patient.address, &dial).await?;
    let query = plaintext(&object(&functions::ReqPqMulti { nonce: [0x41; 16] }));
    // Two of them, because a server may wait for the 64 bytes of a header.
    for _ in 0..2 {
        if client.send(&query).await.is_err() {
            break;
        }
    }
    match client.receive().await? {
        Received::Closed => Ok(()),
        other => Err(Trouble::Seen(format!("{other:?}"))),
    }
}

fn http() -> Dial {
    Dial::new(Framing::Full).carrier(Carrier::http("/api"))
}

async fn unknown_key(patient: Patient) -> Finding {
    let mut client = RawClient::dial(patient.address, &http()).await?;
    client.send(&[7; 72]).await?;
    refused(&mut client, -404).await
}

async fn preflight(patient: Patient) -> Finding {
    let request = "OPTIONS /apiw1 HTTP/1.1\r\nHost: localhost\r\nOrigin: https://web.example\r\n\
                   Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n";
    let head = head(&patient, request).await?;
    let fine = head.starts_with("http/1.1 200") || head.starts_with("http/1.1 204");
    expect(fine, status(&head))?;
    let origin = header(&head, "access-control-allow-origin");
    let granted = matches!(origin, Some("*" | "https://web.example"));
    expect(granted, format!("Access-Control-Allow-Origin {origin:?}"))
}

async fn unparsable(patient: Patient) -> Finding {
    let head = head(&patient, "POST nonsense\r\n\r\n").await?;
    expect(head.starts_with("http/1.1 400"), status(&head))
}

async fn http_wait(patient: Patient) -> Finding {
    let mut talk = patient.talk_over(&http()).await?;
    talk.ping().await?;
    let msg_ids = talk.0.inbox.drain(..).map(|m| m.msg_id).collect();
    let wait = types::HttpWait { max_delay: 0, wait_after: 0, max_wait: 300 };
    let mut inside = Vec::new();
    // What is acknowledged is not news.
    for body in [object(&types::MsgsAck { msg_ids }), object(&wait)] {
        let header = talk.stamp(false);
        inside.push(Message::new(header.msg_id, header.seqno, body));
    }
    talk.0.send_body(false, &container(&inside)).await?;
    let payload = talk.0.client.payload().await?;
    let opened = talk.0.session.open(payload).map_err(zaun_probe::Error::from)?;
    let packet = Message::new(opened.header.msg_id, opened.header.seqno, opened.body);
    let messages = take_apart(packet)?;
    expect(messages.is_empty(), format!("{} messages", messages.len()))
}
