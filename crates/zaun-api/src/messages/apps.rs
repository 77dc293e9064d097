//! Mini apps: pages that bots show inside clients.

use zaun_messenger::bots::{AppRequest, Opened, OpenedApp};
use zaun_messenger::{Error, errors};
use zaun_schema::api::{enums, functions, types};

use super::inline::settle_entities;
use crate::Call;
use crate::to_tl;

fn theme(params: Option<enums::DataJSON>) -> Option<String> {
    params.map(|theme| theme.data)
}

fn opened(app: OpenedApp, fullsize: bool, fullscreen: bool) -> enums::WebViewResult {
    types::WebViewResultUrl {
        fullsize,
        fullscreen,
        query_id: app.query_id,
        url: app.url,
        ..Default::default()
    }
}

/// messages.requestWebView
pub(crate) async fn request_web_view(
    call: Call,
    r: functions::messages::RequestWebView,
) -> Result<enums::WebViewResult, Error> {
    let request = AppRequest {
        url: r.url,
        start_param: r.start_param,
        theme: theme(r.theme_params),
        platform: r.platform,
    };
    let place = Opened::Chat { peer: call.peer(&r.peer)?, reply_to: call.reply_to(r.reply_to)? };
    let app = call.messenger().open_app(call.actor(), call.user(&r.bot)?, place, request).await?;
    Ok(opened(app, !r.compact, r.fullscreen))
}

/// messages.prolongWebView
pub(crate) async fn prolong_web_view(
    call: Call,
    r: functions::messages::ProlongWebView,
) -> Result<bool, Error> {
    call.messenger().prolong_app(call.actor(), r.query_id)?;
    Ok(true)
}

/// messages.requestSimpleWebView
pub(crate) async fn request_simple_web_view(
    call: Call,
    r: functions::messages::RequestSimpleWebView,
) -> Result<enums::WebViewResult, Error> {
    let request = AppRequest {
        url: r.url,
        start_param: r.start_param,
        theme: theme(r.theme_params),
        platform: r.platform,
    };
    let app = call.messenger().open_app(call.actor(), call.user(&r.bot)?, Opened::Simple, request).await?;
    Ok(opened(app, !r.compact, r.fullscreen))
}

/// messages.requestMainWebView: the page of the bot's menu button, which is the only one that it has.
pub(crate) async fn request_main_web_view(
    call: Call,
    r: functions::messages::RequestMainWebView,
) -> Result<enums::WebViewResult, Error> {
    let request = AppRequest {
        url: None,
        start_param: r.start_param,
        theme: theme(r.theme_params),
        platform: r.platform,
    };
    let place = Opened::Chat { peer: call.peer(&r.peer)?, reply_to: None };
    let app = call.messenger().open_app(call.actor(), call.user(&r.bot)?, place, request).await?;
    Ok(opened(app, !r.compact, r.fullscreen))
}

/// messages.sendWebViewResultMessage
pub(crate) async fn send_web_view_result_message(
    call: Call,
    r: functions::messages::SendWebViewResultMessage,
) -> Result<enums::WebViewMessageSent, Error> {
    let mut result = r.result;
    settle_entities(&call, &mut result)?;
    let result = call.messenger().make_inline_result(call.actor(), result).await?;
    let name = call.messenger().answer_app(call.actor(), &r.bot_query_id, result).await?;
    Ok(types::WebViewMessageSent { msg_id: name.map(|name| name.to_tl()) })
}

/// messages.sendWebViewData
pub(crate) async fn send_web_view_data(
    call: Call,
    r: functions::messages::SendWebViewData,
) -> Result<enums::Updates, Error> {
    let bot = call.user(&r.bot)?;
    let sent = call.messenger().send_app_data(call.actor(), bot, r.button_text, r.data).await?;
    Ok(to_tl::own_updates(call.view(&sent.scene), &sent.own))
}

/// messages.getBotApp: bots have no named apps here.
pub(crate) async fn get_bot_app(
    _: Call,
    _: functions::messages::GetBotApp,
) -> Result<enums::messages::BotApp, Error> {
    Err(Error::bad(errors::BOT_APP_INVALID))
}
