//! Objects as trees: every value with its name, its type and the bytes it came from.

mod decode;
mod line;
mod messages;

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zaun_tl::schema::TypeExpr;

pub use line::{innermost, line};
pub use messages::decode;

use crate::limits::{MAX_HEX_BYTES, MAX_VALUE_BYTES, MAX_VALUE_CHARS};

/// One value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Node {
    /// The field it fills; empty for the root and for elements of a vector.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub name: Cow<'static, str>,
    /// Constructor or method (`messages.sendMessage`), built-in type (`long`), `vector`, `#`, or `?` for what could not
    /// be read.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// The id of a constructor or method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// A plain value as text; `bytes` as hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Fields or elements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Node>,
    /// Buffer, start and end of its bytes.
    pub at: (usize, usize, usize),
    /// Its value is a secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// What is wrong here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Node {
    /// The field of a name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Itself and everything in it that `wanted` picks; it may be nested [`MAX_DEPTH`](crate::limits::MAX_DEPTH) deep.
    #[must_use]
    pub fn any(&self, wanted: &impl Fn(&Node) -> bool) -> bool {
        wanted(self) || self.children.iter().any(|child| child.any(wanted))
    }
}

/// One message of a packet: the whole packet, or one in its container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its msg_id in decimal, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg_id: Option<String>,
    /// Its seqno.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seqno: Option<i32>,
    /// The method or constructor, without wrappers.
    pub name: String,
    /// The method that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// One line, cut off.
    pub text: String,
    /// All of it.
    pub tree: Node,
}

/// Bytes that trees refer to: the packet's object, and what each gzip_packed in it unpacked to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Buffer {
    /// How many there are.
    pub length: usize,
    /// The first of them as hex; `**` for a hidden one.
    pub hex: String,
}

/// A packet, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// Whether the messages were in a container.
    pub container: bool,
    /// The messages.
    pub messages: Vec<Message>,
    /// Their bytes.
    pub buffers: Vec<Buffer>,
}

/// What kind of result a query waits for: method and type, by the msg_id of the query.
pub type Asked<'a> = &'a dyn Fn(i64) -> Option<(&'static str, &'static TypeExpr)>;

/// Bytes, and which of them are hidden.
#[derive(Debug)]
struct Source {
    bytes: Bytes,
    hidden: Vec<(usize, usize)>,
}

impl Source {
    fn new(bytes: Bytes) -> Source {
        Source { bytes, hidden: Vec::new() }
    }

    fn into_buffer(self) -> Buffer {
        let mut shown: Vec<Option<u8>> =
            self.bytes.iter().take(MAX_HEX_BYTES).map(|byte| Some(*byte)).collect();
        for (start, end) in self.hidden {
            let end = end.min(shown.len());
            if let Some(range) = shown.get_mut(start.min(end)..end) {
                range.fill(None);
            }
        }
        let mut hex = String::with_capacity(shown.len() * 2);
        for byte in shown {
            match byte {
                Some(byte) => hex.push_str(&hex_of(&[byte])),
                None => hex.push_str("**"),
            }
        }
        Buffer { length: self.bytes.len(), hex }
    }
}

/// Bytes as hex digits.
fn hex_of(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|n| char::from_digit(n.into(), 16))
        .collect()
}

/// A string's value; one that is not UTF-8 is shown as far as it can be.
fn text(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    match text.char_indices().nth(MAX_VALUE_CHARS) {
        Some((at, _)) => format!("{}… ({} bytes)", text.get(..at).unwrap_or_default(), raw.len()),
        None => text.into_owned(),
    }
}

/// Bytes as hex digits, the first of them only.
fn cut_hex(raw: &[u8]) -> String {
    match raw.get(..MAX_VALUE_BYTES) {
        Some(head) if raw.len() > MAX_VALUE_BYTES => format!("{}… ({} bytes)", hex_of(head), raw.len()),
        _ => hex_of(raw),
    }
}
