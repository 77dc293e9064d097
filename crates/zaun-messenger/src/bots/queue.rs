//! Updates for bots that speak HTTP. They are read from the logs of the boxes that a bot sees, as another node would
//! read them, and kept until the bot confirms them: cursor and queue move in one transaction, so that nothing is lost
//! or told twice, whenever the server is ended.

use std::collections::{BTreeMap, BTreeSet};

use zaun_model::{BoxId, MsgId, Peer, Pts, UnixTime, UserId};
use zaun_schema::visit::Mentioned;
use zaun_store::Tx;
use zaun_store::repo::bot_updates::{self, HttpRow, WaitingRow};
use zaun_store::repo::bots;
use zaun_store::repo::{boxes, messages, users};

use super::hearing::Ears;
use crate::limits::{BOT_QUEUE, BOT_UPDATE_LIFE_S, DIFFERENCE_EVENTS};
use crate::peers::{PeerRef, mention};
use crate::views::{self, Message, Scene};
use crate::{Actor, Error, Messenger, rights, updates};

/// A message with the one that it answers, as a bot is shown it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The message.
    pub message: Message,
    /// The message that it answers or pins, if that is still there.
    pub reply: Option<Message>,
}

/// Something that happened in a box, for a bot.
#[derive(Debug, Clone, PartialEq)]
pub struct BotEvent {
    /// The message.
    pub shown: Shown,
    /// Whether it changed, instead of being new.
    pub edited: bool,
}

/// An update that is to wait for a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUpdate {
    /// Until when it waits (B-212).
    pub expires_at: UnixTime,
    /// A JSON object without a number.
    pub body: String,
}

/// Loads what messages answer, and everybody that both mention.
pub(super) fn show(tx: &Tx<'_>, viewer: UserId, list: Vec<Message>) -> Result<(Vec<Shown>, Scene), Error> {
    let mut wanted: BTreeMap<(BoxId, Peer), BTreeSet<MsgId>> = BTreeMap::new();
    for message in &list {
        if let Some(id) = message.row.reply_to_id {
            wanted.entry((message.row.box_id, message.row.peer)).or_default().insert(id);
        }
    }
    let mut replies = BTreeMap::new();
    for ((box_id, peer), ids) in wanted {
        let ids: Vec<MsgId> = ids.into_iter().collect();
        for found in views::messages(tx, messages::find_many(tx, box_id, peer, &ids)?)? {
            replies.insert((box_id, peer, found.id()), found);
        }
    }
    let mut mentioned = Mentioned::default();
    mention(&mut mentioned, Peer::User(viewer));
    list.iter().chain(replies.values()).for_each(|message| message.mentions(&mut mentioned));
    let shown = list.into_iter().map(|message| {
        let row = &message.row;
        let reply = row.reply_to_id.and_then(|id| replies.get(&(row.box_id, row.peer, id)).cloned());
        Shown { message, reply }
    });
    Ok((shown.collect(), Scene::for_viewer(tx, viewer, &mentioned)?))
}

/// Adds updates to a bot's queue; the oldest go when it is full.
fn push(tx: &Tx<'_>, bot: UserId, new: Vec<NewUpdate>) -> Result<(), Error> {
    if new.is_empty() {
        return Ok(());
    }
    let mut http = bot_updates::find(tx, bot)?.unwrap_or_default();
    for NewUpdate { expires_at, body } in new {
        http.update_id += 1;
        bot_updates::insert(tx, bot, &WaitingRow { update_id: http.update_id, expires_at, body })?;
    }
    bot_updates::put(tx, bot, &http)?;
    bot_updates::confirm(tx, bot, http.update_id - BOT_QUEUE + 1)?;
    Ok(())
}

