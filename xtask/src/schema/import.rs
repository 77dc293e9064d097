//! `cargo xtask schema import FILE`: takes a layer in, and says what is to be done about it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use zaun_tl::schema::{Category, Definition};

use super::{Layers, sources};
use crate::root;

/// Takes the layer of a `.tl` file into the schema files.
pub(crate) fn import(path: &Path) -> Result<()> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let stem = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
    let layer = sources::layer_of(&text).or(stem);
    let layer = layer.context("no line `// LAYER n`, and the file is not named after its layer")?;
    let mut layers = Layers::load()?;
    let before = layers.newest_layer();
    layers.insert(layer, &text)?;
    layers.write()?;
    if layer > before {
        checklist(&layers, before, layer);
    } else {
        println!(
            "layer {layer} is in the history; `cargo build -p zaun-schema` lists the rules that it needs"
        );
    }
    Ok(())
}

/// What a newer layer asks for, in the order in which it can be done.
fn checklist(layers: &Layers, before: i32, layer: i32) {
    let of = |layer: i32| layers.layers.get(&layer).map(Vec::as_slice).unwrap_or_default();
    let (old, new) = (of(before), of(layer));
    println!("\nLayer {layer} is in the schema files. What remains:\n");
    println!("1. `LAYER` in crates/zaun-schema/src/lib.rs, and the source in xtask/src/schema/sources.rs.");
    println!(
        "2. `cargo build -p zaun-schema` lists conversions without a rule, and numbers of which nobody knows"
    );
    println!("   whose id they are. Both go to crates/zaun-schema/tl/rules.toml.");
    println!("   Ids that changed:");
    list(new.iter().filter(|it| changed(old, it) && known(old, it)));
    println!("3. New methods, for crates/zaun-api/methods.toml; `absent` until there is a handler:");
    let register = fs::read_to_string(root().join("crates/zaun-api/methods.toml")).unwrap_or_default();
    let fresh = new.iter().filter(|it| it.category == Category::Function && !known(old, it));
    for method in fresh.filter(|it| !register.contains(&format!("\n{} = {{", own_name(&it.name)))) {
        let space = method.name.split_once('.').map_or("root", |(space, _)| space);
        println!(
            "   [{space}] {} = {{ access = \"user\", flood = \"none\", status = \"absent\" }}",
            own_name(&method.name)
        );
    }
    println!(
        "   Methods that are gone, for rules.toml (`successor`), or for `ended` if old clients need them:"
    );
    list(old.iter().filter(|it| it.category == Category::Function && !known(new, it)));
    println!("4. `cargo build -p zaun-api`: the compiler finds every value that has a new field.");
    println!("   New constructors, to be made or left alone:");
    list(new.iter().filter(|it| it.category == Category::Constructor && !known(old, it)));
    println!("5. Text that the inspector must hide: `cargo test -p zaun-console` asks about new fields.");
    println!("6. `cargo xtask docs`, `cargo test -p zaun-schema`, `cargo xtask clients`.");
}

fn own_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn known(definitions: &[Definition], wanted: &Definition) -> bool {
    definitions.iter().any(|it| (it.category, &it.name) == (wanted.category, &wanted.name))
}

fn changed(definitions: &[Definition], wanted: &Definition) -> bool {
    !definitions.iter().any(|it| it.id == wanted.id)
}

fn list<'a>(definitions: impl Iterator<Item = &'a Definition>) {
    let names: BTreeSet<&str> = definitions.map(|definition| definition.name.as_str()).collect();
    if names.is_empty() {
        println!("   none");
    }
    for name in names {
        println!("   - {name}");
    }
}
