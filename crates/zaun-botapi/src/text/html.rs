//! The parse mode HTML (B-256 … B-261).

use super::{Formatted, Growing, Kind};

struct Open {
    tag: String,
    kind: Kind,
    /// Where its text begins, in UTF-16 units and in bytes.
    offset: i32,
    start: usize,
}

/// Reads a text; an error says what is wrong and where, in bytes of the input.
pub(crate) fn parse(input: &str) -> Result<Formatted, String> {
    let bytes = input.as_bytes();
    let (mut out, mut open): (Growing, Vec<Open>) = (Growing::default(), Vec::new());
    let mut at = 0;
    while let Some(c) = input.get(at..).and_then(|rest| rest.chars().next()) {
        match c {
            '&' => match entity(input.get(at..).unwrap_or_default()) {
                Some((decoded, length)) => {
                    out.push(decoded);
                    at += length;
                }
                None => {
                    out.push('&');
                    at += 1;
                }
            },
            '<' if bytes.get(at + 1) == Some(&b'/') => at = end_tag(input, at, &mut open, &mut out)?,
            '<' => at = start_tag(input, at, &mut open, &out)?,
            other => {
                out.push(other);
                at += other.len_utf8();
            }
        }
    }
    match open.pop() {
        Some(open) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", open.tag)),
        None => Ok(out.done()),
    }
}

/// Decodes an entity at the start of a text: the character and how many bytes it took (B-257).
fn entity(text: &str) -> Option<(char, usize)> {
    const NAMED: [(&str, char); 4] = [("lt", '<'), ("gt", '>'), ("amp", '&'), ("quot", '"')];
    let rest = text.strip_prefix('&')?;
    let (decoded, length) = match rest.strip_prefix('#') {
        Some(number) => {
            let (digits, radix, mark) = match number.strip_prefix('x').or_else(|| number.strip_prefix('X')) {
                Some(hex) => (hex, 16, 2),
                None => (number, 10, 1),
            };
            let count = digits.chars().take_while(|c| c.is_digit(radix)).count();
            let code = u32::from_str_radix(digits.get(..count)?, radix).ok().filter(|code| *code != 0)?;
            (char::from_u32(code)?, mark + count)
        }
        None => {
            let count = rest.chars().take_while(char::is_ascii_alphabetic).count();
            let name = rest.get(..count)?;
            let (name, decoded) = NAMED.iter().find(|(known, _)| *known == name)?;
            (*decoded, name.len())
        }
    };
    let end = usize::from(rest.get(length..)?.starts_with(';'));
    Some((decoded, 1 + length + end))
}

fn start_tag(input: &str, start: usize, open: &mut Vec<Open>, out: &Growing) -> Result<usize, String> {
    let bytes = input.as_bytes();
    let byte = |at: usize| bytes.get(at).copied();
    let mut at = start + 1;
    while byte(at).is_some_and(|b| !b.is_ascii_whitespace() && b != b'>') {
        at += 1;
    }
    if byte(at).is_none() {
        return Err(format!("Unclosed start tag at byte offset {start}"));
    }
    let tag = input.get(start + 1..at).unwrap_or_default().to_ascii_lowercase();
    if !TAGS.contains(&tag.as_str()) {
        return Err(format!("Unsupported start tag \"{tag}\" at byte offset {start}"));
    }
    let mut attributes: Vec<(String, String)> = Vec::new();
    loop {
        while byte(at).is_some_and(|b| b.is_ascii_whitespace()) {
            at += 1;
        }
        match byte(at) {
            None => return Err(format!("Unclosed start tag \"{tag}\" at byte offset {start}")),
            Some(b'>') => break,
            Some(_) => at = attribute(input, at, (&tag, start), &mut attributes)?,
        }
    }
    let kind = kind_of(&tag, &attributes, start)?;
    open.push(Open { tag, kind, offset: out.units, start: out.text.len() });
    Ok(at + 1)
}

const TAGS: [&str; 17] = [
    "a",
    "b",
    "strong",
    "i",
    "em",
    "s",
    "strike",
    "del",
    "u",
    "ins",
    "tg-spoiler",
    "tg-emoji",
    "tg-time",
    "span",
    "pre",
    "code",
    "blockquote",
];

fn attribute(
    input: &str,
    mut at: usize,
    (tag, start): (&str, usize),
    attributes: &mut Vec<(String, String)>,
) -> Result<usize, String> {
    let bytes = input.as_bytes();
    let byte = |at: usize| bytes.get(at).copied();
    let begin = at;
    while byte(at).is_some_and(|b| !b.is_ascii_whitespace() && b != b'=' && b != b'>') {
        at += 1;
    }
    let name = input.get(begin..at).unwrap_or_default().to_ascii_lowercase();
    if name.is_empty() {
        return Err(format!("Empty attribute name in the tag \"{tag}\" at byte offset {begin}"));
    }
    while byte(at).is_some_and(|b| b.is_ascii_whitespace()) {
        at += 1;
    }
    if byte(at) != Some(b'=') {
        attributes.push((name, String::new()));
        return Ok(at);
    }
    at += 1;
    while byte(at).is_some_and(|b| b.is_ascii_whitespace()) {
        at += 1;
    }
    let Some(quote) = byte(at) else {
        return Err(format!("Unclosed start tag \"{tag}\" at byte offset {start}"));
    };
    if quote != b'"' && quote != b'\'' {
        let begin = at;
        while byte(at).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-') {
            at += 1;
        }
        if !byte(at).is_some_and(|b| b.is_ascii_whitespace() || b == b'>') {
            return Err(format!("Unexpected end of name token at byte offset {at}"));
        }
        attributes.push((name, input.get(begin..at).unwrap_or_default().to_ascii_lowercase()));
        return Ok(at);
    }
    let (value, end) =
        quoted(input, at + 1, quote).ok_or_else(|| format!("Unclosed start tag at byte offset {start}"))?;
    attributes.push((name, value));
    Ok(end)
}

