//! The schemas as data: writes random objects of any layer, and checks that bytes are objects of a layer.
//!
//! It shares nothing with the generated code but the parser of `.tl` files.

use std::collections::HashMap;

use zaun_tl::schema::{self, Category, Definition, History, Param, TypeExpr};

/// A small xorshift generator: tests print their seeds and repeat exactly.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit
    }
}

/// All definitions that were ever in force.
pub struct Schemas {
    pub layers: Vec<i32>,
    all: Vec<(Definition, i32, i32)>,
}

/// A number of 64 bits in an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<'a> {
    pub constructor: &'a str,
    pub field: &'a str,
    pub value: i64,
}

/// What was in force in one layer.
pub struct Layer<'a> {
    pub number: i32,
    pub definitions: Vec<&'a Definition>,
    by_type: HashMap<String, Vec<&'a Definition>>,
    pub by_id: HashMap<u32, &'a Definition>,
    heights: HashMap<String, usize>,
}

impl Schemas {
    pub fn api() -> Self {
        let newest = schema::parse(include_str!("../../tl/api.tl")).expect("api.tl");
        let history = History::parse(include_str!("../../tl/history.tl")).expect("history.tl");
        let oldest = history.layers[0];
        let mut all: Vec<_> =
            history.old.into_iter().map(|old| (old.definition, old.first, old.last)).collect();
        for definition in newest {
            let since = history.since.get(&definition.id).copied().unwrap_or(oldest);
            all.push((definition, since, i32::MAX));
        }
        Self { layers: history.layers, all }
    }

    /// Handshake and service messages, without those that hold objects of any type.
    pub fn mtproto() -> Self {
        let opaque = ["rpc_result", "message", "msg_container", "msg_copy"];
        let all = schema::parse(zaun_wire::TEXT).expect("mtproto.tl");
        let all = all.into_iter().filter(|definition| !opaque.contains(&definition.name.as_str()));
        Self { layers: vec![0], all: all.map(|definition| (definition, 0, i32::MAX)).collect() }
    }

    /// For each name the version with the highest first layer that is not above `number`.
    pub fn layer(&self, number: i32) -> Layer<'_> {
        let mut newest: HashMap<(Category, &str), &(Definition, i32, i32)> = HashMap::new();
        for entry in self.all.iter().filter(|(_, first, last)| *first <= number && number <= *last) {
            let best = newest.entry((entry.0.category, entry.0.name.as_str())).or_insert(entry);
            if entry.1 > best.1 {
                *best = entry;
            }
        }
        let mut definitions: Vec<&Definition> =
            newest.into_values().map(|(definition, ..)| definition).collect();
        definitions.sort_by_key(|definition| (definition.category, &definition.name));
        Layer::new(number, definitions)
    }
}

impl<'a> Layer<'a> {
    fn new(number: i32, definitions: Vec<&'a Definition>) -> Self {
        let mut by_type: HashMap<String, Vec<&Definition>> = HashMap::new();
        for definition in definitions.iter().filter(|definition| definition.category == Category::Constructor)
        {
            by_type.entry(definition.result.to_string()).or_default().push(definition);
        }
        let by_id = definitions.iter().map(|definition| (definition.id, *definition)).collect();
        let mut layer = Self { number, definitions, by_type, by_id, heights: HashMap::new() };
        layer.measure();
        layer
    }

