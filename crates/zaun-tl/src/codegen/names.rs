//! From TL names to Rust names.

/// Words that cannot be field names.
const KEYWORDS: [&str; 45] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "unsafe", "use", "where", "while", "yield",
];

/// Namespace and own part: `messages.getDialogs` is `("messages", "getDialogs")`.
pub(super) fn split(name: &str) -> (&str, &str) {
    name.split_once('.').unwrap_or(("", name))
}

/// `p_q_inner_data_dc` becomes `PQInnerDataDc`; dots and underscores vanish, other capitals stay.
pub(super) fn pascal(name: &str) -> String {
    let capitalised = |part: &str| {
        let mut letters = part.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    };
    name.split(['_', '.']).map(capitalised).collect()
}

/// A field's name: snake case, raw where it is a keyword, `is_self` for `self`.
pub(super) fn field(name: &str) -> String {
    let snake = snake(name);
    match snake.as_str() {
        "self" => "is_self".into(),
        "crate" | "super" => format!("{snake}_"),
        word if KEYWORDS.contains(&word) => format!("r#{snake}"),
        _ => snake,
    }
}

/// `msg_container` and `getDialogs` become `MSG_CONTAINER` and `GET_DIALOGS`.
pub(super) fn screaming(name: &str) -> String {
    snake(&name.replace('.', "_")).to_ascii_uppercase()
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut after_lower = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && after_lower {
            out.push('_');
        }
        after_lower = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// Path of an item of `kind` (`types`, `enums`, `functions`) in the generated module.
pub(super) fn path(module: &str, kind: &str, name: &str) -> String {
    match split(name) {
        ("", own) => format!("crate::{module}::{kind}::{}", pascal(own)),
        (namespace, own) => format!("crate::{module}::{kind}::{namespace}::{}", pascal(own)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_contract() {
        assert_eq!(pascal("p_q_inner_data_dc"), "PQInnerDataDc");
        assert_eq!(pascal("resPQ"), "ResPQ");
        assert_eq!(pascal("messages.getDialogs"), "MessagesGetDialogs");
        assert_eq!(field("self"), "is_self");
        assert_eq!(field("type"), "r#type");
        assert_eq!(field("srp_B"), "srp_b");
        assert_eq!(screaming("messages.getDialogs"), "MESSAGES_GET_DIALOGS");
        assert_eq!(path("api", "enums", "help.Config"), "crate::api::enums::help::Config");
    }
}
