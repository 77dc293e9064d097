//! Texts and their entities, as an author sent them: blanks around the text go, the client's own entities are checked
//! and nested, and links, mentions and the like are found where the client marked nothing.
//!
//! Offsets and lengths count UTF-16 code units, as clients do.

mod find;
mod links;
mod nesting;

use zaun_schema::api::enums::MessageEntity;

use super::content::Content;
use crate::{Error, errors};

/// Returns a length as entities count: in UTF-16 code units.
#[must_use]
pub fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn width(text: &str) -> i32 {
    i32::try_from(utf16_length(text)).unwrap_or(i32::MAX)
}

/// Names the variants once, for reading and for moving where an entity is.
macro_rules! places {
    ($($variant:ident),* $(,)?) => {
        /// Where an entity is: its offset and length.
        #[must_use]
        pub fn place(entity: &MessageEntity) -> (i32, i32) {
            match entity { $(MessageEntity::$variant(e) => (e.offset, e.length),)* }
        }

        /// The same entity in another place.
        fn moved(mut entity: MessageEntity, to: (i32, i32)) -> MessageEntity {
            match &mut entity { $(MessageEntity::$variant(e) => (e.offset, e.length) = to,)* }
            entity
        }
    };
}

places!(
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
    MessageEntityTonAddress,
);

/// Settles the text and entities of a content as its author sent it.
pub(crate) fn settle_content(content: &mut Content) -> Result<(), Error> {
    let given = content.message.entities.take();
    (content.text, content.message.entities) = settle(&content.text, given)?;
    Ok(())
}

/// Settles a text. NUL characters become spaces, which leaves every entity in its place; blanks around the text go.
/// Entities outside the text are refused; those wholly in blanks and links that lead nowhere are left out.
pub fn settle(
    text: &str,
    given: Option<Vec<MessageEntity>>,
) -> Result<(String, Option<Vec<MessageEntity>>), Error> {
    let text = text.replace('\0', " ");
    let given = within(&text, given)?;
    let kept = text.trim();
    let cut = width(&text) - width(text.trim_start());
    let blanks = blank_units(&text);
    let given = given.into_iter().filter(|entity| !is_blank(entity, &blanks));
    let given = given.filter_map(|entity| inside(entity, cut, width(kept))).filter_map(leading_somewhere);
    let entities = nesting::nest(given.collect(), find::find_entities(kept));
    Ok((kept.to_owned(), Some(entities).filter(|list| !list.is_empty())))
}

/// Settles what a client marked in a text that is still being written: nothing is trimmed, and nothing found.
pub(crate) fn settle_marked(
    text: &str,
    given: Option<Vec<MessageEntity>>,
) -> Result<Option<Vec<MessageEntity>>, Error> {
    let given = within(text, given)?.into_iter().filter_map(leading_somewhere).collect();
    Ok(Some(nesting::nest(given, Vec::new())).filter(|list| !list.is_empty()))
}

/// Refuses entities that do not lie inside a text.
fn within(text: &str, given: Option<Vec<MessageEntity>>) -> Result<Vec<MessageEntity>, Error> {
    let (whole, given) = (width(text), given.unwrap_or_default());
    for entity in &given {
        let (offset, length) = place(entity);
        let end = offset.checked_add(length);
        if offset < 0 || length <= 0 || end.is_none_or(|end| end > whole) {
            return Err(Error::bad(errors::ENTITY_BOUNDS_INVALID));
        }
    }
    Ok(given)
}

/// Says of each UTF-16 code unit of a text whether it is a blank.
fn blank_units(text: &str) -> Vec<bool> {
    text.chars().flat_map(|c| std::iter::repeat_n(c.is_whitespace(), c.len_utf16())).collect()
}

fn is_blank(entity: &MessageEntity, blanks: &[bool]) -> bool {
    let (offset, length) = place(entity);
    let units = usize::try_from(offset).ok().zip(usize::try_from(length).ok());
    let units = units.and_then(|(offset, length)| blanks.get(offset..offset + length));
    units.is_some_and(|units| units.iter().all(|blank| *blank))
}

