//! Generates the types from `tl/mtproto.tl`.

use std::{env, error::Error, fs, path::Path};

use zaun_tl::{codegen, schema};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=tl");
    let definitions = schema::parse(&fs::read_to_string("tl/mtproto.tl")?)?;
    let input = codegen::Input {
        module: "generated",
        definitions: &definitions,
        history: None,
        rules: "",
        served: None,
    };
    fs::write(Path::new(&env::var("OUT_DIR")?).join("mtproto.rs"), codegen::generate(&input)?)?;
    Ok(())
}
