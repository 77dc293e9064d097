//! One connection without its carrier: payloads to sessions, sessions to payloads.

mod outgoing;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;
use zaun_crypto::kdf::Side;
use zaun_mtproto::UnixTime;
use zaun_mtproto::handshake::Outcome;
use zaun_mtproto::packet::{self, Header, OpenError, Opened};
use zaun_mtproto::packet_v1;
use zaun_mtproto::session::{self, BadMsg, ConnId, Event, HttpWait, Surroundings};
use zaun_transport::TransportError;

use crate::endpoint::Endpoint;
use crate::exchange::Exchange;
use crate::explain;
use crate::flood::Deed;
use crate::inspect::{Kind, Reaction, Refusal};
use crate::keys::KeyEntry;
use crate::limits::MAX_SESSIONS_PER_CONNECTION;
use crate::mailbox::Mailbox;
use crate::patience::Patience;
use crate::running::{Running, answer};
use crate::server::{Handle, Slot};
use crate::service::{Context, RpcError, Service};
use crate::session::SessionHandle;
use crate::socket::Peer;

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Close {
    /// The client left, or the network did.
    #[error("closed by the peer")]
    Gone,
    /// The bytes are not a transport we speak.
    #[error("{0}")]
    Transport(#[from] TransportError),
    /// The bytes break the rules of what carries the transport.
    #[error("{0}")]
    Carrier(String),
    /// A transport error is sent, then the connection is closed (M-056).
    #[error("{reason}")]
    Refused { code: i32, reason: String },
    /// Nothing may be said, for example because storage failed (M-054).
    #[error("{0}")]
    Silent(String),
    /// A timer ran out.
    #[error("{0}")]
    Timeout(&'static str),
}

/// What does not open is −404, whatever the cause (M-176, M-181).
fn unopened<S: Service>(key: &KeyEntry<S>, why: &str) -> Close {
    refuse(-404, format!("{why}; auth_key_id {:016x}", key.id()))
}

pub(crate) fn refuse(code: i32, reason: impl Into<String>) -> Close {
    Close::Refused { code, reason: reason.into() }
}

/// Where a connection's answers go: into frames, or into HTTP responses.
pub(crate) trait Outlet: Send {
    /// A payload that is ready to leave.
    fn payload(&mut self, payload: &[u8]);
    /// A quick acknowledgement (M-042).
    fn quick_ack(&mut self, token: u32);
    /// A transport error (M-048).
    fn error(&mut self, code: i32);
}

/// Of MTProto.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// A payload as the carrier found it.
pub(crate) struct Incoming {
    pub(crate) payload: BytesMut,
    /// The client asks for a quick acknowledgement.
    pub(crate) quick_ack: bool,
}

/// One connection of a client.
pub(crate) struct Connection<S: Service> {
    pub(crate) handle: Handle<S>,
    pub(crate) conn: ConnId,
    pub(crate) peer: Peer,
    pub(crate) endpoint: Arc<Endpoint>,
    /// The dc field of the obfuscation header (M-078), or what the path of an HTTP request says.
    pub(crate) dc_hint: Option<i16>,
    /// What the client's newest http_wait said (M-318); stays empty where the carrier is not HTTP (M-319).
    pub(crate) http_wait: Option<HttpWait>,
    pub(crate) mailbox: Arc<Mailbox>,
    slot: Arc<Slot<S>>,
    exchange: Exchange,
    key: Option<Arc<KeyEntry<S>>>,
    /// Decided by the first encrypted packet (M-186).
    version: Option<Version>,
    sessions: Vec<Arc<SessionHandle<S>>>,
    /// Whether only the session of the newest packet is spoken for (M-062).
    newest_only: bool,
    disconnect_at: Option<Instant>,
    pub(crate) patience: Patience,
    /// Set when the connection has to end after what is queued was written.
    ending: Arc<AtomicBool>,
    /// How often the server had cut its connections before this one began.
    cuts: u64,
}

impl<S: Service> Connection<S> {
    pub(crate) fn new(slot: Arc<Slot<S>>, endpoint: Arc<Endpoint>) -> Self {
        let cuts = slot.handle.shared.cuts.load(Ordering::Acquire);
        Connection {
            handle: slot.handle.clone(),
            conn: slot.conn,
            peer: slot.peer(),
            endpoint,
            dc_hint: None,
            http_wait: None,
            mailbox: Arc::new(Mailbox::streaming()),
            slot,
            exchange: Exchange::default(),
            key: None,
            version: None,
            sessions: Vec::new(),
            newest_only: false,
            disconnect_at: None,
            patience: Patience::new(Instant::now()),
            ending: Arc::default(),
            cuts,
        }
    }

    /// For carriers whose answers belong to the session of the newest request (M-062).
    pub(crate) fn newest_session_only(mut self) -> Self {
        self.newest_only = true;
        self.mailbox = Arc::default();
        self
    }

    /// Whether no packet of any session came yet.
    pub(crate) fn is_new(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Tells whoever watches; `kind` is not even made when nobody does.
    pub(crate) fn note(&self, kind: impl FnOnce() -> Kind) {
        self.handle.note(self.conn, kind);
    }

    /// The next moment at which something is due even if nothing happens.
    pub(crate) fn deadline(&self) -> Instant {
        let (idle, _) = self.patience.end(self.is_new());
        self.acks_due_at().into_iter().chain(self.disconnect_at).fold(idle, Instant::min)
    }

    /// When acknowledgements have to leave that would not wait for an answer.
    pub(crate) fn acks_due_at(&self) -> Option<Instant> {
        let sessions = self.sessions.get(self.spoken_for()).unwrap_or_default();
        let earliest = sessions.iter().filter_map(|s| s.engine.lock().next_deadline()).min();
        earliest.map(|at| Instant::now() + at.saturating_sub(self.handle.now()))
    }

    /// Whether it is time to go, after [`Connection::deadline`] or after an answer.
    pub(crate) fn check_time(&self) -> Result<(), Close> {
        let (end, reason) = self.patience.end(self.is_new());
        if end <= Instant::now() {
            return Err(Close::Timeout(reason));
        }
        if self.disconnect_at.is_some_and(|at| at <= Instant::now()) {
            return Err(Close::Timeout("ping_delay_disconnect ran out (M-307)"));
        }
        Ok(())
    }

    /// Whether the connection has to end now that everything was written.
    pub(crate) fn check_ending(&self) -> Result<(), Close> {
        if self.ending.load(Ordering::Acquire) {
            return Err(Close::Timeout("the auth key was destroyed (M-312)"));
        }
        if self.handle.shared.cuts.load(Ordering::Acquire) != self.cuts {
            return Err(Close::Timeout("it was cut on purpose"));
        }
        Ok(())
    }

    /// Waits for the arithmetic of a key exchange; for ever if none runs.
    pub(crate) async fn computed(&mut self) -> Option<Outcome> {
        self.exchange.computed().await
    }

    /// Whether a key exchange will answer by itself.
    pub(crate) fn is_computing(&self) -> bool {
        self.exchange.is_computing()
    }

    /// Takes the result of [`Connection::computed`].
    pub(crate) async fn complete(
        &mut self,
        outcome: Option<Outcome>,
        out: &mut dyn Outlet,
    ) -> Result<(), Close> {
        let site = self.site();
        Box::pin(self.exchange.complete(&site, outcome, out)).await
    }

    fn site(&self) -> crate::exchange::Site<S> {
        crate::exchange::Site {
            handle: self.handle.clone(),
            conn: self.conn,
            peer: self.peer,
            endpoint: self.endpoint.clone(),
        }
    }

    /// Takes one payload.
    pub(crate) async fn receive(&mut self, incoming: Incoming, out: &mut dyn Outlet) -> Result<(), Close> {
        if self.slot.is_flooded() {
            return Err(refuse(-429, "too many connections from this address (M-050)"));
        }
        match packet::auth_key_id(&incoming.payload) {
            None => Err(refuse(-404, "the packet is shorter than an auth_key_id (M-171)")),
            Some(0) => {
                let site = self.site();
                // Boxed: key exchanges are rare, and every idle connection would hold room for one.
                Box::pin(self.exchange.receive(&site, incoming.payload.freeze(), out)).await
            }
            Some(key_id) => {
                let key = self.find_key(key_id).await?;
                self.count_packet(&key)?;
                let opened = self.open(&key, incoming.payload)?;
                self.opened(&key, opened, incoming.quick_ack, out)
            }
        }
    }

    /// Takes payloads that came together, in order. Packets of one key are decrypted in one batch.
    pub(crate) async fn receive_all(
        &mut self,
        incoming: Vec<Incoming>,
        out: &mut dyn Outlet,
    ) -> Result<(), Close> {
        let first = incoming.first().and_then(|first| packet::auth_key_id(&first.payload));
        let alike = |next: &Incoming| {
            packet::auth_key_id(&next.payload) == first && !self.handle.explains(next.payload.len())
        };
        let key_id = first.filter(|id| *id != 0 && incoming.len() > 1 && incoming.iter().all(alike));
        let decided =
            self.version == Some(Version::Two) && self.handle.shared.batching && !self.slot.is_flooded();
        let Some(key_id) = key_id.filter(|_| decided) else {
            for incoming in incoming {
                self.receive(incoming, out).await?;
            }
            return Ok(());
        };
        let key = self.find_key(key_id).await?;
        let quick_acks: Vec<bool> = incoming.iter().map(|incoming| incoming.quick_ack).collect();
        let batch = incoming.into_iter().map(|incoming| packet::Incoming {
            key: &key.stored.key,
            from: Side::Client,
            packet: incoming.payload,
        });
        let mut results = Vec::with_capacity(quick_acks.len());
        packet::open_many(batch, &mut results);
        for (opened, quick_ack) in results.into_iter().zip(quick_acks) {
            self.count_packet(&key)?;
            let opened = opened.map_err(|error| unopened(&key, &error.to_string()))?;
            self.opened(&key, opened, quick_ack, out)?;
        }
        Ok(())
    }

    fn count_packet(&self, key: &KeyEntry<S>) -> Result<(), Close> {
        if self.handle.shared.addresses.counts_packets(self.peer) && !key.allow_packet(&self.handle) {
            return Err(refuse(-429, format!("too many packets of auth_key_id {:016x} (M-050)", key.id())));
        }
        Ok(())
    }

    /// Takes a packet that was decrypted.
    fn opened(
        &mut self,
        key: &Arc<KeyEntry<S>>,
        opened: Opened,
        quick_ack: bool,
        out: &mut dyn Outlet,
    ) -> Result<(), Close> {
        let key_id = key.id();
        let now = self.handle.now();
        self.note(|| Kind::Received { key_id, header: opened.header, body: opened.body.clone() });
        let salts = &self.handle.shared.salts;
        let checked = session::precheck(now, key_id, &opened.header, salts, key.first_salt(now));
        if let Err(bad) = checked {
            self.refuse_message(key, &opened.header, bad, out);
            return Ok(());
        }
        let session = self.handle.session(key, opened.header.session_id);
        self.attach(&session)?;
        let accepted = self.deliver(now, &session, &opened)?;
        if quick_ack && accepted {
            self.note(|| Kind::QuickAck { token: opened.quick_ack_token });
            out.quick_ack(opened.quick_ack_token);
        }
        Ok(())
    }

    /// Decrypts; the first packet tells the version, and a failure is explained as far as somebody listens.
    fn open(&mut self, key: &KeyEntry<S>, payload: BytesMut) -> Result<Opened, Close> {
        let auth_key = &key.stored.key;
        if self.version == Some(Version::One) {
            let opened = packet_v1::open(auth_key, Side::Client, payload);
            return opened.map_err(|error| unopened(key, &error.to_string()));
        }
        let undecided = self.version.is_none() && self.handle.shared.version1;
        let copy = (undecided || self.handle.explains(payload.len())).then(|| payload.clone());
        let error = match packet::open(auth_key, Side::Client, payload) {
            Ok(opened) => {
                self.version = Some(Version::Two);
                return Ok(opened);
            }
            Err(error) => error,
        };
        if let Some(copy) = copy.clone().filter(|_| undecided)
            && let Ok(opened) = packet_v1::open(auth_key, Side::Client, copy)
        {
            self.version = Some(Version::One);
            // Nobody else seals for it: fan-out knows version 2 only.
            self.mailbox.refuse_sealed();
            return Ok(opened);
        }
        let explained = copy.filter(|copy| error == OpenError::MsgKey && self.handle.explains(copy.len()));
        let cause = explained.and_then(|packet| zaun_mtproto::diagnose::diagnose(auth_key, &packet));
        let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
        Err(unopened(key, &format!("{error}{cause}")))
    }

    async fn find_key(&mut self, key_id: i64) -> Result<Arc<KeyEntry<S>>, Close> {
        if let Some(key) = self.key.as_ref().filter(|key| key.id() == key_id) {
            // A key that was destroyed meanwhile is no longer in the registry (M-311).
            if self.handle.key(key_id).is_some() && !key.has_expired(self.handle.now()) {
                return Ok(key.clone());
            }
        }
        let loaded = Box::pin(self.handle.load_key(key_id)).await;
        let found = loaded.map_err(|error| Close::Silent(error.to_string()))?;
        let here = |key: &Arc<KeyEntry<S>>| self.endpoint.dc.is_none_or(|dc| dc.owns(key.stored.dc));
        let key = match found {
            Some(key) if here(&key) => key,
            found => {
                if !self.handle.shared.addresses.allow(self.peer, Deed::UnknownKey) {
                    return Err(refuse(-429, "too many unknown keys from this address (M-182)"));
                }
                let why = if found.is_some() { "is of another DC (M-473)" } else { "is unknown (M-049)" };
                return Err(refuse(-404, format!("auth_key_id {key_id:016x} {why}")));
            }
        };
        if key.has_expired(self.handle.now()) {
            self.handle.drop_key(key_id);
            return Err(refuse(-404, "the temporary key has expired (M-148)"));
        }
        self.key = Some(key.clone());
        Ok(key)
    }

    fn attach(&mut self, session: &Arc<SessionHandle<S>>) -> Result<(), Close> {
        if let Some(at) = self.sessions.iter().position(|other| Arc::ptr_eq(other, session)) {
            session.attach(self.conn, &self.mailbox);
            // The one used last comes last.
            self.sessions[at..].rotate_left(1);
            return Ok(());
        }
        // One of the same name was forgotten or destroyed meanwhile.
        let same =
            |other: &&Arc<SessionHandle<S>>| other.id == session.id && other.key.id() == session.key.id();
        self.sessions.iter().filter(same).for_each(|forgotten| forgotten.detach(self.conn));
        self.sessions.retain(|other| !same(&other));
        if self.sessions.len() >= MAX_SESSIONS_PER_CONNECTION {
            return Err(refuse(-429, "too many sessions on one connection (M-034)"));
        }
        session.attach(self.conn, &self.mailbox);
        self.sessions.push(session.clone());
        self.handle.service().connections_changed(session);
        Ok(())
    }

    /// A message that is refused before its session matters (M-242): the notification goes out at once.
    fn refuse_message(&mut self, key: &Arc<KeyEntry<S>>, header: &Header, bad: BadMsg, out: &mut dyn Outlet) {
        self.note_bad_msg(key, header, bad, None);
        let salt = self.handle.current_salt(key);
        if let Some(session) = self.handle.known_session(key, header) {
            if self.attach(&session).is_ok() {
                session.engine.lock().refuse(self.conn, bad, header, salt);
            }
            return;
        }
        let now = self.handle.now();
        let msg_id = zaun_mtproto::msg_id::from_time(now) | 1;
        let reply = Header { salt, session_id: header.session_id, msg_id, seqno: 0 };
        self.seal(key, reply, session::refusal(bad, header, salt), out);
    }

    fn note_bad_msg(
        &self,
        key: &KeyEntry<S>,
        header: &Header,
        bad: BadMsg,
        session: Option<&SessionHandle<S>>,
    ) {
        tracing::info!(peer = %self.peer, code = bad.code(), "message refused: {bad}");
        self.note(|| {
            Kind::Refused(Refusal {
                key_id: Some(key.id()),
                msg_id: Some(header.msg_id),
                reason: bad.to_string(),
                values: explain::values(&self.handle, key, header, bad, session),
                reaction: Reaction::BadMsg(bad.code()),
            })
        });
    }

    /// Gives a packet to its session and does what the session asks for. `true` if the packet was accepted.
    fn deliver(
        &mut self,
        now: UnixTime,
        session: &Arc<SessionHandle<S>>,
        opened: &Opened,
    ) -> Result<bool, Close> {
        let around = Surroundings {
            salts: &self.handle.shared.salts,
            auth_key_id: session.key.id(),
            current_salt: self.handle.current_salt(&session.key),
            unique_id: rand::Rng::next_u64(&mut rand::rng()).cast_signed(),
        };
        let events = session.engine.lock().receive(now, self.conn, &opened.header, &opened.body, &around);
        // All queries of a packet count as running before the first one begins, because one may wait for another,
        // wherever that stands (M-263, M-409).
        let begins = |event: &Event| {
            if let Event::Query { msg_id, .. } = event { session.begin(*msg_id) } else { true }
        };
        let begun: Vec<bool> = events.iter().map(begins).collect();
        let mut accepted = true;
        for (event, begun) in events.into_iter().zip(begun) {
            if let (false, Event::Query { msg_id, .. }) = (begun, &event) {
                let error = RpcError::new(420, "FLOOD_WAIT_1").encode(*msg_id);
                session.engine.lock().answer(*msg_id, self.conn, error.into());
                continue;
            }
            accepted &= !matches!(event, Event::Refused(_));
            self.event(session, &opened.header, event)?;
        }
        Ok(accepted)
    }

    fn event(&mut self, session: &Arc<SessionHandle<S>>, header: &Header, event: Event) -> Result<(), Close> {
        match event {
            Event::Query { msg_id, body } => self.query(session, msg_id, body),
            Event::DestroySession { msg_id, session_id } => {
                // M-202: the current session is kept.
                let other = session_id != session.id;
                let existed = other && self.handle.destroy_session(&session.key, session_id);
                session.engine.lock().session_destroyed(self.conn, msg_id, session_id, existed);
            }
            Event::DestroyAuthKey { msg_id } => self.destroy_key(session, msg_id),
            Event::DisconnectIn { seconds } => {
                self.disconnect_at = Some(Instant::now() + Duration::from_secs(u64::from(seconds)));
            }
            Event::HttpWait(wait) => self.http_wait = Some(wait),
            Event::Abandoned { msg_id } => tracing::debug!(msg_id, "the client gave up a running query"),
            Event::Refused(bad) => self.note_bad_msg(&session.key, header, bad, Some(session)),
            Event::Flood => {
                return Err(refuse(-429, "a container or service message is over its limit (M-050)"));
            }
        }
        Ok(())
    }

    fn destroy_key(&mut self, session: &Arc<SessionHandle<S>>, msg_id: i64) {
        let (handle, session, conn) = (self.handle.clone(), session.clone(), self.conn);
        // M-313: a temporary key does not destroy itself.
        let temporary = session.key.is_temporary();
        let ending = self.ending.clone();
        tokio::spawn(async move {
            let destroyed = !temporary && matches!(handle.destroy_key(session.key.id()).await, Ok(true));
            session.engine.lock().auth_key_destroyed(conn, msg_id, destroyed);
            // Only now, so that the answer leaves before the connection ends.
            ending.store(destroyed, Ordering::Release);
            session.wake(conn);
        });
    }

    /// Starts a query. Its first step runs here, so that queries of one packet begin in order.
    fn query(&mut self, session: &Arc<SessionHandle<S>>, msg_id: i64, body: Bytes) {
        let conn = self.conn;
        let context = Context {
            server: self.handle.clone(),
            session: session.clone(),
            msg_id,
            conn,
            peer: self.peer,
            dc: self.endpoint.dc,
            dc_hint: self.dc_hint,
        };
        let mut running = Running::new(self.handle.way(), context, body);
        match Pin::new(&mut running).poll(&mut std::task::Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => answer(session, msg_id, conn, result),
            Poll::Pending => {
                let session = session.clone();
                tokio::spawn(async move { answer(&session, msg_id, conn, running.await) });
            }
        }
    }

    /// Lets go of the sessions.
    pub(crate) fn leave(&mut self) {
        for session in self.sessions.drain(..) {
            session.detach(self.conn);
            self.handle.service().connections_changed(&session);
        }
    }

    /// Says in the log, and to whoever watches, why the connection ends; the code to send, if there is one.
    pub(crate) fn closing(&self, close: &Close) -> Option<i32> {
        let peer = self.peer;
        let refused = |reaction| Kind::Refused(Refusal::plain(close, reaction));
        match close {
            Close::Gone => tracing::debug!(%peer, "connection closed by the peer"),
            Close::Timeout(why) => tracing::debug!(%peer, "connection closed: {why}"),
            Close::Refused { code, reason } => {
                tracing::info!(%peer, code, "refused: {reason}");
                self.note(|| refused(Reaction::TransportError(*code)));
            }
            Close::Transport(_) | Close::Carrier(_) => {
                tracing::info!(%peer, "refused: {close}");
                self.note(|| refused(Reaction::Close));
            }
            // Nothing is said: the key may well exist.
            Close::Silent(why) => {
                tracing::error!(%peer, "connection closed without an answer (M-054): {why}");
            }
        }
        self.note(|| Kind::Closed { reason: close.to_string() });
        if let Close::Refused { code, .. } = close { Some(*code) } else { None }
    }
}
