//! Keyboards: from JSON to the messenger and back (B-068 … B-090).

use serde_json::{Map, Value, json};
use zaun_schema::api::{enums, types};

use crate::error::ApiError;
use crate::request::{Params, leading_number};

use enums::{ButtonType as B, InlineButtonType as I, ReplyMarkup as R};

/// Reads the parameter `reply_markup`.
pub fn read(params: &Params) -> Result<Option<R>, ApiError> {
    let Some(markup) = params.json("reply_markup", "reply keyboard markup")? else { return Ok(None) };
    let Value::Object(markup) = markup else {
        return Err(ApiError::bad("object expected as reply markup"));
    };
    let flag = |name: &str| markup.get(name).is_some_and(is_true);
    let placeholder =
        markup.get("input_field_placeholder").and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(rows) = markup.get("inline_keyboard") {
        let wrong = "field \"inline_keyboard\" of the InlineKeyboardMarkup must be an Array of Arrays";
        let rows = read_rows(rows, wrong, inline_button)?;
        let row = |buttons| types::KeyboardInlineButtonRow { buttons };
        let rows = rows.into_iter().map(row).collect();
        return Ok(Some(types::ReplyInlineMarkup { force_reply: flag("force_reply"), rows }.into()));
    }
    if let Some(rows) = markup.get("keyboard") {
        let rows = read_rows(rows, "field \"keyboard\" must be an Array of Arrays", reply_button)?;
        let row = |buttons| types::KeyboardButtonRow { buttons };
        return Ok(Some(
            types::ReplyKeyboardMarkup {
                resize: flag("resize_keyboard"),
                single_use: flag("one_time_keyboard"),
                selective: flag("selective"),
                persistent: flag("is_persistent"),
                force_reply: flag("force_reply"),
                rows: rows.into_iter().map(row).collect(),
                placeholder: placeholder.map(str::to_owned),
            }
            .into(),
        ));
    }
    if flag("remove_keyboard") {
        return Ok(Some(types::ReplyKeyboardHide { selective: flag("selective") }.into()));
    }
    if flag("force_reply") {
        return Ok(Some(
            types::ReplyKeyboardForceReply {
                single_use: true,
                selective: flag("selective"),
                placeholder: placeholder.map(str::to_owned),
            }
            .into(),
        ));
    }
    Ok(None)
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(on) => *on,
        Value::String(text) => text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

fn read_rows<T>(
    rows: &Value,
    wrong: &str,
    read: impl Fn(&Value) -> Result<Option<T>, ApiError>,
) -> Result<Vec<Vec<T>>, ApiError> {
    let list = |value: &Value| value.as_array().cloned().ok_or_else(|| ApiError::bad(wrong));
    let mut out = Vec::new();
    for row in list(rows)? {
        let mut buttons = Vec::new();
        for button in list(&row)? {
            buttons.extend(read(&button)?);
        }
        out.push(buttons);
    }
    Ok(out)
}

fn text_of(button: &Value) -> Result<String, ApiError> {
    match button.get("text") {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(ApiError::bad("can't parse keyboard button: Field \"text\" must be of type String")),
        None => Err(ApiError::bad("can't parse keyboard button: Can't find field \"text\"")),
    }
}

/// B-073.
fn style_of(button: &Value) -> Result<Option<types::KeyboardButtonStyle>, ApiError> {
    let style = button.get("style").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let icon = button.get("icon_custom_emoji_id").and_then(Value::as_str).map(leading_number);
    let (mut bg_primary, mut bg_danger, mut bg_success) = (false, false, false);
    match style.as_str() {
        "" | "default" => {}
        "primary" => bg_primary = true,
        "danger" => bg_danger = true,
        "success" => bg_success = true,
        _ => return Err(ApiError::bad("invalid button style specified")),
    }
    let plain = !(bg_primary || bg_danger || bg_success) && icon.is_none();
    Ok((!plain).then_some(types::KeyboardButtonStyle { bg_primary, bg_danger, bg_success, icon }))
}

/// Reads an inline button: the first kind in the order of B-072 counts.
fn inline_button(button: &Value) -> Result<Option<enums::KeyboardInlineButton>, ApiError> {
    let text = text_of(button)?;
    if text.is_empty() {
        return Ok(None);
    }
    let field = |name: &str| button.get(name).and_then(Value::as_str).map(str::to_owned);
    let inner = |name: &str, field: &str| button[name][field].as_str().map(str::to_owned);
    let switch = |query: String, same_peer| {
        types::InlineButtonTypeSwitchInline { same_peer, query, peer_types: None }.into()
    };
    let r#type: I = if let Some(url) = field("url") {
        link(url)
    } else if let Some(data) = field("callback_data") {
        types::InlineButtonTypeCallback { requires_password: false, data: data.into_bytes().into() }.into()
    } else if button.get("callback_game").is_some() {
        return Err(ApiError::bad("BUTTON_TYPE_INVALID"));
    } else if button.get("pay").is_some_and(is_true) {
        I::InlineButtonTypeBuy
    } else if let Some(query) = field("switch_inline_query") {
        switch(query, false)
    } else if let Some(query) = inner("switch_inline_query_chosen_chat", "query") {
        switch(query, false)
    } else if let Some(query) = field("switch_inline_query_current_chat") {
        switch(query, true)
    } else if let Some(url) = inner("web_app", "url") {
        types::InlineButtonTypeWebView { url }.into()
    } else if let Some(copy_text) = inner("copy_text", "text") {
        types::InlineButtonTypeCopy { copy_text }.into()
    } else if button.get("disabled").is_some() {
        I::InlineButtonTypeDisabled
    } else {
        return Err(ApiError::bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ));
    };
    Ok(Some(types::KeyboardInlineButton { style: style_of(button)?, text, r#type }))
}

/// A place without a scheme is one of the web; `tg://user?id=` shows a person (B-071).
fn link(url: String) -> I {
    if let Some(user_id) = url.strip_prefix("tg://user?id=").and_then(|id| id.parse().ok()) {
        return types::InlineButtonTypeUserProfile { user_id }.into();
    }
    let bare = !url.contains("://") && url.contains('.');
    types::InlineButtonTypeUrl { url: if bare { format!("http://{url}") } else { url } }.into()
}

/// Reads a reply button, which may be a bare text (B-079).
fn reply_button(button: &Value) -> Result<Option<enums::KeyboardButton>, ApiError> {
    let text = match button {
        Value::String(text) => text.clone(),
        other => text_of(other)?,
    };
    if text.is_empty() {
        return Ok(None);
    }
    let set = |name: &str| button.get(name).is_some_and(is_true);
    let r#type: B = if set("request_contact") {
        B::ButtonTypeRequestPhone
    } else if set("request_location") {
        B::ButtonTypeRequestGeoLocation
    } else if let Some(poll) = button.get("request_poll") {
        let quiz = poll["type"].as_str().filter(|kind| !kind.is_empty()).map(|kind| kind == "quiz");
        types::ButtonTypeRequestPoll { quiz }.into()
    } else if let Some(url) = button["web_app"]["url"].as_str() {
        types::ButtonTypeSimpleWebView { url: url.to_owned() }.into()
    } else if ["request_users", "request_user", "request_chat", "request_managed_bot"]
        .iter()
        .any(|name| button.get(name).is_some())
    {
        return Err(ApiError::bad("BUTTON_TYPE_INVALID"));
    } else {
        B::ButtonTypeDefault
    };
    Ok(Some(types::KeyboardButton { style: style_of(button)?, text, r#type }))
}

/// Writes an inline keyboard; other kinds are not shown (B-088).
#[must_use]
pub fn write(markup: Option<&R>) -> Option<Value> {
    let Some(R::ReplyInlineMarkup(markup)) = markup else { return None };
    let row = |row: &enums::KeyboardInlineButtonRow| row.buttons.iter().map(write_button).collect::<Vec<_>>();
    let rows: Vec<_> = markup.rows.iter().map(row).collect();
    Some(json!({ "inline_keyboard": rows }))
}

fn write_button(button: &enums::KeyboardInlineButton) -> Value {
    let mut out = Map::new();
    out.insert("text".into(), button.text.clone().into());
    if let Some(style) = &button.style {
        let colours =
            [(style.bg_primary, "primary"), (style.bg_danger, "danger"), (style.bg_success, "success")];
        if let Some((_, name)) = colours.iter().find(|(on, _)| *on) {
            out.insert("style".into(), (*name).into());
        }
        if let Some(icon) = style.icon {
            out.insert("icon_custom_emoji_id".into(), icon.to_string().into());
        }
    }
    let (name, value): (&str, Value) = match &button.r#type {
        I::InlineButtonTypeUrl(link) => ("url", link.url.clone().into()),
        I::InlineButtonTypeUserProfile(user) => ("url", format!("tg://user?id={}", user.user_id).into()),
        I::InlineButtonTypeCallback(callback) => {
            let text = std::str::from_utf8(&callback.data).unwrap_or("INVALID");
            ("callback_data", text.into())
        }
        I::InlineButtonTypeSwitchInline(switch) if switch.same_peer => {
            ("switch_inline_query_current_chat", switch.query.clone().into())
        }
        I::InlineButtonTypeSwitchInline(switch) => ("switch_inline_query", switch.query.clone().into()),
        I::InlineButtonTypeWebView(view) => ("web_app", json!({ "url": view.url })),
        I::InlineButtonTypeBuy => ("pay", true.into()),
        I::InlineButtonTypeCopy(copy) => ("copy_text", json!({ "text": copy.copy_text })),
        _ => ("disabled", json!({})),
    };
    out.insert(name.into(), value);
    Value::Object(out)
}
