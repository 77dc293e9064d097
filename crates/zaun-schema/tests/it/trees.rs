//! Objects as trees that only a schema gave their shape, to tell what got lost on the way to an older layer.

use std::collections::{BTreeMap, HashMap};

use zaun_schema::LAYER;
use zaun_tl::schema::{Definition, Param, TypeExpr};

use crate::oracle::{Layer, skip_primitive, take};

/// An object: what it is, and the objects in each of its fields.
#[derive(Debug)]
pub struct Node<'a> {
    pub definition: &'a Definition,
    fields: Vec<(&'a Param, Vec<Node<'a>>)>,
}

/// Types of which some value is written where the right one has no form.
const SUBSTITUTED: [&str; 5] = ["MessageAction", "MessageMedia", "PageBlock", "PeerColor", "RichText"];

/// What a rule leaves out or writes as something else, by what is in it: a button of a kind was a constructor of its own,
/// and a reaction was an emoji's text.
const CONVERTED: [&str; 3] = ["keyboardButton", "messagePeerReaction", "reactionCount"];

/// How often each constructor occurs, and each of its fields.
pub type Counts<'a> = BTreeMap<(&'a str, &'a str), usize>;

impl<'a> Node<'a> {
    /// Reads all objects that the bytes hold at their top: one, or the elements of a vector.
    pub fn read_all(layer: &Layer<'a>, bytes: &[u8]) -> Result<Vec<Node<'a>>, String> {
        let mut rest = bytes;
        let nodes = match bytes.first_chunk().map(|id| u32::from_le_bytes(*id)) {
            Some(zaun_tl::VECTOR_ID) => {
                take(&mut rest)?;
                let count = take(&mut rest)?;
                (0..count).map(|_| Node::read(layer, &mut rest)).collect::<Result<_, _>>()?
            }
            _ => vec![Node::read(layer, &mut rest)?],
        };
        if rest.is_empty() { Ok(nodes) } else { Err(format!("{} bytes are left", rest.len())) }
    }

    fn read(layer: &Layer<'a>, rest: &mut &[u8]) -> Result<Node<'a>, String> {
        let id = take(rest)?;
        let definition =
            *layer.by_id.get(&id).ok_or_else(|| format!("id {id:08x} is not in layer {}", layer.number))?;
        Node::read_body(layer, definition, rest)
    }

    fn read_body(
        layer: &Layer<'a>,
        definition: &'a Definition,
        rest: &mut &[u8],
    ) -> Result<Node<'a>, String> {
        let mut words: HashMap<&str, u32> = HashMap::new();
        let mut fields = Vec::new();
        for param in &definition.params {
            let at = |error| format!("{}.{}: {error}", definition.name, param.name);
            if param.ty == TypeExpr::Flags {
                words.insert(&param.name, take(rest).map_err(at)?);
                continue;
            }
            let flag = param.flag.as_ref();
            if flag.is_none_or(|flag| words[flag.field.as_str()] & (1 << flag.bit) != 0) {
                let mut nodes = Vec::new();
                read_value(layer, &param.ty, rest, &mut nodes).map_err(at)?;
                fields.push((param, nodes));
            }
        }
        Ok(Node { definition, fields })
    }

    /// Counts every constructor.
    pub fn count(&self, counts: &mut Counts<'a>) {
        *counts.entry((&self.definition.name, "")).or_default() += 1;
        for (param, nodes) in &self.fields {
            *counts.entry((&self.definition.name, &param.name)).or_default() += 1;
            nodes.iter().for_each(|node| node.count(counts));
        }
    }

    /// Counts what a viewer in a layer has to see: constructors that it has, in fields that it has of the same type.
    pub fn count_due(&self, layer: &Layer<'a>, counts: &mut Counts<'a>) {
        if layer.number < LAYER && CONVERTED.contains(&self.definition.name.as_str()) {
            return;
        }
        let Some(there) = self.there(layer) else { return };
        *counts.entry((&there.name, "")).or_default() += 1;
        for (param, nodes) in self.kept(there) {
            if nodes.iter().all(|node| node.there(layer).is_some()) {
                *counts.entry((&there.name, &param.name)).or_default() += 1;
            }
            nodes.iter().for_each(|node| node.count_due(layer, counts));
        }
    }

    /// The definition in a layer, if that can hold the object: also what must be in it has to be there, unless something
    /// else is written in its place.
    fn there(&self, layer: &Layer<'a>) -> Option<&'a Definition> {
        let there = layer.constructor(&self.definition.name)?;
        let holds = |(param, nodes): (&Param, &[Node<'a>])| {
            param.flag.is_some()
                || nodes.is_empty()
                || matches!(&param.ty, TypeExpr::Vector(_))
                || SUBSTITUTED.contains(&param.ty.to_string().as_str())
                || nodes.iter().all(|node| node.there(layer).is_some())
        };
        self.kept(there).all(holds).then_some(there)
    }

    /// Fields that an older definition has with the same type.
    fn kept<'s>(&'s self, there: &'a Definition) -> impl Iterator<Item = (&'a Param, &'s [Node<'a>])> {
        self.fields.iter().filter_map(|(param, nodes)| {
            let other = there.params.iter().find(|other| other.name == param.name && other.ty == param.ty)?;
            Some((other, nodes.as_slice()))
        })
    }
}

/// Reads the objects of a value that must be of a type.
pub fn read_value<'a>(
    layer: &Layer<'a>,
    ty: &TypeExpr,
    rest: &mut &[u8],
    nodes: &mut Vec<Node<'a>>,
) -> Result<(), String> {
    match ty {
        TypeExpr::Vector(element) => {
            let id = take(rest)?;
            if id != zaun_tl::VECTOR_ID {
                return Err(format!("{id:08x} is no vector"));
            }
            let count = take(rest)?;
            (0..count).try_for_each(|_| read_value(layer, element, rest, nodes))
        }
        TypeExpr::Any(_) => {
            *rest = &[];
            Ok(())
        }
        TypeExpr::Named(name) => match skip_primitive(name, rest)? {
            true => Ok(()),
            false => {
                let node = Node::read(layer, rest)?;
                if node.definition.result != *ty {
                    return Err(format!("{} is no {name} in {}", node.definition.name, layer.number));
                }
                nodes.push(node);
                Ok(())
            }
        },
        other => Err(format!("{other} is no value of the API")),
    }
}

/// Why a viewer who gets `old` instead of `newest` sees less than its layer has.
pub fn lost<'a>(newest: &[Node<'a>], old: &[Node<'a>], layer: &Layer<'a>) -> Result<(), String> {
    let (mut due, mut seen) = (Counts::new(), Counts::new());
    newest.iter().for_each(|node| node.count_due(layer, &mut due));
    old.iter().for_each(|node| node.count(&mut seen));
    let missing = due.iter().filter(|(name, count)| seen.get(*name).is_none_or(|seen| seen < count));
    let missing: Vec<String> = missing.map(|((name, field), _)| format!("{name}.{field}")).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("layer {} lost {missing:?}", layer.number)) }
}
