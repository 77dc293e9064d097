//! The history of a schema: which definition was in force in which layers.
//!
//! The text form is one table. A line `198..204 name#id … = T;` is a definition that is not in the newest schema,
//! with the first and the last sampled layer that had it; `205.. name#id` says since when a current definition is
//! in force, where that is later than the oldest layer.

use std::collections::BTreeMap;

use super::{Category, Definition, SchemaError, parse_definition};

/// A definition that was in force once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    /// The definition.
    pub definition: Definition,
    /// First sampled layer that had it.
    pub first: i32,
    /// Last sampled layer that had it.
    pub last: i32,
}

/// What older layers say differently from the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The layers that were read, ascending; the last is the newest.
    pub layers: Vec<i32>,
    /// Definitions that are not current, by category, name and first layer.
    pub old: Vec<Old>,
    /// First layer of the current ids that the oldest layer did not have.
    pub since: BTreeMap<u32, i32>,
}

const HEADER: &str = "\
// The older layers of api.tl, written by `cargo xtask schema`.
// `198..204 definition` was in force in those layers; `205.. name#id` is current and came with that layer.
";

impl History {
    /// Compares all layers with the newest one.
    pub fn build(layers: &BTreeMap<i32, Vec<Definition>>) -> Self {
        let Some((_, newest)) = layers.last_key_value() else { return Self::default() };
        let oldest = layers.keys().next().copied().unwrap_or_default();
        let current: Vec<u32> = newest.iter().map(|definition| definition.id).collect();
        let mut spans: BTreeMap<u32, Old> = BTreeMap::new();
        for (layer, definitions) in layers {
            for definition in definitions {
                let fresh = || Old { definition: definition.clone(), first: *layer, last: *layer };
                let span = spans.entry(definition.id).or_insert_with(fresh);
                span.definition = definition.clone();
                span.last = *layer;
            }
        }
        let mut since = BTreeMap::new();
        let mut old: Vec<Old> = Vec::new();
        for span in spans.values() {
            let id = span.definition.id;
            if !current.contains(&id) {
                old.push(span.clone());
                continue;
            }
            // An id that another one took the place of for a while is in force again since that one's end.
            let others = spans.values().filter(|other| {
                let (one, two) = (&other.definition, &span.definition);
                one.id != id && (one.category, &one.name) == (two.category, &two.name)
            });
            let between: Vec<&Old> = others.filter(|other| other.first > span.first).collect();
            let end = between.iter().map(|other| other.last).max();
            let again = end.and_then(|end| layers.keys().find(|layer| **layer > end).copied());
            if let Some(again) = again {
                let start = between.iter().map(|other| other.first).min().unwrap_or(again);
                let last = layers.keys().rfind(|layer| **layer < start).copied();
                old.push(Old {
                    definition: span.definition.clone(),
                    first: span.first,
                    last: last.unwrap_or(start),
                });
            }
            let first = again.unwrap_or(span.first);
            if first > oldest {
                since.insert(id, first);
            }
        }
        old.sort_by_key(|old| {
            (old.definition.category, old.definition.name.clone(), old.first, old.definition.id)
        });
        Self { layers: layers.keys().copied().collect(), old, since }
    }

    /// What was in force in one layer; `newest` are the current definitions.
    pub fn layer(&self, layer: i32, newest: &[Definition]) -> Vec<Definition> {
        let since =
            |definition: &&Definition| self.since.get(&definition.id).is_none_or(|first| *first <= layer);
        let old = self.old.iter().filter(|old| old.first <= layer && layer <= old.last);
        newest.iter().filter(since).cloned().chain(old.map(|old| old.definition.clone())).collect()
    }

