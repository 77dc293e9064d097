//! What differences bring (M-380 … M-399).

use std::sync::Arc;

use zaun_schema::api::{enums, types};

use crate::channels::More;
use crate::handler::{Event, Fetch, Peers};
use crate::place::{Place, place};
use crate::{ChannelFailure, MAX_UNREADABLE, Monotonic, UpdateHandler, short};

impl UpdateHandler {
    /// The answer to [`Event::GetState`].
    pub fn state_known(&mut self, now: Monotonic, state: &types::updates::State) {
        self.known = true;
        self.reset(now, state);
        self.fetched(now);
    }

    /// The answer to [`Event::GetDifference`].
    pub fn difference(&mut self, now: Monotonic, difference: enums::updates::Difference) {
        use enums::updates::Difference;
        if self.fetch != Fetch::UnderWay {
            return;
        }
        self.unreadable = 0;
        match difference {
            Difference::DifferenceEmpty(empty) => {
                (self.date, self.seq) = (empty.date, empty.seq);
                let (pts, qts) = (self.pts.at(), self.qts.at());
                self.reset_lines(now, pts, qts);
                self.fetched(now);
            }
            Difference::Difference(all) => {
                let peers = Arc::new(Peers { users: all.users, chats: all.chats });
                self.contents(
                    now,
                    all.new_messages,
                    all.new_encrypted_messages,
                    all.other_updates,
                    &peers,
                    &all.state,
                );
                self.reset(now, &all.state);
                self.fetched(now);
            }
            Difference::DifferenceSlice(part) => {
                let state = part.intermediate_state;
                // One that does not move would be asked for without end (M-382).
                let moved = (state.pts, state.qts, state.date) != (self.pts.at(), self.qts.at(), self.date);
                let brought = !(part.new_messages.is_empty()
                    && part.new_encrypted_messages.is_empty()
                    && part.other_updates.is_empty());
                let peers = Arc::new(Peers { users: part.users, chats: part.chats });
                self.contents(
                    now,
                    part.new_messages,
                    part.new_encrypted_messages,
                    part.other_updates,
                    &peers,
                    &state,
                );
                self.move_to(&state);
                match (moved, brought) {
                    (true, true) => self.ask(),
                    // Numbers that go back and forth, or rise for nothing, would be followed without end.
                    (true, false) => self.ask_within_budget(now),
                    (false, _) => self.fetch_failed(now),
                }
            }
            Difference::DifferenceTooLong(gap) => {
                self.events.push_back(Event::TooLong);
                let moved = gap.pts != self.pts.at();
                self.pts.reset(now, gap.pts, &mut Vec::new());
                if moved { self.ask_within_budget(now) } else { self.fetch_failed(now) }
            }
        }
        self.start_channels();
    }

    /// A state or a difference could not be fetched; it is tried again later and later.
    pub fn fetch_failed(&mut self, now: Monotonic) {
        self.failures += 1;
        self.fetch = Fetch::At(now.saturating_add(self.profile.delay(self.failures)));
    }

    /// A difference came that cannot be decoded: the server is newer. It is tried again later; after [`MAX_UNREADABLE`] in
    /// a row the account is followed from now on, and [`Event::TooLong`] says that something was missed.
    pub fn unreadable(&mut self, now: Monotonic) {
        self.unreadable += 1;
        if self.unreadable < MAX_UNREADABLE {
            return self.fetch_failed(now);
        }
        (self.unreadable, self.known) = (0, false);
        self.events.push_back(Event::TooLong);
        self.ask_within_budget(now);
    }

