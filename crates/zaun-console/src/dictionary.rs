//! The schemas as a dictionary: what every constructor id of every known layer means, and what of it is secret.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use zaun_tl::schema::{self, Category, Definition, History, TypeExpr};

use crate::redact;

/// One constructor or method.
#[derive(Debug)]
pub struct Entry {
    /// As the schema has it.
    pub definition: Definition,
    /// For each parameter, whether it is never shown.
    pub hidden: Vec<bool>,
    /// Whether it, or anything that may be inside it, has something to hide.
    pub holds_secrets: bool,
}

impl Entry {
    /// Whether it is a method.
    #[must_use]
    pub fn is_method(&self) -> bool {
        self.definition.category == Category::Function
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Dictionary {
    entries: HashMap<u32, Entry>,
    /// Constructors of MTProto by name and by type, for bare values.
    bare: HashMap<String, u32>,
}

impl Dictionary {
    /// The dictionary of the schemas in `zaun-schema`, made when it is first asked for.
    pub fn shared() -> &'static Dictionary {
        static SHARED: OnceLock<Dictionary> = OnceLock::new();
        SHARED.get_or_init(|| {
            let parsed = (
                schema::parse(zaun_wire::TEXT),
                schema::parse(zaun_schema::text::API),
                History::parse(zaun_schema::text::HISTORY),
            );
            let (Ok(protocol), Ok(api), Ok(history)) = parsed else {
                // The crate that holds the texts does not build unless they parse.
                tracing::error!("the schemas cannot be read; nothing is decoded");
                return Dictionary::default();
            };
            let old = history.old.into_iter().map(|old| old.definition);
            Dictionary::new(&protocol, old.chain(api).collect())
        })
    }

    fn new(protocol: &[Definition], api: Vec<Definition>) -> Dictionary {
        let mut bare = HashMap::new();
        for definition in protocol.iter().filter(|d| d.category == Category::Constructor) {
            bare.insert(definition.name.clone(), definition.id);
            bare.insert(definition.result.to_string(), definition.id);
        }
        let all = protocol.iter().cloned().chain(api);
        let entries = all.map(|definition| (definition.id, entry(definition))).collect();
        let mut dictionary = Dictionary { entries, bare };
        dictionary.spread_secrets();
        dictionary
    }

    /// What an id means.
    #[must_use]
    pub fn find(&self, id: u32) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// The constructor of a bare value, by its name or by its type.
    #[must_use]
    pub fn bare(&self, name: &str) -> Option<&Entry> {
        self.find(*self.bare.get(name)?)
    }

    /// All entries, in no order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// Marks what may contain something that has secrets, until nothing changes.
    fn spread_secrets(&mut self) {
        loop {
            let secret = self.entries.values().filter(|entry| entry.holds_secrets && !entry.is_method());
            let secret: HashSet<String> = secret.map(|entry| entry.definition.result.to_string()).collect();
            let mut changed = false;
            for entry in self.entries.values_mut().filter(|entry| !entry.holds_secrets) {
                let holds = entry.definition.params.iter().any(|param| may_hold(&param.ty, &secret));
                entry.holds_secrets = holds;
                changed |= holds;
            }
            if !changed {
                return;
            }
        }
    }
}

fn entry(definition: Definition) -> Entry {
    let hides = |name: &str| redact::is_hidden(&definition.name, name);
    let hidden: Vec<bool> = definition.params.iter().map(|param| hides(&param.name)).collect();
    let holds_secrets = hidden.contains(&true) || redact::has_text_of_others(&definition.name);
    Entry { hidden, holds_secrets, definition }
}

fn may_hold(ty: &TypeExpr, secret: &HashSet<String>) -> bool {
    match ty {
        TypeExpr::Any(_) => true,
        TypeExpr::Flags => false,
        TypeExpr::Vector(element) | TypeExpr::BareVector(element) => may_hold(element, secret),
        TypeExpr::Named(name) | TypeExpr::Bare(name) => name == "Object" || secret.contains(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_layer_and_the_protocol() {
        let dictionary = Dictionary::shared();
        for (id, name) in [(0x7abe_77ec, "ping"), (0x73f1_f8dc, "msg_container"), (0xe009_98b7, "channel")] {
            assert_eq!(dictionary.find(id).unwrap().definition.name, name);
        }
        assert_eq!(dictionary.bare("Message").unwrap().definition.id, 0x5bb8_e511);
        assert!(dictionary.entries().count() > 2500);
    }

    #[test]
    fn secrets_reach_what_contains_them() {
        let dictionary = Dictionary::shared();
        let holds = |name: &str| {
            let mut found = dictionary.entries().filter(|e| e.definition.name == name).peekable();
            assert!(found.peek().is_some(), "{name}");
            found.all(|entry| entry.holds_secrets)
        };
        assert!(holds("auth.signIn") && holds("config") && holds("initConnection") && holds("rpc_result"));
        assert!(holds("updates") && holds("messages.messages"));
        assert!(!holds("inputPeerUser") && !holds("messages.getHistory") && !holds("ping"));
    }
}
