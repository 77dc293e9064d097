//! What is recognised in plain text: links, mentions, hashtags, cashtags and commands, as official clients do.

use std::ops::Range;

use zaun_schema::api::enums::MessageEntity;
use zaun_schema::api::types;

use super::links::{Link, find_links, is_word};

/// Names of official inline bots that are shorter than other public names.
const SHORT_NAMES: &[&str] = &["gif", "vid", "pic"];
/// Characters of the shortest ordinary public name.
const NAME_MIN: usize = 4;
/// Characters of the longest public name.
const NAME_MAX: usize = 32;
/// Characters of the longest command.
const COMMAND_MAX: usize = 64;
/// Characters of the longest hashtag.
const HASHTAG_MAX: usize = 256;
/// Characters of the longest host name (RFC 1035).
const HOST_MAX: usize = 253;
/// The schemes of links that only Telegram's clients open.
const OWN_SCHEMES: &[&str] = &["tg", "ton", SITES];
/// The one of them whose host names have dots.
const SITES: &str = "tonsite";

/// Returns everything that a text holds, ordered by its beginning; nothing overlaps.
pub(super) fn find_entities(text: &str) -> Vec<MessageEntity> {
    let chars: Vec<char> = text.chars().collect();
    let mut found: Vec<(Range<usize>, Make)> = Vec::new();
    for (index, c) in chars.iter().enumerate() {
        let one = match c {
            '@' => mention(&chars, index).map(|range| (range, Make::Mention)),
            '/' => command(&chars, index).map(|range| (range, Make::Command)),
            '#' => hashtag(&chars, index).map(|range| (range, Make::Hashtag)),
            '$' => cashtag(&chars, index).map(|range| (range, Make::Cashtag)),
            ':' => own_link(&chars, index).map(|range| (range, Make::Url)),
            _ => None,
        };
        found.extend(one);
    }
    found.extend(find_links(&chars).into_iter().map(|link| match link {
        Link::Url(range) => (range, Make::Url),
        Link::Email(range) => (range, Make::Email),
    }));
    found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let units = utf16_offsets(&chars);
    let mut end = 0;
    let mut entities = Vec::new();
    for (range, make) in found {
        if range.start < end {
            continue;
        }
        end = range.end;
        if let (Some(from), Some(to)) = (units.get(range.start), units.get(range.end)) {
            entities.push(make.entity(*from, to - from));
        }
    }
    entities
}

#[derive(Debug, Clone, Copy)]
enum Make {
    Mention,
    Command,
    Hashtag,
    Cashtag,
    Url,
    Email,
}

impl Make {
    fn entity(self, offset: i32, length: i32) -> MessageEntity {
        match self {
            Make::Mention => types::MessageEntityMention { offset, length }.into(),
            Make::Command => types::MessageEntityBotCommand { offset, length }.into(),
            Make::Hashtag => types::MessageEntityHashtag { offset, length }.into(),
            Make::Cashtag => types::MessageEntityCashtag { offset, length }.into(),
            Make::Url => types::MessageEntityUrl { offset, length }.into(),
            Make::Email => types::MessageEntityEmail { offset, length }.into(),
        }
    }
}

/// The offset of each character in UTF-16 code units, and that of the end.
fn utf16_offsets(text: &[char]) -> Vec<i32> {
    let mut offsets = Vec::with_capacity(text.len() + 1);
    let mut offset = 0;
    for c in text {
        offsets.push(offset);
        offset += if c.len_utf16() == 2 { 2 } else { 1 };
    }
    offsets.push(offset);
    offsets
}

fn before(text: &[char], index: usize) -> Option<char> {
    text.get(..index).and_then(|text| text.last()).copied()
}

