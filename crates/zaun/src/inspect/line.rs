//! Events as lines of a terminal.

use zaun_console::event::{Event, Packet, What};
use zaun_console::tree::{Message, Node};

use crate::terminal::{self, Printable};

/// Digits of a msg_id that are shown: the last ones differ.
const SHORT_ID_DIGITS: usize = 8;
/// Narrowest terminal that lines are cut for; below it they wrap.
const MIN_WIDTH: usize = 40;

/// How the text of an answer goes on behind the method when the method failed.
const FAILED: &str = " → rpc_error";

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";
const BOLD: &str = "1";
const FAINT: &str = "2";

/// How lines look.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    colours: bool,
    width: Option<usize>,
    expand: bool,
}

impl Style {
    /// In a terminal: in its width, in colours unless `NO_COLOR` is set. Elsewhere: whole lines, no colours.
    pub fn of(watched: bool, expand: bool) -> Style {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = watched.then(terminal::width).flatten().filter(|width| *width >= MIN_WIDTH);
        Style { colours: watched && !no_color, width, expand }
    }

    /// An event's lines; of a packet, the messages at these places.
    pub fn lines(&self, event: &Event, shown: &[usize]) -> Vec<String> {
        match &event.what {
            What::Received(packet) | What::PlainReceived(packet) => {
                self.packet(event, packet, shown, ("→", GREEN))
            }
            What::Sent(packet) | What::PlainSent(packet) => self.packet(event, packet, shown, ("←", YELLOW)),
            What::Refused(refused) => {
                let values =
                    refused.values.as_deref().map(|values| format!(": {values}")).unwrap_or_default();
                let text = format!("{}{values}; {}", refused.reason, refused.reaction);
                let id = refused.msg_id.as_deref().map(short).unwrap_or_default();
                let head = self.head(event, ("✕", RED), id);
                // What was wrong is never cut off.
                vec![format!("{head} {}", self.paint(RED, &format!("REFUSED {text}")))]
            }
            other => vec![self.event(event, other)],
        }
    }

    fn packet(&self, event: &Event, packet: &Packet, shown: &[usize], arrow: (&str, &str)) -> Vec<String> {
        let mut lines = Vec::new();
        for message in shown.iter().filter_map(|at| packet.messages.get(*at)) {
            let own = packet.header.as_ref().map(|header| header.msg_id.as_str());
            let id = message.msg_id.as_deref().or(own).map(short).unwrap_or_default();
            let head = self.head(event, arrow, id);
            let text = text_of(message);
            let left = self.width.map(|width| width.saturating_sub(visible(&head) + 1));
            lines.push(format!("{head} {}", self.message(message, &cut(&text, left))));
            if self.expand {
                self.tree(&message.tree, 1, &mut lines);
            }
        }
        lines
    }

    fn head(&self, event: &Event, (arrow, colour): (&str, &str), id: &str) -> String {
        format!(
            "{} {} {} {}",
            self.paint(FAINT, &time(event.at_us)),
            self.paint(CYAN, &format!("{:>4}", event.conn)),
            self.paint(colour, arrow),
            self.paint(FAINT, &format!("{id:>SHORT_ID_DIGITS$}")),
        )
    }

    /// The name stands out; what follows does not.
    fn message(&self, message: &Message, text: &str) -> String {
        let name = printable(message.answers.as_ref().unwrap_or(&message.name));
        match text.strip_prefix(name.as_str()) {
            Some(rest) if rest.starts_with(FAILED) => {
                format!("{}{}", self.paint(BOLD, &name), self.paint(RED, rest))
            }
            Some(rest) => format!("{}{rest}", self.paint(BOLD, &name)),
            None => text.to_owned(),
        }
    }

    fn event(&self, event: &Event, what: &What) -> String {
        let text = match what {
            What::Opened { peer } => format!("opened by {peer}"),
            What::Transport { name, dc } => {
                format!("transport {name}{}", dc.map(|dc| format!(", dc {dc}")).unwrap_or_default())
            }
            What::KeyCreated { key_id, expires_in, dc } => {
                let life = expires_in.map(|s| format!(", temporary for {s} s")).unwrap_or_default();
                format!("key {key_id} created for dc {dc}{life}")
            }
            What::QuickAck { token } => format!("quick ack {token}"),
            What::Closed { reason } => format!("closed: {reason}"),
            What::Missed { count } => format!("{count} events were lost: this viewer was too slow"),
            _ => String::new(),
        };
        let lost = matches!(what, What::Missed { .. });
        format!(
            "{} {}",
            self.head(event, ("·", FAINT), ""),
            self.paint(if lost { RED } else { FAINT }, &text)
        )
    }

