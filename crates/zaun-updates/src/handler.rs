//! What comes in, and what may be applied.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use zaun_schema::api::{enums, functions, types};

use crate::budget::Budget;
use crate::channels::Channels;
use crate::line::Line;
use crate::place::{Place, place};
use crate::{Applied, MAX_WAITING, Monotonic, UpdateState, short};

/// Users and chats that came with an update.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Peers {
    /// Users.
    pub users: Vec<enums::User>,
    /// Groups and channels.
    pub chats: Vec<enums::Chat>,
}

/// What the user has to do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Apply this. A message out of a difference comes as updateNewMessage or updateNewChannelMessage, with the number
    /// that its box has after the difference and a count of 0.
    Update {
        /// The update.
        update: Box<enums::Update>,
        /// Users and chats that it names.
        peers: Arc<Peers>,
    },
    /// Call this and give the result to [`UpdateHandler::state_known`], or tell [`UpdateHandler::fetch_failed`].
    GetState,
    /// Call this and give the result to [`UpdateHandler::difference`], or tell [`UpdateHandler::fetch_failed`].
    GetDifference(functions::updates::GetDifference),
    /// Call [`Event::channel_request`] and give the result to [`UpdateHandler::channel_difference`], or tell
    /// [`UpdateHandler::channel_failed`].
    GetChannelDifference {
        /// The channel.
        channel_id: i64,
        /// The number from which it is wanted.
        pts: i32,
        /// How much the server may send at once.
        limit: i32,
    },
    /// Too much was missed to be told (M-383): what is known of all conversations is old and has to be loaded anew.
    TooLong,
    /// What happened in a channel cannot be read: the server is newer. The channel begins anew with what comes next.
    ChannelMissed {
        /// The channel.
        channel_id: i64,
    },
    /// Too much was missed in a channel to be told (M-395); these are its newest messages.
    ChannelTooLong {
        /// The channel.
        channel_id: i64,
        /// Its state.
        dialog: Box<enums::Dialog>,
        /// Its newest messages.
        messages: Vec<enums::Message>,
        /// Users and chats that they name.
        peers: Arc<Peers>,
    },
}

impl Event {
    /// The request of a [`Event::GetChannelDifference`], for a channel with this access hash.
    #[must_use]
    pub fn channel_request(
        channel_id: i64,
        access_hash: i64,
        pts: i32,
        limit: i32,
    ) -> functions::updates::GetChannelDifference {
        functions::updates::GetChannelDifference {
            force: false,
            channel: types::InputChannel { channel_id, access_hash }.into(),
            filter: enums::ChannelMessagesFilter::ChannelMessagesFilterEmpty,
            pts,
            limit,
        }
    }
}

/// How patient the handler is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// So long may a missing update be late.
    pub gap: Monotonic,
    /// Without any news for so long the difference is fetched: they may have been lost on the way.
    pub idle: Monotonic,
    /// A difference that failed is fetched again after this, then after twice as long, and so on …
    pub retry: Monotonic,
    /// … up to this.
    pub max_retry: Monotonic,
    /// `limit` of the difference of a channel (M-397): 100 for users; bots may ask for 100,000.
    pub channel_limit: i32,
}

impl Profile {
    /// How long after so many failures in a row something is tried again.
    pub(crate) fn delay(&self, failures: u32) -> Monotonic {
        let factor = 2u32.saturating_pow(failures.saturating_sub(1).min(16));
        self.retry.saturating_mul(factor).min(self.max_retry)
    }
}

impl Default for Profile {
    /// Half a second, a quarter of an hour, 1 s to 64 s, 100.
    fn default() -> Profile {
        Profile {
            gap: Monotonic::from_millis(500),
            idle: Monotonic::from_secs(15 * 60),
            retry: Monotonic::from_secs(1),
            max_retry: Monotonic::from_secs(64),
            channel_limit: 100,
        }
    }
}

/// An update that waits, or only the number of an event that the caller has applied already.
pub(crate) type Entry = Option<(Box<enums::Update>, Arc<Peers>)>;

/// So many differences in a row may leave a packet missing; then those that wait are applied without it.
const MAX_FUTILE: u32 = 6;

/// The free updates of a packet.
#[derive(Debug)]
struct Packet {
    seq: i32,
    date: i32,
    updates: Vec<enums::Update>,
    peers: Arc<Peers>,
}

