//! The generator of Rust types from schemas, for build scripts.
//!
//! [`generate`] turns one schema into the text of one module: `types` (a struct per constructor), `enums` (an enum
//! or an alias per boxed type), `functions` (a struct per method), `ids`, and the `Request` enum with its tables.

mod encode;
mod enums;
mod functions;
mod model;
mod names;
mod shape;
mod structs;
mod tables;

use crate::schema::{Definition, SchemaError};

/// Why no code can be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodegenError {
    /// The schema's text is not TL.
    #[error("schema: {0}")]
    Schema(#[from] SchemaError),
    /// A constructor's result is not a plain type.
    #[error("{0}: a constructor must belong to a named type")]
    Result(String),
    /// A name is defined twice.
    #[error("{0} is defined twice")]
    Twice(String),
    /// A field or result has a type that the schema does not define.
    #[error("{0}: unknown type {1}")]
    Type(String, String),
}

/// What one module is generated from.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// Name of the Rust module that will include the text: `api`.
    pub module: &'a str,
    /// The newest schema.
    pub definitions: &'a [Definition],
}

/// The text of the module.
pub fn generate(input: &Input<'_>) -> Result<String, CodegenError> {
    let mut model = model::Model::new(input.module, input.definitions)?;
    let shape = shape::Shape::new(&mut model);
    let generator = Generator { model: &model, shape: &shape };
    let mut out = String::new();
    out.push_str(&generator.types());
    out.push_str(&generator.enums());
    out.push_str(&generator.functions()?);
    out.push_str(&generator.request());
    out.push_str(&generator.ids());
    out.push_str(&generator.tables());
    Ok(out)
}

/// The state that all emitting functions share.
#[derive(Clone, Copy)]
struct Generator<'a> {
    model: &'a model::Model,
    shape: &'a shape::Shape,
}

/// First lines of every generated module that holds items.
const PRELUDE: &str = "#[allow(unused_imports)] use ::bytes::Bytes; \
    #[allow(unused_imports)] use ::zaun_tl::{Decode, DecodeError, Encode, RawObject, Reader, Writer};\n";

/// Items grouped by namespace become a module `kind` with one sub-module per namespace.
fn nested_modules(kind: &str, doc: &str, items: &std::collections::BTreeMap<String, String>) -> String {
    let mut out = format!("/// {doc}\npub mod {kind} {{\n{PRELUDE}");
    for (namespace, text) in items {
        if namespace.is_empty() {
            out.push_str(text);
        } else {
            out.push_str(&format!(
                "/// Namespace `{namespace}`.\npub mod {namespace} {{\n{PRELUDE}{text}}}\n"
            ));
        }
    }
    out.push_str("}\n");
    out
}
