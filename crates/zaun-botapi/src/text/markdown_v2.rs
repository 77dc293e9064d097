//! The parse mode MarkdownV2 (B-262 … B-264).

use super::{Formatted, Growing, Kind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bold,
    Italic,
    Underline,
    Strikethrough,
    Spoiler,
    Code,
    Pre,
    PreCode,
    TextUrl,
    CustomEmoji,
    BlockQuote,
}

struct Open {
    mark: Mark,
    /// In UTF-16 units, and in bytes of the text so far.
    offset: i32,
    start: usize,
    /// Where it stands in the input.
    at: usize,
    language: String,
    collapsed: bool,
}

struct Parser<'a> {
    input: &'a str,
    at: usize,
    out: Growing,
    open: Vec<Open>,
}

/// Reads a text; an error says what is wrong and where, in bytes of the input.
pub(crate) fn parse(input: &str) -> Result<Formatted, String> {
    let mut parser = Parser { input, at: 0, out: Growing::default(), open: Vec::new() };
    while let Some(c) = parser.rest(0).chars().next() {
        parser.step(c)?;
    }
    if parser.open.last().is_some_and(|open| open.mark == Mark::BlockQuote) {
        parser.end_quote();
    }
    match parser.open.last() {
        Some(open) => Err(format!("Can't find end of {:?} entity at byte offset {}", open.mark, open.at)),
        None => Ok(parser.out.done()),
    }
}

const RESERVED: &str = "_*[]()~`>#+-=|{}.!";

impl Parser<'_> {
    fn rest(&self, ahead: usize) -> &str {
        self.input.get(self.at + ahead..).unwrap_or_default()
    }

    fn top(&self) -> Option<Mark> {
        self.open.last().map(|open| open.mark)
    }

    fn push(&mut self, c: char) {
        self.out.push(c);
        self.at += c.len_utf8();
    }

    fn begin(&mut self, mark: Mark, length: usize) {
        let (offset, start, at) = (self.out.units, self.out.text.len(), self.at);
        self.open.push(Open { mark, offset, start, at, language: String::new(), collapsed: false });
        self.at += length;
    }

    fn at_line_start(&self) -> bool {
        self.out.text.is_empty() || self.out.text.ends_with('\n')
    }

    fn step(&mut self, c: char) -> Result<(), String> {
        if let Some(next) =
            self.rest(1).chars().next().filter(|next| c == '\\' && (1..=126).contains(&u32::from(*next)))
        {
            self.at += 1;
            self.push(next);
            return Ok(());
        }
        if let Some(mark @ (Mark::Code | Mark::Pre | Mark::PreCode)) = self.top() {
            let end = if mark == Mark::Code { "`" } else { "```" };
            if self.rest(0).starts_with(end) {
                return self.end(end.len());
            }
            if c != '`' {
                self.push(c);
                return Ok(());
            }
            return Err(reserved(c));
        }
        if c == '\n' {
            self.push(c);
            self.new_line();
            return Ok(());
        }
        if self.at_line_start() && (c == '>' || self.rest(0).starts_with("**>")) {
            self.quote(c);
            return Ok(());
        }
        if !RESERVED.contains(c) {
            self.push(c);
            return Ok(());
        }
        self.mark(c)
    }

    /// A quotation goes on as long as its lines begin with `>`.
    fn new_line(&mut self) {
        if self.top() == Some(Mark::BlockQuote) {
            if self.rest(0).starts_with('>') {
                self.at += 1;
            } else {
                self.end_quote();
            }
        }
    }

    fn quote(&mut self, c: char) {
        let length = if c == '>' { 1 } else { 3 };
        if self.top() == Some(Mark::BlockQuote) {
            self.end_quote();
        }
        self.begin(Mark::BlockQuote, length);
    }

    fn end_quote(&mut self) {
        if let Some(open) = self.open.pop() {
            let line_end = self.out.text.ends_with('\n');
            self.out.units -= i32::from(line_end);
            self.out.close(Kind::Quote { collapsed: open.collapsed }, open.offset);
            self.out.units += i32::from(line_end);
        }
    }

    fn mark(&mut self, c: char) -> Result<(), String> {
        let double = |mark: &str| self.rest(0).starts_with(mark);
        let (mark, length) = match c {
            '*' => (Mark::Bold, 1),
            '_' if double("__") => (Mark::Underline, 2),
            '_' => (Mark::Italic, 1),
            '~' => (Mark::Strikethrough, 1),
            '|' if double("||") => {
                let after = self.rest(2);
                let last = after.is_empty() || after.starts_with('\n');
                if let Some(open) = self.open.last_mut().filter(|open| last && open.mark == Mark::BlockQuote)
                {
                    open.collapsed = true;
                    self.at += 2;
                    return Ok(());
                }
                (Mark::Spoiler, 2)
            }
            '`' if double("```") => return self.begin_pre(),
            '`' => (Mark::Code, 1),
            '[' => (Mark::TextUrl, 1),
            '!' if double("![") => (Mark::CustomEmoji, 2),
            ']' if matches!(self.top(), Some(Mark::TextUrl | Mark::CustomEmoji)) => return self.end(1),
            _ => return Err(reserved(c)),
        };
        if self.top() == Some(mark) && !matches!(mark, Mark::TextUrl | Mark::CustomEmoji) {
            self.end(length)
        } else {
            self.begin(mark, length);
            Ok(())
        }
    }

    fn begin_pre(&mut self) -> Result<(), String> {
        self.begin(Mark::Pre, 3);
        let word = self.rest(0).find(|c: char| c.is_whitespace() || c == '`').unwrap_or(0);
        let ends_line = self.rest(word).starts_with(['\n', '\r']);
        if word > 0 && ends_line {
            let language = self.rest(0).get(..word).unwrap_or_default().to_owned();
            if let Some(open) = self.open.last_mut() {
                (open.mark, open.language) = (Mark::PreCode, language);
            }
            self.at += word;
        }
        for end in ["\r", "\n"] {
            if self.rest(0).starts_with(end) {
                self.at += 1;
            }
        }
        Ok(())
    }

    fn end(&mut self, length: usize) -> Result<(), String> {
        self.at += length;
        let Some(open) = self.open.pop() else { return Ok(()) };
        let kind = match open.mark {
            Mark::Bold => Kind::Bold,
            Mark::Italic => Kind::Italic,
            Mark::Underline => Kind::Underline,
            Mark::Strikethrough => Kind::Strike,
            Mark::Spoiler => Kind::Spoiler,
            Mark::Code => Kind::Code,
            Mark::Pre | Mark::PreCode => Kind::Pre(open.language.clone()),
            Mark::BlockQuote => Kind::Quote { collapsed: open.collapsed },
            Mark::TextUrl => match self.url()? {
                Some(url) => Kind::Url(url),
                None => Kind::Url(self.out.text.get(open.start..).unwrap_or_default().to_owned()),
            },
            Mark::CustomEmoji => {
                let url = self.url()?.ok_or("The entity must contain a tg://emoji or tg://time URL")?;
                let id = url.strip_prefix("tg://emoji?id=").and_then(|id| id.parse().ok());
                Kind::Emoji(id.ok_or("Invalid tg://emoji or tg://time URL specified")?)
            }
        };
        self.out.close(kind, open.offset);
        Ok(())
    }

    /// The place in parentheses, if there is one.
    fn url(&mut self) -> Result<Option<String>, String> {
        if !self.rest(0).starts_with('(') {
            return Ok(None);
        }
        let begin = self.at;
        self.at += 1;
        let mut url = String::new();
        while let Some(c) = self.rest(0).chars().next() {
            self.at += c.len_utf8();
            match c {
                ')' => return Ok(Some(url)),
                '\\' => {
                    if let Some(next) = self.rest(0).chars().next() {
                        self.at += next.len_utf8();
                        url.push(next);
                    }
                }
                other => url.push(other),
            }
        }
        Err(format!("Can't find end of a URL at byte offset {begin}"))
    }
}

