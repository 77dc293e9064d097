//! What is taken and answered: only there must every old version have a conversion.

use std::collections::BTreeSet;

use super::Generator;
use super::model::{Combinator, Model, Ty};
use crate::schema::Category;

/// The type of everything that is pushed.
const PUSHED: &str = "Updates";

/// Types by direction, and the methods between them.
#[derive(Debug)]
pub(super) struct Served {
    methods: Option<BTreeSet<String>>,
    asked: BTreeSet<String>,
    answered: BTreeSet<String>,
}

impl Served {
    /// Follows the parameters and the results of the methods.
    pub(super) fn new(model: &Model, methods: Option<&BTreeSet<String>>) -> Self {
        let served = |it: &&Combinator| methods.is_none_or(|names| names.contains(&it.definition.name));
        let functions = || model.functions.values().filter(served);
        let asked = functions().flat_map(Combinator::fields).map(|field| field.ty.clone()).collect();
        let results = functions().filter_map(|it| model.resolve(&it.definition.result, &BTreeSet::new()));
        let answered = results.chain([Ty::Boxed(PUSHED.to_owned())]).collect();
        Self { methods: methods.cloned(), asked: reached(model, asked), answered: reached(model, answered) }
    }

    /// Whether old versions of it have to be understood.
    pub(super) fn is_read(&self, combinator: &Combinator) -> bool {
        let Some(methods) = &self.methods else { return true };
        match combinator.definition.category {
            Category::Function => methods.contains(&combinator.definition.name),
            Category::Constructor => self.asked.contains(&combinator.definition.result.to_string()),
        }
    }

    /// Whether old versions of it have to be written.
    pub(super) fn is_written(&self, combinator: &Combinator) -> bool {
        self.methods.is_none() || self.answered.contains(&combinator.definition.result.to_string())
    }
}

/// All types that values of some types can hold.
fn reached(model: &Model, mut queue: Vec<Ty>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    while let Some(ty) = queue.pop() {
        let name = match ty {
            Ty::Vector(element) | Ty::BareVector(element) => {
                queue.push(*element);
                continue;
            }
            Ty::Boxed(name) => name,
            Ty::Bare(name) => match model.constructors.get(&name) {
                Some(combinator) => combinator.definition.result.to_string(),
                None => continue,
            },
            Ty::Prim(..) | Ty::True | Ty::Any => continue,
        };
        if found.insert(name.clone()) {
            let names = model.types.get(&name).into_iter().flatten();
            let constructors = names.filter_map(|name| model.constructors.get(name));
            queue.extend(constructors.flat_map(Combinator::fields).map(|field| field.ty.clone()));
        }
    }
    found
}

impl Generator<'_> {
    /// The table of old ids without a conversion.
    pub(super) fn unconverted(&self) -> String {
        let rows: String =
            self.unconverted.iter().map(|(id, name)| format!("    ({id:#010x}, \"{name}\"),\n")).collect();
        format!(
            "/// Old ids that are known and not converted, by id: no served method takes or answers with them.\n\
             pub const UNCONVERTED: &[(u32, &str)] = &[\n{rows}];\n"
        )
    }
}