/// The part of an entity that lies inside a text of which `cut` units were taken away in front.
fn inside(entity: MessageEntity, cut: i32, whole: i32) -> Option<MessageEntity> {
    let (offset, length) = place(&entity);
    let (from, to) = ((offset - cut).max(0), (offset + length - cut).min(whole));
    (from < to).then(|| moved(entity, (from, to - from)))
}

/// A text link whose address is one, with a scheme; anything else as it is. Scripts, files and mere words lead nowhere.
fn leading_somewhere(mut entity: MessageEntity) -> Option<MessageEntity> {
    if let MessageEntity::MessageEntityTextUrl(link) = &mut entity {
        let url = link.url.trim();
        if !links::is_link(url) {
            return None;
        }
        let bare = !url.contains("://");
        link.url = if bare { format!("http://{url}") } else { url.to_owned() };
    }
    Some(entity)
}

#[cfg(test)]
mod tests {
    use zaun_schema::api::types;

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
        let found = settle(text, None).unwrap().1.unwrap_or_default();
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
        assert_eq!(kinds("1.5 e.g. and/or 3#4 a@b @abc http://foo..com http://localhost/x"), []);
        assert_eq!(kinds("hi,@alice's #tag.x"), [("mention", 3, 6), ("hashtag", 12, 4)]);
        assert_eq!(kinds("(http://de.wikipedia.org/wiki/A_(b))"), [("url", 1, 34)]);
        assert_eq!(kinds("mailto:user@example.com"), [("email", 7, 16)]);
    }

    #[test]
    fn given_entities_are_checked_and_win_over_found_ones() {
        let bold = |offset, length| MessageEntity::from(types::MessageEntityBold { offset, length });
        let code = MessageEntity::from(types::MessageEntityCode { offset: 0, length: 11 });
        assert!(settle("abc", Some(vec![bold(1, 3)])).is_err());
        assert!(settle("abc", Some(vec![bold(-1, 1)])).is_err());
        assert!(settle("abc", Some(vec![bold(0, 0)])).is_err());
        assert!(settle("abc", Some(vec![bold(i32::MAX, i32::MAX)])).is_err());
        assert_eq!(settle("example.com", Some(vec![code.clone()])).unwrap().1, Some(vec![code]));
        assert_eq!(settle("example.com", Some(vec![bold(0, 7)])).unwrap().1.unwrap().len(), 2);
    }

    #[test]
    fn blanks_around_a_text_go_and_entities_keep_their_letters() {
        let bold = |offset, length| MessageEntity::from(types::MessageEntityBold { offset, length });
        let (text, entities) = settle("  hello world  ", Some(vec![bold(2, 5), bold(0, 2)])).unwrap();
        assert_eq!((text.as_str(), entities), ("hello world", Some(vec![bold(0, 5)])));
        let (text, entities) = settle("\u{a0}a \u{a0} b\u{a0}", Some(vec![bold(0, 7), bold(2, 1)])).unwrap();
        assert_eq!((text.as_str(), entities), ("a \u{a0} b", Some(vec![bold(0, 5)])));
        assert_eq!(settle(" \u{a0}\n", None).unwrap(), (String::new(), None));
    }

    #[test]
    fn text_links_that_lead_nowhere_are_left_out() {
        let link = |url: &str| {
            MessageEntity::from(types::MessageEntityTextUrl { offset: 0, length: 4, url: url.into() })
        };
        for nowhere in
            ["javascript:alert(1)", "file:///etc/passwd", "word", "", "mailto:a@b.de", "http://", "a b.de"]
        {
            assert_eq!(settle("text", Some(vec![link(nowhere)])).unwrap().1, None, "{nowhere}");
        }
        for (given, kept) in [
            ("https://example.org/a", "https://example.org/a"),
            ("example.org", "http://example.org"),
            ("tg://user?id=1", "tg://user?id=1"),
        ] {
            assert_eq!(settle("text", Some(vec![link(given)])).unwrap().1, Some(vec![link(kept)]));
        }
    }
}
