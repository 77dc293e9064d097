//! The parser of `.tl` text.

use super::{Category, Definition, Flag, Param, TypeExpr};

/// Names that every schema may spell out but that are built into the language.
const BUILT_IN: [&str; 10] =
    ["int", "long", "double", "string", "bytes", "int128", "int256", "vector", "boolTrue", "boolFalse"];

/// A line that is not TL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}: `{text}`")]
pub struct SchemaError {
    /// Line of the definition's end, from 1; 0 for a lone definition.
    pub line: usize,
    /// What is wrong.
    pub reason: &'static str,
    /// The offending text.
    pub text: String,
}

/// The definitions of a schema, in order, without the built-in ones (`int`, `vector`, `boolTrue`, `true` …).
pub fn parse(text: &str) -> Result<Vec<Definition>, SchemaError> {
    let mut category = Category::Constructor;
    let mut definitions = Vec::new();
    let mut pending = String::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default().trim();
        match line {
            "---functions---" => category = Category::Function,
            "---types---" => category = Category::Constructor,
            _ => pending.push_str(line),
        }
        pending.push(' ');
        while let Some((definition, rest)) = pending.split_once(';') {
            let parsed = parse_definition(definition, category);
            let parsed = parsed.map_err(|error| SchemaError { line: index.saturating_add(1), ..error })?;
            definitions.extend(parsed);
            pending = rest.to_owned();
        }
    }
    if pending.trim().is_empty() { Ok(definitions) } else { fail("definition without `;`", &pending) }
}

/// One definition without its semicolon; `None` for a built-in one.
pub fn parse_definition(text: &str, category: Category) -> Result<Option<Definition>, SchemaError> {
    let text = text.trim();
    let Some((left, result)) = text.split_once('=') else { return fail("no `=`", text) };
    let mut words = left.split_whitespace();
    let head = words.next().unwrap_or_default();
    let (name, id) = match head.split_once('#') {
        Some((name, id)) => (name, Some(u32::from_str_radix(id, 16).or_else(|_| fail("bad id", text))?)),
        None => (head, None),
    };
    if BUILT_IN.contains(&name) || (name == "true" && category == Category::Constructor) {
        return Ok(None);
    }
    if !is_name(name) {
        return fail("bad name", text);
    }
    let mut definition = Definition {
        category,
        name: name.to_owned(),
        id: 0,
        generics: Vec::new(),
        params: Vec::new(),
        result: TypeExpr::Flags,
    };
    for word in words {
        if let Some(generic) = word.strip_prefix('{').and_then(|word| word.strip_suffix(":Type}")) {
            definition.generics.push(generic.to_owned());
        } else {
            definition.params.push(parse_param(word)?);
        }
    }
    definition.result = parse_type(result.trim())?;
    if let TypeExpr::Named(name) = &definition.result
        && definition.generics.contains(name)
    {
        definition.result = TypeExpr::Any(name.clone());
    }
    definition.id = id.unwrap_or_else(|| definition.computed_id());
    check_flags(&definition)?;
    Ok(Some(definition))
}

fn parse_param(word: &str) -> Result<Param, SchemaError> {
    let Some((name, ty)) = word.split_once(':') else { return fail("parameter without type", word) };
    if !is_name(name) {
        return fail("bad parameter name", word);
    }
    let Some((condition, ty)) = ty.split_once('?') else {
        return Ok(Param { name: name.to_owned(), ty: parse_type(ty)?, flag: None });
    };
    let Some((field, bit)) = condition.split_once('.') else { return fail("bad condition", word) };
    let bit = bit.parse().ok().filter(|bit| *bit < 32);
    let Some(bit) = bit else { return fail("bad flag bit", word) };
    let flag = Some(Flag { field: field.to_owned(), bit });
    Ok(Param { name: name.to_owned(), ty: parse_type(ty)?, flag })
}

fn parse_type(text: &str) -> Result<TypeExpr, SchemaError> {
    if text == "#" {
        return Ok(TypeExpr::Flags);
    }
    if let Some(name) = text.strip_prefix('!') {
        return checked(name, TypeExpr::Any);
    }
    if let Some(element) = text.strip_prefix("Vector<").and_then(|rest| rest.strip_suffix('>')) {
        return Ok(TypeExpr::Vector(Box::new(parse_type(element)?)));
    }
    if let Some(element) = text.strip_prefix("vector<").and_then(|rest| rest.strip_suffix('>')) {
        return Ok(TypeExpr::BareVector(Box::new(parse_type(element)?)));
    }
    match text.strip_prefix('%') {
        Some(name) => checked(name, TypeExpr::Bare),
        None => checked(text, TypeExpr::Named),
    }
}

fn checked(name: &str, make: fn(String) -> TypeExpr) -> Result<TypeExpr, SchemaError> {
    if is_name(name) { Ok(make(name.to_owned())) } else { fail("bad type", name) }
}

fn check_flags(definition: &Definition) -> Result<(), SchemaError> {
    let mut seen: Vec<&str> = Vec::new();
    for param in &definition.params {
        if param.ty == TypeExpr::Flags {
            seen.push(&param.name);
        }
        if let Some(flag) = &param.flag
            && !seen.contains(&flag.field.as_str())
        {
            return fail("condition before its flags", &definition.name);
        }
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !text.is_empty() && text.split('.').all(|part| !part.is_empty() && part.chars().all(allowed))
}

fn fail<T>(reason: &'static str, text: &str) -> Result<T, SchemaError> {
    Err(SchemaError { line: 0, reason, text: text.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_flags_generics_and_vectors() {
        let line = "invokeX#cb9f372d {X:Type} flags:# a:flags.0?true b:flags.31?Vector<long> query:!X = X;";
        let parsed = parse(&format!("---functions---\n{line} // note")).unwrap();
        assert_eq!(parsed[0].to_string(), line);
        assert_eq!(parsed[0].category, Category::Function);
        assert_eq!(parsed[0].result, TypeExpr::Any("X".into()));
    }

    #[test]
    fn computes_published_ids() {
        for line in [
            "inputPeerUser#dde8a54c user_id:long access_hash:long = InputPeer",
            "invokeAfterMsg#cb9f372d {X:Type} msg_id:long query:!X = X",
            "resPQ#05162463 nonce:int128 server_nonce:int128 pq:bytes server_public_key_fingerprints:Vector<long> = ResPQ",
            "inputChatUploadedPhoto#bdcdaec0 flags:# file:flags.0?InputFile video:flags.1?InputFile \
             video_start_ts:flags.2?double video_emoji_markup:flags.3?VideoSize = InputChatPhoto",
        ] {
            let definition = parse_definition(line, Category::Constructor).unwrap().unwrap();
            assert_eq!(definition.computed_id(), definition.id, "{line}");
        }
    }

    #[test]
    fn refuses_what_is_not_tl() {
        for line in [
            "a",
            "a b = C;",
            "a#zz = C;",
            "a x:flags.0?int = C;",
            "a flags:# x:flags.32?int = C;",
            "a x:<> = C;",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
