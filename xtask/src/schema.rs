//! `cargo xtask schema`: rebuilds the schema files of `zaun-schema` from packages of the public registries.
//!
//! Needs cargo, python3 with pip and venv, npm and tar. Packages are kept in the target folder, so that a second run
//! needs no network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use zaun_tl::schema::{self, Category, Definition, History};

/// Where a layer comes from: registry, package, version, layer.
const SOURCES: [(Registry, &str, &str, i32); 22] = [
    (Registry::Pip, "pyrofork", "2.3.57", 198),
    (Registry::Pip, "pyrofork", "2.3.59", 199),
    (Registry::Pip, "pyrofork", "2.3.60", 201),
    (Registry::Pip, "kurigram", "2.2.2", 202),
    (Registry::Pip, "pyrofork", "2.3.62", 203),
    (Registry::Pip, "pyrofork", "2.3.65", 204),
    (Registry::Pip, "pyrofork", "2.3.68", 207),
    (Registry::Pip, "kurigram", "2.2.9", 211),
    (Registry::Pip, "kurigram", "2.2.10", 214),
    (Registry::Cargo, "grammers-tl-types", "0.8.0", 216),
    (Registry::Npm, "@mtcute/tl", "218.0.1", 218),
    (Registry::Pip, "pyrofork", "2.3.69", 220),
    (Registry::Pip, "kurigram", "2.2.18", 221),
    (Registry::Cargo, "grammers-tl-types", "0.9.0", 222),
    (Registry::Npm, "@mtcute/tl", "223.0.0", 223),
    (Registry::Cargo, "layer-tl-types", "0.5.0", 224),
    (Registry::Cargo, "ferogram-tl-types", "0.5.0", 225),
    (Registry::Cargo, "ferogram-tl-types", "0.6.2", 227),
    (Registry::Cargo, "ferogram-tl-types", "0.6.4", 228),
    (Registry::Cargo, "ferogram-tl-types", "0.6.6", 229),
    (Registry::Pip, "kurigram", "2.2.26", 229),
    (Registry::Cargo, "grammers-tl-types", "0.11.0", 230),
];

/// A package registry and the client that fetches from it.
#[derive(Debug, Clone, Copy)]
enum Registry {
    /// The schema lies in `tl/api.tl` of a crate.
    Cargo,
    /// The schema lies in `compiler/api/source/main_api.tl` of a source archive.
    Pip,
    /// The schema is `api-schema.json`, and mixed with definitions that the package itself needs.
    Npm,
}

/// Rebuilds `api.tl` and `history.tl`, and says what changed.
pub(crate) fn run() -> Result<()> {
    let root = workspace_root()?;
    let folder = root.join("crates/zaun-schema/tl");
    let cache = cache_folder(&root);
    let mut layers: BTreeMap<i32, Vec<Definition>> = BTreeMap::new();
    let mut newest_text = String::new();
    for (registry, package, version, layer) in SOURCES {
        let text = fetch(registry, package, version, &cache)
            .with_context(|| format!("{package} {version} (layer {layer})"))?;
        let marker = format!("// LAYER {layer}");
        ensure!(text.lines().any(|line| line.trim() == marker), "{package} {version} is not layer {layer}");
        let definitions = schema::parse(&text).with_context(|| format!("{package} {version}"))?;
        merge(layers.entry(layer).or_default(), definitions);
        newest_text = text;
    }
    supplement(&fs::read_to_string(folder.join("supplement.tl"))?, &mut layers)?;
    let newest = schema::parse(&newest_text)?;
    report_ids(&newest);
    let history = History::build(&layers);
    let mut changed = write(&folder.join("api.tl"), &newest_text)?;
    changed |= write(&folder.join("history.tl"), &history.to_text(&newest))?;
    if !changed {
        println!("nothing changed");
    }
    Ok(())
}

/// Adds the definitions whose ids a layer does not have yet.
fn merge(layer: &mut Vec<Definition>, definitions: Vec<Definition>) {
    for definition in definitions {
        if !layer.iter().any(|known| known.id == definition.id) {
            layer.push(definition);
        }
    }
}

/// Layers that no package carries, each given as what it adds to the next lower known layer.
fn supplement(text: &str, layers: &mut BTreeMap<i32, Vec<Definition>>) -> Result<()> {
    for section in text.split("// LAYER ").skip(1) {
        let (number, additions) = section.split_once('\n').unwrap_or((section, ""));
        let number: i32 = number.trim().parse().context("supplement: layer number")?;
        let below = layers.range(..number).next_back().context("supplement: no lower layer")?;
        let mut layer = below.1.clone();
        let additions = schema::parse(additions).with_context(|| format!("supplement: layer {number}"))?;
        layer.retain(|old| !additions.iter().any(|new| new.name == old.name && new.category == old.category));
        layer.extend(additions);
        layers.insert(number, layer);
    }
    Ok(())
}

/// Ids that their text does not give are either assigned by hand or a typing mistake: say how many.
fn report_ids(definitions: &[Definition]) {
    let odd: Vec<&str> = definitions
        .iter()
        .filter(|definition| definition.computed_id() != definition.id)
        .map(|definition| definition.name.as_str())
        .collect();
    println!("{} definitions; {} ids differ from CRC32 of their text", definitions.len(), odd.len());
    if !odd.is_empty() {
        println!("  {}", odd.join(" "));
    }
}

