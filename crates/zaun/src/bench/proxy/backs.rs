//! What stands behind the proxy: data centres that understand nothing and count bytes, over TCP and over WebSockets inside
//! TLS. They cost next to nothing, so that the proxy is what is measured.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use zaun_crypto::sha1;
use zaun_link::Io;
use zaun_transport::relay::HEADER_BYTES;

/// The domain of the WebSocket fronts.
pub const FRONT_DOMAIN: &str = "web.example";
/// Bytes that are written or read at once.
pub const CHUNK: usize = 128 * 1024;
/// The longest request for an upgrade.
const MAX_REQUEST: usize = 8192;

/// What a data centre does; its number is one more than the place in this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Gives back as many bytes as it got behind the header.
    Echo,
    /// Sends for as long as somebody reads.
    Download,
    /// Counts what it gets.
    Upload,
}

impl Mode {
    /// All of them, in the order of the data centres.
    pub const ALL: [Mode; 3] = [Mode::Echo, Mode::Download, Mode::Upload];

    /// The data centre that does it.
    pub fn dc(self) -> i16 {
        match self {
            Mode::Echo => 1,
            Mode::Download => 2,
            Mode::Upload => 3,
        }
    }
}

/// Data centres 1 to 3.
pub struct Backs {
    /// Their addresses for TCP.
    pub tcp: [SocketAddr; 3],
    /// Their WebSocket fronts.
    pub fronts: [SocketAddr; 3],
    /// What was uploaded.
    uploaded: Arc<watch::Sender<u64>>,
}

impl Backs {
    /// Starts them, on ports from `first` or on any; the certificate of the fronts is written to `roots`.
    pub async fn start(roots: &Path, first: Option<u16>) -> anyhow::Result<Backs> {
        let made = rcgen::generate_simple_self_signed(vec![format!("*.{FRONT_DOMAIN}")])?;
        std::fs::write(roots, made.cert.pem())?;
        let key = made.signing_key.serialize_der();
        let key = key.try_into().map_err(|error: &str| anyhow::anyhow!(error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let uploaded = Arc::new(watch::Sender::new(0));
        let (mut tcp, mut fronts) = (Vec::new(), Vec::new());
        let port = |place: u16| first.map_or(0, |first| first.saturating_add(place));
        for (mode, place) in Mode::ALL.into_iter().zip(0..) {
            tcp.push(listen(mode, port(place), None, &uploaded).await?);
            fronts.push(listen(mode, port(3 + place), Some(acceptor.clone()), &uploaded).await?);
        }
        let three = |list: Vec<SocketAddr>| list.try_into().ok().context("there are three modes");
        Ok(Backs { tcp: three(tcp)?, fronts: three(fronts)?, uploaded })
    }

    /// Bytes that were uploaded so far.
    pub fn uploaded(&self) -> u64 {
        *self.uploaded.borrow()
    }

    /// Waits until so many were.
    pub async fn have_uploaded(&self, bytes: u64) -> anyhow::Result<()> {
        self.uploaded.subscribe().wait_for(|uploaded| *uploaded >= bytes).await?;
        Ok(())
    }
}

async fn listen(
    mode: Mode,
    port: u16,
    acceptor: Option<TlsAcceptor>,
    uploaded: &Arc<watch::Sender<u64>>,
) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    let uploaded = Arc::clone(uploaded);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, uploaded) = (acceptor.clone(), Arc::clone(&uploaded));
            let _ = socket.set_nodelay(true);
            tokio::spawn(async move {
                match acceptor {
                    None => serve(Box::new(socket), None, mode, &uploaded).await,
                    Some(acceptor) => {
                        let mut io: Box<dyn Io> = Box::new(acceptor.accept(socket).await?);
                        upgrade(&mut io).await?;
                        serve(io, Some(Frames::default()), mode, &uploaded).await
                    }
                }
            });
        }
    });
    Ok(address)
}

