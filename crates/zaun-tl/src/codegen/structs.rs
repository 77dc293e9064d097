//! Structs of constructors and functions, and how they are read.

use std::collections::BTreeMap;

use super::model::{Combinator, Field, Slot, Ty};
use super::{Generator, names, nested_modules};

impl Generator<'_> {
    /// The module `types`.
    pub(super) fn types(&self) -> String {
        let mut items: BTreeMap<String, String> = BTreeMap::new();
        for (name, combinator) in &self.model.constructors {
            if combinator.is_unit() && !self.is_single(combinator) {
                continue;
            }
            let (namespace, _) = names::split(name);
            items.entry(namespace.to_owned()).or_default().push_str(&self.structure(combinator));
        }
        nested_modules("types", "One struct per constructor.", &items)
    }

    /// Whether the constructor is the only one of its type.
    fn is_single(&self, combinator: &Combinator) -> bool {
        self.model.single(&combinator.definition.result.to_string()).is_some()
    }

    /// A struct with everything it implements.
    pub(super) fn structure(&self, combinator: &Combinator) -> String {
        let definition = &combinator.definition;
        let rust = names::pascal(names::split(&definition.name).1);
        let mut out =
            format!("/// `{definition}`\n#[derive(Debug, Clone, PartialEq, Default)]\npub struct {rust}");
        if combinator.fields().next().is_none() {
            out.push_str(";\n");
        } else {
            out.push_str(" {\n");
            for field in combinator.fields() {
                out.push_str(&format!("    pub {}: {},\n", field.ident, self.model.rust_field(field)));
            }
            out.push_str("}\n");
        }
        out.push_str(&format!(
            "impl {rust} {{\n    pub const CONSTRUCTOR_ID: u32 = {:#010x};\n",
            definition.id
        ));
        out.push_str(&self.decode_fn(combinator));
        out.push_str(&self.encode_fn(combinator));
        out.push_str("}\n");
        out.push_str(&self.decode_impl(combinator, &rust));
        out.push_str(&self.encode_impl(&rust));
        out
    }

    /// Reads the body of the newest version.
    fn decode_fn(&self, combinator: &Combinator) -> String {
        let reader = if combinator.is_unit() { "_" } else { "r" };
        let mut out = format!(
            "    /// Reads the fields, without the id.\n    \
             pub fn decode_body({reader}: &mut Reader) -> Result<Self, DecodeError> {{\n"
        );
        for slot in &combinator.slots {
            match slot {
                Slot::Flags(name) => out.push_str(&format!("        let {name} = r.take_u32()?;\n")),
                Slot::Field(field) => {
                    let read = self.read(field);
                    out.push_str(&format!("        let {} = {read};\n", local(&field.ident)));
                }
            }
        }
        let fields = combinator.fields().map(|field| format!("{}: {}", field.ident, local(&field.ident)));
        let fields: Vec<String> = fields.collect();
        out.push_str(&format!("        Ok(Self {{ {} }})\n    }}\n", fields.join(", ")));
        out
    }

    /// The expression that reads one field.
    pub(super) fn read(&self, field: &Field) -> String {
        let Some(flag) = &field.flag else { return self.read_value(&field.ty) };
        let present = format!("{} & {:#x} != 0", names::field(&flag.field), 1_u32 << flag.bit);
        match &field.ty {
            Ty::True => present,
            Ty::Bare(_) | Ty::BareVector(_) => {
                format!("if {present} {{ Some({}) }} else {{ None }}", self.read_value(&field.ty))
            }
            _ => format!("r.take_optional({present})?"),
        }
    }

    fn read_value(&self, ty: &Ty) -> String {
        match ty {
            Ty::Bare(_) => format!("{}::decode_body(r)?", self.model.rust(ty)),
            Ty::BareVector(element) => {
                let size = self.shape.min_wire(self.model, element);
                format!("r.take_bare_vector({size}, |r| Ok({}))?", self.read_value(element))
            }
            _ => "Decode::decode(r)?".into(),
        }
    }

    fn decode_impl(&self, combinator: &Combinator, rust: &str) -> String {
        let definition = &combinator.definition;
        let min_size = self.shape.min_body(&combinator.slots).saturating_add(4);
        let body = self.guarded(&definition.result.to_string(), "Self::decode_body(r)");
        format!(
            "impl Decode for {rust} {{\n    const MIN_SIZE: usize = {min_size};\n    \
             fn decode(r: &mut Reader) -> Result<Self, DecodeError> {{\n        \
             match r.take_u32()? {{\n            Self::CONSTRUCTOR_ID => {body},\n            \
             id => Err(DecodeError::UnknownConstructor {{ id, expected: \"{}\" }}),\n        }}\n    }}\n}}\n",
            definition.name
        )
    }

    /// Counts depth around `expression` if values of `ty` can nest (M-012).
    pub(super) fn guarded(&self, ty: &str, expression: &str) -> String {
        if self.shape.recursive.contains(ty) {
            format!("{{ r.enter()?; let value = {expression}; r.leave(); value }}")
        } else {
            expression.to_owned()
        }
    }
}

/// A local variable for a field: apart from `r`, `w` and the flag words.
pub(super) fn local(ident: &str) -> String {
    format!("x_{}", ident.trim_start_matches("r#"))
}
