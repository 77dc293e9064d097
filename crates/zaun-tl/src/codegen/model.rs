//! The schema as the generator sees it: types with their constructors, fields with Rust types.

use std::collections::{BTreeMap, BTreeSet};

use super::{CodegenError, names};
use crate::schema::{Category, Definition, Flag, Param, TypeExpr};

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

/// A constructor or function in its newest form.
#[derive(Debug, Clone)]
pub(super) struct Combinator {
    /// The definition it comes from.
    pub(super) definition: Definition,
    /// Words and fields in wire order.
    pub(super) slots: Vec<Slot>,
}

/// All that is generated for one schema.
#[derive(Debug)]
pub(super) struct Model {
    /// Name of the Rust module.
    pub(super) module: String,
    /// Constructors by name.
    pub(super) constructors: BTreeMap<String, Combinator>,
    /// Functions by name.
    pub(super) functions: BTreeMap<String, Combinator>,
    /// Names of the constructors of each type.
    pub(super) types: BTreeMap<String, Vec<String>>,
    /// Constructors around objects of any type: only their ids are generated.
    pub(super) opaque: BTreeMap<String, u32>,
}

impl Model {
    /// Sorts definitions into types and resolves the types of all fields.
    pub(super) fn new(module: &str, definitions: &[Definition]) -> Result<Self, CodegenError> {
        let opaque = opaque_names(definitions);
        let mut model = Self {
            module: module.to_owned(),
            constructors: BTreeMap::new(),
            functions: BTreeMap::new(),
            types: BTreeMap::new(),
            opaque: BTreeMap::new(),
        };
        let constructors =
            definitions.iter().filter(|definition| definition.category == Category::Constructor);
        for definition in constructors.clone() {
            if opaque.contains(&definition.name) {
                model.opaque.insert(definition.name.clone(), definition.id);
                continue;
            }
            let TypeExpr::Named(ty) = &definition.result else {
                return Err(CodegenError::Result(definition.name.clone()));
            };
            model.types.entry(ty.clone()).or_default().push(definition.name.clone());
        }
        let bare: BTreeSet<String> = constructors.map(|definition| definition.name.clone()).collect();
        for definition in definitions.iter().filter(|definition| !opaque.contains(&definition.name)) {
            let combinator = model.combinator(definition, &bare)?;
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

    /// A definition with resolved fields.
    pub(super) fn combinator(
        &self,
        definition: &Definition,
        bare: &BTreeSet<String>,
    ) -> Result<Combinator, CodegenError> {
        let slot = |param: &Param| -> Result<Slot, CodegenError> {
            Ok(match &param.ty {
                TypeExpr::Flags => Slot::Flags(names::field(&param.name)),
                ty => Slot::Field(Field {
                    name: param.name.clone(),
                    ident: names::field(&param.name),
                    ty: self
                        .resolve(ty, bare)
                        .ok_or_else(|| CodegenError::Type(definition.name.clone(), ty.to_string()))?,
                    flag: param.flag.clone(),
                    boxed: false,
                }),
            })
        };
        let slots = definition.params.iter().map(slot).collect::<Result<_, _>>()?;
        Ok(Combinator { definition: definition.clone(), slots })
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
            Ty::Boxed(name) => names::path(&self.module, "enums", name),
            Ty::Bare(name) => names::path(&self.module, "types", name),
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
        self.slots.iter().filter_map(|slot| match slot {
            Slot::Field(field) => Some(field),
            Slot::Flags(_) => None,
        })
    }

    /// Whether nothing follows the id on the wire.
    pub(super) fn is_unit(&self) -> bool {
        self.slots.is_empty()
    }
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