/// Takes the upgrade to a WebSocket (RFC 6455, section 4.2.2).
async fn upgrade(io: &mut Box<dyn Io>) -> anyhow::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") && request.len() < MAX_REQUEST {
        request.push(io.read_u8().await?);
    }
    let request = String::from_utf8(request)?;
    let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
    let key = key.context("no request for a WebSocket")?.trim();
    let digest = sha1(&[key.as_bytes(), b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"]);
    let accept = BASE64_STANDARD.encode(digest);
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: binary\r\n\r\n"
    );
    io.write_all(answer.as_bytes()).await?;
    Ok(io.flush().await?)
}

async fn serve(
    mut io: Box<dyn Io>,
    mut frames: Option<Frames>,
    mode: Mode,
    uploaded: &watch::Sender<u64>,
) -> anyhow::Result<()> {
    let mut space = vec![0; CHUNK];
    let mut header_left = HEADER_BYTES;
    let full = message(frames.is_some(), CHUNK);
    loop {
        let read = io.read(&mut space).await?;
        if read == 0 {
            return Ok(io.shutdown().await?);
        }
        let got = space.get(..read).unwrap_or_default();
        let mut payload = frames.as_mut().map_or(read, |frames| frames.payload(got));
        let header = header_left.min(payload);
        header_left -= header;
        payload -= header;
        match mode {
            Mode::Echo if payload > 0 => {
                io.write_all(&message(frames.is_some(), payload)).await?;
                io.flush().await?;
            }
            Mode::Download if header_left == 0 => loop {
                io.write_all(&full).await?;
            },
            Mode::Upload => uploaded.send_modify(|sum| *sum += u64::try_from(payload).unwrap_or(0)),
            Mode::Echo | Mode::Download => {}
        }
    }
}

/// So many bytes, as one message of a WebSocket or as they are.
fn message(framed: bool, payload: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload + 10);
    if framed {
        out.push(0x82);
        match (u8::try_from(payload), u16::try_from(payload)) {
            (Ok(short @ ..=125), _) => out.push(short),
            (_, Ok(middle)) => {
                out.push(126);
                out.extend(middle.to_be_bytes());
            }
            _ => {
                out.push(127);
                out.extend(u64::try_from(payload).unwrap_or(u64::MAX).to_be_bytes());
            }
        }
    }
    out.resize(out.len() + payload, 0);
    out
}

/// Follows the frames of a client's WebSocket and counts what is in them.
#[derive(Debug, Default)]
struct Frames {
    head: Vec<u8>,
    body_left: u64,
}

impl Frames {
    /// How many of these bytes are payload.
    fn payload(&mut self, mut bytes: &[u8]) -> usize {
        let mut payload = 0;
        while !bytes.is_empty() {
            let body = usize::try_from(self.body_left).unwrap_or(usize::MAX).min(bytes.len());
            payload += body;
            self.body_left -= u64::try_from(body).unwrap_or(0);
            bytes = bytes.get(body..).unwrap_or_default();
            if self.body_left == 0
                && let Some((byte, rest)) = bytes.split_first()
            {
                bytes = rest;
                self.head.push(*byte);
                if let Some(length) = length_of(&self.head) {
                    self.body_left = length;
                    self.head.clear();
                }
            }
        }
        payload
    }
}

/// The length of a masked frame's body, once its head is whole.
fn length_of(head: &[u8]) -> Option<u64> {
    const MASK: usize = 4;
    let short = head.get(1)? & 0x7f;
    let (length, size) = match short {
        126 => (u64::from(u16::from_be_bytes(*head.get(2..)?.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*head.get(2..)?.first_chunk()?), 10),
        short => (u64::from(short), 2),
    };
    (head.len() == size + MASK).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_is_counted_whatever_the_cut() {
        let masked = |length: usize| {
            let mut frame = message(true, length);
            frame[1] |= 0x80;
            let at = frame.len() - length;
            frame.splice(at..at, [1, 2, 3, 4]);
            frame
        };
        let wire: Vec<u8> = [0, 5, 125, 126, 70_000].into_iter().flat_map(masked).collect();
        for step in [1, 7, 1000, wire.len()] {
            let mut frames = Frames::default();
            let payload: usize = wire.chunks(step).map(|piece| frames.payload(piece)).sum();
            assert_eq!(payload, 5 + 125 + 126 + 70_000, "in pieces of {step}");
        }
    }
}
