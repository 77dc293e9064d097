//! How structs are written.

use super::model::{Combinator, Field, Slot, Ty};
use super::{Generator, names};

impl Generator<'_> {
    /// Writes the body of the newest version.
    pub(super) fn encode_fn(&self, combinator: &Combinator) -> String {
        let writer = if combinator.is_unit() { "_" } else { "w" };
        let mut out = format!(
            "    /// Writes the fields, without the id.\n    pub fn encode_body(&self, {writer}: &mut Writer) {{\n"
        );
        for slot in &combinator.slots {
            match slot {
                Slot::Flags(name) => {
                    out.push_str(&format!(
                        "        let {name}: u32 = {};\n        w.put_u32({name});\n",
                        flag_word(combinator, name)
                    ));
                }
                Slot::Field(field) => out.push_str(&self.write(combinator, field)),
            }
        }
        out.push_str("    }\n");
        out
    }

    /// The statement that writes one field.
    fn write(&self, combinator: &Combinator, field: &Field) -> String {
        let ident = &field.ident;
        let Some(flag) = &field.flag else {
            return format!("        {};\n", self.write_value(&field.ty, &format!("self.{ident}")));
        };
        if field.ty == Ty::True {
            return String::new();
        }
        let shared = combinator.fields().filter(|other| other.flag.as_ref() == Some(flag)).count() > 1;
        let value = self.write_value(&field.ty, "v");
        if shared {
            let word = names::field(&flag.field);
            let mask = 1_u32 << flag.bit;
            return format!("        if {word} & {mask:#x} != 0 {{ w.put_or_default(&self.{ident}); }}\n");
        }
        format!("        if let Some(v) = &self.{ident} {{ {value}; }}\n")
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

    /// `Encode` of a struct: id and body.
    pub(super) fn encode_impl(&self, rust: &str) -> String {
        format!(
            "impl Encode for {rust} {{\n    fn encode(&self, w: &mut Writer) {{\n        \
             w.put_u32(Self::CONSTRUCTOR_ID);\n        self.encode_body(w);\n    }}\n}}\n"
        )
    }
}

/// The expression of a flags word: one bit per condition, set if any field behind it is there.
fn flag_word(combinator: &Combinator, word: &str) -> String {
    let mut bits: Vec<String> = Vec::new();
    for field in combinator.fields() {
        let Some(flag) = field.flag.as_ref().filter(|flag| names::field(&flag.field) == word) else {
            continue;
        };
        let present = match field.ty {
            Ty::True => format!("self.{}", field.ident),
            _ => format!("self.{}.is_some()", field.ident),
        };
        bits.push(format!("u32::from({present}) << {}", flag.bit));
    }
    if bits.is_empty() { "0".into() } else { bits.join(" | ") }
}
