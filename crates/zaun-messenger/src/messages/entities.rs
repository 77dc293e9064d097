//! Entities: the client's own are checked, and links, mentions and the like are found in plain text.
//!
//! Offsets and lengths count UTF-16 code units, as clients do.

use zaun_schema::api::enums::MessageEntity;
use zaun_schema::api::types;

use super::content::Content;
use super::send::utf16_length;
use crate::{Error, errors};

/// Top-level names after which a word without `://` is taken for a link. Short on purpose: a wrong link annoys more
/// than a missing one.
const DOMAINS: &[&str] =
    &["com", "org", "net", "io", "dev", "me", "app", "info", "eu", "de", "fr", "uk", "ru", "it", "es", "rs"];

/// Where an entity is.
fn place(entity: &MessageEntity) -> (i32, i32) {
    use MessageEntity as E;
    macro_rules! at {
        ($($variant:ident),*) => {
            match entity { $(E::$variant(e) => (e.offset, e.length),)* }
        };
    }
    at!(
        MessageEntityUnknown,
        MessageEntityMention,
        MessageEntityHashtag,
        MessageEntityBotCommand,
        MessageEntityUrl,
        MessageEntityEmail,
        MessageEntityBold,
        MessageEntityItalic,
        MessageEntityCode,
        MessageEntityPre,
        MessageEntityTextUrl,
        MessageEntityMentionName,
        InputMessageEntityMentionName,
        MessageEntityPhone,
        MessageEntityCashtag,
        MessageEntityUnderline,
        MessageEntityStrike,
        MessageEntityBankCard,
        MessageEntitySpoiler,
        MessageEntityCustomEmoji,
        MessageEntityBlockquote,
        MessageEntityFormattedDate,
        MessageEntityDiffInsert,
        MessageEntityDiffReplace,
        MessageEntityDiffDelete,
        MessageEntityTonAddress
    )
}

/// Settles the entities of a content as its author sent it. NUL characters become spaces, which leaves every entity
/// in its place.
pub(crate) fn settle_entities(content: &mut Content) -> Result<(), Error> {
    if content.text.contains('\0') {
        content.text = content.text.replace('\0', " ");
    }
    content.message.entities = settle(&content.text, content.message.entities.take())?;
    Ok(())
}

/// The entities of a message: the client's, if they lie inside the text, and those found in it where the client
/// marked nothing. Ordered by their beginning.
pub fn settle(text: &str, given: Option<Vec<MessageEntity>>) -> Result<Option<Vec<MessageEntity>>, Error> {
    let whole = i32::try_from(utf16_length(text)).unwrap_or(i32::MAX);
    let mut entities = given.unwrap_or_default();
    for entity in &entities {
        let (offset, length) = place(entity);
        let end = offset.checked_add(length);
        if offset < 0 || length <= 0 || end.is_none_or(|end| end > whole) {
            return Err(Error::bad(errors::ENTITY_BOUNDS_INVALID));
        }
    }
    for found in find(text) {
        let (offset, length) = place(&found);
        let overlaps = |e: &MessageEntity| {
            let (o, l) = place(e);
            o < offset + length && offset < o + l && !is_style(e)
        };
        if !entities.iter().any(overlaps) {
            entities.push(found);
        }
    }
    entities.sort_by_key(|entity| (place(entity).0, -place(entity).1));
    Ok(Some(entities).filter(|list| !list.is_empty()))
}

/// Bold and its kin may surround a link; code and links may not.
fn is_style(entity: &MessageEntity) -> bool {
    use MessageEntity as E;
    matches!(
        entity,
        E::MessageEntityBold(_)
            | E::MessageEntityItalic(_)
            | E::MessageEntityUnderline(_)
            | E::MessageEntityStrike(_)
            | E::MessageEntitySpoiler(_)
            | E::MessageEntityBlockquote(_)
    )
}

/// Links, e-mail addresses, mentions, hashtags and bot commands.
fn find(text: &str) -> Vec<MessageEntity> {
    let mut found = Vec::new();
    let mut offset = 0;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end_matches(char::is_whitespace);
        let opening = word.len() - word.trim_start_matches(['(', '[', '<', '"', '\'', '«']).len();
        let (lead, rest) = word.split_at(opening);
        let core = rest.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '>', '"', '\'', '»']);
        if let Some(entity) = recognise(core, offset + width(lead)) {
            found.push(entity);
        }
        offset += width(piece);
    }
    found
}

