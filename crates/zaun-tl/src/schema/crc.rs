//! Constructor ids as checksums of their definitions.

use super::{Definition, TypeExpr};

/// CRC32 of a definition's text without id and presence bits, in the spelling that ids are computed from.
pub(super) fn definition_id(definition: &Definition) -> u32 {
    let mut text = definition.name.clone();
    for generic in &definition.generics {
        text.push_str(&format!(" {generic}:Type"));
    }
    for param in &definition.params {
        let is_bit = param.flag.is_some() && param.ty == TypeExpr::Named("true".into());
        if is_bit {
            continue;
        }
        text.push_str(&format!(" {}:", param.name));
        if let Some(flag) = &param.flag {
            text.push_str(&format!("{}.{}?", flag.field, flag.bit));
        }
        text.push_str(&spelling(&param.ty));
    }
    let result = match &definition.result {
        TypeExpr::Any(name) => name.clone(),
        result => spelling(result),
    };
    text.push_str(&format!(" = {result}"));
    crc32(text.as_bytes())
}

/// Brackets become spaces, and `bytes` counts as the `string` it is on the wire.
fn spelling(ty: &TypeExpr) -> String {
    match ty {
        TypeExpr::Named(name) if name == "bytes" => "string".into(),
        TypeExpr::Vector(element) => format!("Vector {}", inner_spelling(element)),
        TypeExpr::BareVector(element) => format!("vector {}", inner_spelling(element)),
        other => other.to_string(),
    }
}

/// Inside brackets `bytes` keeps its name.
fn inner_spelling(ty: &TypeExpr) -> String {
    match ty {
        TypeExpr::Named(name) => name.clone(),
        other => spelling(other),
    }
}

/// The IEEE CRC32, bit by bit: schemas are small and this runs at build time only.
fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
    !data.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}
