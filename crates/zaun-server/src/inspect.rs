//! What happens on the wire, as a typed stream for whoever watches. With nobody watching it costs one atomic load.
//!
//! Events carry decrypted bodies, so they hold whatever clients say: a viewer must blank secrets (login codes,
//! passwords) before it shows or keeps anything. Keys and salt secrets are never in them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::broadcast;
use zaun_mtproto::UnixTime;
use zaun_mtproto::packet::Header;
use zaun_mtproto::session::ConnId;

use crate::socket::Peer;

/// Events that wait for a slow viewer; beyond it the viewer is told how many it missed.
const MAX_BACKLOG: usize = 8192;

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// When, by the server's clock.
    pub at: UnixTime,
    /// On which connection.
    pub conn: ConnId,
    /// What.
    pub kind: Kind,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A connection was accepted.
    Opened {
        /// The other end.
        peer: Peer,
    },
    /// The transport is known: for example "obfuscated padded intermediate over WebSocket over TLS".
    Transport {
        /// In words.
        name: String,
        /// The DC field of the obfuscation header (M-078).
        dc: Option<i16>,
    },
    /// A plaintext message of a key exchange came in (M-085).
    PlainReceived {
        /// The TL object.
        body: Bytes,
    },
    /// One was sent.
    PlainSent {
        /// The TL object.
        body: Bytes,
    },
    /// A key was agreed upon (M-137).
    KeyCreated {
        /// Its id.
        key_id: i64,
        /// Its life in seconds if it is temporary (M-148).
        expires_in: Option<i32>,
        /// The DC it was made for.
        dc: i32,
    },
    /// A packet was decrypted; containers and gzip are still inside.
    Received {
        /// The key.
        key_id: i64,
        /// Salt, session, msg_id and seqno.
        header: Header,
        /// The TL object.
        body: Bytes,
    },
    /// A packet was sent.
    Sent {
        /// The key.
        key_id: i64,
        /// Salt, session, msg_id and seqno.
        header: Header,
        /// The TL object.
        body: Bytes,
    },
    /// A check failed.
    Refused(Refusal),
    /// A quick acknowledgement was sent (M-038).
    QuickAck {
        /// Its token.
        token: u32,
    },
    /// The connection ended.
    Closed {
        /// Why.
        reason: String,
    },
}

/// A check that failed.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The key, if one was named.
    pub key_id: Option<i64>,
    /// The message, if it could be decrypted.
    pub msg_id: Option<i64>,
    /// In plain words, with the number of the rule.
    pub reason: String,
    /// The values that were compared, if there are any to tell.
    pub values: Option<String>,
    /// What the client was answered.
    pub reaction: Reaction,
}

/// What a client is answered when a check fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// bad_msg_notification or bad_server_salt with this code (M-238).
    BadMsg(i32),
    /// A transport error (M-048).
    TransportError(i32),
    /// Nothing; the connection is closed.
    Close,
    /// Nothing; what was wrong is passed over.
    Ignored,
}

impl Refusal {
    /// A refusal without a key and a message.
    pub(crate) fn plain(reason: impl ToString, reaction: Reaction) -> Refusal {
        Refusal { key_id: None, msg_id: None, reason: reason.to_string(), values: None, reaction }
    }

    /// The number of the rule in the reason, such as `M-172`.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        let at = self.reason.rfind("M-")?;
        self.reason.get(at..at + 5).filter(|rule| rule[2..].bytes().all(|b| b.is_ascii_digit()))
    }
}

/// Where events go.
#[derive(Debug, Default)]
pub(crate) struct Inspector {
    watching: Arc<AtomicUsize>,
    /// Made when somebody watches for the first time: its buffer is allocated up front.
    events: OnceLock<broadcast::Sender<Event>>,
}

/// A viewer's end of the stream; dropping it ends the watch.
#[derive(Debug)]
pub struct Watch {
    watching: Arc<AtomicUsize>,
    events: broadcast::Receiver<Event>,
}

/// What a watch yields.
#[derive(Debug, Clone)]
pub enum Watched {
    /// An event.
    Event(Event),
    /// So many events were lost because the viewer was too slow.
    Missed(u64),
}

impl Watch {
    /// The next event; `None` when the server is gone.
    pub async fn next(&mut self) -> Option<Watched> {
        match self.events.recv().await {
            Ok(event) => Some(Watched::Event(event)),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Watched::Missed(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watching.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Inspector {
    /// Whether anybody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.watching.load(Ordering::Relaxed) > 0
    }

    /// Tells those who watch; with nobody watching the event is not even made.
    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if self.is_watched()
            && let Some(events) = self.events.get()
        {
            // Fails only if the last viewer just left.
            let _ = events.send(event());
        }
    }

    pub(crate) fn watch(&self) -> Watch {
        self.watching.fetch_add(1, Ordering::Relaxed);
        let events = self.events.get_or_init(|| broadcast::channel(MAX_BACKLOG).0);
        Watch { watching: self.watching.clone(), events: events.subscribe() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_viewer_no_event_is_made() {
        let made = AtomicUsize::new(0);
        let inspector = Inspector::default();
        let emit = || {
            inspector.emit(|| {
                made.fetch_add(1, Ordering::Relaxed);
                Event { at: UnixTime::ZERO, conn: ConnId(1), kind: Kind::QuickAck { token: 1 } }
            });
            made.load(Ordering::Relaxed)
        };
        assert_eq!(emit(), 0, "nobody ever watched");
        assert!(inspector.events.get().is_none(), "and nothing was allocated for it");
        let watch = inspector.watch();
        assert_eq!(emit(), 1);
        drop(watch);
        assert_eq!(emit(), 1, "the viewer has left");
    }
}
