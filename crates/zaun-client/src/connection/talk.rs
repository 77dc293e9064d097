//! What happens on one link: calls go out, answers come in.

use std::collections::{BTreeSet, HashMap, VecDeque};

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;
use zaun_crypto::kdf::Side;
use zaun_mtproto::client::{Event, Failure, QueryId, RpcError};
use zaun_mtproto::packet::{self, Incoming};
use zaun_mtproto::session::ConnId;

use super::driver::{Driver, End};
use super::{Call, Closed, Command, InvokeError, Pushed, State};
use zaun_link::{Link, Received};

/// Commands that are taken at once; their queries leave in one packet if they fit.
const COMMANDS_AT_ONCE: usize = 256;
/// Calls that failed and are remembered for those that were to follow them.
const MAX_FAILED: usize = 1024;

type Reply = oneshot::Sender<Result<Bytes, InvokeError>>;

/// The calls that wait for answers.
#[derive(Default)]
pub(super) struct Calls {
    waiting: HashMap<QueryId, Waiting>,
    by_number: HashMap<u64, QueryId>,
    failed: BTreeSet<u64>,
    failed_order: VecDeque<u64>,
}

struct Waiting {
    number: u64,
    reply: Reply,
    query: Bytes,
    wrapped: bool,
    _turn: OwnedSemaphorePermit,
}

impl Calls {
    fn end(&mut self, query: QueryId, result: Result<Bytes, InvokeError>) {
        let Some(call) = self.waiting.remove(&query) else { return };
        self.by_number.remove(&call.number);
        if result.is_err() && self.failed.insert(call.number) {
            self.failed_order.push_back(call.number);
            if self.failed_order.len() > MAX_FAILED
                && let Some(oldest) = self.failed_order.pop_front()
            {
                self.failed.remove(&oldest);
            }
        }
        // Whoever asked may have gone in the meantime.
        let _ = call.reply.send(result);
    }
}

impl Driver {
    /// Uses a link until it ends.
    pub async fn talk(&mut self, mut link: Link) -> End {
        self.last_conn += 1;
        let conn = ConnId(self.last_conn);
        self.introduced = false;
        self.session.attach(self.now(), conn, self.settings.session_carrier());
        let end = self.converse(&mut link, conn).await;
        self.session.detach(self.now(), conn);
        self.save();
        end
    }

