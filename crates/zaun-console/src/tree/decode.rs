//! From bytes to nodes, by the dictionary. It believes nothing: every step either consumes bytes or ends.

use bytes::Bytes;
use zaun_mtproto::gzip;
use zaun_tl::schema::{Param, TypeExpr};
use zaun_tl::{BOOL_FALSE_ID, BOOL_TRUE_ID, VECTOR_ID};

use super::{Asked, Node, Source, cut_hex, hex_of, text};
use crate::dictionary::{Dictionary, Entry};
use crate::limits::{MAX_DEPTH, MAX_GZIP, MAX_NODES, MAX_UNPACKED_BYTES};
use crate::redact;

const GZIP_PACKED: u32 = gzip::GZIP_PACKED;
/// `rpc_result`.
const RPC_RESULT: u32 = 0xf35c_6d01;

/// `msg_copy`.
const MSG_COPY: u32 = 0xe060_46b2;

/// A place in a buffer, and how far it may be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor {
    pub(super) buffer: usize,
    pub(super) position: usize,
    pub(super) end: usize,
}

impl Cursor {
    fn left(&self) -> usize {
        self.end.saturating_sub(self.position)
    }
}

/// What stopped a reading; everything up to the end of the object is then unread.
pub(super) struct Stop(String);

/// Decoding of one packet.
pub(super) struct Decoder<'a> {
    dictionary: &'static Dictionary,
    asked: Asked<'a>,
    pub(super) sources: Vec<Source>,
    nodes_left: usize,
    unpacked_left: usize,
    /// How many constructors around this place may hold secrets.
    guarded: usize,
    /// Something could not be read, and took the rest of its buffer with it.
    broken: bool,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(body: Bytes, asked: Asked<'a>) -> Decoder<'a> {
        Decoder {
            dictionary: Dictionary::shared(),
            asked,
            sources: vec![Source::new(body)],
            nodes_left: MAX_NODES,
            unpacked_left: MAX_UNPACKED_BYTES,
            guarded: 0,
            broken: false,
        }
    }

    /// The whole of a buffer.
    pub(super) fn whole(&self, buffer: usize) -> Cursor {
        Cursor { buffer, position: 0, end: self.sources.get(buffer).map_or(0, |source| source.bytes.len()) }
    }

    /// One object of any type; what follows it becomes part of the node, as something that could not be read.
    pub(super) fn root(&mut self, mut cursor: Cursor) -> Node {
        let start = cursor.position;
        self.broken = false;
        let mut node = self.object_or_unread(&mut cursor, None, 0);
        if cursor.left() > 0 {
            let guarded = self.find_at(cursor.buffer, start).is_none_or(|entry| entry.holds_secrets);
            let stop = Stop(format!("{} bytes follow the object", cursor.left()));
            node.children.push(self.unread(&mut cursor, stop, guarded));
        }
        node.at = (cursor.buffer, start, cursor.end);
        node
    }

    /// An object, or a node that says why it is none: nobody knows what is in that.
    fn object_or_unread(
        &mut self,
        cursor: &mut Cursor,
        expected: Option<&'static TypeExpr>,
        depth: usize,
    ) -> Node {
        let start = *cursor;
        self.object(cursor, expected, depth).unwrap_or_else(|stop| {
            *cursor = start;
            self.unread(cursor, stop, true)
        })
    }

    /// An object by its id. `expected` is the type of a vector's elements, where it is known.
    fn object(
        &mut self,
        cursor: &mut Cursor,
        expected: Option<&'static TypeExpr>,
        depth: usize,
    ) -> Result<Node, Stop> {
        let start = *cursor;
        let id = self.word(cursor)?;
        match id {
            VECTOR_ID => return self.vector(start, cursor, expected, depth),
            BOOL_TRUE_ID | BOOL_FALSE_ID => {
                return Ok(self.plain("Bool", start, cursor, (id == BOOL_TRUE_ID).to_string()));
            }
            GZIP_PACKED => return self.packed(start, cursor, expected, depth),
            _ => {}
        }
        let Some(entry) = self.dictionary.find(id) else {
            *cursor = start;
            return Err(Stop(format!("{id:08x} is no constructor of a known layer")));
        };
        self.fields(entry, start, cursor, depth)
    }

    /// The fields of a constructor, whose id was read already.
    fn fields(
        &mut self,
        entry: &'static Entry,
        start: Cursor,
        cursor: &mut Cursor,
        depth: usize,
    ) -> Result<Node, Stop> {
        if depth >= MAX_DEPTH {
            return Err(Stop(format!("nested deeper than {MAX_DEPTH}")));
        }
        self.take_node()?;
        self.guarded += usize::from(entry.holds_secrets);
        let definition = &entry.definition;
        let mut node =
            Node { kind: definition.name.as_str().into(), id: Some(definition.id), ..Node::default() };
        let mut flags: Vec<(&str, u32, Cursor)> = Vec::new();
        let mut answered = None;
        for (param, hidden) in definition.params.iter().zip(&entry.hidden) {
            let from = *cursor;
            if let Some(flag) = &param.flag {
                let field =
                    flags.iter().find(|(name, word, _)| *name == flag.field && word >> flag.bit & 1 == 1);
                let Some((_, _, at)) = field else { continue };
                if matches!(&param.ty, TypeExpr::Named(name) if name == "true") {
                    node.children.push(set_flag(param, *at));
                    continue;
                }
            }
            let read = self.field(entry, param, cursor, answered, depth + 1);
            match read {
                Ok(child) => {
                    node.children.push(self.named(param, child, *hidden));
                    if self.broken {
                        break;
                    }
                }
                Err(stop) => {
                    *cursor = from;
                    let child = self.unread(cursor, stop, *hidden);
                    node.children.push(self.named(param, child, *hidden));
                    break;
                }
            }
            if param.ty == TypeExpr::Flags {
                flags.push((&param.name, self.peek(from).unwrap_or(0), from));
            }
            if definition.id == RPC_RESULT && param.name == "req_msg_id" {
                answered = self.peek_long(from).and_then(self.asked).map(|(_, ty)| ty);
            }
        }
        self.guarded -= usize::from(entry.holds_secrets);
        node.at = (start.buffer, start.position, cursor.position);
        self.blank_service_text(entry, &mut node);
        Ok(node)
    }

    /// The value of a field; `answered` is the type that a result has, where its query is known.
    fn field(
        &mut self,
        entry: &'static Entry,
        param: &'static Param,
        cursor: &mut Cursor,
        answered: Option<&'static TypeExpr>,
        depth: usize,
    ) -> Result<Node, Stop> {
        match (entry.definition.id, answered) {
            (RPC_RESULT, Some(ty)) => self.object(cursor, Some(ty), depth),
            (MSG_COPY, _) => match self.dictionary.bare("message") {
                // The schema says Message, but it comes without its id (M-268).
                Some(bare) if self.peek(*cursor) != Some(bare.definition.id) => {
                    self.fields(bare, *cursor, cursor, depth)
                }
                _ => self.object(cursor, None, depth),
            },
            _ => self.value(&param.ty, cursor, depth),
        }
    }

    fn named(&mut self, param: &'static Param, mut child: Node, hidden: bool) -> Node {
        if hidden {
            self.hide(&mut child);
        }
        child.name = param.name.as_str().into();
        child
    }

    fn value(&mut self, ty: &'static TypeExpr, cursor: &mut Cursor, depth: usize) -> Result<Node, Stop> {
        let start = *cursor;
        let name = match ty {
            TypeExpr::Flags => {
                let word = self.word(cursor)?;
                return self.leaf("#", start, cursor, format!("{word:#b}"));
            }
            TypeExpr::Any(_) => return self.object(cursor, None, depth),
            TypeExpr::Vector(element) => {
                let id = self.word(cursor)?;
                if id == GZIP_PACKED {
                    return self.packed(start, cursor, Some(ty), depth);
                }
                if id != VECTOR_ID {
                    return Err(Stop(format!("{id:08x} where a vector should begin")));
                }
                return self.elements(element, start, cursor, depth);
            }
            TypeExpr::BareVector(element) => return self.elements(element, start, cursor, depth),
            TypeExpr::Named(name) | TypeExpr::Bare(name) => name.as_str(),
        };
        if let Some(leaf) = self.built_in(name, start, cursor) {
            return leaf;
        }
        let is_bare = matches!(ty, TypeExpr::Bare(_))
            || name.starts_with(|c: char| c.is_ascii_lowercase() && !name.contains('.'));
        match self.dictionary.bare(name).filter(|_| is_bare) {
            Some(entry) => self.fields(entry, start, cursor, depth),
            None => self.object(cursor, None, depth),
        }
    }

    fn built_in(
        &mut self,
        name: &'static str,
        start: Cursor,
        cursor: &mut Cursor,
    ) -> Option<Result<Node, Stop>> {
        let value = match name {
            "int" => self.array(cursor).map(|word| i32::from_le_bytes(word).to_string()),
            "long" => self.array(cursor).map(|word| i64::from_le_bytes(word).to_string()),
            "double" => self.array(cursor).map(|word| f64::from_le_bytes(word).to_string()),
            "int128" => self.array::<16>(cursor).map(|raw| hex_of(&raw)),
            "int256" => self.array::<32>(cursor).map(|raw| hex_of(&raw)),
            "string" => self.string(cursor).map(|raw| text(&raw)),
            "bytes" => self.string(cursor).map(|raw| cut_hex(&raw)),
            _ => return None,
        };
        Some(value.and_then(|value| self.leaf(name, start, cursor, value)))
    }

    /// A boxed vector, whose id was read already.
    fn vector(
        &mut self,
        start: Cursor,
        cursor: &mut Cursor,
        expected: Option<&'static TypeExpr>,
        depth: usize,
    ) -> Result<Node, Stop> {
        if let Some(TypeExpr::Vector(element)) = expected {
            return self.elements(element, start, cursor, depth);
        }
        let count = usize::try_from(self.peek(*cursor).unwrap_or(0)).unwrap_or(usize::MAX);
        let bytes = cursor.left().saturating_sub(4);
        let first = Cursor { position: cursor.position.saturating_add(4), ..*cursor };
        let known = self.peek(first).is_some_and(|id| self.dictionary.find(id).is_some() || is_bool(id));
        let guess = if known {
            None
        } else if count.checked_mul(8) == Some(bytes) {
            Some("long")
        } else if count.checked_mul(4) == Some(bytes) {
            Some("int")
        } else {
            Some("string")
        };
        self.read_elements(start, cursor, depth, |decoder, cursor| {
            let start = *cursor;
            match guess.and_then(|name| decoder.built_in(name, start, cursor)) {
                Some(leaf) => leaf,
                None => decoder.object(cursor, None, depth + 1),
            }
        })
    }

    fn elements(
        &mut self,
        element: &'static TypeExpr,
        start: Cursor,
        cursor: &mut Cursor,
        depth: usize,
    ) -> Result<Node, Stop> {
        self.read_elements(start, cursor, depth, |decoder, cursor| decoder.value(element, cursor, depth + 1))
    }

    fn read_elements(
        &mut self,
        start: Cursor,
        cursor: &mut Cursor,
        depth: usize,
        mut element: impl FnMut(&mut Self, &mut Cursor) -> Result<Node, Stop>,
    ) -> Result<Node, Stop> {
        if depth >= MAX_DEPTH {
            return Err(Stop(format!("nested deeper than {MAX_DEPTH}")));
        }
        self.take_node()?;
        let count = usize::try_from(self.word(cursor)?).unwrap_or(usize::MAX);
        if count > cursor.left() / 4 {
            return Err(Stop(format!("{count} elements cannot be in {} bytes", cursor.left())));
        }
        let mut node = Node { kind: "vector".into(), ..Node::default() };
        for _ in 0..count {
            let from = *cursor;
            match element(self, cursor) {
                Ok(child) => {
                    node.children.push(child);
                    if self.broken {
                        break;
                    }
                }
                Err(stop) => {
                    *cursor = from;
                    node.children.push(self.unread(cursor, stop, false));
                    break;
                }
            }
        }
        node.at = (start.buffer, start.position, cursor.position);
        Ok(node)
    }

    /// gzip_packed, whose id was read already: what it holds becomes its child, with a buffer of its own.
    fn packed(
        &mut self,
        start: Cursor,
        cursor: &mut Cursor,
        expected: Option<&'static TypeExpr>,
        depth: usize,
    ) -> Result<Node, Stop> {
        if depth >= MAX_DEPTH || self.sources.len() > MAX_GZIP {
            return Err(Stop("too many packed objects inside each other".to_owned()));
        }
        self.string(cursor)?;
        let bytes =
            self.sources.get(start.buffer).map(|source| source.bytes.slice(start.position..cursor.position));
        let unpacked = gzip::unpack_within(&bytes.unwrap_or_default(), self.unpacked_left);
        let unpacked = unpacked.map_err(|error| Stop(error.to_string()))?;
        self.unpacked_left = self.unpacked_left.saturating_sub(unpacked.len());
        self.sources.push(Source::new(unpacked));
        let mut inner = self.whole(self.sources.len().saturating_sub(1));
        let inside = inner;
        let mut child = self.object_or_unread(&mut inner, expected, depth + 1);
        child.name = "unpacked".into();
        // What is wrong inside does not move what follows outside.
        self.broken = false;
        let at = (start.buffer, start.position, cursor.position);
        // Whoever has the packed bytes can unpack them.
        let hides = self.sources.get(inside.buffer).is_some_and(|source| !source.hidden.is_empty());
        if hides && let Some(source) = self.sources.get_mut(start.buffer) {
            source.hidden.push((start.position.saturating_add(4), cursor.position));
        }
        Ok(Node { kind: "gzip_packed".into(), children: vec![child], at, ..Node::default() })
    }

    /// A node for everything that is left, and why it was not read. It is hidden wherever it may hold a secret.
    fn unread(&mut self, cursor: &mut Cursor, stop: Stop, guarded: bool) -> Node {
        let start = cursor.position;
        self.broken = true;
        cursor.position = cursor.end;
        let at = (cursor.buffer, start, cursor.end);
        let bytes = self.sources.get(cursor.buffer).and_then(|source| source.bytes.get(start..cursor.end));
        let value = bytes.map(cut_hex);
        let mut node = Node { kind: "?".into(), value, at, error: Some(stop.0), ..Node::default() };
        if guarded || self.guarded > 0 {
            self.hide(&mut node);
        }
        node
    }

    /// Login codes come as messages of the service account, and are forwarded and quoted like others.
    fn blank_service_text(&mut self, entry: &Entry, node: &mut Node) {
        if !redact::has_text_of_others(&entry.definition.name) {
            return;
        }
        let service = redact::SERVICE_USER.to_string();
        let is_service = |n: &Node| n.kind == "long" && n.value.as_deref() == Some(&service);
        if node.children.iter().any(|child| redact::is_writer(&child.name) && child.any(&is_service)) {
            for child in node.children.iter_mut().filter(|child| redact::is_text(&child.name)) {
                self.hide(child);
            }
        }
    }

    /// Takes the value away, in the tree and in the bytes.
    fn hide(&mut self, node: &mut Node) {
        let (buffer, start, end) = node.at;
        if let Some(source) = self.sources.get_mut(buffer) {
            source.hidden.push((start, end));
        }
        node.value = None;
        // What was unpacked inside it lies in other buffers.
        for mut child in std::mem::take(&mut node.children) {
            if child.at.0 != buffer || !child.children.is_empty() {
                self.hide(&mut child);
            }
        }
        node.hidden = true;
    }

    fn plain(&mut self, kind: &'static str, start: Cursor, cursor: &Cursor, value: String) -> Node {
        let at = (start.buffer, start.position, cursor.position);
        Node { kind: kind.into(), value: Some(value), at, ..Node::default() }
    }

    fn leaf(
        &mut self,
        kind: &'static str,
        start: Cursor,
        cursor: &Cursor,
        value: String,
    ) -> Result<Node, Stop> {
        self.take_node()?;
        Ok(self.plain(kind, start, cursor, value))
    }

    fn take_node(&mut self) -> Result<(), Stop> {
        let left = self.nodes_left.checked_sub(1);
        self.nodes_left =
            left.ok_or_else(|| Stop(format!("more than {MAX_NODES} values; the rest is left out")))?;
        Ok(())
    }

    fn find_at(&self, buffer: usize, position: usize) -> Option<&'static Entry> {
        self.dictionary.find(self.peek(Cursor { position, ..self.whole(buffer) })?)
    }

    fn peek(&self, mut cursor: Cursor) -> Option<u32> {
        self.word(&mut cursor).ok()
    }

    fn peek_long(&self, mut cursor: Cursor) -> Option<i64> {
        self.array(&mut cursor).ok().map(i64::from_le_bytes)
    }

    fn word(&self, cursor: &mut Cursor) -> Result<u32, Stop> {
        self.array(cursor).map(u32::from_le_bytes)
    }

    fn array<const N: usize>(&self, cursor: &mut Cursor) -> Result<[u8; N], Stop> {
        let left = || Stop(format!("{N} bytes are needed, {} are left", cursor.left()));
        let end = cursor.position.checked_add(N).filter(|end| *end <= cursor.end).ok_or_else(left)?;
        let bytes = self.sources.get(cursor.buffer).and_then(|source| source.bytes.get(cursor.position..end));
        let array = bytes.and_then(|bytes| bytes.first_chunk().copied()).ok_or_else(left)?;
        cursor.position = end;
        Ok(array)
    }

    /// A string or bytes (M-002, M-003).
    fn string(&self, cursor: &mut Cursor) -> Result<Bytes, Stop> {
        let mut at = *cursor;
        let [first, a, b, c] = self.array(&mut at)?;
        let (prefix, length) = match first {
            254 => (4, u32::from_le_bytes([a, b, c, 0])),
            255 => return Err(Stop("a string cannot begin with 255".to_owned())),
            short => (1, u32::from(short)),
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let whole = length.saturating_add(prefix).checked_next_multiple_of(4).unwrap_or(usize::MAX);
        let start = cursor.position.saturating_add(prefix);
        let end = cursor.position.saturating_add(whole);
        if end > cursor.end {
            return Err(Stop(format!("a string of {length} bytes, but {} are left", cursor.left())));
        }
        cursor.position = end;
        let source = self.sources.get(cursor.buffer).map(|source| source.bytes.clone()).unwrap_or_default();
        Ok(source.slice(start..start.saturating_add(length)))
    }
}

/// A flag of type `true`: there is nothing of it but its bit.
fn set_flag(param: &'static Param, flags: Cursor) -> Node {
    let at = (flags.buffer, flags.position, flags.position.saturating_add(4));
    let name = param.name.as_str().into();
    Node { name, kind: "true".into(), value: Some("true".to_owned()), at, ..Node::default() }
}

fn is_bool(id: u32) -> bool {
    id == BOOL_TRUE_ID || id == BOOL_FALSE_ID
}
