//! Generates the types of `notes.tl`.

use std::path::Path;
use std::{env, error::Error, fs};

use zaun_tl::{codegen, schema};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=notes.tl");
    let definitions = schema::parse(&fs::read_to_string("notes.tl")?)?;
    let input =
        codegen::Input { module: "notes", definitions: &definitions, history: None, rules: "", served: None };
    fs::write(Path::new(&env::var("OUT_DIR")?).join("notes.rs"), codegen::generate(&input)?)?;
    Ok(())
}