/// Writes a file if its text is new, and says what happened to its lines.
fn write(path: &Path, text: &str) -> Result<bool> {
    let before = fs::read_to_string(path).unwrap_or_default();
    if before == text {
        return Ok(false);
    }
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = text.lines().collect();
    println!("{}:", path.display());
    for line in old.iter().filter(|line| !new.contains(line)) {
        println!("- {line}");
    }
    for line in new.iter().filter(|line| !old.contains(line)) {
        println!("+ {line}");
    }
    fs::write(path, text)?;
    Ok(true)
}

/// The text of a package's schema, from the cache if it is there.
fn fetch(registry: Registry, package: &str, version: &str, cache: &Path) -> Result<String> {
    let folder = cache.join(format!("{}-{version}", package.trim_start_matches('@').replace('/', "-")));
    fs::create_dir_all(&folder)?;
    let kept = folder.join("api.tl");
    if let Ok(text) = fs::read_to_string(&kept) {
        return Ok(text);
    }
    println!("fetching {package} {version}");
    let text = match registry {
        Registry::Cargo => from_crate(package, version, &folder)?,
        Registry::Pip => from_pip(package, version, &folder, cache)?,
        Registry::Npm => from_npm(package, version, &folder)?,
    };
    fs::write(&kept, &text)?;
    Ok(text)
}

fn from_crate(package: &str, version: &str, folder: &Path) -> Result<String> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let manifest = format!(
        "[package]\nname = \"fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n\
         [dependencies]\n{package} = \"={version}\"\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    call(Command::new("cargo").args(["vendor", "--quiet", "vendor"]).current_dir(folder))?;
    Ok(fs::read_to_string(folder.join("vendor").join(package).join("tl/api.tl"))?)
}

fn from_pip(package: &str, version: &str, folder: &Path, cache: &Path) -> Result<String> {
    let venv = cache.join("venv");
    let pip = venv.join("bin/pip");
    if !pip.exists() {
        call(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        call(Command::new(&pip).args(["install", "--quiet", "setuptools", "hatchling"]))?;
    }
    let wanted = format!("{package}=={version}");
    call(
        Command::new(&pip)
            .args([
                "download",
                "--quiet",
                "--no-deps",
                "--no-binary",
                ":all:",
                "--no-build-isolation",
                &wanted,
            ])
            .current_dir(folder),
    )?;
    call(Command::new("tar").args(["xzf", &format!("{package}-{version}.tar.gz")]).current_dir(folder))?;
    let source = folder.join(format!("{package}-{version}/compiler/api/source/main_api.tl"));
    Ok(fs::read_to_string(source)?)
}

fn from_npm(package: &str, version: &str, folder: &Path) -> Result<String> {
    let wanted = format!("{package}@{version}");
    call(Command::new("npm").args(["pack", "--silent", &wanted]).current_dir(folder))?;
    let archive = format!("{}-{version}.tgz", package.trim_start_matches('@').replace('/', "-"));
    call(Command::new("tar").args(["xzf", &archive]).current_dir(folder))?;
    from_json(&fs::read_to_string(folder.join("package/api-schema.json"))?)
}

/// Turns the JSON form into TL; definitions of the package's own (`mtcute.*`) are left out.
fn from_json(text: &str) -> Result<String> {
    let schema: Value = serde_json::from_str(text)?;
    let mut out = format!("// LAYER {}\n", schema["l"]);
    let entries = schema["e"].as_array().context("no entries")?;
    for (kind, category) in [("class", Category::Constructor), ("method", Category::Function)] {
        if category == Category::Function {
            out.push_str("---functions---\n");
        }
        for entry in entries.iter().filter(|entry| entry["kind"] == kind) {
            let name = entry["name"].as_str().context("no name")?;
            if name.starts_with("mtcute.") {
                continue;
            }
            out.push_str(&format!("{name}#{:08x}", entry["id"].as_u64().context("no id")?));
            for generic in entry["generics"].as_array().into_iter().flatten() {
                out.push_str(&format!(" {{{}:Type}}", generic["name"].as_str().context("no generic")?));
            }
            for argument in entry["arguments"].as_array().into_iter().flatten() {
                let name = argument["name"].as_str().context("no argument name")?;
                out.push_str(&format!(" {name}:{}", json_type(argument)?));
            }
            out.push_str(&format!(" = {};\n", json_type(entry)?));
        }
    }
    Ok(out)
}

fn json_type(value: &Value) -> Result<String> {
    let modifiers = &value["typeModifiers"];
    let mut ty = value["type"].as_str().context("no type")?.replace("int53", "long");
    if modifiers["isVector"] == true {
        ty = format!("Vector<{ty}>");
    }
    if let Some(predicate) = modifiers["predicate"].as_str() {
        ty = format!("{predicate}?{ty}");
    }
    Ok(ty)
}

fn call(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(())
}

fn workspace_root() -> Result<PathBuf> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(manifest.parent().context("xtask has no parent folder")?.to_owned())
}

fn cache_folder(root: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("schema")
}
