//! Keyboards as a user sees them: every button with its text, what it is, and what it carries.

use bytes::Bytes;
use serde_json::{Value, json};
use zaun_schema::api::enums::{ButtonType as B, InlineButtonType as I, ReplyMarkup as R};

/// What happens when a button is pressed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// The bot is asked, with these bytes.
    Callback(Bytes),
    /// The user says the text of the button.
    Say,
    /// The app does something by itself: what it is called, and what it is done with.
    Local(&'static str, Value),
}

/// A button.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Button {
    pub(crate) text: String,
    pub(crate) effect: Effect,
}

/// Returns the rows of a keyboard; none if there is no keyboard.
pub(crate) fn rows(markup: Option<&R>) -> Vec<Vec<Button>> {
    match markup {
        Some(R::ReplyInlineMarkup(markup)) => {
            let button = |button: &zaun_schema::api::enums::KeyboardInlineButton| Button {
                text: button.text.clone(),
                effect: inline_effect(&button.r#type),
            };
            markup.rows.iter().map(|row| row.buttons.iter().map(button).collect()).collect()
        }
        Some(R::ReplyKeyboardMarkup(markup)) => {
            let button = |button: &zaun_schema::api::enums::KeyboardButton| Button {
                text: button.text.clone(),
                effect: reply_effect(&button.r#type),
            };
            markup.rows.iter().map(|row| row.buttons.iter().map(button).collect()).collect()
        }
        _ => Vec::new(),
    }
}

fn inline_effect(kind: &I) -> Effect {
    match kind {
        I::InlineButtonTypeCallback(callback) => Effect::Callback(callback.data.clone()),
        I::InlineButtonTypeUrl(link) => Effect::Local("url", link.url.clone().into()),
        I::InlineButtonTypeWebView(view) => Effect::Local("web_app", view.url.clone().into()),
        I::InlineButtonTypeCopy(copy) => Effect::Local("copy", copy.copy_text.clone().into()),
        I::InlineButtonTypeSwitchInline(switch) => {
            Effect::Local("switch_inline", switch.query.clone().into())
        }
        I::InlineButtonTypeUserProfile(user) => Effect::Local("user", user.user_id.into()),
        _ => Effect::Local("other", Value::Null),
    }
}

fn reply_effect(kind: &B) -> Effect {
    match kind {
        B::ButtonTypeDefault => Effect::Say,
        B::ButtonTypeRequestPhone => Effect::Local("request_contact", Value::Null),
        B::ButtonTypeRequestGeoLocation => Effect::Local("request_location", Value::Null),
        B::ButtonTypeSimpleWebView(view) => Effect::Local("web_app", view.url.clone().into()),
        _ => Effect::Local("other", Value::Null),
    }
}

/// Writes a keyboard.
pub(crate) fn to_json(markup: Option<&R>) -> Value {
    let button = |button: &Button| match &button.effect {
        Effect::Callback(data) => {
            json!({ "text": button.text, "kind": "callback", "data": String::from_utf8_lossy(data) })
        }
        Effect::Say => json!({ "text": button.text, "kind": "say" }),
        Effect::Local(kind, value) => json!({ "text": button.text, "kind": kind, "value": value }),
    };
    rows(markup).iter().map(|row| row.iter().map(button).collect::<Vec<_>>()).collect::<Vec<_>>().into()
}
