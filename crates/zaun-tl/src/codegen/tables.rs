//! Tables of names and ids.

use std::collections::BTreeMap;

use super::model::Combinator;
use super::{Generator, names};
use crate::schema::{Category, Definition};

impl Generator<'_> {
    /// The module `ids`: a constant per constructor and method of the newest layer.
    pub(super) fn ids(&self) -> String {
        let mut out = String::from("/// Constructor and method ids by name.\npub mod ids {\n");
        let known = self.model.constructors.values().chain(self.model.functions.values());
        let live = known.map(|combinator| &combinator.definition).filter(|it| !self.model.is_legacy(it));
        let ids = live.map(|definition| (&definition.name, definition.id));
        for (name, id) in ids.chain(self.model.opaque.iter().map(|(name, id)| (name, *id))) {
            out.push_str(&format!("    pub const {}: u32 = {id:#010x};\n", names::screaming(name)));
        }
        out.push_str("}\n");
        out
    }

    /// Names by id, and the list of methods.
    pub(super) fn tables(&self) -> String {
        let mut method_ids = all_ids(self.model.functions.values());
        let mut constructor_ids = all_ids(self.model.constructors.values());
        constructor_ids.extend(self.model.opaque.iter().map(|(name, id)| (*id, name.as_str())));
        method_ids.sort_unstable();
        constructor_ids.sort_unstable();
        format!(
            "pub use ::zaun_tl::{{MethodInfo, ResultChange}};\n\
             /// Every method with all its ids, the newest first; sorted by name.\n\
             pub static METHODS: &[MethodInfo] = &[\n{}];\n\
             /// The method ids that promise another type than the newest layer answers with.\n\
             pub static RESULT_CHANGED: &[ResultChange] = &[\n{}];\n\
             static METHOD_IDS: &[(u32, &str)] = &[\n{}];\n\
             static CONSTRUCTOR_IDS: &[(u32, &str)] = &[\n{}];\n\
             /// The name of the method that has this id in any served layer.\n\
             pub fn method_name(id: u32) -> Option<&'static str> {{ ::zaun_tl::name_by_id(METHOD_IDS, id) }}\n\
             /// The name of the constructor that has this id in any served layer.\n\
             pub fn constructor_name(id: u32) -> Option<&'static str> \
             {{ ::zaun_tl::name_by_id(CONSTRUCTOR_IDS, id) }}\n",
            self.methods(),
            self.result_changes(),
            id_table(&method_ids),
            id_table(&constructor_ids)
        )
    }

    fn methods(&self) -> String {
        let mut out = String::new();
        for (name, combinator) in &self.model.functions {
            if self.model.is_legacy(&combinator.definition) {
                continue;
            }
            let mut ids = all_ids([combinator]);
            ids.extend(self.predecessors(name).into_iter().flat_map(|old| all_ids([old])));
            let ids: Vec<String> = ids.iter().map(|(id, _)| format!("{id:#010x}")).collect();
            let result = result(&combinator.definition);
            out.push_str(&format!(
                "    MethodInfo {{ name: \"{name}\", ids: &[{}], result: \"{result}\" }},\n",
                ids.join(", ")
            ));
        }
        out
    }

    fn result_changes(&self) -> String {
        let mut out = String::new();
        for (name, combinator) in &self.model.functions {
            if self.model.is_legacy(&combinator.definition) {
                continue;
            }
            let now = result(&combinator.definition);
            let versions = self.result_changed(combinator).map(|version| &version.definition);
            let versions = versions.map(|then| (then, self.rules.find(name, then.id, "response").is_some()));
            let old = self.predecessors(name).into_iter().map(|old| &old.definition);
            let old = old.filter(|then| then.result != combinator.definition.result);
            let old = old.map(|then| (then, self.rules.get(&then.name, "response").is_some()));
            for (then, converted) in versions.chain(old) {
                out.push_str(&format!(
                    "    ResultChange {{ id: {:#010x}, method: \"{name}\", then: \"{}\", now: \"{now}\", \
                     converted: {converted} }},\n",
                    then.id,
                    result(then)
                ));
            }
        }
        out
    }

    /// The function that reads any object of the schema.
    pub(super) fn decode_any(&self) -> String {
        let mut by_type: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for combinator in self.model.constructors.values() {
            let ty = combinator.definition.result.to_string();
            by_type.entry(self.model.enum_path(&ty)).or_default().push(self.id_pattern(combinator));
        }
        let arms = by_type.iter().map(|(path, ids)| {
            format!("        Some({}) => ::zaun_tl::boxed::<{path}>(r),\n", ids.join(" | "))
        });
        format!(
            "/// Reads any constructor or method of any served layer.\n\
             pub fn decode_any(r: &mut Reader) -> Result<Box<dyn ::zaun_tl::Object>, DecodeError> {{\n    \
             match r.peek_u32() {{\n{}        \
             _ => Ok(Box::new(Request::decode(r)?.1)),\n    }}\n}}\n\
             /// Reads any object and writes it for `layer`; bytes after it are an error.\n\
             pub fn transcode_any(bytes: Bytes, layer: i32) -> Result<Vec<u8>, ::zaun_tl::TranscodeError> {{\n    \
             ::zaun_tl::transcode(bytes, layer, decode_any)\n}}\n\
             /// The debug text of any object; bytes after it are an error.\n\
             pub fn describe_any(bytes: Bytes) -> Result<String, DecodeError> {{\n    \
             ::zaun_tl::describe(bytes, decode_any)\n}}\n",
            arms.collect::<String>()
        )
    }
}

fn all_ids<'a>(combinators: impl IntoIterator<Item = &'a Combinator>) -> Vec<(u32, &'a str)> {
    let mut ids = Vec::new();
    for combinator in combinators {
        let name = combinator.definition.name.as_str();
        ids.push((combinator.definition.id, name));
        ids.extend(combinator.older.iter().map(|version| (version.definition.id, name)));
    }
    ids
}

/// The result type as the schema writes it.
fn result(definition: &Definition) -> String {
    debug_assert!(definition.category == Category::Function, "only functions answer");
    definition.result.to_string().trim_start_matches('!').to_owned()
}

fn id_table(ids: &[(u32, &str)]) -> String {
    ids.iter().map(|(id, name)| format!("    ({id:#010x}, \"{name}\"),\n")).collect()
}