fn width(text: &str) -> i32 {
    i32::try_from(utf16_length(text)).unwrap_or(i32::MAX)
}

fn recognise(word: &str, offset: i32) -> Option<MessageEntity> {
    let tail = |word: &str| word.chars().skip(1).all(|c| c.is_alphanumeric() || c == '_');
    let length = width(word);
    if word.chars().count() < 2 {
        return None;
    }
    match word.chars().next()? {
        '@' if tail(word) && word.len() >= 4 => Some(types::MessageEntityMention { offset, length }.into()),
        '#' if tail(word) && word.chars().skip(1).any(char::is_alphabetic) => {
            Some(types::MessageEntityHashtag { offset, length }.into())
        }
        '/' if word.chars().skip(1).all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '@') => {
            Some(types::MessageEntityBotCommand { offset, length }.into())
        }
        _ if is_url(word) => Some(types::MessageEntityUrl { offset, length }.into()),
        _ if is_email(word) => Some(types::MessageEntityEmail { offset, length }.into()),
        _ => None,
    }
}

fn is_url(word: &str) -> bool {
    let lower = word.to_lowercase();
    for scheme in ["https://", "http://", "ftp://", "tg://"] {
        if let Some(rest) = lower.strip_prefix(scheme) {
            return rest.chars().next().is_some_and(char::is_alphanumeric);
        }
    }
    let host = lower.split(['/', '?', '#', ':']).next().unwrap_or_default();
    is_host(host) && host.rsplit('.').next().is_some_and(|last| DOMAINS.contains(&last))
}

fn is_host(host: &str) -> bool {
    let label = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-') && !part.starts_with('-')
    };
    host.contains('.') && host.split('.').all(label)
}

fn is_email(word: &str) -> bool {
    let Some((user, host)) = word.split_once('@') else { return false };
    let user_ok = !user.is_empty() && user.chars().all(|c| c.is_ascii_alphanumeric() || "._%+-".contains(c));
    user_ok && is_host(host) && host.rsplit('.').next().is_some_and(|last| last.len() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(&'static str, i32, i32)> {
        let name = |entity: &MessageEntity| match entity {
            MessageEntity::MessageEntityUrl(_) => "url",
            MessageEntity::MessageEntityEmail(_) => "email",
            MessageEntity::MessageEntityMention(_) => "mention",
            MessageEntity::MessageEntityHashtag(_) => "hashtag",
            MessageEntity::MessageEntityBotCommand(_) => "command",
            MessageEntity::MessageEntityBold(_) => "bold",
            _ => "other",
        };
        let found = settle(text, None).unwrap().unwrap_or_default();
        found.iter().map(|e| (name(e), place(e).0, place(e).1)).collect()
    }

    #[test]
    fn links_and_their_kin_are_found_in_utf16_units() {
        assert_eq!(kinds("see https://example.org/x?y=1, ok"), [("url", 4, 25)]);
        assert_eq!(kinds("😀 (example.com) done"), [("url", 4, 11)]);
        assert_eq!(
            kinds("write me@example.org or @alice #tag /start"),
            [("email", 6, 14), ("mention", 24, 6), ("hashtag", 31, 4), ("command", 36, 6)]
        );
        assert_eq!(kinds("1.5 e.g. and/or 3#4 a@b"), []);
    }

    #[test]
    fn given_entities_are_checked_and_win_over_found_ones() {
        let bold = |offset, length| MessageEntity::from(types::MessageEntityBold { offset, length });
        let code = MessageEntity::from(types::MessageEntityCode { offset: 0, length: 11 });
        assert!(settle("abc", Some(vec![bold(1, 3)])).is_err());
        assert!(settle("abc", Some(vec![bold(-1, 1)])).is_err());
        assert!(settle("abc", Some(vec![bold(0, 0)])).is_err());
        assert!(settle("abc", Some(vec![bold(i32::MAX, i32::MAX)])).is_err());
        assert_eq!(settle("example.com", Some(vec![code.clone()])).unwrap(), Some(vec![code]));
        assert_eq!(settle("example.com", Some(vec![bold(0, 7)])).unwrap().unwrap().len(), 2);
    }
}
