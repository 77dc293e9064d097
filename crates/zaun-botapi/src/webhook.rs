//! Updates that are posted to a bot's own server (B-214 … B-230).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Uri};
use serde_json::{Value, json};
use tokio::time::timeout;
use zaun_messenger::bots::queue::HttpChange;

use crate::client::{Ask, Fetched};
use crate::error::ApiError;
use crate::instance::{Instance, numbered};
use crate::limits::{
    CERTIFICATE_BYTES, SECRET_TOKEN_LENGTH, UPDATES, WEBHOOK_ANSWER_BYTES, WEBHOOK_CONNECTIONS,
    WEBHOOK_CONNECTIONS_DEFAULT, WEBHOOK_RETRY_AFTER_S, WEBHOOK_SILENCE, WEBHOOK_URL_BYTES, WEBHOOK_WAIT_MAX,
};
use crate::request::{Params, read_whole};
use crate::to_json::Object;
use crate::{BotApi, methods};

const SECRET_HEADER: HeaderName = HeaderName::from_static("x-telegram-bot-api-secret-token");

/// Where the updates of a bot are posted to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Webhook {
    pub(crate) url: String,
    secret: Option<String>,
    certificate: Option<String>,
    address: Option<IpAddr>,
    connections: usize,
    last_error: Option<(i64, String)>,
}

impl Webhook {
    /// Reads what was kept.
    pub(crate) fn read(text: &str) -> Option<Webhook> {
        let kept: Value = serde_json::from_str(text).ok()?;
        let text = |name: &str| kept[name].as_str().map(str::to_owned);
        let date = kept["last_error_date"].as_i64();
        Some(Webhook {
            url: text("url")?,
            secret: text("secret"),
            certificate: text("certificate"),
            address: text("address").and_then(|ip| ip.parse().ok()),
            connections: kept["connections"]
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(1)
                .max(1),
            last_error: date.zip(text("last_error")),
        })
    }

    fn write(&self) -> String {
        let (date, error) = self.last_error.clone().unzip();
        json!({
            "url": self.url, "secret": self.secret, "certificate": self.certificate,
            "address": self.address.map(|ip| ip.to_string()), "connections": self.connections,
            "last_error_date": date, "last_error": error,
        })
        .to_string()
    }
}

/// setWebhook: the answer's result and its description.
pub(crate) async fn set(api: &BotApi, bot: &Instance, params: &Params) -> Result<&'static str, ApiError> {
    let Some(url) = params.get("url") else { return delete(bot, params).await };
    let bad = |text: String| ApiError::bad(format!("bad webhook: {text}"));
    let parsed: Uri = url.parse().map_err(|_| ApiError::bad("invalid webhook URL specified"))?;
    if url.len() > WEBHOOK_URL_BYTES || parsed.host().is_none() {
        return Err(ApiError::bad("invalid webhook URL specified"));
    }
    if !api.fetcher.open {
        if parsed.scheme_str() != Some("https") {
            return Err(bad("An HTTPS URL must be provided for webhook".into()));
        }
        if !matches!(parsed.port_u16().unwrap_or(443), 443 | 80 | 88 | 8443) {
            return Err(bad("Webhook can be set up only on ports 80, 88, 443 or 8443".into()));
        }
    }
    let secret = params.get("secret_token").map(str::to_owned);
    if let Some(secret) = &secret {
        if secret.len() > SECRET_TOKEN_LENGTH {
            return Err(ApiError::bad("secret token is too long"));
        }
        if !secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Err(ApiError::bad("secret token contains unallowed characters"));
        }
    }
    let certificate = params.files.get("certificate").map(|file| &file.bytes);
    if let Some(bytes) = certificate.filter(|bytes| bytes.len() > CERTIFICATE_BYTES) {
        return Err(ApiError::bad(format!("certificate size is too big ({} bytes)", bytes.len())));
    }
    let address = params.get("ip_address").and_then(|ip| ip.parse().ok());
    // In a sandbox a host that is not there is accepted, as a dead one is everywhere (B-220, B-295).
    match api.fetcher.resolve(&parsed, address).await {
        Err(text) if !api.fetcher.open => return Err(bad(text)),
        _ => {}
    }
    let connections =
        params.number("max_connections").filter(|n| *n > 0).unwrap_or(WEBHOOK_CONNECTIONS_DEFAULT);
    let webhook = Webhook {
        url: url.to_owned(),
        secret,
        certificate: certificate.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        address,
        connections: usize::try_from(connections.min(WEBHOOK_CONNECTIONS)).unwrap_or(1),
        last_error: None,
    };
    bot.set_allowed(params).await?;
    let same = bot
        .webhook
        .lock()
        .as_ref()
        .is_some_and(|before| Webhook { last_error: None, ..before.clone() } == webhook);
    keep(bot, Some(webhook), params.is_set("drop_pending_updates")).await?;
    bot.end_poller(ApiError::new(409, "Conflict: terminated by setWebhook request"));
    bot.ring();
    bot.webhook_changed.notify_one();
    Ok(if same { "Webhook is already set" } else { "Webhook was set" })
}