    /// The constructor of a name.
    pub fn constructor(&self, name: &str) -> Option<&'a Definition> {
        let found = self.definitions.binary_search_by_key(&(Category::Constructor, name), |definition| {
            (definition.category, &definition.name)
        });
        found.ok().map(|index| self.definitions[index])
    }

    /// How deep the shallowest value of each type is.
    fn measure(&mut self) {
        for round in 0..16 {
            let finished: Vec<String> = self
                .by_type
                .iter()
                .filter(|(ty, _)| !self.heights.contains_key(*ty))
                .filter(|(_, constructors)| {
                    constructors.iter().any(|constructor| self.height(constructor) < usize::MAX)
                })
                .map(|(ty, _)| ty.clone())
                .collect();
            self.heights.extend(finished.into_iter().map(|ty| (ty, round)));
        }
    }

    /// Height of a constructor whose optional fields are absent and whose vectors are empty.
    fn height(&self, definition: &Definition) -> usize {
        let required = definition.params.iter().filter(|param| param.flag.is_none());
        let height = |ty: &TypeExpr| match ty {
            TypeExpr::Named(name) if self.by_type.contains_key(name) => {
                self.heights.get(name).map_or(usize::MAX, |height| height + 1)
            }
            _ => 0,
        };
        required.map(|param| height(&param.ty)).max().unwrap_or(0)
    }

    /// Random bytes of a definition with its id; `used` collects the ids that occur.
    pub fn generate(
        &self,
        definition: &Definition,
        rng: &mut Rng,
        depth: usize,
        used: &mut Vec<u32>,
    ) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(definition, rng, depth, used, &mut out);
        out
    }

    /// The smallest object of a definition but for one vector, which holds `count` of the smallest `element`.
    pub fn generate_wide(
        &self,
        definition: &Definition,
        wide: &Param,
        element: &Definition,
        count: u32,
    ) -> Vec<u8> {
        let (mut rng, mut used) = (Rng(1), Vec::new());
        let mut out = definition.id.to_le_bytes().to_vec();
        for param in &definition.params {
            if param.ty == TypeExpr::Flags {
                let flag = wide.flag.as_ref().filter(|flag| flag.field == param.name);
                out.extend(flag.map_or(0, |flag| 1_u32 << flag.bit).to_le_bytes());
            } else if param.name == wide.name {
                out.extend(zaun_tl::VECTOR_ID.to_le_bytes());
                out.extend(count.to_le_bytes());
                (0..count).for_each(|_| self.put(element, &mut Rng(0), 0, &mut used, &mut out));
            } else if param.flag.is_none() || param.flag == wide.flag {
                self.put_value(&param.ty, &mut rng, 0, &mut used, &mut out);
            }
        }
        out
    }

    /// Types that can hold themselves.
    pub fn recursive_types(&self) -> Vec<String> {
        let mut types: Vec<String> =
            self.by_type.keys().filter(|ty| self.cycle(ty).is_some()).cloned().collect();
        types.sort();
        types
    }

    /// The shortest way from a type back to itself: constructors, and the field of each that goes on.
    fn cycle(&self, ty: &str) -> Option<Vec<(&'a Definition, &'a Param)>> {
        let mut ways: Vec<(String, Vec<(&Definition, &Param)>)> = vec![(ty.to_owned(), Vec::new())];
        let mut seen = std::collections::HashSet::new();
        let mut next = 0;
        while let Some((at, way)) = ways.get(next).cloned() {
            next += 1;
            for constructor in self.by_type.get(&at).into_iter().flatten() {
                for param in &constructor.params {
                    let to = innermost(&param.ty);
                    let way: Vec<_> = way.iter().copied().chain([(*constructor, param)]).collect();
                    if to == ty {
                        return Some(way);
                    }
                    if self.by_type.contains_key(to) && seen.insert(to.to_owned()) {
                        ways.push((to.to_owned(), way));
                    }
                }
            }
        }
        None
    }

    /// A value of a recursive type that goes round its cycle `rounds` times.
    pub fn deep(&self, ty: &str, rounds: usize) -> Vec<u8> {
        let cycle = self.cycle(ty).expect("a recursive type");
        let (mut rng, mut used, mut inner) = (Rng(1), Vec::new(), Vec::new());
        self.put_value(&TypeExpr::Named(ty.to_owned()), &mut rng, 0, &mut used, &mut inner);
        for (definition, way) in (0..rounds).flat_map(|_| cycle.iter().rev()) {
            let mut out = definition.id.to_le_bytes().to_vec();
            for param in &definition.params {
                if param.ty == TypeExpr::Flags {
                    let flag = way.flag.as_ref().filter(|flag| flag.field == param.name);
                    out.extend(flag.map_or(0, |flag| 1_u32 << flag.bit).to_le_bytes());
                } else if param.name == way.name {
                    let mut ty = &param.ty;
                    while let TypeExpr::Vector(element) = ty {
                        out.extend(zaun_tl::VECTOR_ID.to_le_bytes());
                        out.extend(1_u32.to_le_bytes());
                        ty = element;
                    }
                    out.extend(&inner);
                } else if param.flag.is_none() || param.flag == way.flag {
                    self.put_value(&param.ty, &mut rng, 0, &mut used, &mut out);
                }
            }
            inner = out;
        }
        inner
    }

    /// All vectors of boxed types that occur in definitions: where, and what they can hold.
    pub fn vectors(&self) -> Vec<(&'a Definition, &'a Param, &'a Definition)> {
        let mut found = Vec::new();
        for definition in &self.definitions {
            for param in &definition.params {
                let TypeExpr::Vector(element) = &param.ty else { continue };
                let elements = self.by_type.get(&element.to_string());
                found.extend(elements.into_iter().flatten().map(|element| (*definition, param, *element)));
            }
        }
        found
    }

    fn put(
        &self,
        definition: &Definition,
        rng: &mut Rng,
        depth: usize,
        used: &mut Vec<u32>,
        out: &mut Vec<u8>,
    ) {
        used.push(definition.id);
        out.extend(definition.id.to_le_bytes());
        self.put_body(definition, rng, depth, used, out);
    }

    fn put_body(
        &self,
        definition: &Definition,
        rng: &mut Rng,
        depth: usize,
        used: &mut Vec<u32>,
        out: &mut Vec<u8>,
    ) {
        let mut words: HashMap<&str, u32> = HashMap::new();
        for param in &definition.params {
            if param.ty == TypeExpr::Flags {
                let known = definition.params.iter().filter_map(|other| other.flag.as_ref());
                let known =
                    known.filter(|flag| flag.field == param.name).fold(0, |mask, flag| mask | 1 << flag.bit);
                // Deep down only a few optional fields, or objects would explode.
                let dice = rng.next() as u32
                    & if depth == 0 { rng.next() as u32 & rng.next() as u32 } else { u32::MAX };
                words.insert(&param.name, known & dice);
                out.extend((known & dice).to_le_bytes());
            } else if let Some(flag) = &param.flag {
                if words[flag.field.as_str()] & (1 << flag.bit) != 0 {
                    self.put_value(&param.ty, rng, depth, used, out);
                }
            } else {
                self.put_value(&param.ty, rng, depth, used, out);
            }
        }
    }

    fn put_value(&self, ty: &TypeExpr, rng: &mut Rng, depth: usize, used: &mut Vec<u32>, out: &mut Vec<u8>) {
        match ty {
            TypeExpr::Vector(element) | TypeExpr::BareVector(element) => {
                if matches!(ty, TypeExpr::Vector(_)) {
                    out.extend(zaun_tl::VECTOR_ID.to_le_bytes());
                }
                let count = if depth == 0 { 0 } else { rng.below(3) };
                out.extend((count as u32).to_le_bytes());
                (0..count).for_each(|_| self.put_value(element, rng, depth - 1, used, out));
            }
            TypeExpr::Any(_) => out.extend([0x15, 0xc4, 0xb5, 0x1c, 0, 0, 0, 0]),
            TypeExpr::Named(name) => match name.as_str() {
                "int" => out.extend((rng.next() as u32 >> rng.below(32)).to_le_bytes()),
                "long" => out.extend((rng.next() >> rng.below(64)).to_le_bytes()),
                "double" => out.extend((rng.below(1000) as f64).to_le_bytes()),
                "int128" => (0..2).for_each(|_| out.extend(rng.next().to_le_bytes())),
                "int256" => (0..4).for_each(|_| out.extend(rng.next().to_le_bytes())),
                "Bool" => {
                    out.extend([zaun_tl::BOOL_TRUE_ID, zaun_tl::BOOL_FALSE_ID][rng.below(2)].to_le_bytes())
                }
                "true" => {}
                "string" | "bytes" => {
                    let length = [0, 1, 3, 4, 253, 254][rng.below(6)].min(4 + depth * 80);
                    put_string(&vec![b'a' + rng.below(26) as u8; length], out);
                }
                _ => match self.by_type.get(name) {
                    Some(constructors) => self.put_choice(constructors, rng, depth, used, out),
                    None => {
                        let bare =
                            self.definitions.iter().find(|it| it.name == *name).expect("bare constructor");
                        self.put_body(bare, rng, depth, used, out);
                    }
                },
            },
            TypeExpr::Flags | TypeExpr::Bare(_) => unreachable!("{ty} is no value"),
        }
    }

    fn put_choice(
        &self,
        constructors: &[&Definition],
        rng: &mut Rng,
        depth: usize,
        used: &mut Vec<u32>,
        out: &mut Vec<u8>,
    ) {
        let choice = if depth == 0 {
            constructors.iter().min_by_key(|constructor| self.height(constructor)).expect("a constructor")
        } else {
            constructors[rng.below(constructors.len())]
        };
        self.put(choice, rng, depth.saturating_sub(1), used, out);
    }

    /// Whether the bytes are one object that a client of this layer can read; the error says where not.
    pub fn check(&self, bytes: &[u8]) -> Result<(), String> {
        self.numbers(bytes).map(drop)
    }

    /// Every number of 64 bits in an object of this layer: its constructor, its field and its value.
    pub fn numbers(&self, bytes: &[u8]) -> Result<Vec<Number<'a>>, String> {
        let mut numbers = Vec::new();
        let mut rest = bytes;
        let id = u32::from_le_bytes(*rest.first_chunk().ok_or("empty")?);
        if id == zaun_tl::VECTOR_ID {
            return Ok(numbers);
        }
        let definition =
            *self.by_id.get(&id).ok_or_else(|| format!("id {id:08x} is not in layer {}", self.number))?;
        rest = &rest[4..];
        self.check_body(definition, &mut rest, &mut numbers)?;
        if rest.is_empty() {
            Ok(numbers)
        } else {
            Err(format!("{} bytes left of {}", rest.len(), definition.name))
        }
    }

    fn check_body(
        &self,
        definition: &'a Definition,
        rest: &mut &[u8],
        numbers: &mut Vec<Number<'a>>,
    ) -> Result<(), String> {
        let mut words: HashMap<&str, u32> = HashMap::new();
        for param in &definition.params {
            let at = |error| format!("{}.{}: {error}", definition.name, param.name);
            if param.ty == TypeExpr::Flags {
                words.insert(&param.name, take(rest).map_err(at)?);
                continue;
            }
            let absent =
                param.flag.as_ref().is_some_and(|flag| words[flag.field.as_str()] & (1 << flag.bit) == 0);
            if !absent {
                self.check_value((&definition.name, param), &param.ty, rest, numbers).map_err(at)?;
            }
        }
        Ok(())
    }

    fn check_value(
        &self,
        of: (&'a str, &'a Param),
        ty: &TypeExpr,
        rest: &mut &[u8],
        numbers: &mut Vec<Number<'a>>,
    ) -> Result<(), String> {
        match ty {
            TypeExpr::Vector(element) => {
                let id = take(rest)?;
                if id != zaun_tl::VECTOR_ID {
                    return Err(format!("{id:08x} is no vector"));
                }
                let count = take(rest)?;
                (0..count).try_for_each(|_| self.check_value(of, element, rest, numbers))
            }
            TypeExpr::Any(_) => {
                *rest = &[];
                Ok(())
            }
            TypeExpr::Named(name) => {
                if name == "long" {
                    let value = i64::from_le_bytes(*rest.first_chunk().ok_or("input ends")?);
                    numbers.push(Number { constructor: of.0, field: &of.1.name, value });
                }
                if skip_primitive(name, rest)? {
                    return Ok(());
                }
                let id = take(rest)?;
                let definition =
                    self.by_id.get(&id).filter(|definition| definition.result.to_string() == *name);
                let definition =
                    definition.ok_or_else(|| format!("{id:08x} is no {name} in {}", self.number))?;
                self.check_body(definition, rest, numbers)
            }
            other => Err(format!("{other} is no value of the API")),
        }
    }
}

