//! Pressed buttons (B-091 … B-099).

use serde_json::{Value, json};
use zaun_messenger::Actor;
use zaun_messenger::bots::{CallbackAnswer, counts_in_qts};
use zaun_messenger::limits::BOT_UPDATE_LIFE_S;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::views::Scene;
use zaun_model::{ChannelId, ChatId, MsgId, Peer, UserId};
use zaun_schema::api::enums::{self, Update};
use zaun_schema::api::types;

use super::payments;
use super::{Call, inline};
use crate::error::ApiError;
use crate::instance::Instance;
use crate::limits::{CALLBACK_UPDATE_S, CHOSEN_UPDATE_S, INLINE_UPDATE_S};
use crate::to_json::{Eyes, Object};

/// Says whether something that is in no log is an update for bots.
pub(crate) fn is_told(update: &Update) -> bool {
    matches!(
        update,
        Update::UpdateBotCallbackQuery(_)
            | Update::UpdateInlineBotCallbackQuery(_)
            | Update::UpdateBotInlineQuery(_)
            | Update::UpdateBotInlineSend(_)
            | Update::UpdateBotShippingQuery(_)
            | Update::UpdateBotPrecheckoutQuery(_)
    ) || counts_in_qts(update)
        || is_own_poll(update)
}

/// What became of a poll of the bot itself.
fn is_own_poll(update: &Update) -> bool {
    matches!(update, Update::UpdateMessagePoll(update) if update.poll.as_ref().is_some_and(|poll| poll.creator))
}

/// Keeps something that is in no log for a bot as an update.
pub(crate) async fn push_noted(bot: &Instance, update: &Update, scene: &Scene) {
    let eyes = Eyes { signer: &bot.messenger.access, bot: bot.bot, scene };
    let (kind, object, life_s) = match update {
        Update::UpdateBotCallbackQuery(query) => match callback(bot, query).await {
            Ok(object) => ("callback_query", object, CALLBACK_UPDATE_S),
            Err(error) => {
                return tracing::error!(%error, bot = bot.bot.0, "a pressed button could not be told");
            }
        },
        Update::UpdateInlineBotCallbackQuery(query) => {
            ("callback_query", inline_callback(eyes, query), CALLBACK_UPDATE_S)
        }
        Update::UpdateBotInlineQuery(query) => ("inline_query", inline_query(eyes, query), INLINE_UPDATE_S),
        Update::UpdateBotInlineSend(chosen) => {
            ("chosen_inline_result", chosen_result(eyes, chosen), CHOSEN_UPDATE_S)
        }
        Update::UpdateMessagePoll(update) => match &update.poll {
            Some(poll) => {
                let media = types::MessageMediaPoll {
                    poll: poll.clone(),
                    results: update.results.clone(),
                    ..types::MessageMediaPoll::default()
                };
                ("poll", eyes.poll(&media, true), BOT_UPDATE_LIFE_S)
            }
            None => return,
        },
        Update::UpdateBotShippingQuery(query) => {
            ("shipping_query", payments::shipping_query(eyes, query), CALLBACK_UPDATE_S)
        }
        Update::UpdateBotPrecheckoutQuery(query) => {
            ("pre_checkout_query", payments::pre_checkout_query(eyes, query), CALLBACK_UPDATE_S)
        }
        Update::UpdateMessagePollVote(vote) => ("poll_answer", eyes.poll_answer(vote), BOT_UPDATE_LIFE_S),
        Update::UpdateBotMessageReaction(update) => {
            ("message_reaction", eyes.reaction_update(update), BOT_UPDATE_LIFE_S)
        }
        Update::UpdateBotMessageReactions(update) => {
            ("message_reaction_count", eyes.reaction_counts(update), BOT_UPDATE_LIFE_S)
        }
        other => match eyes.member_update(other) {
            Some((kind, object)) => (kind, object, BOT_UPDATE_LIFE_S),
            None => return,
        },
    };
    bot.push(kind, object, life_s).await;
}

