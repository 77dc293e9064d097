//! Generates the types from `tl/*.tl`.

use std::{env, error::Error, fs, path::Path};

use zaun_tl::{codegen, schema};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=tl");
    let out = env::var("OUT_DIR")?;
    for module in ["api", "mtproto"] {
        let definitions = schema::parse(&fs::read_to_string(format!("tl/{module}.tl"))?)?;
        let text = codegen::generate(&codegen::Input { module, definitions: &definitions })?;
        fs::write(Path::new(&out).join(format!("{module}.rs")), text)?;
    }
    Ok(())
}
