//! How a bot gets its updates.

use serde_json::{Value, json};
use zaun_messenger::bots::queue::HttpChange;

use super::Call;
use crate::error::ApiError;
use crate::serve::Answer;
use crate::webhook;

/// getUpdates
pub(super) async fn get_updates(call: Call<'_>) -> Result<Answer, ApiError> {
    call.bot.poll(call.params).await.map(Answer::Text)
}

/// setWebhook
pub(super) async fn set_webhook(call: Call<'_>) -> Result<Answer, ApiError> {
    let said = webhook::set(call.api, call.bot, call.params).await?;
    Ok(Answer::Described(json!(true), said))
}

/// deleteWebhook
pub(super) async fn delete_webhook(call: Call<'_>) -> Result<Answer, ApiError> {
    let said = webhook::delete(call.bot, call.params).await?;
    Ok(Answer::Described(json!(true), said))
}

/// getWebhookInfo
pub(super) async fn get_webhook_info(call: Call<'_>) -> Result<Value, ApiError> {
    webhook::info(call.bot).await
}

/// logOut: queue and webhook go; the next call logs in anew (B-017).
pub(super) async fn log_out(call: Call<'_>) -> Result<Value, ApiError> {
    webhook::delete(call.bot, call.params).await?;
    call.messenger().set_bot_queue(call.bot.bot, HttpChange::Nothing, true).await?;
    call.bot.end_poller(ApiError::new(400, "Logged out"));
    Ok(json!(true))
}

/// close: the bot stays here, so nothing is closed but a waiting poller (B-018).
pub(super) async fn close(call: Call<'_>) -> Result<Value, ApiError> {
    call.bot.end_poller(ApiError::new(500, "Internal Server Error: restart"));
    Ok(json!(true))
}