/// What is being fetched for the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fetch {
    /// Nothing.
    No,
    /// It was asked for.
    UnderWay,
    /// It failed, and is asked for again then.
    At(Monotonic),
}

/// The boxes of one account.
#[derive(Debug)]
pub struct UpdateHandler {
    pub(crate) profile: Profile,
    pub(crate) known: bool,
    pub(crate) pts: Line<Entry>,
    pub(crate) qts: Line<Entry>,
    pub(crate) seq: i32,
    pub(crate) date: i32,
    packets: BTreeMap<i32, Packet>,
    packets_since: Option<Monotonic>,
    /// Differences in a row that did not bring the packet that is missing.
    futile: u32,
    pub(crate) channels: Channels,
    pub(crate) fetch: Fetch,
    pub(crate) failures: u32,
    /// Differences in a row that could not be decoded.
    pub(crate) unreadable: u32,
    /// For differences that are asked for only because the server says so.
    budget: Budget,
    /// Something may have been missed since the request that is under way.
    again: bool,
    heard_at: Monotonic,
    pub(crate) events: VecDeque<Event>,
}

impl UpdateHandler {
    /// Begins where the account was followed to; without a state, with what the server says now.
    #[must_use]
    pub fn new(state: Option<UpdateState>, now: Monotonic) -> UpdateHandler {
        UpdateHandler::with_profile(state, Profile::default(), now)
    }

    /// The same with other delays.
    #[must_use]
    pub fn with_profile(state: Option<UpdateState>, profile: Profile, now: Monotonic) -> UpdateHandler {
        let at = state.unwrap_or_default();
        let mut handler = UpdateHandler {
            profile,
            known: state.is_some(),
            pts: Line::new(at.pts),
            qts: Line::new(at.qts),
            seq: at.seq,
            date: at.date,
            packets: BTreeMap::new(),
            packets_since: None,
            futile: 0,
            channels: Channels::new(profile.gap),
            fetch: Fetch::No,
            failures: 0,
            unreadable: 0,
            budget: Budget::default(),
            again: false,
            heard_at: now,
            events: VecDeque::new(),
        };
        if state.is_none() {
            handler.fetch = Fetch::UnderWay;
            handler.events.push_back(Event::GetState);
        }
        handler
    }

    /// How far the account was followed.
    #[must_use]
    pub fn state(&self) -> UpdateState {
        UpdateState { pts: self.pts.at(), qts: self.qts.at(), seq: self.seq, date: self.date }
    }

    /// How far a channel was followed; `None` if nothing was heard of it.
    #[must_use]
    pub fn channel_pts(&self, channel_id: i64) -> Option<i32> {
        self.channels.pts(channel_id)
    }

    /// What has to be done next.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Takes a serialized object. One that does not parse, because the server is newer, is fetched in another form: as a
    /// difference.
    pub fn object(&mut self, now: Monotonic, object: Bytes, knows: &dyn Fn(&enums::Peer) -> bool) {
        match zaun_tl::from_bytes(object) {
            Ok(updates) => self.updates(now, updates, knows),
            Err(_) => self.refetch(now),
        }
    }

    /// Takes what was pushed, or came as the result of a call. `knows` says whether a user or group is known: the short
    /// forms name them without telling who they are (M-368).
    pub fn updates(&mut self, now: Monotonic, updates: enums::Updates, knows: &dyn Fn(&enums::Peer) -> bool) {
        use enums::Updates;
        self.heard_at = now;
        match updates {
            Updates::UpdatesTooLong => self.refetch(now),
            Updates::UpdateShort(short) => self.update(now, short.update, &Arc::default()),
            Updates::UpdateShortMessage(short) => {
                if knows(&types::PeerUser { user_id: short.user_id }.into()) {
                    let update = short::new_message(short::private(&short), short.pts, short.pts_count);
                    self.update(now, update, &Arc::default());
                } else {
                    self.refetch(now);
                }
            }
            Updates::UpdateShortChatMessage(short) => {
                let peers = [
                    types::PeerUser { user_id: short.from_id }.into(),
                    types::PeerChat { chat_id: short.chat_id }.into(),
                ];
                if peers.iter().all(knows) {
                    let update = short::new_message(short::group(&short), short.pts, short.pts_count);
                    self.update(now, update, &Arc::default());
                } else {
                    self.refetch(now);
                }
            }
            // Whoever sent the message knows what is in it.
            Updates::UpdateShortSentMessage(sent) => self.applied(now, sent.pts, sent.pts_count),
            Updates::Updates(all) => {
                let peers = Arc::new(Peers { users: all.users, chats: all.chats });
                self.packet(now, all.seq, all.seq, all.date, all.updates, peers);
            }
            Updates::UpdatesCombined(all) => {
                let peers = Arc::new(Peers { users: all.users, chats: all.chats });
                self.packet(now, all.seq_start, all.seq, all.date, all.updates, peers);
            }
        }
    }

