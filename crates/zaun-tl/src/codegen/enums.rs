//! Boxed types: enums, or aliases where there is one constructor.

use std::collections::BTreeMap;

use super::model::Combinator;
use super::{Generator, names};

impl Generator<'_> {
    /// The module `enums`, of live or of legacy types.
    pub(super) fn enums(&mut self, legacy: bool) -> String {
        let mut items: BTreeMap<String, String> = BTreeMap::new();
        let model = self.model;
        for (ty, constructors) in
            model.types.iter().filter(|(ty, _)| model.legacy_types.contains(*ty) == legacy)
        {
            let (namespace, own) = names::split(ty);
            let rust = names::pascal(own);
            let text = match model.single(ty) {
                Some(only) => {
                    let path = model.struct_path(&only.definition.name);
                    format!("/// `{ty}` has one constructor.\npub type {rust} = {path};\n")
                }
                None => self.enumeration(ty, &rust, constructors),
            };
            items.entry(namespace.to_owned()).or_default().push_str(&text);
        }
        self.nested_modules("enums", "One enum or alias per boxed type.", &items)
    }

    fn enumeration(&mut self, ty: &str, rust: &str, constructors: &[String]) -> String {
        let model = self.model;
        let combinators: Vec<&Combinator> =
            constructors.iter().filter_map(|name| model.constructors.get(name)).collect();
        let mut out = format!("/// `{ty}`\n#[derive(Debug, Clone, PartialEq)]\npub enum {rust} {{\n");
        for combinator in &combinators {
            out.push_str(&format!("    {},\n", self.variant_declaration(combinator)));
        }
        out.push_str("}\n");
        out.push_str(&self.enum_default(ty, rust));
        out.push_str(&self.enum_decode(ty, rust, &combinators));
        out.push_str(&self.enum_encode(ty, rust, &combinators));
        for combinator in combinators.iter().filter(|combinator| !combinator.is_unit()) {
            let variant = self.variant(combinator);
            let path = model.struct_path(&combinator.definition.name);
            let value = if self.is_boxed(combinator) { "Box::new(value)" } else { "value" };
            out.push_str(&format!(
                "impl From<{path}> for {rust} {{ fn from(value: {path}) -> Self {{ Self::{variant}({value}) }} }}\n"
            ));
        }
        out
    }

    /// The variant's name of a constructor.
    pub(super) fn variant(&self, combinator: &Combinator) -> String {
        names::pascal(names::split(&combinator.definition.name).1)
    }

    fn is_boxed(&self, combinator: &Combinator) -> bool {
        self.shape.boxed.contains(&combinator.definition.name)
    }

    fn variant_declaration(&self, combinator: &Combinator) -> String {
        let variant = self.variant(combinator);
        let path = self.model.struct_path(&combinator.definition.name);
        match (combinator.is_unit(), self.is_boxed(combinator)) {
            (true, _) => variant,
            (false, true) => format!("{variant}(Box<{path}>)"),
            (false, false) => format!("{variant}({path})"),
        }
    }

    fn enum_default(&self, ty: &str, rust: &str) -> String {
        let default = self.shape.default.get(ty).and_then(|name| self.model.constructors.get(name));
        let Some(combinator) = default else { return String::new() };
        let variant = self.variant(combinator);
        let value = if combinator.is_unit() { String::new() } else { "(Default::default())".into() };
        format!("impl Default for {rust} {{ fn default() -> Self {{ Self::{variant}{value} }} }}\n")
    }

    fn enum_decode(&mut self, ty: &str, rust: &str, combinators: &[&Combinator]) -> String {
        let min_size = self.shape.min_size.get(ty).copied().unwrap_or(4);
        let mut arms = String::new();
        for combinator in combinators {
            let variant = self.variant(combinator);
            let path = self.model.struct_path(&combinator.definition.name);
            let call = self.body_call(combinator);
            let value = match (combinator.is_unit(), self.is_boxed(combinator)) {
                (true, _) => format!("Ok(Self::{variant})"),
                (false, true) => format!("{path}::{call}.map(|value| Self::{variant}(Box::new(value)))"),
                (false, false) => format!("{path}::{call}.map(Self::{variant})"),
            };
            let ids = self.id_pattern(combinator) + &self.also_pattern(combinator);
            arms.push_str(&format!("            {ids} => {value},\n"));
        }
        arms.push_str(&self.gone_arms(ty));
        let matched = format!(
            "match id {{\n{arms}            \
             _ => Err(DecodeError::UnknownConstructor {{ id, expected: \"{ty}\" }}),\n        }}"
        );
        let body = self.guarded(ty, &matched);
        let alone: String = combinators.iter().map(|combinator| self.alone(combinator)).collect();
        // What stands alone is shorter than the shortest constructor.
        let min_size = if alone.is_empty() { min_size } else { 4 };
        format!(
            "impl Decode for {rust} {{\n    const MIN_SIZE: usize = {min_size};\n    \
             fn decode(r: &mut Reader) -> Result<Self, DecodeError> {{\n{alone}        \
             let id = r.take_u32()?;\n        {body}\n    }}\n}}\n"
        )
    }

    /// Reads the only field of a constructor where clients send it without the constructor.
    fn alone(&mut self, combinator: &Combinator) -> String {
        let name = &combinator.definition.name;
        let Some(field) = self.rules.get(name, "alone") else { return String::new() };
        let inner = match combinator.definition.params.as_slice() {
            [param] if param.name == field && param.flag.is_none() => param.ty.to_string(),
            _ => {
                self.problems.push(format!("{name}: `alone` names not its only field"));
                return String::new();
            }
        };
        let model = self.model;
        let constructors = model.types.get(&inner).into_iter().flatten();
        let ids = constructors.filter_map(|name| model.constructors.get(name)).map(|it| self.id_pattern(it));
        let ids: Vec<String> = ids.collect();
        let path = model.struct_path(name);
        format!(
            "        if r.peek_u32().is_some_and(|id| matches!(id, {})) {{\n            \
             return Decode::decode(r).map(|{field}| Self::from({path} {{ {field} }}));\n        }}\n",
            ids.join(" | ")
        )
    }

    /// The id of a twin of another type that clients send in this one's place: same fields, other type.
    fn also_pattern(&mut self, combinator: &Combinator) -> String {
        let name = &combinator.definition.name;
        let Some(twin_name) = self.rules.get(name, "also") else { return String::new() };
        match self.model.constructors.get(twin_name) {
            Some(twin) if twin.definition.params == combinator.definition.params => {
                format!(" | {:#010x}", twin.definition.id)
            }
            _ => {
                self.problems.push(format!("{name}: `also` names no constructor with the same fields"));
                String::new()
            }
        }
    }

    /// Arms for constructors that a live type has lost: each has a rule that makes a newest value of `old`.
    pub(super) fn gone_arms(&mut self, ty: &str) -> String {
        let mut arms = String::new();
        let model = self.model;
        if model.legacy_types.contains(ty) {
            return arms;
        }
        for combinator in model.constructors.values() {
            let definition = &combinator.definition;
            if !model.is_legacy(definition) || definition.result.to_string() != ty {
                continue;
            }
            let name = &definition.name;
            let value = match self.rules.get(name, "decode_gone") {
                Some("none") => format!("Err(DecodeError::NoSuccessor {{ id, name: \"{name}\" }})"),
                Some(rule) => {
                    let path = model.struct_path(name);
                    format!("{{ let old = {path}::{}?; Ok({rule}) }}", self.body_call(combinator))
                }
                None if !self.served.is_read(combinator) => {
                    let ids = combinator.older.iter().map(|version| version.definition.id);
                    let ids = ids.chain([definition.id]).map(|id| (id, name.clone()));
                    self.unconverted.extend(ids);
                    format!("Err(DecodeError::NoSuccessor {{ id, name: \"{name}\" }})")
                }
                None => {
                    self.problems.push(format!("{name}: gone from {ty}, no decode_gone"));
                    continue;
                }
            };
            arms.push_str(&format!("            {} => {value},\n", self.id_pattern(combinator)));
        }
        arms
    }

    fn enum_encode(&self, ty: &str, rust: &str, combinators: &[&Combinator]) -> String {
        let substitute = self.rules.get(&format!("type {ty}"), "substitute");
        let (mut arms, mut is_conditional) = (String::new(), false);
        for combinator in combinators {
            let variant = self.variant(combinator);
            let (pattern, write, condition) = if combinator.is_unit() {
                let write = self.write_unit(combinator);
                let conditions = self.layer_conditions(combinator, "w.layer()");
                (variant, write, (!conditions.is_empty()).then(|| conditions.join(" && ")))
            } else {
                let lacks = !self.struct_has_form(combinator).is_empty() && substitute.is_some();
                let condition = lacks.then(|| "value.has_form(w.layer())".to_owned());
                (format!("{variant}(value)"), "value.encode(w)".to_owned(), condition)
            };
            is_conditional |= condition.is_some();
            let condition = condition.map(|condition| format!(" if {condition}")).unwrap_or_default();
            arms.push_str(&format!("            Self::{pattern}{condition} => {write},\n"));
        }
        if is_conditional {
            arms.push_str(&format!("            _ => {},\n", self.instead(ty, substitute)));
        }
        format!(
            "impl Encode for {rust} {{\n    fn encode(&self, w: &mut Writer) {{\n        \
             match self {{\n{arms}        }}\n    }}\n{}}}\n",
            self.enum_has_form(ty, combinators)
        )
    }

    /// The statement that writes a constructor without fields, or what its rule writes in layers before it.
    fn write_unit(&self, combinator: &Combinator) -> String {
        let write = format!("w.put_u32({:#010x})", combinator.definition.id);
        match self.rules.get(&combinator.definition.name, "encode_before") {
            Some(rule) => {
                let first = combinator.before.map_or(combinator.since, |before| before.min(combinator.since));
                format!("if w.layer() >= {first} {{ {write} }} else {{ {rule} }}")
            }
            None => write,
        }
    }

    /// What is written for a value without form.
    fn instead(&self, ty: &str, substitute: Option<&str>) -> String {
        match substitute.and_then(|name| self.model.constructors.get(name)) {
            Some(combinator) if combinator.is_unit() => {
                format!("w.put_u32({:#010x})", combinator.definition.id)
            }
            Some(combinator) => {
                format!("{}::default().encode(w)", self.model.struct_path(&combinator.definition.name))
            }
            None => format!("w.no_form(\"{ty}\")"),
        }
    }
}
