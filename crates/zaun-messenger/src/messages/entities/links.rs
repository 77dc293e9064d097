//! Links and e-mail addresses in plain text, as official clients recognise them.
//!
//! A link grows from each dot to both sides: the host, then user data, port and path, then what stands in front of it.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::LazyLock;

/// Top-level names after which a host without a scheme is taken for a link: the names of the root zone, and `onion`,
/// `ton` and their like, as TDLib 1.8.66 takes them.
static DOMAINS: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("domains.txt").lines().collect());

/// Characters that end no path, because they belong to the sentence around it.
const SENTENCE: &[char] = &['.', ':', ';', ',', '(', '\'', '?', '!', '`'];
/// The longest label of a host name (RFC 1035).
const LABEL: usize = 63;

/// Something that was recognised, with its place in the characters of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// A link.
    Url(Range<usize>),
    /// An e-mail address.
    Email(Range<usize>),
}

/// Returns all links and e-mail addresses of a text, in their order.
pub(super) fn find_links(text: &[char]) -> Vec<Link> {
    let mut links = Vec::new();
    let mut from = 0;
    while let Some(dot) = position(text, from, |c| c == '.') {
        let (found, next) = grow(text, from, dot);
        if let Some(link) = found.and_then(|range| judge(text, range)) {
            links.push(link);
        }
        from = next.max(dot + 1);
    }
    links
}

/// Says whether a string as a whole is the address of a web page, with or without a scheme.
pub(super) fn is_link(url: &str) -> bool {
    let text: Vec<char> = url.chars().collect();
    if ["tg://", "ton://", "tonsite://"].iter().any(|scheme| url.to_lowercase().starts_with(scheme)) {
        return !text.iter().any(|c| c.is_whitespace());
    }
    let scheme = scheme_length(&text);
    let rest = text.get(scheme.unwrap_or(0)..).unwrap_or_default();
    let host = rest.split(|c| matches!(c, '/' | '?' | '#')).next().unwrap_or_default();
    if scheme.is_none() && host.contains(&'@') {
        // An e-mail address is no page.
        return false;
    }
    let host: String = host.iter().collect();
    let host = host.rsplit('@').next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let labels: Vec<&str> = name.split('.').collect();
    let named = labels.len() > 1 && labels.iter().all(|label| is_label(label));
    named && port.parse::<u16>().is_ok() && !text.iter().any(|c| c.is_whitespace())
}

/// Returns the length of `http://` and its kin at the beginning of a text.
pub(super) fn scheme_length(text: &[char]) -> Option<usize> {
    let schemes = ["http://", "https://", "ftp://"];
    let begins = |scheme: &&&str| {
        text.len() >= scheme.len()
            && text.iter().zip(scheme.chars()).all(|(a, b)| a.to_ascii_lowercase() == b)
    };
    schemes.iter().find(begins).map(|scheme| scheme.len())
}

fn position(text: &[char], from: usize, test: impl Fn(char) -> bool) -> Option<usize> {
    text.iter().enumerate().skip(from).find(|(_, c)| test(**c)).map(|(at, _)| at)
}

/// Returns where the run of characters that begins at `from` ends.
fn run_end(text: &[char], from: usize, test: impl Fn(char) -> bool) -> usize {
    position(text, from, |c| !test(c)).unwrap_or(text.len())
}

/// Returns where the run of characters that ends before `to` begins, at `floor` at the earliest.
fn run_start(text: &[char], floor: usize, to: usize, test: impl Fn(char) -> bool) -> usize {
    let run = text.get(floor..to).unwrap_or_default();
    run.iter().rposition(|c| !test(*c)).map_or(floor, |at| floor + at + 1)
}

fn at(text: &[char], index: usize) -> Option<char> {
    text.get(index).copied()
}

fn is_space(c: char) -> bool {
    // Separators of every kind, and the control characters that break lines.
    c.is_whitespace() || c == '\u{180e}' || c == '\u{feff}'
}

fn is_quote_or_bracket(c: char) -> bool {
    matches!(
        c,
        '\n' | '/' | '[' | ']' | '{' | '}' | '(' | ')' | '\'' | '`' | '<' | '>' | '"' | '@' | '«' | '»'
    )
}

