//! Checks that need no running server: formatting, clippy, crate arrows, generated documents.

use std::collections::BTreeMap;
use std::fs;

use anyhow::Context;

use crate::{cargo, docs, links, root, say};

/// Rings of crates; arrows only point to the same ring or to an earlier one, and within a ring to earlier names.
const RINGS: &[(&str, &[&str])] = &[
    (
        "pure",
        &[
            "zaun-model",
            "zaun-tl",
            "zaun-wire",
            "zaun-schema",
            "zaun-crypto",
            "zaun-transport",
            "zaun-mtproto",
            "zaun-updates",
        ],
    ),
    ("rules", &["zaun-store", "zaun-blob", "zaun-bus", "zaun-messenger"]),
    (
        "shell",
        &[
            "zaun-server",
            "zaun-console",
            "zaun-link",
            "zaun-proxy",
            "zaun-client",
            "zaun-probe",
            "zaun-api",
            "zaun-botapi",
            "zaun-node",
            "zaun-control",
            "zaun",
        ],
    ),
    ("tools", &["zaun-pgtest", "zaun-simkit", "zaun-testkit", "xtask"]),
];

/// What some crates must not even test with: a change in the messenger rebuilds no test of the protocol.
const NEVER: &[(&[&str], &[&str])] = &[
    (
        RINGS[0].1,
        &["zaun-store", "zaun-blob", "zaun-messenger", "zaun-api", "zaun-client", "zaun-testkit", "zaun"],
    ),
    (
        &["zaun-server", "zaun-link", "zaun-probe", "zaun-simkit"],
        &["zaun-messenger", "zaun-store", "zaun-api", "zaun-client", "zaun-testkit", "zaun"],
    ),
    (&["zaun-mtproto", "zaun-transport", "zaun-server", "zaun-link", "zaun-probe"], &["zaun-schema"]),
    // The API shows what the messenger shows it, never a table.
    (&["zaun-api"], &["zaun-store"]),
];

/// Libraries that the pure ring may not use: it has no sockets, no clock and no runtime.
const IMPURE: &[&str] = &["tokio", "rusqlite", "postgres", "tracing"];

/// Folders whose commands show what servers and other people say: what they print goes through `crate::terminal`,
/// which escapes it.
const SHOWS_FOREIGN: &[&str] =
    &["crates/zaun/src/client", "crates/zaun/src/doctor", "crates/zaun/src/inspect"];

/// Ways around `crate::terminal`.
const PRINTS: &[&str] = &[
    "print!(",
    "println!(",
    "eprint!(",
    "eprintln!(",
    "dbg!(",
    "stdout()",
    "stderr()",
    "ProgressBar::",
    "/dev/tty",
];

/// Runs the chore.
pub fn run() -> anyhow::Result<()> {
    say("tidy: formatting");
    cargo(&["fmt", "--all", "--check"]).context("run `cargo fmt --all`")?;
    cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]).context("run `cargo fmt` in fuzz/")?;
    say("tidy: crate arrows and documents");
    arrows()?;
    foreign_texts()?;
    docs::check()?;
    links::check()?;
    say("tidy: clippy");
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--quiet", "--", "--deny", "warnings"])
}

fn arrows() -> anyhow::Result<()> {
    let order: BTreeMap<&str, usize> = RINGS
        .iter()
        .flat_map(|(_, crates)| crates.iter().copied())
        .enumerate()
        .map(|(n, c)| (c, n))
        .collect();
    for entry in fs::read_dir(root().join("crates"))? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let own = order.get(name.as_str()).with_context(|| format!("crate {name} has no place in a ring"))?;
        let manifest = folder.join("Cargo.toml");
        for section in ["[dependencies]", "[dev-dependencies]"] {
            for dependency in dependencies(&manifest, section)? {
                let never = NEVER
                    .iter()
                    .any(|(from, to)| from.contains(&name.as_str()) && to.contains(&dependency.as_str()));
                anyhow::ensure!(!never, "{name} must not depend on {dependency}, not even in tests");
            }
        }
        for dependency in dependencies(&manifest, "[dependencies]")? {
            if let Some(other) = order.get(dependency.as_str()) {
                anyhow::ensure!(other < own, "{name} depends on {dependency}: arrows only point down");
            }
            let pure = RINGS[0].1.contains(&name.as_str());
            anyhow::ensure!(
                !(pure && IMPURE.contains(&dependency.as_str())),
                "{name} is pure and must not depend on {dependency}"
            );
        }
    }
    Ok(())
}

/// No foreign text reaches the terminal unescaped: in some folders nothing prints by itself.
fn foreign_texts() -> anyhow::Result<()> {
    let mut folders: Vec<_> = SHOWS_FOREIGN.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let printing = prints(&fs::read_to_string(&path)?);
                anyhow::ensure!(
                    printing.is_none(),
                    "{}:{}: print through crate::terminal, which escapes what others say",
                    path.display(),
                    printing.unwrap_or_default()
                );
            }
        }
    }
    Ok(())
}

/// The number of the first line of a source file that prints by itself.
fn prints(source: &str) -> Option<usize> {
    let code = |line: &str| !line.trim_start().starts_with("//");
    let printing = |line: &str| code(line) && PRINTS.iter().any(|print| line.contains(print));
    source.lines().position(printing).map(|at| at + 1)
}

/// The names in a section of a manifest.
fn dependencies(manifest: &std::path::Path, section: &str) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let header = format!("\n{section}");
    let section = text.split(header.as_str()).nth(1).unwrap_or_default();
    let lines = section.lines().skip(1).take_while(|line| !line.starts_with('['));
    let name = |line: &str| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned();
    Ok(lines.filter(|line| !line.trim().is_empty() && !line.starts_with('#')).map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_show_foreign_texts_print_in_one_place() {
        foreign_texts().unwrap();
    }

    #[test]
    fn every_way_of_printing_is_seen() {
        for line in [
            "println!(\"{name}\");",
            "eprint!(\"\")",
            "writeln!(std::io::stdout(), \"{name}\")",
            "let out = io::stderr().lock();",
        ] {
            assert_eq!(prints(&format!("fn f() {{\n    {line}\n}}\n")), Some(2), "{line}");
        }
        assert_eq!(
            prints("// println!(\"no code\")\nterminal::say(name)?;\nwriteln!(out, \"{name}\")\n"),
            None
        );
    }
}
