//! The schema as the generator sees it: types with their constructors, fields with Rust types.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{CodegenError, names};
use crate::schema::{Category, Definition, Flag, History, Old, Param, TypeExpr};

/// The type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ty {
    /// A built-in: its Rust type, size in memory, and fewest bytes on the wire.
    Prim(&'static str, usize, usize),
    /// `true`: presence is the value.
    True,
    /// `Vector<T>`.
    Vector(Box<Ty>),
    /// `vector<T>`.
    BareVector(Box<Ty>),
    /// A boxed type.
    Boxed(String),
    /// A bare constructor.
    Bare(String),
    /// `!X`.
    Any,
}

/// One word or value on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slot {
    /// A `#` word and its name.
    Flags(String),
    /// A field.
    Field(Field),
}

/// A field of a constructor or function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    /// Name in the schema.
    pub(super) name: String,
    /// Name in Rust.
    pub(super) ident: String,
    /// Its type.
    pub(super) ty: Ty,
    /// When it is present.
    pub(super) flag: Option<Flag>,
    /// Whether the struct holds it in a `Box`, to break a cycle.
    pub(super) boxed: bool,
}

/// A constructor or function in its newest form, with its older ones.
#[derive(Debug, Clone)]
pub(super) struct Combinator {
    /// The definition it comes from.
    pub(super) definition: Definition,
    /// Words and fields in wire order.
    pub(super) slots: Vec<Slot>,
    /// The layer it came with.
    pub(super) since: i32,
    /// The layer it first came with, if another version was in force in between.
    pub(super) before: Option<i32>,
    /// Older versions, the newest first.
    pub(super) older: Vec<Version>,
    /// Layers between two versions that had none: from the first of them up to the one that had it again.
    pub(super) gaps: Vec<Range<i32>>,
}

/// An older version of a constructor or function.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// Its definition.
    pub(super) definition: Definition,
    /// Words and fields in wire order.
    pub(super) slots: Vec<Slot>,
    /// First layer that had it.
    pub(super) first: i32,
}

/// All that is generated for one schema.
#[derive(Debug)]
pub(super) struct Model {
    /// Name of the Rust module.
    pub(super) module: String,
    /// The oldest layer.
    pub(super) min_layer: i32,
    /// The layers that were read, ascending.
    layers: Vec<i32>,
    /// Constructors by name, legacy ones too.
    pub(super) constructors: BTreeMap<String, Combinator>,
    /// Functions by name, legacy ones too.
    pub(super) functions: BTreeMap<String, Combinator>,
    /// Names of the constructors of each type; live types list live constructors only.
    pub(super) types: BTreeMap<String, Vec<String>>,
    /// Constructors and functions that the newest layer has no more.
    pub(super) legacy: BTreeSet<(Category, String)>,
    /// Types that the newest layer has no more.
    pub(super) legacy_types: BTreeSet<String>,
    /// Constructors around objects of any type: only their ids are generated.
    pub(super) opaque: BTreeMap<String, u32>,
}

impl Model {
    /// Sorts definitions into types and resolves the types of all fields.
    pub(super) fn new(
        module: &str,
        definitions: &[Definition],
        history: Option<&History>,
    ) -> Result<Self, CodegenError> {
        let opaque = opaque_names(definitions);
        let min_layer = history.and_then(|history| history.layers.first()).copied().unwrap_or_default();
        let mut model = Self {
            module: module.to_owned(),
            min_layer,
            layers: history.map_or_else(Vec::new, |history| history.layers.clone()),
            constructors: BTreeMap::new(),
            functions: BTreeMap::new(),
            types: BTreeMap::new(),
            legacy: BTreeSet::new(),
            legacy_types: BTreeSet::new(),
            opaque: BTreeMap::new(),
        };
        let old: &[Old] = history.map_or(&[], |history| history.old.as_slice());
        let gone = model.gone(definitions, old);
        let is_opaque = |definition: &&Definition| opaque.contains(&definition.name);
        model.opaque =
            definitions.iter().filter(is_opaque).map(|opaque| (opaque.name.clone(), opaque.id)).collect();
        let clear: Vec<&Definition> =
            definitions.iter().filter(|definition| !is_opaque(definition)).collect();
        model.sort_types(&clear)?;
        let live: BTreeSet<String> = model.types.keys().cloned().collect();
        let of_dead_type = |definition: &&Definition| !live.contains(&definition.result.to_string());
        model.sort_types(&gone.iter().copied().filter(of_dead_type).collect::<Vec<_>>())?;
        model.legacy_types = model.types.keys().filter(|ty| !live.contains(*ty)).cloned().collect();
        let bare = clear.iter().map(|definition| definition.name.clone()).collect();
        for definition in clear.into_iter().chain(gone) {
            let since = history.and_then(|history| history.since.get(&definition.id)).copied();
            let combinator = model.combinator(definition, old, since, &bare)?;
            let map = match definition.category {
                Category::Constructor => &mut model.constructors,
                Category::Function => &mut model.functions,
            };
            if map.insert(definition.name.clone(), combinator).is_some() {
                return Err(CodegenError::Twice(definition.name.clone()));
            }
        }
        Ok(model)
    }

