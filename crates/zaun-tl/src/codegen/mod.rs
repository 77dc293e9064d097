//! The generator of Rust types from schemas, for build scripts.
//!
//! [`generate`] turns one schema into the text of one module: `types` (a struct per constructor), `enums` (an enum
//! or an alias per boxed type), `functions` (a struct per method), `ids`, and the `Request` enum with its tables.

mod convert;
mod encode;
mod enums;
mod forms;
mod functions;
mod model;
mod names;
mod rules;
mod served;
mod shape;
mod structs;
mod tables;
mod visits;

use std::collections::{BTreeMap, BTreeSet};

use crate::schema::{Definition, History, SchemaError};

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
    /// A line of the rules file cannot be read.
    #[error("rules: bad line `{0}`")]
    Rule(String),
    /// A rule is for something that does not exist or needs none.
    #[error("rules: [\"{0}\"] {1} is never used")]
    UnusedRule(String, String),
    /// Version pairs that are neither mechanical nor listed.
    #[error("not mechanical and without a rule:\n{}", .0.join("\n"))]
    NoRule(Vec<String>),
    /// Numbers in objects that no rule says the meaning of.
    #[error("neither user, chat, channel nor none in the rules' section ids:\n{}", .0.join("\n"))]
    NoKind(Vec<String>),
    /// A number is said to be the id of something unknown.
    #[error("rules: [\"ids\"] {0}: `{1}` is not user, chat, channel or none")]
    Kind(String, String),
}

/// What one module is generated from.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// Name of the Rust module that will include the text: `api`.
    pub module: &'a str,
    /// The newest schema.
    pub definitions: &'a [Definition],
    /// The older layers, if values are to be written for them.
    pub history: Option<&'a History>,
    /// The rules file: what is not mechanical between versions.
    pub rules: &'a str,
    /// The methods that are answered; `None` if all are. What no such method takes or answers with, nor an update
    /// holds, is converted as far as that is mechanical, and listed in `UNCONVERTED` beyond that.
    pub served: Option<&'a BTreeSet<String>>,
}

/// What every generated module imports of the runtime.
const RUNTIME: &str = "#[allow(unused_imports)]\nuse ::bytes::Bytes;\n#[allow(unused_imports)]\n\
    use ::zaun_tl::{Decode, DecodeError, Encode, RawObject, Reader, Writer};\n";

/// The text of the module.
pub fn generate(input: &Input<'_>) -> Result<String, CodegenError> {
    let rules = rules::Rules::parse(input.rules)?;
    let mut model = model::Model::new(input.module, input.definitions, input.history)?;
    let shape = shape::Shape::new(&mut model);
    let forms = forms::Forms::new(&model, &rules);
    let served = served::Served::new(&model, input.served);
    let mut generator = Generator {
        model: &model,
        shape: &shape,
        rules: &rules,
        forms: &forms,
        served: &served,
        problems: Vec::new(),
        unconverted: BTreeSet::new(),
    };
    let mut out = generator.types(false);
    out.push_str(&generator.enums(false));
    out.push_str(&generator.functions(false)?);
    if input.history.is_some() {
        let (types, enums) = (generator.types(true), generator.enums(true));
        let functions = generator.functions(true)?;
        let doc = "What the newest layer has no more: read from old clients, written for them by rules.";
        out.push_str(&format!("/// {doc}\npub mod legacy {{\n{types}{enums}{functions}}}\n"));
    }
    if let Some(code) = rules.get("helpers", "code") {
        out.push_str(&format!(
            "/// Helpers of the rules.\nmod convert {{\n{}{code}\n}}\n",
            generator.prelude()
        ));
    }
    out.push_str(&generator.request());
    out.push_str(&generator.ids());
    out.push_str(&generator.tables());
    out.push_str(&generator.decode_any());
    out.push_str(&generator.visits()?);
    out.push_str(&generator.unconverted());
    if !generator.problems.is_empty() {
        generator.problems.dedup();
        return Err(CodegenError::NoRule(generator.problems));
    }
    rules.check_used()?;
    Ok(out)
}

/// The state that all emitting functions share.
struct Generator<'a> {
    model: &'a model::Model,
    shape: &'a shape::Shape,
    rules: &'a rules::Rules,
    forms: &'a forms::Forms,
    served: &'a served::Served,
    /// Old ids without a conversion, which nothing served needs.
    unconverted: BTreeSet<(u32, String)>,
    problems: Vec<convert::Problem>,
}

impl Generator<'_> {
    /// First lines of every generated module that holds items; rules rely on these names.
    fn prelude(&self) -> String {
        let module = &self.model.module;
        let items = if self.rules.get("helpers", "code").is_some() { ", legacy, convert" } else { "" };
        format!(
            "{RUNTIME}#[allow(unused_imports)]\nuse crate::{module}::{{types, enums, functions{items}}};\n"
        )
    }

    /// Items grouped by namespace become a module `kind` with one sub-module per namespace.
    fn nested_modules(&self, kind: &str, doc: &str, items: &BTreeMap<String, String>) -> String {
        let prelude = self.prelude();
        let mut out = format!("/// {doc}\npub mod {kind} {{\n{prelude}");
        for (namespace, text) in items {
            if namespace.is_empty() {
                out.push_str(text);
            } else {
                let doc = format!("Namespace `{namespace}`.");
                out.push_str(&format!("/// {doc}\npub mod {namespace} {{\n{prelude}{text}}}\n"));
            }
        }
        out.push_str("}\n");
        out
    }
}