    /// The caller has applied its own event, whose numbers came with a result such as messages.affectedMessages (M-362).
    pub fn applied(&mut self, now: Monotonic, pts: i32, pts_count: i32) {
        self.numbered(now, Place::Common { pts, pts_count }, None);
    }

    /// The same in a channel.
    pub fn applied_in_channel(&mut self, now: Monotonic, channel_id: i64, pts: i32, pts_count: i32) {
        self.numbered(now, Place::Channel { channel_id, pts, pts_count }, None);
    }

    /// Something may have been missed: a session was begun anew (M-199), the connection was gone for long.
    pub fn refetch(&mut self, now: Monotonic) {
        self.heard_at = now;
        match self.fetch {
            Fetch::No if self.known => self.ask_within_budget(now),
            Fetch::No | Fetch::UnderWay => self.again = true,
            Fetch::At(_) => {}
        }
    }

    fn packet(
        &mut self,
        now: Monotonic,
        seq_start: i32,
        seq: i32,
        date: i32,
        updates: Vec<enums::Update>,
        peers: Arc<Peers>,
    ) {
        // What has a number of its own needs no other order.
        let (numbered, free): (Vec<_>, Vec<_>) =
            updates.into_iter().partition(|update| place(update) != Place::Free);
        let mut numbered: Vec<_> = numbered.into_iter().map(|update| (place(&update), update)).collect();
        numbered.sort_by_key(|(place, _)| match place {
            Place::Common { pts, .. } | Place::Channel { pts, .. } => *pts,
            Place::Qts { qts } => *qts,
            Place::Free | Place::ChannelTooLong { .. } => i32::MAX,
        });
        for (place, update) in numbered {
            self.numbered(now, place, Some((Box::new(update), Arc::clone(&peers))));
        }
        let packet = Packet { seq, date, updates: free, peers };
        let mut state = self.state();
        match state.apply_seq(seq_start, seq) {
            Applied::Duplicate => {}
            Applied::Accept if seq_start == 0 => self.release(packet),
            Applied::Accept if !self.is_fetching() => {
                self.release(packet);
                self.drain_packets();
            }
            _ if self.packets.len() >= MAX_WAITING => self.again = true,
            _ => {
                self.packets.insert(seq_start, packet);
                self.packets_since.get_or_insert(now);
            }
        }
    }

    fn release(&mut self, packet: Packet) {
        if packet.seq != 0 {
            (self.seq, self.date) = (packet.seq, packet.date);
        }
        for update in packet.updates {
            let (update, peers) = (Box::new(update), Arc::clone(&packet.peers));
            self.events.push_back(Event::Update { update, peers });
        }
    }

    /// Packets that waited for the one before them.
    pub(crate) fn drain_packets(&mut self) {
        while let Some((seq_start, packet)) = self.packets.first_key_value() {
            match self.state().apply_seq(*seq_start, packet.seq) {
                Applied::Gap => return,
                Applied::Duplicate => drop(self.packets.pop_first()),
                Applied::Accept => {
                    if let Some((_, packet)) = self.packets.pop_first() {
                        self.release(packet);
                    }
                }
            }
        }
        self.packets_since = None;
    }

    pub(crate) fn update(&mut self, now: Monotonic, update: enums::Update, peers: &Arc<Peers>) {
        let (place, entry) = (place(&update), (Box::new(update), Arc::clone(peers)));
        if place == Place::Free {
            self.events.push_back(Event::Update { update: entry.0, peers: entry.1 });
        } else {
            self.numbered(now, place, Some(entry));
        }
    }