    /// The last version of everything that the newest layer has no more.
    fn gone<'a>(&mut self, definitions: &[Definition], old: &'a [Old]) -> Vec<&'a Definition> {
        let key = |definition: &Definition| (definition.category, definition.name.clone());
        let current: BTreeSet<_> = definitions.iter().map(key).collect();
        let mut last: BTreeMap<_, &Old> = BTreeMap::new();
        for old in old.iter().filter(|old| !current.contains(&key(&old.definition))) {
            let newest = last.entry(key(&old.definition)).or_insert(old);
            if old.first > newest.first {
                *newest = old;
            }
        }
        self.legacy = last.keys().cloned().collect();
        last.into_values().map(|old| &old.definition).collect()
    }

    fn sort_types(&mut self, definitions: &[&Definition]) -> Result<(), CodegenError> {
        for definition in definitions.iter().filter(|definition| definition.category == Category::Constructor)
        {
            let TypeExpr::Named(ty) = &definition.result else {
                return Err(CodegenError::Result(definition.name.clone()));
            };
            self.types.entry(ty.clone()).or_default().push(definition.name.clone());
        }
        Ok(())
    }

    /// A definition with resolved fields and its older versions.
    fn combinator(
        &self,
        definition: &Definition,
        old: &[Old],
        since: Option<i32>,
        bare: &BTreeSet<String>,
    ) -> Result<Combinator, CodegenError> {
        let same = |old: &&Old| {
            let other = &old.definition;
            (other.category, &other.name) == (definition.category, &definition.name)
        };
        let mut older = Vec::new();
        let mut since = since.unwrap_or(self.min_layer);
        let (mut before, mut spans) = (None, Vec::new());
        for old in old.iter().filter(same) {
            spans.push((old.first, old.last));
            if old.definition.id == definition.id {
                if self.is_legacy(definition) {
                    since = old.first;
                } else {
                    before = Some(old.first);
                }
                continue;
            }
            let slots = self.slots(&old.definition, bare)?;
            older.push(Version { definition: old.definition.clone(), slots, first: old.first });
        }
        older.sort_by_key(|version| std::cmp::Reverse(version.first));
        let slots = self.slots(definition, bare)?;
        spans.push((since, i32::MAX));
        let gaps = self.gaps(spans);
        Ok(Combinator { definition: definition.clone(), slots, since, before, older, gaps })
    }

    /// The layers between the first and the last of some spans that none of them covers. What was not read is no gap.
    fn gaps(&self, mut spans: Vec<(i32, i32)>) -> Vec<Range<i32>> {
        spans.sort_unstable();
        let mut gaps = Vec::new();
        let mut covered = i32::MAX;
        for (first, last) in spans {
            let missing = self.layers.iter().copied().find(|layer| *layer > covered && *layer < first);
            gaps.extend(missing.map(|missing| missing..first));
            covered = if covered == i32::MAX { last } else { covered.max(last) };
        }
        gaps
    }

    fn slots(&self, definition: &Definition, bare: &BTreeSet<String>) -> Result<Vec<Slot>, CodegenError> {
        let slot = |param: &Param| -> Result<Slot, CodegenError> {
            if param.ty == TypeExpr::Flags {
                return Ok(Slot::Flags(names::field(&param.name)));
            }
            let ty = self.resolve(&param.ty, bare);
            let unknown = || CodegenError::Type(definition.name.clone(), param.ty.to_string());
            Ok(Slot::Field(Field {
                name: param.name.clone(),
                ident: names::field(&param.name),
                ty: ty.ok_or_else(unknown)?,
                flag: param.flag.clone(),
                boxed: false,
            }))
        };
        definition.params.iter().map(slot).collect()
    }

    /// The type behind an expression, `None` if the schema does not define it.
    pub(super) fn resolve(&self, ty: &TypeExpr, bare: &BTreeSet<String>) -> Option<Ty> {
        Some(match ty {
            TypeExpr::Flags => return None,
            TypeExpr::Any(_) => Ty::Any,
            TypeExpr::Vector(element) => Ty::Vector(Box::new(self.resolve(element, bare)?)),
            TypeExpr::BareVector(element) => Ty::BareVector(Box::new(self.resolve(element, bare)?)),
            TypeExpr::Bare(name) => match self.types.get(name).map(Vec::as_slice) {
                Some([only]) => Ty::Bare(only.clone()),
                _ => return None,
            },
            TypeExpr::Named(name) => match name.as_str() {
                "int" => Ty::Prim("i32", 4, 4),
                "long" => Ty::Prim("i64", 8, 8),
                "double" => Ty::Prim("f64", 8, 8),
                "int128" => Ty::Prim("[u8; 16]", 16, 16),
                "int256" => Ty::Prim("[u8; 32]", 32, 32),
                "string" => Ty::Prim("String", 24, 4),
                "bytes" => Ty::Prim("Bytes", 32, 4),
                "Bool" => Ty::Prim("bool", 1, 4),
                "true" => Ty::True,
                name if self.types.contains_key(name) => Ty::Boxed(name.to_owned()),
                name if bare.contains(name) => Ty::Bare(name.to_owned()),
                _ => return None,
            },
        })
    }

    /// The Rust type of a value.
    pub(super) fn rust(&self, ty: &Ty) -> String {
        match ty {
            Ty::Prim(rust, ..) => (*rust).to_owned(),
            Ty::True => "bool".into(),
            Ty::Vector(element) | Ty::BareVector(element) => format!("Vec<{}>", self.rust(element)),
            Ty::Boxed(name) => self.enum_path(name),
            Ty::Bare(name) => self.struct_path(name),
            Ty::Any => "RawObject".into(),
        }
    }

    /// The Rust type of a struct's field.
    pub(super) fn rust_field(&self, field: &Field) -> String {
        let rust = self.rust(&field.ty);
        let rust = if field.boxed { format!("Box<{rust}>") } else { rust };
        match (&field.flag, &field.ty) {
            (None, _) | (Some(_), Ty::True) => rust,
            (Some(_), _) => format!("Option<{rust}>"),
        }
    }

    /// The Rust type that a function answers with.
    pub(super) fn response(&self, function: &Combinator) -> Result<String, CodegenError> {
        let result = &function.definition.result;
        let ty = self.resolve(result, &BTreeSet::new());
        let unknown = || CodegenError::Type(function.definition.name.clone(), result.to_string());
        ty.map(|ty| self.rust(&ty)).ok_or_else(unknown)
    }

    /// Path of the struct of a constructor.
    pub(super) fn struct_path(&self, name: &str) -> String {
        let legacy = self.legacy.contains(&(Category::Constructor, name.to_owned()));
        names::path(&self.module, if legacy { "legacy::types" } else { "types" }, name)
    }

    /// Path of the struct of a function.
    pub(super) fn function_path(&self, name: &str) -> String {
        let legacy = self.legacy.contains(&(Category::Function, name.to_owned()));
        names::path(&self.module, if legacy { "legacy::functions" } else { "functions" }, name)
    }

    /// Path of the enum or alias of a type.
    pub(super) fn enum_path(&self, name: &str) -> String {
        let kind = if self.legacy_types.contains(name) { "legacy::enums" } else { "enums" };
        names::path(&self.module, kind, name)
    }

    /// Whether the newest layer has no such definition any more.
    pub(super) fn is_legacy(&self, definition: &Definition) -> bool {
        self.legacy.contains(&(definition.category, definition.name.clone()))
    }

    /// The only constructor of a type, if it has one.
    pub(super) fn single(&self, ty: &str) -> Option<&Combinator> {
        match self.types.get(ty).map(Vec::as_slice) {
            Some([only]) => self.constructors.get(only),
            _ => None,
        }
    }
}

