//! Conversions between an old version of a constructor or function and the newest one.
//!
//! Mechanical are: the same field, a field that is dropped on the way to an older layer (but not one out of it), an optional field that is
//! absent on one side, a required one that became optional, `int` and `long`. All else is a rule.

use super::Generator;
use super::model::{Combinator, Field, Slot, Ty, Version, fields};
use super::structs::local;

/// Something of a version pair that is neither mechanical nor listed.
pub(super) type Problem = String;

/// Where the value of a field of an older version comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A place of the field's own type, or of `Option` of it if that is how the struct holds it.
    Place(String),
    /// An expression of that type, evaluated once.
    Value(String),
    /// Nothing: the presence bit stays clear.
    Absent,
}

impl Generator<'_> {
    /// The expressions of all newest fields out of the locals that hold an old version's fields.
    pub(super) fn decode_plan(
        &self,
        combinator: &Combinator,
        version: &Version,
        problems: &mut Vec<Problem>,
    ) -> Vec<(String, String)> {
        let name = &combinator.definition.name;
        let id = version.definition.id;
        let mut plan = Vec::new();
        let mut moves = Vec::new();
        let mut taken = Vec::new();
        for field in combinator.fields() {
            let old = fields(&version.slots).find(|old| old.name == field.name);
            taken.extend(old.map(|old| old.name.as_str()));
            let rule = self.field_rule(name, id, "decode", field, old);
            // One for all versions does not concern those that lack what it reads.
            let rule = rule.filter(|rule| is_readable(rule, version));
            let value = match rule {
                Some(rule) => Some(rule.to_owned()),
                None => match old {
                    Some(old) => self.decode_field(field, old, self.is_default(name, id, field)),
                    None if field.flag.is_some() || self.is_default(name, id, field) => {
                        Some("Default::default()".into())
                    }
                    None => None,
                },
            };
            match value {
                // Rules look at several old fields, so they come before those are moved.
                Some(value) if rule.is_some() => plan.push((field.ident.clone(), value)),
                Some(value) => moves.push((field.ident.clone(), value)),
                None => problems.push(format!("{name}#{id:08x}: no decode.{}", field.name)),
            }
        }
        // Also what may be left out says something when it is there and is listened to.
        let counts = |old: &&Field| old.flag.is_none() || self.served.is_read(combinator);
        let unused = fields(&version.slots).filter(|old| !taken.contains(&old.name.as_str()));
        for old in unused.filter(counts) {
            let variable = local(&old.ident);
            let in_rule = combinator.fields().any(|field| {
                let rule = self.rules.find(name, id, &format!("decode.{}", field.name));
                rule.is_some_and(|rule| rule.contains(&variable))
            });
            if !in_rule && !self.rules.lists(name, id, "drop", &old.name) {
                problems.push(format!("{name}#{id:08x}: {} neither used nor in drop", old.name));
            }
        }
        plan.extend(moves);
        plan
    }

    /// The rule of a field; one for all versions does not concern those in which the field is the same anyway.
    fn field_rule(
        &self,
        name: &str,
        id: u32,
        verb: &str,
        field: &Field,
        other: Option<&Field>,
    ) -> Option<&str> {
        let key = format!("{verb}.{}", field.name);
        let same =
            other.is_some_and(|other| other.ty == field.ty && other.flag.is_some() == field.flag.is_some());
        let same = same && self.rules.get(name, &format!("read.{}", field.name)).is_none();
        if same { self.rules.find_exact(name, id, &key) } else { self.rules.find(name, id, &key) }
    }

    fn is_default(&self, name: &str, id: u32, field: &Field) -> bool {
        self.rules.lists(name, id, "default", &field.name)
    }

    fn decode_field(&self, new: &Field, old: &Field, default: bool) -> Option<String> {
        let value = local(&old.ident);
        let optional = |field: &Field| field.flag.is_some() && field.ty != Ty::True;
        let is_bool = |field: &Field| field.ty == Ty::True || field.ty == Ty::Prim("bool", 1, 4);
        if is_bool(new) && is_bool(old) {
            return Some(match (optional(new), optional(old)) {
                (false, true) => format!("{value}.unwrap_or_default()"),
                (true, false) => format!("Some({value})"),
                _ => value,
            });
        }
        let cast = cast(&old.ty, &new.ty)?;
        let boxed = |value: String| if new.boxed { format!("Box::new({value})") } else { value };
        Some(match (optional(new), optional(old)) {
            (false, false) => boxed(cast(&value)),
            (true, false) => format!("Some({})", boxed(cast(&value))),
            (true, true) if old.ty == new.ty && !new.boxed => value,
            (true, true) => {
                format!("match {value} {{ Some(v) => Some({}), None => None }}", boxed(cast("v")))
            }
            (false, true) if default => {
                format!("match {value} {{ Some(v) => {}, None => Default::default() }}", boxed(cast("v")))
            }
            (false, true) => return None,
        })
    }

    /// Where each field of an old version comes from when a newest value is written for its layers.
    pub(super) fn encode_plan(
        &self,
        combinator: &Combinator,
        version: &Version,
        problems: &mut Vec<Problem>,
    ) -> Vec<Source> {
        let name = &combinator.definition.name;
        let id = version.definition.id;
        let mut plan = Vec::new();
        for slot in &version.slots {
            let Slot::Field(field) = slot else { continue };
            let new = combinator.fields().find(|new| new.name == field.name);
            let rule = self.field_rule(name, id, "encode", field, new);
            let source = match (rule, new) {
                (Some(rule), _) => Some(Source::Value(rule.to_owned())),
                (None, Some(new)) => self.encode_field(new, field, self.is_default(name, id, field)),
                (None, None) if field.flag.is_some() => Some(Source::Absent),
                (None, None) if self.is_default(name, id, field) => {
                    Some(Source::Value("Default::default()".into()))
                }
                (None, None) => None,
            };
            if source.is_none() {
                problems.push(format!("{name}#{id:08x}: no encode.{}", field.name));
            }
            plan.push(source.unwrap_or(Source::Absent));
        }
        plan
    }

    fn encode_field(&self, new: &Field, old: &Field, default: bool) -> Option<Source> {
        let place = format!("self.{}", new.ident);
        let optional = |field: &Field| field.flag.is_some() && field.ty != Ty::True;
        let is_bool = |field: &Field| field.ty == Ty::True || field.ty == Ty::Prim("bool", 1, 4);
        if is_bool(new) && is_bool(old) {
            return Some(match (optional(new), optional(old)) {
                (true, false) => Source::Value(format!("{place}.unwrap_or_default()")),
                (false, true) => Source::Value(format!("Some({place})")),
                _ => Source::Place(place),
            });
        }
        let same = new.ty == old.ty;
        let cast = cast(&new.ty, &old.ty)?;
        Some(match (optional(new), optional(old)) {
            (false, false) | (true, true) if same => Source::Place(place),
            // A required value in an optional place: the bit is set and the value written.
            (false, true) if same => Source::Value(format!("Some(&{place})")),
            (true, false) if same && default => Source::Value(format!("{place}.clone().unwrap_or_default()")),
            (false, false) => Source::Value(cast(&place)),
            (true, true) => Source::Value(format!("{place}.clone().map(|v| {})", cast("v"))),
            (false, true) => Source::Value(format!("Some({})", cast(&place))),
            (true, false) if default => {
                Source::Value(format!("{place}.clone().map_or_else(Default::default, |v| {})", cast("v")))
            }
            (true, false) => return None,
        })
    }
}

/// Whether a version has every old field that a rule reads.
fn is_readable(rule: &str, version: &Version) -> bool {
    let words = rule.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut wanted = words.filter(|word| word.starts_with("x_"));
    wanted.all(|word| fields(&version.slots).any(|old| local(&old.ident) == word))
}

/// How a value of one type becomes one of another, if that is mechanical.
fn cast(from: &Ty, to: &Ty) -> Option<fn(&str) -> String> {
    if from == to {
        return Some(str::to_owned);
    }
    let int = Ty::Prim("i32", 4, 4);
    let long = Ty::Prim("i64", 8, 8);
    match (from, to) {
        _ if *from == int && *to == long => Some(|value| format!("i64::from({value})")),
        _ if *from == long && *to == int => Some(|value| format!("::zaun_tl::narrow({value})")),
        (Ty::Vector(from), Ty::Vector(to)) if **from == int && **to == long => {
            Some(|value| format!("{value}.iter().copied().map(i64::from).collect::<Vec<i64>>()"))
        }
        (Ty::Vector(from), Ty::Vector(to)) if **from == long && **to == int => {
            Some(|value| format!("{value}.iter().copied().map(::zaun_tl::narrow).collect::<Vec<i32>>()"))
        }
        _ => None,
    }
}