/// Reads up to the quote that ends a value; returns the value and what comes after it.
fn quoted(input: &str, mut at: usize, quote: u8) -> Option<(String, usize)> {
    let mut value = String::new();
    loop {
        let rest = input.get(at..)?;
        let c = rest.chars().next()?;
        if c == char::from(quote) {
            return Some((value, at + 1));
        }
        let decoded = if c == '&' { entity(rest) } else { None };
        let (c, length) = decoded.unwrap_or((c, c.len_utf8()));
        value.push(c);
        at += length;
    }
}

fn kind_of(tag: &str, attributes: &[(String, String)], start: usize) -> Result<Kind, String> {
    let value =
        |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    Ok(match tag {
        "b" | "strong" => Kind::Bold,
        "i" | "em" => Kind::Italic,
        "u" | "ins" => Kind::Underline,
        "s" | "strike" | "del" => Kind::Strike,
        "tg-spoiler" => Kind::Spoiler,
        "span" if value("class") == Some("tg-spoiler") => Kind::Spoiler,
        "span" => {
            return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {start}"));
        }
        "a" => Kind::Url(value("href").unwrap_or_default().to_owned()),
        "code" => match value("class").and_then(|class| class.strip_prefix("language-")) {
            // Only together with pre it means something.
            Some(language) => Kind::Pre(language.to_owned()),
            None => Kind::Code,
        },
        "pre" => Kind::Pre(String::new()),
        "blockquote" => Kind::Quote { collapsed: value("expandable").is_some() },
        "tg-emoji" => {
            let id = value("emoji-id").and_then(|id| id.parse().ok());
            Kind::Emoji(id.ok_or("Invalid custom emoji identifier specified")?)
        }
        _ => Kind::Nothing,
    })
}

fn end_tag(input: &str, start: usize, open: &mut Vec<Open>, out: &mut Growing) -> Result<usize, String> {
    let bytes = input.as_bytes();
    let byte = |at: usize| bytes.get(at).copied();
    let mut at = start + 2;
    while byte(at).is_some_and(|b| !b.is_ascii_whitespace() && b != b'>') {
        at += 1;
    }
    let tag = input.get(start + 2..at).unwrap_or_default().to_ascii_lowercase();
    while byte(at).is_some_and(|b| b.is_ascii_whitespace()) {
        at += 1;
    }
    if byte(at) != Some(b'>') {
        return Err(format!("Unclosed end tag at byte offset {start}"));
    }
    let Some(ended) = open.pop() else {
        return Err(format!("Unexpected end tag at byte offset {start}"));
    };
    if !tag.is_empty() && tag != ended.tag {
        let expected = &ended.tag;
        return Err(format!(
            "Unmatched end tag at byte offset {start}, expected \"</{expected}>\", found \"</{tag}>\""
        ));
    }
    close(ended, open, out);
    Ok(at + 1)
}

fn close(ended: Open, open: &[Open], out: &mut Growing) {
    let Open { tag, mut kind, offset, start } = ended;
    if tag == "a" && kind == Kind::Url(String::new()) {
        kind = Kind::Url(out.text.get(start..).unwrap_or_default().to_owned());
    }
    if tag == "code" && matches!(kind, Kind::Pre(_)) {
        // B-259: with a pre around exactly the same text it gives the language.
        let inside = open.last().is_some_and(|outer| outer.tag == "pre" && outer.offset == offset);
        if !inside {
            kind = Kind::Code;
        }
    }
    if tag == "pre" {
        let (begin, length) = (offset, out.units - offset);
        let same = out.entities.iter().position(|entity| {
            matches!(entity, zaun_schema::api::enums::MessageEntity::MessageEntityPre(pre)
                if pre.offset == begin && pre.length == length)
        });
        if same.is_some() {
            return;
        }
    }
    out.close(kind, offset);
}

#[cfg(test)]
mod tests {
    use zaun_schema::api::types;

    use super::*;

    #[test]
    fn b256_b259_tags_become_entities() {
        let formatted =
            parse("a <b>b<i>𝄞</i></b> &lt;&#65;&copy; <pre><code class=\"language-rs\">x</code></pre>")
                .unwrap();
        assert_eq!(formatted.text, "a b𝄞 <A&copy; x");
        assert_eq!(
            formatted.entities,
            vec![
                types::MessageEntityBold { offset: 2, length: 3 }.into(),
                types::MessageEntityItalic { offset: 3, length: 2 }.into(),
                types::MessageEntityPre { offset: 15, length: 1, language: "rs".into() }.into(),
            ]
        );
        let link = parse("<a href='example.org'>t</a><a href=\"tg://user?id=5\">u</a></>").unwrap_err();
        assert_eq!(link, "Unexpected end tag at byte offset 57");
    }

    #[test]
    fn b255_faults_say_where_they_are() {
        let faults = [
            ("<x>", "Unsupported start tag \"x\" at byte offset 0"),
            ("ä<b", "Unclosed start tag at byte offset 2"),
            ("<b>x", "Can't find end tag corresponding to start tag \"b\""),
            ("<b>x</i>", "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<b>x</b", "Unclosed end tag at byte offset 4"),
            ("<span>x</span>", "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"),
        ];
        for (input, fault) in faults {
            assert_eq!(parse(input).unwrap_err(), fault, "{input}");
        }
    }
}