fn is_user_data(c: char) -> bool {
    !is_quote_or_bracket(c) && !is_space(c)
}

fn is_host(c: char) -> bool {
    if u32::from(c) < 0xc0 {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~')
    } else {
        !is_space(c) && !is_punctuation(c)
    }
}

/// Dashes, quotation marks and their kin, which no host name holds; pictures are taken as any other character.
fn is_punctuation(c: char) -> bool {
    matches!(u32::from(c), 0x2000..=0x206f)
}

fn is_path(c: char) -> bool {
    !matches!(c, '\n' | '<' | '>' | '"' | '«' | '»') && !is_space(c)
}

fn is_scheme(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || c == '+' || c == '-'
    } else {
        !is_space(c) && !is_punctuation(c)
    }
}

/// Letters, digits and the underscore: what joins a word.
pub(super) fn is_word(c: char) -> bool {
    c.is_alphabetic() || c.is_numeric() || c == '_'
}

/// Grows a link around a dot. Returns it, unless what stands in front of it forbids it, and where to go on.
fn grow(text: &[char], floor: usize, dot: usize) -> (Option<Range<usize>>, usize) {
    let mut user_end = None;
    let mut end = dot;
    while let Some(c) = at(text, end).filter(|c| is_host(*c) || *c == '@') {
        if c == '@' {
            user_end = Some(end);
        }
        end += 1;
    }
    let mut begin = run_start(text, floor, dot, is_host);
    if user_end.is_some() {
        begin = run_start(text, floor, dot, is_user_data);
    } else if begin > floor && at(text, begin - 1) == Some('@') {
        user_end = Some(begin - 1);
        begin = run_start(text, floor, begin - 1, is_user_data);
    }
    let end = path_end(text, port_end(text, end)).max(dot + 1);
    let end = if at(text, end - 1) == Some('.') { run_start(text, dot + 1, end, |c| c == '.') } else { end };
    let no_user = user_end.is_some_and(|at| at == begin);
    match (no_user, beginning(text, floor, begin)) {
        (false, Some(begin)) => {
            let found = (end > dot + 1).then_some(begin..end);
            (found, run_end(text, end, |c| c == '.'))
        }
        // Not here; another dot of the same run may do better.
        _ => (None, run_start(text, dot, end, |c| c != '.')),
    }
}

/// Takes a port along, if it is one.
fn port_end(text: &[char], end: usize) -> usize {
    if at(text, end) != Some(':') {
        return end;
    }
    let digits_end = run_end(text, end + 1, |c| c.is_ascii_digit());
    let digits: String = text.get(end + 1..digits_end).unwrap_or_default().iter().collect();
    let port = digits.trim_start_matches('0');
    let fits = port.len() <= 5 && port.parse::<u32>().is_ok_and(|port| port <= 65_535);
    if fits { digits_end } else { end }
}

/// Takes a path, a query or a fragment along, without what belongs to the sentence around it.
fn path_end(text: &[char], end: usize) -> usize {
    let Some(first @ ('/' | '?' | '#')) = at(text, end) else { return end };
    let path = run_end(text, end + 1, is_path);
    let path = run_start(text, end + 1, path, |c| SENTENCE.contains(&c));
    if first == '/' || path > end + 1 { path } else { end }
}

/// Returns where the link begins that has its host or user data at `begin`: at its scheme, or there; nowhere if what
/// stands in front of it joins it to a word.
fn beginning(text: &[char], floor: usize, begin: usize) -> Option<usize> {
    let before = text.get(floor..begin).unwrap_or_default();
    if before.ends_with(&[':', '/', '/']) {
        let colon = begin - 3;
        let scheme = run_start(text, floor, colon, is_scheme);
        let scheme: String =
            text.get(scheme..colon).unwrap_or_default().iter().collect::<String>().to_lowercase();
        let known =
            |name: &str, others: &[&str]| scheme.ends_with(name) && !others.contains(&scheme.as_str());
        let length = if known("http", &["shttp"]) {
            4
        } else if known("https", &["shttps"]) {
            5
        } else if known("ftp", &["tftp", "sftp"]) {
            3
        } else {
            return None;
        };
        return Some(colon - length);
    }
    match before.last() {
        Some(c) if is_word(*c) || matches!(c, '/' | '#' | '@') => None,
        _ => Some(begin),
    }
}