impl Combinator {
    /// The fields without the flag words.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        fields(&self.slots)
    }

    /// Whether nothing follows the id on the wire, and nothing ever did.
    pub(super) fn is_unit(&self) -> bool {
        self.slots.is_empty() && self.older.is_empty()
    }
}

/// The fields among slots.
pub(super) fn fields(slots: &[Slot]) -> impl Iterator<Item = &Field> {
    slots.iter().filter_map(|slot| match slot {
        Slot::Field(field) => Some(field),
        Slot::Flags(_) => None,
    })
}

/// Constructors that hold `Object`, directly or through another such one.
fn opaque_names(definitions: &[Definition]) -> BTreeSet<String> {
    let mut opaque: BTreeSet<String> = BTreeSet::new();
    let mut types: BTreeSet<String> = BTreeSet::from(["Object".to_owned()]);
    loop {
        let before = opaque.len();
        for definition in definitions.iter().filter(|definition| definition.category == Category::Constructor)
        {
            if definition.params.iter().any(|param| types.contains(innermost(&param.ty))) {
                opaque.insert(definition.name.clone());
                types.insert(innermost(&definition.result).to_owned());
            }
        }
        if opaque.len() == before {
            return opaque;
        }
    }
}

fn innermost(ty: &TypeExpr) -> &str {
    match ty {
        TypeExpr::Vector(element) | TypeExpr::BareVector(element) => innermost(element),
        TypeExpr::Named(name) | TypeExpr::Bare(name) | TypeExpr::Any(name) => name,
        TypeExpr::Flags => "#",
    }
}
