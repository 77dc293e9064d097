//! Structs of constructors and functions, and how they are read.

use std::collections::BTreeMap;

use super::model::{Combinator, Field, Slot, Ty, Version};
use super::{Generator, names};
use crate::schema::{Category, Definition};

impl Generator<'_> {
    /// The module `types`, of live or of legacy constructors.
    pub(super) fn types(&mut self, legacy: bool) -> String {
        let mut items: BTreeMap<String, String> = BTreeMap::new();
        for (name, combinator) in &self.model.constructors {
            let skipped = combinator.is_unit() && !self.is_single(combinator) && !legacy;
            if skipped || self.model.is_legacy(&combinator.definition) != legacy {
                continue;
            }
            let (namespace, _) = names::split(name);
            items.entry(namespace.to_owned()).or_default().push_str(&self.structure(combinator));
        }
        self.nested_modules("types", "One struct per constructor.", &items)
    }

    /// Whether the constructor is the only one of its type.
    fn is_single(&self, combinator: &Combinator) -> bool {
        let definition = &combinator.definition;
        let only = self.model.single(&definition.result.to_string());
        definition.category == Category::Constructor
            && only.is_some_and(|only| only.definition.id == definition.id)
    }

    /// A struct with everything it implements.
    pub(super) fn structure(&mut self, combinator: &Combinator) -> String {
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
        for version in &combinator.older {
            out.push_str(&self.decode_old_fn(combinator, version));
        }
        if !combinator.older.is_empty() {
            out.push_str(&decode_id_fn(combinator));
        }
        out.push_str(&self.encode_fns(combinator));
        out.push_str("}\n");
        out.push_str(&self.decode_impl(combinator, &rust));
        out.push_str(&self.encode_impl(combinator, &rust));
        out
    }

    /// Reads the body of the newest version.
    fn decode_fn(&self, combinator: &Combinator) -> String {
        let fields = combinator.fields().map(|field| format!("{}: {}", field.ident, local(&field.ident)));
        let fields: Vec<String> = fields.collect();
        format!(
            "    /// Reads the fields, without the id.\n    \
             pub fn decode_body(r: &mut Reader) -> Result<Self, DecodeError> {{\n{}        \
             Ok(Self {{ {} }})\n    }}\n",
            self.read_slots(&combinator.definition, &combinator.slots),
            fields.join(", ")
        )
    }

    /// Reads the body of an old version into the newest.
    fn decode_old_fn(&mut self, combinator: &Combinator, version: &Version) -> String {
        let mut problems = Vec::new();
        let id = version.definition.id;
        let is_constructor = version.definition.category == Category::Constructor;
        if is_constructor && version.definition.result != combinator.definition.result {
            problems.push(format!("{}#{id:08x}: belonged to another type", version.definition.name));
        }
        if version.first >= combinator.since {
            problems.push(format!("{}#{id:08x}: in force after the newest version", version.definition.name));
        }
        let value = match self.rules.find(&combinator.definition.name, id, "decode") {
            Some("none") => {
                return no_successor(version);
            }
            Some(rule) => rule.to_owned(),
            None => {
                let plan = self.decode_plan(combinator, version, &mut problems);
                let fields: Vec<String> =
                    plan.iter().map(|(ident, value)| format!("{ident}: {value}")).collect();
                format!("Self {{\n            {}\n        }}", fields.join(",\n            "))
            }
        };
        if !problems.is_empty() && !self.served.is_read(combinator) {
            self.unconverted.insert((id, combinator.definition.name.clone()));
            return no_successor(version);
        }
        self.problems.extend(problems);
        format!(
            "    /// `{}`\n    fn decode_{id:08x}(r: &mut Reader) -> Result<Self, DecodeError> {{\n{}        \
             Ok({value})\n    }}\n",
            version.definition,
            self.read_slots(&version.definition, &version.slots),
        )
    }

    /// Statements that read everything into locals.
    fn read_slots(&self, definition: &Definition, slots: &[Slot]) -> String {
        let mut out = String::new();
        for slot in slots {
            match slot {
                Slot::Flags(name) => out.push_str(&format!("        let {name} = r.take_u32()?;\n")),
                Slot::Field(field) => {
                    let read = self.rules.get(&definition.name, &format!("read.{}", field.name));
                    // The rule is for old versions; the newest one is read as what it is.
                    if let Some(read) = read.filter(|_| !self.is_newest(definition)) {
                        out.push_str(&format!("        let {} = {read};\n", local(&field.ident)));
                        continue;
                    }
                    let read = self.read(field);
                    out.push_str(&format!(
                        "        let {}: {} = {read};\n",
                        local(&field.ident),
                        self.model.rust_field(field)
                    ));
                }
            }
        }
        out
    }

    fn is_newest(&self, definition: &Definition) -> bool {
        let mut newest = self.model.constructors.values().chain(self.model.functions.values());
        newest.any(|combinator| combinator.definition.id == definition.id)
    }

    /// The expression that reads one field.
    fn read(&self, field: &Field) -> String {
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

    fn decode_impl(&mut self, combinator: &Combinator, rust: &str) -> String {
        let definition = &combinator.definition;
        let gone = match self.is_single(combinator) {
            true => self.gone_arms(&definition.result.to_string()),
            false => String::new(),
        };
        let older = combinator.older.iter().map(|version| version.slots.as_slice());
        let bodies = older.chain([combinator.slots.as_slice()]).map(|slots| self.shape.min_body(slots));
        let own_size = bodies.min().unwrap_or(0).saturating_add(4);
        let of_type =
            self.shape.min_size.get(&definition.result.to_string()).filter(|_| self.is_single(combinator));
        let min_size = of_type.copied().unwrap_or(own_size);
        let known = format!("Self::{}", self.body_call(combinator));
        let body = self.guarded(&definition.result.to_string(), &known);
        format!(
            "impl Decode for {rust} {{\n    const MIN_SIZE: usize = {min_size};\n    \
             fn decode(r: &mut Reader) -> Result<Self, DecodeError> {{\n        let id = r.take_u32()?;\n        \
             match id {{\n            {} => {body},\n{gone}            \
             _ => Err(DecodeError::UnknownConstructor {{ id, expected: \"{}\" }}),\n        }}\n    }}\n}}\n",
            self.id_pattern(combinator),
            definition.name
        )
    }

    /// All ids of a constructor or function, as a pattern.
    pub(super) fn id_pattern(&self, combinator: &Combinator) -> String {
        let older = combinator.older.iter().map(|version| version.definition.id);
        let ids: Vec<String> = [combinator.definition.id].into_iter().chain(older).map(hex).collect();
        ids.join(" | ")
    }

    /// The call that reads what follows an id.
    pub(super) fn body_call(&self, combinator: &Combinator) -> &'static str {
        if combinator.older.is_empty() { "decode_body(r)" } else { "decode_id(r, id)" }
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

/// A reader of an old version that nothing of today can stand for.
fn no_successor(version: &Version) -> String {
    let (name, id) = (&version.definition.name, version.definition.id);
    format!(
        "    fn decode_{id:08x}(_: &mut Reader) -> Result<Self, DecodeError> {{ \
         Err(DecodeError::NoSuccessor {{ id: {id:#010x}, name: \"{name}\" }}) }}\n"
    )
}

/// Reads the body of whichever version the id names.
fn decode_id_fn(combinator: &Combinator) -> String {
    let mut arms = String::new();
    for version in &combinator.older {
        arms.push_str(&format!("            {0:#010x} => Self::decode_{0:08x}(r),\n", version.definition.id));
    }
    format!(
        "    /// Reads the fields of the version that `id` names.\n    \
         pub fn decode_id(r: &mut Reader, id: u32) -> Result<Self, DecodeError> {{\n        match id {{\n{arms}            \
         _ => Self::decode_body(r),\n        }}\n    }}\n"
    )
}

/// A local variable for a field: apart from `r`, `w` and the flag words. Rules know it by this name.
pub(super) fn local(ident: &str) -> String {
    format!("x_{}", ident.trim_start_matches("r#"))
}

fn hex(id: u32) -> String {
    format!("{id:#010x}")
}
