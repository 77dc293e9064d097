//! Boxed types: enums, or aliases where there is one constructor.

use std::collections::BTreeMap;

use super::model::Combinator;
use super::{Generator, names, nested_modules};

impl Generator<'_> {
    /// The module `enums`.
    pub(super) fn enums(&self) -> String {
        let mut items: BTreeMap<String, String> = BTreeMap::new();
        for (ty, constructors) in &self.model.types {
            let (namespace, own) = names::split(ty);
            let rust = names::pascal(own);
            let text = match self.model.single(ty) {
                Some(only) => {
                    let path = names::path(&self.model.module, "types", &only.definition.name);
                    format!("/// `{ty}` has one constructor.\npub type {rust} = {path};\n")
                }
                None => self.enumeration(ty, &rust, constructors),
            };
            items.entry(namespace.to_owned()).or_default().push_str(&text);
        }
        nested_modules("enums", "One enum or alias per boxed type.", &items)
    }

    fn enumeration(&self, ty: &str, rust: &str, constructors: &[String]) -> String {
        let combinators: Vec<&Combinator> =
            constructors.iter().filter_map(|name| self.model.constructors.get(name)).collect();
        let mut out = format!("/// `{ty}`\n#[derive(Debug, Clone, PartialEq)]\npub enum {rust} {{\n");
        for combinator in &combinators {
            out.push_str(&format!("    {},\n", self.variant_declaration(combinator)));
        }
        out.push_str("}\n");
        out.push_str(&self.enum_default(ty, rust));
        out.push_str(&self.enum_decode(ty, rust, &combinators));
        out.push_str(&self.enum_encode(rust, &combinators));
        for combinator in combinators.iter().filter(|combinator| !combinator.is_unit()) {
            let variant = names::pascal(names::split(&combinator.definition.name).1);
            let path = self.struct_path(combinator);
            let value = if self.is_boxed(combinator) { "Box::new(value)" } else { "value" };
            out.push_str(&format!(
                "impl From<{path}> for {rust} {{ fn from(value: {path}) -> Self {{ Self::{variant}({value}) }} }}\n"
            ));
        }
        out
    }

    fn struct_path(&self, combinator: &Combinator) -> String {
        names::path(&self.model.module, "types", &combinator.definition.name)
    }

    fn is_boxed(&self, combinator: &Combinator) -> bool {
        self.shape.boxed.contains(&combinator.definition.name)
    }

    fn variant_declaration(&self, combinator: &Combinator) -> String {
        let variant = names::pascal(names::split(&combinator.definition.name).1);
        let path = self.struct_path(combinator);
        match (combinator.is_unit(), self.is_boxed(combinator)) {
            (true, _) => variant,
            (false, true) => format!("{variant}(Box<{path}>)"),
            (false, false) => format!("{variant}({path})"),
        }
    }

    fn enum_default(&self, ty: &str, rust: &str) -> String {
        let default = self.shape.default.get(ty).and_then(|name| self.model.constructors.get(name));
        let Some(combinator) = default else { return String::new() };
        let variant = names::pascal(names::split(&combinator.definition.name).1);
        let value = if combinator.is_unit() { String::new() } else { "(Default::default())".into() };
        format!("impl Default for {rust} {{ fn default() -> Self {{ Self::{variant}{value} }} }}\n")
    }

    fn enum_decode(&self, ty: &str, rust: &str, combinators: &[&Combinator]) -> String {
        let min_size = self.shape.min_size.get(ty).copied().unwrap_or(4);
        let mut arms = String::new();
        for combinator in combinators {
            let variant = names::pascal(names::split(&combinator.definition.name).1);
            let id = combinator.definition.id;
            let path = self.struct_path(combinator);
            let value = match (combinator.is_unit(), self.is_boxed(combinator)) {
                (true, _) => format!("Ok(Self::{variant})"),
                (false, true) => {
                    format!("{path}::decode_body(r).map(|value| Self::{variant}(Box::new(value)))")
                }
                (false, false) => format!("{path}::decode_body(r).map(Self::{variant})"),
            };
            arms.push_str(&format!("            {id:#010x} => {value},\n"));
        }
        let matched = format!(
            "match r.take_u32()? {{\n{arms}            \
             id => Err(DecodeError::UnknownConstructor {{ id, expected: \"{ty}\" }}),\n        }}"
        );
        let body = self.guarded(ty, &matched);
        format!(
            "impl Decode for {rust} {{\n    const MIN_SIZE: usize = {min_size};\n    \
             fn decode(r: &mut Reader) -> Result<Self, DecodeError> {{\n        {body}\n    }}\n}}\n"
        )
    }

    fn enum_encode(&self, rust: &str, combinators: &[&Combinator]) -> String {
        let mut arms = String::new();
        for combinator in combinators {
            let variant = names::pascal(names::split(&combinator.definition.name).1);
            let arm = match combinator.is_unit() {
                true => format!("Self::{variant} => w.put_u32({:#010x})", combinator.definition.id),
                false => format!("Self::{variant}(value) => value.encode(w)"),
            };
            arms.push_str(&format!("            {arm},\n"));
        }
        format!(
            "impl Encode for {rust} {{\n    fn encode(&self, w: &mut Writer) {{\n        \
             match self {{\n{arms}        }}\n    }}\n}}\n"
        )
    }
}