    async fn converse(&mut self, link: &mut Link, conn: ConnId) -> End {
        let (mut inbox, mut commands, mut buffer) = (Vec::new(), Vec::new(), BytesMut::new());
        let timer = tokio::time::sleep(self.settings.attempt_timeout);
        tokio::pin!(timer);
        loop {
            if let Some(end) = self.events(conn) {
                return end;
            }
            if let Err(error) = self.flush(link, conn, &mut buffer).await {
                return End::Broken(error.to_string());
            }
            if let Some(deadline) = self.deadline() {
                timer.as_mut().reset(deadline);
            }
            tokio::select! {
                taken = self.commands.recv_many(&mut commands, COMMANDS_AT_ONCE) => {
                    let ended = commands.drain(..).any(|command| self.command(command));
                    if ended || taken == 0 {
                        return End::Closed(Closed::Disconnected);
                    }
                }
                exchanged = link.exchange(&mut inbox) => {
                    if let Err(error) = exchanged {
                        return End::Broken(error.to_string());
                    }
                }
                () = &mut timer => {}
            }
            if let Some(end) = self.take_in(conn, &mut inbox) {
                return end;
            }
            if let Some(temporary) = &self.temporary {
                let (now, idle) = (self.now(), self.session.waiting() == 0);
                if now >= temporary.ends_at || (now >= temporary.renew_at && idle) {
                    return End::Rekey;
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let now = self.now();
        let renewal = self.temporary.as_ref().map(|temporary| temporary.renew_at);
        // While something keeps the old key, a second look is enough.
        let renewal = renewal.map(|at| at.max(now.saturating_add(std::time::Duration::from_secs(1))));
        let at = self.session.next_deadline(now).into_iter().chain(renewal).min()?;
        Some(Instant::now() + at.saturating_sub(now))
    }

    /// Gives everything to the link that may leave now.
    async fn flush(
        &mut self,
        link: &mut Link,
        conn: ConnId,
        buffer: &mut BytesMut,
    ) -> Result<(), crate::LinkError> {
        while !link.is_full() {
            let now = self.now();
            buffer.clear();
            {
                let mut rng = rand::rng();
                let Some(packet) = self.session.transmit(now, conn, &mut rng) else { return Ok(()) };
                self.session.seal(&packet, &mut rng, buffer);
            }
            link.enqueue(buffer).await?;
        }
        Ok(())
    }

    /// Takes what a handle wants; `true` if that is the end.
    pub fn command(&mut self, command: Command) -> bool {
        match command {
            Command::Disconnect => return true,
            Command::Call(call) => self.call(call),
            Command::Cancel(number) => {
                if let Some(query) = self.calls.by_number.remove(&number) {
                    self.calls.waiting.remove(&query);
                    self.session.cancel(query);
                }
            }
        }
        false
    }

    fn call(&mut self, call: Call) {
        let Call { number, query, after, reply, _turn } = call;
        if after.is_some_and(|after| self.calls.failed.contains(&after)) {
            let _ = reply.send(Err(InvokeError::Failed(Failure::Predecessor)));
            return;
        }
        let after = after.and_then(|after| self.calls.by_number.get(&after).copied());
        let introduce = self.settings.introduce.as_ref().filter(|_| !self.introduced);
        let body = introduce.map_or_else(|| query.clone(), |introduce| introduce(query.clone()));
        let wrapped = introduce.is_some();
        let submitted = match after {
            Some(after) => self.session.submit_after(body, after),
            None => self.session.submit(body),
        };
        match submitted {
            Ok(id) => {
                self.calls.by_number.insert(number, id);
                self.calls.waiting.insert(id, Waiting { number, reply, query, wrapped, _turn });
            }
            Err(error) => _ = reply.send(Err(error.into())),
        }
    }

    /// Takes what came on the link.
    fn take_in(&mut self, conn: ConnId, inbox: &mut Vec<Received>) -> Option<End> {
        let (mut packets, mut end) = (Vec::new(), None);
        for received in inbox.drain(..) {
            match received {
                Received::Payload(packet) => packets.push(packet),
                Received::QuickAck(_) => {}
                Received::Error(code) => end = Some(self.transport_error(code)),
                Received::Closed => end = end.or_else(|| Some(End::Broken("closed by the server".into()))),
            }
        }
        if packets.is_empty() {
            return end;
        }
        let key = self.session.key().clone();
        let mut opened = Vec::with_capacity(packets.len());
        let batch = packets.into_iter().map(|packet| Incoming { key: &key, from: Side::Server, packet });
        packet::open_many(batch, &mut opened);
        let now = self.now();
        for opened in opened {
            let taken = match opened {
                Ok(opened) => self.session.receive_opened(now, conn, &opened),
                Err(error) => Err(error.into()),
            };
            if let Err(error) = taken {
                tracing::debug!(%error, "a packet is discarded");
                if error.closes_connection() {
                    return Some(End::Broken(error.to_string()));
                }
            }
        }
        if *self.state.borrow() != State::Connected {
            self.state.send_replace(State::Connected);
            self.works();
        }
        end
    }

    fn transport_error(&mut self, code: i32) -> End {
        match code {
            // Whether the permanent key is known shows when another one is to be bound.
            -404 if self.settings.temporary_keys.is_some() => {
                self.temporary = None;
                End::Broken("the temporary key is not known".into())
            }
            -404 => End::Closed(Closed::KeyUnknown),
            -429 => End::Flood,
            -444 => End::Closed(Closed::WrongDc),
            other => End::Broken(format!("transport error {other}")),
        }
    }

    /// Tells what the session has to tell.
    fn events(&mut self, conn: ConnId) -> Option<End> {
        self.pushed.tell_missed();
        while let Some(event) = self.session.next_event() {
            match event {
                Event::Answer { query, result } => {
                    if let Some(end) = self.answer(query, result) {
                        return Some(end);
                    }
                }
                Event::Failed { query, why } => self.calls.end(query, Err(why.into())),
                Event::Pushed { body } => self.pushed.push(Pushed::Object(body)),
                Event::Refetch => self.pushed.push(Pushed::Refetch),
                Event::Reconnect { conn: broken, why } if broken == conn => {
                    return Some(End::Broken(format!("{why:?}")));
                }
                Event::SessionRenewed { .. } => self.introduced = false,
                Event::Refused { code } => {
                    tracing::debug!(code, "the server refused a packet; corrected and sent again");
                    self.save();
                }
                Event::Reconnect { .. } | Event::SessionDestroyed { .. } => {}
            }
        }
        None
    }

    fn answer(&mut self, query: QueryId, result: Result<Bytes, RpcError>) -> Option<End> {
        if let Some(temporary) = self.temporary.as_mut().filter(|temporary| temporary.binding == Some(query))
        {
            temporary.binding = None;
            let Err(error) = result else {
                self.failed_bindings = 0;
                return None;
            };
            self.failed_bindings += 1;
            self.temporary = None;
            return Some(End::Broken(format!("the temporary key cannot be bound: {error}")));
        }
        let call = self.calls.waiting.get(&query)?;
        match &result {
            Err(error) if is_not_introduced(error) && self.settings.introduce.is_some() && !call.wrapped => {
                self.again(query);
                return None;
            }
            _ => self.introduced |= call.wrapped,
        }
        self.calls.end(query, result.map_err(InvokeError::Rpc));
        None
    }

    /// Sends a call once more, wrapped, because the server does not know who is calling.
    fn again(&mut self, query: QueryId) {
        self.introduced = false;
        let Some(Waiting { number, reply, query, _turn, .. }) = self.calls.waiting.remove(&query) else {
            return;
        };
        self.call(Call { number, query, after: None, reply, _turn });
    }
}

/// The server has forgotten which layer this session speaks (M-401).
fn is_not_introduced(error: &RpcError) -> bool {
    matches!(error.message.as_str(), "CONNECTION_NOT_INITED" | "CONNECTION_LAYER_INVALID")
}
