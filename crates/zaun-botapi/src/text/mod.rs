//! Formatted text: the three parse modes and lists of entities (B-250 … B-266).

mod html;
mod markdown;
mod markdown_v2;

use serde_json::Value;
use zaun_schema::api::enums::MessageEntity;
use zaun_schema::api::types;

use crate::error::ApiError;
use crate::limits::{PARSED_TEXT_BYTES, TEXT_ENTITIES};

/// A text with its entities.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Formatted {
    /// The words.
    pub text: String,
    /// What is set apart in them; offsets are UTF-16 units.
    pub entities: Vec<MessageEntity>,
}

/// A kind of entity while it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Bold,
    Italic,
    Underline,
    Strike,
    Spoiler,
    Code,
    Pre(String),
    Quote {
        collapsed: bool,
    },
    Url(String),
    Emoji(i64),
    /// Nothing is made of it.
    Nothing,
}

/// A text that grows, with its length in UTF-16 units.
#[derive(Default)]
pub(crate) struct Growing {
    pub(crate) text: String,
    pub(crate) units: i32,
    pub(crate) entities: Vec<MessageEntity>,
}

impl Growing {
    pub(crate) fn push(&mut self, c: char) {
        self.text.push(c);
        self.units += i32::try_from(c.len_utf16()).unwrap_or(1);
    }

    /// Ends an entity that began at `offset`; an empty one vanishes.
    pub(crate) fn close(&mut self, kind: Kind, offset: i32) {
        let length = self.units - offset;
        if length <= 0 {
            return;
        }
        self.entities.extend(made(kind, offset, length));
    }

    pub(crate) fn done(mut self) -> Formatted {
        let place = |entity: &MessageEntity| {
            let (offset, length) = zaun_messenger::messages::entities::place(entity);
            (offset, -length)
        };
        self.entities.sort_by_key(place);
        Formatted { text: self.text, entities: self.entities }
    }
}

fn made(kind: Kind, offset: i32, length: i32) -> Option<MessageEntity> {
    Some(match kind {
        Kind::Bold => types::MessageEntityBold { offset, length }.into(),
        Kind::Italic => types::MessageEntityItalic { offset, length }.into(),
        Kind::Underline => types::MessageEntityUnderline { offset, length }.into(),
        Kind::Strike => types::MessageEntityStrike { offset, length }.into(),
        Kind::Spoiler => types::MessageEntitySpoiler { offset, length }.into(),
        Kind::Code => types::MessageEntityCode { offset, length }.into(),
        Kind::Pre(language) => types::MessageEntityPre { offset, length, language }.into(),
        Kind::Quote { collapsed } => types::MessageEntityBlockquote { collapsed, offset, length }.into(),
        Kind::Url(url) => match url.strip_prefix("tg://user?id=").and_then(|id| id.parse().ok()) {
            Some(user_id) => types::MessageEntityMentionName { offset, length, user_id }.into(),
            None => types::MessageEntityTextUrl { offset, length, url: whole_url(&url)? }.into(),
        },
        Kind::Emoji(document_id) => types::MessageEntityCustomEmoji { offset, length, document_id }.into(),
        Kind::Nothing => return None,
    })
}

/// A place that a link may lead to; what is none leaves plain text (B-260).
fn whole_url(url: &str) -> Option<String> {
    let url = url.trim();
    if url.is_empty() || url.chars().any(char::is_whitespace) {
        return None;
    }
    match url.split_once(':') {
        Some((scheme, rest)) if !rest.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
            Some(url.to_owned())
        }
        _ if url.contains('.') => Some(format!("http://{url}")),
        _ => None,
    }
}

/// Reads a text in a parse mode, or with a list of entities.
pub fn parse(text: &str, parse_mode: Option<&str>, entities: Option<&str>) -> Result<Formatted, ApiError> {
    if text.len() > PARSED_TEXT_BYTES {
        return Err(ApiError::bad("text is too long"));
    }
    let mode = parse_mode.unwrap_or_default().trim().to_ascii_lowercase();
    let parsed = match mode.as_str() {
        "" | "none" => return Ok(Formatted { text: text.to_owned(), entities: listed(entities)? }),
        "html" => html::parse(text),
        "markdownv2" => markdown_v2::parse(text),
        "markdown" => markdown::parse(text),
        _ => return Err(ApiError::bad("unsupported parse_mode")),
    };
    parsed.map_err(|fault| ApiError::bad(format!("can't parse entities: {fault}")))
}

/// Reads a list of entities; unknown and automatic kinds are skipped (B-253).
fn listed(json: Option<&str>) -> Result<Vec<MessageEntity>, ApiError> {
    let Some(json) = json.filter(|json| !json.trim().is_empty()) else { return Ok(Vec::new()) };
    let Ok(Value::Array(list)) = serde_json::from_str(json) else {
        return Err(ApiError::bad("can't parse entities JSON object"));
    };
    Ok(list.iter().take(TEXT_ENTITIES).filter_map(one_listed).collect())
}

fn one_listed(entity: &Value) -> Option<MessageEntity> {
    let number = |name: &str| entity[name].as_i64().and_then(|n| i32::try_from(n).ok());
    let text = |name: &str| entity[name].as_str().unwrap_or_default().to_owned();
    let kind = match entity["type"].as_str()? {
        "bold" => Kind::Bold,
        "italic" => Kind::Italic,
        "underline" => Kind::Underline,
        "strikethrough" => Kind::Strike,
        "spoiler" => Kind::Spoiler,
        "blockquote" => Kind::Quote { collapsed: false },
        "expandable_blockquote" => Kind::Quote { collapsed: true },
        "code" => Kind::Code,
        "pre" => Kind::Pre(text("language")),
        "text_link" => Kind::Url(text("url")),
        "text_mention" => Kind::Url(format!("tg://user?id={}", entity["user"]["id"].as_i64()?)),
        "custom_emoji" => Kind::Emoji(text("custom_emoji_id").parse().ok()?),
        _ => return None,
    };
    made(kind, number("offset")?, number("length")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b252_b253_modes_and_lists() {
        let list = r#"[{"type":"bold","offset":0,"length":2},{"type":"mention","offset":0,"length":1},{"type":"new"}]"#;
        let formatted = parse("hi", None, Some(list)).unwrap();
        assert_eq!(formatted.entities, vec![types::MessageEntityBold { offset: 0, length: 2 }.into()]);
        assert_eq!(parse("<b>x</b>", Some("hTmL"), Some(list)).unwrap().text, "x");
        let text = |result: Result<Formatted, ApiError>| result.unwrap_err().to_string();
        assert_eq!(text(parse("x", Some("bb"), None)), "400 Bad Request: unsupported parse_mode");
        assert_eq!(
            text(parse(&"x".repeat(40_000), None, None)),
            "400 Bad Request: text is too long",
            "B-251"
        );
    }
}
