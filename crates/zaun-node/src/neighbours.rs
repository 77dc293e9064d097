//! What this node tells the others, and what it does with their news.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use zaun_api::{Api, Deliverer};
use zaun_botapi::BotApi;
use zaun_bus::{Bus, Heard, LocalListener, LocalMember, News};
use zaun_messenger::bots::BOT_FATHER;
use zaun_messenger::views::Message;
use zaun_messenger::{Audience, Delivery, Error, Event, Messenger, Missed, Outlet, Seat};
use zaun_model::{BoxId, ChannelId, Pts, UnixTime, UserId};

/// Boxes whose pts this node remembers. What it forgets costs a read of the log from the next news on.
const MAX_REMEMBERED: usize = 100_000;

/// How far this node has told its sessions of each box.
#[derive(Default)]
struct Told(Mutex<HashMap<BoxId, Pts>>);

impl Told {
    fn of(&self, box_id: BoxId) -> Option<Pts> {
        self.0.lock().get(&box_id).copied()
    }

    fn set(&self, box_id: BoxId, pts: Pts) {
        let mut told = self.0.lock();
        if told.len() >= MAX_REMEMBERED {
            told.clear();
        }
        let known = told.entry(box_id).or_insert(pts);
        *known = (*known).max(pts);
    }

    /// Notes an event of this node's own; after a gap the other node's news have to come first.
    fn follow(&self, box_id: BoxId, pts: Pts, pts_count: i32) {
        if self.of(box_id).is_none_or(|known| known.0 >= pts.0 - pts_count) {
            self.set(box_id, pts);
        }
    }
}

/// The messenger's outlet in a node: its own sessions are told, and the other nodes.
pub(crate) struct NodeOutlet {
    deliverer: Arc<Deliverer>,
    bus: LocalMember,
    told: Told,
    /// They hold the messenger, which holds this.
    bots: OnceLock<Weak<BotApi>>,
    /// What is written to BotFather.
    father: mpsc::Sender<Arc<Message>>,
    /// Rises with every delivery.
    changes: watch::Sender<u64>,
}

impl NodeOutlet {
    pub(crate) fn new(
        deliverer: Arc<Deliverer>,
        bus: LocalMember,
        father: mpsc::Sender<Arc<Message>>,
    ) -> NodeOutlet {
        NodeOutlet {
            deliverer,
            bus,
            told: Told::default(),
            bots: OnceLock::new(),
            father,
            changes: watch::Sender::new(0),
        }
    }

    /// Forgets how far anybody was told of anything.
    pub(crate) fn forget(&self) {
        self.told.0.lock().clear();
    }

    /// A number that rises with every delivery.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Lets bots that speak HTTP hear of everything from now on.
    pub(crate) fn add_bots(&self, bots: &Arc<BotApi>) {
        // A second one would be the same.
        let _ = self.bots.set(Arc::downgrade(bots));
    }

    /// Notes what a user is to a channel, for sessions and for bots.
    fn take_seat(&self, user: UserId, channel: ChannelId, seat: Option<Seat>) {
        self.deliverer.membership(user, channel, seat);
        if let Some(bots) = self.bots.get().and_then(Weak::upgrade) {
            bots.take_seat(user, channel, seat.is_some());
        }
    }

    fn tell_others(&self, delivery: &Delivery) {
        let box_id = match delivery.audience {
            Audience::User(user) => BoxId::User(user),
            Audience::Channel(channel) => BoxId::Channel(channel),
        };
        let (pts, pts_count) = match &delivery.event {
            Event::Message(message) => (message.row.pts, 1),
            Event::Edited { pts, .. } => (*pts, 1),
            Event::Logged { pts, pts_count, .. } => (*pts, *pts_count),
            Event::Transient(update) => {
                if let Ok(update) = zaun_tl::to_bytes(update, zaun_schema::LAYER) {
                    self.bus.publish(News::Passing { audience: box_id, update: update.into() });
                }
                return;
            }
        };
        self.told.follow(box_id, pts, pts_count);
        self.bus.publish(News::Changed { box_id, pts, pts_count });
    }
}

