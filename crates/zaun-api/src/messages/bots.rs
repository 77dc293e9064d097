//! Starting bots, pressing their buttons.

use zaun_messenger::bots::CallbackAnswer;
use zaun_messenger::messages::content::Content;
use zaun_messenger::messages::send::Draft;
use zaun_messenger::peers::PeerRef;
use zaun_messenger::{Error, errors};
use zaun_model::MsgId;
use zaun_schema::api::{enums, functions, types};

use crate::Call;
use crate::to_tl;

/// Characters of what a link hands over to the bot that it starts (B-119).
const START_PARAM_LENGTH: usize = 64;

/// messages.startBot: in the private chat with the bot (B-118), or in a group into which it is brought (B-120).
pub(crate) async fn start_bot(call: Call, r: functions::messages::StartBot) -> Result<enums::Updates, Error> {
    let shape = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !r.start_param.chars().all(shape) {
        return Err(Error::bad("START_PARAM_INVALID"));
    }
    if r.start_param.len() > START_PARAM_LENGTH {
        return Err(Error::bad("START_PARAM_TOO_LONG"));
    }
    let bot = call.user(&r.bot)?;
    let (id, scene) = call.messenger().person(call.user_id, bot).await?;
    if !scene.person(call.user_id, id).is_some_and(|person| person.user.is_bot()) {
        return Err(Error::bad(errors::BOT_INVALID));
    }
    let param = if r.start_param.is_empty() { String::new() } else { format!(" {}", r.start_param) };
    let (place, command) = match &r.peer {
        enums::InputPeer::InputPeerEmpty => (bot, "/start".to_owned()),
        enums::InputPeer::InputPeerUser(user) if user.user_id == id.0 => (bot, "/start".to_owned()),
        enums::InputPeer::InputPeerChat(_) | enums::InputPeer::InputPeerChannel(_) => {
            let group = call.peer(&r.peer)?;
            bring_into(&call, group, matches!(r.peer, enums::InputPeer::InputPeerChat(_)), bot).await?;
            let person = scene.person(call.user_id, id);
            let username = person.and_then(|person| person.user.username.clone()).unwrap_or_default();
            (group, format!("/start@{username}"))
        }
        _ => return Err(Error::bad(errors::PEER_ID_INVALID)),
    };
    let content = Content { text: format!("{command}{param}"), ..Content::default() };
    let draft = Draft { random_id: r.random_id, content, ..Draft::default() };
    let sent = call.messenger().send(call.actor(), place, vec![draft]).await?;
    Ok(to_tl::sent_updates(call.view(&sent.scene), &sent))
}

/// Brings a bot into a group, unless it is there.
async fn bring_into(call: &Call, group: PeerRef, is_basic: bool, bot: PeerRef) -> Result<(), Error> {
    if !is_basic {
        return call.messenger().invite_to_channel(call.actor(), group, vec![bot]).await.map(drop);
    }
    match call.messenger().add_chat_user(call.actor(), group, bot, 0).await {
        Err(Error::Refused { text, .. }) if text == errors::USER_ALREADY_PARTICIPANT => Ok(()),
        added => added.map(drop),
    }
}

/// messages.getBotCallbackAnswer: waits for the bot's answer (B-091, B-094).
pub(crate) async fn get_bot_callback_answer(
    call: Call,
    r: functions::messages::GetBotCallbackAnswer,
) -> Result<enums::messages::BotCallbackAnswer, Error> {
    if r.game || r.password.is_some() {
        return Err(Error::bad("METHOD_NOT_IMPLEMENTED"));
    }
    let data = r.data.ok_or_else(|| Error::bad(errors::DATA_INVALID))?;
    let peer = call.peer(&r.peer)?;
    let answer = call.messenger().press_button(call.actor(), peer, MsgId(r.msg_id), data).await?;
    Ok(types::messages::BotCallbackAnswer {
        alert: answer.alert,
        has_url: answer.url.is_some(),
        native_ui: true,
        message: answer.message,
        url: answer.url,
        cache_time: answer.cache_time,
    })
}

/// messages.setBotCallbackAnswer
pub(crate) async fn set_bot_callback_answer(
    call: Call,
    r: functions::messages::SetBotCallbackAnswer,
) -> Result<bool, Error> {
    // B-098: places to open belong to games and to links that start this bot.
    if r.url.is_some() {
        return Err(Error::bad("URL_INVALID"));
    }
    let answer = CallbackAnswer {
        message: r.message.filter(|text| !text.is_empty()),
        alert: r.alert,
        url: None,
        cache_time: r.cache_time.max(0),
    };
    call.messenger().answer_callback(call.user_id, r.query_id, answer)?;
    Ok(true)
}

/// messages.setBotShippingResults
pub(crate) async fn set_bot_shipping_results(
    call: Call,
    r: functions::messages::SetBotShippingResults,
) -> Result<bool, Error> {
    let answer = match (r.error, r.shipping_options) {
        (Some(error), _) => Err(error),
        (None, options) => Ok(options.unwrap_or_default()),
    };
    call.messenger().answer_shipping(call.user_id, r.query_id, answer)?;
    Ok(true)
}

/// messages.setBotPrecheckoutResults
pub(crate) async fn set_bot_precheckout_results(
    call: Call,
    r: functions::messages::SetBotPrecheckoutResults,
) -> Result<bool, Error> {
    let answer = if r.success { Ok(()) } else { Err(r.error.unwrap_or_default()) };
    call.messenger().answer_checkout(call.user_id, r.query_id, answer)?;
    Ok(true)
}
