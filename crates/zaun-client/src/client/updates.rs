//! The updates of an account, each once and in its order.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use zaun_schema::api::functions::updates::{GetChannelDifference, GetDifference, GetState};
use zaun_schema::api::{enums, types};
use zaun_updates::{ChannelFailure, Event, Monotonic, Peers, UpdateHandler};

use super::Client;
use crate::connection::{InvokeError, Pushed, PushedQueue};

/// Users and groups that are remembered, so that short messages of them are understood.
const MAX_KNOWN: usize = 100_000;

type Fetch = Pin<Box<dyn Future<Output = Fetched> + Send>>;

/// What a fetch brought.
enum Fetched {
    State(Result<types::updates::State, InvokeError>),
    Difference(Result<enums::updates::Difference, InvokeError>),
    Channel(i64, Result<enums::updates::ChannelDifference, InvokeError>),
}

/// The stream of an account's updates. What was missed is fetched, also from before the program began, if the storage
/// knows how far the account was followed.
pub struct Updates {
    client: Client,
    handler: UpdateHandler,
    pushed: PushedQueue,
    /// Results of calls that wait to be counted; for those that found no room a difference tells.
    results: PushedQueue,
    fetches: FuturesUnordered<Fetch>,
    known: HashSet<i64>,
    channels: HashMap<i64, i64>,
    began: Instant,
}

impl std::fmt::Debug for Updates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Updates({:?})", self.handler.state())
    }
}

impl Updates {
    pub(super) fn new(client: Client, pushed: PushedQueue, results: PushedQueue) -> Updates {
        let saved = client.inner.saved.lock().updates.clone();
        // What cannot be read is as good as nothing: the account is followed from now on.
        let handler = UpdateHandler::from_bytes(&saved, Monotonic::ZERO)
            .unwrap_or_else(|_| UpdateHandler::new(None, Monotonic::ZERO));
        Updates {
            client,
            handler,
            pushed,
            results,
            fetches: FuturesUnordered::new(),
            known: HashSet::new(),
            channels: HashMap::new(),
            began: Instant::now(),
        }
    }

    /// Makes sure that it is known from where on the account is followed.
    pub(super) async fn begin(&mut self) -> Result<(), InvokeError> {
        if self.handler.to_bytes().is_empty() {
            let state = self.client.invoke(&GetState {}).await?;
            self.handler.state_known(self.began.elapsed(), &state);
            // It asked for the state, too.
            let _ = self.handler.next_event();
        }
        Ok(())
    }

    /// The next update, or the news that too much was missed: [`Event::Update`], [`Event::TooLong`],
    /// [`Event::ChannelTooLong`] and [`Event::ChannelMissed`]; nothing else comes out. It may be dropped while it waits.
    ///
    /// # Errors
    /// [`InvokeError::Closed`] if the account cannot be reached any more.
    pub async fn next(&mut self) -> Result<Event, InvokeError> {
        loop {
            while let Some(event) = self.handler.next_event() {
                match event {
                    Event::GetState => self.fetch_state(),
                    Event::GetDifference(request) => self.fetch_difference(request),
                    Event::GetChannelDifference { channel_id, pts, limit } => {
                        self.fetch_channel(channel_id, pts, limit);
                    }
                    Event::Update { ref peers, .. } | Event::ChannelTooLong { ref peers, .. } => {
                        let peers = peers.clone();
                        self.learn(&peers);
                        return Ok(event);
                    }
                    Event::TooLong | Event::ChannelMissed { .. } => return Ok(event),
                }
            }
            self.keep();
            self.wait().await?;
        }
    }

    /// Waits until something comes, and takes it.
    async fn wait(&mut self) -> Result<(), InvokeError> {
        let deadline = self.handler.next_deadline().map(|at| self.began + at);
        let late = deadline.unwrap_or_else(|| self.began + Monotonic::from_secs(1 << 32));
        tokio::select! {
            Some(pushed) = self.pushed.recv() => self.take(pushed),
            Some(Pushed::Object(result)) = self.results.recv() => self.take_result(result),
            Some(fetched) = self.fetches.next() => self.take_fetched(fetched)?,
            () = tokio::time::sleep_until(late) => self.handler.on_time(self.began.elapsed()),
        }
        Ok(())
    }

    fn take(&mut self, pushed: Pushed) {
        let now = self.began.elapsed();
        match pushed {
            Pushed::Refetch => self.handler.refetch(now),
            Pushed::Object(object) => {
                let known = &self.known;
                self.handler.object(now, object, &|peer| known.contains(&id(peer)));
            }
        }
    }

    /// Counts what a call of this client did itself (M-362, M-363).
    fn take_result(&mut self, result: Bytes) {
        let now = self.began.elapsed();
        if let Ok(affected) = zaun_tl::from_bytes::<types::messages::AffectedMessages>(result.clone()) {
            self.handler.applied(now, affected.pts, affected.pts_count);
        } else if let Ok(affected) = zaun_tl::from_bytes::<types::messages::AffectedHistory>(result.clone()) {
            self.handler.applied(now, affected.pts, affected.pts_count);
        } else {
            self.take(Pushed::Object(result));
        }
    }

