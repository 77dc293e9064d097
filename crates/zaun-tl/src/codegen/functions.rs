//! Functions: a struct per method, and the enum of all of them.

use std::collections::BTreeMap;

use super::model::{Combinator, Version};
use super::{CodegenError, Generator, RUNTIME, names};

impl Generator<'_> {
    /// The module `functions`, of live or of legacy methods.
    pub(super) fn functions(&mut self, legacy: bool) -> Result<String, CodegenError> {
        let mut items: BTreeMap<String, String> = BTreeMap::new();
        let model = self.model;
        for (name, combinator) in &model.functions {
            if model.is_legacy(&combinator.definition) != legacy {
                continue;
            }
            let (namespace, own) = names::split(name);
            let mut text = self.structure(combinator);
            text.push_str(&format!(
                "impl ::zaun_tl::Function for {} {{\n    const NAME: &'static str = \"{name}\";\n    \
                 const ID: u32 = Self::CONSTRUCTOR_ID;\n    type Response = {};\n{}}}\n",
                names::pascal(own),
                model.response(combinator)?,
                self.encode_response(combinator)
            ));
            items.entry(namespace.to_owned()).or_default().push_str(&text);
        }
        Ok(self.nested_modules("functions", "One struct per method.", &items))
    }

    /// Answers in the result types that old ids promise; empty if there never was another one.
    fn encode_response(&self, combinator: &Combinator) -> String {
        let name = &combinator.definition.name;
        let mut arms = String::new();
        let mut arm = |id: u32, rule: Option<&str>| {
            let write = match rule {
                Some(rule) => format!("{{ {rule} }}"),
                None => format!("w.no_form(\"{name}\")"),
            };
            arms.push_str(&format!("            {id:#010x} => {write},\n"));
        };
        for version in self.result_changed(combinator) {
            let id = version.definition.id;
            arm(id, self.rules.find(name, id, "response"));
        }
        for old in self.predecessors(name) {
            if old.definition.result != combinator.definition.result {
                let rule = self.rules.get(&old.definition.name, "response");
                let older = old.older.iter().map(|version| version.definition.id);
                older.chain([old.definition.id]).for_each(|id| arm(id, rule));
            }
        }
        if arms.is_empty() {
            return String::new();
        }
        format!(
            "    fn encode_response(response: &Self::Response, id: u32, w: &mut Writer) {{\n        \
             match id {{\n{arms}            _ => response.encode(w),\n        }}\n    }}\n"
        )
    }

    /// The versions of a method that answered with another type.
    pub(super) fn result_changed<'a>(&self, combinator: &'a Combinator) -> impl Iterator<Item = &'a Version> {
        let now = combinator.definition.result.clone();
        combinator.older.iter().filter(move |version| version.definition.result != now)
    }

    /// The legacy methods that a method is the successor of.
    pub(super) fn predecessors(&self, name: &str) -> Vec<&Combinator> {
        let functions = self.model.functions.values();
        let legacy = functions.filter(|combinator| self.model.is_legacy(&combinator.definition));
        legacy.filter(|old| self.rules.get(&old.definition.name, "successor") == Some(name)).collect()
    }

    /// The enum `Request`.
    pub(super) fn request(&mut self) -> String {
        let mut variants = String::new();
        let mut decode = String::new();
        let mut name_arms = String::new();
        let mut encode = String::new();
        let model = self.model;
        for (name, combinator) in &model.functions {
            let variant = names::pascal(name);
            let path = model.function_path(name);
            let ids = self.id_pattern(combinator);
            let call = self.body_call(combinator);
            if model.is_legacy(&combinator.definition) {
                let value = self.successor(name, &format!("{path}::{call}?"));
                decode.push_str(&format!("            {ids} => {value},\n"));
                continue;
            }
            variants.push_str(&format!("    {variant}(Box<{path}>),\n"));
            decode.push_str(&format!("            {ids} => Self::{variant}(Box::new({path}::{call}?)),\n"));
            name_arms.push_str(&format!("            Self::{variant}(_) => \"{name}\",\n"));
            encode.push_str(&format!("            Self::{variant}(call) => call.encode(w),\n"));
        }
        format!(
            "{RUNTIME}\n/// Any method, in its newest form.\n#[derive(Debug, Clone, PartialEq)]\npub enum Request {{\n\
             {variants}}}\nimpl Request {{\n    \
             /// Reads a call; gives the id it came with, because some old ids want an older answer.\n    \
             pub fn decode(r: &mut Reader) -> Result<(u32, Self), DecodeError> {{\n        \
             let id = r.take_u32()?;\n        Ok((id, Self::decode_id(r, id)?))\n    }}\n    \
             /// Reads a call whose id has been read already.\n    \
             pub fn decode_id(r: &mut Reader, id: u32) -> Result<Self, DecodeError> {{\n        \
             Ok(match id {{\n{decode}            \
             _ => return Err(DecodeError::UnknownMethod {{ id }}),\n        }})\n    }}\n    \
             /// The method's name: `messages.getDialogs`.\n    pub fn name(&self) -> &'static str {{\n        \
             match self {{\n{name_arms}        }}\n    }}\n}}\n\
             impl Encode for Request {{\n    fn encode(&self, w: &mut Writer) {{\n        match self {{\n{encode}        \
             }}\n    }}\n}}\n"
        )
    }

    /// What a call of a legacy method becomes.
    fn successor(&mut self, name: &str, read: &str) -> String {
        let successor = self.rules.get(name, "successor").and_then(|name| self.model.functions.get(name));
        match (self.rules.get(name, "decode_gone"), successor) {
            (Some("none"), _) => format!("return Err(DecodeError::NoSuccessor {{ id, name: \"{name}\" }})"),
            (Some(rule), Some(successor)) => {
                let variant = names::pascal(&successor.definition.name);
                format!("{{ let old = {read}; Self::{variant}(Box::new({rule})) }}")
            }
            _ => {
                self.problems.push(format!("{name}: gone, no decode_gone with successor"));
                String::from("unreachable!()")
            }
        }
    }
}
