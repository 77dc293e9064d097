//! The parse mode Markdown, the old one (B-265).

use super::{Formatted, Growing, Kind};

/// Reads a text; the one fault is an end that is missing.
pub(crate) fn parse(input: &str) -> Result<Formatted, String> {
    let mut out = Growing::default();
    let mut at = 0;
    let rest = |at: usize| input.get(at..).unwrap_or_default();
    while let Some(c) = rest(at).chars().next() {
        let missing = || format!("Can't find end of the entity starting at byte offset {at}");
        let escaped = rest(at + 1).chars().next().filter(|next| "_*`[".contains(*next));
        match (c, escaped) {
            ('\\', Some(next)) => {
                out.push(next);
                at += 2;
            }
            ('`', _) if rest(at).starts_with("```") => {
                let (body, length) =
                    rest(at + 3).split_once("```").map(|(b, _)| (b, b.len())).ok_or_else(missing)?;
                let (language, body) = language(body);
                put(&mut out, Kind::Pre(language), body);
                at += length + 6;
            }
            ('_' | '*' | '`', _) => {
                let end = closing(rest(at + 1), c).ok_or_else(missing)?;
                let kind = match c {
                    '_' => Kind::Italic,
                    '*' => Kind::Bold,
                    _ => Kind::Code,
                };
                put(&mut out, kind, rest(at + 1).get(..end).unwrap_or_default());
                at += end + 2;
            }
            ('[', _) => {
                let end = rest(at + 1).find(']').ok_or_else(missing)?;
                let text = rest(at + 1).get(..end).unwrap_or_default();
                let after = rest(at + end + 2);
                match after.strip_prefix('(').and_then(|url| url.find(')').map(|end| (url, end))) {
                    Some((url, length)) => {
                        put(&mut out, Kind::Url(url.get(..length).unwrap_or_default().to_owned()), text);
                        at += end + 2 + length + 2;
                    }
                    None => {
                        put(&mut out, Kind::Url(text.to_owned()), text);
                        at += end + 2;
                    }
                }
            }
            _ => {
                out.push(c);
                at += c.len_utf8();
            }
        }
    }
    Ok(out.done())
}

fn put(out: &mut Growing, kind: Kind, text: &str) {
    let offset = out.units;
    text.chars().for_each(|c| out.push(c));
    out.close(kind, offset);
}

/// Where the entity ends.
fn closing(text: &str, mark: char) -> Option<usize> {
    text.find(mark)
}

/// The language of a block, if its first line is one word.
pub(super) fn language(body: &str) -> (String, &str) {
    match body.split_once('\n') {
        Some((first, rest)) if !first.chars().any(char::is_whitespace) => (first.to_owned(), rest),
        _ => (String::new(), body),
    }
}

#[cfg(test)]
mod tests {
    use zaun_schema::api::types;

    use super::*;

    #[test]
    fn b265_nothing_nests_and_a_missing_end_is_the_only_fault() {
        let formatted = parse("*a_b* \\_ [t](http://x.y) `c`").unwrap();
        assert_eq!(formatted.text, "a_b _ t c");
        assert_eq!(
            formatted.entities,
            vec![
                types::MessageEntityBold { offset: 0, length: 3 }.into(),
                types::MessageEntityTextUrl { offset: 6, length: 1, url: "http://x.y".into() }.into(),
                types::MessageEntityCode { offset: 8, length: 1 }.into(),
            ]
        );
        let fault = parse("ab *c").unwrap_err();
        assert_eq!(fault, "Can't find end of the entity starting at byte offset 3");
    }
}