    fn numbered(&mut self, now: Monotonic, place: Place, entry: Entry) {
        let (mut out, held) = (Vec::new(), self.is_fetching());
        match place {
            Place::Common { pts, pts_count } if self.known => {
                self.pts.offer(now, pts, pts_count, entry, held, &mut out);
            }
            Place::Qts { qts } if self.known => self.qts.offer(now, qts, 1, entry, held, &mut out),
            // The state that is being fetched counts it already.
            Place::Common { .. } | Place::Qts { .. } => {}
            Place::Channel { channel_id, pts, pts_count } => {
                self.channels.offer(now, channel_id, pts, pts_count, entry, &mut out);
            }
            Place::ChannelTooLong { channel_id, pts } => self.channels.too_long(now, channel_id, pts),
            Place::Free => out.push(entry),
        }
        self.emit(out);
        self.start_channels();
    }

    pub(crate) fn emit(&mut self, entries: Vec<Entry>) {
        for (update, peers) in entries.into_iter().flatten() {
            self.events.push_back(Event::Update { update, peers });
        }
    }

    /// Asks for the differences of channels, as many as may be under way.
    pub(crate) fn start_channels(&mut self) {
        while let Some((channel_id, pts)) = self.channels.start() {
            let limit = self.profile.channel_limit;
            self.events.push_back(Event::GetChannelDifference { channel_id, pts, limit });
        }
    }

    pub(crate) fn is_fetching(&self) -> bool {
        self.fetch != Fetch::No
    }

    /// Asks for the account's difference, or for its state if none is known.
    pub(crate) fn ask(&mut self) {
        (self.fetch, self.again) = (Fetch::UnderWay, false);
        self.events.push_back(if self.known {
            Event::GetDifference(functions::updates::GetDifference {
                pts: self.pts.at(),
                pts_total_limit: None,
                date: self.date,
                qts: self.qts.at(),
                ..functions::updates::GetDifference::default()
            })
        } else {
            Event::GetState
        });
    }

    /// The same, because the server says so: a moment later, if it says so again and again.
    pub(crate) fn ask_within_budget(&mut self, now: Monotonic) {
        match self.budget.reserve(now) {
            at if at <= now => self.ask(),
            at => (self.fetch, self.again) = (Fetch::At(at), false),
        }
    }

    /// A difference is complete.
    pub(crate) fn fetched(&mut self, now: Monotonic) {
        (self.fetch, self.failures, self.heard_at) = (Fetch::No, 0, now);
        if self.again {
            self.ask_within_budget(now);
        }
        self.packets_since = (!self.packets.is_empty()).then_some(now);
        self.drain_packets();
        self.futile = if self.packets.is_empty() { 0 } else { self.futile + 1 };
        if self.futile >= MAX_FUTILE {
            self.futile = 0;
            self.packets_since = None;
            for (_, packet) in std::mem::take(&mut self.packets) {
                self.release(packet);
            }
        }
    }

    /// When [`UpdateHandler::on_time`] has to be called even if nothing comes.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Monotonic> {
        let account = match self.fetch {
            Fetch::UnderWay => None,
            Fetch::At(at) => Some(at),
            Fetch::No => {
                let gaps =
                    [self.pts.due(self.profile.gap), self.qts.due(self.profile.gap), self.packets_due()];
                let idle = self.heard_at.saturating_add(self.profile.idle);
                gaps.into_iter().flatten().chain([idle]).min()
            }
        };
        account.into_iter().chain(self.channels.next_deadline()).min()
    }

    fn packets_due(&self) -> Option<Monotonic> {
        self.packets_since.map(|since| since.saturating_add(self.profile.gap))
    }

    /// Gives up waiting for what is late, and asks for it.
    pub fn on_time(&mut self, now: Monotonic) {
        let due = match self.fetch {
            Fetch::UnderWay => false,
            Fetch::At(at) => at <= now,
            Fetch::No => {
                let late = |at: Option<Monotonic>| at.is_some_and(|at| at <= now);
                let idle = self.heard_at.saturating_add(self.profile.idle) <= now;
                let gap = self.profile.gap;
                late(self.pts.due(gap))
                    || late(self.qts.due(gap))
                    || late(self.packets_due())
                    || idle
                    || self.again
            }
        };
        if due {
            self.heard_at = now;
            if self.fetch == Fetch::No { self.ask_within_budget(now) } else { self.ask() }
        }
        self.channels.on_time(now);
        self.start_channels();
    }
}
