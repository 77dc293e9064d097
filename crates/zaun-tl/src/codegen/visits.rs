//! Visitors of the objects that methods answer with: whom an object mentions, and what is completed in it.
//!
//! Both are emitted only for types that hold something to visit, and only if the rules have the section `ids`.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Combinator, Field, Ty};
use super::{CodegenError, Generator};

/// What a number of an object can be the id of; a rule names one or more of them, or `none`.
const KINDS: [&str; 3] = ["user", "chat", "channel"];

/// One of the two visitors.
struct Visit {
    /// Start of the `impl` of a type, up to the type's path.
    head: &'static str,
    /// Start of its function, up to the body.
    function: &'static str,
    /// The call on a field that holds something.
    call: &'static str,
    /// Statements about the object itself and its numbers, by constructor.
    own: BTreeMap<String, String>,
}

impl Generator<'_> {
    /// The implementations of `Mentions` and `Complete`.
    pub(super) fn visits(&self) -> Result<String, CodegenError> {
        if self.rules.keys("ids").next().is_none() {
            return Ok(String::new());
        }
        let reachable = self.reachable();
        let mentions = Visit {
            head: "impl crate::visit::Mentions for",
            function: "fn mentions(&self, out: &mut crate::visit::Mentioned)",
            call: "mentions(out)",
            own: self.mentioned(&reachable)?,
        };
        let complete = Visit {
            head: "impl crate::visit::Complete for",
            function: "fn complete(&mut self, with: &dyn crate::visit::Completer)",
            call: "complete(with)",
            own: self.completed(&reachable),
        };
        Ok(self.visit(&reachable, &mentions) + &self.visit(&reachable, &complete))
    }

    /// All types that results of methods can hold.
    fn reachable(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let live = self.model.functions.values().filter(|it| !self.model.is_legacy(&it.definition));
        let results = live.filter_map(|it| self.model.resolve(&it.definition.result, &BTreeSet::new()));
        let mut queue: Vec<Ty> = results.collect();
        while let Some(ty) = queue.pop() {
            let Some(name) = self.type_of(&ty) else { continue };
            if found.insert(name.clone()) {
                let fields = self.constructors_of(&name).flat_map(Combinator::fields);
                queue.extend(fields.map(|field| field.ty.clone()));
            }
        }
        found
    }

    /// The named type of a value, or of the elements of a vector.
    fn type_of(&self, ty: &Ty) -> Option<String> {
        match ty {
            Ty::Vector(element) | Ty::BareVector(element) => self.type_of(element),
            Ty::Boxed(name) => Some(name.clone()),
            Ty::Bare(name) => self.model.constructors.get(name).map(|it| it.definition.result.to_string()),
            Ty::Prim(..) | Ty::True | Ty::Any => None,
        }
    }

    fn constructors_of(&self, ty: &str) -> impl Iterator<Item = &Combinator> {
        let names = self.model.types.get(ty).into_iter().flatten();
        names.filter_map(|name| self.model.constructors.get(name))
    }

    /// Statements that note the ids in each constructor's own fields.
    fn mentioned(&self, reachable: &BTreeSet<String>) -> Result<BTreeMap<String, String>, CodegenError> {
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        let mut unclassified: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for combinator in reachable.iter().flat_map(|ty| self.constructors_of(ty)) {
            let name = combinator.definition.name.as_str();
            for field in combinator.fields().filter(|field| is_long(&field.ty)) {
                let Some(kinds) = self.kinds(name, &field.name) else {
                    unclassified.entry(&field.name).or_default().push(name);
                    continue;
                };
                for kind in kinds.split(' ').filter(|kind| *kind != "none") {
                    if !KINDS.contains(&kind) {
                        return Err(CodegenError::Kind(format!("{name}.{}", field.name), kind.to_owned()));
                    }
                    let statement = format!("out.{kind}(&self.{}); ", field.ident);
                    own.entry(name.to_owned()).or_default().push_str(&statement);
                }
            }
        }
        match unclassified.is_empty() {
            true => Ok(own),
            false => {
                let line = |(field, names): (&str, Vec<&str>)| format!("{field} (in {})", names.join(", "));
                Err(CodegenError::NoKind(unclassified.into_iter().map(line).collect()))
            }
        }
    }

    /// The rule for a number: of this constructor, of its name, or the first pattern that fits the name.
    fn kinds(&self, constructor: &str, field: &str) -> Option<&str> {
        let exact = self.rules.get("ids", &format!("{constructor}.{field}"));
        exact.or_else(|| self.rules.get("ids", field)).or_else(|| {
            let pattern = self.rules.keys("ids").find(|pattern| fits(pattern, field))?;
            self.rules.get("ids", pattern)
        })
    }

    /// Statements that hand each constructor with a rule to its method.
    fn completed(&self, reachable: &BTreeSet<String>) -> BTreeMap<String, String> {
        let constructors = reachable.iter().flat_map(|ty| self.constructors_of(ty));
        let with_rule = constructors.filter_map(|combinator| {
            let name = &combinator.definition.name;
            let method = self.rules.get("complete", name)?;
            Some((name.clone(), format!("with.{method}(self); ")))
        });
        with_rule.collect()
    }

    /// One visitor for every type that holds something.
    fn visit(&self, reachable: &BTreeSet<String>, visit: &Visit) -> String {
        let holding = self.holding(reachable, visit);
        let mut out = String::new();
        for ty in &holding {
            let constructors = self.constructors_of(ty).filter(|it| self.holds(it, visit, &holding));
            let constructors: Vec<&Combinator> = constructors.collect();
            for combinator in &constructors {
                let path = self.model.struct_path(&combinator.definition.name);
                let body = self.visit_struct(combinator, visit, &holding);
                out.push_str(&format!("{} {path} {{ {} {{ {body}}} }}\n", visit.head, visit.function));
            }
            if self.model.single(ty).is_none() {
                let path = self.model.enum_path(ty);
                let body = self.visit_enum(ty, &constructors, visit);
                out.push_str(&format!("{} {path} {{ {} {{ {body} }} }}\n", visit.head, visit.function));
            }
        }
        out
    }

    fn visit_struct(&self, combinator: &Combinator, visit: &Visit, holding: &BTreeSet<String>) -> String {
        let own = visit.own.get(&combinator.definition.name);
        let mut body = own.cloned().unwrap_or_default();
        for field in combinator.fields().filter(|field| self.leads_to(field, holding)) {
            body.push_str(&format!("self.{}.{}; ", field.ident, visit.call));
        }
        body
    }

    fn visit_enum(&self, ty: &str, constructors: &[&Combinator], visit: &Visit) -> String {
        let arm = |it: &&Combinator| format!("Self::{}(it) => it.{}, ", self.variant(it), visit.call);
        let arms: String = constructors.iter().map(arm).collect();
        let rest = if constructors.len() < self.constructors_of(ty).count() { "_ => {} " } else { "" };
        format!("match self {{ {arms}{rest}}}")
    }

    /// The types that hold something to visit, directly or further inside.
    fn holding(&self, reachable: &BTreeSet<String>, visit: &Visit) -> BTreeSet<String> {
        let mut holding: BTreeSet<String> = BTreeSet::new();
        loop {
            let holds = |ty: &&String| self.constructors_of(ty).any(|it| self.holds(it, visit, &holding));
            let more: BTreeSet<String> = reachable.iter().filter(holds).cloned().collect();
            if more.len() == holding.len() {
                return holding;
            }
            holding = more;
        }
    }

    fn holds(&self, combinator: &Combinator, visit: &Visit, holding: &BTreeSet<String>) -> bool {
        visit.own.contains_key(&combinator.definition.name)
            || combinator.fields().any(|field| self.leads_to(field, holding))
    }

    fn leads_to(&self, field: &Field, holding: &BTreeSet<String>) -> bool {
        self.type_of(&field.ty).is_some_and(|ty| holding.contains(&ty))
    }
}

/// Whether a value is a number of 64 bits, or several of them.
fn is_long(ty: &Ty) -> bool {
    match ty {
        Ty::Prim(rust, ..) => *rust == "i64",
        Ty::Vector(element) | Ty::BareVector(element) => is_long(element),
        Ty::True | Ty::Boxed(_) | Ty::Bare(_) | Ty::Any => false,
    }
}

/// Whether a name fits a pattern with one `*`.
fn fits(pattern: &str, name: &str) -> bool {
    pattern
        .split_once('*')
        .is_some_and(|(start, end)| name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)))
}
