//! A connection that is a stream of frames: TCP and what wraps it, Unix sockets, WebSocket.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::time::{Instant, sleep_until};
use zaun_transport::{Limits, ServerCodec};

use crate::connection::{Close, Connection, Incoming, Outlet};
use crate::endpoint::Endpoint;
use crate::inspect::Kind;
use crate::limits::{MAX_OPEN_PACKETS, WRITE_BATCH};
use crate::link::Link;
use crate::server::Slot;
use crate::service::Service;

/// How a stream begins.
pub(crate) struct Opening {
    pub(crate) link: Link,
    /// Bytes that were read already.
    pub(crate) head: BytesMut,
    /// For endpoints with secrets, the ones that count here.
    pub(crate) secrets: Arc<[zaun_transport::ProxySecret]>,
    /// The DC that the carrier names, as M-078 would.
    pub(crate) dc_hint: Option<i16>,
    /// What the frames travel in, for whoever watches: " over TLS" and the like.
    pub(crate) carrier: &'static str,
}

/// Runs a connection to its end.
pub(crate) async fn run<S: Service>(slot: Arc<Slot<S>>, endpoint: Arc<Endpoint>, opening: Opening) {
    let mut connection = Connection::new(slot, endpoint);
    connection.dc_hint = opening.dc_hint;
    let mut stream = Stream {
        frames: Frames {
            codec: match &opening.link {
                // M-069.
                Link::WebSocket(_) => ServerCodec::new(Limits::default()).obfuscated_only(),
                _ => ServerCodec::with_secrets(Limits::default(), opening.secrets),
            },
            out: BytesMut::new(),
            ends: Vec::new(),
        },
        link: opening.link,
        carrier: opening.carrier,
        announced: false,
    };
    stream.frames.codec.feed(&opening.head);
    let close = stream.drive(&mut connection).await;
    // The last words, as far as they fit one batch.
    while stream.frames.out.len() < WRITE_BATCH && connection.one_packet(&mut stream.frames) {}
    if let Some(code) = connection.closing(&close) {
        stream.frames.error(code);
    }
    connection.leave();
    let last_word = !stream.frames.out.is_empty() || stream.link.says_goodbye();
    if stream.write().await.is_ok() && last_word {
        Box::pin(stream.link.linger()).await;
    }
}

struct Stream {
    link: Link,
    frames: Frames,
    carrier: &'static str,
    announced: bool,
}

/// Frames on their way out.
struct Frames {
    codec: ServerCodec,
    out: BytesMut,
    /// Where each frame in `out` ends.
    ends: Vec<usize>,
}

impl Outlet for Frames {
    /// The session engine keeps packets far below the frame limit, so a refusal is our own mistake.
    fn payload(&mut self, payload: &[u8]) {
        if let Err(error) = self.codec.write_frame(payload, &mut rand::rng(), &mut self.out) {
            tracing::error!(%error, bytes = payload.len(), "an answer could not be framed");
        }
        self.ends.push(self.out.len());
    }

    /// Full framing has none (M-047); there is nothing to do then.
    fn quick_ack(&mut self, token: u32) {
        let _ = self.codec.write_quick_ack(token, &mut rand::rng(), &mut self.out);
        self.ends.push(self.out.len());
    }

    /// Before the framing is known there is no way to say anything.
    fn error(&mut self, code: i32) {
        let _ = self.codec.write_error(code, &mut rand::rng(), &mut self.out);
        self.ends.push(self.out.len());
    }
}

impl Stream {
    async fn drive<S: Service>(&mut self, connection: &mut Connection<S>) -> Close {
        if let Err(close) = self.settle(connection).await {
            return close;
        }
        loop {
            if let Err(close) = self.turn(connection).await {
                return close;
            }
        }
    }

    /// Waits for something to happen, deals with it, writes what came of it.
    async fn turn<S: Service>(&mut self, connection: &mut Connection<S>) -> Result<(), Close> {
        let deadline = connection.deadline();
        let mailbox = connection.mailbox.clone();
        let codec = &mut self.frames.codec;
        let mut came = 0;
        let take = |bytes: &[u8]| {
            came += bytes.len();
            codec.feed(bytes);
        };
        tokio::select! {
            read = self.link.read(take) => {
                read.map_err(gone)?;
                connection.patience.heard(came, Instant::now());
            }
            () = mailbox.woken() => {}
            outcome = connection.computed() => connection.complete(outcome, &mut self.frames).await?,
            () = sleep_until(deadline) => connection.check_time()?,
        }
        self.settle(connection).await
    }

    /// Deals with every whole frame, and writes everything there is to say.
    async fn settle<S: Service>(&mut self, connection: &mut Connection<S>) -> Result<(), Close> {
        while let Some(incoming) = self.whole_frames(connection)? {
            connection.patience.whole();
            connection.receive_all(incoming, &mut self.frames).await?;
            self.write_batch().await?;
        }
        while connection.next_packets(&mut self.frames) {
            self.write_batch().await?;
        }
        self.write().await?;
        self.frames.codec.release_idle();
        self.link.release_idle();
        connection.check_ending()
    }

    /// The frames that are whole, up to [`MAX_OPEN_PACKETS`] of them; `None` if there is none.
    fn whole_frames<S: Service>(
        &mut self,
        connection: &mut Connection<S>,
    ) -> Result<Option<Vec<Incoming>>, Close> {
        let mut incoming = Vec::new();
        while incoming.len() < MAX_OPEN_PACKETS {
            match self.frames.codec.next_frame() {
                Ok(Some(frame)) => {
                    incoming.push(Incoming { payload: frame.payload, quick_ack: frame.quick_ack });
                }
                Ok(None) => break,
                // What was whole before the fault is dealt with first; the codec tells of the fault again.
                Err(_) if !incoming.is_empty() => break,
                Err(error) => return Err(error.into()),
            }
        }
        if !incoming.is_empty() && !self.announced {
            self.announce(connection);
        }
        Ok((!incoming.is_empty()).then_some(incoming))
    }

    fn announce<S: Service>(&mut self, connection: &mut Connection<S>) {
        self.announced = true;
        let Some(info) = self.frames.codec.info() else { return };
        connection.dc_hint = info.obfuscated.or(connection.dc_hint);
        connection.note(|| {
            let obfuscated = if info.obfuscated.is_some() { "obfuscated " } else { "" };
            Kind::Transport {
                name: format!("{obfuscated}{}{}", info.framing.name(), self.carrier),
                dc: info.obfuscated,
            }
        });
    }

    async fn write_batch(&mut self) -> Result<(), Close> {
        if self.frames.out.len() >= WRITE_BATCH { self.write().await } else { Ok(()) }
    }

    async fn write(&mut self) -> Result<(), Close> {
        self.link.write(&mut self.frames.out, &mut self.frames.ends).await.map_err(gone)
    }
}

/// A broken carrier is worth a word, a closed one is not.
fn gone(error: std::io::Error) -> Close {
    match error.kind() {
        std::io::ErrorKind::InvalidData | std::io::ErrorKind::Other => Close::Carrier(error.to_string()),
        _ => Close::Gone,
    }
}
