//! Generates the types from `tl/*.tl`.

use std::collections::BTreeSet;
use std::{env, error::Error, fs, path::Path};

use zaun_tl::{codegen, schema};

/// The register of methods: what is done there is served in all layers.
const REGISTER: &str = "../zaun-api/methods.toml";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=tl");
    println!("cargo::rerun-if-changed={REGISTER}");
    let api = schema::parse(&fs::read_to_string("tl/api.tl")?)?;
    let history = schema::History::parse(&fs::read_to_string("tl/history.tl")?)?;
    let rules = fs::read_to_string("tl/rules.toml")?;
    let served = served(&fs::read_to_string(REGISTER)?);
    let input = codegen::Input {
        module: "api",
        definitions: &api,
        history: Some(&history),
        rules: &rules,
        served: Some(&served),
    };
    // `Display` of the error is a list of what is missing; the default report would escape its lines.
    let text = codegen::generate(&input).map_err(|error| {
        eprintln!("{error}");
        error
    })?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("api.rs"), text)?;
    Ok(())
}

/// Full names of the methods that the register does not call absent.
fn served(register: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut namespace = String::new();
    for line in register.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            namespace = if name == "root" { String::new() } else { format!("{name}.") };
        } else if let Some((method, fields)) = line.split_once(" = {")
            && !fields.contains("\"absent\"")
        {
            names.insert(format!("{namespace}{method}"));
        }
    }
    names
}