impl Messenger {
    /// Returns what is kept of a bot's HTTP side; from its first call on updates wait for it.
    pub async fn open_bot_queue(&self, bot: UserId, first: i64) -> Result<HttpRow, Error> {
        if let Some(row) = self.read(bot, move |tx| Ok(bot_updates::find(tx, bot)?)).await? {
            return Ok(row);
        }
        self.write(bot, move |tx| {
            let row = match bot_updates::find(tx, bot)? {
                Some(row) => row,
                None => HttpRow { update_id: first, ..HttpRow::default() },
            };
            bot_updates::put(tx, bot, &row)?;
            Ok(row)
        })
        .await
    }

    /// Changes what is kept of a bot's HTTP side; with `forget` the updates that wait go.
    pub async fn set_bot_queue(&self, bot: UserId, change: HttpChange, forget: bool) -> Result<(), Error> {
        self.write(bot, move |tx| {
            let mut row = bot_updates::find(tx, bot)?.unwrap_or_default();
            match &change {
                HttpChange::Allowed(allowed) => row.allowed.clone_from(allowed),
                HttpChange::Webhook(webhook) => row.webhook.clone_from(webhook),
                HttpChange::Nothing => {}
            }
            bot_updates::put(tx, bot, &row)?;
            if forget {
                bot_updates::confirm(tx, bot, i64::MAX)?;
            }
            Ok(())
        })
        .await
    }

    /// The bots for which updates are gathered.
    pub async fn bots_over_http(&self) -> Result<Vec<UserId>, Error> {
        self.read(crate::NOBODY, |tx| Ok(bot_updates::all(tx)?)).await
    }

    /// Reads on in the logs of the boxes that a bot sees and keeps what `convert` makes of it. Returns whether there is
    /// more to read.
    pub async fn gather_updates(
        &self,
        bot: UserId,
        convert: impl Fn(&[BotEvent], &Scene) -> Vec<NewUpdate> + Send + 'static,
    ) -> Result<bool, Error> {
        let now = self.now();
        self.write(bot, move |tx| {
            let mut places = vec![(BoxId::User(bot), UnixTime(0))];
            for (peer, joined) in bots::channels(tx, bot)? {
                places.push((BoxId::of(bot, peer), joined));
            }
            let mut more = false;
            for (box_id, joined) in places {
                more |= gather_box(tx, bot, (box_id, joined), now, &convert)?;
            }
            Ok(more)
        })
        .await
    }

    /// Adds an update that is in no log to a bot's queue.
    pub async fn push_update(&self, bot: UserId, update: NewUpdate) -> Result<(), Error> {
        self.write(bot, move |tx| push(tx, bot, vec![update.clone()])).await
    }

    /// Forgets what an offset confirms and returns the oldest updates that are left (B-204 … B-206).
    pub async fn take_updates(&self, bot: UserId, offset: i64, limit: i64) -> Result<Vec<WaitingRow>, Error> {
        let now = self.now();
        if offset == 0 {
            return self.read(bot, move |tx| Ok(bot_updates::from(tx, bot, 0, now, limit)?)).await;
        }
        self.write(bot, move |tx| {
            let newest = bot_updates::find(tx, bot)?.unwrap_or_default().update_id;
            let below = match offset {
                // What lies outside of the queue means its start.
                1.. if offset > newest.saturating_add(1) => 0,
                1.. => offset,
                _ => bot_updates::newest(tx, bot, offset.saturating_neg())?.unwrap_or(0),
            };
            bot_updates::confirm(tx, bot, below)?;
            Ok(bot_updates::from(tx, bot, 0, now, limit)?)
        })
        .await
    }

    /// Forgets one update that was delivered.
    pub async fn drop_update(&self, bot: UserId, update_id: i64) -> Result<(), Error> {
        self.write(bot, move |tx| Ok(bot_updates::delete(tx, bot, update_id)?)).await
    }

    /// How many updates wait for a bot.
    pub async fn waiting_updates(&self, bot: UserId) -> Result<i64, Error> {
        let now = self.now();
        self.read(bot, move |tx| Ok(bot_updates::count(tx, bot, now)?)).await
    }