    fn tree(&self, node: &Node, depth: usize, lines: &mut Vec<String>) {
        let indent = "  ".repeat(depth);
        let name = if node.name.is_empty() { String::new() } else { format!("{}: ", node.name) };
        let value = match (&node.value, &node.error) {
            _ if node.hidden && node.error.is_none() => format!("‹hidden› {}", printable(&node.kind)),
            (value, Some(error)) => {
                self.paint(RED, &format!("{error} {}", value.as_deref().unwrap_or_default()))
            }
            (Some(value), None) if node.kind == "string" => format!("{value:?}"),
            (Some(value), None) => printable(value),
            (None, None) => self.paint(BOLD, &node.kind),
        };
        lines.push(format!("{indent}{}{value}", self.paint(CYAN, &name)));
        for child in &node.children {
            self.tree(child, depth + 1, lines);
        }
    }

    /// A text in a colour; nothing in it steers the terminal.
    fn paint(&self, code: &str, text: &str) -> String {
        let text = printable(text);
        if self.colours && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text }
    }
}

fn text_of(message: &Message) -> String {
    let text = printable(&message.text);
    match &message.answers {
        Some(method) => {
            let result = text.split_once(", result: ").map_or(text.as_str(), |(_, result)| result);
            format!("{} → {}", printable(method), result.strip_suffix(')').unwrap_or(result))
        }
        None => text,
    }
}

/// What clients send, and what a capture of somebody else says, is printed here.
fn printable(text: &str) -> String {
    Printable(text).to_string()
}

fn cut(text: &str, width: Option<usize>) -> String {
    match width.filter(|width| text.chars().count() > *width) {
        Some(width) => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// Columns of a text that may have colours in it.
fn visible(text: &str) -> usize {
    let mut count = 0;
    let mut escaped = false;
    for c in text.chars() {
        match c {
            '\x1b' => escaped = true,
            'm' if escaped => escaped = false,
            _ if escaped => {}
            _ => count += 1,
        }
    }
    count
}

fn short(id: &str) -> &str {
    id.get(id.len().saturating_sub(SHORT_ID_DIGITS)..).unwrap_or(id)
}

/// Time of day in UTC: captures are read elsewhere, too.
fn time(at_us: u64) -> String {
    let (seconds, ms) = (at_us / 1_000_000, at_us / 1000 % 1000);
    format!("{:02}:{:02}:{:02}.{ms:03}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style { colours: false, width: Some(60), expand: false };

    fn received(body: &'static [u8]) -> Event {
        let decoded = zaun_console::tree::decode(&bytes::Bytes::from_static(body), &|_| None);
        let packet = Packet {
            header: None,
            account: Default::default(),
            container: false,
            messages: decoded.messages,
            buffers: decoded.buffers,
        };
        Event { n: 1, at_us: 3_723_004_000, conn: 7, what: What::Received(packet) }
    }

    #[test]
    fn a_message_is_one_line_in_the_terminals_width() {
        let lines = PLAIN.lines(&received(b"\xef\xbe\xad\xde"), &[0]);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].chars().count(), 60, "{lines:?}");
        assert!(lines[0].starts_with("01:02:03.004    7 →"), "{lines:?}");
    }

    #[test]
    fn nothing_that_clients_send_steers_the_terminal() {
        const HOSTILE: &str = "a\x1b[2Jb\r\n\u{202e}";
        let colours = Style { colours: true, expand: true, ..PLAIN };
        let mut event = received(b"\xec\x77\xbe\x7a\x07\0\0\0\0\0\0\0");
        let What::Received(packet) = &mut event.what else { panic!() };
        let message = &mut packet.messages[0];
        (message.name, message.text) = (HOSTILE.into(), HOSTILE.into());
        (message.msg_id, message.answers) = (Some(HOSTILE.into()), Some(HOSTILE.into()));
        (message.tree.name, message.tree.kind) = (HOSTILE.into(), HOSTILE.into());
        message.tree.children[0].value = Some(HOSTILE.into());
        let closed = Event { what: What::Closed { reason: HOSTILE.into() }, ..event.clone() };
        for line in [colours.lines(&event, &[0]), colours.lines(&closed, &[])].concat() {
            let bare =
                line.split("\x1b[").map(|piece| piece.trim_start_matches(|c: char| c.is_ascii_digit()));
            assert!(!bare.collect::<String>().chars().any(terminal::steers), "{line:?}");
        }
        assert_eq!(visible("\x1b[31mred\x1b[0m"), 3);
    }

    #[test]
    fn a_tree_has_a_line_per_value() {
        let style = Style { expand: true, ..PLAIN };
        let ping = b"\xec\x77\xbe\x7a\x07\0\0\0\0\0\0\0";
        let lines = style.lines(&received(ping), &[0]);
        assert_eq!(lines[1..], ["  ping", "    ping_id: 7"]);
        let coloured = Style { colours: true, ..PLAIN };
        assert!(coloured.lines(&received(ping), &[0])[0].contains("\x1b[1mping\x1b[0m(ping_id: 7)"));
    }
}
