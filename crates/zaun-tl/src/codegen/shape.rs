//! What the generator must know about the shape of types: sizes, cycles, defaults.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Combinator, Field, Model, Slot, Ty};

/// Structs above this estimated size are boxed inside enum variants.
const MAX_INLINE_BYTES: usize = 48;

/// Facts about every type of a model.
#[derive(Debug)]
pub(super) struct Shape {
    /// Constructors that their enum holds in a `Box`.
    pub(super) boxed: BTreeSet<String>,
    /// Types that can contain themselves: decoding them counts depth (M-012).
    pub(super) recursive: BTreeSet<String>,
    /// The constructor that is each type's default.
    pub(super) default: BTreeMap<String, String>,
    /// Fewest bytes that a boxed value of each type takes.
    pub(super) min_size: BTreeMap<String, usize>,
}

impl Shape {
    /// Studies the model, and marks the fields that need a box to break a cycle of structs.
    pub(super) fn new(model: &mut Model) -> Self {
        box_struct_cycles(model);
        let by_value = closure(model, false);
        let sizes = sizes(model, &by_value);
        let mut boxed = BTreeSet::new();
        for (ty, constructors) in &model.types {
            for combinator in constructors.iter().filter_map(|name| model.constructors.get(name)) {
                let on_cycle = reached(combinator, &by_value).contains(ty);
                let large = struct_size(combinator, &sizes) > MAX_INLINE_BYTES;
                if constructors.len() > 1 && (on_cycle || large) {
                    boxed.insert(combinator.definition.name.clone());
                }
            }
        }
        let anywhere = closure(model, true);
        let recursive =
            anywhere.iter().filter(|(ty, set)| set.contains(*ty)).map(|(ty, _)| ty.clone()).collect();
        Self { boxed, recursive, default: defaults(model), min_size: min_sizes(model) }
    }

    /// Fewest bytes of a value on the wire.
    pub(super) fn min_wire(&self, model: &Model, ty: &Ty) -> usize {
        match ty {
            Ty::Bare(name) => model.constructors.get(name).map_or(0, |c| min_body(c, &self.min_size)),
            ty => min_wire(ty, &self.min_size),
        }
    }

    /// Fewest bytes of the fields of a constructor, without its id.
    pub(super) fn min_body(&self, slots: &[Slot]) -> usize {
        min_slots(slots, &self.min_size)
    }
}

/// The boxed types that a type's value may hold; through vectors too if asked.
fn parts(ty: &Ty, through_vectors: bool) -> Option<&str> {
    match ty {
        Ty::Boxed(name) => Some(name),
        Ty::Vector(element) | Ty::BareVector(element) if through_vectors => parts(element, true),
        _ => None,
    }
}

/// For each type, all types that its values can contain.
fn closure(model: &Model, through_vectors: bool) -> BTreeMap<String, BTreeSet<String>> {
    let direct = |constructors: &Vec<String>| -> BTreeSet<String> {
        let combinators = constructors.iter().filter_map(|name| model.constructors.get(name));
        let fields = combinators.flat_map(Combinator::fields);
        fields.filter_map(|field| parts(&field.ty, through_vectors)).map(str::to_owned).collect()
    };
    let edges = model.types.iter().map(|(ty, constructors)| (ty.clone(), direct(constructors))).collect();
    transitive(&edges)
}

fn transitive(edges: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    let reach = |start: &BTreeSet<String>| {
        let mut seen = start.clone();
        let mut queue: Vec<&String> = start.iter().collect();
        while let Some(ty) = queue.pop() {
            for next in edges.get(ty).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    queue.push(next);
                }
            }
        }
        seen
    };
    edges.iter().map(|(ty, direct)| (ty.clone(), reach(direct))).collect()
}

