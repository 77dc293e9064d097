//! Schemas in the TL language as data: definitions, their parameters, and the parser of `.tl` text.

mod crc;
mod history;
mod parser;

pub use history::{History, Old};
pub use parser::{SchemaError, parse, parse_definition};

/// What one line of a schema defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// A constructor of a type.
    Constructor,
    /// A function, that is a method.
    Function,
}

/// A constructor or a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Constructor or function.
    pub category: Category,
    /// Full name, with its namespace: `messages.getDialogs`.
    pub name: String,
    /// The id as written, or computed where the line has none.
    pub id: u32,
    /// Type variables of `{X:Type}`.
    pub generics: Vec<String>,
    /// Parameters in the order of the wire.
    pub params: Vec<Param>,
    /// The type that the constructor belongs to, or that the function answers with.
    pub result: TypeExpr,
}

/// One parameter of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Name as written.
    pub name: String,
    /// Its type.
    pub ty: TypeExpr,
    /// The flags parameter and bit that decide whether it is present.
    pub flag: Option<Flag>,
}

/// A condition `flags.3?`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flag {
    /// Name of the `#` parameter.
    pub field: String,
    /// Bit, 0..32.
    pub bit: u32,
}

/// A type as written in a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TypeExpr {
    /// `#`, the flags word.
    Flags,
    /// `!X`, or `X` as a result: any object.
    Any(String),
    /// `Vector<T>`, with an id on the wire.
    Vector(Box<TypeExpr>),
    /// `vector<T>`, without one.
    BareVector(Box<TypeExpr>),
    /// A boxed type (`Message`, `messages.Dialogs`) or a built-in (`int`, `true`).
    Named(String),
    /// A bare one (`%Message`).
    Bare(String),
}

impl std::fmt::Display for TypeExpr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flags => f.write_str("#"),
            Self::Any(name) => write!(f, "!{name}"),
            Self::Vector(element) => write!(f, "Vector<{element}>"),
            Self::BareVector(element) => write!(f, "vector<{element}>"),
            Self::Named(name) => f.write_str(name),
            Self::Bare(name) => write!(f, "%{name}"),
        }
    }
}

impl std::fmt::Display for Param {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.flag {
            Some(flag) => write!(f, "{}:{}.{}?{}", self.name, flag.field, flag.bit, self.ty),
            None => write!(f, "{}:{}", self.name, self.ty),
        }
    }
}

/// The line as the schema has it, in one spelling.
impl std::fmt::Display for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{:08x}", self.name, self.id)?;
        for generic in &self.generics {
            write!(f, " {{{generic}:Type}}")?;
        }
        for param in &self.params {
            write!(f, " {param}")?;
        }
        match &self.result {
            TypeExpr::Any(name) => write!(f, " = {name};"),
            result => write!(f, " = {result};"),
        }
    }
}

impl Definition {
    /// The id that CRC32 of the definition's text gives.
    ///
    /// Nearly all published ids agree; the few that do not were assigned by hand, so this is a check for new lines
    /// and no law.
    pub fn computed_id(&self) -> u32 {
        crc::definition_id(self)
    }
}