    /// The table as text; `newest` gives the names of current ids.
    pub fn to_text(&self, newest: &[Definition]) -> String {
        let layers: Vec<String> = self.layers.iter().map(i32::to_string).collect();
        let mut out = format!("{HEADER}layers {}\n", layers.join(" "));
        for category in [Category::Constructor, Category::Function] {
            out.push_str(if category == Category::Constructor {
                "---types---\n"
            } else {
                "---functions---\n"
            });
            for old in self.old.iter().filter(|old| old.definition.category == category) {
                out.push_str(&format!("{}..{} {}\n", old.first, old.last, old.definition));
            }
            for definition in newest.iter().filter(|definition| definition.category == category) {
                if let Some(first) = self.since.get(&definition.id) {
                    out.push_str(&format!("{first}.. {}#{:08x}\n", definition.name, definition.id));
                }
            }
        }
        out
    }

    /// Reads the table.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let mut history = Self::default();
        let mut category = Category::Constructor;
        for (index, line) in text.lines().enumerate() {
            let fail = |reason| SchemaError { line: index.saturating_add(1), reason, text: line.to_owned() };
            match line {
                "---types---" => category = Category::Constructor,
                "---functions---" => category = Category::Function,
                _ if line.is_empty() || line.starts_with("//") => {}
                _ => match line.strip_prefix("layers ") {
                    Some(layers) => {
                        let layers: Result<_, _> = layers.split(' ').map(str::parse).collect();
                        history.layers = layers.map_err(|_| fail("bad layer"))?;
                    }
                    None => history.row(line, category).map_err(|error| fail(error.reason))?,
                },
            }
        }
        Ok(history)
    }

    fn row(&mut self, line: &str, category: Category) -> Result<(), SchemaError> {
        let fail = |reason| SchemaError { line: 0, reason, text: line.to_owned() };
        let number = |text: &str| text.parse().map_err(|_| fail("bad layer"));
        let (span, rest) = line.split_once(' ').ok_or_else(|| fail("no definition"))?;
        let (first, last) = span.split_once("..").ok_or_else(|| fail("no span of layers"))?;
        if last.is_empty() {
            let id = rest.split_once('#').and_then(|(_, id)| u32::from_str_radix(id, 16).ok());
            self.since.insert(id.ok_or_else(|| fail("bad id"))?, number(first)?);
            return Ok(());
        }
        let definition = parse_definition(rest.trim_end_matches(';'), category)?;
        let definition = definition.ok_or_else(|| fail("built-in definition"))?;
        self.old.push(Old { definition, first: number(first)?, last: number(last)? });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::parse;

    #[test]
    fn an_id_that_comes_back_is_in_force_before_and_after() {
        let layer = |text| parse(text).unwrap();
        let layers =
            BTreeMap::from([(1, layer("a#1 = A;")), (2, layer("a#2 x:int = A;")), (3, layer("a#1 = A;"))]);
        let history = History::build(&layers);
        assert_eq!(history.since, BTreeMap::from([(1, 3)]));
        for (layer, definitions) in &layers {
            assert_eq!(&history.layer(*layer, &layers[&3]), definitions, "layer {layer}");
        }
    }

    #[test]
    fn table_survives_its_text() {
        let layer = |text| parse(text).unwrap();
        let layers = BTreeMap::from([
            (198, layer("a#1 = A; b#2 x:int = B; gone#9 = G;")),
            (201, layer("a#1 = A; b#3 x:long = B;")),
            (205, layer("a#1 = A; b#4 y:long = B; c#5 = C;")),
        ]);
        let history = History::build(&layers);
        assert_eq!(history.since, BTreeMap::from([(4, 205), (5, 205)]));
        let spans: Vec<_> = history.old.iter().map(|old| (old.definition.id, old.first, old.last)).collect();
        assert_eq!(spans, [(2, 198, 198), (3, 201, 201), (9, 198, 198)]);
        assert_eq!(History::parse(&history.to_text(&layers[&205])).unwrap(), history);
        for (layer, definitions) in &layers {
            let mut known = history.layer(*layer, &layers[&205]);
            known.sort_by_key(|definition| definition.id);
            assert_eq!(&known, definitions, "layer {layer}");
        }
    }
}