fn run(text: &[char], from: usize, test: impl Fn(char) -> bool) -> usize {
    text.iter().skip(from).take_while(|c| test(**c)).count()
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn joins(c: Option<char>) -> bool {
    c.is_some_and(is_word)
}

fn mention(text: &[char], index: usize) -> Option<Range<usize>> {
    let length = run(text, index + 1, is_name);
    let end = index + 1 + length;
    if joins(before(text, index)) || length > NAME_MAX || joins(text.get(end).copied()) {
        return None;
    }
    let name: String = text.get(index + 1..end)?.iter().collect::<String>().to_lowercase();
    let known = length >= NAME_MIN || SHORT_NAMES.contains(&name.as_str());
    known.then_some(index..end)
}

/// Returns the end of `@name` behind a command, a hashtag or a cashtag, or the place itself.
fn suffix_end(text: &[char], end: usize) -> usize {
    if text.get(end) != Some(&'@') {
        return end;
    }
    let length = run(text, end + 1, is_name);
    let after = end + 1 + length;
    if (3..=NAME_MAX).contains(&length) && !joins(text.get(after).copied()) { after } else { end }
}

fn command(text: &[char], index: usize) -> Option<Range<usize>> {
    let barrier = |c: Option<char>| joins(c) || matches!(c, Some('/' | '<' | '>'));
    let length = run(text, index + 1, is_name);
    if barrier(before(text, index)) || !(1..=COMMAND_MAX).contains(&length) {
        return None;
    }
    let end = suffix_end(text, index + 1 + length);
    let next = text.get(end).copied();
    (!barrier(next) && next != Some('@')).then_some(index..end)
}

fn is_tag(c: char) -> bool {
    is_word(c) || c == '\u{200c}' || c == '\u{b7}' || matches!(u32::from(c), 0xd80..=0xdff)
}

fn hashtag(text: &[char], index: usize) -> Option<Range<usize>> {
    if before(text, index).is_some_and(is_tag) {
        return None;
    }
    let whole = run(text, index + 1, is_tag);
    let length = whole.min(HASHTAG_MAX);
    let tag = text.get(index + 1..index + 1 + length)?;
    if text.get(index + 1 + whole) == Some(&'#') || !tag.iter().any(|c| c.is_alphabetic()) {
        return None;
    }
    let end = index + 1 + length;
    Some(index..if whole == length { suffix_end(text, end) } else { end })
}

fn cashtag(text: &[char], index: usize) -> Option<Range<usize>> {
    let barrier = |c: Option<char>| c.is_some_and(|c| is_tag(c) || c == '$');
    let special: Vec<char> = "1INCH".chars().collect();
    let rest = text.get(index + 1..)?;
    let length = if rest.starts_with(&special) {
        special.len()
    } else {
        run(text, index + 1, |c| c.is_ascii_uppercase())
    };
    let end = index + 1 + length;
    let fits = (1..=8).contains(&length) && !barrier(before(text, index)) && !barrier(text.get(end).copied());
    fits.then(|| index..suffix_end(text, end))
}

/// A link like `tg://resolve?domain=name`, found by its colon.
fn own_link(text: &[char], colon: usize) -> Option<Range<usize>> {
    let rest = text.get(colon + 1..)?;
    if !rest.starts_with(&['/', '/']) {
        return None;
    }
    let letters = text.get(..colon)?.iter().rev().take_while(|c| c.is_ascii_alphabetic()).count();
    let word: String = text.get(colon - letters..colon)?.iter().collect::<String>().to_lowercase();
    let scheme = OWN_SCHEMES.iter().find(|scheme| word.ends_with(**scheme))?;
    let start = colon - scheme.len();
    let dotted = *scheme == SITES;
    let host = run(text, colon + 3, |c| is_name(c) || c == '-' || (dotted && c == '.')).min(HOST_MAX);
    let dots = text.get(colon + 3..colon + 3 + host)?.iter().rev().take_while(|c| **c == '.').count();
    let mut end = colon + 3 + host - dots;
    if host == dots {
        return None;
    }
    if matches!(text.get(end), Some('/' | '?' | '#')) {
        let path = run(text, end + 1, |c| !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '«' | '»'));
        let tail = text.get(end + 1..end + 1 + path)?;
        let kept =
            tail.iter().rposition(|c| !matches!(c, '.' | ':' | ';' | ',' | '(' | '\'' | '?' | '!' | '`'));
        end += 1 + kept.map_or(0, |last| last + 1);
        if kept.is_none() && text.get(end - 1) != Some(&'/') {
            end -= 1;
        }
    }
    Some(start..end)
}