/// A pressed button of a message that was sent by way of the bot (B-092).
fn inline_callback(eyes: Eyes<'_>, query: &types::UpdateInlineBotCallbackQuery) -> Value {
    let mut out = Object::default();
    out.set("id", query.query_id.to_string());
    out.set("from", eyes.user(UserId(query.user_id)));
    out.some("inline_message_id", inline::write_name(&query.msg_id));
    out.set("chat_instance", query.chat_instance.to_string());
    out.some("data", query.data.as_ref().map(|data| String::from_utf8_lossy(data).into_owned()));
    out.done()
}

/// B-102.
fn inline_query(eyes: Eyes<'_>, query: &types::UpdateBotInlineQuery) -> Value {
    use enums::InlineQueryPeerType as T;
    let mut out = Object::default();
    out.set("id", query.query_id.to_string());
    out.set("from", eyes.user(UserId(query.user_id)));
    let chat_type = query.peer_type.as_ref().map(|kind| match kind {
        T::InlineQueryPeerTypeSameBotPM => "sender",
        T::InlineQueryPeerTypePM | T::InlineQueryPeerTypeBotPM => "private",
        T::InlineQueryPeerTypeChat => "group",
        T::InlineQueryPeerTypeMegagroup => "supergroup",
        T::InlineQueryPeerTypeBroadcast => "channel",
    });
    out.some("chat_type", chat_type);
    out.set("query", query.query.clone());
    out.set("offset", query.offset.clone());
    out.done()
}

/// B-112, B-113.
fn chosen_result(eyes: Eyes<'_>, chosen: &types::UpdateBotInlineSend) -> Value {
    let mut out = Object::default();
    out.set("from", eyes.user(UserId(chosen.user_id)));
    out.some("inline_message_id", chosen.msg_id.as_ref().and_then(inline::write_name));
    out.set("query", chosen.query.clone());
    out.set("result_id", chosen.id.clone());
    out.done()
}

async fn callback(bot: &Instance, query: &types::UpdateBotCallbackQuery) -> Result<Value, ApiError> {
    let peer = match &query.peer {
        enums::Peer::PeerUser(user) => Peer::User(UserId(user.user_id)),
        enums::Peer::PeerChat(chat) => Peer::Chat(ChatId(chat.chat_id)),
        enums::Peer::PeerChannel(channel) => Peer::Channel(ChannelId(channel.channel_id)),
    };
    let messenger = &bot.messenger;
    let actor = Actor { user_id: bot.bot, key_id: -bot.bot.0, session_id: 0 };
    let (shown, scene) = messenger.shown_message(actor, PeerRef::Known(peer), MsgId(query.msg_id)).await?;
    let pressed_by = PeerRef::Known(Peer::User(UserId(query.user_id)));
    let (from, person) = messenger.person(bot.bot, pressed_by).await?;
    let eyes = Eyes { signer: &messenger.access, bot: bot.bot, scene: &scene };
    let from = Eyes { scene: &person, ..eyes }.user(from);
    let message = shown.and_then(|shown| eyes.message(&shown));
    // B-099: a message that is gone is still named.
    let gone = || json!({ "chat": eyes.chat(peer), "message_id": query.msg_id, "date": 0 });
    let mut out = Object::default();
    out.set("id", query.query_id.to_string());
    out.set("from", from);
    out.set("message", message.unwrap_or_else(gone));
    out.set("chat_instance", query.chat_instance.to_string());
    let data = query.data.as_ref().map(|data| String::from_utf8_lossy(data).into_owned());
    out.some("data", data);
    Ok(out.done())
}

/// answerCallbackQuery
pub(super) async fn answer_callback_query(call: Call<'_>) -> Result<Value, ApiError> {
    let id = call.params.required("callback_query_id")?.parse().unwrap_or(0);
    // B-098: places to open belong to games, and to links that start this bot.
    if call.params.get("url").is_some() {
        return Err(ApiError::bad("URL_INVALID"));
    }
    let cache = call.params.number("cache_time").unwrap_or(0).clamp(0, 2_592_000);
    let answer = CallbackAnswer {
        message: call.params.get("text").map(str::to_owned),
        alert: call.params.is_set("show_alert"),
        url: None,
        cache_time: i32::try_from(cache).unwrap_or(0),
    };
    call.messenger().answer_callback(call.bot.bot, id, answer)?;
    Ok(json!(true))
}
