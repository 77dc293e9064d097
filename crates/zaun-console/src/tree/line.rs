//! The one-line text form: `messages.sendMessage(peer: inputPeerSelf, message: "hello", …)`.

use super::Node;
use crate::limits::{MAX_LINE_CHARS, MAX_LINE_VALUE_CHARS};

/// Fields that hold a query around which a method only wraps something, or an object that is only packed.
const INNER: [&str; 2] = ["query", "unpacked"];

/// What is asked or told, without wrappers and packing.
#[must_use]
pub fn innermost(node: &Node) -> &Node {
    match node.children.iter().find(|child| INNER.contains(&&*child.name) && child.kind != "?") {
        Some(inner) if inner.kind != "string" => innermost(inner),
        _ => node,
    }
}

/// The one-line form, cut off after [`MAX_LINE_CHARS`]. Wrappers stand behind what they wrap.
#[must_use]
pub fn line(node: &Node) -> String {
    let mut line = Line { text: String::new(), left: MAX_LINE_CHARS };
    line.object(innermost(node));
    let mut wrapper = node;
    let mut around = Vec::new();
    while !std::ptr::eq(wrapper, innermost(wrapper)) {
        let layer = wrapper.field("layer").and_then(|layer| layer.value.as_deref());
        around.push(
            layer.map_or_else(|| wrapper.kind.to_string(), |layer| format!("{} {layer}", wrapper.kind)),
        );
        let Some(inner) = wrapper.children.iter().find(|child| INNER.contains(&&*child.name)) else { break };
        wrapper = inner;
    }
    for wrapper in around.iter().rev() {
        line.push(&format!(" in {wrapper}"));
    }
    line.text
}

struct Line {
    text: String,
    left: usize,
}

impl Line {
    fn push(&mut self, text: &str) {
        for c in text.chars() {
            match self.left {
                0 => return,
                1 => self.text.push('…'),
                _ => self.text.push(c),
            }
            self.left = self.left.saturating_sub(1);
        }
    }

    fn object(&mut self, node: &Node) {
        if self.left == 0 {
            return;
        }
        match (&*node.kind, &node.value) {
            ("?", _) => self.push(&format!("‹{}›", node.error.as_deref().unwrap_or("not read"))),
            _ if node.hidden => self.push("‹hidden›"),
            ("string", Some(value)) => self.push(&format!("{:?}", cut(value))),
            (_, Some(value)) => self.push(&cut(value)),
            ("vector", None) => self.list("[", node, "]"),
            (_, None) if node.children.iter().all(|child| child.kind == "#") => self.push(&node.kind),
            (kind, None) => self.list(&format!("{kind}("), node, ")"),
        }
    }

    fn list(&mut self, open: &str, node: &Node, close: &str) {
        self.push(open);
        let shown = node.children.iter().filter(|child| child.kind != "#");
        for (index, child) in shown.enumerate() {
            if self.left == 0 {
                return;
            }
            if index > 0 {
                self.push(", ");
            }
            match &*child.name {
                "" => {}
                name if child.kind == "true" => {
                    self.push(name);
                    continue;
                }
                name => self.push(&format!("{name}: ")),
            }
            self.object(child);
        }
        self.push(close);
    }
}

fn cut(value: &str) -> String {
    match value.char_indices().nth(MAX_LINE_VALUE_CHARS) {
        Some((at, _)) => format!("{}…", value.get(..at).unwrap_or_default()),
        None => value.to_owned(),
    }
}