/// deleteWebhook.
pub(crate) async fn delete(bot: &Instance, params: &Params) -> Result<&'static str, ApiError> {
    let there = bot.webhook.lock().is_some();
    keep(bot, None, params.is_set("drop_pending_updates")).await?;
    bot.webhook_changed.notify_one();
    Ok(if there { "Webhook was deleted" } else { "Webhook is already deleted" })
}

async fn keep(bot: &Instance, webhook: Option<Webhook>, forget: bool) -> Result<(), ApiError> {
    let text = webhook.as_ref().map(Webhook::write);
    bot.messenger.set_bot_queue(bot.bot, HttpChange::Webhook(text), forget).await?;
    *bot.webhook.lock() = webhook;
    Ok(())
}

/// getWebhookInfo (B-228).
pub(crate) async fn info(bot: &Instance) -> Result<Value, ApiError> {
    bot.gather().await?;
    let waiting = bot.messenger.waiting_updates(bot.bot).await?;
    let webhook = bot.webhook.lock().clone();
    let mut out = Object::default();
    out.set("url", webhook.as_ref().map_or("", |webhook| &webhook.url));
    out.set("has_custom_certificate", webhook.as_ref().is_some_and(|webhook| webhook.certificate.is_some()));
    out.set("pending_update_count", waiting);
    if let Some(webhook) = webhook {
        out.some("ip_address", webhook.address.map(|ip| ip.to_string()));
        out.set("max_connections", webhook.connections);
        if let Some((date, message)) = webhook.last_error {
            out.set("last_error_date", date);
            out.set("last_error_message", message);
        }
    }
    out.some("allowed_updates", bot.allowed());
    Ok(out.done())
}

/// Posts updates for ever, whenever there is a webhook.
pub(crate) async fn deliver_for_ever(api: Arc<BotApi>, bot: Arc<Instance>) {
    let mut failures = 0;
    let mut fresh = bot.fresh();
    loop {
        fresh.mark_unchanged();
        let Some(webhook) = bot.webhook.lock().clone() else {
            failures = 0;
            bot.webhook_changed.notified().await;
            continue;
        };
        match deliver_some(&api, &bot, &webhook).await {
            Ok(Delivered::Nothing) => {
                failures = 0;
                tokio::select! {
                    _ = fresh.changed() => {}
                    () = bot.webhook_changed.notified() => {}
                }
            }
            Ok(Delivered::All) => failures = 0,
            Ok(Delivered::Failed(wait)) => {
                // B-225: the first retry at once, then 2, 4, 8 … seconds.
                let backoff = match failures {
                    0 => Duration::ZERO,
                    n => Duration::from_secs(1 << n.min(10)).min(WEBHOOK_WAIT_MAX),
                };
                failures += 1;
                tokio::select! {
                    () = tokio::time::sleep(backoff.max(wait)) => {}
                    () = bot.webhook_changed.notified() => {}
                }
            }
            Err(error) => {
                tracing::error!(%error, bot = bot.bot.0, "updates of a bot could not be read");
                tokio::time::sleep(WEBHOOK_WAIT_MAX).await;
            }
        }
    }
}

enum Delivered {
    Nothing,
    All,
    /// Something failed; the other side may have asked for a wait.
    Failed(Duration),
}

