//! What the generator refuses, and that it says why.

use std::collections::BTreeMap;

use zaun_tl::codegen::{CodegenError, Input, generate};
use zaun_tl::schema::{History, parse};

const OLD: &str = "thing#1 a:int b:string = Thing; bare#7 = Other;";

/// Generates from the layers 1 (`OLD`) and 2 (`newest`).
fn build(newest: &str, rules: &str) -> Result<String, CodegenError> {
    let layers = BTreeMap::from([(1, parse(OLD)?), (2, parse(newest)?)]);
    let history = History::build(&layers);
    generate(&Input { module: "api", definitions: &layers[&2], history: Some(&history), rules })
}

fn problems(newest: &str, rules: &str) -> Vec<String> {
    match build(newest, rules) {
        Err(CodegenError::NoRule(problems)) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn optional_and_wider_fields_need_no_rule() {
    let newest = "thing#2 flags:# a:long b:flags.0?string c:flags.1?int = Thing; bare#7 = Other;";
    let error = problems(newest, "");
    assert_eq!(error, ["thing#00000001: no encode.b"], "only the way back needs one");
    assert!(build(newest, "[\"thing\"]\ndefault = \"b\"\n").is_ok());
}

#[test]
fn changed_type_and_lost_field_are_named() {
    let newest = "thing#2 a:int c:Other = Thing; bare#7 = Other;";
    assert_eq!(
        problems(newest, ""),
        [
            "thing#00000001: no decode.c",
            "thing#00000001: b neither used nor in drop",
            "thing#00000001: no encode.b"
        ]
    );
    assert!(build(newest, "[\"thing\"]\ndefault = \"b c\"\ndrop = \"b\"\n").is_ok());
}

#[test]
fn gone_constructor_of_a_living_type_is_named() {
    let newest = "thing#1 a:int b:string = Thing; fresh#8 = Other;";
    assert_eq!(problems(newest, ""), ["bare: gone from Other, no decode_gone"]);
    assert!(build(newest, "[\"bare\"]\ndecode_gone = \"none\"\n").is_ok());
}

#[test]
fn rule_that_nothing_needs_is_named() {
    let error = build(OLD, "[\"thing\"]\ndefault = \"b\"\n").unwrap_err();
    assert_eq!(error, CodegenError::UnusedRule("thing".into(), "default".into()));
}

#[test]
fn rule_file_must_be_readable() {
    assert!(matches!(build(OLD, "[thing]\n"), Err(CodegenError::Rule(_))));
    assert!(matches!(build(OLD, "[\"a\"]\nx = 'y'\nx = 'z'\n"), Err(CodegenError::Rule(_))));
}

#[test]
fn unknown_type_is_named() {
    let error = build("thing#1 a:Missing = Thing;", "").unwrap_err();
    assert_eq!(error, CodegenError::Type("thing".into(), "Missing".into()));
}
