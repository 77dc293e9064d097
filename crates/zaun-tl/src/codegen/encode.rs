//! How structs are written, for every layer.

use super::convert::Source;
use super::forms::first_form;
use super::model::{Combinator, Field, Slot, Ty, Version, fields};
use super::structs::local;
use super::{Generator, names};
use crate::schema::Category;

impl Generator<'_> {
    /// Writers of the bodies of all versions.
    pub(super) fn encode_fns(&mut self, combinator: &Combinator) -> String {
        let places =
            combinator.fields().map(|field| Source::Place(format!("self.{}", field.ident))).collect();
        let mut out = format!(
            "    /// Writes the fields, without the id.\n    pub fn encode_body(&self, w: &mut Writer) {{\n{}    }}\n",
            self.write_slots(&combinator.slots, places)
        );
        for version in &combinator.older {
            out.push_str(&self.encode_old_fn(combinator, version));
        }
        out
    }

    /// Writes the newest value, with the id, as an old version.
    fn encode_old_fn(&mut self, combinator: &Combinator, version: &Version) -> String {
        let name = &combinator.definition.name;
        let id = version.definition.id;
        let body = match self.rules.find(name, id, "encode") {
            Some("none") => format!("        w.no_form(\"{name}\");\n"),
            Some(rule) => format!("        {rule}\n"),
            None => {
                let mut problems = Vec::new();
                let plan = self.encode_plan(combinator, version, &mut problems);
                let is_function = combinator.definition.category == Category::Function;
                // Calls in old layers are a client's business; what is not mechanical is refused there.
                if !problems.is_empty() && (is_function || !self.served.is_written(combinator)) {
                    if !is_function {
                        self.unconverted.insert((id, name.clone()));
                    }
                    format!("        w.no_form(\"{name}\");\n")
                } else {
                    self.problems.extend(problems);
                    format!("        w.put_u32({id:#010x});\n{}", self.write_slots(&version.slots, plan))
                }
            }
        };
        format!("    fn encode_{id:08x}(&self, w: &mut Writer) {{\n{body}    }}\n")
    }

    /// Statements that write all slots, the fields from their sources.
    fn write_slots(&self, slots: &[Slot], sources: Vec<Source>) -> String {
        let mut out = String::new();
        let mut places = Vec::new();
        for (field, source) in fields(slots).zip(sources) {
            let place = match source {
                Source::Place(place) => Some(place),
                Source::Absent => None,
                Source::Value(value) => {
                    let variable = local(&field.ident);
                    out.push_str(&self.bind(slots, field, &variable, &value));
                    Some(variable)
                }
            };
            places.push((field, place));
        }
        for slot in slots {
            match slot {
                Slot::Flags(word) => {
                    let bits = self.flag_word(word, &places);
                    out.push_str(&format!("        let {word}: u32 = {bits};\n        w.put_u32({word});\n"));
                }
                Slot::Field(field) => {
                    if let Some((_, Some(place))) = places.iter().find(|(other, _)| other.name == field.name)
                    {
                        out.push_str(&self.write(slots, field, place));
                    } else if self.is_shared(slots, field) && field.ty != Ty::True {
                        out.push_str(&self.write_default(field));
                    }
                }
            }
        }
        out
    }

    /// A local with a value of the field's type.
    fn bind(&self, slots: &[Slot], field: &Field, variable: &str, value: &str) -> String {
        match value.strip_prefix("Some(&") {
            // A borrow will do, unless a default may have to stand in for it.
            Some(_) if !self.is_shared(slots, field) => format!("        let {variable} = {value};\n"),
            Some(rest) => format!("        let {variable} = Some({}.clone());\n", rest.trim_end_matches(')')),
            None => format!("        let {variable}: {} = {value};\n", self.model.rust_field(field)),
        }
    }

    /// Whether another field hangs on the same presence bit.
    fn is_shared(&self, slots: &[Slot], field: &Field) -> bool {
        field.flag.is_some() && fields(slots).filter(|other| other.flag == field.flag).count() > 1
    }

    /// The expression of a flags word: one bit per condition, set if any field behind it is there.
    fn flag_word(&self, word: &str, places: &[(&Field, Option<String>)]) -> String {
        let mut bits: Vec<String> = Vec::new();
        for (field, place) in places {
            let (Some(flag), Some(place)) = (&field.flag, place) else { continue };
            if names::field(&flag.field) != word {
                continue;
            }
            let present = match &field.ty {
                Ty::True => place.clone(),
                ty if self.is_hard(ty) => format!("{place}.as_ref().is_some_and(|v| v.has_form(w.layer()))"),
                _ => format!("{place}.is_some()"),
            };
            bits.push(format!("u32::from({present}) << {}", flag.bit));
        }
        if bits.is_empty() { "0".into() } else { bits.join(" | ") }
    }

    /// Whether a value of the type may be without form and substitute.
    fn is_hard(&self, ty: &Ty) -> bool {
        matches!(ty, Ty::Boxed(name) if self.forms.is_hard(name))
    }

    /// The statement that writes one field.
    fn write(&self, slots: &[Slot], field: &Field, place: &str) -> String {
        let Some(flag) = &field.flag else {
            return format!("        {};\n", self.write_value(&field.ty, place));
        };
        if field.ty == Ty::True {
            return String::new();
        }
        if self.is_shared(slots, field) {
            let word = names::field(&flag.field);
            let mask = 1_u32 << flag.bit;
            return format!("        if {word} & {mask:#x} != 0 {{ w.put_or_default(&{place}); }}\n");
        }
        let value = self.write_value(&field.ty, "v");
        if self.is_hard(&field.ty) {
            return format!(
                "        if let Some(v) = {place}.as_ref().filter(|v| v.has_form(w.layer())) {{ {value}; }}\n"
            );
        }
        format!("        if let Some(v) = &{place} {{ {value}; }}\n")
    }

    /// Another field set the bit of one that has no source.
    fn write_default(&self, field: &Field) -> String {
        let Some(flag) = &field.flag else { return String::new() };
        let (word, mask) = (names::field(&flag.field), 1_u32 << flag.bit);
        let rust = self.model.rust(&field.ty);
        format!("        if {word} & {mask:#x} != 0 {{ <{rust} as Default>::default().encode(w); }}\n")
    }

    fn write_value(&self, ty: &Ty, value: &str) -> String {
        match ty {
            Ty::Bare(_) => format!("{value}.encode_body(w)"),
            Ty::BareVector(element) => {
                format!("::zaun_tl::encode_bare_vec(w, &{value}, |v, w| {})", self.write_value(element, "v"))
            }
            _ => format!("{value}.encode(w)"),
        }
    }

    /// `Encode` of a struct: the version in force in the writer's layer.
    pub(super) fn encode_impl(&self, combinator: &Combinator, rust: &str) -> String {
        let name = &combinator.definition.name;
        let newest = "{ w.put_u32(Self::CONSTRUCTOR_ID); self.encode_body(w); }";
        let mut arms: Vec<(i32, String)> = vec![(combinator.since, newest.to_owned())];
        for version in &combinator.older {
            arms.push((version.first, format!("self.encode_{:08x}(w)", version.definition.id)));
        }
        arms.extend(combinator.before.map(|first| (first, newest.to_owned())));
        let instead = match self.rules.get(name, "encode_before") {
            Some(rule) => format!("{{ {rule} }}"),
            None => format!("w.no_form(\"{name}\")"),
        };
        arms.extend(combinator.gaps.iter().map(|gap| (gap.start, instead.clone())));
        arms.sort_by_key(|(first, _)| std::cmp::Reverse(*first));
        // Two versions of one layer were seen at different times: the later one counts.
        arms.dedup_by_key(|(first, _)| *first);
        let first = arms.last().map_or(combinator.since, |(first, _)| *first);
        if first > self.model.min_layer || self.rules.get(name, "encode_before").is_some() {
            arms.push((self.model.min_layer, instead));
        }
        debug_assert!(
            first_form(self.model, self.rules, combinator) <= first,
            "a form is never older than its arms"
        );
        let body = match arms.as_slice() {
            [(_, only)] => only.clone(),
            many => {
                let last = many.len().saturating_sub(1);
                let pattern =
                    |index, first: &i32| if index == last { "_".into() } else { format!("{first}..") };
                let arms = many.iter().enumerate();
                let arms = arms.map(|(index, (first, arm))| {
                    format!("            {} => {arm},\n", pattern(index, first))
                });
                format!("match w.layer() {{\n{}        }}", arms.collect::<String>())
            }
        };
        format!(
            "impl Encode for {rust} {{\n    fn encode(&self, w: &mut Writer) {{\n        {body}\n    }}\n{}}}\n",
            self.struct_has_form(combinator)
        )
    }
}
