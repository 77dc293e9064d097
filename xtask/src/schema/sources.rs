//! Where the schemas of layers come from: packages of the public registries.
//!
//! Packages are kept in the target folder, so that a second run needs no network.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use zaun_tl::schema::Category;

/// A package that carries the schema of a layer.
pub(super) type Source = (Registry, &'static str, &'static str, i32);

/// Registry, package, version and layer. What is not listed here came by `cargo xtask schema import`, and is kept in
/// `history.tl` only.
pub(super) const SOURCES: &[Source] = &[
    (Registry::Pip, "pyrogram", "1.3.0", 136),
    (Registry::Pip, "pyrogram", "1.3.7", 137),
    (Registry::Pip, "pyrogram", "1.4.0", 138),
    (Registry::Pip, "pyrogram", "1.4.9", 139),
    (Registry::Pip, "pyrogram", "1.4.13", 140),
    (Registry::Pip, "pyrogram", "2.0.20", 142),
    (Registry::Pip, "pyrogram", "2.0.28", 143),
    (Registry::Pip, "pyrogram", "2.0.36", 144),
    (Registry::Pip, "pyrogram", "2.0.47", 145),
    (Registry::Pip, "pyrogram", "2.0.52", 146),
    (Registry::Pip, "pyrogram", "2.0.60", 148),
    (Registry::Pip, "pyrogram", "2.0.63", 149),
    (Registry::Pip, "pyrogram", "2.0.64", 150),
    (Registry::Pip, "pyrogram", "2.0.89", 151),
    (Registry::Pip, "pyrogram", "2.0.98", 152),
    (Registry::Pip, "pyrogram", "2.0.103", 155),
    (Registry::Pip, "pyrogram", "2.0.106", 158),
    (Registry::Pip, "pyrofork", "2.3.0", 161),
    (Registry::Pip, "pyrofork", "2.3.3", 162),
    (Registry::Pip, "pyrofork", "2.3.4", 163),
    (Registry::Pip, "pyrofork", "2.3.5", 164),
    (Registry::Pip, "pyrofork", "2.3.7", 165),
    (Registry::Pip, "pyrofork", "2.3.10", 166),
    (Registry::Pip, "pyrofork", "2.3.13", 167),
    (Registry::Pip, "pyrofork", "2.3.15", 169),
    (Registry::Pip, "pyrofork", "2.3.16.post1", 170),
    (Registry::Pip, "pyrofork", "2.3.17", 172),
    (Registry::Pip, "pyrofork", "2.3.18", 173),
    (Registry::Pip, "pyrofork", "2.3.19", 174),
    (Registry::Pip, "pyrofork", "2.3.20", 176),
    (Registry::Pip, "pyrofork", "2.3.21", 177),
    (Registry::Cargo, "grammers-tl-types", "0.6.0", 179),
    (Registry::Pip, "pyrofork", "2.3.22", 181),
    (Registry::Pip, "pyrofork", "2.3.26", 182),
    (Registry::Pip, "pyrofork", "2.3.27", 183),
    (Registry::Pip, "pyrofork", "2.3.32", 184),
    (Registry::Pip, "pyrofork", "2.3.38", 185),
    (Registry::Pip, "pyrofork", "2.3.41", 186),
    (Registry::Pip, "pyrofork", "2.3.45", 187),
    (Registry::Pip, "pyrofork", "2.3.47", 188),
    (Registry::Pip, "pyrofork", "2.3.48", 189),
    (Registry::Pip, "pyrofork", "2.3.49", 194),
    (Registry::Pip, "pyrofork", "2.3.53", 195),
    (Registry::Pip, "pyrofork", "2.3.54", 196),
    (Registry::Pip, "pyrofork", "2.3.57", 198),
    (Registry::Pip, "pyrofork", "2.3.59", 199),
    (Registry::Pip, "pyrofork", "2.3.60", 201),
    (Registry::Pip, "pyrofork", "2.3.62", 203),
    (Registry::Pip, "pyrofork", "2.3.65", 204),
    (Registry::Pip, "pyrofork", "2.3.68", 207),
    (Registry::Pip, "kurigram", "2.2.10", 214),
    (Registry::Cargo, "grammers-tl-types", "0.8.0", 216),
    (Registry::Pip, "pyrofork", "2.3.69", 220),
    (Registry::Pip, "kurigram", "2.2.18", 221),
    (Registry::Cargo, "grammers-tl-types", "0.9.0", 222),
    (Registry::Npm, "@mtcute/tl", "223.0.0", 223),
    (Registry::Cargo, "ferogram-tl-types", "0.5.0", 225),
    (Registry::Cargo, "ferogram-tl-types", "0.6.2", 227),
    (Registry::Cargo, "ferogram-tl-types", "0.6.4", 228),
    (Registry::Cargo, "ferogram-tl-types", "0.6.6", 229),
    (Registry::Pip, "kurigram", "2.2.26", 229),
    (Registry::Cargo, "grammers-tl-types", "0.11.0", 230),
    (Registry::Pip, "dzgram", "2.3.37", 232),
];

/// A package registry and the client that fetches from it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Registry {
    /// The schema lies in `tl/api.tl` of a crate.
    Cargo,
    /// The schema lies in `compiler/api/source/main_api.tl` of a source archive.
    Pip,
    /// The schema is `api-schema.json`, and mixed with definitions that the package itself needs.
    Npm,
}

/// The text of a layer's schema.
pub(super) fn text(source: &Source, root: &Path) -> Result<String> {
    let (registry, package, version, layer) = *source;
    let text = fetch(registry, package, version, &cache_folder(root))
        .with_context(|| format!("{package} {version} (layer {layer})"))?;
    ensure!(layer_of(&text) == Some(layer), "{package} {version} is not layer {layer}");
    Ok(text)
}

/// The layer that a schema's text says it is.
pub(super) fn layer_of(text: &str) -> Option<i32> {
    text.lines().find_map(|line| line.trim().strip_prefix("// LAYER ")?.trim().parse().ok())
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
        call(Command::new(&pip).args(["install", "--quiet", "setuptools", "wheel", "hatchling"]))?;
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
    // Packages spell their own name with capitals or without.
    let archive = entry(folder, |name| name.ends_with(".tar.gz"))?;
    call(Command::new("tar").arg("xzf").arg(archive).current_dir(folder))?;
    let unpacked = entry(folder, |name| !name.contains(".tar") && !name.ends_with(".tl"))?;
    Ok(fs::read_to_string(unpacked.join("compiler/api/source/main_api.tl"))?)
}

/// The one entry of a folder whose name fits.
fn entry(folder: &Path, fits: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let names = fs::read_dir(folder)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let name = names.into_iter().find(|name| fits(name)).context("the archive is not there")?;
    Ok(folder.join(name))
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

fn cache_folder(root: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("schema")
}