fn reserved(c: char) -> String {
    format!("Character '{c}' is reserved and must be escaped with the preceding '\\'")
}

#[cfg(test)]
mod tests {
    use zaun_schema::api::types;

    use super::*;

    #[test]
    fn b262_marks_become_entities() {
        let formatted =
            parse("*b _i_* __u__ ~s~ ||x|| [t](http://a.b) `c\\`` ```rs\nfn```\n>q1\n>q2||\nend\\.").unwrap();
        assert_eq!(formatted.text, "b i u s x t c` fn\nq1\nq2\nend.");
        assert_eq!(
            formatted.entities,
            vec![
                types::MessageEntityBold { offset: 0, length: 3 }.into(),
                types::MessageEntityItalic { offset: 2, length: 1 }.into(),
                types::MessageEntityUnderline { offset: 4, length: 1 }.into(),
                types::MessageEntityStrike { offset: 6, length: 1 }.into(),
                types::MessageEntitySpoiler { offset: 8, length: 1 }.into(),
                types::MessageEntityTextUrl { offset: 10, length: 1, url: "http://a.b".into() }.into(),
                types::MessageEntityCode { offset: 12, length: 2 }.into(),
                types::MessageEntityPre { offset: 15, length: 2, language: "rs".into() }.into(),
                types::MessageEntityBlockquote { collapsed: true, offset: 18, length: 5 }.into(),
            ]
        );
        assert_eq!(parse("**").unwrap().text, "", "B-264");
    }

    #[test]
    fn b255_b263_faults_say_what_and_where() {
        let faults = [
            ("a.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
            ("ä*b", "Can't find end of Bold entity at byte offset 2"),
            ("[t](x", "Can't find end of a URL at byte offset 3"),
            ("`c", "Can't find end of Code entity at byte offset 0"),
            ("![e]", "The entity must contain a tg://emoji or tg://time URL"),
        ];
        for (input, fault) in faults {
            assert_eq!(parse(input).unwrap_err(), fault, "{input}");
        }
    }
}
