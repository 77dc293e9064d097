//! Generates dispatch and the access table from `methods.toml`.

use std::fmt::Write;

fn main() {
    println!("cargo::rerun-if-changed=methods.toml");
    println!("cargo::rerun-if-changed=bots.toml");
    let both = methods_of_both();
    let text = std::fs::read_to_string("methods.toml").expect("methods.toml is readable");
    let register: toml::Table = text.parse().expect("methods.toml is TOML");
    let (mut arms, mut table) = (String::new(), String::new());
    for (namespace, methods) in &register {
        for (method, entry) in methods.as_table().expect("a namespace is a table") {
            let field = |name: &str| entry[name].as_str().expect("register fields are strings");
            let full = if namespace == "root" { method.clone() } else { format!("{namespace}.{method}") };
            if field("status") == "done" {
                let variant = format!("{}{}", pascal(namespace), pascal(method));
                let handler = format!("crate::{namespace}::{}", snake(method));
                writeln!(arms, "        Request::{variant}(r) => run(call, {handler}, *r),")
                    .expect("a string grows");
            }
            let (access, flood) = (pascal(field("access")), pascal(field("flood")));
            let access = if access == "User" && both.contains(&full) { "Both".to_owned() } else { access };
            let done = field("status") == "done";
            writeln!(
                table,
                "    ({full:?}, Entry {{ access: Access::{access}, flood: Flood::{flood}, done: {done} }}),"
            )
            .expect("a string grows");
        }
    }
    let mut rows: Vec<&str> = table.lines().collect();
    rows.sort_unstable();
    let out = format!(
        "pub(crate) fn dispatch(call: Call, request: Request) -> Answering {{\n    match request {{\n{arms}        \
         other => absent(other.name()),\n    }}\n}}\n\n/// The register, sorted by name.\npub static REGISTER: \
         &[(&str, Entry)] = &[\n{}\n];\n",
        rows.join("\n")
    );
    let path =
        std::path::Path::new(&std::env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("dispatch.rs");
    std::fs::write(path, out).expect("OUT_DIR is writable");
}

/// Methods that users and bots may call.
fn methods_of_both() -> Vec<String> {
    let text = std::fs::read_to_string("bots.toml").expect("bots.toml is readable");
    let table: toml::Table = text.parse().expect("bots.toml is TOML");
    let names = table["both"].as_array().expect("both is a list");
    names.iter().map(|name| name.as_str().expect("names are strings").to_owned()).collect()
}

fn pascal(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `getContactIDs` → `get_contact_ids`.
fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (index, c) in chars.iter().enumerate() {
        let after_lower = index > 0 && !chars[index - 1].is_uppercase();
        if c.is_uppercase() && after_lower {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
