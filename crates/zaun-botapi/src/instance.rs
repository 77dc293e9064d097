//! What is kept in memory of a bot that speaks HTTP, and how it gets its updates (B-204 … B-213).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::Instant;
use zaun_messenger::Messenger;
use zaun_messenger::access::Signer;
use zaun_messenger::bots::queue::{BotEvent, HttpChange, NewUpdate};
use zaun_messenger::views::Scene;
use zaun_model::UserId;
use zaun_schema::api::enums::Update;

use crate::error::ApiError;
use crate::limits::{POLL_S, UPDATES, UPDATES_BYTES};
use crate::methods::queries;
use crate::request::Params;
use crate::to_json::Eyes;
use crate::webhook::Webhook;

/// Kinds that a bot gets only if it asks for them (B-232).
const UNUSUAL: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

/// Every kind of update (B-231).
const KINDS: [&str; 27] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "stopped_message_generation",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
    "subscription",
];

/// A bot that speaks HTTP.
pub struct Instance {
    /// The bot.
    pub(crate) bot: UserId,
    pub(crate) messenger: Arc<Messenger>,
    /// Rings when something may have happened in a box that the bot sees.
    wake: Notify,
    /// Rises with every addition to the queue.
    fresh: watch::Sender<u64>,
    /// Ends whoever polls, with the refusal.
    poller: Mutex<Option<oneshot::Sender<ApiError>>>,
    /// What happened that is in no log, in order, until the logs are read.
    pending: Mutex<Vec<(Update, Arc<Scene>)>>,
    /// Held while the logs are read.
    gathering: tokio::sync::Mutex<()>,
    allowed: Mutex<Option<Vec<String>>>,
    /// Where updates are posted to.
    pub(crate) webhook: Mutex<Option<Webhook>>,
    /// Rings when that changes.
    pub(crate) webhook_changed: Notify,
}

impl Instance {
    /// Reads what is kept of a bot.
    pub(crate) async fn open(messenger: Arc<Messenger>, bot: UserId) -> Result<Instance, ApiError> {
        // B-213.
        let first = i64::from(rand::random::<u32>() >> 3);
        let kept = messenger.open_bot_queue(bot, first).await?;
        let allowed = kept.allowed.and_then(|list| serde_json::from_str(&list).ok());
        let webhook = kept.webhook.and_then(|webhook| Webhook::read(&webhook));
        Ok(Instance {
            bot,
            messenger,
            wake: Notify::new(),
            fresh: watch::channel(0).0,
            poller: Mutex::new(None),
            pending: Mutex::new(Vec::new()),
            gathering: tokio::sync::Mutex::new(()),
            allowed: Mutex::new(allowed),
            webhook: Mutex::new(webhook),
            webhook_changed: Notify::new(),
        })
    }

    /// Something may have happened.
    pub(crate) fn ring(&self) {
        self.wake.notify_one();
    }

    /// Something happened that is in no log.
    pub(crate) fn note(&self, update: Update, scene: Arc<Scene>) {
        self.pending.lock().push((update, scene));
        self.ring();
    }

    /// Gathers updates whenever something may have happened, for ever.
    pub(crate) async fn gather_for_ever(self: Arc<Self>) {
        loop {
            if let Err(error) = self.gather().await {
                tracing::error!(%error, bot = self.bot.0, "updates of a bot could not be gathered");
            }
            self.wake.notified().await;
        }
    }

