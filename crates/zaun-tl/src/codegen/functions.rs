//! Functions: a struct per method, and the enum of all of them.

use std::collections::BTreeMap;

use super::{CodegenError, Generator, PRELUDE, names, nested_modules};

impl Generator<'_> {
    /// The module `functions`.
    pub(super) fn functions(&self) -> Result<String, CodegenError> {
        let mut items: BTreeMap<String, String> = BTreeMap::new();
        for (name, combinator) in &self.model.functions {
            let (namespace, own) = names::split(name);
            let mut text = self.structure(combinator);
            text.push_str(&format!(
                "impl ::zaun_tl::Function for {} {{\n    const NAME: &'static str = \"{name}\";\n    \
                 const ID: u32 = Self::CONSTRUCTOR_ID;\n    type Response = {};\n}}\n",
                names::pascal(own),
                self.model.response(combinator)?
            ));
            items.entry(namespace.to_owned()).or_default().push_str(&text);
        }
        Ok(nested_modules("functions", "One struct per method.", &items))
    }

    /// The enum `Request`.
    pub(super) fn request(&self) -> String {
        let mut variants = String::new();
        let mut decode = String::new();
        let mut name_arms = String::new();
        let mut encode = String::new();
        for (name, combinator) in &self.model.functions {
            let variant = names::pascal(name);
            let path = names::path(&self.model.module, "functions", name);
            let id = combinator.definition.id;
            variants.push_str(&format!("    {variant}(Box<{path}>),\n"));
            decode.push_str(&format!(
                "            {id:#010x} => Self::{variant}(Box::new({path}::decode_body(r)?)),\n"
            ));
            name_arms.push_str(&format!("            Self::{variant}(_) => \"{name}\",\n"));
            encode.push_str(&format!("            Self::{variant}(call) => call.encode(w),\n"));
        }
        format!(
            "{PRELUDE}\n/// Any method, in its newest form.\n#[derive(Debug, Clone, PartialEq)]\npub enum Request {{\n\
             {variants}}}\nimpl Request {{\n    \
             /// Reads a call; gives the id it came with, because some old ids want an older answer.\n    \
             pub fn decode(r: &mut Reader) -> Result<(u32, Self), DecodeError> {{\n        \
             let id = r.take_u32()?;\n        Ok((id, Self::decode_id(r, id)?))\n    }}\n    \
             /// Reads a call whose id has been read already.\n    \
             pub fn decode_id(r: &mut Reader, id: u32) -> Result<Self, DecodeError> {{\n        \
             Ok(match id {{\n{decode}            \
             _ => return Err(DecodeError::UnknownMethod {{ id }}),\n        }})\n    }}\n    \
             /// The method's name: `messages.getDialogs`.\n    pub fn name(&self) -> &'static str {{\n        \
             match self {{\n{name_arms}        }}\n    }}\n}}\n\
             impl Encode for Request {{\n    fn encode(&self, w: &mut Writer) {{\n        match self {{\n{encode}        \
             }}\n    }}\n}}\n"
        )
    }
}
