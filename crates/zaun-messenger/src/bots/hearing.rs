//! Privacy mode: of which messages in groups a bot is told (B-032 … B-038).

use std::collections::BTreeSet;
use std::sync::Arc;

use zaun_model::{MsgId, Peer, UserId};
use zaun_store::Tx;
use zaun_store::repo::bots::flag;
use zaun_store::repo::{channels, chats, users};

use super::queue::{Shown, show};
use crate::messages::content::Body;
use crate::updates::Events;
use crate::views::Message;
use crate::{Error, Messenger, errors};

/// What decides whether a bot is told of a message in a group.
pub(super) struct Ears {
    bot: UserId,
    username: String,
    /// The conversations in which it hears everything.
    all: BTreeSet<Peer>,
}

impl Ears {
    pub(super) fn of(tx: &Tx<'_>, bot: UserId, peers: BTreeSet<Peer>) -> Result<Ears, Error> {
        let user = users::find(tx, bot)?.ok_or_else(|| Error::bad(errors::BOT_INVALID))?;
        let open = user.bot_flags & flag::CHAT_HISTORY != 0;
        let mut all = BTreeSet::new();
        for peer in peers {
            let hears_all = open
                || match peer {
                    Peer::User(_) => true,
                    Peer::Chat(id) => chats::member(tx, id, bot)?.is_some_and(|member| member.admin),
                    Peer::Channel(id) => {
                        let broadcast = channels::find(tx, id)?.is_some_and(|channel| channel.broadcast);
                        let admin = channels::member(tx, id, bot)?.is_some_and(|member| {
                            member.creator || member.admin != zaun_model::rights::AdminRights::NONE
                        });
                        broadcast || admin
                    }
                };
            if hears_all {
                all.insert(peer);
            }
        }
        Ok(Ears { bot, username: user.username.unwrap_or_default().to_ascii_lowercase(), all })
    }

    /// Says whether the bot is told of a message of somebody else (B-032 … B-038). Bare commands reach every bot with privacy mode, as if none had written yet (B-035).
    pub(super) fn hear(&self, shown: &Shown) -> bool {
        let message = &shown.message;
        if self.all.contains(&message.row.peer) {
            return true;
        }
        let Body::Written(content) = &message.body else { return true };
        let answers_bot = shown.reply.as_ref().is_some_and(|reply| reply.writer == Peer::User(self.bot));
        let first = content.text.split_whitespace().next().unwrap_or_default();
        let command = first.strip_prefix('/').is_some_and(|command| match command.split_once('@') {
            Some((_, name)) => name.eq_ignore_ascii_case(&self.username),
            None => !command.is_empty(),
        });
        answers_bot || command || content.message.via_bot_id == Some(self.bot.0)
    }
}

/// The numbers of those messages of which a bot is told; what it wrote itself is among them.
fn heard(tx: &Tx<'_>, bot: UserId, list: Vec<Message>) -> Result<BTreeSet<(Peer, MsgId)>, Error> {
    let ears = Ears::of(tx, bot, list.iter().map(|message| message.row.peer).collect())?;
    let (shown, _) = show(tx, bot, list)?;
    let told = shown.iter().filter(|shown| shown.message.writer == Peer::User(bot) || ears.hear(shown));
    Ok(told.map(|shown| (shown.message.row.peer, shown.message.id())).collect())
}

impl Messenger {
    /// Leaves of events what a bot is told.
    pub async fn keep_heard(&self, bot: UserId, mut events: Events) -> Result<Events, Error> {
        let edited = events.edited.iter().map(|(message, _)| message);
        let list: Vec<Message> = events.new_messages.iter().chain(edited).cloned().collect();
        let told = self.read(bot, move |tx| heard(tx, bot, list.clone())).await?;
        let is_told = |message: &Message| told.contains(&(message.row.peer, message.id()));
        events.new_messages.retain(is_told);
        events.edited.retain(|(message, _)| is_told(message));
        Ok(events)
    }

    /// Returns those bots that are told of a message.
    pub async fn hearers(&self, bots: Vec<UserId>, message: Arc<Message>) -> Result<Vec<UserId>, Error> {
        self.read(crate::NOBODY, move |tx| {
            let mut told = Vec::new();
            for bot in &bots {
                if !heard(tx, *bot, vec![(*message).clone()])?.is_empty() {
                    told.push(*bot);
                }
            }
            Ok(told)
        })
        .await
    }
}
