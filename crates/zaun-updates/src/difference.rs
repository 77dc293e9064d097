//! What differences bring (M-380 … M-399).

use std::sync::Arc;

use zaun_schema::api::{enums, types};

use crate::handler::{Event, Fetch, Peers};
use crate::place::{Place, place};
use crate::{ChannelFailure, Monotonic, UpdateHandler, short};

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
                if moved { self.ask() } else { self.fetch_failed(now) }
            }
            Difference::DifferenceTooLong(gap) => {
                self.events.push_back(Event::TooLong);
                self.pts.reset(now, gap.pts, &mut Vec::new());
                self.ask();
            }
        }
        self.start_channels();
    }

    /// A state or a difference could not be fetched; it is tried again later and later.
    pub fn fetch_failed(&mut self, now: Monotonic) {
        self.failures += 1;
        self.fetch = Fetch::At(now.saturating_add(self.profile.delay(self.failures)));
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
                self.channels.fetched(now, channel_id, empty.pts, !empty.r#final && moved, &mut out);
            }
            ChannelDifference::ChannelDifference(all) => {
                // One that does not move would be asked for without end.
                let moved = self.channels.pts(channel_id) != Some(all.pts);
                let peers = Arc::new(Peers { users: all.users, chats: all.chats });
                let messages = all.new_messages.into_iter();
                let new = messages.map(|message| short::new_channel_message(message, all.pts, 0));
                for update in new.chain(all.other_updates) {
                    self.fetched_update(now, update, &peers, Some(channel_id));
                }
                self.channels.fetched(now, channel_id, all.pts, !all.r#final && moved, &mut out);
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
                self.channels.fetched(now, channel_id, pts, !gap.r#final && known != Some(pts), &mut out);
            }
        }
        self.emit(out);
        self.start_channels();
    }

    /// The difference of a channel could not be fetched.
    pub fn channel_failed(&mut self, now: Monotonic, channel_id: i64, why: ChannelFailure) {
        self.channels.failed(now, channel_id, why, &self.profile);
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
