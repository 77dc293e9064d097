//! What the generator refuses, and that it says why.

use std::collections::BTreeMap;

use zaun_tl::codegen::{CodegenError, Input, generate};
use zaun_tl::schema::{History, parse};

const OLD: &str = "thing#1 a:int b:string = Thing; bare#7 = Other;";

/// Generates from the layers 1 (`OLD`) and 2 (`newest`).
fn build(newest: &str, rules: &str) -> Result<String, CodegenError> {
    let layers = BTreeMap::from([(1, parse(OLD)?), (2, parse(newest)?)]);
    let history = History::build(&layers);
    generate(&Input { module: "api", definitions: &layers[&2], history: Some(&history), rules, served: None })
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
fn what_no_served_method_takes_or_answers_with_needs_no_rule() {
    let newest = "thing#2 a:int c:Other = Thing; bare#7 = Other; updates#9 = Updates;\n---functions---\nask#a = Other; \
                  tell#b what:Thing = Other;";
    let layers = BTreeMap::from([(1, parse(OLD).unwrap()), (2, parse(newest).unwrap())]);
    let history = History::build(&layers);
    let build = |served: &[&str]| {
        let served = served.iter().map(|name| (*name).to_owned()).collect();
        let definitions = layers[&2].as_slice();
        generate(&Input {
            module: "api",
            definitions,
            history: Some(&history),
            rules: "",
            served: Some(&served),
        })
    };
    let text = build(&["ask"]).unwrap();
    assert!(text.contains("UNCONVERTED: &[(u32, &str)] = &[\n    (0x00000001, \"thing\"),\n]"), "{text}");
    let error = build(&["ask", "tell"]).unwrap_err();
    let expected = ["thing#00000001: no decode.c", "thing#00000001: b neither used nor in drop"];
    assert_eq!(error, CodegenError::NoRule(expected.map(str::to_owned).to_vec()));
}

#[test]
fn what_was_away_for_a_layer_is_not_written_there() {
    let (with, without) = ("none#1 = Kind; unit#2 = Kind; whole#3 a:int = Kind;", "none#1 = Kind;");
    let before = "none#1 = Kind; unit#4 = Kind; whole#5 a:int = Kind;";
    let layers = BTreeMap::from([
        (1, parse(before).unwrap()),
        (2, parse(without).unwrap()),
        (3, parse(without).unwrap()),
        (4, parse(with).unwrap()),
    ]);
    let history = History::build(&layers);
    let (definitions, history) = (layers[&4].as_slice(), Some(&history));
    let rules = "[\"type Kind\"]\nsubstitute = \"none\"\n";
    let text = generate(&Input { module: "api", definitions, history, rules, served: None }).unwrap();
    assert!(text.contains("Self::Unit(value) if value.has_form(w.layer()) => value.encode(w)"), "{text}");
    assert!(text.contains("Self::Whole(value) if value.has_form(w.layer()) => value.encode(w)"), "{text}");
    assert!(text.contains("fn has_form(&self, layer: i32) -> bool { !(2..4).contains(&layer) }"), "{text}");
}

/// Poll questions were strings before texts with entities existed: those layers have polls.
#[test]
fn value_of_a_field_that_a_rule_makes_decides_nothing() {
    let old = "poll#1 question:string = Poll;";
    let newest = "text#2 text:string = Text; poll#3 question:Text = Poll;";
    let rules = "[\"poll\"]\ndecode.question = \"none\"\nencode.question = \"none\"\n";
    let layers = BTreeMap::from([(1, parse(old).unwrap()), (2, parse(newest).unwrap())]);
    let history = History::build(&layers);
    let build = |rules| {
        let definitions = layers[&2].as_slice();
        generate(&Input { module: "api", definitions, history: Some(&history), rules, served: None }).unwrap()
    };
    assert!(!build(rules).contains("self.question.has_form"));
    let refined = format!("{rules}form = \"layer > 1 || self.is_plain()\"\n");
    let expected = "fn has_form(&self, layer: i32) -> bool { (layer > 1 || self.is_plain()) }";
    assert!(build(&refined).contains(expected));
}

#[test]
fn constructor_without_fields_has_its_rule_for_the_layers_before_it() {
    let layers = BTreeMap::from([
        (1, parse("some#1 list:Vector<int> = List;").unwrap()),
        (2, parse("some#1 list:Vector<int> = List; none#2 = List;").unwrap()),
    ]);
    let history = History::build(&layers);
    let rules = "[\"none\"]\nencode_before = \"types::Some::default().encode(w);\"\n";
    let definitions = layers[&2].as_slice();
    let input = Input { module: "api", definitions, history: Some(&history), rules, served: None };
    let expected = "if w.layer() >= 2 { w.put_u32(0x00000002) } else { types::Some::default().encode(w); }";
    assert!(generate(&input).unwrap().contains(expected));
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

/// Generates from one layer whose only method answers with a `Thing`.
fn visits(constructors: &str, rules: &str) -> Result<String, CodegenError> {
    let definitions = parse(&format!("{constructors}\n---functions---\nfind#99 = Thing;"))?;
    generate(&Input { module: "api", definitions: &definitions, history: None, rules, served: None })
}

const THINGS: &str = "thing#1 user_id:long near:Vector<long> size_max:long part:Part = Thing; \
    part#2 user_id:long = Part; alien#3 user_id:long their_id:long = Alien;";

#[test]
fn number_without_a_meaning_stops_the_build_with_a_list() {
    let error = visits(THINGS, "[\"ids\"]\nuser_id = \"user\"\n").unwrap_err();
    let list = ["near (in thing)", "size_max (in thing)"].map(str::to_owned).to_vec();
    assert_eq!(error, CodegenError::NoKind(list), "what no result can hold needs no meaning");
}

#[test]
fn meanings_come_from_constructor_then_name_then_pattern() {
    let rules =
        "[\"ids\"]\nuser_id = \"user\"\npart.user_id = \"none\"\nnear = \"chat channel\"\n*_max = \"none\"\n";
    let text = visits(THINGS, rules).unwrap();
    let body = "out.user(&self.user_id); out.chat(&self.near); out.channel(&self.near); ";
    assert!(text.contains(body), "part holds nobody, so nothing asks it");
    assert_eq!(text.matches("crate::visit::Mentions for").count(), 1);
}

#[test]
fn meaning_that_nothing_needs_is_named() {
    let rules = "[\"ids\"]\nuser_id = \"user\"\nnear = \"none\"\n*_max = \"none\"\ntheir_id = \"user\"\n";
    let error = visits(THINGS, rules).unwrap_err();
    assert_eq!(error, CodegenError::UnusedRule("ids".into(), "their_id".into()));
}

#[test]
fn unknown_meaning_is_named() {
    let error = visits("thing#1 user_id:long = Thing;", "[\"ids\"]\nuser_id = \"usr\"\n").unwrap_err();
    assert_eq!(error, CodegenError::Kind("thing.user_id".into(), "usr".into()));
}

#[test]
fn completed_constructors_are_reached_through_what_holds_them() {
    let things = "thing#1 list:Vector<Part> = Thing; part#2 flags:# photo:flags.0?Photo = Part; \
        photo#3 id:long = Photo; photoEmpty#4 id:long = Photo;";
    let text = visits(things, "[\"ids\"]\nid = \"none\"\n[\"complete\"]\nphoto = \"photo\"\n").unwrap();
    assert!(!text.contains("crate::visit::Mentions for"));
    for body in [
        "{ self.list.complete(with); }",
        "{ self.photo.complete(with); }",
        "{ with.photo(self); }",
        "_ => {}",
    ] {
        assert!(text.contains(body), "{body}");
    }
}