impl Outlet for NodeOutlet {
    fn deliver(&self, delivery: Delivery) {
        if self.bus.has_others() {
            self.tell_others(&delivery);
        }
        if let Some(bots) = self.bots.get().and_then(Weak::upgrade) {
            bots.hear(&delivery);
        }
        if let (Audience::User(BOT_FATHER), Event::Message(message)) = (delivery.audience, &delivery.event) {
            // Whoever floods it is not answered.
            let _ = self.father.try_send(message.clone());
        }
        self.deliverer.deliver(delivery);
        // A server of the real world has nobody who waits, and pays for none.
        if self.changes.receiver_count() > 0 {
            self.changes.send_modify(|number| *number += 1);
        }
    }

    fn membership(&self, user: UserId, channel: ChannelId, seat: Option<Seat>) {
        self.take_seat(user, channel, seat);
        let (member, special) = (seat.is_some(), seat == Some(Seat::Special));
        self.bus.publish(News::Seat { user, channel, member, special });
    }

    fn key_ended(&self, key_id: i64, revoked: bool) {
        self.deliverer.key_ended(key_id, revoked);
        self.bus.publish(News::KeyEnded { key_id, revoked });
    }

    fn online(&self, user: UserId, until: Option<UnixTime>) {
        self.bus.publish(News::Online { user, until });
    }
}

/// Follows the news of other nodes, for ever.
pub(crate) async fn listen(
    mut listener: LocalListener,
    outlet: Arc<NodeOutlet>,
    messenger: Arc<Messenger>,
    api: Arc<Api>,
) {
    loop {
        match listener.next().await {
            Heard::News(news) => {
                if let Err(error) = take(&outlet, &messenger, &api, news).await {
                    tracing::error!(%error, "news of another node could not be followed");
                    api.tell_everybody_too_long();
                }
            }
            Heard::Missed => {
                tracing::warn!(
                    "news of other nodes were lost; all sessions are told to fetch the difference"
                );
                api.tell_everybody_too_long();
            }
            Heard::Closed => return,
        }
    }
}

async fn take(outlet: &NodeOutlet, messenger: &Messenger, api: &Api, news: News) -> Result<(), Error> {
    match news {
        News::Changed { box_id, pts, pts_count } => {
            if !api.listens_to(box_id.into()) {
                return Ok(());
            }
            let after = outlet.told.of(box_id).unwrap_or(Pts(pts.0 - pts_count));
            if pts > after {
                catch_up(outlet, messenger, api, box_id, after).await?;
            }
        }
        News::Passing { audience, update } => pass_on(outlet, messenger, api, audience, update).await?,
        News::Seat { user, channel, member, special } => {
            let seat = if special { Seat::Special } else { Seat::Ordinary };
            outlet.take_seat(user, channel, member.then_some(seat));
        }
        News::KeyEnded { key_id, revoked } => outlet.deliverer.key_ended(key_id, revoked),
        News::Online { user, until } => messenger.presence.put(user, until),
    }
    Ok(())
}

/// Tells the sessions here of everything that happened in a box after a pts.
async fn catch_up(
    outlet: &NodeOutlet,
    messenger: &Messenger,
    api: &Api,
    box_id: BoxId,
    mut after: Pts,
) -> Result<(), Error> {
    loop {
        match messenger.missed(box_id, after).await? {
            Missed::Deliveries { deliveries, pts, more } => {
                deliveries.into_iter().for_each(|delivery| outlet.deliverer.deliver(delivery));
                outlet.told.set(box_id, pts);
                if !more || pts <= after {
                    return Ok(());
                }
                after = pts;
            }
            Missed::TooMuch(pts) => {
                outlet.told.set(box_id, pts);
                api.tell_too_long(box_id.into());
                return Ok(());
            }
        }
    }
}

async fn pass_on(
    outlet: &NodeOutlet,
    messenger: &Messenger,
    api: &Api,
    audience: BoxId,
    update: Bytes,
) -> Result<(), Error> {
    if api.listens_to(audience.into()) {
        // Nodes of one server may be of different ages: what cannot be read was no more than passing.
        if let Ok(update) = zaun_tl::from_bytes(update) {
            outlet.deliverer.deliver(messenger.passing(audience.into(), update).await?);
        }
    }
    Ok(())
}
