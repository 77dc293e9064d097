//! Refusals in the documented form (B-184 … B-187, and the table of texts in section 24).

use std::fmt;

use zaun_messenger::Error;

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The status, in HTTP and in the answer.
    pub code: u16,
    /// The text, with the prefix of its code.
    pub description: String,
    /// Seconds after which the call may be made again.
    pub retry_after: Option<i64>,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.description)
    }
}

impl ApiError {
    /// A refusal with its whole text.
    pub fn new(code: u16, description: impl Into<String>) -> ApiError {
        ApiError { code, description: description.into(), retry_after: None }
    }

    /// 400, with the prefix.
    pub fn bad(text: impl fmt::Display) -> ApiError {
        ApiError::prefixed(400, &text.to_string())
    }

    /// 403, with the prefix.
    pub fn forbidden(text: impl fmt::Display) -> ApiError {
        ApiError::prefixed(403, &text.to_string())
    }

    /// A parameter is missing.
    pub fn missing(name: &str) -> ApiError {
        ApiError::bad(format!("parameter \"{name}\" is required"))
    }

    /// B-187.
    pub fn too_many(seconds: i64) -> ApiError {
        ApiError {
            code: 429,
            description: format!("Too Many Requests: retry after {seconds}"),
            retry_after: Some(seconds),
        }
    }

    /// Puts the prefix of the code before a text (B-185).
    fn prefixed(code: u16, text: &str) -> ApiError {
        let prefix = match code {
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            409 => "Conflict",
            413 => "Request Entity Too Large",
            500.. => "Internal Server Error",
            _ => "Bad Request",
        };
        let mut chars = text.chars();
        let first = chars.next().unwrap_or_default();
        let keeps = chars.next().is_some_and(|second| second.is_uppercase() || second == '_');
        let rest = text.get(first.len_utf8()..).unwrap_or_default();
        let text = if keeps { text.to_owned() } else { format!("{}{rest}", first.to_lowercase()) };
        ApiError::new(code, format!("{prefix}: {text}"))
    }
}

/// What the messenger says, and what bots expect to read.
const TEXTS: [(&str, u16, &str); 30] = [
    ("USER_IS_BLOCKED", 403, "bot was blocked by the user"),
    ("USER_IS_BOT", 403, "the bot can't send messages to the bot"),
    ("INPUT_USER_DEACTIVATED", 403, "user is deactivated"),
    ("CHANNEL_PRIVATE", 403, "bot is not a member of the channel chat"),
    ("USER_BANNED_IN_CHANNEL", 400, "not enough rights to send text messages to the chat"),
    ("CHAT_WRITE_FORBIDDEN", 400, "not enough rights to send text messages to the chat"),
    ("CHANNEL_INVALID", 400, "chat not found"),
    ("CHAT_ID_INVALID", 400, "chat not found"),
    ("PEER_ID_INVALID", 400, "chat not found"),
    ("USER_ID_INVALID", 400, "user not found"),
    ("USER_ADMIN_INVALID", 400, "user is an administrator of the chat"),
    ("MESSAGE_NOT_MODIFIED", 400, NOT_MODIFIED),
    ("MEDIA_CAPTION_TOO_LONG", 400, "message caption is too long"),
    ("MESSAGE_EMPTY", 400, "message text is empty"),
    ("MESSAGE_AUTHOR_REQUIRED", 400, "message can't be edited"),
    ("MESSAGE_DELETE_FORBIDDEN", 400, "message can't be deleted"),
    ("QUERY_ID_INVALID", 400, TOO_OLD),
    ("LANG_CODE_INVALID", 400, "invalid language code specified"),
    ("CHAT_FORWARDS_RESTRICTED", 400, "message has protected content and can't be forwarded"),
    ("PHOTO_INVALID", 400, "wrong file identifier/HTTP URL specified"),
    ("DOCUMENT_INVALID", 400, "wrong file identifier/HTTP URL specified"),
    ("MEDIA_GROUPED_INVALID", 400, "can't use the media of the specified type in the album"),
    ("MULTI_MEDIA_TOO_LONG", 400, "too many messages to send as an album"),
    ("MESSAGE_IDS_EMPTY", 400, "message identifiers are not specified"),
    ("PACK_SHORT_NAME_INVALID", 400, "invalid sticker set name is specified"),
    ("PACK_SHORT_NAME_OCCUPIED", 400, "sticker set name is already occupied"),
    ("PACK_TITLE_INVALID", 400, "invalid sticker set title is specified"),
    ("STICKER_EMOJI_INVALID", 400, "invalid sticker emojis"),
    ("STICKER_INVALID", 400, "STICKERSET_INVALID"),
    ("RESULTS_TOO_MUCH", 400, "too many inline query results specified"),
];

const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are exactly the \
                            same as a current content and reply markup of the message";
const TOO_OLD: &str = "query is too old and response timeout expired or query ID is invalid";

impl From<Error> for ApiError {
    fn from(error: Error) -> ApiError {
        let Error::Refused { code, text } = error else {
            tracing::error!(%error, "a call of a bot failed");
            return ApiError::new(500, "Internal Server Error");
        };
        if let Some(seconds) = text.strip_prefix("FLOOD_WAIT_").and_then(|wait| wait.parse().ok()) {
            return ApiError::too_many(seconds);
        }
        if let Some((_, code, text)) = TEXTS.iter().find(|(known, ..)| *known == text) {
            return ApiError::prefixed(*code, text);
        }
        // B-186.
        let code = match u16::try_from(code).unwrap_or(400) {
            403 if text.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit()) => 400,
            code @ (401 | 403 | 409 | 413 | 500..) => code,
            _ => 400,
        };
        ApiError::prefixed(code, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b185_b187_texts_have_the_documented_form() {
        let text = |error: Error| ApiError::from(error).to_string();
        assert_eq!(text(Error::bad("CHAT_ADMIN_REQUIRED")), "400 Bad Request: CHAT_ADMIN_REQUIRED");
        assert_eq!(
            text(Error::refused(403, "CHAT_SEND_INLINE_FORBIDDEN")),
            "400 Bad Request: CHAT_SEND_INLINE_FORBIDDEN"
        );
        assert_eq!(text(Error::bad("USER_IS_BLOCKED")), "403 Forbidden: bot was blocked by the user");
        assert_eq!(ApiError::bad("Unsupported x").to_string(), "400 Bad Request: unsupported x");
        assert_eq!(ApiError::from(Error::flood(7)).retry_after, Some(7));
    }
}