    fn take_fetched(&mut self, fetched: Fetched) -> Result<(), InvokeError> {
        let now = self.began.elapsed();
        match fetched {
            Fetched::State(Ok(state)) => self.handler.state_known(now, &state),
            Fetched::Difference(Ok(difference)) => self.handler.difference(now, difference),
            Fetched::Channel(channel_id, Ok(difference)) => {
                self.handler.channel_difference(now, channel_id, difference);
            }
            // The server is newer; asking again alone would never help.
            Fetched::Difference(Err(InvokeError::Decode(error))) => {
                tracing::debug!(%error, "the difference cannot be read");
                self.handler.unreadable(now);
            }
            Fetched::State(Err(error)) | Fetched::Difference(Err(error)) => {
                self.handler.fetch_failed(now);
                if let InvokeError::Closed(_) = error {
                    return Err(error);
                }
                tracing::debug!(%error, "the difference cannot be fetched");
            }
            Fetched::Channel(channel_id, Err(error)) => {
                let gone = ["CHANNEL_PRIVATE", "CHANNEL_INVALID"].iter().any(|name| error.is(name));
                let why = match error {
                    InvokeError::Decode(_) => ChannelFailure::Unreadable,
                    _ if gone => ChannelFailure::Gone,
                    _ => ChannelFailure::Other,
                };
                self.handler.channel_failed(now, channel_id, why);
            }
        }
        Ok(())
    }

    fn fetch_state(&mut self) {
        let client = self.client.clone();
        self.fetches.push(Box::pin(async move { Fetched::State(client.invoke(&GetState {}).await) }));
    }

    fn fetch_difference(&mut self, request: GetDifference) {
        let client = self.client.clone();
        self.fetches.push(Box::pin(async move { Fetched::Difference(client.invoke(&request).await) }));
    }

    fn fetch_channel(&mut self, channel_id: i64, pts: i32, limit: i32) {
        let Some(access_hash) = self.channels.get(&channel_id) else {
            // Nobody has told how to name it; when it is heard of with its description, it begins anew.
            return self.handler.channel_failed(self.began.elapsed(), channel_id, ChannelFailure::Gone);
        };
        let request: GetChannelDifference = Event::channel_request(channel_id, *access_hash, pts, limit);
        let client = self.client.clone();
        self.fetches
            .push(Box::pin(async move { Fetched::Channel(channel_id, client.invoke(&request).await) }));
    }

    /// Remembers who is known.
    fn learn(&mut self, peers: &Peers) {
        if self.known.len() > MAX_KNOWN || self.channels.len() > MAX_KNOWN {
            self.known.clear();
            self.channels.clear();
        }
        for user in &peers.users {
            if let enums::User::User(user) = user
                && !user.min
            {
                self.known.insert(user.id);
            }
        }
        for chat in &peers.chats {
            match chat {
                enums::Chat::Chat(chat) => _ = self.known.insert(-chat.id),
                enums::Chat::Channel(channel) if !channel.min => {
                    self.channels.insert(channel.id, channel.access_hash.unwrap_or(0));
                }
                _ => {}
            }
        }
    }

    /// Keeps how far the account was followed, for the next time that the client is saved.
    fn keep(&self) {
        let updates = self.handler.to_bytes();
        self.client.inner.saved.lock().updates = updates;
    }
}

/// One number for users and groups: the latter negative.
fn id(peer: &enums::Peer) -> i64 {
    match peer {
        enums::Peer::PeerUser(user) => user.user_id,
        enums::Peer::PeerChat(chat) => -chat.chat_id,
        enums::Peer::PeerChannel(channel) => channel.channel_id,
    }
}

/// Whether a result moves the boxes of the account. Those of `channels.*` move that of a channel, which its own updates
/// tell.
pub(super) fn moves_boxes(method: &str, result: &[u8]) -> bool {
    use types::messages::{AffectedHistory, AffectedMessages};
    const MOVING: [u32; 8] = [
        types::UpdateShortMessage::CONSTRUCTOR_ID,
        types::UpdateShortChatMessage::CONSTRUCTOR_ID,
        types::UpdateShort::CONSTRUCTOR_ID,
        types::UpdatesCombined::CONSTRUCTOR_ID,
        types::Updates::CONSTRUCTOR_ID,
        types::UpdateShortSentMessage::CONSTRUCTOR_ID,
        AffectedMessages::CONSTRUCTOR_ID,
        AffectedHistory::CONSTRUCTOR_ID,
    ];
    let constructor = result.first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
    MOVING.contains(&constructor) && !(method.starts_with("channels.") && MOVING[6..].contains(&constructor))
}
