//! One connection: bytes to frames, frames to sessions, sessions to bytes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use zaun_crypto::kdf::Side;
use zaun_mtproto::UnixTime;
use zaun_mtproto::packet::{self, Header, OpenError, Opened};
use zaun_mtproto::session::{self, BadMsg, ConnId, Event, Surroundings};
use zaun_transport::{Frame, Limits, ServerCodec, TransportError};

use crate::exchange::Exchange;
use crate::keys::KeyEntry;
use crate::limits::{MAX_SESSIONS_PER_CONNECTION, SESSION_IDLE, STRANGER_IDLE, WRITE_BATCH};
use crate::running::{Running, answer};
use crate::server::{Handle, Peer, Slot};
use crate::service::{Context, RpcError, Service};
use crate::session::SessionHandle;
use crate::wire::{self, error_into, frame_into, linger, write};

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Close {
    /// The client left, or the network did.
    #[error("closed by the peer")]
    Gone,
    /// The bytes are not a transport we speak.
    #[error("{0}")]
    Transport(#[from] TransportError),
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

/// Runs a connection to its end.
pub(crate) async fn run<S: Service>(
    handle: Handle<S>,
    slot: Slot<S>,
    stream: TcpStream,
    peer: Peer,
    conn: ConnId,
) {
    let _slot = slot;
    let mut connection = Connection::new(handle, peer, conn);
    let close = connection.drive(&stream).await;
    let mut out = BytesMut::new();
    connection.flush_all(&mut out);
    match &close {
        Close::Gone => tracing::debug!(%peer, "connection closed by the peer"),
        Close::Timeout(why) => tracing::debug!(%peer, "connection closed: {why}"),
        Close::Refused { code, reason } => {
            tracing::info!(%peer, code, "refused: {reason}");
            error_into(&mut connection.codec, *code, &mut out);
        }
        Close::Transport(error) => tracing::info!(%peer, "refused: {error}"),
        // Nothing is said: the key may well exist.
        Close::Silent(why) => tracing::error!(%peer, "connection closed without an answer (M-054): {why}"),
    }
    connection.leave();
    let last_word = !out.is_empty();
    if write(&stream, &mut out).await.is_ok() && last_word {
        Box::pin(linger(stream)).await;
    }
}

struct Connection<S: Service> {
    handle: Handle<S>,
    peer: Peer,
    conn: ConnId,
    codec: ServerCodec,
    exchange: Exchange,
    key: Option<Arc<KeyEntry<S>>>,
    sessions: Vec<Arc<SessionHandle<S>>>,
    wake: Arc<Notify>,
    disconnect_at: Option<Instant>,
    heard_at: Instant,
    /// Set when the connection has to end after what is queued was written.
    ending: Arc<AtomicBool>,
}

impl<S: Service> Connection<S> {
    fn new(handle: Handle<S>, peer: Peer, conn: ConnId) -> Self {
        Connection {
            handle,
            peer,
            conn,
            codec: ServerCodec::new(Limits::default()),
            exchange: Exchange::default(),
            key: None,
            sessions: Vec::new(),
            wake: Arc::new(Notify::new()),
            disconnect_at: None,
            heard_at: Instant::now(),
            ending: Arc::default(),
        }
    }

    async fn drive(&mut self, stream: &TcpStream) -> Close {
        loop {
            if let Err(close) = self.turn(stream).await {
                return close;
            }
        }
    }

    /// Waits for something to happen, deals with it, writes what came of it.
    async fn turn(&mut self, stream: &TcpStream) -> Result<(), Close> {
        let mut out = BytesMut::new();
        let (deadline, idle) = self.deadline();
        tokio::select! {
            ready = stream.readable() => {
                ready.map_err(|_| Close::Gone)?;
                let codec = &mut self.codec;
                wire::read(stream, |bytes| codec.feed(bytes)).map_err(|_| Close::Gone)?;
                self.heard_at = Instant::now();
                self.frames(stream, &mut out).await?;
            }
            () = self.wake.notified() => {}
            outcome = self.exchange.computed() => {
                self.exchange.complete(&self.handle, self.peer, outcome, &mut self.codec, &mut out).await?;
            }
            () = sleep_until(deadline) => {
                if idle {
                    return Err(Close::Timeout("silent for too long"));
                }
                if self.disconnect_at.is_some_and(|at| at <= Instant::now()) {
                    return Err(Close::Timeout("ping_delay_disconnect ran out (M-307)"));
                }
            }
        }
        self.transmit(stream, &mut out).await?;
        write(stream, &mut out).await.map_err(|_| Close::Gone)?;
        self.codec.release_idle();
        if self.ending.load(Ordering::Acquire) {
            return Err(Close::Timeout("the auth key was destroyed (M-312)"));
        }
        Ok(())
    }

    /// The next moment at which something is due even if nothing happens; `true` if that is the end of patience.
    fn deadline(&self) -> (Instant, bool) {
        let patience = if self.sessions.is_empty() { STRANGER_IDLE } else { SESSION_IDLE };
        let idle = self.heard_at + patience;
        let now = self.handle.now();
        let acks = self.sessions.iter().filter_map(|s| s.engine.lock().next_deadline()).min();
        let acks = acks.map(|at| Instant::now() + at.saturating_sub(now));
        match acks.into_iter().chain(self.disconnect_at).min() {
            Some(due) if due < idle => (due, false),
            _ => (idle, true),
        }
    }

    async fn frames(&mut self, stream: &TcpStream, out: &mut BytesMut) -> Result<(), Close> {
        while let Some(frame) = self.codec.next_frame()? {
            self.frame(frame, out).await?;
            if out.len() >= WRITE_BATCH {
                write(stream, out).await.map_err(|_| Close::Gone)?;
            }
        }
        Ok(())
    }

    async fn frame(&mut self, frame: Frame, out: &mut BytesMut) -> Result<(), Close> {
        match packet::auth_key_id(&frame.payload) {
            None => Err(refuse(-404, "the packet is shorter than an auth_key_id (M-171)")),
            Some(0) => {
                let payload = frame.payload.freeze();
                self.exchange.receive(&self.handle, self.peer, payload, &mut self.codec, out).await
            }
            Some(key_id) => self.encrypted(key_id, frame, out).await,
        }
    }

    fn dc_hint(&self) -> Option<i16> {
        self.codec.info().and_then(|info| info.obfuscated)
    }

    async fn encrypted(&mut self, key_id: i64, frame: Frame, out: &mut BytesMut) -> Result<(), Close> {
        let key = self.find_key(key_id).await?;
        let opened = packet::open(&key.stored.key, Side::Client, frame.payload)
            .map_err(|error: OpenError| refuse(-404, format!("{error}; auth_key_id {key_id:016x}")))?;
        let now = self.handle.now();
        let salts = &self.handle.shared.salts;
        let checked = session::precheck(now, key.id(), &opened.header, salts, key.first_salt(now));
        if let Err(bad) = checked {
            self.refuse_message(&key, &opened.header, bad, out);
            return Ok(());
        }
        let session = self.handle.session(&key, opened.header.session_id);
        self.attach(&session)?;
        let accepted = self.deliver(now, &session, &opened)?;
        if frame.quick_ack && accepted {
            // Full framing has none (M-047); there is nothing to do then.
            let _ = self.codec.write_quick_ack(opened.quick_ack_token, &mut rand::rng(), out);
        }
        Ok(())
    }

    async fn find_key(&mut self, key_id: i64) -> Result<Arc<KeyEntry<S>>, Close> {
        if let Some(key) = self.key.as_ref().filter(|key| key.id() == key_id) {
            // A key that was destroyed meanwhile is no longer in the registry (M-311).
            if self.handle.key(key_id).is_some() {
                return Ok(key.clone());
            }
        }
        let cached = self.handle.key(key_id);
        let key = match cached {
            Some(key) => key,
            None => {
                let loaded = self.handle.shared.store.load(key_id).await;
                let stored = loaded.map_err(|error| Close::Silent(error.to_string()))?;
                let stored = stored
                    .ok_or_else(|| refuse(-404, format!("unknown auth_key_id {key_id:016x} (M-049)")))?;
                self.handle.shared.keys.add(stored, None)
            }
        };
        let expired = |at: i64| at <= i64::try_from(self.handle.now().as_secs()).unwrap_or(i64::MAX);
        if key.stored.expires_at.is_some_and(expired) {
            self.handle.shared.keys.remove(key_id);
            return Err(refuse(-404, "the temporary key has expired (M-148)"));
        }
        self.key = Some(key.clone());
        Ok(key)
    }

    fn attach(&mut self, session: &Arc<SessionHandle<S>>) -> Result<(), Close> {
        if self.sessions.iter().any(|other| Arc::ptr_eq(other, session)) {
            session.attach(self.conn, &self.wake);
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
        session.attach(self.conn, &self.wake);
        self.sessions.push(session.clone());
        self.handle.service().connections_changed(session);
        Ok(())
    }

    /// A message that is refused before its session matters (M-242): the notification goes out at once.
    fn refuse_message(&mut self, key: &Arc<KeyEntry<S>>, header: &Header, bad: BadMsg, out: &mut BytesMut) {
        tracing::info!(peer = %self.peer, code = bad.code(), "message refused: {bad}");
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
        self.seal(key, &reply, &session::refusal(bad, header, salt), out);
    }

    fn seal(&mut self, key: &KeyEntry<S>, header: &Header, body: &[u8], out: &mut BytesMut) {
        let mut sealed = BytesMut::new();
        packet::seal(&key.stored.key, Side::Server, header, body, &mut rand::rng(), &mut sealed);
        frame_into(&mut self.codec, &sealed, out);
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
        let mut accepted = true;
        for event in events {
            accepted &= !matches!(event, Event::Refused(_));
            self.event(session, event)?;
        }
        Ok(accepted)
    }

    fn event(&mut self, session: &Arc<SessionHandle<S>>, event: Event) -> Result<(), Close> {
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
            Event::Abandoned { msg_id } => tracing::debug!(msg_id, "the client gave up a running query"),
            Event::Refused(bad) => {
                tracing::info!(peer = %self.peer, code = bad.code(), "message refused: {bad}");
            }
            Event::Flood => {
                return Err(refuse(-429, "a container or service message is over its limit (M-050)"));
            }
        }
        Ok(())
    }

    fn destroy_key(&mut self, session: &Arc<SessionHandle<S>>, msg_id: i64) {
        let (handle, session, conn) = (self.handle.clone(), session.clone(), self.conn);
        // M-313: a temporary key does not destroy itself.
        let temporary = session.key.stored.expires_at.is_some();
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
        if !session.begin(msg_id) {
            let error = RpcError::new(420, "FLOOD_WAIT_1").encode(msg_id);
            session.engine.lock().answer(msg_id, conn, error.into());
            return;
        }
        let context = Context {
            server: self.handle.clone(),
            session: session.clone(),
            msg_id,
            conn,
            peer: self.peer,
            dc_hint: self.dc_hint(),
        };
        let service = self.handle.service().clone();
        let mut running = Running::new(service, context, body);
        match Pin::new(&mut running).poll(&mut std::task::Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => answer(session, msg_id, conn, result),
            Poll::Pending => {
                let session = session.clone();
                tokio::spawn(async move { answer(&session, msg_id, conn, running.await) });
            }
        }
    }

    /// Writes everything that the sessions have for this connection.
    async fn transmit(&mut self, stream: &TcpStream, out: &mut BytesMut) -> Result<(), Close> {
        while self.next_packet(out) {
            if out.len() >= WRITE_BATCH {
                write(stream, out).await.map_err(|_| Close::Gone)?;
            }
        }
        Ok(())
    }

    /// Seals one packet of any session; `false` if there is none.
    fn next_packet(&mut self, out: &mut BytesMut) -> bool {
        let now = self.handle.now();
        for index in 0..self.sessions.len() {
            let session = self.sessions[index].clone();
            let (packet, lost) = {
                let mut engine = session.engine.lock();
                (engine.transmit(now, self.conn), engine.take_lost())
            };
            if lost {
                self.handle.service().updates_lost(&session);
            }
            if let Some(packet) = packet {
                let salt = self.handle.current_salt(&session.key);
                let header =
                    Header { salt, session_id: session.id, msg_id: packet.msg_id, seqno: packet.seqno };
                self.seal(&session.key, &header, &packet.body, out);
                return true;
            }
        }
        false
    }

    /// The last words of a connection that is about to close, as far as they fit one batch.
    fn flush_all(&mut self, out: &mut BytesMut) {
        while out.len() < WRITE_BATCH && self.next_packet(out) {}
    }

    fn leave(&mut self) {
        for session in self.sessions.drain(..) {
            session.detach(self.conn);
            self.handle.service().connections_changed(&session);
        }
    }
}

pub(crate) fn refuse(code: i32, reason: impl Into<String>) -> Close {
    Close::Refused { code, reason: reason.into() }
}