/// Posts the oldest updates: in order within a chat, side by side otherwise (B-224).
async fn deliver_some(api: &Arc<BotApi>, bot: &Instance, webhook: &Webhook) -> Result<Delivered, ApiError> {
    bot.gather().await?;
    let waiting = bot.messenger.take_updates(bot.bot, 0, UPDATES).await?;
    if waiting.is_empty() {
        return Ok(Delivered::Nothing);
    }
    let mut lanes: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    for row in waiting {
        lanes.entry(lane_of(&row.body)).or_default().push((row.update_id, row.body));
    }
    let post_lane = |lane: Vec<(i64, String)>| async move {
        for (number, body) in lane {
            post(api, bot, webhook, numbered(number, &body)).await?;
            if let Err(error) = bot.messenger.drop_update(bot.bot, number).await {
                tracing::error!(%error, "a delivered update could not be forgotten");
                return Err(WEBHOOK_WAIT_MAX);
            }
        }
        Ok(())
    };
    let lanes = futures_util::stream::iter(lanes.into_values().map(post_lane));
    let outcomes: Vec<Result<(), Duration>> = lanes.buffer_unordered(webhook.connections).collect().await;
    let wait = outcomes.into_iter().filter_map(Result::err).max();
    Ok(wait.map_or(Delivered::All, Delivered::Failed))
}

/// What updates have to wait for each other.
fn lane_of(body: &str) -> String {
    let Ok(Value::Object(update)) = serde_json::from_str(body) else { return String::new() };
    let Some((kind, object)) = update.iter().next() else { return String::new() };
    match (object["chat"]["id"].as_i64(), object["from"]["id"].as_i64()) {
        (Some(chat), _) => format!("chat {chat}"),
        (None, Some(user)) => format!("{kind} {user}"),
        _ => kind.clone(),
    }
}

/// Posts one update; an error is how long to wait at least.
async fn post(api: &Arc<BotApi>, bot: &Instance, webhook: &Webhook, body: String) -> Result<(), Duration> {
    let Ok(url) = webhook.url.parse::<Uri>() else { return Err(WEBHOOK_WAIT_MAX) };
    let ask = Ask {
        method: Method::POST,
        url: &url,
        headers: headers(&url, webhook),
        body: Bytes::from(body),
        certificate: webhook.certificate.as_deref(),
        address: webhook.address,
        max_bytes: WEBHOOK_ANSWER_BYTES,
    };
    let (text, wait) = match timeout(WEBHOOK_SILENCE, api.fetcher.ask(ask)).await {
        Ok(Ok(answer)) if answer.status.is_success() => {
            answer_in_response(api, bot, &answer).await;
            return Ok(());
        }
        Ok(Ok(answer)) => {
            let seconds = answer.headers.get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
            let wait = Duration::from_secs(seconds.unwrap_or(0).min(WEBHOOK_RETRY_AFTER_S));
            (format!("Wrong response from the webhook: {}", answer.status), wait)
        }
        Ok(Err(text)) => (text, Duration::ZERO),
        Err(_) => ("Read timeout expired".to_owned(), Duration::ZERO),
    };
    note_failure(bot, webhook, text).await;
    Err(wait)
}

fn headers(url: &Uri, webhook: &Webhook) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(secret) = webhook.secret.as_deref().and_then(|secret| HeaderValue::from_str(secret).ok()) {
        headers.insert(SECRET_HEADER, secret);
    }
    // B-216.
    let authority = url.authority().map_or("", |authority| authority.as_str());
    if let Some((login, _)) = authority.rsplit_once('@')
        && let Ok(value) = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(login)))
    {
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

async fn note_failure(bot: &Instance, webhook: &Webhook, text: String) {
    let now = bot.messenger.now().0;
    let failed = Webhook { last_error: Some((now, text)), ..webhook.clone() };
    let still = bot.webhook.lock().as_ref().is_some_and(|there| there.url == webhook.url);
    if still && let Err(error) = keep(bot, Some(failed), false).await {
        tracing::error!(%error, "the failure of a webhook could not be noted");
    }
}

/// B-227: a body with a method is a call, whose result is thrown away.
async fn answer_in_response(api: &Arc<BotApi>, bot: &Instance, answer: &Fetched) {
    let params = match read_whole(&answer.headers, answer.body.clone()).await {
        Ok(params) => params,
        Err(error) => return tracing::debug!(%error, "the answer of a webhook cannot be read"),
    };
    let Some(method) = params.get("method").map(str::to_ascii_lowercase) else { return };
    let never = ["setwebhook", "deletewebhook", "close", "logout"].contains(&method.as_str());
    if never || method.starts_with("get") {
        return;
    }
    if let Err(error) = methods::call(api, bot, &method, &params).await {
        tracing::debug!(%error, method, "a call in the answer of a webhook was refused");
    }
}
