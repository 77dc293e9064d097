//! Nesting: whatever a client sends, one entity contains another or lies apart from it.

use std::collections::BTreeMap;
use std::ops::Range;

use zaun_schema::api::enums::MessageEntity;

use super::{moved, place};

/// What an entity does to others around it; lower ones surround higher ones of the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Contains anything but another of its kind.
    Quote,
    /// Is cut where it would cross another, and joined with its like. Holds which style it is.
    Style(u8),
    /// Stays in one piece; two of them never overlap.
    Piece,
    /// A picture instead of a character; may stand inside a piece.
    Emoji,
    /// Contains nothing.
    Code,
}

fn kind(entity: &MessageEntity) -> Option<Kind> {
    use MessageEntity as E;
    Some(match entity {
        E::MessageEntityUnknown(_) => return None,
        E::MessageEntityBlockquote(_) => Kind::Quote,
        E::MessageEntityBold(_) => Kind::Style(0),
        E::MessageEntityItalic(_) => Kind::Style(1),
        E::MessageEntityUnderline(_) => Kind::Style(2),
        E::MessageEntityStrike(_) => Kind::Style(3),
        E::MessageEntitySpoiler(_) => Kind::Style(4),
        E::MessageEntityCustomEmoji(_) => Kind::Emoji,
        E::MessageEntityCode(_) | E::MessageEntityPre(_) => Kind::Code,
        _ => Kind::Piece,
    })
}

fn range(entity: &MessageEntity) -> Range<i32> {
    let (offset, length) = place(entity);
    offset..offset + length
}

fn overlap(a: &Range<i32>, b: &Range<i32>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Says whether two ranges overlap and neither contains the other.
fn cross(a: &Range<i32>, b: &Range<i32>) -> bool {
    let holds = |a: &Range<i32>, b: &Range<i32>| a.start <= b.start && b.end <= a.end;
    overlap(a, b) && !holds(a, b) && !holds(b, a)
}

/// Nests what a client gave, and what was found where it marked nothing. Ordered by the beginning, the outer one first.
pub(super) fn nest(given: Vec<MessageEntity>, found: Vec<MessageEntity>) -> Vec<MessageEntity> {
    let mut sorts: BTreeMap<Kind, Vec<MessageEntity>> = BTreeMap::new();
    for entity in given {
        if let Some(kind) = kind(&entity) {
            sorts.entry(kind).or_default().push(entity);
        }
    }
    let mut take = |kind: Kind| {
        let mut list = sorts.remove(&kind).unwrap_or_default();
        list.sort_by_key(|entity| (range(entity).start, -range(entity).end));
        list
    };
    let codes = apart(Vec::new(), take(Kind::Code));
    let code_ranges: Vec<Range<i32>> = codes.iter().map(range).collect();
    let no_code = |entity: &MessageEntity| !code_ranges.iter().any(|code| overlap(code, &range(entity)));
    let mut quotes = apart(Vec::new(), take(Kind::Quote));
    quotes.retain(|quote| code_ranges.iter().all(|code| !overlap(code, &range(quote)) || holds(quote, code)));
    let quote_ranges: Vec<Range<i32>> = quotes.iter().map(range).collect();
    let fits = |entity: &MessageEntity| {
        no_code(entity) && !quote_ranges.iter().any(|quote| cross(quote, &range(entity)))
    };
    let mut pieces = take(Kind::Piece);
    pieces.retain(fits);
    let found = found.into_iter().filter(fits).collect();
    let pieces = apart(apart(Vec::new(), pieces), found);
    let mut emoji = take(Kind::Emoji);
    emoji
        .retain(|entity| no_code(entity) && !pieces.iter().any(|piece| cross(&range(piece), &range(entity))));
    let emoji = apart(Vec::new(), emoji);
    let mut walls: Vec<Range<i32>> = quote_ranges;
    walls.extend(pieces.iter().chain(&emoji).map(range));
    let mut styles = Vec::new();
    for (_, list) in sorts {
        styles.extend(joined(list).into_iter().flat_map(|style| cut(style, &code_ranges, &walls)));
    }
    let mut all = stacked(styles);
    all.extend(quotes.into_iter().chain(pieces).chain(emoji).chain(codes));
    all.sort_by_key(order);
    all
}

fn order(entity: &MessageEntity) -> (i32, i32, Option<Kind>) {
    let range = range(entity);
    (range.start, -range.end, kind(entity))
}

fn holds(outer: &MessageEntity, inner: &Range<i32>) -> bool {
    let outer = range(outer);
    outer.start <= inner.start && inner.end <= outer.end
}

/// Adds those that overlap nothing that was there before them. The list is ordered, so is what is added.
fn apart(mut list: Vec<MessageEntity>, more: Vec<MessageEntity>) -> Vec<MessageEntity> {
    let before: Vec<Range<i32>> = list.iter().map(range).collect();
    let mut end = 0;
    for entity in more {
        let place = range(&entity);
        if place.start >= end && !before.iter().any(|other| overlap(other, &place)) {
            end = place.end;
            list.push(entity);
        }
    }
    list
}

/// Joins entities of one style that overlap or touch.
fn joined(mut list: Vec<MessageEntity>) -> Vec<MessageEntity> {
    list.sort_by_key(|entity| range(entity).start);
    let mut joined: Vec<MessageEntity> = Vec::new();
    for entity in list {
        let next = range(&entity);
        match joined.last_mut() {
            Some(last) if range(last).end >= next.start => {
                let before = range(last);
                *last = moved(last.clone(), (before.start, before.end.max(next.end) - before.start));
            }
            _ => joined.push(entity),
        }
    }
    joined
}

/// Cuts code out of a style, and cuts what is left where it would cross a wall.
fn cut(style: MessageEntity, codes: &[Range<i32>], walls: &[Range<i32>]) -> Vec<MessageEntity> {
    let around = codes.iter().filter(|code| overlap(code, &range(&style)));
    let mut parts = split(range(&style), around);
    parts.retain(|part| !codes.iter().any(|code| overlap(code, part)));
    let apart = |part: Range<i32>| {
        let crossed = walls.iter().filter(|wall| cross(wall, &part));
        split(part.clone(), crossed)
    };
    let parts = parts.into_iter().flat_map(apart);
    parts.map(|part| moved(style.clone(), (part.start, part.end - part.start))).collect()
}

/// Splits a range at the ends of others.
fn split<'a>(whole: Range<i32>, others: impl Iterator<Item = &'a Range<i32>>) -> Vec<Range<i32>> {
    let mut edges = vec![whole.start, whole.end];
    edges.extend(others.flat_map(|other| [other.start, other.end]));
    edges.retain(|edge| (whole.start..=whole.end).contains(edge));
    edges.sort_unstable();
    edges.dedup();
    edges.iter().zip(edges.iter().skip(1)).map(|(from, to)| *from..*to).collect()
}

