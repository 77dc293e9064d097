//! Tables of names and ids.

use super::{Generator, names};

impl Generator<'_> {
    /// The module `ids`: a constant per constructor and method.
    pub(super) fn ids(&self) -> String {
        let mut out = String::from("/// Constructor and method ids by name.\npub mod ids {\n");
        let known = self.model.constructors.iter().chain(&self.model.functions);
        let ids = known.map(|(name, combinator)| (name, combinator.definition.id));
        for (name, id) in ids.chain(self.model.opaque.iter().map(|(name, id)| (name, *id))) {
            out.push_str(&format!("    pub const {}: u32 = {id:#010x};\n", names::screaming(name)));
        }
        out.push_str("}\n");
        out
    }

    /// Names by id, and the list of methods.
    pub(super) fn tables(&self) -> String {
        let mut methods = String::new();
        let mut method_ids: Vec<(u32, &str)> = Vec::new();
        for (name, combinator) in &self.model.functions {
            let definition = &combinator.definition;
            let result = definition.result.to_string();
            let result = result.trim_start_matches('!');
            methods.push_str(&format!(
                "    MethodInfo {{ name: \"{name}\", ids: &[{:#010x}], result: \"{result}\" }},\n",
                definition.id
            ));
            method_ids.push((definition.id, name));
        }
        let constructors = self.model.constructors.iter();
        let mut constructor_ids: Vec<(u32, &str)> =
            constructors.map(|(name, combinator)| (combinator.definition.id, name.as_str())).collect();
        constructor_ids.extend(self.model.opaque.iter().map(|(name, id)| (*id, name.as_str())));
        format!(
            "pub use ::zaun_tl::MethodInfo;\n\
             /// Every method with all its ids, the newest first; sorted by name.\n\
             pub static METHODS: &[MethodInfo] = &[\n{methods}];\n\
             static METHOD_IDS: &[(u32, &str)] = &[\n{}];\n\
             static CONSTRUCTOR_IDS: &[(u32, &str)] = &[\n{}];\n\
             /// The name of the method that has this id in any served layer.\n\
             pub fn method_name(id: u32) -> Option<&'static str> {{ ::zaun_tl::name_by_id(METHOD_IDS, id) }}\n\
             /// The name of the constructor that has this id in any served layer.\n\
             pub fn constructor_name(id: u32) -> Option<&'static str> \
             {{ ::zaun_tl::name_by_id(CONSTRUCTOR_IDS, id) }}\n",
            id_table(method_ids),
            id_table(constructor_ids)
        )
    }
}

fn id_table(mut ids: Vec<(u32, &str)>) -> String {
    ids.sort_unstable();
    ids.iter().map(|(id, name)| format!("    ({id:#010x}, \"{name}\"),\n")).collect()
}
