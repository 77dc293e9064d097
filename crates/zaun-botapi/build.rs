//! Generates the table of methods from the description of the Bot API, with why some of them do not exist
//! (`api/absent.txt`: names, a colon, and the reason).

use std::fmt::Write;

fn main() {
    let description = "api/botapi-10.3.json";
    println!("cargo::rerun-if-changed={description}");
    println!("cargo::rerun-if-changed=api/absent.txt");
    let text = std::fs::read_to_string(description).expect("the description is readable");
    let api: serde_json::Value = serde_json::from_str(&text).expect("the description is JSON");
    let absent = std::fs::read_to_string("api/absent.txt").expect("the list of absent methods is readable");
    let mut rows: Vec<(String, String)> = Vec::new();
    for (name, method) in api["methods"].as_object().expect("methods are an object") {
        let mut required = Vec::new();
        for param in method["params"].as_array().expect("params are a list") {
            if param["required"] == true {
                required.push(param["name"].as_str().expect("a param has a name"));
            }
        }
        let reason = absent.lines().find_map(|line| {
            let (named, reason) = line.split_once(": ")?;
            named.split(", ").any(|one| one == name).then_some(reason)
        });
        let mut row = String::new();
        write!(row, "    Method {{ name: {name:?}, required: &{required:?}, absent: {reason:?} }},")
            .expect("grows");
        rows.push((name.to_ascii_lowercase(), row));
    }
    rows.sort();
    let rows: Vec<String> = rows.into_iter().map(|(_, row)| row).collect();
    let mut out = format!(
        "/// Every method, in order of its name in lower case.\npub static METHODS: &[Method] = &[\n{}\n];\n",
        rows.join("\n")
    );
    let mut types: Vec<(&String, &serde_json::Value)> =
        api["types"].as_object().expect("types are an object").iter().collect();
    types.sort_by_key(|(name, _)| *name);
    out.push_str("/// Every object with its fields, in order of its name.\npub static OBJECTS: &[(&str, &[&str])] = &[\n");
    for (name, object) in types {
        let fields: Vec<&str> = object["fields"]
            .as_array()
            .expect("fields are a list")
            .iter()
            .map(|field| field["name"].as_str().expect("a field has a name"))
            .map(|field| if field == "from_user" { "from" } else { field })
            .collect();
        writeln!(out, "    ({name:?}, &{fields:?}),").expect("grows");
    }
    out.push_str("];\n");
    let path =
        std::path::Path::new(&std::env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("methods.rs");
    std::fs::write(path, out).expect("OUT_DIR is writable");
}
