//! Generates the types from `tl/*.tl`.

use std::{env, error::Error, fs, path::Path};

use zaun_tl::{codegen, schema};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=tl");
    let api = schema::parse(&fs::read_to_string("tl/api.tl")?)?;
    let history = schema::History::parse(&fs::read_to_string("tl/history.tl")?)?;
    let rules = fs::read_to_string("tl/rules.toml")?;
    let input = codegen::Input { module: "api", definitions: &api, history: Some(&history), rules: &rules };
    // `Display` of the error is a list of what is missing; the default report would escape its lines.
    let text = codegen::generate(&input).map_err(|error| {
        eprintln!("{error}");
        error
    })?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("api.rs"), text)?;
    Ok(())
}