/// Decides what a grown link is, and shortens it where a bracket closes that was opened outside.
fn judge(text: &[char], range: Range<usize>) -> Option<Link> {
    let chars = text.get(range.clone())?;
    let url: String = chars.iter().collect();
    if is_email(&url) {
        return Some(Link::Email(range));
    }
    if let Some(address) = url.strip_prefix("mailto:").filter(|address| is_email(address)) {
        return Some(Link::Email(range.end - address.chars().count()..range.end));
    }
    let scheme = scheme_length(chars);
    let rest = chars.get(scheme.unwrap_or(0)..)?;
    let host_end = position(rest, 0, |c| matches!(c, '/' | '?' | '#')).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    let host: String = host.iter().collect();
    let host = host.split_once('@').map_or(host.as_str(), |(_, host)| host);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    if !is_host_name(host, scheme.is_some()) {
        return None;
    }
    let surplus = path.len() - balanced(path);
    Some(Link::Url(range.start..range.end - surplus))
}

/// Returns how many characters of a path come before a bracket that nothing opened.
fn balanced(path: &[char]) -> usize {
    let mut open = [0i32; 3];
    for (at, c) in path.iter().enumerate() {
        let (kind, step) = match c {
            '(' => (0, 1),
            ')' => (0, -1),
            '[' => (1, 1),
            ']' => (1, -1),
            '{' => (2, 1),
            '}' => (2, -1),
            _ => continue,
        };
        if let Some(count) = open.get_mut(kind) {
            *count += step;
            if *count < 0 {
                return at;
            }
        }
    }
    path.len()
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.len() <= LABEL && !label.ends_with('-')
}

fn is_host_name(host: &str, has_scheme: bool) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    if labels.len() < 2 || !labels.iter().all(|label| is_label(label)) {
        return false;
    }
    if host.chars().all(|c| c.is_ascii_digit() || c == '.') {
        let octet =
            |label: &&str| label.parse::<u8>().is_ok() && (label.len() == 1 || !label.starts_with('0'));
        return labels.len() == 4 && labels.iter().all(octet);
    }
    let Some((last, others)) = labels.split_last() else { return false };
    let joined_twice = others.last().is_some_and(|label| label.contains('_'));
    !joined_twice && is_top_level(last, has_scheme)
}

fn is_top_level(name: &str, has_scheme: bool) -> bool {
    if let Some(encoded) = name.strip_prefix("xn--") {
        return encoded.len() >= 2 && encoded.chars().all(|c| c.is_ascii_alphanumeric());
    }
    let plain = name.chars().count() > 1 && !name.contains(['_', '-']);
    // "the end.Next sentence" is no link.
    let lower = name.to_lowercase();
    let tail = |name: &str| name.chars().skip(1).collect::<String>();
    let sentence = lower != name && tail(&lower) == tail(name);
    plain && (has_scheme || (!sentence && DOMAINS.contains(lower.as_str())))
}

/// Says whether a string is an e-mail address: words joined by `.` or `+`, an `@`, and a name of Latin letters.
fn is_email(address: &str) -> bool {
    let Some((user, host)) = address.split_once('@') else { return false };
    let word = |part: &str, longest: usize| {
        part.len() <= longest && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    };
    let mut parts: Vec<&str> = user.split(['.', '+']).collect();
    let last = parts.pop().unwrap_or_default();
    let user_fits =
        !last.is_empty() && word(last, 35) && parts.len() <= 10 && parts.iter().all(|part| word(part, 26));
    let mut labels: Vec<&str> = host.split('.').collect();
    let top = labels.pop().unwrap_or_default();
    let label = |label: &&str| {
        let ends = [label.chars().next(), label.chars().last()];
        word(label, 30) && ends.iter().all(|c| c.is_some_and(|c| c.is_ascii_alphanumeric()))
    };
    let host_fits = (1..=6).contains(&labels.len()) && labels.iter().all(label);
    user_fits && host_fits && (2..=8).contains(&top.len()) && top.chars().all(|c| c.is_ascii_alphabetic())
}