    /// The answer to [`Event::GetChannelDifference`].
    pub fn channel_difference(
        &mut self,
        now: Monotonic,
        channel_id: i64,
        difference: enums::updates::ChannelDifference,
    ) {
        use enums::updates::ChannelDifference;
        let mut out = Vec::new();
        match difference {
            ChannelDifference::ChannelDifferenceEmpty(empty) => {
                // One that does not move would be asked for without end.
                let moved = self.channels.pts(channel_id) != Some(empty.pts);
                let more = More::of(!empty.r#final && moved, false);
                self.channels.fetched(now, channel_id, empty.pts, more, &mut out);
            }
            ChannelDifference::ChannelDifference(all) => {
                // One that does not move would be asked for without end.
                let moved = self.channels.pts(channel_id) != Some(all.pts);
                let brought = !(all.new_messages.is_empty() && all.other_updates.is_empty());
                let peers = Arc::new(Peers { users: all.users, chats: all.chats });
                let messages = all.new_messages.into_iter();
                let new = messages.map(|message| short::new_channel_message(message, all.pts, 0));
                for update in new.chain(all.other_updates) {
                    self.fetched_update(now, update, &peers, Some(channel_id));
                }
                let more = More::of(!all.r#final && moved, brought);
                self.channels.fetched(now, channel_id, all.pts, more, &mut out);
            }
            ChannelDifference::ChannelDifferenceTooLong(gap) => {
                let pts = match &gap.dialog {
                    enums::Dialog::Dialog(dialog) => dialog.pts,
                    _ => None,
                };
                let known = self.channels.pts(channel_id);
                let pts = pts.or(known).unwrap_or(1);
                let peers = Arc::new(Peers { users: gap.users, chats: gap.chats });
                let (dialog, messages) = (Box::new(gap.dialog), gap.messages);
                self.events.push_back(Event::ChannelTooLong { channel_id, dialog, messages, peers });
                let more = More::of(!gap.r#final && known != Some(pts), false);
                self.channels.fetched(now, channel_id, pts, more, &mut out);
            }
        }
        self.emit(out);
        self.start_channels();
    }

    /// The difference of a channel could not be fetched.
    pub fn channel_failed(&mut self, now: Monotonic, channel_id: i64, why: ChannelFailure) {
        if self.channels.failed(now, channel_id, why, &self.profile) {
            self.events.push_back(Event::ChannelMissed { channel_id });
        }
        self.start_channels();
    }

    /// Messages and updates of a difference of the account.
    fn contents(
        &mut self,
        now: Monotonic,
        messages: Vec<enums::Message>,
        encrypted: Vec<enums::EncryptedMessage>,
        updates: Vec<enums::Update>,
        peers: &Arc<Peers>,
        state: &types::updates::State,
    ) {
        // They are placed behind their difference, and count nothing.
        let new = messages.into_iter().map(|message| short::new_message(message, state.pts, 0));
        let qts = state.qts;
        let secret =
            encrypted.into_iter().map(|message| types::UpdateNewEncryptedMessage { message, qts }.into());
        for update in new.chain(secret).chain(updates) {
            self.fetched_update(now, update, peers, None);
        }
    }

    /// An update of a difference: it is in its place already, unless it belongs to a box that was not fetched.
    fn fetched_update(
        &mut self,
        now: Monotonic,
        update: enums::Update,
        peers: &Arc<Peers>,
        channel: Option<i64>,
    ) {
        let elsewhere = match place(&update) {
            Place::Free => false,
            Place::Common { .. } | Place::Qts { .. } => channel.is_some(),
            Place::Channel { channel_id, .. } | Place::ChannelTooLong { channel_id, .. } => {
                channel != Some(channel_id)
            }
        };
        if elsewhere {
            self.update(now, update, peers);
        } else {
            self.events.push_back(Event::Update { update: Box::new(update), peers: Arc::clone(peers) });
        }
    }

    /// On the way through slices: what waits has to wait for the last one.
    fn move_to(&mut self, state: &types::updates::State) {
        self.pts.move_to(state.pts);
        self.qts.move_to(state.qts);
        (self.seq, self.date) = (state.seq, state.date);
    }

    fn reset(&mut self, now: Monotonic, state: &types::updates::State) {
        (self.seq, self.date) = (state.seq, state.date);
        self.reset_lines(now, state.pts, state.qts);
    }

    fn reset_lines(&mut self, now: Monotonic, pts: i32, qts: i32) {
        let mut out = Vec::new();
        self.pts.reset(now, pts, &mut out);
        self.qts.reset(now, qts, &mut out);
        self.emit(out);
    }
}