    /// Returns a message of a conversation as a bot is shown it.
    pub async fn shown_message(
        &self,
        bot: Actor,
        peer: PeerRef,
        id: MsgId,
    ) -> Result<(Option<Shown>, Scene), Error> {
        self.read(bot.user_id, move |tx| {
            let reading = rights::reading(tx, bot.user_id, peer)?;
            let row = messages::find(tx, reading.box_id, reading.peer, id)?;
            let found = views::messages(tx, row.into_iter().collect())?;
            let (shown, scene) = show(tx, bot.user_id, found)?;
            let mut scene = scene;
            if shown.is_empty() {
                scene = Scene::of_peers(tx, bot.user_id, [reading.peer, Peer::User(bot.user_id)])?;
            }
            Ok((shown.into_iter().next(), scene))
        })
        .await
    }

    /// Returns messages that were just sent, as a bot is shown them.
    pub async fn show_sent(&self, bot: UserId, sent: Vec<Message>) -> Result<(Vec<Shown>, Scene), Error> {
        self.read(bot, move |tx| show(tx, bot, sent.clone())).await
    }

    /// Returns the peer that holds a public name.
    pub async fn peer_by_name(&self, name: &str) -> Result<Option<Peer>, Error> {
        let folded = name.to_ascii_lowercase();
        self.read(crate::NOBODY, move |tx| Ok(users::by_username(tx, &folded)?)).await
    }
}

/// What changes of a bot's HTTP side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpChange {
    /// Which kinds are wanted.
    Allowed(Option<String>),
    /// Where updates are posted to.
    Webhook(Option<String>),
    /// Nothing.
    Nothing,
}

fn gather_box(
    tx: &Tx<'_>,
    bot: UserId,
    (box_id, joined): (BoxId, UnixTime),
    now: UnixTime,
    convert: &impl Fn(&[BotEvent], &Scene) -> Vec<NewUpdate>,
) -> Result<bool, Error> {
    let counters = boxes::find(tx, box_id)?;
    let known = bot_updates::cursor(tx, bot, box_id)?;
    let pts = known.unwrap_or(Pts(1)).max(counters.floor_pts);
    if pts >= counters.pts {
        if known.is_none() {
            bot_updates::set_cursor(tx, bot, box_id, counters.pts)?;
        }
        return Ok(false);
    }
    let events = updates::collect(tx, bot, &counters, pts, DIFFERENCE_EVENTS)?;
    let mut all: Vec<(Pts, bool, Message)> =
        events.new_messages.into_iter().map(|message| (message.row.pts, false, message)).collect();
    all.extend(events.edited.into_iter().map(|(message, pts)| (pts, true, message)));
    // B-041: what is a day old, or older than the bot's membership.
    let oldest = (now - BOT_UPDATE_LIFE_S).max(joined);
    all.retain(|(_, edited, message)| {
        let date = if *edited { message.edit_date.unwrap_or(message.row.date) } else { message.row.date };
        date >= oldest
    });
    all.sort_by_key(|(pts, ..)| *pts);
    let peers = all.iter().map(|(.., message)| message.row.peer).collect();
    let ears = Ears::of(tx, bot, peers)?;
    let edited: Vec<bool> = all.iter().map(|(_, edited, _)| *edited).collect();
    let (shown, scene) = show(tx, bot, all.into_iter().map(|(.., message)| message).collect())?;
    let heard: Vec<BotEvent> = shown
        .into_iter()
        .zip(edited)
        .map(|(shown, edited)| BotEvent { shown, edited })
        .filter(|event| event.shown.message.writer != Peer::User(bot) && ears.hear(&event.shown))
        .collect();
    push(tx, bot, convert(&heard, &scene))?;
    bot_updates::set_cursor(tx, bot, box_id, events.pts)?;
    Ok(events.more)
}