    /// Reads on in the logs of what the bot sees.
    pub(crate) async fn gather(&self) -> Result<(), ApiError> {
        let _guard = self.gathering.lock().await;
        // B-234: what became of a member is told before the message about it.
        let pending = std::mem::take(&mut *self.pending.lock());
        for (update, scene) in pending {
            queries::push_noted(self, &update, &scene).await;
        }
        loop {
            let signer = self.messenger.access.clone();
            let (bot, allowed) = (self.bot, self.allowed.lock().clone());
            let now = self.messenger.now();
            let added = Arc::new(AtomicBool::new(false));
            let adds = added.clone();
            let convert = move |events: &[BotEvent], scene: &Scene| {
                let new = convert(&signer, bot, allowed.as_deref(), now, events, scene);
                adds.fetch_or(!new.is_empty(), Ordering::Relaxed);
                new
            };
            let more = self.messenger.gather_updates(self.bot, convert).await?;
            // Whoever waits for additions gathers first: news of none would wake it for ever.
            if added.load(Ordering::Relaxed) {
                self.fresh.send_modify(|number| *number += 1);
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Adds an update that is in no log.
    pub(crate) async fn push(&self, kind: &str, object: Value, life_s: i64) {
        if !is_wanted(self.allowed.lock().as_deref(), kind) {
            return;
        }
        let body = json!({ kind: object }).to_string();
        let update = NewUpdate { expires_at: self.messenger.now() + life_s, body };
        if let Err(error) = self.messenger.push_update(self.bot, update).await {
            tracing::error!(%error, bot = self.bot.0, "an update of a bot could not be kept");
        }
        self.fresh.send_modify(|number| *number += 1);
    }

    /// Rises with every addition to the queue.
    pub(crate) fn fresh(&self) -> watch::Receiver<u64> {
        self.fresh.subscribe()
    }

    /// Keeps which kinds are wanted, if a call says so (B-211).
    pub(crate) async fn set_allowed(&self, params: &Params) -> Result<(), ApiError> {
        let Some(text) = params.get("allowed_updates") else { return Ok(()) };
        let Ok(list) = serde_json::from_str::<Vec<String>>(text) else { return Ok(()) };
        let mut list: Vec<String> = list.into_iter().filter(|kind| KINDS.contains(&kind.as_str())).collect();
        list.sort_unstable();
        list.dedup();
        let list = Some(list).filter(|list| !list.is_empty());
        if *self.allowed.lock() == list {
            return Ok(());
        }
        let text = list.as_ref().map(|list| json!(list).to_string());
        self.messenger.set_bot_queue(self.bot, HttpChange::Allowed(text), false).await?;
        *self.allowed.lock() = list;
        Ok(())
    }

    /// Which kinds are wanted, if not the usual ones.
    pub(crate) fn allowed(&self) -> Option<Vec<String>> {
        self.allowed.lock().clone()
    }

    /// Ends whoever polls.
    pub(crate) fn end_poller(&self, why: ApiError) {
        if let Some(poller) = self.poller.lock().take() {
            // It may have got its answer meanwhile.
            let _ = poller.send(why);
        }
    }

    /// Ends whoever polls, as if nothing had come in time.
    pub(crate) fn let_poller_go(&self) {
        self.poller.lock().take();
    }

    /// getUpdates (B-204 … B-210). The answer is text already, because the queue holds text.
    pub(crate) async fn poll(&self, params: &Params) -> Result<String, ApiError> {
        if self.webhook.lock().is_some() {
            return Err(ApiError::new(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the \
                 webhook first",
            ));
        }
        self.set_allowed(params).await?;
        let offset = params.number("offset").unwrap_or(0);
        let limit = params.number("limit").filter(|limit| *limit > 0).unwrap_or(UPDATES).min(UPDATES);
        let timeout = params.number("timeout").unwrap_or(0).clamp(0, POLL_S);
        let (sender, mut ended) = oneshot::channel();
        self.end_poller(ApiError::new(
            409,
            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        ));
        *self.poller.lock() = Some(sender);
        let mut fresh = self.fresh();
        self.gather().await?;
        let end = Instant::now() + Duration::from_secs(u64::try_from(timeout).unwrap_or(0));
        // What an offset below 0 forgets is forgotten once.
        let mut offset = offset;
        loop {
            fresh.mark_unchanged();
            let waiting = self.messenger.take_updates(self.bot, offset, limit).await?;
            if !waiting.is_empty() || timeout == 0 {
                return Ok(listed(waiting.iter().map(|row| numbered(row.update_id, &row.body))));
            }
            offset = offset.max(0);
            tokio::select! {
                refusal = &mut ended => return refusal.map_or_else(|_| Ok("[]".to_owned()), Err),
                changed = fresh.changed() => changed.map_err(|_| restart())?,
                () = tokio::time::sleep_until(end) => return Ok("[]".to_owned()),
            }
        }
    }
}

fn restart() -> ApiError {
    ApiError::new(500, "Internal Server Error: restart")
}

/// Puts the number into an update's object.
pub(crate) fn numbered(update_id: i64, body: &str) -> String {
    format!("{{\"update_id\":{update_id},{}", body.strip_prefix('{').unwrap_or("}"))
}

/// An array of as many objects as fit into an answer; at least one.
fn listed(updates: impl Iterator<Item = String>) -> String {
    let mut out = String::from("[");
    for update in updates {
        if out.len() > 1 {
            if out.len() + update.len() > UPDATES_BYTES {
                break;
            }
            out.push(',');
        }
        out.push_str(&update);
    }
    out.push(']');
    out
}

fn is_wanted(allowed: Option<&[String]>, kind: &str) -> bool {
    match allowed {
        Some(list) => list.iter().any(|one| one == kind),
        None => !UNUSUAL.contains(&kind),
    }
}

fn convert(
    signer: &Signer,
    bot: UserId,
    allowed: Option<&[String]>,
    now: zaun_model::UnixTime,
    events: &[BotEvent],
    scene: &Scene,
) -> Vec<NewUpdate> {
    let eyes = Eyes { signer, bot, scene };
    let mut out = Vec::new();
    for event in events {
        let Some((kind, object)) = eyes.event(event).filter(|(kind, _)| is_wanted(allowed, kind)) else {
            continue;
        };
        let expires_at = now + zaun_messenger::limits::BOT_UPDATE_LIFE_S;
        out.push(NewUpdate { expires_at, body: json!({ kind: object }).to_string() });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_numbered_and_listed() {
        let list = listed([numbered(5, r#"{"message":{}}"#), numbered(6, r#"{"poll":{}}"#)].into_iter());
        assert_eq!(list, r#"[{"update_id":5,"message":{}},{"update_id":6,"poll":{}}]"#);
        assert_eq!(listed(std::iter::empty()), "[]");
    }

    #[test]
    fn b232_some_kinds_have_to_be_asked_for() {
        assert!(is_wanted(None, "message") && !is_wanted(None, "chat_member"));
        let only = ["poll".to_owned()];
        assert!(is_wanted(Some(&only), "poll") && !is_wanted(Some(&only), "message"));
    }
}