fn innermost(ty: &TypeExpr) -> &str {
    match ty {
        TypeExpr::Vector(element) => innermost(element),
        TypeExpr::Named(name) => name,
        _ => "",
    }
}

pub fn put_string(data: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    if data.len() < 254 {
        out.push(data.len() as u8);
    } else {
        out.extend((data.len() as u32 * 256 + 254).to_le_bytes());
    }
    out.extend(data);
    out.resize(start + (out.len() - start).next_multiple_of(4), 0);
}

/// Skips a value of a type that is no constructor's; `false` if it is one's.
pub fn skip_primitive(name: &str, rest: &mut &[u8]) -> Result<bool, String> {
    match name {
        "int" => skip(rest, 4)?,
        "long" | "double" => skip(rest, 8)?,
        "int128" => skip(rest, 16)?,
        "int256" => skip(rest, 32)?,
        "true" => {}
        "Bool" => match take(rest)? {
            zaun_tl::BOOL_TRUE_ID | zaun_tl::BOOL_FALSE_ID => {}
            id => return Err(format!("{id:08x} is no Bool")),
        },
        "string" | "bytes" => {
            let [first, a, b, c] = take(rest)?.to_le_bytes();
            let (prefix, length) = match first {
                254 => (4, u32::from_le_bytes([a, b, c, 0]) as usize),
                length => (1, length as usize),
            };
            skip(rest, (prefix + length).next_multiple_of(4) - 4)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

pub fn take(rest: &mut &[u8]) -> Result<u32, String> {
    let word = rest.first_chunk().ok_or("input ends")?;
    *rest = &rest[4..];
    Ok(u32::from_le_bytes(*word))
}

fn skip(rest: &mut &[u8], length: usize) -> Result<(), String> {
    *rest = rest.get(length..).ok_or("input ends")?;
    Ok(())
}