fn reached(combinator: &Combinator, closure: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<String> {
    let direct = combinator.fields().filter_map(|field| parts(&field.ty, false));
    direct.flat_map(|ty| closure.get(ty).into_iter().flatten().cloned().chain([ty.to_owned()])).collect()
}

/// Boxes the fields that would make a struct contain itself without any enum between.
fn box_struct_cycles(model: &mut Model) {
    let single: BTreeSet<String> =
        model.types.keys().filter(|ty| model.single(ty).is_some()).cloned().collect();
    let edge = |ty: &String| {
        let fields = model.single(ty).into_iter().flat_map(Combinator::fields);
        let parts = fields.filter_map(|field| parts(&field.ty, false)).filter(|part| single.contains(*part));
        (ty.clone(), parts.map(str::to_owned).collect())
    };
    let closure = transitive(&single.iter().map(edge).collect());
    for ty in &single {
        let names = model.types.get(ty).into_iter().flatten();
        for name in names {
            for slot in model.constructors.get_mut(name).into_iter().flat_map(|c| &mut c.slots) {
                if let Slot::Field(Field { ty: Ty::Boxed(part), boxed, .. }) = slot {
                    *boxed = part == ty || closure.get(part).is_some_and(|set| set.contains(ty));
                }
            }
        }
    }
}

/// Estimated sizes in memory of all types.
fn sizes(model: &Model, by_value: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, usize> {
    let mut sizes = BTreeMap::new();
    let mut order: Vec<&String> = model.types.keys().collect();
    // A type comes after everything that it contains; within a cycle the order does not matter.
    order.sort_by_key(|ty| by_value.get(*ty).map_or(0, BTreeSet::len));
    for ty in order {
        let constructors =
            model.types.get(ty).into_iter().flatten().filter_map(|name| model.constructors.get(name));
        let struct_sizes: Vec<usize> = constructors.map(|c| struct_size(c, &sizes)).collect();
        let size = match struct_sizes.as_slice() {
            [only] => *only,
            many => {
                let variant = |size: &usize| if *size > MAX_INLINE_BYTES { 8 } else { *size };
                many.iter().map(variant).max().unwrap_or(0).saturating_add(8)
            }
        };
        sizes.insert(ty.clone(), size);
    }
    sizes
}

fn struct_size(combinator: &Combinator, sizes: &BTreeMap<String, usize>) -> usize {
    let field_size = |field: &Field| {
        let size = match &field.ty {
            Ty::Prim(_, size, _) => *size,
            Ty::True => 1,
            Ty::Vector(_) | Ty::BareVector(_) => 24,
            Ty::Any => 32,
            Ty::Boxed(_) if field.boxed => 8,
            Ty::Boxed(name) | Ty::Bare(name) => sizes.get(name).copied().unwrap_or(MAX_INLINE_BYTES),
        };
        match (&field.flag, &field.ty) {
            (Some(_), Ty::Prim("i32" | "i64" | "f64", ..)) => size.saturating_mul(2),
            _ => size,
        }
    };
    combinator.fields().map(field_size).sum()
}

/// For each type a constructor whose default value is finite, units first.
fn defaults(model: &Model) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let finite = |combinator: &Combinator, found: &BTreeMap<String, String>| {
        combinator.fields().all(|field| match &field.ty {
            Ty::Boxed(name) => field.flag.is_some() || found.contains_key(name),
            _ => true,
        })
    };
    loop {
        let before = found.len();
        for (ty, constructors) in model.types.iter() {
            if found.contains_key(ty) {
                continue;
            }
            let combinators = || constructors.iter().filter_map(|name| model.constructors.get(name));
            let unit = combinators().find(|combinator| combinator.is_unit());
            if let Some(best) = unit.or_else(|| combinators().find(|combinator| finite(combinator, &found))) {
                found.insert(ty.clone(), best.definition.name.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// Fewest bytes of each boxed type in any layer; grows from 4 for a few rounds.
fn min_sizes(model: &Model) -> BTreeMap<String, usize> {
    let mut bodies: BTreeMap<String, Vec<&[Slot]>> = BTreeMap::new();
    for combinator in model.constructors.values() {
        let older = combinator.older.iter().map(|version| version.slots.as_slice());
        let of_type = bodies.entry(combinator.definition.result.to_string()).or_default();
        of_type.extend(older.chain([combinator.slots.as_slice()]));
    }
    let mut sizes: BTreeMap<String, usize> = bodies.keys().map(|ty| (ty.clone(), 4)).collect();
    for _ in 0..8 {
        let next = |(ty, bodies): (&String, &Vec<&[Slot]>)| {
            let smallest = bodies.iter().map(|slots| min_slots(slots, &sizes)).min();
            (ty.clone(), smallest.unwrap_or(0).saturating_add(4))
        };
        sizes = bodies.iter().map(next).collect();
    }
    sizes
}

fn min_body(combinator: &Combinator, sizes: &BTreeMap<String, usize>) -> usize {
    min_slots(&combinator.slots, sizes)
}

fn min_slots(slots: &[Slot], sizes: &BTreeMap<String, usize>) -> usize {
    let slot = |slot: &Slot| match slot {
        Slot::Flags(_) => 4,
        Slot::Field(field) if field.flag.is_some() => 0,
        Slot::Field(field) => min_wire(&field.ty, sizes),
    };
    slots.iter().map(slot).sum()
}

fn min_wire(ty: &Ty, sizes: &BTreeMap<String, usize>) -> usize {
    match ty {
        Ty::Prim(_, _, wire) => *wire,
        Ty::True | Ty::Any | Ty::Bare(_) => 0,
        Ty::Vector(_) => 8,
        Ty::BareVector(_) => 4,
        Ty::Boxed(name) => sizes.get(name).copied().unwrap_or(4),
    }
}
