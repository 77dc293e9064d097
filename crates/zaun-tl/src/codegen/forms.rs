//! Which values an older layer can hold.

use std::collections::{BTreeMap, BTreeSet};

use super::Generator;
use super::model::{Combinator, Field, Model, Ty, fields};
use super::rules::Rules;

/// From which layer on all values of each type have a form of their own.
#[derive(Debug, Default)]
pub(super) struct Forms {
    complete: BTreeMap<String, i32>,
    substituted: BTreeSet<String>,
    min_layer: i32,
}

impl Forms {
    /// Grows the layers until nothing changes.
    pub(super) fn new(model: &Model, rules: &Rules) -> Self {
        let has_substitute = |ty: &&String| rules.get(&format!("type {ty}"), "substitute").is_some();
        let substituted = model.types.keys().filter(has_substitute).cloned().collect();
        let mut forms = Self { complete: BTreeMap::new(), substituted, min_layer: model.min_layer };
        loop {
            let mut changed = false;
            for (ty, constructors) in &model.types {
                let combinators = constructors.iter().filter_map(|name| model.constructors.get(name));
                let complete = combinators.map(|combinator| forms.combinator(model, rules, combinator)).max();
                let complete = complete.unwrap_or(model.min_layer);
                changed |= forms.complete.insert(ty.clone(), complete).unwrap_or(model.min_layer) != complete;
            }
            if !changed {
                return forms;
            }
        }
    }

    /// Whether some value of a type lacks a form of its own somewhere: vectors must look.
    pub(super) fn is_lacking(&self, ty: &str) -> bool {
        self.complete.get(ty).is_some_and(|complete| *complete > self.min_layer)
    }

    /// Whether such a value has no substitute either: what requires it may lack a form too.
    pub(super) fn is_hard(&self, ty: &str) -> bool {
        self.is_lacking(ty) && !self.substituted.contains(ty)
    }

    /// The layer from which on all values of a constructor have a form.
    fn combinator(&self, model: &Model, rules: &Rules, combinator: &Combinator) -> i32 {
        let fields = self.deciding_fields(combinator).map(|(_, _, complete)| complete);
        // After the last gap, a constructor can be said for good.
        let gap = match rules.get(&combinator.definition.name, "encode_before") {
            Some(_) => None,
            None => combinator.gaps.last().map(|gap| gap.end),
        };
        let own = first_form(model, rules, combinator);
        fields.chain([own]).chain(gap).max().unwrap_or(self.min_layer)
    }

    /// Required fields whose value may lack a form: with the layer that brought the field, and the one from which on
    /// the type is complete.
    fn deciding_fields<'a>(&self, combinator: &'a Combinator) -> impl Iterator<Item = (&'a Field, i32, i32)> {
        let required = combinator.fields().filter(|field| field.flag.is_none());
        required.filter_map(|field| {
            let Ty::Boxed(ty) = &field.ty else { return None };
            let complete = self.complete.get(ty).copied().filter(|_| self.is_hard(ty))?;
            let since = field_since(combinator, field);
            (complete > since).then_some((field, since, complete))
        })
    }
}

/// The first layer of the newest versions that have a field as it is; where its type was another, a rule makes the value.
fn field_since(combinator: &Combinator, field: &Field) -> i32 {
    let has = |slots| fields(slots).any(|old| old.name == field.name && old.ty == field.ty);
    let versions = combinator.older.iter().take_while(|version| has(&version.slots));
    versions.map(|version| version.first).min().unwrap_or(combinator.since)
}

/// The first layer in which a constructor can be said, by itself or by its rule.
pub(super) fn first_form(model: &Model, rules: &Rules, combinator: &Combinator) -> i32 {
    let definition = &combinator.definition;
    if rules.get(&definition.name, "encode_before").is_some() {
        return model.min_layer;
    }
    let oldest =
        combinator.older.last().map_or(combinator.since, |oldest| oldest.first.min(combinator.since));
    combinator.before.map_or(oldest, |before| before.min(oldest))
}

impl Generator<'_> {
    /// `has_form` of a struct, empty if the answer is always yes.
    pub(super) fn struct_has_form(&self, combinator: &Combinator) -> String {
        let mut conditions = self.layer_conditions(combinator, "layer");
        for (field, since, _) in self.forms.deciding_fields(combinator) {
            let own = format!("self.{}.has_form(layer)", field.ident);
            // Where an older version does not have the field, its form does not matter.
            let own = if since > self.model.min_layer { format!("(layer < {since} || {own})") } else { own };
            conditions.push(own);
        }
        if let Some(rule) = self.rules.get(&combinator.definition.name, "form") {
            conditions.push(format!("({rule})"));
        }
        if conditions.is_empty() {
            return String::new();
        }
        format!("    fn has_form(&self, layer: i32) -> bool {{ {} }}\n", conditions.join(" && "))
    }

    /// What must hold of a layer, so that it has some version of a constructor.
    pub(super) fn layer_conditions(&self, combinator: &Combinator, layer: &str) -> Vec<String> {
        let first = first_form(self.model, self.rules, combinator);
        let mut conditions = Vec::new();
        if first > self.model.min_layer {
            conditions.push(format!("{layer} >= {first}"));
        }
        if self.rules.get(&combinator.definition.name, "encode_before").is_none() {
            let gaps = combinator.gaps.iter();
            conditions.extend(gaps.map(|gap| format!("!({}..{}).contains(&{layer})", gap.start, gap.end)));
        }
        conditions
    }

    /// `has_form` of an enum, empty if the answer is always yes.
    pub(super) fn enum_has_form(&self, ty: &str, combinators: &[&Combinator]) -> String {
        if !self.forms.is_lacking(ty) {
            return String::new();
        }
        let mut arms = String::new();
        for combinator in combinators {
            let variant = self.variant(combinator);
            if combinator.is_unit() {
                let conditions = self.layer_conditions(combinator, "layer");
                if !conditions.is_empty() {
                    arms.push_str(&format!("            Self::{variant} => {},\n", conditions.join(" && ")));
                }
            } else if !self.struct_has_form(combinator).is_empty() {
                arms.push_str(&format!("            Self::{variant}(value) => value.has_form(layer),\n"));
            }
        }
        let count = arms.lines().count();
        let rest = if count < combinators.len() { "            _ => true,\n" } else { "" };
        format!(
            "    fn has_form(&self, layer: i32) -> bool {{\n        match self {{\n{arms}{rest}        }}\n    }}\n"
        )
    }
}
