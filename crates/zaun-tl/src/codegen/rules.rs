//! The data file of what is not mechanical between versions.
//!
//! A TOML subset: `["section"]` headers, `key = "text"` and `key = '''text over lines'''`. A section is named after a
//! constructor, a method or `type T`; with `#id` it is for that version only. What the keys mean is written at the
//! top of the file itself.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::CodegenError;

/// The parsed file, with a note of what has been used.
#[derive(Debug, Default)]
pub(super) struct Rules {
    entries: BTreeMap<(String, String), String>,
    used: RefCell<BTreeSet<(String, String)>>,
}

impl Rules {
    /// Reads the file's text.
    pub(super) fn parse(text: &str) -> Result<Self, CodegenError> {
        let mut rules = Self::default();
        let mut section = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let bad = || CodegenError::Rule(line.to_owned());
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix("[\"").and_then(|rest| rest.strip_suffix("\"]")) {
                section = name.to_owned();
                continue;
            }
            let (key, value) = line.split_once(" = ").ok_or_else(bad)?;
            let value = if value == "'''" {
                let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "'''").collect();
                body.join("\n")
            } else {
                let quoted =
                    |quote| value.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
                quoted('"').or_else(|| quoted('\'')).ok_or_else(bad)?.to_owned()
            };
            if rules.entries.insert((section.clone(), key.to_owned()), value).is_some() {
                return Err(bad());
            }
        }
        Ok(rules)
    }

    /// The rule for one version, or else for all versions of a name.
    pub(super) fn find(&self, name: &str, id: u32, key: &str) -> Option<&str> {
        self.find_exact(name, id, key).or_else(|| self.get(name, key))
    }

    /// The rule for one version only.
    pub(super) fn find_exact(&self, name: &str, id: u32, key: &str) -> Option<&str> {
        self.get(&format!("{name}#{id:08x}"), key)
    }

    /// The rule in a section.
    pub(super) fn get(&self, section: &str, key: &str) -> Option<&str> {
        let key = (section.to_owned(), key.to_owned());
        let value = self.entries.get(&key)?;
        self.used.borrow_mut().insert(key);
        Some(value)
    }

    /// The keys of a section; asking for them uses none.
    pub(super) fn keys(&self, section: &str) -> impl Iterator<Item = &str> {
        let of_section = move |key: &&(String, String)| key.0 == section;
        self.entries.keys().filter(of_section).map(|(_, key)| key.as_str())
    }

    /// Whether a space-separated list of names in a rule holds `word`.
    pub(super) fn lists(&self, name: &str, id: u32, key: &str, word: &str) -> bool {
        let sections = [format!("{name}#{id:08x}"), name.to_owned()];
        sections.iter().any(|section| {
            let key = (section.clone(), key.to_owned());
            let listed =
                self.entries.get(&key).is_some_and(|list| list.split(' ').any(|entry| entry == word));
            if listed {
                self.used.borrow_mut().insert(key);
            }
            listed
        })
    }

    /// An error if a rule has never been asked for: it names something that does not exist, or is not needed.
    pub(super) fn check_used(&self) -> Result<(), CodegenError> {
        let used = self.used.borrow();
        match self.entries.keys().find(|key| !used.contains(*key)) {
            Some((section, key)) => Err(CodegenError::UnusedRule(section.clone(), key.clone())),
            None => Ok(()),
        }
    }
}