/// Cuts styles where they would cross each other: the one that begins later is cut where the earlier one ends.
fn stacked(styles: Vec<MessageEntity>) -> Vec<MessageEntity> {
    let mut waiting: BTreeMap<(i32, i32, u8), Vec<MessageEntity>> = BTreeMap::new();
    let key = |entity: &MessageEntity| {
        let (start, end, kind) = order(entity);
        (start, end, if let Some(Kind::Style(style)) = kind { style } else { u8::MAX })
    };
    for style in styles {
        waiting.entry(key(&style)).or_default().push(style);
    }
    let (mut open, mut done): (Vec<i32>, Vec<MessageEntity>) = (Vec::new(), Vec::new());
    while let Some((_, group)) = waiting.pop_first() {
        for style in group {
            let place = range(&style);
            open.retain(|end| *end > place.start);
            let limit = open.iter().copied().min().unwrap_or(i32::MAX);
            if limit < place.end {
                let rest = moved(style.clone(), (limit, place.end - limit));
                waiting.entry(key(&rest)).or_default().push(rest);
            }
            let end = place.end.min(limit);
            open.push(end);
            done.push(moved(style, (place.start, end - place.start)));
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use zaun_schema::api::types;

    use super::*;

    fn bold(offset: i32, length: i32) -> MessageEntity {
        types::MessageEntityBold { offset, length }.into()
    }

    fn italic(offset: i32, length: i32) -> MessageEntity {
        types::MessageEntityItalic { offset, length }.into()
    }

    fn code(offset: i32, length: i32) -> MessageEntity {
        types::MessageEntityCode { offset, length }.into()
    }

    fn link(offset: i32, length: i32) -> MessageEntity {
        types::MessageEntityTextUrl { offset, length, url: "http://a.de/".into() }.into()
    }

    fn quote(offset: i32, length: i32) -> MessageEntity {
        types::MessageEntityBlockquote { offset, length, collapsed: false }.into()
    }

    #[test]
    fn what_is_said_twice_is_said_once() {
        let given = vec![bold(0, 4), bold(2, 4), bold(0, 4)];
        assert_eq!(nest(given, Vec::new()), [bold(0, 6)]);
        assert_eq!(nest(vec![bold(0, 2), bold(2, 2)], Vec::new()), [bold(0, 4)]);
        assert_eq!(nest(vec![link(0, 4), link(2, 4)], Vec::new()), [link(0, 4)]);
    }

    #[test]
    fn what_crosses_is_cut() {
        assert_eq!(
            nest(vec![bold(0, 4), italic(2, 4)], Vec::new()),
            [bold(0, 4), italic(2, 2), italic(4, 2)]
        );
        assert_eq!(
            nest(vec![italic(0, 4), link(2, 4)], Vec::new()),
            [italic(0, 2), link(2, 4), italic(2, 2)]
        );
        assert_eq!(nest(vec![quote(0, 4), bold(2, 4)], Vec::new()), [quote(0, 4), bold(2, 2), bold(4, 2)]);
        assert_eq!(nest(vec![quote(0, 4), link(2, 4)], Vec::new()), [quote(0, 4)]);
    }

    #[test]
    fn nothing_lives_inside_code() {
        assert_eq!(nest(vec![code(2, 3), bold(0, 8)], Vec::new()), [bold(0, 2), code(2, 3), bold(5, 3)]);
        assert_eq!(nest(vec![code(2, 3), link(3, 1)], vec![link(4, 4)]), [code(2, 3)]);
        assert_eq!(nest(vec![code(2, 3), quote(0, 9)], Vec::new()), [quote(0, 9), code(2, 3)]);
    }

    #[test]
    fn every_result_is_nested_whatever_is_given() {
        let make: [fn(i32, i32) -> MessageEntity; 5] = [bold, italic, code, link, quote];
        let mut state = 1u32;
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i32::try_from((state >> 16) % below).unwrap()
        };
        for _ in 0..5000 {
            let given: Vec<MessageEntity> = (0..next(8))
                .map(|_| make[usize::try_from(next(5)).unwrap()](next(12), 1 + next(6)))
                .collect();
            let nested = nest(given.clone(), Vec::new());
            for (n, a) in nested.iter().enumerate() {
                for b in &nested[n + 1..] {
                    assert!(!cross(&range(a), &range(b)), "{given:?} became {nested:?}");
                    let in_code = kind(a) == Some(Kind::Code) && overlap(&range(a), &range(b));
                    assert!(!in_code, "{given:?} became {nested:?}");
                }
            }
        }
    }
}
