//! Documents written by hand that name tests and public items: each has to be where the document says.

use std::fs;

use anyhow::Context;

use crate::{protocol, root};

/// Documents that are checked.
const DOCUMENTS: [&str; 2] = ["docs/SECURITY_CHECKS.md", "docs/TYPESCRIPT.md"];

/// What can be public and has a name.
const ITEMS: [&str; 9] = ["fn", "const fn", "async fn", "struct", "trait", "enum", "const", "type", "mod"];

/// Fails if a document names a test or an item that does not exist.
pub fn check() -> anyhow::Result<()> {
    for document in DOCUMENTS {
        let path = root().join(document);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for (label, target) in links(&text) {
            check_one(label, target).with_context(|| format!("{document} links [{label}]({target})"))?;
        }
    }
    Ok(())
}

/// A label in backticks is a public item of the file, any other one a test in it.
fn check_one(label: &str, target: &str) -> anyhow::Result<()> {
    let path = root().join("docs").join(target);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let Some(item) = label.strip_prefix('`').and_then(|label| label.strip_suffix('`')) else {
        anyhow::ensure!(protocol::has_test(target, &text, label), "there is no such test");
        return Ok(());
    };
    let name = item.rsplit("::").next().unwrap_or(item);
    anyhow::ensure!(is_public(&text, name), "there is no public item `{name}`");
    Ok(())
}

/// Whether a file declares a public item.
fn is_public(text: &str, name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let declares = |line: &str| {
        let mut rests = ITEMS.iter().filter_map(|item| line.strip_prefix(&format!("pub {item} {name}")));
        rests.any(ends)
    };
    text.lines().any(|line| declares(line.trim_start()))
}

/// Label and target of the links into the crates and clients.
fn links(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices("](../").filter_map(|(at, _)| {
        let label = text.get(..at)?.rsplit('[').next()?;
        let target = text.get(at + 2..)?.split(')').next()?;
        let code = target.ends_with(".rs") || target.ends_with(".py");
        code.then_some((label, target))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_documents_name_exists() {
        check().unwrap();
    }

    #[test]
    fn links_into_code_are_found_and_others_are_not() {
        let text = "| [a_test](../crates/x.rs), [`x::Y`](../crates/y.rs) | [page](../README.md) [z](z.md) |";
        let found: Vec<_> = links(text).collect();
        assert_eq!(found, [("a_test", "../crates/x.rs"), ("`x::Y`", "../crates/y.rs")]);
    }

    #[test]
    fn public_items_are_told_from_others() {
        let text = "    pub fn seal(\npub struct Seal {\nfn open() {\n    pub const fn len(";
        assert!(is_public(text, "seal") && is_public(text, "Seal") && is_public(text, "len"));
        assert!(!is_public(text, "open") && !is_public(text, "sea") && !is_public(text, "Sea"));
    }
}
